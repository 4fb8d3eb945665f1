#include "fusion/scores.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"

namespace precordia {
namespace {

constexpr const char* kH2fpef = "Reddy 2018, doi 10.1161/CIRCULATIONAHA.118.034646 (414 breathless people with EF ≥ 50 %, 64 % HFpEF)";
constexpr const char* kHfaPeff = "Pieske 2019, doi 10.1093/eurheartj/ehz641";
constexpr const char* kPrevent = "PREVENT, Khan 2024, doi 10.1161/CIRCULATIONAHA.123.067626";
constexpr const char* kPcpHf = "PCP-HF, Khan 2019, doi 10.1016/j.jacc.2019.02.057 (United States; one public source of the coefficients)";

// Adds an item of a point score: met, not met, or unknown (which counts for the upper end only).
void add_points(Score& score, const std::optional<bool>& met, int points, const char* name) {
  score.most_points += points;
  if (!met) {
    score.missing.emplace_back(name);
    *score.points_high += points;
    return;
  }
  score.used.push_back(std::string(name) + (*met ? format_text(": +%d", points) : ": 0"));
  if (*met) {
    *score.points_low += points;
    *score.points_high += points;
  }
}

std::optional<bool> above(const std::optional<double>& value, double limit) {
  return value ? std::optional<bool>(*value > limit) : std::nullopt;
}
std::optional<bool> at_least(const std::optional<double>& value, double limit) {
  return value ? std::optional<bool>(*value >= limit) : std::nullopt;
}
std::optional<bool> below(const std::optional<double>& value, double limit) {
  return value ? std::optional<bool>(*value < limit) : std::nullopt;
}
std::optional<bool> within(const std::optional<double>& value, double low, double high) {
  return value ? std::optional<bool>(*value >= low && *value <= high) : std::nullopt;
}

// A domain of HFA-PEFF gives 2 points for any major finding, 1 for any minor one, once.
struct Domain {
  const char* name;
  std::vector<std::optional<bool>> major, minor;
  bool known() const {
    const auto is_known = [](const std::optional<bool>& one) { return one.has_value(); };
    return std::any_of(major.begin(), major.end(), is_known) || std::any_of(minor.begin(), minor.end(), is_known);
  }
  int points(bool unknown_counts) const {
    const auto met = [&](const std::optional<bool>& one) { return one.value_or(unknown_counts); };
    if (std::any_of(major.begin(), major.end(), met)) return 2;
    return std::any_of(minor.begin(), minor.end(), met) ? 1 : 0;
  }
};

struct PreventTerms {
  double constant, age, s1, s2, diabetes, smoker, b1, b2, g1, g2, treated, treated_s2, age_s2, age_diabetes, age_smoker,
      age_b2, age_g1;
};
// Base model for heart failure. [V]: ten public implementations agree; worked example of preventr's README.
constexpr PreventTerms kPreventFemale = {-4.310409, .8998235, -.4559771, .3576505, 1.038346, .583916, -.0072294, .2997706, .7451638,
                                         .0557087, .3534442, -.0981511, -.0946663, -.3581041, -.1159453, -.003878, -.1884289};
constexpr PreventTerms kPreventMale = {-3.946391, .8972642, -.6811466, .3634461, .923776, .5023736, -.0485841, .3726929, .6926917,
                                       .0251827, .2980922, -.0497731, -.1289201, -.3040924, -.1401688, .0068126, -.1797778};

struct PcpTerms {
  double age, age2, sbp_treated, age_sbp_treated, sbp, age_sbp, smoker, age_smoker, glucose_treated, glucose, cholesterol,
      hdl, bmi, age_bmi, qrs, mean, baseline_survival;
};
// [V], one author's two files; no published worked example was found.
constexpr PcpTerms kPcpWhiteMale = {41.94101, -.88115, 1.030508, 0, .91252, 0, .73839, 0, .90072, .77805, .49323, -.43683,
                                    37.21577, -8.83278, .63224, 171.59, .98752};
constexpr PcpTerms kPcpWhiteFemale = {20.54973, 0, 12.94937, -2.96923, 11.86273, -2.72538, 11.01752, -2.50777, 1.04503, .91807, 0,
                                      -.07455, 1.32948, 0, 1.06089, 99.7321, .99348};
constexpr PcpTerms kPcpBlackMale = {2.88334, 0, 2.31106, 0, 2.17229, 0, 1.65337, -.24665, .64704, .57891, 0, -.80691, 1.16289, 0,
                                    .72646, 28.7369, .98295};
constexpr PcpTerms kPcpBlackFemale = {51.75667, 0, 28.97791, -6.59777, 28.1853, -6.42425, .76532, 0, .96695, .79561, .32646, 0,
                                      21.24763, -5.00068, 1.27475, 233.978, .9926};

Score risk_score(const char* id, const char* title, const char* citation) {
  Score score;
  score.id = id;
  score.title = title;
  score.meaning = "heart failure within ten years";
  score.citation = citation;
  return score;
}

void need(Score& score, bool known, const char* name) {
  if (known) score.used.emplace_back(name); else score.missing.emplace_back(name);
}

// Ten-year risks are for people without cardiovascular disease and without suspected heart failure.
std::string why_no_risk(const ClinicalProfile& p) {
  if (symptoms_of(p) == Symptoms::kSuspectedHeartFailure) return "For people without symptoms of heart failure only.";
  if (p.prior_infarction.value_or(false) || p.coronary_disease.value_or(false))
    return "For people without cardiovascular disease only.";
  if (p.echo.ef_percent && *p.echo.ef_percent < 50) return "For people without a reduced ejection fraction only.";
  if (p.age_years && (*p.age_years < 30 || *p.age_years > 79)) return "For ages 30 to 79 only.";
  return {};
}

Score prevent_score(const ClinicalProfile& p) {
  Score score = risk_score("prevent_hf", "PREVENT-HF", kPrevent);
  score.why_not = why_no_risk(p);
  score.applies = score.why_not.empty();
  if (!score.applies) return score;
  const std::optional<double> bmi = body_mass_index(p);
  need(score, p.age_years.has_value(), "age");
  need(score, p.sex.has_value(), "sex");
  need(score, p.systolic_mmhg.has_value(), "systolic blood pressure");
  need(score, p.blood_pressure_drugs.has_value(), "number of blood pressure drugs");
  need(score, bmi.has_value(), "height and weight");
  need(score, p.egfr.has_value(), "eGFR");
  need(score, p.diabetes.has_value(), "diabetes");
  need(score, p.smoker.has_value(), "smoking");
  if (!score.missing.empty()) return score;
  if (*p.systolic_mmhg < 90 || *p.systolic_mmhg > 200 || *bmi < 18.5 || *bmi >= 40 || *p.egfr < 15 || *p.egfr > 150) {
    score.applies = false;
    score.why_not = "Only for systolic pressure 90-200, BMI 18.5-39.9 and eGFR 15-150.";
    return score;
  }
  score.probability = prevent_hf({*p.age_years, *p.systolic_mmhg, *bmi, *p.egfr, *p.sex == Sex::kFemale, *p.diabetes, *p.smoker,
                                  *p.blood_pressure_drugs > 0});
  return score;
}

Score pcp_score(const ClinicalProfile& p, std::optional<double> qrs_ms) {
  Score score = risk_score("pcp_hf", "PCP-HF", kPcpHf);
  score.why_not = why_no_risk(p);
  if (score.why_not.empty() && p.ancestry == Ancestry::kOther) score.why_not = "Fitted on Black and White people of the United States only.";
  score.applies = score.why_not.empty();
  if (!score.applies) return score;
  const std::optional<double> bmi = body_mass_index(p);
  const bool treated_known = p.glucose_treated || p.diabetes == std::optional<bool>(false);
  need(score, p.age_years.has_value(), "age");
  need(score, p.sex.has_value(), "sex");
  need(score, p.ancestry != Ancestry::kUnknown, "ancestry (Black or White)");
  need(score, p.systolic_mmhg.has_value(), "systolic blood pressure");
  need(score, p.blood_pressure_drugs.has_value(), "number of blood pressure drugs");
  need(score, bmi.has_value(), "height and weight");
  need(score, p.glucose_mg_dl.has_value(), "fasting glucose");
  need(score, treated_known, "treated for blood sugar");
  need(score, p.total_cholesterol_mg_dl.has_value(), "total cholesterol");
  need(score, p.hdl_cholesterol_mg_dl.has_value(), "HDL cholesterol");
  need(score, p.smoker.has_value(), "smoking");
  need(score, qrs_ms.has_value(), "QRS duration");
  if (!score.missing.empty()) return score;
  score.probability = pcp_hf({*p.age_years, *p.systolic_mmhg, *bmi, *p.glucose_mg_dl, *p.total_cholesterol_mg_dl,
                              *p.hdl_cholesterol_mg_dl, *qrs_ms, *p.sex == Sex::kFemale, p.ancestry == Ancestry::kBlack,
                              *p.blood_pressure_drugs > 0, p.glucose_treated.value_or(false), *p.smoker});
  return score;
}

// Both HFpEF scores are for symptoms with an EF that is not reduced.
std::string why_no_hfpef_score(const ClinicalProfile& p) {
  if (symptoms_of(p) == Symptoms::kNone) return "For people with symptoms only.";
  if (p.echo.ef_percent && *p.echo.ef_percent < 50) return "For an ejection fraction of 50 % and over only.";
  return {};
}

}  // namespace

double h2fpef_probability(double age_years, double bmi, double e_over_e, double pasp_mmhg, bool atrial_fibrillation) {
  // [V]: a public function said to match the authors' spreadsheet.
  const double x = -9.19174464 + .04511295 * age_years + .13073016 * bmi + .08586344 * e_over_e + .05196376 * pasp_mmhg +
                   (atrial_fibrillation ? 1.69968057 : 0);
  return 1 / (1 + std::exp(-x));
}

Score h2fpef(const H2fpefInput& in) {
  Score score;
  score.id = "h2fpef";
  score.title = "H2FPEF";
  score.meaning = "HFpEF";
  score.citation = kH2fpef;
  score.points_low = score.points_high = 0;
  add_points(score, above(in.bmi, 30), 2, "BMI over 30");
  add_points(score, at_least(in.blood_pressure_drugs, 2), 1, "two or more blood pressure drugs");
  add_points(score, in.atrial_fibrillation, 3, "atrial fibrillation");
  add_points(score, above(in.pasp_mmhg, 35), 1, "pulmonary artery pressure over 35 mmHg (echo)");
  add_points(score, above(in.age_years, 60), 1, "age over 60");
  add_points(score, above(in.e_over_e, 9), 1, "E/e' over 9 (echo)");
  if (*score.points_high <= 1) score.reading = "low: HFpEF unlikely";
  else if (*score.points_low >= 6) score.reading = "high: HFpEF likely";
  else if (*score.points_low >= 2 && *score.points_high <= 5) score.reading = "intermediate: test further";
  else score.reading = "open: missing items decide";
  if (in.age_years && in.bmi && in.e_over_e && in.pasp_mmhg && in.atrial_fibrillation)
    score.probability = h2fpef_probability(*in.age_years, *in.bmi, *in.e_over_e, *in.pasp_mmhg, *in.atrial_fibrillation);
  return score;
}

Score hfa_peff(const ClinicalProfile& p, std::optional<bool> in_af) {
  const EchoReport& e = p.echo;
  const bool female = p.sex == std::optional<Sex>(Sex::kFemale);
  const bool af = in_af.value_or(false), rhythm_known = in_af.has_value();
  // Cut-offs of e' for 75 years and over were not verified: from there on e' does not count, for it or against it.
  const bool old = p.age_years && *p.age_years >= 75;
  const auto unless_old = [&](std::optional<bool> met) { return old ? std::optional<bool>(false) : met; };
  const auto by_rhythm = [&](std::optional<bool> met) { return rhythm_known ? met : std::nullopt; };
  const auto by_sex = [&](std::optional<bool> met) { return p.sex ? met : std::nullopt; };
  // Major limits of LV mass (149, 122 g/m2) were not verified either; the minor ones were.
  const std::array<Domain, 3> domains = {{
      {"function (e', E/e', tricuspid velocity, strain)",
       {unless_old(below(e.septal_e_cm_s, 7)), unless_old(below(e.lateral_e_cm_s, 10)), at_least(e.e_over_e, 15), above(e.tr_velocity_m_s, 2.8)},
       {within(e.e_over_e, 9, 14.999), below(e.gls_percent, 16)}},
      {"structure (left atrial volume, LV mass, wall thickness)",
       {by_rhythm(above(e.lavi_ml_m2, af ? 40 : 34))},
       {by_rhythm(within(e.lavi_ml_m2, af ? 34 : 29, af ? 40 : 34)), by_sex(at_least(e.lvmi_g_m2, female ? 95 : 115)),
        above(e.relative_wall_thickness, 0.42), at_least(e.wall_mm, 12)}},
      // Either peptide is enough: an unmeasured one adds nothing when the other is there.
      {"NT-proBNP or BNP",
       {by_rhythm(p.nt_probnp_ng_l ? above(p.nt_probnp_ng_l, af ? 660 : 220) : above(p.bnp_ng_l, af ? 240 : 80))},
       {by_rhythm(p.nt_probnp_ng_l ? at_least(p.nt_probnp_ng_l, af ? 365 : 125) : at_least(p.bnp_ng_l, af ? 105 : 35))}},
  }};
  Score score;
  score.id = "hfa_peff";
  score.title = "HFA-PEFF";
  score.meaning = "HFpEF";
  score.citation = kHfaPeff;
  score.most_points = 6;
  score.points_low = score.points_high = 0;
  for (const Domain& domain : domains) {
    const int low = domain.points(false), high = domain.points(true);
    *score.points_low += low;
    *score.points_high += high;
    if (domain.known()) score.used.push_back(std::string(domain.name) + format_text(": +%d", low));
    if (high > low) score.missing.emplace_back(domain.name);
  }
  if (*score.points_high <= 1) score.reading = "low: HFpEF unlikely";
  else if (*score.points_low >= 5) score.reading = "high: HFpEF likely";
  else if (*score.points_low >= 2 && *score.points_high <= 4) score.reading = "intermediate: test further";
  else score.reading = "open: missing items decide";
  return score;
}

double prevent_hf(const PreventInput& in) {
  const PreventTerms& t = in.female ? kPreventFemale : kPreventMale;
  const double age = (in.age_years - 55) / 10;
  const double s1 = (std::min(in.systolic_mmhg, 110.0) - 110) / 20, s2 = (std::max(in.systolic_mmhg, 110.0) - 130) / 20;
  const double b1 = (std::min(in.bmi, 30.0) - 25) / 5, b2 = (std::max(in.bmi, 30.0) - 30) / 5;
  const double g1 = (std::min(in.egfr, 60.0) - 60) / -15, g2 = (std::max(in.egfr, 60.0) - 90) / -15;
  const double treated = in.treated_pressure, diabetes = in.diabetes, smoker = in.smoker;
  const double x = t.constant + t.age * age + t.s1 * s1 + t.s2 * s2 + t.diabetes * diabetes + t.smoker * smoker + t.b1 * b1 +
                   t.b2 * b2 + t.g1 * g1 + t.g2 * g2 + t.treated * treated + t.treated_s2 * treated * s2 + t.age_s2 * age * s2 +
                   t.age_diabetes * age * diabetes + t.age_smoker * age * smoker + t.age_b2 * age * b2 + t.age_g1 * age * g1;
  return 1 / (1 + std::exp(-x));
}

double pcp_hf(const PcpHfInput& in) {
  const PcpTerms& t = in.black ? (in.female ? kPcpBlackFemale : kPcpBlackMale) : (in.female ? kPcpWhiteFemale : kPcpWhiteMale);
  const double age = std::log(in.age_years), sbp = std::log(in.systolic_mmhg), glucose = std::log(in.glucose_mg_dl);
  const double smoker = in.smoker, bmi = std::log(in.bmi);
  const double x = t.age * age + t.age2 * age * age +
                   (in.treated_pressure ? t.sbp_treated * sbp + t.age_sbp_treated * age * sbp : t.sbp * sbp + t.age_sbp * age * sbp) +
                   t.smoker * smoker + t.age_smoker * age * smoker +
                   (in.treated_glucose ? t.glucose_treated : t.glucose) * glucose + t.cholesterol * std::log(in.total_cholesterol_mg_dl) +
                   t.hdl * std::log(in.hdl_mg_dl) + t.bmi * bmi + t.age_bmi * age * bmi + t.qrs * std::log(in.qrs_ms);
  return 1 - std::pow(t.baseline_survival, std::exp(x - t.mean));
}

std::vector<Score> all_scores(const ClinicalProfile& p, std::optional<double> qrs_ms, std::optional<bool> ecg_af) {
  // The history counts for H2FPEF; the limits of HFA-PEFF follow the rhythm of the day.
  std::optional<bool> af = p.atrial_fibrillation;
  if (ecg_af.value_or(false)) af = true;
  std::vector<Score> scores = {h2fpef({p.age_years, body_mass_index(p), p.blood_pressure_drugs, p.echo.e_over_e, p.echo.pasp_mmhg, af}),
                               hfa_peff(p, ecg_af)};
  for (Score& score : scores) {
    score.why_not = why_no_hfpef_score(p);
    score.applies = score.why_not.empty();
  }
  scores.push_back(prevent_score(p));
  scores.push_back(pcp_score(p, qrs_ms));
  return scores;
}

}  // namespace precordia
