// Is there a P wave that belongs to the QRS? The question on which PR, P and the name of the rhythm rest.
#pragma once

#include <vector>

#include "ecg/analysis_signal.h"
#include "ecg/beat_classes.h"
#include "ecg/delineation.h"

namespace precordia {

struct AtrialActivity {
  bool p_present = false;
  double coherence = 0;           // 1 = the same P before every beat, 0 = nothing that repeats
  double peak_mv = 0;             // largest P of the representative beat in any lead
  std::vector<float> beat_match;  // per beat: correlation of what lies where P should be with the mean P
};

// Coherence is the mean pairwise product of the beats' P windows over all leads (wavelet level 4, QRS
// bridged), relative to their energy: an unbiased share of power that repeats from beat to beat. Fibrillation
// waves do not repeat, P waves do. `p_from` and `p_to` are the P window relative to the beat's fiducial, in
// samples.
AtrialActivity find_atrial_activity(const Traces& record, const std::vector<ClassifiedBeat>& beats,
                                    int p_from, int p_to, double peak_mv);

}  // namespace precordia
