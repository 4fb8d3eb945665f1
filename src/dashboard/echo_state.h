// What the echo screen remembers: which frame is shown, how it plays, what lies over it, and every contour that was corrected by hand, so
// that each can be undone.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dashboard/echo_model.h"

namespace precordia::dashboard {

enum class EchoOverlay { kNone, kUncertainty, kMotion };

// By clip and frame; points in shares of the frame, left end of the mitral plane over the apex to the right end.
using HandDrawn = std::map<std::pair<int, int>, std::vector<PlanePoint>>;

// One picture that the graphics chip shows: composed here, uploaded by the platform when `changed`.
struct EchoPicture {
  int side = 0;
  std::vector<uint8_t> rgba;
  bool changed = false;
  unsigned long long texture = 0;   // by the platform; 0: none
  // What `rgba` was composed from: clip, frame, overlay; -1: nothing.
  std::array<int, 3> content = {-1, -1, -1};
};
enum EchoPlace { kCinePlace, kEdPlace, kEsPlace, kEchoPlaces };

struct EchoState {
  std::optional<EchoViewModel> view;
  std::array<EchoPicture, kEchoPlaces> pictures;

  int clip = 0, frame = 0, beat = 0;
  bool playing = false;
  int speed = 2;                  // index into kEchoSpeeds
  double clip_ms = 0;             // where in the clip it plays
  double last_ms = -1;            // of the host's clock when it was last moved on; -1: not playing
  bool lv_on = true, myocardium_on = true, atrium_on = true;
  EchoOverlay overlay = EchoOverlay::kNone;

  bool editing = false;
  std::vector<PlanePoint> draft;  // of the frame that is corrected
  int grabbed = -1;
  bool dragged = false;
  std::vector<HandDrawn> history = {{}};
  size_t at = 0;
  bool can_undo() const { return at > 0; }
  bool can_redo() const { return at + 1 < history.size(); }

  const EchoClipView& shown_clip() const { return view->clips[static_cast<size_t>(clip)]; }
};

inline constexpr std::array<double, 3> kEchoSpeeds = {0.25, 0.5, 1};

// A new clip, or the same one measured again after a correction (`corrected`), which keeps the place and the history.
void show_echo_view(EchoState& echo, std::optional<EchoViewModel> view, bool corrected);

// Times of the frames; of a clip that does not know them, 40 ms each, to be looked at only.
double frame_ms(const EchoState& echo, int frame);
double clip_length_ms(const EchoState& echo);   // until the last frame has been shown

void go_to_frame(EchoState& echo, int frame);   // stops playing
void step_frames(EchoState& echo, int by);      // wraps around
void choose_clip(EchoState& echo, int clip);
void choose_beat(EchoState& echo, int beat);    // goes to its end-diastole
void play(EchoState& echo, bool on);
// Moves a playing clip on to the host's time. True when it plays.
bool advance(EchoState& echo, double now_ms);

// Correcting: only on end-diastole and end-systole of the beat in hand.
void begin_editing(EchoState& echo, bool systole);
void end_editing(EchoState& echo);
// Moves one point of the draft and, less and less, its neighbours along the contour.
void drag_contour(EchoState& echo, int point, PlanePoint to);

// What changed between two states of the history: clip, frame, and the points in force now (none: as the network drew it).
struct ContourChange {
  int clip = 0, frame = 0;
  std::vector<PlanePoint> points;
};
std::optional<ContourChange> commit_contour(EchoState& echo);   // the draft becomes a correction
std::optional<ContourChange> reset_contour(EchoState& echo);    // of the frame that is corrected
std::optional<ContourChange> undo_contour(EchoState& echo);
std::optional<ContourChange> redo_contour(EchoState& echo);

// Composes the picture of one place when it is not there yet: grey with the overlay.
void compose_picture(EchoState& echo, EchoPlace place, int frame, EchoOverlay overlay);
// Colour of inward motion: vermilion for none over white to blue for 40 % and more (a scale that colour-blind eyes can read). RGB.
std::array<uint8_t, 3> motion_colour(double percent);
inline constexpr double kFullMotionPercent = 40;

}  // namespace precordia::dashboard
