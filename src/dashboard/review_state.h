// What the review of a page of paper remembers: where the user looks, and every correction, so that each can be undone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dashboard/page_model.h"
#include "dashboard/touch.h"

namespace precordia::dashboard {

struct LeadHints {
  std::string lead;
  std::vector<PlanePoint> through;  // image px
};

// All that the user has said about the page, always whole: the digitiser starts afresh from it each time.
struct PageCorrections {
  std::optional<double> mm_per_s, mm_per_mv;
  std::optional<int> quarter_turns;
  std::string layout, order;         // empty: as found
  std::vector<PlanePoint> corners;   // four, or none
  std::vector<LeadHints> retrace;

  LeadHints* hints(const std::string& lead);
};
std::string corrections_json(const PageCorrections& corrections);  // what src/engine/page_view.h calls page_options

enum class ReviewMode { kLook, kLead, kCorners };

struct ReviewState {
  std::optional<PageView> page;
  unsigned long long texture = 0;  // of the picture, by the platform; 0: none

  std::vector<PageCorrections> history = {{}};
  size_t at = 0;  // the one in force
  const PageCorrections& corrections() const { return history[at]; }
  bool can_undo() const { return at > 0; }
  bool can_redo() const { return at + 1 < history.size(); }

  ReviewMode mode = ReviewMode::kLook;
  int lead = -1;  // of the page's traces, in kLead
  std::vector<PlanePoint> draft;  // corners or points being moved, image px
  int grabbed = -1;
  bool dragged = false;
  bool trace_on = true, layouts_open = false, skip = false;

  // The window onto the page: px per mm, 0 = the whole of it; and its top left in mm.
  double scale = 0, left_mm = 0, top_mm = 0;
  double shown_scale = 1;  // of the last frame
};

}  // namespace precordia::dashboard
