// Plan: read the picture through the lattice ▸ learn the grid's own darkness per cell position ▸ subtract ▸ scale to the trace's ink.
#include "paper/flat_page.h"

namespace precordia {
namespace {

constexpr double kFewestPxPerMm = 1.25;   // 32 dots per inch: a pen's width is a third of a pixel

// The grid cell as the page prints it in one region: a high percentile over all cells, so that a trace in some of them does not count.
// `ink` is 0..1; the percentile is read off a histogram, straight within its bins.
void remove_grid(Plane& page, double px_per_mm) {
  constexpr int kBins = 128;
  const int cell = static_cast<int>(std::lround(5 * px_per_mm));
  const int block = cell * 10;
  const int across = std::max(1, static_cast<int>(std::lround(static_cast<double>(page.width) / block)));
  const int down = std::max(1, static_cast<int>(std::lround(static_cast<double>(page.height) / block)));
  std::vector<uint16_t> seen(static_cast<size_t>(cell) * kBins);   // per column of the cell, gathered line by line
  std::vector<float> grid(static_cast<size_t>(cell)), rest(static_cast<size_t>(cell));
  for (int j = 0; j < down; ++j)
    for (int i = 0; i < across; ++i) {
      const int x0 = page.width * i / across, x1 = page.width * (i + 1) / across;
      const int y0 = page.height * j / down, y1 = page.height * (j + 1) / down;
      for (int py = 0; py < cell; ++py) {
        const int first = y0 + ((py - y0) % cell + cell) % cell;
        std::fill(seen.begin(), seen.end(), uint16_t{0});
        for (int y = first; y < y1; y += cell) {
          const float* from = page.row(y);
          for (int x = x0, px = x0 % cell; x < x1; ++x) {
            ++seen[static_cast<size_t>(px) * kBins + static_cast<size_t>(from[x] * (kBins - 1) + 0.5f)];
            if (++px == cell) px = 0;
          }
        }
        for (int px = 0; px < cell; ++px) {
          const uint16_t* bins = &seen[static_cast<size_t>(px) * kBins];
          const int lines = first < y1 ? (y1 - first + cell - 1) / cell : 0, column = x0 + (px - x0 % cell + cell) % cell;
          const float wanted = 0.7f * static_cast<float>(lines * (column < x1 ? (x1 - column + cell - 1) / cell : 0));
          int below = 0, k = 0;
          while (k + 1 < kBins && static_cast<float>(below + bins[k]) < wanted) below += bins[k++];
          const float within = bins[k] > 0 ? (wanted - static_cast<float>(below)) / bins[k] - 0.5f : 0;
          const float g = std::clamp((static_cast<float>(k) + within) / (kBins - 1), 0.f, 1.f);
          grid[static_cast<size_t>(px)] = g, rest[static_cast<size_t>(px)] = 1 / std::max(0.25f, 1 - g);
        }
        for (int y = first; y < y1; y += cell) {
          float* line = page.row(y);
          for (int x = x0; x < x1;) {
            const float *g = grid.data() + x % cell, *r = rest.data() + x % cell;
            const int n = std::min(x1 - x, cell - x % cell);
            for (int k = 0; k < n; ++k) line[x + k] = std::max(0.f, (line[x + k] - g[k]) * r[k]);
            x += n;
          }
        }
      }
    }
}

inline Four cubic_weights(float t) {   // of read_cubic
  constexpr Four k0 = {0, 1, 0, 0}, k1 = {-0.5f, 0, 0.5f, 0}, k2 = {1, -2.5f, 2, -0.5f}, k3 = {-0.5f, 1.5f, -1.5f, 0.5f};
  return k0 + t * (k1 + t * (k2 + t * k3));
}

// Every pixel of the flat page read from the picture through the lattice; `cell_px` pixels between its nodes. Same as read_cubic to 1e-6.
void read_through(const Plane& ink, const PageMapping& mapping, double cell_px, Plane& page) {
  const int nodes = mapping.columns;
  std::vector<ImagePoint> line(static_cast<size_t>(nodes));   // where the nodes' verticals cross this line of the page
  for (int y = 0; y < page.height; ++y) {
    const double v = y / cell_px;
    const int j = std::min(static_cast<int>(v), mapping.rows - 2);
    const double b = v - j;
    const ImagePoint* above = &mapping.nodes[static_cast<size_t>(j) * static_cast<size_t>(nodes)];
    for (int i = 0; i < nodes; ++i) line[static_cast<size_t>(i)] = {(1 - b) * above[i].x + b * above[i + nodes].x, (1 - b) * above[i].y + b * above[i + nodes].y};
    float* out = page.row(y);
    for (int i = 0; i + 1 < nodes; ++i) {   // a straight line of the picture from node to node
      const ImagePoint &p = line[static_cast<size_t>(i)], &q = line[static_cast<size_t>(i) + 1];
      const double along_x = (q.x - p.x) / cell_px, along_y = (q.y - p.y) / cell_px, left = i * cell_px;
      const auto well_inside = [&](const ImagePoint& at) { return at.x >= 2 && at.y >= 2 && at.x < ink.width - 3 && at.y < ink.height - 3; };
      const bool inside = well_inside(p) && well_inside(q);
      const int from = static_cast<int>(std::ceil(left)), to = i + 2 < nodes ? std::min(page.width, static_cast<int>(std::ceil(left + cell_px))) : page.width;
      for (int x = from; x < to; ++x) {
        const double px = p.x + (x - left) * along_x, py = p.y + (x - left) * along_y;
        float value;
        if (inside) {
          const int ix = static_cast<int>(px), iy = static_cast<int>(py);
          const Four wx = cubic_weights(static_cast<float>(px - ix)), wy = cubic_weights(static_cast<float>(py - iy));
          const float* at = ink.row(iy - 1) + ix - 1;
          const Four sum = wx * (wy[0] * four_at(at) + wy[1] * four_at(at + ink.width) + wy[2] * four_at(at + 2 * ink.width) + wy[3] * four_at(at + 3 * ink.width));
          value = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        } else {
          value = read_cubic(ink, px, py);
        }
        out[x] = std::clamp(value, 0.f, 1.f);
      }
    }
  }
}

// What is dark over 3 mm both ways is no stroke: a table, a finger, the page's edge, a bar over a name. It goes with a millimetre around it.
void clear_solid(Plane& ink, double px_per_mm) {
  const int box = std::max(4, static_cast<int>(3 * px_per_mm)), around = static_cast<int>(px_per_mm), w = ink.width, h = ink.height;
  if (w <= box || h <= box) return;
  std::vector<int> columns(w, 0);   // inked pixels over the box's height
  std::vector<std::vector<std::pair<int, int>>> solid(h);
  for (int y = 0; y < h; ++y) {
    for (int x = 0; x < w; ++x) columns[x] += (ink.at(x, y) > 0.3f) - (y >= box && ink.at(x, y - box) > 0.3f);
    if (y + 1 < box) continue;
    int sum = 0;
    for (int x = 0; x < w; ++x) {
      sum += columns[x] - (x >= box ? columns[x - box] : 0);
      if (x + 1 < box || sum < 0.92 * box * box) continue;
      auto& spans = solid[y + 1 - box];
      if (!spans.empty() && spans.back().second >= x - box) spans.back().second = x;
      else spans.push_back({x + 1 - box, x});
    }
  }
  for (int top = 0; top < h; ++top)
    for (const auto& [left, right] : solid[top])
      for (int y = std::max(0, top - around); y < std::min(h, top + box + around); ++y)
        std::fill(ink.row(y) + std::max(0, left - around), ink.row(y) + std::min(w, right + 1 + around), 0.f);
}

}  // namespace

Result<FlatPage> flat_frame(const GridLattice& lattice) {
  FlatPage page;
  if (std::max(lattice.px_per_mm_x, lattice.px_per_mm_y) < kFewestPxPerMm)
    return fail(ErrorCode::kUnusable, "The squares in this picture are too small to read a trace between them. Photograph the page from closer, or scan it at 150 dots per inch or more.");
  page.px_per_mm = std::clamp(std::ceil(std::max(lattice.px_per_mm_x, lattice.px_per_mm_y)), 6.0, 16.0);
  page.image_px = page.px_per_mm / std::max(lattice.px_per_mm_x, lattice.px_per_mm_y);
  page.mapping = lattice.mapping;
  page.left_mm = lattice.mapping.origin_x_mm;
  page.top_mm = lattice.mapping.origin_y_mm;
  const int width = static_cast<int>((lattice.mapping.columns - 1) * cell_px(page)), height = static_cast<int>((lattice.mapping.rows - 1) * cell_px(page));
  if (static_cast<double>(width) * height > 12e6) return fail(ErrorCode::kUnusable, "The grid in this picture is larger than any ECG page. Photograph one page at a time.");
  page.ink = Plane(width, height);
  return page;
}

Result<FlatPage> flatten(const Plane& trace_ink, const GridLattice& lattice) {
  PRECORDIA_TRY(FlatPage page, flat_frame(lattice));
  page.ink = read_flat(trace_ink, page);
  return without_grid(std::move(page));
}

Plane read_flat(const Plane& trace_ink, const FlatPage& frame) {
  Plane flat(frame.ink.width, frame.ink.height);
  read_through(trace_ink, frame.mapping, cell_px(frame), flat);
  return flat;
}

Result<FlatPage> without_grid(FlatPage page) {
  remove_grid(page.ink, page.px_per_mm);

  // The darkness of the trace: the upper end of what stands out.
  std::vector<float> dark;
  for (size_t i = 0; i < page.ink.value.size(); i += 3)
    if (page.ink.value[i] > 0.06f) dark.push_back(page.ink.value[i]);
  if (dark.size() < 300) return fail(ErrorCode::kUnusable, "There is a grid in this picture but no trace on it. Take it again with the trace in focus.");
  std::vector<float> all;
  for (size_t i = 0; i < page.ink.value.size(); i += 7) all.push_back(page.ink.value[i]);
  const float full = std::max(0.12f, percentile(all, 0.99));
  std::vector<float> upper;
  for (const float d : dark)
    if (d > 0.5f * full) upper.push_back(d);
  const float level = std::max(0.12f, percentile(upper, 0.6));
  for (float& v : page.ink.value) v = std::min(1.f, v / level);

  clear_solid(page.ink, page.px_per_mm);

  // Pen width: the usual height of the shorter runs.
  std::vector<int> runs, length(static_cast<size_t>(page.ink.width), 0);
  for (int y = 0; y < page.ink.height; ++y) {
    const float* line = page.ink.row(y);
    for (int x = 0; x < page.ink.width; x += 4) {
      int& run = length[static_cast<size_t>(x)];
      if (line[x] > 0.5f) {
        ++run;
      } else if (run > 0) {
        if (run < page.px_per_mm * 1.2) runs.push_back(run);
        run = 0;
      }
    }
  }
  page.pen_px = std::clamp(static_cast<double>(percentile(runs, 0.45)), 1.0, 1.2 * page.px_per_mm);
  return page;
}

}  // namespace precordia
