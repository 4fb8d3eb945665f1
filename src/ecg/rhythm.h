// What the rhythm is called, and how much it looks like atrial fibrillation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ecg/atrial_activity.h"
#include "ecg/beat_classes.h"
#include "ecg/ecg_findings.h"

namespace precordia {

struct RrPattern {
  // Change of successive RR intervals over the median RR: the mean of its median, which ignores one odd interval, and its
  // mean, which catches irregularity that visits only some beats. Ectopic beats and their pauses are left out.
  double irregularity = 0;
  double similar = 0;   // share of all pairs of RR intervals that differ by less than 5 % of the median
  double rate_bpm = 0;  // of the median RR
};

// nullopt with fewer than four beats: nothing can be said about regularity.
std::optional<RrPattern> rr_pattern(const std::vector<ClassifiedBeat>& beats);

inline constexpr double kIrregularFrom = 0.085;  // `irregularity` from which a rhythm is called irregular

// How much it looks as if the atria fibrillate, 0 to 1, by kFibrillationRule (reference_values.h): irregular, no two RR
// intervals alike, nothing that repeats before the QRS.
double fibrillation_score(const RrPattern& rr, const AtrialActivity& atria);
bool fibrillates(double score);

struct RhythmCall {
  Rhythm rhythm = Rhythm::kUnknown;
  std::string text;
};

struct RhythmInput {
  const std::vector<ClassifiedBeat>& beats;
  const std::optional<RrPattern>& rr;
  const AtrialActivity& atria;
  bool paced = false;
  bool fibrillation = false;
  std::optional<double> rate_bpm, p_axis_deg;
};

RhythmCall name_rhythm(const RhythmInput& input);

}  // namespace precordia
