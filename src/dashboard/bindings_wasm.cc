// What web/dashboard_host.js sees of the dashboard. Texts are JSON as in host_status.h and view_model.h.
#include <emscripten/bind.h>
#include <emscripten/val.h>

#include <string>
#include <utility>
#include <vector>

#include "dashboard/app.h"
#include "dashboard/platform_wasm.h"

namespace {

using emscripten::val;
using namespace precordia::dashboard;

template <typename Number>
std::vector<Number> copy_array(const val& array) {
  if (array.isNull() || array.isUndefined()) return {};
  return emscripten::convertJSArrayToNumberVector<Number>(array);
}

class Dashboard {
 public:
  explicit Dashboard(std::string canvas_selector) : canvas_(std::move(canvas_selector)) {}

  bool ready() const { return canvas_.ready(); }
  void set_fonts(const val& regular, const val& semibold) {
    app_.set_fonts({copy_array<uint8_t>(regular), copy_array<uint8_t>(semibold)});
  }
  void set_reduced_motion(bool reduced) { app_.set_reduced_motion(reduced); }

  void set_view(const std::string& json, const val& blob) { app_.set_view(json, copy_array<float>(blob)); }
  void clear_view() { app_.clear_view(); }
  // A page of paper; the picture is {width, height, rgba}, kept from the call before when null.
  void set_page(const std::string& json, const val& blob, bool corrected) { app_.set_page(json, copy_array<float>(blob), corrected); }
  void set_page_picture(int width, int height, const val& rgba) {
    canvas_.set_picture(width, height, copy_array<uint8_t>(rgba));
    app_.set_page_texture(canvas_.picture());
  }
  // Clips of an echocardiogram; `pixels` are kept from the call before when `corrected`.
  void set_echo(const std::string& json, const val& blob, const val& pixels, bool corrected) {
    app_.set_echo(json, copy_array<float>(blob), copy_array<uint8_t>(pixels), corrected);
  }
  void set_status(const std::string& json) { app_.set_status(json); }
  void set_progress(const std::string& json) { app_.set_progress(json); }
  void set_language(const std::string& table, const std::string& language) { app_.set_language(table, language); }
  void set_error(const std::string& sentence) { app_.set_error(sentence); }

  // kind: 0 mouse, 1 touch, 2 pen; phase: 0 down, 1 move, 2 up, 3 cancel, 4 leave.
  void pointer(int kind, int phase, int id, double x, double y, double time_ms) {
    app_.pointer({static_cast<PointerKind>(kind), static_cast<PointerPhase>(phase), id, x, y, time_ms});
  }
  void wheel(double x, double y, double dx, double dy, bool zoom) { app_.wheel(x, y, dx, dy, zoom); }
  bool key(const std::string& key, bool down, bool shift, bool ctrl, bool alt) {
    return app_.key({key, down, shift, ctrl, alt});
  }

  // Draws; true when another frame should follow at once.
  bool frame(double width, double height, double device_pixel_ratio, double now_ms) {
    const WindowSize size{width, height, device_pixel_ratio};
    canvas_.prepare(app_.state().echo);
    const bool more = app_.frame(size, now_ms);
    canvas_.draw(app_, size);
    return more;
  }
  std::string cursor() const { return app_.cursor(); }
  std::string take_commands() { return app_.take_commands(); }

  void context_lost() { canvas_.lost(); }
  bool context_restored() {
    const bool back = canvas_.restored();
    app_.set_page_texture(canvas_.picture());
    return back;
  }

 private:
  App app_;  // first: the canvas draws with its Dear ImGui context
  WebGlCanvas canvas_;
};

}  // namespace

EMSCRIPTEN_BINDINGS(dashboard) {
  emscripten::class_<Dashboard>("Dashboard")
      .constructor<std::string>()
      .function("ready", &Dashboard::ready)
      .function("set_fonts", &Dashboard::set_fonts)
      .function("set_reduced_motion", &Dashboard::set_reduced_motion)
      .function("set_view", &Dashboard::set_view)
      .function("set_page", &Dashboard::set_page)
      .function("set_page_picture", &Dashboard::set_page_picture)
      .function("set_echo", &Dashboard::set_echo)
      .function("clear_view", &Dashboard::clear_view)
      .function("set_status", &Dashboard::set_status)
      .function("set_progress", &Dashboard::set_progress)
      .function("set_language", &Dashboard::set_language)
      .function("set_error", &Dashboard::set_error)
      .function("pointer", &Dashboard::pointer)
      .function("wheel", &Dashboard::wheel)
      .function("key", &Dashboard::key)
      .function("frame", &Dashboard::frame)
      .function("cursor", &Dashboard::cursor)
      .function("take_commands", &Dashboard::take_commands)
      .function("context_lost", &Dashboard::context_lost)
      .function("context_restored", &Dashboard::context_restored);
}
