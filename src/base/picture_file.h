// Picture files as stb_image decodes them, within a memory budget: the one place that compiles it. What may be done with a picture
// is for the rooms that want one (paper/decode_image.h, echo/clip_pictures.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace precordia {

inline constexpr int kLargestPictureSide = 32767;

// By the first bytes only.
bool is_jpeg(std::span<const uint8_t> bytes);
bool is_png(std::span<const uint8_t> bytes);
bool is_gif(std::span<const uint8_t> bytes);
bool is_bmp(std::span<const uint8_t> bytes);

// Whether the rows of an uncompressed BMP are all there; stb_image reads what is missing as black.
bool bmp_is_whole(std::span<const uint8_t> bytes);

struct JpegFacts {
  int orientation = 1;   // of its EXIF block, 1 to 8 (CIPA DC-008, tag 0x0112)
  bool whole = false;    // it has an end-of-image marker after a scan; stb_image reads what is missing as grey
};
JpegFacts jpeg_facts(std::span<const uint8_t> bytes);

struct PictureHeader {
  int width = 0, height = 0;
  int channels = 0;      // as stored: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha
};
// Reads the header alone. nullopt = picture_refusal() says why.
std::optional<PictureHeader> picture_header(std::span<const uint8_t> bytes);

struct PicturePixels {
  int width = 0, height = 0, channels = 0;
  std::unique_ptr<uint8_t, void (*)(void*)> pixels;   // row after row; null = picture_refusal() says why
};
// Decodes the (first) picture of a JPEG, PNG, BMP or GIF file to 1 to 4 `channels`. Its size is the caller's to check beforehand.
PicturePixels picture_pixels(std::span<const uint8_t> bytes, int channels);

// stb_image's word for the last refusal; "outofmem" where the budget was spent.
std::string_view picture_refusal();

}  // namespace precordia
