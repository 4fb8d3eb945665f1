// Heights, depths and widths of the waves of the representative beat.
#pragma once

#include <array>

#include "ecg/delineation.h"
#include "ecg/representative_beat.h"

namespace precordia {

// `beat` is delineated by `fiducials` (indices into the beat). A deflection counts as a wave of its own from
// 0.02 mV and 6 ms on (CSE Working Party, Eur Heart J 1985;6:815); levels are relative to the PR segment just
// before the QRS. What the lead's quality takes away (LeadQuality) is left unknown.
std::array<LeadAmplitudes, kLeadCount> measure_amplitudes(const MedianBeat& beat,
                                                          const DelineatedBeat& fiducials, bool p_present,
                                                          const std::array<LeadQuality, kLeadCount>& quality);

// Direction of a wave in the frontal plane in degrees, 0 = lead I, 90 = aVF: atan2 of the areas in aVF and I
// between `from` and `to` (all six limb leads in the least-squares sense when present). nullopt when the limb
// leads are missing or the wave is too small to have a direction. `on_line` as in `wave_area`.
std::optional<double> frontal_axis_deg(const MedianBeat& beat, int from, int to, bool on_line);

// Signed area of a lead between two samples above the straight line joining them when `on_line`, else above 0
// mV; mV ms.
double wave_area(const std::vector<float>& mv, int from, int to, bool on_line);

}  // namespace precordia
