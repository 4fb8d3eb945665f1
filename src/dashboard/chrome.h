// What surrounds every screen: header, banners, the disclaimer line, the progress overlay.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

// Each takes its height from the top (header, banners, tabs) or bottom (footer) of `rest`.
void draw_header(const Ui& ui, AppState& state, ImRect* rest);
void draw_simulated_banner(const Ui& ui, ImRect* rest);
void draw_error_banner(const Ui& ui, AppState& state, ImRect* rest);
void draw_tab_bar(AppState& state, ImRect* rest);
void draw_footer(const Ui& ui, const AppState& state, ImRect* rest);

// Covers everything while the engine works.
void draw_progress(Ui& ui, AppState& state);

}  // namespace precordia::dashboard
