// Why: every finding with its direction, its weight in decibans, whether it was counted, and its source on
// demand.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

void draw_evidence_card(const Ui& ui, Flow& flow, AppState& state);

}  // namespace precordia::dashboard
