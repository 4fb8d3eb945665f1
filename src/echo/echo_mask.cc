#include "echo/echo_mask.h"

#include <algorithm>
#include <cmath>

#include "echo/ventricle.h"

namespace precordia {
namespace {

constexpr int kClasses = 4;

// Overlap of [a, a + 1) scaled, for averaging down (or holding up) one axis: from, to and the weight of each source pixel.
struct Tap {
  int source;
  float weight;
};
std::vector<std::vector<Tap>> taps_of(int from, int to) {
  std::vector<std::vector<Tap>> taps(static_cast<size_t>(to));
  const double step = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    const double low = i * step, high = low + step;
    for (int s = static_cast<int>(low); s < from && s < high; ++s) {
      const double overlap = std::min(high, s + 1.0) - std::max(low, static_cast<double>(s));
      if (overlap > 1e-9) taps[static_cast<size_t>(i)].push_back({s, static_cast<float>(overlap / step)});
    }
  }
  return taps;
}

std::vector<float> reduced(std::span<const uint8_t> frame, int from, int to) {
  const auto taps = taps_of(from, to);
  std::vector<float> rows(static_cast<size_t>(from) * to), out(static_cast<size_t>(to) * to);
  for (int y = 0; y < from; ++y)
    for (int x = 0; x < to; ++x) {
      float sum = 0;
      for (const Tap tap : taps[static_cast<size_t>(x)]) sum += tap.weight * frame[static_cast<size_t>(y) * from + tap.source];
      rows[static_cast<size_t>(y) * to + x] = sum;
    }
  for (int y = 0; y < to; ++y)
    for (int x = 0; x < to; ++x) {
      float sum = 0;
      for (const Tap tap : taps[static_cast<size_t>(y)]) sum += tap.weight * rows[static_cast<size_t>(tap.source) * to + x];
      out[static_cast<size_t>(y) * to + x] = sum;
    }
  return out;
}

}  // namespace

double height_over_width(const EchoClip& clip) {
  if (clip.mm_per_px_x && clip.mm_per_px_y && *clip.mm_per_px_x > 0) return *clip.mm_per_px_y / *clip.mm_per_px_x;
  return clip.aspect > 0 ? 1 / clip.aspect : 1;
}

std::vector<float> network_frame(const EchoClip& clip, int frame, int side) {
  std::vector<float> out = reduced(clip.frame(frame), clip.side, side);
  for (float& value : out) value /= 255;
  return out;
}

MaskSequence::MaskSequence(const EchoClip& clip, int side) : clip_(clip), side_(side), height_over_width_(height_over_width(clip)) {
  const std::vector<float> inside = reduced(clip.sector, clip.side, side);
  for (const float share : inside) sector_.push_back(share > 0.5F);
}

void MaskSequence::add(std::span<const float> logits) {
  const size_t size = static_cast<size_t>(side_) * side_;
  std::vector<float> p(logits.begin(), logits.end());
  for (size_t i = 0; i < size; ++i) {
    float most = p[i];
    for (size_t c = 1; c < kClasses; ++c) most = std::max(most, p[c * size + i]);
    float sum = 0;
    for (size_t c = 0; c < kClasses; ++c) sum += p[c * size + i] = std::exp(p[c * size + i] - most);
    for (size_t c = 0; c < kClasses; ++c) p[c * size + i] /= sum;
  }
  waiting_.push_back(std::move(p));
  ++added_;
  while (static_cast<int>(shapes_.size()) + kLongestMaskReach < added_) settle(static_cast<int>(shapes_.size()));
}

void MaskSequence::finish() {
  while (static_cast<int>(shapes_.size()) < added_) settle(static_cast<int>(shapes_.size()));
  waiting_.clear();
}

void MaskSequence::settle(int frame) {
  const size_t size = static_cast<size_t>(side_) * side_;
  while (first_waiting_ < frame - kLongestMaskReach) waiting_.pop_front(), ++first_waiting_;
  // Without times: as at 30 frames per second.
  const auto time = [&](int f) { return clip_.times_known ? clip_.times_ms[static_cast<size_t>(f)] : f / 0.03; };
  std::vector<float> mean(kClasses * size, 0);
  float total = 0;
  for (int f = std::max(0, frame - kLongestMaskReach); f < std::min(added_, frame + kLongestMaskReach + 1); ++f) {
    const double away = (time(f) - time(frame)) / kMaskSmoothingMs;
    const auto weight = static_cast<float>(std::exp(-0.5 * away * away));
    if (weight < 0.01F) continue;
    total += weight;
    const std::vector<float>& p = waiting_[static_cast<size_t>(f - first_waiting_)];
    for (size_t i = 0; i < p.size(); ++i) mean[i] += weight * p[i];
  }
  if (clip_.frame_count() <= kMostProbabilityFrames)
    for (const float p : mean) probabilities_.push_back(static_cast<uint8_t>(std::lround(255 * p / total)));
  std::vector<float> bits(size), lv_share(size);
  const size_t at = classes_.size();
  classes_.resize(at + size);
  entropy_.resize(at + size);
  for (size_t i = 0; i < size; ++i) {
    size_t best = 0;
    float entropy = 0;
    for (size_t c = 0; c < kClasses; ++c) {
      const float p = mean[c * size + i] /= total;
      if (p > mean[best * size + i]) best = c;
      if (p > 1e-6F) entropy -= p * std::log2(p);
    }
    classes_[at + i] = static_cast<uint8_t>(best);
    bits[i] = entropy;
    entropy_[at + i] = static_cast<uint8_t>(std::clamp(entropy * 32, 0.0F, 255.0F));
    lv_share[i] = mean[size + i];
  }
  shapes_.push_back(measure_ventricle({side_, std::span(classes_).subspan(at, size), lv_share, bits, sector_}, height_over_width_, clip_.side));
}

std::vector<uint8_t> MaskSequence::enlarged(int frame, int width, int height) const {
  const size_t size = static_cast<size_t>(side_) * side_;
  const auto share = [&](size_t c, int x, int y) -> float {
    const size_t at = static_cast<size_t>(std::clamp(y, 0, side_ - 1)) * side_ + static_cast<size_t>(std::clamp(x, 0, side_ - 1));
    if (probabilities_.empty()) return classes(frame)[at] == c ? 255.0F : 0.0F;
    return probabilities_[(static_cast<size_t>(frame) * kClasses + c) * size + at];
  };
  std::vector<uint8_t> out(static_cast<size_t>(width) * static_cast<size_t>(height));
  for (int y = 0; y < height; ++y) {
    const float v = (y + 0.5F) * side_ / height - 0.5F;
    const int y0 = static_cast<int>(std::floor(v));
    for (int x = 0; x < width; ++x) {
      const float u = (x + 0.5F) * side_ / width - 0.5F;
      const int x0 = static_cast<int>(std::floor(u));
      float most = -1;
      for (size_t c = 0; c < kClasses; ++c) {
        const float above = share(c, x0, y0) + (u - x0) * (share(c, x0 + 1, y0) - share(c, x0, y0));
        const float below = share(c, x0, y0 + 1) + (u - x0) * (share(c, x0 + 1, y0 + 1) - share(c, x0, y0 + 1));
        const float here = above + (v - y0) * (below - above);
        if (here > most) most = here, out[static_cast<size_t>(y) * width + x] = static_cast<uint8_t>(c);
      }
    }
  }
  return out;
}

}  // namespace precordia
