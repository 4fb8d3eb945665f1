#include "paper/lead_plan.h"

namespace precordia {
namespace {

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
      for (const double h : {5.0, 10.0, 20.0})
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

}  // namespace

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
