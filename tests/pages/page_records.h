// The records that campaigns of printed pages print: simulated patients in turn, or the WFDB records named.
#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "formats/read_ecg.h"
#include "signal/simulated_patient.h"

namespace precordia::pages {

inline std::vector<uint8_t> bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// `rate_hz`: only records of this rate, any if 0; another one, or one without twelve leads, gives way to a simulated patient. At most 10 s.
inline EcgRecord record_for(int number, const std::vector<std::string>& headers, double rate_hz) {
  if (!headers.empty()) {
    const std::string header = headers[static_cast<size_t>(number) % headers.size()], data = header.substr(0, header.size() - 4) + ".dat";
    const std::vector<uint8_t> a = bytes_of(header), b = bytes_of(data);
    const auto name = [](const std::string& path) { return path.substr(path.find_last_of('/') + 1); };
    const InputFile files[] = {{name(header), a}, {name(data), b}};
    if (auto record = read_ecg(files); record && record->lead_count() == kLeadCount && (rate_hz == 0 || record->sample_rate_hz == rate_hz)) {
      for (auto& lead : record->mv) lead.resize(std::min(lead.size(), static_cast<size_t>(10 * record->sample_rate_hz)));
      return std::move(*record);
    }
  }
  SimulatedPatient patient;
  patient.condition = static_cast<SimulatedCondition>(number % 5);
  patient.seed = static_cast<uint32_t>(number + 1);
  patient.heart_rate_bpm = 55 + number * 7 % 60;
  return simulate_patient(patient).record;
}

}  // namespace precordia::pages
