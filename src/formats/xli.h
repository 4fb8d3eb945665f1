// XLI, the waveform compression of Philips Sierra ECGs: per lead a header, LZW codes of 10 bits, and second differences. No
// specification is public; the scheme is described by S. Gross' sierra-ecg-tools and confirmed on real files.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace precordia {

// Every lead in the stream, in order. Errors: kDamaged, kTooLarge (over `most_samples` in all).
Result<std::vector<std::vector<int32_t>>> decode_xli(std::span<const uint8_t> bytes, size_t most_samples);

}  // namespace precordia
