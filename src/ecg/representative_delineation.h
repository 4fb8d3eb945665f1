// The representative beat and its fiducials by the wavelet rule.
#pragma once

#include <vector>

#include "ecg/analysis_signal.h"
#include "ecg/beat_classes.h"
#include "ecg/delineation.h"
#include "ecg/representative_beat.h"

namespace precordia {

struct DelineatedMedian {
  MedianBeat beat;
  DelineatedBeat fiducials;
};

// The median of the dominant beats, levelled just before the QRS, and its waves. An empty beat when there is none to take
// the median of; no fiducials when no QRS could be placed.
DelineatedMedian delineate_representative(const AnalysisSignal& signal, const std::vector<ClassifiedBeat>& beats);

}  // namespace precordia
