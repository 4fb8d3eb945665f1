// Change of sample rate without aliasing and without moving anything in time.
#pragma once

#include <span>
#include <vector>

namespace precordia {

// Band-limited resampling (polyphase windowed sinc, Kaiser 80 dB, cut-off at 0.45 of the lower rate, pass-band ripple
// < 0.1 dB up to 0.4 of it; Kaiser 1974 via Oppenheim & Schafer section 7.6). Sample 0 stays at time 0; output length is
// round(n * to_hz / from_hz). Rates may be any positive numbers (599.88 -> 100); equal rates copy. A rate that is not
// positive, an output over 2^28 samples or a reduction by more than 10,000 gives an empty signal.
//
// NaN gaps stay gaps of the same duration, to the nearest sample. Every stretch between gaps is resampled from its own
// samples only, lengthened by odd reflection, so nothing leaks across a gap and a constant stays exactly constant.
std::vector<float> resample(std::span<const float> signal, double from_hz, double to_hz);

// The kernel that `resample` uses for a pair of positive rates, for its twin on the GPU (shaders/resample.wgsl): the weight
// of input sample i for output sample k is read from `table` at |i - k * step| * table_per_sample by linear interpolation.
struct ResamplingKernel {
  double step = 1;              // input samples per output sample
  double half_width = 0;        // in input samples
  double table_per_sample = 0;  // table entries per input sample
  std::span<const float> table; // lives as long as the program; the last entry is 0
};
ResamplingKernel resampling_kernel(double from_hz, double to_hz);

}  // namespace precordia
