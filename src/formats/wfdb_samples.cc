// The storage formats of signal(5), each as "sample number i of these bytes".
#include "formats/wfdb.h"

namespace precordia {
namespace {

int32_t sign_extended(uint32_t value, int bits) {
  const uint32_t sign = 1u << (bits - 1);
  return static_cast<int32_t>((value ^ sign) - sign);
}

}  // namespace

bool is_flac_format(int format) { return format == 508 || format == 516 || format == 524; }

bool is_wfdb_format(int format) {
  switch (format) {
    case 8: case 16: case 24: case 32: case 61: case 80: case 160: case 212: case 310: case 311: return true;
    default: return is_flac_format(format);
  }
}

uint64_t wfdb_samples_in(int format, uint64_t bytes) {
  switch (format) {
    case 8: case 80: return bytes;
    case 16: case 61: case 160: return bytes / 2;
    case 24: return bytes / 3;
    case 32: return bytes / 4;
    case 212: return bytes / 3 * 2 + (bytes % 3 == 2);      // an odd last sample takes two bytes
    case 310: return bytes / 4 * 3 + (bytes % 4 >= 2);      // two 16-bit words hold three; the first word alone holds one
    case 311: return bytes / 4 * 3 + (bytes % 4 == 3 ? 2 : bytes % 4 == 2 ? 1 : 0);
    default: return 0;
  }
}

uint64_t wfdb_bytes_for(int format, uint64_t count) {
  switch (format) {
    case 8: case 80: return count;
    case 16: case 61: case 160: return count * 2;
    case 24: return count * 3;
    case 32: return count * 4;
    case 212: return count / 2 * 3 + count % 2 * 2;
    case 310: return count / 3 * 4 + (count % 3 == 0 ? 0 : count % 3 == 1 ? 2 : 4);
    case 311: return count / 3 * 4 + (count % 3 == 0 ? 0 : count % 3 + 1);
    default: return 0;
  }
}

std::optional<int32_t> wfdb_missing_value(int format) {
  switch (format) {
    case 80: case 508: return -(1 << 7);
    case 310: case 311: return -(1 << 9);
    case 212: return -(1 << 11);
    case 16: case 61: case 160: case 516: return -(1 << 15);
    case 24: case 524: return -(1 << 23);
    case 32: return std::numeric_limits<int32_t>::min();
    default: return {};
  }
}

int32_t wfdb_sample(int format, std::span<const uint8_t> data, size_t index) {
  // Bytes past the end read as 0: the last word of 310 and 311 may be cut after its last whole sample.
  const auto byte = [&](size_t at) -> uint32_t { return at < data.size() ? data[at] : 0; };
  switch (format) {
    case 8: return sign_extended(byte(index), 8);
    case 80: return static_cast<int32_t>(byte(index)) - 128;
    case 16: return sign_extended(byte(2 * index) | byte(2 * index + 1) << 8, 16);
    case 61: return sign_extended(byte(2 * index) << 8 | byte(2 * index + 1), 16);
    case 160: return static_cast<int32_t>(byte(2 * index) | byte(2 * index + 1) << 8) - 32768;
    case 24: return sign_extended(byte(3 * index) | byte(3 * index + 1) << 8 | byte(3 * index + 2) << 16, 24);
    case 32:
      return static_cast<int32_t>(byte(4 * index) | byte(4 * index + 1) << 8 | byte(4 * index + 2) << 16 |
                                  byte(4 * index + 3) << 24);
    case 212: {
      const size_t at = index / 2 * 3;
      return index % 2 == 0 ? sign_extended(byte(at) | (byte(at + 1) & 0x0F) << 8, 12)
                            : sign_extended(byte(at + 2) | (byte(at + 1) & 0xF0) << 4, 12);
    }
    case 310: {
      const size_t at = index / 3 * 4;
      const uint32_t first = byte(at) | byte(at + 1) << 8, second = byte(at + 2) | byte(at + 3) << 8;
      switch (index % 3) {
        case 0: return sign_extended(first >> 1 & 0x3FF, 10);
        case 1: return sign_extended(second >> 1 & 0x3FF, 10);
        default: return sign_extended((first >> 11 & 0x1F) | (second >> 11 & 0x1F) << 5, 10);
      }
    }
    case 311: {
      const size_t at = index / 3 * 4;
      const uint32_t word = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
      return sign_extended(word >> (10 * (index % 3)) & 0x3FF, 10);
    }
    default: return 0;
  }
}

}  // namespace precordia
