// What was measured on an ECG: plain values, every one of them possibly unknown, with the reason when it is.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "signal/ecg_record.h"

namespace precordia {

// Sample indices at the record's own rate; nullopt = the wave is absent or could not be placed.
struct BeatFiducials {
  std::optional<int> p_on, p_peak, p_off, qrs_on, r_peak, qrs_off, t_on, t_peak, t_off;
};

enum class BeatClass { kDominant, kVentricularEctopic, kSupraventricularEctopic, kPaced, kUnclassified };

struct Beat {
  BeatClass beat_class = BeatClass::kUnclassified;
  BeatFiducials global;                              // the multi-lead rule
  std::array<BeatFiducials, kLeadCount> per_lead;
};

enum class Rhythm { kSinus, kIrregularWithoutP, kPaced, kOther, kUnknown };
const char* rhythm_name(Rhythm rhythm);  // "sinus", "irregular_without_p", "paced", "other", "unknown"

// A number with its unit, its normal range for this person's sex and age, and, when unknown, why.
struct Measurement {
  std::string id;                  // JSON key: "qrs_ms"
  std::string label;               // "QRS duration"
  std::string unit;                // "ms", "/min", "mV", "deg", ""
  std::optional<double> value;
  std::optional<double> normal_low, normal_high;
  int digits = 0;                  // decimals when shown
  std::string why_unknown;         // sentence, empty when value is there
  std::string range_citation;      // where the normal range comes from; empty = no range
};

// One rule of the literature applied to this record.
struct Criterion {
  std::string id;                  // "sokolow_lyon"
  std::string label;               // "Sokolow-Lyon voltage"
  std::optional<bool> met;         // nullopt = could not be judged
  std::optional<double> value;     // the rule's continuous value
  std::optional<double> cutoff;    // met when value >= cutoff (or the rule's own direction, told in `formula`)
  std::string unit;
  int digits = 2;
  std::string formula;             // "S V1 + max(R V5, R V6) >= 3.5 mV"
  std::string citation;            // "Sokolow 1949; doi ..."
  std::string why_unknown;
  std::string detail;              // what was found where: "inferior: II, III, aVF"; may be empty
};

// The worst thing wrong with a lead; the first three make it unusable.
enum class SignalProblem { kMissing, kFlat, kUnreadable, kClipped, kMains, kNoise, kWander, kNone };

struct LeadQuality {
  bool present = false;
  bool flat = false;               // lead off or unplugged
  bool clipped = false;
  double noise_uv = 0;             // high-frequency noise outside QRS, rms
  double mains_uv = 0;             // 50 or 60 Hz component, rms
  double wander_mv = 0;            // peak-to-peak of the component under 0.5 Hz
  double missing_fraction = 0;
  bool usable = false;
  SignalProblem problem = SignalProblem::kNone;
  std::string issue;               // the problem in words, to stand beside the lead's name; empty when nothing is wrong
  // What the problem takes away: these amplitudes are then unknown, and so are the criteria that need them.
  bool heights_known = true;       // false when clipped: no amplitude
  bool st_known = true;            // false when wandering or clipped: no ST level
  bool small_waves_known = true;   // false when noisy: no P amplitude, no notches or fragments of the QRS
};

struct RepresentativeBeat {
  // Median over dominant beats, mV, aligned so that sample `r_index` is the R fiducial; same rate as the record.
  std::array<std::vector<float>, kLeadCount> mv;
  int r_index = 0;
  int beats_used = 0;
  BeatFiducials global;            // indices into the beat
  std::array<BeatFiducials, kLeadCount> per_lead;
};

// Amplitudes of the representative beat relative to the PR (or TP) baseline, mV; R >= 0, Q and S >= 0 as depths. A QRS without
// any R is a QS: q_mv is its depth and s_mv is 0 (see `qs`). P, ST and T carry their sign.
struct LeadAmplitudes {
  std::optional<double> p_mv, q_mv, r_mv, s_mv, r_prime_mv, st_j_mv, st_60ms_mv, t_mv, q_ms, r_ms;
  std::optional<double> s_ms, r_peak_ms;            // width of S; from QRS onset to the peak of the last tall R
  std::optional<double> p_terminal_mv, p_terminal_ms;  // negative end of a biphasic or negative P (0 when there is none)
  bool qs = false;
  std::optional<int> notches;                       // notches and slurs in the middle of the QRS
  std::optional<int> fragments;                     // turns back of at least 0.04 mV inside one wave of the QRS
};

struct EcgFindings {
  double sample_rate_hz = 0;
  std::vector<Beat> beats;
  Rhythm rhythm = Rhythm::kUnknown;
  std::string rhythm_text;                       // "Sinus rhythm, regular"
  RepresentativeBeat representative;
  std::array<LeadAmplitudes, kLeadCount> amplitudes;
  std::vector<Measurement> measurements;         // the table in display order; find one with `find_measurement`
  std::vector<Criterion> criteria;
  std::array<LeadQuality, kLeadCount> quality;
  std::vector<std::string> warnings;             // suspected lead reversal, pacing, too noisy, ...: sentences
  std::vector<std::string> blocks_screening;     // reasons for which the fusion must say "cannot tell"; empty = fit
};

const Measurement* find_measurement(const EcgFindings& findings, std::string_view id);
std::optional<double> measured(const EcgFindings& findings, std::string_view id);
const Criterion* find_criterion(const EcgFindings& findings, std::string_view id);

// Measures a record. Never fails: what cannot be measured is unknown with its reason. The record is analysed as it is,
// never as a display filter shows it. Age and sex, when known, choose normal ranges and cut-offs.
struct PersonForRanges {
  std::optional<double> age_years;
  std::optional<Sex> sex;
};
EcgFindings measure_ecg(const EcgRecord& record, const PersonForRanges& person);

// The same with another delineation network than the one built in, for its cross-validation.
class DelineationNetwork;
EcgFindings measure_ecg(const EcgRecord& record, const PersonForRanges& person, const DelineationNetwork& network);

}  // namespace precordia
