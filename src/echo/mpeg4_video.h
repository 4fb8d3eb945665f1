// MPEG-4 Part 2 video (ISO/IEC 14496-2, Simple Profile, and the intra and predicted frames of Advanced Simple): what video writers of
// research software make by default ("mp4v" in MP4; XVID, DIVX and FMP4 in AVI), and what no browser decodes. Written after the
// standard; 8 bits, 4:2:0, progressive, rectangular, no data partitioning, quarter samples or global motion.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace precordia {

class Mpeg4Video {
 public:
  enum class Outcome : uint8_t {
    kFrame,         // planes hold the next frame
    kNothing,       // headers alone, or a frame that is stated to be as the one before
    kLeftOut,       // a bidirectional frame: it is not decoded, and no other frame needs it
    kDamaged,       // undecodable, or after such a frame and before the next intra frame
    kUnsupported,   // a feature that is not read; every frame will be so
  };

  // Decodes one access unit; parameters that come before the first frame (an MP4's decoder configuration) count as one.
  // `most_pixels` bounds the frame that headers may ask for.
  Outcome decode(std::span<const uint8_t> unit, int64_t most_pixels);

  int width() const { return width_; }
  int height() const { return height_; }
  // RGB of the current frame, row after row.
  void rgb(std::vector<uint8_t>& out) const;

 private:
  struct Plane {
    int width = 0, height = 0;   // multiples of the block size
    std::vector<uint8_t> values;
  };
  struct Frame {
    std::array<Plane, 3> planes;
  };
  struct Vector {
    int x = 0, y = 0;   // in half pixels
  };
  struct Macroblock {
    bool intra = false, coded = false;
    int quantiser = 0;
    int packet = -1;    // the video packet that it belongs to; prediction does not cross packets
    std::array<Vector, 4> motion{};
  };
  struct BlockMemory {   // of an intra block, for the prediction of its neighbours
    int dc = 1024;
    std::array<int16_t, 7> row{}, column{};
  };
  class Bits;

  bool layer_header(Bits& bits, int64_t most_pixels);
  Outcome picture(Bits& bits);
  bool macroblock(Bits& bits, int mb_x, int mb_y, bool predicted, bool rounding, int forward_code, int dc_threshold, int& quantiser, int packet);
  bool intra_block(Bits& bits, int mb_x, int mb_y, int block, bool coded, bool use_dc_code, bool ac_predicted, int quantiser);
  bool inter_block(Bits& bits, int quantiser, std::array<int, 64>& block) const;
  bool coefficients(Bits& bits, bool intra, int first, const uint8_t* scan, std::array<int, 64>& levels) const;
  bool motion_vector(Bits& bits, int mb_x, int mb_y, int block, int forward_code, Vector& vector) const;
  const Macroblock* neighbour(int mb_x, int mb_y, int packet) const;
  void predict(int mb_x, int mb_y, bool rounding);
  void fetch(int plane, int to_x, int to_y, int size, int half_x, int half_y, bool rounding);
  void put(int mb_x, int mb_y, int block, const std::array<int, 64>& samples, bool add);

  int width_ = 0, height_ = 0, columns_ = 0, rows_ = 0;
  int time_bits_ = 1;
  bool configured_ = false, unsupported_ = false, broken_ = true;
  bool matrices_ = false, packets_ = false;
  int version_ = 1;
  std::array<uint8_t, 64> intra_matrix_{}, inter_matrix_{};
  Frame current_, reference_;
  std::vector<Macroblock> macroblocks_;
  std::vector<BlockMemory> memory_;   // six of each macroblock
};

}  // namespace precordia
