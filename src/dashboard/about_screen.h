// Models with their cards, where the network runs and why, timings, licences, shortcuts, intended use.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

void draw_about_screen(Ui& ui, AppState& state, ImRect rect);

}  // namespace precordia::dashboard
