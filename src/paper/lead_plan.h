// Which stretch of which row is which lead, and what a millimetre means there.
#pragma once

#include "paper/digitise.h"
#include "paper/trace_rows.h"

namespace precordia {

// The rectangle that a recorder prints before or after each row: 1 mV high, usually 0.2 s wide.
struct CalibrationPulse {
  bool left = true;
  double begin_px = 0, end_px = 0;    // outer edges
  double height_px = 0, width_px = 0;
  double foot_px = 0;                 // the row's zero line
  bool both_feet = false;             // seen on either side of it
  bool by_strokes = false;            // the row's path does not follow it
};
std::optional<CalibrationPulse> find_pulse(const FlatPage& page, const TraceRow& row, bool left);
// The same per row by the upright strokes alone, for rows so close that the next one's pulse ends where a row's own begins, and the
// row's path goes there.
std::vector<std::optional<CalibrationPulse>> find_upright_pulses(const FlatPage& page, const std::vector<TraceRow>& rows, bool left);
// Every rectangle of a usual height between two columns of pixels, from left to right.
std::vector<CalibrationPulse> find_pulses(const FlatPage& page, const TraceRow& row, int from_px, int to_px);

struct LeadStretch {
  Lead lead = Lead::kI;
  bool inverted = false;      // -aVR of the Cabrera order
  bool rhythm_row = false;
  int row = 0;                // index into the rows
  double begin_px = 0, end_px = 0;
  double start_s = 0;
  double zero_px = 0;         // at begin_px
  double tilt = 0;            // fall of the zero line per pixel to the right: print that is askew to the grid
  std::vector<float> moved;   // samples later on the paper than its own place that each sample of the signal was read; empty = none
  double place_of(size_t sample) const { return static_cast<double>(sample) + (sample < moved.size() ? moved[sample] : 0); }
  double zero_at(double x_px) const { return zero_px + tilt * (x_px - begin_px); }
};

struct LeadPlan {
  PageLayout layout = PageLayout::k3x4;
  LeadOrder order = LeadOrder::kStandard;
  KnownFrom layout_known = KnownFrom::kGeometry;
  double mm_per_s = 25, mm_per_mv = 10;
  KnownFrom speed_known = KnownFrom::kAssumed, gain_known = KnownFrom::kAssumed;
  std::optional<double> pulse_mm;
  std::vector<LeadStretch> stretches;
  double einthoven = 0, goldberger = 0, rhythm = 0;   // residuals as in PageQuality, NaN = not to be had
  std::vector<std::string> notes;
};

Result<LeadPlan> plan_leads(const FlatPage& page, const std::vector<TraceRow>& rows, const DigitiseOptions& options);

// The residuals of a plan, computed again from the signals of its stretches.
void measure_residuals(const std::vector<std::vector<float>>& signals, LeadPlan& plan);

// The signal of a stretch in mV, `count` samples at kDigitisedRateHz from its beginning; confidence likewise when asked for.
std::vector<float> signal_of(const FlatPage& page, const TraceRow& row, const LeadStretch& stretch, double mm_per_s, double mm_per_mv,
                             std::vector<float>* confidence = nullptr);

}  // namespace precordia
