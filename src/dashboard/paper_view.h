// The 12-lead ECG on calibrated paper: scale, layouts, where the network looked, calipers, and the display
// filter.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

void draw_paper_card(Ui& ui, Flow& flow, AppState& state);

// Zooms so that what is `from_left_px` from the left edge of the view stays there.
void zoom_paper(PaperState& paper, double factor, double from_left_px);

}  // namespace precordia::dashboard
