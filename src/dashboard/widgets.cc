#include "dashboard/widgets.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace precordia::dashboard {
namespace {

constexpr float kIconSize = 20;
constexpr float kButtonPadding = 16;
constexpr float kIconGap = 8;

void focus_ring(ImRect rect, float radius) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  rect.Expand(2);
  list->AddRect(rect.Min, rect.Max, colour::kCard, radius + 2, 0, 2);
  rect.Expand(2);
  list->AddRect(rect.Min, rect.Max, colour::kAccentDeep, radius + 4, 0, 2.5f);
}

ImVec2 middle(const ImRect& rect) { return rect.GetCenter(); }

}  // namespace

Press press_area(const char* name, ImRect rect, float ring_radius) {
  Press press;
  ImRect target = rect;
  const float missing = space::kTouch - rect.GetHeight();
  if (missing > 0) target.Expand(ImVec2(0, missing / 2));
  const ImGuiID id = ImGui::GetID(name);
  if (!ImGui::ItemAdd(target, id)) return press;
  press.used = ImGui::ButtonBehavior(target, id, &press.hovered, &press.held);
  if (press.hovered) ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
  const ImGuiContext& context = *ImGui::GetCurrentContext();
  if (context.NavId == id && !context.NavDisableHighlight) focus_ring(rect, ring_radius);
  return press;
}

float button_width(std::string_view label, bool with_icon) {
  const float text = label.empty() ? 0 : text_width(Type::kBodyStrong, label);
  return std::ceil(2 * kButtonPadding + text + (with_icon ? kIconSize + (label.empty() ? 0 : kIconGap) : 0));
}

bool button(Flow& flow, const char* name, ImVec2 at, float width, std::string_view label,
            std::optional<Icon> icon, ButtonLook look) {
  const ImRect rect(at, at + ImVec2(width, space::kControl));
  const Press press = press_area(name, rect, space::kControlRadius);
  ImU32 fill = 0, edge = 0, ink = colour::kAccentDeep;
  switch (look) {
    case ButtonLook::kPrimary:
      fill = press.held || press.hovered ? colour::kAccentDeep : colour::kAccent;
      ink = colour::kOnAccent;
      break;
    case ButtonLook::kSecondary:
      fill = press.held ? colour::kAccentTintDeep : press.hovered ? colour::kAccentTint : colour::kCard;
      edge = colour::kLineStrong;
      break;
    case ButtonLook::kQuiet:
      fill = press.held ? colour::kAccentTintDeep : press.hovered ? colour::kAccentTint : 0;
      break;
  }
  ImDrawList* list = flow.list;
  if (fill != 0) list->AddRectFilled(rect.Min, rect.Max, fill, space::kControlRadius);
  if (edge != 0) list->AddRect(rect.Min, rect.Max, edge, space::kControlRadius);
  const float content = width - 2 * kButtonPadding;
  const float icon_part = icon ? kIconSize + (label.empty() ? 0 : kIconGap) : 0;
  const float text = std::min(text_width(Type::kBodyStrong, label), std::max(0.0f, content - icon_part + 16));
  float x = std::floor((rect.Min.x + rect.Max.x - text - icon_part) / 2);
  if (icon) {
    draw_icon(list, *icon, ImVec2(x + kIconSize / 2, middle(rect).y), kIconSize, ink);
    x += icon_part;
  }
  draw_text_fitted(list, Type::kBodyStrong,
                   ImVec2(x, std::floor(middle(rect).y - line_height(Type::kBodyStrong) / 2)), text + 1, ink,
                   label);
  return press.used;
}

bool icon_button(Flow& flow, const char* name, ImVec2 at, Icon icon, std::string_view tip) {
  const ImRect rect(at, at + ImVec2(space::kTouch, space::kTouch));
  const Press press = press_area(name, rect, space::kControlRadius);
  if (press.hovered || press.held) {
    flow.list->AddRectFilled(rect.Min, rect.Max, press.held ? colour::kAccentTintDeep : colour::kAccentTint,
                             space::kControlRadius);
  }
  draw_icon(flow.list, icon, middle(rect), kIconSize + 2, colour::kAccentDeep);
  if (press.hovered && !press.held) tooltip(tip);
  return press.used;
}

float segmented_width(std::span<const char* const> labels) {
  float widest = 0;
  for (const char* label : labels) widest = std::max(widest, text_width(Type::kCaptionStrong, label));
  return std::ceil((std::max(widest, 22.0f) + 18) * static_cast<float>(labels.size()));
}

bool segmented(Flow& flow, const char* name, ImVec2 at, float width, std::span<const char* const> labels,
               int* chosen) {
  ImDrawList* list = flow.list;
  const ImRect all(at, at + ImVec2(width, space::kControl));
  list->AddRectFilled(all.Min, all.Max, colour::kSunken, space::kControlRadius);
  list->AddRect(all.Min, all.Max, colour::kLineStrong, space::kControlRadius);
  ImGui::PushID(name);
  bool changed = false;
  const float part = width / static_cast<float>(labels.size());
  for (int i = 0; i < static_cast<int>(labels.size()); ++i) {
    const char* label = labels[static_cast<size_t>(i)];
    const ImRect rect(std::floor(at.x + part * static_cast<float>(i)), at.y,
                      std::floor(at.x + part * static_cast<float>(i + 1)), at.y + space::kControl);
    ImGui::PushID(i);
    const Press press = press_area(label, rect, space::kControlRadius);
    ImGui::PopID();
    const bool on = i == *chosen;
    ImRect inside = rect;
    inside.Expand(-3);
    if (on) {
      list->AddRectFilled(inside.Min, inside.Max, colour::kAccent, space::kControlRadius - 3);
    } else if (press.hovered) {
      list->AddRectFilled(inside.Min, inside.Max, colour::kAccentTint, space::kControlRadius - 3);
    }
    draw_text_centred(list, Type::kCaptionStrong, rect.Min, rect.Max,
                      on ? colour::kOnAccent : colour::kInkSoft, label);
    if (press.used && !on) {
      *chosen = i;
      changed = true;
    }
  }
  ImGui::PopID();
  return changed;
}

float toggle_width(std::string_view label, bool with_icon) {
  return std::ceil(text_width(Type::kCaptionStrong, label) + 24 + (with_icon ? 24 : 0));
}

bool toggle(Flow& flow, const char* name, ImVec2 at, std::string_view label, std::optional<Icon> icon,
            bool* on) {
  const ImRect rect(at, at + ImVec2(toggle_width(label, icon.has_value()), space::kControl));
  const Press press = press_area(name, rect, space::kControlRadius);
  ImDrawList* list = flow.list;
  list->AddRectFilled(rect.Min, rect.Max,
                      *on             ? colour::kAccentTint
                      : press.hovered ? colour::kSunken
                                      : colour::kCard,
                      space::kControlRadius);
  list->AddRect(rect.Min, rect.Max, *on ? colour::kAccent : colour::kLineStrong, space::kControlRadius, 0,
                *on ? 1.75f : 1);
  float x = rect.Min.x + 12;
  const ImU32 ink = *on ? colour::kAccentDeep : colour::kInkSoft;
  if (icon) {
    draw_icon(list, *on ? Icon::kCheck : *icon, ImVec2(x + 8, middle(rect).y), 18, ink);
    x += 24;
  }
  draw_text(list, Type::kCaptionStrong, ImVec2(x, std::floor(middle(rect).y - 9)), ink, label);
  if (press.used) *on = !*on;
  return press.used;
}

bool text_link(Flow& flow, const char* name, ImVec2 at, std::string_view label) {
  const float width = text_width(Type::kCaptionStrong, label);
  const ImRect rect(at, at + ImVec2(width, 18));
  const Press press = press_area(name, rect, 4);
  draw_text(flow.list, Type::kCaptionStrong, at, colour::kAccent, label);
  flow.list->AddLine(ImVec2(at.x, at.y + 17), ImVec2(at.x + width, at.y + 17),
                     colour::with_alpha(colour::kAccent, press.hovered ? 255 : 110));
  return press.used;
}

float chip_width(std::string_view label, bool with_icon) {
  return std::ceil(text_width(Type::kCaptionStrong, label) + 16 + (with_icon ? 18 : 0));
}

float chip(ImDrawList* list, ImVec2 at, std::string_view label, ImU32 ink, ImU32 tint,
           std::optional<Icon> icon) {
  const float width = chip_width(label, icon.has_value());
  list->AddRectFilled(at, at + ImVec2(width, kChipHeight), tint, kChipHeight / 2);
  float x = at.x + 8;
  if (icon) {
    draw_icon(list, *icon, ImVec2(x + 6, at.y + kChipHeight / 2), 14, ink);
    x += 18;
  }
  draw_text(list, Type::kCaptionStrong, ImVec2(x, at.y + 3), ink, label);
  return width;
}

void card_title(Flow& flow, std::string_view title) {
  flow.y +=
      draw_paragraph(flow.list, Type::kTitle, ImVec2(flow.x, flow.y), flow.width, colour::kInk, title) + 8;
}

void paragraph(Flow& flow, Type type, ImU32 ink, std::string_view text) {
  if (text.empty()) return;
  flow.y += draw_paragraph(flow.list, type, ImVec2(flow.x, flow.y), flow.width, ink, text);
}

void separator(Flow& flow) {
  flow.list->AddLine(ImVec2(flow.x, flow.y), ImVec2(flow.x + flow.width, flow.y), colour::kLine);
}

void note_line(Flow& flow, Icon icon, ImU32 ink, Type type, std::string_view text) {
  if (text.empty()) return;
  draw_icon(flow.list, icon, ImVec2(flow.x + 9, flow.y + line_height(type) / 2), 18, ink);
  flow.y += draw_paragraph(flow.list, type, ImVec2(flow.x + 26, flow.y), flow.width - 26, ink, text);
}

ImVec2 Row::place(float width) {
  if (any_ && x_ + width > flow_.x + flow_.width + 0.5f) {
    flow_.y += height_ + gap_;
    x_ = flow_.x;
  }
  const ImVec2 at(x_, flow_.y);
  x_ += width + gap_;
  any_ = true;
  return at;
}

void tooltip(std::string_view text) {
  if (text.empty()) return;
  const ImVec2 screen = ImGui::GetIO().DisplaySize;
  const float width = std::min(280.0f, paragraph_width(Type::kCaption, text, 280));
  const float height = paragraph_height(Type::kCaption, text, width + 1);
  ImVec2 at = ImGui::GetIO().MousePos + ImVec2(12, 20);
  at.x = std::min(at.x, screen.x - width - 24);
  if (at.y + height + 16 > screen.y) at.y = ImGui::GetIO().MousePos.y - height - 24;
  ImDrawList* list = ImGui::GetForegroundDrawList();
  list->AddRectFilled(at, at + ImVec2(width + 20, height + 12), colour::kInk, 6);
  draw_paragraph(list, Type::kCaption, at + ImVec2(10, 6), width + 1, colour::kOnAccent, text);
}

}  // namespace precordia::dashboard
