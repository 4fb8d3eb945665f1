// One frame of a JPEG-compressed clip (ITU-T T.81): baseline and progressive by stb_image, lossless by an own decoder.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace precordia {

// Samples as a file stores them, colour conversion not done unless a decoder says so.
struct DecodedFrame {
  int width = 0, height = 0;
  int channels = 1;                // 1 or 3, interleaved
  int bits = 8;                    // of each sample, 2 to 16
  bool is_rgb = true;              // of three channels; otherwise YCbCr
  std::vector<uint16_t> wide;      // where bits > 8
  std::vector<uint8_t> samples;    // where bits <= 8
};

// A baseline or progressive JPEG of exactly `width` x `height` (0 = any that kLargestFramePixels allows). Tables that Motion JPEG
// leaves out (Huffman, T.81 annex K.3) are put in. `stored_rgb`: three components without a marker that says otherwise are RGB.
// nullopt: damaged, cut short, another size, or a kind that stb_image does not read (lossless, arithmetic, 12 bits).
std::optional<DecodedFrame> decode_jpeg_frame(std::span<const uint8_t> jpeg, int width, int height, bool stored_rgb);

// Lossless JPEG (T.81 annex H; process 14, all seven predictors), 1 or 3 components without subsampling. nullopt as above.
std::optional<DecodedFrame> decode_lossless_jpeg(std::span<const uint8_t> jpeg, int width, int height);

bool is_lossless_jpeg(std::span<const uint8_t> jpeg);   // by its frame header

}  // namespace precordia
