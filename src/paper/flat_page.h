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

// Errors: kUnusable when there is hardly any trace ink.
Result<FlatPage> flatten(const InkPlanes& ink, const GridLattice& lattice);

}  // namespace precordia
