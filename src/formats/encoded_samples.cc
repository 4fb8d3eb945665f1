#include "formats/encoded_samples.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "formats/read_ecg.h"

namespace precordia {
namespace {

constexpr bool is_separator(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',' || c == ';'; }

bool is_missing_word(std::string_view word) {
  return word == "E" || word == "U" || word == "L" || word == "NaN" || word == "nan" || word == "NAN";
}

std::unexpected<Error> not_a_number(const NamedChannel& channel) {
  return fail(ErrorCode::kDamaged, "The samples of " + printable_text(channel.name, 40) + " are not all numbers; export the ECG again.");
}

std::unexpected<Error> too_many() {
  return fail(ErrorCode::kTooLarge, "The recording is too long for this program; cut out a part of up to one hour and open that.");
}

// The slow way, for lists that hold a decimal point or an exponent anywhere.
Result<void> take_decimals(std::string_view text, NamedChannel& channel) {
  size_t at = 0;
  while (true) {
    while (at < text.size() && is_separator(text[at])) ++at;
    if (at == text.size()) break;
    size_t end = at;
    while (end < text.size() && !is_separator(text[end])) ++end;
    const auto word = text.substr(at, end - at);
    at = end;
    if (channel.mv.size() == kLargestSampleCount) return too_many();
    if (is_missing_word(word)) {
      channel.mv.push_back(std::numeric_limits<float>::quiet_NaN());
      continue;
    }
    const auto value = word.size() <= 40 ? parse_number(word) : std::nullopt;
    if (!value) return not_a_number(channel);
    channel.mv.push_back(sample_mv((*value - channel.zero_count) * channel.nv_per_count / 1e6));
  }
  return {};
}

constexpr std::array<int8_t, 256> base64_values() {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < kAlphabet.size(); ++i) values[static_cast<uint8_t>(kAlphabet[i])] = static_cast<int8_t>(i);
  for (const char c : {' ', '\n', '\r', '\t'}) values[static_cast<uint8_t>(c)] = -2;
  return values;
}

}  // namespace

Result<void> take_number_list(std::string_view text, NamedChannel& channel) {
  channel.counts.reserve(std::min(text.size() / 3, kLargestSampleCount));
  size_t at = 0;
  while (true) {
    while (at < text.size() && is_separator(text[at])) ++at;
    if (at == text.size()) break;
    if (channel.counts.size() == kLargestSampleCount) return too_many();
    const size_t begin = at;
    const bool negative = text[at] == '-';
    if (negative || text[at] == '+') ++at;
    int64_t value = 0;
    const size_t digits = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at - digits < 10) value = value * 10 + (text[at++] - '0');
    if (at > digits && (at == text.size() || is_separator(text[at])) && value <= std::numeric_limits<int32_t>::max()) {
      channel.counts.push_back(static_cast<int32_t>(negative ? -value : value));
      continue;
    }
    size_t end = begin;
    while (end < text.size() && !is_separator(text[end])) ++end;
    if (is_missing_word(text.substr(begin, end - begin))) {
      channel.counts.push_back(kMissingCount);
      at = end;
      continue;
    }
    std::vector<int32_t>().swap(channel.counts);
    return take_decimals(text, channel);
  }
  return {};
}

std::optional<std::vector<uint8_t>> base64_bytes(std::string_view text) {
  static constexpr auto kValues = base64_values();
  std::vector<uint8_t> bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  uint32_t group = 0;
  int held = 0;
  size_t at = 0;
  for (; at < text.size() && text[at] != '='; ++at) {
    const int value = kValues[static_cast<uint8_t>(text[at])];
    if (value == -2) continue;
    if (value < 0) return {};
    group = group << 6 | static_cast<uint32_t>(value);
    if (++held < 4) continue;
    bytes.push_back(static_cast<uint8_t>(group >> 16));
    bytes.push_back(static_cast<uint8_t>(group >> 8));
    bytes.push_back(static_cast<uint8_t>(group));
    group = 0;
    held = 0;
  }
  for (; at < text.size(); ++at)
    if (text[at] != '=' && kValues[static_cast<uint8_t>(text[at])] != -2) return {};
  if (held == 1) return {};
  if (held >= 2) bytes.push_back(static_cast<uint8_t>(group >> (6 * held - 8)));
  if (held == 3) bytes.push_back(static_cast<uint8_t>(group >> 2));
  return bytes;
}

std::vector<int32_t> int16_samples(std::span<const uint8_t> bytes) {
  std::vector<int32_t> samples(bytes.size() / 2);
  for (size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<int16_t>(static_cast<uint16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8));
  return samples;
}

}  // namespace precordia
