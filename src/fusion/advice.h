// What to do next, from published pathways, in words for whoever stands beside the patient. Never a treatment
// order.
#pragma once

#include <string>
#include <vector>

#include "fusion/screening.h"

namespace precordia {

// Signs on this ECG for which waiting would be wrong, as sentences; empty = none seen (which excludes
// nothing).
std::vector<std::string> urgent_signs(const EcgFindings& findings);

// `screening` is complete but for its next step.
NextStep advise(const ClinicalProfile& profile, const Screening& screening, const EcgFindings* findings);

}  // namespace precordia
