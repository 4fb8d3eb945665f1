// What the network said, statement by statement, against its own thresholds.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

void draw_network_card(const Ui& ui, Flow& flow, AppState& state);

}  // namespace precordia::dashboard
