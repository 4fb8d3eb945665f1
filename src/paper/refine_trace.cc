#include "paper/refine_trace.h"

namespace precordia {
namespace {

constexpr int kReach = 2;   // columns to either side that a vertex is allowed to colour

struct Drawing {
  const FlatPage& page;
  const TraceRow& row;
  std::vector<int> top, bottom;    // rows per column that count; bottom < top where nothing does
  float radius, soft;
  std::vector<uint8_t> apart;      // no stroke from this vertex to the next

  float coverage(const float* y, int x, int k, float py, float best) const {   // of the segment from vertex k to k + 1
    const float dx = static_cast<float>(x - k), ay = y[k], by = y[k + 1];
    const float vy = by - ay, wy = py - ay;
    const float t = std::clamp((dx + wy * vy) / (1 + vy * vy), 0.f, 1.f);
    const float ex = dx - t, ey = wy - t * vy;
    return std::min(best, ex * ex + ey * ey);
  }
  // What drawing the heights leaves in column x, from the top of its window down.
  void draw(const float* y, int x, int columns, float* out) const {
    const int from = std::max(0, x - kReach), to = std::min(columns - 2, x + kReach - 1);
    for (int py = top[x]; py <= bottom[x]; ++py) {
      float best = 1e9f;
      for (int k = from; k <= to; ++k)
        if (!apart[static_cast<size_t>(k)] && !std::isnan(y[k]) && !std::isnan(y[k + 1])) best = coverage(y, x, k, static_cast<float>(py), best);
      *out++ = std::clamp(0.5f + (radius - std::sqrt(best)) / soft, 0.f, 1.f);
    }
  }
};

// Solves the banded positive definite system in place: diagonal and kBand entries beside it per row.
constexpr int kBand = 2 * kReach;
bool solve_banded(std::vector<double>& a, std::vector<double>& b, int n) {
  constexpr int kWidth = kBand + 1;
  for (int i = 0; i < n; ++i) {
    for (int j = std::max(0, i - kBand); j <= i; ++j) {
      double sum = a[static_cast<size_t>(i) * kWidth + (i - j)];
      for (int k = std::max(0, i - kBand); k < j; ++k)
        if (j - k <= kBand) sum -= a[static_cast<size_t>(i) * kWidth + (i - k)] * a[static_cast<size_t>(j) * kWidth + (j - k)];
      if (i == j) {
        if (!(sum > 1e-12)) return false;
        a[static_cast<size_t>(i) * kWidth] = std::sqrt(sum);
      } else {
        a[static_cast<size_t>(i) * kWidth + (i - j)] = sum / a[static_cast<size_t>(j) * kWidth];
      }
    }
  }
  for (int i = 0; i < n; ++i) {
    for (int k = std::max(0, i - kBand); k < i; ++k) b[i] -= a[static_cast<size_t>(i) * kWidth + (i - k)] * b[k];
    b[i] /= a[static_cast<size_t>(i) * kWidth];
  }
  for (int i = n - 1; i >= 0; --i) {
    for (int k = i + 1; k <= std::min(n - 1, i + kBand); ++k) b[i] -= a[static_cast<size_t>(k) * kWidth + (k - i)] * b[k];
    b[i] /= a[static_cast<size_t>(i) * kWidth];
  }
  return true;
}

}  // namespace

void refine_trace(const FlatPage& page, TraceRow& row, const std::vector<double>& borders) {
  const int w = page.ink.width, h = page.ink.height;
  std::vector<uint8_t> steep(w, 0);
  const float usual = 1.5f * static_cast<float>(page.pen_px) + 0.5f;
  Drawing drawing{page, row, std::vector<int>(w, 0), std::vector<int>(w, -1), 0, 0, std::vector<uint8_t>(w, 0)};
  for (const double border : borders)
    if (border >= 0 && border < w) drawing.apart[static_cast<size_t>(border)] = 1;
  std::vector<uint8_t> bridged(w, 0);   // no ink of its own to be held against
  for (int x = row.first; x <= row.last; ++x) {
    if (std::isnan(row.top[x])) {
      bridged[x] = 1;
      continue;
    }
    int t = std::clamp(static_cast<int>(row.top[x]), 0, h - 1), b = std::clamp(static_cast<int>(row.bottom[x] + 1), 0, h - 1);
    const int margin = 3;
    for (int k = 0; k < 40 && t > 0 && page.ink.at(x, t - 1) > 0.12f; ++k) --t;   // what a stroke beside this column leaves in it
    for (int k = 0; k < 40 && b + 1 < h && page.ink.at(x, b + 1) > 0.12f; ++k) ++b;
    drawing.top[x] = std::max(0, t - margin), drawing.bottom[x] = std::min(h - 1, b + margin);
    if (row.bottom[x] - row.top[x] > usual)
      for (int k = std::max(row.first, x - 3); k <= std::min(row.last, x + 3); ++k) steep[k] = 1;
  }
  for (int x = row.first; x <= row.last; ++x)
    if (bridged[x]) steep[x] = 0;
  drawing.radius = static_cast<float>(0.5 * page.stroke_px);
  drawing.soft = static_cast<float>(std::max(0.6, 1.2 * page.image_px));
  // Levenberg-Marquardt over all heights at once: a height colours only its neighbours, so the normal matrix is banded.
  std::vector<float>& y = row.y;
  const int from = row.first, n = row.last - row.first + 1;
  if (n < 8) return;
  std::vector<float> base(static_cast<size_t>(h)), moved(static_cast<size_t>(h)), slope[2 * kReach + 1];
  std::vector<double> normal, right;
  std::vector<double> mismatch(w, 0);
  std::vector<float> kept;
  const auto column_mismatch = [&](int x) {
    drawing.draw(y.data(), x, w, base.data());
    double sum = 0;
    for (int py = drawing.top[x]; py <= drawing.bottom[x]; ++py) {
      const double d = page.ink.at(x, py) - base[static_cast<size_t>(py - drawing.top[x])];
      sum += d * d;
    }
    return sum;
  };
  const auto total = [&] {
    double sum = 0;
    for (int x = row.first; x <= row.last; ++x)
      if (steep[x] && drawing.bottom[x] >= drawing.top[x]) sum += mismatch[x] = column_mismatch(x);
    return sum;
  };
  const auto settle = [&](int rounds) {
    double damping = 0.02;
    double least = total();
    for (int round = 0; round < rounds; ++round) {
      normal.assign(static_cast<size_t>(n) * (kBand + 1), 0);
      right.assign(n, 0);
      for (int x = row.first; x <= row.last; ++x) {
        if (!steep[x] || drawing.bottom[x] < drawing.top[x]) continue;
        const int rows = drawing.bottom[x] - drawing.top[x] + 1;
        drawing.draw(y.data(), x, w, base.data());
        for (int k = -kReach; k <= kReach; ++k) {
          std::vector<float>& s = slope[k + kReach];
          s.assign(rows, 0);
          const int v = x + k;
          if (v < row.first || v > row.last || !steep[v] || std::isnan(y[v])) continue;
          const float old = y[v], step = 0.3f;
          y[v] = old + step;
          drawing.draw(y.data(), x, w, moved.data());
          y[v] = old;
          for (int r = 0; r < rows; ++r) s[r] = (moved[r] - base[r]) / step;
        }
        for (int i = -kReach; i <= kReach; ++i) {
          const int vi = x + i - from;
          if (vi < 0 || vi >= n) continue;
          for (int r = 0; r < rows; ++r)
            right[vi] += slope[i + kReach][r] * (page.ink.at(x, drawing.top[x] + r) - base[r]);
          for (int j = -kReach; j <= i; ++j) {
            if (x + j - from < 0) continue;
            double sum = 0;
            for (int r = 0; r < rows; ++r) sum += slope[i + kReach][r] * slope[j + kReach][r];
            normal[static_cast<size_t>(vi) * (kBand + 1) + (i - j)] += sum;
          }
        }
      }
      // Where the ink cannot say which of two neighbours is higher, the smoother course.
      constexpr double kSmooth = 0.003;
      for (int i = 1; i + 1 < n; ++i) {
        const float a = y[from + i - 1], b = y[from + i], c = y[from + i + 1];
        if (!steep[from + i] || std::isnan(a) || std::isnan(b) || std::isnan(c) || drawing.apart[from + i - 1] || drawing.apart[from + i]) continue;
        const double bend = a - 2 * b + c;
        constexpr double kWeights[3] = {1, -2, 1};
        for (int p = 0; p < 3; ++p) {
          right[i - 1 + p] -= kSmooth * kWeights[p] * bend;
          for (int q = 0; q <= p; ++q) normal[static_cast<size_t>(i - 1 + p) * (kBand + 1) + (p - q)] += kSmooth * kWeights[p] * kWeights[q];
        }
      }
      for (int i = 0; i < n; ++i) {
        double& d = normal[static_cast<size_t>(i) * (kBand + 1)];
        d = d * (1 + damping) + (steep[from + i] && !std::isnan(y[from + i]) ? 1e-4 : 1);
        if (!steep[from + i] || std::isnan(y[from + i])) right[i] = 0;
      }
      if (!solve_banded(normal, right, n)) break;
      kept = y;
      const float most = 6;
      for (int i = 0; i < n; ++i)
        if (steep[from + i] && !std::isnan(y[from + i]))
          y[from + i] = std::clamp(y[from + i] + std::clamp(static_cast<float>(right[i]), -most, most), static_cast<float>(drawing.top[from + i]) + 1, std::max(static_cast<float>(drawing.top[from + i]) + 1, static_cast<float>(drawing.bottom[from + i]) - 1));
      const double now = total();
      if (now < least) {
        const bool settled = now > 0.998 * least;
        least = now;
        damping = std::max(1e-3, damping * 0.4);
        if (settled) break;
      } else {
        y = kept;
        damping *= 6;
        if (damping > 10) break;
      }
    }
  };
  settle(12);

  // From the middle of a narrow spike the way to its tip leads uphill. Where ink beyond the trace asks for it, the tips are tried too,
  // and each stretch of steep columns keeps whichever course draws its ink better.
  const float half = static_cast<float>(0.5 * page.stroke_px), short_by = static_cast<float>(std::max(1.0, 0.6 * page.stroke_px));
  total();
  const std::vector<double> first_mismatch = mismatch;
  const std::vector<float> first = y;
  bool tips = false;
  for (int x = row.first + 2; x + 2 <= row.last; ++x) {
    if (!steep[x] || std::isnan(row.top[x]) || std::isnan(y[x])) continue;
    float highest = y[x], lowest = y[x];   // what the strokes to either side reach anyway
    for (int k = -1; k <= 1; ++k)
      if (!std::isnan(y[x + k])) highest = std::min(highest, y[x + k]), lowest = std::max(lowest, y[x + k]);
    const auto outermost = [&](auto higher) { return !(higher(row.top[x - 1], row.bottom[x - 1])) && !(higher(row.top[x + 1], row.bottom[x + 1])); };
    const float over = highest - (row.top[x] + half), under = row.bottom[x] - half - lowest;
    if (std::min(over, under) > 0.5f * short_by) continue;   // a stem of a letter or a separator crosses the trace
    if (over > short_by && outermost([&](float t, float) { return t < row.top[x]; })) y[x] = row.top[x] + half, tips = true;
    else if (under > short_by && outermost([&](float, float b) { return b > row.bottom[x]; })) y[x] = row.bottom[x] - half, tips = true;
  }
  if (!tips) return;
  settle(8);
  total();
  for (int x = row.first; x <= row.last; ++x) {
    if (!steep[x]) continue;
    int end = x;
    double before = 0, after = 0;
    while (end <= row.last && steep[end]) before += first_mismatch[end], after += mismatch[end], ++end;
    if (!(after < 0.9 * before)) std::copy(first.begin() + x, first.begin() + end, y.begin() + x);
    x = end;
  }
}

}  // namespace precordia
