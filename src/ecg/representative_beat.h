// The patient's ordinary beat: the median of all dominant beats, lead by lead.
#pragma once

#include <array>
#include <vector>

#include "ecg/analysis_signal.h"
#include "ecg/beat_classes.h"

namespace precordia {

struct MedianBeat {
  std::array<std::vector<float>, kLeadCount>
      mv;  // empty for leads that are not usable; 0 mV = level just before the QRS
  std::vector<int> leads;
  int length = 0;
  int r_index = 0;  // sample of the aligned fiducial
  int beats_used = 0;
  int rr = 0;      // median RR interval around the beats used, in samples
  int next_r = 0;  // where the fiducial of the next beat lies at the earliest (usual) interval
};

// Median RR interval of neighbouring beats in samples (500 when there are fewer than two beats).
int typical_rr(const std::vector<ClassifiedBeat>& beats);

// `qrs_start` is how many samples before the fiducial the level of the PR segment is taken; the baseline runs
// as a natural cubic spline through these knots (Meyer and Keiser 1977, doi 10.1016/0010-4809(77)90048-0), so
// it leaves the ST segment alone, and is removed before the median is taken. Beats cut by the ends of the
// record give what they have.
MedianBeat median_beat(const AnalysisSignal& signal, const std::vector<ClassifiedBeat>& beats, int qrs_start);

}  // namespace precordia
