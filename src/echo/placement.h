// Several readings of one picture. A frame of a clip is averaged with its neighbours in time (echo_mask.h); a still picture has none, so the
// networks read it five times, turned and resized a little, and what they say is brought back and averaged (test-time augmentation). What that
// is worth is in docs/validation-echo.md.
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

// How many of kPlacements each frame is read in: 5, 3 or 1, so that a short clip takes a network no more runs than one of three seconds does.
inline constexpr int kMostPlacedRuns = 75;
int placements_of_each(int frame_count);
// So many pictures at most are read by every network, of which one takes a tenth of a second for each of the five; longer clips by the first.
inline constexpr int kMostStills = 4;

// `picture` (side x side) as `placement` shows it, between pixels by straight lines; what comes in from outside is black.
std::vector<uint8_t> placed(std::span<const uint8_t> picture, int side, const Placement& placement);

// Adds to `sum` what was said of a placed picture, at the places of the picture as it is. Both [maps][side][side].
void add_brought_back(std::span<const float> maps, int side, const Placement& placement, std::span<float> sum);

}  // namespace precordia
