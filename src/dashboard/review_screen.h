// The review of a page of paper: is the trace right, and what to do next.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

void draw_review_screen(Ui& ui, AppState& state, ImRect rect);

}  // namespace precordia::dashboard
