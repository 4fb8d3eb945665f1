#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <doctest/doctest.h>
#include "echo/simulated_clip.h"

namespace {

using namespace precordia;

struct Mm {
  double x, y;
};

// Simpson's discs of the true mask, independently of src/echo: long axis from the middle of the mitral plane to the farthest LV pixel,
// widths from pixel area per slab. The mitral plane is where LV touches the atrium.
double disc_volume_ml(const SimulatedCine& cine, int frame) {
  const EchoClip& clip = cine.clip;
  const double sx = *clip.mm_per_px_x, sy = *clip.mm_per_px_y;
  const uint8_t* mask = &cine.masks[static_cast<size_t>(frame) * clip.side * clip.side];
  std::vector<Mm> lv, touching;
  for (int y = 0; y + 1 < clip.side; ++y) {
    for (int x = 0; x < clip.side; ++x) {
      if (mask[y * clip.side + x] != 1) continue;
      lv.push_back({x * sx, y * sy});
      if (mask[(y + 1) * clip.side + x] == 3) touching.push_back({x * sx, y * sy});
    }
  }
  if (lv.empty() || touching.empty()) return 0;
  Mm base{0, 0};
  for (const Mm& at : touching) base = {base.x + at.x / static_cast<double>(touching.size()), base.y + at.y / static_cast<double>(touching.size())};
  const Mm apex = *std::ranges::max_element(lv, {}, [&](const Mm& at) { return std::hypot(at.x - base.x, at.y - base.y); });
  const double length = std::hypot(apex.x - base.x, apex.y - base.y);
  constexpr int kSlabs = 20;
  double areas[kSlabs] = {};
  for (const Mm& at : lv) {
    const double along = ((at.x - base.x) * (apex.x - base.x) + (at.y - base.y) * (apex.y - base.y)) / length;
    areas[std::clamp(static_cast<int>(along / length * kSlabs), 0, kSlabs - 1)] += sx * sy;
  }
  double volume = 0;
  for (const double area : areas) volume += std::numbers::pi / 4 * (area / (length / kSlabs)) * (area / (length / kSlabs)) * (length / kSlabs);
  return volume / 1000;
}

}  // namespace

TEST_CASE("simulated echo: the discs of the true masks give the ejection fraction that was asked for, within a point") {
  for (const double ef : {15.0, 35.0, 50.0, 65.0}) {
    for (const EchoView view : {EchoView::kApical4, EchoView::kApical2}) {
      SimulatedEcho wanted;
      wanted.view = view;
      wanted.ef_percent = ef;
      wanted.heart_rate_bpm = 75;
      wanted.frames_per_second = 40;
      wanted.seed = static_cast<uint32_t>(ef) + 3;
      const SimulatedCine cine = simulate_echo(wanted);
      CAPTURE(ef);
      REQUIRE(!cine.beats.empty());
      for (const EchoBeat& beat : cine.beats) {
        const double ed = disc_volume_ml(cine, beat.ed_frame), es = disc_volume_ml(cine, beat.es_frame);
        CHECK(std::fabs(100 * (1 - es / ed) - ef) < 1);
        CHECK(beat.ef_percent == doctest::Approx(ef));
      }
      CHECK(cine.ef_percent == doctest::Approx(ef));
    }
  }
}

TEST_CASE("simulated echo: the ventricle is largest at end-diastole and smallest at end-systole of each beat") {
  for (const double rate : {45.0, 70.0, 110.0, 150.0}) {
    SimulatedEcho wanted;
    wanted.heart_rate_bpm = rate;
    wanted.frames_per_second = 50;
    wanted.seconds = 3;
    const SimulatedCine cine = simulate_echo(wanted);
    CAPTURE(rate);
    REQUIRE(cine.beats.size() >= 1);
    const auto& volume = cine.lv_volume_ml;
    for (size_t i = 0; i < cine.beats.size(); ++i) {
      const EchoBeat& beat = cine.beats[i];
      CHECK(beat.ed_frame < beat.es_frame);
      const int end = i + 1 < cine.beats.size() ? cine.beats[i + 1].ed_frame : static_cast<int>(volume.size());
      const auto smallest = std::min_element(volume.begin() + beat.ed_frame, volume.begin() + end) - volume.begin();
      CHECK(std::abs(static_cast<int>(smallest) - beat.es_frame) <= 1);
      CHECK(volume[beat.ed_frame] == doctest::Approx(*std::ranges::max_element(volume)).epsilon(0.01));
      CHECK(*beat.es_volume_ml == doctest::Approx(volume[beat.es_frame]).epsilon(0.02));
    }
  }
}

TEST_CASE("simulated echo: strain follows the ejection fraction and is that of the contour") {
  SimulatedEcho wanted;
  wanted.ef_percent = 60;
  const double normal = simulate_echo(wanted).gls_percent;
  wanted.ef_percent = 25;
  const double weak = simulate_echo(wanted).gls_percent;
  CHECK(normal < -15);
  CHECK(normal > -24);
  CHECK(weak > -10);
  CHECK(weak < -4);
}

TEST_CASE("simulated echo: the same seed gives the same bytes, another seed another heart") {
  SimulatedEcho wanted;
  wanted.seconds = 0.4;
  wanted.side = 128;
  const SimulatedCine one = simulate_echo(wanted), two = simulate_echo(wanted);
  CHECK(one.clip.frames == two.clip.frames);
  CHECK(one.masks == two.masks);
  wanted.seed = 2;
  CHECK(simulate_echo(wanted).clip.frames != one.clip.frames);
}

TEST_CASE("simulated echo: the sector touches all four borders, and outside it everything is black") {
  SimulatedEcho wanted;
  wanted.seconds = 0.1;
  const EchoClip clip = simulate_echo(wanted).clip;
  const int side = clip.side;
  bool left = false, right = false, top = false, bottom = false;
  for (int i = 0; i < side; ++i) {
    left |= clip.sector[static_cast<size_t>(i) * side] != 0;
    right |= clip.sector[static_cast<size_t>(i) * side + side - 1] != 0;
    top |= clip.sector[i] != 0;
    bottom |= clip.sector[static_cast<size_t>(side - 1) * side + i] != 0;
  }
  CHECK(left);
  CHECK(right);
  CHECK(top);
  CHECK(bottom);
  for (size_t i = 0; i < clip.frames.size(); ++i)
    if (clip.sector[i % clip.sector.size()] == 0 && clip.frames[i] != 0) FAIL_CHECK("a bright pixel outside the sector");
}

TEST_CASE("simulated echo: in an irregular rhythm beats differ in length and output") {
  SimulatedEcho wanted;
  wanted.irregular = true;
  wanted.heart_rate_bpm = 90;
  wanted.seconds = 5;
  wanted.side = 128;
  const SimulatedCine cine = simulate_echo(wanted);
  REQUIRE(cine.beats.size() >= 4);
  int shortest = 1000, longest = 0;
  double least = 100, most = 0;
  for (size_t i = 0; i + 1 < cine.beats.size(); ++i) {
    shortest = std::min(shortest, cine.beats[i + 1].ed_frame - cine.beats[i].ed_frame);
    longest = std::max(longest, cine.beats[i + 1].ed_frame - cine.beats[i].ed_frame);
    least = std::min(least, cine.beats[i].ef_percent);
    most = std::max(most, cine.beats[i].ef_percent);
  }
  CHECK(longest > 1.2 * shortest);
  CHECK(most > least + 3);
}

TEST_CASE("simulated echo: what cannot be is moved to the nearest that can") {
  SimulatedEcho wanted;
  wanted.ef_percent = 300;
  wanted.frames_per_second = 1e9;
  wanted.seconds = 1e9;
  wanted.heart_rate_bpm = -4;
  wanted.side = 128;
  wanted.noise = -5;
  wanted.seconds = -1;
  const SimulatedCine cine = simulate_echo(wanted);
  CHECK(cine.clip.frame_count() == 1);
  CHECK(cine.ef_percent == 80);
}
