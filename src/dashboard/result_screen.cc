#include "dashboard/result_screen.h"

#include <algorithm>
#include <cmath>

#include "dashboard/answer_card.h"
#include "dashboard/beats_panel.h"
#include "dashboard/echo_screen.h"
#include "dashboard/evidence_list.h"
#include "dashboard/measurement_table.h"
#include "dashboard/network_panel.h"
#include "dashboard/paper_view.h"
#include "dashboard/phenotype_card.h"
#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

void draw_examined_card(const Ui& ui, Flow& flow, const ViewModel& view) {
  Card card(ui, flow);
  Flow& in = card.inner;
  paragraph(in, Type::kBodyStrong, colour::kInk, view.input.name);
  paragraph(in, Type::kCaption, colour::kInkSoft, view.input.patient);
}

// Two blocks side by side; both functions draw into the flow they are given.
template <typename Left, typename Right>
void side_by_side(Flow& flow, float gap, Left left, Right right) {
  const float half = std::floor((flow.width - gap) / 2);
  Flow a{flow.list, flow.x, flow.y, half}, b{flow.list, flow.x + half + gap, flow.y, flow.width - half - gap};
  left(a);
  right(b);
  flow.y = std::max(a.y, b.y);
}

void draw_measure_and_network(const Ui& ui, Flow& flow, AppState& state) {
  const float gap = ui.frame.gap;
  side_by_side(
      flow, gap,
      [&](Flow& column) {
        draw_measurement_card(ui, column, *state.view);
        column.gap(gap);
        draw_criteria_card(ui, column, state);
      },
      [&](Flow& column) {
        draw_network_card(ui, column, state);
        if (ui.frame.arrangement == Arrangement::kMedium)
          return;  // the recording is described beside the answer there
        column.gap(gap);
        draw_quality_card(ui, column, *state.view);
      });
}

void draw_wide(Ui& ui, AppState& state, ImRect rect) {
  const Frame& frame = ui.frame;
  const float gap = frame.gap;
  // Each column scrolls by itself, so that the answer stays beside whatever is being looked at.
  const float split = rect.Min.x + frame.margin + frame.side_column + frame.column_gap - 8;
  Flow left = begin_scroll(ui, "answer", ImRect(rect.Min, ImVec2(split, rect.Max.y)), frame.margin);
  left.width = frame.side_column;
  draw_answer_card(ui, left, *state.view);
  left.gap(gap);
  draw_next_step_card(ui, left, *state.view);
  left.gap(gap);
  draw_echo_card(ui, left, state);
  draw_evidence_card(ui, left, state);
  draw_whole_answer(ui, left, state);
  end_scroll(ui, left, frame.margin);

  Flow right = begin_scroll(ui, "trace", ImRect(ImVec2(split, rect.Min.y), rect.Max), frame.margin);
  if (state.go_to_trace) scroll_here(ui, right, frame.margin);
  state.go_to_trace = false;
  right.x = split + 8;
  right.width = frame.main_column;
  draw_paper_card(ui, right, state);
  right.gap(gap);
  draw_measure_and_network(ui, right, state);
  right.gap(gap);
  draw_beats_card(ui, right, *state.view, state.paper.settings.gain_mm_per_mv);
  end_scroll(ui, right, frame.margin);
}

void draw_medium(Ui& ui, AppState& state, ImRect rect) {
  const float gap = ui.frame.gap, margin = ui.frame.margin;
  Flow flow = begin_scroll(ui, "result", rect, margin);
  const float half = std::floor((flow.width - gap) / 2);
  Flow left{flow.list, flow.x, flow.y, half},
      right{flow.list, flow.x + half + gap, flow.y, flow.width - half - gap};
  draw_answer_card(ui, left, *state.view);
  draw_next_step_card(ui, right, *state.view);
  // The recording goes under the shorter of the two, so that the trace begins as high as it can.
  Flow& shorter = left.y <= right.y ? left : right;
  if (shorter.y > flow.y) shorter.gap(gap);
  draw_quality_card(ui, shorter, *state.view);
  flow.y = std::max(left.y, right.y);
  flow.gap(gap);
  if (state.go_to_trace) scroll_here(ui, flow, margin);
  state.go_to_trace = false;
  draw_paper_card(ui, flow, state);
  flow.gap(gap);
  draw_echo_card(ui, flow, state);
  draw_evidence_card(ui, flow, state);
  draw_whole_answer(ui, flow, state);
  flow.gap(gap);
  draw_measure_and_network(ui, flow, state);
  flow.gap(gap);
  draw_beats_card(ui, flow, *state.view, state.paper.settings.gain_mm_per_mv);
  end_scroll(ui, flow, margin);
}

void draw_compact(Ui& ui, AppState& state, ImRect rect) {
  const float gap = ui.frame.gap, margin = ui.frame.margin;
  static constexpr const char* kScrolls[] = {"tab answer", "tab ecg", "tab measures", "tab network"};
  Flow flow = begin_scroll(ui, kScrolls[static_cast<int>(state.tab)], rect, margin);
  switch (state.tab) {
    case Tab::kAnswer:
      draw_answer_card(ui, flow, *state.view);
      flow.gap(gap);
      draw_next_step_card(ui, flow, *state.view);
      flow.gap(gap);
      draw_echo_card(ui, flow, state);
      draw_evidence_card(ui, flow, state);
      draw_whole_answer(ui, flow, state);
      flow.gap(gap);
      draw_examined_card(ui, flow, *state.view);
      break;
    case Tab::kEcg:
      if (state.go_to_trace) scroll_here(ui, flow, margin);
      state.go_to_trace = false;
      draw_paper_card(ui, flow, state);
      flow.gap(gap);
      draw_beats_card(ui, flow, *state.view, state.paper.settings.gain_mm_per_mv);
      break;
    case Tab::kMeasures:
      draw_measurement_card(ui, flow, *state.view);
      flow.gap(gap);
      draw_quality_card(ui, flow, *state.view);
      flow.gap(gap);
      draw_criteria_card(ui, flow, state);
      break;
    case Tab::kNetwork:
      draw_network_card(ui, flow, state);
      break;
  }
  end_scroll(ui, flow, margin);
}

}  // namespace

void draw_result_screen(Ui& ui, AppState& state, ImRect rect) {
  switch (ui.frame.arrangement) {
    case Arrangement::kWide:
      draw_wide(ui, state, rect);
      break;
    case Arrangement::kMedium:
      draw_medium(ui, state, rect);
      break;
    case Arrangement::kCompact:
      draw_compact(ui, state, rect);
      break;
  }
}

}  // namespace precordia::dashboard
