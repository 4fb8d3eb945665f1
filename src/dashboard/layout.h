// Which arrangement fits the window. All lengths are CSS pixels.
#pragma once

namespace precordia::dashboard {

enum class Arrangement {
  kCompact,  // phone: one column, parts behind a tab bar
  kMedium,   // upright tablet: one column of cards
  kWide,     // desk or lying tablet: answer beside the trace
};

inline constexpr float kMediumFromPx = 640;
inline constexpr float kWideFromPx = 1080;

struct Frame {
  Arrangement arrangement = Arrangement::kWide;
  float margin = 24;      // around the content
  float gap = 16;         // between cards
  float column_gap = 0;   // between the two columns (kWide only): the left one's scroll bar lies in it
  float side_column = 0;  // width of the answer column (kWide only)
  float main_column = 0;  // width of what is beside it, or of the only column
};

Frame lay_out(float width_px);

// How many equal panels of at least `least_px` fit side by side, 1..most, such that rows of `count` come out
// full.
int panels_per_row(float width_px, float least_px, float gap_px, int most, int count);

}  // namespace precordia::dashboard
