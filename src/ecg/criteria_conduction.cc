// Conduction: bundle branches, fascicles, and what is wide without being either.
#include "base/text.h"
#include "ecg/judging.h"

namespace precordia {
namespace {

constexpr double kFeaturePenaltyMs = 20;  // continuous value of the block criteria

bool mostly_down(const LeadAmplitudes& a) {
  return a.r_mv && (a.qs || (s_of(a) > 1.5 * a.r_mv.value_or(0) && a.r_prime_mv.value_or(0) < 0.05));
}
bool broad_r(const LeadAmplitudes& a) {
  return mostly_up(a) && (a.notches.value_or(0) > 0 || a.r_peak_ms.value_or(0) > 60);
}
bool no_q(const LeadAmplitudes& a) { return !a.qs && a.q_mv.value_or(0) < kSmallestQMv; }

Criterion wide_qrs(const CriteriaInput& in) {
  if (!qrs_ms(in)) return unknown(kWideQrs, in, "Not judged: the QRS duration is unknown.");
  return at_least(kWideQrs, in, *qrs_ms(in));
}

Criterion lbbb(const CriteriaInput& in) {
  if (auto why = missing_leads(in, {Lead::kI, Lead::kAVL, Lead::kV1, Lead::kV5, Lead::kV6}))
    return unknown(kLbbb, in, *why);
  if (!qrs_ms(in)) return unknown(kLbbb, in, "Not judged: the QRS duration is unknown.");
  const auto &i = amplitudes(in, Lead::kI), &avl = amplitudes(in, Lead::kAVL),
             &v1 = amplitudes(in, Lead::kV1), &v5 = amplitudes(in, Lead::kV5),
             &v6 = amplitudes(in, Lead::kV6);
  int missing = 2 * !mostly_down(v1);
  missing += !(broad_r(i) || broad_r(avl));
  missing += !(broad_r(v5) || broad_r(v6));
  missing += !(no_q(i) && no_q(v5) && no_q(v6));
  Criterion c = at_least(kLbbb, in, *qrs_ms(in) - kFeaturePenaltyMs * missing);
  c.met = *qrs_ms(in) >= *c.cutoff && missing == 0;
  return c;
}

Criterion lbbb_strauss(const CriteriaInput& in) {
  if (auto why = missing_leads(in, {Lead::kI, Lead::kAVL, Lead::kV1, Lead::kV2, Lead::kV5, Lead::kV6}))
    return unknown(kLbbbStrauss, in, *why);
  if (!qrs_ms(in)) return unknown(kLbbbStrauss, in, "Not judged: the QRS duration is unknown.");
  int notched = 0;
  for (Lead lead : {Lead::kV1, Lead::kV2, Lead::kV5, Lead::kV6, Lead::kI, Lead::kAVL})
    notched += amplitudes(in, lead).notches.value_or(0) > 0;
  const int missing =
      !mostly_down(amplitudes(in, Lead::kV1)) + !mostly_down(amplitudes(in, Lead::kV2)) + (notched < 2);
  Criterion c = at_least(kLbbbStrauss, in, *qrs_ms(in) - kFeaturePenaltyMs * missing);
  if (missing > 0) {
    c.met = false;
    c.why_unknown.clear();
  } else if (c.cutoff) {
    c.met = *qrs_ms(in) >= *c.cutoff;
  }
  return c;
}

bool late_r_in(const LeadAmplitudes& a) {
  if (!a.r_mv) return false;
  if (a.r_prime_mv.value_or(0) > 0.1 && *a.r_prime_mv > *a.r_mv * 0.6) return true;
  return mostly_up(a) && a.r_peak_ms.value_or(0) > 50 && s_of(a) < 0.3 * r_of(a);
}

bool wide_s_in(const LeadAmplitudes& a) {
  return a.s_ms && a.r_ms && a.s_mv.value_or(0) > 0.05 && (*a.s_ms > 40 || *a.s_ms > *a.r_ms);
}

Criterion rbbb(const CriteriaInput& in) {
  if (auto why = missing_leads(in, {Lead::kI, Lead::kV1, Lead::kV2, Lead::kV6}))
    return unknown(kRbbb, in, *why);
  if (!qrs_ms(in)) return unknown(kRbbb, in, "Not judged: the QRS duration is unknown.");
  const bool late = late_r_in(amplitudes(in, Lead::kV1)) || late_r_in(amplitudes(in, Lead::kV2));
  const bool s_left = wide_s_in(amplitudes(in, Lead::kI)), s_v6 = wide_s_in(amplitudes(in, Lead::kV6));
  const int missing = 2 * !late + !s_left + !s_v6;
  Criterion c = at_least(kRbbb, in, *qrs_ms(in) - kFeaturePenaltyMs * missing);
  c.met = *qrs_ms(in) >= *c.cutoff && late && (s_left || s_v6);
  return c;
}

bool rs_in(const LeadAmplitudes& a) { return a.r_mv && *a.r_mv >= 0.02 && s_of(a) > r_of(a); }

// The axis that the fascicle gives is only its own where the left bundle conducts and nothing paces.
std::optional<std::string> fascicles_hidden(const CriteriaInput& in, const std::vector<Criterion>& done) {
  if (!measured(in.findings, "qrs_axis_deg") || !qrs_ms(in))
    return "Not judged: the QRS axis or duration is unknown.";
  if (left_block_or_pacing(in, done))
    return "Not judged: in left bundle branch block or pacing the axis does not speak of a fascicle.";
  return std::nullopt;
}

Criterion lafb(const CriteriaInput& in, const std::vector<Criterion>& done) {
  if (auto why = missing_leads(in, {Lead::kII, Lead::kIII, Lead::kAVF})) return unknown(kLafb, in, *why);
  if (auto why = fascicles_hidden(in, done)) {
    Criterion c = unknown(kLafb, in, *why);
    c.value = measured(in.findings, "qrs_axis_deg");
    return c;
  }
  const double axis = *measured(in.findings, "qrs_axis_deg");
  Criterion c = from(kLafb, in);
  c.value = axis;
  c.met = axis <= *c.cutoff && axis >= -90 && rs_in(amplitudes(in, Lead::kIII)) &&
          rs_in(amplitudes(in, Lead::kAVF)) && (*qrs_ms(in) < kWideQrsMs || met(done, "rbbb"));
  return c;
}

Criterion lpfb(const CriteriaInput& in, const std::vector<Criterion>& done) {
  if (auto why = missing_leads(in, {Lead::kI, Lead::kIII, Lead::kAVL, Lead::kAVF}))
    return unknown(kLpfb, in, *why);
  if (auto why = fascicles_hidden(in, done)) return unknown(kLpfb, in, *why);
  const double axis = *measured(in.findings, "qrs_axis_deg");
  Criterion c = from(kLpfb, in);
  c.value = axis;
  auto down = [&](Lead lead) { return s_of(amplitudes(in, lead)) > r_of(amplitudes(in, lead)); };
  c.met = axis >= *c.cutoff && axis <= 180 && down(Lead::kI) && down(Lead::kAVL) &&
          mostly_up(amplitudes(in, Lead::kIII)) && mostly_up(amplitudes(in, Lead::kAVF)) &&
          (*qrs_ms(in) < kWideQrsMs || met(done, "rbbb"));
  return c;
}

Criterion ivcd(const CriteriaInput& in, const std::vector<Criterion>& done) {
  if (!qrs_ms(in)) return unknown(kIvcd, in, "Not judged: the QRS duration is unknown.");
  if (in.findings.rhythm == Rhythm::kPaced)
    return unknown(kIvcd, in, "Not judged: a paced QRS is wide because of the pacing.");
  Criterion c = from(kIvcd, in);
  c.value = *qrs_ms(in);
  c.met = *c.value > *c.cutoff && !met(done, "lbbb") && !met(done, "lbbb_strauss") && !met(done, "rbbb");
  return c;
}

Criterion left_axis(const CriteriaInput& in) {
  const auto axis = measured(in.findings, "qrs_axis_deg");
  if (!axis) return unknown(kLeftAxis, in, "Not judged: the QRS axis is unknown.");
  Criterion c = from(kLeftAxis, in);
  c.value = *axis;
  c.met = *axis < *c.cutoff && *axis >= -90;
  return c;
}

Criterion delayed_r_peak(const CriteriaInput& in) {
  const auto &v5 = amplitudes(in, Lead::kV5), &v6 = amplitudes(in, Lead::kV6);
  if (!v5.r_peak_ms && !v6.r_peak_ms)
    return unknown(kDelayedRPeak, in, "Not judged: there is no R wave to measure in V5 or V6.");
  return at_least(kDelayedRPeak, in, std::max(v5.r_peak_ms.value_or(0), v6.r_peak_ms.value_or(0)));
}

}  // namespace

std::vector<Criterion> judge_conduction(const CriteriaInput& in) {
  std::vector<Criterion> out = {wide_qrs(in), lbbb(in), lbbb_strauss(in), rbbb(in)};
  out.push_back(lafb(in, out));
  out.push_back(lpfb(in, out));
  out.push_back(ivcd(in, out));
  out.push_back(left_axis(in));
  out.push_back(delayed_r_peak(in));
  return out;
}

}  // namespace precordia
