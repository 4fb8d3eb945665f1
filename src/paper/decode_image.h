// Bytes of a picture file to pixels: JPEG, PNG, BMP and GIF by stb_image, so that browser and command line see the same ones.
#pragma once

#include <cstdint>
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
// (under kSmallestImagePixels).
Result<RgbImage> decode_image(std::span<const uint8_t> bytes);

// The same end for pixels that another decoder made (the browser's, for WebP and HEIC): `rgba` has four bytes a pixel, row after row.
Result<RgbImage> image_from_rgba(int width, int height, std::span<const uint8_t> rgba);

}  // namespace precordia
