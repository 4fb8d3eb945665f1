#include "paper/lead_plan.h"

namespace precordia {
namespace {

// Plateau: columns of one height between two steep edges, with a foot of another height beside at least one of them.
std::optional<CalibrationPulse> pulse_between(const FlatPage& page, const TraceRow& row, int from, int to) {
  const double mm = page.px_per_mm;
  // The pulse may be drawn with another pen than the trace: the middle of its ink, whatever its width.
  std::vector<float> middle(row.top.size());
  for (size_t x = 0; x < middle.size(); ++x)   // its edges are neither plateau nor foot
    middle[x] = row.bottom[x] - row.top[x] < 2.2 * mm ? 0.5f * (row.top[x] + row.bottom[x]) : std::nanf("");
  std::optional<CalibrationPulse> best;
  double best_score = 0;
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
    const auto before = foot(a, -1), after = foot(b, 1);
    if (!before && !after) continue;
    if (before && after && std::abs(*before - *after) > 1.2 * mm) continue;
    CalibrationPulse pulse;
    pulse.begin_px = a, pulse.end_px = b;
    pulse.foot_px = before && after ? 0.5 * (*before + *after) : before ? *before : *after;
    pulse.height_px = pulse.foot_px - level;
    pulse.width_px = b - a + 1;
    const double height = pulse.height_px / mm;
    if (height < 4 || height > 22) continue;
    double nearest = 1;
    for (const double h : {5.0, 10.0, 20.0}) nearest = std::min(nearest, std::abs(height / h - 1));
    if (nearest > 0.18) continue;   // a rectangle of another height is signal
    const double score = (before && after ? 2 : 1) - 4 * nearest;
    if (score > best_score) best_score = score, best = pulse;
    a = b;
  }
  return best;
}

}  // namespace

std::optional<CalibrationPulse> find_pulse(const FlatPage& page, const TraceRow& row) {
  const int reach = static_cast<int>(20 * page.px_per_mm);
  if (auto pulse = pulse_between(page, row, std::max(0, row.first - 2), std::min(page.ink.width, row.first + reach))) {
    pulse->left = true;
    return pulse;
  }
  if (auto pulse = pulse_between(page, row, std::max(0, row.last - reach), std::min(page.ink.width, row.last + 3))) {
    pulse->left = false;
    return pulse;
  }
  return std::nullopt;
}

}  // namespace precordia
