// Where the ultrasound fan lies in a picture: between two straight edges that meet at the apex, down to an arc around it. All else
// on a scanner's screen (names, scales, marks, the ECG trace, buttons) lies outside, and so is never kept.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "echo/echo_clip.h"

namespace precordia {

// The darkest and the brightest value of every pixel over some frames: what lives (the fan) and what stands still (the screen).
struct PixelRange {
  int width = 0, height = 0, frames = 0;
  std::vector<uint8_t> lowest, highest;   // row after row

  void add(int frame_width, int frame_height, std::span<const uint8_t> grey);   // frames of one size
};

// In pixels of the source picture; the centre of its first pixel is (0.5, 0.5).
struct Sector {
  double apex_x = 0, apex_y = 0;               // may lie above the picture
  double left_slope = 0, right_slope = 0;      // x of an edge per y, from the apex down
  double inner_radius = 0, outer_radius = 0;   // along y
  double stretch = 1;                          // radius along x over radius along y: 1 unless the picture was stretched
  double cut_left = 0, cut_top = 0, cut_right = 0, cut_bottom = 0;   // where the screen itself cuts the fan off
  PictureBox box;                              // the smallest that holds the fan; the whole picture where that is the fan already

  bool contains(double x, double y) const;
};

// The fan in the frames gathered so far. `region` narrows the search.
// Errors, all kUnusable: no fan, two or more of them, a rectangle (linear probe, M-mode, zoom), a moving strip beside the fan (M-mode,
// spectral Doppler).
Result<Sector> find_sector(const PixelRange& range, std::optional<PictureBox> region);

}  // namespace precordia
