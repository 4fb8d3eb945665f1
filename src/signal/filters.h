// Filters. The display filter is for the eye alone: the network and the measurements never see its output.
#pragma once

#include <span>
#include <vector>

#include "signal/ecg_record.h"

namespace precordia {

// What the reader of the paper view may choose (IEC 60601-2-25 diagnostic and monitoring bands). 0 = off.
struct DisplayFilter {
  double high_pass_hz = 0.05;  // 0.05 or 0.5
  double low_pass_hz = 150;    // 40 or 150
  double notch_hz = 0;         // 0 = off, 50 or 60
};

// A copy of `record` with every lead filtered forwards and backwards (zero phase, second-order Butterworth each way).
// Gaps (NaN) stay gaps and do not smear into their neighbours: each stretch between gaps is filtered by itself.
// Cut-offs at or over 0.45 of the rate are left out.
EcgRecord filtered_for_display(const EcgRecord& record, const DisplayFilter& filter);

// Zero-phase second-order Butterworth on a gap-free signal of any length; `rate_hz` and `cutoff_hz` in Hz. Both passes
// together are -3 dB at the cut-off (and 24 dB per octave beyond it). The ends are padded by odd reflection and each pass
// starts in the steady state of its first sample, so a constant stays constant under low-pass and becomes 0 under
// high-pass. A cut-off that is not inside (0, rate/2) leaves the signal as it is.
std::vector<float> low_pass(std::span<const float> signal, double rate_hz, double cutoff_hz);
std::vector<float> high_pass(std::span<const float> signal, double rate_hz, double cutoff_hz);

// Zero-phase notch; `quality_factor` = centre / width at -6 dB (both passes together).
std::vector<float> notch(std::span<const float> signal, double rate_hz, double centre_hz, double quality_factor);

}  // namespace precordia
