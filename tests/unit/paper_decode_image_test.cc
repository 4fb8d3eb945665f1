#include <cstdlib>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "paper/decode_image.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

namespace precordia {
namespace {

using Bytes = std::vector<uint8_t>;

void append(void* to, void* data, int size) {
  auto& bytes = *static_cast<Bytes*>(to);
  bytes.insert(bytes.end(), static_cast<uint8_t*>(data), static_cast<uint8_t*>(data) + size);
}

// Four quarters of different colours, so that every turn and mirror image can be told apart: red, green / blue, white.
constexpr int kWide = 800, kHigh = 500;
constexpr uint8_t kQuarters[4][3] = {{220, 20, 20}, {20, 200, 20}, {20, 20, 230}, {250, 250, 250}};

std::vector<uint8_t> quarters(int width, int height, int channels) {
  std::vector<uint8_t> pixels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c) pixels.push_back(c == 3 ? 255 : kQuarters[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)][c]);
  return pixels;
}

Bytes png(int width, int height, const std::vector<uint8_t>& pixels, int channels) {
  Bytes bytes;
  stbi_write_png_to_func(append, &bytes, width, height, channels, pixels.data(), width * channels);
  return bytes;
}
Bytes bmp(int width, int height) {
  Bytes bytes;
  stbi_write_bmp_to_func(append, &bytes, width, height, 3, quarters(width, height, 3).data());
  return bytes;
}
Bytes jpeg(int width, int height, int orientation = 0) {
  Bytes bytes;
  stbi_write_jpg_to_func(append, &bytes, width, height, 3, quarters(width, height, 3).data(), 95);
  if (orientation > 0) {
    // An EXIF block with one entry: the orientation, a short (type 3), little-endian.
    const auto value = static_cast<uint8_t>(orientation);
    const Bytes exif = {0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, value, 0, 0, 0, 0, 0, 0, 0};
    bytes.insert(bytes.begin() + 2, exif.begin(), exif.end());
  }
  return bytes;
}

// Which of the four quarters lies at a place given as parts of the width and height; -1 for none.
int quarter_at(const RgbImage& image, double x, double y) {
  const size_t at = (static_cast<size_t>(y * image.height) * static_cast<size_t>(image.width) + static_cast<size_t>(x * image.width)) * 3;
  for (int q = 0; q < 4; ++q) {
    bool same = true;
    for (int c = 0; c < 3; ++c) same = same && std::abs(image.rgb[at + static_cast<size_t>(c)] - kQuarters[q][c]) < 12;
    if (same) return q;
  }
  return -1;
}
std::string seen(const RgbImage& image) {
  std::string out;
  for (const double y : {0.25, 0.75})
    for (const double x : {0.25, 0.75}) out += std::to_string(quarter_at(image, x, y));
  return out;
}

}  // namespace

TEST_CASE("PNG, BMP and JPEG pictures decode to the pixels that were written") {
  for (const Bytes& file : {png(kWide, kHigh, quarters(kWide, kHigh, 3), 3), bmp(kWide, kHigh), jpeg(kWide, kHigh)}) {
    CHECK(looks_like_image(file));
    const auto image = decode_image(file);
    REQUIRE(image.has_value());
    CHECK(image->width == kWide);
    CHECK(image->height == kHigh);
    CHECK(image->rgb.size() == static_cast<size_t>(kWide * kHigh * 3));
    CHECK(seen(*image) == "0123");
  }
}

TEST_CASE("a photo is turned upright as its EXIF orientation says") {
  // Quarters at top left, top right, bottom left, bottom right once the stored picture is shown as the tag asks (CIPA DC-008).
  const char* const expected[] = {"", "0123", "1032", "3210", "2301", "0213", "2031", "3120", "1302"};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CAPTURE(orientation);
    const auto image = decode_image(jpeg(kWide, kHigh, orientation));
    REQUIRE(image.has_value());
    CHECK(image->width == (orientation < 5 ? kWide : kHigh));
    CHECK(seen(*image) == expected[orientation]);
  }
}

TEST_CASE("an orientation that is none leaves the photo as it is stored") {
  const auto image = decode_image(jpeg(kWide, kHigh, 200));
  REQUIRE(image.has_value());
  CHECK(seen(*image) == "0123");
}

TEST_CASE("what is transparent is white paper, not black ink") {
  auto pixels = quarters(kWide, kHigh, 4);
  for (size_t i = 0; i < pixels.size() / 2; i += 4) pixels[i + 3] = 0;
  const auto image = decode_image(png(kWide, kHigh, pixels, 4));
  REQUIRE(image.has_value());
  CHECK(seen(*image) == "3323");
}

TEST_CASE("a picture that ends early is refused instead of being read as half a page") {
  for (Bytes file : {png(kWide, kHigh, quarters(kWide, kHigh, 3), 3), bmp(kWide, kHigh), jpeg(kWide, kHigh)}) {
    file.resize(file.size() * 2 / 3);
    const auto image = decode_image(file);
    REQUIRE_FALSE(image.has_value());
    CHECK(image.error().code == ErrorCode::kDamaged);
  }
}

TEST_CASE("pictures too small to read and pictures over the limit are refused with their size") {
  const auto small = decode_image(png(400, 300, quarters(400, 300, 3), 3));
  REQUIRE_FALSE(small.has_value());
  CHECK(small.error().code == ErrorCode::kUnusable);
  CHECK(small.error().message.find("400 by 300") != std::string::npos);
  // Only the header counts: nothing of the announced size is allocated.
  Bytes claims = png(kWide, kHigh, quarters(kWide, kHigh, 3), 3);
  claims[18] = 0x75;   // width 30,000 of the IHDR chunk
  claims[19] = 0x30;
  claims[22] = 0x75;
  claims[23] = 0x30;
  const auto large = decode_image(claims);
  REQUIRE_FALSE(large.has_value());
  CHECK(large.error().code == ErrorCode::kTooLarge);
}

TEST_CASE("a picture over the working size is averaged down and keeps its content and shape") {
  const int width = 6000, height = 4000;
  const auto image = decode_image(png(width, height, quarters(width, height, 3), 3));
  REQUIRE(image.has_value());
  CHECK(static_cast<double>(image->width) * image->height <= kWorkingImagePixels);
  CHECK(static_cast<double>(image->width) * image->height > 0.98 * kWorkingImagePixels);
  CHECK(static_cast<double>(image->width) / image->height == doctest::Approx(1.5).epsilon(0.002));
  CHECK(seen(*image) == "0123");
}

TEST_CASE("pixels from the browser's decoder go the same way, and a wrong count is refused") {
  const auto image = image_from_pixels(kWide, kHigh, 4, quarters(kWide, kHigh, 4));
  REQUIRE(image.has_value());
  CHECK(seen(*image) == "0123");
  CHECK_FALSE(image_from_pixels(kWide, kHigh + 1, 4, quarters(kWide, kHigh, 4)).has_value());
  CHECK_FALSE(image_from_pixels(-1, -1, 4, {}).has_value());
}

TEST_CASE("files that are no picture are told apart, and damaged ones never crash the decoder") {
  CHECK_FALSE(looks_like_image({}));
  const std::string text = "BM is how this letter begins, and it is no bitmap at all.";
  CHECK_FALSE(looks_like_image(Bytes(text.begin(), text.end())));
  CHECK(decode_image(Bytes(text.begin(), text.end())).error().code == ErrorCode::kNotRecognised);
  CHECK(decode_image({}).error().code == ErrorCode::kEmptyInput);
  unsigned seed = 7;
  for (const Bytes& file : {png(kWide, kHigh, quarters(kWide, kHigh, 3), 3), bmp(kWide, kHigh), jpeg(kWide, kHigh, 6)}) {
    for (int i = 0; i < 60; ++i) {
      Bytes broken = file;
      for (int k = 0; k < 4; ++k) {
        seed = seed * 1664525u + 1013904223u;
        const size_t at = (seed >> 8) % (k < 2 ? std::min<size_t>(broken.size(), 700) : broken.size());
        broken[at] = static_cast<uint8_t>(seed >> 24);
      }
      const auto image = decode_image(broken);
      if (image) CHECK(image->rgb.size() == static_cast<size_t>(image->width) * static_cast<size_t>(image->height) * 3);
    }
  }
}

}  // namespace precordia
