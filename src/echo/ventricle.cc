#include "echo/ventricle.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <vector>

namespace precordia {
namespace {

constexpr size_t kFewestPixels = 30;

struct Vec {
  double x = 0, y = 0;
};
Vec operator+(Vec a, Vec b) { return {a.x + b.x, a.y + b.y}; }
Vec operator-(Vec a, Vec b) { return {a.x - b.x, a.y - b.y}; }
Vec operator*(Vec a, double k) { return {a.x * k, a.y * k}; }
double dot(Vec a, Vec b) { return a.x * b.x + a.y * b.y; }
double norm(Vec a) { return std::hypot(a.x, a.y); }

double percentile(std::vector<double> values, double share) {
  const auto at = static_cast<size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

// The frame's own geometry: pixel centres in frame widths.
struct Scale {
  int side;
  double per_column, per_row;
  Vec at(int x, int y) const { return {(x + 0.5) * per_column, (y + 0.5) * per_row}; }
  EchoPoint pixel(Vec p, int point_side) const {
    const double k = static_cast<double>(point_side) / side;
    return {static_cast<float>((p.x / per_column) * k - 0.5), static_cast<float>((p.y / per_row) * k - 0.5)};
  }
};
Scale scale_of(int side, double height_over_width) { return {side, 1.0 / side, height_over_width / side}; }

// 1 where `classes` is `wanted` and belongs to its largest 4-connected region.
std::vector<uint8_t> largest_region(std::span<const uint8_t> classes, int side, EchoClass wanted) {
  std::vector<uint8_t> best(classes.size(), 0);
  std::vector<uint8_t> seen(classes.size(), 0);
  std::vector<int> stack, region, largest;
  for (int start = 0; start < static_cast<int>(classes.size()); ++start) {
    if (seen[start] || classes[start] != static_cast<uint8_t>(wanted)) continue;
    region.clear();
    stack.assign(1, start);
    seen[start] = 1;
    while (!stack.empty()) {
      const int at = stack.back();
      stack.pop_back();
      region.push_back(at);
      const int x = at % side, y = at / side;
      const auto visit = [&](int nx, int ny) {
        if (nx < 0 || ny < 0 || nx >= side || ny >= side) return;
        const int next = ny * side + nx;
        if (seen[next] || classes[next] != static_cast<uint8_t>(wanted)) return;
        seen[next] = 1;
        stack.push_back(next);
      };
      visit(x - 1, y), visit(x + 1, y), visit(x, y - 1), visit(x, y + 1);
    }
    if (region.size() > largest.size()) largest.swap(region);
  }
  for (const int at : largest) best[at] = 1;
  return best;
}

// Rows and columns that hold the region and `margin` more to each side, inside the frame.
struct Box {
  int left, top, right, bottom;   // the last two are past the end
};
Box box_of(const std::vector<uint8_t>& region, int side, int margin) {
  Box box{side, side, 0, 0};
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      if (region[static_cast<size_t>(y * side + x)])
        box = {std::min(box.left, x), std::min(box.top, y), std::max(box.right, x + 1), std::max(box.bottom, y + 1)};
  return {std::max(0, box.left - margin), std::max(0, box.top - margin), std::min(side, box.right + margin), std::min(side, box.bottom + margin)};
}

// Middle of the mitral plane: of the extent, not of the pixels, so that a thick end does not pull it.
std::optional<Vec> middle_of_plane(const std::vector<Vec>& plane) {
  if (plane.empty()) return std::nullopt;
  Vec mean;
  for (const Vec p : plane) mean = mean + p;
  mean = mean * (1.0 / static_cast<double>(plane.size()));
  double xx = 0, xy = 0, yy = 0;
  for (const Vec p : plane) {
    const Vec d = p - mean;
    xx += d.x * d.x, xy += d.x * d.y, yy += d.y * d.y;
  }
  const double angle = 0.5 * std::atan2(2 * xy, xx - yy);
  const Vec direction{std::cos(angle), std::sin(angle)};
  std::vector<double> along;
  for (const Vec p : plane) along.push_back(dot(p - mean, direction));
  return mean + direction * ((percentile(along, 0.02) + percentile(along, 0.98)) / 2);
}

struct Axis {
  Vec middle, apex;
};

Axis long_axis(const std::vector<Vec>& points, const std::vector<uint8_t>& touching) {
  std::vector<Vec> plane;
  for (size_t i = 0; i < points.size(); ++i)
    if (touching[i]) plane.push_back(points[i]);
  const Vec middle = *middle_of_plane(plane);
  std::vector<double> distance;
  for (const Vec p : points) distance.push_back(norm(p - middle));
  const double far = percentile(distance, 0.995);
  Vec apex;
  int count = 0;
  for (size_t i = 0; i < points.size(); ++i)
    if (distance[i] >= far) apex = apex + points[i], ++count;
  return {middle, apex * (1.0 / count)};
}

// Half-widths and volume of the discs along the axis; `weights` are shares of a pixel. A pixel is spread over the slabs that it reaches
// into: with two or three rows to a slab, whole pixels would make every other disc too wide.
void fill_discs(FrameShape& shape, const Axis& axis, const std::vector<Vec>& points, const std::vector<double>& weights, const Scale& scale) {
  const Vec unit = (axis.apex - axis.middle) * (1 / norm(axis.apex - axis.middle));
  const Vec across{-unit.y, unit.x};    // towards the right of the picture while the apex is up
  const double reach = 0.5 * (std::abs(unit.x) * scale.per_column + std::abs(unit.y) * scale.per_row);
  double low = 1e9, high = -1e9;
  for (size_t i = 0; i < points.size(); ++i) {
    if (weights[i] <= 0.5) continue;    // the faint rim must not make the ventricle longer
    const double u = dot(points[i] - axis.middle, unit);
    low = std::min(low, u - reach), high = std::max(high, u + reach);
  }
  shape.length = high - low;
  const double slab = shape.length / kDiscs;
  for (size_t i = 0; i < points.size(); ++i) {
    const Vec d = points[i] - axis.middle;
    const double area = weights[i] * scale.per_column * scale.per_row;
    auto& side = dot(d, across) < 0 ? shape.left : shape.right;
    const double from = std::clamp((dot(d, unit) - reach - low) / slab, 0.0, kDiscs - 1e-9);
    const double to = std::clamp((dot(d, unit) + reach - low) / slab, from + 1e-12, static_cast<double>(kDiscs));
    for (int disc = static_cast<int>(from); disc < to && disc < kDiscs; ++disc)
      side[static_cast<size_t>(disc)] += area / slab * (std::min(to, disc + 1.0) - std::max(from, static_cast<double>(disc))) / (to - from);
    shape.lv_area += area;
  }
  for (size_t i = 0; i < kDiscs; ++i) {
    const double width = shape.left[i] + shape.right[i];
    shape.width = std::max(shape.width, width);
    shape.volume += std::numbers::pi / 4 * width * width * slab;
  }
}

// The region's outer border, clockwise from its topmost pixel (Moore neighbour tracing), as pixel centres.
std::vector<Vec> border_of(const std::vector<uint8_t>& region, const Scale& scale) {
  const int side = scale.side;
  const auto inside = [&](int x, int y) { return x >= 0 && y >= 0 && x < side && y < side && region[static_cast<size_t>(y * side + x)]; };
  const auto first = std::find(region.begin(), region.end(), 1);
  std::vector<Vec> border;
  if (first == region.end()) return border;
  const int start = static_cast<int>(first - region.begin());
  constexpr std::array<std::array<int, 2>, 8> kAround{{{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}}};
  int x = start % side, y = start / side, from = 4;   // we came from the left, which is outside
  const int first_x = x, first_y = y;
  for (size_t step = 0; step < region.size(); ++step) {
    border.push_back(scale.at(x, y));
    int next = -1;
    for (int turn = 1; turn <= 8 && next < 0; ++turn) {
      const int k = (from + turn) % 8;
      if (inside(x + kAround[static_cast<size_t>(k)][0], y + kAround[static_cast<size_t>(k)][1])) next = k;
    }
    if (next < 0) break;
    x += kAround[static_cast<size_t>(next)][0], y += kAround[static_cast<size_t>(next)][1];
    from = (next + 4) % 8;
    if (x == first_x && y == first_y) break;
  }
  return border;
}

// `count` points at equal distances along a line.
std::vector<Vec> evenly(const std::vector<Vec>& line, int count) {
  std::vector<double> at(line.size(), 0);
  for (size_t i = 1; i < line.size(); ++i) at[i] = at[i - 1] + norm(line[i] - line[i - 1]);
  std::vector<Vec> out;
  size_t i = 1;
  for (int k = 0; k < count; ++k) {
    const double wanted = at.back() * k / (count - 1);
    while (i + 1 < line.size() && at[i] < wanted) ++i;
    const double piece = at[i] - at[i - 1];
    const double t = piece > 0 ? std::clamp((wanted - at[i - 1]) / piece, 0.0, 1.0) : 0;
    out.push_back(line[i - 1] + (line[i] - line[i - 1]) * t);
  }
  return out;
}

// Binomial smoothing with fixed ends: takes the stairs of the pixels off.
void smooth(std::vector<Vec>& line, int passes) {
  std::vector<Vec> copy;
  for (; passes > 0; --passes) {
    copy = line;
    for (size_t i = 1; i + 1 < line.size(); ++i) line[i] = copy[i - 1] * 0.25 + copy[i] * 0.5 + copy[i + 1] * 0.25;
  }
}

// The endocardium: the border without its part along the mitral plane, cut at the plane's two corners.
void fill_contour(FrameShape& shape, const Axis& axis, std::vector<Vec> border, const Scale& scale, int point_side) {
  if (border.size() < 8) return;
  const Vec unit = (axis.apex - axis.middle) * (1 / norm(axis.apex - axis.middle));
  const Vec across{-unit.y, unit.x};
  const auto corner = [&](double sign) {
    size_t best = 0;
    double most = -1e9;
    for (size_t i = 0; i < border.size(); ++i) {
      const Vec d = border[i] - axis.middle;
      const double u = dot(d, unit), v = sign * dot(d, across);
      if (v <= 0 || u > 0.35 * shape.length) continue;
      if (v - 1.5 * u > most) most = v - 1.5 * u, best = i;
    }
    return best;
  };
  const size_t left = corner(-1), right = corner(1);
  if (left == right) return;
  std::vector<Vec> line;   // clockwise in the picture: from the left corner over the top to the right one
  for (size_t i = left;; i = (i + 1) % border.size()) {
    line.push_back(border[i]);
    if (i == right) break;
  }
  if (line.size() < 8) return;
  line = evenly(line, 4 * kContourPoints);
  smooth(line, 24);
  line = evenly(line, kContourPoints);
  for (const Vec p : line) shape.contour.push_back(scale.pixel(p, point_side));
  shape.mitral_left = shape.contour.front();
  shape.mitral_right = shape.contour.back();
}

// Mean entropy near the LV's border, and the part of the border that is the sector's edge.
void fill_border_facts(FrameShape& shape, const FrameMask& mask, const std::vector<uint8_t>& lv, const Box& box) {
  const int side = mask.side;
  const auto at = [&](int x, int y) -> bool { return x >= 0 && y >= 0 && x < side && y < side && lv[static_cast<size_t>(y * side + x)]; };
  double entropy = 0;
  int near = 0, rim = 0, edge = 0;
  for (int y = box.top; y < box.bottom; ++y) {
    for (int x = box.left; x < box.right; ++x) {
      const bool inside = at(x, y);
      if (!mask.entropy.empty() && (inside != at(x - 2, y) || inside != at(x + 2, y) || inside != at(x, y - 2) || inside != at(x, y + 2)))
        entropy += mask.entropy[static_cast<size_t>(y * side + x)], ++near;
      if (!inside || (at(x - 1, y) && at(x + 1, y) && at(x, y - 1) && at(x, y + 1))) continue;
      ++rim;
      const auto outside = [&](int nx, int ny) {
        return nx < 0 || ny < 0 || nx >= side || ny >= side || !mask.sector[static_cast<size_t>(ny * side + nx)];
      };
      if (!mask.sector.empty() && (outside(x - 2, y) || outside(x + 2, y) || outside(x, y - 2) || outside(x, y + 2))) ++edge;
    }
  }
  shape.entropy = near > 0 ? entropy / near : 0;
  shape.cut_off = rim > 0 ? static_cast<double>(edge) / rim : 0;
}

// The regions, the long axis and the discs of a mask; of `shape` only the discs are filled.
struct Discs {
  FrameShape shape;
  Scale scale;
  std::vector<uint8_t> lv, la;
  Box box;
  Axis axis;
};

std::optional<Discs> discs_of(const FrameMask& mask, double height_over_width) {
  const int side = mask.side;
  const Scale scale = scale_of(side, height_over_width);
  std::vector<uint8_t> lv = largest_region(mask.classes, side, EchoClass::kLeftVentricle);
  std::vector<uint8_t> la = largest_region(mask.classes, side, EchoClass::kLeftAtrium);
  if (static_cast<size_t>(std::count(lv.begin(), lv.end(), 1)) < kFewestPixels) return std::nullopt;

  const Box box = box_of(lv, side, 2);

  const int reach = std::max(1, side / 64);
  const auto near_atrium = [&](int x, int y) {
    for (int dy = -reach; dy <= reach; ++dy)
      for (int dx = -reach; dx <= reach; ++dx) {
        const int nx = x + dx, ny = y + dy;
        if (nx >= 0 && ny >= 0 && nx < side && ny < side && la[static_cast<size_t>(ny * side + nx)]) return true;
      }
    return false;
  };
  std::vector<Vec> points;
  std::vector<uint8_t> touching;
  size_t touches = 0;
  for (int y = box.top; y < box.bottom; ++y) {
    for (int x = box.left; x < box.right; ++x) {
      if (!lv[static_cast<size_t>(y * side + x)]) continue;
      points.push_back(scale.at(x, y));
      touching.push_back(near_atrium(x, y));
      touches += touching.back();
    }
  }
  if (touches < static_cast<size_t>(side) / 32) {
    // No atrium in the picture: the lowest twentieth of the LV.
    std::vector<double> rows;
    for (const Vec p : points) rows.push_back(p.y);
    const double low = percentile(rows, 0.95);
    for (size_t i = 0; i < points.size(); ++i) touching[i] = points[i].y >= low;
  }
  const Axis axis = long_axis(points, touching);
  if (norm(axis.apex - axis.middle) < 4 * scale.per_column) return std::nullopt;

  // Partial pixels: LV itself and its rim, as far as the share says.
  std::vector<Vec> weighed;
  std::vector<double> weights;
  weighed.reserve(2 * points.size());
  weights.reserve(2 * points.size());
  for (int y = box.top; y < box.bottom; ++y) {
    for (int x = box.left; x < box.right; ++x) {
      const auto at = static_cast<size_t>(y * side + x);
      double weight = lv[at];
      if (!mask.lv_share.empty()) {
        const auto is_lv = [&](int nx, int ny) { return nx >= 0 && ny >= 0 && nx < side && ny < side && lv[static_cast<size_t>(ny * side + nx)]; };
        const bool rim = lv[at] || is_lv(x - 1, y) || is_lv(x + 1, y) || is_lv(x, y - 1) || is_lv(x, y + 1) || is_lv(x - 2, y) ||
                         is_lv(x + 2, y) || is_lv(x, y - 2) || is_lv(x, y + 2);
        weight = rim ? static_cast<double>(mask.lv_share[at]) : 0;
      }
      if (weight <= 0) continue;
      weighed.push_back(scale.at(x, y));
      weights.push_back(weight);
    }
  }
  FrameShape shape;
  fill_discs(shape, axis, weighed, weights, scale);
  return Discs{std::move(shape), scale, std::move(lv), std::move(la), box, axis};
}

}  // namespace

double ventricle_volume(const FrameMask& mask, double height_over_width) {
  const std::optional<Discs> discs = discs_of(mask, height_over_width);
  return discs ? discs->shape.volume : 0;
}

FrameShape measure_ventricle(const FrameMask& mask, double height_over_width, int point_side) {
  std::optional<Discs> discs = discs_of(mask, height_over_width);
  if (!discs) return {};
  auto& [shape, scale, lv, la, box, axis] = *discs;
  const int side = mask.side;
  shape.la_area = static_cast<double>(std::count(la.begin(), la.end(), 1)) * scale.per_column * scale.per_row;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      if (la[static_cast<size_t>(y * side + x)]) shape.la_length = std::max(shape.la_length, norm(scale.at(x, y) - axis.middle));
  shape.apex = scale.pixel(axis.apex, point_side);
  fill_contour(shape, axis, border_of(lv, scale), scale, point_side);
  fill_border_facts(shape, mask, lv, box);
  shape.momentary_volume = shape.volume;
  shape.found = shape.length > 0 && !shape.contour.empty();
  return shape;
}

FrameShape measure_contour(std::span<const EchoPoint> contour, double height_over_width, int point_side) {
  FrameShape shape;
  if (contour.size() < 5) return shape;
  // Even-odd filling of the closed outline at twice the frame's resolution.
  const int side = 2 * point_side;
  const Scale scale = scale_of(side, height_over_width);
  std::vector<uint8_t> classes(static_cast<size_t>(side) * side, 0);
  std::vector<double> crossings;
  for (int y = 0; y < side; ++y) {
    const double row = (y + 0.5) / 2 - 0.5;
    crossings.clear();
    for (size_t i = 0; i < contour.size(); ++i) {
      const EchoPoint a = contour[i], b = contour[(i + 1) % contour.size()];
      if ((a.y <= row) != (b.y <= row)) crossings.push_back(a.x + (row - a.y) * (b.x - a.x) / (b.y - a.y));
    }
    std::sort(crossings.begin(), crossings.end());
    for (size_t i = 0; i + 1 < crossings.size(); i += 2) {
      const int from = std::max(0, static_cast<int>(std::ceil((crossings[i] + 0.5) * 2 - 0.5)));
      const int to = std::min(side - 1, static_cast<int>(std::floor((crossings[i + 1] + 0.5) * 2 - 0.5)));
      for (int x = from; x <= to; ++x) classes[static_cast<size_t>(y) * side + x] = static_cast<uint8_t>(EchoClass::kLeftVentricle);
    }
  }
  const auto position = [&](EchoPoint p) {
    return Vec{(p.x + 0.5) / point_side, (p.y + 0.5) * height_over_width / point_side};
  };
  const Vec middle = (position(contour.front()) + position(contour.back())) * 0.5;
  std::vector<Vec> points;
  Axis axis{middle, middle};
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      if (classes[static_cast<size_t>(y) * side + x]) points.push_back(scale.at(x, y));
  if (points.size() < 4 * kFewestPixels) return shape;
  for (const EchoPoint p : contour)
    if (norm(position(p) - middle) > norm(axis.apex - middle)) axis.apex = position(p);
  fill_discs(shape, axis, points, std::vector<double>(points.size(), 1), scale);
  shape.apex = {static_cast<float>(axis.apex.x * point_side - 0.5), static_cast<float>(axis.apex.y / height_over_width * point_side - 0.5)};
  shape.contour.assign(contour.begin(), contour.end());
  shape.mitral_left = contour.front();
  shape.mitral_right = contour.back();
  shape.momentary_volume = shape.volume;
  shape.found = shape.length > 0;
  return shape;
}

double contour_length(const FrameShape& shape, double height_over_width, int point_side) {
  double length = 0;
  for (size_t i = 1; i < shape.contour.size(); ++i) {
    const EchoPoint a = shape.contour[i - 1], b = shape.contour[i];
    length += std::hypot((b.x - a.x) / point_side, (b.y - a.y) * height_over_width / point_side);
  }
  return length;
}

double disc_volume(const FrameShape& a, double scale_a, const FrameShape& b, double scale_b) {
  const double length = std::max(a.length * scale_a, b.length * scale_b);
  double sum = 0;
  for (size_t i = 0; i < kDiscs; ++i) sum += (a.left[i] + a.right[i]) * scale_a * (b.left[i] + b.right[i]) * scale_b;
  return std::numbers::pi / 4 * sum * length / kDiscs;
}

}  // namespace precordia
