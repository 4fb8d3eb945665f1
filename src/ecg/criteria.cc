#include "ecg/criteria.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "ecg/reference_values.h"

namespace precordia {
namespace {

constexpr double kSmallestQMv = 0.03;     // a q that a reader would see
constexpr double kFeaturePenaltyMs = 20;  // continuous value of the block criteria

Criterion from(const CriterionSpec& spec, const CriteriaInput& in) {
  Criterion c;
  c.id = spec.id;
  c.label = spec.label;
  c.unit = spec.unit;
  c.digits = spec.digits;
  c.cutoff = cutoff_for(spec, in.person.sex);
  c.formula = spec.formula;
  c.citation = spec.citation;
  return c;
}

Criterion unknown(const CriterionSpec& spec, const CriteriaInput& in, std::string why) {
  Criterion c = from(spec, in);
  c.why_unknown = std::move(why);
  return c;
}

// met when value >= cut-off. With an unknown sex the answer is given only where both cut-offs agree.
Criterion at_least(const CriterionSpec& spec, const CriteriaInput& in, double value) {
  Criterion c = from(spec, in);
  c.value = value;
  if (c.cutoff) {
    c.met = value >= *c.cutoff;
  } else if (spec.cutoff_male && spec.cutoff_female) {
    const double low = std::min(*spec.cutoff_male, *spec.cutoff_female),
                 high = std::max(*spec.cutoff_male, *spec.cutoff_female);
    if (value < low) c.met = false;
    if (value >= high) c.met = true;
    if (!c.met) c.why_unknown = "The cut-off depends on the person's sex, which is not known.";
  }
  return c;
}

const LeadAmplitudes& amplitudes(const CriteriaInput& in, Lead lead) {
  return in.findings.amplitudes[index_of(lead)];
}
bool measured_lead(const CriteriaInput& in, Lead lead) { return amplitudes(in, lead).r_mv.has_value(); }

std::optional<std::string> missing_leads(const CriteriaInput& in, std::initializer_list<Lead> needed) {
  std::string names;
  for (Lead lead : needed) {
    if (measured_lead(in, lead)) continue;
    if (!names.empty()) names += ", ";
    names += kLeadNames[index_of(lead)];
  }
  if (names.empty()) return std::nullopt;
  return "Not judged: " + names + " could not be measured.";
}

double r_of(const LeadAmplitudes& a) { return std::max(a.r_mv.value_or(0), a.r_prime_mv.value_or(0)); }
double s_of(const LeadAmplitudes& a) { return a.qs ? a.q_mv.value_or(0) : a.s_mv.value_or(0); }

double peak_to_peak(const LeadAmplitudes& a) {
  return r_of(a) + std::max(a.q_mv.value_or(0), a.s_mv.value_or(0));
}

std::optional<double> qrs_ms(const CriteriaInput& in) { return measured(in.findings, "qrs_ms"); }

// ---- Voltage
// -----------------------------------------------------------------------------------------------------------------

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

// A wide QRS changes voltages, ST and T by itself; rules that rest on them are then shown but not judged.
Criterion unless_wide(Criterion c, const CriteriaInput& in) {
  if (qrs_ms(in).value_or(0) >= 120 && (c.met || c.why_unknown.empty())) {
    c.met = std::nullopt;
    c.why_unknown = "Not judged: a QRS of 120 ms or more changes voltages, ST and T by itself.";
  }
  return c;
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
      return unknown(spec, in, format_text("Not judged: %s could not be measured.", kLeadNames[lead]));
    largest = std::max(largest, peak_to_peak(in.findings.amplitudes[lead]));
  }
  Criterion c = from(spec, in);
  c.value = largest;
  c.met = largest <= *c.cutoff;
  return c;
}

// ---- Repolarisation
// ------------------------------------------------------------------------------------------------------------

// Depressed, falling ST into an inverted T under an upright QRS.
bool strain_in(const CriteriaInput& in, Lead lead) {
  const LeadAmplitudes& a = amplitudes(in, lead);
  if (!a.r_mv || !a.st_j_mv || !a.st_60ms_mv || !a.t_mv) return false;
  const bool upright = r_of(a) > s_of(a) && r_of(a) > a.q_mv.value_or(0);
  return upright && *a.t_mv <= -0.1 && *a.st_60ms_mv <= -0.05 && *a.st_60ms_mv <= *a.st_j_mv + 0.02;
}

Criterion strain(const CriteriaInput& in) {
  if (!measured_lead(in, Lead::kV5) && !measured_lead(in, Lead::kV6)) {
    return unknown(kStrain, in, *missing_leads(in, {Lead::kV5, Lead::kV6}));
  }
  Criterion c = from(kStrain, in);
  double t = 1e9;
  for (Lead lead : {Lead::kV5, Lead::kV6}) {
    if (amplitudes(in, lead).t_mv) t = std::min(t, *amplitudes(in, lead).t_mv);
    if (strain_in(in, lead))
      c.detail += (c.detail.empty() ? "" : ", ") + std::string(kLeadNames[index_of(lead)]);
  }
  if (t > 1e8) return unknown(kStrain, in, "Not judged: no T wave could be placed in V5 or V6.");
  c.value = t;
  c.met = !c.detail.empty();
  return unless_wide(std::move(c), in);
}

Criterion qtc_prolonged(const CriteriaInput& in) {
  const auto qtc = measured(in.findings, "qtc_fridericia_ms");
  if (!qtc) return unknown(kQtcProlonged, in, "Not judged: QTc is unknown.");
  Criterion c = at_least(kQtcProlonged, in, *qtc);
  if (qrs_ms(in).value_or(0) >= 120) {
    c.met = std::nullopt;
    c.why_unknown =
        "Not judged: at a QRS of 120 ms or more the QT interval is long because of the QRS; judge the JT "
        "interval.";
  }
  return c;
}

Criterion qrs_t_angle(const CriteriaInput& in) {
  const auto angle = measured(in.findings, "qrs_t_angle_deg");
  if (!angle) return unknown(kQrsTAngle, in, "Not judged: the QRS or T axis is unknown.");
  Criterion c = at_least(kQrsTAngle, in, *angle);
  c.met = *angle > *c.cutoff;
  return c;
}

// ---- Conduction
// ----------------------------------------------------------------------------------------------------------------

bool mostly_down(const LeadAmplitudes& a) {
  return a.r_mv && (a.qs || (s_of(a) > 1.5 * a.r_mv.value_or(0) && a.r_prime_mv.value_or(0) < 0.05));
}
bool mostly_up(const LeadAmplitudes& a) {
  return a.r_mv && r_of(a) > s_of(a) && r_of(a) > a.q_mv.value_or(0);
}
bool broad_r(const LeadAmplitudes& a) {
  return mostly_up(a) && (a.notches > 0 || a.r_peak_ms.value_or(0) > 60);
}
bool no_q(const LeadAmplitudes& a) { return !a.qs && a.q_mv.value_or(0) < kSmallestQMv; }

Criterion lbbb(const CriteriaInput& in) {
  if (auto why = missing_leads(in, {Lead::kI, Lead::kAVL, Lead::kV1, Lead::kV5, Lead::kV6}))
    return unknown(kLbbb, in, *why);
  if (!qrs_ms(in)) return unknown(kLbbb, in, "Not judged: the QRS duration is unknown.");
  const auto &i = amplitudes(in, Lead::kI), &avl = amplitudes(in, Lead::kAVL),
             &v1 = amplitudes(in, Lead::kV1), &v5 = amplitudes(in, Lead::kV5),
             &v6 = amplitudes(in, Lead::kV6);
  int missing = 0;
  missing += !mostly_down(v1);
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
    notched += amplitudes(in, lead).notches > 0;
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

Criterion lafb(const CriteriaInput& in) {
  if (auto why = missing_leads(in, {Lead::kAVL})) return unknown(kLafb, in, *why);
  const auto axis = measured(in.findings, "qrs_axis_deg");
  if (!axis || !qrs_ms(in)) return unknown(kLafb, in, "Not judged: the QRS axis or duration is unknown.");
  const auto& avl = amplitudes(in, Lead::kAVL);
  Criterion c = from(kLafb, in);
  c.value = *axis;
  c.met = *axis <= *c.cutoff && *axis >= -90 && avl.q_mv.value_or(0) >= kSmallestQMv / 2 && mostly_up(avl) &&
          avl.r_peak_ms.value_or(0) >= 45 && *qrs_ms(in) < 120;
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

Criterion wide_qrs(const CriteriaInput& in) {
  if (!qrs_ms(in)) return unknown(kWideQrs, in, "Not judged: the QRS duration is unknown.");
  return at_least(kWideQrs, in, *qrs_ms(in));
}

// ---- Atria
// -----------------------------------------------------------------------------------------------------------------------

Criterion p_terminal_force(const CriteriaInput& in) {
  if (auto why = missing_leads(in, {Lead::kV1})) return unknown(kPTerminalForce, in, *why);
  const auto& v1 = amplitudes(in, Lead::kV1);
  if (!v1.p_terminal_mv || !v1.p_terminal_ms)
    return unknown(kPTerminalForce, in, "Not judged: there is no P wave to measure in V1.");
  Criterion c = from(kPTerminalForce, in);
  c.value = *v1.p_terminal_mv * *v1.p_terminal_ms;
  c.met = *c.value <= *c.cutoff;
  return c;
}

Criterion long_p(const CriteriaInput& in) {
  const auto p = measured(in.findings, "p_ms");
  if (!p) return unknown(kLongP, in, "Not judged: there is no P wave to measure.");
  Criterion c = from(kLongP, in);
  c.value = *p;
  c.met = *p > *c.cutoff;
  return c;
}

// ---- Infarction
// --------------------------------------------------------------------------------------------------------------------

bool wide_deep_q(const LeadAmplitudes& a) {
  return a.qs ? a.q_mv.value_or(0) >= 0.1 : a.q_ms.value_or(0) >= 30 && a.q_mv.value_or(0) >= 0.1;
}

void add_territory(Criterion& c, const char* name, const std::vector<int>& leads) {
  if (leads.empty()) return;
  if (!c.detail.empty()) c.detail += "; ";
  c.detail += std::string(name) + ": ";
  for (size_t i = 0; i < leads.size(); ++i) c.detail += (i ? ", " : "") + std::string(kLeadNames[leads[i]]);
  c.value = c.value.value_or(0) + static_cast<double>(leads.size());
}

// Members of `group` (in anatomical order) that satisfy `rule` next to another one that does.
template <typename Rule>
std::vector<int> neighbours(std::initializer_list<Lead> group, Rule rule) {
  std::vector<int> hits;
  std::vector<Lead> order(group);
  for (size_t i = 0; i < order.size(); ++i) {
    const bool before = i > 0 && rule(order[i - 1]), after = i + 1 < order.size() && rule(order[i + 1]);
    if (rule(order[i]) && (before || after)) hits.push_back(index_of(order[i]));
  }
  return hits;
}

bool block_or_pacing(const CriteriaInput& in, const std::vector<Criterion>& done) {
  if (in.findings.rhythm == Rhythm::kPaced) return true;
  for (const Criterion& c : done) {
    if ((c.id == "lbbb" || c.id == "lbbb_strauss") && c.met.value_or(false)) return true;
  }
  return false;
}

Criterion pathological_q(const CriteriaInput& in, const std::vector<Criterion>& done) {
  if (block_or_pacing(in, done))
    return unknown(kPathologicalQ, in, "Not judged: bundle branch block or pacing hides or mimics Q waves.");
  if (in.findings.representative.beats_used == 0)
    return unknown(kPathologicalQ, in, "Not judged: there is no representative beat.");
  Criterion c = from(kPathologicalQ, in);
  c.value = 0;
  auto rule = [&](Lead lead) { return measured_lead(in, lead) && wide_deep_q(amplitudes(in, lead)); };
  std::vector<int> anterior =
      neighbours({Lead::kV1, Lead::kV2, Lead::kV3, Lead::kV4, Lead::kV5, Lead::kV6}, rule);
  for (Lead lead : {Lead::kV2, Lead::kV3}) {
    const LeadAmplitudes& a = amplitudes(in, lead);
    const bool q = a.r_mv && (a.qs || (a.q_ms.value_or(0) >= 20 && a.q_mv.value_or(0) >= 0.05));
    if (q && std::find(anterior.begin(), anterior.end(), index_of(lead)) == anterior.end())
      anterior.push_back(index_of(lead));
  }
  std::sort(anterior.begin(), anterior.end());
  if (anterior.size() == 1 && anterior[0] == index_of(Lead::kV1)) anterior.clear();
  const std::vector<int> inferior = neighbours({Lead::kII, Lead::kAVF, Lead::kIII}, rule);
  const std::vector<int> lateral = neighbours({Lead::kAVL, Lead::kI}, rule);
  add_territory(c, "anterior", anterior);
  add_territory(c, "inferior", inferior);
  add_territory(c, "lateral", lateral);
  std::vector<int> posterior;
  const bool narrow = qrs_ms(in).value_or(200) < 120;
  for (Lead lead : {Lead::kV1, Lead::kV2}) {
    const LeadAmplitudes& a = amplitudes(in, lead);
    if (narrow && a.r_mv && a.r_ms.value_or(0) >= 40 && *a.r_mv >= s_of(a) && *a.r_mv > 0.2 &&
        a.t_mv.value_or(0) > 0.05 && a.r_prime_mv.value_or(0) < 0.05) {
      posterior.push_back(index_of(lead));
    }
  }
  if (posterior.size() == 2) add_territory(c, "posterior", posterior);
  c.met = !c.detail.empty();
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
  bool confounded = block_or_pacing(in, done) || qrs_ms(in).value_or(0) >= 120;
  for (const Criterion& c : done) {
    if ((c.id == "sokolow_lyon" || c.id == "cornell_voltage" || c.id == "peguero_lo_presti") &&
        c.met.value_or(false))
      confounded = true;
  }
  if (confounded)
    return unknown(kStElevation, in,
                   "Not judged: bundle branch block, hypertrophy or pacing raises the ST segment by itself.");
  if (in.findings.representative.beats_used == 0)
    return unknown(kStElevation, in, "Not judged: there is no representative beat.");
  double anterior = 0.2;
  if (in.person.sex == Sex::kFemale) {
    anterior = 0.15;
  } else if (!in.person.age_years || *in.person.age_years < 40) {
    anterior = 0.25;  // also where age or sex is unknown: the cut-off that calls the least
  }
  auto rule = [&](Lead lead) {
    const auto j = amplitudes(in, lead).st_j_mv;
    return j && *j >= (lead == Lead::kV2 || lead == Lead::kV3 ? anterior : 0.1);
  };
  Criterion c = from(kStElevation, in);
  c.value = 0;
  add_territory(c, "anterior",
                neighbours({Lead::kV1, Lead::kV2, Lead::kV3, Lead::kV4, Lead::kV5, Lead::kV6}, rule));
  add_territory(c, "inferior", neighbours({Lead::kII, Lead::kAVF, Lead::kIII}, rule));
  add_territory(c, "lateral", neighbours({Lead::kAVL, Lead::kI}, rule));
  c.met = *c.value >= 2;
  return c;
}

// ---- Points and rhythm
// ---------------------------------------------------------------------------------------------------------------

Criterion romhilt_estes(const CriteriaInput& in, const std::vector<Criterion>& done) {
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
  for (const Criterion& c : done) {
    if ((c.id == "lv_strain" || c.id == "p_terminal_force_v1") && c.met.value_or(false)) points += 3;
  }
  if (measured(in.findings, "qrs_axis_deg").value_or(0) <= -30) points += 2;
  if (qrs_ms(in).value_or(0) >= 90) points += 1;
  if (std::max(amplitudes(in, Lead::kV5).r_peak_ms.value_or(0),
               amplitudes(in, Lead::kV6).r_peak_ms.value_or(0)) >= 50)
    points += 1;
  Criterion c = at_least(kRomhiltEstes, in, points);
  if (points == 4) c.detail = "4 points: probable";
  return unless_wide(std::move(c), in);
}

Criterion atrial_fibrillation(const CriteriaInput& in) {
  if (!in.rr_irregularity)
    return unknown(kAtrialFibrillation, in, "Not judged: too few beats follow each other.");
  if (in.findings.rhythm == Rhythm::kPaced)
    return unknown(kAtrialFibrillation, in, "Not judged: the rhythm is paced.");
  Criterion c = from(kAtrialFibrillation, in);
  c.value = fibrillation_score(*in.rr_irregularity, in.p_coherence);
  c.met = in.findings.rhythm == Rhythm::kIrregularWithoutP;
  return c;
}

}  // namespace

std::vector<Criterion> judge_criteria(const CriteriaInput& in) {
  std::vector<Criterion> out;
  out.push_back(sokolow_lyon(in));
  out.push_back(cornell_voltage(in));
  out.push_back(cornell_product(in));
  out.push_back(peguero(in));
  out.push_back(strain(in));
  out.push_back(p_terminal_force(in));
  out.push_back(romhilt_estes(in, out));
  out.push_back(wide_qrs(in));
  out.push_back(lbbb(in));
  out.push_back(lbbb_strauss(in));
  out.push_back(rbbb(in));
  out.push_back(lafb(in));
  out.push_back(left_axis(in));
  out.push_back(pathological_q(in, out));
  out.push_back(poor_r(in));
  out.push_back(reversed_r(in));
  out.push_back(st_elevation(in, out));
  out.push_back(qrs_t_angle(in));
  out.push_back(qtc_prolonged(in));
  out.push_back(long_p(in));
  out.push_back(low_voltage(kLowLimb, in, index_of(Lead::kI), index_of(Lead::kAVF)));
  out.push_back(low_voltage(kLowPrecordial, in, index_of(Lead::kV1), index_of(Lead::kV6)));
  out.push_back(atrial_fibrillation(in));
  out.push_back(
      unknown(kAlternans, in,
              "Not measurable in a 10 s resting strip: it needs exercise or pacing, and noise dominates."));
  return out;
}

}  // namespace precordia
