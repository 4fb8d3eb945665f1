// Plan: read the picture through the lattice ▸ learn the grid's own darkness per cell position ▸ subtract ▸ scale to the trace's ink.
#include "paper/flat_page.h"

namespace precordia {
namespace {

// The grid cell as the page prints it in one region: a high percentile over all cells, so that a trace in some of them does not count.
void remove_grid(Plane& page, double px_per_mm) {
  const int cell = static_cast<int>(std::lround(5 * px_per_mm));
  const int block = cell * 10;
  const int across = std::max(1, static_cast<int>(std::lround(static_cast<double>(page.width) / block)));
  const int down = std::max(1, static_cast<int>(std::lround(static_cast<double>(page.height) / block)));
  Plane out = page;
  std::vector<float> seen;
  for (int j = 0; j < down; ++j)
    for (int i = 0; i < across; ++i) {
      const int x0 = page.width * i / across, x1 = page.width * (i + 1) / across;
      const int y0 = page.height * j / down, y1 = page.height * (j + 1) / down;
      for (int py = 0; py < cell; ++py)
        for (int px = 0; px < cell; ++px) {
          seen.clear();
          const int fx = x0 + ((px - x0) % cell + cell) % cell, fy = y0 + ((py - y0) % cell + cell) % cell;
          for (int y = fy; y < y1; y += cell)
            for (int x = fx; x < x1; x += cell) seen.push_back(page.at(x, y));
          const float grid = percentile(seen, 0.7);
          for (int y = fy; y < y1; y += cell)
            for (int x = fx; x < x1; x += cell) out.row(y)[x] = std::max(0.f, (page.at(x, y) - grid) / std::max(0.25f, 1 - grid));
        }
    }
  page = std::move(out);
}

}  // namespace

Result<FlatPage> flatten(const InkPlanes& ink, const GridLattice& lattice) {
  FlatPage page;
  page.px_per_mm = std::clamp(std::ceil(std::max(lattice.px_per_mm_x, lattice.px_per_mm_y)), 6.0, 16.0);
  page.image_px = page.px_per_mm / std::max(lattice.px_per_mm_x, lattice.px_per_mm_y);
  page.mapping = lattice.mapping;
  page.left_mm = lattice.mapping.origin_x_mm;
  page.top_mm = lattice.mapping.origin_y_mm;
  const double cell_px = lattice.mapping.step_mm * page.px_per_mm;
  const int width = static_cast<int>((lattice.mapping.columns - 1) * cell_px), height = static_cast<int>((lattice.mapping.rows - 1) * cell_px);
  if (static_cast<double>(width) * height > 12e6) return fail(ErrorCode::kUnusable, "The grid in this picture is larger than any ECG page. Photograph one page at a time.");
  page.ink = Plane(width, height);
  const int nodes = lattice.mapping.columns;
  for (int y = 0; y < height; ++y) {
    const double v = y / cell_px;
    const int j = std::min(static_cast<int>(v), lattice.mapping.rows - 2);
    const double b = v - j;
    float* out = page.ink.row(y);
    for (int x = 0; x < width; ++x) {
      const double u = x / cell_px;
      const int i = std::min(static_cast<int>(u), nodes - 2);
      const double a = u - i;
      const ImagePoint* p = &lattice.mapping.nodes[static_cast<size_t>(j) * nodes + i];
      const double px = (1 - b) * ((1 - a) * p[0].x + a * p[1].x) + b * ((1 - a) * p[nodes].x + a * p[nodes + 1].x);
      const double py = (1 - b) * ((1 - a) * p[0].y + a * p[1].y) + b * ((1 - a) * p[nodes].y + a * p[nodes + 1].y);
      out[x] = std::clamp(read_cubic(ink.trace, px, py), 0.f, 1.f);
    }
  }
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

  // What is dark over whole square centimetres is a table, a finger or a bar over a name.
  const int block = static_cast<int>(4 * page.px_per_mm);
  for (int by = 0; by < height; by += block)
    for (int bx = 0; bx < width; bx += block) {
      double sum = 0;
      int n = 0;
      for (int y = by; y < std::min(height, by + block); ++y)
        for (int x = bx; x < std::min(width, bx + block); ++x) sum += page.ink.at(x, y), ++n;
      if (sum < 0.6 * n) continue;
      for (int y = by; y < std::min(height, by + block); ++y) std::fill_n(page.ink.row(y) + bx, std::min(width, bx + block) - bx, 0.f);
    }

  // Pen width: the usual height of the shorter runs.
  std::vector<int> runs;
  for (int x = 0; x < width; x += 4) {
    int length = 0;
    for (int y = 0; y < height; ++y) {
      if (page.ink.at(x, y) > 0.5f) {
        ++length;
      } else if (length > 0) {
        if (length < page.px_per_mm * 1.2) runs.push_back(length);
        length = 0;
      }
    }
  }
  page.pen_px = std::clamp(static_cast<double>(percentile(runs, 0.45)), 1.0, 1.2 * page.px_per_mm);
  return page;
}

}  // namespace precordia
