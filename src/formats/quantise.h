// Millivolts back to the integers that they were: the recorder's resolution is found in the samples themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/write_ecg.h"
#include "signal/ecg_record.h"

namespace precordia {

inline constexpr int32_t kLargest16Bit = 32767;   // -32768 is left for "missing"

struct QuantisedLead {
  Lead lead{};
  double nv_per_count = 0;
  std::vector<int32_t> counts;   // kMissingCount = missing; otherwise within +-kLargest16Bit
  bool exact = false;            // every sample is a whole number of counts, up to single precision
};

// All present leads, in lead order. Where no common grid exists (a resampled or drawn record) the finest round step that fits
// 16 bits is used, at least 0.1 uV.
std::vector<QuantisedLead> quantised(const EcgRecord& record);

// The age that a file may state: ages over 89 are "90" unless identity is asked for (45 CFR 164.514(b)(2)(i)(C)).
std::optional<double> written_age(const EcgRecord& record, const WriteOptions& options);

// The record's name as a file name that every system and WFDB accept; "ecg" when nothing is left of it.
std::string safe_record_name(const WriteOptions& options);

}  // namespace precordia
