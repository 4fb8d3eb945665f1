// Writes an animated grey GIF (GIF89a, CompuServe 1990), whole frames, for tests of the readers and for demonstration files.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace precordia::test {

// `frames`: one after the other, width x height bytes each. The delay is counted in hundredths of a second.
inline std::vector<uint8_t> write_gif(std::span<const uint8_t> frames, int width, int height, int delay_cs) {
  std::vector<uint8_t> out;
  const auto word = [&out](int value) {
    out.push_back(static_cast<uint8_t>(value & 255));
    out.push_back(static_cast<uint8_t>(value >> 8));
  };
  for (char c : std::string("GIF89a")) out.push_back(static_cast<uint8_t>(c));
  word(width);
  word(height);
  out.insert(out.end(), {0xF7, 0, 0});
  for (int grey = 0; grey < 256; ++grey) out.insert(out.end(), 3, static_cast<uint8_t>(grey));
  out.insert(out.end(), {0x21, 0xFF, 11});
  for (char c : std::string("NETSCAPE2.0")) out.push_back(static_cast<uint8_t>(c));
  out.insert(out.end(), {3, 1, 0, 0, 0});
  const size_t size = static_cast<size_t>(width) * height;
  for (size_t from = 0; from + size <= frames.size(); from += size) {
    out.insert(out.end(), {0x21, 0xF9, 4, 4});
    word(delay_cs);
    out.insert(out.end(), {0, 0, 0x2C, 0, 0, 0, 0});
    word(width);
    word(height);
    out.insert(out.end(), {0, 8});
    std::vector<uint8_t> data;
    uint32_t held = 0;
    int held_bits = 0, bits = 9;
    const auto emit = [&](int code) {
      held |= static_cast<uint32_t>(code) << held_bits;
      for (held_bits += bits; held_bits >= 8; held_bits -= 8, held >>= 8) data.push_back(static_cast<uint8_t>(held & 255));
    };
    constexpr int kClear = 256, kEnd = 257, kMostCodes = 4096;
    std::map<std::pair<int, int>, int> known;  // (prefix code, grey) -> code
    int next = kEnd + 1, prefix = frames[from];
    emit(kClear);
    for (size_t i = from + 1; i < from + size; ++i) {
      const auto found = known.find({prefix, frames[i]});
      if (found != known.end()) {
        prefix = found->second;
        continue;
      }
      emit(prefix);
      if (next < kMostCodes) {
        known[{prefix, frames[i]}] = next;
        if (next == (1 << bits) && bits < 12) ++bits;
        ++next;
      } else {
        emit(kClear);
        known.clear();
        next = kEnd + 1;
        bits = 9;
      }
      prefix = frames[i];
    }
    emit(prefix);
    emit(kEnd);
    if (held_bits > 0) data.push_back(static_cast<uint8_t>(held & 255));
    for (size_t at = 0; at < data.size(); at += 255) {
      const size_t block = std::min<size_t>(255, data.size() - at);
      out.push_back(static_cast<uint8_t>(block));
      out.insert(out.end(), data.begin() + static_cast<ptrdiff_t>(at), data.begin() + static_cast<ptrdiff_t>(at + block));
    }
    out.push_back(0);
  }
  out.push_back(0x3B);
  return out;
}

}  // namespace precordia::test
