#include "ecg/amplitudes.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace precordia {
namespace {

constexpr float kSmallestWaveMv = 0.02f;
constexpr float kReturnsMv = 0.05f;
constexpr float kFragmentMv = 0.04f;
constexpr int kShortestWave = samples_of_ms(6);
constexpr double kSmallestVectorMvMs =
    0.4;  // a wave whose frontal area is smaller than this has no direction to speak of

struct Deflection {
  int from, to, peak;
  float height;  // signed
};

// Runs of one sign inside the QRS that are large and long enough to be waves.
std::vector<Deflection> deflections(const std::vector<float>& mv, int from, int to) {
  std::vector<Deflection> out;
  for (int i = from; i <= to;) {
    const bool up = mv[i] > 0;
    Deflection d{i, i, i, mv[i]};
    while (i <= to && (mv[i] > 0) == up) {
      if (std::fabs(mv[i]) > std::fabs(d.height)) d.peak = i, d.height = mv[i];
      d.to = i++;
    }
    if (std::fabs(d.height) < kSmallestWaveMv || d.to - d.from + 1 < kShortestWave) continue;
    if (!out.empty() && (out.back().height > 0) == up) {  // a wave too small to count lay between: one wave
      if (std::fabs(d.height) > std::fabs(out.back().height))
        out.back().peak = d.peak, out.back().height = d.height;
      out.back().to = d.to;
    } else {
      out.push_back(d);
    }
  }
  // What merely runs into a displaced ST segment is not a wave: an R' or S comes back before the QRS ends.
  if (out.size() > 1 && out.back().to >= to && std::fabs(out.back().height) - std::fabs(mv[to]) < kReturnsMv)
    out.pop_back();
  return out;
}

// Notches (the trace turns back) and slurs (it nearly halts) between 40 ms after the onset and 20 ms before
// the end.
int count_notches(const std::vector<float>& mv, int on, int off) {
  const int from = on + samples_of_ms(36), to = off - samples_of_ms(20);
  if (to - from < samples_of_ms(12)) return 0;
  float steepest = 0;
  const int span = samples_of_ms(4);
  auto slope = [&](int i) { return mv[i + span] - mv[i - span]; };
  for (int i = on + span; i + span <= off; ++i) steepest = std::max(steepest, std::fabs(slope(i)));
  if (steepest <= 0) return 0;
  // Each stretch of near-standstill is one turning point; the main R or S peak is one of them, so it does not
  // count.
  int standstills = 0;
  bool still = false;
  for (int i = from; i <= to; ++i) {
    const bool now = std::fabs(slope(i)) < 0.12f * steepest;
    if (now && !still) ++standstills;
    still = now;
  }
  return std::max(0, standstills - 1);
}

// Turns back of at least kFragmentMv that stay on one side of the baseline: notches of one wave, not waves of their own.
// Counted over the whole QRS, so that a notch in the nadir of S counts as well as one in R.
int count_fragments(const std::vector<float>& mv, int on, int off) {
  int turns = 0, direction = 0;
  float extreme = mv[on];
  for (int i = on + 1; i <= off; ++i) {
    if (direction == 0) {
      if (std::fabs(mv[i] - extreme) >= kFragmentMv) direction = mv[i] > extreme ? 1 : -1, extreme = mv[i];
    } else if ((mv[i] - extreme) * direction >= 0) {
      extreme = mv[i];
    } else if (std::fabs(mv[i] - extreme) >= kFragmentMv) {
      // `extreme` was a turning point. A valley above the baseline, or a hill under it, is a turn inside one wave.
      if (direction < 0 ? extreme > kSmallestWaveMv : extreme < -kSmallestWaveMv) ++turns;
      direction = -direction, extreme = mv[i];
    }
  }
  return turns;
}

// What a clipped, wandering or noisy lead cannot tell is unknown, not a number that looks like the others.
void withhold(LeadAmplitudes& a, const LeadQuality& q) {
  if (!q.heights_known)
    a.p_mv = a.q_mv = a.r_mv = a.s_mv = a.r_prime_mv = a.t_mv = a.p_terminal_mv = std::nullopt;
  if (!q.st_known) a.st_j_mv = a.st_60ms_mv = std::nullopt;
  if (!q.small_waves_known) {
    a.p_mv = a.p_terminal_mv = a.p_terminal_ms = std::nullopt;
    a.notches = a.fragments = std::nullopt;
  }
}

void measure_qrs(LeadAmplitudes& a, const std::vector<float>& mv, int on, int off, int global_on) {
  const std::vector<Deflection> waves = deflections(mv, on, off);
  a.notches = count_notches(mv, on, off);
  a.fragments = count_fragments(mv, on, off);
  a.q_mv = a.r_mv = a.s_mv = a.r_prime_mv = 0;
  a.q_ms = a.r_ms = a.s_ms = 0;
  const auto first_up =
      std::find_if(waves.begin(), waves.end(), [](const Deflection& d) { return d.height > 0; });
  auto width = [](const Deflection& d) { return ms_of_samples(d.to - d.from + 1); };
  if (first_up == waves.end()) {
    if (!waves.empty()) {
      a.q_mv = -waves.front().height;
      a.q_ms = width(waves.front());
      a.qs = true;
    }
    return;
  }
  if (first_up != waves.begin()) {
    a.q_mv = -waves.front().height;
    a.q_ms = width(waves.front());
  }
  a.r_mv = first_up->height;
  a.r_ms = width(*first_up);
  const Deflection* tallest = &*first_up;
  for (auto d = first_up + 1; d != waves.end(); ++d) {
    if (d->height > 0) {
      a.r_prime_mv = std::max(*a.r_prime_mv, static_cast<double>(d->height));
      if (d->height > tallest->height) tallest = &*d;
    } else if (-d->height > *a.s_mv) {
      a.s_mv = -d->height;
      a.s_ms = width(*d);
    }
  }
  // The last peak of the tallest upward wave: on a notched plateau that is the second summit.
  int peak = tallest->peak;
  for (int i = tallest->peak + 1; i < tallest->to; ++i) {
    if (mv[i] >= mv[i - 1] && mv[i] > mv[i + 1] && mv[i] > 0.8f * tallest->height) peak = i;
  }
  a.r_peak_ms = ms_of_samples(peak - global_on);
}

void measure_p(LeadAmplitudes& a, const std::vector<float>& mv, int on, int off) {
  if (off - on < samples_of_ms(20) || on < 0) return;
  float height = 0;
  auto above = [&](int i) {
    const float line =
        mv[on] + (mv[off] - mv[on]) * static_cast<float>(i - on) / static_cast<float>(off - on);
    return mv[i] - line;
  };
  for (int i = on; i <= off; ++i) {
    const float v = above(i);
    if (std::fabs(v) > std::fabs(height)) height = v;
  }
  a.p_mv = height;
  // Terminal part: the last run below the line before the end of P.
  int end = off;
  while (end > on && above(end) > -0.25f * kSmallestWaveMv) --end;
  int start = end;
  while (start > on && above(start) < 0) --start;
  float deepest = 0;
  for (int i = start; i <= end; ++i) deepest = std::min(deepest, above(i));
  const bool terminal = deepest <= -0.5f * kSmallestWaveMv && end > on + (off - on) / 3;
  a.p_terminal_mv = terminal ? deepest : 0.0;
  a.p_terminal_ms = terminal ? ms_of_samples(off - start) : 0.0;
}

}  // namespace

std::array<LeadAmplitudes, kLeadCount> measure_amplitudes(const MedianBeat& beat,
                                                          const DelineatedBeat& fiducials, bool p_present,
                                                          const std::array<LeadQuality, kLeadCount>& quality) {
  std::array<LeadAmplitudes, kLeadCount> out;
  if (!fiducials.global.qrs_on || !fiducials.global.qrs_off) return out;
  const int last = beat.length - 1;
  for (int lead : beat.leads) {
    const std::vector<float>& mv = beat.mv[lead];
    const BeatFiducials& f = fiducials.per_lead[lead];
    LeadAmplitudes& a = out[lead];
    const int on = std::clamp(f.qrs_on.value_or(*fiducials.global.qrs_on), 0, last);
    const int off = std::clamp(f.qrs_off.value_or(*fiducials.global.qrs_off), 0, last);
    const int global_on = std::clamp(*fiducials.global.qrs_on, 0, last),
              j = std::clamp(*fiducials.global.qrs_off, 0, last);
    if (off <= on) continue;
    measure_qrs(a, mv, on, off, global_on);
    a.st_j_mv = mv[j];
    const int later = j + samples_of_ms(60);
    if (later <= last) a.st_60ms_mv = mv[later];
    if (f.t_on && f.t_off) {
      float t = 0;
      const int from = std::clamp(std::max(*f.t_on, j), 0, last), to = std::clamp(*f.t_off, 0, last);
      for (int i = from; i <= to; ++i) {
        if (std::fabs(mv[i]) > std::fabs(t)) t = mv[i];
      }
      a.t_mv = t;
    }
    if (p_present && f.p_on && f.p_off)
      measure_p(a, mv, std::clamp(*f.p_on, 0, last), std::clamp(*f.p_off, 0, last));
    withhold(a, quality[lead]);
  }
  return out;
}

double wave_area(const std::vector<float>& mv, int from, int to, bool on_line) {
  const int last = static_cast<int>(mv.size()) - 1;
  from = std::clamp(from, 0, std::max(0, last));
  to = std::clamp(to, 0, std::max(0, last));
  if (to <= from || last < 0) return 0;
  double area = 0;
  for (int i = from; i <= to; ++i) {
    const double line =
        on_line ? mv[from] + (mv[to] - mv[from]) * static_cast<double>(i - from) / (to - from) : 0.0;
    area += mv[i] - line;
  }
  return area * 1000 / kAnalysisRateHz;
}

std::optional<double> frontal_axis_deg(const MedianBeat& beat, int from, int to, bool on_line) {
  // Lead directions in the frontal plane; the augmented leads are shorter by sqrt(3)/2 (Goldberger,
  // Burger-free equilateral triangle).
  constexpr std::array<double, 6> kDirectionDeg = {0, 60, 120, -150, -30, 90};
  const double augmented = std::sqrt(3.0) / 2;
  Eigen::Matrix2d normal = Eigen::Matrix2d::Zero();
  Eigen::Vector2d right = Eigen::Vector2d::Zero();
  int used = 0;
  for (int lead = 0; lead < 6; ++lead) {
    if (beat.mv[lead].empty()) continue;
    const double angle = kDirectionDeg[lead] * std::numbers::pi / 180, length = lead >= 3 ? augmented : 1.0;
    const Eigen::Vector2d direction(length * std::cos(angle), length * std::sin(angle));
    normal += direction * direction.transpose();
    right += direction * wave_area(beat.mv[lead], from, to, on_line);
    ++used;
  }
  if (used < 2 || std::fabs(normal.determinant()) < 1e-6) return std::nullopt;
  const Eigen::Vector2d vector = normal.inverse() * right;
  if (vector.norm() < kSmallestVectorMvMs) return std::nullopt;
  double degrees = std::atan2(vector.y(), vector.x()) * 180 / std::numbers::pi;
  if (degrees <= -180) degrees += 360;
  return degrees;
}

}  // namespace precordia
