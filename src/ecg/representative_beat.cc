#include "ecg/representative_beat.h"

#include <algorithm>
#include <cmath>

namespace precordia {
namespace {

constexpr int kLongestBefore = samples_of_ms(480), kLongestAfter = samples_of_ms(760);
constexpr int kKnotFrom = samples_of_ms(24),
              kKnotTo = samples_of_ms(4);  // the PR level: this long before the QRS
constexpr size_t kMostBeats = 32;          // enough for the median of a long record

// Natural cubic spline through (x, y); evaluated at every sample into `out`. Constant outside the knots.
void spline(const std::vector<int>& x, const std::vector<float>& y, std::vector<float>& out) {
  const int knots = static_cast<int>(x.size());
  if (knots == 0) {
    std::fill(out.begin(), out.end(), 0.0f);
    return;
  }
  std::vector<double> second(knots, 0.0), work(knots, 0.0);
  for (int i = 1; i + 1 < knots; ++i) {  // tridiagonal system, Thomas algorithm
    const double h0 = x[i] - x[i - 1], h1 = x[i + 1] - x[i], share = h0 / (h0 + h1),
                 pivot = share * second[i - 1] + 2;
    second[i] = (share - 1) / pivot;
    const double bend = (y[i + 1] - y[i]) / h1 - (y[i] - y[i - 1]) / h0;
    work[i] = (6 * bend / (h0 + h1) - share * work[i - 1]) / pivot;
  }
  second[knots - 1] = 0;
  for (int i = knots - 2; i >= 0; --i) second[i] = second[i] * second[i + 1] + work[i];
  second[0] = 0;
  const int n = static_cast<int>(out.size());
  for (int t = 0; t < std::min(n, x.front()); ++t) out[t] = y.front();
  for (int t = std::max(0, x.back()); t < n; ++t) out[t] = y.back();
  for (int i = 0; i + 1 < knots; ++i) {
    const double h = x[i + 1] - x[i];
    for (int t = std::max(0, x[i]); t < std::min(n, x[i + 1]); ++t) {
      const double b = (t - x[i]) / h, a = 1 - b;
      out[t] =
          static_cast<float>(a * y[i] + b * y[i + 1] +
                             ((a * a * a - a) * second[i] + (b * b * b - b) * second[i + 1]) * h * h / 6);
    }
  }
}

// One beat of one lead; samples outside [from, to) lie beyond the record.
struct Segment {
  int from = 0, to = 0;
  std::vector<float> mv;
};

// Sample by sample; where no beat reaches, the last value is held. Stretches over which the same beats are there are sorted
// all samples at a time by odd-even transposition, which the compiler turns into vector minima and maxima.
std::vector<float> median_of(const std::vector<Segment>& segments, int length) {
  std::vector<int> bounds = {0, length};
  for (const Segment& s : segments) {
    bounds.push_back(s.from);
    bounds.push_back(s.to);
  }
  std::sort(bounds.begin(), bounds.end());
  std::vector<float> out(length, 0.0f);
  std::vector<std::vector<float>> rows;
  for (size_t b = 0; b + 1 < bounds.size(); ++b) {
    const int from = bounds[b], count = bounds[b + 1] - from;
    if (count == 0) continue;
    rows.clear();
    for (const Segment& s : segments) {
      if (s.from <= from && s.to >= from + count)
        rows.emplace_back(s.mv.begin() + from, s.mv.begin() + from + count);
    }
    const size_t n = rows.size();
    if (n == 0) {
      std::fill_n(out.begin() + from, count, from > 0 ? out[from - 1] : 0.0f);
      continue;
    }
    for (size_t round = 0; round < n; ++round) {
      for (size_t i = round % 2; i + 1 < n; i += 2) {
        float *low = rows[i].data(), *high = rows[i + 1].data();
        for (int k = 0; k < count; ++k) {
          const float a = low[k], c = high[k];
          low[k] = std::min(a, c);
          high[k] = std::max(a, c);
        }
      }
    }
    const std::vector<float>&a = rows[(n - 1) / 2], &c = rows[n / 2];
    for (int k = 0; k < count; ++k) out[from + k] = 0.5f * (a[k] + c[k]);
  }
  return out;
}

float mean_of(const std::vector<float>& v, int from, int to) {
  float sum = 0;
  for (int i = from; i < to; ++i) sum += v[i];
  return sum / static_cast<float>(to - from);
}

}  // namespace

int typical_rr(const std::vector<ClassifiedBeat>& beats) {
  std::vector<int> rr;
  for (size_t i = 1; i < beats.size(); ++i) rr.push_back(beats[i].r - beats[i - 1].r);
  if (rr.empty()) return samples_of_ms(1000);
  std::nth_element(rr.begin(), rr.begin() + rr.size() / 2, rr.end());
  return rr[rr.size() / 2];
}

MedianBeat median_beat(const AnalysisSignal& signal, const std::vector<ClassifiedBeat>& beats,
                       int qrs_start) {
  MedianBeat out;
  std::vector<int> used;
  std::vector<int> intervals;
  for (size_t i = 0; i < beats.size(); ++i) {
    if (beats[i].beat_class != BeatClass::kDominant && beats[i].beat_class != BeatClass::kPaced) continue;
    if (beats[i].family != 0 || used.size() >= kMostBeats) continue;
    used.push_back(static_cast<int>(i));
    if (i > 0) intervals.push_back(beats[i].r - beats[i - 1].r);
    if (i + 1 < beats.size()) intervals.push_back(beats[i + 1].r - beats[i].r);
  }
  if (used.empty()) return out;
  // A beat at the very end of the record lacks half of its waves; leave it out when enough others are there.
  if (used.size() > 4) {
    std::erase_if(used, [&](int b) {
      return beats[b].r < samples_of_ms(250) || beats[b].r + samples_of_ms(400) >= signal.sample_count;
    });
  }
  int rr = typical_rr(beats);
  if (!intervals.empty()) {
    std::nth_element(intervals.begin(), intervals.begin() + intervals.size() / 2, intervals.end());
    rr = intervals[intervals.size() / 2];
  }
  out.rr = rr;
  out.r_index = std::min(kLongestBefore, static_cast<int>(0.6 * rr));
  const int after = std::min(kLongestAfter, static_cast<int>(0.9 * rr));
  out.length = out.r_index + after;
  out.next_r = out.r_index + rr;
  out.beats_used = static_cast<int>(used.size());
  out.leads = signal.leads;

  std::vector<float> baseline(signal.sample_count);
  std::vector<int> knots;
  std::vector<float> levels;
  std::vector<Segment> segments(used.size());
  for (int lead : signal.leads) {
    const std::vector<float>& mv = signal.mv[lead];
    knots.clear();
    levels.clear();
    for (const ClassifiedBeat& beat : beats) {
      const int from = beat.r - qrs_start - kKnotFrom, to = beat.r - qrs_start - kKnotTo;
      if (from < 0 || to > signal.sample_count) continue;
      const int at = (from + to) / 2;
      if (!knots.empty() && at - knots.back() < samples_of_ms(200)) continue;
      knots.push_back(at);
      levels.push_back(mean_of(mv, from, to));
    }
    spline(knots, levels, baseline);
    for (size_t i = 0; i < used.size(); ++i) {
      const int first = beats[used[i]].r - out.r_index;
      segments[i].from = std::clamp(-first, 0, out.length);
      segments[i].to = std::clamp(signal.sample_count - first, segments[i].from, out.length);
      segments[i].mv.resize(out.length);
      for (int k = segments[i].from; k < segments[i].to; ++k) segments[i].mv[k] = mv[first + k] - baseline[first + k];
    }
    out.mv[lead] = median_of(segments, out.length);
    const int zero_from = out.r_index - qrs_start - kKnotFrom, zero_to = out.r_index - qrs_start - kKnotTo;
    if (zero_from >= 0 && zero_to <= out.length) {
      const float zero = mean_of(out.mv[lead], zero_from, zero_to);
      for (float& v : out.mv[lead]) v -= zero;
    }
  }
  return out;
}

}  // namespace precordia
