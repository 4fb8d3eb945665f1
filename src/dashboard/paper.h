// The geometry of ECG paper, in millimetres: where each lead is printed, what a pixel is worth, what a
// caliper reads. Nothing here draws, so that every conversion is tested natively.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace precordia::dashboard {

// CSS defines 96 px as one inch of 25.4 mm (CSS Values and Units 4, 6.2). A screen is seldom exactly that,
// hence the calibration against a bank card (ISO/IEC 7810 ID-1: 85.60 mm wide).
inline constexpr double kCssPxPerMm = 96.0 / 25.4;
inline constexpr double kBankCardMm = 85.60;

enum class PaperLayout { kThreeByFour, kSixByTwo, kTwelveByOne };

struct PaperSettings {
  PaperLayout layout = PaperLayout::kThreeByFour;
  double speed_mm_per_s = 25;  // 25 or 50
  double gain_mm_per_mv = 10;  // 5, 10 or 20
  double start_s = 0;          // of the page, for records longer than a page
};

// One stretch of one lead.
struct PaperCell {
  int lead = 0;  // 0..11, standard order
  double start_s = 0, duration_s = 0;
  double x_mm = 0;         // of `start_s`
  double baseline_mm = 0;  // y of 0 mV, downwards from the top
  bool rhythm_strip = false;
};

struct PaperPlan {
  double width_mm = 0, height_mm = 0;
  double page_s = 0;  // seconds that one page shows
  std::vector<PaperCell> cells;
  std::vector<double> pulse_baselines_mm;  // one calibration pulse (1 mV, 0.2 s) per row, at x = kPulseLeftMm
  double pulse_mm = 0;                     // width of the pulse
};

inline constexpr double kPulseLeftMm = 2;
inline constexpr double kPageSeconds = 10;

// 3 x 4 prints the leads in columns of a quarter page, consecutive in time, above a 10 s strip of lead II; 6
// x 2 in columns of half a page; 12 x 1 prints every lead over the whole record.
PaperPlan plan_paper(const PaperSettings& settings, double record_s);

// Makes the paper taller, up to kMostRoomMm at each edge, until the traces of its first and last rows fit on it.
// `leads` in standard order, mV; an absent lead is empty. Rows between may overlap, as they do in print.
inline constexpr double kMostRoomMm = 30;
void make_room_for_traces(PaperPlan* plan, const PaperSettings& settings,
                          std::span<const std::span<const float>> leads, double sample_rate_hz);

// Last page start of a record, 0 when it fits on one.
double last_page_start_s(const PaperPlan& plan, double record_s);

struct CaliperReading {
  double ms = 0;                     // >= 0
  std::optional<double> per_minute;  // 60000 / ms; unknown under 1 ms
  double mv = 0;                     // second point minus first, upwards positive
};

CaliperReading read_caliper(double dx_mm, double dy_mm, const PaperSettings& settings);  // dy downwards
std::string caliper_text(const CaliperReading& reading);  // "412 ms · 146/min · 0.85 mV"

// The scale at which a plan fits `width_px`, never above true size; where that would fall under `least_share`
// of true size the trace would be too small to read, and true size is kept (the page is then moved sideways).
double fitting_scale_px_per_mm(const PaperPlan& plan, double width_px, double true_px_per_mm,
                               double least_share);

// Smallest and largest value of the samples that fall on one pixel column, in time order, for a line that
// hides no peak. At most two points per column; NaN breaks the line (`gap`).
struct TracePoint {
  float x_px = 0, mv = 0;
  bool gap = false;  // no line from the point before
};
void thin_trace(std::span<const float> mv, double sample_rate_hz, double start_s, double duration_s,
                double px_per_s, double column_px, std::vector<TracePoint>* points);

}  // namespace precordia::dashboard
