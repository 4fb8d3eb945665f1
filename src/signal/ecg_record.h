// The one shape in which an ECG travels through the house, whatever file, photo or generator it came from.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace precordia {

// The twelve standard leads, in the order of every array, table and network input of the project.
enum class Lead : uint8_t { kI, kII, kIII, kAVR, kAVL, kAVF, kV1, kV2, kV3, kV4, kV5, kV6 };
inline constexpr int kLeadCount = 12;
inline constexpr std::array<const char*, kLeadCount> kLeadNames = {"I",  "II", "III", "aVR", "aVL", "aVF",
                                                                   "V1", "V2", "V3",  "V4",  "V5",  "V6"};
inline constexpr int index_of(Lead lead) { return static_cast<int>(lead); }

// "ii", "AVR", "ECG II", "Lead V1", "MDC_ECG_LEAD_V1" -> the lead; V3R, V7, "MLII" and anything else -> nullopt.
std::optional<Lead> lead_from_name(std::string_view name);

enum class LeadOrigin : uint8_t { kAbsent, kRecorded, kDerived };
enum class Sex : uint8_t { kFemale, kMale };

// What the file says about the person. Only what the analysis uses: never a name or an identifier.
struct RecordedPatient {
  std::optional<double> age_years;  // 90 when the source says "over 89"
  std::optional<Sex> sex;
};

// Who the file says was recorded. It stays in memory: no JSON, CSV, report or export holds it, except a file that is written
// with the explicit switch for identity (formats/write_ecg.h).
struct PatientIdentity {
  std::string name, id;
  std::string birth_date;     // ISO 8601 date
  bool empty() const { return name.empty() && id.empty() && birth_date.empty(); }
};

// The filters that were at work when the samples were stored, as the file states them.
struct RecordedFilters {
  std::optional<double> high_pass_hz, low_pass_hz, notch_hz;
};

// A number that the recorder measured itself. `id` is ours where the quantity is one of ours: heart_rate_bpm,
// atrial_rate_bpm, rr_ms, p_ms, pr_ms, qrs_ms, qt_ms, qtc_ms (formula not stated), qtc_bazett_ms, qtc_fridericia_ms,
// p_axis_deg, qrs_axis_deg, t_axis_deg; empty otherwise.
struct DeviceMeasurement {
  std::string id;
  double value = 0;
  std::string unit;           // "ms", "/min", "deg", ...
  std::string label;          // the file's own name for it
};

// What the recorder, or the doctor who read it there, already said. Shown beside our own results and never mixed with them.
struct DeviceFindings {
  std::vector<DeviceMeasurement> measurements;
  std::vector<std::string> statements;
  bool empty() const { return measurements.empty() && statements.empty(); }
};

// How a record was read from a picture of paper.
struct PaperSource {
  bool reviewed = false;      // somebody looked at the trace over the picture before it was screened
  std::string layout;         // "3x4+1"
  double mm_per_s = 25, mm_per_mv = 10;
  std::optional<double> einthoven_residual, goldberger_residual, rhythm_residual, pulse_mm;
  double coverage = 0, mean_confidence = 0;   // 0..1
  bool quality_passed = false;
};

struct RecordSource {
  std::string format;         // "WFDB format 16", "CSV", "simulated", ...
  std::string device;         // as stated by the file, empty = unknown
  std::string recorded_at;    // ISO 8601 local time, empty = unknown
  RecordedFilters filters = {};
  bool simulated = false;     // true only for the built-in generator; shown wherever the record shows
  std::optional<PaperSource> paper = {};   // of a record that was read from a picture
};

struct EcgRecord {
  double sample_rate_hz = 0;
  // Samples in mV per lead, all present leads of one length; NaN = missing sample; an absent lead is an empty vector.
  std::array<std::vector<float>, kLeadCount> mv;
  std::array<LeadOrigin, kLeadCount> origin{};
  std::vector<std::string> other_channels;  // names of channels that are not one of the twelve leads
  RecordedPatient patient;
  PatientIdentity identity;
  RecordSource source;
  DeviceFindings device_findings;
  std::vector<std::string> notes;  // sentences about repairs and assumptions made while reading ("V3 is missing", ...)

  const std::vector<float>& lead(Lead l) const { return mv[index_of(l)]; }
  bool has(Lead l) const { return !mv[index_of(l)].empty(); }
  size_t sample_count() const;  // length of the present leads, 0 when there is none
  double duration_s() const { return sample_rate_hz > 0 ? sample_count() / sample_rate_hz : 0; }
  int lead_count() const;       // present leads, derived ones included
};

// Fills absent limb leads from two recorded ones (Einthoven, Goldberger): III = II - I, aVR = -(I + II)/2,
// aVL = I - II/2, aVF = II - I/2, and their inversions when I or II is the absent one. Recorded leads are never changed.
void derive_limb_leads(EcgRecord& record);

}  // namespace precordia
