// The rules of the literature that point to heart failure, each applied to the measured representative beat.
#pragma once

#include "ecg/amplitudes.h"
#include "ecg/atrial_activity.h"
#include "ecg/ecg_findings.h"

namespace precordia {

struct CriteriaInput {
  const EcgFindings& findings;  // measurements, amplitudes, quality and rhythm are already in it
  const MedianBeat& beat;
  const DelineatedBeat& fiducials;  // indices into `beat`
  PersonForRanges person;
  std::optional<double> rr_irregularity;
  double p_coherence = 0;
};

// All criteria of reference_values.h in display order. A criterion whose leads, waves or person's sex are
// missing is unknown, with the reason.
std::vector<Criterion> judge_criteria(const CriteriaInput& input);

}  // namespace precordia
