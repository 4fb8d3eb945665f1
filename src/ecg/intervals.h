// Rate, intervals and axes: the table of measurements.
#pragma once

#include <vector>

#include "ecg/atrial_activity.h"
#include "ecg/beat_classes.h"
#include "ecg/delineation.h"
#include "ecg/ecg_findings.h"
#include "ecg/representative_beat.h"

namespace precordia {

struct IntervalInput {
  const std::vector<ClassifiedBeat>& beats;
  const MedianBeat& beat;
  const DelineatedBeat& fiducials;  // indices into `beat`
  const AtrialActivity& atria;
  bool readable = true;  // false: too noisy, so that every value is unknown
  Rhythm rhythm = Rhythm::kUnknown;
  PersonForRanges person;
};

// All measurements in display order; what is not known carries the reason. QTc: Bazett 1920 QT/sqrt(RR),
// Fridericia 1920 QT/cbrt(RR), Framingham QT + 154 (1 - RR), Hodges QT + 1.75 (rate - 60), with RR in
// seconds, the mean of the record.
std::vector<Measurement> measure_intervals(const IntervalInput& input);

}  // namespace precordia
