// The review of a page of paper without a window: what is corrected, undone, tapped and dragged.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "dashboard/app.h"
#include "dashboard/imgui_headers.h"
#include "dashboard/page_drawing.h"

using namespace precordia::dashboard;

namespace {

// A page of 250 by 150 mm, 4 px to the millimetre, with two leads: I is clear, V3 is unsure in its second half.
struct Example {
  std::string json;
  std::vector<float> blob;
};
Example example(const std::string& error = "") {
  Example e;
  const int columns = 26, rows = 16;
  for (int j = 0; j < rows; ++j)
    for (int i = 0; i < columns; ++i) e.blob.insert(e.blob.end(), {static_cast<float>(i * 40 + 2 * j), static_cast<float>(j * 40)});
  const size_t nodes = e.blob.size();
  std::string traces;
  for (const auto& [lead, y, state] : {std::tuple("I", 30.0f, "good"), std::tuple("V3", 90.0f, "watch")}) {
    const size_t points = e.blob.size();
    for (int k = 0; k < 500; ++k) e.blob.insert(e.blob.end(), {10 + 0.4f * static_cast<float>(k), y + 3 * std::sin(static_cast<float>(k) * 0.1f)});
    const size_t doubts = e.blob.size();
    for (int k = 0; k < 500; ++k) e.blob.push_back(y > 50 && k > 250 ? 0.9f : 0.05f);
    if (!traces.empty()) traces += ",";
    traces += std::string(R"({"lead":")") + lead + R"(","state":")" + state + R"(","text":"words","points":{"at":)" + std::to_string(points) +
              R"(,"n":1000},"doubt":{"at":)" + std::to_string(doubts) + R"(,"n":500}})";
  }
  e.json = R"({"input":"page.png","error":")" + error + R"(","verdict":{"tone":"watch","headline":"Please look at V3","sentence":"Amber marks where the reading is unsure."},
    "skippable":false,"image":{"width":1040,"height":640},"corners":[10,10,1030,10,1030,630,10,630],"quarter_turns":0)";
  if (error.empty())
    e.json += R"(,"layout":{"id":"3x4+1","text":"3 × 4 + rhythm","known":"from the printed names"},"layouts":[{"id":"3x4+1","text":"3 × 4 + rhythm"},{"id":"6x2","text":"6 × 2"}],
    "speed":{"value":25,"known":"from the grid"},"gain":{"value":10,"known":"assumed"},"checks":[{"id":"pulse","label":"Calibration pulse","text":"5.0 mm","state":"bad"}],
    "notes":["A note."],"mesh":{"columns":26,"rows":16,"origin_x_mm":0,"origin_y_mm":0,"step_mm":10,"nodes":{"at":0,"n":)" +
              std::to_string(nodes) + R"(}},"traces":[)" + traces + "]";
  e.json += "}";
  return e;
}

struct Window {
  App app;
  WindowSize size;
  double now_ms = 0;
  Window(double width, double height) : size{width, height, 1} { settle(); }
  void settle() {
    bool more = true;
    for (int i = 0; more && i < 200; ++i) more = app.frame(size, now_ms += 16);
  }
  void show(const std::string& error = "", bool corrected = false) {
    Example e = example(error);
    app.set_page(e.json, e.blob, corrected);
    settle();
  }
  void tap(double x, double y) {
    app.pointer({PointerKind::kTouch, PointerPhase::kDown, 7, x, y, now_ms});
    app.pointer({PointerKind::kTouch, PointerPhase::kUp, 7, x, y, now_ms + 40});
    settle();
  }
  void mouse_drag(double x0, double y0, double x1, double y1) {
    app.pointer({PointerKind::kMouse, PointerPhase::kMove, 1, x0, y0, now_ms});
    settle();
    app.pointer({PointerKind::kMouse, PointerPhase::kDown, 1, x0, y0, now_ms});
    settle();
    for (int i = 1; i <= 4; ++i) {
      app.pointer({PointerKind::kMouse, PointerPhase::kMove, 1, x0 + (x1 - x0) * i / 4, y0 + (y1 - y0) * i / 4, now_ms});
      settle();
    }
    app.pointer({PointerKind::kMouse, PointerPhase::kUp, 1, x1, y1, now_ms});
    settle();
  }
  // Where the page is on the screen, from the zone that it takes fingers in.
  ImRect page() {
    for (const DragZone& zone : app.ui().last_zones)
      if (zone.kind == DragZone::kPage) return zone.rect;
    return {};
  }
  ImVec2 on_screen(double x_mm, double y_mm) {
    const ReviewState& review = app.state().review;
    const ImRect rect = page();
    return ImVec2(rect.Min.x + static_cast<float>((x_mm - review.left_mm) * review.shown_scale),
                  rect.Min.y + static_cast<float>((y_mm - review.top_mm) * review.shown_scale));
  }
};

}  // namespace

TEST_CASE("the review draws at every size, readable or refused, and comes to rest") {
  for (const auto& [width, height] : {std::tuple(1280, 800), std::tuple(800, 1280), std::tuple(390, 844), std::tuple(320, 480)}) {
    CAPTURE(width);
    Window window(width, height);
    for (const char* error : {"", "No grid was found: photograph the whole page."}) {
      window.show(error);
      CHECK(window.app.state().screen == Screen::kReview);
      CHECK(ImGui::GetDrawData()->TotalVtxCount > 800);
      CHECK_FALSE(window.app.frame(window.size, window.now_ms + 100));
    }
  }
}

TEST_CASE("where there is a camera the screens offer a photo") {
  Window window(390, 844);
  window.app.set_status(R"({"camera":true})");
  CHECK(window.app.state().status.camera);
  window.show("No grid was found.");
  const ImRect page = window.page();
  window.app.take_commands();
  window.tap(390 - 16 - 40, 844 - 32 - 32);   // the primary button, at the right end of the bar above the footer
  CHECK(window.app.take_commands().find("\"camera\"") != std::string::npos);
  CHECK(page.GetHeight() > 150);
}

TEST_CASE("a page with parts missing or out of range is shown as far as it goes") {
  Window window(800, 1280);
  for (const char* json : {"{}", R"({"mesh":{"columns":1e9,"rows":3,"step_mm":5}})", R"({"traces":[{"points":{"at":5,"n":99999999}}],"corners":[1]})"}) {
    window.app.set_page(json, {1, 2, 3}, false);
    window.settle();
    CHECK(window.app.state().screen == Screen::kReview);
  }
  window.app.set_page("no JSON", {}, false);
  CHECK_FALSE(window.app.state().error.empty());
}

TEST_CASE("the mesh maps the page to the picture and back") {
  const Example e = example();
  const auto page = read_page(e.json, e.blob);
  REQUIRE(page.has_value());
  for (const PlanePoint mm : {PlanePoint{3, 4}, PlanePoint{120.5, 77}, PlanePoint{249, 149}, PlanePoint{-4, 152}}) {
    const PlanePoint px = page->mesh.image_from_plane(mm), back = page->mesh.plane_from_image(px);
    CHECK(back.x == doctest::Approx(mm.x).epsilon(0.001));
    CHECK(back.y == doctest::Approx(mm.y).epsilon(0.001));
  }
}

TEST_CASE("a tapped trace is mended by a point that its line must pass through; undo takes the point back") {
  Window window(1280, 800);
  window.show();
  ReviewState& review = window.app.state().review;
  const ImVec2 on_v3 = window.on_screen(100, 90);
  window.tap(on_v3.x, on_v3.y);
  REQUIRE(review.mode == ReviewMode::kLead);
  CHECK(review.page->traces[static_cast<size_t>(review.lead)].lead == "V3");
  window.app.take_commands();
  const ImVec2 target = window.on_screen(120, 94);
  window.tap(target.x, target.y);
  std::string sent = window.app.take_commands();
  CHECK(sent.find("\"command\":\"retrace\"") != std::string::npos);
  CHECK(sent.find("\"lead\":\"V3\"") != std::string::npos);
  REQUIRE(review.corrections().retrace.size() == 1);
  const PlanePoint px = review.corrections().retrace[0].through[0], wanted = review.page->mesh.image_from_plane({120, 94});
  CHECK(std::fabs(px.x - wanted.x) < 3);
  CHECK(std::fabs(px.y - wanted.y) < 3);
  window.show("", true);   // the page read again
  CHECK(review.mode == ReviewMode::kLead);
  CHECK(review.draft.size() == 1);
  undo_page(window.app.state());
  sent = window.app.take_commands();
  CHECK(sent.find("V3") == std::string::npos);
  CHECK(review.can_redo());
  redo_page(window.app.state());
  CHECK(window.app.take_commands().find("V3") != std::string::npos);
}

TEST_CASE("corners are dragged with the mouse and used together") {
  Window window(1280, 800);
  window.show("No grid was found.");
  ReviewState& review = window.app.state().review;
  begin_corners(review);
  window.settle();
  const double mm = 280.0 / 1040;
  const ImVec2 from = window.on_screen(10 * mm, 10 * mm), to = window.on_screen(100 * mm, 60 * mm);
  window.mouse_drag(from.x, from.y, to.x, to.y);
  CHECK(std::fabs(review.draft[0].x - 100) < 3);
  CHECK(std::fabs(review.draft[0].y - 60) < 3);
  // Across the opposite corner it does not go: the page would be folded.
  const ImVec2 beyond = window.on_screen(1035 * mm, 635 * mm);
  window.mouse_drag(to.x, to.y, beyond.x, beyond.y);
  CHECK(review.draft[0].x < 1030);
}

TEST_CASE("a drag moves the page, the wheel zooms where the pointer is, and the whole page is the least") {
  Window window(1280, 800);
  window.show();
  ReviewState& review = window.app.state().review;
  const double whole = review.shown_scale;
  const ImVec2 at = window.on_screen(200, 60);
  window.app.wheel(at.x, at.y, 0, -200, false);
  window.settle();
  CHECK(review.shown_scale > whole * 1.2);
  const ImVec2 after = window.on_screen(200, 60);
  CHECK(std::fabs(after.x - at.x) < 2);
  const double left = review.left_mm;
  window.mouse_drag(at.x, at.y, at.x - 60, at.y);
  CHECK(review.left_mm > left);
  for (int i = 0; i < 20; ++i) window.app.wheel(at.x, at.y, 0, 200, false);
  window.settle();
  CHECK(review.shown_scale == doctest::Approx(whole));
}

TEST_CASE("speed and layout are changed with what was said before kept, and a new page starts without it") {
  Window window(1280, 800);
  window.show();
  AppState& state = window.app.state();
  PageCorrections next = state.review.corrections();
  next.mm_per_s = 50;
  correct_page(state, next);
  next = state.review.corrections();
  next.layout = "6x2";
  correct_page(state, next);
  const std::string sent = window.app.take_commands();
  CHECK(sent.find("\"mm_per_s\":50") != std::string::npos);
  CHECK(sent.find("\"layout\":\"6x2\"") != std::string::npos);
  window.show("", true);
  CHECK(state.review.can_undo());
  window.show();
  CHECK_FALSE(state.review.can_undo());
  window.app.set_page("", {}, false);
  window.settle();
  CHECK(state.screen == Screen::kStart);
}
