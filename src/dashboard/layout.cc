#include "dashboard/layout.h"

#include <algorithm>

namespace precordia::dashboard {

Frame lay_out(float width_px) {
  Frame frame;
  if (width_px < kMediumFromPx) {
    frame.arrangement = Arrangement::kCompact;
    frame.margin = 16;
    frame.gap = 16;
    frame.main_column = std::max(0.0f, width_px - 2 * frame.margin);
  } else if (width_px < kWideFromPx) {
    frame.arrangement = Arrangement::kMedium;
    frame.main_column = width_px - 2 * frame.margin;
  } else {
    frame.arrangement = Arrangement::kWide;
    frame.side_column = std::clamp(width_px * 0.29f, 344.0f, 440.0f);
    frame.column_gap = 28;
    frame.main_column = width_px - 2 * frame.margin - frame.column_gap - frame.side_column;
  }
  return frame;
}

int panels_per_row(float width_px, float least_px, float gap_px, int most, int count) {
  int fitting = static_cast<int>((width_px + gap_px) / (least_px + gap_px));
  fitting = std::clamp(fitting, 1, std::min(most, std::max(1, count)));
  while (fitting > 1 && count % fitting != 0) --fitting;
  return fitting;
}

}  // namespace precordia::dashboard
