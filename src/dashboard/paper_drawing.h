// Draws the sheet itself: grid, calibration pulses, traces, lead names, where the network looked, wave marks,
// calipers.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

// Where the sheet lies on the screen: millimetres of the sheet to CSS px and back.
struct PaperPlace {
  ImRect view;  // the window onto the sheet
  double px_per_mm = 1;
  double pan_px = 0;  // of the sheet to the left

  ImVec2 to_px(double x_mm, double y_mm) const {
    return ImVec2(view.Min.x + static_cast<float>(x_mm * px_per_mm - pan_px),
                  view.Min.y + static_cast<float>(y_mm * px_per_mm));
  }
  ImVec2 to_mm(ImVec2 px) const {
    return ImVec2(static_cast<float>((px.x - view.Min.x + pan_px) / px_per_mm),
                  static_cast<float>((px.y - view.Min.y) / px_per_mm));
  }
};

// Rows lower than this name their leads in small letters, with signs for remarks.
inline constexpr float kRoomyRowPx = 56;

void draw_paper(const Ui& ui, ImDrawList* list, const ViewModel& view, const PaperState& paper,
                const PaperPlan& plan, const PaperPlace& place);

}  // namespace precordia::dashboard
