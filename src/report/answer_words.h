// Names and words that the JSON, the view model and the printed report share, so that they never differ.
#pragma once

#include <optional>
#include <string>

#include "fusion/screening.h"

namespace precordia {

const char* scale_name(EvidenceScale scale);              // "lvsd", "hf", "context"
const char* direction_name(EvidenceDirection direction);  // "for", "against", "neutral"
const char* beat_class_name(BeatClass beat_class);        // "dominant", "ventricular_ectopic", ...

const char* flag_name(NetFlag flag);       // "none", "screening", "confirming"

// "calm", "watch", "act" or "unknown": which of four colours and symbols the answer is drawn with.
const char* tone_of(const Screening& screening);

std::string percent_text(double probability);       // "14 %", "2.3 %"
std::string weight_text(const EvidenceItem& item);  // "×1.9 (+2.9 dB)", "not counted"

enum class RangeStatus { kNormal, kLow, kHigh, kUnknown };
RangeStatus status_of(const Measurement& measurement);
const char* status_name(RangeStatus status);             // "normal", "low", "high", "unknown"
std::string value_text(const Measurement& measurement);  // "92", or "–" when unknown
std::string range_text(const Measurement& measurement);  // "60–100", "≤ 450", "≥ 60" or ""
std::string unit_text(const std::string& unit);          // "deg" is written "°"

std::string patient_text(const std::optional<double>& age_years,
                         const std::optional<Sex>& sex);  // "63 y, female"
std::string record_text(const EcgRecord& record);         // "12 leads · 10.0 s · 500 Hz"

// "61 years (mean error 8 years); the trace looks male (93 %). ..."
std::string ecg_age_text(const EcgAge& age);

// "superclass/MI" -> "superclass"; the whole id when it has no slash.
std::string group_of(const std::string& output_id);

}  // namespace precordia
