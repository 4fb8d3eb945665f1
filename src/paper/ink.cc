#include "paper/ink.h"

#include <array>

#include "paper/area_average.h"

namespace precordia {
namespace {

// The paper's own colour on a coarse lattice: a high percentile of each block, then smoothed over its neighbours.
struct PaperWhite {
  int block = 16, columns = 0, rows = 0;
  std::vector<std::array<float, 3>> at;
};

PaperWhite paper_white(const RgbImage& image) {
  PaperWhite white;
  white.block = std::max(16, std::max(image.width, image.height) / 80);
  white.columns = (image.width + white.block - 1) / white.block;
  white.rows = (image.height + white.block - 1) / white.block;
  std::vector<std::array<float, 3>> raw(static_cast<size_t>(white.columns) * white.rows);
  const int step = std::max(1, white.block / 16);
  for (int r = 0; r < white.rows; ++r) {
    for (int c = 0; c < white.columns; ++c) {
      std::array<std::array<int, 256>, 3> counts{};
      int total = 0;
      for (int y = r * white.block; y < std::min(image.height, (r + 1) * white.block); y += step)
        for (int x = c * white.block; x < std::min(image.width, (c + 1) * white.block); x += step) {
          const uint8_t* p = image.rgb.data() + (static_cast<size_t>(y) * image.width + x) * 3;
          for (int k = 0; k < 3; ++k) ++counts[k][p[k]];
          ++total;
        }
      for (int k = 0; k < 3; ++k) {
        int left = total / 8, v = 255;
        while (v > 0 && (left -= counts[k][v]) > 0) --v;
        raw[static_cast<size_t>(r) * white.columns + c][k] = static_cast<float>(std::max(v, 8));
      }
    }
  }
  white.at = raw;
  for (int r = 0; r < white.rows; ++r)
    for (int c = 0; c < white.columns; ++c)
      for (int k = 0; k < 3; ++k) {
        float sum = 0, weights = 0;
        for (int dr = -1; dr <= 1; ++dr)
          for (int dc = -1; dc <= 1; ++dc) {
            if (r + dr < 0 || c + dc < 0 || r + dr >= white.rows || c + dc >= white.columns) continue;
            const float w = static_cast<float>((2 - std::abs(dr)) * (2 - std::abs(dc)));
            sum += w * raw[static_cast<size_t>(r + dr) * white.columns + c + dc][k];
            weights += w;
          }
        white.at[static_cast<size_t>(r) * white.columns + c][k] = sum / weights;
      }
  return white;
}

}  // namespace

WorkingSize working_size(int width, int height, double most_pixels) {
  const double pixels = static_cast<double>(width) * height;
  if (pixels <= most_pixels) return {width, height, 1};
  const double scale = std::sqrt(most_pixels / pixels);
  WorkingSize size{std::max(1, static_cast<int>(width * scale)), std::max(1, static_cast<int>(height * scale)), 0};
  size.scale = static_cast<double>(size.width) / width;
  return size;
}

InkPlanes separate_ink(const RgbImage& original, double most_pixels) {
  InkPlanes ink;
  const WorkingSize size = working_size(original.width, original.height, most_pixels);
  ink.scale = size.scale;
  RgbImage smaller;
  if (size.width != original.width || size.height != original.height) smaller = area_average(original.rgb.data(), original.width, original.height, 3, size.width, size.height);
  const RgbImage& image = smaller.rgb.empty() ? original : smaller;
  const PaperWhite white = paper_white(image);
  std::vector<float> brightness;
  for (const auto& w : white.at) brightness.push_back(w[1]);
  ink.paper_brightness = percentile(brightness, 0.5);

  ink.trace = Plane(image.width, image.height);
  ink.grid = Plane(image.width, image.height);
  const size_t width = static_cast<size_t>(image.width);
  std::array<std::vector<float>, 3> colour, paper;   // of one line; the paper's at the blocks' centres
  for (int k = 0; k < 3; ++k) colour[k].resize(width), paper[k].resize(static_cast<size_t>(white.columns) + 1);
  std::vector<float> brightest(width), darkest(width);
  const float per_px = 1 / static_cast<float>(white.block);
  for (int y = 0; y < image.height; ++y) {
    const float v = std::clamp((static_cast<float>(y) + 0.5f) * per_px - 0.5f, 0.f, static_cast<float>(white.rows - 1));
    const int r = std::min(static_cast<int>(v), std::max(0, white.rows - 2));
    const int r1 = std::min(r + 1, white.rows - 1);
    const float b = v - static_cast<float>(r);
    const uint8_t* p = image.rgb.data() + static_cast<size_t>(y) * width * 3;
    for (size_t x = 0; x < width; ++x)
      for (size_t k = 0; k < 3; ++k) colour[k][x] = p[3 * x + k];
    std::fill(brightest.begin(), brightest.end(), 0.f);
    std::fill(darkest.begin(), darkest.end(), 1e9f);
    for (size_t k = 0; k < 3; ++k) {
      for (int c = 0; c <= white.columns; ++c) {
        const size_t at = static_cast<size_t>(std::min(c, white.columns - 1));
        paper[k][static_cast<size_t>(c)] = (1 - b) * white.at[static_cast<size_t>(r) * white.columns + at][k] + b * white.at[static_cast<size_t>(r1) * white.columns + at][k];
      }
      // From one block's centre to the next the paper changes linearly; beyond the first and the last it stays.
      const float* shade = colour[k].data();
      for (int c = -1; c < white.columns; ++c) {
        const int from = std::max(0, white.block * c + white.block / 2), to = std::min(image.width, white.block * (c + 1) + white.block / 2);
        const float left = paper[k][static_cast<size_t>(std::max(c, 0))], right = c < 0 ? left : paper[k][static_cast<size_t>(c) + 1];
        for (int x = from; x < to; ++x) {
          const float a = (static_cast<float>(x) + 0.5f) * per_px - 0.5f - static_cast<float>(c);
          const float share = shade[x] / ((1 - a) * left + a * right);
          brightest[static_cast<size_t>(x)] = std::max(brightest[static_cast<size_t>(x)], share);
          darkest[static_cast<size_t>(x)] = std::min(darkest[static_cast<size_t>(x)], share);
        }
      }
    }
    float *trace = ink.trace.row(y), *grid = ink.grid.row(y);
    for (size_t x = 0; x < width; ++x) {
      trace[x] = std::clamp(1 - brightest[x], 0.f, 1.f);
      grid[x] = std::clamp(1 - darkest[x], 0.f, 1.f);
    }
  }
  return ink;
}

}  // namespace precordia
