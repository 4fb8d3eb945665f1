#include "echo/beats.h"

#include <algorithm>
#include <cmath>

namespace precordia {
namespace {

constexpr double kLeastSwing = 0.25;       // of the curve's range: a dip this deep is a contraction
constexpr double kRefilled = 0.6;
constexpr double kCurveSmoothingMs = 30;
constexpr double kEdSearchMs = 80;

double at_share(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
}

}  // namespace

std::vector<double> smoothed_curve(std::span<const double> volume, std::span<const double> times_ms, double sd) {
  const int n = static_cast<int>(volume.size());
  std::vector<double> filled(volume.begin(), volume.end());
  int last = -1;
  for (int i = 0; i < n; ++i) {
    if (std::isnan(filled[static_cast<size_t>(i)])) continue;
    if (last < 0) std::fill(filled.begin(), filled.begin() + i, filled[static_cast<size_t>(i)]);
    for (int k = last + 1; last >= 0 && k < i; ++k) {
      const double share = static_cast<double>(k - last) / (i - last);
      filled[static_cast<size_t>(k)] = filled[static_cast<size_t>(last)] * (1 - share) + filled[static_cast<size_t>(i)] * share;
    }
    last = i;
  }
  if (last < 0) return {};
  std::fill(filled.begin() + last + 1, filled.end(), filled[static_cast<size_t>(last)]);
  std::vector<double> out(filled.size());
  for (int i = 0; i < n; ++i) {
    double sum = 0, total = 0;
    for (int k = 0; k < n; ++k) {
      const double away = times_ms.empty() ? k - i : times_ms[static_cast<size_t>(k)] - times_ms[static_cast<size_t>(i)];
      if (std::abs(away) > 4 * sd) continue;
      const double weight = std::exp(-0.5 * away * away / (sd * sd));
      sum += weight * filled[static_cast<size_t>(k)], total += weight;
    }
    out[static_cast<size_t>(i)] = sum / total;
  }
  return out;
}

std::vector<BeatFrames> find_beats(std::span<const double> volume, std::span<const double> times_ms) {
  const std::vector<double> curve = smoothed_curve(volume, times_ms, times_ms.empty() ? 1.0 : kCurveSmoothingMs);
  const int n = static_cast<int>(curve.size());
  if (n < 5) return {};
  const double range = at_share(curve, 0.98) - at_share(curve, 0.02);
  if (range <= 0) return {};
  const auto value = [&](int i) { return curve[static_cast<size_t>(i)]; };

  // Turning points that are kLeastSwing apart: alternately fullest and emptiest.
  std::vector<int> turns;
  std::vector<bool> full;
  int high = 0, low = 0, direction = 0;   // 1 rising, -1 falling, 0 not known yet
  for (int i = 1; i < n; ++i) {
    if (value(i) > value(high)) high = i;
    if (value(i) < value(low)) low = i;
    if (direction >= 0 && value(high) - value(i) > kLeastSwing * range) {
      turns.push_back(high), full.push_back(true);
      direction = -1, low = i;
    } else if (direction <= 0 && value(i) - value(low) > kLeastSwing * range) {
      turns.push_back(low), full.push_back(false);
      direction = 1, high = i;
    }
  }
  if (direction < 0) turns.push_back(low), full.push_back(false);
  if (direction > 0) turns.push_back(high), full.push_back(true);

  // End-diastole is the last moment before emptying at which the ventricle is nearly as full as at its fullest: with a long diastasis the
  // fullest frame may be any of many, and noise is a larger part of a small stroke.
  const auto time = [&](int i) { return times_ms.empty() ? 0.0 : times_ms[static_cast<size_t>(i)]; };
  const auto last_full = [&](int peak, int empty) {
    const double near = value(peak) - 0.06 * (value(peak) - value(empty));
    int at = peak;
    for (int i = peak; i < empty; ++i)
      if (value(i) >= near) at = i;
    // At `at` the ventricle has begun to empty: the last of the frames just before it that are fullest.
    int first = at;
    double most = value(at);
    while (first > peak && (times_ms.empty() ? at - first < 2 : time(at) - time(first - 1) <= kEdSearchMs)) most = std::max(most, value(--first));
    while (at > first && value(at) < most - 0.004 * (most - value(empty))) --at;
    return at;
  };
  std::vector<BeatFrames> beats;
  for (size_t k = 0; k + 1 < turns.size(); ++k) {
    if (!full[k]) continue;
    BeatFrames beat;
    beat.es = turns[k + 1];
    beat.ed = last_full(turns[k], beat.es);
    const double given = value(beat.ed) - value(beat.es);
    double refilled = 0;
    const int until = k + 3 < turns.size() ? turns[k + 3] : n - 1;
    for (int i = beat.es; i <= until; ++i) refilled = std::max(refilled, value(i) - value(beat.es));
    beat.complete = beat.es < n - 1 && refilled >= kRefilled * given;
    // The clip may begin with filling and end with emptying: the emptiest moment before this end-diastole then stands for the one that is cut.
    if (!beat.complete && k > 0 && value(beat.ed) - value(turns[k - 1]) >= kRefilled * given && turns[k - 1] > 0) {
      beat.complete = true;
      if (value(turns[k - 1]) < value(beat.es)) beat.es = turns[k - 1];
    }
    if (k + 3 < turns.size()) beat.next_ed = last_full(turns[k + 2], turns[k + 3]);
    if (times_ms.empty()) {
      if (beat.next_ed > 0 && beat.next_ed - beat.ed < 6) continue;
    } else {
      const double systole = time(beat.es) - time(beat.ed);   // negative when end-systole is that of the beat before
      if (systole > 0 && (systole < kShortestSystoleMs || systole > kLongestSystoleMs)) continue;
      if (beat.next_ed > 0 && (time(beat.next_ed) - time(beat.ed) < kShortestBeatMs || time(beat.next_ed) - time(beat.ed) > kLongestBeatMs)) continue;
    }
    beats.push_back(beat);
  }
  // A clip that begins while the ventricle empties has no end-diastole there.
  if (beats.size() > 1 && beats.front().ed <= 1) {
    double full_later = 0;
    for (size_t i = 1; i < beats.size(); ++i) full_later = std::max(full_later, value(beats[i].ed));
    if (value(beats.front().ed) < full_later - 0.2 * range) beats.erase(beats.begin());
  }
  return beats;
}

}  // namespace precordia
