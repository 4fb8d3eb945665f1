#include "dashboard/theme.h"

#include <algorithm>
#include <cmath>

namespace precordia::dashboard {

ToneColours tone_colours(Tone tone) {
  switch (tone) {
    case Tone::kCalm:
      return {colour::kCalm, colour::kCalmTint};
    case Tone::kWatch:
      return {colour::kWatch, colour::kWatchTint};
    case Tone::kAct:
      return {colour::kAct, colour::kActTint};
    case Tone::kUnknown:
      break;
  }
  return {colour::kUnknown, colour::kUnknownTint};
}

namespace {

double luminance(ImU32 colour) {
  const auto channel = [colour](int shift) {
    const double value = ((colour >> shift) & 255) / 255.0;
    return value <= 0.03928 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * channel(IM_COL32_R_SHIFT) + 0.7152 * channel(IM_COL32_G_SHIFT) +
         0.0722 * channel(IM_COL32_B_SHIFT);
}

}  // namespace

double contrast(ImU32 a, ImU32 b) {
  const double one = luminance(a) + 0.05, two = luminance(b) + 0.05;
  return std::max(one, two) / std::min(one, two);
}

}  // namespace precordia::dashboard
