// Stored integers of any width and byte order to the 32-bit counts of NamedChannel, a channel or an interleaved block at a time.
// Bounds are checked once per call, so that the loops over samples have no branch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace precordia {

// 32-bit unsigned numbers above 2^31 - 1, which no converter gives, become missing.
enum class StoredAs : uint8_t {
  kInt8, kUint8, kInt16, kUint16, kInt16Big, kUint16Big, kInt24, kInt32, kUint32, kInt32Big, kUint32Big
};
size_t width_of(StoredAs stored);

// out[i] = the number at bytes[first + i * stride]; what lies outside `bytes` becomes kMissingCount.
void read_counts(StoredAs stored, std::span<const uint8_t> bytes, size_t first, size_t stride, std::span<int32_t> out);

// Frame after frame, channel after channel within a frame: one vector of `frames` counts per channel.
std::vector<std::vector<int32_t>> read_interleaved(StoredAs stored, std::span<const uint8_t> bytes, size_t frames, size_t channels);

}  // namespace precordia
