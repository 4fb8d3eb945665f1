// The dashboard as one object: takes what the host and the user do, draws one frame when asked, and says
// whether it wants another. It owns the Dear ImGui context but no window: the browser's side is
// platform_wasm.cc, and the unit tests run it without any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dashboard/app_state.h"
#include "dashboard/touch.h"
#include "dashboard/type_scale.h"
#include "dashboard/ui.h"

struct ImGuiContext;

namespace precordia::dashboard {

enum class PointerKind { kMouse, kTouch, kPen };
enum class PointerPhase { kDown, kMove, kUp, kCancel, kLeave };

struct PointerEvent {
  PointerKind kind = PointerKind::kMouse;
  PointerPhase phase = PointerPhase::kMove;
  int id = 0;
  double x = 0, y = 0;  // CSS px
  double time_ms = 0;
};

struct KeyEvent {
  std::string key;  // as KeyboardEvent.key names it
  bool down = true, shift = false, ctrl = false, alt = false;
};

struct WindowSize {
  double width_px = 0, height_px = 0;  // CSS px
  double device_pixel_ratio = 1;
};

class App {
 public:
  App();
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  void set_fonts(FontFiles files);
  void set_reduced_motion(bool reduced);

  // From the host; see host_status.h and view_model.h. A view that cannot be read shows its error and keeps
  // the last one.
  void set_view(std::string_view json, std::vector<float> blob);
  void clear_view();
  // A page of paper to be reviewed (page_model.h); `corrected`: the same one, read again. An empty text takes it away.
  void set_page(std::string_view json, std::vector<float> blob, bool corrected);
  void set_page_texture(unsigned long long texture);
  // Clips of an echocardiogram (echo_model.h); `corrected`: the same ones, measured again, whose pixels are kept. An empty text takes
  // them away.
  void set_echo(std::string_view json, std::vector<float> blob, std::vector<uint8_t> pixels, bool corrected);
  void set_status(std::string_view json);
  void set_progress(std::string_view json);  // "null": done
  void set_error(std::string sentence);      // empty: none
  void set_language(std::string_view table, std::string_view language);  // assets/languages.tsv

  void pointer(const PointerEvent& event);
  void wheel(double x, double y, double dx, double dy,
             bool zoom);            // px; `zoom`: with Ctrl, or a touchpad pinch
  bool key(const KeyEvent& event);  // whether the dashboard uses it, so that the browser should not

  // Draws into ImGui::GetDrawData(). Returns whether the next frame should follow without waiting for input.
  bool frame(const WindowSize& size, double now_ms);

  // True once after the font atlas was rebuilt: its texture must be made anew.
  bool take_fonts_changed();

  // CSS name of the cursor for what is under the pointer.
  const char* cursor() const;

  // A JSON array of the commands since the last call.
  std::string take_commands();

  AppState& state() { return state_; }
  const Ui& ui() const { return ui_; }

 private:
  void touch(const std::vector<Gesture>& gestures);
  bool shortcut(const std::string& key);
  void escape();
  bool scroll_by_key(const std::string& key);
  void draw_screens();

  ImGuiContext* context_;
  AppState state_;
  Ui ui_;
  FontFiles fonts_;
  bool fonts_changed_ = false;
  float built_dpr_ = 0;
  TouchReader touch_reader_;
  enum class Drag { kNone, kScroll, kPaper, kMouse, kPage } drag_ = Drag::kNone;
  ScrollArea* dragged_area_ = nullptr;
  ImRect pinched_paper_, pinched_page_;
  int settle_ = 3;  // frames still to draw so that hover, measured heights and queued input come to rest
  double last_frame_ms_ = 0;
};

}  // namespace precordia::dashboard
