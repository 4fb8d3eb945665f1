// Pacemaker spikes, where the sample rate can show them.
#pragma once

#include <vector>

#include "ecg/analysis_signal.h"
#include "ecg/beat_classes.h"

namespace precordia {

inline constexpr double kLowestRateForSpikes =
    480;  // a spike lasts under 2 ms; below this rate the recorder has smeared it

// A spike is a deviation from the straight line over 12 ms that is large (0.15 mV in some lead), far over the
// lead's usual curvature, and stands alone. Samples of the analysis signal, ascending; empty at low rates of
// the record.
std::vector<int> find_spikes(const AnalysisSignal& signal, double record_rate_hz);

// Bridges the spikes by straight lines in all leads, so that they are neither taken for a QRS nor measured as
// part of one.
void remove_spikes(AnalysisSignal& signal, const std::vector<int>& spikes);

struct PacingSuspicion {
  bool suspected = false;
  std::vector<bool> spike_before;  // per beat
};

// Pacing is suspected when spikes lead at least half of the beats, three or more, by a constant time.
PacingSuspicion judge_pacing(const std::vector<int>& spikes, const std::vector<ClassifiedBeat>& beats);

}  // namespace precordia
