// Animated GIF (Graphics Interchange Format 89a, CompuServe 1990), a frame at a time on one canvas.
#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/picture_file.h"
#include "echo/clip_formats.h"

namespace precordia {
namespace {

constexpr uint8_t kExtension = 0x21, kImage = 0x2C, kTrailer = 0x3B, kGraphicControl = 0xF9;
// Viewers play a delay of 0 or 1 hundredths as 10: it is no time that a scanner would state.
constexpr int kShortestDelay = 2;

struct Colour {
  uint8_t red = 0, green = 0, blue = 0;
};
using ColourTable = std::array<Colour, 256>;

// Behind the last of a chain of sub-blocks.
size_t after_blocks(const Bytes& file, size_t at) {
  while (at < file.size() && file.u8(at) != 0) at += 1 + size_t{file.u8(at)};
  return at + 1;
}

ColourTable colour_table(const Bytes& file, size_t& at, uint8_t flags) {
  ColourTable table{};
  const size_t count = size_t{2} << (flags & 7);
  for (size_t i = 0; i < count; ++i) table[i] = {file.u8(at + 3 * i), file.u8(at + 3 * i + 1), file.u8(at + 3 * i + 2)};
  at += 3 * count;
  return table;
}

// LZW codes of variable width in a chain of sub-blocks (appendix F). Returns whether all of `pixels` was filled.
class LzwReader {
 public:
  LzwReader(const Bytes& file, size_t at) : file_(file), at_(at + 1), least_(file.u8(at)) {}

  bool fill(std::vector<uint8_t>& pixels) {
    if (least_ < 1 || least_ > 8) return false;
    const int clear = 1 << least_, end = clear + 1;
    int width = least_ + 1, next = end + 1, previous = -1;
    size_t done = 0;
    while (done < pixels.size()) {
      const int code = read(width);
      if (code < 0 || code == end) return false;
      if (code == clear) {
        width = least_ + 1, next = end + 1, previous = -1;
        continue;
      }
      if (code > next || (code == next && previous < 0) || (previous < 0 && code >= clear)) return false;
      // The string of a code, last pixel first.
      size_t length = 0;
      int at = code;
      if (code == next) {
        string_[length++] = first_of(previous);
        at = previous;
      }
      while (at >= clear) string_[length++] = last_[static_cast<size_t>(at)], at = prefix_[static_cast<size_t>(at)];
      string_[length++] = static_cast<uint8_t>(at);
      if (previous >= 0 && next < 4096) {
        prefix_[static_cast<size_t>(next)] = static_cast<int16_t>(previous);
        last_[static_cast<size_t>(next)] = string_[length - 1];
        if (++next == 1 << width && width < 12) ++width;
      }
      previous = code;
      while (length > 0 && done < pixels.size()) pixels[done++] = string_[--length];
    }
    return true;
  }

 private:
  int read(int width) {
    while (count_ < width) {
      if (left_ == 0) {
        left_ = file_.u8(at_++);
        if (left_ == 0 || at_ >= file_.size()) return -1;
      }
      bits_ |= uint32_t{file_.u8(at_++)} << count_;
      --left_;
      count_ += 8;
    }
    const int code = static_cast<int>(bits_ & ((1u << width) - 1));
    bits_ >>= width;
    count_ -= width;
    return code;
  }
  uint8_t first_of(int code) const {
    while (code >= 1 << least_) code = prefix_[static_cast<size_t>(code)];
    return static_cast<uint8_t>(code);
  }

  const Bytes& file_;
  size_t at_;
  int least_, left_ = 0, count_ = 0;
  uint32_t bits_ = 0;
  std::array<int16_t, 4096> prefix_{};
  std::array<uint8_t, 4096> last_{};
  std::array<uint8_t, 4100> string_{};
};

// The row that the i-th stored row of an interlaced image is (appendix E).
int interlaced_row(int i, int height) {
  int start = 0;
  for (const auto& [from, step] : {std::pair{0, 8}, {4, 8}, {2, 4}, {1, 2}}) {
    const int rows = height > from ? (height - from + step - 1) / step : 0;
    if (i < start + rows) return from + (i - start) * step;
    start += rows;
  }
  return height - 1;
}

}  // namespace

bool is_animated_gif(std::span<const uint8_t> bytes) {
  if (!is_gif(bytes)) return false;
  const Bytes file{bytes};
  const uint8_t flags = file.u8(10);
  size_t at = 13 + ((flags & 0x80) ? size_t{6} << (flags & 7) : 0);
  int images = 0;
  while (at < file.size() && images < 2) {
    if (file.u8(at) == kExtension) {
      at = after_blocks(file, at + 2);
    } else if (file.u8(at) == kImage) {
      ++images;
      const uint8_t local = file.u8(at + 9);
      at = after_blocks(file, at + 11 + ((local & 0x80) ? size_t{6} << (local & 7) : 0));
    } else {
      break;
    }
  }
  return images >= 2;
}

Result<EchoClip> read_gif_clip(std::span<const uint8_t> bytes) {
  const Bytes file{bytes};
  const int width = file.u16(6), height = file.u16(8);
  const size_t pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
  if (width == 0 || height == 0) return fail(ErrorCode::kDamaged, "This GIF is damaged; copy it again.", "no size");
  if (width > kLargestFrameSide || height > kLargestFrameSide || pixels > static_cast<size_t>(kLargestFramePixels))
    return fail(ErrorCode::kTooLarge, "The frames of this GIF are larger than this program reads; export it smaller.");
  const uint8_t flags = file.u8(10);
  size_t at = 13;
  ColourTable shared{};
  if (flags & 0x80) shared = colour_table(file, at, flags);

  ClipBuilder builder({.format = "GIF"});
  std::vector<uint8_t> canvas(3 * pixels), before, indices;
  uint64_t unfolded = 0;
  double time_ms = 0;
  bool delays_stated = true, cut = true;
  int delay = 0, disposal = 0, transparent = -1;
  while (at < file.size() && !builder.full()) {
    const uint8_t kind = file.u8(at);
    if (kind == kTrailer) {
      cut = false;
      break;
    }
    if (kind == kExtension) {
      if (file.u8(at + 1) == kGraphicControl && file.u8(at + 2) >= 4) {
        disposal = file.u8(at + 3) >> 2 & 7;
        delay = file.u16(at + 4);
        transparent = (file.u8(at + 3) & 1) ? file.u8(at + 6) : -1;
      }
      at = after_blocks(file, at + 2);
      continue;
    }
    if (kind != kImage || !file.has(at, 11)) break;
    const int left = file.u16(at + 1), top = file.u16(at + 3), wide = file.u16(at + 5), high = file.u16(at + 7);
    const uint8_t local = file.u8(at + 9);
    at += 10;
    const ColourTable table = (local & 0x80) ? colour_table(file, at, local) : shared;
    const size_t data = at;
    at = after_blocks(file, at + 1);
    // What one image covers of the canvas is read; an image that reaches beyond it is not what a scanner writes.
    const bool fits = wide > 0 && high > 0 && left + wide <= width && top + high <= height;
    unfolded += pixels;
    if (unfolded > most_clip_pixels(bytes.size())) return fail(ErrorCode::kDamaged, "This GIF is damaged; copy it again.", "more pixels than the file can hold");
    bool whole = false;
    if (fits) {
      if (disposal == 3) before = canvas;
      indices.assign(static_cast<size_t>(wide) * static_cast<size_t>(high), 0);
      whole = LzwReader(file, data).fill(indices);
      for (int row = 0; whole && row < high; ++row) {
        const int y = top + ((local & 0x40) ? interlaced_row(row, high) : row);
        uint8_t* to = canvas.data() + 3 * (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(left));
        const uint8_t* from = indices.data() + static_cast<size_t>(row) * static_cast<size_t>(wide);
        for (int x = 0; x < wide; ++x, to += 3) {
          if (from[x] == transparent) continue;
          const Colour colour = table[from[x]];
          to[0] = colour.red, to[1] = colour.green, to[2] = colour.blue;
        }
      }
    }
    delays_stated = delays_stated && delay >= kShortestDelay;
    if (whole) {
      const auto added = builder.add({width, height, 3, canvas, delays_stated ? std::optional(time_ms) : std::nullopt});
      if (!added) return std::unexpected(added.error());
      if (disposal == 3) canvas = before;
      if (disposal == 2)
        for (int y = top; y < top + high; ++y)
          std::fill_n(canvas.begin() + 3 * (static_cast<ptrdiff_t>(y) * width + left), 3 * wide, uint8_t{0});
    } else {
      builder.skip();
    }
    time_ms += 10.0 * delay;
    delay = 0, disposal = 0, transparent = -1;
  }
  if (cut && !builder.full()) builder.note("The file ends early; frames at the end of this clip are missing.");
  return builder.finish();
}

}  // namespace precordia
