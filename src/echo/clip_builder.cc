#include "echo/clip_builder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace precordia {
namespace {

constexpr int kHeldFrames = 24;
constexpr size_t kHeldBytes = 24'000'000;
constexpr int kMostSearches = 12;
constexpr int kColourBlock = 8;                    // colour is judged on the mean of blocks, which the dots of a dithered grey leave grey
constexpr double kNominalFrameMs = 1000.0 / 30;    // spacing of frames whose times are unknown: for playing only
constexpr double kSlowestThinnedRate = 25;         // frames a second that are kept at least where a long clip is thinned out

uint8_t luminance(int r, int g, int b) { return static_cast<uint8_t>((77 * r + 150 * g + 29 * b + 128) >> 8); }

// 0 for a grey, else 1 to 6: the sixth of the colour circle.
uint8_t colour_of(int r, int g, int b) {
  const int high = std::max({r, g, b}), low = std::min({r, g, b}), range = high - low;
  if (range <= 50 || range * 100 <= 35 * high) return 0;
  double sixth = high == r ? static_cast<double>(g - b) / range : high == g ? 2 + static_cast<double>(b - r) / range : 4 + static_cast<double>(r - g) / range;
  if (sixth < 0) sixth += 6;
  return static_cast<uint8_t>(1 + std::min(5, static_cast<int>(sixth)));
}

// Added to the colour of a block.
constexpr uint8_t kBright = 8;   // it is not dark
constexpr uint8_t kTinted = 16;  // nor quite grey

void split(const SourceFrame& frame, std::vector<uint8_t>& grey, std::vector<uint8_t>& colours) {
  const auto width = static_cast<size_t>(frame.width), height = static_cast<size_t>(frame.height);
  grey.resize(width * height);
  colours.clear();
  if (frame.channels == 1) {
    std::copy_n(frame.pixels.begin(), grey.size(), grey.begin());
    return;
  }
  const auto channels = static_cast<size_t>(frame.channels);
  const uint8_t* from = frame.pixels.data();
  for (size_t i = 0; i < grey.size(); ++i, from += channels) {
    const uint8_t value = luminance(from[0], from[1], from[2]);
    grey[i] = channels == 4 ? static_cast<uint8_t>((value * from[3] + 127) / 255) : value;
  }
  for (size_t top = 0; top < height; top += kColourBlock)
    for (size_t left = 0; left < width; left += kColourBlock) {
      const size_t bottom = std::min(top + kColourBlock, height), right = std::min(left + kColourBlock, width);
      int sums[3] = {};
      for (size_t y = top; y < bottom; ++y) {
        const uint8_t* pixel = frame.pixels.data() + (y * width + left) * channels;
        for (size_t x = left; x < right; ++x, pixel += channels) sums[0] += pixel[0], sums[1] += pixel[1], sums[2] += pixel[2];
      }
      const int count = static_cast<int>((bottom - top) * (right - left));
      for (int& sum : sums) sum /= count;
      const int high = std::max({sums[0], sums[1], sums[2]}), low = std::min({sums[0], sums[1], sums[2]});
      const int kind = high <= 24 ? 0 : (high - low) * 100 > 15 * high ? kBright | kTinted : kBright;
      colours.push_back(static_cast<uint8_t>(colour_of(sums[0], sums[1], sums[2]) | kind));
    }
}

std::string counted(int count, const char* one, const char* many) {
  return count == 1 ? std::string("One frame ") + one : format_text("%d frames ", count) + many;
}

}  // namespace

ClipBuilder::ClipBuilder(ClipSource source) : source_(std::move(source)) {}

Result<void> ClipBuilder::add(const SourceFrame& frame) {
  if (full_) return {};
  if (seen_ >= kMostSourceFrames) {
    full_ = true;
    notes_.push_back(format_text("Only the first %d frames of this clip are used.", kMostSourceFrames));
    return {};
  }
  ++seen_;
  const bool possible = frame.width > 0 && frame.height > 0 && frame.width <= kLargestFrameSide && frame.height <= kLargestFrameSide &&
                        int64_t{frame.width} * frame.height <= kLargestFramePixels &&
                        (frame.channels == 1 || frame.channels == 3 || frame.channels == 4) &&
                        frame.pixels.size() == static_cast<size_t>(frame.width) * static_cast<size_t>(frame.height) * static_cast<size_t>(frame.channels);
  if (!possible) {
    ++unreadable_;
    return {};
  }
  if (width_ == 0) width_ = frame.width, height_ = frame.height;
  if (frame.width != width_ || frame.height != height_) {
    ++other_size_;
    return {};
  }
  if (!frame.time_ms || !std::isfinite(*frame.time_ms)) times_known_ = false;
  if (frame.time_ms) {
    if (last_ms_ && *frame.time_ms <= *last_ms_) {
      ++not_later_;
      return {};
    }
    if (!first_ms_) first_ms_ = frame.time_ms;
    last_ms_ = frame.time_ms;
    if (*last_ms_ - *first_ms_ > kLongestClipSeconds * 1000) {
      full_ = true;
      notes_.push_back(format_text("Only the first %.0f seconds of this clip are used.", kLongestClipSeconds));
      return {};
    }
  }
  HeldFrame held{{}, {}, frame.time_ms};
  split(frame, held.grey, held.colours);
  if (sector_) return keep(held.grey, held.colours, held.time_ms);
  range_.add(width_, height_, held.grey);
  const size_t most = std::clamp<size_t>(kHeldBytes / held.grey.size(), 1, kHeldFrames);
  held_.push_back(std::move(held));
  if (held_.size() < most) return {};
  auto settled = settle_sector();
  if (settled || ++failed_searches_ >= kMostSearches) return settled;
  // A clip may begin before the picture does.
  before_sector_ += static_cast<int>(held_.size());
  held_.clear();
  range_ = {};
  first_ms_.reset();
  return {};
}

Result<void> ClipBuilder::settle_sector() {
  // The whole picture first: a stated region may be wrong, and a fan cut by it would look like one that the screen cuts.
  auto found = find_sector(range_, {});
  if (!found && source_.region) {
    auto inside = find_sector(range_, source_.region);
    if (inside) found = std::move(inside);
  }
  if (!found) return std::unexpected(std::move(found.error()));
  sector_ = *found;
  choose_side();
  range_ = {};
  const auto held = std::exchange(held_, {});
  for (const auto& frame : held)
    if (auto kept = keep(frame.grey, frame.colours, frame.time_ms); !kept) return kept;
  return {};
}

// Fewer frames a second before smaller ones, as long as systole is seen well; then smaller ones.
void ClipBuilder::choose_side() {
  const auto largest = static_cast<double>(kLargestClipPixels);
  double frames = source_.expected_frames.value_or(1);
  if (const auto seconds = source_.expected_seconds; seconds && *seconds > 0) {
    if (*seconds > kLongestClipSeconds) frames *= kLongestClipSeconds / *seconds;
    for (double rate = *source_.expected_seconds > 0 ? source_.expected_frames.value_or(1) / *seconds : 0;
         frames * kLargestClipSide * kLargestClipSide > largest && rate / 2 >= kSlowestThinnedRate; rate /= 2)
      frames /= 2, stride_ *= 2;
  }
  frames = std::clamp(frames, 1.0, static_cast<double>(kMostSourceFrames));
  clip_.side = std::clamp(static_cast<int>(std::sqrt(largest / frames)) / 8 * 8, kSmallestClipSide, kLargestClipSide);

  const PictureBox box = sector_->box;
  const auto weights = [&](int from, int length) {
    std::vector<Weights> all;
    const double step = static_cast<double>(length) / clip_.side;
    for (int i = 0; i < clip_.side; ++i) {
      Weights one;
      if (step >= 1) {   // the part of the source that the pixel covers
        const double low = i * step, high = (i + 1) * step;
        const int first = static_cast<int>(low + 1e-9), end = std::min(length, static_cast<int>(std::ceil(high - 1e-9)));
        one.first = from + first;
        for (int k = first; k < end; ++k) one.share.push_back(static_cast<float>((std::min<double>(k + 1, high) - std::max<double>(k, low)) / step));
      } else {           // between the two nearest
        const double centre = std::clamp((i + 0.5) * step - 0.5, 0.0, length - 1.0);
        const int first = std::min(static_cast<int>(centre), std::max(0, length - 2));
        const auto part = static_cast<float>(centre - first);
        one.first = from + first;
        one.share = length == 1 ? std::vector<float>{1} : std::vector<float>{1 - part, part};
      }
      all.push_back(std::move(one));
    }
    return all;
  };
  columns_ = weights(box.x, box.width);
  rows_ = weights(box.y, box.height);
  narrowed_.resize(static_cast<size_t>(box.height) * static_cast<size_t>(clip_.side));

  const auto side = static_cast<size_t>(clip_.side);
  clip_.sector.resize(side * side);
  for (size_t y = 0; y < side; ++y)
    for (size_t x = 0; x < side; ++x)
      clip_.sector[y * side + x] = sector_->contains(box.x + (static_cast<double>(x) + 0.5) * box.width / clip_.side,
                                                     box.y + (static_cast<double>(y) + 0.5) * box.height / clip_.side);
  clip_.frames.reserve(std::min(kLargestClipPixels, static_cast<size_t>(frames) * side * side));
}

bool ClipBuilder::shows_colour_flow(std::span<const uint8_t> colours) const {
  if (colours.empty()) return false;
  std::array<int, 7> of_colour{};
  int inside = 0, bright = 0, tinted = 0, coloured = 0;
  size_t i = 0;
  for (int y = 0; y < height_; y += kColourBlock)
    for (int x = 0; x < width_; x += kColourBlock, ++i) {
      if (!sector_->contains(x + kColourBlock / 2, y + kColourBlock / 2)) continue;
      ++inside;
      bright += (colours[i] & kBright) != 0;
      tinted += (colours[i] & kTinted) != 0;
      coloured += (colours[i] & 7) != 0;
      ++of_colour[colours[i] & 7];
    }
  if (coloured * 1000 <= inside * 12) return false;
  // A tinted picture has one colour throughout. Two neighbouring sixths: a tint may lie on their border.
  int most = 0;
  for (size_t k = 1; k <= 6; ++k) most = std::max(most, of_colour[k] + of_colour[k % 6 + 1]);
  return !(tinted * 10 > bright * 6 && most * 100 >= coloured * 95);
}

Result<void> ClipBuilder::keep(std::span<const uint8_t> grey, std::span<const uint8_t> colours, std::optional<double> time_ms) {
  constexpr int kEnoughToJudge = 12;
  const int index = judged_++;
  coloured_ += shows_colour_flow(colours);
  if (judged_ >= kEnoughToJudge && coloured_ * 4 >= judged_ * 3)
    return fail(ErrorCode::kUnusable, "Colour Doppler is switched on in this clip; record the apical view again in plain B-mode, without colour.");
  if (index % stride_ != 0) return {};
  const auto side = static_cast<size_t>(clip_.side);
  if (clip_.frames.size() + side * side > kLargestClipPixels) {
    thin_out();
    if (index % stride_ != 0) return {};
  }
  if (clip_.frames.capacity() < clip_.frames.size() + side * side)
    clip_.frames.reserve(std::min(kLargestClipPixels, std::max(2 * clip_.frames.size(), clip_.frames.size() + side * side)));
  const PictureBox box = sector_->box;
  float* to = narrowed_.data();
  for (int y = box.y; y < box.y + box.height; ++y) {
    const uint8_t* row = grey.data() + static_cast<size_t>(y) * static_cast<size_t>(width_);
    for (const auto& column : columns_) {
      const uint8_t* from = row + column.first;
      float sum = 0;
      for (const float share : column.share) sum += share * static_cast<float>(*from++);
      *to++ = sum;
    }
  }
  std::vector<float> sums(side);
  for (size_t y = 0; y < side; ++y) {
    std::fill(sums.begin(), sums.end(), 0.5f);
    const float* from = narrowed_.data() + static_cast<size_t>(rows_[y].first - box.y) * side;
    for (const float share : rows_[y].share)
      for (size_t x = 0; x < side; ++x) sums[x] += share * *from++;
    const uint8_t* inside = clip_.sector.data() + y * side;
    for (size_t x = 0; x < side; ++x) clip_.frames.push_back(inside[x] ? static_cast<uint8_t>(std::min(sums[x], 255.0f)) : uint8_t{0});
  }
  clip_.times_ms.push_back(time_ms.value_or(index * kNominalFrameMs));
  return {};
}

// A clip that is longer than it announced: every other frame goes.
void ClipBuilder::thin_out() {
  const size_t size = static_cast<size_t>(clip_.side) * static_cast<size_t>(clip_.side);
  size_t kept = 0;
  for (size_t i = 0; i < clip_.times_ms.size(); i += 2, ++kept) {
    clip_.times_ms[kept] = clip_.times_ms[i];
    if (kept != i) std::copy_n(clip_.frames.begin() + static_cast<ptrdiff_t>(i * size), size, clip_.frames.begin() + static_cast<ptrdiff_t>(kept * size));
  }
  clip_.times_ms.resize(kept);
  clip_.frames.resize(kept * size);
  stride_ *= 2;
}

Result<EchoClip> ClipBuilder::finish() {
  if (!sector_ && !held_.empty()) {
    if (auto settled = settle_sector(); !settled) return std::unexpected(std::move(settled.error()));
  }
  if (!sector_) {
    if (before_sector_ > 0) return std::unexpected(find_sector({}, {}).error());
    return fail(ErrorCode::kDamaged, "No frame of this clip could be read; copy it again, or export it again from the scanner.");
  }
  if (coloured_ * 4 > judged_)
    return fail(ErrorCode::kUnusable, "Colour Doppler is switched on in this clip; record the apical view again in plain B-mode, without colour.");
  clip_.format = source_.format, clip_.device = source_.device, clip_.stated_view = source_.stated_view;
  clip_.source_width = width_, clip_.source_height = height_;
  clip_.sector_box = sector_->box;
  clip_.aspect = static_cast<double>(sector_->box.width) / sector_->box.height;
  clip_.times_known = times_known_ && clip_.frame_count() > 1;
  const double first = clip_.times_ms.empty() ? 0 : clip_.times_ms.front();
  for (size_t i = 0; i < clip_.times_ms.size(); ++i)
    clip_.times_ms[i] = times_known_ ? clip_.times_ms[i] - first : static_cast<double>(i) * stride_ * kNominalFrameMs;

  bool sizes_hold = source_.mm_per_px_x && source_.mm_per_px_y;
  if (sizes_hold && source_.region_is_guess && source_.region) {
    const PictureBox region = *source_.region, box = sector_->box;
    const double slack_x = 0.05 * region.width, slack_y = 0.08 * region.height;
    sizes_hold = std::abs(region.x - box.x) <= slack_x && std::abs(region.x + region.width - box.x - box.width) <= slack_x &&
                 std::abs(region.y - box.y) <= slack_y && std::abs(region.y + region.height - box.y - box.height) <= slack_y;
    notes_.push_back(sizes_hold ? "The picture was reduced after its scale was written; the fan fits the scale, which was corrected for it."
                                : "The stated scale does not fit the picture, so volumes are not given in millilitres.");
  }
  if (sizes_hold) {
    clip_.mm_per_px_x = *source_.mm_per_px_x * sector_->box.width / clip_.side;
    clip_.mm_per_px_y = *source_.mm_per_px_y * sector_->box.height / clip_.side;
  }
  if (before_sector_ > 0) notes_.push_back(counted(before_sector_, "before the ultrasound picture is left out.", "before the ultrasound picture are left out."));
  if (unreadable_ > 0) notes_.push_back(counted(unreadable_, "could not be read and is left out.", "could not be read and are left out."));
  if (other_size_ > 0) notes_.push_back(counted(other_size_, "has another size than the first and is left out.", "have another size than the first and are left out."));
  if (not_later_ > 0) notes_.push_back(counted(not_later_, "is not later than the one before and is left out.", "are not later than the ones before and are left out."));
  if (stride_ > 1) notes_.push_back(format_text("This clip is long, so one frame in %d is used.", stride_));
  if (!clip_.times_known && clip_.frame_count() > 1) notes_.push_back("This clip states no frame times, so neither heart rate nor times are given.");
  clip_.notes = std::move(notes_);
  return std::move(clip_);
}

}  // namespace precordia
