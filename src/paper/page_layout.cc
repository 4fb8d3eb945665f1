// The table of page layouts and the names of their evidence.
#include <algorithm>
#include <cmath>
#include <string_view>

#include "paper/digitise.h"

namespace precordia {
namespace {

constexpr std::array<PageLayoutShape, kPageLayoutCount> kShapes = {{
    {PageLayout::k3x4, "3x4", 3, 4, 0},
    {PageLayout::k3x4Plus1, "3x4+1", 3, 4, 1},
    {PageLayout::k3x4Plus2, "3x4+2", 3, 4, 2},
    {PageLayout::k3x4Plus3, "3x4+3", 3, 4, 3},
    {PageLayout::k6x2, "6x2", 6, 2, 0},
    {PageLayout::k6x2Plus1, "6x2+1", 6, 2, 1},
    {PageLayout::k12x1, "12x1", 12, 1, 0},
    {PageLayout::k6x1, "6x1", 6, 1, 0},
    {PageLayout::k3x1, "3x1", 3, 1, 0},
    {PageLayout::kSingle, "single", 1, 1, 0},
}};

}  // namespace

const PageLayoutShape& shape_of(PageLayout layout) { return kShapes[static_cast<size_t>(layout)]; }

std::optional<PageLayout> layout_from_name(std::string_view name) {
  for (const PageLayoutShape& shape : kShapes)
    if (name == shape.name) return shape.layout;
  return std::nullopt;
}

const char* known_from_name(KnownFrom known) {
  constexpr const char* kNames[] = {"assumed", "grid", "pulse", "labels", "lead_algebra", "geometry", "user"};
  return kNames[static_cast<size_t>(known)];
}

ImagePoint PageMapping::image_from_page(double x_mm, double y_mm) const {
  if (nodes.empty() || columns < 2 || rows < 2) return {std::nan(""), std::nan("")};
  // Beyond the lattice the outermost cell goes on straight.
  const double u = (x_mm - origin_x_mm) / step_mm, v = (y_mm - origin_y_mm) / step_mm;
  const int i = static_cast<int>(std::clamp(std::floor(u), 0.0, columns - 2.0));
  const int j = static_cast<int>(std::clamp(std::floor(v), 0.0, rows - 2.0));
  const double a = u - i, b = v - j;
  const ImagePoint* at = &nodes[static_cast<size_t>(j) * columns + i];
  const ImagePoint &p = at[0], &q = at[1], &r = at[columns], &s = at[columns + 1];
  return {(1 - b) * ((1 - a) * p.x + a * q.x) + b * ((1 - a) * r.x + a * s.x),
          (1 - b) * ((1 - a) * p.y + a * q.y) + b * ((1 - a) * r.y + a * s.y)};
}

}  // namespace precordia
