// Small steps from findings to JSON values: finite, rounded numbers, null for the unknown, and text that is
// always UTF-8.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "fusion/screening.h"

namespace precordia {

using OrderedJson = nlohmann::ordered_json;

// `value` rounded to `digits` decimals; null when it is not finite. Never -0.
OrderedJson json_number(double value, int digits);
OrderedJson json_number(const std::optional<double>& value, int digits);
OrderedJson json_index(const std::optional<int>& sample_index);

// One line of evidence, the same in every answer.
OrderedJson evidence_value(const EvidenceItem& item);

// What the answer has beside its probabilities: shares of the phenotypes, scores, what would change it, and the echo.
OrderedJson phenotypes_value(const Screening& screening);
OrderedJson scores_value(const Screening& screening);
OrderedJson would_change_value(const Screening& screening);
OrderedJson echo_value(const Screening& screening);  // null when no EF was measured
// {"method", "note", "ways": [{"way", "probability", "low", "high", "why_not"}]}; no ways where the ECG did not decide.
OrderedJson fusion_value(const Screening& screening);
// Everything that was entered, by the keys of parse_profile; null = unknown.
OrderedJson profile_value(const ClinicalProfile& profile);

// One line of text; bytes that are not UTF-8 become U+FFFD.
std::string json_text(const OrderedJson& value);

}  // namespace precordia
