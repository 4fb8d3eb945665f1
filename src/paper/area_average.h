// A picture made smaller: every pixel of the result is the mean of the part of the source that it covers.
#pragma once

#include <cstdint>

#include "paper/image.h"

namespace precordia {

// `pixels`: width x height of `channels` bytes, 3 (RGB) or 4 (RGBA, laid on white). 1 <= to_width <= width, 1 <= to_height <= height.
RgbImage area_average(const uint8_t* pixels, int width, int height, int channels, int to_width, int to_height);

// One pixel of 3 or 4 bytes as RGB on white.
inline void put_on_white(const uint8_t* from, int channels, uint8_t* to) {
  const unsigned alpha = channels == 4 ? from[3] : 255;
  for (int c = 0; c < 3; ++c) to[c] = channels == 3 ? from[c] : static_cast<uint8_t>((from[c] * alpha + 255 * (255 - alpha) + 127) / 255);
}

}  // namespace precordia
