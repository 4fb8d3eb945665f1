// The fan on a scanner's screen, and what is refused because it is none.
#include <doctest/doctest.h>

#include "echo/clip_builder.h"
#include "echo_clip_files.h"

using namespace precordia;

namespace {

Result<EchoClip> built(const std::vector<TestPicture>& pictures, ClipSource source = {.format = "test"}) {
  ClipBuilder builder(std::move(source));
  double time = 0;
  for (const auto& picture : pictures) {
    if (auto added = builder.add({picture.width, picture.height, 3, picture.rgb, time}); !added) return std::unexpected(added.error());
    time += 40;
  }
  return builder.finish();
}

std::vector<TestPicture> frames_of(int count, int width, int height, auto draw) {
  std::vector<TestPicture> out;
  for (int t = 0; t < count; ++t) {
    out.emplace_back(width, height);
    draw(out.back(), t);
  }
  return out;
}

// The box of the fan that was drawn.
PictureBox drawn_box(const TestFan& fan, int width, int height) {
  int left = width, top = height, right = 0, bottom = 0;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      if (fan.contains(x + 0.5, y + 0.5)) left = std::min(left, x), right = std::max(right, x), top = std::min(top, y), bottom = std::max(bottom, y);
  return {left, top, right - left + 1, bottom - top + 1};
}

bool close(const PictureBox& a, const PictureBox& b, int within) {
  return std::abs(a.x - b.x) <= within && std::abs(a.y - b.y) <= within && std::abs(a.x + a.width - b.x - b.width) <= within &&
         std::abs(a.y + a.height - b.y - b.height) <= within;
}

std::string refusal_of(const Result<EchoClip>& clip) { return clip ? "" : clip.error().message; }

bool has_note(const EchoClip& clip, std::string_view words) {
  return std::any_of(clip.notes.begin(), clip.notes.end(), [&](const auto& note) { return note.find(words) != std::string::npos; });
}

}  // namespace

TEST_CASE("the fan is found among the text, marks and trace of a screen, and only the fan is kept") {
  for (const auto& [width, height] : {std::pair{220, 200}, {440, 400}, {800, 600}}) {
    TestFan fan;
    fan.apex_x = width / 2.0, fan.radius = height - 36;
    const auto clip = built(frames_of(30, width, height, [&](TestPicture& picture, int t) {
      draw_fan(picture, fan, t);
      draw_screen(picture, fan, t);
    }));
    REQUIRE_MESSAGE(clip, refusal_of(clip));
    CHECK(close(clip->sector_box, drawn_box(fan, width, height), std::max(3, height / 90)));
    CHECK(clip->side == 224);
    CHECK(clip->frame_count() == 30);
    CHECK(clip->times_known);
    CHECK(clip->times_ms[29] == doctest::Approx(29 * 40.0));
    CHECK(clip->aspect == doctest::Approx(static_cast<double>(clip->sector_box.width) / clip->sector_box.height));
    size_t outside_lit = 0, inside_lit = 0, inside = 0;
    for (size_t i = 0; i < clip->sector.size(); ++i) {
      inside += clip->sector[i];
      (clip->sector[i] ? inside_lit : outside_lit) += clip->frame(7)[i] > 0;
    }
    CHECK(outside_lit == 0);
    CHECK(inside_lit > inside * 9 / 10);
    // Corners are outside; the middle is inside.
    CHECK(clip->sector[0] == 0);
    CHECK(clip->sector[223] == 0);
    CHECK(clip->sector[112 * 224 + 112] == 1);
  }
}

TEST_CASE("a fan cut out to its borders keeps its framing, whatever it was stretched to") {
  TestFan fan{.apex_x = 112, .apex_y = 0, .radius = 224, .half_angle = std::asin(0.5)};
  TestPicture wide(224, 224);
  draw_fan(wide, fan, 3);
  const auto grey = wide.grey();
  ClipBuilder builder({.format = "picture"});
  REQUIRE(builder.add({224, 224, 1, grey}));
  const auto clip = builder.finish();
  REQUIRE_MESSAGE(clip, refusal_of(clip));
  CHECK(clip->sector_box.x == 0);
  CHECK(clip->sector_box.y == 0);
  CHECK(clip->sector_box.width == 224);
  CHECK(clip->sector_box.height == 224);
  CHECK(clip->frame_count() == 1);
  CHECK(!clip->times_known);
  size_t changed = 0;
  for (size_t i = 0; i < grey.size(); ++i) changed += clip->sector[i] && clip->frame(0)[i] != grey[i];
  CHECK(changed == 0);
  // A narrower fan, stretched to the square: its arc is part of an ellipse.
  TestPicture narrow(154, 224), stretched(224, 224);
  draw_fan(narrow, {.apex_x = 77, .apex_y = 0, .radius = 224, .half_angle = std::asin(77.0 / 224)}, 3);
  const auto narrowed = narrow.grey();
  for (int y = 0; y < 224; ++y)
    for (int x = 0; x < 224; ++x) {
      const int value = narrowed[static_cast<size_t>(y) * 154 + static_cast<size_t>(x * 154 / 224)];
      stretched.put(x, y, value, value, value);
    }
  const auto other = built({stretched});
  REQUIRE_MESSAGE(other, refusal_of(other));
  CHECK(other->sector_box.width == 224);
  CHECK(other->sector_box.height == 224);
}

TEST_CASE("a fan whose apex lies above the picture, and one that a curved probe gives, are fans") {
  const TestFan cut{.apex_x = 150, .apex_y = -40, .radius = 300, .half_angle = 0.5};
  const auto above = built(frames_of(12, 300, 280, [&](TestPicture& picture, int t) { draw_fan(picture, cut, t); }));
  REQUIRE_MESSAGE(above, refusal_of(above));
  CHECK(close(above->sector_box, drawn_box(cut, 300, 280), 6));
  const TestFan curved{.apex_x = 160, .apex_y = -30, .radius = 260, .half_angle = 0.6, .inner = 60};
  const auto convex = built(frames_of(12, 320, 260, [&](TestPicture& picture, int t) { draw_fan(picture, curved, t); }));
  REQUIRE_MESSAGE(convex, refusal_of(convex));
  CHECK(close(convex->sector_box, drawn_box(curved, 320, 260), 6));
}

TEST_CASE("text in the corners of the fan's box is black in the frames") {
  TestFan fan{.apex_x = 150, .apex_y = 20, .radius = 250};
  const auto clip = built(frames_of(10, 300, 280, [&](TestPicture& picture, int t) {
    draw_fan(picture, fan, t);
    for (int i = 0; i < 8; ++i) picture.fill(6 + 7 * i, 30, 4, 8, 255, 255, 255);
  }));
  REQUIRE_MESSAGE(clip, refusal_of(clip));
  for (size_t y = 0; y < 60; ++y)
    for (size_t x = 0; x < 40; ++x) REQUIRE(clip->frame(4)[y * 224 + x] == 0);
}

TEST_CASE("what is not one plain fan is refused with the reason") {
  const TestFan left{.apex_x = 105, .apex_y = 12, .radius = 170, .half_angle = 0.6}, right{.apex_x = 315, .apex_y = 12, .radius = 170, .half_angle = 0.6};
  const auto pair = built(frames_of(12, 420, 220, [&](TestPicture& picture, int t) {
    draw_fan(picture, left, t);
    draw_fan(picture, right, t + 5);
  }));
  CHECK(refusal_of(pair).find("two or more pictures") != std::string::npos);

  const TestFan near_left{.apex_x = 150, .apex_y = 12, .radius = 190, .half_angle = 0.7}, near_right{.apex_x = 390, .apex_y = 12, .radius = 190, .half_angle = 0.7};
  const auto touching = built(frames_of(12, 540, 220, [&](TestPicture& picture, int t) {
    draw_fan(picture, near_left, t);
    draw_fan(picture, near_right, t + 5);
  }));
  CHECK(refusal_of(touching).find("two or more pictures") != std::string::npos);

  const auto four = built(frames_of(12, 420, 420, [&](TestPicture& picture, int t) {
    for (const int dy : {0, 210})
      for (const int dx : {0, 210}) draw_fan(picture, {.apex_x = 105.0 + dx, .apex_y = 12.0 + dy, .radius = 170, .half_angle = 0.6}, t);
  }));
  CHECK(refusal_of(four).find("two or more pictures") != std::string::npos);

  const auto linear = built(frames_of(12, 300, 260, [&](TestPicture& picture, int t) {
    for (int y = 20; y < 240; ++y)
      for (int x = 80; x < 220; ++x) {
        const int value = 30 + static_cast<int>(test_noise(static_cast<uint32_t>(x), static_cast<uint32_t>(y), static_cast<uint32_t>(t)) % 60);
        picture.put(x, y, value, value, value);
      }
  }));
  CHECK(refusal_of(linear).find("rectangle") != std::string::npos);

  // M-mode: a small fan above a strip that scrolls.
  const TestFan small{.apex_x = 200, .apex_y = 6, .radius = 110, .half_angle = 0.7};
  const auto m_mode = built(frames_of(12, 400, 300, [&](TestPicture& picture, int t) {
    draw_fan(picture, small, t);
    for (int y = 140; y < 290; ++y)
      for (int x = 20; x < 380; ++x) {
        const int value = 20 + static_cast<int>(test_noise(static_cast<uint32_t>(x + 4 * t), static_cast<uint32_t>(y / 3), 3) % 90);
        picture.put(x, y, value, value, value);
      }
  }));
  CHECK(!m_mode);
  CHECK(refusal_of(m_mode).find("M-mode") != std::string::npos);

  const TestFan fan{.apex_x = 150, .apex_y = 12, .radius = 220};
  const auto colour = built(frames_of(14, 300, 250, [&](TestPicture& picture, int t) {
    draw_fan(picture, fan, t);
    for (int y = 90; y < 150; ++y)
      for (int x = 120; x < 180; ++x)
        if (test_noise(static_cast<uint32_t>(x / 5), static_cast<uint32_t>(y / 5), static_cast<uint32_t>(t)) % 3 > 0) picture.put(x, y, y < 120 ? 220 : 20, 30, y < 120 ? 20 : 230);
  }));
  CHECK(refusal_of(colour).find("Colour Doppler") != std::string::npos);

  const auto page = built(frames_of(3, 300, 250, [&](TestPicture& picture, int) {
    picture.fill(0, 0, 300, 250, 250, 250, 250);
    for (int line = 0; line < 12; ++line) picture.fill(30, 20 + 18 * line, 200, 4, 20, 20, 20);
  }));
  CHECK(!page);
  const auto black = built(frames_of(30, 300, 250, [&](TestPicture&, int) {}));
  CHECK(refusal_of(black).find("No ultrasound fan") != std::string::npos);
}

TEST_CASE("a tint and colours on the screen around the fan are no colour Doppler") {
  const TestFan fan{.apex_x = 150, .apex_y = 12, .radius = 220};
  const auto sepia = built(frames_of(14, 300, 250, [&](TestPicture& picture, int t) { draw_fan(picture, fan, t, 140, 100, 60); }));
  CHECK_MESSAGE(sepia, refusal_of(sepia));
  const auto painted = built(frames_of(14, 360, 250, [&](TestPicture& picture, int t) {
    draw_fan(picture, fan, t);
    picture.fill(340, 10, 15, 60, 230, 20, 20);
    picture.fill(340, 70, 15, 60, 20, 20, 230);
    picture.fill(2, 240, 60, 8, 20, 230, 20);
  }));
  CHECK_MESSAGE(painted, refusal_of(painted));
}

TEST_CASE("frames before the picture, of another size, or without a later time are left out with a note") {
  TestFan fan{.apex_x = 110, .apex_y = 10, .radius = 170};
  ClipBuilder builder({.format = "test"});
  const TestPicture dark(220, 190), small(100, 80);
  double time = 0;
  for (int t = 0; t < 24; ++t) REQUIRE(builder.add({220, 190, 3, dark.rgb, time += 20}));
  for (int t = 0; t < 30; ++t) {
    TestPicture picture(220, 190);
    draw_fan(picture, fan, t);
    REQUIRE(builder.add({220, 190, 3, picture.rgb, time += 20}));
    if (t == 5) REQUIRE(builder.add({100, 80, 3, small.rgb, time += 20}));
    if (t == 9) REQUIRE(builder.add({220, 190, 3, picture.rgb, time - 10}));
  }
  builder.skip();
  const auto clip = builder.finish();
  REQUIRE_MESSAGE(clip, refusal_of(clip));
  CHECK(clip->frame_count() == 30);
  CHECK(has_note(*clip, "24 frames before the ultrasound picture"));
  CHECK(has_note(*clip, "another size"));
  CHECK(has_note(*clip, "not later"));
  CHECK(has_note(*clip, "could not be read"));
  CHECK(clip->times_ms[0] == 0);
  for (size_t i = 1; i < clip->times_ms.size(); ++i) CHECK(clip->times_ms[i] > clip->times_ms[i - 1]);
}

TEST_CASE("a long clip keeps to its memory: one frame in two or four, or smaller ones, and 60 seconds at most") {
  TestFan fan{.apex_x = 64, .apex_y = 4, .radius = 116};
  std::vector<TestPicture> loop;
  for (int t = 0; t < 20; ++t) {
    loop.emplace_back(128, 124);
    draw_fan(loop.back(), fan, t);
  }
  const auto run = [&](int frames, double step_ms, bool announced) {
    ClipSource source{.format = "test"};
    if (announced) source.expected_frames = frames, source.expected_seconds = frames * step_ms / 1000;
    ClipBuilder builder(std::move(source));
    for (int t = 0; t < frames && !builder.full(); ++t) REQUIRE(builder.add({128, 124, 3, loop[static_cast<size_t>(t % 20)].rgb, t * step_ms}));
    auto clip = builder.finish();
    REQUIRE(clip);
    CHECK(clip->frames.size() <= kLargestClipPixels);
    CHECK(clip->frames.capacity() <= kLargestClipPixels);
    CHECK(clip->frames.size() == static_cast<size_t>(clip->frame_count() * clip->side * clip->side));
    CHECK(clip->times_ms.back() <= kLongestClipSeconds * 1000);
    return *clip;
  };
  const auto fast = run(1200, 20, true);          // 50 a second: every other one is enough
  CHECK(fast.side == 224);
  CHECK(fast.times_ms[1] == 40);
  CHECK(has_note(fast, "one frame in 2"));
  const auto slow = run(1500, 33, true);          // 30 a second: all, but smaller
  CHECK(slow.side < 224);
  CHECK(slow.side >= kSmallestClipSide);
  CHECK(slow.frame_count() == 1500);
  const auto unannounced = run(1200, 33, false);
  CHECK(unannounced.frame_count() <= 956);
  CHECK(unannounced.times_ms[1] == 66);
  const auto minutes = run(800, 200, true);
  CHECK(has_note(minutes, "first 60 seconds"));
  CHECK(minutes.frame_count() == 301);
}
