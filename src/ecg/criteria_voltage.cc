// Voltage: left ventricular hypertrophy, low voltage, and the two scores that add points.
#include "base/text.h"
#include "ecg/judging.h"

namespace precordia {
namespace {

Criterion sokolow_lyon(const CriteriaInput& in) {
  if (auto why = missing_leads(in, {Lead::kV1})) return unknown(kSokolowLyon, in, *why);
  if (!measured_lead(in, Lead::kV5) && !measured_lead(in, Lead::kV6)) {
    return unknown(kSokolowLyon, in, *missing_leads(in, {Lead::kV5, Lead::kV6}));
  }
  return at_least(kSokolowLyon, in,
                  s_of(amplitudes(in, Lead::kV1)) +
                      std::max(r_of(amplitudes(in, Lead::kV5)), r_of(amplitudes(in, Lead::kV6))));
}

double cornell_sum(const CriteriaInput& in) {
  return r_of(amplitudes(in, Lead::kAVL)) + s_of(amplitudes(in, Lead::kV3));
}

Criterion cornell_voltage(const CriteriaInput& in) {
  if (auto why = missing_leads(in, {Lead::kAVL, Lead::kV3})) return unknown(kCornellVoltage, in, *why);
  return at_least(kCornellVoltage, in, cornell_sum(in));
}

Criterion cornell_product(const CriteriaInput& in) {
  if (auto why = missing_leads(in, {Lead::kAVL, Lead::kV3})) return unknown(kCornellProduct, in, *why);
  if (!qrs_ms(in)) return unknown(kCornellProduct, in, "Not judged: the QRS duration is unknown.");
  const double as_man = cornell_sum(in) * *qrs_ms(in), as_woman = (cornell_sum(in) + 0.8) * *qrs_ms(in);
  if (in.person.sex)
    return unless_wide(at_least(kCornellProduct, in, *in.person.sex == Sex::kMale ? as_man : as_woman), in);
  Criterion c = at_least(kCornellProduct, in, as_man);
  if (as_man < *kCornellProduct.cutoff_male && as_woman >= *kCornellProduct.cutoff_female) {
    c.met = std::nullopt;
    c.why_unknown = "The formula depends on the person's sex, which is not known.";
  }
  return unless_wide(std::move(c), in);
}

Criterion peguero(const CriteriaInput& in) {
  if (auto why = missing_leads(in, {Lead::kV1, Lead::kV2, Lead::kV3, Lead::kV4}))
    return unknown(kPegueroLoPresti, in, *why);
  double deepest = 0;
  for (int lead = 0; lead < kLeadCount; ++lead) {
    if (lead != index_of(Lead::kAVR)) deepest = std::max(deepest, s_of(in.findings.amplitudes[lead]));
  }
  return at_least(kPegueroLoPresti, in, deepest + s_of(amplitudes(in, Lead::kV4)));
}

Criterion low_voltage(const CriterionSpec& spec, const CriteriaInput& in, int first, int last) {
  double largest = 0;
  for (int lead = first; lead <= last; ++lead) {
    if (!in.findings.amplitudes[lead].r_mv)
      return unknown(spec, in, *missing_leads(in, {static_cast<Lead>(lead)}));
    largest = std::max(largest, peak_to_peak(in.findings.amplitudes[lead]));
  }
  Criterion c = from(spec, in);
  c.value = largest;
  c.met = largest <= *c.cutoff;
  return c;
}

// The chest lead from which on R is at least as large as S, as 1..6; 7 = none.
int transition(const CriteriaInput& in) {
  for (size_t i = 0; i < kChest.size(); ++i) {
    const LeadAmplitudes& a = amplitudes(in, kChest[i]);
    if (a.r_mv && r_of(a) >= std::max(s_of(a), a.q_mv.value_or(0))) return static_cast<int>(i) + 1;
  }
  return 7;
}

}  // namespace

std::vector<Criterion> judge_voltage(const CriteriaInput& in) {
  return {sokolow_lyon(in), cornell_voltage(in), cornell_product(in), peguero(in)};
}

Criterion judge_low_voltage_limb(const CriteriaInput& in) {
  return low_voltage(kLowLimb, in, index_of(Lead::kI), index_of(Lead::kAVF));
}

Criterion judge_low_voltage_chest(const CriteriaInput& in) {
  return low_voltage(kLowPrecordial, in, index_of(Lead::kV1), index_of(Lead::kV6));
}

Criterion judge_romhilt_estes(const CriteriaInput& in, const std::vector<Criterion>& done) {
  if (auto why = missing_leads(in, {Lead::kI, Lead::kII, Lead::kV1, Lead::kV2, Lead::kV5, Lead::kV6}))
    return unknown(kRomhiltEstes, in, *why);
  double points = 0, limb = 0;
  for (int lead = 0; lead < 6; ++lead) {
    const LeadAmplitudes& a = in.findings.amplitudes[lead];
    limb = std::max({limb, r_of(a), s_of(a)});
  }
  const double s = std::max(s_of(amplitudes(in, Lead::kV1)), s_of(amplitudes(in, Lead::kV2)));
  const double r = std::max(r_of(amplitudes(in, Lead::kV5)), r_of(amplitudes(in, Lead::kV6)));
  if (limb >= 2.0 || s >= 3.0 || r >= 3.0) points += 3;
  if (met(done, "lv_strain")) points += 3;
  if (met(done, "p_terminal_force_v1")) points += 3;
  if (measured(in.findings, "qrs_axis_deg").value_or(0) <= -30) points += 2;
  if (qrs_ms(in).value_or(0) >= 90) points += 1;
  if (std::max(amplitudes(in, Lead::kV5).r_peak_ms.value_or(0),
               amplitudes(in, Lead::kV6).r_peak_ms.value_or(0)) >= kDelayedRPeakMs)
    points += 1;
  Criterion c = at_least(kRomhiltEstes, in, points);
  if (points == 4) c.detail = "4 points: probable";
  return unless_wide(std::move(c), in);
}

Criterion judge_electrical_risk(const CriteriaInput& in, const std::vector<Criterion>& done) {
  if (auto why = missing_leads(in, {Lead::kV1, Lead::kV2, Lead::kV3, Lead::kV4, Lead::kV5, Lead::kV6}))
    return unknown(kElectricalRisk, in, *why);
  int markers = 0, unknown_markers = 0;
  std::string names;
  auto count = [&](const char* name, std::optional<bool> present) {
    if (!present) ++unknown_markers;
    if (!present.value_or(false)) return;
    ++markers;
    names += (names.empty() ? "" : ", ") + std::string(name);
  };
  auto over = [&](const char* id, double limit) -> std::optional<bool> {
    const auto v = measured(in.findings, id);
    return v ? std::optional(*v > limit) : std::nullopt;
  };
  std::optional<bool> qtc;
  if (const auto v = measured(in.findings, "qtc_bazett_ms")) {
    if (in.person.sex)
      qtc = *v > (*in.person.sex == Sex::kMale ? kQtcHighMaleMs : kQtcHighFemaleMs);
    else if (*v <= kQtcHighMaleMs || *v > kQtcHighFemaleMs)
      qtc = *v > kQtcHighFemaleMs;
  }
  count("rate", over("heart_rate_bpm", kRiskRateBpm));
  count("QRS", over("qrs_ms", kRiskQrsMs));
  count("Sokolow-Lyon", met(done, "sokolow_lyon"));
  count("late transition", transition(in) >= 4);
  count("QRS-T angle", over("qrs_t_angle_deg", *kQrsTAngleRange.high));
  count("QTc", qtc);
  count("Tp-e", over("tpe_ms", kRiskTpeMs));
  count("delayed R peak", met(done, "delayed_r_peak"));
  Criterion c = at_least(kElectricalRisk, in, markers);
  c.detail = names;
  if (markers < *c.cutoff && markers + unknown_markers >= *c.cutoff) {
    c.met = std::nullopt;
    c.why_unknown = format_text("Not judged: %d of the markers are unknown.", unknown_markers);
  }
  return c;
}

}  // namespace precordia
