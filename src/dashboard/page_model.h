// A page of paper as the review screen draws it: the reader of the engine's page_view JSON (src/engine/page_view.h), and the flat
// page's mesh. What is missing or wrong in the JSON is "unknown".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dashboard/view_model.h"

namespace precordia::dashboard {

enum class CheckState { kGood, kWatch, kBad, kUnknown };

struct PageCheckView {
  std::string id, label, text;
  CheckState state = CheckState::kUnknown;
};

struct PageTraceView {
  std::string lead, text;
  bool rhythm = false;
  CheckState state = CheckState::kUnknown;
  Slice points;  // x, y in mm on the flat page; NaN: a gap
  Slice doubt;   // 0..1, one per point
};

struct PlanePoint {
  double x = 0, y = 0;
};

// A lattice over a plane measured in mm, with the picture's pixel of each node. Between nodes it is bilinear.
struct PageMesh {
  int columns = 0, rows = 0;
  double origin_x_mm = 0, origin_y_mm = 0, step_x_mm = 1, step_y_mm = 1;
  std::vector<PlanePoint> nodes;  // image px, row after row

  double width_mm() const { return step_x_mm * (columns - 1); }
  double height_mm() const { return step_y_mm * (rows - 1); }
  PlanePoint image_from_plane(PlanePoint mm) const;  // also a little outside, by extending the outer cells
  PlanePoint plane_from_image(PlanePoint px) const;  // Newton's method from the nearest node
};

// The picture as it was taken, upright and flat: for setting its corners.
PageMesh picture_mesh(double width_px, double height_px, double px_per_mm);

struct PageChoice {
  std::string id, text;
};

struct PageView {
  std::string input, error;
  Tone tone = Tone::kUnknown;
  std::string headline, sentence;
  bool skippable = false;
  double image_width = 0, image_height = 0;  // px
  std::vector<PlanePoint> corners;           // four, image px: top left, top right, bottom right, bottom left
  int quarter_turns = 0;
  std::string layout, layout_text, layout_known;
  std::vector<PageChoice> layouts;
  bool cabrera = false;
  std::optional<double> mm_per_s, mm_per_mv;
  std::string speed_known, gain_known;
  std::vector<PageCheckView> checks;
  std::vector<std::string> notes;
  PageMesh mesh;  // no nodes: not found
  std::vector<PageTraceView> traces;
  std::vector<float> blob;

  bool readable() const { return error.empty() && !mesh.nodes.empty(); }
  std::span<const float> values(Slice slice) const;  // empty when the slice is not inside the blob
};

// Fails (kDamaged, kTooLarge) only for text that is no JSON object or is too large.
Result<PageView> read_page(std::string_view json, std::vector<float> blob);

}  // namespace precordia::dashboard
