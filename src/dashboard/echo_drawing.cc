#include "dashboard/echo_drawing.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "dashboard/answer_card.h"
#include "dashboard/json_reader.h"
#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

constexpr int kHandleEvery = 4;      // of the contour's points
constexpr float kReachPx = 22;       // of a handle
constexpr ImU32 kBlack = colour::rgb(0x000000);

ImVec2 on_screen(const ImRect& frame, double x, double y) {
  return ImVec2(frame.Min.x + static_cast<float>(x) * frame.GetWidth(), frame.Min.y + static_cast<float>(y) * frame.GetHeight());
}

void draw_line(ImDrawList* list, const ImRect& frame, std::span<const float> points, ImU32 ink, float width, bool closed) {
  if (points.empty()) return;
  std::vector<ImVec2> line;
  for (size_t i = 0; i + 1 < points.size(); i += 2) line.push_back(on_screen(frame, points[i], points[i + 1]));
  // A dark edge below, so that the line is seen on bright tissue too.
  const ImDrawFlags flags = closed ? ImDrawFlags_Closed : ImDrawFlags_None;
  list->AddPolyline(line.data(), static_cast<int>(line.size()), colour::with_alpha(kBlack, 120), flags, width + 2);
  list->AddPolyline(line.data(), static_cast<int>(line.size()), ink, flags, width);
}

void draw_image(ImDrawList* list, const EchoPicture& picture, const ImRect& frame) {
  list->AddRectFilled(frame.Min, frame.Max, kBlack);
  if (picture.texture != 0) list->AddImage((ImTextureID)(uintptr_t)picture.texture, frame.Min, frame.Max);
}

void draw_contours(ImDrawList* list, const EchoState& echo, const ImRect& frame, int index, float width) {
  const EchoViewModel& view = *echo.view;
  const EchoClipView& clip = echo.shown_clip();
  if (echo.myocardium_on) draw_line(list, frame, view.points(clip.myocardium, index, kRegionPoints), echo_colour::kMyocardium, width * 0.75f, true);
  if (echo.atrium_on) draw_line(list, frame, view.points(clip.atrium, index, kRegionPoints), echo_colour::kAtrium, width * 0.75f, true);
  if (echo.lv_on) draw_line(list, frame, view.points(clip.lv, index, kLvPoints), echo_colour::kVentricle, width, true);
}

std::string frame_words(const EchoState& echo) {
  const EchoClipView& clip = echo.shown_clip();
  std::string words = format_text("Frame %d of %d", echo.frame + 1, clip.frames);
  if (clip.times_known) words += format_text(" · %.2f s", frame_ms(echo, echo.frame) / 1000);
  return words;
}

// "End-diastole of beat 2", or nothing.
std::string moment_words(const EchoState& echo) {
  const auto& beats = echo.shown_clip().beats;
  for (size_t i = 0; i < beats.size(); ++i) {
    if (beats[i].ed == echo.frame) return format_text("End-diastole of beat %zu", i + 1);
    if (beats[i].es == echo.frame) return format_text("End-systole of beat %zu", i + 1);
  }
  return {};
}

void plate(ImDrawList* list, ImVec2 at, float width, const std::string& words, ImU32 ink) {
  const float length = std::min(width, text_width(Type::kCaptionStrong, words));
  list->AddRectFilled(at - ImVec2(6, 2), at + ImVec2(length + 6, 20), colour::with_alpha(kBlack, 190), 4);
  draw_text_fitted(list, Type::kCaptionStrong, at, width, ink, words);
}

void draw_draft(Ui& ui, AppState& state, ImDrawList* list, const ImRect& frame) {
  const EchoState& echo = state.echo;
  std::vector<ImVec2> line;
  for (const PlanePoint& point : echo.draft) line.push_back(on_screen(frame, point.x, point.y));
  list->AddPolyline(line.data(), static_cast<int>(line.size()), colour::with_alpha(kBlack, 140), ImDrawFlags_Closed, 4.5f);
  list->AddPolyline(line.data(), static_cast<int>(line.size()), echo_colour::kDraft, ImDrawFlags_Closed, 2.5f);
  for (int i = 0; i < static_cast<int>(line.size()); i += kHandleEvery) {
    const ImVec2 at = line[static_cast<size_t>(i)];
    const bool held = echo.grabbed == i;
    list->AddCircleFilled(at, held ? 10.0f : 8.0f, colour::with_alpha(kBlack, 170));
    list->AddCircleFilled(at, held ? 8.0f : 6.0f, held ? colour::kAccent : echo_colour::kDraft);
    ui.zones.push_back({DragZone::kDrag, ImRect(at - ImVec2(kReachPx, kReachPx), at + ImVec2(kReachPx, kReachPx))});
  }
}

void answer_pointer(Ui& ui, AppState& state, const ImRect& frame) {
  EchoState& echo = state.echo;
  const ImGuiID id = ImGui::GetID("cine");
  ImGui::PushItemFlag(ImGuiItemFlags_NoNav, true);
  const bool there = ImGui::ItemAdd(frame, id);
  ImGui::PopItemFlag();
  if (!there) return;
  bool hovered = false, held = false;
  const bool was_active = ImGui::GetActiveID() == id;
  const bool released = ImGui::ButtonBehavior(frame, id, &hovered, &held, ImGuiButtonFlags_NoNavFocus);
  const ImGuiIO& io = ImGui::GetIO();
  if (!echo.editing) {
    if (released) play(echo, !echo.playing);
    if (hovered) ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
    return;
  }
  if (hovered && !was_active && ImGui::IsMouseClicked(ImGuiMouseButton_Left)) {
    float best = kReachPx;
    echo.grabbed = -1;
    echo.dragged = false;
    for (int i = 0; i < static_cast<int>(echo.draft.size()); i += kHandleEvery) {
      const ImVec2 at = on_screen(frame, echo.draft[static_cast<size_t>(i)].x, echo.draft[static_cast<size_t>(i)].y);
      const float distance = std::hypot(at.x - io.MousePos.x, at.y - io.MousePos.y);
      if (distance < best) best = distance, echo.grabbed = i;
    }
  }
  const bool active = ImGui::IsMouseDown(ImGuiMouseButton_Left) && (held || was_active);
  if (active && echo.grabbed >= 0 && (io.MouseDelta.x != 0 || io.MouseDelta.y != 0)) {
    drag_contour(echo, echo.grabbed, {(io.MousePos.x - frame.Min.x) / frame.GetWidth(), (io.MousePos.y - frame.Min.y) / frame.GetHeight()});
    echo.dragged = true;
    ui.moving = true;
  }
  if (hovered) ui.cursor = active ? "grabbing" : "grab";
  if (released || (was_active && !ImGui::IsMouseDown(ImGuiMouseButton_Left))) {
    if (std::exchange(echo.grabbed, -1) >= 0 && std::exchange(echo.dragged, false)) send_contour(state, commit_contour(echo));
    ui.moving = true;
  }
}

struct Curve {
  ImRect plot;
  double length_ms, low, high;
  float x(double ms) const { return plot.Min.x + plot.GetWidth() * static_cast<float>(ms / length_ms); }
  float y(double volume) const { return plot.Max.y - plot.GetHeight() * static_cast<float>((volume - low) / (high - low)); }
};

void draw_marks(ImDrawList* list, const EchoState& echo, const Curve& curve, std::span<const float> volume) {
  const auto& beats = echo.shown_clip().beats;
  for (size_t i = 0; i < beats.size(); ++i) {
    const bool chosen = static_cast<int>(i) == echo.beat;
    if (chosen) {
      list->AddRectFilled(ImVec2(curve.x(frame_ms(echo, beats[i].ed)), curve.plot.Min.y), ImVec2(curve.x(frame_ms(echo, beats[i].es)), curve.plot.Max.y),
                          colour::kAccentTint);
    }
  }
  for (const EchoBeatView& beat : beats) {
    for (const bool systole : {false, true}) {
      const int frame = systole ? beat.es : beat.ed;
      const float v = volume[static_cast<size_t>(frame)];
      if (!std::isfinite(v)) continue;
      const ImVec2 at(curve.x(frame_ms(echo, frame)), curve.y(v));
      // A triangle that stands on the curve at end-diastole, and one that hangs from it at end-systole.
      const float up = systole ? 1.0f : -1.0f;
      list->AddTriangleFilled(at + ImVec2(0, 3 * up), at + ImVec2(-6, 13 * up), at + ImVec2(6, 13 * up), systole ? colour::kAct : colour::kAccent);
    }
  }
}

}  // namespace

void send_contour(AppState& state, const std::optional<ContourChange>& changed) {
  if (!changed) return;
  const int side = state.echo.view->clips[static_cast<size_t>(changed->clip)].side;   // the engine counts in pixels of the clip's frames
  Json points = Json::array();
  for (const PlanePoint& point : changed->points) {
    points.push_back(point.x * side);
    points.push_back(point.y * side);
  }
  Json json = {{"command", "echo_contour"}, {"clip", changed->clip}, {"frame", changed->frame}, {"points", points}};
  state.commands.push_back(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

ImRect fit_frame(ImRect rect, double aspect) {
  const auto wide = static_cast<float>(aspect);
  const float width = std::min(rect.GetWidth(), rect.GetHeight() * wide), height = width / wide;
  const ImVec2 centre = rect.GetCenter();
  const ImVec2 min(std::floor(centre.x - width / 2), std::floor(centre.y - height / 2));
  return ImRect(min, min + ImVec2(std::floor(width), std::floor(height)));
}

void draw_cine(Ui& ui, AppState& state, ImRect rect) {
  EchoState& echo = state.echo;
  if (!echo.view || rect.GetWidth() < 8 || rect.GetHeight() < 8) return;
  const ImRect frame = fit_frame(rect, echo.shown_clip().aspect);
  compose_picture(echo, kCinePlace, echo.frame, echo.overlay);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(rect.Min, rect.Max, kBlack, 6);
  list->PushClipRect(rect.Min, rect.Max, true);
  draw_image(list, echo.pictures[kCinePlace], frame);
  if (echo.editing)
    draw_draft(ui, state, list, frame);
  else
    draw_contours(list, echo, frame, echo.frame, 2.5f);
  const float width = rect.GetWidth() - 20;
  plate(list, rect.Min + ImVec2(10, 8), width, frame_words(echo), colour::rgb(0xF3F0EA));
  if (const std::string moment = moment_words(echo); !moment.empty()) plate(list, rect.Min + ImVec2(10, 32), width, moment, echo_colour::kDraft);
  if (echo.overlay != EchoOverlay::kNone && !echo.editing) {
    const char* words = echo.overlay == EchoOverlay::kUncertainty ? "Orange: the network is unsure where the border runs" : "Orange: no inward motion. Blue: 40 % and more";
    plate(list, ImVec2(rect.Min.x + 10, rect.Max.y - 26), width, words, colour::rgb(0xF3F0EA));
  }
  list->PopClipRect();
  answer_pointer(ui, state, frame);
}

void draw_curve(Ui& ui, AppState& state, ImRect rect) {
  EchoState& echo = state.echo;
  if (!echo.view || rect.GetWidth() < 60 || rect.GetHeight() < 50) return;
  const EchoClipView& clip = echo.shown_clip();
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(rect.Min, rect.Max, colour::kCard, 6);
  const auto volume = echo.view->values(clip.volume);
  double low = INFINITY, high = -INFINITY;
  for (const float v : volume)
    if (std::isfinite(v)) low = std::min<double>(low, v), high = std::max<double>(high, v);
  const bool there = high > low;
  const double room = there ? (high - low) * 0.12 : 1;
  const Curve curve{ImRect(rect.Min + ImVec2(46, 34), rect.Max - ImVec2(12, 20)), clip_length_ms(echo), there ? low - room : 0, there ? high + room : 1};
  const std::string title = clip.volume_unit == "ml" ? "Volume of the left ventricle, ml" : "Volume of the left ventricle, % of the largest";
  draw_text_fitted(list, Type::kCaptionStrong, rect.Min + ImVec2(10, 5), rect.GetWidth() - 20, colour::kInkSoft, title);
  if (there) {
    draw_marks(list, echo, curve, volume);
    for (const double at : {low, high}) {
      list->AddLine(ImVec2(curve.plot.Min.x, curve.y(at)), ImVec2(curve.plot.Max.x, curve.y(at)), colour::kLine);
      draw_text_right(list, Type::kCaption, ImVec2(curve.plot.Min.x - 6, curve.y(at) - 9), colour::kInkSoft, format_text("%.0f", at));
    }
    std::vector<ImVec2> run;
    const auto flush = [&] {
      if (run.size() > 1) list->AddPolyline(run.data(), static_cast<int>(run.size()), colour::kTrace, 0, 1.75f);
      run.clear();
    };
    for (size_t f = 0; f < volume.size(); ++f) {
      if (std::isfinite(volume[f])) run.push_back(ImVec2(curve.x(frame_ms(echo, static_cast<int>(f))), curve.y(volume[f])));
      else flush();
    }
    flush();
  }
  const float x = curve.x(frame_ms(echo, echo.frame));
  list->AddLine(ImVec2(x, curve.plot.Min.y - 4), ImVec2(x, curve.plot.Max.y + 4), colour::kAccentDeep, 2);
  if (there && std::isfinite(volume[static_cast<size_t>(echo.frame)]))
    list->AddCircleFilled(ImVec2(x, curve.y(volume[static_cast<size_t>(echo.frame)])), 5, colour::kAccentDeep);
  if (clip.times_known) {
    draw_text(list, Type::kCaption, ImVec2(curve.plot.Min.x, curve.plot.Max.y + 1), colour::kInkFaint, "0 s");
    draw_text_right(list, Type::kCaption, ImVec2(curve.plot.Max.x, curve.plot.Max.y + 1), colour::kInkFaint, format_text("%.1f s", curve.length_ms / 1000));
  }

  ui.zones.push_back({DragZone::kDrag, rect});
  const ImGuiID id = ImGui::GetID("curve");
  ImGui::PushItemFlag(ImGuiItemFlags_NoNav, true);
  const bool item = ImGui::ItemAdd(rect, id);
  ImGui::PopItemFlag();
  if (!item) return;
  bool hovered = false, held = false;
  const bool released = ImGui::ButtonBehavior(rect, id, &hovered, &held, ImGuiButtonFlags_NoNavFocus);
  if (hovered) ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
  if (!held && !released) return;
  const double ms = (ImGui::GetIO().MousePos.x - curve.plot.Min.x) / curve.plot.GetWidth() * curve.length_ms;
  int nearest = 0;
  for (int f = 1; f < clip.frames; ++f)
    if (std::fabs(frame_ms(echo, f) - ms) < std::fabs(frame_ms(echo, nearest) - ms)) nearest = f;
  if (nearest != echo.frame || echo.playing) {
    end_editing(echo);
    go_to_frame(echo, nearest);
    for (size_t i = 0; i < clip.beats.size(); ++i)
      if (nearest >= std::min(clip.beats[i].ed, clip.beats[i].es)) echo.beat = static_cast<int>(i);
    ui.moving = true;
  }
}

void draw_pair(AppState& state, ImRect rect, bool beside) {
  EchoState& echo = state.echo;
  if (!echo.view || echo.shown_clip().beats.empty()) return;
  const EchoBeatView& beat = echo.shown_clip().beats[static_cast<size_t>(echo.beat)];
  ImDrawList* list = ImGui::GetWindowDrawList();
  constexpr float kGap = 8;
  for (const bool systole : {false, true}) {
    const float wide = beside ? (rect.GetWidth() - kGap) / 2 : rect.GetWidth(), high = beside ? rect.GetHeight() : (rect.GetHeight() - kGap) / 2;
    const ImVec2 min = rect.Min + (beside ? ImVec2(systole ? wide + kGap : 0, 0) : ImVec2(0, systole ? high + kGap : 0));
    const ImRect part(min, min + ImVec2(wide, high));
    const int frame = systole ? beat.es : beat.ed;
    const EchoPlace place = systole ? kEsPlace : kEdPlace;
    compose_picture(echo, place, frame, echo.overlay);
    list->AddRectFilled(part.Min, part.Max, kBlack, 6);
    list->PushClipRect(part.Min, part.Max, true);
    const ImRect fitted = fit_frame(part, echo.shown_clip().aspect);
    draw_image(list, echo.pictures[place], fitted);
    draw_contours(list, echo, fitted, frame, 2);
    plate(list, part.Min + ImVec2(8, 6), wide - 16, systole ? "End-systole" : "End-diastole", colour::rgb(0xF3F0EA));
    const std::optional<double>& ml = systole ? beat.es_ml : beat.ed_ml;
    if (ml) plate(list, ImVec2(part.Min.x + 8, part.Max.y - 24), wide - 16, format_text("%.0f ml", *ml), colour::rgb(0xF3F0EA));
    list->PopClipRect();
    const Press press = press_area(systole ? "end-systole" : "end-diastole", part, 6);
    if (press.used) {
      end_editing(echo);
      go_to_frame(echo, frame);
    }
  }
}

void draw_bands(Flow& flow, const EchoViewModel& view) {
  if (view.bands.empty()) return;
  constexpr ImU32 kFills[] = {colour::kAct, colour::kWatchFill, colour::kCalm};
  constexpr float kHeight = 18;
  float x = flow.x;
  for (size_t i = 0; i < view.bands.size(); ++i) {
    const float width = flow.width * static_cast<float>(view.bands[i].probability);
    flow.list->AddRectFilled(ImVec2(x, flow.y), ImVec2(std::min(x + std::max(width - 1, 1.0f), flow.x + flow.width), flow.y + kHeight), kFills[i], 3);
    x += width;
  }
  flow.gap(kHeight + 8);
  for (size_t i = 0; i < view.bands.size(); ++i) {
    const BandView& band = view.bands[i];
    flow.list->AddRectFilled(ImVec2(flow.x, flow.y + 4), ImVec2(flow.x + 12, flow.y + 16), kFills[i], 3);
    const std::string share = percent_text(band.probability);
    const float number = text_width(Type::kBodyStrong, share);
    const float words = draw_text_fitted(flow.list, Type::kBody, ImVec2(flow.x + 20, flow.y), flow.width - 28 - number, colour::kInk, band.label);
    const float room = flow.width - 36 - number - words;
    if (room > text_width(Type::kCaption, band.range)) draw_text(flow.list, Type::kCaption, ImVec2(flow.x + 28 + words, flow.y + 2), colour::kInkFaint, band.range);
    draw_text_right(flow.list, Type::kBodyStrong, ImVec2(flow.x + flow.width, flow.y), colour::kInk, share);
    flow.gap(24);
  }
}

}  // namespace precordia::dashboard
