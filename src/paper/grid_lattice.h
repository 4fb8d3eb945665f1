// The printed grid as a coordinate system: where on the picture every millimetre of paper lies.
//
// Both families of grid lines are followed by the phase of their strongest spatial frequency, node by node outwards from the
// clearest place, as in Fourier fringe analysis (Takeda 1982, doi 10.1364/JOSA.72.000156). Perspective becomes a homography, curl
// and creases its smoothed residual.
#pragma once

#include <array>
#include <span>

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
  // What is dark over millimetres both ways and therefore no trace: the table beside the page, bars over names. Cells of `solid_px` pixels
  // square, row-major, 1 = dark.
  int solid_px = 0, solid_columns = 0, solid_rows = 0;
  std::vector<uint8_t> solid;
};

// The tiles in whose spectra the grid is looked for first, of a plane of this size, and how it is levelled for that: nothing darker than
// `most`, and about `mean` less, which tells a transform in single precision from its rounding.
struct GridTiles {
  int side = 0;                        // pixels, a power of two
  std::vector<std::array<int, 2>> corners;
  float most = 0, mean = 0;
};
GridTiles grid_tiles(const Plane& grid_ink);
std::vector<float> tile_spectra(const Plane& grid_ink, const GridTiles& tiles);   // as find_grid takes them

// Errors: kUnusable when no grid is found. `spectra` are the power spectra of the tiles of grid_tiles() where they are there already, a
// tile after the other, each levelled and under a Hann window: [frequency across, negative ones last][frequency along, 0 to side / 2].
Result<GridLattice> find_grid(Plane grid_ink, std::span<const float> spectra = {});

// Per line of a plane of the picture's size, the columns [from, to) where there is grid; without any, to <= from.
std::vector<std::array<int, 2>> columns_on_grid(const GridLattice& lattice, int width, int height);
// Takes away the ink elsewhere: the table that the page lies on, its edge, a finger. `ink` is of the plane's size.
void clear_off_grid(const GridLattice& lattice, Plane& ink);

}  // namespace precordia
