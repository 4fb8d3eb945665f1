// Repolarisation: strain, depressed ST, inverted T, the angle to the QRS, and its length.
#include <cmath>

#include "base/text.h"
#include "ecg/judging.h"

namespace precordia {
namespace {

// Depressed, falling ST into an inverted T under an upright QRS.
bool strain_in(const CriteriaInput& in, Lead lead) {
  const LeadAmplitudes& a = amplitudes(in, lead);
  if (!a.st_j_mv || !a.st_60ms_mv || !a.t_mv) return false;
  return mostly_up(a) && *a.t_mv <= -0.1 && *a.st_60ms_mv <= -0.05 && *a.st_60ms_mv <= *a.st_j_mv + 0.02;
}

// Names the leads of each territory that reach the cut-off together with a neighbour.
template <typename Rule>
void add_territories(Criterion& c, Rule rule) {
  std::vector<int> anterior, lateral = neighbours(kHighLateral, rule);
  for (int lead : neighbours(kChest, rule))
    (lead <= index_of(Lead::kV4) ? anterior : lateral).push_back(lead);
  add_territory(c, "anterior", anterior);
  add_territory(c, "inferior", neighbours(kInferior, rule));
  add_territory(c, "lateral", lateral);
}

constexpr const char* kSecondary =
    "Not judged: bundle branch block, pacing or a QRS of 120 ms or more changes ST and T by itself.";

Criterion st_depression(const CriteriaInput& in, const std::vector<Criterion>& done) {
  auto level = [&](Lead lead) { return amplitudes(in, lead).st_60ms_mv; };
  // Level or falling: 60 ms after the J point it has not come back up.
  auto not_rising = [&](Lead lead) -> std::optional<double> {
    const LeadAmplitudes& a = amplitudes(in, lead);
    if (!a.st_j_mv || !a.st_60ms_mv) return std::nullopt;
    return *a.st_60ms_mv <= *a.st_j_mv + kStLevelMv ? *a.st_60ms_mv : std::max(*a.st_60ms_mv, 0.0);
  };
  const auto deepest = deepest_shared(level);
  if (!deepest)
    return unknown(kStDepression, in, "Not judged: no two neighbouring leads have a known ST level.");
  Criterion c = from(kStDepression, in);
  c.value = *deepest;
  if (left_block_or_pacing(in, done) || wide(in)) {
    c.why_unknown = kSecondary;
    return c;
  }
  c.met = deepest_shared(not_rising).value_or(0) <= *c.cutoff;
  add_territories(c, [&](Lead lead) {
    const auto v = not_rising(lead);
    return v && *v <= *c.cutoff;
  });
  return c;
}

Criterion t_inversion(const CriteriaInput& in, const std::vector<Criterion>& done) {
  // Only where the QRS points up: under a QRS that points down an inverted T is the rule.
  auto level = [&](Lead lead) -> std::optional<double> {
    const LeadAmplitudes& a = amplitudes(in, lead);
    if (!a.t_mv || !a.r_mv) return std::nullopt;
    return r_of(a) > std::max(s_of(a), a.q_mv.value_or(0)) ? *a.t_mv : std::max(*a.t_mv, 0.0);
  };
  const auto deepest = deepest_shared(level);
  if (!deepest)
    return unknown(kTInversion, in, "Not judged: no two neighbouring leads have a T wave to measure.");
  Criterion c = from(kTInversion, in);
  c.value = *deepest;
  if (left_block_or_pacing(in, done) || wide(in)) {
    c.why_unknown = kSecondary;
    return c;
  }
  c.met = *deepest <= *c.cutoff;
  add_territories(c, [&](Lead lead) {
    const auto v = level(lead);
    return v && *v <= *c.cutoff;
  });
  return c;
}

Criterion qrs_t_angle(const CriteriaInput& in) {
  const auto angle = measured(in.findings, "qrs_t_angle_deg");
  if (!angle) return unknown(kQrsTAngle, in, "Not judged: the QRS or T axis is unknown.");
  Criterion c = at_least(kQrsTAngle, in, *angle);
  c.met = *angle > *c.cutoff;
  return c;
}

// The longer of the QT that the leads agree on and the one by tangent on all leads together: the first ends before a
// second hump (bifid T, fused U), the second does not. A wide QRS is counted as 100 ms, which is judging the JT interval.
Criterion qtc_prolonged(const CriteriaInput& in) {
  const auto qt = measured(in.findings, "qt_ms"), tangent = measured(in.findings, "qt_tangent_ms"),
             rate = measured(in.findings, "heart_rate_bpm");
  if ((!qt && !tangent) || !rate || *rate <= 0) return unknown(kQtcProlonged, in, "Not judged: QTc is unknown.");
  double length = std::max(qt.value_or(0), tangent.value_or(0));
  std::string detail;
  if (tangent && *tangent > qt.value_or(0) + kSecondHumpMs) detail = "the end of T is late or its shape double";
  if (wide(in)) {
    length += kUsualQrsMs - *qrs_ms(in);
    detail += (detail.empty() ? "" : "; ") + std::string("JT + 100 ms, for the wide QRS");
  }
  if (*rate < *kHeartRateRange.low || *rate > *kHeartRateRange.high)
    detail += (detail.empty() ? "" : "; ") + format_text("at %.0f/min every correction is uncertain", *rate);
  Criterion c = at_least(kQtcProlonged, in, length / std::cbrt(60 / *rate));
  c.detail = detail;
  return c;
}

}  // namespace

Criterion judge_strain(const CriteriaInput& in) {
  if (!measured_lead(in, Lead::kV5) && !measured_lead(in, Lead::kV6)) {
    return unknown(kStrain, in, *missing_leads(in, {Lead::kV5, Lead::kV6}));
  }
  Criterion c = from(kStrain, in);
  std::optional<double> t;
  bool st_known = false;
  for (Lead lead : {Lead::kV5, Lead::kV6}) {
    const LeadAmplitudes& a = amplitudes(in, lead);
    if (a.t_mv) t = std::min(t.value_or(*a.t_mv), *a.t_mv);
    st_known = st_known || (a.t_mv && a.st_60ms_mv);
    if (strain_in(in, lead))
      c.detail += (c.detail.empty() ? "" : ", ") + std::string(kLeadNames[index_of(lead)]);
  }
  if (!t) return unknown(kStrain, in, "Not judged: no T wave could be placed in V5 or V6.");
  c.value = *t;
  if (!st_known) {
    c.why_unknown = "Not judged: the ST level of V5 and V6 is not known.";
    return c;
  }
  c.met = !c.detail.empty();
  return unless_wide(std::move(c), in);
}

std::vector<Criterion> judge_repolarisation(const CriteriaInput& in, const std::vector<Criterion>& done) {
  return {st_depression(in, done), t_inversion(in, done), qrs_t_angle(in), qtc_prolonged(in)};
}

}  // namespace precordia
