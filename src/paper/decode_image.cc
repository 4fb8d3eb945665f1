#include "paper/decode_image.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "base/picture_file.h"
#include "base/text.h"
#include "paper/area_average.h"

namespace precordia {
namespace {

using Bytes = std::span<const uint8_t>;

uint32_t big(Bytes bytes, size_t at) {
  return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 | uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
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

RgbImage upright(const Raster& raster, int orientation) {
  const Turn turn = kTurns[orientation];
  RgbImage out;
  out.width = turn.swapped ? raster.height : raster.width;
  out.height = turn.swapped ? raster.width : raster.height;
  if (orientation == 1 && raster.channels == 3) {
    out.rgb.assign(raster.pixels, raster.pixels + static_cast<size_t>(out.width) * static_cast<size_t>(out.height) * 3);
    return out;
  }
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
  const double factor = std::sqrt(kWorkingImagePixels / pixels);
  const RgbImage smaller = area_average(raster.pixels, raster.width, raster.height, raster.channels, std::clamp(static_cast<int>(raster.width * factor), 1, raster.width),
                                        std::clamp(static_cast<int>(raster.height * factor), 1, raster.height));
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
  const std::string_view reason = picture_refusal();
  if (reason == "outofmem")
    return {ErrorCode::kTooLarge, "This picture needs more memory to open than there is; save it smaller and open it again.", ""};
  return cut_short(std::string(reason));
}

}  // namespace

bool looks_like_image(Bytes bytes) { return is_jpeg(bytes) || is_png(bytes) || is_gif(bytes) || is_bmp(bytes); }

Result<RgbImage> decode_image(Bytes bytes, std::optional<int> orientation) {
  if (bytes.empty()) return fail(ErrorCode::kEmptyInput, "The picture's file is empty; copy it again.");
  if (!looks_like_image(bytes))
    return fail(ErrorCode::kNotRecognised, "This is no JPEG, PNG, BMP or GIF picture; save the picture as one of these and open it again.");
  if (is_png(bytes) && bytes.size() >= 24) {   // stb_image has one word for damaged and for too large
    if (auto fits = check_size(big(bytes, 16), big(bytes, 20)); !fits) return std::unexpected(fits.error());
  }
  const auto header = picture_header(bytes);
  if (!header) return std::unexpected(refusal());
  if (auto fits = check_size(header->width, header->height); !fits) return std::unexpected(fits.error());
  JpegFacts jpeg;
  if (is_jpeg(bytes)) {
    jpeg = jpeg_facts(bytes);
    if (!jpeg.whole) return std::unexpected(cut_short());
  }
  if (is_bmp(bytes) && !bmp_is_whole(bytes)) return std::unexpected(cut_short());

  const bool transparent = header->channels == 2 || header->channels == 4;
  const auto picture = picture_pixels(bytes, transparent ? 4 : 3);
  if (!picture.pixels) return std::unexpected(refusal());
  if (picture.width != header->width || picture.height != header->height) return std::unexpected(cut_short());
  return working_image({picture.width, picture.height, picture.channels, picture.pixels.get()}, orientation.value_or(jpeg.orientation));
}

Result<RgbImage> image_from_pixels(int width, int height, int channels, Bytes pixels, int orientation) {
  if (width <= 0 || height <= 0 || (channels != 3 && channels != 4) || orientation < 1 || orientation > 8 ||
      static_cast<uint64_t>(width) * static_cast<uint64_t>(height) * static_cast<uint64_t>(channels) != pixels.size())
    return fail(ErrorCode::kWrongUsage, "The size of the picture does not fit its pixels.");
  if (auto fits = check_size(width, height); !fits) return std::unexpected(fits.error());
  return working_image({width, height, channels, pixels.data()}, orientation);
}

}  // namespace precordia
