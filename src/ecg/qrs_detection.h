// Where the heart beats: QRS complexes found on all usable leads together.
#pragma once

#include <vector>

#include "ecg/analysis_signal.h"

namespace precordia {

struct QrsDetection {
  std::vector<int> at;        // samples of the analysis signal, ascending, near the middle of each QRS
  std::vector<float> energy;  // the detection function, one value per sample
};

// Energy of the wavelet (levels 2 and 3, 8-58 Hz) summed over leads, each lead weighted by its own
// signal-to-noise ratio as for maximum-ratio combining; peaks over a threshold that follows the local QRS
// level, a refractory time of 200 ms, rejection of T waves, and a search back at a lower threshold where a
// beat seems to be missing (the decision rules of Pan and Tompkins 1985, doi 10.1109/TBME.1985.325532,
// applied to the whole record at once; wavelet front end as Martinez et al. 2004).
QrsDetection detect_qrs(const AnalysisSignal& signal);

}  // namespace precordia
