#include "formats/stored_samples.h"

#include <algorithm>
#include <cstring>

#include "formats/assemble.h"

namespace precordia {
namespace {

template <StoredAs kStored>
int32_t load(const uint8_t* p) {
  using enum StoredAs;
  if constexpr (kStored == kInt8) {
    return static_cast<int8_t>(*p);
  } else if constexpr (kStored == kUint8) {
    return *p;
  } else if constexpr (kStored == kInt16) {
    int16_t value;  // every machine that runs this is little-endian: WebAssembly by definition, x86 and ARM in practice
    std::memcpy(&value, p, 2);
    return value;
  } else if constexpr (kStored == kUint16) {
    return p[0] | p[1] << 8;
  } else if constexpr (kStored == kInt16Big) {
    return static_cast<int16_t>(p[0] << 8 | p[1]);
  } else if constexpr (kStored == kUint16Big) {
    return p[0] << 8 | p[1];
  } else if constexpr (kStored == kInt24) {
    return static_cast<int32_t>(uint32_t{p[0]} << 8 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 24) >> 8;
  } else {
    const bool big = kStored == kInt32Big || kStored == kUint32Big;
    const uint32_t value = big ? uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3]
                               : uint32_t{p[3]} << 24 | uint32_t{p[2]} << 16 | uint32_t{p[1]} << 8 | p[0];
    const bool is_unsigned = kStored == kUint32 || kStored == kUint32Big;
    return is_unsigned && value > 0x7FFFFFFF ? kMissingCount : static_cast<int32_t>(value);
  }
}

template <StoredAs kStored>
void load_all(const uint8_t* p, size_t stride, std::span<int32_t> out) {
  if (stride == width_of(kStored))  // the compiler makes vector loads of it
    for (size_t i = 0; i < out.size(); ++i) out[i] = load<kStored>(p + i * width_of(kStored));
  else
    for (size_t i = 0; i < out.size(); ++i) out[i] = load<kStored>(p + i * stride);
}

}  // namespace

size_t width_of(StoredAs stored) {
  switch (stored) {
    case StoredAs::kInt8:
    case StoredAs::kUint8: return 1;
    case StoredAs::kInt24: return 3;
    case StoredAs::kInt32:
    case StoredAs::kUint32:
    case StoredAs::kInt32Big:
    case StoredAs::kUint32Big: return 4;
    default: return 2;
  }
}

void read_counts(StoredAs stored, std::span<const uint8_t> bytes, size_t first, size_t stride, std::span<int32_t> out) {
  const size_t width = width_of(stored);
  size_t there = 0;  // samples that lie wholly in `bytes`
  if (stride > 0 && first <= bytes.size() && bytes.size() - first >= width)
    there = std::min((bytes.size() - first - width) / stride + 1, out.size());
  std::fill(out.begin() + static_cast<ptrdiff_t>(there), out.end(), kMissingCount);
  if (there == 0) return;
  const uint8_t* p = bytes.data() + first;
  out = out.first(there);
  using enum StoredAs;
  switch (stored) {
    case kInt8: return load_all<kInt8>(p, stride, out);
    case kUint8: return load_all<kUint8>(p, stride, out);
    case kInt16: return load_all<kInt16>(p, stride, out);
    case kUint16: return load_all<kUint16>(p, stride, out);
    case kInt16Big: return load_all<kInt16Big>(p, stride, out);
    case kUint16Big: return load_all<kUint16Big>(p, stride, out);
    case kInt24: return load_all<kInt24>(p, stride, out);
    case kInt32: return load_all<kInt32>(p, stride, out);
    case kUint32: return load_all<kUint32>(p, stride, out);
    case kInt32Big: return load_all<kInt32Big>(p, stride, out);
    case kUint32Big: return load_all<kUint32Big>(p, stride, out);
  }
}

std::vector<std::vector<int32_t>> read_interleaved(StoredAs stored, std::span<const uint8_t> bytes, size_t frames,
                                                   size_t channels) {
  constexpr size_t kBlockFrames = 1024;  // 12 channels of 16 bits stay in the first-level cache
  const size_t width = width_of(stored), stride = width * channels;
  std::vector<std::vector<int32_t>> out(channels);
  for (auto& channel : out) channel.resize(frames);
  for (size_t start = 0; start < frames; start += kBlockFrames)
    for (size_t c = 0; c < channels; ++c)
      read_counts(stored, bytes, start * stride + c * width, stride,
                  std::span(out[c]).subspan(start, std::min(kBlockFrames, frames - start)));
  return out;
}

}  // namespace precordia
