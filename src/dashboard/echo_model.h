// One or two clips of an echocardiogram as the echo screen draws them: the reader of the engine's echo_view JSON
// (src/engine/echo_view.h) with its floats and bytes. What is missing or wrong in it is "unknown" and not drawn.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "dashboard/page_model.h"
#include "dashboard/view_model.h"

namespace precordia::dashboard {

inline constexpr int kLvPoints = 33, kRegionPoints = 48, kAxisPoints = 3;   // per frame; axis: apex, mitral left, mitral right

struct EchoBeatView {
  int ed = 0, es = 0;
  std::optional<double> ef, gls, ed_ml, es_ml;
};

struct WallView {
  std::string name;
  std::optional<double> motion, delay_ms;   // % of the way to the long axis
};

struct BandView {
  std::string label, range;   // "Reduced, 40 % or less", "HFrEF range"
  double probability = 0;
};

struct EchoClipView {
  std::string name, view, volume_unit;
  int side = 0, mask_side = 0, frames = 0;
  double aspect = 1;            // true width over height
  bool times_known = false;
  Slice times, volume, entropy, lv, myocardium, atrium, axis;
  size_t frames_at = 0, classes_at = 0, entropy_at = 0;
  std::optional<double> ef;
  std::vector<EchoBeatView> beats;
  std::vector<int> by_hand;
  std::vector<WallView> walls;  // six, from the lower left over the apex to the lower right, or none
  std::vector<std::pair<std::string, std::string>> measures;
  std::vector<std::string> cannot_tell, notes;
};

struct EchoViewModel {
  bool simulated = false;
  Tone tone = Tone::kUnknown;
  std::string headline, sentence, method, disclaimer;
  std::optional<double> ef, ef_low, ef_high, gls;
  std::vector<BandView> bands;   // three, or none
  std::vector<std::string> cannot_tell;
  std::vector<EchoClipView> clips;
  std::vector<float> blob;
  std::vector<uint8_t> pixels;

  std::span<const float> values(Slice slice) const;
  // `count` points of one frame, x and y in turn; empty where there are none.
  std::span<const float> points(Slice slice, int frame, int count) const;
  std::span<const uint8_t> grey(const EchoClipView& clip, int frame) const;
  std::span<const uint8_t> classes(const EchoClipView& clip, int frame) const;
  std::span<const uint8_t> entropy_map(const EchoClipView& clip, int frame) const;
};

// Fails (kDamaged, kTooLarge) for text that is no JSON object, or whose clips do not fit `pixels`.
Result<EchoViewModel> read_echo(std::string_view json, std::vector<float> blob, std::vector<uint8_t> pixels);

}  // namespace precordia::dashboard
