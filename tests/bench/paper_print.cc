// Prints pages for measurements that need picture files: each page as NAME.png, what it shows as NAME.csv (time_s,I,...,V6 in mV, empty =
// not on the page).
//
//   paper_print FOLDER COUNT [RECORD.hea ...]     the simulated patients, or the WFDB records named
//
// 25 mm/s and 10 mm/mV, the layouts, grids, pens and resolutions in turn, each by its own seed.
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/text.h"
#include "pages/page_records.h"
#include "pages/page_renderer.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#include <stb/stb_image_write.h>

using namespace precordia;
using namespace precordia::pages;

namespace {

PageStyle style_for(int number) {
  std::mt19937 random(static_cast<uint32_t>(30000 + number));
  constexpr PageLayout kLayouts[] = {PageLayout::k3x4Plus1, PageLayout::k3x4, PageLayout::k6x2, PageLayout::k3x4Plus3, PageLayout::k12x1, PageLayout::k6x2Plus1};
  constexpr std::array<uint8_t, 3> kGrids[] = {{240, 130, 130}, {250, 170, 150}, {150, 205, 160}, {180, 180, 185}};
  constexpr double kDpi[] = {150, 200, 300}, kPens[] = {0.2, 0.25, 0.35};
  PageStyle style;
  style.layout = kLayouts[number % 6];
  style.px_per_mm = kDpi[random() % 3] / 25.4;
  style.pen_mm = kPens[random() % 3];
  style.grid_colour = kGrids[random() % 4];
  style.pulse_on_left = random() % 4 != 0;
  const int rows = shape_of(style.layout).rows + shape_of(style.layout).rhythm_rows;
  style.row_mm = rows > 8 ? 18 : rows > 5 ? 22 : 28;
  return style;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: paper_print FOLDER COUNT [RECORD.hea ...]\n"), 2;
  const std::vector<std::string> headers(argv + 3, argv + argc);
  for (int number = 0; number < std::atoi(argv[2]); ++number) {
    const PageStyle style = style_for(number);
    const PrintedPage page = render_page(record_for(number, headers, 0), style);
    const std::string path = argv[1] + format_text("/page-%03d", number);
    if (!stbi_write_png((path + ".png").c_str(), page.image.width, page.image.height, 3, page.image.rgb.data(), page.image.width * 3))
      return std::fprintf(stderr, "%s.png cannot be written\n", path.c_str()), 1;
    std::ofstream csv(path + ".csv");
    csv << "time_s";
    for (const auto lead : kLeadNames) csv << ',' << lead;
    csv << '\n';
    for (size_t k = 0; k < page.truth.sample_count(); ++k) {
      csv << static_cast<double>(k) / page.truth.sample_rate_hz;
      for (const auto& lead : page.truth.mv) {
        csv << ',';
        if (k < lead.size() && !std::isnan(lead[k])) csv << lead[k];
      }
      csv << '\n';
    }
    std::printf("%s %s %.0f dpi\n", path.c_str(), shape_of(style.layout).name, style.px_per_mm * 25.4);
  }
  return 0;
}
