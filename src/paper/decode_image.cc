#include "paper/decode_image.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"

// ---- stb_image, compiled here and nowhere else, within a budget ----------------------------------------------------------------

namespace {

// What the decoder may hold at one time. A 50-megapixel JPEG takes 225 MB, a PNG of that size 300 MB; a file that claims little and
// unfolds to more is refused by its first request over this.
constexpr size_t kDecoderBudgetBytes = 320u << 20;
constexpr size_t kHeaderBytes = 16;   // keeps what follows aligned

size_t decoder_bytes = 0;   // the engine has one thread

void* budgeted_alloc(size_t size) {
  if (size > kDecoderBudgetBytes - decoder_bytes) return nullptr;
  auto* block = static_cast<uint8_t*>(std::malloc(size + kHeaderBytes));
  if (!block) return nullptr;
  std::memcpy(block, &size, sizeof size);
  decoder_bytes += size;
  return block + kHeaderBytes;
}

void budgeted_free(void* pointer) {
  if (!pointer) return;
  uint8_t* block = static_cast<uint8_t*>(pointer) - kHeaderBytes;
  size_t size;
  std::memcpy(&size, block, sizeof size);
  decoder_bytes -= size;
  std::free(block);
}

void* budgeted_realloc(void* pointer, size_t old_size, size_t size) {
  void* moved = budgeted_alloc(size);
  if (!moved) return nullptr;
  if (pointer) std::memcpy(moved, pointer, std::min(old_size, size));
  budgeted_free(pointer);
  return moved;
}

}  // namespace

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_ONLY_GIF
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_NO_THREAD_LOCALS
#define STBI_MAX_DIMENSIONS 32767
#define STBI_MALLOC(size) budgeted_alloc(size)
#define STBI_REALLOC_SIZED(pointer, old_size, size) budgeted_realloc(pointer, old_size, size)
#define STBI_FREE(pointer) budgeted_free(pointer)
#include <stb/stb_image.h>

namespace precordia {
namespace {

using namespace std::string_view_literals;
using Bytes = std::span<const uint8_t>;

bool begins_with(Bytes bytes, std::string_view signature) {
  return bytes.size() >= signature.size() && std::equal(signature.begin(), signature.end(), bytes.begin(),
                                                        [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

bool is_jpeg(Bytes bytes) { return begins_with(bytes, "\xFF\xD8\xFF"sv); }
bool is_png(Bytes bytes) { return begins_with(bytes, "\x89PNG\r\n\x1A\n"sv); }
bool is_gif(Bytes bytes) { return begins_with(bytes, "GIF87a"sv) || begins_with(bytes, "GIF89a"sv); }

uint32_t little(Bytes bytes, size_t at, int count) {
  uint32_t value = 0;
  for (int i = count - 1; i >= 0; --i) value = value << 8 | bytes[at + static_cast<size_t>(i)];
  return value;
}

uint32_t big(Bytes bytes, size_t at) {
  return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 | uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

// "BM" alone begins many a text: the size of the second header tells.
bool is_bmp(Bytes bytes) {
  if (!begins_with(bytes, "BM"sv) || bytes.size() < 26) return false;
  const uint32_t header = little(bytes, 14, 4);
  return header == 12 || header == 40 || header == 52 || header == 56 || header == 108 || header == 124;
}

// Whether the rows of an uncompressed BMP are all there; stb_image reads what is missing as black.
bool bmp_is_whole(Bytes bytes) {
  const uint32_t offset = little(bytes, 10, 4), header = little(bytes, 14, 4);
  if (header == 12 || bytes.size() < 54) return true;   // the OS/2 kind: rare, small
  const auto width = static_cast<int32_t>(little(bytes, 18, 4)), height = static_cast<int32_t>(little(bytes, 22, 4));
  const uint64_t bits = little(bytes, 28, 2), wide = static_cast<uint64_t>(std::abs(static_cast<int64_t>(width)));
  const uint64_t high = static_cast<uint64_t>(std::abs(static_cast<int64_t>(height)));
  if (little(bytes, 30, 4) != 0 || wide > STBI_MAX_DIMENSIONS || high > STBI_MAX_DIMENSIONS) return true;
  return offset + (wide * bits + 31) / 32 * 4 * high <= bytes.size();
}

// ---- JPEG's markers: the orientation, and whether the picture ends where it should (ITU-T T.81, annex B) -----------------------

// The orientation, 1..8, of an EXIF block: a TIFF structure whose first directory has the tag 0x0112 as a short.
int exif_orientation(Bytes tiff) {
  if (tiff.size() < 14) return 1;
  const bool big = tiff[0] == 'M';
  const auto number = [&](size_t at, int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 8 | tiff[at + static_cast<size_t>(big ? i : count - 1 - i)];
    return value;
  };
  const size_t directory = number(4, 4);
  if (directory > tiff.size() - 2) return 1;
  const size_t entries = number(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.size()) return 1;
    if (number(entry, 2) != 0x0112) continue;
    const uint32_t value = number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

struct JpegFacts {
  int orientation = 1;
  bool whole = false;   // it has an end-of-image marker after a scan
};

JpegFacts jpeg_facts(Bytes bytes) {
  JpegFacts facts;
  bool scanned = false;
  size_t at = 2;
  while (at + 1 < bytes.size()) {
    if (bytes[at] != 0xFF) {   // inside a scan's data
      const void* next = std::memchr(&bytes[at], 0xFF, bytes.size() - at);
      if (!next) return facts;
      at = static_cast<size_t>(static_cast<const uint8_t*>(next) - bytes.data());
      continue;
    }
    const uint8_t marker = bytes[at + 1];
    if (marker == 0xFF) {   // padding
      ++at;
      continue;
    }
    if (marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= 0xD8)) {
      at += 2;
      continue;
    }
    if (marker == 0xD9) {
      facts.whole = scanned;
      return facts;
    }
    if (at + 4 > bytes.size()) return facts;
    const size_t length = static_cast<size_t>(bytes[at + 2]) << 8 | bytes[at + 3];
    if (length < 2 || at + 2 + length > bytes.size()) return facts;
    const Bytes content = bytes.subspan(at + 4, length - 2);
    if (marker == 0xE1 && begins_with(content, "Exif\0\0"sv)) facts.orientation = exif_orientation(content.subspan(6));
    scanned = scanned || marker == 0xDA;
    at += 2 + length;
  }
  return facts;
}

// ---- pixels -----------------------------------------------------------------------------------------------------------------

// Where a picture's pixels are before they are upright: `channels` bytes each, 3 or 4.
struct Raster {
  int width, height, channels;
  const uint8_t* pixels;
};

// EXIF orientation as a map from upright to stored coordinates.
struct Turn {
  bool swapped, mirror_x, mirror_y;   // of the stored picture
};
constexpr Turn kTurns[9] = {{}, {false, false, false}, {false, true, false}, {false, true, true}, {false, false, true},
                            {true, false, false}, {true, false, true}, {true, true, true}, {true, true, false}};

void put_on_white(const uint8_t* from, int channels, uint8_t* to) {
  const unsigned alpha = channels == 4 ? from[3] : 255;
  for (int c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>((from[c] * alpha + 255 * (255 - alpha) + 127) / 255);
}

// Area averages: each pixel of the result is the mean of the part of the source that it covers.
RgbImage averaged(const Raster& raster, double factor) {
  RgbImage out;
  out.width = std::clamp(static_cast<int>(raster.width * factor), 1, raster.width);
  out.height = std::clamp(static_cast<int>(raster.height * factor), 1, raster.height);
  out.rgb.resize(static_cast<size_t>(out.width) * static_cast<size_t>(out.height) * 3);
  const double step_x = static_cast<double>(raster.width) / out.width, step_y = static_cast<double>(raster.height) / out.height;
  struct Part {
    int from, to;         // source pixels
    float first, last;    // how much of the first and of the last counts
  };
  const auto part = [](int i, double step, int most) {
    const double low = i * step, high = std::min<double>((i + 1) * step, most);
    Part p{static_cast<int>(low), static_cast<int>(std::ceil(high - 1e-9)), 1, 1};
    p.first = static_cast<float>(p.from + 1 - low);
    p.last = static_cast<float>(high - (p.to - 1));
    if (p.to - p.from == 1) p.first = static_cast<float>(high - low);
    return p;
  };
  std::vector<Part> columns;
  for (int x = 0; x < out.width; ++x) columns.push_back(part(x, step_x, raster.width));
  std::vector<float> row(static_cast<size_t>(out.width) * 3);
  for (int y = 0; y < out.height; ++y) {
    std::fill(row.begin(), row.end(), 0.0f);
    const Part rows = part(y, step_y, raster.height);
    for (int sy = rows.from; sy < rows.to; ++sy) {
      const float weight_y = sy == rows.from ? rows.first : sy == rows.to - 1 ? rows.last : 1;
      const uint8_t* line = raster.pixels + static_cast<size_t>(sy) * static_cast<size_t>(raster.width * raster.channels);
      for (int x = 0; x < out.width; ++x) {
        const Part& p = columns[static_cast<size_t>(x)];
        for (int sx = p.from; sx < p.to; ++sx) {
          const float weight = weight_y * (sx == p.from ? p.first : sx == p.to - 1 ? p.last : 1);
          uint8_t rgb[3];
          put_on_white(line + sx * raster.channels, raster.channels, rgb);
          for (int c = 0; c < 3; ++c) row[static_cast<size_t>(3 * x + c)] += weight * rgb[c];
        }
      }
    }
    const float scale = static_cast<float>(1 / (step_x * step_y));
    for (size_t i = 0; i < row.size(); ++i)
      out.rgb[static_cast<size_t>(y) * row.size() + i] = static_cast<uint8_t>(std::clamp(row[i] * scale + 0.5f, 0.0f, 255.0f));
  }
  return out;
}

RgbImage upright(const Raster& raster, int orientation) {
  const Turn turn = kTurns[orientation];
  RgbImage out;
  out.width = turn.swapped ? raster.height : raster.width;
  out.height = turn.swapped ? raster.width : raster.height;
  out.rgb.resize(static_cast<size_t>(out.width) * static_cast<size_t>(out.height) * 3);
  // Walked in blocks, or a quarter turn would miss the cache at every pixel.
  constexpr int kBlock = 64;
  for (int top = 0; top < out.height; top += kBlock) {
    for (int left = 0; left < out.width; left += kBlock) {
      for (int y = top; y < std::min(top + kBlock, out.height); ++y) {
        uint8_t* to = &out.rgb[(static_cast<size_t>(y) * static_cast<size_t>(out.width) + static_cast<size_t>(left)) * 3];
        for (int x = left; x < std::min(left + kBlock, out.width); ++x, to += 3) {
          int sx = turn.swapped ? y : x, sy = turn.swapped ? x : y;
          if (turn.mirror_x) sx = raster.width - 1 - sx;
          if (turn.mirror_y) sy = raster.height - 1 - sy;
          put_on_white(raster.pixels + (static_cast<size_t>(sy) * static_cast<size_t>(raster.width) + static_cast<size_t>(sx)) *
                                           static_cast<size_t>(raster.channels),
                       raster.channels, to);
        }
      }
    }
  }
  return out;
}

RgbImage working_image(const Raster& raster, int orientation) {
  if (raster.width <= 0 || raster.height <= 0) return {};
  const double pixels = static_cast<double>(raster.width) * raster.height;
  if (pixels <= kWorkingImagePixels) return upright(raster, orientation);
  const RgbImage smaller = averaged(raster, std::sqrt(kWorkingImagePixels / pixels));
  if (orientation == 1) return smaller;
  return upright({smaller.width, smaller.height, 3, smaller.rgb.data()}, orientation);
}

Result<void> check_size(double width, double height) {
  const double pixels = width * height;
  if (pixels > kLargestImagePixels)
    return fail(ErrorCode::kTooLarge, format_text("This picture has %.0f megapixels; save it with at most %.0f and open it again.", pixels / 1e6,
                                                  kLargestImagePixels / 1e6));
  if (pixels < kSmallestImagePixels)
    return fail(ErrorCode::kUnusable, format_text("This picture has only %.0f by %.0f pixels, too few to read an ECG from; photograph the page from "
                                                  "closer, or scan it at 150 dots per inch or more.", width, height));
  return {};
}

Error cut_short(std::string detail = {}) {
  return {ErrorCode::kDamaged, "This picture is damaged or was not copied to its end; copy it again, or photograph the page again.",
          std::move(detail)};
}

// What stb_image refused, in our words.
Error refusal() {
  const std::string_view reason = stbi_failure_reason() ? stbi_failure_reason() : "";
  if (reason == "outofmem")
    return {ErrorCode::kTooLarge, "This picture needs more memory to open than there is; save it smaller and open it again.", ""};
  return cut_short(std::string(reason));
}

}  // namespace

bool looks_like_image(Bytes bytes) { return is_jpeg(bytes) || is_png(bytes) || is_gif(bytes) || is_bmp(bytes); }

Result<RgbImage> decode_image(Bytes bytes) {
  if (bytes.empty()) return fail(ErrorCode::kEmptyInput, "The picture's file is empty; copy it again.");
  if (!looks_like_image(bytes))
    return fail(ErrorCode::kNotRecognised, "This is no JPEG, PNG, BMP or GIF picture; save the picture as one of these and open it again.");
  const int length = static_cast<int>(std::min<size_t>(bytes.size(), INT32_MAX));
  int width = 0, height = 0, stored = 0;
  if (is_png(bytes) && bytes.size() >= 24) {   // stb_image has one word for damaged and for too large
    if (auto fits = check_size(big(bytes, 16), big(bytes, 20)); !fits) return std::unexpected(fits.error());
  }
  if (!stbi_info_from_memory(bytes.data(), length, &width, &height, &stored)) return std::unexpected(refusal());
  if (auto fits = check_size(width, height); !fits) return std::unexpected(fits.error());
  JpegFacts jpeg;
  if (is_jpeg(bytes)) {
    jpeg = jpeg_facts(bytes);
    if (!jpeg.whole) return std::unexpected(cut_short());
  }
  if (is_bmp(bytes) && !bmp_is_whole(bytes)) return std::unexpected(cut_short());

  const bool transparent = stored == 2 || stored == 4;
  const Raster raster_shape{width, height, transparent ? 4 : 3, nullptr};
  const std::unique_ptr<uint8_t, void (*)(void*)> pixels(
      stbi_load_from_memory(bytes.data(), length, &width, &height, &stored, raster_shape.channels), stbi_image_free);
  if (!pixels) return std::unexpected(refusal());
  if (width != raster_shape.width || height != raster_shape.height) return std::unexpected(cut_short());
  return working_image({width, height, raster_shape.channels, pixels.get()}, jpeg.orientation);
}

Result<RgbImage> image_from_rgba(int width, int height, Bytes rgba) {
  if (width <= 0 || height <= 0 || static_cast<uint64_t>(width) * static_cast<uint64_t>(height) * 4 != rgba.size())
    return fail(ErrorCode::kWrongUsage, "The size of the picture does not fit its pixels.");
  if (auto fits = check_size(width, height); !fits) return std::unexpected(fits.error());
  return working_image({width, height, 4, rgba.data()}, 1);
}

}  // namespace precordia
