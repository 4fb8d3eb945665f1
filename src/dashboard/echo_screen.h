// The echo screen: the clip, what was measured on it, how sure that is, and what to do where it cannot be told.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

void draw_echo_screen(Ui& ui, AppState& state, ImRect rect);

// Beside an ECG's result: the ejection fraction and the way to its clip, or the way to add one.
void draw_echo_card(const Ui& ui, Flow& flow, AppState& state);

// Keys of this screen. `free`: no control has the keyboard's focus, so that arrows and the space bar are the clip's.
bool echo_key(AppState& state, const std::string& key, bool free);

}  // namespace precordia::dashboard
