// The left ventricle of one frame: long axis, Simpson's discs, endocardial contour.
//
// Method of discs: American Society of Echocardiography and EACVI 2015 (doi 10.1016/j.echo.2014.10.003). The long axis runs from the
// middle of the mitral plane, where LV and left atrium touch, to the LV's farthest point; a disc's width is the LV area of its slab over
// the slab's height, so that partial pixels count. models/train/precordia_echo/discs.py is the same rule; on the 450 CAMUS patients it
// gives the data set's own single-plane EF within 0.6 points on average.
#pragma once

#include <cstdint>
#include <span>

#include "echo/echo_findings.h"

namespace precordia {

// One frame as the network sees it, all side x side.
struct FrameMask {
  int side = 0;
  std::span<const uint8_t> classes;     // EchoClass
  std::span<const float> lv_share;      // how much of each pixel is LV, 0..1; empty = 1 where the class says so
  std::span<const float> entropy;       // bits; may be empty
  std::span<const uint8_t> sector;      // 1 inside; may be empty
};

// `height_over_width`: of the frame in true lengths. Points come out in pixels of a frame `point_side` wide. `found` is false when
// there are fewer than 30 LV pixels.
FrameShape measure_ventricle(const FrameMask& mask, double height_over_width, int point_side);

// Its volume alone, in frame widths cubed; 0 where there is none.
double ventricle_volume(const FrameMask& mask, double height_over_width);

// The same from a contour that was drawn by hand, mitral_left over the apex to mitral_right, in pixels of a frame `point_side` wide.
FrameShape measure_contour(std::span<const EchoPoint> contour, double height_over_width, int point_side);

// Length of the endocardial contour in frame widths.
double contour_length(const FrameShape& shape, double height_over_width, int point_side);

// pi/4 sum(a b) L / 20, in the cube of the unit of all three: Simpson's discs of one plane (a = b) or of two.
double disc_volume(const FrameShape& a, double scale_a, const FrameShape& b, double scale_b);

}  // namespace precordia
