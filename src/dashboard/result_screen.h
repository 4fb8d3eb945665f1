// The answer, its reasons and the trace, arranged for the window.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

void draw_result_screen(Ui& ui, AppState& state, ImRect rect);

}  // namespace precordia::dashboard
