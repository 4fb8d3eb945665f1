// libFuzzer target for the front door and for each reader behind it; the environment variable PRECORDIA_FUZZ_TARGET names the one to run:
//
//   read_ecg      content decides, as for a dropped file
//   bundle        several files dropped together: the input is cut at every 8-byte mark "\xF5NEXTFILE"
//   decode_NAME   one reader, whatever the front door would have said
//
// Besides what the sanitizers see, a record that comes back has to keep what read_ecg.h promises.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "formats/all_formats.h"
#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// read_ecg.h: at least one lead, a plausible rate, leads of one length, and never more samples than the limit.
void check(const Result<EcgRecord>& record) {
  if (!record) {
    require(!record.error().message.empty());
    return;
  }
  require(record->lead_count() >= 1);
  require(record->sample_rate_hz >= kLowestSampleRateHz && record->sample_rate_hz <= kHighestSampleRateHz);
  for (const auto& mv : record->mv) {
    require(mv.empty() || mv.size() == record->sample_count());
    for (const float v : mv) require(std::isnan(v) || std::abs(v) <= 3e4f);   // derived leads add up to three of 10 V
  }
}

std::vector<InputFile> cut(std::span<const uint8_t> bytes) {
  constexpr std::string_view kMark = "\xF5NEXTFILE";
  static constexpr const char* kNames[] = {"a.hea", "a.dat", "b.dat", "a_1.hea", "a_2.hea", "a.mat", "c", "d"};
  std::vector<InputFile> files;
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (files.size() < std::size(kNames)) {
    const auto end = rest.find(kMark);
    const auto part = rest.substr(0, end);
    files.push_back({kNames[files.size()], {reinterpret_cast<const uint8_t*>(part.data()), part.size()}});
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + kMark.size());
  }
  return files;
}

}  // namespace
}  // namespace precordia

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace precordia;
  static const char* const asked = std::getenv("PRECORDIA_FUZZ_TARGET");
  static const std::string_view target = asked ? asked : "read_ecg";
  const std::span<const uint8_t> bytes(data, size);
  if (target == "bundle") {
    check(read_ecg(cut(bytes)));
    return 0;
  }
  const InputFile file{"file", bytes};
  if (target == "read_ecg") {
    check(read_ecg({&file, 1}));
    return 0;
  }
  for (const auto& format : all_formats()) {
    if (target != format.key) continue;
    auto decoded = format.decode({&file, 1});
    if (decoded) check(record_from_channels(std::move(*decoded)));
    return 0;
  }
  std::abort();   // no such reader
}
