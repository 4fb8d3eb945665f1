#include "dashboard/app.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "dashboard/about_screen.h"
#include "dashboard/chrome.h"
#include "dashboard/echo_screen.h"
#include "dashboard/page_drawing.h"
#include "dashboard/paper_view.h"
#include "dashboard/result_screen.h"
#include "dashboard/review_screen.h"
#include "dashboard/start_screen.h"

namespace precordia::dashboard {
namespace {

constexpr int kSettleFrames = 3;
constexpr float kOutside = -FLT_MAX;

ImGuiKey key_of(const std::string& name) {
  if (name == "Tab") return ImGuiKey_Tab;
  if (name == "ArrowLeft") return ImGuiKey_LeftArrow;
  if (name == "ArrowRight") return ImGuiKey_RightArrow;
  if (name == "ArrowUp") return ImGuiKey_UpArrow;
  if (name == "ArrowDown") return ImGuiKey_DownArrow;
  if (name == "Enter") return ImGuiKey_Enter;
  if (name == " ") return ImGuiKey_Space;
  return ImGuiKey_None;
}

void plain_style() {
  ImGuiStyle& style = ImGui::GetStyle();
  ImGui::StyleColorsLight();
  style.WindowPadding = ImVec2(0, 0);
  style.WindowBorderSize = 0;
  style.WindowRounding = 0;
  style.ChildBorderSize = 0;
  style.WindowMinSize = ImVec2(1, 1);
  style.DisabledAlpha = 1;
  style.AntiAliasedLinesUseTex = false;
  style.CircleTessellationMaxError = 0.15f;
  style.CurveTessellationTol = 0.6f;
}

}  // namespace

App::App() : context_(ImGui::CreateContext()) {
  ImGui::SetCurrentContext(context_);
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.LogFilename = nullptr;
  io.ConfigFlags |= ImGuiConfigFlags_NavEnableKeyboard;
  io.ConfigMacOSXBehaviors = false;
  io.BackendFlags |= ImGuiBackendFlags_HasMouseCursors;
  plain_style();
}

App::~App() { ImGui::DestroyContext(context_); }

void App::set_fonts(FontFiles files) {
  fonts_ = std::move(files);
  built_dpr_ = 0;
  settle_ = kSettleFrames;
}

void App::set_reduced_motion(bool reduced) { ui_.reduced_motion = reduced; }

void App::set_view(std::string_view json, std::vector<float> blob) {
  settle_ = kSettleFrames;
  Result<ViewModel> view = read_view(json, std::move(blob));
  if (!view) {
    state_.error = view.error().message;
    return;
  }
  const bool first = !state_.view;
  show_view(state_, std::move(*view));
  if (first) {
    for (auto& [id, area] : ui_.scrolls) area.top = 0;
  }
}

void App::clear_view() {
  settle_ = kSettleFrames;
  show_view(state_, std::nullopt);
}

void App::set_page(std::string_view json, std::vector<float> blob, bool corrected) {
  settle_ = kSettleFrames;
  if (json.empty()) {
    show_page(state_, std::nullopt, false);
    return;
  }
  Result<PageView> page = read_page(json, std::move(blob));
  if (!page) {
    state_.error = page.error().message;
    return;
  }
  show_page(state_, std::move(*page), corrected);
}

void App::set_page_texture(unsigned long long texture) {
  settle_ = kSettleFrames;
  state_.review.texture = texture;
}

void App::set_echo(std::string_view json, std::vector<float> blob, std::vector<uint8_t> pixels, bool corrected) {
  settle_ = kSettleFrames;
  if (json.empty()) {
    show_echo(state_, std::nullopt, false);
    return;
  }
  corrected = corrected && state_.echo.view;
  if (corrected) pixels = std::move(state_.echo.view->pixels);
  Result<EchoViewModel> echo = read_echo(json, std::move(blob), std::move(pixels));
  if (!echo) {
    show_echo(state_, std::nullopt, false);
    state_.error = echo.error().message;
    return;
  }
  show_echo(state_, std::move(*echo), corrected);
}

void App::set_status(std::string_view json) {
  settle_ = kSettleFrames;
  state_.status = read_status(json);
  if (state_.status.provider_choice) state_.provider_choice = *state_.status.provider_choice;
}

void App::set_progress(std::string_view json) {
  settle_ = kSettleFrames;
  state_.progress = read_progress(json);
}

void App::set_language(std::string_view table, std::string_view language) {
  settle_ = kSettleFrames;
  set_translator(Translator::read(table, language));
}

void App::set_error(std::string sentence) {
  settle_ = kSettleFrames;
  state_.error = std::move(sentence);
}

void App::pointer(const PointerEvent& event) {
  settle_ = kSettleFrames;
  ImGuiIO& io = ImGui::GetIO();
  const float x = static_cast<float>(event.x), y = static_cast<float>(event.y);
  if (event.kind == PointerKind::kTouch) {
    ui_.touch = true;
    switch (event.phase) {
      case PointerPhase::kDown:
        touch(touch_reader_.down(event.id, event.x, event.y, event.time_ms));
        break;
      case PointerPhase::kMove:
        touch(touch_reader_.move(event.id, event.x, event.y, event.time_ms));
        break;
      case PointerPhase::kUp:
        touch(touch_reader_.up(event.id, event.x, event.y, event.time_ms));
        break;
      case PointerPhase::kCancel:
        touch(touch_reader_.cancel());
        break;
      case PointerPhase::kLeave:
        break;
    }
    return;
  }
  ui_.touch = false;
  io.AddMouseSourceEvent(event.kind == PointerKind::kPen ? ImGuiMouseSource_Pen : ImGuiMouseSource_Mouse);
  if (event.phase == PointerPhase::kLeave) {
    io.AddMousePosEvent(kOutside, kOutside);
    return;
  }
  io.AddMousePosEvent(x, y);
  if (event.phase == PointerPhase::kDown) io.AddMouseButtonEvent(ImGuiMouseButton_Left, true);
  if (event.phase == PointerPhase::kUp || event.phase == PointerPhase::kCancel)
    io.AddMouseButtonEvent(ImGuiMouseButton_Left, false);
  if (event.phase == PointerPhase::kDown) {
    state_.paper.fling.stop();
    for (auto& [id, area] : ui_.scrolls) area.fling.stop();
  }
}

void App::touch(const std::vector<Gesture>& gestures) {
  ImGuiIO& io = ImGui::GetIO();
  PaperState& paper = state_.paper;
  const bool blocked = state_.progress.has_value();
  for (const Gesture& gesture : gestures) {
    const float x = static_cast<float>(gesture.x), y = static_cast<float>(gesture.y);
    const float start_x = static_cast<float>(gesture.start_x), start_y = static_cast<float>(gesture.start_y);
    switch (gesture.kind) {
      case Gesture::kPress:
        paper.fling.stop();
        for (auto& [id, area] : ui_.scrolls) area.fling.stop();
        io.AddMouseSourceEvent(ImGuiMouseSource_TouchScreen);
        io.AddMousePosEvent(x, y);  // shows what the finger is on
        break;
      case Gesture::kTap:
        io.AddMousePosEvent(start_x, start_y);
        io.AddMouseButtonEvent(ImGuiMouseButton_Left, true);
        io.AddMouseButtonEvent(ImGuiMouseButton_Left, false);
        io.AddMousePosEvent(kOutside, kOutside);
        break;
      case Gesture::kPanStart: {
        if (blocked) break;
        const DragZone* zone = ui_.zone_at(start_x, start_y);
        dragged_area_ = ui_.scroll_at(start_x, start_y);
        drag_ = Drag::kScroll;
        if (zone && zone->kind == DragZone::kDrag) {
          drag_ = Drag::kMouse;
          io.AddMousePosEvent(start_x, start_y);
          io.AddMouseButtonEvent(ImGuiMouseButton_Left, true);
          io.AddMousePosEvent(x, y);
        } else if (zone && zone->kind == DragZone::kPage) {
          io.AddMousePosEvent(kOutside, kOutside);
          drag_ = Drag::kPage;
        } else {
          io.AddMousePosEvent(kOutside, kOutside);
          if (zone && std::fabs(gesture.dx) > std::fabs(gesture.dy)) drag_ = Drag::kPaper;
        }
        break;
      }
      case Gesture::kPan:
        if (drag_ == Drag::kMouse) io.AddMousePosEvent(x, y);
        if (drag_ == Drag::kPaper) paper.pan_px -= gesture.dx;
        if (drag_ == Drag::kPage) move_page(state_.review, gesture.dx, gesture.dy);
        if (drag_ == Drag::kScroll && dragged_area_) dragged_area_->wanted -= static_cast<float>(gesture.dy);
        break;
      case Gesture::kPanEnd:
        if (drag_ == Drag::kMouse) {
          io.AddMouseButtonEvent(ImGuiMouseButton_Left, false);
          io.AddMousePosEvent(kOutside, kOutside);
        }
        if (!ui_.reduced_motion) {
          if (drag_ == Drag::kPaper) paper.fling.start(gesture.vx);
          if (drag_ == Drag::kScroll && dragged_area_) dragged_area_->fling.start(gesture.vy);
        }
        drag_ = Drag::kNone;
        break;
      case Gesture::kPinch: {
        if (blocked) break;
        if (pinched_page_.GetWidth() <= 0 && pinched_paper_.GetWidth() <= 0) {
          for (const DragZone& candidate : ui_.last_zones)
            if (candidate.kind == DragZone::kPage && candidate.rect.Contains(ImVec2(x, y))) pinched_page_ = candidate.rect;
        }
        if (pinched_page_.GetWidth() > 0) {
          move_page(state_.review, gesture.dx, gesture.dy);
          zoom_page(state_.review, pinched_page_, gesture.scale, ImVec2(x, y));
          break;
        }
        if (pinched_paper_.GetWidth() <= 0) {
          const DragZone* zone = nullptr;
          for (const DragZone& candidate : ui_.last_zones) {
            if (candidate.kind == DragZone::kPaper && candidate.rect.Contains(ImVec2(x, y)))
              zone = &candidate;
          }
          if (!zone) break;
          pinched_paper_ = zone->rect;
        }
        const double before = paper.shown_px_per_mm;
        zoom_paper(paper, gesture.scale, x - pinched_paper_.Min.x);
        paper.pan_px -= gesture.dx;
        // The sheet grows downwards too: scroll so that what is between the fingers stays there.
        if (ScrollArea* area = ui_.scroll_at(x, y)) {
          const float factor = static_cast<float>(paper.shown_px_per_mm / before);
          const float top = pinched_paper_.Min.y;
          area->wanted += (y - top) * (factor - 1) - static_cast<float>(gesture.dy);
          area->max += std::max(0.0f, pinched_paper_.GetHeight() * (factor - 1));
        }
        for (const DragZone& candidate : ui_.last_zones) {
          if (candidate.kind == DragZone::kPaper) pinched_paper_ = candidate.rect;
        }
        break;
      }
      case Gesture::kPinchEnd:
        pinched_paper_ = pinched_page_ = ImRect();
        break;
      case Gesture::kCancel:
        io.AddMousePosEvent(kOutside, kOutside);
        break;
    }
  }
}

void App::wheel(double x, double y, double dx, double dy, bool zoom) {
  settle_ = kSettleFrames;
  if (state_.progress) return;
  for (const DragZone& candidate : ui_.last_zones) {
    const ImVec2 at(static_cast<float>(x), static_cast<float>(y));
    if (candidate.kind != DragZone::kPage || !candidate.rect.Contains(at)) continue;
    zoom_page(state_.review, candidate.rect, std::exp(std::clamp(-dy, -200.0, 200.0) * (zoom ? 0.004 : 0.002)), at);
    return;
  }
  const DragZone* zone = nullptr;
  for (const DragZone& candidate : ui_.last_zones) {
    if (candidate.kind == DragZone::kPaper &&
        candidate.rect.Contains(ImVec2(static_cast<float>(x), static_cast<float>(y)))) {
      zone = &candidate;
    }
  }
  ScrollArea* area = ui_.scroll_at(static_cast<float>(x), static_cast<float>(y));
  if (zoom) {
    if (!zone) return;
    const double before = state_.paper.shown_px_per_mm;
    zoom_paper(state_.paper, std::exp(std::clamp(-dy, -200.0, 200.0) * 0.004), x - zone->rect.Min.x);
    if (area) {
      const float factor = static_cast<float>(state_.paper.shown_px_per_mm / before);
      area->wanted += (static_cast<float>(y) - zone->rect.Min.y) * (factor - 1);
      area->max += std::max(0.0f, zone->rect.GetHeight() * (factor - 1));
    }
    return;
  }
  if (zone && std::fabs(dx) > std::fabs(dy)) {
    state_.paper.pan_px += dx;
    return;
  }
  if (area) area->wanted += static_cast<float>(dy);
}

bool App::key(const KeyEvent& event) {
  settle_ = kSettleFrames;
  ui_.touch = false;
  ImGuiIO& io = ImGui::GetIO();
  io.AddKeyEvent(ImGuiMod_Shift, event.shift);
  if (event.ctrl || event.alt) return false;
  if (state_.screen == Screen::kEcho && !state_.progress && event.down && echo_key(state_, event.key, context_->NavDisableHighlight)) return true;
  if (const ImGuiKey key = key_of(event.key); key != ImGuiKey_None) {
    io.AddKeyEvent(key, event.down);
    return true;
  }
  if (!event.down) return false;
  if (event.key == "Escape") {
    escape();
    return true;
  }
  return scroll_by_key(event.key) || shortcut(event.key);
}

void App::escape() {
  if (state_.progress) {
    if (state_.progress->cancellable) send(state_, "cancel");
  } else if (!state_.error.empty()) {
    state_.error.clear();
    send(state_, "dismiss_error");
  } else if (state_.paper.calibrating) {
    state_.paper.calibrating = false;
  } else if (state_.paper.calipers_on) {
    state_.paper.calipers_on = false;
  } else if (state_.screen == Screen::kAbout) {
    state_.screen = home_screen(state_);
  } else if (state_.screen == Screen::kReview && state_.review.mode != ReviewMode::kLook) {
    choose_lead(state_.review, -1);
  } else if (state_.screen == Screen::kEcho && state_.echo.editing) {
    end_editing(state_.echo);
  }
}

bool App::scroll_by_key(const std::string& key) {
  const bool page_up = key == "PageUp", page_down = key == "PageDown", home = key == "Home",
             end = key == "End";
  if (!page_up && !page_down && !home && !end) return false;
  // The area of the focused control, else the last (the one with the trace).
  ScrollArea* area = nullptr;
  if (!ui_.last_scroll_order.empty()) area = &ui_.scrolls[ui_.last_scroll_order.back()];
  if (context_->NavWindow && !context_->NavDisableHighlight) {
    const ImVec2 centre = context_->NavWindow->Rect().GetCenter();
    if (ScrollArea* focused = ui_.scroll_at(centre.x, centre.y)) area = focused;
  }
  if (!area) return true;
  const float page = area->rect.GetHeight() * 0.85f;
  if (page_up) area->wanted -= page;
  if (page_down) area->wanted += page;
  if (home) area->wanted = -area->max;
  if (end) area->wanted = area->max;
  return true;
}

bool App::shortcut(const std::string& key) {
  if (state_.progress || key.size() != 1) return false;
  PaperState& paper = state_.paper;
  const bool result = state_.screen == Screen::kResult && state_.view;
  const bool start = state_.screen == Screen::kStart && !state_.view;
  const bool review = state_.screen == Screen::kReview && state_.review.page;
  const auto gain = [&](int direction) {
    constexpr double kGains[] = {5, 10, 20};
    int at = paper.settings.gain_mm_per_mv < 7 ? 0 : paper.settings.gain_mm_per_mv < 15 ? 1 : 2;
    at = std::clamp(at + direction, 0, 2);
    paper.settings.gain_mm_per_mv = kGains[at];
    paper.caliper = {};
  };
  switch (key[0]) {
    case 'o':
    case 'O':
      send(state_, "open");
      return true;
    case 'd':
    case 'D':  // only where there is no result that it would replace
      if (!start) return false;
      send_text(state_, "demo", "condition", "normal");
      return true;
    case 't':
    case 'T':
      if (!review) return false;
      state_.review.trace_on = !state_.review.trace_on;
      return true;
    case 'z':
    case 'Z':
      if (review) undo_page(state_);
      return review;
    case 'y':
    case 'Y':
      if (review) redo_page(state_);
      return review;
    case 'p':
    case 'P':
      if (result) send(state_, "print");
      return result;
    case 's':
    case 'S':
      if (result) paper.relevance_on = !paper.relevance_on;
      return result;
    case '1':
    case '2':
      if (result) {
        paper.settings.speed_mm_per_s = key[0] == '1' ? 25 : 50;
        paper.caliper = {};
      }
      return result;
    case '+':
    case '=':
      if (result) gain(1);
      return result;
    case '-':
    case '_':
      if (result) gain(-1);
      return result;
    default:
      return false;
  }
}

void App::draw_screens() {
  ImGui::SetNextWindowPos(ImVec2(0, 0));
  ImGui::SetNextWindowSize(ImVec2(ui_.width, ui_.height));
  ImGui::Begin("dashboard", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoBackground | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBringToFrontOnFocus |
                   ImGuiWindowFlags_NoScrollWithMouse);
  sharpen(ui_, ImGui::GetWindowDrawList());
  ImGui::GetWindowDrawList()->AddRectFilled(ImVec2(0, 0), ImVec2(ui_.width, ui_.height), colour::kPage);
  ImGui::BeginDisabled(state_.progress.has_value());
  ImRect rest(0, 0, ui_.width, ui_.height);
  const bool result = state_.screen == Screen::kResult && state_.view;
  draw_header(ui_, state_, &rest);
  // On every screen while a simulated patient's result is held, so that nothing shown can be taken for a
  // person's.
  if ((state_.view && state_.view->input.simulated) || (state_.echo.view && state_.echo.view->simulated)) draw_simulated_banner(ui_, &rest);
  draw_error_banner(ui_, state_, &rest);
  if (result && ui_.compact()) draw_tab_bar(state_, &rest);
  draw_footer(ui_, state_, &rest);
  switch (state_.screen) {
    case Screen::kResult:
      if (state_.view) {
        draw_result_screen(ui_, state_, rest);
        break;
      }
      [[fallthrough]];
    case Screen::kEcho:
      if (state_.screen == Screen::kEcho && state_.echo.view) {
        draw_echo_screen(ui_, state_, rest);
        break;
      }
      [[fallthrough]];
    case Screen::kReview:
      if (state_.review.page) {
        draw_review_screen(ui_, state_, rest);
        break;
      }
      [[fallthrough]];
    case Screen::kStart:
      draw_start_screen(ui_, state_, rest);
      break;
    case Screen::kAbout:
      draw_about_screen(ui_, state_, rest);
      break;
  }
  ImGui::EndDisabled();
  ImGui::End();
  draw_progress(ui_, state_);
}

bool App::frame(const WindowSize& size, double now_ms) {
  ImGuiIO& io = ImGui::GetIO();
  const float width = static_cast<float>(std::max(1.0, size.width_px)),
              height = static_cast<float>(std::max(1.0, size.height_px));
  const float dpr = static_cast<float>(std::clamp(size.device_pixel_ratio, 0.5, 4.0));
  if (width != ui_.width || height != ui_.height || dpr != ui_.dpr) settle_ = kSettleFrames;
  ui_.width = width;
  ui_.height = height;
  ui_.dpr = dpr;
  if (dpr != built_dpr_) {
    build_fonts(fonts_, std::clamp(dpr, 1.0f, 3.0f));
    built_dpr_ = dpr;
    fonts_changed_ = true;
    settle_ = kSettleFrames;
  }
  // After a pause the first frame must not see the whole pause as one step.
  ui_.elapsed_ms = std::clamp(now_ms - last_frame_ms_, 1.0, 50.0);
  last_frame_ms_ = now_ms;
  ui_.now_ms = now_ms;
  ui_.moving = false;
  ui_.cursor = nullptr;
  ui_.frame = lay_out(width);
  ui_.last_scroll_order = std::exchange(ui_.scroll_order, {});
  ui_.last_zones = std::exchange(ui_.zones, {});

  io.DisplaySize = ImVec2(width, height);
  io.DisplayFramebufferScale = ImVec2(dpr, dpr);
  io.DeltaTime = static_cast<float>(ui_.elapsed_ms / 1000);
  ImGui::NewFrame();
  draw_screens();
  ImGui::Render();
  // Input that arrives between two frames is met by what this frame drew.
  ui_.last_scroll_order = ui_.scroll_order;
  ui_.last_zones = ui_.zones;

  if (settle_ > 0) --settle_;
  if (context_->InputEventsQueue.Size > 0) settle_ = std::max(settle_, 2);
  return ui_.moving || settle_ > 0;
}

bool App::take_fonts_changed() { return std::exchange(fonts_changed_, false); }

const char* App::cursor() const {
  if (ui_.cursor) return ui_.cursor;
  switch (ImGui::GetMouseCursor()) {
    case ImGuiMouseCursor_Hand:
      return "pointer";
    case ImGuiMouseCursor_TextInput:
      return "text";
    default:
      return "default";
  }
}

std::string App::take_commands() {
  std::string array = "[";
  for (const std::string& command : state_.commands) {
    if (array.size() > 1) array += ',';
    array += command;
  }
  state_.commands.clear();
  return array + "]";
}

}  // namespace precordia::dashboard
