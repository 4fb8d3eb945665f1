// Three arrangements of the same parts: page, verdict, what was found, and the bar with what to do next, which is always in sight.
#include "dashboard/review_screen.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "dashboard/page_drawing.h"
#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

constexpr float kBar = 64;
constexpr float kTools = 52;

constexpr double kSpeeds[] = {25, 50};
constexpr double kGains[] = {5, 10, 20};

struct CheckLook {
  Icon icon;
  ImU32 ink;
};
CheckLook look_of(CheckState state) {
  switch (state) {
    case CheckState::kGood: return {Icon::kCheck, colour::kCalm};
    case CheckState::kWatch: return {Icon::kWarning, colour::kWatch};
    case CheckState::kBad: return {Icon::kWarning, colour::kAct};
    case CheckState::kUnknown: return {Icon::kNeutral, colour::kInkFaint};
  }
  return {Icon::kNeutral, colour::kInkFaint};
}

template <size_t N>
int index_of(const double (&values)[N], std::optional<double> value) {
  for (size_t i = 0; i < N; ++i)
    if (value && std::fabs(*value - values[i]) < 0.01) return static_cast<int>(i);
  return -1;
}

// ---- cards --------------------------------------------------------------------------------------------------------------

void draw_verdict(const Ui& ui, Flow& flow, const PageView& page) {
  const ToneColours tone = tone_colours(page.tone);
  Card card(ui, flow, tone.tint, colour::with_alpha(tone.strong, 90));
  card.stripe = tone.strong;
  Flow& in = card.inner;
  const float top = in.y;
  draw_tone_mark(in.list, page.tone, ImVec2(in.x + 14, top + 15), 28);
  in.x += 40;
  in.width -= 40;
  paragraph(in, Type::kTitle, tone.strong, page.headline);
  in.gap(2);
  paragraph(in, Type::kBody, colour::kInk, page.sentence);
  in.x -= 40;
  in.width += 40;
}

void caption(Flow& in, std::string_view name, std::string_view known) {
  const float width = draw_text(in.list, Type::kBodyStrong, ImVec2(in.x, in.y), colour::kInk, name);
  draw_text_fitted(in.list, Type::kCaption, ImVec2(in.x + width + 8, in.y + 2), in.width - width - 8, colour::kInkSoft, known);
  in.gap(26);
}

void draw_settings(const Ui& ui, Flow& flow, AppState& state) {
  ReviewState& review = state.review;
  const PageView& page = *review.page;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "How the page is read");

  static constexpr const char* kSpeedNames[] = {"25 mm/s", "50 mm/s"};
  static constexpr const char* kGainNames[] = {"5", "10", "20 mm/mV"};
  caption(in, "Speed", page.speed_known);
  int speed = index_of(kSpeeds, page.mm_per_s);
  if (segmented(in, "speed", ImVec2(in.x, in.y), std::min(in.width, 240.0f), kSpeedNames, &speed)) {
    PageCorrections next = review.corrections();
    next.mm_per_s = kSpeeds[speed];
    correct_page(state, std::move(next));
  }
  in.gap(space::kControl + 14);
  caption(in, "Gain", page.gain_known);
  int gain = index_of(kGains, page.mm_per_mv);
  if (segmented(in, "gain", ImVec2(in.x, in.y), std::min(in.width, 280.0f), kGainNames, &gain)) {
    PageCorrections next = review.corrections();
    next.mm_per_mv = kGains[gain];
    correct_page(state, std::move(next));
  }
  in.gap(space::kControl + 14);
  caption(in, "Layout", page.layout_known);
  const std::string layout = page.layout_text + (page.cabrera ? ", Cabrera order" : "");
  const float width = std::min(in.width, button_width(layout, true) + 12);
  if (button(in, "layout", ImVec2(in.x, in.y), width, layout, review.layouts_open ? Icon::kChevronUp : Icon::kChevronDown, ButtonLook::kSecondary))
    review.layouts_open = !review.layouts_open;
  in.gap(space::kControl);
  if (!review.layouts_open) return;
  in.gap(12);
  Row row(in, space::kControl);
  for (const PageChoice& choice : page.layouts) {
    bool on = choice.id == page.layout;
    const bool was = on;
    ImGui::PushID(choice.id.c_str());
    if (toggle(in, "choice", row.place(toggle_width(choice.text, false)), choice.text, std::nullopt, &on) && !was) {
      PageCorrections next = review.corrections();
      next.layout = choice.id;
      correct_page(state, std::move(next));
      review.layouts_open = false;
    }
    ImGui::PopID();
  }
  bool cabrera = page.cabrera;
  if (toggle(in, "cabrera", row.place(toggle_width("Cabrera order", false)), "Cabrera order", std::nullopt, &cabrera)) {
    PageCorrections next = review.corrections();
    next.order = cabrera ? "cabrera" : "standard";
    correct_page(state, std::move(next));
  }
  row.end();
}

void draw_leads(const Ui& ui, Flow& flow, AppState& state) {
  ReviewState& review = state.review;
  const PageView& page = *review.page;
  if (page.traces.empty()) return;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Leads");
  paragraph(in, Type::kCaption, colour::kInkSoft, "Tap one to see it near and to mend it.");
  in.gap(10);
  const int across = std::max(1, static_cast<int>((in.width + 8) / 92));
  const float cell = std::floor((in.width - 8.0f * static_cast<float>(across - 1)) / static_cast<float>(across));
  for (size_t t = 0; t < page.traces.size(); ++t) {
    const PageTraceView& trace = page.traces[t];
    const auto column = static_cast<float>(static_cast<int>(t) % across), line = static_cast<float>(static_cast<int>(t) / across);
    const ImVec2 at(in.x + column * (cell + 8), in.y + line * (space::kTouch + 8));
    const ImRect rect(at, at + ImVec2(cell, space::kTouch));
    ImGui::PushID(static_cast<int>(t));
    const Press press = press_area("lead", rect, space::kControlRadius);
    ImGui::PopID();
    const bool chosen = review.mode == ReviewMode::kLead && review.lead == static_cast<int>(t);
    const CheckLook look = look_of(trace.state);
    in.list->AddRectFilled(rect.Min, rect.Max, chosen ? colour::kAccentTint : press.hovered ? colour::kSunken : colour::kCard, space::kControlRadius);
    in.list->AddRect(rect.Min, rect.Max, chosen ? colour::kAccent : trace.state == CheckState::kGood ? colour::kLineStrong : look.ink,
                     space::kControlRadius, 0, chosen ? 2 : 1);
    draw_icon(in.list, look.icon, ImVec2(rect.Min.x + 17, rect.GetCenter().y), 17, look.ink);
    const std::string name = trace.rhythm ? trace.lead + " strip" : trace.lead;
    draw_text_fitted(in.list, Type::kCaptionStrong, ImVec2(rect.Min.x + 31, rect.GetCenter().y - 9), cell - 36, colour::kInk, name);
    if (press.hovered) tooltip(trace.text);
    if (press.used) {
      choose_lead(review, chosen ? -1 : static_cast<int>(t));
    }
  }
  const auto lines = static_cast<float>((static_cast<int>(page.traces.size()) + across - 1) / across);
  in.gap(lines * (space::kTouch + 8) - 8);
}

void draw_checks(const Ui& ui, Flow& flow, const PageView& page) {
  if (page.checks.empty() && page.notes.empty()) return;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Checks");
  for (const PageCheckView& check : page.checks) {
    const CheckLook look = look_of(check.state);
    draw_icon(in.list, look.icon, ImVec2(in.x + 9, in.y + 11), 18, look.ink);
    const float name = draw_text(in.list, Type::kBody, ImVec2(in.x + 26, in.y), colour::kInk, check.label);
    const bool beside = 26 + name + 12 + text_width(Type::kCaptionStrong, check.text) <= in.width;
    if (!beside) in.gap(20);
    const ImU32 ink = check.state == CheckState::kGood || check.state == CheckState::kUnknown ? colour::kInkSoft : look.ink;
    if (beside)
      draw_text_right(in.list, Type::kCaptionStrong, ImVec2(in.x + in.width, in.y + 2), ink, check.text);
    else
      draw_text_fitted(in.list, Type::kCaptionStrong, ImVec2(in.x + 26, in.y), in.width - 26, ink, check.text);
    in.gap(28);
  }
  for (const std::string& note : page.notes) {
    in.gap(4);
    note_line(in, Icon::kInfo, colour::kInkSoft, Type::kCaption, note);
  }
}

void draw_skip(Flow& flow, AppState& state) {
  bool on = state.review.skip;
  const char* words = "Skip this when all is clear";
  if (toggle(flow, "skip", ImVec2(flow.x, flow.y), words, Icon::kEye, &on)) {
    state.review.skip = on;
    send_flag(state, "skip_review", "on", on);
  }
  flow.gap(space::kControl);
}

// ---- the page with its tools, and the bar -------------------------------------------------------------------------------

void draw_tools(const Ui& ui, AppState& state, ImRect rect) {
  ReviewState& review = state.review;
  const PageView& page = *review.page;
  Flow flow{ImGui::GetWindowDrawList(), rect.Min.x, rect.Min.y, rect.GetWidth()};
  const float y = rect.Min.y + 4;
  float left = rect.Min.x, right = rect.Max.x;
  const auto tool = [&](const char* name, Icon icon, const char* tip, bool possible) {
    right -= space::kTouch;
    ImGui::BeginDisabled(!possible);
    const bool used = icon_button(flow, name, ImVec2(right, y), icon, tip) && possible;
    ImGui::EndDisabled();
    if (!possible) flow.list->AddRectFilled(ImVec2(right, y), ImVec2(right + space::kTouch, y + space::kTouch), colour::with_alpha(colour::kPage, 170));
    return used;
  };
  switch (review.mode) {
    case ReviewMode::kLook: {
      if (tool("redo", Icon::kRedo, "Redo", review.can_redo())) redo_page(state);
      if (tool("undo", Icon::kUndo, "Undo the last correction", review.can_undo())) undo_page(state);
      if (tool("turn", Icon::kTurn, "Turn the picture by a quarter", true)) {
        PageCorrections next = review.corrections();
        next.quarter_turns = (next.quarter_turns.value_or(page.quarter_turns) + 1) % 4;
        next.corners.clear();
        correct_page(state, std::move(next));
      }
      if (tool("corners", Icon::kCorners, "Set the corners of the page", true)) begin_corners(review);
      if (page.readable()) {
        const bool room = right - left > 230;
        const char* words = room ? "Trace over the print" : "Trace";
        toggle(flow, "trace", ImVec2(left, y + 2), words, Icon::kEye, &review.trace_on);
      }
      break;
    }
    case ReviewMode::kLead: {
      const PageTraceView& trace = page.traces[static_cast<size_t>(std::clamp(review.lead, 0, static_cast<int>(page.traces.size()) - 1))];
      right -= button_width("Done", false);
      if (button(flow, "lead done", ImVec2(right, y + 2), button_width("Done", false), "Done", std::nullopt, ButtonLook::kPrimary)) choose_lead(review, -1);
      right -= 4;
      if (tool("redo", Icon::kRedo, "Redo", review.can_redo())) redo_page(state);
      if (tool("undo", Icon::kUndo, "Undo the last correction", review.can_undo())) undo_page(state);
      draw_text_fitted(flow.list, Type::kBodyStrong, ImVec2(left, y + 1), right - left - 8, colour::kInk, "Lead " + trace.lead + ": " + trace.text);
      draw_text_fitted(flow.list, Type::kCaption, ImVec2(left, y + 23), right - left - 8, colour::kInkSoft,
                       ui.compact() ? "Tap where it should run" : "Tap or drag where the line should run; drag a point to move it");
      break;
    }
    case ReviewMode::kCorners: {
      const float use = button_width("Use corners", false), cancel = button_width("Cancel", false);
      right -= use;
      if (button(flow, "corners use", ImVec2(right, y + 2), use, "Use corners", std::nullopt, ButtonLook::kPrimary)) {
        PageCorrections next = review.corrections();
        next.corners = review.draft;
        review.mode = ReviewMode::kLook;
        review.draft.clear();
        correct_page(state, std::move(next));
      }
      right -= cancel + 8;
      if (button(flow, "corners cancel", ImVec2(right, y + 2), cancel, "Cancel", std::nullopt, ButtonLook::kSecondary)) {
        review.mode = ReviewMode::kLook;
        review.draft.clear();
      }
      draw_text_fitted(flow.list, Type::kBodyStrong, ImVec2(left, y + 12), right - left - 12, colour::kInk,
                       ui.compact() ? "Drag corners" : "Drag the four corners onto those of the printed grid");
      break;
    }
  }
}

void draw_bar(const Ui& ui, AppState& state, ImRect rect) {
  const PageView& page = *state.review.page;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(rect.Min, rect.Max, colour::kCard);
  list->AddLine(rect.Min, ImVec2(rect.Max.x, rect.Min.y), colour::kLine);
  Flow flow{list, rect.Min.x, rect.Min.y, rect.GetWidth()};
  const float y = rect.Min.y + (kBar - space::kControl) / 2, margin = ui.frame.margin;
  float right = rect.Max.x - margin;
  const bool wide = rect.GetWidth() >= 620;
  const bool camera = state.status.camera;
  const char* again = camera ? (wide ? "Take another photo" : "New photo") : (wide ? "Open another picture" : "Another");
  if (page.readable()) {
    const char* words = wide ? "The trace is right: screen it" : "Screen it";
    const float width = button_width(words, true);
    right -= width;
    if (button(flow, "accept", ImVec2(right, y), width, words, Icon::kCheck, ButtonLook::kPrimary)) send(state, "accept_page");
    right -= 10;
    const float other = button_width(again, true);
    right -= other;
    if (button(flow, "again", ImVec2(right, y), other, again, camera ? Icon::kCamera : Icon::kOpen, ButtonLook::kSecondary))
      send(state, camera ? "camera" : "open");
  } else {
    const float width = button_width(again, true);
    right -= width;
    if (button(flow, "again", ImVec2(right, y), width, again, camera ? Icon::kCamera : Icon::kOpen, ButtonLook::kPrimary))
      send(state, camera ? "camera" : "open");
    right -= 10;
    const char* corners = wide ? "Set the corners by hand" : "Corners";
    const float other = button_width(corners, true);
    right -= other;
    if (button(flow, "by hand", ImVec2(right, y), other, corners, Icon::kCorners, ButtonLook::kSecondary)) begin_corners(state.review);
  }
  const float left = rect.Min.x + margin - 10;
  if (right - left > space::kTouch + 8) {
    if (wide && right - left > button_width("Cancel", true) + 8) {
      const float width = button_width("Cancel", true);
      if (button(flow, "leave", ImVec2(left + 10, y), width, "Cancel", Icon::kClose, ButtonLook::kQuiet)) send(state, "close");
    } else if (icon_button(flow, "leave", ImVec2(left, y - 2), Icon::kClose, "Cancel")) {
      send(state, "close");
    }
  }
}

void draw_page_with_tools(Ui& ui, AppState& state, ImRect rect) {
  draw_tools(ui, state, ImRect(rect.Min, ImVec2(rect.Max.x, rect.Min.y + kTools)));
  draw_page(ui, state, ImRect(ImVec2(rect.Min.x, rect.Min.y + kTools), rect.Max));
}

void draw_cards(Ui& ui, Flow& flow, AppState& state, bool with_verdict) {
  const float gap = ui.frame.gap;
  const PageView& page = *state.review.page;
  if (with_verdict) {
    draw_verdict(ui, flow, page);
    flow.gap(gap);
  }
  if (!page.readable()) {
    Card card(ui, flow);
    card_title(card.inner, "What helps");
    for (const char* tip : {"Lay the page flat, with all of its grid in the picture.", "More light, from the side; no flash and no shadow of the phone.",
                            "Hold still until the picture is sharp.", "Or scan it at 200 dots per inch or more."}) {
      note_line(card.inner, Icon::kChevronRight, colour::kAccent, Type::kBody, tip);
      card.inner.gap(6);
    }
    return;
  }
  draw_leads(ui, flow, state);
  flow.gap(gap);
  draw_settings(ui, flow, state);
  flow.gap(gap);
  draw_checks(ui, flow, page);
  flow.gap(gap);
  draw_skip(flow, state);
}

}  // namespace

void draw_review_screen(Ui& ui, AppState& state, ImRect rect) {
  if (!state.review.page) return;
  const ImRect bar(ImVec2(rect.Min.x, rect.Max.y - kBar), rect.Max);
  rect.Max.y = bar.Min.y;
  const float margin = ui.frame.margin;
  if (ui.frame.arrangement == Arrangement::kWide) {
    const float side = std::min(ui.frame.side_column, 380.0f);
    const ImRect cards(ImVec2(rect.Max.x - side - 2 * margin + 12, rect.Min.y), rect.Max);
    draw_page_with_tools(ui, state, ImRect(rect.Min + ImVec2(margin, 6), ImVec2(cards.Min.x, rect.Max.y - 12)));
    Flow flow = begin_scroll(ui, "review", cards, margin - 8);
    draw_cards(ui, flow, state, true);
    end_scroll(ui, flow, margin - 8);
  } else {
    // What the page needs by its shape, but never more than leaves room for the verdict and the leads.
    const PageView& page = *state.review.page;
    const double shape = page.readable() ? page.mesh.height_mm() / std::max(1.0, page.mesh.width_mm())
                                         : page.image_height / std::max(1.0, page.image_width);
    const float width = rect.GetWidth() - 2 * margin;
    const float least = rect.GetHeight() * 0.36f, most = rect.GetHeight() * (ui.compact() ? 0.5f : 0.62f);
    const float high = std::clamp(width * static_cast<float>(shape) * 1.04f, std::min(least, most), most);
    Flow top{ImGui::GetWindowDrawList(), rect.Min.x + margin, rect.Min.y + 10, width};
    draw_verdict(ui, top, page);
    const ImRect place(ImVec2(rect.Min.x + margin, top.y + 2), ImVec2(rect.Max.x - margin, top.y + 2 + kTools + high));
    draw_page_with_tools(ui, state, place);
    const ImRect rest(ImVec2(rect.Min.x, place.Max.y + 4), rect.Max);
    Flow flow = begin_scroll(ui, "review", rest, margin);
    draw_cards(ui, flow, state, false);
    end_scroll(ui, flow, margin);
  }
  draw_bar(ui, state, bar);
}

}  // namespace precordia::dashboard
