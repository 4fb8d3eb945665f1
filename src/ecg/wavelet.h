// The dyadic wavelet in which beats are found and waves are delineated.
#pragma once

#include <array>
#include <span>
#include <vector>

namespace precordia {

// Undecimated ("a trous") transform with the quadratic spline wavelet, the derivative of a cubic-spline-like
// smoothing (Mallat and Zhong 1992, doi 10.1109/34.142909; for ECG delineation Martinez et al. 2004,
// doi 10.1109/TBME.2003.821031). Level k smooths over about 2^(k+1) samples; its value at n is the smoothed
// slope between samples n and n+1 on every level (the filters are centred so that all levels share one
// half-sample delay), in mV per sample times a constant of the level. At 500 Hz the pass bands are about:
// level 2 18-58 Hz, level 3 8-27 Hz, level 4 4-14 Hz, level 5 2-7 Hz.
inline constexpr int kWaveletLevels = 6;

using WaveletLevels = std::array<std::vector<float>, kWaveletLevels>;

// `signal` is gap-free and of any length (an empty one gives empty levels); its ends are continued by their
// own value.
WaveletLevels wavelet_transform(std::span<const float> signal);

}  // namespace precordia
