// Several readings of one picture. A frame of a clip is averaged with its neighbours in time (echo_mask.h); a still picture has none, so the
// network reads it five times, turned and resized a little, and what it says is brought back and averaged (test-time augmentation). On the
// CAMUS validation patients that is worth 0.002 of Dice (docs/validation-echo.md).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace precordia {

struct Placement {
  double turn_degrees = 0;   // of the picture, counter-clockwise on the screen
  double scale = 1;          // of what is seen: above 1 the picture is smaller
};
// Any first three or five of them lie evenly around the picture as it is.
inline constexpr std::array<Placement, 5> kPlacements{{{0, 1}, {5, 1}, {-5, 1}, {0, 1.08}, {0, 0.93}}};

// 5, 3 or 1 of kPlacements: a short clip takes no more runs of the network than one of three seconds.
inline constexpr int kMostExtraRuns = 75;
int readings_of_each(int frame_count);

// `picture` (side x side) as `placement` shows it, between pixels by straight lines; what comes in from outside is black.
std::vector<uint8_t> placed(std::span<const uint8_t> picture, int side, const Placement& placement);

// Adds to `sum` what was said of a placed picture, at the places of the picture as it is. Both [maps][side][side].
void add_brought_back(std::span<const float> maps, int side, const Placement& placement, std::span<float> sum);

}  // namespace precordia
