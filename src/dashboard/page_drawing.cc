#include "dashboard/page_drawing.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dashboard/json_reader.h"
#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

constexpr ImU32 kOver = colour::rgb(0x0052CC);       // the trace over the print: no ink and no grid has this blue
constexpr ImU32 kOverDoubt = colour::rgb(0xD97700);  // unsure: amber, and thicker
constexpr ImU32 kOverBad = colour::rgb(0x9B2C20);
constexpr float kDoubtful = 0.5f, kBad = 0.8f;
constexpr float kReachPx = 22;        // of a handle
constexpr float kNearTracePx = 60;    // a drag that begins this near to the chosen trace sets a point; elsewhere it moves the page
constexpr double kMostPxPerMm = 40;
constexpr double kPictureMm = 280;    // how wide a picture without a grid is taken to be

// Millimetres of the plane to the screen and back.
struct Camera {
  ImRect rect;
  double scale, left_mm, top_mm;
  ImVec2 px(PlanePoint mm) const {
    return ImVec2(rect.Min.x + static_cast<float>((mm.x - left_mm) * scale), rect.Min.y + static_cast<float>((mm.y - top_mm) * scale));
  }
  PlanePoint mm(ImVec2 px) const { return {left_mm + (px.x - rect.Min.x) / scale, top_mm + (px.y - rect.Min.y) / scale}; }
};

PageMesh mesh_of(const ReviewState& review) {
  const PageView& page = *review.page;
  if (review.mode == ReviewMode::kCorners || !page.readable())
    return picture_mesh(std::max(1.0, page.image_width), std::max(1.0, page.image_height), std::max(1.0, page.image_width) / kPictureMm);
  return page.mesh;
}

Camera camera_of(ReviewState& review, const PageMesh& mesh, ImRect rect) {
  const double whole = std::min(rect.GetWidth() / mesh.width_mm(), rect.GetHeight() / mesh.height_mm()) * 0.97;
  const double scale = review.scale > 0 ? std::clamp(review.scale, whole, std::max(whole, kMostPxPerMm)) : whole;
  if (review.scale > 0 && scale <= whole) review.scale = 0;
  const double wide = rect.GetWidth() / scale, high = rect.GetHeight() / scale;
  const auto place = [](double& at, double origin, double size, double window) {
    at = size <= window ? origin - (window - size) / 2 : std::clamp(at, origin - 0.1 * window, origin + size - 0.9 * window);
  };
  place(review.left_mm, mesh.origin_x_mm, mesh.width_mm(), wide);
  place(review.top_mm, mesh.origin_y_mm, mesh.height_mm(), high);
  review.shown_scale = scale;
  return {rect, scale, review.left_mm, review.top_mm};
}

void draw_picture(ImDrawList* list, const ReviewState& review, const PageMesh& mesh, const Camera& camera) {
  const PageView& page = *review.page;
  const auto texture = (ImTextureID)(uintptr_t)review.texture;
  const auto uv = [&](PlanePoint px) {
    return ImVec2(static_cast<float>((px.x + 0.5) / std::max(1.0, page.image_width)), static_cast<float>((px.y + 0.5) / std::max(1.0, page.image_height)));
  };
  // One cell of the mesh is bent too little to see, but a picture without one is drawn in one piece.
  for (int j = 0; j + 1 < mesh.rows; ++j) {
    for (int i = 0; i + 1 < mesh.columns; ++i) {
      const auto corner = [&](int x, int y) {
        return camera.px({mesh.origin_x_mm + mesh.step_x_mm * x, mesh.origin_y_mm + mesh.step_y_mm * y});
      };
      const ImVec2 a = corner(i, j), c = corner(i + 1, j + 1);
      if (c.x < camera.rect.Min.x || a.x > camera.rect.Max.x || c.y < camera.rect.Min.y || a.y > camera.rect.Max.y) continue;
      const auto node = [&](int x, int y) { return uv(mesh.nodes[static_cast<size_t>(y) * static_cast<size_t>(mesh.columns) + static_cast<size_t>(x)]); };
      list->AddImageQuad(texture, a, ImVec2(c.x, a.y), c, ImVec2(a.x, c.y), node(i, j), node(i + 1, j), node(i + 1, j + 1), node(i, j + 1));
    }
  }
}

int class_of(float doubt) { return doubt > kBad ? 2 : doubt > kDoubtful ? 1 : 0; }

void draw_trace(ImDrawList* list, const PageView& page, const PageTraceView& trace, const Camera& camera, bool faded, bool chosen) {
  const auto points = page.values(trace.points), doubts = page.values(trace.doubt);
  constexpr ImU32 kColours[] = {kOver, kOverDoubt, kOverBad};
  constexpr float kWidths[] = {1.6f, 3.2f, 3.2f};
  std::vector<ImVec2> run;
  int run_class = 0;
  const auto flush = [&] {
    if (run.size() > 1) {
      const float width = kWidths[run_class] + (chosen ? 0.6f : 0);
      list->AddPolyline(run.data(), static_cast<int>(run.size()), colour::with_alpha(kColours[run_class], faded ? 90 : 235), 0, width);
    }
    run.clear();
  };
  for (size_t k = 0; k < doubts.size(); ++k) {
    const float x = points[2 * k], y = points[2 * k + 1];
    if (!std::isfinite(x) || !std::isfinite(y)) {
      flush();
      continue;
    }
    const ImVec2 at = camera.px({x, y});
    const int its_class = class_of(doubts[k]);
    if (!run.empty() && its_class != run_class) {
      const ImVec2 last = run.back();
      flush();
      run.push_back(last);
    }
    run_class = its_class;
    // Points closer than half a pixel would only cost time.
    if (!run.empty() && std::fabs(at.x - run.back().x) < 0.5f && std::fabs(at.y - run.back().y) < 0.5f) continue;
    run.push_back(at);
  }
  flush();
}

ImRect trace_box(const PageView& page, const PageTraceView& trace) {
  ImRect box(FLT_MAX, FLT_MAX, -FLT_MAX, -FLT_MAX);
  const auto points = page.values(trace.points);
  for (size_t k = 0; k + 1 < points.size(); k += 2)
    if (std::isfinite(points[k]) && std::isfinite(points[k + 1])) box.Add(ImVec2(points[k], points[k + 1]));
  return box;
}

// The trace nearest to a place on the screen, and how far it is, px.
std::pair<int, float> nearest_trace(const PageView& page, const Camera& camera, ImVec2 at) {
  int nearest = -1;
  float best = FLT_MAX;
  for (size_t t = 0; t < page.traces.size(); ++t) {
    const auto points = page.values(page.traces[t].points);
    for (size_t k = 0; k + 1 < points.size(); k += 2) {
      if (!std::isfinite(points[k])) continue;
      const ImVec2 p = camera.px({points[k], points[k + 1]});
      const float distance = std::hypot(p.x - at.x, p.y - at.y);
      if (distance < best) best = distance, nearest = static_cast<int>(t);
    }
  }
  return {nearest, best};
}

float distance_to(const PageView& page, int trace, const Camera& camera, ImVec2 at) {
  float best = FLT_MAX;
  const auto points = page.values(page.traces[static_cast<size_t>(trace)].points);
  for (size_t k = 0; k + 1 < points.size(); k += 2) {
    if (!std::isfinite(points[k])) continue;
    const ImVec2 p = camera.px({points[k], points[k + 1]});
    best = std::min(best, std::hypot(p.x - at.x, p.y - at.y));
  }
  return best;
}

void draw_label(ImDrawList* list, const PageView& page, const PageTraceView& trace, const Camera& camera, bool chosen) {
  const ImRect box = trace_box(page, trace);
  if (box.Min.x > box.Max.x) return;
  const auto points = page.values(trace.points);
  ImVec2 at = camera.px({box.Min.x, points.empty() ? box.Min.y : box.Min.y});
  const float text = text_width(Type::kCaptionStrong, trace.lead);
  const bool unsure = trace.state != CheckState::kGood;
  const float width = text + 10 + (unsure ? 18 : 0);
  at.x = std::clamp(at.x, camera.rect.Min.x + 2, std::max(camera.rect.Min.x + 2, camera.rect.Max.x - width - 2));
  at.y = std::max(camera.rect.Min.y + 2, at.y - 22);
  if (camera.px({box.Max.x, 0}).x < camera.rect.Min.x || at.y > camera.rect.Max.y) return;
  list->AddRectFilled(at, at + ImVec2(width, 20), chosen ? colour::kAccent : colour::with_alpha(colour::kCard, 225), 5);
  list->AddRect(at, at + ImVec2(width, 20), unsure ? kOverDoubt : colour::with_alpha(kOver, 160), 5);
  draw_text(list, Type::kCaptionStrong, at + ImVec2(5, 1), chosen ? colour::kOnAccent : colour::kInk, trace.lead);
  if (unsure) draw_icon(list, Icon::kWarning, at + ImVec2(text + 15, 10), 15, chosen ? colour::kOnAccent : colour::kWatch);
}

void draw_handle(ImDrawList* list, ImVec2 at, bool held, float radius) {
  list->AddCircleFilled(at, radius + 2, colour::with_alpha(colour::kInk, 70));
  list->AddCircleFilled(at, radius, held ? colour::kAccent : colour::kCard);
  list->AddCircle(at, radius, colour::kAccentDeep, 0, 2.5f);
  list->AddCircleFilled(at, 2.5f, held ? colour::kCard : colour::kAccentDeep);
}

// Two sides of a dragged corner must not cross: the digitiser would refuse it, so the screen does not offer it.
bool convex(const std::vector<PlanePoint>& c) {
  for (size_t i = 0; i < 4; ++i) {
    const PlanePoint a = c[i], b = c[(i + 1) % 4], d = c[(i + 2) % 4];
    if ((b.x - a.x) * (d.y - b.y) - (b.y - a.y) * (d.x - b.x) <= 0) return false;
  }
  return true;
}

// The chosen lead's points become a correction.
void commit_points(AppState& state) {
  ReviewState& review = state.review;
  PageCorrections next = review.corrections();
  const std::string& lead = review.page->traces[static_cast<size_t>(review.lead)].lead;
  if (LeadHints* hints = next.hints(lead))
    hints->through = review.draft;
  else
    next.retrace.push_back({lead, review.draft});
  correct_page(state, std::move(next));
}

void press(AppState& state, const PageMesh& mesh, const Camera& camera, ImVec2 at) {
  ReviewState& review = state.review;
  review.grabbed = -1;
  review.dragged = false;
  if (review.mode == ReviewMode::kLook) return;
  float best = kReachPx;
  for (size_t i = 0; i < review.draft.size(); ++i) {
    const ImVec2 p = camera.px(mesh.plane_from_image(review.draft[i]));
    const float distance = std::hypot(p.x - at.x, p.y - at.y);
    if (distance <= best) best = distance, review.grabbed = static_cast<int>(i);
  }
  if (review.mode == ReviewMode::kLead && review.grabbed < 0 && distance_to(*review.page, review.lead, camera, at) < kNearTracePx) {
    review.draft.push_back(mesh.image_from_plane(camera.mm(at)));
    review.grabbed = static_cast<int>(review.draft.size()) - 1;
    review.dragged = true;
  }
}

void release(AppState& state, const PageMesh& mesh, const Camera& camera, ImVec2 at) {
  ReviewState& review = state.review;
  const int grabbed = std::exchange(review.grabbed, -1);
  const bool dragged = std::exchange(review.dragged, false);
  switch (review.mode) {
    case ReviewMode::kLook:
      if (!dragged && review.page->readable()) {
        const auto [trace, distance] = nearest_trace(*review.page, camera, at);
        if (trace >= 0 && distance < 26) choose_lead(review, trace);
      }
      break;
    case ReviewMode::kLead:
      if (grabbed >= 0 && dragged) {
        commit_points(state);
      } else if (grabbed < 0 && !dragged) {
        const auto [trace, distance] = nearest_trace(*review.page, camera, at);
        if (trace >= 0 && distance < 26) choose_lead(review, trace);
      }
      break;
    case ReviewMode::kCorners:
      break;  // used when the user says so, all four together
  }
  (void)mesh;
}

}  // namespace

void zoom_page(ReviewState& review, ImRect rect, double factor, ImVec2 around) {
  const double before = review.shown_scale, after = std::clamp(before * factor, 0.2, kMostPxPerMm);
  review.left_mm += (around.x - rect.Min.x) * (1 / before - 1 / after);
  review.top_mm += (around.y - rect.Min.y) * (1 / before - 1 / after);
  review.scale = review.shown_scale = after;
}

void move_page(ReviewState& review, double dx_px, double dy_px) {
  review.left_mm -= dx_px / review.shown_scale;
  review.top_mm -= dy_px / review.shown_scale;
}

void correct_page(AppState& state, PageCorrections corrections) {
  ReviewState& review = state.review;
  review.history.resize(review.at + 1);
  review.history.push_back(std::move(corrections));
  review.at = review.history.size() - 1;
  send_page_options(state);
}

void undo_page(AppState& state) {
  if (!state.review.can_undo()) return;
  --state.review.at;
  send_page_options(state);
}

void redo_page(AppState& state) {
  if (!state.review.can_redo()) return;
  ++state.review.at;
  send_page_options(state);
}

void choose_lead(ReviewState& review, int trace) {
  review.mode = trace < 0 ? ReviewMode::kLook : ReviewMode::kLead;
  review.lead = trace;
  review.draft.clear();
  review.grabbed = -1;
  if (trace < 0) {
    review.scale = 0;
    return;
  }
  const PageTraceView& chosen = review.page->traces[static_cast<size_t>(trace)];
  for (const LeadHints& hints : review.corrections().retrace)
    if (hints.lead == chosen.lead) review.draft = hints.through;
  const ImRect box = trace_box(*review.page, chosen);
  if (box.Min.x > box.Max.x) return;
  // So near that its lines are some millimetres apart on the screen, wherever the window is wide or narrow: kept for the next frame,
  // which knows the window.
  review.scale = -1;
}

void begin_corners(ReviewState& review) {
  review.mode = ReviewMode::kCorners;
  review.lead = -1;
  review.scale = 0;
  review.draft = review.corrections().corners.size() == 4 ? review.corrections().corners : review.page->corners;
}

void draw_page(Ui& ui, AppState& state, ImRect rect) {
  ReviewState& review = state.review;
  if (!review.page || rect.GetWidth() < 8 || rect.GetHeight() < 8) return;
  const PageMesh mesh = mesh_of(review);
  if (review.scale < 0) {  // a lead was chosen: it fills the window
    const ImRect box = trace_box(*review.page, review.page->traces[static_cast<size_t>(std::max(0, review.lead))]);
    review.scale = std::clamp(std::min(rect.GetWidth() / (box.GetWidth() + 12.0), rect.GetHeight() / (box.GetHeight() + 24.0)), 0.5, kMostPxPerMm);
    review.left_mm = box.GetCenter().x - rect.GetWidth() / review.scale / 2;
    review.top_mm = box.GetCenter().y - rect.GetHeight() / review.scale / 2;
  }
  const Camera camera = camera_of(review, mesh, rect);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(rect.Min, rect.Max, colour::rgb(0xDCD8D0));
  list->PushClipRect(rect.Min, rect.Max, true);
  if (review.texture != 0) draw_picture(list, review, mesh, camera);

  const PageView& page = *review.page;
  if (review.mode != ReviewMode::kCorners && page.readable() && review.trace_on) {
    for (size_t t = 0; t < page.traces.size(); ++t) {
      const bool chosen = review.mode == ReviewMode::kLead && static_cast<int>(t) == review.lead;
      draw_trace(list, page, page.traces[t], camera, review.mode == ReviewMode::kLead && !chosen, chosen);
    }
    for (size_t t = 0; t < page.traces.size(); ++t)
      draw_label(list, page, page.traces[t], camera, review.mode == ReviewMode::kLead && static_cast<int>(t) == review.lead);
  }
  if (review.mode == ReviewMode::kCorners && review.draft.size() == 4) {
    ImVec2 at[4];
    for (size_t i = 0; i < 4; ++i) at[i] = camera.px(mesh.plane_from_image(review.draft[i]));
    list->AddPolyline(at, 4, kOver, ImDrawFlags_Closed, 2);
    for (int i = 0; i < 4; ++i) draw_handle(list, at[i], review.grabbed == i, 13);
  }
  if (review.mode == ReviewMode::kLead) {
    for (size_t i = 0; i < review.draft.size(); ++i)
      draw_handle(list, camera.px(mesh.plane_from_image(review.draft[i])), review.grabbed == static_cast<int>(i), 8);
  }
  list->PopClipRect();
  list->AddRect(rect.Min, rect.Max, colour::kLine);

  // Fingers: the page moves and zooms; a handle is dragged as a mouse would.
  ui.zones.push_back({DragZone::kPage, rect});
  if (review.mode != ReviewMode::kLook) {
    for (const PlanePoint& point : review.draft) {
      const ImVec2 at = camera.px(mesh.plane_from_image(point));
      ui.zones.push_back({DragZone::kDrag, ImRect(at - ImVec2(kReachPx, kReachPx), at + ImVec2(kReachPx, kReachPx))});
    }
  }
  const ImGuiID id = ImGui::GetID("page");
  ImGui::PushItemFlag(ImGuiItemFlags_NoNav, true);
  const bool there = ImGui::ItemAdd(rect, id);
  ImGui::PopItemFlag();
  if (!there) return;
  bool hovered = false, held = false;
  const bool was_active = ImGui::GetActiveID() == id;
  const bool released = ImGui::ButtonBehavior(rect, id, &hovered, &held, ImGuiButtonFlags_NoNavFocus);
  ImGuiIO& io = ImGui::GetIO();
  if (hovered && !was_active && ImGui::IsMouseClicked(ImGuiMouseButton_Left)) press(state, mesh, camera, io.MousePos);
  const bool active = ImGui::IsMouseDown(ImGuiMouseButton_Left) && (held || was_active);
  if (active && (io.MouseDelta.x != 0 || io.MouseDelta.y != 0)) {
    if (ImGui::IsMouseDragging(ImGuiMouseButton_Left, 3)) review.dragged = true;
    if (review.grabbed >= 0) {
      PlanePoint px = mesh.image_from_plane(camera.mm(io.MousePos));
      px.x = std::clamp(px.x, 0.0, std::max(0.0, page.image_width - 1));
      px.y = std::clamp(px.y, 0.0, std::max(0.0, page.image_height - 1));
      std::vector<PlanePoint> moved = review.draft;
      moved[static_cast<size_t>(review.grabbed)] = px;
      if (review.mode != ReviewMode::kCorners || convex(moved)) review.draft = std::move(moved);
      review.dragged = true;
    } else if (review.dragged) {
      move_page(review, io.MouseDelta.x, io.MouseDelta.y);
    }
    ui.moving = true;
  }
  if (hovered) ui.cursor = review.mode == ReviewMode::kLead ? "crosshair" : active ? "grabbing" : "grab";
  if (released || (was_active && !ImGui::IsMouseDown(ImGuiMouseButton_Left))) {
    release(state, mesh, camera, io.MousePos);
    ui.moving = true;
  }
}

}  // namespace precordia::dashboard
