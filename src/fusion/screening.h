// From findings to one honest answer: what the evidence points to, how sure, why, and what to do next.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ecg/ecg_findings.h"
#include "fusion/clinical_profile.h"
#include "fusion/echo_evidence.h"
#include "fusion/fused_reading.h"
#include "fusion/scores.h"
#include "nets/ecg_net_findings.h"
#include "signal/ecg_record.h"

namespace precordia {

enum class Phenotype {
  kCannotTell,
  kNoEvidence,                 // nothing points to heart failure
  kPossibleStructuralDisease,  // Stage B possible: hypertrophy, conduction or infarction pattern, no symptoms
                               // stated
  kLvsdPossible,               // LV systolic dysfunction cannot be dismissed: echo needed
  kLvsdLikely,  // evidence favours LV systolic dysfunction: echo needed; never "HFrEF" without a measured EF
  kHeartFailurePossible,  // symptoms with little evidence for LVSD: HFpEF possible, cannot confirm
  // Only with a measured ejection fraction:
  kHfref, kHfmref, kHfpef,
  kStageB,            // EF reduced, no symptoms stated
  kEfBetweenClasses,  // the EF lies so near a limit that no class is named
};
const char* phenotype_name(
    Phenotype phenotype);  // "cannot_tell", "no_evidence", "possible_structural_disease", ...

// Why there is no answer: what could change that differs, and so does the next step.
enum class Obstacle {
  kRecording,  // noise, swapped or missing leads, too short: a better recording may be answered
  kPerson,     // a child: no recording of this person can be answered
  kRhythm,     // pacing, or too fast: a new recording is answered only if the rhythm has changed
};

enum class EvidenceScale { kLvsd, kHeartFailure, kContext };  // never multiplied across scales
enum class EvidenceDirection { kFor, kAgainst, kNeutral };

struct EvidenceItem {
  std::string id;     // "ecg_major_abnormality"
  std::string label;  // "Major ECG abnormality (network)"
  std::string value;  // "AF 0.93"; already formatted
  EvidenceScale scale = EvidenceScale::kContext;
  EvidenceDirection direction = EvidenceDirection::kNeutral;
  std::string cluster;   // findings of one cluster count once
  bool counted = false;  // false: shown as context, or outweighed inside its cluster
  std::optional<double> likelihood_ratio;
  std::optional<double> decibans;  // 10 log10 of the weight that entered the sum, after capping and shrinking
  std::string explanation;         // one sentence
  std::string citation;            // "Davie 1996, BMJ 312:222, doi 10.1136/bmj.312.7025.222"
};

struct NextStep {
  std::string headline;            // "Measure NT-proBNP"
  std::vector<std::string> steps;  // worded for a nurse, never a treatment order
  bool urgent = false;
  std::string citation;
  std::string most_useful_test;  // the single missing test that would change the answer most
};

// One row of the answer. A probability that cannot be had stays empty; the range may still be known.
struct PhenotypeShare {
  std::string id;  // "hfref", "hfmref", "hfpef", "stage_b", "reduced_ef", "no_evidence"
  std::string label;
  std::optional<double> probability, low, high;
  std::string note;
};

// A test that was not made: where its result would take the answer, and by how much on average.
struct UsefulTest {
  std::string id, label;
  EvidenceScale scale = EvidenceScale::kLvsd;
  double if_against = 0, if_for = 0, expected_change = 0;  // probabilities
};

// What each way of putting the evidence together says here; empty with a reason where a way cannot be had.
struct WayAnswer {
  FusionWay way = FusionWay::kLate;
  std::optional<double> probability, low, high;
  std::string why_not;
};

struct Screening {
  Phenotype phenotype = Phenotype::kCannotTell;
  std::string headline;  // "No sign of heart failure on this ECG"
  std::string sentence;  // one or two sentences in plain words
  // Probability of LV systolic dysfunction (EF <= 40 or < 50 as `target` says); nullopt when it cannot be
  // told.
  std::optional<double> probability, low, high;
  std::optional<double> prior;
  std::string target;         // "LV systolic dysfunction (EF < 50 %)"
  std::string before = "Before this ECG";  // what stands before the prior: what moved it
  std::string prior_context;  // "GP echo referral, EF < 50 %: 8 % (Mohamed 2023)"
  std::optional<double> hf_probability,
      hf_low, hf_high, hf_prior;  // any heart failure: a separate scale; only with NT-proBNP or symptoms
  std::string hf_prior_context;
  std::string cannot_tell_because;  // sentence, empty when an answer is given
  std::optional<Obstacle> obstacle;  // with cannot_tell_because
  std::vector<EvidenceItem> evidence;
  NextStep next_step;
  std::vector<PhenotypeShare> phenotypes;
  std::vector<Score> scores;
  std::vector<UsefulTest> would_change;  // the most useful first
  std::optional<EchoEvidence> echo;      // only when it is usable
  FusionWay way = FusionWay::kLate;      // which answered
  std::string way_note;                  // sentence, when another way was asked for than the one that answered
  std::vector<WayAnswer> ways;           // all three; none where the ECG did not decide (echo, cannot tell)
};

// `findings` or `net` may be null when they could not be had; the answer then says so. `echo` is what the echo room
// measured; without it an ejection fraction typed in with the profile takes its place.
Screening screen(const ClinicalProfile& profile, const EcgRecord& record, const EcgFindings* findings,
                 const EcgNetFindings* net, const EchoEvidence* echo = nullptr, FusionWay way = FusionWay::kLate);

inline constexpr const char* kDisclaimer = "Decision support for research, not a medical device.";

}  // namespace precordia
