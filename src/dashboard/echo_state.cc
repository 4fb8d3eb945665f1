#include "dashboard/echo_state.h"

#include <algorithm>
#include <cmath>

namespace precordia::dashboard {
namespace {

constexpr double kUnknownFrameMs = 40;
constexpr double kLongestStepMs = 250;   // of the host's clock: after a pause the clip goes on where it was
constexpr double kDragReach = 3.2;       // SD along the contour, points
constexpr float kFullEntropyBits = 1.5f;

// The contour in force on the frame that is shown.
std::vector<PlanePoint> contour_of(const EchoState& echo) {
  const auto found = echo.view->points(echo.shown_clip().lv, echo.frame, kLvPoints);
  std::vector<PlanePoint> out;
  for (size_t i = 0; i + 1 < found.size(); i += 2) out.push_back({found[i], found[i + 1]});
  return out;
}

std::vector<PlanePoint> in_force(const HandDrawn& drawn, std::pair<int, int> key) {
  const auto found = drawn.find(key);
  return found == drawn.end() ? std::vector<PlanePoint>() : found->second;
}

bool same(const std::vector<PlanePoint>& a, const std::vector<PlanePoint>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const PlanePoint& p, const PlanePoint& q) { return p.x == q.x && p.y == q.y; });
}

// The first difference between two states: a step of the history changes one contour.
std::optional<ContourChange> change(const HandDrawn& from, const HandDrawn& to) {
  for (const HandDrawn* one : {&from, &to}) {
    for (const auto& [key, points] : *one)
      if (!same(in_force(from, key), in_force(to, key))) return ContourChange{key.first, key.second, in_force(to, key)};
  }
  return std::nullopt;
}

std::optional<ContourChange> remember(EchoState& echo, HandDrawn next) {
  const std::optional<ContourChange> changed = change(echo.history[echo.at], next);
  if (!changed) return changed;
  echo.history.resize(echo.at + 1);
  echo.history.push_back(std::move(next));
  echo.at = echo.history.size() - 1;
  return changed;
}

// Which of the six walls a place belongs to, along the long axis of the frame; -1 without one.
struct WallMap {
  double apex_x = 0, apex_y = 0, base_x = 0, base_y = 0;
  bool there = false;
  int at(double x, double y) const {
    const double dx = apex_x - base_x, dy = apex_y - base_y, length = dx * dx + dy * dy;
    const double along = ((x - base_x) * dx + (y - base_y) * dy) / length;
    const bool left = (x - base_x) * dy - (y - base_y) * dx > 0;
    const int third = std::clamp(static_cast<int>(along * 3), 0, 2);
    return left ? third : 5 - third;
  }
};

WallMap walls_of(const EchoViewModel& view, const EchoClipView& clip, int frame) {
  const auto axis = view.points(clip.axis, frame, kAxisPoints);
  if (axis.empty()) return {};
  WallMap map{axis[0], axis[1], (axis[2] + axis[4]) / 2.0, (axis[3] + axis[5]) / 2.0, true};
  map.there = std::hypot(map.apex_x - map.base_x, map.apex_y - map.base_y) > 0.02;
  return map;
}

}  // namespace

void show_echo_view(EchoState& echo, std::optional<EchoViewModel> view, bool corrected) {
  if (!view) {
    std::array<EchoPicture, kEchoPlaces> pictures = std::move(echo.pictures);
    echo = {};
    echo.pictures = std::move(pictures);
    for (EchoPicture& picture : echo.pictures) picture.rgba.clear(), picture.content = {-1, -1, -1};
    return;
  }
  if (!corrected || !echo.view) {
    show_echo_view(echo, std::nullopt, false);
    echo.view = std::move(view);
    if (!echo.shown_clip().beats.empty()) go_to_frame(echo, echo.shown_clip().beats.front().ed);
    return;
  }
  echo.view = std::move(view);
  echo.clip = std::clamp(echo.clip, 0, static_cast<int>(echo.view->clips.size()) - 1);
  echo.frame = std::clamp(echo.frame, 0, echo.shown_clip().frames - 1);
  echo.beat = std::clamp(echo.beat, 0, std::max(0, static_cast<int>(echo.shown_clip().beats.size()) - 1));
  for (EchoPicture& picture : echo.pictures) picture.content = {-1, -1, -1};
  if (echo.editing) echo.draft = contour_of(echo);
}

double frame_ms(const EchoState& echo, int frame) {
  const auto times = echo.view->values(echo.shown_clip().times);
  const auto at = static_cast<size_t>(frame);
  return echo.shown_clip().times_known && at < times.size() && std::isfinite(times[at]) ? times[at] : kUnknownFrameMs * frame;
}

double clip_length_ms(const EchoState& echo) {
  const int last = echo.shown_clip().frames - 1;
  return frame_ms(echo, last) + (last > 0 ? std::max(1.0, frame_ms(echo, last) - frame_ms(echo, last - 1)) : kUnknownFrameMs);
}

void go_to_frame(EchoState& echo, int frame) {
  echo.frame = std::clamp(frame, 0, echo.shown_clip().frames - 1);
  echo.clip_ms = frame_ms(echo, echo.frame);
  play(echo, false);
}

void step_frames(EchoState& echo, int by) {
  const int frames = echo.shown_clip().frames;
  end_editing(echo);
  go_to_frame(echo, ((echo.frame + by) % frames + frames) % frames);
}

void choose_clip(EchoState& echo, int clip) {
  end_editing(echo);
  echo.clip = std::clamp(clip, 0, static_cast<int>(echo.view->clips.size()) - 1);
  echo.beat = 0;
  go_to_frame(echo, echo.shown_clip().beats.empty() ? 0 : echo.shown_clip().beats.front().ed);
}

void choose_beat(EchoState& echo, int beat) {
  if (beat < 0 || beat >= static_cast<int>(echo.shown_clip().beats.size())) return;
  end_editing(echo);
  echo.beat = beat;
  go_to_frame(echo, echo.shown_clip().beats[static_cast<size_t>(beat)].ed);
}

void play(EchoState& echo, bool on) {
  if (on) end_editing(echo);
  echo.playing = on && echo.shown_clip().frames > 1;
  echo.last_ms = -1;
}

bool advance(EchoState& echo, double now_ms) {
  if (!echo.view || !echo.playing) return false;
  const double step = echo.last_ms < 0 ? 0 : std::clamp(now_ms - echo.last_ms, 0.0, kLongestStepMs);
  echo.last_ms = now_ms;
  echo.clip_ms = std::fmod(echo.clip_ms + step * kEchoSpeeds[static_cast<size_t>(echo.speed)], clip_length_ms(echo));
  int frame = 0;
  while (frame + 1 < echo.shown_clip().frames && frame_ms(echo, frame + 1) <= echo.clip_ms) ++frame;
  echo.frame = frame;
  return true;
}

void begin_editing(EchoState& echo, bool systole) {
  if (echo.shown_clip().beats.empty()) return;
  const EchoBeatView& beat = echo.shown_clip().beats[static_cast<size_t>(echo.beat)];
  go_to_frame(echo, systole ? beat.es : beat.ed);
  echo.draft = contour_of(echo);
  echo.editing = !echo.draft.empty();
  echo.grabbed = -1;
}

void end_editing(EchoState& echo) {
  echo.editing = false;
  echo.draft.clear();
  echo.grabbed = -1;
}

void drag_contour(EchoState& echo, int point, PlanePoint to) {
  const int count = static_cast<int>(echo.draft.size());
  if (point < 0 || point >= count) return;
  to = {std::clamp(to.x, 0.0, 1.0), std::clamp(to.y, 0.0, 1.0)};
  const double dx = to.x - echo.draft[static_cast<size_t>(point)].x, dy = to.y - echo.draft[static_cast<size_t>(point)].y;
  for (int i = 0; i < count; ++i) {
    const double distance = (i - point) / kDragReach, share = std::exp(-0.5 * distance * distance);
    PlanePoint& at = echo.draft[static_cast<size_t>(i)];
    at = {std::clamp(at.x + share * dx, 0.0, 1.0), std::clamp(at.y + share * dy, 0.0, 1.0)};
  }
}

std::optional<ContourChange> commit_contour(EchoState& echo) {
  HandDrawn next = echo.history[echo.at];
  next[{echo.clip, echo.frame}] = echo.draft;
  return remember(echo, std::move(next));
}

std::optional<ContourChange> reset_contour(EchoState& echo) {
  HandDrawn next = echo.history[echo.at];
  next.erase({echo.clip, echo.frame});
  return remember(echo, std::move(next));
}

std::optional<ContourChange> undo_contour(EchoState& echo) {
  if (!echo.can_undo()) return std::nullopt;
  --echo.at;
  return change(echo.history[echo.at + 1], echo.history[echo.at]);
}

std::optional<ContourChange> redo_contour(EchoState& echo) {
  if (!echo.can_redo()) return std::nullopt;
  ++echo.at;
  return change(echo.history[echo.at - 1], echo.history[echo.at]);
}

std::array<uint8_t, 3> motion_colour(double percent) {
  constexpr double kNone[] = {213, 94, 0}, kMiddle[] = {240, 240, 235}, kFull[] = {30, 120, 200};
  const double share = std::clamp(percent / kFullMotionPercent, 0.0, 1.0);
  const double* low = share < 0.5 ? kNone : kMiddle;
  const double* high = share < 0.5 ? kMiddle : kFull;
  const double mix = share < 0.5 ? 2 * share : 2 * share - 1;
  std::array<uint8_t, 3> out{};
  for (size_t c = 0; c < 3; ++c) out[c] = static_cast<uint8_t>(std::lround(low[c] + mix * (high[c] - low[c])));
  return out;
}

void compose_picture(EchoState& echo, EchoPlace place, int frame, EchoOverlay overlay) {
  EchoPicture& picture = echo.pictures[place];
  const std::array<int, 3> content = {echo.clip, frame, static_cast<int>(overlay)};
  if (picture.content == content) return;
  picture.content = content;
  const EchoViewModel& view = *echo.view;
  const EchoClipView& clip = echo.shown_clip();
  const auto grey = view.grey(clip, frame), classes = view.classes(clip, frame), entropy = view.entropy_map(clip, frame);
  const int side = clip.side, masks = clip.mask_side;
  const WallMap walls = walls_of(view, clip, frame);
  picture.side = side;
  picture.rgba.resize(static_cast<size_t>(side) * static_cast<size_t>(side) * 4);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const auto i = static_cast<size_t>(y) * static_cast<size_t>(side) + static_cast<size_t>(x);
      const auto at_mask = static_cast<size_t>(y * masks / side) * static_cast<size_t>(masks) + static_cast<size_t>(x * masks / side);
      const float base = grey[i];
      float rgb[3] = {base, base, base}, tint[3] = {0, 0, 0}, share = 0;
      if (overlay == EchoOverlay::kUncertainty && grey[i] > 0) {   // 0: outside the sector
        constexpr float kWarm[] = {255, 120, 0};
        share = 0.85f * std::min(1.0f, static_cast<float>(entropy[at_mask]) / 32 / kFullEntropyBits);
        std::copy(std::begin(kWarm), std::end(kWarm), std::begin(tint));
      } else if (overlay == EchoOverlay::kMotion && walls.there && clip.walls.size() == 6 && classes[at_mask] == 2) {
        const auto& wall = clip.walls[static_cast<size_t>(walls.at((x + 0.5) / side, (y + 0.5) / side))];
        if (wall.motion) {
          const auto colour = motion_colour(*wall.motion);
          for (size_t c = 0; c < 3; ++c) tint[c] = colour[c];
          share = 0.6f;
        }
      }
      uint8_t* to = &picture.rgba[4 * i];
      for (int c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>(rgb[c] + share * (tint[c] - rgb[c]));
      to[3] = 255;
    }
  }
  picture.changed = true;
}

}  // namespace precordia::dashboard
