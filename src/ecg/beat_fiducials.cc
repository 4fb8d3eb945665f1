#include "ecg/beat_fiducials.h"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>

namespace precordia {
namespace {

constexpr float kOwnP = 0.15f;  // correlation with the mean P from which an ordinary beat is said to have its P
constexpr int kStep = 4;        // samples between the points that are compared (8 ms)
constexpr int kFurthestT = samples_of_ms(56), kBesideT = samples_of_ms(20);
constexpr double kAlikeT = 0.6;  // correlation with the mean T from which a beat's own T is followed

BeatFiducials moved(const BeatFiducials& f, int by, int sample_count) {
  auto move = [&](std::optional<int> v) -> std::optional<int> {
    if (!v || *v + by < 0 || *v + by >= sample_count) return std::nullopt;
    return *v + by;
  };
  return {move(f.p_on),    move(f.p_peak), move(f.p_off),  move(f.qrs_on), move(f.r_peak),
          move(f.qrs_off), move(f.t_on),   move(f.t_peak), move(f.t_off)};
}

void drop_p(BeatFiducials& f) { f.p_on = f.p_peak = f.p_off = std::nullopt; }

// How far each beat's T wave lies from where the representative one would put it, in samples: QT follows the RR interval
// before, beat by beat. Found by correlation with the mean over all beats, over all leads at once; 0 where a beat's T is
// cut off or unlike the others.
std::vector<int> t_wave_shifts(const Traces& record, const std::vector<ClassifiedBeat>& beats, int from, int to) {
  constexpr int kLags = kFurthestT / kStep;
  const int points = (to - from) / kStep + 1, padded = points + 2 * kLags, leads = static_cast<int>(record.leads.size());
  std::vector<int> shifts(beats.size(), 0);
  if (points < 4 || leads == 0) return shifts;
  std::vector<Eigen::MatrixXf> around(beats.size());
  Eigen::MatrixXf mean = Eigen::MatrixXf::Zero(points, leads);
  int used = 0;
  for (size_t b = 0; b < beats.size(); ++b) {
    const int first = beats[b].r + from - kLags * kStep, last = first + (padded - 1) * kStep;
    if (beats[b].family != 0 || first < 0 || last >= record.sample_count) continue;
    around[b].resize(padded, leads);
    for (int l = 0; l < leads; ++l) {
      const float* w = record.without_qrs[record.leads[l]][4].data() + first;
      for (int p = 0; p < padded; ++p) around[b](p, l) = w[p * kStep];
    }
    mean += around[b].middleRows(kLags, points);
    ++used;
  }
  if (used < 3 || mean.norm() <= 0) return shifts;
  mean /= mean.norm();
  for (size_t b = 0; b < beats.size(); ++b) {
    if (around[b].size() == 0) continue;
    std::array<double, 2 * kLags + 1> alike{};
    for (int lag = 0; lag <= 2 * kLags; ++lag) {
      const auto window = around[b].middleRows(lag, points);
      const double size = window.norm();
      alike[lag] = size > 0 ? window.cwiseProduct(mean).sum() / size : 0;
    }
    const int best = static_cast<int>(std::max_element(alike.begin(), alike.end()) - alike.begin());
    if (alike[best] < kAlikeT || best == 0 || best == 2 * kLags) continue;
    const double bend = alike[best - 1] - 2 * alike[best] + alike[best + 1];
    const double between = bend < 0 ? 0.5 * (alike[best - 1] - alike[best + 1]) / bend : 0;
    shifts[b] = static_cast<int>(std::lround((best - kLags + between) * kStep));
  }
  return shifts;
}

void move_t(BeatFiducials& f, int by) {
  for (auto* instant : {&f.t_on, &f.t_peak, &f.t_off}) {
    if (*instant) **instant += by;
  }
  if (f.t_on && f.qrs_off) f.t_on = std::max(*f.t_on, *f.qrs_off);
}

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
  std::vector<int> t_shift(beats.size(), 0);
  if (representative.global.t_on && representative.global.t_off) {
    t_shift = t_wave_shifts(record, beats, *representative.global.t_on - kBesideT - median.r_index,
                            *representative.global.t_off + kBesideT - median.r_index);
  }
  for (size_t b = 0; b < beats.size(); ++b) {
    const int r = beats[b].r;
    if (beats[b].family == 0 && representative.global.qrs_on) {
      const int by = r - median.r_index;
      out[b].global = moved(representative.global, by, record.sample_count);
      for (int lead : record.leads)
        out[b].per_lead[lead] = moved(representative.per_lead[lead], by, record.sample_count);
      move_t(out[b].global, t_shift[b]);
      for (int lead : record.leads) move_t(out[b].per_lead[lead], t_shift[b]);
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
