// The palette and the spacing. Light, for daylight: warm paper, ink, one deep teal accent; amber and brick
// only where the answer asks for attention. Every text colour has a contrast of at least 4.5:1 on the
// surfaces it is used on (tests/unit/dashboard_layout_test.cc computes it by WCAG 2.1).
#pragma once

#include "dashboard/imgui_headers.h"
#include "dashboard/view_model.h"

namespace precordia::dashboard {

namespace colour {

constexpr ImU32 rgb(unsigned hex, unsigned alpha = 255) {
  return IM_COL32((hex >> 16) & 255, (hex >> 8) & 255, hex & 255, alpha);
}
constexpr ImU32 with_alpha(ImU32 colour, unsigned alpha) {
  return (colour & ~IM_COL32_A_MASK) | (alpha << IM_COL32_A_SHIFT);
}

inline constexpr ImU32 kPage = rgb(0xF3F0EA);
inline constexpr ImU32 kCard = rgb(0xFFFFFF);
inline constexpr ImU32 kSunken = rgb(0xF7F5F1);      // wells inside cards
inline constexpr ImU32 kLine = rgb(0xE0DAD0);        // card edges, separators
inline constexpr ImU32 kLineStrong = rgb(0x8C9196);  // edges of controls (3:1 on white)
inline constexpr ImU32 kInk = rgb(0x16222C);         // text
inline constexpr ImU32 kInkSoft = rgb(0x4A5761);     // secondary text
inline constexpr ImU32 kInkFaint = rgb(0x5F6B75);    // captions
inline constexpr ImU32 kOnAccent = rgb(0xFFFFFF);

inline constexpr ImU32 kAccent = rgb(0x0B6468);
inline constexpr ImU32 kAccentDeep = rgb(0x074A4E);
inline constexpr ImU32 kAccentTint = rgb(0xE2EFEE);
inline constexpr ImU32 kAccentTintDeep = rgb(0xCFE4E2);

inline constexpr ImU32 kCalm = rgb(0x13618C);
inline constexpr ImU32 kCalmTint = rgb(0xE4EFF6);
inline constexpr ImU32 kWatch = rgb(0x966300);
inline constexpr ImU32 kWatchFill = rgb(0xE2A23B);
inline constexpr ImU32 kWatchTint = rgb(0xFFF3DC);
inline constexpr ImU32 kAct = rgb(0x871A12);
inline constexpr ImU32 kActTint = rgb(0xFBE9E5);
inline constexpr ImU32 kUnknown = rgb(0x565F66);
inline constexpr ImU32 kUnknownTint = rgb(0xECEEF0);

// ECG paper.
inline constexpr ImU32 kPaper = rgb(0xFFFBF6);
inline constexpr ImU32 kGridFine = rgb(0xF6E3DD);
inline constexpr ImU32 kGridBold = rgb(0xE6B9B1);
inline constexpr ImU32 kTrace = rgb(0x111C26);
inline constexpr ImU32 kTraceBad = rgb(0x7D868E);
inline constexpr ImU32 kRelevance = rgb(0xF0A21E);  // saliency, drawn transparent under the trace

}  // namespace colour

struct ToneColours {
  ImU32 strong, tint;
};
ToneColours tone_colours(Tone tone);

namespace space {

inline constexpr float kCardPadding = 20;
inline constexpr float kCardPaddingCompact = 16;
inline constexpr float kCardRadius = 10;
inline constexpr float kControlRadius = 8;
inline constexpr float kTouch = 44;    // least height and width of what a finger must hit
inline constexpr float kControl = 40;  // height as drawn
inline constexpr float kHeader = 56;
inline constexpr float kBanner = 32;
inline constexpr float kFooter = 32;
inline constexpr float kTabBar = 48;

}  // namespace space

// Contrast ratio of two opaque colours, 1..21 (WCAG 2.1, relative luminance).
double contrast(ImU32 a, ImU32 b);

}  // namespace precordia::dashboard
