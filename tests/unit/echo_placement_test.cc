#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "echo/echo_clip.h"
#include "echo/echo_mask.h"
#include "echo/placement.h"

using namespace precordia;

namespace {

constexpr int kSide = 64;

// A smooth hill around (x, y).
std::vector<float> hill(double x, double y, float height) {
  std::vector<float> out(static_cast<size_t>(kSide) * kSide);
  for (int row = 0; row < kSide; ++row)
    for (int column = 0; column < kSide; ++column)
      out[static_cast<size_t>(row) * kSide + column] = height * static_cast<float>(std::exp(-((column - x) * (column - x) + (row - y) * (row - y)) / 120));
  return out;
}

std::vector<uint8_t> bytes(const std::vector<float>& values) {
  std::vector<uint8_t> out;
  for (const float v : values) out.push_back(static_cast<uint8_t>(v + 0.5F));
  return out;
}

}  // namespace

TEST_CASE("short clips are read several times, long ones once") {
  CHECK(placements_of_each(1) == 5);
  CHECK(placements_of_each(15) == 5);
  CHECK(placements_of_each(16) == 3);
  CHECK(placements_of_each(25) == 3);
  CHECK(placements_of_each(26) == 1);
  CHECK(placements_of_each(1800) == 1);
  CHECK(placements_of_each(0) == 5);
}

TEST_CASE("the first three and five placements lie evenly around the picture") {
  for (const size_t count : {size_t{3}, size_t{5}}) {
    double turn = 0, stretch = 0;
    for (size_t i = 0; i < count; ++i) turn += kPlacements[i].turn_degrees, stretch += std::log(kPlacements[i].scale);
    CHECK(turn == 0);
    CHECK(std::abs(stretch) < 0.01);
  }
}

TEST_CASE("what was said of a placed picture comes back to where it was") {
  const std::vector<float> there = hill(24, 40, 200);
  for (const Placement& placement : kPlacements) {
    CAPTURE(placement.turn_degrees);
    CAPTURE(placement.scale);
    const std::vector<uint8_t> moved = placed(bytes(there), kSide, placement);
    const std::vector<float> seen(moved.begin(), moved.end());
    if (placement.turn_degrees != 0 || placement.scale != 1) CHECK(moved != bytes(there));
    std::vector<float> back(seen.size(), 1);
    add_brought_back(seen, kSide, placement, back);
    float largest = 0;
    for (size_t i = 0; i < back.size(); ++i) largest = std::max(largest, std::abs(back[i] - 1 - there[i]));
    CHECK(largest < 3);   // of 200: twice between pixels
  }
}

TEST_CASE("a picture turns as its placement says and is black where nothing was") {
  const std::vector<uint8_t> white(static_cast<size_t>(kSide) * kSide, 255);
  const auto at = [](const std::vector<uint8_t>& picture, int x, int y) { return picture[static_cast<size_t>(y) * kSide + x]; };
  const std::vector<uint8_t> smaller = placed(white, kSide, {0, 1.25});
  CHECK(at(smaller, 2, 32) == 0);
  CHECK(at(smaller, 12, 32) == 255);
  // A spot to the right of the middle goes up when the picture turns counter-clockwise.
  const std::vector<uint8_t> turned = placed(bytes(hill(52, 31.5, 250)), kSide, {30, 1});
  CHECK(at(turned, 49, 21) > 200);
}

TEST_CASE("the mean of equal readings is the reading, and only whole frames are counted") {
  EchoClip clip;
  clip.side = kSide;
  clip.frames.assign(static_cast<size_t>(kSide) * kSide, 90);
  clip.sector.assign(static_cast<size_t>(kSide) * kSide, 1);
  clip.times_ms = {0};
  // The same in every direction, so that turning changes nothing: a disc of ventricle in the middle.
  std::vector<float> logits(4UZ * kSide * kSide, -4);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const size_t i = static_cast<size_t>(y) * kSide + x;
      logits[(std::hypot(x - 31.5, y - 31.5) < 16 ? 1UZ : 0UZ) * kSide * kSide + i] = 4;
    }
  MaskSequence once(clip, kSide), thrice(clip, kSide, 3);
  once.add(logits);
  once.finish();
  for (int i = 0; i < 3; ++i) {
    CHECK(thrice.frame_count() == 0);
    thrice.add(logits);
  }
  thrice.finish();
  REQUIRE(thrice.frame_count() == 1);
  size_t different = 0;
  for (size_t i = 0; i < once.classes(0).size(); ++i) different += once.classes(0)[i] != thrice.classes(0)[i];
  CHECK(different < 20);   // pixels on the circle
  CHECK(thrice.shapes()[0].lv_area == doctest::Approx(once.shapes()[0].lv_area).epsilon(0.01));
}
