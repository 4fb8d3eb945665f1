#include "echo/echo_mask.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

#include "echo/placement.h"
#include "echo/ventricle.h"

namespace precordia {
namespace {

constexpr int kClasses = 4;
constexpr size_t kLv = static_cast<size_t>(EchoClass::kLeftVentricle), kLa = static_cast<size_t>(EchoClass::kLeftAtrium);
constexpr float kLeastBlood = 1e-3F;   // with less LV and LA than this, there is nothing to share
constexpr int kTrustReach = 2;   // frames to each side that say what a frame's area should be

// The class of each pixel from four maps of shares.
std::vector<uint8_t> most_probable(std::span<const float> shares, size_t size) {
  std::vector<uint8_t> classes(size, 0);
  for (size_t i = 0; i < size; ++i) {
    float most = shares[i];
    for (size_t c = 1; c < kClasses; ++c) {
      const float p = shares[c * size + i];
      classes[i] = p > most ? static_cast<uint8_t>(c) : classes[i];
      most = std::max(most, p);
    }
  }
  return classes;
}

// Overlap of [a, a + 1) scaled, for averaging down (or holding up) one axis: the source pixels of each target and their weights.
struct Taps {
  std::vector<int> first;        // of each target; one more at the end
  std::vector<int> source;
  std::vector<float> weight;
};
Taps taps_of(int from, int to) {
  Taps taps;
  const double step = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    taps.first.push_back(static_cast<int>(taps.source.size()));
    const double low = i * step, high = low + step;
    for (int s = static_cast<int>(low); s < from && s < high; ++s) {
      const double overlap = std::min(high, s + 1.0) - std::max(low, static_cast<double>(s));
      if (overlap > 1e-9) taps.source.push_back(s), taps.weight.push_back(static_cast<float>(overlap / step));
    }
  }
  taps.first.push_back(static_cast<int>(taps.source.size()));
  return taps;
}

// Rows first, because whole rows are added up many pixels at a time.
template <typename Value>
std::vector<float> reduced(std::span<const Value> frame, int from, int to) {
  const Taps taps = taps_of(from, to);
  std::vector<float> row(static_cast<size_t>(from)), out(static_cast<size_t>(to) * to);
  for (int y = 0; y < to; ++y) {
    std::fill(row.begin(), row.end(), 0.0F);
    for (int t = taps.first[y]; t < taps.first[y + 1]; ++t) {
      const Value* source = frame.data() + static_cast<size_t>(taps.source[t]) * from;
      const float weight = taps.weight[t];
      for (int x = 0; x < from; ++x) row[x] += weight * source[x];
    }
    for (int x = 0; x < to; ++x) {
      float sum = 0;
      for (int t = taps.first[x]; t < taps.first[x + 1]; ++t) sum += taps.weight[t] * row[taps.source[t]];
      out[static_cast<size_t>(y) * to + x] = sum;
    }
  }
  return out;
}

// e^x for x in -inf..0 within 3e-7 of 1, written so that compilers do four at a time: 2 to the nearest whole power by the exponent's bits, the
// rest by its Taylor series.
inline float exp_below_one(float x) {
  const float t = std::max(x, -80.0F) * 1.442695041F;
  const int whole = static_cast<int>(t - 0.5F);
  const float f = (t - static_cast<float>(whole)) * 0.693147181F;
  const float series = 1 + f * (1 + f * (0.5F + f * (1.0F / 6 + f * (1.0F / 24 + f * (1.0F / 120 + f * (1.0F / 720))))));
  return series * std::bit_cast<float>((whole + 127) << 23);
}

// Softmax over the four maps.
std::vector<float> shares_of(std::span<const float> logits) {
  const size_t size = logits.size() / kClasses;
  std::vector<float> p(kClasses * size);
  const float *z0 = logits.data(), *z1 = z0 + size, *z2 = z1 + size, *z3 = z2 + size;
  float *p0 = p.data(), *p1 = p0 + size, *p2 = p1 + size, *p3 = p2 + size;
  for (size_t i = 0; i < size; ++i) {
    const float most = std::max(std::max(z0[i], z1[i]), std::max(z2[i], z3[i]));
    const float a = exp_below_one(z0[i] - most), b = exp_below_one(z1[i] - most), c = exp_below_one(z2[i] - most), d = exp_below_one(z3[i] - most);
    const float share = 1 / (a + b + c + d);
    p0[i] = a * share, p1[i] = b * share, p2[i] = c * share, p3[i] = d * share;
  }
  return p;
}

// -p log2 p, tabled in steps of 1/1023: a map of colours and a mean over the border need no more.
constexpr int kEntropySteps = 1023;
const std::array<float, kEntropySteps + 1>& entropy_table() {
  static const auto table = [] {
    std::array<float, kEntropySteps + 1> values{};
    for (int i = 1; i < kEntropySteps; ++i) {
      const float p = static_cast<float>(i) / kEntropySteps;
      values[static_cast<size_t>(i)] = -p * std::log2(p);
    }
    return values;
  }();
  return table;
}

}  // namespace

double height_over_width(const EchoClip& clip) {
  if (clip.mm_per_px_x && clip.mm_per_px_y && *clip.mm_per_px_x > 0) return *clip.mm_per_px_y / *clip.mm_per_px_x;
  return clip.aspect > 0 ? 1 / clip.aspect : 1;
}

std::vector<uint32_t> packed_shares(std::span<const float> logits) {
  const std::vector<float> p = shares_of(logits);
  const size_t size = p.size() / kClasses;
  std::vector<uint32_t> out(size, 0);
  for (size_t c = 0; c < kClasses; ++c)
    for (size_t i = 0; i < size; ++i) out[i] |= static_cast<uint32_t>(255 * p[c * size + i] + 0.5F) << (8 * c);
  return out;
}

std::vector<float> network_frame(std::span<const uint8_t> frame, int from, int side) {
  std::vector<float> out = reduced<uint8_t>(frame, from, side);
  for (float& value : out) value /= 255;
  return out;
}

MaskSequence::MaskSequence(const EchoClip& clip, int side, int placements, int networks)
    : clip_(clip), side_(side), placements_(placements), networks_(networks), height_over_width_(height_over_width(clip)) {
  const std::vector<float> inside = reduced<uint8_t>(clip.sector, clip.side, side);
  for (const float share : inside) sector_.push_back(share > 0.5F);
  const size_t all = static_cast<size_t>(clip.frame_count()) * static_cast<size_t>(side) * static_cast<size_t>(side);
  classes_.reserve(all);
  entropy_.reserve(all);
  if (clip.frame_count() <= kMostProbabilityFrames) probabilities_.reserve(kClasses * all);
}

void MaskSequence::add(std::span<const float> logits) { gather(shares_of(logits)); }

void MaskSequence::add_packed(std::span<const uint32_t> shares) {
  const size_t size = shares.size();
  std::vector<float> p(kClasses * size);
  for (size_t c = 0; c < kClasses; ++c)
    for (size_t i = 0; i < size; ++i) p[c * size + i] = static_cast<float>((shares[i] >> (8 * c)) & 255) * (1.0F / 255);
  gather(std::move(p));
}

void MaskSequence::gather(std::vector<float> shares) {
  const int readings = placements_ * networks_;
  if (readings == 1) return take(std::move(shares));
  const Placement& placement = kPlacements[static_cast<size_t>(read_ % placements_)];
  const int side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(shares.size()) / kClasses)));
  const size_t size = static_cast<size_t>(side_) * side_;
  if (read_ == 0) sum_.assign(kClasses * size, 0);
  if (side == side_) {
    add_brought_back(shares, side, placement, sum_);
  } else {
    std::vector<float> finer(shares.size(), 0);
    add_brought_back(shares, side, placement, finer);
    for (size_t c = 0; c < kClasses; ++c) {
      const std::vector<float> map = reduced(std::span<const float>(finer).subspan(c * shares.size() / kClasses, shares.size() / kClasses), side, side_);
      for (size_t i = 0; i < size; ++i) sum_[c * size + i] += map[i];
    }
  }
  if (++read_ < readings) return;
  for (float& p : sum_) p /= static_cast<float>(readings);
  read_ = 0;
  take(std::move(sum_));
}

void MaskSequence::take(std::vector<float> shares) {
  const size_t size = static_cast<size_t>(side_) * side_;
  const auto lv = std::span(shares).subspan(size, size);
  lv_area_.push_back(std::accumulate(lv.begin(), lv.end(), 0.0F));
  waiting_.push_back(std::move(shares));
  ++added_;
  while (static_cast<int>(shapes_.size()) + kLongestMaskReach + kTrustReach < added_) settle(static_cast<int>(shapes_.size()));
}

void MaskSequence::finish() {
  while (static_cast<int>(shapes_.size()) < added_) settle(static_cast<int>(shapes_.size()));
  waiting_.clear();
}

// How far a frame's own LV is to be believed, 0..1: against the middle of the areas of the two frames before and the two after it.
double MaskSequence::trust(int frame) const {
  if (frame < kTrustReach || frame + kTrustReach >= added_) return 1;
  const auto at = lv_area_.begin() + frame;
  std::array<float, 4> around{at[-2], at[-1], at[1], at[2]};
  std::sort(around.begin(), around.end());
  const double expected = 0.5 * (around[1] + around[2]);
  if (expected <= 0) return 1;
  const double jump = (at[0] - expected) / expected / kJump;
  return 1 / (1 + jump * jump * jump * jump);
}

float MaskSequence::weight(int frame, int other, double sd_ms) const {
  // Without times: as at 30 frames per second.
  const auto time = [&](int f) { return clip_.times_known ? clip_.times_ms[static_cast<size_t>(f)] : f * kFrameMsWithoutTimes; };
  const double away = (time(other) - time(frame)) / sd_ms, share = std::exp(-0.5 * away * away);
  return share < 0.01 ? 0 : static_cast<float>(share * std::max(trust(other), 1e-3));
}

void MaskSequence::settle(int frame) {
  const size_t size = static_cast<size_t>(side_) * side_;
  while (first_waiting_ < frame - kLongestMaskReach) waiting_.pop_front(), ++first_waiting_;
  std::vector<float> mean(kClasses * size, 0), plane(2 * size, 0);   // plane: LV and LA over the longer time
  float total = 0;
  for (int f = std::max(0, frame - kLongestMaskReach); f < std::min(added_, frame + kLongestMaskReach + 1); ++f) {
    const float* p = waiting_[static_cast<size_t>(f - first_waiting_)].data();
    if (const float share = weight(frame, f, kMaskSmoothingMs); share > 0) {
      total += share;
      for (size_t i = 0; i < mean.size(); ++i) mean[i] += share * p[i];
    }
    if (const float share = weight(frame, f, kPlaneSmoothingMs); share > 0) {
      for (size_t i = 0; i < size; ++i) plane[i] += share * p[kLv * size + i];
      for (size_t i = 0; i < size; ++i) plane[size + i] += share * p[kLa * size + i];
    }
  }
  const float scale = 1 / total;
  for (float& p : mean) p *= scale;
  const std::span<float> lv = std::span(mean).subspan(kLv * size, size), la = std::span(mean).subspan(kLa * size, size);
  const std::vector<uint8_t> moment = most_probable(mean, size);
  const double momentary_volume = ventricle_volume({side_, moment, lv, {}, {}}, height_over_width_);
  for (size_t i = 0; i < size; ++i) {
    const float blood = lv[i] + la[i], over_time = plane[i] + plane[size + i];
    if (blood < kLeastBlood || over_time < kLeastBlood) continue;
    lv[i] = blood * plane[i] / over_time;
    la[i] = blood - lv[i];
  }
  if (clip_.frame_count() <= kMostProbabilityFrames) {
    const size_t begin = probabilities_.size();
    probabilities_.resize(begin + mean.size());
    for (size_t i = 0; i < mean.size(); ++i) probabilities_[begin + i] = static_cast<uint8_t>(255 * mean[i] + 0.5F);
  }
  std::vector<float> bits(size);
  const size_t at = classes_.size();
  classes_.resize(at + size);
  entropy_.resize(at + size);
  const auto& table = entropy_table();
  std::ranges::copy(most_probable(mean, size), classes_.begin() + static_cast<std::ptrdiff_t>(at));
  for (size_t i = 0; i < size; ++i) {
    float entropy = 0;
    for (size_t c = 0; c < kClasses; ++c) entropy += table[static_cast<size_t>(std::min(mean[c * size + i], 1.0F) * kEntropySteps + 0.5F)];
    bits[i] = entropy;
    entropy_[at + i] = static_cast<uint8_t>(entropy * 32);   // two bits at most
  }
  FrameShape shape = measure_ventricle({side_, std::span(classes_).subspan(at, size), lv, bits, sector_}, height_over_width_, clip_.side);
  if (momentary_volume > 0) shape.momentary_volume = momentary_volume;
  shapes_.push_back(std::move(shape));
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
