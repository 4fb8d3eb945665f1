#include "dashboard/phenotype_card.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "dashboard/answer_card.h"
#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

constexpr float kNumber = 66;

// A bar for the value, a band for the range; without a value the band alone, hatched by its outline.
void draw_share(Flow& flow, const ShareView& share) {
  flow.gap(6);
  const float words = draw_paragraph(flow.list, Type::kBodyStrong, ImVec2(flow.x, flow.y), flow.width - kNumber - 8, colour::kInk, share.label);
  draw_text_right(flow.list, Type::kBodyStrong, ImVec2(flow.x + flow.width, flow.y), share.probability ? colour::kInk : colour::kInkFaint,
                  share.probability ? percent_text(*share.probability) : "–");
  flow.y += words + 6;
  const float height = 8;
  const auto x_of = [&](double value) { return flow.x + flow.width * static_cast<float>(std::clamp(value, 0.0, 1.0)); };
  flow.list->AddRectFilled(ImVec2(flow.x, flow.y), ImVec2(flow.x + flow.width, flow.y + height), colour::kUnknownTint, 4);
  if (share.low && share.high) {
    const float x0 = x_of(*share.low), x1 = std::max(x_of(*share.high), x0 + 4);
    flow.list->AddRectFilled(ImVec2(x0, flow.y), ImVec2(x1, flow.y + height), colour::with_alpha(colour::kAccent, 80), 4);
    if (!share.probability) flow.list->AddRect(ImVec2(x0, flow.y), ImVec2(x1, flow.y + height), colour::kAccent, 4);
  }
  if (share.probability) {
    const float x = std::clamp(x_of(*share.probability), flow.x + 2, flow.x + flow.width - 2);
    flow.list->AddRectFilled(ImVec2(x - 2, flow.y - 3), ImVec2(x + 2, flow.y + height + 3), colour::kAccentDeep, 2);
  }
  flow.gap(height + 4);
  if (!share.note.empty()) paragraph(flow, Type::kCaption, colour::kInkSoft, share.note);
  flow.gap(6);
}

void draw_would_change(Flow& in, const ViewModel& view) {
  if (view.would_change.empty()) return;
  in.gap(8);
  separator(in);
  in.gap(10);
  paragraph(in, Type::kCaptionStrong, colour::kInkSoft, "What would change the answer most");
  bool first = true;
  for (const UsefulTestView& test : view.would_change) {
    in.gap(6);
    const std::string about = test.scale == EvidenceScale::kHeartFailure ? "Heart failure of any kind" : "LV systolic dysfunction";
    const std::string range = "from " + percent_text(test.if_against) + " to " + percent_text(test.if_for);
    draw_icon(in.list, first ? Icon::kCheck : Icon::kInfo, ImVec2(in.x + 9, in.y + 11), 18, first ? colour::kCalm : colour::kInkSoft);
    const float x = in.x;
    in.x += 26;
    in.width -= 26;
    paragraph(in, Type::kBodyStrong, colour::kInk, test.label);
    paragraph(in, Type::kCaption, colour::kInkSoft, about);
    paragraph(in, Type::kCaption, colour::kInkSoft, range);
    in.x = x;
    in.width += 26;
    first = false;
  }
}

}  // namespace

void draw_phenotype_card(const Ui& ui, Flow& flow, const ViewModel& view) {
  if (view.phenotypes.empty() && view.would_change.empty()) return;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "What it may be");
  for (const ShareView& share : view.phenotypes) draw_share(in, share);
  draw_would_change(in, view);
}

namespace {

constexpr const char* kWays[] = {"late", "early", "hybrid"};
constexpr const char* kWayLabels[] = {"Late", "Early", "Hybrid"};

}  // namespace

void draw_fusion_card(const Ui& ui, Flow& flow, AppState& state) {
  const FusionView& fusion = state.view->fusion;
  if (fusion.ways.empty()) return;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "How the evidence is put together");
  int chosen = 0;
  for (int i = 0; i < 3; ++i)
    if (fusion.method == kWays[i]) chosen = i;
  if (segmented(in, "fusion", ImVec2(in.x, in.y), std::min(in.width, segmented_width(kWayLabels)), kWayLabels, &chosen))
    send_text(state, "set_fusion", "way", kWays[chosen]);
  in.gap(space::kControl + 8);
  if (!fusion.note.empty()) note_line(in, Icon::kWarning, colour::kWatch, Type::kBody, fusion.note);
  for (const WayView& one : fusion.ways) {
    const char* label = kWayLabels[0];
    for (int i = 0; i < 3; ++i)
      if (one.way == kWays[i]) label = kWayLabels[i];
    in.gap(6);
    draw_text(in.list, one.way == fusion.method ? Type::kBodyStrong : Type::kBody, ImVec2(in.x, in.y), colour::kInk, label);
    if (one.probability && one.low && one.high) {
      draw_text_right(in.list, Type::kBodyStrong, ImVec2(in.x + in.width, in.y), colour::kInk, percent_text(*one.probability));
      in.gap(line_height(Type::kBody));
      paragraph(in, Type::kCaption, colour::kInkSoft, "from " + percent_text(*one.low) + " to " + percent_text(*one.high));
    } else {
      draw_text_right(in.list, Type::kBody, ImVec2(in.x + in.width, in.y), colour::kInkFaint, "–");
      in.gap(line_height(Type::kBody));
      paragraph(in, Type::kCaption, colour::kInkSoft, one.why_not);
    }
  }
  in.gap(8);
  paragraph(in, Type::kCaption, colour::kInkFaint,
            "Late weighs each line of evidence by its published ratio and is the one that can be checked. Early and hybrid put network, measurements, "
            "age and sex into one model first. It was fitted to what cardiologists read in ECGs, not to ejection fractions, and did not do better.");
}

void draw_scores_card(const Ui& ui, Flow& flow, const ViewModel& view) {
  if (std::none_of(view.scores.begin(), view.scores.end(), [](const ScoreView& score) { return score.applies; })) return;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Published scores");
  bool first = true;
  for (const ScoreView& score : view.scores) {
    if (!score.applies) continue;
    if (!first) {
      in.gap(8);
      separator(in);
      in.gap(10);
    }
    first = false;
    std::string result = "–";
    if (score.points_low && score.points_high) {
      result = std::to_string(*score.points_low);
      if (*score.points_low != *score.points_high) result += "–" + std::to_string(*score.points_high);
      result += " / " + std::to_string(score.most_points);
    } else if (score.probability) {
      result = percent_text(*score.probability);
    }
    draw_text_right(in.list, Type::kBodyStrong, ImVec2(in.x + in.width, in.y), colour::kInk, result);
    draw_text(in.list, Type::kBodyStrong, ImVec2(in.x, in.y), colour::kInk, score.title);
    in.gap(line_height(Type::kBodyStrong));
    paragraph(in, Type::kBody, colour::kInk, score.reading.empty() ? score.meaning : score.reading);
    if (!score.missing.empty()) {
      in.gap(4);
      paragraph(in, Type::kCaptionStrong, colour::kInkSoft, "Not known yet");
      for (const std::string& name : score.missing) paragraph(in, Type::kCaption, colour::kInkSoft, name);
    }
    in.gap(4);
    paragraph(in, Type::kCaption, colour::kInkFaint, score.citation);
  }
}

void draw_comparison_card(const Ui& ui, Flow& flow, AppState& state) {
  const ViewModel& view = *state.view;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Compare two examinations");
  if (view.comparison.empty()) {
    paragraph(in, Type::kCaption, colour::kInkSoft, "Keep this one, then open another examination of the same person. Both are forgotten when you close the page.");
    in.gap(10);
    const float width = std::min(in.width, button_width("Keep for comparison", false));
    if (button(in, "compare", ImVec2(in.x, in.y), width, "Keep for comparison", std::nullopt, ButtonLook::kSecondary)) send(state, "compare");
    in.gap(space::kControl);
    return;
  }
  const float third = std::floor(in.width * 0.2f);
  const float label = in.width - 3 * third;
  const auto columns = [&](Type type, ImU32 ink, const std::string& a, const std::string& b, const std::string& c) {
    draw_text_right(in.list, type, ImVec2(in.x + label + third, in.y), ink, a);
    draw_text_right(in.list, type, ImVec2(in.x + label + 2 * third, in.y), ink, b);
    draw_text_right(in.list, type, ImVec2(in.x + in.width, in.y), ink, c);
  };
  columns(Type::kCaptionStrong, colour::kInkSoft, "before", "now", "change");
  in.gap(line_height(Type::kCaptionStrong) + 4);
  for (const ComparedView& line : view.comparison) {
    if (line.text_line) {
      paragraph(in, Type::kCaptionStrong, colour::kInk, line.label);
      paragraph(in, Type::kCaption, colour::kInkSoft, line.before);
      paragraph(in, Type::kCaption, colour::kInk, line.now);
      in.gap(4);
      continue;
    }
    columns(line.beyond_chance ? Type::kBodyStrong : Type::kBody, line.beyond_chance ? colour::kAct : colour::kInk, line.before, line.now,
            (line.beyond_chance ? "! " : "") + line.change);
    in.y += std::max(line_height(Type::kBody), draw_paragraph(in.list, Type::kCaption, ImVec2(in.x, in.y + 2), label, colour::kInk, line.label));
    in.gap(4);
  }
  paragraph(in, Type::kCaption, colour::kInkFaint, "! = more than one person usually differs from day to day. That both are one person is your word.");
  in.gap(10);
  const float width = std::min(in.width, button_width("End the comparison", false));
  if (button(in, "end_compare", ImVec2(in.x, in.y), width, "End the comparison", std::nullopt, ButtonLook::kSecondary)) send(state, "end_compare");
  in.gap(space::kControl);
}

void draw_whole_answer(const Ui& ui, Flow& flow, AppState& state) {
  const float before = flow.y;
  flow.gap(ui.frame.gap);
  const float start = flow.y;
  draw_phenotype_card(ui, flow, *state.view);
  if (flow.y == start) flow.y = before;
  const float fused = flow.y;
  flow.gap(ui.frame.gap);
  const float fusion = flow.y;
  draw_fusion_card(ui, flow, state);
  if (flow.y == fusion) flow.y = fused;
  const float scored = flow.y;
  flow.gap(ui.frame.gap);
  const float scores = flow.y;
  draw_scores_card(ui, flow, *state.view);
  if (flow.y == scores) flow.y = scored;
  flow.gap(ui.frame.gap);
  draw_comparison_card(ui, flow, state);
}

void draw_language_card(const Ui& ui, Flow& flow, AppState& state) {
  struct Language {
    const char* code;
    const char* name;  // in itself: whoever reads it finds it
  };
  static constexpr std::array<Language, 5> kLanguages = {
      {{"en", "English"}, {"fr", "Français"}, {"es", "Español"}, {"pt", "Português"}, {"sw", "Kiswahili"}}};
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Language");
  Row row(in, space::kControl + 8);
  for (const Language& language : kLanguages) {
    const float width = button_width(language.name, false);
    const bool on = current_translator().language() == language.code;
    if (button(in, language.code, row.place(width), width, language.name, std::nullopt, on ? ButtonLook::kPrimary : ButtonLook::kSecondary))
      send_text(state, "set_language", "language", language.code);
  }
  row.end();
}

}  // namespace precordia::dashboard
