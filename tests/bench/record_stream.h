// The stream of records that the programs of this folder read from standard input, little-endian, repeated: float32 rate,
// int32 samples, float32 age (nan = unknown), int32 sex (0 male, 1 female, -1 unknown), then 12 x samples float32 in mV, lead after
// lead (a lead of nothing but nan counts as absent).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "signal/ecg_record.h"

namespace precordia {

// The next record with its person, or nullopt at the end of the stream or where it breaks off.
inline std::optional<EcgRecord> next_record() {
  const auto take = [](auto& value) { return std::fread(&value, sizeof value, 1, stdin) == 1; };
  float rate = 0, age = 0;
  int32_t samples = 0, sex = -1;
  if (!take(rate) || !take(samples) || !take(age) || !take(sex) || samples < 0) return std::nullopt;
  EcgRecord record;
  record.sample_rate_hz = rate;
  if (std::isfinite(age)) record.patient.age_years = age;
  if (sex >= 0) record.patient.sex = sex == 1 ? Sex::kFemale : Sex::kMale;
  for (int lead = 0; lead < kLeadCount; ++lead) {
    record.mv[lead].resize(samples);
    if (std::fread(record.mv[lead].data(), sizeof(float), samples, stdin) != static_cast<size_t>(samples)) return std::nullopt;
    bool any = false;
    for (float v : record.mv[lead]) any = any || std::isfinite(v);
    if (!any) record.mv[lead].clear();
    record.origin[lead] = any ? LeadOrigin::kRecorded : LeadOrigin::kAbsent;
  }
  return record;
}

}  // namespace precordia
