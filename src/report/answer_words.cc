#include "report/answer_words.h"

#include <cmath>

#include "base/text.h"
#include "report/json.h"

namespace precordia {
const char* scale_name(EvidenceScale scale) {
  switch (scale) {
    case EvidenceScale::kLvsd: return "lvsd";
    case EvidenceScale::kHeartFailure: return "hf";
    case EvidenceScale::kContext: return "context";
  }
  return "context";
}

const char* direction_name(EvidenceDirection direction) {
  switch (direction) {
    case EvidenceDirection::kFor: return "for";
    case EvidenceDirection::kAgainst: return "against";
    case EvidenceDirection::kNeutral: return "neutral";
  }
  return "neutral";
}

const char* beat_class_name(BeatClass beat_class) {
  switch (beat_class) {
    case BeatClass::kDominant: return "dominant";
    case BeatClass::kVentricularEctopic: return "ventricular_ectopic";
    case BeatClass::kSupraventricularEctopic: return "supraventricular_ectopic";
    case BeatClass::kPaced: return "paced";
    case BeatClass::kUnclassified: return "unclassified";
  }
  return "unclassified";
}

const char* flag_name(NetFlag flag) {
  switch (flag) {
    case NetFlag::kNone: return "none";
    case NetFlag::kScreening: return "screening";
    case NetFlag::kConfirming: return "confirming";
  }
  return "none";
}

const char* tone_of(const Screening& screening) {
  if (screening.next_step.urgent) return "act";
  switch (screening.phenotype) {
    case Phenotype::kCannotTell: return "unknown";
    case Phenotype::kNoEvidence: return "calm";
    case Phenotype::kPossibleStructuralDisease:
    case Phenotype::kLvsdPossible:
    case Phenotype::kHeartFailurePossible: return "watch";
    case Phenotype::kLvsdLikely: return "act";
    case Phenotype::kHfref:
    case Phenotype::kHfmref:
    case Phenotype::kHfpef:
    case Phenotype::kStageB: return "act";
    case Phenotype::kEfBetweenClasses: return "watch";
  }
  return "unknown";
}

std::string percent_text(double probability) {
  const double percent = 100 * probability;
  return fixed_text(percent, percent < 9.95 && percent > 1 ? 1 : 0) + " %";
}

std::string weight_text(const EvidenceItem& item) {
  if (!item.counted || !item.likelihood_ratio || !item.decibans) return "not counted";
  const double weight = std::pow(10.0, *item.decibans / 10);
  const std::string bans = fixed_text(*item.decibans, 1);
  return "×" + fixed_text(weight, 2) + " (" + (*item.decibans > 0 ? "+" : "") + bans + " dB)";
}

RangeStatus status_of(const Measurement& measurement) {
  if (!measurement.value || !std::isfinite(*measurement.value)) return RangeStatus::kUnknown;
  if (!measurement.normal_low && !measurement.normal_high) return RangeStatus::kUnknown;
  if (measurement.normal_low && *measurement.value < *measurement.normal_low) return RangeStatus::kLow;
  if (measurement.normal_high && *measurement.value > *measurement.normal_high) return RangeStatus::kHigh;
  return RangeStatus::kNormal;
}

const char* status_name(RangeStatus status) {
  switch (status) {
    case RangeStatus::kNormal: return "normal";
    case RangeStatus::kLow: return "low";
    case RangeStatus::kHigh: return "high";
    case RangeStatus::kUnknown: return "unknown";
  }
  return "unknown";
}

std::string value_text(const Measurement& measurement) {
  if (!measurement.value || !std::isfinite(*measurement.value)) return "–";
  return fixed_text(*measurement.value, measurement.digits);
}

std::string range_text(const Measurement& measurement) {
  const auto text = [&](double value) { return fixed_text(value, measurement.digits); };
  if (measurement.normal_low && measurement.normal_high) {
    const bool negative = *measurement.normal_low < 0 || *measurement.normal_high < 0;
    return text(*measurement.normal_low) + (negative ? " to " : "–") + text(*measurement.normal_high);
  }
  if (measurement.normal_high) return "≤ " + text(*measurement.normal_high);
  if (measurement.normal_low) return "≥ " + text(*measurement.normal_low);
  return {};
}

std::string unit_text(const std::string& unit) { return unit == "deg" ? "°" : unit; }

std::string patient_text(const std::optional<double>& age_years, const std::optional<Sex>& sex) {
  if (!age_years && !sex) return "age and sex not known";
  const std::string age = age_years ? fixed_text(*age_years, 0) + " y" : "age not known";
  const std::string sex_word = !sex ? "sex not known" : *sex == Sex::kFemale ? "female" : "male";
  return age + ", " + sex_word;
}

std::string record_text(const EcgRecord& record) {
  std::string rate = fixed_text(record.sample_rate_hz, 2);
  while (rate.ends_with('0')) rate.pop_back();
  if (rate.ends_with('.')) rate.pop_back();
  return format_text("%d leads · %s s · %s Hz", record.lead_count(),
                     fixed_text(record.duration_s(), 1).c_str(), rate.c_str());
}

std::string ecg_age_text(const EcgAge& age) {
  const bool male = age.male_probability >= 0.5;
  return format_text("%.0f years (mean error %.0f years); the trace looks %s (%s). Read off the ECG: a marker of the heart, not "
                     "this person's age or sex, and not used as evidence.",
                     age.years, age.error_years, male ? "male" : "female",
                     percent_text(male ? age.male_probability : 1 - age.male_probability).c_str());
}

std::string group_of(const std::string& output_id) { return output_id.substr(0, output_id.find('/')); }

std::string answer_text(const Screening& screening) {
  std::string text = screening.headline + ".\n" + screening.sentence + "\n";
  if (screening.probability && screening.low && screening.high && screening.prior) {
    text += screening.target + ": " + percent_text(*screening.probability) + ", between " +
            percent_text(*screening.low) + " and " + percent_text(*screening.high) +
            ". " + screening.before + ": " + percent_text(*screening.prior) + ".\n";
  }
  if (screening.hf_probability && screening.hf_low && screening.hf_high && screening.hf_prior) {
    text += "Heart failure of any kind: " + percent_text(*screening.hf_probability) + ", between " +
            percent_text(*screening.hf_low) + " and " + percent_text(*screening.hf_high) +
            ". Before the blood test: " + percent_text(*screening.hf_prior) + ".\n";
  }
  text += "Next: " + screening.next_step.headline + ".\n";
  for (const std::string& step : screening.next_step.steps) text += "- " + step + "\n";
  if (!screening.next_step.most_useful_test.empty())
    text += "Most useful next test: " + screening.next_step.most_useful_test + "\n";
  return text + kDisclaimer + "\n";
}

}  // namespace precordia
