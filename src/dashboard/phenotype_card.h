// The rest of the answer: how it is spread over the kinds of heart failure, published scores, what would change it, and how
// it compares with an earlier examination.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

void draw_phenotype_card(const Ui& ui, Flow& flow, const ViewModel& view);
void draw_scores_card(const Ui& ui, Flow& flow, const ViewModel& view);  // nothing when no score applies
void draw_fusion_card(const Ui& ui, Flow& flow, AppState& state);  // nothing where the ECG did not decide
void draw_comparison_card(const Ui& ui, Flow& flow, AppState& state);
// All of them, with gaps before each.
void draw_whole_answer(const Ui& ui, Flow& flow, AppState& state);

void draw_language_card(const Ui& ui, Flow& flow, AppState& state);

}  // namespace precordia::dashboard
