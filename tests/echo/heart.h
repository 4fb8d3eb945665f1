// A simulated heart whose true masks go through the engine in place of the network's, for tests of what comes after it.
#pragma once

#include <doctest/doctest.h>

#include <span>
#include <vector>

#include "echo/simulated_clip.h"
#include "engine/echo_examination.h"

namespace precordia::test {

inline constexpr int kMaskSide = 128;

inline EchoModel true_masks_model() {
  EchoModel model;
  model.id = "true-masks";
  model.side = kMaskSide;
  return model;
}

// Logits that leave no doubt about the true mask, at the network's size.
inline std::vector<float> logits(std::span<const uint8_t> mask, int side) {
  std::vector<float> out(4 * kMaskSide * kMaskSide, -8);
  for (int y = 0; y < kMaskSide; ++y)
    for (int x = 0; x < kMaskSide; ++x)
      out[static_cast<size_t>((mask[static_cast<size_t>((2 * y + 1) * side / (2 * kMaskSide)) * side + (2 * x + 1) * side / (2 * kMaskSide)] * kMaskSide + y) * kMaskSide + x)] = 8;
  return out;
}

struct Heart {
  EchoModel network = true_masks_model();
  EchoExamination echo{{&network, 1}};
  SimulatedCine cine;

  explicit Heart(double ef = 35, int clips = 1, bool apical = true) {
    for (int i = 0; i < clips; ++i) {
      SimulatedEcho wanted;
      wanted.view = i == 0 ? EchoView::kApical4 : EchoView::kApical2;
      wanted.ef_percent = ef;
      wanted.heart_rate_bpm = 75;
      wanted.seconds = 2.2;
      wanted.side = 160;
      cine = simulate_echo(wanted);
      REQUIRE(echo.take("clip", cine.clip));
      const std::vector<float> view = !apical ? std::vector<float>{-9, -9, 9} : i == 0 ? std::vector<float>{9, -9, -9} : std::vector<float>{-9, 9, -9};
      const std::vector<float> quality = {5, -5, -5};
      const size_t size = static_cast<size_t>(cine.clip.side) * static_cast<size_t>(cine.clip.side);
      for (int f = 0; f < cine.clip.frame_count(); ++f) {
        const auto masks = logits(std::span(cine.masks).subspan(size * static_cast<size_t>(f), size), cine.clip.side);
        REQUIRE(echo.frame_answer(static_cast<size_t>(i), {masks, view, quality}, "int8"));
      }
    }
    REQUIRE(echo.measure());
  }
};

}  // namespace precordia::test
