#include "signal/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace precordia {
namespace {

// The kernel lives on an axis counted in samples of the lower rate, so that one table serves every pair of rates.
// Kaiser's rules for 80 dB and a transition from 0.40 to 0.50: beta = 0.1102 (A - 8.7), length = (A - 7.95) / (2.285 dw).
constexpr double kStopBandDb = 80;
constexpr double kCutoff = 0.45;                 // of the lower rate
constexpr int kHalfWidth = 26;                   // samples of the lower rate on each side
constexpr int kStepsPerSample = 1024;            // linear interpolation between steps errs by less than -120 dB
constexpr double kLargestOutput = 1u << 28;
constexpr double kSmallestRatio = 1e-4;          // of the rates, which bounds the kernel's length in input samples

double bessel_i0(double x) {
  double sum = 1, term = 1;
  for (int k = 1; k < 60 && term > 1e-17 * sum; ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

// h(u) for u = 0 .. kHalfWidth in steps of 1 / kStepsPerSample, and a final 0.
const std::vector<float>& kernel() {
  static const std::vector<float> table = [] {
    const double beta = 0.1102 * (kStopBandDb - 8.7);
    std::vector<float> h(kHalfWidth * kStepsPerSample + 2, 0.0f);
    for (int i = 0; i < kHalfWidth * kStepsPerSample; ++i) {
      const double u = static_cast<double>(i) / kStepsPerSample;
      const double angle = 2 * std::numbers::pi * kCutoff * u;
      const double sinc = i == 0 ? 1 : std::sin(angle) / angle;
      const double edge = u / kHalfWidth;
      h[i] = static_cast<float>(2 * kCutoff * sinc * bessel_i0(beta * std::sqrt(1 - edge * edge)) / bessel_i0(beta));
    }
    return h;
  }();
  return table;
}

// Sample `i` of a run lengthened by its odd reflection on both sides, and beyond that by the last reflected value.
double reflected(std::span<const float> run, long long i) {
  const long long last = static_cast<long long>(run.size()) - 1;
  if (i < 0) return 2.0 * run[0] - run[static_cast<size_t>(std::min(-i, last))];
  if (i > last) return 2.0 * run[static_cast<size_t>(last)] - run[static_cast<size_t>(std::max(2 * last - i, 0LL))];
  return run[static_cast<size_t>(i)];
}

// The kernel's weights around one position between two input samples, normalised so that a constant stays one.
struct Weights {
  long long first = 0;           // offset of the first weight from floor(position)
  std::vector<float> values;
};

Weights weights_at(double fraction, double scale) {
  const auto& h = kernel();
  const double reach = kHalfWidth / scale;
  Weights weights;
  weights.first = static_cast<long long>(std::ceil(fraction - reach));
  const auto last = static_cast<long long>(std::floor(fraction + reach));
  double sum = 0;
  for (long long i = weights.first; i <= last; ++i) {
    const double u = std::abs(fraction - static_cast<double>(i)) * scale * kStepsPerSample;
    const auto step = static_cast<size_t>(u);
    const double between = u - static_cast<double>(step);
    const double weight = step + 1 < h.size() ? h[step] + between * (h[step + 1] - h[step]) : 0;
    weights.values.push_back(static_cast<float>(weight));
    sum += weight;
  }
  for (float& weight : weights.values) weight = static_cast<float>(weight / sum);
  return weights;
}

float weighted_sum(std::span<const float> run, long long whole, const Weights& weights) {
  const long long first = whole + weights.first;
  const auto count = static_cast<long long>(weights.values.size());
  if (first < 0 || first + count > static_cast<long long>(run.size())) {
    double sum = 0;
    for (long long i = 0; i < count; ++i) sum += weights.values[static_cast<size_t>(i)] * reflected(run, first + i);
    return static_cast<float>(sum);
  }
  const float* samples = run.data() + first;
  std::array<double, 4> sums{};    // four chains, so that additions do not wait for each other
  long long i = 0;
  for (; i + 4 <= count; i += 4)
    for (long long k = 0; k < 4; ++k)
      sums[static_cast<size_t>(k)] += static_cast<double>(weights.values[static_cast<size_t>(i + k)]) * samples[i + k];
  for (; i < count; ++i) sums[0] += static_cast<double>(weights.values[static_cast<size_t>(i)]) * samples[i];
  return static_cast<float>(sums[0] + sums[1] + sums[2] + sums[3]);
}

// The weight sets that a pair of rates needs: after `period` outputs the positions between samples repeat (500 -> 100: 1,
// 100 -> 500: 5, 360 -> 500: 25), and each set is computed once. Odd pairs (599.88 -> 100) compute a set per output.
struct Phases {
  double step, scale;
  size_t period = 0;
  std::vector<Weights> sets;

  Phases(double from_hz, double to_hz) : step(from_hz / to_hz), scale(std::min(1.0, to_hz / from_hz)) {
    for (size_t p = 1; p <= 512 && period == 0; ++p) {
      const double whole = step * static_cast<double>(p);
      if (std::abs(whole - std::round(whole)) < 1e-12 * whole) period = p;
    }
    sets.resize(std::max<size_t>(period, 1));
  }
  float value(std::span<const float> run, size_t start, size_t output) {
    const double position = static_cast<double>(output) * step;
    // Where positions repeat, the fraction comes from the phase, free of the rounding of large positions.
    const double exact = period > 0 ? static_cast<double>(output % period) * step : position;
    const double fraction = exact - std::floor(exact);
    const auto whole = static_cast<long long>(std::llround(position - fraction));
    Weights& weights = sets[period > 0 ? output % period : 0];
    if (period == 0 || weights.values.empty()) weights = weights_at(fraction, scale);
    return weighted_sum(run, whole - static_cast<long long>(start), weights);
  }
};

}  // namespace

std::vector<float> resample(std::span<const float> signal, double from_hz, double to_hz) {
  if (!(from_hz > 0) || !(to_hz > 0) || !std::isfinite(from_hz) || !std::isfinite(to_hz)) return {};
  if (from_hz == to_hz) return {signal.begin(), signal.end()};
  const double wanted = std::round(static_cast<double>(signal.size()) * to_hz / from_hz);
  if (!(wanted <= kLargestOutput) || to_hz / from_hz < kSmallestRatio) return {};

  std::vector<float> out(static_cast<size_t>(wanted), std::numeric_limits<float>::quiet_NaN());
  Phases phases(from_hz, to_hz);
  const double step = phases.step;
  const size_t count = signal.size();
  for (size_t start = 0, next = 0; start < count;) {
    if (!std::isfinite(signal[start])) {
      ++start;
      continue;
    }
    size_t end = start;
    while (end < count && std::isfinite(signal[end])) ++end;
    const auto run = signal.subspan(start, end - start);
    // An output sample belongs to the run when its nearest input sample does; the last run also owns what lies past the end.
    const double low = static_cast<double>(start) - 0.5;
    const double high = end == count ? std::numeric_limits<double>::infinity() : static_cast<double>(end) - 0.5;
    while (next < out.size() && static_cast<double>(next) * step < low) ++next;
    for (; next < out.size() && static_cast<double>(next) * step < high; ++next)
      out[next] = phases.value(run, start, next);
    start = end;
  }
  return out;
}

ResamplingKernel resampling_kernel(double from_hz, double to_hz) {
  const double scale = std::min(1.0, to_hz / from_hz);
  return {from_hz / to_hz, kHalfWidth / scale, kStepsPerSample * scale, kernel()};
}

}  // namespace precordia
