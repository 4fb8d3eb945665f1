#include "paper/refine_trace.h"

namespace precordia {
namespace {

constexpr int kReach = 2;   // columns to either side that a vertex is allowed to colour

struct Drawing {
  const FlatPage& page;
  const TraceRow& row;
  std::vector<int> top, bottom;    // rows per column that count; bottom < top where nothing does
  float radius, soft;

  float coverage(const float* y, int x, int k, float py, float best) const {   // of the segment from vertex k to k + 1
    const float dx = static_cast<float>(x - k), ay = y[k], by = y[k + 1];
    const float vy = by - ay, wy = py - ay;
    const float t = std::clamp((dx + wy * vy) / (1 + vy * vy), 0.f, 1.f);
    const float ex = dx - t, ey = wy - t * vy;
    return std::min(best, ex * ex + ey * ey);
  }
  // Squared difference between ink and drawing in column x.
  float mismatch(const float* y, int x, int columns) const {
    float sum = 0;
    const float* ink = page.ink.value.data() + x;
    const int from = std::max(0, x - kReach), to = std::min(columns - 2, x + kReach - 1);
    for (int py = top[x]; py <= bottom[x]; ++py) {
      float best = 1e9f;
      for (int k = from; k <= to; ++k)
        if (!std::isnan(y[k]) && !std::isnan(y[k + 1])) best = coverage(y, x, k, static_cast<float>(py), best);
      const float drawn = std::clamp(0.5f + (radius - std::sqrt(best)) / soft, 0.f, 1.f);
      const float d = ink[static_cast<size_t>(py) * static_cast<size_t>(page.ink.width)] - drawn;
      sum += d * d;
    }
    return sum;
  }
};

}  // namespace

void refine_trace(const FlatPage& page, TraceRow& row) {
  const int w = page.ink.width, h = page.ink.height;
  std::vector<uint8_t> steep(w, 0);
  const float usual = 1.5f * static_cast<float>(page.pen_px) + 0.5f;
  Drawing drawing{page, row, std::vector<int>(w, 0), std::vector<int>(w, -1), 0, 0};
  for (int x = row.first; x <= row.last; ++x) {
    if (std::isnan(row.top[x])) continue;
    int t = std::clamp(static_cast<int>(row.top[x]), 0, h - 1), b = std::clamp(static_cast<int>(row.bottom[x] + 1), 0, h - 1);
    const int margin = 3;
    for (int k = 0; k < 40 && t > 0 && page.ink.at(x, t - 1) > 0.12f; ++k) --t;   // what a stroke beside this column leaves in it
    for (int k = 0; k < 40 && b + 1 < h && page.ink.at(x, b + 1) > 0.12f; ++k) ++b;
    drawing.top[x] = std::max(0, t - margin), drawing.bottom[x] = std::min(h - 1, b + margin);
    if (row.bottom[x] - row.top[x] > usual)
      for (int k = std::max(row.first, x - 3); k <= std::min(row.last, x + 3); ++k) steep[k] = 1;
  }
  drawing.radius = static_cast<float>(0.5 * page.pen_px);
  drawing.soft = static_cast<float>(std::max(1.0, 1.2 * page.image_px));
  std::vector<float>& y = row.y;
  for (int sweep = 0; sweep < 3; ++sweep)
    for (int i = row.first; i <= row.last; ++i) {
      const int x = sweep == 1 ? row.first + row.last - i : i;
      if (!steep[x] || std::isnan(y[x]) || drawing.bottom[x] < drawing.top[x]) continue;
      const auto cost = [&](float value) {
        const float kept = y[x];
        y[x] = value;
        float sum = 0;
        for (int c = std::max(row.first, x - kReach + 1); c <= std::min(row.last, x + kReach - 1); ++c) sum += drawing.mismatch(y.data(), c, w);
        y[x] = kept;
        return sum;
      };
      float best = cost(y[x]);
      const float tall = static_cast<float>(drawing.bottom[x] - drawing.top[x]);
      for (float step = sweep == 0 ? std::max(0.5f, tall / 6) : std::min(2.f, tall / 12 + 0.25f); step > 0.1f; step *= 0.5f) {
        for (int turn = 0; turn < 3; ++turn) {
          const float up = y[x] - step, down = y[x] + step;
          const float cu = up > static_cast<float>(drawing.top[x]) ? cost(up) : 1e9f, cd = down < static_cast<float>(drawing.bottom[x]) ? cost(down) : 1e9f;
          if (cu < best && cu <= cd) best = cu, y[x] = up;
          else if (cd < best) best = cd, y[x] = down;
          else break;
        }
      }
    }
}

}  // namespace precordia
