// What a person set by hand on the picture, worked into what the digitiser sees. All points in pixels of the working picture.
#pragma once

#include <array>
#include <span>

#include "paper/flat_page.h"
#include "paper/image.h"

namespace precordia {

// Nothing outside the four corners (in order around the page) is ink any more.
void keep_inside(InkPlanes& ink, const std::array<ImagePoint, 4>& corners);

// The trace passes through `points`: beside each, and on the way between two that lie close together, other ink is taken away and the pen
// is drawn where there is none. Points off the page are left out.
void draw_through(FlatPage& page, std::span<const ImagePoint> points);

}  // namespace precordia
