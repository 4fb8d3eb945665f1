// Real ECG files beside the repository (real_data.h) against an independent decode of each: formats/truth.json holds, per file and
// lead, the number of samples, nV per unit, first and last samples, sum, minimum, maximum and a SHA-256 of the int32 samples.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "formats/assemble.h"
#include "formats_files.h"
#include "real_data.h"
#include "sha256.h"

using namespace precordia;

namespace {

// Entries of truth.json that no reader handles yet. A reader's author removes its lines: an entry that is listed here and
// nevertheless passes fails the test.
const std::vector<std::string> kNotYetRead = {};

const NamedChannel* channel_named(const DecodedEcg& decoded, const std::string& name) {
  const auto wanted = lead_from_name(name);
  for (const auto& channel : decoded.channels)
    if (channel.name == name || (wanted && lead_from_name(channel.name) == wanted)) return &channel;
  return nullptr;
}

std::vector<uint8_t> little_endian(const std::vector<int32_t>& samples) {
  std::vector<uint8_t> bytes;
  bytes.reserve(samples.size() * 4);
  for (const int32_t sample : samples)
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(static_cast<uint32_t>(sample) >> shift));
  return bytes;
}

// What differs between the samples of a lead and the truth; empty when nothing does.
std::string difference(const NamedChannel& channel, const nlohmann::json& truth) {
  const auto& samples = channel.counts;
  const auto n = truth["n"].get<size_t>();
  if (samples.size() != n) return format_text("%zu samples instead of %zu", samples.size(), n);
  if (std::abs(channel.nv_per_count - truth["nv_per_lsb"].get<double>()) > 1e-6 * channel.nv_per_count)
    return format_text("%g nV per unit instead of %g", channel.nv_per_count, truth["nv_per_lsb"].get<double>());
  const auto first = truth["first"].get<std::vector<int32_t>>(), last = truth["last"].get<std::vector<int32_t>>();
  if (!std::equal(first.begin(), first.end(), samples.begin())) return "other first samples";
  if (!std::equal(last.rbegin(), last.rend(), samples.rbegin())) return "other last samples";
  double sum = 0;
  for (const int32_t sample : samples) sum += sample;
  if (sum != truth["sum"].get<double>()) return "another sum";
  if (*std::min_element(samples.begin(), samples.end()) != truth["min"].get<double>()) return "another minimum";
  if (*std::max_element(samples.begin(), samples.end()) != truth["max"].get<double>()) return "another maximum";
  if (!sha256_hex(little_endian(samples)).starts_with(truth["sha256_i32le"].get<std::string>())) return "another SHA-256";
  return {};
}

// Everything that is wrong with one entry, one line per lead.
std::string complaints(const TestFile& file, const nlohmann::json& truth) {
  const InputFile input{file.name, file.bytes};
  const auto decoded = decode_ecg({&input, 1});
  const auto record = read_ecg({&input, 1});
  if (truth.value("expect", "") == "reject") return record || decoded ? "was not rejected" : "";
  if (!decoded) return decoded.error().message + " " + decoded.error().detail;
  if (!record) return record.error().message;
  std::string out;
  if (std::abs(record->sample_rate_hz - truth["fs_hz"].get<double>()) > 1e-3 * record->sample_rate_hz)
    out += format_text("%g Hz instead of %g\n", record->sample_rate_hz, truth["fs_hz"].get<double>());
  for (const auto& [name, lead] : truth["leads"].items()) {
    const NamedChannel* channel = channel_named(*decoded, name);
    const std::string what = channel ? difference(*channel, lead) : "is not among the channels";
    if (!what.empty()) out += name + ": " + what + "\n";
  }
  // The record's leads are the channels in mV: the samples survive single precision.
  for (const auto& channel : decoded->channels) {
    const auto lead = lead_from_name(channel.name);
    if (!lead || !truth["leads"].contains(channel.name) || record->origin[index_of(*lead)] != LeadOrigin::kRecorded) continue;
    const auto& mv = record->lead(*lead);
    for (size_t i = 0; i < mv.size() && i < channel.counts.size(); ++i) {
      const double count = mv[i] * 1e6 / channel.nv_per_count + channel.zero_count;
      if (static_cast<int32_t>(std::lround(count)) == channel.counts[i]) continue;
      out += channel.name + format_text(": sample %zu of the record differs\n", i);
      break;
    }
  }
  return out;
}

}  // namespace

TEST_CASE("SHA-256 of the test harness gives the digests of FIPS 180-4") {
  const std::string abc = "abc";
  CHECK(sha256_hex({reinterpret_cast<const uint8_t*>(abc.data()), 3}) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("every file of truth.json decodes to its exact samples or is rejected") {
  const auto folder = real_data("formats");
  if (!folder) return;
  const auto truth = nlohmann::json::parse(file_text(*folder / "truth.json"), nullptr, false);
  REQUIRE(truth.is_object());
  for (const auto& [path, entry] : truth.items()) {
    const std::filesystem::path file = *folder / path;
    const std::string wrong = complaints({file.filename().string(), file_bytes(file)}, entry);
    const bool awaited = std::find(kNotYetRead.begin(), kNotYetRead.end(), path) == kNotYetRead.end();
    if (awaited) CHECK_MESSAGE(wrong.empty(), path << "\n" << wrong);
    else CHECK_MESSAGE(!wrong.empty(), path << " is read now; take it off the list");
  }
}
