#include "dashboard/ui.h"

#include <algorithm>
#include <cmath>

namespace precordia::dashboard {

ScrollArea* Ui::scroll_at(float x, float y) {
  for (auto id = last_scroll_order.rbegin(); id != last_scroll_order.rend(); ++id) {
    ScrollArea& area = scrolls[*id];
    if (area.rect.Contains(ImVec2(x, y))) return &area;
  }
  return nullptr;
}

const DragZone* Ui::zone_at(float x, float y) const {
  for (auto zone = last_zones.rbegin(); zone != last_zones.rend(); ++zone) {
    if (zone->rect.Contains(ImVec2(x, y))) return &*zone;
  }
  return nullptr;
}

void sharpen(const Ui& ui, ImDrawList* list) { list->_FringeScale = 1 / std::max(1.0f, ui.dpr); }

Flow begin_scroll(Ui& ui, const char* name, ImRect rect, float margin) {
  const ImGuiID id = ImGui::GetID(name);
  ScrollArea& area = ui.scrolls[id];
  area.rect = rect;
  if (area.fling.moving()) {
    area.wanted -= static_cast<float>(area.fling.step(ui.elapsed_ms));
    ui.moving = true;
  }
  if (area.top >= 0 || area.wanted != 0) {
    const float target = std::clamp((area.top >= 0 ? area.top : area.y) + area.wanted, 0.0f, area.max);
    if (target <= 0 || target >= area.max) area.fling.stop();
    // An invisible scrollbar's precision is a whole pixel; the rest is kept for the next frame.
    ImGui::SetNextWindowScroll(ImVec2(0, std::floor(target)));
    area.wanted = target - std::floor(target);
    area.top = -1;
    if (target <= 0 || target >= area.max) area.wanted = 0;
  }
  ui.scroll_order.push_back(id);
  ImGui::SetCursorScreenPos(rect.Min);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  ImGui::BeginChild(id, rect.GetSize(), ImGuiChildFlags_None,
                    ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse |
                        ImGuiWindowFlags_NoBackground | ImGuiWindowFlags_NavFlattened);
  ImGui::PopStyleVar();
  ImDrawList* list = ImGui::GetWindowDrawList();
  sharpen(ui, list);
  area.y = ImGui::GetScrollY();
  return {list, rect.Min.x + margin, rect.Min.y + margin - area.y, rect.GetWidth() - 2 * margin};
}

void scroll_here(Ui& ui, const Flow& flow, float margin) {
  ScrollArea& area = ui.scrolls[ui.scroll_order.back()];
  area.top = std::max(0.0f, flow.y - area.rect.Min.y + area.y - margin);
  ui.moving = true;
}

void end_scroll(Ui& ui, const Flow& flow, float margin) {
  const ImGuiID id = ui.scroll_order.back();
  ScrollArea& area = ui.scrolls[id];
  const float content = flow.y + margin + area.y - area.rect.Min.y;
  const float view = area.rect.GetHeight();
  const float max = std::max(0.0f, std::ceil(content - view));
  if (max != area.max) ui.moving = true;  // one more frame, now with the right end
  area.max = max;
  ImGui::SetCursorScreenPos(ImVec2(area.rect.Min.x, area.rect.Min.y - area.y + std::max(content, 1.0f) - 1));
  ImGui::Dummy(ImVec2(1, 1));

  // A slim bar, told by position only while there is something to scroll; it can be dragged with a mouse.
  if (max > 0) {
    const float track = view - 8, length = std::max(32.0f, track * view / content);
    const float top = area.rect.Min.y + 4 + (track - length) * area.y / max;
    const float thickness = ui.touch || ui.compact() ? 3.0f : 6.0f;
    const ImRect bar(area.rect.Max.x - 3 - thickness, top, area.rect.Max.x - 3, top + length);
    bool held = false, hovered = false;
    if (!ui.touch) {
      const ImRect grip(bar.Min - ImVec2(4, 0), bar.Max + ImVec2(3, 0));
      const ImGuiID bar_id = ImGui::GetID("bar");
      ImGui::PushItemFlag(ImGuiItemFlags_NoNav, true);
      if (ImGui::ItemAdd(grip, bar_id)) {
        ImGui::ButtonBehavior(grip, bar_id, &hovered, &held, ImGuiButtonFlags_NoNavFocus);
      }
      ImGui::PopItemFlag();
      if (held && track > length) area.wanted += ImGui::GetIO().MouseDelta.y * max / (track - length);
    }
    ImGui::GetWindowDrawList()->AddRectFilled(bar.Min, bar.Max,
                                              colour::with_alpha(colour::kInk, held      ? 150
                                                                               : hovered ? 110
                                                                                         : 60),
                                              thickness / 2);
  }
  ImGui::EndChild();
}

Card::Card(const Ui& ui, Flow& outer) : Card(ui, outer, colour::kCard, colour::kLine) {}

Card::Card(const Ui& ui, Flow& outer, ImU32 fill, ImU32 edge) : outer_(outer), fill_(fill), edge_(edge) {
  padding_ = ui.compact() ? space::kCardPaddingCompact : space::kCardPadding;
  bottom_padding = padding_;
  inner = {outer.list, outer.x + padding_, outer.y + padding_, outer.width - 2 * padding_};
  push_text_bounds(outer.x, outer.x + outer.width);
  splitter_.Split(outer.list, 2);
  splitter_.SetCurrentChannel(outer.list, 1);
}

Card::~Card() {
  pop_text_bounds();
  const float bottom = std::max(inner.y + bottom_padding, outer_.y + least_height);
  const ImVec2 min(outer_.x, outer_.y), max(outer_.x + outer_.width, bottom);
  ImDrawList* list = outer_.list;
  splitter_.SetCurrentChannel(list, 0);
  list->AddRectFilled(min + ImVec2(0, 1), max + ImVec2(0, 2), colour::with_alpha(colour::kInk, 10),
                      space::kCardRadius);
  list->AddRectFilled(min, max, fill_, space::kCardRadius);
  list->AddRect(min, max, edge_, space::kCardRadius);
  if (stripe != 0) {
    list->AddRectFilled(min, ImVec2(min.x + 6, max.y), stripe, space::kCardRadius,
                        ImDrawFlags_RoundCornersLeft);
  }
  splitter_.Merge(list);
  outer_.y = bottom;
}

}  // namespace precordia::dashboard
