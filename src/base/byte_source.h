// A file that is asked for piece by piece, for what is too large to lie in memory whole.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace precordia {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual size_t size() const = 0;
  // [at, at + count), cut at the end of the file, shorter where it can no longer be read; valid until the next call.
  virtual Bytes part(size_t at, size_t count) = 0;

  uint16_t u16(size_t at) { return part(at, 2).u16(0); }
  uint32_t u32(size_t at) { return part(at, 4).u32(0); }
  int32_t i32(size_t at) { return part(at, 4).i32(0); }
};

// A file in memory after all.
class HeldBytes final : public ByteSource {
 public:
  explicit HeldBytes(std::span<const uint8_t> bytes) : bytes_{bytes} {}
  size_t size() const override { return bytes_.size(); }
  Bytes part(size_t at, size_t count) override { return bytes_.part(at, count); }

 private:
  Bytes bytes_;
};

}  // namespace precordia
