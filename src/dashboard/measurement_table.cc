#include "dashboard/measurement_table.h"

#include <algorithm>
#include <array>

#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

struct StatusLook {
  const char* words;
  ImU32 ink;
  std::optional<Icon> icon;
};

StatusLook look_of(RangeStatus status) {
  switch (status) {
    case RangeStatus::kLow:
      return {"low", colour::kAct, Icon::kAgainst};
    case RangeStatus::kHigh:
      return {"high", colour::kAct, Icon::kFor};
    case RangeStatus::kNormal:
      return {"normal", colour::kCalm, Icon::kCheck};
    case RangeStatus::kUnknown:
      break;
  }
  return {"", colour::kInkFaint, std::nullopt};
}

// Columns of the table: numbers end on one line, units and ranges begin on one.
struct Columns {
  float number_right, unit_left, range_left;
};
constexpr float kRangeWidth = 132, kUnitWidth = 44;

Columns columns_of(const Flow& flow) {
  const float range_left = flow.x + flow.width - kRangeWidth;
  return {range_left - kUnitWidth - 6, range_left - kUnitWidth, range_left};
}

void draw_row(Flow& flow, const MeasurementView& row, const Columns& columns) {
  const StatusLook look = look_of(row.status);
  const bool abnormal = row.status == RangeStatus::kLow || row.status == RangeStatus::kHigh;
  ImDrawList* list = flow.list;
  const float top = flow.y + 7;
  const float words = columns.number_right - text_width(Type::kBodyStrong, row.text) - 12 - flow.x;
  float y = top + draw_paragraph(list, Type::kBody, ImVec2(flow.x, top), std::max(words, 72.0f), colour::kInk,
                                 row.label);
  draw_text_right(list, Type::kBodyStrong, ImVec2(columns.number_right, top),
                  abnormal ? look.ink : colour::kInk, row.text);
  if (row.text != "–")
    draw_text(list, Type::kCaption, ImVec2(columns.unit_left, top + 3), colour::kInkSoft, row.unit);
  float x = columns.range_left;
  if (look.icon) draw_icon(list, *look.icon, ImVec2(x + 7, top + 12), 13, look.ink);
  x += 22;
  if (abnormal) x += draw_text(list, Type::kCaptionStrong, ImVec2(x, top + 3), look.ink, look.words) + 6;
  draw_text_fitted(list, Type::kCaption, ImVec2(x, top + 3), flow.x + flow.width - x, colour::kInkSoft,
                   row.normal);
  if (!row.device.empty())
    y += draw_paragraph(list, Type::kCaption, ImVec2(flow.x, y), flow.width, colour::kInkSoft, row.device);
  if (!row.why_unknown.empty()) {
    y += draw_paragraph(list, Type::kCaption, ImVec2(flow.x, y), flow.width, colour::kInkSoft,
                        row.why_unknown);
  }
  flow.y = y + 7;
  separator(flow);
}

// The recorder's own words and numbers, set apart from ours.
void draw_device_findings(Flow& in, const DeviceView& device) {
  if (device.others.empty() && device.statements.empty()) return;
  in.gap(10);
  paragraph(in, Type::kCaptionStrong, colour::kInkSoft, "Stated by the recorder, not by Precordia");
  for (const std::string& statement : device.statements) paragraph(in, Type::kBody, colour::kInk, statement);
  for (const std::string& other : device.others) paragraph(in, Type::kCaption, colour::kInkSoft, other);
}

struct MetLook {
  const char* words;
  ImU32 ink, tint;
};

MetLook look_of(const std::optional<bool>& met) {
  if (!met) return {"not judged", colour::kUnknown, colour::kUnknownTint};
  return *met ? MetLook{"met", colour::kWatch, colour::kWatchTint}
              : MetLook{"not met", colour::kCalm, colour::kCalmTint};
}

void draw_criterion(Flow& flow, AppState& state, const CriterionView& criterion, int index) {
  const std::string key = criterion.id.empty() ? std::to_string(index) : criterion.id;
  const bool open = state.open_criterion == key;
  const MetLook look = look_of(criterion.met);
  const float chip_part = chip_width("not judged", false) + 30;
  const float words = flow.width - chip_part;
  std::string value = criterion.text;
  if (!criterion.cutoff.empty()) value += (value.empty() ? "cut-off " : " · cut-off ") + criterion.cutoff;
  const float height = std::max(space::kTouch, paragraph_height(Type::kBody, criterion.label, words) +
                                                   paragraph_height(Type::kCaption, value, words) + 16);
  const ImRect rect(flow.x - 8, flow.y, flow.x + flow.width + 8, flow.y + height);
  ImGui::PushID(index);
  const Press press = press_area("criterion", rect, 8);
  ImGui::PopID();
  ImDrawList* list = flow.list;
  if (press.hovered) list->AddRectFilled(rect.Min, rect.Max, colour::kSunken, 8);
  float y = flow.y + 8;
  y += draw_paragraph(list, Type::kBody, ImVec2(flow.x, y), words, colour::kInk, criterion.label);
  draw_paragraph(list, Type::kCaption, ImVec2(flow.x, y), words, colour::kInkSoft, value);
  const float width = chip_width(look.words, false);
  chip(list, ImVec2(flow.x + flow.width - 26 - width, flow.y + 8), look.words, look.ink, look.tint);
  draw_icon(list, open ? Icon::kChevronUp : Icon::kChevronDown, ImVec2(flow.x + flow.width - 8, flow.y + 20),
            14, colour::kInkFaint);
  flow.y += height;
  if (open) {
    paragraph(flow, Type::kCaption, colour::kInk, criterion.formula);
    paragraph(flow, Type::kCaption, colour::kInkSoft, criterion.why_unknown);
    if (!criterion.citation.empty())
      paragraph(flow, Type::kCaption, colour::kInkSoft, "Source: " + criterion.citation);
    flow.gap(10);
  }
  separator(flow);
  if (press.used) state.open_criterion = open ? std::string() : key;
}

// Lead by lead, in mV: what the criteria below were computed from.
void draw_amplitudes(Flow& flow, const std::vector<AmplitudeView>& leads) {
  if (leads.empty()) return;
  flow.gap(14);
  paragraph(flow, Type::kBodyStrong, colour::kInk, "Lead by lead, mV");
  flow.gap(4);
  const float column = (flow.width - 44) / 4;
  auto row = [&](Type type, ImU32 ink, const std::string& lead, const std::array<std::string, 4>& cells) {
    draw_text(flow.list, type, ImVec2(flow.x, flow.y), colour::kInkSoft, lead);
    for (size_t i = 0; i < cells.size(); ++i)
      draw_text_right(flow.list, type, ImVec2(flow.x + 44 + column * static_cast<float>(i + 1), flow.y), ink, cells[i]);
    flow.gap(24);
  };
  row(Type::kCaption, colour::kInkFaint, "", {"R", "S", "ST at J", "T"});
  separator(flow);
  for (const AmplitudeView& a : leads) row(Type::kBody, colour::kInk, a.lead, {a.r, a.s, a.st, a.t});
}

}  // namespace

void draw_measurement_card(const Ui& ui, Flow& flow, const ViewModel& view) {
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Measurements");
  if (!view.rhythm.empty()) {
    paragraph(in, Type::kBodyStrong, colour::kInk, view.rhythm);
    in.gap(6);
  }
  if (view.measurements.empty()) {
    paragraph(in, Type::kBody, colour::kInkSoft, "Nothing could be measured on this recording.");
    return;
  }
  const Columns columns = columns_of(in);
  draw_text_right(in.list, Type::kCaption, ImVec2(columns.number_right, in.y), colour::kInkFaint, "value");
  draw_text(in.list, Type::kCaption, ImVec2(columns.range_left + 22, in.y), colour::kInkFaint, "normal");
  in.gap(22);
  separator(in);
  for (const MeasurementView& row : view.measurements) draw_row(in, row, columns);
  draw_device_findings(in, view.device);
  draw_amplitudes(in, view.amplitudes);
}

void draw_criteria_card(const Ui& ui, Flow& flow, AppState& state) {
  const ViewModel& view = *state.view;
  if (view.criteria.empty()) return;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Classic criteria");
  separator(in);
  constexpr int kShownFirst = 8;
  int index = 0;
  for (const CriterionView& criterion : view.criteria) {
    if (!state.all_criteria && index >= kShownFirst) break;
    draw_criterion(in, state, criterion, index++);
  }
  if (static_cast<int>(view.criteria.size()) > kShownFirst) {
    in.gap(8);
    const std::string label =
        state.all_criteria ? "Show fewer" : "Show all " + std::to_string(view.criteria.size()) + " criteria";
    if (button(in, "all criteria", ImVec2(in.x, in.y), button_width(label, false), label, std::nullopt,
               ButtonLook::kSecondary)) {
      state.all_criteria = !state.all_criteria;
    }
    in.gap(space::kControl);
  }
}

void draw_quality_card(const Ui& ui, Flow& flow, const ViewModel& view) {
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Recording");
  std::string summary = view.input.format;
  if (!view.input.summary.empty()) summary += (summary.empty() ? "" : " · ") + view.input.summary;
  paragraph(in, Type::kBody, colour::kInk, summary);
  if (!view.input.recorded_at.empty())
    paragraph(in, Type::kCaption, colour::kInkSoft, "Recorded " + view.input.recorded_at);
  for (const std::string& line : view.device.lines) paragraph(in, Type::kCaption, colour::kInkSoft, line);
  in.gap(8);
  bool issues = false;
  for (const std::string& warning : view.warnings) {
    note_line(in, Icon::kWarning, colour::kWatch, Type::kBody, warning);
    in.gap(6);
    issues = true;
  }
  for (const LeadQualityView& lead : view.quality) {
    if (lead.usable && lead.issue.empty()) continue;
    const std::string words = lead.issue.empty() ? "This lead cannot be used." : lead.issue;
    note_line(in, lead.usable ? Icon::kInfo : Icon::kWarning, lead.usable ? colour::kInkSoft : colour::kWatch,
              Type::kBody, "Lead " + lead.lead + ": " + words);
    in.gap(6);
    issues = true;
  }
  if (!issues)
    note_line(in, Icon::kCheck, colour::kCalm, Type::kBody, "Signal quality is good in every recorded lead.");
  for (const std::string& note : view.input.notes) {
    in.gap(4);
    note_line(in, Icon::kInfo, colour::kInkSoft, Type::kCaption, note);
  }
}

}  // namespace precordia::dashboard
