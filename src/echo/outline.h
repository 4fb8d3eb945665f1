// The outline of a region in a mask, as a smooth closed line to be drawn over the picture. For the eye: measurements use the mask.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "echo/echo_findings.h"

namespace precordia {

// Around the largest connected region of the pixels whose class is one of `classes_inside` (a bit per EchoClass value: 1 << value) in a
// mask of side x side. `points` points at equal steps, clockwise, in shares of the side; none when the region has fewer than 12 pixels.
std::vector<EchoPoint> outline(std::span<const uint8_t> mask, int side, unsigned classes_inside, int points);

}  // namespace precordia
