// Bytes of a picture file to pixels: JPEG, PNG, BMP and GIF by stb_image, so that browser and command line see the same ones.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "paper/image.h"

namespace precordia {

inline constexpr double kSmallestImagePixels = 0.18e6, kLargestImagePixels = 50e6;
// A larger picture is averaged down to this many pixels: an A4 page at about 420 dots per inch, past which no trace gets finer.
inline constexpr double kWorkingImagePixels = 16e6;

// By the first bytes only: a JPEG, PNG, BMP or GIF file.
bool looks_like_image(std::span<const uint8_t> bytes);

// Decodes the first picture of the file, turns it upright as its EXIF orientation says (CIPA DC-008, tag 0x0112), lays a transparent
// one on white and averages what is over kWorkingImagePixels. Errors: kEmptyInput, kNotRecognised, kDamaged (a file that ends early
// included: half a page must not look like a whole one), kTooLarge (over kLargestImagePixels, or over the decoder's memory), kUnusable
// (under kSmallestImagePixels). With `orientation` (1 to 8, in EXIF's words) the file's own does not count: a PDF says how it shows a picture.
Result<RgbImage> decode_image(std::span<const uint8_t> bytes, std::optional<int> orientation = {});

// The same end for pixels that another decoder made (the browser's, for WebP and HEIC; a PDF's): `channels` bytes each, 3 (RGB) or 4 (RGBA),
// row after row.
Result<RgbImage> image_from_pixels(int width, int height, int channels, std::span<const uint8_t> pixels, int orientation = 1);

}  // namespace precordia
