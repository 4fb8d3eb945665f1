// The measurement held against simulated loops whose truth is known, with the true masks in the network's place.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "echo/measure_echo.h"
#include "echo/simulated_clip.h"

using namespace precordia;

namespace {

constexpr int kSide = 128;

std::vector<float> sure_logits(const SimulatedCine& cine, int frame) {
  const int from = cine.clip.side;
  std::vector<float> logits(4 * kSide * kSide, -6);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const int v = (2 * y + 1) * from / (2 * kSide), u = (2 * x + 1) * from / (2 * kSide);
      const size_t c = cine.masks[(static_cast<size_t>(frame) * from + v) * from + u];
      logits[c * kSide * kSide + static_cast<size_t>(y) * kSide + x] = 6;
    }
  return logits;
}

}  // namespace

TEST_CASE("measurement of true masks agrees with the simulated heart") {
  constexpr struct {
    double ef, rate;
  } kHearts[] = {{20, 80}, {35, 115}, {50, 55}, {65, 80}};
  for (const auto [ef, rate] : kHearts) {
    CAPTURE(ef);
    CAPTURE(rate);
    SimulatedEcho wanted;
    wanted.ef_percent = ef;
    wanted.heart_rate_bpm = rate;
    wanted.seconds = 2.2;
    wanted.side = 128;
    wanted.seed = static_cast<uint32_t>(ef + rate);
    const SimulatedCine cine = simulate_echo(wanted);
    MaskSequence masks(cine.clip, kSide);
    std::vector<FrameVerdict> verdicts;
    for (int f = 0; f < cine.clip.frame_count(); ++f) {
      masks.add(sure_logits(cine, f));
      verdicts.push_back({1, 0, 0, 1, 0, 0});
    }
    masks.finish();
    const ClipFindings found = measure_clip(cine.clip, masks, verdicts, {7, 6});
    REQUIRE(found.ef_percent);
    CHECK(std::abs(*found.ef_percent - cine.ef_percent) <= 3);
    REQUIRE(found.gls_percent);
    CHECK(std::abs(*found.gls_percent - cine.gls_percent) <= 2);
    if (found.heart_rate_bpm) CHECK(std::abs(*found.heart_rate_bpm - rate) <= 4);
    for (const EchoBeat& truth : cine.beats) {
      if (truth.es_frame + 6 > cine.clip.frame_count()) continue;   // the ventricle is not seen to fill again
      int ed = 99, es = 99;
      for (const EchoBeat& beat : found.beats) {
        if (std::abs(beat.ed_frame - truth.ed_frame) < std::abs(ed)) ed = beat.ed_frame - truth.ed_frame;
        if (std::abs(beat.es_frame - truth.es_frame) < std::abs(es)) es = beat.es_frame - truth.es_frame;
      }
      CHECK(std::abs(ed) <= 2);
      CHECK(std::abs(es) <= 2);
    }
  }
}
