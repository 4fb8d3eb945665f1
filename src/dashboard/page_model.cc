#include "dashboard/page_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dashboard/json_reader.h"

namespace precordia::dashboard {
namespace {

constexpr int kMostNodesAcross = 400;
constexpr size_t kMostTraces = 40, kMostChoices = 40;

Slice slice(const Json& object, const char* key) {
  const Json& value = member(object, key);
  const std::optional<int> at = whole_number(value, "at"), n = whole_number(value, "n");
  if (!at || !n || *at < 0 || *n < 0) return {};
  return {static_cast<size_t>(*at), static_cast<size_t>(*n)};
}

CheckState state_of(const std::string& name) {
  if (name == "good") return CheckState::kGood;
  if (name == "watch") return CheckState::kWatch;
  if (name == "bad") return CheckState::kBad;
  return CheckState::kUnknown;
}

Tone tone_named(const std::string& name) {
  if (name == "calm") return Tone::kCalm;
  if (name == "watch") return Tone::kWatch;
  if (name == "act") return Tone::kAct;
  return Tone::kUnknown;
}

PageMesh read_mesh(const Json& json, const PageView& page) {
  PageMesh mesh;
  const int columns = whole_number(json, "columns").value_or(0), rows = whole_number(json, "rows").value_or(0);
  const double step = number(json, "step_mm").value_or(0);
  if (columns < 2 || rows < 2 || columns > kMostNodesAcross || rows > kMostNodesAcross || !(step > 0)) return mesh;
  const auto nodes = page.values(slice(json, "nodes"));
  if (nodes.size() != static_cast<size_t>(columns) * static_cast<size_t>(rows) * 2) return mesh;
  for (const float v : nodes)
    if (!std::isfinite(v)) return mesh;
  mesh.columns = columns;
  mesh.rows = rows;
  mesh.step_x_mm = mesh.step_y_mm = step;
  mesh.origin_x_mm = number(json, "origin_x_mm").value_or(0);
  mesh.origin_y_mm = number(json, "origin_y_mm").value_or(0);
  for (size_t i = 0; i < nodes.size(); i += 2) mesh.nodes.push_back({nodes[i], nodes[i + 1]});
  return mesh;
}

}  // namespace

PlanePoint PageMesh::image_from_plane(PlanePoint mm) const {
  if (nodes.empty()) return mm;
  const double u = (mm.x - origin_x_mm) / step_x_mm, v = (mm.y - origin_y_mm) / step_y_mm;
  const int i = static_cast<int>(std::clamp(std::floor(u), 0.0, columns - 2.0));
  const int j = static_cast<int>(std::clamp(std::floor(v), 0.0, rows - 2.0));
  const double a = std::clamp(u - i, -10.0, 11.0), b = std::clamp(v - j, -10.0, 11.0);
  const auto node = [&](int x, int y) { return nodes[static_cast<size_t>(y) * static_cast<size_t>(columns) + static_cast<size_t>(x)]; };
  const PlanePoint p = node(i, j), q = node(i + 1, j), r = node(i, j + 1), s = node(i + 1, j + 1);
  return {(p.x * (1 - a) + q.x * a) * (1 - b) + (r.x * (1 - a) + s.x * a) * b,
          (p.y * (1 - a) + q.y * a) * (1 - b) + (r.y * (1 - a) + s.y * a) * b};
}

PlanePoint PageMesh::plane_from_image(PlanePoint px) const {
  if (nodes.empty()) return px;
  size_t nearest = 0;
  const auto distance = [&](const PlanePoint& node) { return std::hypot(node.x - px.x, node.y - px.y); };
  for (size_t i = 1; i < nodes.size(); ++i)
    if (distance(nodes[i]) < distance(nodes[nearest])) nearest = i;
  const auto wide = static_cast<size_t>(columns);
  PlanePoint at{origin_x_mm + step_x_mm * static_cast<double>(nearest % wide), origin_y_mm + step_y_mm * static_cast<double>(nearest / wide)};
  for (int round = 0; round < 8; ++round) {
    const double hx = step_x_mm * 0.1, hy = step_y_mm * 0.1;
    const PlanePoint p = image_from_plane(at), px1 = image_from_plane({at.x + hx, at.y}), py1 = image_from_plane({at.x, at.y + hy});
    const double a = (px1.x - p.x) / hx, b = (py1.x - p.x) / hy, c = (px1.y - p.y) / hx, d = (py1.y - p.y) / hy;
    const double determinant = a * d - b * c;
    if (!(std::fabs(determinant) > 1e-12)) break;
    const double ex = px.x - p.x, ey = px.y - p.y;
    at.x += (d * ex - b * ey) / determinant;
    at.y += (a * ey - c * ex) / determinant;
    if (std::hypot(ex, ey) < 0.01) break;
  }
  return at;
}

PageMesh picture_mesh(double width_px, double height_px, double px_per_mm) {
  PageMesh mesh;
  mesh.columns = mesh.rows = 2;
  mesh.step_x_mm = width_px / px_per_mm;
  mesh.step_y_mm = height_px / px_per_mm;
  mesh.nodes = {{0, 0}, {width_px, 0}, {0, height_px}, {width_px, height_px}};
  return mesh;
}

std::span<const float> PageView::values(Slice slice) const {
  if (slice.at > blob.size() || slice.n > blob.size() - slice.at) return {};
  return std::span<const float>(blob).subspan(slice.at, slice.n);
}

Result<PageView> read_page(std::string_view text_of_page, std::vector<float> blob) {
  if (text_of_page.size() > kMaxViewBytes) return fail(ErrorCode::kTooLarge, "The page is too large to be shown.");
  const Json json = Json::parse(text_of_page, nullptr, false);
  if (!json.is_object()) return fail(ErrorCode::kDamaged, "The page could not be shown; open the picture again.");
  PageView page;
  page.blob = std::move(blob);
  page.input = text(json, "input");
  page.error = text(json, "error");
  const Json& verdict = member(json, "verdict");
  page.tone = tone_named(text(verdict, "tone"));
  page.headline = text(verdict, "headline");
  page.sentence = text(verdict, "sentence");
  page.skippable = flag(json, "skippable", false);
  page.image_width = number(member(json, "image"), "width").value_or(0);
  page.image_height = number(member(json, "image"), "height").value_or(0);
  const Json& corners = member(json, "corners");
  if (corners.is_array() && corners.size() == 8) {
    for (size_t i = 0; i < 8; i += 2) {
      if (corners[i].is_number() && corners[i + 1].is_number()) page.corners.push_back({corners[i].get<double>(), corners[i + 1].get<double>()});
    }
  }
  if (page.corners.size() != 4) {
    const double w = page.image_width, h = page.image_height;
    page.corners = {{0, 0}, {w, 0}, {w, h}, {0, h}};
  }
  page.quarter_turns = std::clamp(whole_number(json, "quarter_turns").value_or(0), 0, 3);
  const Json& layout = member(json, "layout");
  page.layout = text(layout, "id");
  page.layout_text = text(layout, "text");
  page.layout_known = text(layout, "known");
  const Json& layouts = member(json, "layouts");
  if (layouts.is_array()) {
    for (const Json& one : layouts)
      if (page.layouts.size() < kMostChoices) page.layouts.push_back({text(one, "id"), text(one, "text")});
  }
  page.cabrera = text(json, "order") == "cabrera";
  page.mm_per_s = number(member(json, "speed"), "value");
  page.mm_per_mv = number(member(json, "gain"), "value");
  page.speed_known = text(member(json, "speed"), "known");
  page.gain_known = text(member(json, "gain"), "known");
  const Json& checks = member(json, "checks");
  if (checks.is_array()) {
    for (const Json& one : checks)
      if (page.checks.size() < kMostChoices) page.checks.push_back({text(one, "id"), text(one, "label"), text(one, "text"), state_of(text(one, "state"))});
  }
  page.notes = texts(json, "notes", kMostChoices);
  page.mesh = read_mesh(member(json, "mesh"), page);
  const Json& traces = member(json, "traces");
  if (traces.is_array()) {
    for (const Json& one : traces) {
      if (page.traces.size() == kMostTraces) break;
      PageTraceView trace{text(one, "lead"), text(one, "text"), flag(one, "rhythm", false), state_of(text(one, "state")), slice(one, "points"),
                          slice(one, "doubt")};
      if (page.values(trace.points).size() != 2 * page.values(trace.doubt).size()) trace.points = trace.doubt = {};
      page.traces.push_back(std::move(trace));
    }
  }
  return page;
}

}  // namespace precordia::dashboard
