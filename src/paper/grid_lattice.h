// The printed grid as a coordinate system: where on the picture every millimetre of paper lies.
//
// Both families of grid lines are followed by the phase of their strongest spatial frequency, node by node outwards from the
// clearest place, as in Fourier fringe analysis (Takeda 1982, doi 10.1364/JOSA.72.000156). Perspective becomes a homography, curl
// and creases its smoothed residual.
#pragma once

#include "base/result.h"
#include "paper/digitise.h"
#include "paper/plane.h"

namespace precordia {

struct GridLattice {
  PageMapping mapping;             // in pixels of the plane given
  double px_per_mm_x = 0, px_per_mm_y = 0;
  double width_mm = 0, height_mm = 0;
  double strength = 0;             // median coherence of the nodes followed
  double followed = 0;             // share of the picture's nodes where the grid was followed
  // Where it was followed: nodes `seen_spacing_px` apart from half of that on, row-major, 1 = seen.
  double seen_spacing_px = 0;
  int seen_columns = 0, seen_rows = 0;
  std::vector<uint8_t> seen;
};

// Errors: kUnusable when no grid is found.
Result<GridLattice> find_grid(Plane grid_ink);

// Takes away the ink where there is no grid: the table that the page lies on, its edge, a finger. `ink` is of the plane's size.
void clear_off_grid(const GridLattice& lattice, Plane& ink);

}  // namespace precordia
