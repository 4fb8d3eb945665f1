#include "dashboard/touch.h"

#include <algorithm>
#include <cmath>

namespace precordia::dashboard {
namespace {

constexpr double kTauMs = 325;
constexpr double kStopPxPerS = 12;
constexpr double kFastestPxPerS = 6000;
constexpr double kWindowMs = 100;

}  // namespace

void Fling::start(double velocity_px_per_s) {
  velocity_ = std::clamp(velocity_px_per_s, -kFastestPxPerS, kFastestPxPerS);
  if (!(std::fabs(velocity_) >= kStopPxPerS)) velocity_ = 0;
}

double Fling::step(double elapsed_ms) {
  if (velocity_ == 0 || elapsed_ms <= 0) return 0;
  const double decay = std::exp(-elapsed_ms / kTauMs);
  const double distance = velocity_ * kTauMs / 1000 * (1 - decay);
  velocity_ *= decay;
  if (std::fabs(velocity_) < kStopPxPerS) velocity_ = 0;
  return distance;
}

void SpeedMeter::add(double position_px, double time_ms) {
  samples_.push_back({position_px, time_ms});
  while (samples_.size() > 2 && samples_.front().time < time_ms - kWindowMs) samples_.erase(samples_.begin());
}

double SpeedMeter::px_per_s(double now_ms) const {
  // Only what happened within the window before the finger lifted counts.
  const Sample* first = nullptr;
  for (const Sample& sample : samples_) {
    if (sample.time >= now_ms - kWindowMs) {
      first = &sample;
      break;
    }
  }
  if (!first || first == &samples_.back()) return 0;
  const double elapsed = std::max(8.0, now_ms - first->time);
  return (samples_.back().position - first->position) / elapsed * 1000;
}

TouchReader::Finger* TouchReader::find(int id) {
  for (Finger& finger : fingers_) {
    if (finger.id == id) return &finger;
  }
  return nullptr;
}

void TouchReader::measure_pinch(double* x, double* y, double* spread) const {
  const Finger &a = fingers_[0], &b = fingers_[1];
  *x = (a.x + b.x) / 2;
  *y = (a.y + b.y) / 2;
  *spread = std::max(16.0, std::hypot(a.x - b.x, a.y - b.y));
}

std::vector<Gesture> TouchReader::down(int finger, double x, double y, double time_ms) {
  if (find(finger)) return {};
  fingers_.push_back({finger, x, y});
  if (fingers_.size() == 1) {
    state_ = State::kPressed;
    start_x_ = last_x_ = x;
    start_y_ = last_y_ = y;
    start_ms_ = time_ms;
    speed_x_.clear();
    speed_y_.clear();
    speed_x_.add(x, time_ms);
    speed_y_.add(y, time_ms);
    return {{Gesture::kPress, x, y, x, y}};
  }
  if (fingers_.size() == 2 && (state_ == State::kPressed || state_ == State::kPanning)) {
    std::vector<Gesture> gestures;
    gestures.push_back(
        {state_ == State::kPanning ? Gesture::kPanEnd : Gesture::kCancel, x, y, start_x_, start_y_});
    state_ = State::kPinching;
    measure_pinch(&pinch_x_, &pinch_y_, &pinch_spread_);
    return gestures;
  }
  return {};
}

std::vector<Gesture> TouchReader::move(int id, double x, double y, double time_ms) {
  Finger* finger = find(id);
  if (!finger) return {};
  finger->x = x;
  finger->y = y;
  if (state_ == State::kPinching && fingers_.size() >= 2) {
    double middle_x, middle_y, spread;
    measure_pinch(&middle_x, &middle_y, &spread);
    Gesture pinch{Gesture::kPinch, middle_x, middle_y};
    pinch.dx = middle_x - pinch_x_;
    pinch.dy = middle_y - pinch_y_;
    pinch.scale = spread / pinch_spread_;
    pinch_x_ = middle_x;
    pinch_y_ = middle_y;
    pinch_spread_ = spread;
    return {pinch};
  }
  if (fingers_.size() != 1) return {};
  std::vector<Gesture> gestures;
  if (state_ == State::kPressed && std::hypot(x - start_x_, y - start_y_) > kSlopPx) {
    state_ = State::kPanning;
    Gesture start{Gesture::kPanStart, x, y, start_x_, start_y_};
    start.dx = x - start_x_;
    start.dy = y - start_y_;
    gestures.push_back(start);
  }
  speed_x_.add(x, time_ms);
  speed_y_.add(y, time_ms);
  if (state_ == State::kPanning) {
    Gesture pan{Gesture::kPan, x, y, start_x_, start_y_};
    pan.dx = x - last_x_;
    pan.dy = y - last_y_;
    gestures.push_back(pan);
    last_x_ = x;
    last_y_ = y;
  }
  return gestures;
}

std::vector<Gesture> TouchReader::up(int id, double x, double y, double time_ms) {
  if (!find(id)) return {};
  std::erase_if(fingers_, [id](const Finger& finger) { return finger.id == id; });
  std::vector<Gesture> gestures;
  switch (state_) {
    case State::kPressed:
      gestures.push_back({time_ms - start_ms_ <= kLongestTapMs ? Gesture::kTap : Gesture::kCancel, x, y,
                          start_x_, start_y_});
      break;
    case State::kPanning: {
      Gesture end{Gesture::kPanEnd, x, y, start_x_, start_y_};
      end.vx = speed_x_.px_per_s(time_ms);
      end.vy = speed_y_.px_per_s(time_ms);
      gestures.push_back(end);
      break;
    }
    case State::kPinching:
      gestures.push_back({Gesture::kPinchEnd, x, y});
      break;
    case State::kIdle:
    case State::kSpent:
      break;
  }
  // After a gesture the fingers that are still down mean nothing until all are lifted.
  state_ = fingers_.empty() ? State::kIdle : State::kSpent;
  return gestures;
}

std::vector<Gesture> TouchReader::cancel() {
  const bool panning = state_ == State::kPanning;
  const bool any = state_ != State::kIdle && state_ != State::kSpent;
  fingers_.clear();
  state_ = State::kIdle;
  if (!any) return {};
  return {{panning ? Gesture::kPanEnd : Gesture::kCancel, last_x_, last_y_, start_x_, start_y_}};
}

}  // namespace precordia::dashboard
