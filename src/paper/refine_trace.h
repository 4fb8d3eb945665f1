// The last tenth of a millimetre: a row's heights moved until drawing them with the pen gives the ink that is there.
#pragma once

#include "paper/trace_rows.h"

namespace precordia {

// Analysis by synthesis, where strokes are steep: elsewhere the middle of the ink is already the answer. At `borders`
// (columns of the page) one lead ends and another begins: no stroke joins them.
void refine_trace(const FlatPage& page, TraceRow& row, const std::vector<double>& borders);

}  // namespace precordia
