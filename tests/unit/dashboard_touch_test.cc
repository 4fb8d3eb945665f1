#include <doctest/doctest.h>

#include <cmath>

#include "dashboard/touch.h"

using namespace precordia::dashboard;

TEST_CASE("a fling slows down exponentially and ends") {
  Fling fling;
  fling.start(1000);
  double covered = 0;
  int frames = 0;
  while (fling.moving() && frames < 1000) {
    covered += fling.step(16);
    ++frames;
  }
  CHECK(frames < 120);  // under two seconds
  CHECK(covered ==
        doctest::Approx(1000 * 0.325).epsilon(0.03));  // v0 tau, less the part below the stopping speed
}

TEST_CASE("a fling covers the same distance whatever the frame rate") {
  Fling fast, slow;
  fast.start(2000);
  slow.start(2000);
  double by_8 = 0, by_32 = 0;
  for (int i = 0; i < 40; ++i) by_8 += fast.step(8);
  for (int i = 0; i < 10; ++i) by_32 += slow.step(32);
  CHECK(by_8 == doctest::Approx(by_32).epsilon(1e-9));
}

TEST_CASE("a slow release, a broken number and a stop do not fling") {
  Fling fling;
  fling.start(5);
  CHECK_FALSE(fling.moving());
  fling.start(std::nan(""));
  CHECK_FALSE(fling.moving());
  fling.start(500);
  fling.stop();
  CHECK(fling.step(16) == 0);
}

TEST_CASE("a short touch that stays put is a tap") {
  TouchReader reader;
  CHECK(reader.down(1, 100, 100, 0)[0].kind == Gesture::kPress);
  CHECK(reader.move(1, 104, 103, 50).empty());
  const auto up = reader.up(1, 104, 103, 90);
  REQUIRE(up.size() == 1);
  CHECK(up[0].kind == Gesture::kTap);
  CHECK(up[0].start_x == 100);
  CHECK_FALSE(reader.active());
}

TEST_CASE("a long press is no tap") {
  TouchReader reader;
  reader.down(1, 100, 100, 0);
  CHECK(reader.up(1, 100, 100, 2000)[0].kind == Gesture::kCancel);
}

TEST_CASE("a moving finger pans, and its last speed is the fling's first") {
  TouchReader reader;
  reader.down(1, 100, 500, 0);
  double moved = 0;
  bool began = false;
  for (int i = 1; i <= 10; ++i) {
    for (const Gesture& gesture : reader.move(1, 100, 500 - 16 * i, 16 * i)) {
      began = began || gesture.kind == Gesture::kPanStart;
      if (gesture.kind == Gesture::kPan) moved += gesture.dy;
    }
  }
  CHECK(began);
  CHECK(moved == doctest::Approx(-160));
  const auto up = reader.up(1, 100, 340, 168);
  REQUIRE(up.size() == 1);
  CHECK(up[0].kind == Gesture::kPanEnd);
  CHECK(up[0].vy == doctest::Approx(-1000).epsilon(0.12));
}

TEST_CASE("a finger that rests before lifting does not fling") {
  TouchReader reader;
  reader.down(1, 100, 500, 0);
  reader.move(1, 100, 400, 50);
  reader.move(1, 100, 300, 100);
  CHECK(reader.up(1, 100, 300, 400)[0].vy == 0);
}

TEST_CASE("two fingers pinch around their middle, and the first finger's touch is no tap") {
  TouchReader reader;
  reader.down(1, 100, 100, 0);
  const auto second = reader.down(2, 200, 100, 10);
  REQUIRE(second.size() == 1);
  CHECK(second[0].kind == Gesture::kCancel);
  double scale = 1;
  for (const Gesture& gesture : reader.move(2, 300, 100, 20)) scale *= gesture.scale;
  for (const Gesture& gesture : reader.move(1, 50, 100, 30)) {
    scale *= gesture.scale;
    CHECK(gesture.x == doctest::Approx(175));
  }
  CHECK(scale == doctest::Approx(2.5));  // 100 px apart, then 250
  CHECK(reader.up(1, 50, 100, 40)[0].kind == Gesture::kPinchEnd);
  CHECK(reader.move(2, 320, 140, 50).empty());  // the finger left over means nothing
  CHECK(reader.up(2, 320, 140, 60).empty());
  CHECK(reader.down(3, 10, 10, 70)[0].kind == Gesture::kPress);
}

TEST_CASE("two fingers on one spot do not zoom to infinity") {
  TouchReader reader;
  reader.down(1, 100, 100, 0);
  reader.down(2, 100, 100, 5);
  const auto moved = reader.move(2, 116, 100, 10);
  REQUIRE(moved.size() == 1);
  CHECK(std::isfinite(moved[0].scale));
  CHECK(moved[0].scale <= 1.01);
}

TEST_CASE("events of fingers that never came down are ignored") {
  TouchReader reader;
  CHECK(reader.move(9, 1, 1, 0).empty());
  CHECK(reader.up(9, 1, 1, 0).empty());
  CHECK(reader.cancel().empty());
}
