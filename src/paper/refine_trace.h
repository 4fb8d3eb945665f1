// The last tenth of a millimetre: a row's heights moved until drawing them with the pen gives the ink that is there.
#pragma once

#include "paper/trace_rows.h"

namespace precordia {

// Analysis by synthesis, where strokes are steep: elsewhere the middle of the ink is already the answer. Where rows cross they are drawn
// together. `borders`, per row: columns of the page at which one lead ends and another begins, no stroke joins them; none = the row stays.
void refine_traces(const FlatPage& page, std::vector<TraceRow>& rows, const std::vector<std::vector<double>>& borders);

}  // namespace precordia
