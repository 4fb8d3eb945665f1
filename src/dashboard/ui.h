// What the screens draw with beside Dear ImGui: the frame's facts, scroll areas that fingers can throw,
// regions that take drags, and a column that blocks are stacked in. Positions are CSS px on the screen.
#pragma once

#include <unordered_map>
#include <vector>

#include "dashboard/imgui_headers.h"
#include "dashboard/layout.h"
#include "dashboard/theme.h"
#include "dashboard/touch.h"
#include "dashboard/type_scale.h"

namespace precordia::dashboard {

struct ScrollArea {
  ImRect rect;
  float y = 0, max = 0;
  float wanted = 0;  // to be added at the next frame
  float top = -1;    // >= 0: go there at the next frame
  Fling fling;
  int seen_frame = -1;
};

// Where a finger's movement is not simply scrolling.
struct DragZone {
  enum Kind {
    kPaper,
    kDrag,
    kPage
  } kind;  // kPaper: sideways moves the paper, two fingers zoom it; kDrag: a mouse drag; kPage: moves and zooms both ways
  ImRect rect;
};

struct Ui {
  float width = 0, height = 0, dpr = 1;
  double now_ms = 0, elapsed_ms = 0;
  bool touch = false;  // the last pointer was a finger
  bool reduced_motion = false;
  bool moving = false;           // set by whatever must be drawn again without input
  const char* cursor = nullptr;  // CSS cursor for this frame where Dear ImGui has none ("grab", "crosshair")
  Frame frame;

  std::unordered_map<ImGuiID, ScrollArea> scrolls;
  std::vector<ImGuiID> scroll_order;       // of the frame in hand; later ones lie above
  std::vector<ImGuiID> last_scroll_order;  // of the frame before, what fingers and wheels meet
  std::vector<DragZone> zones, last_zones;

  bool compact() const { return frame.arrangement == Arrangement::kCompact; }
  ScrollArea* scroll_at(float x, float y);
  const DragZone* zone_at(float x, float y) const;
};

// A column that blocks are stacked in: the top left of the next one, and how wide it may be.
struct Flow {
  ImDrawList* list;
  float x, y, width;
  void gap(float px) { y += px; }
};

// A full-window or partial region without decoration that scrolls. `margin` is kept free on every side within
// it.
Flow begin_scroll(Ui& ui, const char* name, ImRect rect, float margin);
// The area in hand is scrolled at the next frame until what is drawn next lies at its top.
void scroll_here(Ui& ui, const Flow& flow, float margin);
void end_scroll(Ui& ui, const Flow& flow, float margin);

// Gives a window's lines the fringe of device pixels instead of CSS pixels.
void sharpen(const Ui& ui, ImDrawList* list);

// White panel that grows with what is drawn into `inner`.
class Card {
 public:
  Card(const Ui& ui, Flow& outer);
  Card(const Ui& ui, Flow& outer, ImU32 fill, ImU32 edge);
  ~Card();
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;
  Flow inner;
  float least_height = 0;
  ImU32 stripe = 0;  // coloured left edge, when not 0
  float bottom_padding;

 private:
  Flow& outer_;
  ImU32 fill_, edge_;
  float padding_;
  ImDrawListSplitter splitter_;
};

}  // namespace precordia::dashboard
