#include "ecg/lead_reversal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "base/text.h"
#include "ecg/reference_values.h"

namespace precordia {
namespace {

double net_qrs(const LeadAmplitudes& a) {
  return std::max(a.r_mv.value_or(0), a.r_prime_mv.value_or(0)) -
         std::max(a.q_mv.value_or(0), a.s_mv.value_or(0));
}

double span_of(const std::vector<float>& mv) {
  const auto [low, high] = std::minmax_element(mv.begin(), mv.end());
  return *high - *low;
}

// How unlike two leads run from QRS onset to T end: 1 - correlation.
double unlikeness(const std::vector<float>& a, const std::vector<float>& b, int from, int to) {
  constexpr int kStep = samples_of_ms(4);
  double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0, n = 0;
  for (int i = from; i <= to; i += kStep, ++n) {
    sa += a[i], sb += b[i], saa += a[i] * a[i], sbb += b[i] * b[i], sab += a[i] * b[i];
  }
  const double va = n * saa - sa * sa, vb = n * sbb - sb * sb;
  return va > 0 && vb > 0 ? 1 - (n * sab - sa * sb) / std::sqrt(va * vb) : 1;
}

// The two chest electrodes whose exchange would make the way from V1 to V6 smoothest, when it would by a clear margin.
std::optional<std::pair<Lead, Lead>> exchanged_chest_leads(const MedianBeat& beat, const BeatFiducials& global) {
  constexpr int kFirst = index_of(Lead::kV1), kChest = 6;
  constexpr std::pair<int, int> kExchanges[] = {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {0, 2}, {0, 5}};
  if (!global.qrs_on || !global.qrs_off) return std::nullopt;
  const int from = std::max(0, *global.qrs_on);
  const int to = std::min(global.t_off.value_or(*global.qrs_off + samples_of_ms(200)), beat.length - 1);
  if (to - from < samples_of_ms(100)) return std::nullopt;
  double distance[kChest][kChest] = {};
  for (int i = 0; i < kChest; ++i) {
    if (beat.mv[kFirst + i].empty()) return std::nullopt;
    for (int k = 0; k < i; ++k)
      distance[i][k] = distance[k][i] = unlikeness(beat.mv[kFirst + i], beat.mv[kFirst + k], from, to);
  }
  auto way = [&](std::array<int, kChest> order) {
    double sum = 0;
    for (int i = 0; i + 1 < kChest; ++i) sum += distance[order[i]][order[i + 1]];
    return sum;
  };
  constexpr std::array<int, kChest> kRight = {0, 1, 2, 3, 4, 5};
  const double as_is = way(kRight);
  double best = as_is * (1 - kChestExchangeGain);
  std::optional<std::pair<Lead, Lead>> found;
  for (const auto& [a, b] : kExchanges) {
    std::array<int, kChest> order = kRight;
    std::swap(order[a], order[b]);
    if (way(order) >= best) continue;
    best = way(order);
    found = {static_cast<Lead>(kFirst + a), static_cast<Lead>(kFirst + b)};
  }
  return found;
}

}  // namespace

ReversalSuspicions suspected_reversals(const EcgFindings& findings, const MedianBeat& beat,
                                       const BeatFiducials& global) {
  ReversalSuspicions suspicions;
  std::vector<std::string>& out = suspicions.certain;
  const auto& a = findings.amplitudes;
  const LeadAmplitudes &i = a[index_of(Lead::kI)], &avr = a[index_of(Lead::kAVR)],
                       &v6 = a[index_of(Lead::kV6)];
  const LeadAmplitudes& ii = a[index_of(Lead::kII)];
  const bool arm_and_leg = ii.r_mv && avr.r_mv && ii.p_mv.value_or(0) < -0.03 && avr.p_mv.value_or(0) > 0.03 &&
                           net_qrs(ii) < -0.1 && net_qrs(avr) > 0.1;
  if (arm_and_leg) {
    out.push_back(
        "The right-arm and left-leg electrodes seem to be swapped (lead II is upside down, aVR upright): repeat the "
        "recording.");
  } else if (i.r_mv && v6.r_mv) {
    const bool p_reversed = i.p_mv && *i.p_mv < -0.015;
    const bool qrs_reversed = net_qrs(i) < -0.15;
    const bool t_reversed = i.t_mv.value_or(0) < 0 && v6.t_mv.value_or(0) > 0;
    const bool chest_normal = net_qrs(v6) > 0.15;
    // Without P waves (atrial fibrillation) only a positive aVR on top makes it more than right axis
    // deviation.
    const bool certain = i.p_mv ? p_reversed : t_reversed && avr.r_mv && net_qrs(avr) > 0.1;
    if (qrs_reversed && certain && chest_normal) {
      out.push_back(
          "The arm electrodes seem to be swapped (lead I is upside down while V6 is not): repeat the "
          "recording.");
    } else if (qrs_reversed && p_reversed && !chest_normal) {
      out.push_back(
          "Lead I is upside down and the chest leads do not grow towards V6: swapped electrodes or "
          "dextrocardia; check and repeat the recording.");
    }
  }
  // A swap with the right leg leaves one of I, II, III almost without a signal while the others have one.
  const std::array<Lead, 3> limb = {Lead::kI, Lead::kII, Lead::kIII};
  for (Lead lead : limb) {
    if (beat.mv[index_of(lead)].empty()) continue;
    bool others = true;
    for (Lead other : limb) {
      if (other == lead) continue;
      others = others && !beat.mv[index_of(other)].empty() && span_of(beat.mv[index_of(other)]) >= 0.5;
    }
    if (others && span_of(beat.mv[index_of(lead)]) < kReversalFlatMv) {
      out.push_back(
          format_text("Lead %s is nearly flat while the other limb leads are not: a limb electrode and the "
                      "right-leg electrode seem to be swapped; repeat the recording.",
                      kLeadNames[index_of(lead)]));
    }
  }
  if (const auto chest = exchanged_chest_leads(beat, global)) {
    suspicions.possible.push_back(
        format_text("%s and %s may be swapped: the chest leads would follow each other more smoothly the other way "
                    "round. Check these electrodes.",
                    kLeadNames[index_of(chest->first)], kLeadNames[index_of(chest->second)]));
  }
  return suspicions;
}

}  // namespace precordia
