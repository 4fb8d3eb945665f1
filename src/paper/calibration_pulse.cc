#include "paper/lead_plan.h"

namespace precordia {
namespace {

constexpr std::array<double, 3> kGains{5, 10, 20};   // mm/mV

struct Found { CalibrationPulse pulse; double score = 0; };

// Plateaus: columns of one height beside at least one steep edge that ends a usual gain lower.
std::vector<Found> pulses_between(const FlatPage& page, const TraceRow& row, int from, int to) {
  const double mm = page.px_per_mm;
  // The pulse may be drawn with another pen than the trace: the middle of its ink, whatever its width.
  std::vector<float> middle(row.top.size());
  for (size_t x = 0; x < middle.size(); ++x)   // its edges are neither plateau nor foot
    middle[x] = row.bottom[x] - row.top[x] < 2.2 * mm ? 0.5f * (row.top[x] + row.bottom[x]) : std::nanf("");
  std::vector<Found> found;
  const int least = static_cast<int>(1.8 * mm), most = static_cast<int>(11.5 * mm);
  for (int a = from; a + least < to; ++a) {
    if (std::isnan(middle[a])) continue;
    // The longest level stretch that starts here.
    float low = middle[a], high = middle[a];
    int b = a;
    while (b + 1 < to && b - a < most && !std::isnan(middle[b + 1])) {
      const float l = std::min(low, middle[b + 1]), h = std::max(high, middle[b + 1]);
      if (h - l > 0.35 * mm) break;
      low = l, high = h, ++b;
    }
    if (b - a < least || b - a >= most) continue;
    const double level = 0.5 * (low + high);
    const auto foot = [&](int edge, int direction) -> std::optional<double> {
      // Past the edge (1.2 mm at most), 0.6 mm of level foot.
      for (int skip = 1; skip <= static_cast<int>(1.3 * mm); ++skip) {
        const int x = edge + direction * skip;
        const int n = std::max(3, static_cast<int>(0.5 * mm));
        double sum = 0;
        float l = 1e9f, h = -1e9f;
        bool whole = true;
        for (int k = 0; k < n && whole; ++k) {
          const int at = x + direction * k;
          whole = at >= 0 && at < page.ink.width && !std::isnan(middle[at]);
          if (whole) sum += middle[at], l = std::min(l, middle[at]), h = std::max(h, middle[at]);
        }
        if (!whole) continue;
        if (h - l < 0.4 * mm && sum / n - level > 3.5 * mm) return sum / n;
      }
      return std::nullopt;
    };
    // Where the foot is too short to be seen, or the trace joins it at another height: where the edge itself ends.
    const auto edge_end = [&](int edge, int direction) -> std::optional<double> {
      for (int skip = 1; skip <= static_cast<int>(1.3 * mm); ++skip) {
        const int x = edge + direction * skip;
        if (x < 0 || x >= page.ink.width) break;
        if (row.bottom[x] - row.top[x] > 2.2 * mm && row.top[x] < level + 0.7 * mm) return row.bottom[x] - 0.5 * page.pen_px;
      }
      return std::nullopt;
    };
    const std::optional<double> feet[] = {foot(a, -1), foot(b, 1), edge_end(a, -1), edge_end(b, 1)};
    CalibrationPulse pulse;
    pulse.begin_px = a, pulse.end_px = b;
    pulse.width_px = b - a + 1;
    double nearest = 1;
    for (const auto& f : feet)
      for (const double h : kGains)
        if (f && std::abs((*f - level) / mm / h - 1) < nearest - 0.01) nearest = std::abs((*f - level) / mm / h - 1), pulse.foot_px = *f;
    if (feet[0] && feet[1] && std::abs(*feet[0] - *feet[1]) < 0.6 * mm) pulse.foot_px = 0.5 * (*feet[0] + *feet[1]);
    pulse.height_px = pulse.foot_px - level;
    if (nearest > 0.18) continue;   // a rectangle of another height is signal
    pulse.both_feet = feet[0] && feet[1];
    found.push_back({pulse, (feet[0] && feet[1] ? 2 : 1) - 4 * nearest});
    a = b;
  }
  return found;
}

// An upright stroke: a column of pixels and the ends of its ink.
struct Stroke { int x = 0, top = 0, bottom = 0; float ink = 0; };

// Strokes of 4 mm and more between two columns, darkest first, one within every 0.6 mm.
std::vector<Stroke> strokes_between(const FlatPage& page, int from, int to) {
  const int h = page.ink.height, least = static_cast<int>(4 * page.px_per_mm);
  const int gap = static_cast<int>(0.8 * page.px_per_mm);   // where a line of the grid was taken away
  std::vector<Stroke> all;
  for (int x = std::max(1, from); x < std::min(page.ink.width - 1, to); ++x) {
    int start = -1, last = -1;
    float sum = 0;
    for (int y = 0; y <= h; ++y) {
      const bool dark = y < h && std::max({page.ink.at(x - 1, y), page.ink.at(x, y), page.ink.at(x + 1, y)}) > kInk;   // it may lean by a pixel
      if (dark && start < 0) start = y, sum = 0;
      if (dark) sum += page.ink.at(x, y), last = y;
      if (dark || start < 0 || (y < h && y - last <= gap)) continue;
      if (last + 1 - start >= least) all.push_back({x, start, last, sum / static_cast<float>(last + 1 - start)});
      start = -1;
    }
  }
  std::sort(all.begin(), all.end(), [](const Stroke& a, const Stroke& b) { return a.ink > b.ink; });
  std::vector<Stroke> strokes;
  for (const Stroke& s : all) {
    const bool beside = std::any_of(strokes.begin(), strokes.end(), [&](const Stroke& o) { return std::abs(s.x - o.x) < 0.6 * page.px_per_mm && s.top <= o.bottom && s.bottom >= o.top; });
    if (!beside) strokes.push_back(s);
  }
  return strokes;
}

}  // namespace

std::vector<std::optional<CalibrationPulse>> find_upright_pulses(const FlatPage& page, const std::vector<TraceRow>& rows, bool left) {
  const double mm = page.px_per_mm;
  const int pen = std::max(1, static_cast<int>(std::lround(page.pen_px)));
  int begin = page.ink.width, end = 0;
  for (const TraceRow& row : rows) begin = std::min(begin, row.first), end = std::max(end, row.last);
  const int out = static_cast<int>(12 * mm), in = static_cast<int>(20 * mm);
  const std::vector<Stroke> strokes = left ? strokes_between(page, begin - out, begin + in) : strokes_between(page, end - in, end + out);
  const auto inked = [&](int x, int y, int reach) {
    float most = 0;
    for (int k = std::max(0, y - reach); k <= std::min(page.ink.height - 1, y + reach); ++k) most = std::max(most, page.ink.at(x, k));
    return most > kInk;
  };
  std::vector<std::optional<CalibrationPulse>> pulses(rows.size());
  std::vector<double> off(rows.size(), 3 * mm);   // how far the foot of a row's pulse is from where the row rests
  for (const Stroke& a : strokes)
    for (const Stroke& b : strokes) {
      const int width = b.x - a.x;
      if (width < 1.8 * mm || width > 11.5 * mm || std::abs(a.top - b.top) > 0.5 * mm || std::abs(a.bottom - b.bottom) > 0.6 * mm) continue;
      // The bar's middle and thickness from its ink; the feet are drawn with the same pen.
      double mass = 0, moment = 0;
      int columns = 0;
      for (int x = a.x + pen + 1; x < b.x - pen; ++x, ++columns)
        for (int y = std::max(0, a.top - pen); y <= std::min(page.ink.height - 1, a.top + 2 * pen); ++y) mass += page.ink.at(x, y), moment += page.ink.at(x, y) * y;
      if (!(mass > 0.5 * columns)) continue;
      const double level = moment / mass, foot = 0.5 * (a.bottom + b.bottom + 1 - mass / columns), height = (foot - level) / mm;
      if (std::none_of(kGains.begin(), kGains.end(), [&](double g) { return std::abs(height - g) < std::max(0.4, 0.05 * g); })) continue;
      int bar = 0, inside = 0;
      for (int x = a.x; x <= b.x; ++x) bar += inked(x, static_cast<int>(level), pen), inside += inked(x, static_cast<int>(0.5 * (level + foot)), 0);
      if (bar < 0.9 * width || inside > 0.3 * width + 2 * pen) continue;
      for (size_t i = 0; i < rows.size(); ++i)
        if (const double d = std::abs(foot - rows[i].baseline_px); d < off[i]) {
          off[i] = d;
          pulses[i] = CalibrationPulse{left, a.x + 0.5 * pen, b.x - 0.5 * pen, foot - level, width + 1.0 - pen, foot, false, true};
        }
    }
  return pulses;
}

std::optional<CalibrationPulse> find_pulse(const FlatPage& page, const TraceRow& row, bool left) {
  const int reach = static_cast<int>(20 * page.px_per_mm);
  const std::vector<Found> found = left ? pulses_between(page, row, std::max(0, row.first - 2), std::min(page.ink.width, row.first + reach))
                                        : pulses_between(page, row, std::max(0, row.last - reach), std::min(page.ink.width, row.last + 3));
  std::optional<CalibrationPulse> best;
  double most = 0;
  for (const Found& f : found)
    if (f.score > most) most = f.score, best = f.pulse;
  if (best) best->left = left;
  return best;
}

std::vector<CalibrationPulse> find_pulses(const FlatPage& page, const TraceRow& row, int from, int to) {
  std::vector<CalibrationPulse> pulses;
  for (const Found& f : pulses_between(page, row, std::max(0, from), std::min(page.ink.width, to)))
    if (f.score > 0) pulses.push_back(f.pulse);
  return pulses;
}

}  // namespace precordia
