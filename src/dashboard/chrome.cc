#include "dashboard/chrome.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

constexpr float kExaminedLine = 27;

constexpr const char* kDisclaimer = "Decision support for research, not a medical device.";

Flow strip(ImRect rect) { return {ImGui::GetWindowDrawList(), rect.Min.x, rect.Min.y, rect.GetWidth()}; }

struct HeaderAction {
  const char* name;
  const char* label;  // in words where there is room
  const char* short_label;
  Icon icon;
  ButtonLook look;
};

constexpr HeaderAction kResultActions[] = {
    {"edit_profile", "Patient details", "Patient", Icon::kPatient, ButtonLook::kSecondary},
    {"export_json", "JSON", "JSON", Icon::kExport, ButtonLook::kSecondary},
    {"print", "Report", "Report", Icon::kPrint, ButtonLook::kSecondary},
    {"close", "New examination", "New", Icon::kNew, ButtonLook::kPrimary},
};

void draw_examined(Flow& bar, const ViewModel& view, float x, float right) {
  if (right - x < 80) return;
  std::string facts = view.input.patient;
  if (!view.input.summary.empty()) facts += (facts.empty() ? "" : " · ") + view.input.summary;
  // Where both do not fit, whose ECG it is comes before how it was recorded; the latter stands in the quality card too.
  if (text_width(Type::kCaption, facts) > right - x - 16 && !view.input.patient.empty()) facts = view.input.patient;
  const float y = bar.y + (space::kHeader - 40) / 2;
  bar.list->AddLine(ImVec2(x, bar.y + 14), ImVec2(x, bar.y + space::kHeader - 14), colour::kLine);
  draw_text_fitted(bar.list, Type::kBodyStrong, ImVec2(x + 16, y), right - x - 16, colour::kInk,
                   view.input.name);
  draw_text_fitted(bar.list, Type::kCaption, ImVec2(x + 16, y + 22), right - x - 16, colour::kInkSoft, facts);
}

// On a phone there is no room in the header: whose examination this is stands on a line of its own under it.
void draw_examined_line(const Ui& ui, const ViewModel& view, ImRect* rest) {
  if (view.input.name.empty() && view.input.patient.empty()) return;
  const ImRect rect(rest->Min, ImVec2(rest->Max.x, rest->Min.y + kExaminedLine));
  rest->Min.y = rect.Max.y;
  Flow line = strip(rect);
  line.list->AddRectFilled(rect.Min, rect.Max, colour::kSunken);
  line.list->AddLine(ImVec2(rect.Min.x, rect.Max.y - 0.5f), ImVec2(rect.Max.x, rect.Max.y - 0.5f),
                     colour::kLine);
  const float left = rect.Min.x + ui.frame.margin, right = rect.Max.x - ui.frame.margin, y = rect.Min.y + 4;
  // The patient is told in full where that leaves the name at least half of the line.
  const float patient = std::min(text_width(Type::kCaption, view.input.patient), (right - left) / 2);
  draw_text_fitted(line.list, Type::kCaption, ImVec2(right - patient, y), patient + 1, colour::kInkSoft,
                   view.input.patient);
  draw_text_fitted(line.list, Type::kCaptionStrong, ImVec2(left, y), right - patient - 12 - left,
                   colour::kInk, view.input.name);
}

}  // namespace

void draw_header(const Ui& ui, AppState& state, ImRect* rest) {
  const ImRect rect(rest->Min, ImVec2(rest->Max.x, rest->Min.y + space::kHeader));
  rest->Min.y = rect.Max.y;
  Flow bar = strip(rect);
  ImDrawList* list = bar.list;
  list->AddRectFilled(rect.Min, rect.Max, colour::kCard);
  list->AddLine(ImVec2(rect.Min.x, rect.Max.y - 0.5f), ImVec2(rect.Max.x, rect.Max.y - 0.5f), colour::kLine);

  float left = rect.Min.x + ui.frame.margin;
  float right = rect.Max.x - ui.frame.margin + (ui.compact() ? 10 : 0);
  const float top = rect.Min.y + (space::kHeader - space::kTouch) / 2;
  const float control_top = rect.Min.y + (space::kHeader - space::kControl) / 2;
  if (state.screen == Screen::kAbout) {
    if (icon_button(bar, "back", ImVec2(left - 10, top), Icon::kBack, "Back")) {
      state.screen = home_screen(state);
    }
    left += 40;
  }
  draw_logo(list, ImVec2(left, rect.Min.y + 12), 32);
  left += 44;
  // Between phone and desk, and on the smallest phones, the examination needs the room more than the
  // product's name does.
  const bool examined = state.screen == Screen::kResult && state.view;
  const bool crowded = ui.frame.arrangement == Arrangement::kMedium || rect.GetWidth() < 372;
  if (!examined || !crowded) {
    left += draw_text(list, Type::kTitle, ImVec2(left, rect.Min.y + 15), colour::kInk, "Precordia") + 20;
  }

  if (state.screen != Screen::kAbout) {
    right -= space::kTouch;
    if (icon_button(bar, "about", ImVec2(right, top), Icon::kInfo, "About: models, licences, timings")) {
      state.screen = Screen::kAbout;
    }
    right -= 4;
  }
  if (!examined) return;
  const bool long_labels = rect.GetWidth() >= 1000;
  for (int i = static_cast<int>(std::size(kResultActions)) - 1; i >= 0; --i) {
    const HeaderAction& action = kResultActions[i];
    bool used = false;
    if (ui.compact()) {
      right -= space::kTouch;
      used = icon_button(bar, action.name, ImVec2(right, top), action.icon, action.label);
    } else {
      const char* label = long_labels ? action.label : action.short_label;
      const float width = button_width(label, true);
      right -= width;
      used = button(bar, action.name, ImVec2(right, control_top), width, label, action.icon, action.look);
      right -= 8;
    }
    if (used) send(state, action.name);
  }
  if (ui.compact())
    draw_examined_line(ui, *state.view, rest);
  else
    draw_examined(bar, *state.view, left, right - 8);
}

void draw_simulated_banner(const Ui& ui, ImRect* rest) {
  const char* words = ui.compact() ? "Simulated patient: not a real person"
                                   : "Simulated patient: computed, and belongs to no real person";
  const ImRect rect(rest->Min, ImVec2(rest->Max.x, rest->Min.y + space::kBanner));
  rest->Min.y = rect.Max.y;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(rect.Min, rect.Max, colour::kWatchTint);
  list->PushClipRect(rect.Min, rect.Max, true);
  const float text = text_width(Type::kBodyStrong, words) + 26;
  const float from = (rect.Min.x + rect.Max.x - text) / 2;
  // Hatching left and right of the words: the banner is told by pattern as well as by colour.
  for (float x = rect.Min.x - space::kBanner; x < rect.Max.x; x += 16) {
    if (x + space::kBanner + 12 > from - 16 && x < from + text + 16) continue;
    list->AddQuadFilled(ImVec2(x, rect.Max.y), ImVec2(x + 7, rect.Max.y),
                        ImVec2(x + 7 + space::kBanner, rect.Min.y), ImVec2(x + space::kBanner, rect.Min.y),
                        colour::with_alpha(colour::kWatchFill, 110));
  }
  list->PopClipRect();
  draw_icon(list, Icon::kWarning, ImVec2(from + 9, rect.GetCenter().y), 18, colour::kWatch);
  draw_text(list, Type::kBodyStrong, ImVec2(from + 26, rect.Min.y + 5), colour::kWatch, words);
  list->AddLine(ImVec2(rect.Min.x, rect.Max.y - 0.5f), ImVec2(rect.Max.x, rect.Max.y - 0.5f),
                colour::with_alpha(colour::kWatchFill, 160));
}

void draw_error_banner(const Ui& ui, AppState& state, ImRect* rest) {
  if (state.error.empty()) return;
  const float margin = ui.frame.margin;
  std::string sentence = state.error;
  if (state.screen == Screen::kResult && state.view && !state.view->input.name.empty())
    sentence += " Still showing " + state.view->input.name + ".";
  const float words = rest->GetWidth() - 2 * margin - 32 - space::kTouch;
  const float height = std::max(space::kTouch + 8, paragraph_height(Type::kBody, sentence, words) + 24);
  const ImRect rect(rest->Min, ImVec2(rest->Max.x, rest->Min.y + height));
  rest->Min.y = rect.Max.y;
  Flow bar = strip(rect);
  bar.list->AddRectFilled(rect.Min, rect.Max, colour::kActTint);
  bar.list->AddRectFilled(rect.Min, ImVec2(rect.Min.x + 6, rect.Max.y), colour::kAct);
  const float y = rect.Min.y + (height - paragraph_height(Type::kBody, sentence, words)) / 2;
  draw_icon(bar.list, Icon::kWarning, ImVec2(rect.Min.x + margin + 9, y + 11), 20, colour::kAct);
  draw_paragraph(bar.list, Type::kBody, ImVec2(rect.Min.x + margin + 32, y), words, colour::kAct,
                 sentence);
  if (icon_button(bar, "dismiss",
                  ImVec2(rect.Max.x - margin - space::kTouch + 8, rect.Min.y + (height - space::kTouch) / 2),
                  Icon::kClose, "Close this message")) {
    state.error.clear();
    send(state, "dismiss_error");
  }
}

void draw_tab_bar(AppState& state, ImRect* rest) {
  static constexpr std::array<const char*, 4> kTabs = {"Answer", "ECG", "Measures", "Network"};
  const ImRect rect(rest->Min, ImVec2(rest->Max.x, rest->Min.y + space::kTabBar));
  rest->Min.y = rect.Max.y;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(rect.Min, rect.Max, colour::kCard);
  list->AddLine(ImVec2(rect.Min.x, rect.Max.y - 0.5f), ImVec2(rect.Max.x, rect.Max.y - 0.5f), colour::kLine);
  const float part = rect.GetWidth() / kTabs.size();
  for (size_t i = 0; i < kTabs.size(); ++i) {
    const ImRect tab(rect.Min.x + part * static_cast<float>(i), rect.Min.y,
                     rect.Min.x + part * static_cast<float>(i + 1), rect.Max.y);
    ImRect target = tab;
    target.Expand(-4);
    const Press press = press_area(kTabs[i], target, 6);
    const bool on = static_cast<size_t>(state.tab) == i;
    draw_text_centred(list, on ? Type::kBodyStrong : Type::kBody, tab.Min, tab.Max,
                      on ? colour::kAccentDeep : colour::kInkSoft, kTabs[i]);
    if (on) {
      list->AddRectFilled(ImVec2(tab.Min.x + 10, tab.Max.y - 3), ImVec2(tab.Max.x - 10, tab.Max.y),
                          colour::kAccent, 2, ImDrawFlags_RoundCornersTop);
    }
    if (press.used) state.tab = static_cast<Tab>(i);
  }
}

void draw_footer(const Ui& ui, const AppState& state, ImRect* rest) {
  const std::string words =
      state.view && !state.view->disclaimer.empty() ? state.view->disclaimer : kDisclaimer;
  const float width = rest->GetWidth() - 2 * ui.frame.margin;
  const float lines = paragraph_height(Type::kCaption, words, width);
  const ImRect rect(ImVec2(rest->Min.x, rest->Max.y - lines - 14), rest->Max);
  rest->Max.y = rect.Min.y;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(rect.Min, rect.Max, colour::kCard);
  list->AddLine(rect.Min, ImVec2(rect.Max.x, rect.Min.y), colour::kLine);
  draw_paragraph(list, Type::kCaption, ImVec2(rect.Min.x + ui.frame.margin, rect.Min.y + 7), width,
                 colour::kInkSoft, words);
  if (!ui.compact()) {
    draw_text_right(list, Type::kCaption, ImVec2(rect.Max.x - ui.frame.margin, rect.Min.y + 7),
                    colour::kInkSoft, "Nothing leaves this device");
  }
}

void draw_progress(Ui& ui, AppState& state) {
  if (!state.progress) return;
  const Progress& progress = *state.progress;
  ImGui::SetNextWindowPos(ImVec2(0, 0));
  ImGui::SetNextWindowSize(ImVec2(ui.width, ui.height));
  ImGui::Begin("progress", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoBackground | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::SetWindowFocus();
  ImDrawList* list = ImGui::GetWindowDrawList();
  sharpen(ui, list);
  list->AddRectFilled(ImVec2(0, 0), ImVec2(ui.width, ui.height), colour::with_alpha(colour::kInk, 90));
  const float width = std::min(400.0f, ui.width - 2 * ui.frame.margin);
  const float height = progress.cancellable ? 172.0f : 116.0f;
  Flow flow{list, std::floor((ui.width - width) / 2), std::floor((ui.height - height) / 2), width};
  {
    Card card(ui, flow);
    Flow& in = card.inner;
    paragraph(in, Type::kTitle, colour::kInk, progress.stage.empty() ? "Working" : progress.stage);
    in.gap(14);
    const ImVec2 min(in.x, in.y), max(in.x + in.width, in.y + 10);
    list->AddRectFilled(min, max, colour::kUnknownTint, 5);
    if (progress.fraction) {
      const float length = std::max(10.0f, in.width * static_cast<float>(*progress.fraction));
      list->AddRectFilled(min, ImVec2(min.x + length, max.y), colour::kAccent, 5);
    } else if (ui.reduced_motion) {
      list->AddRectFilled(ImVec2(min.x + in.width * 0.3f, min.y), ImVec2(min.x + in.width * 0.7f, max.y),
                          colour::kAccent, 5);
    } else {
      const double phase = std::fmod(ui.now_ms / 1400, 1.0);
      const float part = in.width * 0.32f, x = min.x - part + (in.width + part) * static_cast<float>(phase);
      list->PushClipRect(min, max, true);
      list->AddRectFilled(ImVec2(x, min.y), ImVec2(x + part, max.y), colour::kAccent, 5);
      list->PopClipRect();
      ui.moving = true;
    }
    in.gap(10);
    if (progress.cancellable) {
      in.gap(16);
      const float button_px = button_width("Cancel", false);
      if (button(in, "cancel", ImVec2(in.x + in.width - button_px, in.y), button_px, "Cancel", std::nullopt,
                 ButtonLook::kSecondary)) {
        send(state, "cancel");
      }
      in.gap(space::kControl);
    }
  }
  ImGui::End();
}

}  // namespace precordia::dashboard
