#include "ecg/atrial_activity.h"

#include <algorithm>
#include <cmath>

namespace precordia {
namespace {

constexpr int kStep = 4;
constexpr double kCoherentP =
    0.35;  // share of repeating power from which the atria are said to lead the ventricles
constexpr double kSmallestPMv = 0.010;
constexpr size_t kFewBeats = 3;  // below this nothing can repeat; the size of the wave must decide
constexpr double kClearPMv = 0.04;

}  // namespace

AtrialActivity find_atrial_activity(const Traces& record, const std::vector<ClassifiedBeat>& beats,
                                    int p_from, int p_to, double peak_mv) {
  AtrialActivity activity;
  activity.peak_mv = peak_mv;
  activity.beat_match.assign(beats.size(), 0.0f);
  if (p_to - p_from < samples_of_ms(40)) return activity;
  const int points = (p_to - p_from) / kStep + 1;
  const size_t size = points * record.leads.size();

  std::vector<std::vector<float>> windows(beats.size());
  std::vector<double> sum(size, 0.0);
  double energy = 0;
  size_t used = 0;
  for (size_t b = 0; b < beats.size(); ++b) {
    if (beats[b].r + p_from < 0 || beats[b].r + p_to >= record.sample_count) continue;
    std::vector<float>& window = windows[b];
    window.reserve(size);
    for (int lead : record.leads) {
      const std::vector<float>& w = record.without_qrs[lead][4];
      for (int p = 0; p < points; ++p) window.push_back(w[beats[b].r + p_from + p * kStep]);
    }
    if (beats[b].family != 0) continue;
    ++used;
    for (size_t i = 0; i < size; ++i) {
      sum[i] += window[i];
      energy += window[i] * window[i];
    }
  }
  double repeating = 0;
  for (double s : sum) repeating += s * s;
  if (used >= 2 && energy > 0) activity.coherence = (repeating - energy) / ((used - 1) * energy);
  for (size_t b = 0; b < beats.size(); ++b) {
    if (windows[b].empty()) continue;
    const bool own =
        beats[b].family == 0 && used > 1;  // leave the beat itself out of the mean it is compared with
    double dot = 0, a = 0, c = 0;
    for (size_t i = 0; i < size; ++i) {
      const double mean = own ? sum[i] - windows[b][i] : sum[i];
      dot += mean * windows[b][i];
      a += mean * mean;
      c += windows[b][i] * windows[b][i];
    }
    activity.beat_match[b] = a > 0 && c > 0 ? static_cast<float>(dot / std::sqrt(a * c)) : 0.0f;
  }
  activity.p_present =
      used >= kFewBeats ? activity.coherence >= kCoherentP && peak_mv >= kSmallestPMv : peak_mv >= kClearPMv;
  return activity;
}

}  // namespace precordia
