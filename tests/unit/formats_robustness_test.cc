// Files that end early and files with wrong bits, of every format: a refusal in one sentence, or a record whose samples are in the
// file. Real samples (real_data.h) where they exist, and what every writer writes, always.
#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstring>

#include "formats/assemble.h"
#include "formats/write_ecg.h"
#include "formats_binary_files.h"
#include "real_data.h"

#ifdef __EMSCRIPTEN__
constexpr int kCuts = 20, kFlips = 60;   // slower there; the native builds run all
#else
constexpr int kCuts = 100, kFlips = 1000;
#endif

using namespace precordia;

namespace {

struct Noise {
  uint64_t state;
  uint32_t next() {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<uint32_t>(state >> 33);
  }
};

Result<DecodedEcg> decoded(const std::vector<TestFile>& files, size_t changed, std::span<const uint8_t> bytes) {
  std::vector<InputFile> inputs;
  for (size_t i = 0; i < files.size(); ++i) inputs.push_back({files[i].name, i == changed ? bytes : std::span<const uint8_t>(files[i].bytes)});
  return decode_ecg(inputs);
}

size_t samples_in(const DecodedEcg& ecg) {
  size_t count = 0;
  for (const auto& channel : ecg.channels) {
    if (!channel.mv.empty() || channel.counts.empty()) count += static_cast<size_t>(std::count_if(channel.mv.begin(), channel.mv.end(), [](float mv) { return !std::isnan(mv); }));
    else count += channel.counts.size() - static_cast<size_t>(std::count(channel.counts.begin(), channel.counts.end(), kMissingCount));
  }
  return count;
}

// Every channel of `part` is the beginning of the channel of that name in `whole`.
bool is_beginning(const DecodedEcg& part, const DecodedEcg& whole) {
  for (const auto& channel : part.channels) {
    bool found = false;
    for (const auto& other : whole.channels) {
      if (other.name != channel.name || channel.sample_count() > other.sample_count()) continue;
      const bool same_counts = std::equal(channel.counts.begin(), channel.counts.end(), other.counts.begin());
      const bool same_mv = channel.mv.empty() || (other.mv.size() >= channel.mv.size() && std::memcmp(channel.mv.data(), other.mv.data(), channel.mv.size() * sizeof(float)) == 0);
      found = found || (same_counts && same_mv && channel.counts.size() <= other.counts.size());
    }
    if (!found && channel.sample_count() > 0) return false;
  }
  return true;
}

std::string one_sentence(const Error& error) {
  return error.message.empty() || error.message.size() > 600 || error.message.find('\n') != std::string::npos || !is_valid_utf8(error.message)
             ? "bad sentence: " + error.message
             : "";
}

// A table or a WFDB header that was cut in the middle of a name or a number is a table or header with another name or number;
// there is nothing in it that could tell.
bool may_differ(const std::string& name) { return name.ends_with(".csv") || name.ends_with(".txt") || name.ends_with(".hea"); }

// Of other texts, all but each channel's last sample has to agree.
bool is_text(std::span<const uint8_t> bytes) {
  return std::none_of(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(std::min<size_t>(bytes.size(), 512)),
                      [](uint8_t c) { return c < 9 || (c > 13 && c < 32); });
}
DecodedEcg without_last(DecodedEcg ecg) {
  for (auto& channel : ecg.channels) {
    if (!channel.mv.empty()) channel.mv.pop_back();
    if (!channel.counts.empty()) channel.counts.pop_back();
  }
  return ecg;
}

void torment(const std::vector<TestFile>& files, size_t which, int cuts, int flips, uint64_t seed) {
  const auto whole = decoded(files, which, files[which].bytes);
  const auto& bytes = files[which].bytes;
  std::string wrong;
  for (int k = 1; k < cuts && wrong.empty(); ++k) {
    const auto part = decoded(files, which, std::span(bytes).first(bytes.size() * static_cast<size_t>(k) / static_cast<size_t>(cuts)));
    if (!part) wrong = one_sentence(part.error());
    else if (!whole) wrong = "a part is read, the whole is not";
    else if (samples_in(*part) > samples_in(*whole)) wrong = "a part holds more samples than the whole";
    else if (!may_differ(files[which].name) && !is_beginning(is_text(bytes) ? without_last(*part) : *part, *whole)) wrong = "a part holds other samples than the whole";
    if (!wrong.empty()) wrong = format_text("cut %d of %d: ", k, cuts) + wrong;
  }
  Noise noise{seed};
  // Most formats state a bit or less per sample at the least: SCP-ECG's shortest code has one bit.
  const size_t most_samples = bytes.size() * 8 * 8 + 1024;
  auto changed = bytes;
  for (int k = 0; k < flips && wrong.empty() && !bytes.empty(); ++k) {
    const size_t at = noise.next() % bytes.size();
    const auto bit = static_cast<uint8_t>(1u << noise.next() % 8);
    changed[at] ^= bit;
    const auto answer = decoded(files, which, changed);
    changed[at] ^= bit;
    if (!answer) wrong = one_sentence(answer.error());
    else if (samples_in(*answer) > most_samples && files.size() == 1) wrong = format_text("%zu samples out of %zu bytes", samples_in(*answer), bytes.size());
    if (!wrong.empty()) wrong = format_text("bit %d of byte %zu: ", bit, at) + wrong;
  }
  CHECK_MESSAGE(wrong.empty(), files[which].name << ": " << wrong);
}

EcgRecord small_record() {
  EcgRecord record;
  record.sample_rate_hz = 250;
  for (int k = 0; k < kLeadCount; ++k) {
    record.origin[static_cast<size_t>(k)] = LeadOrigin::kRecorded;
    for (size_t i = 0; i < 500; ++i) record.mv[static_cast<size_t>(k)].push_back(sample_mv(test_count(k, i) * 2.5e-3));
  }
  record.mv[7][20] = std::numeric_limits<float>::quiet_NaN();
  record.patient = {.age_years = 63, .sex = Sex::kFemale};
  return record;
}

}  // namespace

TEST_CASE("cut short or with wrong bits, what our writers write is refused or read for what is there") {
  for (const auto& writer : all_writers()) {
    const auto written = writer.write(small_record(), {});
    REQUIRE(written);
    std::vector<TestFile> files;
    for (const auto& file : *written) files.push_back({file.name, file.bytes});
    for (size_t which = 0; which < files.size(); ++which) torment(files, which, kCuts, kFlips, 7);
  }
}

TEST_CASE("cut short or with wrong bits, binary files of every kind are refused or read for what is there") {
  const std::vector<TestFile> files = {
      {"a.edf", edf_twelve(2, 250).bytes()}, {"a.scp", scp_twelve(500).bytes()}, {"a.ecg", ishne_file(500)}, {"a.rdt", norav_file(600)},
      {"a.atc", alivecor_file(300, 6)},      {"a.zip", zip_file({{"x/a.edf", edf_twelve(1, 250).bytes()}}, true)},
      {"a.dcm", dicom_file("1.2.840.10008.1.2", dicom_data_set(DicomSink(false, false, true), std::vector<DicomTestGroup>(1)))}};
  for (const auto& file : files) torment({file}, 0, kCuts, kFlips, 11);
}

TEST_CASE("cut short or with wrong bits, real files of every format are refused or read for what is there") {
  const auto folder = real_data("formats");
  if (!folder) return;
  for (const char* part : {"aecg", "csv_txt", "dicom", "edf", "fhir", "muse", "schiller", "scp", "sierra", "synth_same_recording"})
    for (const auto& name : files_in(*folder / part, "")) {
      const auto bytes = file_bytes(*folder / part / name);
      if (bytes.empty() || name == "README" || name.ends_with(".hea") || name.ends_with(".dat")) continue;
      // As much as a quarter of a second per file allows; PRECORDIA_ROBUSTNESS=full takes the time it takes.
      const auto started = std::chrono::steady_clock::now();
      (void)decoded({{name, bytes}}, 0, bytes);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
      const int affordable = std::getenv("PRECORDIA_ROBUSTNESS") ? 1000 : std::max(5, static_cast<int>(0.12 / std::max(seconds, 1e-5)));
      torment({{name, bytes}}, 0, std::min(kCuts, affordable), std::min(kFlips, affordable), 13);
    }
}
