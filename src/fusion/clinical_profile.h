// What the clinician entered for this examination. Everything is optional, unknown stays unknown, and nothing of it is
// stored. One table (`profile_fields`) gives key, unit and limits of every entry: the form, the command line and the
// checks read the same one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "signal/ecg_record.h"

namespace precordia {

enum class Symptoms { kUnknown, kNone, kSuspectedHeartFailure };
enum class Ancestry { kUnknown, kBlack, kWhite, kOther };  // only for equations that were fitted by it (PCP-HF)

// Numbers from the report of an echocardiogram, as they stand there. Strain is given without its sign.
struct EchoReport {
  std::optional<double> ef_percent, gls_percent, lavi_ml_m2, lvmi_g_m2, relative_wall_thickness, wall_mm;
  std::optional<double> e_over_e, septal_e_cm_s, lateral_e_cm_s, tr_velocity_m_s, pasp_mmhg;
};

struct ClinicalProfile {
  std::optional<double> age_years;  // 0..120; under 18 the answer is "cannot tell"
  std::optional<Sex> sex;
  Symptoms symptoms = Symptoms::kUnknown;  // breathlessness, oedema, fatigue that made someone think of heart failure
  std::optional<bool> prior_infarction;
  std::optional<double> nt_probnp_ng_l, bnp_ng_l;
  std::optional<bool> breathless, oedema, crackles;
  std::optional<double> nyha_class;  // 1..4
  std::optional<double> height_cm, weight_kg, systolic_mmhg, diastolic_mmhg, blood_pressure_drugs;
  std::optional<bool> diabetes, glucose_treated, coronary_disease, atrial_fibrillation, smoker;
  std::optional<double> total_cholesterol_mg_dl, hdl_cholesterol_mg_dl, glucose_mg_dl, egfr;
  Ancestry ancestry = Ancestry::kUnknown;
  EchoReport echo;
};

std::optional<double> body_mass_index(const ClinicalProfile& profile);
// Stated, or following from what was stated: breathlessness, swelling or NYHA II and above are symptoms.
Symptoms symptoms_of(const ClinicalProfile& profile);

enum class FieldKind { kNumber, kYesNo };
struct ProfileField {
  const char* key;    // of the JSON object
  const char* label;  // "Systolic blood pressure"
  const char* unit;   // "mmHg", "" = none
  FieldKind kind;
  double low, high;   // entries outside are slips of the keyboard
  std::optional<double> ClinicalProfile::* number;
  std::optional<bool> ClinicalProfile::* yes_no;
  std::optional<double> EchoReport::* echo;
};
std::span<const ProfileField> profile_fields();  // all but sex, symptoms and ancestry

// One JSON object: {"age_years":63,"sex":"F","symptoms":"none|suspected_hf","ancestry":"black|white|other", ...} and the
// keys of `profile_fields`. Unknown keys, values out of range and values that contradict each other are errors
// (kWrongUsage) with a sentence.
Result<ClinicalProfile> parse_profile(std::string_view json);

}  // namespace precordia
