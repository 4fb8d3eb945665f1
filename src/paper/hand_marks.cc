#include "paper/hand_marks.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace precordia {
namespace {

constexpr double kBesideMm = 0.75;     // along the trace, on either side of a point
constexpr double kClearedMm = 7;       // above and below it: further away is another row
constexpr double kSameInkMm = 0.8;     // a point set by a finger is as near as this to the ink that was meant
constexpr double kCloseTogetherMm = 4;

// Page pixel of a point of the picture: from the nearest node of the mesh, then Newton's steps.
std::optional<ImagePoint> page_pixel(const FlatPage& page, ImagePoint target) {
  const PageMapping& map = page.mapping;
  if (map.columns < 2 || map.rows < 2 || !std::isfinite(target.x) || !std::isfinite(target.y)) return {};
  size_t nearest = 0;
  double least = INFINITY;
  for (size_t i = 0; i < map.nodes.size(); ++i) {
    const double d = std::hypot(map.nodes[i].x - target.x, map.nodes[i].y - target.y);
    if (d < least) least = d, nearest = i;
  }
  double x = map.origin_x_mm + static_cast<double>(nearest % static_cast<size_t>(map.columns)) * map.step_mm;
  double y = map.origin_y_mm + static_cast<double>(nearest / static_cast<size_t>(map.columns)) * map.step_mm;
  for (int i = 0; i < 20; ++i) {
    const ImagePoint at = map.image_from_page(x, y), right = map.image_from_page(x + 0.5, y), below = map.image_from_page(x, y + 0.5);
    const double a = (right.x - at.x) * 2, b = (below.x - at.x) * 2, c = (right.y - at.y) * 2, d = (below.y - at.y) * 2;
    const double det = a * d - b * c, ex = target.x - at.x, ey = target.y - at.y;
    if (!(std::abs(det) > 1e-9)) return {};
    x += std::clamp((d * ex - b * ey) / det, -20.0, 20.0);
    y += std::clamp((a * ey - c * ex) / det, -20.0, 20.0);
  }
  const double px = (x - page.left_mm) * page.px_per_mm, py = (y - page.top_mm) * page.px_per_mm;
  if (!(px >= 0 && py >= 0 && px <= page.ink.width - 1 && py <= page.ink.height - 1)) return {};
  return ImagePoint{px, py};
}

void draw_column(FlatPage& page, int x, double y) {
  const int h = page.ink.height;
  if (x < 0 || x >= page.ink.width) return;
  const auto line = [&](double v) { return std::clamp(static_cast<int>(std::lround(v)), 0, h - 1); };
  bool inked = false;
  for (int k = line(y - kClearedMm * page.px_per_mm); k <= line(y + kClearedMm * page.px_per_mm); ++k) {
    float& ink = page.ink.row(k)[x];
    if (std::abs(k - y) > kSameInkMm * page.px_per_mm) ink = 0;
    else inked |= ink > 0.5f;
  }
  if (inked) return;
  for (int k = line(y - page.pen_px / 2); k <= line(y + page.pen_px / 2); ++k) page.ink.row(k)[x] = 1;
}

}  // namespace

void keep_inside(InkPlanes& ink, const std::array<ImagePoint, 4>& corners) {
  for (int y = 0; y < ink.trace.height; ++y)
    for (int x = 0; x < ink.trace.width; ++x) {
      int left = 0, right = 0;   // of the four sides
      for (size_t i = 0; i < 4; ++i) {
        const ImagePoint a = corners[i], b = corners[(i + 1) % 4];
        const double side = (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x);
        left += side < 0, right += side > 0;
      }
      if (left == 0 || right == 0) continue;
      ink.trace.row(y)[x] = 0;
      ink.grid.row(y)[x] = 0;
    }
}

void draw_through(FlatPage& page, std::span<const ImagePoint> points) {
  std::vector<ImagePoint> marks;
  for (const ImagePoint& point : points)
    if (const auto at = page_pixel(page, point)) marks.push_back(*at);
  std::sort(marks.begin(), marks.end(), [](ImagePoint a, ImagePoint b) { return a.x < b.x; });
  const int beside = static_cast<int>(std::lround(kBesideMm * page.px_per_mm));
  for (size_t i = 0; i < marks.size(); ++i) {
    for (int k = -beside; k <= beside; ++k) draw_column(page, static_cast<int>(std::lround(marks[i].x)) + k, marks[i].y);
    if (i + 1 == marks.size() || marks[i + 1].x - marks[i].x > kCloseTogetherMm * page.px_per_mm) continue;
    const ImagePoint a = marks[i], b = marks[i + 1];
    for (int x = static_cast<int>(a.x) + beside + 1; x < static_cast<int>(b.x) - beside; ++x)
      draw_column(page, x, a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x));
  }
}

}  // namespace precordia
