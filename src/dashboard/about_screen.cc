#include "dashboard/about_screen.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "dashboard/start_screen.h"
#include "dashboard/phenotype_card.h"
#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

void draw_pair(Flow& flow, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  const float left = std::min(148.0f, flow.width * 0.4f);
  const float a =
      draw_paragraph(flow.list, Type::kBody, ImVec2(flow.x, flow.y), left - 12, colour::kInkSoft, name);
  const float b = draw_paragraph(flow.list, Type::kBody, ImVec2(flow.x + left, flow.y), flow.width - left,
                                 colour::kInk, value);
  flow.y += std::max(a, b) + 6;
}

void draw_backend_card(const Ui& ui, Flow& flow, AppState& state) {
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Where the network runs");
  note_line(in, Icon::kChip, colour::kAccent, Type::kBodyStrong, provider_text(state.status));
  in.gap(4);
  paragraph(in, Type::kBody, colour::kInkSoft, state.status.provider_note);
  in.gap(12);
  static constexpr const char* kProviders[] = {"Automatic", "WebAssembly", "WebGPU"};
  const float width = std::min(segmented_width(kProviders), in.width);
  if (segmented(in, "provider", ImVec2(in.x, in.y), width, kProviders, &state.provider_choice)) {
    send_text(state, "set_provider", "provider", kProviderIds[static_cast<size_t>(state.provider_choice)]);
  }
  in.gap(space::kControl);
}

void draw_timings_card(const Ui& ui, Flow& flow, const HostStatus& status) {
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Time per stage");
  if (status.timings.empty()) {
    paragraph(in, Type::kBody, colour::kInkSoft, "Shown after the first examination.");
    return;
  }
  double total = 0, longest = 0.001;
  for (const TimingView& timing : status.timings) {
    total += timing.ms;
    longest = std::max(longest, timing.ms);
  }
  const float number = 88, bar_left = std::min(176.0f, in.width * 0.45f);
  const auto row = [&](std::string_view label, double ms, Type type) {
    char text[24];
    std::snprintf(text, sizeof text, "%.1f ms", ms);
    const float height =
        draw_paragraph(in.list, type, ImVec2(in.x, in.y), bar_left - 12, colour::kInk, label);
    draw_text_right(in.list, type, ImVec2(in.x + in.width, in.y), colour::kInk, text);
    return height;
  };
  for (const TimingView& timing : status.timings) {
    const float height = row(timing.label.empty() ? timing.stage : timing.label, timing.ms, Type::kBody);
    const float room = in.width - bar_left - number;
    if (room > 24) {
      const float length = std::max(2.0f, room * static_cast<float>(timing.ms / longest));
      in.list->AddRectFilled(ImVec2(in.x + bar_left, in.y + 7), ImVec2(in.x + bar_left + length, in.y + 15),
                             colour::kAccent, 4);
    }
    in.gap(height + 4);
  }
  separator(in);
  in.gap(6);
  row("Together", total, Type::kBodyStrong);
  in.gap(22);
}

void draw_models_card(const Ui& ui, Flow& flow, AppState& state) {
  const std::vector<ModelView>& models =
      state.status.models.empty() && state.view ? state.view->models : state.status.models;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Models");
  if (models.empty()) paragraph(in, Type::kBody, colour::kInkSoft, "No model is loaded.");
  int index = 0;
  for (const ModelView& model : models) {
    if (index > 0) {
      in.gap(8);
      separator(in);
      in.gap(12);
    }
    paragraph(in, Type::kBodyStrong, colour::kInk, model.title.empty() ? model.id : model.title);
    in.gap(4);
    std::string version = model.version;
    if (!model.precision.empty()) version += (version.empty() ? "" : " · ") + model.precision;
    draw_pair(in, "Version", version);
    draw_pair(in, "Trained on", model.training);
    draw_pair(in, "Licence", model.licence);
    if (!model.card.empty()) {
      ImGui::PushID(index);
      const float width = button_width("Read the model card", true);
      if (button(in, "card", ImVec2(in.x, in.y + 2), width, "Read the model card", Icon::kInfo,
                 ButtonLook::kSecondary)) {
        send_text(state, "open_card", "path", model.card);
      }
      ImGui::PopID();
      in.gap(space::kControl + 4);
    }
    ++index;
  }
}

void draw_licences_card(const Ui& ui, Flow& flow, const AppState& state) {
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Versions and licences");
  const std::string& version =
      state.status.app_version.empty() && state.view ? state.view->version : state.status.app_version;
  draw_pair(in, "Precordia", version.empty() ? std::string("Apache-2.0") : version + " · Apache-2.0");
  for (const LicenceView& entry : state.status.licences) {
    std::string value = entry.version;
    if (!entry.licence.empty()) value += (value.empty() ? "" : " · ") + entry.licence;
    draw_pair(in, entry.name, value);
  }
}

void draw_use_card(const Ui& ui, Flow& flow) {
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Intended use");
  paragraph(in, Type::kBody, colour::kInk, kIntendedUse);
  in.gap(8);
  note_line(in, Icon::kInfo, colour::kWatch, Type::kBodyStrong,
            "Decision support for research, not a medical device.");
  in.gap(6);
  note_line(in, Icon::kShield, colour::kCalm, Type::kBody,
            "Nothing leaves this device, and nothing is kept unless you export it.");
}

void draw_keys_card(const Ui& ui, Flow& flow) {
  struct Key {
    const char* key;
    const char* what;
  };
  static constexpr Key kKeys[] = {{"O", "Open an ECG"},      {"D", "Simulated patient (start screen only)"},
                                  {"P", "Printable report"}, {"S", "Where the network looked, on or off"},
                                  {"1  2", "25 or 50 mm/s"}, {"+  −", "Gain up or down"},
                                  {"T", "Trace over the page, on or off"}, {"Z  Y", "Undo, redo a correction"},
                                  {"K", "Play or pause the clip"}, {",  .", "One frame back or on"},
                                  {"[  ]", "Beat before or after"}, {"C U M", "Contours, uncertainty, wall motion"},
                                  {"E", "Correct the contour"},
                                  {"Tab", "Next control"},   {"Enter", "Use it"},
                                  {"Esc", "Close, go back"}};
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Keyboard");
  for (const Key& key : kKeys) {
    const float width = std::max(30.0f, text_width(Type::kCaptionStrong, key.key) + 16);
    in.list->AddRectFilled(ImVec2(in.x, in.y), ImVec2(in.x + width, in.y + 24), colour::kSunken, 5);
    in.list->AddRect(ImVec2(in.x, in.y), ImVec2(in.x + width, in.y + 24), colour::kLineStrong, 5);
    draw_text_centred(in.list, Type::kCaptionStrong, ImVec2(in.x, in.y), ImVec2(in.x + width, in.y + 24),
                      colour::kInk, key.key);
    in.gap(std::max(24.0f, draw_paragraph(in.list, Type::kBody, ImVec2(in.x + 76, in.y + 1), in.width - 76, colour::kInk, key.what)) + 8);
  }
}

}  // namespace

void draw_about_screen(Ui& ui, AppState& state, ImRect rect) {
  const float margin = ui.frame.margin, gap = ui.frame.gap;
  Flow flow = begin_scroll(ui, "about", rect, margin);
  constexpr float kWidest = 1120;
  if (flow.width > kWidest) {
    flow.x += std::floor((flow.width - kWidest) / 2);
    flow.width = kWidest;
  }
  paragraph(flow, Type::kHeading, colour::kInk, "About Precordia");
  flow.gap(12);
  const bool one_column = ui.compact();
  const float half = one_column ? flow.width : std::floor((flow.width - gap) / 2);
  Flow left{flow.list, flow.x, flow.y, half};
  draw_backend_card(ui, left, state);
  left.gap(gap);
  draw_timings_card(ui, left, state.status);
  left.gap(gap);
  draw_keys_card(ui, left);
  left.gap(gap);
  draw_language_card(ui, left, state);
  Flow right{flow.list, one_column ? flow.x : flow.x + half + gap, one_column ? left.y + gap : flow.y,
             one_column ? half : flow.width - half - gap};
  draw_models_card(ui, right, state);
  right.gap(gap);
  draw_licences_card(ui, right, state);
  right.gap(gap);
  draw_use_card(ui, right);
  flow.y = std::max(left.y, right.y);
  end_scroll(ui, flow, margin);
}

}  // namespace precordia::dashboard
