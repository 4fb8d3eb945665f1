#include "echo/placement.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace precordia {
namespace {

// Where in the source each pixel of the target comes from: a rotation and a factor about the middle.
struct Turn {
  double cos, sin, middle;

  void at(int x, int y, double& u, double& v) const {
    const double dx = x - middle, dy = y - middle;
    u = middle + cos * dx - sin * dy;
    v = middle + sin * dx + cos * dy;
  }
};

Turn turn_of(const Placement& placement, int side, bool back) {
  const double angle = placement.turn_degrees * std::numbers::pi / 180 * (back ? -1 : 1), scale = back ? 1 / placement.scale : placement.scale;
  return {scale * std::cos(angle), scale * std::sin(angle), 0.5 * (side - 1)};
}

// Between the four pixels around (u, v).
struct Corners {
  int x, y;
  double right, below;   // shares of the right and the lower ones

  Corners(double u, double v) : x(static_cast<int>(std::floor(u))), y(static_cast<int>(std::floor(v))), right(u - x), below(v - y) {}
  double mean(auto&& value) const {
    return (1 - below) * ((1 - right) * value(x, y) + right * value(x + 1, y)) + below * ((1 - right) * value(x, y + 1) + right * value(x + 1, y + 1));
  }
};

}  // namespace

int placements_of_each(int frame_count) {
  const int most = std::min(static_cast<int>(kPlacements.size()), kMostPlacedRuns / std::max(1, frame_count));
  return most < 3 ? 1 : most < 5 ? 3 : 5;
}

std::vector<uint8_t> placed(std::span<const uint8_t> picture, int side, const Placement& placement) {
  const Turn turn = turn_of(placement, side, false);
  const auto value = [&](int x, int y) -> double {
    return x < 0 || y < 0 || x >= side || y >= side ? 0 : picture[static_cast<size_t>(y) * side + x];
  };
  std::vector<uint8_t> out(picture.size());
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      double u = 0, v = 0;
      turn.at(x, y, u, v);
      out[static_cast<size_t>(y) * side + x] = static_cast<uint8_t>(Corners(u, v).mean(value) + 0.5);
    }
  return out;
}

void add_brought_back(std::span<const float> maps, int side, const Placement& placement, std::span<float> sum) {
  const Turn turn = turn_of(placement, side, true);
  const size_t size = static_cast<size_t>(side) * side;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      double u = 0, v = 0;
      turn.at(x, y, u, v);
      const Corners corners(u, v);
      for (size_t map = 0; map < maps.size(); map += size)
        sum[map + static_cast<size_t>(y) * side + x] += static_cast<float>(corners.mean([&](int i, int j) -> double {
          return maps[map + static_cast<size_t>(std::clamp(j, 0, side - 1)) * side + std::clamp(i, 0, side - 1)];
        }));
    }
}

}  // namespace precordia
