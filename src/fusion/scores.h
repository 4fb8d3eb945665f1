// Published scores, each as far as the inputs allow: what is missing is named, and what is unknown widens the answer
// instead of counting as absent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fusion/clinical_profile.h"

namespace precordia {

struct Score {
  std::string id, title;
  bool applies = true;
  std::string why_not;  // sentence, when it does not apply or cannot be computed
  std::optional<int> points_low, points_high;  // equal when nothing is missing
  int most_points = 0;
  std::optional<double> probability;  // of `meaning`, 0..1
  std::string meaning;                // "HFpEF", "heart failure within ten years"
  std::string reading;                // "intermediate: test further"
  std::vector<std::string> used, missing;
  std::string citation;
};

// H2FPEF (Reddy 2018, doi 10.1161/CIRCULATIONAHA.118.034646): for breathless people with EF >= 50.
struct H2fpefInput {
  std::optional<double> age_years, bmi, blood_pressure_drugs, e_over_e, pasp_mmhg;
  std::optional<bool> atrial_fibrillation;
};
Score h2fpef(const H2fpefInput& input);
// Its continuous form, all five inputs known; at the 64 % prevalence of the study.
double h2fpef_probability(double age_years, double bmi, double e_over_e, double pasp_mmhg, bool atrial_fibrillation);

// HFA-PEFF step 2 (Pieske 2019, doi 10.1093/eurheartj/ehz641). In atrial fibrillation other limits hold.
Score hfa_peff(const ClinicalProfile& profile, std::optional<bool> in_atrial_fibrillation);

// Ten-year risk of heart failure in people without cardiovascular disease.
struct PreventInput {
  double age_years, systolic_mmhg, bmi, egfr;
  bool female, diabetes, smoker, treated_pressure;
};
double prevent_hf(const PreventInput& input);  // Khan 2024, doi 10.1161/CIRCULATIONAHA.123.067626

struct PcpHfInput {
  double age_years, systolic_mmhg, bmi, glucose_mg_dl, total_cholesterol_mg_dl, hdl_mg_dl, qrs_ms;
  bool female, black, treated_pressure, treated_glucose, smoker;
};
double pcp_hf(const PcpHfInput& input);  // Khan 2019, doi 10.1016/j.jacc.2019.02.057

// All four as this examination allows. `qrs_ms` and `ecg_atrial_fibrillation` come from the ECG, where it was judged.
std::vector<Score> all_scores(const ClinicalProfile& profile, std::optional<double> qrs_ms,
                              std::optional<bool> ecg_atrial_fibrillation);

}  // namespace precordia
