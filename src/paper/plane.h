// One channel of an image as floats, and how to read between its pixels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace precordia {

// Four floats at once, on every target that has such registers.
typedef float Four __attribute__((vector_size(16)));
inline Four four_at(const float* p) {
  Four v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

struct Plane {
  int width = 0, height = 0;
  std::vector<float> value;

  Plane() = default;
  Plane(int w, int h, float fill = 0) : width(w), height(h), value(static_cast<size_t>(w) * h, fill) {}
  float* row(int y) { return value.data() + static_cast<size_t>(y) * width; }
  const float* row(int y) const { return value.data() + static_cast<size_t>(y) * width; }
  float at(int x, int y) const { return row(y)[x]; }
  bool empty() const { return value.empty(); }
};

// Catmull-Rom between pixels; 0 outside. Keeps thin lines sharper than bilinear reading (Keys 1981, doi 10.1109/TASSP.1981.1163711).
inline float read_cubic(const Plane& plane, double x, double y) {
  if (!(x >= 1 && y >= 1 && x < plane.width - 2 && y < plane.height - 2)) {
    if (!(x > -0.5 && y > -0.5 && x < plane.width - 0.5 && y < plane.height - 0.5)) return 0;
    const int i = static_cast<int>(std::clamp(std::floor(x), 0.0, plane.width - 2.0));
    const int j = static_cast<int>(std::clamp(std::floor(y), 0.0, plane.height - 2.0));
    const float a = static_cast<float>(std::clamp(x - i, 0.0, 1.0)), b = static_cast<float>(std::clamp(y - j, 0.0, 1.0));
    const float *p = plane.row(j) + i, *q = plane.row(j + 1) + i;
    return (1 - b) * ((1 - a) * p[0] + a * p[1]) + b * ((1 - a) * q[0] + a * q[1]);
  }
  const int i = static_cast<int>(x), j = static_cast<int>(y);
  const float a = static_cast<float>(x - i), b = static_cast<float>(y - j);
  const auto weights = [](float t, float w[4]) {
    w[0] = t * (-0.5f + t * (1 - 0.5f * t));
    w[1] = 1 + t * t * (-2.5f + 1.5f * t);
    w[2] = t * (0.5f + t * (2 - 1.5f * t));
    w[3] = t * t * (-0.5f + 0.5f * t);
  };
  float wx[4], wy[4], sum = 0;
  weights(a, wx);
  weights(b, wy);
  for (int r = 0; r < 4; ++r) {
    const float* p = plane.row(j - 1 + r) + i - 1;
    sum += wy[r] * (wx[0] * p[0] + wx[1] * p[1] + wx[2] * p[2] + wx[3] * p[3]);
  }
  return sum;
}

// The value below which `fraction` of `values` lies; changes their order. 0 for none.
template <typename T>
T percentile(std::vector<T>& values, double fraction) {
  if (values.empty()) return T{};
  const size_t at = std::min(values.size() - 1, static_cast<size_t>(fraction * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

}  // namespace precordia
