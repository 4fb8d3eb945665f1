// Rows of traces on a flat page: where they run, and the signal's height in every column.
#pragma once

#include <vector>

#include "paper/flat_page.h"

namespace precordia {

struct TraceRow {
  double baseline_px = 0;            // where the trace rests most of the time
  int first = 0, last = 0;           // columns between which it was drawn
  std::vector<float> y;              // per column of the page, NaN where there is none
  std::vector<float> confidence;     // 0..1
  std::vector<float> top, bottom;    // outer edges of the ink that the trace was read from
  double ink_share = 0;              // columns on ink / columns between first and last
};

// Rows from top to bottom; corrects the page's pen width by what it finds.
std::vector<TraceRow> find_rows(FlatPage& page);

}  // namespace precordia
