#include "paper/refine_trace.h"

#include <array>

namespace precordia {
namespace {

constexpr int kReach = 2;   // columns to either side that a vertex is allowed to colour
constexpr float kFar = 1e9f;

struct Drawing {
  std::vector<int> top, bottom;    // rows per column that count; bottom < top where nothing does
  float radius, soft;
  std::vector<uint8_t> apart;      // no stroke from this vertex to the next
  std::vector<size_t> place;       // where a column's window begins in `others`
  std::vector<float> others;       // ink that other rows draw there; empty = none

  // Squared distances of column x's window, from its top down, to the stroke from vertex k (at height a) to k + 1 (at height b).
  void distances(int x, int k, float a, float b, float* out) const {
    const int rows = bottom[x] - top[x] + 1;
    if (apart[static_cast<size_t>(k)] || std::isnan(a) || std::isnan(b)) {
      std::fill_n(out, rows, kFar);
      return;
    }
    const float dx = static_cast<float>(x - k), rise = b - a, per_length = 1 / (1 + rise * rise), first = static_cast<float>(top[x]) - a;
    for (int r = 0; r < rows; ++r) {
      const float down = first + static_cast<float>(r);
      float t = (dx + down * rise) * per_length;
      t = t < 0 ? 0 : t > 1 ? 1 : t;
      const float ex = dx - t, ey = down - t * rise;
      out[r] = ex * ex + ey * ey;
    }
  }
  // Column x's ink at those squared distances from the nearest stroke.
  void cover(int x, const float* nearest, int rows, float* out) const {
    const float per_soft = 1 / soft, edge = 0.5f + radius * per_soft;
    for (int r = 0; r < rows; ++r) {
      const float ink = edge - std::sqrt(nearest[r]) * per_soft;
      out[r] = ink < 0 ? 0 : ink > 1 ? 1 : ink;
    }
    if (others.empty()) return;
    const float* theirs = others.data() + place[x];
    for (int r = 0; r < rows; ++r) out[r] = std::max(out[r], theirs[r]);
  }
};

// What drawing the heights leaves in one column, and what it becomes when one of them moves: only the strokes at that vertex are drawn anew.
class Column {
 public:
  explicit Column(int most_rows) {
    for (auto* buffer : {&base_, &nearest_, &stroke_}) buffer->resize(static_cast<size_t>(most_rows));
    for (auto& d : strokes_) d.resize(static_cast<size_t>(most_rows));
  }
  const float* draw(const Drawing& drawing, const float* y, int x, int columns) {
    rows_ = drawing.bottom[x] - drawing.top[x] + 1;
    from_ = std::max(0, x - kReach), to_ = std::min(columns - 2, x + kReach - 1);
    for (int k = from_; k <= to_; ++k) drawing.distances(x, k, y[k], y[k + 1], strokes_[k - from_].data());
    nearest_of(-1);
    drawing.cover(x, nearest_.data(), rows_, base_.data());
    return base_.data();
  }
  // After draw: the same with vertex v at `height`.
  void draw_moved(const Drawing& drawing, const float* y, int x, int columns, int v, float height, float* out) {
    nearest_of(v);
    const auto add = [&](int k, float a, float b) {
      if (k < from_ || k > to_) return;
      drawing.distances(x, k, a, b, stroke_.data());
      lower(nearest_.data(), stroke_.data());
    };
    add(v - 1, v > 0 ? y[v - 1] : 0, height);
    add(v, height, v + 1 < columns ? y[v + 1] : 0);
    drawing.cover(x, nearest_.data(), rows_, out);
  }
  int rows() const { return rows_; }

 private:
  void lower(float* least, const float* other) const {
    for (int r = 0; r < rows_; ++r) least[r] = other[r] < least[r] ? other[r] : least[r];
  }
  void nearest_of(int without) {   // strokes, less those at a vertex
    std::fill_n(nearest_.begin(), rows_, kFar);
    for (int k = from_; k <= to_; ++k)
      if (without < 0 || (k != without && k + 1 != without)) lower(nearest_.data(), strokes_[k - from_].data());
  }
  int rows_ = 0, from_ = 0, to_ = -1;
  std::vector<float> base_, nearest_, stroke_, strokes_[2 * kReach];
};

inline float dot(const float* a, const float* b, int n) {
  Four sum{};
  int i = 0;
  for (; i + 4 <= n; i += 4) sum += four_at(a + i) * four_at(b + i);
  float rest = 0;
  for (; i < n; ++i) rest += a[i] * b[i];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]) + rest;
}

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

// A row's windows and pen. With `whole`, strokes are seen to the end of their ink, not of the row's own share of it.
Drawing drawing_of(const FlatPage& page, const TraceRow& row, const std::vector<double>& borders, bool whole) {
  const int w = page.ink.width, h = page.ink.height, margin = 3, most = whole ? h : 40;
  Drawing drawing{std::vector<int>(w, 0), std::vector<int>(w, -1), static_cast<float>(0.5 * page.stroke_px), static_cast<float>(std::max(0.6, 1.2 * page.image_px)), std::vector<uint8_t>(w, 0), {}, {}};
  for (const double border : borders)
    if (border >= 0 && border < w) drawing.apart[static_cast<size_t>(border)] = 1;
  for (int x = row.first; x <= row.last; ++x) {
    if (std::isnan(row.top[x])) continue;
    int t = std::clamp(static_cast<int>(row.top[x]), 0, h - 1), b = std::clamp(static_cast<int>(row.bottom[x] + 1), 0, h - 1);
    for (int k = 0; k < most && t > 0 && page.ink.at(x, t - 1) > 0.12f; ++k) --t;   // what a stroke beside this column leaves in it
    for (int k = 0; k < most && b + 1 < h && page.ink.at(x, b + 1) > 0.12f; ++k) ++b;
    drawing.top[x] = std::max(0, t - margin), drawing.bottom[x] = std::min(h - 1, b + margin);
  }
  return drawing;
}

// Moves the heights of `row` in its steep columns, where `among` is not 0 (empty = all).
void refine(const FlatPage& page, const Drawing& drawing, TraceRow& row, const std::vector<uint8_t>& among) {
  const int w = page.ink.width, h = page.ink.height;
  std::vector<uint8_t> steep(w, 0);
  const float usual = 1.5f * static_cast<float>(page.pen_px) + 0.5f;
  for (int x = row.first; x <= row.last; ++x)
    if (row.bottom[x] - row.top[x] > usual)
      for (int k = std::max(row.first, x - 3); k <= std::min(row.last, x + 3); ++k) steep[k] = among.empty() || among[k];
  for (int x = row.first; x <= row.last; ++x)
    if (std::isnan(row.top[x])) steep[x] = 0;   // bridged: no ink of its own to be held against
  // Levenberg-Marquardt over all heights at once: a height colours only its neighbours, so the normal matrix is banded.
  std::vector<float>& y = row.y;
  const int from = row.first, n = row.last - row.first + 1;
  if (n < 8) return;
  Column column(h);
  std::vector<float> missing(static_cast<size_t>(h)), slope[2 * kReach + 1];
  for (auto& each : slope) each.resize(static_cast<size_t>(h));
  std::vector<double> normal, right;
  std::vector<double> mismatch(w, 0);
  std::vector<float> kept;
  const auto column_mismatch = [&](int x) {
    const float* base = column.draw(drawing, y.data(), x, w);
    double sum = 0;
    for (int py = drawing.top[x]; py <= drawing.bottom[x]; ++py) {
      const double d = page.ink.at(x, py) - base[py - drawing.top[x]];
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
        const float* base = column.draw(drawing, y.data(), x, w);
        const int rows = column.rows();
        for (int r = 0; r < rows; ++r) missing[r] = page.ink.at(x, drawing.top[x] + r) - base[r];
        std::array<bool, 2 * kReach + 1> moves{};
        for (int k = -kReach; k <= kReach; ++k) {
          const int v = x + k;
          if (v < row.first || v > row.last || !steep[v] || std::isnan(y[v])) continue;
          moves[static_cast<size_t>(k + kReach)] = true;
          constexpr float step = 0.3f;
          float* s = slope[k + kReach].data();
          column.draw_moved(drawing, y.data(), x, w, v, y[v] + step, s);
          for (int r = 0; r < rows; ++r) s[r] = (s[r] - base[r]) / step;
        }
        for (int i = 0; i <= 2 * kReach; ++i) {
          if (!moves[static_cast<size_t>(i)]) continue;
          const int vi = x + i - kReach - from;
          right[vi] += dot(slope[i].data(), missing.data(), rows);
          for (int j = 0; j <= i; ++j)
            if (moves[static_cast<size_t>(j)]) normal[static_cast<size_t>(vi) * (kBand + 1) + (i - j)] += dot(slope[i].data(), slope[j].data(), rows);
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

// Columns within six of where another row's ink lies in this one's windows.
std::vector<uint8_t> crossed(const Drawing& drawing, const std::vector<TraceRow>& rows, size_t r) {
  const int w = static_cast<int>(drawing.top.size()), reach = 6;
  std::vector<uint8_t> near(w, 0);
  for (size_t q = 0; q < rows.size(); ++q)
    for (int x = std::max(rows[q].first, rows[r].first); q != r && x <= std::min(rows[q].last, rows[r].last); ++x)
      if (rows[q].top[x] <= static_cast<float>(drawing.bottom[x]) && rows[q].bottom[x] >= static_cast<float>(drawing.top[x]))
        for (int k = std::max(0, x - reach); k <= std::min(w - 1, x + reach); ++k) near[k] = 1;
  return near;
}

}  // namespace

void refine_traces(const FlatPage& page, std::vector<TraceRow>& rows, const std::vector<std::vector<double>>& borders) {
  for (size_t r = 0; r < rows.size(); ++r)
    if (!borders[r].empty()) refine(page, drawing_of(page, rows[r], borders[r], false), rows[r], {});
  // Where rows cross, what one draws need not be drawn by another.
  Column column(page.ink.height);
  for (int round = 0; round < 2; ++round)
    for (size_t r = 0; r < rows.size(); ++r) {
      if (borders[r].empty()) continue;
      Drawing drawing = drawing_of(page, rows[r], borders[r], true);
      const std::vector<uint8_t> near = crossed(drawing, rows, r);
      if (std::find(near.begin(), near.end(), uint8_t{1}) == near.end()) continue;
      drawing.place.assign(near.size(), 0);
      size_t cells = 0;
      for (size_t x = 0; x < near.size(); ++x) drawing.place[x] = cells, cells += static_cast<size_t>(std::max(0, drawing.bottom[x] - drawing.top[x] + 1));
      drawing.others.assign(cells, 0);
      for (size_t q = 0; q < rows.size(); ++q) {
        if (q == r) continue;
        Drawing theirs = drawing_of(page, rows[q], borders[q], false);
        theirs.top = drawing.top, theirs.bottom = drawing.bottom;
        for (int x = rows[q].first; x <= rows[q].last; ++x) {
          if (!near[x] || theirs.bottom[x] < theirs.top[x]) continue;
          const float* ink = column.draw(theirs, rows[q].y.data(), x, page.ink.width);
          float* to = drawing.others.data() + drawing.place[x];
          for (int k = 0; k < column.rows(); ++k) to[k] = std::max(to[k], ink[k]);
        }
      }
      refine(page, drawing, rows[r], near);
    }
}

}  // namespace precordia
