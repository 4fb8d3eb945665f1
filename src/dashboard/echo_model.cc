#include "dashboard/echo_model.h"

#include <algorithm>
#include <cmath>

#include "dashboard/json_reader.h"

namespace precordia::dashboard {
namespace {

constexpr size_t kMostClips = 2, kMostBeats = 400, kMostWalls = 6, kMostLines = 40, kMostBands = 3;
constexpr int kMostFrames = 8000, kLargestSide = 512;

Slice slice(const Json& object, const char* key) {
  const Json& value = member(object, key);
  const std::optional<int> at = whole_number(value, "at"), n = whole_number(value, "n");
  if (!at || !n || *at < 0 || *n < 0) return {};
  return {static_cast<size_t>(*at), static_cast<size_t>(*n)};
}

Tone tone_named(const std::string& name) {
  if (name == "calm") return Tone::kCalm;
  if (name == "watch") return Tone::kWatch;
  if (name == "act") return Tone::kAct;
  return Tone::kUnknown;
}

// Whether the clip's pictures lie inside `bytes`.
bool read_places(const Json& json, EchoClipView& clip, size_t bytes) {
  const int side = whole_number(json, "side").value_or(0), mask_side = whole_number(json, "mask_side").value_or(0), frames = whole_number(json, "frames").value_or(0);
  if (side < 2 || mask_side < 2 || frames < 1 || side > kLargestSide || mask_side > kLargestSide || frames > kMostFrames) return false;
  const auto place = [&](const char* key, int of_side, size_t* at) {
    const std::optional<int> from = whole_number(json, key);
    const size_t size = static_cast<size_t>(of_side) * static_cast<size_t>(of_side) * static_cast<size_t>(frames);
    if (!from || *from < 0 || size > bytes || static_cast<size_t>(*from) > bytes - size) return false;
    *at = static_cast<size_t>(*from);
    return true;
  };
  clip.side = side;
  clip.mask_side = mask_side;
  clip.frames = frames;
  return place("frames_at", side, &clip.frames_at) && place("classes_at", mask_side, &clip.classes_at) && place("entropy_at", mask_side, &clip.entropy_at);
}

EchoClipView read_clip(const Json& json, EchoClipView clip, const EchoViewModel& echo) {
  clip.name = text(json, "name");
  clip.view = text(json, "view");
  clip.volume_unit = text(json, "volume_unit");
  clip.aspect = std::clamp(number(json, "aspect").value_or(1), 0.3, 3.0);
  clip.times_known = flag(json, "times_known", false);
  // A slice of another length than the frames ask for is none.
  const auto fitting = [&](const char* key, size_t per_frame) {
    const Slice found = slice(json, key);
    return echo.values(found).size() == per_frame * static_cast<size_t>(clip.frames) ? found : Slice{};
  };
  clip.times = fitting("times", 1);
  clip.volume = fitting("volume", 1);
  clip.entropy = fitting("entropy", 1);
  clip.lv = fitting("lv", 2 * kLvPoints);
  clip.myocardium = fitting("myocardium", 2 * kRegionPoints);
  clip.atrium = fitting("atrium", 2 * kRegionPoints);
  clip.axis = fitting("axis", 2 * kAxisPoints);
  clip.ef = number(json, "ef");
  const auto is_frame = [&](const std::optional<int>& frame) { return frame && *frame >= 0 && *frame < clip.frames; };
  if (const Json& beats = member(json, "beats"); beats.is_array()) {
    for (const Json& one : beats) {
      const std::optional<int> ed = whole_number(one, "ed"), es = whole_number(one, "es");
      if (!is_frame(ed) || !is_frame(es) || clip.beats.size() == kMostBeats) continue;
      clip.beats.push_back({*ed, *es, number(one, "ef"), number(one, "gls"), number(one, "ed_ml"), number(one, "es_ml")});
    }
  }
  if (const Json& frames = member(json, "by_hand"); frames.is_array()) {
    for (const Json& one : frames)
      if (one.is_number_integer() && one.get<long long>() >= 0 && one.get<long long>() < clip.frames) clip.by_hand.push_back(one.get<int>());
  }
  if (const Json& walls = member(json, "segments"); walls.is_array() && walls.size() == kMostWalls) {
    for (const Json& one : walls) clip.walls.push_back({text(one, "name"), number(one, "motion"), number(one, "delay_ms")});
  }
  if (const Json& measures = member(json, "measures"); measures.is_array()) {
    for (const Json& one : measures)
      if (clip.measures.size() < kMostLines) clip.measures.emplace_back(text(one, "label"), text(one, "text"));
  }
  clip.cannot_tell = texts(json, "cannot_tell", kMostLines);
  clip.notes = texts(json, "notes", kMostLines);
  return clip;
}

}  // namespace

std::span<const float> EchoViewModel::values(Slice slice) const {
  if (slice.at > blob.size() || slice.n > blob.size() - slice.at) return {};
  return std::span<const float>(blob).subspan(slice.at, slice.n);
}

std::span<const float> EchoViewModel::points(Slice slice, int frame, int count) const {
  const auto all = values(slice);
  const size_t size = 2 * static_cast<size_t>(count), at = size * static_cast<size_t>(std::max(frame, 0));
  if (all.size() < at + size) return {};
  const auto found = all.subspan(at, size);
  return std::all_of(found.begin(), found.end(), [](float v) { return std::isfinite(v); }) ? found : std::span<const float>();
}

std::span<const uint8_t> EchoViewModel::grey(const EchoClipView& clip, int frame) const {
  const auto size = static_cast<size_t>(clip.side) * static_cast<size_t>(clip.side);
  return std::span<const uint8_t>(pixels).subspan(clip.frames_at + size * static_cast<size_t>(frame), size);
}
std::span<const uint8_t> EchoViewModel::classes(const EchoClipView& clip, int frame) const {
  const auto size = static_cast<size_t>(clip.mask_side) * static_cast<size_t>(clip.mask_side);
  return std::span<const uint8_t>(pixels).subspan(clip.classes_at + size * static_cast<size_t>(frame), size);
}
std::span<const uint8_t> EchoViewModel::entropy_map(const EchoClipView& clip, int frame) const {
  const auto size = static_cast<size_t>(clip.mask_side) * static_cast<size_t>(clip.mask_side);
  return std::span<const uint8_t>(pixels).subspan(clip.entropy_at + size * static_cast<size_t>(frame), size);
}

Result<EchoViewModel> read_echo(std::string_view text_of_echo, std::vector<float> blob, std::vector<uint8_t> pixels) {
  if (text_of_echo.size() > kMaxViewBytes) return fail(ErrorCode::kTooLarge, "The clip is too long to be shown.");
  const Json json = Json::parse(text_of_echo, nullptr, false);
  if (!json.is_object()) return fail(ErrorCode::kDamaged, "The clip could not be shown; open it again.");
  EchoViewModel echo;
  echo.blob = std::move(blob);
  echo.pixels = std::move(pixels);
  echo.simulated = flag(json, "simulated", false);
  echo.tone = tone_named(text(json, "tone"));
  echo.headline = text(json, "headline");
  echo.sentence = text(json, "sentence");
  echo.method = text(json, "method");
  echo.disclaimer = text(json, "disclaimer");
  const Json& ef = member(json, "ef");
  echo.ef = number(ef, "value");
  echo.ef_low = number(ef, "low");
  echo.ef_high = number(ef, "high");
  echo.gls = number(json, "gls");
  if (const Json& bands = member(json, "bands"); bands.is_array() && bands.size() == kMostBands) {
    for (const Json& one : bands) echo.bands.push_back({text(one, "label"), text(one, "short"), std::clamp(number(one, "probability").value_or(0), 0.0, 1.0)});
  }
  echo.cannot_tell = texts(json, "cannot_tell", kMostLines);
  if (const Json& clips = member(json, "clips"); clips.is_array()) {
    for (const Json& one : clips) {
      EchoClipView clip;
      if (echo.clips.size() == kMostClips) break;
      if (!read_places(one, clip, echo.pixels.size())) return fail(ErrorCode::kDamaged, "The clip could not be shown; open it again.");
      echo.clips.push_back(read_clip(one, std::move(clip), echo));
    }
  }
  if (echo.clips.empty()) return fail(ErrorCode::kDamaged, "The clip could not be shown; open it again.");
  return echo;
}

}  // namespace precordia::dashboard
