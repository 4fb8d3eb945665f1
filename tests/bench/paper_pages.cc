// A campaign of printed pages: layouts, speeds, gains, grids, resolutions and, on request, the camera, each drawn by its own seed.
//
//   paper_pages COUNT [camera] [RECORD.hea ...]     prints the simulated patients, or the WFDB records named
//   paper_pages FROM-TO [camera] ...                only these pages of the campaign
//
// Prints one line per page and, at the end, failures (fewer leads than printed less one, or under 6 dB) and percentiles of the
// signal-to-noise ratio as ../shared/tools/score_paper.py defines it.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "pages/page_records.h"
#include "pages/page_renderer.h"
#include "signal/resample.h"

using namespace precordia;
using namespace precordia::pages;

namespace {

PageStyle style_for(std::mt19937& random) {
  const auto any = [&](std::initializer_list<double> list) { return list.begin()[random() % list.size()]; };
  PageStyle style;
  constexpr PageLayout kLayouts[] = {PageLayout::k3x4, PageLayout::k3x4Plus1, PageLayout::k3x4Plus1, PageLayout::k3x4Plus2, PageLayout::k3x4Plus3, PageLayout::k6x2, PageLayout::k6x2Plus1, PageLayout::k12x1};
  style.layout = kLayouts[random() % 8];
  style.order = random() % 10 == 0 ? LeadOrder::kCabrera : LeadOrder::kStandard;
  style.px_per_mm = any({150, 200, 250, 300}) / 25.4;
  style.mm_per_s = random() % 8 == 0 ? 50 : 25;
  style.mm_per_mv = any({10, 10, 10, 10, 5, 20});
  const int rows = shape_of(style.layout).rows + shape_of(style.layout).rhythm_rows;
  style.row_mm = rows > 8 ? 15 : rows > 5 ? 20 : 28;
  if (style.mm_per_mv == 20) style.row_mm *= 1.5;
  style.pen_mm = any({0.2, 0.25, 0.35});
  constexpr std::array<uint8_t, 3> kGrids[] = {{240, 130, 130}, {250, 170, 150}, {150, 205, 160}, {180, 180, 185}, {200, 170, 140}, {140, 170, 230}};
  style.grid_colour = kGrids[random() % 6];
  style.dots = random() % 6 == 0;
  style.pulse_on_left = random() % 2;
  style.names = random() % 8 != 0;
  style.separators = random() % 3 != 0;
  return style;
}

double at(std::vector<double> values, double fraction) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<size_t>(fraction * static_cast<double>(values.size())))];
}

}  // namespace

int main(int argc, char** argv) {
  const char* dash = argc > 1 ? std::strchr(argv[1], '-') : nullptr;
  const int from = dash ? std::atoi(argv[1]) : 0, to = dash ? std::atoi(dash + 1) : argc > 1 ? std::atoi(argv[1]) - 1 : 19, count = to - from + 1;
  const bool camera = argc > 2 && std::strcmp(argv[2], "camera") == 0;
  const std::vector<std::string> headers(argv + std::min(argc, camera ? 3 : 2), argv + argc);
  std::vector<double> aligned, raw, seconds;
  int failures = 0;
  for (int seed = from; seed <= to; ++seed) {
    std::mt19937 random(static_cast<uint32_t>(9000 + seed));
    const PageStyle style = style_for(random);
    PrintedPage page = render_page(record_for(seed, headers, 500), style);
    if (camera) {
      const auto between = [&](double a, double b) { return std::uniform_real_distribution<>(a, b)(random); };
      page.image = photograph_page(page.image, {between(-0.2, 0.2), between(-6, 6), between(0, 4), between(0, 0.5), between(0.5, 1.4), between(2, 9), between(0.8, 1.1), static_cast<uint32_t>(seed)});
    }
    const auto start = std::chrono::steady_clock::now();
    const auto read = digitise(page.image);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    int leads = 0;
    const double snr = read ? snr_db(page.truth, read->record, true, &leads) : -10;
    const double plain = read ? snr_db(page.truth, read->record, false) : -10;
    const bool failed = !read || leads < page.truth.lead_count() - 1 || snr < 6;
    failures += failed;
    aligned.push_back(snr), raw.push_back(plain);
    std::printf("%3d %-6s%s %3.0f dpi %2.0f mm/s %2.0f mm/mV %dx%d: %s %5.1f dB raw %5.1f, %.2f s%s%s\n", seed, shape_of(style.layout).name, style.order == LeadOrder::kCabrera ? " Cabrera" : "",
                style.px_per_mm * 25.4, style.mm_per_s, style.mm_per_mv, page.image.width, page.image.height, read ? shape_of(read->layout).name : "refused", snr, plain, seconds.back(),
                failed ? " FAILED" : "", read ? "" : (" " + read.error().message + " " + read.error().detail).c_str());
    std::fflush(stdout);
  }
  std::printf("%d pages, %d failed (%.1f %%), median %.1f dB, 5th percentile %.1f, median raw %.1f, median %.2f s\n", count, failures, 100.0 * failures / std::max(count, 1), at(aligned, 0.5),
              at(aligned, 0.05), at(raw, 0.5), at(seconds, 0.5));
  return 0;
}
