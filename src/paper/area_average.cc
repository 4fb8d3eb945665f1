#include "paper/area_average.h"

#include <algorithm>

#include "paper/plane.h"

namespace precordia {
namespace {

typedef uint8_t FourBytes __attribute__((vector_size(4)));
Four four_of_bytes(const uint8_t* p) {
  FourBytes bytes;
  __builtin_memcpy(&bytes, p, sizeof bytes);
  return __builtin_convertvector(bytes, Four);
}

void set_scaled(float* to, const uint8_t* from, float by, size_t n) {
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const Four sum = by * four_of_bytes(from + i);
    __builtin_memcpy(to + i, &sum, sizeof sum);
  }
  for (; i < n; ++i) to[i] = by * from[i];
}

void add_scaled(float* to, const uint8_t* from, float by, size_t n) {
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const Four sum = four_at(to + i) + by * four_of_bytes(from + i);
    __builtin_memcpy(to + i, &sum, sizeof sum);
  }
  for (; i < n; ++i) to[i] += by * from[i];
}

}  // namespace

RgbImage area_average(const uint8_t* pixels, int width, int height, int channels, int to_width, int to_height) {
  RgbImage out{to_width, to_height, std::vector<uint8_t>(static_cast<size_t>(to_width) * static_cast<size_t>(to_height) * 3)};
  const double step_x = static_cast<double>(width) / to_width, step_y = static_cast<double>(height) / to_height;
  // Where each pixel of the result begins and ends in the source, and how much its first and last column count.
  struct Span {
    int from, to;
    float first, last, scale;
  };
  std::vector<Span> spans;
  for (int x = 0; x < to_width; ++x) {
    const double left = x * step_x, right = std::min((x + 1) * step_x, static_cast<double>(width));
    Span span{static_cast<int>(left), static_cast<int>(right), 0, 0, static_cast<float>(right - left)};
    if (span.to < right) ++span.to;
    span.first = static_cast<float>(std::min(right, span.from + 1.0) - left);
    span.last = static_cast<float>(right - std::max(left, span.to - 1.0));
    spans.push_back(span);
  }
  const size_t line_bytes = static_cast<size_t>(width) * 3;
  std::vector<float> line(line_bytes);
  std::vector<uint8_t> white(channels == 4 ? line_bytes : 0);
  for (int y = 0; y < to_height; ++y) {
    const double top = y * step_y, bottom = std::min((y + 1) * step_y, static_cast<double>(height));
    const int first = static_cast<int>(top);
    for (int j = first; j < bottom; ++j) {
      const float part = static_cast<float>(std::min(bottom, j + 1.0) - std::max(top, static_cast<double>(j)));
      const uint8_t* from = pixels + static_cast<size_t>(j) * static_cast<size_t>(width) * static_cast<size_t>(channels);
      if (channels == 4) {
        for (size_t x = 0; x < static_cast<size_t>(width); ++x) put_on_white(from + 4 * x, 4, &white[3 * x]);
        from = white.data();
      }
      if (j == first) set_scaled(line.data(), from, part, line_bytes);
      else add_scaled(line.data(), from, part, line_bytes);
    }
    uint8_t* to = &out.rgb[static_cast<size_t>(y) * static_cast<size_t>(to_width) * 3];
    const float rows = static_cast<float>(bottom - top);
    for (const Span& span : spans) {
      const float* p = &line[static_cast<size_t>(span.from) * 3];
      float sum[3] = {span.first * p[0], span.first * p[1], span.first * p[2]};
      for (int i = span.from + 1; i < span.to; ++i) {
        p += 3;
        const float part = i + 1 < span.to ? 1.f : span.last;
        for (int c = 0; c < 3; ++c) sum[c] += part * p[c];
      }
      const float area = rows * span.scale;
      for (int c = 0; c < 3; ++c) *to++ = static_cast<uint8_t>(std::clamp(sum[c] / area + 0.5f, 0.f, 255.f));
    }
  }
  return out;
}

}  // namespace precordia
