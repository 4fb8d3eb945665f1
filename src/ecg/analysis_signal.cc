#include "ecg/analysis_signal.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/text.h"
#include "signal/resample.h"

namespace precordia {
namespace {

constexpr float kFlatMv = 0.02f;             // peak-to-peak over a whole lead: nothing is connected
constexpr double kMissingLimit = 0.4;        // a lead with more missing than this is not used
constexpr double kFlatShareLimit = 0.6;      // share of the lead spent on one unchanging value
constexpr double kClippedShareLimit = 0.01;  // share of samples stuck at an extreme value
constexpr float kImplausibleMv = 50;         // no skin electrode gives this; the unit or the data is wrong
constexpr double kMainsNoteUv = 25, kMainsRemovedUv = 8, kNoiseNoteUv = 60, kNoiseLimitUv = 700,
                 kWanderNoteMv = 1.0;

struct Bridged {
  std::vector<float> mv;
  double missing_fraction = 1;
};

// Straight lines over gaps, the nearest value at the ends.
Bridged bridge_gaps(const std::vector<float>& lead) {
  Bridged out;
  out.mv = lead;
  const size_t n = lead.size();
  size_t missing = 0, last = n;
  for (size_t i = 0; i < n; ++i) {
    if (!std::isfinite(lead[i]) || std::fabs(lead[i]) > 1e4f) {
      ++missing;
      continue;
    }
    if (last == n) {
      std::fill(out.mv.begin(), out.mv.begin() + i, lead[i]);
    } else if (i - last > 1) {
      for (size_t k = last + 1; k < i; ++k) {
        out.mv[k] =
            lead[last] + (lead[i] - lead[last]) * static_cast<float>(k - last) / static_cast<float>(i - last);
      }
    }
    last = i;
  }
  if (last == n) {
    out.mv.assign(n, 0.0f);
  } else {
    std::fill(out.mv.begin() + last + 1, out.mv.end(), lead[last]);
  }
  out.missing_fraction = n ? static_cast<double>(missing) / n : 1;
  return out;
}

// Longest share of the lead that sits on one value for at least 200 ms at a time.
double flat_share(const std::vector<float>& lead, double rate_hz) {
  const size_t shortest = static_cast<size_t>(std::max(3.0, 0.2 * rate_hz));
  size_t flat = 0, run = 1;
  for (size_t i = 1; i <= lead.size(); ++i) {
    if (i < lead.size() && lead[i] == lead[i - 1]) {
      ++run;
      continue;
    }
    if (run >= shortest) flat += run;
    run = 1;
  }
  return lead.empty() ? 1 : static_cast<double>(flat) / lead.size();
}

// Share of samples in runs stuck at the highest or lowest value: an amplifier at its rail.
double clipped_share(const std::vector<float>& lead, double rate_hz) {
  if (lead.empty()) return 0;
  const auto [low, high] = std::minmax_element(lead.begin(), lead.end());
  const float lo = *low, hi = *high;
  const size_t shortest = static_cast<size_t>(std::max(3.0, 0.012 * rate_hz));
  size_t stuck = 0, run = 0;
  float at = 0;
  for (size_t i = 0; i <= lead.size(); ++i) {
    if (i < lead.size() && (lead[i] == lo || lead[i] == hi) && (run == 0 || lead[i] == at)) {
      at = lead[i];
      ++run;
      continue;
    }
    if (run >= shortest) stuck += run;
    run = 0;
  }
  return static_cast<double>(stuck) / lead.size();
}

// Root mean square of one frequency, the median over 1 s blocks, so that a burst does not count as mains.
double tone_uv(const std::vector<float>& lead, double rate_hz, double tone_hz) {
  const int block = static_cast<int>(rate_hz);
  if (tone_hz > 0.45 * rate_hz || static_cast<int>(lead.size()) < block || block < 1) return 0;
  const double step = 2 * std::numbers::pi * tone_hz / rate_hz;
  std::vector<double> rms;
  for (size_t from = 0; from + block <= lead.size(); from += block) {
    // Complex rotation instead of sin and cos per sample; the second difference keeps slow waves from leaking
    // in.
    double re = 0, im = 0, c = 1, s = 0;
    const double dc = std::cos(step), ds = std::sin(step);
    for (int i = 1; i + 1 < block; ++i) {
      const double sharp = 2.0 * lead[from + i] - lead[from + i - 1] - lead[from + i + 1];
      re += sharp * c;
      im += sharp * s;
      const double turned = c * dc - s * ds;
      s = c * ds + s * dc;
      c = turned;
    }
    const double gain = 2 - 2 * std::cos(step);
    rms.push_back(std::sqrt(2.0) * std::hypot(re, im) / (block - 2) / gain * 1000);
  }
  std::nth_element(rms.begin(), rms.begin() + rms.size() / 2, rms.end());
  return rms[rms.size() / 2];
}

// Takes out a steady tone: its amplitude and phase are followed by a running mean of 1 s of the demodulated
// signal, which leaves the QRS alone (no ringing, unlike a narrow notch).
void remove_tone(std::vector<float>& mv, double tone_hz) {
  const int n = static_cast<int>(mv.size()), window = static_cast<int>(kAnalysisRateHz);
  if (n < 2 * window) return;
  const double step = 2 * std::numbers::pi * tone_hz / kAnalysisRateHz, dc = std::cos(step),
               ds = std::sin(step);
  std::vector<double> re(n + 1, 0.0), im(n + 1, 0.0);  // running sums of the demodulated second difference
  std::vector<float> cosine(n), sine(n);
  double c = 1, s = 0;
  for (int i = 0; i < n; ++i) {
    cosine[i] = static_cast<float>(c);
    sine[i] = static_cast<float>(s);
    const double sharp = i > 0 && i + 1 < n ? 2.0 * mv[i] - mv[i - 1] - mv[i + 1] : 0.0;
    re[i + 1] = re[i] + sharp * c;
    im[i + 1] = im[i] + sharp * s;
    const double turned = c * dc - s * ds;
    s = c * ds + s * dc;
    c = turned;
  }
  const double gain = (2 - 2 * dc) * window / 2;
  for (int i = 0; i < n; ++i) {
    const int from = std::clamp(i - window / 2, 0, n - window), to = from + window;
    mv[i] -= static_cast<float>(((re[to] - re[from]) * cosine[i] + (im[to] - im[from]) * sine[i]) / gain);
  }
}

// Peak-to-peak of what two running means of 1 s leave (half power near 0.3 Hz).
double wander_mv(const std::vector<float>& lead) {
  const int window = static_cast<int>(kAnalysisRateHz), n = static_cast<int>(lead.size());
  if (n < 3 * window) return 0;
  auto running_mean = [&](const std::vector<float>& in) {
    std::vector<float> out(in.size() - window + 1);
    double sum = 0;
    for (size_t i = 0; i < in.size(); ++i) {
      sum += in[i];
      if (i + 1 >= static_cast<size_t>(window)) {
        out[i + 1 - window] = static_cast<float>(sum / window);
        sum -= in[i + 1 - window];
      }
    }
    return out;
  };
  const std::vector<float> slow = running_mean(running_mean(lead));
  const auto [low, high] = std::minmax_element(slow.begin(), slow.end());
  return *high - *low;
}

// Robust rms of what is faster than the ECG between beats: first wavelet level, median of the absolute value.
// The level's gain for white noise is sqrt(2), and 0.6745 turns a median into a standard deviation.
double noise_uv(const std::vector<float>& detail) {
  if (detail.empty()) return 0;
  std::vector<float> size(detail.size());
  for (size_t i = 0; i < detail.size(); ++i) size[i] = std::fabs(detail[i]);
  std::nth_element(size.begin(), size.begin() + size.size() / 2, size.end());
  return size[size.size() / 2] / 0.6745 / std::sqrt(2.0) * 1000;
}

SignalProblem problem_of(const LeadQuality& q) {
  if (!q.present) return SignalProblem::kNone;
  if (q.missing_fraction > kMissingLimit) return SignalProblem::kMissing;
  if (q.flat) return SignalProblem::kFlat;
  if (!q.usable) return SignalProblem::kUnreadable;
  if (q.clipped) return SignalProblem::kClipped;
  if (q.mains_uv > kMainsNoteUv) return SignalProblem::kMains;
  if (q.noise_uv > kNoiseNoteUv) return SignalProblem::kNoise;
  if (q.wander_mv > kWanderNoteMv) return SignalProblem::kWander;
  return SignalProblem::kNone;
}

std::string describe(const LeadQuality& q) {
  switch (q.problem) {
    case SignalProblem::kMissing:
      return format_text("%.0f %% of the samples are missing, so it is not measured.", q.missing_fraction * 100);
    case SignalProblem::kFlat: return "flat: the electrode is off or unplugged, so it is not measured.";
    case SignalProblem::kUnreadable: return format_text("too noisy to be measured (%.0f µV rms).", q.noise_uv);
    case SignalProblem::kClipped:
      return "clipped at the end of its range: its heights and its ST level are not judged.";
    case SignalProblem::kMains:
      return format_text("mains interference (%.0f µV rms), taken out before measuring: nothing is left unjudged.",
                         q.mains_uv);
    case SignalProblem::kNoise:
      return format_text("noisy (%.0f µV rms): its P wave and the notches of its QRS are not judged.", q.noise_uv);
    case SignalProblem::kWander:
      return format_text("the baseline wanders by %.1f mV: its ST level is not judged.", q.wander_mv);
    case SignalProblem::kNone: break;
  }
  return {};
}

}  // namespace

AnalysisSignal prepare_analysis(const EcgRecord& record, std::array<LeadQuality, kLeadCount>& quality) {
  AnalysisSignal signal;
  const double rate = record.sample_rate_hz;
  if (!(rate >= 50) || !std::isfinite(rate)) return signal;
  for (int lead = 0; lead < kLeadCount; ++lead) {
    LeadQuality& q = quality[lead];
    q = {};
    const std::vector<float>& raw = record.mv[lead];
    if (raw.empty()) continue;
    q.present = true;
    Bridged bridged = bridge_gaps(raw);
    q.missing_fraction = bridged.missing_fraction;
    const auto [low, high] = std::minmax_element(bridged.mv.begin(), bridged.mv.end());
    const float span = *high - *low;
    q.flat = span < kFlatMv || flat_share(bridged.mv, rate) > kFlatShareLimit;
    if (q.missing_fraction > kMissingLimit || q.flat) {
      q.problem = problem_of(q);
      q.issue = describe(q);
      continue;
    }
    q.clipped = clipped_share(bridged.mv, rate) > kClippedShareLimit;
    const double mains_50_uv = tone_uv(bridged.mv, rate, 50), mains_60_uv = tone_uv(bridged.mv, rate, 60);
    q.mains_uv = std::max(mains_50_uv, mains_60_uv);

    std::vector<float> mv = std::fabs(rate - kAnalysisRateHz) < 1e-6
                                ? std::move(bridged.mv)
                                : resample(bridged.mv, rate, kAnalysisRateHz);
    if (signal.leads.empty()) signal.sample_count = static_cast<int>(mv.size());
    mv.resize(signal.sample_count, mv.empty() ? 0.0f : mv.back());
    for (float& v : mv) {
      if (!std::isfinite(v)) v = 0;
    }
    if (q.mains_uv > kMainsRemovedUv) remove_tone(mv, mains_50_uv >= mains_60_uv ? 50 : 60);
    q.wander_mv = wander_mv(mv);
    WaveletLevels wavelet = wavelet_transform(mv);
    q.noise_uv = noise_uv(wavelet[0]);
    q.usable = q.noise_uv <= kNoiseLimitUv && span <= kImplausibleMv;
    q.heights_known = !q.clipped;
    q.st_known = !q.clipped && q.wander_mv <= kWanderNoteMv;
    q.small_waves_known = q.noise_uv <= kNoiseNoteUv;
    q.problem = problem_of(q);
    q.issue = describe(q);
    if (!q.usable) continue;
    signal.mv[lead] = std::move(mv);
    signal.wavelet[lead] = std::move(wavelet);
    signal.leads.push_back(lead);
  }
  return signal;
}

}  // namespace precordia
