#include "dashboard/network_panel.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

constexpr size_t kShownFirst = 6;  // of a group, unless it is opened

std::string group_title(const std::string& group) {
  if (group == "superclass") return "Main findings";
  if (group == "subclass") return "Diagnostic statements";
  if (group == "form") return "Wave forms";
  if (group == "rhythm") return "Rhythm";
  return group.empty() ? "Findings" : group;
}

void draw_output(Flow& flow, const NetworkOutputView& output) {
  ImDrawList* list = flow.list;
  // One colour, strong or faint: "normal ECG, likely" must not look like an alarm. What a finding means is
  // the answer's business.
  const bool flagged = output.flag != NetworkFlag::kNone, sure = output.flag == NetworkFlag::kConfirming;
  const ImU32 ink = flagged ? colour::kAccent : colour::kLineStrong;
  // "likely" is said of what the network holds for more probable than not, whatever the threshold.
  const bool likely = sure && output.probability >= 0.5;
  const char* words = likely ? "likely" : sure ? "above threshold" : flagged ? "possible" : "";
  const float number = 52;
  float chip_part = 0;
  flow.gap(6);
  if (*words != 0) {
    chip_part = chip_width(words, false) + 8;
    chip(list, ImVec2(flow.x + flow.width - number - chip_part + 4, flow.y - 3), words,
         likely ? colour::kOnAccent : colour::kAccentDeep, likely ? colour::kAccent : colour::kAccentTint);
  }
  const float words_height =
      draw_paragraph(list, *words != 0 ? Type::kBodyStrong : Type::kBody, ImVec2(flow.x, flow.y),
                     flow.width - number - chip_part - 4, colour::kInk, output.title);
  char percent[16];
  if (output.probability < 0.005)
    std::snprintf(percent, sizeof percent, "< 1 %%");
  else
    std::snprintf(percent, sizeof percent, "%.0f %%", output.probability * 100);
  draw_text_right(list, Type::kBodyStrong, ImVec2(flow.x + flow.width, flow.y), colour::kInk, percent);
  flow.y += words_height + 6;
  const float height = 8;
  list->AddRectFilled(ImVec2(flow.x, flow.y), ImVec2(flow.x + flow.width, flow.y + height),
                      colour::kUnknownTint, 4);
  const float length = flow.width * static_cast<float>(output.probability);
  if (length > 1) {
    list->AddRectFilled(ImVec2(flow.x, flow.y), ImVec2(flow.x + std::max(length, height), flow.y + height),
                        ink, 4);
  }
  for (const auto& [threshold, tall] :
       {std::pair(output.screening, 3.0f), std::pair(output.confirming, 5.0f)}) {
    if (!threshold) continue;
    const float x = std::floor(flow.x + flow.width * static_cast<float>(*threshold));
    list->AddRectFilled(ImVec2(x - 1, flow.y - tall), ImVec2(x + 2.5f, flow.y + height + tall),
                        colour::kCard);
    list->AddRectFilled(ImVec2(x, flow.y - tall), ImVec2(x + 1.5f, flow.y + height + tall), colour::kInk);
  }
  flow.y += height + 10;
}

}  // namespace

void draw_network_card(const Ui& ui, Flow& flow, AppState& state) {
  const NetworkView& network = state.view->network;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "What the network saw");
  if (!network.not_run_because.empty()) {
    note_line(in, Icon::kInfo, colour::kUnknown, Type::kBody, network.not_run_because);
    return;
  }
  if (network.outputs.empty()) {
    paragraph(in, Type::kBody, colour::kInkSoft, "The network has not looked at this recording.");
    return;
  }
  std::string caption = network.title;
  if (!network.precision.empty()) caption += " · " + network.precision;
  paragraph(in, Type::kCaption, colour::kInkSoft, caption);
  if (state.view->answer.cannot_tell()) {
    in.gap(10);
    note_line(in, Icon::kInfo, colour::kUnknown, Type::kBody,
              "Not valid for an answer: see the reason on the answer card.");
  }

  for (const std::string* sentence : {&network.distrusted_because, &network.partial_input}) {
    if (sentence->empty()) continue;
    in.gap(10);
    note_line(in, Icon::kInfo, colour::kUnknown, Type::kBody, *sentence);
  }

  std::string group;
  size_t in_group = 0, hidden = 0;
  bool begun = false;
  const auto end_group = [&] {
    if (!begun) return;
    const bool open = state.open_groups.count(group) != 0;
    if (hidden > 0 || open) {
      const std::string label = open ? "Show fewer" : "Show " + std::to_string(hidden) + " more";
      in.gap(4);
      ImGui::PushID(group.c_str());
      if (button(in, "more", ImVec2(in.x, in.y), button_width(label, false), label, std::nullopt,
                 ButtonLook::kSecondary)) {
        if (open)
          state.open_groups.erase(group);
        else
          state.open_groups.insert(group);
      }
      ImGui::PopID();
      in.gap(space::kControl);
    }
  };
  for (const NetworkOutputView& output : network.outputs) {
    if (!begun || output.group != group) {
      end_group();
      group = output.group;
      in_group = hidden = 0;
      begun = true;
      in.gap(14);
      paragraph(in, Type::kCaptionStrong, colour::kInkSoft, group_title(group));
      in.gap(2);
    }
    if (in_group++ < kShownFirst || state.open_groups.count(group) != 0)
      draw_output(in, output);
    else
      ++hidden;
  }
  end_group();
  if (!network.person.empty()) {
    in.gap(14);
    paragraph(in, Type::kCaptionStrong, colour::kInkSoft, "Age and sex as the ECG looks");
    in.gap(2);
    paragraph(in, Type::kBody, colour::kInk, network.person);
  }
  in.gap(12);
  paragraph(in, Type::kCaption, colour::kInkFaint,
            "Ticks on a bar: short, the screening threshold; tall, the confirming threshold. The network "
            "learnt what ECG readers "
            "wrote, not what echocardiograms showed.");
}

}  // namespace precordia::dashboard
