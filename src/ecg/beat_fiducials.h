// The fiducials of every single beat, from what the representative beat taught.
#pragma once

#include <vector>

#include "ecg/atrial_activity.h"
#include "ecg/beat_classes.h"
#include "ecg/delineation.h"
#include "ecg/representative_beat.h"

namespace precordia {

// Where the QRS of each beat lies in the record, as [on, off): the representative beat's for beats of the
// dominant shape, a rough extent for the others.
std::vector<std::pair<int, int>> qrs_extents(const AnalysisSignal& signal,
                                             const std::vector<ClassifiedBeat>& beats,
                                             const MedianBeat& median, const DelineatedBeat& representative);

// Fiducials of every beat in samples of the record. Beats of the dominant shape take the representative
// beat's instants, which are the median of all of them and so far less noisy than any one, moved within
// narrow limits to where this beat's own wavelet puts them; other beats are delineated by themselves. A P is
// reported only where the beat shows it.
std::vector<DelineatedBeat> delineate_beats(const Traces& record, const std::vector<ClassifiedBeat>& beats,
                                            const MedianBeat& median, const DelineatedBeat& representative,
                                            const AtrialActivity& atria);

}  // namespace precordia
