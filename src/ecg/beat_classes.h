// Which beats belong together, and which one is the patient's ordinary beat.
#pragma once

#include <vector>

#include "ecg/analysis_signal.h"
#include "ecg/qrs_detection.h"

namespace precordia {

struct ClassifiedBeat {
  int r = 0;  // aligned fiducial in analysis samples: same point of the QRS in all beats of one shape
  BeatClass beat_class = BeatClass::kUnclassified;
  float similarity = 0;  // correlation with the dominant shape, -1..1
  float width_ms = 0;    // rough width of the QRS energy
  int family = 0;        // beats of one shape share a number; 0 = the dominant one
};

struct BeatFamilies {
  std::vector<ClassifiedBeat> beats;
  int dominant_count = 0;
  float coherence = 0;  // mean similarity of the dominant beats: near 1 = clean, under 0.5 = noise, not beats
};

// Groups beats by correlation of the wavelet (level 3) over all leads around the QRS, aligns them by its
// maximum, and names them: dominant; ventricular ectopic (another shape, wide or early); supraventricular
// ectopic (the dominant shape, early, in an otherwise regular rhythm); unclassified.
BeatFamilies classify_beats(const AnalysisSignal& signal, const QrsDetection& detection);

}  // namespace precordia
