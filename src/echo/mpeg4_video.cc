#include "echo/mpeg4_video.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numbers>

namespace precordia {

// ---- tables of ISO/IEC 14496-2 annex B -------------------------------------------------------------------------------------------

namespace {

struct CoefficientCode {
  uint8_t length;
  uint16_t code;
  uint8_t last, run, level;
};

// Tables B-16 and B-17, shortest codes first. The escape is 0000011.
constexpr CoefficientCode kIntraCoefficients[] = {
    {2, 0x2, 0, 0, 1}, {3, 0x6, 0, 0, 2}, {4, 0x7, 1, 0, 1}, {4, 0xE, 0, 1, 1}, {4, 0xF, 0, 0, 3}, {5, 0xB, 0, 2, 1},
    {5, 0xC, 0, 0, 5}, {5, 0xD, 0, 0, 4}, {6, 0xC, 1, 0, 2}, {6, 0xD, 0, 5, 1}, {6, 0xE, 1, 2, 1}, {6, 0xF, 1, 1, 1},
    {6, 0x10, 0, 4, 1}, {6, 0x11, 0, 3, 1}, {6, 0x12, 0, 0, 8}, {6, 0x13, 0, 0, 7}, {6, 0x14, 0, 1, 2}, {6, 0x15, 0, 0, 6},
    {7, 0x10, 1, 4, 1}, {7, 0x11, 1, 3, 1}, {7, 0x12, 0, 6, 1}, {7, 0x13, 1, 5, 1}, {7, 0x14, 0, 7, 1}, {7, 0x15, 0, 2, 2},
    {7, 0x16, 0, 1, 3}, {7, 0x17, 0, 0, 9}, {8, 0x13, 1, 8, 1}, {8, 0x14, 1, 7, 1}, {8, 0x15, 1, 6, 1}, {8, 0x16, 1, 0, 3},
    {8, 0x17, 0, 10, 1}, {8, 0x18, 0, 9, 1}, {8, 0x19, 0, 8, 1}, {8, 0x1A, 1, 9, 1}, {8, 0x1B, 0, 3, 2}, {8, 0x1C, 0, 1, 4},
    {8, 0x1D, 0, 0, 12}, {8, 0x1E, 0, 0, 11}, {8, 0x1F, 0, 0, 10}, {9, 0x11, 1, 14, 1}, {9, 0x12, 1, 13, 1}, {9, 0x13, 1, 12, 1},
    {9, 0x14, 1, 11, 1}, {9, 0x15, 1, 10, 1}, {9, 0x16, 1, 1, 2}, {9, 0x17, 1, 0, 4}, {9, 0x18, 0, 12, 1}, {9, 0x19, 0, 11, 1},
    {9, 0x1A, 0, 7, 2}, {9, 0x1B, 0, 6, 2}, {9, 0x1C, 0, 5, 2}, {9, 0x1D, 0, 3, 3}, {9, 0x1E, 0, 2, 3}, {9, 0x1F, 0, 1, 6},
    {9, 0x20, 0, 1, 5}, {9, 0x21, 0, 0, 16}, {9, 0x22, 0, 4, 2}, {9, 0x23, 0, 0, 15}, {9, 0x24, 0, 0, 14}, {9, 0x25, 0, 0, 13},
    {10, 0x4, 1, 2, 2}, {10, 0x5, 1, 1, 3}, {10, 0x6, 1, 0, 5}, {10, 0x7, 0, 13, 1}, {10, 0x8, 0, 5, 3}, {10, 0x9, 0, 8, 2},
    {10, 0xA, 0, 4, 3}, {10, 0xB, 0, 3, 4}, {10, 0xC, 0, 2, 4}, {10, 0xD, 0, 1, 7}, {10, 0xE, 0, 0, 20}, {10, 0xF, 0, 0, 19},
    {10, 0x20, 0, 0, 18}, {10, 0x21, 0, 0, 17}, {11, 0x4, 1, 0, 7}, {11, 0x5, 1, 0, 6}, {11, 0x6, 0, 0, 22}, {11, 0x7, 0, 0, 21},
    {11, 0x20, 0, 0, 23}, {11, 0x21, 0, 0, 24}, {11, 0x22, 0, 1, 8}, {11, 0x23, 0, 9, 2}, {11, 0x24, 1, 3, 2}, {11, 0x25, 1, 4, 2},
    {11, 0x26, 1, 15, 1}, {11, 0x27, 1, 16, 1}, {12, 0x50, 0, 0, 25}, {12, 0x51, 0, 0, 26}, {12, 0x52, 0, 0, 27}, {12, 0x53, 0, 1, 9},
    {12, 0x54, 0, 6, 3}, {12, 0x55, 0, 1, 10}, {12, 0x56, 0, 2, 5}, {12, 0x57, 0, 7, 3}, {12, 0x58, 0, 14, 1}, {12, 0x59, 1, 0, 8},
    {12, 0x5A, 1, 5, 2}, {12, 0x5B, 1, 6, 2}, {12, 0x5C, 1, 17, 1}, {12, 0x5D, 1, 18, 1}, {12, 0x5E, 1, 19, 1}, {12, 0x5F, 1, 20, 1}};

constexpr CoefficientCode kInterCoefficients[] = {
    {2, 0x2, 0, 0, 1}, {3, 0x6, 0, 1, 1}, {4, 0x7, 1, 0, 1}, {4, 0xE, 0, 2, 1}, {4, 0xF, 0, 0, 2}, {5, 0xB, 0, 5, 1},
    {5, 0xC, 0, 4, 1}, {5, 0xD, 0, 3, 1}, {6, 0xC, 1, 4, 1}, {6, 0xD, 1, 3, 1}, {6, 0xE, 1, 2, 1}, {6, 0xF, 1, 1, 1},
    {6, 0x10, 0, 9, 1}, {6, 0x11, 0, 8, 1}, {6, 0x12, 0, 7, 1}, {6, 0x13, 0, 6, 1}, {6, 0x14, 0, 1, 2}, {6, 0x15, 0, 0, 3},
    {7, 0x10, 1, 8, 1}, {7, 0x11, 1, 7, 1}, {7, 0x12, 1, 6, 1}, {7, 0x13, 1, 5, 1}, {7, 0x14, 0, 12, 1}, {7, 0x15, 0, 11, 1},
    {7, 0x16, 0, 10, 1}, {7, 0x17, 0, 0, 4}, {8, 0x13, 1, 16, 1}, {8, 0x14, 1, 15, 1}, {8, 0x15, 1, 14, 1}, {8, 0x16, 1, 13, 1},
    {8, 0x17, 1, 12, 1}, {8, 0x18, 1, 11, 1}, {8, 0x19, 1, 10, 1}, {8, 0x1A, 1, 9, 1}, {8, 0x1B, 0, 14, 1}, {8, 0x1C, 0, 13, 1},
    {8, 0x1D, 0, 2, 2}, {8, 0x1E, 0, 1, 3}, {8, 0x1F, 0, 0, 5}, {9, 0x11, 1, 24, 1}, {9, 0x12, 1, 23, 1}, {9, 0x13, 1, 22, 1},
    {9, 0x14, 1, 21, 1}, {9, 0x15, 1, 20, 1}, {9, 0x16, 1, 19, 1}, {9, 0x17, 1, 18, 1}, {9, 0x18, 1, 17, 1}, {9, 0x19, 1, 0, 2},
    {9, 0x1A, 0, 22, 1}, {9, 0x1B, 0, 21, 1}, {9, 0x1C, 0, 20, 1}, {9, 0x1D, 0, 19, 1}, {9, 0x1E, 0, 18, 1}, {9, 0x1F, 0, 17, 1},
    {9, 0x20, 0, 16, 1}, {9, 0x21, 0, 15, 1}, {9, 0x22, 0, 4, 2}, {9, 0x23, 0, 3, 2}, {9, 0x24, 0, 0, 7}, {9, 0x25, 0, 0, 6},
    {10, 0x4, 1, 28, 1}, {10, 0x5, 1, 27, 1}, {10, 0x6, 1, 26, 1}, {10, 0x7, 1, 25, 1}, {10, 0x8, 0, 9, 2}, {10, 0x9, 0, 8, 2},
    {10, 0xA, 0, 7, 2}, {10, 0xB, 0, 6, 2}, {10, 0xC, 0, 5, 2}, {10, 0xD, 0, 3, 3}, {10, 0xE, 0, 2, 3}, {10, 0xF, 0, 1, 4},
    {10, 0x20, 0, 0, 9}, {10, 0x21, 0, 0, 8}, {11, 0x4, 1, 1, 2}, {11, 0x5, 1, 0, 3}, {11, 0x6, 0, 0, 11}, {11, 0x7, 0, 0, 10},
    {11, 0x20, 0, 0, 12}, {11, 0x21, 0, 1, 5}, {11, 0x22, 0, 23, 1}, {11, 0x23, 0, 24, 1}, {11, 0x24, 1, 29, 1}, {11, 0x25, 1, 30, 1},
    {11, 0x26, 1, 31, 1}, {11, 0x27, 1, 32, 1}, {12, 0x50, 0, 1, 6}, {12, 0x51, 0, 2, 4}, {12, 0x52, 0, 4, 3}, {12, 0x53, 0, 5, 3},
    {12, 0x54, 0, 6, 3}, {12, 0x55, 0, 10, 2}, {12, 0x56, 0, 25, 1}, {12, 0x57, 0, 26, 1}, {12, 0x58, 1, 33, 1}, {12, 0x59, 1, 34, 1},
    {12, 0x5A, 1, 35, 1}, {12, 0x5B, 1, 36, 1}, {12, 0x5C, 1, 37, 1}, {12, 0x5D, 1, 38, 1}, {12, 0x5E, 1, 39, 1}, {12, 0x5F, 1, 40, 1}};

constexpr int kEscapeLength = 7, kEscapeCode = 3, kLongestCode = 12;

// A code of up to 12 bits looked up by the next 12 bits; length 0 = no code.
struct CoefficientEntry {
  uint8_t length = 0, last = 0, run = 0, level = 0;   // level 0 = escape
};
struct CoefficientTable {
  std::array<CoefficientEntry, 1 << kLongestCode> entries;
  std::array<std::array<uint8_t, 64>, 2> largest_level{};   // by last and run
  std::array<std::array<uint8_t, 32>, 2> longest_run{};     // by last and level

  explicit CoefficientTable(std::span<const CoefficientCode> codes) {
    const auto put = [&](int length, int code, CoefficientEntry entry) {
      entry.length = static_cast<uint8_t>(length);
      const int spare = kLongestCode - length;
      for (int i = 0; i < 1 << spare; ++i) entries[static_cast<size_t>(code << spare | i)] = entry;
    };
    for (const auto& code : codes) {
      put(code.length, code.code, {0, code.last, code.run, code.level});
      auto& level = largest_level[code.last][code.run];
      auto& run = longest_run[code.last][code.level];
      level = std::max(level, code.level);
      run = std::max(run, code.run);
    }
    put(kEscapeLength, kEscapeCode, {});
  }
};
const CoefficientTable& intra_table() {
  static const CoefficientTable table(kIntraCoefficients);
  return table;
}
const CoefficientTable& inter_table() {
  static const CoefficientTable table(kInterCoefficients);
  return table;
}

struct ShortCode {
  uint8_t length, code, value;
};
// Table B-6: macroblock type (3 intra, 4 intra with a change of quantiser) << 2 | coded chrominance; 255 = stuffing.
constexpr ShortCode kIntraTypes[] = {{1, 1, 12}, {3, 1, 13}, {3, 2, 14}, {3, 3, 15}, {4, 1, 16}, {6, 1, 17}, {6, 2, 18}, {6, 3, 19}, {9, 1, 255}};
// Table B-7: 0 inter, 1 inter with a change of quantiser, 2 four vectors, 3 and 4 as above.
constexpr ShortCode kInterTypes[] = {{1, 1, 0},  {4, 3, 1},  {4, 2, 2},  {6, 5, 3},  {3, 3, 4},  {7, 7, 5},  {7, 6, 6},  {9, 5, 7},  {3, 2, 8},  {7, 5, 9},  {7, 4, 10},
                                     {8, 5, 11}, {5, 3, 12}, {8, 4, 13}, {8, 3, 14}, {7, 3, 15}, {6, 4, 16}, {9, 4, 17}, {9, 3, 18}, {9, 2, 19}, {9, 1, 255}};
// Table B-8: coded luminance blocks of an intra macroblock; the complement of an inter one.
constexpr ShortCode kLuminance[] = {{4, 3, 0},  {5, 5, 1},  {5, 4, 2},   {4, 9, 3},  {5, 3, 4},   {4, 7, 5},   {6, 2, 6},  {4, 11, 7},
                                    {5, 2, 8},  {6, 3, 9},  {4, 5, 10},  {4, 10, 11}, {4, 4, 12}, {4, 8, 13}, {4, 6, 14}, {2, 3, 15}};
// Table B-12: the size of a motion vector difference, sign apart.
constexpr ShortCode kMotion[] = {{1, 1, 0},   {2, 1, 1},   {3, 1, 2},   {4, 1, 3},   {6, 3, 4},   {7, 5, 5},   {7, 4, 6},   {7, 3, 7},   {9, 11, 8},
                                 {9, 10, 9},  {9, 9, 10},  {10, 17, 11}, {10, 16, 12}, {10, 15, 13}, {10, 14, 14}, {10, 13, 15}, {10, 12, 16}, {10, 11, 17},
                                 {10, 10, 18}, {10, 9, 19}, {10, 8, 20}, {10, 7, 21}, {10, 6, 22}, {10, 5, 23}, {10, 4, 24}, {11, 7, 25}, {11, 6, 26},
                                 {11, 5, 27}, {11, 4, 28}, {11, 3, 29}, {11, 2, 30}, {12, 3, 31}, {12, 2, 32}};
// Tables B-13 and B-14: the size of an intra DC difference in bits.
constexpr ShortCode kLuminanceDc[] = {{3, 3, 0}, {2, 3, 1}, {2, 2, 2}, {3, 2, 3}, {3, 1, 4}, {4, 1, 5}, {5, 1, 6}, {6, 1, 7}, {7, 1, 8}, {8, 1, 9}, {9, 1, 10}, {10, 1, 11}, {11, 1, 12}};
constexpr ShortCode kChrominanceDc[] = {{2, 3, 0}, {2, 2, 1}, {2, 1, 2}, {3, 1, 3}, {4, 1, 4}, {5, 1, 5}, {6, 1, 6}, {7, 1, 7}, {8, 1, 8}, {9, 1, 9}, {10, 1, 10}, {11, 1, 11}, {12, 1, 12}};

// Figure 7-2: the places that the coefficients of a block go to, in the order in which they come.
constexpr uint8_t kZigzag[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                                 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};
constexpr uint8_t kAlternateHorizontal[64] = {0,  1,  2,  3,  8,  9,  16, 17, 10, 11, 4,  5,  6,  7,  15, 14, 13, 12, 19, 18, 24, 25, 32, 33, 26, 27, 20, 21, 22, 23, 28, 29,
                                              30, 31, 34, 35, 40, 41, 48, 49, 42, 43, 36, 37, 38, 39, 44, 45, 46, 47, 50, 51, 56, 57, 58, 59, 52, 53, 54, 55, 60, 61, 62, 63};
constexpr uint8_t kAlternateVertical[64] = {0,  8,  16, 24, 1,  9,  2,  10, 17, 25, 32, 40, 48, 56, 57, 49, 41, 33, 26, 18, 3,  11, 4,  12, 19, 27, 34, 42, 50, 58, 35, 43,
                                            51, 59, 20, 28, 5,  13, 6,  14, 21, 29, 36, 44, 52, 60, 37, 45, 53, 61, 22, 30, 7,  15, 23, 31, 38, 46, 54, 62, 39, 47, 55, 63};

// 6.3.3, the matrices that count where none are sent.
constexpr uint8_t kUsualIntraMatrix[64] = {8,  17, 18, 19, 21, 23, 25, 27, 17, 18, 19, 21, 23, 25, 27, 28, 20, 21, 22, 23, 24, 26, 28, 30, 21, 22, 23, 24, 26, 28, 30, 32,
                                           22, 23, 24, 26, 28, 30, 32, 35, 23, 24, 26, 28, 30, 32, 35, 38, 25, 26, 28, 30, 32, 35, 38, 41, 27, 28, 30, 32, 35, 38, 41, 45};
constexpr uint8_t kUsualInterMatrix[64] = {16, 17, 18, 19, 20, 21, 22, 23, 17, 18, 19, 20, 21, 22, 23, 24, 18, 19, 20, 21, 22, 23, 24, 25, 19, 20, 21, 22, 23, 24, 26, 27,
                                           20, 21, 22, 23, 25, 26, 27, 28, 21, 22, 23, 24, 26, 27, 28, 30, 22, 23, 24, 26, 27, 28, 30, 31, 23, 24, 25, 27, 28, 30, 31, 33};

// Table 7-1: by what DC is quantised.
int dc_scale(int quantiser, bool luminance) {
  if (quantiser <= 4) return 8;
  if (luminance) return quantiser <= 8 ? 2 * quantiser : quantiser <= 24 ? quantiser + 8 : 2 * quantiser - 16;
  return quantiser <= 24 ? (quantiser + 13) / 2 : quantiser - 6;
}

constexpr int kDcThresholds[8] = {99, 13, 15, 17, 19, 21, 23, 0};   // table 6-21

// The inverse of the transform (annex A), in place.
void inverse_transform(std::array<int, 64>& block) {
  static const auto basis = [] {
    std::array<std::array<float, 8>, 8> cosines{};
    for (int x = 0; x < 8; ++x)
      for (int u = 0; u < 8; ++u)
        cosines[static_cast<size_t>(x)][static_cast<size_t>(u)] =
            static_cast<float>((u == 0 ? std::sqrt(0.125) : 0.5) * std::cos((2 * x + 1) * u * std::numbers::pi / 16));
    return cosines;
  }();
  std::array<float, 64> half{};
  for (size_t v = 0; v < 8; ++v) {
    const int* row = &block[8 * v];
    if (std::all_of(row, row + 8, [](int value) { return value == 0; })) continue;
    for (size_t x = 0; x < 8; ++x) {
      float sum = 0;
      for (size_t u = 0; u < 8; ++u) sum += basis[x][u] * static_cast<float>(row[u]);
      half[8 * v + x] = sum;
    }
  }
  for (size_t y = 0; y < 8; ++y) {
    std::array<float, 8> sums{};
    for (size_t v = 0; v < 8; ++v)
      for (size_t x = 0; x < 8; ++x) sums[x] += basis[y][v] * half[8 * v + x];
    for (size_t x = 0; x < 8; ++x) block[8 * y + x] = static_cast<int>(std::lrint(sums[x]));
  }
}

int divided_to_nearest(int value, int by) { return value >= 0 ? (value + by / 2) / by : -((-value + by / 2) / by); }

}  // namespace

// ---- bits -------------------------------------------------------------------------------------------------------------------------

// From the highest bit of each byte; beyond the end there are zeros, and failed() tells.
class Mpeg4Video::Bits {
 public:
  Bits(const Bytes& bytes, size_t start) : bytes_(bytes), at_(8 * start) {}

  uint32_t peek(int count) const {   // up to 24
    const size_t byte = at_ / 8;
    const uint32_t four = bytes_.has(byte, 4) ? bytes_.u32_big(byte)
                                              : uint32_t{bytes_.u8(byte)} << 24 | uint32_t{bytes_.u8(byte + 1)} << 16 | uint32_t{bytes_.u8(byte + 2)} << 8 | bytes_.u8(byte + 3);
    return count == 0 ? 0 : four << (at_ % 8) >> (32 - count);
  }
  uint32_t read(int count) {
    const uint32_t value = peek(count);
    at_ += static_cast<size_t>(count);
    return value;
  }
  bool flag() { return read(1) != 0; }
  void skip(int count) { at_ += static_cast<size_t>(count); }
  bool failed() const { return at_ > 8 * bytes_.size() || wrong_; }
  void marker() { wrong_ = !flag() || wrong_; }
  size_t position() const { return at_; }
  int to_byte_end() const { return static_cast<int>(8 - at_ % 8); }   // 1 to 8

  // The value of one of a few codes, or -1.
  int code(std::span<const ShortCode> codes) {
    for (const auto& [length, code, value] : codes)
      if (peek(length) == code) {
        skip(length);
        return value;
      }
    return -1;
  }

 private:
  Bytes bytes_;
  size_t at_;
  bool wrong_ = false;
};

// ---- headers ----------------------------------------------------------------------------------------------------------------------

// Returns false for what is not read, or makes no sense.
bool Mpeg4Video::layer_header(Bits& bits, int64_t most_pixels) {
  bits.skip(1 + 8);
  version_ = 1;
  if (bits.flag()) version_ = static_cast<int>(bits.read(4)), bits.skip(3);
  if (bits.read(4) == 15) bits.skip(16);            // aspect ratio
  if (bits.flag()) {                                // control parameters
    bits.skip(3);
    if (bits.flag()) bits.skip(79);
  }
  if (bits.read(2) != 0) return false;              // not rectangular
  bits.marker();
  const uint32_t resolution = bits.read(16);
  bits.marker();
  time_bits_ = 1;
  while (time_bits_ < 16 && resolution > 1u << time_bits_) ++time_bits_;
  if (bits.flag()) bits.skip(time_bits_);
  bits.marker();
  const int width = static_cast<int>(bits.read(13));
  bits.marker();
  const int height = static_cast<int>(bits.read(13));
  bits.marker();
  const bool interlaced = bits.flag();
  bits.skip(1);                                     // no overlapped motion, whatever it says: it is in no profile
  const bool sprites = bits.read(version_ == 1 ? 1 : 2) != 0;
  if (interlaced || sprites || bits.flag()) return false;
  matrices_ = bits.flag();
  std::copy_n(kUsualIntraMatrix, 64, intra_matrix_.begin());
  std::copy_n(kUsualInterMatrix, 64, inter_matrix_.begin());
  if (matrices_) {
    for (auto* matrix : {&intra_matrix_, &inter_matrix_}) {
      if (!bits.flag()) continue;
      uint8_t last = 0;
      bool ended = false;
      for (const uint8_t place : kZigzag) {
        if (!ended) {
          const auto value = static_cast<uint8_t>(bits.read(8));
          if (value == 0) ended = true;
          else last = value;
        }
        (*matrix)[place] = last;
      }
      if (last == 0) return false;
    }
  }
  if (version_ != 1 && bits.flag()) return false;   // quarter samples
  if (!bits.flag()) return false;                   // complexity estimation
  packets_ = !bits.flag();
  if (bits.flag()) return false;                    // data partitioning
  if (version_ != 1 && (bits.flag() || bits.flag())) return false;   // new prediction, reduced resolution
  if (bits.flag()) return false;                    // scalable
  if (bits.failed() || width == 0 || height == 0 || int64_t{width} * height > most_pixels) return false;
  if (configured_ && width == width_ && height == height_) return true;
  width_ = width, height_ = height;
  columns_ = (width + 15) / 16, rows_ = (height + 15) / 16;
  for (auto* frame : {&current_, &reference_})
    for (int p = 0; p < 3; ++p) {
      auto& plane = frame->planes[static_cast<size_t>(p)];
      plane.width = columns_ * (p == 0 ? 16 : 8), plane.height = rows_ * (p == 0 ? 16 : 8);
      plane.values.assign(static_cast<size_t>(plane.width) * static_cast<size_t>(plane.height), p == 0 ? 16 : 128);
    }
  configured_ = true;
  broken_ = true;
  return true;
}

Mpeg4Video::Outcome Mpeg4Video::decode(std::span<const uint8_t> unit, int64_t most_pixels) {
  const Bytes bytes{unit};
  for (size_t at = 0; at + 4 <= unit.size(); ++at) {
    if (bytes.u8(at) != 0 || bytes.u8(at + 1) != 0 || bytes.u8(at + 2) != 1) continue;
    const uint8_t kind = bytes.u8(at + 3);
    Bits bits(bytes, at + 4);
    if (kind >= 0x20 && kind <= 0x2F && !layer_header(bits, most_pixels)) unsupported_ = true;
    if (kind == 0xB6) {
      if (unsupported_) return Outcome::kUnsupported;
      return configured_ ? picture(bits) : Outcome::kDamaged;
    }
    at += 3;
  }
  return unsupported_ ? Outcome::kUnsupported : Outcome::kNothing;
}

Mpeg4Video::Outcome Mpeg4Video::picture(Bits& bits) {
  const uint32_t kind = bits.read(2);
  if (kind == 2) return Outcome::kLeftOut;
  if (kind == 3) return Outcome::kUnsupported;
  const bool predicted = kind == 1;
  while (bits.flag() && !bits.failed()) {}
  bits.marker();
  bits.skip(time_bits_);
  bits.marker();
  if (!bits.flag()) return Outcome::kNothing;
  if (predicted && broken_) return Outcome::kDamaged;
  const bool rounding = predicted && bits.flag();
  const int threshold = kDcThresholds[bits.read(3)];
  int quantiser = static_cast<int>(bits.read(5));
  const int forward_code = predicted ? static_cast<int>(bits.read(3)) : 1;
  if (bits.failed() || quantiser == 0 || forward_code == 0) {
    broken_ = true;
    return Outcome::kDamaged;
  }
  std::swap(current_, reference_);
  macroblocks_.assign(static_cast<size_t>(columns_) * static_cast<size_t>(rows_), {});
  memory_.assign(6 * macroblocks_.size(), {});
  const int count = columns_ * rows_, marker_length = predicted ? 16 + forward_code : 17;
  int number_bits = 1;
  while (count > 1 << number_bits) ++number_bits;
  int packet = 0, dc_threshold = threshold;
  for (int i = 0; i < count; ++i) {
    // A video packet begins (6.2.5.2): bits up to the next byte, 0 and then ones, and a marker of zeros and a one.
    if (packets_ && i > 0) {
      const int stuffing = bits.to_byte_end();
      if (bits.peek(stuffing) == (1u << (stuffing - 1)) - 1) {
        Bits ahead = bits;
        ahead.skip(stuffing);
        int zeros = 0;
        while (zeros < marker_length && !ahead.failed() && ahead.peek(1) == 0) ahead.skip(1), ++zeros;
        if (zeros == marker_length - 1 && ahead.flag()) {
          if (static_cast<int>(ahead.read(number_bits)) != i) {
            broken_ = true;
            return Outcome::kDamaged;
          }
          quantiser = static_cast<int>(ahead.read(5));
          if (ahead.flag()) {   // the header once more
            while (ahead.flag() && !ahead.failed()) {}
            ahead.skip(1 + time_bits_ + 1 + 2);
            dc_threshold = kDcThresholds[ahead.read(3)];
            if (predicted) ahead.skip(3);
          }
          bits = ahead;
          ++packet;
        }
      }
    }
    if (quantiser == 0 || !macroblock(bits, i % columns_, i / columns_, predicted, rounding, forward_code, dc_threshold, quantiser, packet) || bits.failed()) {
      broken_ = true;
      return Outcome::kDamaged;
    }
  }
  broken_ = false;
  return Outcome::kFrame;
}

// ---- macroblocks ----------------------------------------------------------------------------------------------------------------

const Mpeg4Video::Macroblock* Mpeg4Video::neighbour(int mb_x, int mb_y, int packet) const {
  if (mb_x < 0 || mb_y < 0 || mb_x >= columns_) return nullptr;
  const auto& found = macroblocks_[static_cast<size_t>(mb_y * columns_ + mb_x)];
  return found.packet == packet ? &found : nullptr;
}

// 7.6.5: the median of three neighbours, and a difference.
bool Mpeg4Video::motion_vector(Bits& bits, int mb_x, int mb_y, int block, int forward_code, Vector& vector) const {
  const auto& here = macroblocks_[static_cast<size_t>(mb_y * columns_ + mb_x)];
  const auto* left = neighbour(mb_x - 1, mb_y, here.packet);
  const auto* above = neighbour(mb_x, mb_y - 1, here.packet);
  const auto* right = neighbour(mb_x + 1, mb_y - 1, here.packet);
  const Vector* candidates[3] = {};
  switch (block) {
    case 0: candidates[0] = left ? &left->motion[1] : nullptr, candidates[1] = above ? &above->motion[2] : nullptr, candidates[2] = right ? &right->motion[2] : nullptr; break;
    case 1: candidates[0] = &here.motion[0], candidates[1] = above ? &above->motion[3] : nullptr, candidates[2] = right ? &right->motion[2] : nullptr; break;
    case 2: candidates[0] = left ? &left->motion[3] : nullptr, candidates[1] = &here.motion[0], candidates[2] = &here.motion[1]; break;
    default: candidates[0] = &here.motion[2], candidates[1] = &here.motion[0], candidates[2] = &here.motion[1]; break;
  }
  Vector known[3];
  int present = 0;
  const Vector* only = nullptr;
  for (const auto* candidate : candidates)
    if (candidate) ++present, only = candidate;
  for (int i = 0; i < 3; ++i) known[i] = candidates[i] ? *candidates[i] : present == 1 ? *only : Vector{};
  const auto median = [](int a, int b, int c) { return std::max(std::min(a, b), std::min(std::max(a, b), c)); };
  const auto component = [&](int predicted, int& out) {
    const int size = bits.code(kMotion);
    if (size < 0) return false;
    int change = size;
    if (size > 0) {
      const bool negative = bits.flag();
      if (forward_code > 1) change = ((size - 1) << (forward_code - 1)) + static_cast<int>(bits.read(forward_code - 1)) + 1;
      if (negative) change = -change;
    }
    const int range = 32 << (forward_code - 1);
    out = predicted + change;
    if (out < -range) out += 2 * range;
    if (out >= range) out -= 2 * range;
    return true;
  };
  return component(median(known[0].x, known[1].x, known[2].x), vector.x) && component(median(known[0].y, known[1].y, known[2].y), vector.y);
}

bool Mpeg4Video::macroblock(Bits& bits, int mb_x, int mb_y, bool predicted, bool rounding, int forward_code, int dc_threshold, int& quantiser, int packet) {
  constexpr int kChange[4] = {-1, -2, 1, 2};
  Macroblock& here = macroblocks_[static_cast<size_t>(mb_y * columns_ + mb_x)];
  here.packet = packet;
  int type_and_chrominance = 255;
  while (type_and_chrominance == 255) {
    if (predicted && bits.flag()) {   // as in the frame before
      here.quantiser = quantiser;
      predict(mb_x, mb_y, rounding);
      return true;
    }
    type_and_chrominance = bits.code(predicted ? std::span<const ShortCode>(kInterTypes) : std::span<const ShortCode>(kIntraTypes));
    if (type_and_chrominance < 0 || bits.failed()) return false;
  }
  const int type = type_and_chrominance >> 2, chrominance = type_and_chrominance & 3;
  here.intra = type >= 3, here.coded = true;
  const bool ac_predicted = here.intra && bits.flag();
  int luminance = bits.code(kLuminance);
  if (luminance < 0) return false;
  if (!here.intra) luminance ^= 15;
  const int coded = luminance << 2 | chrominance;
  const bool use_dc_code = quantiser < dc_threshold;
  if (type == 1 || type == 4) quantiser = std::clamp(quantiser + kChange[bits.read(2)], 1, 31);
  here.quantiser = quantiser;
  if (here.intra) {
    for (int block = 0; block < 6; ++block)
      if (!intra_block(bits, mb_x, mb_y, block, coded >> (5 - block) & 1, use_dc_code, ac_predicted, quantiser)) return false;
    return true;
  }
  for (int block = 0; block < (type == 2 ? 4 : 1); ++block)
    if (!motion_vector(bits, mb_x, mb_y, block, forward_code, here.motion[static_cast<size_t>(block)])) return false;
  if (type != 2) here.motion.fill(here.motion[0]);
  predict(mb_x, mb_y, rounding);
  for (int block = 0; block < 6; ++block) {
    if (!(coded >> (5 - block) & 1)) continue;
    std::array<int, 64> samples{};
    if (!inter_block(bits, quantiser, samples)) return false;
    put(mb_x, mb_y, block, samples, true);
  }
  return true;
}

// Levels in `levels`, from scan position `first` on (7.4.1).
bool Mpeg4Video::coefficients(Bits& bits, bool intra, int first, const uint8_t* scan, std::array<int, 64>& levels) const {
  const CoefficientTable& table = intra ? intra_table() : inter_table();
  for (int at = first;;) {
    CoefficientEntry entry = table.entries[bits.peek(kLongestCode)];
    if (entry.length == 0 || bits.failed()) return false;
    bits.skip(entry.length);
    int run = entry.run, level = entry.level, last = entry.last;
    bool negative = false;
    if (level != 0) {
      negative = bits.flag();
    } else if (bits.peek(2) == 3) {   // all in full
      bits.skip(2);
      last = bits.flag(), run = static_cast<int>(bits.read(6));
      bits.marker();
      level = static_cast<int>(bits.read(12));
      if (level >= 2048) level -= 4096;
      bits.marker();
    } else {
      const bool longer = bits.read(1) != 0;   // "10": a longer run; "0": a larger level
      if (longer) bits.skip(1);
      entry = table.entries[bits.peek(kLongestCode)];
      if (entry.length == 0 || entry.level == 0) return false;
      bits.skip(entry.length);
      run = entry.run, level = entry.level, last = entry.last;
      if (longer) run += table.longest_run[entry.last][entry.level] + 1;
      else level += table.largest_level[entry.last][entry.run];
      negative = bits.flag();
    }
    at += run;
    if (at > 63) return false;
    levels[scan[at++]] = negative ? -level : level;
    if (last) return true;
  }
}

bool Mpeg4Video::intra_block(Bits& bits, int mb_x, int mb_y, int block, bool coded, bool use_dc_code, bool ac_predicted, int quantiser) {
  std::array<int, 64> levels{};
  const auto index = static_cast<size_t>(mb_y * columns_ + mb_x);
  const auto& here = macroblocks_[index];
  // Neighbours (7.4.3): blocks of this macroblock, or of an intra one of this packet beside it.
  struct Neighbour {
    const BlockMemory* memory = nullptr;
    int quantiser = 0;
  };
  const auto beside = [&](int dx, int dy, int which) -> Neighbour {
    if (dx == 0 && dy == 0) return {&memory_[6 * index + static_cast<size_t>(which)], quantiser};
    const auto* other = neighbour(mb_x + dx, mb_y + dy, here.packet);
    if (!other || !other->intra) return {};
    return {&memory_[6 * static_cast<size_t>((mb_y + dy) * columns_ + mb_x + dx) + static_cast<size_t>(which)], other->quantiser};
  };
  Neighbour left, corner, above;
  switch (block) {
    case 0: left = beside(-1, 0, 1), corner = beside(-1, -1, 3), above = beside(0, -1, 2); break;
    case 1: left = beside(0, 0, 0), corner = beside(0, -1, 2), above = beside(0, -1, 3); break;
    case 2: left = beside(-1, 0, 3), corner = beside(-1, 0, 1), above = beside(0, 0, 0); break;
    case 3: left = beside(0, 0, 2), corner = beside(0, 0, 0), above = beside(0, 0, 1); break;
    default: left = beside(-1, 0, block), corner = beside(-1, -1, block), above = beside(0, -1, block); break;
  }
  const auto dc_of = [](const Neighbour& n) { return n.memory ? n.memory->dc : 1024; };
  const bool from_above = std::abs(dc_of(left) - dc_of(corner)) < std::abs(dc_of(corner) - dc_of(above));
  const uint8_t* scan = !ac_predicted ? kZigzag : from_above ? kAlternateHorizontal : kAlternateVertical;

  const bool luminance = block < 4;
  int first = 0, dc_change = 0;
  if (use_dc_code) {
    const int size = bits.code(luminance ? std::span<const ShortCode>(kLuminanceDc) : std::span<const ShortCode>(kChrominanceDc));
    if (size < 0) return false;
    if (size > 0) {
      const int value = static_cast<int>(bits.read(size));
      dc_change = value >> (size - 1) ? value : value - (1 << size) + 1;
      if (size > 8) bits.marker();
    }
    first = 1;
  }
  if (coded && !coefficients(bits, true, first, scan, levels)) return false;
  if (use_dc_code) levels[0] = dc_change;
  const int scale = dc_scale(quantiser, luminance);
  levels[0] += divided_to_nearest(dc_of(from_above ? above : left), scale);
  const Neighbour& source = from_above ? above : left;
  if (ac_predicted && source.memory) {
    for (size_t i = 0; i < 7; ++i) {
      int& level = levels[from_above ? i + 1 : 8 * (i + 1)];
      const int stored = from_above ? source.memory->row[i] : source.memory->column[i];
      level += source.quantiser == quantiser ? stored : divided_to_nearest(stored * source.quantiser, quantiser);
    }
  }
  BlockMemory& memory = memory_[6 * index + static_cast<size_t>(block)];
  for (size_t i = 0; i < 7; ++i) {
    memory.row[i] = static_cast<int16_t>(std::clamp(levels[i + 1], -2048, 2047));
    memory.column[i] = static_cast<int16_t>(std::clamp(levels[8 * (i + 1)], -2048, 2047));
  }
  // 7.4.4
  std::array<int, 64> values{};
  values[0] = std::clamp(levels[0] * scale, -2048, 2047);
  memory.dc = values[0];
  int parity = values[0];
  for (size_t i = 1; i < 64; ++i) {
    const int level = std::clamp(levels[i], -2048, 2047);
    if (level == 0) continue;
    if (matrices_) values[i] = level * intra_matrix_[i] * quantiser / 8;
    else values[i] = (level > 0 ? 1 : -1) * (quantiser * (2 * std::abs(level) + 1) - (quantiser % 2 == 0));
    values[i] = std::clamp(values[i], -2048, 2047);
    parity ^= values[i];
  }
  if (matrices_ && !(parity & 1)) values[63] ^= 1;
  inverse_transform(values);
  put(mb_x, mb_y, block, values, false);
  return true;
}

bool Mpeg4Video::inter_block(Bits& bits, int quantiser, std::array<int, 64>& block) const {
  std::array<int, 64> levels{};
  if (!coefficients(bits, false, 0, kZigzag, levels)) return false;
  int parity = 0;
  for (size_t i = 0; i < 64; ++i) {
    if (levels[i] == 0) continue;
    const int size = 2 * std::abs(levels[i]) + 1, sign = levels[i] > 0 ? 1 : -1;
    block[i] = sign * (matrices_ ? size * inter_matrix_[i] * quantiser / 16 : quantiser * size - (quantiser % 2 == 0));
    block[i] = std::clamp(block[i], -2048, 2047);
    parity ^= block[i];
  }
  if (matrices_ && !(parity & 1)) block[63] ^= 1;
  inverse_transform(block);
  return true;
}

// ---- samples ------------------------------------------------------------------------------------------------------------------

void Mpeg4Video::put(int mb_x, int mb_y, int block, const std::array<int, 64>& samples, bool add) {
  Plane& plane = current_.planes[block < 4 ? 0 : static_cast<size_t>(block - 3)];
  const int left = block < 4 ? 16 * mb_x + 8 * (block & 1) : 8 * mb_x, top = block < 4 ? 16 * mb_y + 8 * (block >> 1) : 8 * mb_y;
  for (int y = 0; y < 8; ++y) {
    uint8_t* to = &plane.values[static_cast<size_t>(top + y) * static_cast<size_t>(plane.width) + static_cast<size_t>(left)];
    for (int x = 0; x < 8; ++x) to[x] = static_cast<uint8_t>(std::clamp((add ? to[x] : 0) + samples[static_cast<size_t>(8 * y + x)], 0, 255));
  }
}

// A block of the reference at half-pixel precision (7.6.2); what lies outside repeats the border (7.6.4).
void Mpeg4Video::fetch(int plane, int to_x, int to_y, int size, int half_x, int half_y, bool rounding) {
  const Plane& from = reference_.planes[static_cast<size_t>(plane)];
  Plane& to = current_.planes[static_cast<size_t>(plane)];
  const int start_x = to_x + (half_x >> 1), start_y = to_y + (half_y >> 1);
  const bool between_x = half_x & 1, between_y = half_y & 1;
  const int less = rounding ? 1 : 0;
  const bool inside = start_x >= 0 && start_y >= 0 && start_x + size < from.width && start_y + size < from.height;
  std::array<uint8_t, 17 * 17> border;
  const uint8_t* source = nullptr;
  size_t stride = static_cast<size_t>(from.width);
  if (inside) {
    source = &from.values[static_cast<size_t>(start_y) * stride + static_cast<size_t>(start_x)];
  } else {
    for (int y = 0; y <= size; ++y) {
      const uint8_t* row = &from.values[static_cast<size_t>(std::clamp(start_y + y, 0, from.height - 1)) * stride];
      for (int x = 0; x <= size; ++x) border[static_cast<size_t>(17 * y + x)] = row[std::clamp(start_x + x, 0, from.width - 1)];
    }
    source = border.data();
    stride = 17;
  }
  for (int y = 0; y < size; ++y, source += stride) {
    uint8_t* out = &to.values[static_cast<size_t>(to_y + y) * static_cast<size_t>(to.width) + static_cast<size_t>(to_x)];
    const uint8_t* below = source + stride;
    if (between_x && between_y)
      for (int x = 0; x < size; ++x) out[x] = static_cast<uint8_t>((source[x] + source[x + 1] + below[x] + below[x + 1] + 2 - less) >> 2);
    else if (between_x)
      for (int x = 0; x < size; ++x) out[x] = static_cast<uint8_t>((source[x] + source[x + 1] + 1 - less) >> 1);
    else if (between_y)
      for (int x = 0; x < size; ++x) out[x] = static_cast<uint8_t>((source[x] + below[x] + 1 - less) >> 1);
    else
      std::memcpy(out, source, static_cast<size_t>(size));
  }
}

void Mpeg4Video::predict(int mb_x, int mb_y, bool rounding) {
  const auto& motion = macroblocks_[static_cast<size_t>(mb_y * columns_ + mb_x)].motion;
  const bool one = std::all_of(motion.begin(), motion.end(), [&](const Vector& v) { return v.x == motion[0].x && v.y == motion[0].y; });
  int chroma_x, chroma_y;
  if (one) {
    fetch(0, 16 * mb_x, 16 * mb_y, 16, motion[0].x, motion[0].y, rounding);
    chroma_x = motion[0].x >> 1 | (motion[0].x & 1), chroma_y = motion[0].y >> 1 | (motion[0].y & 1);
  } else {
    int sum_x = 0, sum_y = 0;
    for (int block = 0; block < 4; ++block) {
      const auto& vector = motion[static_cast<size_t>(block)];
      fetch(0, 16 * mb_x + 8 * (block & 1), 16 * mb_y + 8 * (block >> 1), 8, vector.x, vector.y, rounding);
      sum_x += vector.x, sum_y += vector.y;
    }
    // Table 7-9: the sum of the four in sixteenths, to the nearest half.
    constexpr int kToHalf[16] = {0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2};
    chroma_x = kToHalf[sum_x & 15] + (sum_x >> 3 & ~1), chroma_y = kToHalf[sum_y & 15] + (sum_y >> 3 & ~1);
  }
  for (const int plane : {1, 2}) fetch(plane, 8 * mb_x, 8 * mb_y, 8, chroma_x, chroma_y, rounding);
}

void Mpeg4Video::rgb(std::vector<uint8_t>& out) const {
  out.resize(3 * static_cast<size_t>(width_) * static_cast<size_t>(height_));
  uint8_t* to = out.data();
  const auto& [luminance, blue, red] = current_.planes;
  for (int y = 0; y < height_; ++y)
    for (int x = 0; x < width_; ++x, to += 3) {
      const size_t half = static_cast<size_t>(y / 2) * static_cast<size_t>(blue.width) + static_cast<size_t>(x / 2);
      const int c = 298 * (luminance.values[static_cast<size_t>(y) * static_cast<size_t>(luminance.width) + static_cast<size_t>(x)] - 16) + 128;
      const int u = blue.values[half] - 128, v = red.values[half] - 128;   // ITU-R BT.601, video range
      to[0] = static_cast<uint8_t>(std::clamp((c + 409 * v) >> 8, 0, 255));
      to[1] = static_cast<uint8_t>(std::clamp((c - 100 * u - 208 * v) >> 8, 0, 255));
      to[2] = static_cast<uint8_t>(std::clamp((c + 516 * u) >> 8, 0, 255));
    }
}

}  // namespace precordia
