// A picture of a printed ECG becomes calibrated leads: the front door of the paper room.
//
//   image ─▶ ink (grid and trace apart) ─▶ grid lattice ─▶ flat page ─▶ centrelines ─▶ layout, speed, gain ─▶ record
//
// Everything is measured against the printed grid, so perspective, curl and unequal scales of a scanner cancel. What could not
// be read stays NaN. Names and other words printed on the page are never read.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "paper/image.h"
#include "signal/ecg_record.h"

namespace precordia {

// How the leads stand on the page: rows x columns, "plus" = whole-width rhythm rows below.
enum class PageLayout : uint8_t {
  k3x4, k3x4Plus1, k3x4Plus2, k3x4Plus3, k6x2, k6x2Plus1, k12x1, k6x1, k3x1, kSingle,
};
inline constexpr int kPageLayoutCount = 10;
struct PageLayoutShape {
  PageLayout layout;
  const char* name;            // "3x4+1", stable, for JSON and the --layout option
  int rows, columns, rhythm_rows;
};
const PageLayoutShape& shape_of(PageLayout layout);
std::optional<PageLayout> layout_from_name(std::string_view name);

enum class LeadOrder : uint8_t {
  kStandard,   // I II III aVR aVL aVF V1..V6
  kCabrera,    // aVL I -aVR II aVF III V1..V6
};

// Where a statement about the page comes from.
enum class KnownFrom : uint8_t {
  kAssumed,    // the usual value; nothing on the page speaks against it
  kGrid,       // the pitch of the printed grid
  kPulse,      // the printed calibration pulse
  kLabels,     // printed lead names
  kLeadAlgebra,// Einthoven's and Goldberger's equations hold with it and not otherwise
  kGeometry,   // number and length of the printed rows
  kUser,
};
const char* known_from_name(KnownFrom known);   // "assumed", "grid", ...

// A correction of one lead by the user: the trace is looked for again and passes through `through`.
struct RetraceHint {
  Lead lead;
  std::vector<ImagePoint> through;
};

struct DigitiseOptions {
  std::optional<double> mm_per_s;                       // 12.5, 25, 50, 100
  std::optional<double> mm_per_mv;                      // 5, 10, 20
  std::optional<PageLayout> layout;
  std::optional<LeadOrder> order;
  std::optional<Lead> rhythm_lead;                      // of the first rhythm row; II unless given
  std::optional<std::array<ImagePoint, 4>> corners;     // top left, top right, bottom right, bottom left of the printed area
  std::optional<int> quarter_turns;                     // clockwise, that make the image upright; found out unless given
  std::vector<RetraceHint> retrace;
};

struct LeadTrace {
  Lead lead = Lead::kI;
  bool rhythm_row = false;
  double start_s = 0;                       // on the record's time axis
  double baseline_row_mm = 0;               // zero line on the flat page
  std::vector<ImagePoint> centreline;       // one per sample from start_s, in pixels of the image given to digitise(); NaN in gaps
  std::vector<float> confidence;            // 0..1 per sample of `centreline`
};

// The numbers that need no truth, of the traces as they were read: what the equations still lacked is spread over the leads only
// afterwards. `passed` is what lets a user skip the review.
struct PageQuality {
  double einthoven_residual = 0;   // rms(I + III - II) / rms of the three; NaN when the page lacks them at one time
  double goldberger_residual = 0;  // rms(aVR + aVL + aVF) / rms of the three; NaN likewise
  double rhythm_residual = 0;      // rms(short lead - the same lead in the rhythm row) / rms; NaN likewise
  std::optional<double> pulse_mm;  // height of the printed calibration pulse
  double coverage = 0;             // samples read / samples that the layout has room for
  double mean_confidence = 0;
  bool passed = false;
};

// Flat page <-> image. Nodes of a regular lattice in millimetres of paper, with the image point of each.
struct PageMapping {
  double origin_x_mm = 0, origin_y_mm = 0, step_mm = 5;
  int columns = 0, rows = 0;
  std::vector<ImagePoint> nodes;            // rows x columns, row-major
  ImagePoint image_from_page(double x_mm, double y_mm) const;
  bool empty() const { return nodes.empty(); }
};

// Milliseconds that each step took, all ways up together that were tried: for `bench`, and in no record or report.
struct PageTimes {
  double ink = 0, grid = 0, flatten = 0, rows = 0, plan = 0, refine = 0, algebra = 0;
  int readings = 0;                // ways up that were tried
  bool prepared = false;           // ink and flat page came from another processor: `ink` is not counted, `flatten` is the grid's removal
};

struct DigitisedPage {
  EcgRecord record;                          // mV at 500 Hz, NaN = not on the paper
  std::vector<LeadTrace> traces;
  std::array<ImagePoint, 4> corners{};       // of the grid found, order as in DigitiseOptions
  int quarter_turns = 0;
  double px_per_mm_x = 0, px_per_mm_y = 0;   // mean over the page, in image pixels
  double mm_per_s = 25, mm_per_mv = 10;
  KnownFrom speed_known = KnownFrom::kAssumed, gain_known = KnownFrom::kAssumed;
  PageLayout layout = PageLayout::k3x4;
  LeadOrder order = LeadOrder::kStandard;
  KnownFrom layout_known = KnownFrom::kGeometry;
  PageQuality quality;
  bool review_recommended = true;
  std::vector<std::string> notes;            // sentences for the user
  PageMapping mapping;
  PageTimes times;
};

inline constexpr double kDigitisedRateHz = 500;

class PreparedPage;   // paper/prepared_page.h

// `prepared`, when complete, is taken for the first reading of the picture as it was given; what cannot be read from it is read here.
// Errors: kUnusable (no grid, no trace, too blurred: the sentence says what to do), kNotAnEcg, kTooLarge, kWrongUsage.
Result<DigitisedPage> digitise(const RgbImage& image, const DigitiseOptions& options = {}, const PreparedPage* prepared = nullptr);

}  // namespace precordia
