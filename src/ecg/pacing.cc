#include "ecg/pacing.h"

#include <algorithm>
#include <cmath>

namespace precordia {
namespace {

constexpr float kSmallestSpikeMv = 0.15f;
constexpr float kOverCurvature = 12;           // times the median deviation of the lead
constexpr int kReach = 3;                      // samples to either side of a spike
constexpr int kEarliest = samples_of_ms(340);  // before the fiducial

// How far `at` stands out of the line between its neighbours, when it does so alone (narrower than the
// reach).
float stands_out(const std::vector<float>& mv, int at) {
  const float left = mv[at - kReach], right = mv[at + kReach];
  const float here = mv[at] - 0.5f * (left + right);
  const float beyond =
      std::max(std::fabs(mv[at - 2 * kReach] - left), std::fabs(mv[at + 2 * kReach] - right));
  return std::fabs(here) - 1.5f * std::max(beyond, std::fabs(left - right));
}

}  // namespace

std::vector<int> find_spikes(const AnalysisSignal& signal, double record_rate_hz) {
  std::vector<int> spikes;
  if (record_rate_hz < kLowestRateForSpikes || signal.sample_count < 8 * kReach) return spikes;
  std::vector<float> over(signal.sample_count, 0.0f), size;  // largest excess over the threshold of its lead
  for (int lead : signal.leads) {
    const std::vector<float>& mv = signal.mv[lead];
    size.clear();
    for (int i = 2 * kReach; i + 2 * kReach < signal.sample_count; i += 7)
      size.push_back(std::fabs(mv[i] - 0.5f * (mv[i - kReach] + mv[i + kReach])));
    std::nth_element(size.begin(), size.begin() + size.size() / 2, size.end());
    const float threshold = std::max(kSmallestSpikeMv, kOverCurvature * size[size.size() / 2]);
    for (int i = 2 * kReach; i + 2 * kReach < signal.sample_count; ++i) {
      if (std::fabs(mv[i] - 0.5f * (mv[i - kReach] + mv[i + kReach])) <= threshold) continue;
      over[i] = std::max(over[i], stands_out(mv, i) / threshold);
    }
  }
  for (int i = 0; i < signal.sample_count; ++i) {
    if (over[i] <= 1) continue;
    if (!spikes.empty() && i - spikes.back() < 2 * kReach) {
      if (over[i] > over[spikes.back()]) spikes.back() = i;
    } else {
      spikes.push_back(i);
    }
  }
  return spikes;
}

PacingSuspicion judge_pacing(const std::vector<int>& spikes, const std::vector<ClassifiedBeat>& beats) {
  PacingSuspicion out;
  out.spike_before.assign(beats.size(), false);
  std::vector<int> lag(beats.size(), -1), found;
  for (size_t b = 0; b < beats.size(); ++b) {
    for (int spike : spikes) {  // the last one before the beat: with two chambers paced, the ventricle's
      if (spike <= beats[b].r && beats[b].r - spike <= kEarliest) lag[b] = beats[b].r - spike;
    }
    if (lag[b] >= 0) found.push_back(lag[b]);
  }
  if (found.size() < 3 || found.size() * 2 < beats.size()) return out;
  std::sort(found.begin(), found.end());
  const int usual = found[found.size() / 2];
  size_t constant = 0;
  for (size_t b = 0; b < beats.size(); ++b) {
    out.spike_before[b] = lag[b] >= 0 && std::abs(lag[b] - usual) <= samples_of_ms(16);
    constant += out.spike_before[b];
  }
  out.suspected = constant >= 3 && constant * 2 >= beats.size();
  if (!out.suspected) out.spike_before.assign(beats.size(), false);
  return out;
}

void remove_spikes(AnalysisSignal& signal, const std::vector<int>& spikes) {
  for (int lead : signal.leads) {
    std::vector<float>& mv = signal.mv[lead];
    for (int at : spikes) {
      const int from = std::max(0, at - kReach - 1), to = std::min(signal.sample_count - 1, at + kReach + 1);
      for (int i = from + 1; i < to; ++i)
        mv[i] = mv[from] + (mv[to] - mv[from]) * static_cast<float>(i - from) / static_cast<float>(to - from);
    }
    signal.wavelet[lead] = wavelet_transform(mv);
  }
}

}  // namespace precordia
