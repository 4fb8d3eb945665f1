// A still image in memory, upright: what every step of the paper room works on.
#pragma once

#include <cstdint>
#include <vector>

namespace precordia {

struct RgbImage {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;   // row-major, 3 bytes a pixel
};

// A point of an image in pixels. The centre of the first pixel is (0, 0); y grows downwards.
struct ImagePoint {
  double x = 0, y = 0;
};

}  // namespace precordia
