// The trace ink of a page on flat paper, with the printed grid taken out.
#pragma once

#include "paper/grid_lattice.h"
#include "paper/ink.h"

namespace precordia {

constexpr float kInk = 0.4f;   // of FlatPage::ink: a stroke from here on

struct FlatPage {
  Plane ink;                 // 0 = paper or grid, about 1 = trace
  double px_per_mm = 8;      // the same along and across
  double left_mm = 0, top_mm = 0;   // page coordinates of pixel (0, 0)
  double pen_px = 2;         // height of the trace where it lies, its noise with it
  double stroke_px = 2;      // width of its strokes that stand: the pen itself
  PageMapping mapping;       // to pixels of the working picture
  double image_px = 1;       // size of a pixel of the picture, in pixels of the page
};

// In two steps, between which another processor may read the picture: the page's size and place, its ink an empty plane of that size; and
// from the ink read through the mapping to what is left without the grid. `cell_px` of the page lie between two nodes of the mapping.
// Errors: kUnusable when the squares are too small, the grid too large, or when there is hardly any trace ink.
Result<FlatPage> flat_frame(const GridLattice& lattice);
inline double cell_px(const FlatPage& page) { return page.mapping.step_mm * page.px_per_mm; }
Plane read_flat(const Plane& trace_ink, const FlatPage& frame);
Result<FlatPage> without_grid(FlatPage page);

// All of it. `trace_ink` is the working picture's.
Result<FlatPage> flatten(const Plane& trace_ink, const GridLattice& lattice);

}  // namespace precordia
