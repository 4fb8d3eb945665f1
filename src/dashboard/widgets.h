// Controls, drawn by us on Dear ImGui's interaction logic. Each takes its place, draws itself and says
// whether it was used. What a finger must hit is at least 44 px high, even where the drawn control is lower.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "dashboard/icons.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

struct Press {
  bool used = false;  // clicked, tapped, Enter or Space
  bool hovered = false, held = false;
};

// An invisible control over `rect`, with hand cursor and focus ring.
Press press_area(const char* name, ImRect rect, float ring_radius);

enum class ButtonLook { kPrimary, kSecondary, kQuiet };

float button_width(std::string_view label, bool with_icon);
bool button(Flow& flow_place, const char* name, ImVec2 at, float width, std::string_view label,
            std::optional<Icon> icon, ButtonLook look);
bool icon_button(Flow& flow_place, const char* name, ImVec2 at, Icon icon,
                 std::string_view tooltip);  // kControl square

// One of a few choices. Returns true when another was chosen.
float segmented_width(std::span<const char* const> labels);
bool segmented(Flow& flow_place, const char* name, ImVec2 at, float width,
               std::span<const char* const> labels, int* chosen);

// A switch with its words.
float toggle_width(std::string_view label, bool with_icon);
bool toggle(Flow& flow_place, const char* name, ImVec2 at, std::string_view label, std::optional<Icon> icon,
            bool* on);

// A line of text that opens something.
bool text_link(Flow& flow_place, const char* name, ImVec2 at, std::string_view label);

// A small label on a tint. Returns its width; 22 px high.
float chip_width(std::string_view label, bool with_icon);
float chip(ImDrawList* list, ImVec2 at, std::string_view label, ImU32 ink, ImU32 tint,
           std::optional<Icon> icon = {});
inline constexpr float kChipHeight = 24;

// Blocks of a column.
void card_title(Flow& flow, std::string_view title);
void paragraph(Flow& flow, Type type, ImU32 ink, std::string_view text);  // nothing when empty
void separator(Flow& flow);
void note_line(Flow& flow, Icon icon, ImU32 ink, Type type, std::string_view text);  // icon and wrapped text

// Places controls from left to right and begins a new line when one does not fit.
class Row {
 public:
  Row(Flow& flow, float height, float gap = 8) : flow_(flow), x_(flow.x), height_(height), gap_(gap) {}
  ImVec2 place(float width);
  void end() { flow_.y += any_ ? height_ : 0; }

 private:
  Flow& flow_;
  float x_, height_, gap_;
  bool any_ = false;
};

// Explains what is under the pointer (never the only place where something is told).
void tooltip(std::string_view text);

}  // namespace precordia::dashboard
