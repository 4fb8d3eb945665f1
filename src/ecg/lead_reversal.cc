#include "ecg/lead_reversal.h"

#include <algorithm>
#include <cmath>

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

}  // namespace

std::vector<std::string> suspected_reversals(const EcgFindings& findings, const MedianBeat& beat) {
  std::vector<std::string> out;
  const auto& a = findings.amplitudes;
  const LeadAmplitudes &i = a[index_of(Lead::kI)], &avr = a[index_of(Lead::kAVR)],
                       &v6 = a[index_of(Lead::kV6)];
  if (i.r_mv && v6.r_mv) {
    const bool p_reversed = i.p_mv && *i.p_mv < -0.02;
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
  return out;
}

}  // namespace precordia
