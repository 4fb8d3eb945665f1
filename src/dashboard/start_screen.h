// The first screen: what this is, open an ECG, or look at a simulated patient.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

void draw_start_screen(Ui& ui, AppState& state, ImRect rect);

// Shared with the about screen.
extern const char* const kIntendedUse;

}  // namespace precordia::dashboard
