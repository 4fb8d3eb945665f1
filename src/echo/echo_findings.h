// What one or two clips show: ejection fraction beat by beat, volumes, strain, and how far it can be trusted.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace precordia {

enum class EchoClass : unsigned char { kBackground = 0, kLeftVentricle = 1, kMyocardium = 2, kLeftAtrium = 3 };
enum class EchoView { kUnknown, kApical4, kApical2, kOther };
const char* echo_view_name(EchoView view);   // "unknown", "apical 4-chamber", "apical 2-chamber", "other"

struct EchoBeat {
  int ed_frame = 0, es_frame = 0;            // indices into the clip; end-systole lies before end-diastole where the clip ends too early
  double ef_percent = 0;
  std::optional<double> ed_volume_ml, es_volume_ml;   // only where the clip knows its pixel size
  std::optional<double> gls_percent;         // negative: shortening
};

// Basal, mid and apical segment of the left and the right wall of the picture, from the lower left over the apex to the lower right.
inline constexpr int kWallSegments = 6;
struct WallSegment {
  std::string name;                          // "basal inferoseptal", ...; "left basal" where the view is unknown
  double inward_motion_percent = 0;          // of the end-diastolic distance to the long axis
  std::optional<double> time_to_peak_ms;     // from end-diastole
};

struct EchoPoint {
  float x = 0, y = 0;                        // in pixels of the clip's square frame
};

// Left ventricle of one frame, measured on its mask. Lengths are in widths of the frame (its true height follows from the aspect).
inline constexpr int kDiscs = 20;
struct FrameShape {
  bool found = false;
  double lv_area = 0, la_area = 0;           // in frame widths squared: comparable within a clip only
  double la_length = 0;                      // mitral plane to the roof of the atrium
  double length = 0, width = 0;              // mitral plane to apex, widest disc
  double volume = 0;                         // Simpson's discs, frame widths cubed
  double momentary_volume = 0;               // the same before the mitral plane is held still: for timing, too restless for sizes
  std::array<double, kDiscs> left{}, right{};  // half-widths of the discs beside the long axis, from the mitral plane to the apex
  double entropy = 0;                        // mean over the pixels within 2 px of the LV's border, bits
  double cut_off = 0;                        // share of the LV's border that lies on the sector's edge
  EchoPoint apex, mitral_left, mitral_right;
  std::vector<EchoPoint> contour;            // endocardium from mitral_left over the apex to mitral_right, kContourPoints
};
inline constexpr int kContourPoints = 33;

struct ClipFindings {
  EchoView view = EchoView::kUnknown;
  double view_probability = 0;               // of being apical at all
  double quality = 0;                        // 0 to 1
  std::vector<FrameShape> frames;
  std::vector<EchoBeat> beats;
  std::optional<double> ef_percent, ef_low_percent, ef_high_percent;   // median beat, 95 % interval
  std::optional<double> gls_percent, heart_rate_bpm;
  std::optional<double> ed_volume_ml, es_volume_ml, la_volume_ml, la_area_cm2, lv_length_mm;
  std::optional<double> sphericity;          // width over length at end-diastole
  bool irregular = false;                    // beats differ in length by more than 20 %
  std::vector<WallSegment> segments;
  std::optional<double> synchrony_sd_ms;     // SD of the segments' time to peak
  std::vector<std::string> cannot_tell_because;   // sentences, what to do about it included; empty = usable
  std::vector<std::string> notes;
};

struct EchoFindings {
  std::vector<ClipFindings> clips;           // one, or an apical 4-chamber and an apical 2-chamber one
  std::string method;                        // "Simpson's biplane", "Simpson's single plane, apical 4-chamber"
  std::optional<double> ef_percent, ef_low_percent, ef_high_percent, ef_sd_percent;
  double to_40 = 0, from_41_to_49 = 0, from_50 = 0;   // probability of each band, sum 1 where there is an EF
  std::optional<double> gls_percent;
  std::vector<std::string> cannot_tell_because;
};

}  // namespace precordia
