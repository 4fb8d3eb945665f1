#include "paper/prepared_page.h"

#include <chrono>
#include <utility>

namespace precordia {
namespace {

// Another processor's numbers are no more than that: what is no share of ink is none.
void keep_shares(std::vector<float>& values) {
  for (float& v : values) v = v >= 0 ? std::min(v, 1.f) : 0.f;
}

}  // namespace

bool PreparedPage::take_ink(std::vector<float> grid_ink, std::vector<float> paper_green) {
  if (grid_ink.size() != static_cast<size_t>(size_.width) * static_cast<size_t>(size_.height) || paper_green.empty()) return false;
  lattice_.reset(), page_.reset(), complete_ = false;
  keep_shares(grid_ink);
  grid_.width = size_.width, grid_.height = size_.height;
  grid_.value = std::move(grid_ink);
  paper_brightness_ = percentile(paper_green, 0.5);
  tiles_ = grid_tiles(grid_);
  return true;
}

Result<void> PreparedPage::take_spectra(std::vector<float> spectra) {
  const size_t each = static_cast<size_t>(tiles_.side) * (static_cast<size_t>(tiles_.side) / 2 + 1);
  if (grid_.empty() || spectra.size() != each * tiles_.corners.size()) return fail(ErrorCode::kWrongUsage, "The spectra of the page's tiles are of another size.");
  const auto start = std::chrono::steady_clock::now();
  PRECORDIA_TRY(lattice_, find_grid(std::exchange(grid_, {}), spectra));
  PRECORDIA_TRY(page_, flat_frame(*lattice_));
  grid_ms_ = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return {};
}

bool PreparedPage::take_flat(std::vector<float> ink) {
  if (!page_ || ink.size() != page_->ink.value.size()) return false;
  keep_shares(ink);
  page_->ink.value = std::move(ink);
  complete_ = true;
  return true;
}

}  // namespace precordia
