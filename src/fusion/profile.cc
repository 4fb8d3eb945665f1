// The clinician's form as JSON: every key optional, every value checked, nothing guessed.
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "fusion/clinical_profile.h"

namespace precordia {
namespace {

using Json = nlohmann::json;
using P = ClinicalProfile;

constexpr ProfileField number(const char* key, const char* label, const char* unit, double low, double high,
                              std::optional<double> P::* member) {
  return {key, label, unit, FieldKind::kNumber, low, high, member, nullptr, nullptr};
}
constexpr ProfileField yes_no(const char* key, const char* label, std::optional<bool> P::* member) {
  return {key, label, "", FieldKind::kYesNo, 0, 1, nullptr, member, nullptr};
}
constexpr ProfileField echo(const char* key, const char* label, const char* unit, double low, double high,
                            std::optional<double> EchoReport::* member) {
  return {key, label, unit, FieldKind::kNumber, low, high, nullptr, nullptr, member};
}

// Limits are what a living adult can have and an instrument can show; they catch slips, not disease.
constexpr std::array kFields = {
    number("age_years", "The age", "years", 0, 120, &P::age_years),
    yes_no("prior_infarction", "A past heart attack", &P::prior_infarction),
    number("nt_probnp_ng_l", "NT-proBNP", "ng/L", 5, 70000, &P::nt_probnp_ng_l),
    number("bnp_ng_l", "BNP", "ng/L", 1, 10000, &P::bnp_ng_l),
    yes_no("breathless", "Breathlessness", &P::breathless),
    number("nyha_class", "NYHA class", "", 1, 4, &P::nyha_class),
    yes_no("oedema", "Swollen ankles", &P::oedema),
    yes_no("crackles", "Crackles at the lung bases", &P::crackles),
    number("height_cm", "Height", "cm", 100, 230, &P::height_cm),
    number("weight_kg", "Weight", "kg", 25, 350, &P::weight_kg),
    number("systolic_mmhg", "Systolic blood pressure", "mmHg", 50, 280, &P::systolic_mmhg),
    number("diastolic_mmhg", "Diastolic blood pressure", "mmHg", 20, 180, &P::diastolic_mmhg),
    number("blood_pressure_drugs", "Number of blood pressure drugs", "", 0, 10, &P::blood_pressure_drugs),
    yes_no("diabetes", "Diabetes", &P::diabetes),
    yes_no("glucose_treated", "Treated for blood sugar", &P::glucose_treated),
    yes_no("coronary_disease", "Known coronary disease", &P::coronary_disease),
    yes_no("atrial_fibrillation", "Atrial fibrillation, now or ever", &P::atrial_fibrillation),
    yes_no("smoker", "Smokes now", &P::smoker),
    number("total_cholesterol_mg_dl", "Total cholesterol", "mg/dL", 50, 800, &P::total_cholesterol_mg_dl),
    number("hdl_cholesterol_mg_dl", "HDL cholesterol", "mg/dL", 5, 200, &P::hdl_cholesterol_mg_dl),
    number("glucose_mg_dl", "Fasting glucose", "mg/dL", 30, 800, &P::glucose_mg_dl),
    number("egfr", "eGFR", "mL/min/1.73 m²", 3, 180, &P::egfr),
    echo("ef_percent", "Ejection fraction", "%", 5, 85, &EchoReport::ef_percent),
    echo("gls_percent", "Global longitudinal strain", "%", 1, 35, &EchoReport::gls_percent),
    echo("lavi_ml_m2", "Left atrial volume index", "mL/m²", 5, 200, &EchoReport::lavi_ml_m2),
    echo("lvmi_g_m2", "LV mass index", "g/m²", 20, 400, &EchoReport::lvmi_g_m2),
    echo("relative_wall_thickness", "Relative wall thickness", "", 0.1, 1.5, &EchoReport::relative_wall_thickness),
    echo("wall_mm", "LV wall thickness", "mm", 3, 40, &EchoReport::wall_mm),
    echo("e_over_e", "E/e'", "", 1, 60, &EchoReport::e_over_e),
    echo("septal_e_cm_s", "Septal e'", "cm/s", 1, 30, &EchoReport::septal_e_cm_s),
    echo("lateral_e_cm_s", "Lateral e'", "cm/s", 1, 35, &EchoReport::lateral_e_cm_s),
    echo("tr_velocity_m_s", "Tricuspid regurgitation velocity", "m/s", 0.5, 7, &EchoReport::tr_velocity_m_s),
    echo("pasp_mmhg", "Pulmonary artery systolic pressure", "mmHg", 5, 180, &EchoReport::pasp_mmhg),
};

Result<std::optional<double>> number_in_range(const Json& value, const ProfileField& field) {
  if (value.is_null()) return std::optional<double>{};
  const double number = value.is_number() ? value.get<double>() : field.low - 1;
  if (!(number >= field.low && number <= field.high))
    return fail(ErrorCode::kWrongUsage, format_text("%s must be a number from %g to %g%s%s.", field.label, field.low,
                                                    field.high, *field.unit ? " " : "", field.unit));
  return std::optional<double>{number};
}

Result<void> read_field(const Json& value, const ProfileField& field, ClinicalProfile& profile) {
  if (field.kind == FieldKind::kNumber) {
    PRECORDIA_TRY(std::optional<double> number, number_in_range(value, field));
    (field.echo ? profile.echo.*field.echo : profile.*field.number) = number;
    return {};
  }
  if (!value.is_null() && !value.is_boolean())
    return fail(ErrorCode::kWrongUsage,
                std::string(field.label) + " must be true, false or left out when it is not known.");
  profile.*field.yes_no = value.is_boolean() ? std::optional<bool>(value.get<bool>()) : std::nullopt;
  return {};
}

Result<std::optional<Sex>> sex_of(const Json& value) {
  if (value.is_null()) return std::optional<Sex>{};
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  if (text == "F") return std::optional<Sex>{Sex::kFemale};
  if (text == "M") return std::optional<Sex>{Sex::kMale};
  return fail(ErrorCode::kWrongUsage, "Sex must be \"F\" or \"M\", or left out when it is not known.");
}

Result<Symptoms> stated_symptoms(const Json& value) {
  if (value.is_null()) return Symptoms::kUnknown;
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  if (text == "unknown") return Symptoms::kUnknown;
  if (text == "none") return Symptoms::kNone;
  if (text == "suspected_hf") return Symptoms::kSuspectedHeartFailure;
  return fail(ErrorCode::kWrongUsage, "Symptoms must be \"none\", \"suspected_hf\" or \"unknown\".");
}

Result<Ancestry> ancestry_of(const Json& value) {
  if (value.is_null()) return Ancestry::kUnknown;
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  if (text == "unknown") return Ancestry::kUnknown;
  if (text == "black") return Ancestry::kBlack;
  if (text == "white") return Ancestry::kWhite;
  if (text == "other") return Ancestry::kOther;
  return fail(ErrorCode::kWrongUsage, "Ancestry must be \"black\", \"white\", \"other\" or \"unknown\".");
}

// Two entries that cannot both be true: which one is wrong only the person at the form can know.
Result<void> check_agreement(const ClinicalProfile& p) {
  if (p.systolic_mmhg && p.diastolic_mmhg && *p.diastolic_mmhg >= *p.systolic_mmhg)
    return fail(ErrorCode::kWrongUsage, "The diastolic blood pressure must be lower than the systolic one.");
  if (const auto bmi = body_mass_index(p); bmi && (*bmi < 10 || *bmi > 90))
    return fail(ErrorCode::kWrongUsage, "Height and weight do not fit together: check both.");
  if (p.total_cholesterol_mg_dl && p.hdl_cholesterol_mg_dl && *p.hdl_cholesterol_mg_dl >= *p.total_cholesterol_mg_dl)
    return fail(ErrorCode::kWrongUsage, "HDL cholesterol must be lower than total cholesterol.");
  const bool complaints =
      p.breathless.value_or(false) || p.oedema.value_or(false) || p.nyha_class.value_or(1) >= 2;
  if (p.symptoms == Symptoms::kNone && complaints)
    return fail(ErrorCode::kWrongUsage,
                "Symptoms are stated as none, but breathlessness, swelling or NYHA II or more is entered: check both.");
  return {};
}

}  // namespace

std::span<const ProfileField> profile_fields() { return kFields; }

std::optional<double> body_mass_index(const ClinicalProfile& profile) {
  if (!profile.height_cm || !profile.weight_kg) return std::nullopt;
  const double metres = *profile.height_cm / 100;
  return *profile.weight_kg / (metres * metres);
}

Symptoms symptoms_of(const ClinicalProfile& profile) {
  if (profile.symptoms != Symptoms::kUnknown) return profile.symptoms;
  const bool complaints = profile.breathless.value_or(false) || profile.oedema.value_or(false) ||
                          profile.nyha_class.value_or(1) >= 2;
  return complaints ? Symptoms::kSuspectedHeartFailure : Symptoms::kUnknown;
}

Result<ClinicalProfile> parse_profile(std::string_view json) {
  const Json root = Json::parse(json.begin(), json.end(), nullptr, false);
  if (root.is_discarded() || !root.is_object())
    return fail(ErrorCode::kWrongUsage,
                "The profile is not a JSON object such as {\"age_years\": 63, \"sex\": \"F\"}.");
  ClinicalProfile profile;
  for (const auto& [key, value] : root.items()) {
    const ProfileField* field = nullptr;
    for (const ProfileField& candidate : kFields)
      if (key == candidate.key) field = &candidate;
    if (field) {
      if (auto read = read_field(value, *field, profile); !read) return std::unexpected(read.error());
    } else if (key == "sex") {
      PRECORDIA_TRY(profile.sex, sex_of(value));
    } else if (key == "symptoms") {
      PRECORDIA_TRY(profile.symptoms, stated_symptoms(value));
    } else if (key == "ancestry") {
      PRECORDIA_TRY(profile.ancestry, ancestry_of(value));
    } else {
      std::string known = "sex, symptoms, ancestry";
      for (const ProfileField& each : kFields) known += std::string(", ") + each.key;
      return fail(ErrorCode::kWrongUsage, "The profile has an entry that is not known; known are " + known + ".",
                  "unknown key of " + std::to_string(key.size()) + " characters");
    }
  }
  if (auto agrees = check_agreement(profile); !agrees) return std::unexpected(agrees.error());
  return profile;
}

}  // namespace precordia
