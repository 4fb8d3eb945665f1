// How fast files become records: megabytes per second of each 16-bit format, the best of several rounds, from bytes in memory to
// EcgRecord. The same program measures natively and, as JavaScript, in WebAssembly on one thread:
//
//   ninja -C build/native formats_throughput && build/native/formats_throughput
//   ninja -C build/wasm formats_throughput && node build/wasm/formats_throughput.js
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "formats/write_ecg.h"
#include "unit/formats_binary_files.h"

using namespace precordia;

namespace {

constexpr size_t kSamples = 300'000;   // 10 minutes at 500 Hz: 7 MB of twelve leads
constexpr int kRounds = 15;

void measure(const char* name, const std::vector<TestFile>& files) {
  double best = 1e9, megabytes = 0;
  for (const auto& file : files) megabytes += static_cast<double>(file.bytes.size()) / 1e6;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    const auto record = read_files(files);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (!record) {
      std::printf("%-12s %s\n", name, record.error().message.c_str());
      return;
    }
  }
  std::printf("%-12s %7.1f MB  %8.2f ms  %7.0f MB/s\n", name, megabytes, best * 1e3, megabytes / best);
}

}  // namespace

int main() {
  EcgRecord record;
  record.sample_rate_hz = 500;
  for (int k = 0; k < kLeadCount; ++k) {
    record.origin[static_cast<size_t>(k)] = LeadOrigin::kRecorded;
    for (size_t i = 0; i < kSamples; ++i)
      record.mv[static_cast<size_t>(k)].push_back(static_cast<float>(test_count(k, i) * 2.5e-3));
  }
  for (const char* key : {"wfdb", "edf", "dicom"}) {
    std::vector<TestFile> files;
    if (const auto written = find_writer(key)->write(record, {}))
      for (const auto& file : *written) files.push_back({file.name, file.bytes});
    measure(key, files);
  }
  measure("ishne", {{"a.ecg", ishne_file(kSamples)}});
  measure("norav", {{"a.rdt", norav_file(kSamples)}});
  measure("alivecor", {{"a.atc", alivecor_file(kSamples, 6)}});
  EdfTestFile bdf;
  bdf.bdf = true;
  for (int k = 0; k < kLeadCount; ++k)
    bdf.signals.push_back({.label = std::string("ECG ") + kLeadNames[k], .counts = test_counts(k, kSamples), .per_record = 500});
  measure("bdf (24 bit)", {{"a.bdf", bdf.bytes()}});
  measure("scp", {{"a.scp", scp_twelve(20'000).bytes()}});
}
