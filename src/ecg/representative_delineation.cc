#include "ecg/representative_delineation.h"

#include <algorithm>

namespace precordia {
namespace {

// The instant of largest distance from the baseline over all leads inside the QRS.
int spatial_peak(const MedianBeat& beat, int on, int off) {
  int best = on;
  double largest = -1;
  for (int i = std::max(0, on); i <= std::min(off, beat.length - 1); ++i) {
    double sum = 0;
    for (int lead : beat.leads) sum += beat.mv[lead][i] * beat.mv[lead][i];
    if (sum > largest) largest = sum, best = i;
  }
  return best;
}

DelineatedBeat delineate_median(const MedianBeat& beat, bool look_for_p) {
  std::array<WaveletLevels, kLeadCount> wavelet;
  Traces traces;
  traces.mv = &beat.mv;
  traces.leads = beat.leads;
  traces.sample_count = beat.length;
  for (int lead : beat.leads) wavelet[lead] = wavelet_transform(beat.mv[lead]);
  traces.wavelet = &wavelet;
  const auto extent = rough_qrs_extent(wavelet, beat.leads, beat.length, beat.r_index);
  bridge_qrs(traces, {extent});
  SearchRange range;
  range.r = beat.r_index;
  range.previous_r = beat.r_index - beat.rr;
  range.next_r = beat.r_index + beat.rr;
  range.look_for_p = look_for_p;
  return delineate(traces, extent, range);
}

}  // namespace

DelineatedMedian delineate_representative(const AnalysisSignal& signal, const std::vector<ClassifiedBeat>& beats) {
  DelineatedMedian out;
  // A first look with the PR level taken well before any QRS tells where the QRS begins; the second uses it.
  out.beat = median_beat(signal, beats, samples_of_ms(70));
  if (out.beat.length == 0) return out;
  out.fiducials = delineate_median(out.beat, false);
  if (!out.fiducials.global.qrs_on) return out;
  out.beat = median_beat(signal, beats, out.beat.r_index - *out.fiducials.global.qrs_on);
  out.fiducials = delineate_median(out.beat, true);
  if (out.fiducials.global.qrs_on) {
    out.fiducials.global.r_peak =
        spatial_peak(out.beat, *out.fiducials.global.qrs_on, *out.fiducials.global.qrs_off);
  }
  return out;
}

}  // namespace precordia
