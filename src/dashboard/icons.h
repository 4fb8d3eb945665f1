// Pictograms drawn from lines, so that they are sharp at any density and need no file.
#pragma once

#include "dashboard/imgui_headers.h"
#include "dashboard/view_model.h"

namespace precordia::dashboard {

enum class Icon {
  kOpen,
  kPatient,
  kPrint,
  kExport,
  kNew,
  kInfo,
  kBack,
  kClose,
  kChevronDown,
  kChevronUp,
  kChevronRight,
  kCheck,
  kWarning,
  kShield,
  kOffline,
  kChip,
  kCaliper,
  kEye,
  kPlus,
  kMinus,
  kFor,
  kAgainst,
  kNeutral,
  kLeft,
  kRight,
  kUpdate,
  kMarks,
  kCamera,
  kCorners,
  kTurn,
  kUndo,
  kRedo,
  kPlay,
  kPause,
  kPencil,
};

// Within a square of `size` px whose middle is `centre`.
void draw_icon(ImDrawList* list, Icon icon, ImVec2 centre, float size, ImU32 colour);

// The mark of the answer's tone: its shape tells it as well as its colour. Disc with tick, triangle, octagon,
// ring with question mark.
void draw_tone_mark(ImDrawList* list, Tone tone, ImVec2 centre, float size);

// The product's mark: one heartbeat on a teal tile.
void draw_logo(ImDrawList* list, ImVec2 min, float size);

}  // namespace precordia::dashboard
