// Every published number that the answer uses, in one place, each with where it comes from and how far it was
// checked.
// What blocks a screening (leads, spikes, rate) stands with the measurements, in ecg/reference_values.h.
//
// Provenance marks: kVerified = seen in the stored text of the publication; kDerived = computed here from
// verified numbers; kEngineering = our own choice, uncalibrated until it is tuned on local data. Numbers that
// are only remembered are not in this table, and no number from outside the two tables enters a result. One
// thing that is no number enters unverified: which abnormalities Davie's readers called major
// (ecg_evidence.cc).
#pragma once

#include <array>
#include <span>

namespace precordia {

enum class Provenance { kVerified, kDerived, kEngineering };
const char* provenance_mark(Provenance provenance);  // "V", "D", "E"

// A diagnostic study as its fourfold table: how many of the diseased and of the healthy had the finding.
struct FourfoldStudy {
  const char* id;
  const char* finding;
  const char* target;  // what counted as disease
  double true_positives, diseased;
  double false_positives, healthy;
  Provenance provenance;  // of the four counts
  const char* citation;
};

// Electrocardiogram against LV systolic dysfunction. The first row is the one that is counted; the spread
// between the three rows is the between-study uncertainty. "Finding" is a major abnormality (Davie), any
// abnormality (Mohamed) or Q waves, left bundle branch block, ST-T change or hypertrophy by Minnesota code
// (Nielsen).
std::span<const FourfoldStudy> major_ecg_studies();
const FourfoldStudy& davie_major_ecg();
const FourfoldStudy& mohamed_abnormal_ecg();

const FourfoldStudy& murkofsky_qrs_over_100ms();  // bundle branch block excluded
const FourfoldStudy& nielsen_prior_infarction();
const FourfoldStudy& nielsen_rate_over_diastolic();  // heart rate, lying, above the diastolic pressure

// NT-proBNP against any heart failure: sensitivity and specificity at one cut-off.
struct CutoffAccuracy {
  double cutoff_ng_l;
  double sensitivity, specificity;
  Provenance provenance;
  const char* citation;
};
std::span<const CutoffAccuracy> taylor_nt_probnp();  // 125, 400 and 2000 ng/L, ascending
std::span<const CutoffAccuracy>
nt_probnp_studies_at_125();  // three studies at one cut-off: the between-study spread

// Swollen ankles against any heart failure: general practice, then an emergency department for the spread.
struct SignAccuracy {
  double sensitivity, specificity;
  Provenance provenance;
  const char* citation;
};
const SignAccuracy& mant_oedema();
struct PublishedRatios {
  double present, absent;
  Provenance provenance;
  const char* citation;
};
const PublishedRatios& wang_leg_oedema();

// How common the target is before any test, in a stated kind of person.
struct Prior {
  const char* id;
  const char* context;  // "People with symptoms that a GP refers for echo"
  const char* target;   // what the probability is of
  double probability, low, high;
  Provenance provenance;
  const char* citation;  // of the value, then of the ends of the range
};
const Prior& prior_screening();         // no symptoms stated
const Prior& prior_gp_echo_referral();  // suspected heart failure
const Prior& prior_known_infarction();
const Prior& prior_nt_probnp_tested();  // any heart failure

// Facts that shape a sentence and never a number.
inline constexpr const char* kFonseca2004 =
    "Fonseca 2004, Eur J Heart Fail, doi 10.1016/j.ejheart.2004.09.004: an abnormal ECG in 81 % of heart "
    "failure, NPV 75 %";
inline constexpr const char* kUniversalDefinition =
    "Bozkurt 2021, universal definition of heart failure, doi 10.1002/ejhf.2115";
inline constexpr const char* kAhaStages = "AHA/ACC/HFSA 2022, doi 10.1161/CIR.0000000000001063 (stages)";
inline constexpr const char* kEsc2021 = "ESC 2021, doi 10.1093/eurheartj/ehab368";
inline constexpr const char* kNice = "NICE NG106 (suspected heart failure; thresholds unchanged in 2025)";
inline constexpr const char* kMant2009 = "Mant 2009, Health Technol Assess, doi 10.3310/hta13320 (individual data of nine studies)";
inline constexpr const char* kMice = "MICE rule, from Mant 2009, doi 10.3310/hta13320; REFER 2017, Br J Gen Pract 67:e94";
inline constexpr const char* kHfaAgeRuleIn = "HFA 2023 age thresholds, doi 10.1002/ehf2.15383";
inline constexpr const char* kNews2 =
    "RCP 2017, National Early Warning Score 2 (pulse 40 or less, 131 or more; systolic pressure 90 or less)";

// Decision limits. All are engineering choices, uncalibrated, except where a source is named.
namespace limits {
inline constexpr double kLowestRatio = 0.1;  // each likelihood ratio is capped to 0.1 .. 10
inline constexpr double kHighestRatio = 10;
inline constexpr double kShrinkBeyondLargest =
    0.6;  // weight of each further concordant log ratio (EVIDENCE: .5-.7)
inline constexpr double kLowestPosterior = 0.01;  // nothing here can be surer than this
inline constexpr double kHighestPosterior = 0.95;
inline constexpr double kLvsdLikely = 0.50;    // more likely than not
inline constexpr double kLvsdPossible = 0.05;  // 1 in 20: below it, echo for this reason alone is not advised
// Calibrated probability of pacemaker rhythm: more likely than not. The sensitivity at 0.5 was not measured.
// The model pack's measured confirming threshold is far lower and also stops people who are not paced (the
// simulated patient with atrial fibrillation is one). The network is not the only guard: spikes are looked
// for as well in records of 480 Hz and more.
inline constexpr double kPacedByNetwork = 0.5;
inline constexpr double kUrgentRateAbove = 130;      // /min; NEWS2
inline constexpr double kUrgentRateUpTo = 40;        // /min; NEWS2
inline constexpr double kUrgentSystolicUpTo = 90;    // mmHg; NEWS2
inline constexpr double kBnpUnlikely = 35;           // ng/L; ESC 2021, not acute
inline constexpr double kAdultYears = 18;
inline constexpr double kStudiedFromYears = 45;  // ECHOES, Olmsted: 45 and over
inline constexpr double kQrsWideMs = 100;        // Murkofsky
inline constexpr double kBundleBranchBlockMs = 120;
inline constexpr double kNtProbnpUnlikely = 125;  // ng/L; ESC 2021, not acute
inline constexpr double kNtProbnpRefer = 400;     // ng/L; NICE NG106
inline constexpr double kNtProbnpUrgent = 2000;   // ng/L; NICE NG106
// Raised for the age, ng/L: kHfaAgeRuleIn. An unknown age takes the lowest.
inline constexpr double kNtProbnpRaisedUnder50 = 125;
inline constexpr double kNtProbnpRaised50To74 = 250;
inline constexpr double kNtProbnpRaisedFrom75 = 500;
inline constexpr double kMiddleAgeFromYears = 50;
inline constexpr double kOldAgeFromYears = 75;
}  // namespace limits

}  // namespace precordia
