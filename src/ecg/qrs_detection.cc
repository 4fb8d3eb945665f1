#include "ecg/qrs_detection.h"

#include <algorithm>
#include <cmath>

namespace precordia {
namespace {

constexpr int kRefractory = samples_of_ms(200);
constexpr int kSmoothing = samples_of_ms(80);
constexpr float kFirstThreshold = 0.42f;  // of the local QRS level
constexpr float kSearchBackThreshold = 0.22f;
constexpr double kLongPause = 1.55;  // of the running RR interval: search back
constexpr int kTWaveZone = samples_of_ms(460);
constexpr float kTWaveRatio = 0.55f;  // a peak this close behind a QRS and this much smaller is its T wave,
constexpr float kBluntRatio = 0.5f;  // and so is a smaller one that lacks the QRS's steepness (level 2 alone)
constexpr float kLargestShare = 4;  // of a lead in the joint energy, relative to the middle lead's
constexpr float kJolt = 3;          // a lead's energy counts up to this multiple of its QRS level
constexpr float kFloor = 1.3f;      // of the middle energy: what noise alone reaches
constexpr float kSeen = 0.10f;      // of a lead's QRS energy, from which it is said to show the beat
constexpr float kSmallestQrsMv =
    0.06f;  // peak-to-peak in the best lead, below which nothing counts as a beat

float quantile(std::vector<float> values, double q) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<long>(q * (values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// Typical height of the tallest excursion in windows of 1.2 s: the QRS level, immune to a few ectopic beats
// or artefacts.
float typical_peak(const std::vector<float>& magnitude) {
  const int window = samples_of_ms(1200), n = static_cast<int>(magnitude.size());
  std::vector<float> peaks;
  for (int from = 0; from < n; from += window) {
    const int to = std::min(n, from + window);
    if (to - from < window / 2 && !peaks.empty()) break;
    peaks.push_back(*std::max_element(magnitude.begin() + from, magnitude.begin() + to));
  }
  return quantile(peaks, 0.5);
}

// The largest value of each stretch of the given length.
std::vector<float> peaks_of(const std::vector<float>& values, int stretch) {
  std::vector<float> peaks;
  const int n = static_cast<int>(values.size());
  for (int from = 0; from < n; from += stretch) {
    peaks.push_back(*std::max_element(values.begin() + from, values.begin() + std::min(n, from + stretch)));
  }
  return peaks;
}

struct LeadEnergy {
  int lead;
  float peak2;   // square of the lead's own QRS level
  float weight;  // of its squared signal
};

struct JointEnergy {
  std::vector<float> both, steep;  // levels 2 and 3 together; level 2 alone, not smoothed
  float steep_floor = 0;           // what `steep` is between beats
  std::vector<LeadEnergy> leads;
};

JointEnergy combined_energy(const AnalysisSignal& signal) {
  const int n = signal.sample_count;
  JointEnergy out;
  std::vector<float> magnitude2(n), shares;
  for (int lead : signal.leads) {
    const auto& low = signal.wavelet[lead][3];
    const auto& high = signal.wavelet[lead][2];
    for (int i = 0; i < n; ++i) magnitude2[i] = low[i] * low[i] + high[i] * high[i];
    const float peak2 = typical_peak(magnitude2);
    if (peak2 <= 0) continue;
    const float noise2 = std::max(quantile(magnitude2, 0.5), 0.0025f * peak2);
    out.leads.push_back({lead, peak2, peak2 / (noise2 * noise2)});
    shares.push_back(peak2 * out.leads.back().weight);
  }
  // Neither a lead that is much cleaner than the rest nor a jolt in one lead may speak for all of them.
  const float largest_share = kLargestShare * quantile(shares, 0.5);
  out.steep.assign(n, 0.0f);
  std::vector<float> energy(n, 0.0f);
  for (const LeadEnergy& l : out.leads) {
    const float weight = std::min(l.weight, largest_share / l.peak2), limit = kJolt * l.peak2;
    const float* low = signal.wavelet[l.lead][3].data();
    const float* high = signal.wavelet[l.lead][2].data();
    for (int i = 0; i < n; ++i) {
      const float steep = high[i] * high[i];
      energy[i] += weight * std::min(limit, low[i] * low[i] + steep);
      out.steep[i] += weight * std::min(limit, steep);
    }
  }
  // Moving average, less what is there between beats (noise adds to every peak alike), then back to an amplitude.
  std::vector<float>& smooth = out.both;
  smooth.resize(n);
  double sum = 0;
  const int half = kSmoothing / 2;
  for (int i = -half; i < n; ++i) {
    if (i + half < n) sum += energy[i + half];
    if (i - half - 1 >= 0) sum -= energy[i - half - 1];
    if (i >= 0) smooth[i] = static_cast<float>(std::max(0.0, sum) / (2 * half + 1));
  }
  const float floor = kFloor * quantile(smooth, 0.5);
  for (float& v : smooth) v = std::sqrt(std::max(0.0f, v - floor));
  out.steep_floor = quantile(peaks_of(out.steep, samples_of_ms(100)), 0.5);
  return out;
}

struct Peak {
  int at;
  float height;
  float steepness = 0;
};

// Local maxima that are the highest within the refractory time on either side.
std::vector<Peak> isolated_peaks(const std::vector<float>& energy) {
  std::vector<Peak> peaks;
  const int n = static_cast<int>(energy.size());
  for (int i = 0; i < n; ++i) {
    const bool rises = i == 0 || energy[i] > energy[i - 1];
    const bool falls = i + 1 >= n || energy[i] >= energy[i + 1];
    if (!rises || !falls || energy[i] <= 0) continue;
    if (!peaks.empty() && i - peaks.back().at < kRefractory) {
      if (energy[i] > peaks.back().height) peaks.back() = {i, energy[i], 0};
    } else {
      peaks.push_back({i, energy[i], 0});
    }
  }
  return peaks;
}

// QRS level around `at`: median over the tallest peaks of 1.2 s windows within 4 s, never far from the level
// of the record.
std::vector<float> local_levels(const std::vector<float>& energy, const std::vector<Peak>& peaks,
                                float level) {
  const int window = samples_of_ms(1200), n = static_cast<int>(energy.size());
  std::vector<float> window_peak;
  for (int from = 0; from < n; from += window) {
    window_peak.push_back(
        *std::max_element(energy.begin() + from, energy.begin() + std::min(n, from + window)));
  }
  std::vector<float> levels;
  for (const Peak& peak : peaks) {
    const int k = peak.at / window;
    std::vector<float> near;
    for (int j = std::max(0, k - 3); j <= std::min<int>(window_peak.size() - 1, k + 3); ++j)
      near.push_back(window_peak[j]);
    levels.push_back(std::clamp(quantile(near, 0.5), 0.4f * level, 1.6f * level));
  }
  return levels;
}

// A beat has some size in some lead and shows in a quarter of the leads; what one electrode does alone is an artefact.
bool is_beat(const AnalysisSignal& signal, const JointEnergy& joint, int at) {
  const int from = std::max(0, at - samples_of_ms(60)),
            to = std::min(signal.sample_count, at + samples_of_ms(60));
  bool big = false;
  size_t seen = 0;
  for (const LeadEnergy& l : joint.leads) {
    const std::vector<float>& mv = signal.mv[l.lead];
    const auto [low, high] = std::minmax_element(mv.begin() + from, mv.begin() + to);
    big = big || *high - *low >= kSmallestQrsMv;
    const float *blunt = signal.wavelet[l.lead][3].data(), *steep = signal.wavelet[l.lead][2].data();
    float largest = 0;
    for (int i = from; i < to; ++i) largest = std::max(largest, blunt[i] * blunt[i] + steep[i] * steep[i]);
    seen += largest >= kSeen * l.peak2;
  }
  return big && 4 * seen >= joint.leads.size();
}

void remove_t_waves(std::vector<Peak>& beats) {
  for (size_t i = 1; i < beats.size();) {
    const bool close = beats[i].at - beats[i - 1].at < kTWaveZone;
    const bool blunt =
        beats[i].steepness < kBluntRatio * beats[i - 1].steepness && beats[i].height < beats[i - 1].height;
    if (close && (blunt || beats[i].height < kTWaveRatio * beats[i - 1].height)) {
      beats.erase(beats.begin() + i);
    } else if (close && beats[i - 1].height < kTWaveRatio * beats[i].height &&
               beats[i].at - beats[i - 1].at < samples_of_ms(300)) {
      beats.erase(beats.begin() + i - 1);  // a P wave in front of its QRS
    } else {
      ++i;
    }
  }
}

double median_interval(const std::vector<Peak>& beats) {
  std::vector<float> rr;
  for (size_t i = 1; i < beats.size(); ++i) rr.push_back(beats[i].at - beats[i - 1].at);
  return quantile(rr, 0.5);
}

}  // namespace

QrsDetection detect_qrs(const AnalysisSignal& signal) {
  QrsDetection detection;
  if (signal.leads.empty() || signal.sample_count < samples_of_ms(300)) return detection;
  JointEnergy joint = combined_energy(signal);
  detection.energy = std::move(joint.both);
  const float level = typical_peak(detection.energy);
  if (level <= 0) return detection;

  std::vector<Peak> candidates = isolated_peaks(detection.energy);
  for (Peak& peak : candidates) {
    const int from = std::max(0, peak.at - samples_of_ms(50)),
              to = std::min(signal.sample_count, peak.at + samples_of_ms(50));
    peak.steepness =
        std::sqrt(std::max(0.0f, *std::max_element(joint.steep.begin() + from, joint.steep.begin() + to) - joint.steep_floor));
  }
  const std::vector<float> levels = local_levels(detection.energy, candidates, level);
  std::vector<Peak> beats;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].height >= kFirstThreshold * levels[i] && is_beat(signal, joint, candidates[i].at))
      beats.push_back(candidates[i]);
  }
  remove_t_waves(beats);

  // Search back in pauses, the ends of the record included.
  const double rr = median_interval(beats);
  if (beats.size() >= 3) {
    std::vector<Peak> found;
    for (size_t i = 0; i < candidates.size(); ++i) {
      const Peak& peak = candidates[i];
      if (peak.height < kSearchBackThreshold * levels[i] || !is_beat(signal, joint, peak.at)) continue;
      const auto next = std::lower_bound(beats.begin(), beats.end(), peak.at,
                                         [](const Peak& b, int at) { return b.at < at; });
      if (next != beats.end() && next->at == peak.at) continue;
      const int before = next == beats.begin() ? -1 : (next - 1)->at;
      const int after = next == beats.end() ? -1 : next->at;
      if (before >= 0 && peak.at - before < 0.55 * rr) continue;
      if (after >= 0 && after - peak.at < 0.55 * rr) continue;
      if (before >= 0 && after >= 0 && after - before < kLongPause * rr) continue;
      if (!found.empty() && peak.at - found.back().at < 0.55 * rr) {
        if (peak.height > found.back().height) found.back() = peak;
        continue;
      }
      found.push_back(peak);
    }
    beats.insert(beats.end(), found.begin(), found.end());
    std::sort(beats.begin(), beats.end(), [](const Peak& a, const Peak& b) { return a.at < b.at; });
  }
  for (const Peak& beat : beats) detection.at.push_back(beat.at);
  return detection;
}

}  // namespace precordia
