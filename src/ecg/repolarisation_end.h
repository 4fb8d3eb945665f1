// Where repolarisation ends for all leads together, second humps included.
#pragma once

#include <optional>

#include "ecg/representative_beat.h"

namespace precordia {

// The root mean square over the leads of the representative beat shows one T wave that no single lead can hide or
// flatten (RMS electrocardiogram: Fuller 2000, doi 10.1161/01.CIR.101.13.1579, from memory, unverified). Its end is where the tangent at the
// steepest fall meets zero (Lepeschkin and Surawicz 1952), after the last summit of at least 70 % of the highest: a T
// of two humps, or a T with a fused U, ends after the second. Samples of `beat`; `until` is where the next P begins.
std::optional<int> repolarisation_end(const MedianBeat& beat, int qrs_off, int until);

}  // namespace precordia
