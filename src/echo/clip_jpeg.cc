#include "echo/clip_jpeg.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/picture_file.h"
#include "echo/clip_builder.h"

namespace precordia {
namespace {

// The Huffman tables of T.81 annex K.3 as one marker segment.
constexpr uint8_t kUsualTables[] = {
    255, 196, 1, 162, 0, 0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 0, 2, 1, 3, 3,
    2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125, 1, 2, 3, 0, 4, 17, 5, 18, 33, 49, 65, 6, 19, 81, 97, 7, 34, 113, 20, 50, 129, 145, 161, 8,
    35, 66, 177, 193, 21, 82, 209, 240, 36, 51, 98, 114, 130, 9, 10, 22, 23, 24, 25, 26, 37, 38, 39, 40, 41, 42, 52, 53, 54, 55,
    56, 57, 58, 67, 68, 69, 70, 71, 72, 73, 74, 83, 84, 85, 86, 87, 88, 89, 90, 99, 100, 101, 102, 103, 104, 105, 106, 115, 116,
    117, 118, 119, 120, 121, 122, 131, 132, 133, 134, 135, 136, 137, 138, 146, 147, 148, 149, 150, 151, 152, 153, 154, 162, 163,
    164, 165, 166, 167, 168, 169, 170, 178, 179, 180, 181, 182, 183, 184, 185, 186, 194, 195, 196, 197, 198, 199, 200, 201, 202,
    210, 211, 212, 213, 214, 215, 216, 217, 218, 225, 226, 227, 228, 229, 230, 231, 232, 233, 234, 241, 242, 243, 244, 245, 246,
    247, 248, 249, 250, 1, 0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 17, 0, 2, 1, 2,
    4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119, 0, 1, 2, 3, 17, 4, 5, 33, 49, 6, 18, 65, 81, 7, 97, 113, 19, 34, 50, 129, 8, 20, 66,
    145, 161, 177, 193, 9, 35, 51, 82, 240, 21, 98, 114, 209, 10, 22, 36, 52, 225, 37, 241, 23, 24, 25, 26, 38, 39, 40, 41, 42,
    53, 54, 55, 56, 57, 58, 67, 68, 69, 70, 71, 72, 73, 74, 83, 84, 85, 86, 87, 88, 89, 90, 99, 100, 101, 102, 103, 104, 105, 106,
    115, 116, 117, 118, 119, 120, 121, 122, 130, 131, 132, 133, 134, 135, 136, 137, 138, 146, 147, 148, 149, 150, 151, 152, 153,
    154, 162, 163, 164, 165, 166, 167, 168, 169, 170, 178, 179, 180, 181, 182, 183, 184, 185, 186, 194, 195, 196, 197, 198, 199,
    200, 201, 202, 210, 211, 212, 213, 214, 215, 216, 217, 218, 226, 227, 228, 229, 230, 231, 232, 233, 234, 242, 243, 244, 245,
    246, 247, 248, 249, 250};

constexpr uint8_t kStartOfScan = 0xDA, kHuffmanTables = 0xC4, kRestartInterval = 0xDD, kLosslessFrame = 0xC3;

struct Segment {
  uint8_t marker = 0;
  size_t at = 0, end = 0;   // of its content; end is where the next marker begins
};

// The next marker segment at or after `at`; marker 0 where there is none, or none whole.
Segment next_segment(const Bytes& jpeg, size_t at) {
  while (jpeg.has(at, 2) && jpeg.u8(at) == 0xFF && jpeg.u8(at + 1) == 0xFF) ++at;
  if (!jpeg.has(at, 4) || jpeg.u8(at) != 0xFF) return {};
  const size_t length = jpeg.u16_big(at + 2);
  if (length < 2 || !jpeg.has(at + 2, length)) return {};
  return {jpeg.u8(at + 1), at + 4, at + 2 + length};
}

bool is_frame_header(uint8_t marker) { return marker >= 0xC0 && marker <= 0xCF && marker != kHuffmanTables && marker != 0xC8 && marker != 0xCC; }

struct Headers {
  int width = 0, height = 0;
  uint8_t frame = 0;
  bool has_tables = false, has_colour_marker = false;
};

Headers headers_of(const Bytes& jpeg) {
  Headers headers;
  for (Segment segment = next_segment(jpeg, 2); segment.marker != 0 && segment.marker != kStartOfScan; segment = next_segment(jpeg, segment.end)) {
    headers.has_tables = headers.has_tables || segment.marker == kHuffmanTables;
    headers.has_colour_marker = headers.has_colour_marker || (segment.marker == 0xE0 && jpeg.text(segment.at, 4) == "JFIF") ||
                                (segment.marker == 0xEE && jpeg.text(segment.at, 5) == "Adobe");
    if (is_frame_header(segment.marker)) {
      headers.frame = segment.marker;
      headers.height = jpeg.u16_big(segment.at + 1), headers.width = jpeg.u16_big(segment.at + 3);
    }
  }
  return headers;
}

bool is_possible(int width, int height, int wanted_width, int wanted_height) {
  if (width <= 0 || height <= 0 || width > kLargestFrameSide || height > kLargestFrameSide || int64_t{width} * height > kLargestFramePixels) return false;
  return wanted_width == 0 || (width == wanted_width && height == wanted_height);
}

}  // namespace

bool is_lossless_jpeg(std::span<const uint8_t> jpeg) { return headers_of({jpeg}).frame == kLosslessFrame; }

std::optional<DecodedFrame> decode_jpeg_frame(std::span<const uint8_t> jpeg, int width, int height, bool stored_rgb) {
  if (!is_jpeg(jpeg) || !jpeg_facts(jpeg).whole) return {};
  const Headers headers = headers_of({jpeg});
  if (!is_possible(headers.width, headers.height, width, height)) return {};
  std::vector<uint8_t> completed;
  const bool state_rgb = stored_rgb && !headers.has_colour_marker;
  if (!headers.has_tables || state_rgb) {
    constexpr uint8_t kAdobeRgb[] = {0xFF, 0xEE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0};
    completed.assign(jpeg.begin(), jpeg.begin() + 2);
    if (state_rgb) completed.insert(completed.end(), std::begin(kAdobeRgb), std::end(kAdobeRgb));
    if (!headers.has_tables) completed.insert(completed.end(), std::begin(kUsualTables), std::end(kUsualTables));
    completed.insert(completed.end(), jpeg.begin() + 2, jpeg.end());
    jpeg = completed;
  }
  const auto header = picture_header(jpeg);
  if (!header || header->width != headers.width || header->height != headers.height) return {};
  const auto picture = picture_pixels(jpeg, header->channels == 1 ? 1 : 3);
  if (!picture.pixels || picture.width != headers.width || picture.height != headers.height) return {};
  DecodedFrame frame{.width = picture.width, .height = picture.height, .channels = picture.channels, .wide = {}, .samples = {}};
  frame.samples.assign(picture.pixels.get(), picture.pixels.get() + static_cast<size_t>(frame.width) * static_cast<size_t>(frame.height) * static_cast<size_t>(frame.channels));
  return frame;
}

// ---- lossless -----------------------------------------------------------------------------------------------------------------

namespace {

// Codes of T.81 annex C, decoded a bit at a time (annex F.2.2.3): differences are short.
struct HuffmanTable {
  bool present = false;
  std::array<int32_t, 17> smallest{}, largest{};   // code of each length; largest -1 = none
  std::array<int, 17> first{};                     // index of its value
  std::array<uint8_t, 256> values{};
};

class LosslessDecoder {
 public:
  explicit LosslessDecoder(std::span<const uint8_t> jpeg) : jpeg_{jpeg} {}

  std::optional<DecodedFrame> decode(int wanted_width, int wanted_height) {
    for (Segment segment = next_segment(jpeg_, 2); segment.marker != 0; segment = next_segment(jpeg_, segment.end)) {
      if (segment.marker == kHuffmanTables && !tables(segment)) return {};
      if (segment.marker == kRestartInterval) restart_ = jpeg_.u16_big(segment.at);
      if (is_frame_header(segment.marker) && !(segment.marker == kLosslessFrame && frame_header(segment, wanted_width, wanted_height))) return {};
      if (segment.marker == kStartOfScan) {
        if (!scan_header(segment) || !scan(segment.end)) return {};
        return std::move(frame_);
      }
    }
    return {};
  }

 private:
  bool tables(const Segment& segment) {
    size_t at = segment.at;
    while (at + 17 <= segment.end) {
      const uint8_t id = jpeg_.u8(at);
      if ((id & 0xF0) != 0 || id > 3) return false;
      HuffmanTable& table = tables_[id];
      table.present = true;
      int count = 0;
      int32_t code = 0;
      for (size_t length = 1; length <= 16; ++length) {
        const int here = jpeg_.u8(at + length);
        table.first[length] = count;
        table.smallest[length] = code;
        table.largest[length] = here == 0 ? -1 : code + here - 1;
        if (code + here > 1 << length) return false;
        code = (code + here) << 1;
        count += here;
      }
      if (count > 256 || at + 17 + static_cast<size_t>(count) > segment.end) return false;
      for (int i = 0; i < count; ++i) table.values[static_cast<size_t>(i)] = jpeg_.u8(at + 17 + static_cast<size_t>(i));
      at += 17 + static_cast<size_t>(count);
    }
    return true;
  }

  bool frame_header(const Segment& segment, int wanted_width, int wanted_height) {
    frame_.bits = jpeg_.u8(segment.at);
    frame_.height = jpeg_.u16_big(segment.at + 1), frame_.width = jpeg_.u16_big(segment.at + 3);
    frame_.channels = jpeg_.u8(segment.at + 5);
    frame_.is_rgb = true;
    if (frame_.bits < 2 || frame_.bits > 16 || (frame_.channels != 1 && frame_.channels != 3)) return false;
    if (!is_possible(frame_.width, frame_.height, wanted_width, wanted_height)) return false;
    for (size_t c = 0; c < static_cast<size_t>(frame_.channels); ++c) {
      components_[c] = jpeg_.u8(segment.at + 6 + 3 * c);
      if (jpeg_.u8(segment.at + 7 + 3 * c) != 0x11) return false;   // subsampled
    }
    return true;
  }

  bool scan_header(const Segment& segment) {
    const int count = jpeg_.u8(segment.at);
    if (frame_.width == 0 || count != frame_.channels) return false;   // components one after the other: nobody writes that
    for (size_t c = 0; c < static_cast<size_t>(count); ++c) {
      if (jpeg_.u8(segment.at + 1 + 2 * c) != components_[c]) return false;
      table_of_[c] = jpeg_.u8(segment.at + 2 + 2 * c) >> 4;
      if (table_of_[c] > 3 || !tables_[table_of_[c]].present) return false;
    }
    const size_t rest = segment.at + 1 + 2 * static_cast<size_t>(count);
    predictor_ = jpeg_.u8(rest);
    shift_ = jpeg_.u8(rest + 2) & 15;
    return predictor_ >= 1 && predictor_ <= 7 && shift_ < frame_.bits;
  }

  int bit() {
    if (bits_left_ == 0) {
      if (at_ >= jpeg_.size()) return -1;
      byte_ = jpeg_.u8(at_);
      if (byte_ == 0xFF) {
        if (jpeg_.u8(at_ + 1) != 0) return -1;   // a marker: the data ends
        ++at_;
      }
      ++at_;
      bits_left_ = 8;
    }
    return byte_ >> --bits_left_ & 1;
  }

  // The difference to the prediction (annex H.1.2.2), or nothing where the data ends.
  bool difference(const HuffmanTable& table, int& value) {
    int32_t code = 0;
    for (size_t length = 1; length <= 16; ++length) {
      const int next = bit();
      if (next < 0) return false;
      code = code << 1 | next;
      if (table.largest[length] < 0 || code > table.largest[length]) continue;
      const int category = table.values[static_cast<size_t>(table.first[length] + code - table.smallest[length]) & 255];
      if (category > 16) return false;
      if (category == 16) {
        value = 32768;
        return true;
      }
      int bits = 0;
      for (int i = 0; i < category; ++i) {
        const int low = bit();
        if (low < 0) return false;
        bits = bits << 1 | low;
      }
      value = category == 0 || bits >> (category - 1) ? bits : bits - (1 << category) + 1;
      return true;
    }
    return false;
  }

  bool scan(size_t start) {
    at_ = start;
    const auto width = static_cast<size_t>(frame_.width), height = static_cast<size_t>(frame_.height), channels = static_cast<size_t>(frame_.channels);
    // Each sample takes a bit or more; what claims more is not a picture.
    if (width * height * channels > (jpeg_.size() - std::min(start, jpeg_.size())) * 8) return false;
    const size_t row = width * channels;
    frame_.wide.assign(row * height, 0);
    uint16_t* const samples = frame_.wide.data();
    const int initial = 1 << (frame_.bits - shift_ - 1);
    size_t until_restart = restart_;
    bool fresh = true;   // at the start and after a restart, prediction begins anew
    size_t fresh_row = 0;
    for (size_t y = 0; y < height; ++y) {
      for (size_t x = 0; x < width; ++x) {
        if (restart_ != 0 && until_restart == 0) {
          bits_left_ = 0;
          if (jpeg_.u8(at_) != 0xFF || jpeg_.u8(at_ + 1) < 0xD0 || jpeg_.u8(at_ + 1) > 0xD7) return false;
          at_ += 2;
          until_restart = restart_;
          fresh = true;
          fresh_row = y;
        }
        --until_restart;
        for (size_t c = 0; c < channels; ++c) {
          uint16_t* here = samples + y * row + x * channels + c;
          int predicted;
          if (fresh) predicted = initial;
          else if (y == fresh_row) predicted = here[-static_cast<ptrdiff_t>(channels)];
          else if (x == 0) predicted = here[-static_cast<ptrdiff_t>(row)];
          else predicted = prediction(here[-static_cast<ptrdiff_t>(channels)], here[-static_cast<ptrdiff_t>(row)], here[-static_cast<ptrdiff_t>(row + channels)]);
          int change;
          if (!difference(tables_[table_of_[c]], change)) return false;
          *here = static_cast<uint16_t>(predicted + change);
        }
        fresh = false;
      }
    }
    if (shift_ > 0)
      for (auto& sample : frame_.wide) sample = static_cast<uint16_t>(sample << shift_);
    if (frame_.bits <= 8) {
      frame_.samples.assign(frame_.wide.begin(), frame_.wide.end());
      frame_.wide.clear();
    }
    return true;
  }

  int prediction(int left, int above, int corner) const {   // table H.1
    switch (predictor_) {
      case 1: return left;
      case 2: return above;
      case 3: return corner;
      case 4: return left + above - corner;
      case 5: return left + ((above - corner) >> 1);
      case 6: return above + ((left - corner) >> 1);
      default: return (left + above) / 2;
    }
  }

  Bytes jpeg_;
  DecodedFrame frame_;
  std::array<HuffmanTable, 4> tables_;
  std::array<uint8_t, 3> components_{}, table_of_{};
  int predictor_ = 1, shift_ = 0;
  size_t restart_ = 0, at_ = 0;
  uint8_t byte_ = 0;
  int bits_left_ = 0;
};

}  // namespace

std::optional<DecodedFrame> decode_lossless_jpeg(std::span<const uint8_t> jpeg, int width, int height) {
  if (!is_jpeg(jpeg)) return {};
  return LosslessDecoder(jpeg).decode(width, height);
}

}  // namespace precordia
