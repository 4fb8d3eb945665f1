// A colour picture in memory: what a decoder or a camera hands to the digitiser.
#pragma once

#include <cstdint>
#include <vector>

namespace precordia {

struct RgbImage {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;   // row after row from the top, three bytes a pixel, upright
};

}  // namespace precordia
