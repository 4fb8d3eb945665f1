// Fingers to gestures: tap, pan with a fling at its end, pinch. Times are milliseconds, lengths CSS pixels.
// No drawing, no clock of its own: the same code runs in the unit tests.
#pragma once

#include <vector>

namespace precordia::dashboard {

// A fling slows down exponentially: v(t) = v0 exp(-t / tau). tau = 325 ms is the constant of the well-known
// touch scrolling feel; a fling ends below 12 px/s.
class Fling {
 public:
  void start(double velocity_px_per_s);
  void stop() { velocity_ = 0; }
  bool moving() const { return velocity_ != 0; }
  double step(double elapsed_ms);  // distance covered in this time, px

 private:
  double velocity_ = 0;
};

// Speed of the last 100 ms of a movement, so that a finger that rests before lifting does not fling.
class SpeedMeter {
 public:
  void clear() { samples_.clear(); }
  void add(double position_px, double time_ms);
  double px_per_s(double now_ms) const;

 private:
  struct Sample {
    double position, time;
  };
  std::vector<Sample> samples_;
};

struct Gesture {
  enum Kind { kPress, kTap, kPanStart, kPan, kPanEnd, kPinch, kPinchEnd, kCancel } kind = kPress;
  double x = 0, y = 0;              // where: finger, or middle of two
  double start_x = 0, start_y = 0;  // kPanStart, kPan, kPanEnd: where the finger came down
  double dx = 0, dy = 0;            // kPan, kPinch: since the last report
  double vx = 0, vy = 0;            // kPanEnd: px/s
  double scale = 1;                 // kPinch: since the last report
};

class TouchReader {
 public:
  static constexpr double kSlopPx = 8;  // movement under this is still a tap
  static constexpr double kLongestTapMs = 700;

  // Each returns what the event amounts to, oldest first.
  std::vector<Gesture> down(int finger, double x, double y, double time_ms);
  std::vector<Gesture> move(int finger, double x, double y, double time_ms);
  std::vector<Gesture> up(int finger, double x, double y, double time_ms);
  std::vector<Gesture> cancel();
  bool active() const { return !fingers_.empty(); }

 private:
  struct Finger {
    int id;
    double x, y;
  };
  enum class State { kIdle, kPressed, kPanning, kPinching, kSpent };
  Finger* find(int id);
  void measure_pinch(double* x, double* y, double* spread) const;

  std::vector<Finger> fingers_;
  State state_ = State::kIdle;
  double start_x_ = 0, start_y_ = 0, start_ms_ = 0, last_x_ = 0, last_y_ = 0;
  double pinch_x_ = 0, pinch_y_ = 0, pinch_spread_ = 1;
  SpeedMeter speed_x_, speed_y_;
};

}  // namespace precordia::dashboard
