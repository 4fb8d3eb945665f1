#include "base/inflate.h"

#include <zlib.h>

#include <algorithm>

namespace precordia {

Result<std::vector<uint8_t>> inflated(std::span<const uint8_t> bytes, DeflateForm form, size_t most_bytes) {
  constexpr size_t kUnsuspicious = 1u << 20;
  const auto damaged = [] {
    return fail(ErrorCode::kDamaged, "The compressed part of this file is damaged or incomplete; copy it again.", "deflate");
  };
  if (bytes.size() > UINT32_MAX) return damaged();
  z_stream stream{};
  const int window_bits = form == DeflateForm::kRaw ? -15 : form == DeflateForm::kZlib ? 15 : 31;
  if (inflateInit2(&stream, window_bits) != Z_OK) return damaged();
  stream.next_in = const_cast<Bytef*>(bytes.data());   // zlib's interface is older than const
  stream.avail_in = static_cast<uInt>(bytes.size());
  most_bytes = std::min(most_bytes, std::max(kUnsuspicious, bytes.size() * kMostInflation));
  std::vector<uint8_t> out;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= most_bytes) {
    const size_t before = out.size(), step = std::clamp<size_t>(before == 0 ? bytes.size() * 4 : before, 4096, 16u << 20);
    out.resize(std::min(before + step, most_bytes + 1));
    stream.next_out = out.data() + before;
    stream.avail_out = static_cast<uInt>(out.size() - before);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (state == Z_BUF_ERROR || (state == Z_OK && stream.avail_in == 0 && stream.avail_out > 0)) break;
  }
  inflateEnd(&stream);
  if (out.size() > most_bytes)
    return fail(ErrorCode::kTooLarge, "The compressed part of this file unpacks to more than an ECG can be; it was not opened.",
                "inflation limit");
  if (state != Z_STREAM_END) return damaged();
  return out;
}

uint32_t crc32_of(std::span<const uint8_t> bytes) {
  return static_cast<uint32_t>(crc32(crc32(0, nullptr, 0), bytes.data(), static_cast<uInt>(bytes.size())));
}

}  // namespace precordia
