// Plan: rows from where ink rests ▸ per row the cheapest path from left to right ▸ the ink run under it ▸ the pen's width undone.
#include "paper/trace_rows.h"

#include <cstdint>
#include <limits>
#include <numeric>

namespace precordia {
namespace {

const float kNaN = std::numeric_limits<float>::quiet_NaN();

// Columns become lines, so that what goes along them reads memory in its order.
Plane columns_of(const Plane& plane) {
  constexpr int kBlock = 16;
  Plane out(plane.height, plane.width);
  for (int y0 = 0; y0 < plane.height; y0 += kBlock)
    for (int x0 = 0; x0 < plane.width; x0 += kBlock)
      for (int x = x0; x < std::min(plane.width, x0 + kBlock); ++x)
        for (int y = y0; y < std::min(plane.height, y0 + kBlock); ++y) out.row(x)[y] = plane.at(x, y);
  return out;
}

// Ink that lies rather than stands, per line of the page, smoothed by 1.5 mm. `columns` is the page's ink by columns, here and below.
std::vector<float> resting_ink(const FlatPage& page, const Plane& columns) {
  const int w = page.ink.width, h = page.ink.height;
  const int tall = static_cast<int>(2.5 * page.px_per_mm);
  std::vector<float> rest(h, 0);
  for (int x = 0; x < w; ++x) {
    const float* ink = columns.row(x);
    int start = -1;
    for (int y = 0; y <= h; ++y) {
      const bool dark = y < h && ink[y] > kInk;
      if (dark && start < 0) start = y;
      if (!dark && start >= 0) {
        if (y - start < tall)
          for (int k = start; k < y; ++k) rest[k] += 1.f / static_cast<float>(y - start);
        start = -1;
      }
    }
  }
  const int reach = static_cast<int>(1.6 * page.px_per_mm);
  std::vector<float> smooth(h, 0);
  for (int y = 0; y < h; ++y) {
    float sum = 0, weights = 0;
    for (int k = -2 * reach; k <= 2 * reach; ++k) {
      const float g = std::exp(-0.5f * static_cast<float>(k * k) / static_cast<float>(reach * reach));
      weights += g;
      if (y + k >= 0 && y + k < h) sum += g * rest[y + k];
    }
    smooth[y] = sum / weights;
  }
  return smooth;
}

std::vector<int> row_candidates(const FlatPage& page, const Plane& columns) {
  const std::vector<float> rest = resting_ink(page, columns);
  const int apart = static_cast<int>(6.5 * page.px_per_mm);
  const int h = static_cast<int>(rest.size());
  std::vector<std::pair<float, int>> peaks;
  for (int y = 1; y + 1 < h; ++y)
    if (rest[y] > rest[y - 1] && rest[y] >= rest[y + 1]) peaks.push_back({rest[y], y});
  std::sort(peaks.rbegin(), peaks.rend());
  std::vector<int> rows;
  const float least = peaks.empty() ? 0 : 0.16f * peaks.front().first;
  for (const auto& [strength, y] : peaks) {
    if (strength < least) break;
    bool free = y > 2 * page.px_per_mm && y < h - 2 * page.px_per_mm;   // nearer to the edge is the edge, or what lies beyond it
    for (const int r : rows) free &= std::abs(r - y) > apart;
    if (free) rows.push_back(y);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Cheapest path from left to right. A column without ink costs 1; a step up or down costs little on ink and more beside it; far from
// the row's own rest line costs a little, so that a crossing leads back to it.
std::vector<int> cheapest_path(const FlatPage& page, const Plane& columns, int rest_line, double pitch_px) {
  const int w = page.ink.width, h = page.ink.height;
  const float per_px = 8.f / static_cast<float>(page.px_per_mm);
  const float on_ink = 0.004f * per_px, off_ink = 0.055f * per_px, pull = 0.25f / static_cast<float>(std::max(pitch_px, 1.0));
  const int reach = static_cast<int>(std::min(46.0 * page.px_per_mm, 2.2 * pitch_px + 10 * page.px_per_mm));
  const int top = std::max(0, rest_line - reach), bottom = std::min(h - 1, rest_line + reach);
  const int n = bottom - top + 1;
  std::vector<float> cost(n, 0), step(n), away(n);
  for (int k = 0; k < n; ++k) away[k] = pull * static_cast<float>(std::abs(top + k - rest_line));
  std::vector<int16_t> from(static_cast<size_t>(w) * n);   // the row of the column before from which this cell was reached
  for (int x = 0; x < w; ++x) {
    int16_t* back = from.data() + static_cast<size_t>(x) * n;
    const float* ink = columns.row(x) + top;
    for (int k = 0; k < n; ++k) {
      step[k] = 0.5f * (on_ink + (off_ink - on_ink) * std::clamp(1 - ink[k] / 0.3f, 0.f, 1.f));   // a thin stroke that stands is paler than one that lies
      cost[k] += std::clamp(1 - ink[k] / 0.6f, 0.f, 1.f) + away[k];
      back[k] = static_cast<int16_t>(k);
    }
    for (int k = 1; k < n; ++k) {
      const float c = cost[k - 1] + (step[k - 1] + step[k]);
      if (c < cost[k]) cost[k] = c, back[k] = back[k - 1];
    }
    for (int k = n - 2; k >= 0; --k) {
      const float c = cost[k + 1] + (step[k + 1] + step[k]);
      if (c < cost[k]) cost[k] = c, back[k] = back[k + 1];
    }
  }
  std::vector<int> path(w);
  int k = static_cast<int>(std::min_element(cost.begin(), cost.end()) - cost.begin());
  for (int x = w - 1; x >= 0; --x) {
    // The cell that was entered from the left in this column; the way up or down to the exit is the stroke itself.
    k = from[static_cast<size_t>(x) * n + k];
    path[x] = top + k;
  }
  return path;
}

// The same by strokes that are followed to their ends: a way is level, or up, or down, and to turn, or to join or leave a stroke from the
// side, where its ink goes on costs kTurn.
// `taken`: not 0 where ink is another row's, column by column; it costs as much as no ink, and the ink that is left draws. Empty = none.
std::vector<int> followed_path(const FlatPage& page, const Plane& columns, int rest_line, double pitch_px, const std::vector<uint8_t>& taken = {}, int left = 0, int right = -1) {
  const int w = page.ink.width, h = page.ink.height;
  if (right < 0) right = w - 1;
  constexpr float kTurn = 6, kTaken = 1;
  const float per_px = 8.f / static_cast<float>(page.px_per_mm);
  const float on_ink = (taken.empty() ? 0.004f : 0.0012f) * per_px, off_ink = 0.055f * per_px, pull = (taken.empty() ? 0.25f : 0.02f) / static_cast<float>(std::max(pitch_px, 1.0));
  const int reach = static_cast<int>(std::min(46.0 * page.px_per_mm, 2.2 * pitch_px + 10 * page.px_per_mm));
  const int top = std::max(0, rest_line - reach), bottom = std::min(h - 1, rest_line + reach);
  const int n = bottom - top + 1;
  const float ends = 0.6f * static_cast<float>(page.pen_px) + 1, goes_on = ends + 0.8f * static_cast<float>(page.px_per_mm);
  enum { kLevel, kUp, kDown, kWays };
  std::vector<float> cost[kWays], step(n), away(n), turn_up(n), turn_down(n);   // of ways that are level, or along a stroke
  std::vector<uint32_t> origin[kWays];   // where the column was entered, and how
  for (int s = 0; s < kWays; ++s) cost[s].assign(n, s == kLevel ? 0.f : 1e9f), origin[s].resize(n);
  for (int k = 0; k < n; ++k) away[k] = pull * static_cast<float>(std::abs(top + k - rest_line));
  std::vector<uint16_t> from[kWays];   // how and at which height of the column before this cell was reached
  for (auto& f : from) f.resize(static_cast<size_t>(right + 1 - left) * n);
  std::vector<uint8_t> dark(n);
  for (int x = left; x <= right; ++x) {
    const float *ink = columns.row(x) + top, *before = columns.row(std::max(0, x - 1)) + top, *after = columns.row(std::min(w - 1, x + 1)) + top;
    const uint8_t* t = taken.empty() ? nullptr : taken.data() + static_cast<size_t>(x) * h + top;
    for (int k = 0; k < n; ++k) {
      step[k] = 0.5f * (on_ink + (off_ink - on_ink) * std::clamp(1 - ink[k] / 0.3f, 0.f, 1.f));   // a thin stroke that stands is paler than one that lies
      dark[k] = std::max({ink[k], before[k], after[k]}) > 0.35f && !(t && t[k]);
      const float here = std::clamp(1 - ink[k] / 0.6f, 0.f, 1.f) + away[k] + (t && t[k] ? kTaken : 0.f);
      for (int s = 0; s < kWays; ++s) cost[s][k] += here, origin[s][k] = static_cast<uint32_t>(k * kWays + s);
    }
    // A stroke left to the side, or joined from there, where it goes on.
    for (int k = 0; x > left && k < n; ++k)
      if (ink[k] < 0.2f) cost[kUp][k] += turn_up[k], cost[kDown][k] += turn_down[k];
    int run = 0;
    for (int k = 0; k < n; ++k) turn_up[k] = kTurn * std::clamp((static_cast<float>(run) - ends) / (goes_on - ends), 0.f, 1.f), run = dark[k] ? run + 1 : 0;
    run = 0;
    for (int k = n - 1; k >= 0; --k) turn_down[k] = kTurn * std::clamp((static_cast<float>(run) - ends) / (goes_on - ends), 0.f, 1.f), run = dark[k] ? run + 1 : 0;
    for (int k = 0; x > left && k < n; ++k)
      if (before[k] < 0.2f && ink[k] >= 0.2f) cost[kUp][k] += turn_down[k], cost[kDown][k] += turn_up[k];
    const auto relax = [&](int s, int k, int r, int j, float more) {
      const float c = cost[r][j] + more;
      if (c < cost[s][k]) cost[s][k] = c, origin[s][k] = origin[r][j];
    };
    // Turns only where a column is entered, so that a tip is a cell of the path. Upward strokes end, and downward ones begin, where nothing
    // goes on above.
    for (int k = 0; k < n; ++k) {
      relax(kLevel, k, kUp, k, turn_up[k]), relax(kLevel, k, kDown, k, turn_down[k]);
      relax(kDown, k, kUp, k, turn_up[k]), relax(kDown, k, kLevel, k, turn_up[k]);
      relax(kUp, k, kDown, k, turn_down[k]), relax(kUp, k, kLevel, k, turn_down[k]);
    }
    for (int k = 1; k < n; ++k) relax(kDown, k, kDown, k - 1, step[k - 1] + step[k]);
    for (int k = n - 2; k >= 0; --k) relax(kUp, k, kUp, k + 1, step[k + 1] + step[k]);
    // A level way may drift by a pixel.
    for (int k = n - 1; k >= 1; --k) relax(kLevel, k, kLevel, k - 1, step[k - 1] + step[k]);
    for (int k = 0; k + 1 < n; ++k)
      if (origin[kLevel][k + 1] == static_cast<uint32_t>((k + 1) * kWays + kLevel)) relax(kLevel, k, kLevel, k + 1, step[k + 1] + step[k]);
    for (int s = 0; s < kWays; ++s)
      for (int k = 0; k < n; ++k) from[s][static_cast<size_t>(x - left) * n + k] = static_cast<uint16_t>(origin[s][k]);
  }
  std::vector<int> path(w);
  int k = 0, s = kLevel;
  for (int r = 0; r < kWays; ++r)
    for (int j = 0; j < n; ++j)
      if (cost[r][j] < cost[s][k]) s = r, k = j;
  for (int x = right; x >= left; --x) {
    // The cell that was entered from the left in this column; the way up or down to the exit is the stroke itself.
    const int cell = from[s][static_cast<size_t>(x - left) * n + k];
    k = cell / kWays, s = cell % kWays;
    path[x] = top + k;
  }
  return path;
}

// Pixels of a path's way to the next column that are not on ink.
int bare_at(const FlatPage& page, const std::vector<int>& path, int x) {
  const int next = path[std::min(x + 1, page.ink.width - 1)];
  int bare = 0;
  for (int y = std::min(path[x], next); y <= std::max(path[x], next); ++y) bare += page.ink.at(x, y) < 0.3f;
  return bare;
}

// Whether row r's path runs along the trace of one of the rows `among` that rests nearer to it.
bool is_borrowed(const FlatPage& page, const std::vector<int>& rest, const std::vector<std::vector<int>>& paths, const std::vector<size_t>& among, size_t r, int x) {
  const int pen = static_cast<int>(std::ceil(page.pen_px)), y = paths[r][x];
  return std::any_of(among.begin(), among.end(), [&](size_t q) { return q != r && std::abs(paths[q][x] - y) <= pen && std::abs(y - rest[q]) < std::abs(y - rest[r]); });
}

// Per row, columns of its path: 1 = over bare paper it has gone to the trace of a row that rests nearer, and its own is not on the page there.
std::vector<std::vector<uint8_t>> strayed(const FlatPage& page, const std::vector<int>& rest, const std::vector<std::vector<int>>& paths) {
  const int w = page.ink.width;
  // Those that borrow much of their trace are no rows of their own: they lose nothing by this, nor do others to them.
  std::vector<size_t> all, own;
  for (size_t r = 0; r < paths.size(); ++r) all.push_back(r);
  for (const size_t r : all) {
    int sum = 0;
    for (int x = 0; x < w; ++x) sum += is_borrowed(page, rest, paths, all, r, x);
    if (sum < 0.3 * w) own.push_back(r);
  }
  std::vector<std::vector<uint8_t>> away(paths.size(), std::vector<uint8_t>(w, 0));
  for (const size_t r : own) {
    const std::vector<int>& path = paths[r];
    const auto jumps = [&](int x) { return bare_at(page, path, x) > 3 * page.px_per_mm; };   // to the next column over more than 3 mm of paper
    struct Piece { int from, to; bool theirs, bare; };   // from one jump to the next
    std::vector<Piece> pieces;
    for (int x = 0; x < w; ++x) {
      int end = x, theirs = is_borrowed(page, rest, paths, own, r, x);
      while (end + 1 < w && !jumps(end)) theirs += is_borrowed(page, rest, paths, own, r, ++end);
      int inked = 0, nearer = 0;
      for (int k = x; k <= end; ++k) {
        inked += page.ink.at(k, path[k]) > kInk;
        nearer += std::any_of(own.begin(), own.end(), [&](size_t q) { return std::abs(path[k] - rest[q]) < 0.5 * std::abs(path[k] - rest[r]); });
      }
      const int half = (end + 1 - x) / 2;
      if (theirs > half) std::fill(away[r].begin() + x, away[r].begin() + end + 1, uint8_t{1});
      pieces.push_back({x, end, nearer > half, inked < half});
      x = end;
    }
    // Where the page cuts its trace off, a path may go on along another row's, whose own path went elsewhere in turn.
    const auto beyond = [&](auto piece, auto last) {
      for (; piece != last && (piece->theirs || piece->bare); ++piece)
        if (piece->theirs) std::fill(away[r].begin() + piece->from, away[r].begin() + piece->to + 1, uint8_t{1});
    };
    beyond(pieces.begin(), pieces.end());
    beyond(pieces.rbegin(), pieces.rend());
  }
  return away;
}

struct Run { float top = 0, bottom = 0; };   // outer edges at half ink, to a fraction of a pixel

Run run_around(const FlatPage& page, int x, int y, int pen) {
  const int h = page.ink.height;
  // The path may run just beside the ink.
  int at = y;
  for (int d = 1; d <= pen && page.ink.at(x, at) < kInk; ++d) {
    if (y - d >= 0 && page.ink.at(x, y - d) >= kInk) at = y - d;
    else if (y + d < h && page.ink.at(x, y + d) >= kInk) at = y + d;
  }
  if (page.ink.at(x, at) < kInk) return {kNaN, kNaN};
  int t = at, b = at;
  while (t > 0 && page.ink.at(x, t - 1) >= kInk) --t;
  while (b + 1 < h && page.ink.at(x, b + 1) >= kInk) ++b;
  const auto crossing = [&](float inside, float outside) { return inside > outside ? std::clamp((inside - 0.5f) / (inside - outside), -0.5f, 1.f) : 0.5f; };
  const float above = t > 0 ? page.ink.at(x, t - 1) : 0, below = b + 1 < h ? page.ink.at(x, b + 1) : 0;
  return {static_cast<float>(t) - crossing(page.ink.at(x, t), above), static_cast<float>(b) + crossing(page.ink.at(x, b), below)};
}

// What of a column's ink a path accounts for: the run under it, little further than the path itself goes there and in the next columns.
struct Span { int top = 0, bottom = -1; };
Span span_of(const FlatPage& page, const std::vector<int>& path, int x) {
  const int pen = static_cast<int>(std::ceil(page.pen_px)), beyond = std::max(2 * pen, static_cast<int>(page.px_per_mm));
  const Run run = run_around(page, x, path[x], pen);
  if (std::isnan(run.top)) return {};
  const int before = path[std::max(0, x - 1)], after = path[std::min(page.ink.width - 1, x + 1)];
  const int high = std::min({before, path[x], after}) - beyond, low = std::max({before, path[x], after}) + beyond;
  return {std::max({0, high, static_cast<int>(std::ceil(run.top))}), std::min({page.ink.height - 1, low, static_cast<int>(run.bottom)})};
}

constexpr double kBeyondNameMm = 4;   // higher than printed names are
constexpr double kAroundMm = 40;     // of a stroke that was left, within which the row is sought again: at 20, photo 36 is not mended

// Where strokes cross, a path may follow its neighbour's and leave its own ink to nobody; where a name is printed over a beat, it may go on along the
// name and leave the beat. Such rows are sought again with the others' ink taken, and each stretch where that leads elsewhere is kept if more of the
// page's ink is accounted for. Whether any rows do.
bool share_ink(const FlatPage& page, const Plane& columns, const std::vector<int>& rest, double pitch_px, std::vector<std::vector<int>>& paths) {
  const int w = page.ink.width, h = page.ink.height, pen = static_cast<int>(std::ceil(page.pen_px));
  std::vector<uint8_t> covered(static_cast<size_t>(w) * h, 0);   // by how many paths, column by column
  const auto cover = [&](const std::vector<int>& path, int from, int to, int by) {
    for (int x = from; x <= to; ++x) {
      const Span s = span_of(page, path, x);
      for (int y = s.top; y <= s.bottom; ++y) covered[static_cast<size_t>(x) * h + y] = static_cast<uint8_t>(covered[static_cast<size_t>(x) * h + y] + by);
    }
  };
  const auto alone = [&](const std::vector<int>& path, int from, int to, int* shared) {   // ink that no other path accounts for, while this one is not counted
    double sum = 0;
    for (int x = from; x <= to; ++x) {
      const Span s = span_of(page, path, x);
      for (int y = s.top; y <= s.bottom; ++y)
        if (covered[static_cast<size_t>(x) * h + y] == 0) sum += page.ink.at(x, y);
        else if (shared) ++*shared;
    }
    return sum;
  };
  const auto bare = [&](const std::vector<int>& path, int from, int to) {
    int n = 0;
    for (int x = from; x <= to; ++x) n += bare_at(page, path, x);
    return n;
  };
  // Where strokes of two rows touch, or a long one leaves the path: ink that no path accounts for, nor beside it within the pen.
  struct Missed { int all = 0, met = 0; std::vector<int> beside; };   // and the columns of long strokes
  const auto missed_by = [&](const std::vector<int>& path) {
    Missed n;
    for (int x = 0; x < w; ++x) {
      const Run run = run_around(page, x, path[x], pen);
      const auto touches = [&](const std::vector<int>& other) { return &other != &path && static_cast<float>(other[x]) >= run.top && static_cast<float>(other[x]) <= run.bottom; };
      if (std::isnan(run.top)) continue;
      int here = 0;
      for (int y = static_cast<int>(std::ceil(run.top)); y <= static_cast<int>(run.bottom); ++y) {
        bool known = false;
        for (int k = std::max(0, x - pen - 1); k <= std::min(w - 1, x + pen + 1) && !known; ++k) known = covered[static_cast<size_t>(k) * h + y] != 0;
        here += !known;
      }
      const bool met = std::any_of(paths.begin(), paths.end(), touches);
      if (met) n.met += here;
      else if (here > kBeyondNameMm * page.px_per_mm) n.beside.push_back(x);
      if (met || here > kBeyondNameMm * page.px_per_mm) n.all += here;
    }
    return n;
  };
  for (const auto& path : paths) cover(path, 0, w - 1, 1);
  const int apart = static_cast<int>(page.px_per_mm);
  bool any = false;
  for (int round = 0; round < 2; ++round) {
    bool changed = false;
    for (size_t r = 0; r < paths.size(); ++r) {
      std::vector<int>& path = paths[r];
      const Missed missed = missed_by(path);
      cover(path, 0, w - 1, -1);
      int shared = 0;
      alone(path, 0, w - 1, &shared);
      const double enough = page.px_per_mm * page.pen_px;
      const bool meets = std::max(shared, missed.met) > enough;
      any = any || meets;
      if (meets || missed.all > enough) {
        // All of a row that meets another, of others the surroundings of their strokes.
        std::vector<int> other = path;
        for (size_t i = 0, next; i < (meets ? size_t{1} : missed.beside.size()); i = next) {
          const int around = static_cast<int>(kAroundMm * page.px_per_mm);
          for (next = i + 1; !meets && next < missed.beside.size() && missed.beside[next] < missed.beside[next - 1] + 2 * around;) ++next;
          const int left = meets ? 0 : std::max(0, missed.beside[i] - around), right = meets ? w - 1 : std::min(w - 1, missed.beside[next - 1] + around);
          const std::vector<int> there = followed_path(page, columns, rest[r], pitch_px, covered, left, right);
          std::copy(there.begin() + left, there.begin() + right + 1, other.begin() + left);
        }
        for (int x = 0; x < w; ++x) {
          if (std::abs(other[x] - path[x]) <= pen) continue;
          int end = x;
          for (int k = x; k < w && k <= end + apart; ++k)
            if (std::abs(other[k] - path[k]) > pen) end = k;
          const int from = std::max(0, x - 1), to = std::min(w - 1, end + 1);
          int aside = 0;
          for (int k = x; k <= end; ++k) aside = std::max(aside, std::abs(other[k] - path[k]));
          const double gain = (alone(other, from, to, nullptr) - alone(path, from, to, nullptr)) / page.pen_px;   // a length of stroke
          if ((meets || aside > kBeyondNameMm * page.px_per_mm) && gain > 3 * page.px_per_mm && bare(other, from, to) <= bare(path, from, to) + 0.5 * page.px_per_mm + 0.15 * gain) {
            std::copy(other.begin() + x, other.begin() + end + 1, path.begin() + x);
            changed = true;
          }
          x = end;
        }
      }
      cover(path, 0, w - 1, 1);
    }
    if (!changed) break;
  }
  return any;
}

// Lengths of stroke: what paths account for together, and what of their ways is bare paper.
struct Account { double ink = 0, bare = 0; };
Account accounted(const FlatPage& page, const std::vector<std::vector<int>>& paths) {
  const int w = page.ink.width, h = page.ink.height;
  Account sum;
  std::vector<uint8_t> covered(h);
  for (int x = 0; x < w; ++x) {
    std::fill(covered.begin(), covered.end(), uint8_t{0});
    for (const auto& path : paths) {
      const Span s = span_of(page, path, x);
      for (int y = s.top; y <= s.bottom; ++y) covered[y] = 1;
      sum.bare += bare_at(page, path, x);
    }
    for (int y = 0; y < h; ++y)
      if (covered[y]) sum.ink += page.ink.at(x, y) / page.pen_px;
  }
  return sum;
}

float centroid(const FlatPage& page, int x, const Run& run) {
  float sum = 0, weights = 0;
  for (int y = std::max(0, static_cast<int>(run.top) - 1); y <= std::min(page.ink.height - 1, static_cast<int>(run.bottom) + 2); ++y) {
    const float v = page.ink.at(x, y);
    sum += v * static_cast<float>(y);
    weights += v;
  }
  return weights > 0 ? sum / weights : 0.5f * (run.top + run.bottom);
}

// The pen blurs the signal by its own width in both directions: its upper edge is the signal's local maximum plus half a pen, its lower
// edge the local minimum less half a pen. Narrowing both over half a pen gives two estimates that agree on slopes; at a peak the one
// on the outer side is right.
void undo_pen(const FlatPage& page, TraceRow& row) {
  const int w = page.ink.width;
  const float half = static_cast<float>(page.pen_px) / 2;
  const int reach = std::max(0, static_cast<int>(std::lround(half - 0.25)));
  std::vector<float> upper(w, kNaN), lower(w, kNaN), middle(w, kNaN);
  for (int x = 0; x < w; ++x) {
    if (std::isnan(row.top[x])) continue;
    float u = -1e9f, l = 1e9f;
    for (int k = -reach; k <= reach; ++k) {
      if (x + k < 0 || x + k >= w || std::isnan(row.top[x + k])) continue;
      u = std::max(u, row.top[x + k] + half);
      l = std::min(l, row.bottom[x + k] - half);
    }
    upper[x] = u, lower[x] = l;
    middle[x] = 0.5f * (row.top[x] + row.bottom[x]);
  }
  const int d = std::max(2, static_cast<int>(std::lround(page.pen_px)));
  for (int x = 0; x < w; ++x) {
    if (std::isnan(upper[x])) continue;
    const float tall = row.bottom[x] - row.top[x];
    if (tall < 1.5f * static_cast<float>(page.pen_px) && std::abs(upper[x] - lower[x]) < half) {
      row.y[x] = centroid(page, x, {row.top[x], row.bottom[x]});
      continue;
    }
    const float before = middle[std::max(0, x - d)], after = middle[std::min(w - 1, x + d)];
    if (upper[x] >= lower[x] || std::isnan(before) || std::isnan(after)) {   // a slope: both edges were moved past each other or meet
      row.y[x] = 0.5f * (upper[x] + lower[x]);
      continue;
    }
    const float bend = middle[x] - 0.5f * (before + after);   // negative: a peak upwards
    const float gap = lower[x] - upper[x];
    const float lean = std::clamp(0.5f - bend / std::max(gap, 1.f), 0.f, 1.f);   // 1 = the upper edge
    row.y[x] = lean * upper[x] + (1 - lean) * lower[x];
  }
}

// Edges of the ink along a row's path, none where `away`; where another row's path runs through the same ink, no further than its own span.
TraceRow trace_ink(const FlatPage& page, const std::vector<std::vector<int>>& paths, size_t r, const std::vector<uint8_t>& away) {
  const std::vector<int>& path = paths[r];
  const int w = page.ink.width;
  TraceRow row;
  row.y.assign(w, kNaN), row.top.assign(w, kNaN), row.bottom.assign(w, kNaN), row.confidence.assign(w, 0);
  const int pen = std::max(2, static_cast<int>(page.pen_px));
  for (int x = 0; x < w; ++x) {
    const Run run = away[x] ? Run{kNaN, kNaN} : run_around(page, x, path[x], pen);
    row.top[x] = run.top;
    row.bottom[x] = run.bottom;
    const auto inside = [&](const std::vector<int>& other) { return &other != &path && other[x] >= run.top && other[x] <= run.bottom; };
    if (std::any_of(paths.begin(), paths.end(), inside)) {
      const Span own = span_of(page, path, x);
      row.top[x] = std::max(run.top, static_cast<float>(own.top));
      row.bottom[x] = std::min(run.bottom, static_cast<float>(own.bottom));
    }
  }
  // A column that is ink nearly all the way down is a frame or a border line, not a trace.
  const int h = page.ink.height;
  for (int x = 0; x < w; ++x) {
    if (!(row.bottom[x] - row.top[x] > 12 * page.px_per_mm)) continue;
    int inked = 0;
    for (int y = 0; y < h; y += 2) inked += page.ink.at(x, y) > kInk;
    if (inked > 0.3 * h)
      for (int k = std::max(0, x - 1); k <= std::min(w - 1, x + 1); ++k) row.top[k] = row.bottom[k] = kNaN;
  }
  return row;
}

void read_row(const FlatPage& page, TraceRow& row) {
  const int w = page.ink.width;
  undo_pen(page, row);

  // First and last column: where the share of ink over 6 mm passes a half.
  const int window = static_cast<int>(6 * page.px_per_mm);
  std::vector<int> inked(w + 1, 0);
  for (int x = 0; x < w; ++x) inked[x + 1] = inked[x] + !std::isnan(row.y[x]);
  row.first = w;
  row.last = -1;
  for (int x = 0; x < w; ++x) {
    if (std::isnan(row.y[x])) continue;
    if (inked[std::min(w, x + window)] - inked[x] > 0.7 * window) row.first = std::min(row.first, x);
    if (inked[x + 1] - inked[std::max(0, x + 1 - window)] > 0.7 * window) row.last = x;
  }
  // A hole right at either end is a frame that the trace runs into: what lies beyond it is no signal.
  const int end = static_cast<int>(1.5 * page.px_per_mm);
  for (int x = std::min(w - 1, row.first + end); x > row.first; --x)
    if (std::isnan(row.y[x])) {
      row.first = x + 1;
      break;
    }
  for (int x = std::max(0, row.last - end); x < row.last; ++x)
    if (std::isnan(row.y[x])) {
      row.last = x - 1;
      break;
    }
  for (int x = 0; x < w; ++x) {
    if (x < row.first || x > row.last) row.y[x] = kNaN;
    if (std::isnan(row.y[x])) continue;
    const float tall = row.bottom[x] - row.top[x];
    const float ink = page.ink.at(x, std::clamp(static_cast<int>(std::lround(row.y[x])), 0, page.ink.height - 1));
    row.confidence[x] = std::clamp(ink, 0.2f, 1.f) * std::clamp(1.2f - tall / static_cast<float>(30 * page.px_per_mm), 0.3f, 1.f);
  }
  if (row.last > row.first) row.ink_share = static_cast<double>(inked[row.last + 1] - inked[row.first]) / (row.last + 1 - row.first);
}

// Height of the trace where it lies: the pen.
double pen_of(const FlatPage& page, const std::vector<TraceRow>& rows) {
  std::vector<float> heights;
  for (const TraceRow& row : rows)
    for (size_t x = 0; x < row.top.size(); ++x)
      if (row.bottom[x] - row.top[x] < 1.3 * page.px_per_mm) {
        float mass = 0;
        for (int y = std::max(0, static_cast<int>(row.top[x]) - 2); y <= std::min(page.ink.height - 1, static_cast<int>(row.bottom[x]) + 3); ++y)
          mass += page.ink.at(static_cast<int>(x), y);
        heights.push_back(mass);
      }
  if (heights.empty()) return page.pen_px;
  return std::max(1.0, std::min<double>(percentile(heights, 0.45), 1.11 * percentile(heights, 0.1)));
}

// Width of the strokes that stand, as if they were black: noise thickens what lies, not these. Nothing where there are too few.
std::optional<double> upright_pen(const FlatPage& page, const std::vector<std::vector<int>>& paths) {
  const int w = page.ink.width, h = page.ink.height, widest = static_cast<int>(1.2 * page.px_per_mm);
  std::vector<float> widths;
  for (const std::vector<int>& path : paths)
    for (int x = widest + 3; x + widest + 3 < w; ++x)
      for (int y = std::max(4, std::min(path[x], path[x + 1]) + 1); y < std::min(h - 4, std::max(path[x], path[x + 1])); ++y) {
        int a = x, b = x;
        while (x - a < widest && page.ink.at(a - 1, y) > 0.05f) --a;
        while (b - x < widest && page.ink.at(b + 1, y) > 0.05f) ++b;
        if (x - a == widest || b - x == widest) continue;   // a stroke beside it, or a trace that lies
        const auto middle = [&](int line) {
          float mass = 0, moment = 0;
          for (int k = a - 2; k <= b + 2; ++k) mass += page.ink.at(k, line), moment += page.ink.at(k, line) * static_cast<float>(k);
          return moment / mass;
        };
        const float lean = (middle(y + 3) - middle(y - 3)) / 6;
        float mass = 0, darkest = 0;
        for (int k = a; k <= b; ++k) mass += page.ink.at(k, y), darkest = std::max(darkest, page.ink.at(k, y));
        if (darkest > kInk && std::abs(lean) < 0.35f) widths.push_back(mass / darkest / std::sqrt(1 + lean * lean));
      }
  if (widths.size() < 100) return std::nullopt;
  return std::max<double>(1, percentile(widths, 0.5));
}

// Short holes (0.8 mm) are bridged straight and marked by a low confidence; longer ones stay.
void bridge_holes(const FlatPage& page, TraceRow& row) {
  const int longest = static_cast<int>(0.8 * page.px_per_mm);
  for (int x = row.first; x <= row.last; ++x) {
    if (!std::isnan(row.y[x])) continue;
    int end = x;
    while (end <= row.last && std::isnan(row.y[end])) ++end;
    if (end - x <= longest && x > row.first && end <= row.last)
      for (int k = x; k < end; ++k) {
        const float a = static_cast<float>(k - x + 1) / static_cast<float>(end - x + 1);
        row.y[k] = (1 - a) * row.y[x - 1] + a * row.y[end];
        row.confidence[k] = 0.15f;
      }
    x = end;
  }
}

// Share of neighbouring columns whose ink touches: a trace is one stroke, specks are not.
double continuity(const TraceRow& row) {
  int touching = 0, pairs = 0;
  for (int x = row.first; x < row.last; ++x) {
    if (std::isnan(row.top[x]) || std::isnan(row.top[x + 1])) continue;
    ++pairs;
    touching += row.top[x + 1] < row.bottom[x] + 1.5f && row.bottom[x + 1] > row.top[x] - 1.5f;
  }
  return pairs > 0 ? static_cast<double>(touching) / pairs : 0;
}

// A straight line at the edge of the page is its frame.
bool is_frame(const FlatPage& page, const TraceRow& row) {
  const double edge = 4 * page.px_per_mm;
  if (row.baseline_px > edge && row.baseline_px < page.ink.height - edge) return false;
  double off = 0;
  int n = 0;
  for (const float v : row.y)
    if (!std::isnan(v)) off += std::min(std::abs(v - row.baseline_px), page.px_per_mm), ++n;
  return off / std::max(n, 1) < 0.12 * page.px_per_mm;
}

// A ruled line along an edge of the page, within 6 mm of it and over 30 mm long, is a frame: a trace that runs into it would follow it.
void clear_frame(FlatPage& page) {
  const int w = page.ink.width, h = page.ink.height, edge = static_cast<int>(6 * page.px_per_mm), least = static_cast<int>(30 * page.px_per_mm);
  const int thick = std::max(1, static_cast<int>(std::lround(0.3 * page.px_per_mm))), hole = static_cast<int>(0.5 * page.px_per_mm);
  const auto clear = [&](bool lying, int at) {   // one line of pixels of the page
    const int length = lying ? w : h, across = lying ? h : w;
    const auto ink = [&](int along, int d) -> float& { return lying ? page.ink.row(at + d)[along] : page.ink.row(along)[at + d]; };
    if (at - 2 * thick < 0 || at + 2 * thick >= across) return;
    int begin = -1, last = -1, inked = 0;
    for (int k = 0; k <= length; ++k) {
      const bool dark = k < length && std::max({ink(k, -1), ink(k, 0), ink(k, 1)}) > kInk;
      if (dark) {
        if (begin < 0) begin = k, inked = 0;
        last = k, ++inked;
      } else if (begin >= 0 && (k - last > hole || k == length)) {
        // As much ink beside it as on it is no line.
        if (last - begin >= least && inked > 0.9 * (last - begin)) {
          int beside = 0;
          for (int x = begin; x <= last; ++x) beside += ink(x, -2 * thick) > kInk || ink(x, 2 * thick) > kInk;
          if (beside < 0.2 * (last - begin))
            for (int x = begin; x <= last; ++x)
              for (int d = -thick - 1; d <= thick + 1; ++d) ink(x, d) = 0;
        }
        begin = -1;
      }
    }
  };
  for (int at = 0; at < edge; ++at) clear(true, at), clear(true, h - 1 - at), clear(false, at), clear(false, w - 1 - at);
}

double shared(const TraceRow& a, const TraceRow& b, double pen) {
  int same = 0, both = 0;
  for (size_t x = 0; x < a.y.size(); ++x) {
    if (std::isnan(a.y[x]) || std::isnan(b.y[x])) continue;
    ++both;
    same += std::abs(a.y[x] - b.y[x]) < pen;
  }
  return both > 0 ? static_cast<double>(same) / both : 0;
}

// Mean ink along a trace, where there is any.
double ink_along(const FlatPage& page, const TraceRow& row) {
  double sum = 0;
  int n = 0;
  for (int x = row.first; x <= row.last; ++x) {
    if (std::isnan(row.top[x]) || std::isnan(row.y[x])) continue;
    sum += page.ink.at(x, std::clamp(static_cast<int>(std::lround(row.y[x])), 0, page.ink.height - 1));
    ++n;
  }
  return sum / std::max(1, n);
}

}  // namespace

std::vector<TraceRow> find_rows(FlatPage& page) {
  clear_frame(page);
  const Plane columns = columns_of(page.ink);
  const std::vector<int> candidates = row_candidates(page, columns);
  std::vector<TraceRow> rows;
  std::vector<double> gaps;
  for (size_t i = 1; i < candidates.size(); ++i) gaps.push_back(candidates[i] - candidates[i - 1]);
  const double pitch = gaps.empty() ? 25 * page.px_per_mm : percentile(gaps, 0.5);
  std::vector<TraceRow> inked;
  std::vector<std::vector<int>> paths;
  for (const int y : candidates) paths.push_back(cheapest_path(page, columns, y, pitch));
  const std::vector<std::vector<int>> before = paths;
  if (share_ink(page, columns, candidates, pitch, paths)) {
    // Strokes followed to their ends from the start, if that says clearly more about the page's ink.
    std::vector<std::vector<int>> followed;
    for (const int y : candidates) followed.push_back(followed_path(page, columns, y, pitch));
    share_ink(page, columns, candidates, pitch, followed);
    const Account plain = accounted(page, paths), ends = accounted(page, followed);
    if (ends.ink - ends.bare > plain.ink - plain.bare + 0.01 * plain.ink) paths = std::move(followed);
  }
  const std::vector<std::vector<uint8_t>> away = strayed(page, candidates, paths);
  for (size_t r = 0; r < paths.size(); ++r) inked.push_back(trace_ink(page, paths, r, away[r]));
  page.pen_px = pen_of(page, inked);
  // A path that was led elsewhere may go along letters, which are printed thicker.
  page.stroke_px = std::min({page.pen_px, upright_pen(page, paths).value_or(page.pen_px), upright_pen(page, before).value_or(page.pen_px)});
  for (size_t r = 0; r < inked.size(); ++r) {
    TraceRow& row = inked[r];
    read_row(page, row);
    std::vector<float> heights;
    for (const float v : row.y)
      if (!std::isnan(v)) heights.push_back(v);
    row.baseline_px = percentile(heights, 0.5);
  }
  // Of paths along the same trace, the one that was looked for nearest to it.
  std::vector<size_t> order(inked.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto astray = [&](size_t r) {
    double sum = 0;
    int n = 0;
    for (const float v : inked[r].y)
      if (!std::isnan(v)) sum += std::abs(v - candidates[r]), ++n;
    return sum / std::max(n, 1);
  };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return astray(a) < astray(b); });
  for (const size_t r : order) {
    TraceRow& row = inked[r];
    if (row.last - row.first < 20 * page.px_per_mm || row.ink_share < 0.6 || continuity(row) < 0.9) continue;
    if (is_frame(page, row)) continue;
    bridge_holes(page, row);
    // A path that was drawn to a neighbour is no row of its own.
    bool again = false;
    for (const TraceRow& other : rows) again |= shared(other, row, page.pen_px) > 0.3;
    if (!again) rows.push_back(std::move(row));
  }
  // What is left of a dark grid's lines looks like traces, but paler: those of one page are printed alike.
  double most = 0;
  for (const TraceRow& row : rows) most = std::max(most, ink_along(page, row));
  std::erase_if(rows, [&](const TraceRow& row) { return ink_along(page, row) < 0.8 * most; });
  std::sort(rows.begin(), rows.end(), [](const TraceRow& a, const TraceRow& b) { return a.baseline_px < b.baseline_px; });
  return rows;
}

}  // namespace precordia
