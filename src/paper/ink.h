// Paper, grid and trace told apart by how much of each colour they swallow.
#pragma once

#include "paper/image.h"
#include "paper/plane.h"

namespace precordia {

// At working size: `scale` working pixels per image pixel (at most 1).
struct InkPlanes {
  Plane trace;   // 0..1, what all three colours lack: black ink, not a coloured grid
  Plane grid;    // 0..1, what any colour lacks: grid and trace
  double scale = 1;
  double paper_brightness = 0;   // median of the local paper white, 0..255
};

constexpr double kMostWorkingPixels = 4.5e6;

// The size that a picture is worked at: its own, or that of fewer pixels.
struct WorkingSize {
  int width = 0, height = 0;
  double scale = 1;   // working pixels per image pixel, across
};
WorkingSize working_size(int width, int height, double most_pixels = kMostWorkingPixels);

// Shadow and paper colour are divided out: every density is relative to the brightest paper nearby.
InkPlanes separate_ink(const RgbImage& image, double most_pixels = kMostWorkingPixels);

}  // namespace precordia
