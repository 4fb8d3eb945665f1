// Files that the format tests write themselves, byte by byte and independently of the readers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/read_ecg.h"

namespace precordia {

struct TestFile {
  std::string name;
  std::vector<uint8_t> bytes;
};

inline TestFile text_file(std::string name, std::string_view text) { return {std::move(name), {text.begin(), text.end()}}; }

inline Result<EcgRecord> read_files(const std::vector<TestFile>& files) {
  std::vector<InputFile> inputs;
  for (const auto& file : files) inputs.push_back({file.name, file.bytes});
  return read_ecg(inputs);
}

inline bool has_note(const EcgRecord& record, std::string_view words) {
  for (const auto& note : record.notes)
    if (note.find(words) != std::string::npos) return true;
  return false;
}

// signal(5), written the other way round: `samples` in file order -> bytes.
inline std::vector<uint8_t> packed(int format, const std::vector<int32_t>& samples) {
  std::vector<uint8_t> out;
  const auto put = [&](uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  };
  const auto at = [&](size_t i) { return i < samples.size() ? static_cast<uint32_t>(samples[i]) : 0u; };
  if (format == 212) {
    for (size_t i = 0; i < samples.size(); i += 2) {
      out.push_back(static_cast<uint8_t>(at(i)));
      out.push_back(static_cast<uint8_t>((at(i) >> 8 & 15) | (at(i + 1) >> 8 & 15) << 4));
      if (i + 1 < samples.size()) out.push_back(static_cast<uint8_t>(at(i + 1)));
    }
  } else if (format == 310) {
    for (size_t i = 0; i < samples.size(); i += 3) {
      put((at(i) & 0x3FF) << 1 | (at(i + 2) & 0x1F) << 11, 2);
      if (i + 1 < samples.size()) put((at(i + 1) & 0x3FF) << 1 | (at(i + 2) >> 5 & 0x1F) << 11, 2);
    }
  } else if (format == 311) {
    for (size_t i = 0; i < samples.size(); i += 3) {
      const size_t here = samples.size() - i;
      put((at(i) & 0x3FF) | (at(i + 1) & 0x3FF) << 10 | (at(i + 2) & 0x3FF) << 20, here >= 3 ? 4 : here == 2 ? 3 : 2);
    }
  } else {
    for (const int32_t sample : samples) {
      const auto value = static_cast<uint32_t>(sample);
      if (format == 8) put(value, 1);
      else if (format == 80) put(value + 128, 1);
      else if (format == 16) put(value, 2);
      else if (format == 61) out.push_back(static_cast<uint8_t>(value >> 8)), out.push_back(static_cast<uint8_t>(value));
      else if (format == 160) put(value + 32768, 2);
      else if (format == 24) put(value, 3);
      else if (format == 32) put(value, 4);
    }
  }
  return out;
}

// A 12-lead record of `count` samples at 500 Hz, format 16, 1 uV per unit, with correct checksums. Values are small integers
// that obey Einthoven's law.
inline std::vector<TestFile> small_wfdb(size_t count, const std::string& name = "small") {
  static constexpr const char* kNames[] = {"I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"};
  std::vector<int32_t> samples;
  std::vector<uint32_t> sums(12);
  for (size_t i = 0; i < count; ++i) {
    const int32_t beat = i % 400 < 20 ? 1000 - 100 * static_cast<int32_t>(i % 400 < 10 ? 10 - i % 400 : i % 400 - 10) : 0;
    const int32_t one = beat / 2 * 2, two = beat + static_cast<int32_t>(i % 7) * 2;
    const int32_t row[12] = {one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2, -beat, -beat / 2, beat / 3, beat, beat, beat / 2};
    for (size_t k = 0; k < 12; ++k) {
      samples.push_back(row[k]);
      sums[k] += static_cast<uint32_t>(row[k]);
    }
  }
  std::string header = name + " 12 500 " + std::to_string(count) + " 10:20:30 1/2/2020\n";
  for (size_t k = 0; k < 12; ++k)
    header += name + ".dat 16 1000(0)/mV 16 0 0 " + std::to_string(static_cast<int16_t>(sums[k] & 0xFFFF)) + " 0 " + kNames[k] + "\n";
  header += "# age: 63\n# sex: F\n";
  return {text_file(name + ".hea", header), {name + ".dat", packed(16, samples)}};
}

}  // namespace precordia
