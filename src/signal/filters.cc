#include "signal/filters.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace precordia {
namespace {

// One second-order section, a0 = 1: y = b0 x + b1 x[-1] + b2 x[-2] - a1 y[-1] - a2 y[-2].
struct Biquad {
  double b0, b1, b2, a1, a2;
};

// Both passes together have the gain 1 / (1 + r^4), r = w / w0 of one second-order section. It is -3 dB at
// r = (sqrt(2) - 1)^(1/4), so w0 is moved by that factor and the named cut-off is the -3 dB point of the whole filter.
const double kTwoPassRatio = std::pow(std::numbers::sqrt2 - 1, 0.25);

// Bilinear transform with pre-warping (Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., section 7.2).
Biquad butterworth(double warped, bool high) {
  const double square = warped * warped;
  const double scale = 1 / (1 + std::numbers::sqrt2 * warped + square);
  const double b = (high ? 1 : square) * scale;
  return {b, high ? -2 * b : 2 * b, b, 2 * (square - 1) * scale, (1 - std::numbers::sqrt2 * warped + square) * scale};
}

// R. Bristow-Johnson, Audio EQ Cookbook (W3C Note 2021), notch.
Biquad notch_section(double rate_hz, double centre_hz, double quality_factor) {
  const double angle = 2 * std::numbers::pi * centre_hz / rate_hz;
  const double alpha = std::sin(angle) / (2 * quality_factor);
  const double scale = 1 / (1 + alpha), middle = -2 * std::cos(angle) * scale;
  return {scale, middle, scale, middle, (1 - alpha) * scale};
}

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Runs the section over `signal` in place, starting in the state that a constant would have left behind: the median of its first `window` samples.
void run_section(const Biquad& s, std::vector<double>& signal, size_t window) {
  if (signal.empty()) return;
  const double level = median_of({signal.begin(), signal.begin() + static_cast<std::ptrdiff_t>(std::min(window, signal.size()))});
  const double gain = (s.b0 + s.b1 + s.b2) / (1 + s.a1 + s.a2);
  double state2 = (s.b2 - s.a2 * gain) * level;
  double state1 = (s.b1 - s.a1 * gain) * level + state2;
  for (double& sample : signal) {   // transposed direct form II
    const double in = sample;
    sample = s.b0 * in + state1;
    state1 = s.b1 * in - s.a1 * sample + state2;
    state2 = s.b2 * in - s.a2 * sample;
  }
}

// Zero phase: forwards, then backwards, over the signal lengthened by its odd reflection on both sides (`padding` samples
// at most, never more than the signal has), about the median of `window` samples at each end.
std::vector<float> both_ways(const Biquad& section, std::span<const float> signal, double padding, size_t window = 1) {
  const size_t count = signal.size();
  if (count == 0) return {};
  const size_t pad = std::min(count - 1, static_cast<size_t>(std::min(padding, 1e7)) + 1);
  window = std::clamp<size_t>(window, 1, count);
  const double first = median_of({signal.begin(), signal.begin() + static_cast<std::ptrdiff_t>(window)});
  const double last = median_of({signal.end() - static_cast<std::ptrdiff_t>(window), signal.end()});
  std::vector<double> work(count + 2 * pad);
  for (size_t i = 0; i < count; ++i) work[pad + i] = signal[i];
  for (size_t i = 1; i <= pad; ++i) {
    work[pad - i] = 2 * first - signal[i];
    work[pad + count - 1 + i] = 2 * last - signal[count - 1 - i];
  }
  run_section(section, work, window);
  std::reverse(work.begin(), work.end());
  run_section(section, work, window);
  std::reverse(work.begin(), work.end());
  std::vector<float> out(count);
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<float>(work[pad + i]);
  return out;
}

bool possible(double rate_hz, double frequency_hz) {
  return rate_hz > 0 && frequency_hz > 0 && frequency_hz < rate_hz / 2;
}

std::vector<float> copy_of(std::span<const float> signal) { return {signal.begin(), signal.end()}; }

// Three periods of the cut-off: after that the section's answer to the padded edge is under 1e-5 of it.
double padding_of(double rate_hz, double cutoff_hz) { return 3 * rate_hz / cutoff_hz; }

std::vector<float> high_pass_about(std::span<const float> signal, double rate_hz, double cutoff_hz, size_t window) {
  if (!possible(rate_hz, cutoff_hz)) return copy_of(signal);
  const double warped = std::tan(std::numbers::pi * cutoff_hz / rate_hz) * kTwoPassRatio;
  return both_ways(butterworth(warped, true), signal, padding_of(rate_hz, cutoff_hz), window);
}

std::vector<float> filtered_run(std::span<const float> run, double rate_hz, const DisplayFilter& filter) {
  const auto applies = [&](double frequency_hz) { return frequency_hz > 0 && frequency_hz < 0.45 * rate_hz; };
  std::vector<float> out = copy_of(run);
  // A lead cut from a page may end in the middle of a QRS: mirrored about that sample, not about its level of a second, it would be bent by millivolts.
  if (applies(filter.high_pass_hz)) out = high_pass_about(out, rate_hz, filter.high_pass_hz, static_cast<size_t>(rate_hz));
  if (applies(filter.low_pass_hz)) out = low_pass(out, rate_hz, filter.low_pass_hz);
  constexpr double kNotchQuality = 30;
  if (applies(filter.notch_hz)) out = notch(out, rate_hz, filter.notch_hz, kNotchQuality);
  return out;
}

}  // namespace

std::vector<float> low_pass(std::span<const float> signal, double rate_hz, double cutoff_hz) {
  if (!possible(rate_hz, cutoff_hz)) return copy_of(signal);
  const double warped = std::tan(std::numbers::pi * cutoff_hz / rate_hz) / kTwoPassRatio;
  return both_ways(butterworth(warped, false), signal, padding_of(rate_hz, cutoff_hz));
}

std::vector<float> high_pass(std::span<const float> signal, double rate_hz, double cutoff_hz) {
  return high_pass_about(signal, rate_hz, cutoff_hz, 1);
}

std::vector<float> notch(std::span<const float> signal, double rate_hz, double centre_hz, double quality_factor) {
  if (!possible(rate_hz, centre_hz) || !(quality_factor > 0)) return copy_of(signal);
  // The ringing decays as exp(-pi f t / Q); twelve time constants.
  const double padding = 12 * quality_factor * rate_hz / (std::numbers::pi * centre_hz);
  return both_ways(notch_section(rate_hz, centre_hz, quality_factor), signal, padding);
}

EcgRecord filtered_for_display(const EcgRecord& record, const DisplayFilter& filter) {
  EcgRecord out = record;
  for (auto& samples : out.mv) {
    for (size_t start = 0; start < samples.size();) {
      if (!std::isfinite(samples[start])) {
        ++start;
        continue;
      }
      size_t end = start;
      while (end < samples.size() && std::isfinite(samples[end])) ++end;
      const auto run = filtered_run(std::span<const float>(samples).subspan(start, end - start), record.sample_rate_hz, filter);
      std::copy(run.begin(), run.end(), samples.begin() + static_cast<std::ptrdiff_t>(start));
      start = end;
    }
  }
  return out;
}

}  // namespace precordia
