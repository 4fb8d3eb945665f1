// The rules of the literature that point to heart failure, each applied to the measured representative beat.
#pragma once

#include "ecg/ecg_findings.h"

namespace precordia {

struct CriteriaInput {
  const EcgFindings& findings;  // measurements, amplitudes, quality and rhythm are already in it
  PersonForRanges person;
  std::optional<double> fibrillation;  // `fibrillation_score`; nullopt with too few beats
};

// All criteria of reference_values.h in display order; the rules themselves are in criteria_*.cc. A criterion whose leads, waves or person's sex are
// missing is unknown, with the reason.
std::vector<Criterion> judge_criteria(const CriteriaInput& input);

}  // namespace precordia
