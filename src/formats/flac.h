// FLAC, as far as stored signals need it (WFDB formats 508, 516, 524). Own decoder after RFC 9639 (IETF, 2024).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace precordia {

struct FlacAudio {
  int bits_per_sample = 0;                          // 4 to 32
  std::vector<std::vector<int32_t>> channels;       // 1 to 8, all of one length
};

// The whole stream. Every frame's CRC is checked. `most_samples` bounds the output over all channels (kTooLarge); anything
// malformed or cut short is kDamaged.
Result<FlacAudio> decode_flac(std::span<const uint8_t> bytes, size_t most_samples);

}  // namespace precordia
