#include "echo/outline.h"

#include <algorithm>
#include <cmath>

namespace precordia {
namespace {

constexpr int kFewestPixels = 12;
constexpr double kSmoothing = 2.5;   // SD of the Gaussian along the border, pixels

// Pixels of the largest connected region (four neighbours), as a mask of its own.
std::vector<uint8_t> largest_region(std::span<const uint8_t> mask, int side, unsigned inside) {
  const size_t size = static_cast<size_t>(side) * side;
  std::vector<uint8_t> seen(size, 0);
  std::vector<int> best, region;
  const auto wanted = [&](size_t i) { return mask[i] < 8 && (inside >> mask[i] & 1) != 0; };
  for (size_t start = 0; start < size; ++start) {
    if (seen[start] || !wanted(start)) continue;
    region.assign(1, static_cast<int>(start));
    seen[start] = 1;
    for (size_t next = 0; next < region.size(); ++next) {
      const int x = region[next] % side, y = region[next] / side;
      const auto visit = [&](int nx, int ny) {
        if (nx < 0 || ny < 0 || nx >= side || ny >= side) return;
        const size_t i = static_cast<size_t>(ny) * side + nx;
        if (seen[i] || !wanted(i)) return;
        seen[i] = 1;
        region.push_back(static_cast<int>(i));
      };
      visit(x - 1, y);
      visit(x + 1, y);
      visit(x, y - 1);
      visit(x, y + 1);
    }
    if (region.size() > best.size()) best = region;
  }
  std::vector<uint8_t> out(size, 0);
  if (best.size() >= kFewestPixels)
    for (const int i : best) out[static_cast<size_t>(i)] = 1;
  return out;
}

// Along the pixels' edges with the region on the right hand, from its topmost leftmost corner back to it.
std::vector<EchoPoint> edges(const std::vector<uint8_t>& region, int side) {
  constexpr int kStepX[] = {1, 0, -1, 0}, kStepY[] = {0, 1, 0, -1};        // east, south, west, north
  constexpr int kLeftX[] = {0, 0, -1, -1}, kLeftY[] = {-1, 0, 0, -1};      // the pixel ahead on the left of a corner, by heading
  constexpr int kRightX[] = {0, -1, -1, 0}, kRightY[] = {0, 0, -1, -1};    // and on the right
  const auto in = [&](int x, int y) { return x >= 0 && y >= 0 && x < side && y < side && region[static_cast<size_t>(y) * side + x] != 0; };
  const auto first = std::find(region.begin(), region.end(), 1);
  std::vector<EchoPoint> points;
  if (first == region.end()) return points;
  const int start_x = static_cast<int>(first - region.begin()) % side, start_y = static_cast<int>(first - region.begin()) / side;
  int x = start_x, y = start_y, heading = 0;
  const size_t most = 4 * region.size();
  do {
    points.push_back({static_cast<float>(x), static_cast<float>(y)});
    x += kStepX[heading];
    y += kStepY[heading];
    if (in(x + kLeftX[heading], y + kLeftY[heading])) heading = (heading + 3) % 4;
    else if (!in(x + kRightX[heading], y + kRightY[heading])) heading = (heading + 1) % 4;
  } while ((x != start_x || y != start_y || heading != 0) && points.size() < most);
  return points;
}

}  // namespace

std::vector<EchoPoint> outline(std::span<const uint8_t> mask, int side, unsigned classes_inside, int points) {
  if (side < 2 || mask.size() != static_cast<size_t>(side) * side || points < 3) return {};
  const std::vector<EchoPoint> border = edges(largest_region(mask, side, classes_inside), side);
  const int count = static_cast<int>(border.size());
  if (count < 8) return {};
  const int reach = std::min(static_cast<int>(3 * kSmoothing), count / 2);
  std::vector<EchoPoint> smooth(border.size());
  for (int i = 0; i < count; ++i) {
    double x = 0, y = 0, sum = 0;
    for (int k = -reach; k <= reach; ++k) {
      const double weight = std::exp(-0.5 * k * k / (kSmoothing * kSmoothing));
      const EchoPoint& at = border[static_cast<size_t>((i + k + count) % count)];
      x += weight * at.x, y += weight * at.y, sum += weight;
    }
    smooth[static_cast<size_t>(i)] = {static_cast<float>(x / sum / side), static_cast<float>(y / sum / side)};
  }
  std::vector<EchoPoint> out;
  for (int i = 0; i < points; ++i) {
    const double at = static_cast<double>(i) * count / points;
    const int before = static_cast<int>(at);
    const auto share = static_cast<float>(at - before);
    const EchoPoint &a = smooth[static_cast<size_t>(before)], &b = smooth[static_cast<size_t>((before + 1) % count)];
    out.push_back({a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)});
  }
  return out;
}

}  // namespace precordia
