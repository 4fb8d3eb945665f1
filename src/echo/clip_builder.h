// Frames of any size, one after the other, become an EchoClip: whole pictures are held only until the sector is found, then each frame
// is cut to the sector's box, blackened outside the sector and averaged down to a square. The box is stretched to the square, so that
// every fan lies alike: apex at the top, arc at the bottom, touching all four sides (as the pictures of CAMUS do).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "echo/echo_clip.h"
#include "echo/sector.h"

namespace precordia {

inline constexpr int kLargestFrameSide = 8192;
inline constexpr int kLargestFramePixels = 16'000'000;
inline constexpr int kMostSourceFrames = 20'000;

// What a file says about its frames before they are decoded.
struct ClipSource {
  std::string format;                             // as in EchoClip
  std::string device = {}, stated_view = {};
  std::optional<int> expected_frames = {};        // decides how far frames are thinned out or reduced; may be wrong
  std::optional<double> expected_seconds = {};
  std::optional<PictureBox> region = {};          // where the file says that the ultrasound picture lies
  bool region_is_guess = false;                   // the sizes below hold only where the fan that is found fills the region
  std::optional<double> mm_per_px_x = {}, mm_per_px_y = {};   // of the source picture
};

struct SourceFrame {
  int width = 0, height = 0;
  int channels = 1;                               // 1 grey, 3 RGB, 4 RGB and alpha
  std::span<const uint8_t> pixels;                // row after row, width x height x channels
  std::optional<double> time_ms = {};             // from any origin; nullopt = the file states none
};

class ClipBuilder {
 public:
  explicit ClipBuilder(ClipSource source);

  // Takes the next frame. A frame of impossible size is left out with a note. Errors: those of find_sector, once enough frames were
  // seen, and kUnusable for colour Doppler; after an error nothing more is to be added.
  Result<void> add(const SourceFrame& frame);
  // A frame that could not be decoded.
  void skip() { ++unreadable_; }
  void note(std::string sentence) { notes_.push_back(std::move(sentence)); }
  // Further frames would be ignored: kLongestClipSeconds or kMostSourceFrames are there.
  bool full() const { return full_; }

  // The clip; the builder is spent. A clip without any usable frame is kDamaged. Notes tell what was left out and what is unknown.
  Result<EchoClip> finish();

 private:
  struct HeldFrame {
    std::vector<uint8_t> grey, colours;
    std::optional<double> time_ms;
  };
  struct Weights {                                // of one output row or column over the source
    int first = 0;
    std::vector<float> share;
  };

  Result<void> settle_sector();
  void choose_side();
  Result<void> keep(std::span<const uint8_t> grey, std::span<const uint8_t> colours, std::optional<double> time_ms);
  void thin_out();
  bool shows_colour_flow(std::span<const uint8_t> colours) const;

  ClipSource source_;
  int width_ = 0, height_ = 0;
  PixelRange range_;
  std::vector<HeldFrame> held_;
  std::optional<Sector> sector_;
  std::vector<Weights> columns_, rows_;
  std::vector<float> narrowed_;                   // the box, columns averaged
  EchoClip clip_;
  std::vector<std::string> notes_;
  int seen_ = 0, unreadable_ = 0, other_size_ = 0, before_sector_ = 0, not_later_ = 0, coloured_ = 0, judged_ = 0;
  int failed_searches_ = 0, stride_ = 1;
  std::optional<double> first_ms_, last_ms_;
  bool times_known_ = true, full_ = false;
};

}  // namespace precordia
