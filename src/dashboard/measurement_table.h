// What was measured, against what is normal, and the classic criteria.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

void draw_measurement_card(const Ui& ui, Flow& flow, const ViewModel& view);
void draw_criteria_card(const Ui& ui, Flow& flow, AppState& state);
void draw_quality_card(const Ui& ui, Flow& flow,
                       const ViewModel& view);  // nothing to draw when nothing is wrong: says so

}  // namespace precordia::dashboard
