// Everything the dashboard remembers: what the host handed over, where the user is, and the commands that
// wait for the host.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dashboard/echo_state.h"
#include "dashboard/host_status.h"
#include "dashboard/paper.h"
#include "dashboard/review_state.h"
#include "dashboard/touch.h"
#include "dashboard/view_model.h"

namespace precordia::dashboard {

enum class Screen { kStart, kReview, kResult, kEcho, kAbout };
enum class Tab { kAnswer, kEcg, kMeasures, kNetwork };  // of the compact arrangement

enum class Zoom { kFit, kTrue, kFree };

// A caliper lies on the paper, not on the screen: it keeps its place when the paper is moved or zoomed.
struct Caliper {
  bool placed = false;
  double x0_mm = 0, y0_mm = 0, x1_mm = 0, y1_mm = 0;
  int grabbed = -1;                           // what the pointer moves: 0 or 1 an end, 2 both, -1 nothing
  double pointer_x_px = 0, pointer_y_px = 0;  // where it was last
};

struct PaperState {
  PaperSettings settings;
  bool layout_chosen = false;  // else the arrangement chooses
  Zoom zoom = Zoom::kFit;
  double free_px_per_mm = kCssPxPerMm;
  double true_px_per_mm = kCssPxPerMm;
  bool calibrating = false;
  double pan_px = 0;  // how far the paper is moved to the left, >= 0
  Fling fling;
  bool calipers_on = false;
  Caliper caliper;
  bool relevance_on = true;
  int relevance_map = 0;      // index into NetworkView::maps
  bool options_open = false;  // compact arrangement: the rest of the controls
  bool marks_on = false;      // wave onsets and ends on the paper
  unsigned lit_leads = 0;     // a bit per lead that a chosen line of evidence comes from
  // Of the last frame, for zooming around a point and for what the status line says.
  double shown_px_per_mm = kCssPxPerMm;
};

struct AppState {
  std::optional<ViewModel> view;
  HostStatus status;
  std::optional<Progress> progress;
  std::string error;

  Screen screen = Screen::kStart;
  ReviewState review;  // of a page of paper, before it is screened
  EchoState echo;      // of the clips in hand
  Tab tab = Tab::kAnswer;
  PaperState paper;
  std::set<std::string> open_evidence;  // ids of expanded entries
  std::string lit_evidence;             // the entry whose leads are lit on the paper
  bool go_to_trace = false;             // at the next frame the trace is scrolled into sight
  std::set<std::string> open_groups;    // network groups shown in full
  bool all_criteria = false;
  std::string open_criterion;
  int provider_choice = 0;  // automatic, WebAssembly, WebGPU

  std::vector<std::string> commands;  // JSON objects for the host, oldest first
};

// The commands of the host's contract, queued.
void send(AppState& state, const char* command);
void send_text(AppState& state, const char* command, const char* key, std::string_view value);
void send_number(AppState& state, const char* command, const char* key, int value);
void send_flag(AppState& state, const char* command, const char* key, bool on);
void send_page_options(AppState& state);  // the corrections in force
void send_filter(AppState& state, const FilterView& filter);

// Shows a page for review, or takes it away. A page that was corrected keeps the reader's place and the history.
void show_page(AppState& state, std::optional<PageView> page, bool corrected);
// Shows clips, or takes them away. `corrected`: the same ones, measured again.
void show_echo(AppState& state, std::optional<EchoViewModel> echo, bool corrected);
Screen home_screen(const AppState& state);  // where "back" leads

// Lights what a line of evidence comes from: leads, the network's map, marks of the waves. A line without a place puts the light out.
void light_evidence(AppState& state, const EvidenceView& item);
void put_light_out(AppState& state);

// Shows a result, or with nothing goes back to the start.
void show_view(AppState& state, std::optional<ViewModel> view);

struct Condition {
  const char* id;  // of the engine's simulated patients; "echo_...": of its simulated clips
  const char* title;
  const char* hint;
};
inline constexpr int kConditionCount = 6;
extern const Condition kConditions[kConditionCount];

}  // namespace precordia::dashboard
