#include "formats/xli.h"

#include <array>
#include <optional>

namespace precordia {
namespace {

constexpr size_t kMostLeads = 64;
constexpr int kCodeBits = 10;
constexpr uint32_t kLastCode = (1u << kCodeBits) - 2;   // 1023 ends the stream
constexpr uint32_t kFirstFreeCode = 256;

std::unexpected<Error> damaged(const char* detail) {
  return fail(ErrorCode::kDamaged, "The compressed waveform of this Philips file cannot be unpacked; export the ECG again.", detail);
}

// Codes most significant bit first. An entry of the table is its first `length` bytes of output at `start`, because every
// entry is a string that was written out before.
std::optional<std::vector<uint8_t>> unpack_lzw(std::span<const uint8_t> packed, size_t most) {
  struct Entry {
    size_t start = 0, length = 0;
  };
  std::array<Entry, kLastCode + 1> table;
  uint32_t next_code = kFirstFreeCode;
  std::vector<uint8_t> out;
  Entry previous;
  uint32_t held = 0;
  int bits = 0;
  for (const uint8_t byte : packed) {
    held = held << 8 | byte;
    bits += 8;
    if (bits < kCodeBits) continue;
    bits -= kCodeBits;
    const uint32_t code = held >> bits & 0x3FF;
    if (code > kLastCode) break;
    const size_t start = out.size();
    if (code < kFirstFreeCode) {
      out.push_back(static_cast<uint8_t>(code));
    } else {
      // The entry after the last one is the previous string and its own first byte.
      if (code > next_code || (code == next_code && previous.length == 0)) return {};
      const Entry entry = code < next_code ? table[code] : Entry{previous.start, previous.length + 1};
      if (entry.length > most - start) return {};
      for (size_t i = 0; i < entry.length; ++i) out.push_back(out[entry.start + i]);
    }
    if (out.size() > most) return {};
    // The new entry is the previous string and the first byte of this one, which stand next to each other in the output.
    if (previous.length > 0 && next_code <= kLastCode) table[next_code++] = {previous.start, previous.length + 1};
    previous = {start, out.size() - start};
  }
  return out;
}

// High bytes in the first half, low bytes in the second; then every sample is predicted from the two before it.
std::vector<int32_t> samples_of(const std::vector<uint8_t>& bytes, int32_t start) {
  const size_t count = bytes.size() / 2;
  std::vector<int32_t> samples(count);
  for (size_t i = 0; i < count; ++i)
    samples[i] = static_cast<int16_t>(static_cast<uint16_t>(bytes[i] << 8 | bytes[count + i]));
  if (count < 2) return samples;
  int32_t x = samples[0], y = samples[1], last = start;
  for (size_t i = 2; i < count; ++i) {
    const int32_t z = static_cast<int16_t>(2 * y - x - last);   // the device counts in 16 bits
    last = samples[i] - 64;
    samples[i] = z;
    x = y;
    y = z;
  }
  return samples;
}

}  // namespace

Result<std::vector<std::vector<int32_t>>> decode_xli(std::span<const uint8_t> bytes, size_t most_samples) {
  std::vector<std::vector<int32_t>> leads;
  size_t total = 0;
  while (bytes.size() >= 8) {
    const uint32_t size = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | uint32_t{bytes[3]} << 24;
    const auto start = static_cast<int16_t>(static_cast<uint16_t>(bytes[6] | bytes[7] << 8));
    bytes = bytes.subspan(8);
    if (size > bytes.size()) return damaged("a lead is longer than the data");
    if (leads.size() == kMostLeads) return damaged("more than 64 leads");
    auto unpacked = unpack_lzw(bytes.first(size), 2 * (most_samples - total));
    if (!unpacked) return damaged("an LZW code without meaning, or too many samples");
    if (unpacked->size() % 2 != 0) unpacked->push_back(0);
    leads.push_back(samples_of(*unpacked, start));
    total += leads.back().size();
    if (total > most_samples) return damaged("too many samples");
    bytes = bytes.subspan(size);
  }
  return leads;
}

}  // namespace precordia
