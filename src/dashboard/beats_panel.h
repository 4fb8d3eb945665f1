// The representative beat of each lead, with the wave onsets and ends that the measurements used.
#pragma once

#include "dashboard/ui.h"
#include "dashboard/view_model.h"

namespace precordia::dashboard {

void draw_beats_card(const Ui& ui, Flow& flow, const ViewModel& view, double gain_mm_per_mv);

}  // namespace precordia::dashboard
