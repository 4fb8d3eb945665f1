// Numbers out of a file's bytes at any offset: outside the file everything reads as 0, so that a reader checks a length where
// it matters and never faults where it does not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace precordia {

struct Bytes {
  std::span<const uint8_t> data;

  size_t size() const { return data.size(); }
  bool has(size_t at, size_t count) const { return at <= data.size() && count <= data.size() - at; }
  // [at, at + count), cut at the end of the file.
  Bytes part(size_t at, size_t count) const {
    if (at >= data.size()) return {};
    return {data.subspan(at, std::min(count, data.size() - at))};
  }
  Bytes from(size_t at) const { return part(at, data.size()); }

  uint8_t u8(size_t at) const { return at < data.size() ? data[at] : 0; }
  uint16_t u16(size_t at) const { return static_cast<uint16_t>(u8(at) | u8(at + 1) << 8); }
  uint32_t u32(size_t at) const { return u16(at) | uint32_t{u16(at + 2)} << 16; }
  int16_t i16(size_t at) const { return static_cast<int16_t>(u16(at)); }
  int32_t i32(size_t at) const { return static_cast<int32_t>(u32(at)); }
  uint16_t u16_big(size_t at) const { return static_cast<uint16_t>(u8(at) << 8 | u8(at + 1)); }
  uint32_t u32_big(size_t at) const { return uint32_t{u16_big(at)} << 16 | u16_big(at + 2); }

  std::string_view text() const { return {reinterpret_cast<const char*>(data.data()), data.size()}; }
  std::string_view text(size_t at, size_t count) const { return part(at, count).text(); }
  // Text of at most `count` bytes that a zero byte ends.
  std::string_view text_to_zero(size_t at, size_t count) const {
    const auto whole = text(at, count);
    return whole.substr(0, whole.find('\0'));
  }
};

// CRC-CCITT with polynomial 0x1021 and initial value 0xFFFF, as SCP-ECG and ISHNE use it.
inline uint16_t crc_ccitt(std::span<const uint8_t> bytes) {
  uint32_t crc = 0xFFFF;
  for (const uint8_t byte : bytes) {
    // Byte-wise form of the bit loop; the shifts follow from the polynomial x^16 + x^12 + x^5 + 1.
    uint32_t x = (crc >> 8 ^ byte) & 0xFF;
    x ^= x >> 4;
    crc = (crc << 8 ^ x << 12 ^ x << 5 ^ x) & 0xFFFF;
  }
  return static_cast<uint16_t>(crc);
}

}  // namespace precordia
