#include "ecg/wavelet.h"

namespace precordia {

WaveletLevels wavelet_transform(std::span<const float> signal) {
  WaveletLevels levels;
  if (signal.empty()) return levels;
  const int count = static_cast<int>(signal.size());
  constexpr int kPad = 4 << kWaveletLevels;  // more than the longest filter reaches
  const int padded = count + 2 * kPad;
  std::vector<float> smooth(padded), next(padded);
  for (int i = 0; i < padded; ++i) {
    const int at = i < kPad ? 0 : (i >= kPad + count ? count - 1 : i - kPad);
    smooth[i] = signal[at];
  }
  int margin = 0;  // samples at either end that the filters so far could not fill
  for (int level = 0; level < kWaveletLevels; ++level) {
    const int step = 1 << level;
    levels[level].resize(count);
    const float* in = smooth.data() + kPad;
    float* detail = levels[level].data();
    for (int n = 0; n < count; ++n) detail[n] = in[n + step] - in[n];
    // Smoothing 1/8 (1 3 3 1), centred half a step to the left so that it cancels half of the detail filter's
    // delay.
    const int from = margin + 2 * step, to = padded - margin - step;
    const float* s = smooth.data();
    float* out = next.data();
    for (int n = from; n < to; ++n) {
      out[n] = 0.125f * (s[n - 2 * step] + 3 * s[n - step] + 3 * s[n] + s[n + step]);
    }
    for (int n = 0; n < from; ++n) out[n] = signal.front();
    for (int n = to; n < padded; ++n) out[n] = signal.back();
    margin = from > padded - to ? from : padded - to;
    if (margin > kPad - step * 4) margin = kPad - step * 4;
    smooth.swap(next);
  }
  return levels;
}

}  // namespace precordia
