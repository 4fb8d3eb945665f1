// The answer and what to do about it: the first thing read, and the only thing that must be.
#pragma once

#include <string>

#include "dashboard/ui.h"
#include "dashboard/view_model.h"

namespace precordia::dashboard {

void draw_answer_card(const Ui& ui, Flow& flow, const ViewModel& view, float least_height = 0);
void draw_next_step_card(const Ui& ui, Flow& flow, const ViewModel& view, float least_height = 0);

// "12 %", below ten "1.5 %"; never "0 %" or "100 %" for something uncertain: "< 0.1 %", "> 99 %".
std::string percent_text(double share);

}  // namespace precordia::dashboard
