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

// Irregularity of the ventricular response: median absolute difference of successive RR intervals over their
// median, beats that are ectopic and their pauses left out. nullopt with fewer than three usable differences.
std::optional<double> rr_irregularity(const std::vector<ClassifiedBeat>& beats);

// How much the rhythm looks like atrial fibrillation: irregularity over its cut-off, weakened by P waves that
// repeat; from 1 on it is called. Clearly repeating P waves (coherence over 0.6) exclude it.
double fibrillation_score(double rr_irregularity, double p_coherence);

// `rr_irregularity` from which a rhythm is called irregular.
inline constexpr double kIrregularFrom = 0.085;

}  // namespace precordia
