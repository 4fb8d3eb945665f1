#include "ecg/repolarisation_end.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace precordia {
namespace {

constexpr int kAfterQrs = samples_of_ms(20);      // the end of the QRS itself is no summit
constexpr int kHalfSmooth = samples_of_ms(20);    // moving mean of 42 ms
constexpr int kHalfSummit = samples_of_ms(20);    // a summit is the highest within 20 ms to either side
constexpr int kEarliestSummit = samples_of_ms(40);
constexpr int kFallWithin = samples_of_ms(150);   // the steepest fall is sought this far behind the summit
constexpr int kShortest = samples_of_ms(120);
constexpr float kSummitShare = 0.7f;

}  // namespace

std::optional<int> repolarisation_end(const MedianBeat& beat, int qrs_off, int until) {
  const int from = qrs_off + kAfterQrs, to = std::min(until, beat.length - 1);
  const int n = to - from;
  if (beat.leads.empty() || from < 0 || n < kShortest) return std::nullopt;
  std::vector<float> power(n, 0.0f), size(n);
  for (int lead : beat.leads) {
    const float* mv = beat.mv[lead].data() + from;
    for (int i = 0; i < n; ++i) power[i] += mv[i] * mv[i];
  }
  std::vector<float> sum(n + 1, 0.0f);
  const float per_lead = 1.0f / static_cast<float>(beat.leads.size());
  for (int i = 0; i < n; ++i) sum[i + 1] = sum[i] + std::sqrt(power[i] * per_lead);
  for (int i = 0; i < n; ++i) {
    const int low = std::max(0, i - kHalfSmooth), high = std::min(n, i + kHalfSmooth + 1);
    size[i] = (sum[high] - sum[low]) / static_cast<float>(high - low);
  }
  const float highest = *std::max_element(size.begin() + kHalfSummit, size.end());
  int summit = static_cast<int>(std::max_element(size.begin() + kHalfSummit, size.end()) - size.begin());
  for (int i = n - kHalfSummit - 1; i >= kEarliestSummit; --i) {
    if (size[i] <= kSummitShare * highest || size[i] < size[i - 1] || size[i] < size[i + 1]) continue;
    if (size[i] < *std::max_element(size.begin() + i - kHalfSummit, size.begin() + i + kHalfSummit + 1)) continue;
    summit = std::max(summit, i);
    break;
  }
  float steepest = 0;
  int at = summit;
  for (int i = summit + 1; i < std::min(n - 1, summit + kFallWithin); ++i) {
    const float slope = 0.5f * (size[i + 1] - size[i - 1]);
    if (slope < steepest) steepest = slope, at = i;
  }
  if (steepest >= 0) return std::nullopt;
  return std::min(to, from + at + static_cast<int>(std::lround(-size[at] / steepest)));
}

}  // namespace precordia
