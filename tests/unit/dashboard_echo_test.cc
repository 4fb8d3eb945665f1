// The echo screen without a window: a simulated clip and its true masks go the whole way through engine and screen.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "dashboard/app.h"
#include "dashboard/echo_drawing.h"
#include "dashboard/echo_screen.h"
#include "dashboard/imgui_headers.h"
#include "echo/heart.h"
#include "echo/outline.h"
#include "engine/echo_view.h"
#include "engine/examination.h"

using namespace precordia::dashboard;

namespace {

using precordia::test::Heart;
using precordia::test::kMaskSide;

struct Window {
  App app;
  WindowSize size;
  double now_ms = 0;
  Window(double width, double height) : size{width, height, 1} { settle(); }
  bool settle(int most = 40) {
    bool more = true;
    for (int i = 0; more && i < most; ++i) more = app.frame(size, now_ms += 16);
    return !more;
  }
  void show(const Heart& heart, bool corrected = false) {
    precordia::View view = precordia::echo_view(heart.echo);
    app.set_echo(view.json, std::move(view.blob), corrected ? std::vector<uint8_t>() : precordia::echo_pixels(heart.echo), corrected);
    settle();
  }
  EchoState& echo() { return app.state().echo; }
  bool key(const char* name) {
    const bool used = app.key({name, true, false, false, false});
    app.key({name, false, false, false, false});
    settle(6);
    return used;
  }
  void drag(ImVec2 from, ImVec2 to) {
    app.pointer({PointerKind::kMouse, PointerPhase::kMove, 1, from.x, from.y, now_ms});
    settle();
    app.pointer({PointerKind::kMouse, PointerPhase::kDown, 1, from.x, from.y, now_ms});
    settle();
    for (int i = 1; i <= 4; ++i) {
      app.pointer({PointerKind::kMouse, PointerPhase::kMove, 1, from.x + (to.x - from.x) * i / 4, from.y + (to.y - from.y) * i / 4, now_ms});
      settle();
    }
    app.pointer({PointerKind::kMouse, PointerPhase::kUp, 1, to.x, to.y, now_ms});
    settle();
  }
  void tap(double x, double y) {
    app.pointer({PointerKind::kTouch, PointerPhase::kDown, 7, x, y, now_ms});
    app.pointer({PointerKind::kTouch, PointerPhase::kUp, 7, x, y, now_ms + 40});
    settle();
  }
  // The zone of the curve: the widest that takes a drag.
  ImRect curve() {
    ImRect widest;
    for (const DragZone& zone : app.ui().last_zones)
      if (zone.kind == DragZone::kDrag && zone.rect.GetWidth() > widest.GetWidth()) widest = zone.rect;
    return widest;
  }
  // Handles of the contour that is corrected, as zones of 44 px.
  std::vector<ImVec2> handles() {
    std::vector<ImVec2> out;
    for (const DragZone& zone : app.ui().last_zones)
      if (zone.kind == DragZone::kDrag && zone.rect.GetWidth() < 46) out.push_back(zone.rect.GetCenter());
    return out;
  }
};

// Hearts of the tests that only look; simulating one is most of a test's time.
const Heart& heart_of(int ef) {
  static const Heart reduced(35), normal(60);
  return ef == 35 ? reduced : normal;
}

}  // namespace

TEST_CASE("echo screen: the whole way from a simulated clip gives its ejection fraction, contours and curve") {
  const Heart& heart = heart_of(35);
  Window window(1280, 800);
  window.show(heart);
  const EchoViewModel& view = *window.echo().view;
  CHECK(window.app.state().screen == Screen::kEcho);
  REQUIRE(view.ef.has_value());
  CHECK(std::fabs(*view.ef - heart.cine.ef_percent) < 3);
  CHECK(view.simulated);
  CHECK(view.tone == Tone::kAct);
  REQUIRE(view.bands.size() == 3);
  CHECK(view.bands[0].probability + view.bands[1].probability + view.bands[2].probability == doctest::Approx(1).epsilon(0.001));
  const EchoClipView& clip = view.clips[0];
  CHECK(clip.view == "apical 4-chamber");
  CHECK(clip.volume_unit == "ml");
  CHECK(clip.walls.size() == 6);
  REQUIRE(!clip.beats.empty());
  CHECK(clip.beats.front().ed_ml > clip.beats.front().es_ml);
  CHECK(view.points(clip.lv, clip.beats[0].ed, kLvPoints).size() == 2 * kLvPoints);
  CHECK(view.points(clip.myocardium, 0, kRegionPoints).size() == 2 * kRegionPoints);
  CHECK(view.points(clip.atrium, 0, kRegionPoints).size() == 2 * kRegionPoints);
  CHECK(view.grey(clip, 0).size() == static_cast<size_t>(clip.side * clip.side));
}

TEST_CASE("echo screen draws at every size, with an answer and without, and comes to rest") {
  const Heart good(60, 2), refused(60, 1, false);
  for (const auto& [width, height] : {std::tuple(1280, 800), std::tuple(800, 1280), std::tuple(390, 844), std::tuple(320, 480)}) {
    CAPTURE(width);
    Window window(width, height);
    for (const Heart* heart : {&good, &refused}) {
      window.show(*heart);
      CHECK(window.app.state().screen == Screen::kEcho);
      CHECK(ImGui::GetDrawData()->TotalVtxCount > 800);
      CHECK_FALSE(window.app.frame(window.size, window.now_ms + 100));
    }
    CHECK(window.echo().view->ef == std::nullopt);
    CHECK_FALSE(window.echo().view->cannot_tell.empty());
  }
}

TEST_CASE("echo screen: it draws while it plays and not at all once it is paused") {
  Window window(390, 844);
  window.show(heart_of(60));
  const int start = window.echo().frame;
  CHECK(window.key("k"));
  CHECK_FALSE(window.settle(30));
  CHECK(window.echo().playing);
  CHECK(window.echo().frame != start);
  CHECK(window.key("k"));
  CHECK(window.settle());
  CHECK_FALSE(window.echo().playing);
  const int paused = window.echo().frame;
  CHECK_FALSE(window.app.frame(window.size, window.now_ms += 1000));
  CHECK(window.echo().frame == paused);
}

TEST_CASE("echo screen: a clip plays at its own speed, at half and at a quarter of it, and begins again at its end") {
  Window window(1280, 800);
  const Heart& heart = heart_of(60);
  window.show(heart);
  EchoState& echo = window.echo();
  const double length = clip_length_ms(echo);
  CHECK(length == doctest::Approx(heart.cine.clip.frame_count() * 1000.0 / 30).epsilon(0.01));
  for (size_t speed = 0; speed < kEchoSpeeds.size(); ++speed) {
    go_to_frame(echo, 0);
    echo.speed = static_cast<int>(speed);
    play(echo, true);
    advance(echo, 0);
    for (int i = 1; i <= 5; ++i) advance(echo, 100.0 * i);
    CHECK(std::fabs(frame_ms(echo, echo.frame) - 500 * kEchoSpeeds[speed]) < 34);   // one frame
  }
  echo.speed = 2;
  go_to_frame(echo, echo.shown_clip().frames - 1);
  play(echo, true);
  advance(echo, 0);
  advance(echo, 60);
  CHECK(echo.frame < 3);
}

TEST_CASE("echo screen: keys step, choose beats, overlays and contours") {
  Window window(1280, 800);
  window.show(heart_of(60));
  EchoState& echo = window.echo();
  const int start = echo.frame;
  CHECK(window.key("."));
  CHECK(echo.frame == start + 1);
  CHECK(window.key(","));
  CHECK(echo.frame == start);
  CHECK(window.key("ArrowRight"));
  CHECK(echo.frame == start + 1);
  if (echo.shown_clip().beats.size() > 1) {
    CHECK(window.key("]"));
    CHECK(echo.beat == 1);
    CHECK(echo.frame == echo.shown_clip().beats[1].ed);
  }
  CHECK(window.key("c"));
  CHECK_FALSE(echo.lv_on);
  CHECK(window.key("u"));
  CHECK(echo.overlay == EchoOverlay::kUncertainty);
  CHECK(window.key("m"));
  CHECK(echo.overlay == EchoOverlay::kMotion);
  // The wall is tinted, the blood is not.
  const EchoPicture& picture = echo.pictures[kCinePlace];
  const auto classes = echo.view->classes(echo.shown_clip(), echo.frame);
  int tinted_wall = 0, tinted_blood = 0;
  for (int y = 0; y < picture.side; ++y)
    for (int x = 0; x < picture.side; ++x) {
      const uint8_t* rgb = &picture.rgba[static_cast<size_t>(4 * (y * picture.side + x))];
      const int one = classes[static_cast<size_t>(y * kMaskSide / picture.side * kMaskSide + x * kMaskSide / picture.side)];
      if (rgb[0] != rgb[2]) (one == 2 ? tinted_wall : tinted_blood) += 1;
    }
  CHECK(tinted_wall > 300);
  CHECK(tinted_blood == 0);
}

TEST_CASE("echo screen: a tap and a drag on the curve go to that moment") {
  for (const auto& [width, height] : {std::tuple(1280, 800), std::tuple(390, 844)}) {
    Window window(width, height);
    window.show(heart_of(60));
    const ImRect curve = window.curve();
    REQUIRE(curve.GetWidth() > 200);
    window.tap(curve.Max.x - 20, curve.GetCenter().y);
    CHECK(window.echo().frame > 0.85 * window.echo().shown_clip().frames);
    window.drag(ImVec2(curve.Max.x - 30, curve.GetCenter().y), ImVec2(curve.Min.x + 60, curve.GetCenter().y));
    CHECK(window.echo().frame < 0.15 * window.echo().shown_clip().frames);
  }
}

TEST_CASE("echo screen: a contour that is dragged becomes a correction that can be undone, and the ejection fraction follows") {
  Heart heart(35);
  Window window(1280, 800);
  window.show(heart);
  const double before = *window.echo().shown_clip().beats[0].ef;
  const int ed = window.echo().shown_clip().beats[0].ed;
  CHECK(window.key("e"));
  REQUIRE(window.echo().editing);
  CHECK(window.echo().frame == ed);
  const std::vector<ImVec2> handles = window.handles();
  REQUIRE(handles.size() == 9);
  window.app.take_commands();
  // The left wall's middle outwards: a larger ventricle at end-diastole, so a larger ejection fraction.
  window.drag(handles[2], handles[2] - ImVec2(40, 0));
  const std::string commands = window.app.take_commands();
  CHECK(commands.find("\"echo_contour\"") != std::string::npos);
  const auto changed = window.echo().history[window.echo().at];
  REQUIRE(changed.size() == 1);
  std::vector<precordia::EchoPoint> points;
  for (const PlanePoint& p : changed.begin()->second)
    points.push_back({static_cast<float>(p.x * heart.cine.clip.side), static_cast<float>(p.y * heart.cine.clip.side)});
  CHECK(points.size() == kLvPoints);
  REQUIRE(heart.echo.set_contour(0, ed, points));
  window.show(heart, true);
  CHECK(window.app.state().screen == Screen::kEcho);
  CHECK(window.echo().editing);
  CHECK(window.echo().shown_clip().by_hand == std::vector<int>{ed});
  CHECK(*window.echo().shown_clip().beats[0].ef > before + 5);
  CHECK(window.key("z"));
  CHECK(window.app.take_commands().find("\"points\":[]") != std::string::npos);
  CHECK_FALSE(window.echo().can_undo());
  CHECK(window.key("y"));
  CHECK(window.app.take_commands().find("\"points\":[") != std::string::npos);
  CHECK(window.key("Escape"));
  CHECK_FALSE(window.echo().editing);
}

TEST_CASE("echo screen: what does not fit together is refused in one sentence") {
  Window window(800, 1280);
  const Heart& heart = heart_of(60);
  const precordia::View view = precordia::echo_view(heart.echo);
  const std::vector<uint8_t> pixels = precordia::echo_pixels(heart.echo);
  for (const std::string& json : {std::string("{}"), std::string("no JSON"), std::string(R"({"clips":[{"side":1e9,"mask_side":2,"frames":5}]})"),
                                  std::string(R"({"clips":[{"side":100,"mask_side":64,"frames":50,"frames_at":0,"classes_at":-4,"entropy_at":0}]})")}) {
    window.app.set_echo(json, {}, pixels, false);
    window.settle();
    CHECK_FALSE(window.app.state().error.empty());
    CHECK(window.app.state().screen == Screen::kStart);
  }
  // Pixels that are too few, and floats that are missing.
  window.app.set_echo(view.json, view.blob, {1, 2, 3}, false);
  CHECK(window.app.state().screen == Screen::kStart);
  window.app.set_echo(view.json, {}, pixels, false);
  window.settle();
  CHECK(window.app.state().screen == Screen::kEcho);
  CHECK(window.app.state().error.empty());
}

TEST_CASE("echo screen: closing the clip leads back to the start, and beside an ECG's answer there is a way to it") {
  Window window(1280, 800);
  window.show(heart_of(60));
  window.app.set_echo("", {}, {}, false);
  window.settle();
  CHECK(window.app.state().screen == Screen::kStart);
  CHECK_FALSE(window.echo().view.has_value());
}

TEST_CASE("an outline runs once around the largest region, clockwise, and nowhere where there is none") {
  constexpr int kSide = 40;
  std::vector<uint8_t> mask(kSide * kSide, 0);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      if (std::hypot(x - 14.5, y - 20.5) < 10) mask[static_cast<size_t>(y * kSide + x)] = 1;
      if (x > 33 && y < 5) mask[static_cast<size_t>(y * kSide + x)] = 1;
    }
  const auto points = precordia::outline(mask, kSide, 1u << 1, 48);
  REQUIRE(points.size() == 48);
  double area = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    const auto &a = points[i], &b = points[(i + 1) % points.size()];
    area += (static_cast<double>(a.x) * b.y - static_cast<double>(b.x) * a.y) / 2;
    CHECK(std::hypot(a.x * kSide - 15, a.y * kSide - 21) == doctest::Approx(10).epsilon(0.3));
  }
  CHECK(area * kSide * kSide == doctest::Approx(3.14159 * 100).epsilon(0.06));
  CHECK(precordia::outline(mask, kSide, 1u << 3, 48).empty());
  CHECK(precordia::outline(std::vector<uint8_t>(5), kSide, 1u << 1, 48).empty());
  CHECK(precordia::outline(std::vector<uint8_t>(kSide * kSide, 1), kSide, 1u << 1, 12).size() == 12);
}

TEST_CASE("simulated clips are asked for by name; without an echo network there is nothing to measure them with") {
  precordia::Examination examination;
  const auto unknown = examination.load_simulated_clips("echo_marvellous");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().message.find("echo_reduced") != std::string::npos);
  const auto without = examination.load_simulated_clips("echo_reduced");
  REQUIRE_FALSE(without.has_value());
  CHECK(without.error().code == precordia::ErrorCode::kModel);
}
