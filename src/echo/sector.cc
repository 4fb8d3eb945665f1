#include "echo/sector.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/text.h"

namespace precordia {

// The search runs on a picture reduced to kWorkSide on its longer side:
//
//   lit or moving pixels -> closed, opened -> connected parts -> the largest one's straight edges and arc -> checks

void PixelRange::add(int frame_width, int frame_height, std::span<const uint8_t> grey) {
  if (frames == 0) {
    width = frame_width, height = frame_height;
    lowest.assign(grey.begin(), grey.end());
    highest = lowest;
  }
  for (size_t i = 0; i < grey.size(); ++i) {
    lowest[i] = std::min(lowest[i], grey[i]);
    highest[i] = std::max(highest[i], grey[i]);
  }
  ++frames;
}

bool Sector::contains(double x, double y) const {
  const double down = y - apex_y, across = x - apex_x;
  if (x < cut_left || x > cut_right || y < cut_top || y > cut_bottom) return false;
  if (down <= 0 || across < left_slope * down || across > right_slope * down) return false;
  const double square = down * down + across * across / (stretch * stretch);
  return square <= outer_radius * outer_radius && square >= inner_radius * inner_radius;
}

namespace {

constexpr int kWorkSide = 384;
constexpr int kLitAbove = 5, kMovingAbove = 4;          // grey values over the background and over its flicker
constexpr int kFramesToMove = 4;                        // below, nothing can be said to move
constexpr double kSmallestShare = 0.03;                 // of the picture, that the fan takes
constexpr double kNarrowestDegrees = 20, kWidestDegrees = 130;
constexpr double kMostSpill = 0.08, kLeastCoverage = 0.35;

struct Mask {
  int width = 0, height = 0;
  std::vector<uint8_t> on;

  Mask(int w, int h) : width(w), height(h), on(static_cast<size_t>(w) * static_cast<size_t>(h)) {}
  uint8_t at(int x, int y) const { return on[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)]; }
  uint8_t& at(int x, int y) { return on[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)]; }
  int count() const { return static_cast<int>(std::count(on.begin(), on.end(), 1)); }
};

// Means over the source pixels that fall on each of the smaller picture.
std::vector<float> reduced(std::span<const uint8_t> from, int width, int height, int to_width, int to_height) {
  std::vector<float> out(static_cast<size_t>(to_width) * static_cast<size_t>(to_height));
  for (int y = 0; y < to_height; ++y) {
    const int top = static_cast<int>(int64_t{y} * height / to_height), bottom = std::max(top + 1, static_cast<int>(int64_t{y + 1} * height / to_height));
    for (int x = 0; x < to_width; ++x) {
      const int left = static_cast<int>(int64_t{x} * width / to_width), right = std::max(left + 1, static_cast<int>(int64_t{x + 1} * width / to_width));
      int sum = 0;
      for (int sy = top; sy < bottom; ++sy)
        for (int sx = left; sx < right; ++sx) sum += from[static_cast<size_t>(sy) * static_cast<size_t>(width) + static_cast<size_t>(sx)];
      out[static_cast<size_t>(y) * static_cast<size_t>(to_width) + static_cast<size_t>(x)] = static_cast<float>(sum) / static_cast<float>((bottom - top) * (right - left));
    }
  }
  return out;
}

// The most frequent value along the picture's margin: of the screen, not of the fan.
float background_of(const std::vector<float>& values, int width, int height) {
  std::array<int, 256> counts{};
  const int rim_x = std::max(1, width / 32), rim_y = std::max(1, height / 32);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      if (x < rim_x || y < rim_y || x >= width - rim_x || y >= height - rim_y)
        ++counts[static_cast<size_t>(values[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)])];
  return static_cast<float>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

// Everything within `radius` (a square) of a pixel that is `value` becomes `value`; the picture's rim counts as nothing.
void spread(Mask& mask, int radius, uint8_t value) {
  const auto pass = [&](int lines, int length, auto at) {
    std::vector<int> next(static_cast<size_t>(length));
    for (int line = 0; line < lines; ++line) {
      int last = -radius - 1;
      for (int i = 0; i < length; ++i) {
        if (at(line, i) == value) last = i;
        next[static_cast<size_t>(i)] = i - last <= radius;
      }
      last = length + radius;
      for (int i = length - 1; i >= 0; --i) {
        if (at(line, i) == value) last = i;
        if (last - i <= radius) next[static_cast<size_t>(i)] = 1;
      }
      for (int i = 0; i < length; ++i)
        if (next[static_cast<size_t>(i)]) at(line, i) = value;
    }
  };
  pass(mask.height, mask.width, [&](int y, int x) -> uint8_t& { return mask.at(x, y); });
  pass(mask.width, mask.height, [&](int x, int y) -> uint8_t& { return mask.at(x, y); });
}

struct Part {
  int area = 0, left = 0, top = 0, right = 0, bottom = 0;   // the last two included
};

// Connected parts of what is `value` (four neighbours). `labels` gets 1 + the index of each pixel's part.
std::vector<Part> parts_of(const Mask& mask, uint8_t value, std::vector<int>& labels) {
  labels.assign(mask.on.size(), 0);
  std::vector<Part> parts;
  std::vector<int> open;
  for (int start = 0; start < static_cast<int>(mask.on.size()); ++start) {
    if (mask.on[static_cast<size_t>(start)] != value || labels[static_cast<size_t>(start)] != 0) continue;
    Part part{0, mask.width, mask.height, 0, 0};
    const int label = static_cast<int>(parts.size()) + 1;
    open.assign(1, start);
    labels[static_cast<size_t>(start)] = label;
    while (!open.empty()) {
      const int here = open.back(), x = here % mask.width, y = here / mask.width;
      open.pop_back();
      ++part.area;
      part.left = std::min(part.left, x), part.right = std::max(part.right, x);
      part.top = std::min(part.top, y), part.bottom = std::max(part.bottom, y);
      const auto visit = [&](bool inside, int next) {
        if (!inside || mask.on[static_cast<size_t>(next)] != value || labels[static_cast<size_t>(next)] != 0) return;
        labels[static_cast<size_t>(next)] = label;
        open.push_back(next);
      };
      visit(x > 0, here - 1), visit(x + 1 < mask.width, here + 1);
      visit(y > 0, here - mask.width), visit(y + 1 < mask.height, here + mask.width);
    }
    parts.push_back(part);
  }
  return parts;
}

void fill_holes(Mask& mask) {
  std::vector<int> labels;
  const auto parts = parts_of(mask, 0, labels);
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == 0) continue;
    const Part& part = parts[static_cast<size_t>(labels[i] - 1)];
    if (part.left > 0 && part.top > 0 && part.right + 1 < mask.width && part.bottom + 1 < mask.height) mask.on[i] = 1;
  }
}

struct Edge {
  double at_zero = 0, slope = 0;   // x = at_zero + slope * y
  int support = 0;
};

// The straight edge of a part: `outermost[y]` is where its row begins (side -1) or ends (side +1), -1 where it has none. A line wins
// rows that lie on it and loses three times as many that reach beyond it: a dark stretch of the edge costs nothing, while a line
// through the inside costs a lot.
Edge straight_edge(const std::vector<int>& outermost, int side) {
  std::vector<std::pair<int, int>> points;   // y, x
  for (int y = 0; y < static_cast<int>(outermost.size()); ++y)
    if (outermost[static_cast<size_t>(y)] >= 0) points.push_back({y, outermost[static_cast<size_t>(y)]});
  Edge best;
  double best_score = -1e9;
  const size_t step = std::max<size_t>(1, points.size() / 96);
  for (size_t i = 0; i < points.size(); i += step) {
    for (size_t j = i + points.size() / 16 + 1; j < points.size(); j += step) {
      const double slope = static_cast<double>(points[j].second - points[i].second) / (points[j].first - points[i].first);
      if (side * slope < -0.05) continue;   // a fan widens downwards
      const double at_zero = points[i].second - slope * points[i].first;
      int on = 0, beyond = 0;
      for (const auto& [y, x] : points) {
        const double out = side * (x - at_zero - slope * y);
        on += std::abs(out) < 1.3;
        beyond += out > 2.5;
      }
      if (on - 3.0 * beyond > best_score) best_score = on - 3.0 * beyond, best = {at_zero, slope, on};
    }
  }
  // Least squares through the rows on it.
  double n = 0, sy = 0, sx = 0, syy = 0, syx = 0;
  for (const auto& [y, x] : points) {
    if (std::abs(x - best.at_zero - best.slope * y) >= 1.5) continue;
    n += 1, sy += y, sx += x, syy += static_cast<double>(y) * y, syx += static_cast<double>(y) * x;
  }
  if (const double spread_y = n * syy - sy * sy; n >= 3 && spread_y > 0) {
    best.slope = (n * syx - sy * sx) / spread_y;
    best.at_zero = (sx - best.slope * sy) / n;
  }
  return best;
}

// A dark edge is taken to mirror the other one, as it does unless a fan is steered: the innermost line of that slope that a fiftieth
// of the rows may reach beyond.
Edge mirrored(const Edge& seen, const std::vector<int>& outermost, int side) {
  std::vector<double> at_zero;
  for (int y = 0; y < static_cast<int>(outermost.size()); ++y)
    if (outermost[static_cast<size_t>(y)] >= 0) at_zero.push_back(side * (outermost[static_cast<size_t>(y)] + seen.slope * y));
  if (at_zero.empty()) return {};
  const auto place = at_zero.end() - 1 - static_cast<ptrdiff_t>(at_zero.size() / 50);
  std::nth_element(at_zero.begin(), place, at_zero.end());
  return {side * *place, -seen.slope, 0};
}

struct Arc {
  double radius = 0, stretch = 1;
  bool found = false;
  bool sharp = false;
};

// The arc that ends the fan: where, going outwards between the two edges, the share of pixels that are on falls most. What else is on
// below it (an ECG trace) takes only a small share of each radius. A circle is preferred to an ellipse.
Arc arc_between_edges(const Mask& mask, const Sector& fan) {
  constexpr int kBins = 3 * kWorkSide, kReach = 6, kFewest = 12;
  constexpr double kLeastFall = 0.25, kSharpFall = 0.6, kForCircle = 1.15;
  struct Sample {
    float across_square, down_square;
    bool on;
  };
  std::vector<Sample> samples;
  for (int y = 0; y < mask.height; ++y)
    for (int x = y % 2; x < mask.width; x += 2) {
      const double down = y + 0.5 - fan.apex_y, across = x + 0.5 - fan.apex_x;
      if (down <= 0 || across < fan.left_slope * down || across > fan.right_slope * down) continue;
      samples.push_back({static_cast<float>(across * across), static_cast<float>(down * down), mask.at(x, y) != 0});
    }
  Arc best;
  double best_score = 0;
  std::array<int, kBins + 1> on{}, all{};   // below a radius
  for (int k = 0; k <= 40; ++k) {
    const double stretch = k == 0 ? 1 : 0.6 + 0.025 * k;
    const auto squeeze = static_cast<float>(1 / (stretch * stretch));
    on.fill(0), all.fill(0);
    for (const auto& sample : samples) {
      const auto bin = static_cast<size_t>(std::min(std::sqrt(sample.down_square + squeeze * sample.across_square), kBins - 1.0f)) + 1;
      ++all[bin];
      on[bin] += sample.on;
    }
    for (size_t i = 1; i <= kBins; ++i) on[i] += on[i - 1], all[i] += all[i - 1];
    for (size_t r = kReach; r + kReach < kBins; ++r) {
      const int inner = all[r] - all[r - kReach], outer = all[r + kReach] - all[r];
      if (inner < kFewest || outer < kFewest) continue;
      const double fall = static_cast<double>(on[r] - on[r - kReach]) / inner - static_cast<double>(on[r + kReach] - on[r]) / outer;
      const double score = fall * (k == 0 ? kForCircle : 1);
      if (score > best_score) best_score = score, best = {static_cast<double>(r), stretch, fall >= kLeastFall, fall >= kSharpFall};
    }
  }
  if (best.found) return best;
  // A flat or dark end: as far down as nearly everything that is on reaches.
  std::vector<float> radii;
  for (const auto& sample : samples)
    if (sample.on) radii.push_back(std::sqrt(sample.down_square + sample.across_square));
  if (radii.empty()) return {};
  const auto far = radii.end() - 1 - static_cast<ptrdiff_t>(radii.size() / 500);
  std::nth_element(radii.begin(), far, radii.end());
  return {*far + 0.5, 1, false, false};
}

struct Outline {
  std::vector<int> first, last;      // of each row, -1 = empty
  std::vector<int> lowest;           // of each column
};

Outline outline_of(const Mask& mask) {
  Outline out{std::vector<int>(static_cast<size_t>(mask.height), -1), std::vector<int>(static_cast<size_t>(mask.height), -1),
              std::vector<int>(static_cast<size_t>(mask.width), -1)};
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x) {
      if (!mask.at(x, y)) continue;
      if (out.first[static_cast<size_t>(y)] < 0) out.first[static_cast<size_t>(y)] = x;
      out.last[static_cast<size_t>(y)] = x;
      out.lowest[static_cast<size_t>(x)] = y;
    }
  return out;
}

// How many rows or columns end at `edge`: a fan's corner has a few, a cut many.
int ends_at(const std::vector<int>& ends, int edge) {
  return static_cast<int>(std::count_if(ends.begin(), ends.end(), [&](int end) { return end == edge; }));
}

enum class Shape : uint8_t { kFan, kRectangle, kSeveral, kStrip, kOther };   // kStrip: a fan with something that scrolls beside it

struct Fit {
  Shape shape = Shape::kOther;
  Sector sector = {};   // in pixels of the work picture, without box
  bool sharp_arc = false;
};

// Whether the upper rows fall apart into two wide pieces: two fans that touch below.
bool splits_above(const Mask& mask, const Part& part) {
  const int rows = (part.bottom - part.top + 1) * 35 / 100, wide = part.right - part.left + 1;
  int split = 0;
  for (int y = part.top; y < part.top + rows; ++y) {
    int pieces = 0, run = 0, gap = wide;
    for (int x = part.left; x <= part.right + 1; ++x) {
      if (x <= part.right && mask.at(x, y)) {
        if (run == 0 && gap * 100 < wide * 12 && pieces > 0) --pieces, run = wide * 4 / 100;   // a narrow gap joins
        ++run;
        gap = 0;
      } else {
        if (run * 100 >= wide * 4) ++pieces;
        run = 0;
        ++gap;
      }
    }
    split += pieces >= 2;
  }
  return split * 10 >= rows * 3 && rows > 0;
}

Fit fit_fan(const Mask& mask, const Part& part, const Mask& fine) {
  Fit fit;
  if (splits_above(mask, part)) {
    fit.shape = Shape::kSeveral;
    return fit;
  }
  const int wide = part.right - part.left + 1, high = part.bottom - part.top + 1;
  const Outline outline = outline_of(mask);
  Edge left = straight_edge(outline.first, -1), right = straight_edge(outline.last, 1);
  constexpr double kAlike = 0.1;
  if (std::abs(left.slope + right.slope) > kAlike) {
    const int seen = std::max(std::max(left.support, right.support) * 3 / 5, high * 2 / 5);   // rows on an edge that is beyond doubt
    if (left.support < std::min(seen, right.support)) left = mirrored(right, outline.first, -1);
    else if (right.support < std::min(seen, left.support)) right = mirrored(left, outline.last, 1);
  }
  const double degrees = (std::atan(right.slope) - std::atan(left.slope)) * 180 / std::numbers::pi;
  const double fill = static_cast<double>(part.area) / (static_cast<double>(wide) * high);
  if (degrees < kNarrowestDegrees || degrees > kWidestDegrees) {
    fit.shape = fill > 0.8 ? Shape::kRectangle : Shape::kOther;
    return fit;
  }
  Sector& fan = fit.sector;
  // Rows and columns are counted at their centres; the edges run along the outer side of their pixels.
  fan.apex_y = (left.at_zero - (right.at_zero + 1)) / (right.slope - left.slope);
  fan.apex_x = left.at_zero + left.slope * fan.apex_y;
  fan.apex_y += 0.5;
  fan.left_slope = left.slope, fan.right_slope = right.slope;
  if (fan.apex_y > part.top + 0.15 * high || fan.apex_y < part.top - 1.5 * high) {
    fit.shape = fill > 0.8 ? Shape::kRectangle : Shape::kOther;
    return fit;
  }
  const Arc arc = arc_between_edges(mask, fan);
  fan.outer_radius = arc.radius, fan.stretch = arc.stretch;
  fit.sharp_arc = arc.sharp;
  fan.cut_right = mask.width, fan.cut_bottom = mask.height;
  if (ends_at(outline.first, part.left) * 10 >= high) fan.cut_left = part.left;
  if (ends_at(outline.last, part.right) * 10 >= high) fan.cut_right = part.right + 1;
  if (!arc.found && ends_at(outline.lowest, part.bottom) * 10 >= wide * 3) fan.cut_bottom = part.bottom + 1;
  // The near end: nothing of the fan lies closer to the apex, a pixel in a thousand apart.
  std::vector<double> radii;
  int inside = 0, covered = 0;
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x) {
      if (!fan.contains(x + 0.5, y + 0.5)) continue;
      ++inside;
      covered += mask.at(x, y);
      if (fine.at(x, y)) radii.push_back(std::hypot((x + 0.5 - fan.apex_x) / fan.stretch, y + 0.5 - fan.apex_y));
    }
  if (inside == 0 || covered < kLeastCoverage * inside || part.area - covered > kMostSpill * part.area) {
    fit.shape = fill > 0.85 ? Shape::kRectangle : Shape::kOther;
    return fit;
  }
  if (!radii.empty()) {
    const auto near = radii.begin() + static_cast<ptrdiff_t>(radii.size() / 1000);
    std::nth_element(radii.begin(), near, radii.end());
    if (*near > 0.04 * fan.outer_radius) fan.inner_radius = *near - 0.5;
  }
  fit.shape = Shape::kFan;
  return fit;
}

Result<Sector> refusal(Shape shape) {
  switch (shape) {
    case Shape::kSeveral:
      return fail(ErrorCode::kUnusable, "This clip shows two or more pictures at once; record or export the apical view alone, as one full picture.");
    case Shape::kRectangle:
      return fail(ErrorCode::kUnusable,
                  "This clip shows a rectangle instead of a fan, as a linear probe, M-mode, spectral Doppler or a zoomed part do; record the apical view "
                  "in B-mode with the cardiac probe, without zoom.");
    case Shape::kStrip:
      return fail(ErrorCode::kUnusable, "This clip shows M-mode or spectral Doppler beside the picture; record the apical view in plain B-mode.");
    case Shape::kFan:
    case Shape::kOther: break;
  }
  return fail(ErrorCode::kUnusable, "No ultrasound fan was found in this clip; open a B-mode clip of an apical view that shows the whole fan, not a report page.");
}

Mask only(const Mask& mask, const std::vector<int>& labels, size_t part) {
  Mask out(mask.width, mask.height);
  for (size_t i = 0; i < labels.size(); ++i) out.on[i] = labels[i] == static_cast<int>(part) + 1;
  return out;
}

// One reading of the work picture: `mask` is what is lit, or what moves.
Fit fan_in(Mask mask, bool moving) {
  spread(mask, 2, 1), spread(mask, 2, 0);
  const Mask closed = mask;
  spread(mask, 3, 0), spread(mask, 3, 1);
  std::vector<int> labels;
  const auto parts = parts_of(mask, 1, labels);
  const auto main = std::max_element(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.area < b.area; });
  if (main == parts.end() || main->area < kSmallestShare * mask.width * mask.height) return {};
  const auto main_index = static_cast<size_t>(main - parts.begin());
  Mask fan_mask = only(mask, labels, main_index);
  fill_holes(fan_mask);
  Part whole = *main;
  whole.area = fan_mask.count();
  const Fit fit = fit_fan(fan_mask, whole, closed);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i == main_index || parts[i].area * 4 < main->area) continue;
    const Part& part = parts[i];
    Mask other = only(mask, labels, i);
    if (fit.shape == Shape::kFan) {
      int inside = 0;
      for (int y = 0; y < mask.height; ++y)
        for (int x = 0; x < mask.width; ++x) inside += other.at(x, y) && fit.sector.contains(x + 0.5, y + 0.5);
      if (inside * 10 > part.area * 6) continue;   // a piece of the same fan, behind a shadow
    }
    fill_holes(other);
    Part filled = part;
    filled.area = other.count();
    const Shape shape = fit_fan(other, filled, closed).shape;
    if (shape == Shape::kFan && fit.shape == Shape::kFan) return {.shape = Shape::kSeveral};
    if (shape == Shape::kFan) return {.shape = Shape::kStrip};
    const bool strip_like = (part.right - part.left + 1) * 2 > mask.width && (part.bottom - part.top + 1) * 8 > mask.height;
    if (moving && strip_like) return {.shape = Shape::kStrip};
  }
  return fit;
}

// From the work picture to the source, the box, and the picture that is nothing but the fan.
Sector in_source(const Fit& fit, double scale_x, double scale_y, int width, int height) {
  Sector fan = fit.sector;
  fan.apex_x *= scale_x, fan.apex_y *= scale_y;
  fan.left_slope *= scale_x / scale_y, fan.right_slope *= scale_x / scale_y;
  fan.inner_radius *= scale_y, fan.outer_radius *= scale_y;
  fan.stretch *= scale_x / scale_y;
  fan.cut_left *= scale_x, fan.cut_right *= scale_x;
  fan.cut_top *= scale_y, fan.cut_bottom *= scale_y;
  int left = width, top = height, right = -1, bottom = -1;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      if (fan.contains(x + 0.5, y + 0.5)) {
        left = std::min(left, x), right = std::max(right, x);
        top = std::min(top, y), bottom = std::max(bottom, y);
      }
  // A picture that is nothing but the fan keeps its framing, even where the deep end of the fan is too dark to be seen.
  constexpr double kTouching = 0.03, kDarkEnd = 0.10;
  const double gap = fit.sharp_arc ? kTouching : kDarkEnd;
  if (std::max(left, width - 1 - right) <= gap * width && top <= kTouching * height && height - 1 - bottom <= gap * height) {
    fan.outer_radius = std::max(fan.outer_radius, height - fan.apex_y);
    left = 0, top = 0, right = width - 1, bottom = height - 1;
  }
  fan.box = {left, top, right - left + 1, bottom - top + 1};
  return fan;
}

}  // namespace

Result<Sector> find_sector(const PixelRange& range, std::optional<PictureBox> region) {
  if (range.frames == 0) return refusal(Shape::kOther);
  const double scale = std::max(1.0, std::max(range.width, range.height) / static_cast<double>(kWorkSide));
  const int width = std::max(1, static_cast<int>(range.width / scale)), height = std::max(1, static_cast<int>(range.height / scale));
  const double scale_x = static_cast<double>(range.width) / width, scale_y = static_cast<double>(range.height) / height;
  if (width < 32 || height < 32)
    return fail(ErrorCode::kUnusable, format_text("This clip has only %d by %d pixels, too few to measure a heart in; export it in its full size.", range.width, range.height));

  std::vector<uint8_t> change(range.highest.size());
  for (size_t i = 0; i < change.size(); ++i) change[i] = static_cast<uint8_t>(range.highest[i] - range.lowest[i]);
  const auto bright = reduced(range.highest, range.width, range.height, width, height);
  const auto changes = reduced(change, range.width, range.height, width, height);
  const float dark = background_of(bright, width, height), flicker = background_of(changes, width, height);
  Mask lit(width, height), moving(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double sx = (x + 0.5) * scale_x, sy = (y + 0.5) * scale_y;
      if (region && (sx < region->x || sx > region->x + region->width || sy < region->y || sy > region->y + region->height)) continue;
      const size_t i = static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x);
      lit.on[i] = std::abs(bright[i] - dark) > kLitAbove;
      moving.on[i] = changes[i] > 2 * flicker + kMovingAbove;
    }
  Fit fit;
  if (range.frames >= kFramesToMove && moving.count() > kSmallestShare * width * height) fit = fan_in(std::move(moving), true);
  // What stands still may still have the fan's outline, unless it is clear that this is something else.
  if (fit.shape == Shape::kOther || fit.shape == Shape::kRectangle) {
    const Fit still = fan_in(std::move(lit), false);
    if (fit.shape == Shape::kOther || still.shape == Shape::kFan) fit = still;
  }
  if (fit.shape != Shape::kFan) return refusal(fit.shape);
  return in_source(fit, scale_x, scale_y, range.width, range.height);
}

}  // namespace precordia
