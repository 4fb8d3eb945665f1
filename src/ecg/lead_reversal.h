// Electrodes on the wrong limb: the record then says things about the heart that are not so.
#pragma once

#include <string>
#include <vector>

#include "ecg/ecg_findings.h"
#include "ecg/representative_beat.h"

namespace precordia {

struct ReversalSuspicions {
  std::vector<std::string> certain;   // sentences: the record must be repeated
  std::vector<std::string> possible;  // sentences: look at the electrodes
};

// Signs as in PMC10902517 table 5. Certain: P and QRS negative in I with a normal chest progression = the arms are swapped
// (dextrocardia when the chest progression is abnormal too); P and QRS negative in II and positive in aVR = right arm and
// left leg; one limb lead flat = a swap with the right leg. Possible: two chest leads exchanged would follow each other
// more smoothly from V1 to V6 than they do. A swap of left arm and left leg is not told from an axis to the left: its best
// sign (P in I taller than in II) found 39 % of simulated swaps and 4 % of PTB-XL's right ones (docs/validation-ecg.md).
ReversalSuspicions suspected_reversals(const EcgFindings& findings, const MedianBeat& beat,
                                       const BeatFiducials& global);

}  // namespace precordia
