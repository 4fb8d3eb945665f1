// The heavy steps over a whole picture when another processor does them: the WGSL kernels of shaders/page_*.wgsl, driven by
// web/webgpu_page.js. Between them the steps that only this side knows. A step out of order, or planes of another size, are refused.
//
//   take_ink ▸ tiles ▸ take_spectra (finds the grid) ▸ frame, spans ▸ take_flat ▸ digitise(image, options, &prepared)
#pragma once

#include <optional>
#include <vector>

#include "paper/flat_page.h"
#include "paper/grid_lattice.h"
#include "paper/ink.h"

namespace precordia {

class PreparedPage {
 public:
  // Of a picture of this size, as it was given.
  PreparedPage(int width, int height) : size_(working_size(width, height)) {}
  const WorkingSize& size() const { return size_; }

  // `grid_ink`: InkPlanes::grid, row-major; `paper_green`: the paper's own green wherever it was measured, 0..255.
  bool take_ink(std::vector<float> grid_ink, std::vector<float> paper_green);
  const GridTiles& tiles() const { return tiles_; }
  // As find_grid takes them. The outcome is the grid's; on an error nothing more can be taken.
  Result<void> take_spectra(std::vector<float> spectra);
  const FlatPage& frame() const { return *page_; }
  std::vector<std::array<int, 2>> spans() const { return columns_on_grid(*lattice_, size_.width, size_.height); }
  // The trace's ink through frame()'s mapping, 0..1, row-major, of the size of frame().ink.
  bool take_flat(std::vector<float> ink);

  bool complete() const { return complete_; }
  double paper_brightness() const { return paper_brightness_; }
  const GridLattice& lattice() const { return *lattice_; }
  double grid_ms() const { return grid_ms_; }   // what finding the grid took

 private:
  WorkingSize size_;
  Plane grid_;
  GridTiles tiles_;
  std::optional<GridLattice> lattice_;
  std::optional<FlatPage> page_;
  double paper_brightness_ = 0, grid_ms_ = 0;
  bool complete_ = false;
};

}  // namespace precordia
