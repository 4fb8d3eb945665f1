// Electrodes on the wrong limb: the record then says things about the heart that are not so.
#pragma once

#include <string>
#include <vector>

#include "ecg/ecg_findings.h"
#include "ecg/representative_beat.h"

namespace precordia {

// Sentences about suspected swaps, empty when none. Signs as in PMC10902517 table 5: P and QRS negative in I
// with a normal chest progression = the arms are swapped (dextrocardia when the chest progression is abnormal
// too); one limb lead flat = a swap with the right leg.
std::vector<std::string> suspected_reversals(const EcgFindings& findings, const MedianBeat& beat);

}  // namespace precordia
