// The last step of every reader: named channels in, one EcgRecord out. What all formats have in common is decided here once.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signal/ecg_record.h"

namespace precordia {

inline constexpr double kLowestSampleRateHz = 50, kHighestSampleRateHz = 50000;

inline constexpr int32_t kMissingCount = std::numeric_limits<int32_t>::min();

// One channel of a file. Its samples are either `counts`, where the format stores integers, or `mv`, where it stores decimal
// numbers; both are empty when the file holds none.
struct NamedChannel {
  std::string name;             // as the file writes it
  double rate_hz = 0;
  bool is_voltage = true;       // false: a pressure, a flow, an event channel; never taken for a lead
  std::vector<float> mv;        // NaN = missing
  std::vector<int32_t> counts = {};   // exactly as stored; kMissingCount = missing
  double nv_per_count = 0;
  double zero_count = 0;        // the count that stands for 0 mV
  std::optional<size_t> usable_count = {};   // from this sample on the file holds no ECG (a calibration pulse)

  size_t sample_count() const { return counts.empty() ? mv.size() : counts.size(); }
};

// What a format's reader hands over: the channels, and a record that brings everything but the samples.
struct DecodedEcg {
  std::vector<NamedChannel> channels;
  EcgRecord record;
};

// Millivolts per `unit` ("mV", "uV", "µV" in UTF-8 or Latin-1, "nV", "V", any case but the first letter's meaning);
// 0 when it is no voltage.
double millivolts_per(std::string_view unit);

// One sample for NamedChannel::mv: what is not a finite number of at most 10 V is missing, because no body surface gives it.
float sample_mv(double mv);

// Takes a channel's samples out of it, in mV and without what the file itself calls unusable.
std::vector<float> taken_mv(NamedChannel& channel);

// Sorts channels into the twelve leads. The record's rate is that of the fastest lead; slower leads are resampled to it, all
// are brought to one length (missing at the end), a lead named twice keeps its first channel, absent limb leads are derived.
// A statement of the device that repeats the patient's name or number is left out. Errors: kNotAnEcg (no lead), kDamaged
// (impossible rate).
Result<EcgRecord> record_from_channels(DecodedEcg decoded);

// Age and sex out of free text as databases write it: "<age>: 79  <sex>: M", "Age: 63", "Sex: Female", "gender=F". Ages over
// 89 that a source hides behind a large number (PTB-XL: 300) become 90. Nothing else is kept.
void add_patient_facts(std::string_view text, RecordedPatient& patient);

// "I, II and V1".
std::string listed(const std::vector<std::string>& names, size_t most = 12);

}  // namespace precordia
