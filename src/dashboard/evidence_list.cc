#include "dashboard/evidence_list.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

constexpr float kWeightWidth = 84;
constexpr double kFullDecibans = 10;  // a likelihood ratio of 10, the cap of one piece of evidence

struct DirectionLook {
  Icon icon;
  ImU32 ink, tint;
  const char* words;
};

DirectionLook look_of(EvidenceDirection direction) {
  switch (direction) {
    case EvidenceDirection::kFor:
      return {Icon::kFor, colour::kAct, colour::kActTint, "points towards it"};
    case EvidenceDirection::kAgainst:
      return {Icon::kAgainst, colour::kCalm, colour::kCalmTint, "points away from it"};
    case EvidenceDirection::kNeutral:
      break;
  }
  return {Icon::kNeutral, colour::kUnknown, colour::kUnknownTint, "neither way"};
}

std::string signed_text(double value) {
  char buffer[24];
  std::snprintf(buffer, sizeof buffer, "%s%.1f",
                value < -0.05  ? "−"
                : value > 0.05 ? "+"
                               : "",
                std::fabs(value));
  return buffer;
}

// A bar that grows from the middle: right for, left against.
void draw_weight(ImDrawList* list, ImVec2 at, double decibans, ImU32 ink) {
  const float middle = std::floor(at.x + kWeightWidth / 2), half = kWeightWidth / 2;
  list->AddRectFilled(ImVec2(at.x, at.y), ImVec2(at.x + kWeightWidth, at.y + 8), colour::kUnknownTint, 4);
  const float length = half * static_cast<float>(std::clamp(std::fabs(decibans) / kFullDecibans, 0.0, 1.0));
  if (length > 0.5f) {
    const bool right = decibans > 0;
    list->AddRectFilled(ImVec2(right ? middle : middle - length, at.y),
                        ImVec2(right ? middle + length : middle, at.y + 8), ink, 4,
                        right ? ImDrawFlags_RoundCornersRight : ImDrawFlags_RoundCornersLeft);
  }
  list->AddLine(ImVec2(middle, at.y - 3), ImVec2(middle, at.y + 11), colour::kInkSoft, 1.5f);
}

bool has_place(const EvidenceView& item) { return item.leads != 0 || !item.map.empty(); }

// Where it came from, in sight: the trace, or both ends of the beat in the clip.
void go_there(AppState& state, const EvidenceView& item) {
  if (item.clip && state.echo.view) {
    state.screen = Screen::kEcho;
    choose_beat(state.echo, state.echo.beat);
    return;
  }
  light_evidence(state, item);
  state.tab = Tab::kEcg;
  state.go_to_trace = true;
}

void draw_details(const Ui& ui, Flow& flow, AppState& state, const EvidenceView& item) {
  const float left = 34;
  Flow words{flow.list, flow.x + left, flow.y, flow.width - left - 4};
  words.gap(2);
  paragraph(words, Type::kBody, colour::kInk, item.explanation);
  std::string facts = look_of(item.direction).words;
  if (item.likelihood_ratio) {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, " · likelihood ratio %.2g", *item.likelihood_ratio);
    facts += buffer;
  }
  words.gap(4);
  paragraph(words, Type::kCaption, colour::kInkSoft, facts);
  if (!item.citation.empty()) {
    words.gap(2);
    paragraph(words, Type::kCaption, colour::kInkSoft, "Source: " + item.citation);
  }
  const bool to_clip = item.clip && state.echo.view.has_value();
  // Beside each other the trace lights up by itself; elsewhere a button leads there.
  if (to_clip || (has_place(item) && ui.frame.arrangement != Arrangement::kWide)) {
    const char* label = to_clip ? "Show in the clip" : "Show on the trace";
    words.gap(8);
    if (button(words, "place", ImVec2(words.x, words.y), std::min(words.width, button_width(label, false)), label, std::nullopt, ButtonLook::kSecondary))
      go_there(state, item);
    words.gap(space::kControl);
  }
  flow.y = words.y + 10;
}

void draw_item(const Ui& ui, Flow& flow, AppState& state, const EvidenceView& item, int index) {
  const std::string key = item.id.empty() ? std::to_string(index) : item.id;
  const bool open = state.open_evidence.count(key) != 0;
  const DirectionLook look = look_of(item.direction);
  const bool weighed = item.counted && item.decibans.has_value();
  const float right = weighed ? kWeightWidth + 12 : 0, chevron = 24, left = 34;
  const float words = flow.width - left - right - chevron;
  const float label_height = paragraph_height(Type::kBodyStrong, item.label, words);
  const float value_height = paragraph_height(Type::kCaption, item.value, words);
  const float height = std::max(space::kTouch, label_height + value_height + 16);
  const ImRect rect(flow.x - 8, flow.y, flow.x + flow.width + 8, flow.y + height);

  ImGui::PushID(index);
  const Press press = press_area("evidence", rect, 8);
  ImGui::PopID();
  ImDrawList* list = flow.list;
  if (press.hovered || press.held) {
    list->AddRectFilled(rect.Min, rect.Max, press.held ? colour::kAccentTintDeep : colour::kSunken, 8);
  }
  const ImVec2 mark(flow.x + 12, flow.y + 8 + 11);
  list->AddCircleFilled(mark, 12, item.counted ? look.tint : colour::kUnknownTint);
  draw_icon(list, look.icon, mark, 13, item.counted ? look.ink : colour::kUnknown);
  float y = flow.y + 8;
  y += draw_paragraph(list, Type::kBodyStrong, ImVec2(flow.x + left, y), words, colour::kInk, item.label);
  draw_paragraph(list, Type::kCaption, ImVec2(flow.x + left, y), words, colour::kInkSoft, item.value);
  if (weighed) {
    const float x = flow.x + flow.width - chevron - kWeightWidth;
    draw_weight(list, ImVec2(x, flow.y + 14), *item.decibans, look.ink);
    draw_text_centred(list, Type::kCaption, ImVec2(x, flow.y + 26), ImVec2(x + kWeightWidth, flow.y + 44),
                      colour::kInkSoft, signed_text(*item.decibans) + " dB");
  }
  draw_icon(list, open ? Icon::kChevronUp : Icon::kChevronDown, ImVec2(flow.x + flow.width - 8, flow.y + 19),
            14, colour::kInkFaint);
  flow.y += height;
  if (open) {
    ImGui::PushID(index);
    draw_details(ui, flow, state, item);
    ImGui::PopID();
  }
  separator(flow);
  if (press.used) {
    if (open) {
      state.open_evidence.erase(key);
      if (state.lit_evidence == item.id) put_light_out(state);
    } else {
      state.open_evidence.insert(key);
      light_evidence(state, item);
      state.go_to_trace = ui.frame.arrangement == Arrangement::kWide && has_place(item);
    }
  }
}

}  // namespace

void draw_evidence_card(const Ui& ui, Flow& flow, AppState& state) {
  const ViewModel& view = *state.view;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Why: the evidence");
  if (view.evidence.empty()) {
    paragraph(in, Type::kBody, colour::kInkSoft, "No finding of this examination carries weight either way.");
    return;
  }
  struct Section {
    EvidenceScale scale;
    bool counted;
    const char* title;
  };
  constexpr Section kSections[] = {
      {EvidenceScale::kLvsd, true, "Counted for LV systolic dysfunction"},
      {EvidenceScale::kHeartFailure, true, "Counted for heart failure of any kind"},
      {EvidenceScale::kContext, false, "Seen, not counted"},
  };
  bool any = false;
  for (const Section& section : kSections) {
    bool begun = false;
    int index = -1;
    for (const EvidenceView& item : view.evidence) {
      ++index;
      const bool here = section.counted ? item.counted && item.scale == section.scale
                                        : !item.counted || item.scale == EvidenceScale::kContext;
      if (!here) continue;
      if (!begun) {
        if (any) in.gap(14);
        paragraph(in, Type::kCaptionStrong, colour::kInkSoft, section.title);
        in.gap(4);
        separator(in);
        begun = any = true;
      }
      draw_item(ui, in, state, item, index);
    }
  }
  for (const std::string& context : {view.answer.prior_context, view.answer.hf_prior_context}) {
    if (context.empty()) continue;
    in.gap(10);
    paragraph(in, Type::kCaption, colour::kInkSoft, "Starting point: " + context);
  }
  in.gap(10);
  paragraph(in, Type::kCaption, colour::kInkFaint,
            "Weights in decibans (dB): +10 multiplies the odds by ten, −10 divides them by ten. Findings "
            "that say the same thing "
            "count once.");
}

}  // namespace precordia::dashboard
