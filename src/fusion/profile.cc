// The clinician's form as JSON: every key optional, every value checked, nothing guessed.
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "fusion/screening.h"

namespace precordia {
namespace {

using Json = nlohmann::json;

Result<std::optional<double>> number_in_range(const Json& value, const char* what, const char* unit,
                                              double low, double high) {
  if (value.is_null()) return std::optional<double>{};
  const double number = value.is_number() ? value.get<double>() : low - 1;
  if (!(number >= low && number <= high))
    return fail(ErrorCode::kWrongUsage, format_text("%s must be a number from %g to %g%s%s.", what, low, high,
                                                    *unit ? " " : "", unit));
  return std::optional<double>{number};
}

Result<std::optional<Sex>> sex_of(const Json& value) {
  if (value.is_null()) return std::optional<Sex>{};
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  if (text == "F") return std::optional<Sex>{Sex::kFemale};
  if (text == "M") return std::optional<Sex>{Sex::kMale};
  return fail(ErrorCode::kWrongUsage, "Sex must be \"F\" or \"M\", or left out when it is not known.");
}

Result<Symptoms> symptoms_of(const Json& value) {
  if (value.is_null()) return Symptoms::kUnknown;
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  if (text == "unknown") return Symptoms::kUnknown;
  if (text == "none") return Symptoms::kNone;
  if (text == "suspected_hf") return Symptoms::kSuspectedHeartFailure;
  return fail(ErrorCode::kWrongUsage, "Symptoms must be \"none\", \"suspected_hf\" or \"unknown\".");
}

}  // namespace

Result<ClinicalProfile> parse_profile(std::string_view json) {
  const Json root = Json::parse(json.begin(), json.end(), nullptr, false);
  if (root.is_discarded() || !root.is_object())
    return fail(ErrorCode::kWrongUsage,
                "The profile is not a JSON object such as {\"age_years\": 63, \"sex\": \"F\"}.");
  ClinicalProfile profile;
  for (const auto& [key, value] : root.items()) {
    if (key == "age_years") {
      PRECORDIA_TRY(profile.age_years, number_in_range(value, "The age", "years", 0, 120));
    } else if (key == "sex") {
      PRECORDIA_TRY(profile.sex, sex_of(value));
    } else if (key == "symptoms") {
      PRECORDIA_TRY(profile.symptoms, symptoms_of(value));
    } else if (key == "nt_probnp_ng_l") {
      PRECORDIA_TRY(profile.nt_probnp_ng_l, number_in_range(value, "NT-proBNP", "ng/L", 5, 70000));
    } else if (key == "prior_infarction") {
      if (!value.is_null() && !value.is_boolean())
        return fail(ErrorCode::kWrongUsage,
                    "A past heart attack must be true, false or left out when it is not known.");
      if (value.is_boolean()) profile.prior_infarction = value.get<bool>();
    } else {
      return fail(
          ErrorCode::kWrongUsage,
          "The profile has an entry that is not known; known are age_years, sex, symptoms, prior_infarction "
          "and nt_probnp_ng_l.",
          "unknown key of " + std::to_string(key.size()) + " characters");
    }
  }
  return profile;
}

}  // namespace precordia
