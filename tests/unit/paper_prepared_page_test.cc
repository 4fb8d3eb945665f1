// A page whose whole-picture steps were done elsewhere: here by the twins of the kernels, in the graphics processor's order.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "paper/digitise.h"
#include "paper/prepared_page.h"
#include "pages/page_renderer.h"
#include "signal/simulated_patient.h"

using namespace precordia;
using namespace precordia::pages;

namespace {

const RgbImage& picture() {
  static const RgbImage image = [] {
    PageStyle style;
    style.px_per_mm = 6;
    return render_page(simulate_patient({}).record, style).image;
  }();
  return image;
}

std::vector<float> greens(const InkPlanes& ink) { return {static_cast<float>(ink.paper_brightness)}; }

PreparedPage prepared(const RgbImage& image) {
  PreparedPage page(image.width, image.height);
  InkPlanes ink = separate_ink(image);
  REQUIRE(page.take_ink(ink.grid.value, greens(ink)));
  REQUIRE(page.take_spectra(tile_spectra(ink.grid, page.tiles())));
  clear_off_grid(page.lattice(), ink.trace);
  REQUIRE(page.take_flat(read_flat(ink.trace, page.frame()).value));
  REQUIRE(page.complete());
  return page;
}

}  // namespace

TEST_CASE("a prepared page gives the leads that the picture alone gives") {
  const PreparedPage page = prepared(picture());
  const auto alone = digitise(picture()), read = digitise(picture(), {}, &page);
  REQUIRE(alone);
  REQUIRE(read);
  CHECK(read->times.prepared);
  CHECK_FALSE(alone->times.prepared);
  CHECK(read->px_per_mm_x == doctest::Approx(alone->px_per_mm_x).epsilon(1e-6));
  float most = 0;
  for (const Lead lead : {Lead::kI, Lead::kII, Lead::kAVR, Lead::kV2, Lead::kV6}) {
    const auto &a = alone->record.lead(lead), &b = read->record.lead(lead);
    REQUIRE(a.size() == b.size());
    for (size_t k = 0; k < a.size(); ++k) {
      REQUIRE(std::isnan(a[k]) == std::isnan(b[k]));
      if (!std::isnan(a[k])) most = std::max(most, std::abs(a[k] - b[k]));
    }
  }
  CHECK(most < 1e-3f);
}

TEST_CASE("what another processor got wrong is read again from the picture") {
  PreparedPage page = prepared(picture());
  std::vector<float> wrong(page.frame().ink.value.size(), std::numeric_limits<float>::quiet_NaN());
  REQUIRE(page.take_flat(wrong));
  const auto read = digitise(picture(), {}, &page);
  REQUIRE(read);
  CHECK_FALSE(read->times.prepared);
  CHECK(read->record.lead_count() == 12);
}

TEST_CASE("steps out of order and planes of another size are refused") {
  PreparedPage page(picture().width, picture().height);
  CHECK_FALSE(page.take_spectra({}));
  CHECK_FALSE(page.take_flat({}));
  CHECK_FALSE(page.take_ink(std::vector<float>(17), {200}));
  const InkPlanes ink = separate_ink(picture());
  REQUIRE(page.take_ink(ink.grid.value, greens(ink)));
  CHECK_FALSE(page.take_spectra(std::vector<float>(5)));
  CHECK_FALSE(page.complete());
  const auto read = digitise(picture(), {}, &page);
  REQUIRE(read);
  CHECK_FALSE(read->times.prepared);
  // A picture without a grid ends there.
  const RgbImage bare{900, 600, std::vector<uint8_t>(900 * 600 * 3, 230)};
  PreparedPage empty(bare.width, bare.height);
  const InkPlanes none = separate_ink(bare);
  REQUIRE(empty.take_ink(none.grid.value, greens(none)));
  CHECK_FALSE(empty.take_spectra(tile_spectra(none.grid, empty.tiles())));
  CHECK_FALSE(empty.take_flat({}));
}
