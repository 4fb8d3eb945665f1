// Deflate streams by zlib, with the two limits that stop a decompression bomb: how much may come out, and how much may come out
// of so few bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace precordia {

enum class DeflateForm : uint8_t { kRaw, kZlib, kGzip };

// Deflate cannot exceed 1032:1; an ECG compresses 2:1 to 10:1, a long flat line some hundred to one.
inline constexpr size_t kMostInflation = 400;

// Errors: kTooLarge (more than `most_bytes`, or over kMostInflation once past 1 MB), kDamaged (not such a stream, or cut short).
Result<std::vector<uint8_t>> inflated(std::span<const uint8_t> bytes, DeflateForm form, size_t most_bytes);

uint32_t crc32_of(std::span<const uint8_t> bytes);

}  // namespace precordia
