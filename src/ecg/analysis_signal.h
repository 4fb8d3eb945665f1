// The record as the measurements see it: one rate, no gaps, unusable leads set aside. Never filtered for
// display.
#pragma once

#include <array>
#include <vector>

#include "ecg/ecg_findings.h"
#include "ecg/wavelet.h"

namespace precordia {

inline constexpr double kAnalysisRateHz =
    500;  // every sample count inside src/ecg is at this rate: 1 sample = 2 ms

inline constexpr int samples_of_ms(double ms) {
  return static_cast<int>(ms * kAnalysisRateHz / 1000 + (ms < 0 ? -0.5 : 0.5));
}
inline constexpr double ms_of_samples(double samples) { return samples * 1000 / kAnalysisRateHz; }

struct AnalysisSignal {
  int sample_count = 0;
  std::array<std::vector<float>, kLeadCount>
      mv;  // resampled, gaps bridged by straight lines; empty = not usable
  std::array<WaveletLevels, kLeadCount> wavelet;
  std::vector<int> leads;  // indices of the usable leads, in table order

  double duration_s() const { return sample_count / kAnalysisRateHz; }
};

// Judges every lead (see LeadQuality) and prepares the usable ones. Flat, mostly missing and unreadably noisy
// leads are left out here once, so that nothing later has to ask again. Noise is refined by `measure_noise`
// when beats are known.
AnalysisSignal prepare_analysis(const EcgRecord& record, std::array<LeadQuality, kLeadCount>& quality);

}  // namespace precordia
