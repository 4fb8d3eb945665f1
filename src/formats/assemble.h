// The last step of every reader: named channels in, one EcgRecord out. What all formats have in common is decided here once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signal/ecg_record.h"

namespace precordia {

inline constexpr double kLowestSampleRateHz = 50, kHighestSampleRateHz = 50000;

struct NamedChannel {
  std::string name;             // as the file writes it
  double rate_hz = 0;
  bool is_voltage = true;       // false: a pressure, a flow, an event channel; never taken for a lead
  std::vector<float> mv;        // NaN = missing; empty when the file holds no samples for it
};

// Millivolts per `unit` ("mV", "uV", "µV" in UTF-8 or Latin-1, "nV", "V", any case but the first letter's meaning);
// 0 when it is no voltage.
double millivolts_per(std::string_view unit);

// One sample for NamedChannel::mv: what is not a finite number of at most 10 V is missing, because no body surface gives it.
float sample_mv(double mv);

// Sorts channels into the twelve leads. The record's rate is that of the fastest lead; slower leads are resampled to it, all
// are brought to one length (missing at the end), a lead named twice keeps its first channel, absent limb leads are derived.
// `record` brings source, patient and notes. Errors: kNotAnEcg (no lead), kDamaged (impossible rate).
Result<EcgRecord> record_from_channels(std::vector<NamedChannel> channels, EcgRecord record);

// Age and sex out of free text as databases write it: "<age>: 79  <sex>: M", "Age: 63", "Sex: Female", "gender=F". Ages over
// 89 that a source hides behind a large number (PTB-XL: 300) become 90. Nothing else is kept.
void add_patient_facts(std::string_view text, RecordedPatient& patient);

// "I, II and V1".
std::string listed(const std::vector<std::string>& names, size_t most = 12);

}  // namespace precordia
