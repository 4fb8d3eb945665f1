// What the engine hands to the dashboard, as plain values. The engine formats every text and decides
// everything clinical; this reader only refuses to be surprised: a missing key, a wrong type or an impossible
// slice becomes "unknown".
//
//   1 answer and reasons   2 measurements and criteria   3 network   4 ECG   5 the whole   6 reading it
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace precordia::dashboard {

// ---- 1 answer and reasons
// --------------------------------------------------------------------------------------------

enum class Tone { kCalm, kWatch, kAct, kUnknown };

struct AnswerView {
  std::string phenotype;
  Tone tone = Tone::kUnknown;
  std::string headline, sentence;
  std::optional<double> probability, low, high, prior;  // 0..1
  std::string target, prior_context, before;
  std::optional<double> hf_probability, hf_low, hf_high, hf_prior;  // 0..1, another scale than `probability`
  std::string hf_prior_context;
  std::string cannot_tell_because;
  bool cannot_tell() const { return phenotype == "cannot_tell"; }
};

struct NextStepView {
  std::string headline;
  std::vector<std::string> steps;
  bool urgent = false;
  std::string citation, most_useful_test;
};

enum class EvidenceScale { kLvsd, kHeartFailure, kContext };
enum class EvidenceDirection { kFor, kAgainst, kNeutral };

struct EvidenceView {
  std::string id, label, value;
  EvidenceScale scale = EvidenceScale::kContext;
  EvidenceDirection direction = EvidenceDirection::kNeutral;
  bool counted = false;
  std::optional<double> likelihood_ratio, decibans;
  std::string explanation, citation;
  // Where it comes from: leads of the trace (a bit each), a map of the network, marks of the waves, the echo clip.
  unsigned leads = 0;
  std::string map;
  bool marks = false, clip = false;
};

struct WayView {
  std::string way, why_not;                    // "late", "early", "hybrid"
  std::optional<double> probability, low, high;  // 0..1
};

// How the evidence was put together; no ways where the ECG did not decide.
struct FusionView {
  std::string method, note;
  std::vector<WayView> ways;
};

struct ShareView {
  std::string label, note;
  std::optional<double> probability, low, high;  // 0..1
};

struct ScoreView {
  std::string title, meaning, reading, citation;
  bool applies = false;
  std::optional<int> points_low, points_high;
  int most_points = 0;
  std::optional<double> probability;  // 0..1
  std::vector<std::string> missing;
};

struct UsefulTestView {
  std::string label;
  EvidenceScale scale = EvidenceScale::kLvsd;
  double if_against = 0, if_for = 0;  // 0..1
};

struct ComparedView {
  std::string label, before, now, change;
  bool beyond_chance = false;
  bool text_line = false;  // words instead of numbers
};

// ---- 2 measurements and criteria
// ---------------------------------------------------------------------------------------

enum class RangeStatus { kNormal, kLow, kHigh, kUnknown };

struct MeasurementView {
  std::string id, label, unit, text, normal;
  std::optional<double> value;
  RangeStatus status = RangeStatus::kUnknown;
  std::string why_unknown;
  std::string device;              // the recorder's own number, "recorder: 161 ms"
};

// What the recorder stated itself.
struct DeviceView {
  std::vector<std::string> lines, others, statements;
};

struct CriterionView {
  std::string id, label, text, cutoff, formula, citation, why_unknown;
  std::optional<bool> met;
};

// One lead of the representative beat, in mV, as text.
struct AmplitudeView {
  std::string lead, r, s, st, t;
};

struct LeadQualityView {
  std::string lead;
  bool usable = true;
  std::string issue;
};

// ---- 3 network
// ---------------------------------------------------------------------------------------------------------

enum class NetworkFlag { kNone, kScreening, kConfirming };

struct NetworkOutputView {
  std::string id, group, title;
  double probability = 0;                       // 0..1
  std::optional<double> screening, confirming;  // operating thresholds, 0..1
  NetworkFlag flag = NetworkFlag::kNone;
};

// A slice of the blob.
struct Slice {
  size_t at = 0, n = 0;
};

struct RelevanceMapView {
  std::string output_id, title;
  Slice relevance;  // one value per step, 0..1 after reading (scaled by its own largest value when above 1)
  double start_s = 0, step_s = 0;  // centre of the first step, and the distance between steps
  bool reassuring = false;         // of a finding such as "normal ECG"
};

struct NetworkView {
  std::string model_id, title, precision, not_run_because;
  std::string distrusted_because, partial_input, person;  // sentences, empty = nothing to say
  std::vector<NetworkOutputView> outputs;
  std::vector<RelevanceMapView> maps;
};

// ---- 4 ECG
// -------------------------------------------------------------------------------------------------------------

enum class LeadOrigin { kRecorded, kDerived, kAbsent };

struct LeadView {
  std::string name;
  LeadOrigin origin = LeadOrigin::kAbsent;
  Slice trace;  // mV; NaN = missing
};

struct FiducialsView {
  std::optional<int> p_on, p_off, qrs_on, qrs_off, t_off;  // sample indices
};

enum class BeatKind { kDominant, kVentricularEctopic, kSupraventricularEctopic, kPaced, kUnclassified };

struct BeatView {
  BeatKind kind = BeatKind::kUnclassified;
  int r = 0;
  FiducialsView fiducials;
};

struct FilterView {
  double high_pass_hz = 0.05, low_pass_hz = 150, notch_hz = 0;
};

struct MedianBeatView {
  int r_index = 0, beats_used = 0;
  std::vector<LeadView> leads;
  FiducialsView fiducials;
};

struct EcgView {
  double sample_rate_hz = 0;
  int samples = 0;
  std::vector<LeadView> leads;  // standard order I II III aVR aVL aVF V1..V6, always 12 after reading
  FilterView filter;
  std::vector<BeatView> beats;
  MedianBeatView median;
  double duration_s() const { return sample_rate_hz > 0 ? samples / sample_rate_hz : 0; }
};

// ---- 5 the whole
// ---------------------------------------------------------------------------------------------------------

struct InputView {
  std::string name, format, summary, patient, recorded_at;
  bool simulated = false;
  std::vector<std::string> notes;
};

struct ModelView {
  std::string id, title, version, precision, licence, card, training;
};

struct ViewModel {
  std::string version, disclaimer, rhythm;
  InputView input;
  AnswerView answer;
  NextStepView next_step;
  std::vector<EvidenceView> evidence;
  std::vector<ShareView> phenotypes;
  std::vector<ScoreView> scores;
  std::vector<UsefulTestView> would_change;
  FusionView fusion;
  std::vector<ComparedView> comparison;
  std::vector<MeasurementView> measurements;
  DeviceView device;
  std::vector<CriterionView> criteria;
  std::vector<std::string> warnings;
  std::vector<AmplitudeView> amplitudes;
  std::vector<LeadQualityView> quality;
  NetworkView network;
  EcgView ecg;
  std::vector<ModelView> models;
  std::vector<float> blob;

  std::span<const float> values(Slice slice) const;  // empty when the slice is not inside the blob
};

inline constexpr int kLeadCount = 12;
extern const char* const kLeadNames[kLeadCount];  // I, II, III, aVR, aVL, aVF, V1..V6
int lead_index(std::string_view name);            // -1 when it is none of the twelve

// Whether the quality list calls this lead unusable.
bool lead_is_bad(const ViewModel& view, int lead);

// ---- 6 reading it
// --------------------------------------------------------------------------------------------------------

inline constexpr size_t kMaxViewBytes = 16u << 20;  // of JSON text
inline constexpr size_t kMaxListEntries = 4096;     // of any list in it; the rest is left out

// Reads the view. Fails (kDamaged, kTooLarge) only for text that is no JSON object or is too large; anything
// else that is missing or wrong becomes an empty text, nullopt or an empty slice.
Result<ViewModel> read_view(std::string_view json, std::vector<float> blob);

}  // namespace precordia::dashboard
