// From the network's four maps per frame to masks that hold still: the temporal stage.
//
// The probabilities of neighbouring frames are averaged with a Gaussian in time (20 ms, a fifteenth of systole, so that end-systole is hardly
// blunted) before each pixel takes its most probable class. Where cavity meets cavity, at the mitral plane, there is no wall to see while the
// valve is open, and the network's border flickers: how blood is shared between ventricle and atrium is averaged over 40 ms instead. The
// walls keep their 20 ms, and so does the curve from which the moments of the beats are taken. A frame whose ventricle is far larger or
// smaller than those before and after it (an opening valve, a lost border) counts for less, there and in its neighbours: a heart does not
// jump. Frames come one after the other; only the few that the Gaussian reaches are held as probabilities.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "echo/echo_clip.h"
#include "echo/echo_findings.h"

namespace precordia {

inline constexpr double kMaskSmoothingMs = 20;
inline constexpr double kPlaneSmoothingMs = 40;
inline constexpr double kFrameMsWithoutTimes = 1000.0 / 30;
inline constexpr int kLongestMaskReach = 4;   // frames to each side: above 33 frames per second the longer Gaussian is cut short
inline constexpr double kJump = 0.08;         // of the LV's area, against the two frames on either side: such a frame counts half
inline constexpr int kMostProbabilityFrames = 300;

class MaskSequence {
 public:
  // `side` of the masks: that of the maps of the network that reads clips. Every frame is the mean of its readings: by each network in the
  // first so many of kPlacements, one after the other. `clip` must outlive this.
  MaskSequence(const EchoClip& clip, int side, int placements = 1, int networks = 1);

  // Maps of the next reading: logits [4][side][side], order of EchoClass. Those of a further network may be of another side and are averaged
  // down.
  void add(std::span<const float> logits);
  // The same as shaders/echo_masks.wgsl leaves it: packed_shares() of the reading.
  void add_packed(std::span<const uint32_t> shares);
  // After the last frame.
  void finish();

  int side() const { return side_; }
  int frame_count() const { return static_cast<int>(shapes_.size()); }
  const std::vector<FrameShape>& shapes() const { return shapes_; }
  // side x side classes, and entropy in 1/32 bit, of a frame that is done.
  std::span<const uint8_t> classes(int frame) const { return part(classes_, frame); }
  std::span<const uint8_t> entropy(int frame) const { return part(entropy_, frame); }
  // The classes at another size, from the probabilities between pixels; of a long clip only the classes were kept.
  std::vector<uint8_t> enlarged(int frame, int width, int height) const;

 private:
  const EchoClip& clip_;
  int side_;
  int placements_, networks_;
  double height_over_width_;
  std::vector<float> sum_;                     // of the frame's readings so far, brought back; [4][side][side]
  int read_ = 0;
  std::vector<uint8_t> sector_;                // side x side
  std::deque<std::vector<float>> waiting_;     // probabilities [4][side][side]
  int first_waiting_ = 0, added_ = 0;
  std::vector<uint8_t> classes_, entropy_;
  std::vector<uint8_t> probabilities_;         // [frame][4][side][side] in 1/255, while there are few frames
  std::vector<float> lv_area_;                 // of each frame by itself, pixels
  std::vector<FrameShape> shapes_;

  std::span<const uint8_t> part(const std::vector<uint8_t>& all, int frame) const {
    const size_t size = static_cast<size_t>(side_) * side_;
    return std::span(all).subspan(size * static_cast<size_t>(frame), size);
  }
  void gather(std::vector<float> shares);
  void take(std::vector<float> shares);
  void settle(int frame);
  double trust(int frame) const;
  // Weight of frame `other` in the mean around `frame`, 0 beyond the Gaussian's end.
  float weight(int frame, int other, double sd_ms) const;
};

// True height over true width of a clip's frames: by its pixel size, or by the box's aspect.
double height_over_width(const EchoClip& clip);

// What shaders/echo_masks.wgsl computes, for tests that hold the two to each other: of each pixel the four classes' probabilities in 1/255,
// the first class in the lowest byte.
std::vector<uint32_t> packed_shares(std::span<const float> logits);

// A frame (from x from, grey) as the network takes it: side x side, 0..1, averaged down.
std::vector<float> network_frame(std::span<const uint8_t> frame, int from, int side);

}  // namespace precordia
