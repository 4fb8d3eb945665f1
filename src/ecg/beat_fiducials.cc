#include "ecg/beat_fiducials.h"

#include <algorithm>
#include <cmath>

namespace precordia {
namespace {

constexpr float kOwnP = 0.30f;  // correlation with the mean P from which a beat is said to have its P

BeatFiducials moved(const BeatFiducials& f, int by, int sample_count) {
  auto move = [&](std::optional<int> v) -> std::optional<int> {
    if (!v || *v + by < 0 || *v + by >= sample_count) return std::nullopt;
    return *v + by;
  };
  return {move(f.p_on),    move(f.p_peak), move(f.p_off),  move(f.qrs_on), move(f.r_peak),
          move(f.qrs_off), move(f.t_on),   move(f.t_peak), move(f.t_off)};
}

void drop_p(BeatFiducials& f) { f.p_on = f.p_peak = f.p_off = std::nullopt; }

// Half a wave cut off by the end of the record is no wave.
void drop_partial(BeatFiducials& f) {
  if (!f.p_on || !f.p_off) drop_p(f);
  if (!f.t_peak || !f.t_off) f.t_on = f.t_peak = f.t_off = std::nullopt;
}

}  // namespace

std::vector<std::pair<int, int>> qrs_extents(const AnalysisSignal& signal,
                                             const std::vector<ClassifiedBeat>& beats,
                                             const MedianBeat& median, const DelineatedBeat& representative) {
  std::vector<std::pair<int, int>> extents;
  for (const ClassifiedBeat& beat : beats) {
    if (beat.family == 0 && representative.global.qrs_on) {
      extents.push_back({beat.r + *representative.global.qrs_on - median.r_index,
                         beat.r + *representative.global.qrs_off - median.r_index});
    } else {
      extents.push_back(rough_qrs_extent(signal.wavelet, signal.leads, signal.sample_count, beat.r));
    }
  }
  return extents;
}

std::vector<DelineatedBeat> delineate_beats(const Traces& record, const std::vector<ClassifiedBeat>& beats,
                                            const MedianBeat& median, const DelineatedBeat& representative,
                                            const AtrialActivity& atria) {
  std::vector<DelineatedBeat> out(beats.size());
  for (size_t b = 0; b < beats.size(); ++b) {
    const int r = beats[b].r;
    if (beats[b].family == 0 && representative.global.qrs_on) {
      const int by = r - median.r_index;
      out[b].global = moved(representative.global, by, record.sample_count);
      for (int lead : record.leads)
        out[b].per_lead[lead] = moved(representative.per_lead[lead], by, record.sample_count);
    } else {
      SearchRange range;
      range.r = r;
      range.previous_r = b > 0 ? beats[b - 1].r : r - median.rr;
      range.next_r = b + 1 < beats.size() ? beats[b + 1].r : r + median.rr;
      range.look_for_p = false;
      out[b] =
          delineate(record, rough_qrs_extent(*record.wavelet, record.leads, record.sample_count, r), range);
    }
    const bool p = atria.p_present && beats[b].family == 0 && atria.beat_match[b] >= kOwnP;
    // A T that would reach into the next beat's QRS is not this beat's T.
    const int limit = b + 1 < beats.size() ? beats[b + 1].r - samples_of_ms(60) : record.sample_count;
    auto finish = [&](BeatFiducials& f) {
      if (!p) drop_p(f);
      if (f.t_off && *f.t_off > limit) {
        f.t_off = f.t_peak && *f.t_peak < limit - samples_of_ms(20) ? std::optional(limit) : std::nullopt;
      }
      drop_partial(f);
    };
    finish(out[b].global);
    for (int lead : record.leads) finish(out[b].per_lead[lead]);
  }
  return out;
}

}  // namespace precordia
