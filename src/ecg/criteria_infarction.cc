// Old and fresh infarction: Q waves, fragments, lost R waves, raised ST.
#include <algorithm>

#include "base/text.h"
#include "ecg/judging.h"

namespace precordia {
namespace {

bool wide_deep_q(const LeadAmplitudes& a) {
  return a.qs ? a.q_mv.value_or(0) >= 0.1 : a.q_ms.value_or(0) >= 30 && a.q_mv.value_or(0) >= 0.1;
}

Criterion pathological_q(const CriteriaInput& in, const std::vector<Criterion>& done) {
  if (left_block_or_pacing(in, done))
    return unknown(kPathologicalQ, in, "Not judged: bundle branch block or pacing hides or mimics Q waves.");
  if (in.findings.representative.beats_used == 0)
    return unknown(kPathologicalQ, in, "Not judged: there is no representative beat.");
  Criterion c = from(kPathologicalQ, in);
  auto rule = [&](Lead lead) { return measured_lead(in, lead) && wide_deep_q(amplitudes(in, lead)); };
  std::vector<int> anterior = neighbours(kChest, rule);
  for (Lead lead : {Lead::kV2, Lead::kV3}) {
    const LeadAmplitudes& a = amplitudes(in, lead);
    const bool q = a.r_mv && (a.qs || (a.q_ms.value_or(0) >= 20 && a.q_mv.value_or(0) >= 0.05));
    if (q && std::find(anterior.begin(), anterior.end(), index_of(lead)) == anterior.end())
      anterior.push_back(index_of(lead));
  }
  std::sort(anterior.begin(), anterior.end());
  if (anterior.size() == 1 && anterior[0] == index_of(Lead::kV1)) anterior.clear();
  const std::vector<int> inferior = neighbours(kInferior, rule), lateral = neighbours(kHighLateral, rule);
  std::vector<int> posterior;
  for (Lead lead : {Lead::kV1, Lead::kV2}) {
    const LeadAmplitudes& a = amplitudes(in, lead);
    if (qrs_ms(in).value_or(200) < kWideQrsMs && a.r_mv && a.r_ms.value_or(0) >= 40 && *a.r_mv >= s_of(a) &&
        *a.r_mv > 0.2 && a.t_mv.value_or(0) > 0.05 && a.r_prime_mv.value_or(0) < 0.05) {
      posterior.push_back(index_of(lead));
    }
  }
  if (posterior.size() < 2) posterior.clear();
  add_territory(c, "anterior", anterior);
  add_territory(c, "inferior", inferior);
  add_territory(c, "lateral", lateral);
  add_territory(c, "posterior", posterior);
  c.value = static_cast<double>(anterior.size() + inferior.size() + lateral.size() + posterior.size());
  c.met = !c.detail.empty();
  return c;
}

// Das 2006 counts a lead when its QRS has an extra R', a notch in R or S, or several R' waves. The rSr' of V1 and V2 is
// conduction, not scar.
bool fragmented(const LeadAmplitudes& a, Lead lead) {
  const bool extra_r = a.r_prime_mv.value_or(0) >= 0.05 && lead != Lead::kV1 && lead != Lead::kV2;
  return extra_r || a.fragments.value_or(0) > 0;
}

// The leads that show the finding, territory by territory; the value is their number.
void judge_territories(Criterion& c, const std::vector<int>& anterior, const std::vector<int>& inferior, const std::vector<int>& lateral) {
  add_territory(c, "anterior", anterior);
  add_territory(c, "inferior", inferior);
  add_territory(c, "lateral", lateral);
  c.value = static_cast<double>(anterior.size() + inferior.size() + lateral.size());
  c.met = *c.value >= *c.cutoff;
}

Criterion fragmented_qrs(const CriteriaInput& in) {
  if (in.findings.sample_rate_hz < kLowestRateForFragments) {
    return unknown(kFragmentedQrs, in,
                   format_text("Not judged: at %.0f samples per second fragments of the QRS are smoothed away.",
                               in.findings.sample_rate_hz));
  }
  if (!qrs_ms(in)) return unknown(kFragmentedQrs, in, "Not judged: the QRS duration is unknown.");
  if (wide(in))
    return unknown(kFragmentedQrs, in, "Not judged: the rule is for a QRS under 120 ms.");
  if (in.findings.rhythm == Rhythm::kPaced)
    return unknown(kFragmentedQrs, in, "Not judged: the rhythm is paced.");
  int judged = 0;
  for (const LeadAmplitudes& a : in.findings.amplitudes) judged += a.fragments.has_value();
  if (judged < 8) return unknown(kFragmentedQrs, in, "Not judged: too many leads are missing or noisy.");
  auto rule = [&](Lead lead) { return fragmented(amplitudes(in, lead), lead); };
  Criterion c = from(kFragmentedQrs, in);
  const std::vector<int> anterior = neighbours(
      std::array{Lead::kV1, Lead::kV2, Lead::kV3, Lead::kV4, Lead::kV5}, rule);
  const std::vector<int> inferior = neighbours(kInferior, rule);
  const std::vector<int> lateral = neighbours(std::array{Lead::kAVL, Lead::kI, Lead::kV6}, rule);
  judge_territories(c, anterior, inferior, lateral);
  return c;
}

Criterion poor_r(const CriteriaInput& in) {
  if (auto why = missing_leads(in, {Lead::kV2, Lead::kV3})) return unknown(kPoorR, in, *why);
  Criterion c = from(kPoorR, in);
  c.value = r_of(amplitudes(in, Lead::kV3));
  c.met = *c.value <= *c.cutoff && r_of(amplitudes(in, Lead::kV2)) <= *c.value;
  return c;
}

Criterion reversed_r(const CriteriaInput& in) {
  if (auto why = missing_leads(in, {Lead::kV1, Lead::kV2, Lead::kV3, Lead::kV4}))
    return unknown(kReversedR, in, *why);
  const double v1 = r_of(amplitudes(in, Lead::kV1)), v2 = r_of(amplitudes(in, Lead::kV2)),
               v3 = r_of(amplitudes(in, Lead::kV3)), v4 = r_of(amplitudes(in, Lead::kV4));
  constexpr double kClearlyMv = 0.05;  // of the size of the beat-to-beat change with breathing
  Criterion c = from(kReversedR, in);
  c.met = v2 < v1 - kClearlyMv || v3 < v2 - kClearlyMv || v4 < v3 - kClearlyMv;
  return c;
}

Criterion st_elevation(const CriteriaInput& in, const std::vector<Criterion>& done) {
  if (left_block_or_pacing(in, done) || wide(in) || met(done, "sokolow_lyon") ||
      met(done, "cornell_voltage") || met(done, "peguero_lo_presti")) {
    return unknown(kStElevation, in,
                   "Not judged: bundle branch block, hypertrophy or pacing raises the ST segment by itself.");
  }
  if (in.findings.representative.beats_used == 0)
    return unknown(kStElevation, in, "Not judged: there is no representative beat.");
  double anterior_mv = 0.2;
  if (in.person.sex == Sex::kFemale) {
    anterior_mv = 0.15;
  } else if (!in.person.age_years || *in.person.age_years < 40) {
    anterior_mv = 0.25;  // also where age or sex is unknown: the cut-off that calls the least
  }
  auto rule = [&](Lead lead) {
    const auto j = amplitudes(in, lead).st_j_mv;
    return j && *j >= (lead == Lead::kV2 || lead == Lead::kV3 ? anterior_mv : 0.1);
  };
  Criterion c = from(kStElevation, in);
  const std::vector<int> anterior = neighbours(kChest, rule), inferior = neighbours(kInferior, rule),
                         lateral = neighbours(kHighLateral, rule);
  judge_territories(c, anterior, inferior, lateral);
  return c;
}

}  // namespace

std::vector<Criterion> judge_infarction(const CriteriaInput& in, const std::vector<Criterion>& done) {
  return {pathological_q(in, done), fragmented_qrs(in), poor_r(in), reversed_r(in), st_elevation(in, done)};
}

}  // namespace precordia
