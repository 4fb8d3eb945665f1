#include "fusion/phenotypes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "fusion/combine.h"
#include "fusion/literature.h"

namespace precordia {
namespace {

bool has_symptoms(const ClinicalProfile& p) { return p.symptoms == Symptoms::kSuspectedHeartFailure; }

const Score* find_score(const Screening& screening, std::string_view id) {
  for (const Score& score : screening.scores)
    if (score.id == id) return &score;
  return nullptr;
}

// Probability of HFpEF by H2FPEF points: .20 at none, odds x 1.98 a point (Reddy 2018 gives the odds ratio, the start is
// derived; the published figure was not seen).
double hfpef_by_points(int points) {
  constexpr double kAtNone = 0.20, kOddsPerPoint = 1.98;
  return probability_of(logit(kAtNone) + points * std::log(kOddsPerPoint));
}

struct Range {
  std::optional<double> value;
  double low, high;
};

// Among symptomatic people with an EF of 50 and over. Wider the less is known.
Range hfpef_given_preserved(const Screening& screening) {
  const Score* score = find_score(screening, "h2fpef");
  if (!score || !score->points_low) return {std::nullopt, 0, 1};
  const double low = hfpef_by_points(*score->points_low), high = hfpef_by_points(*score->points_high);
  if (!score->probability) return {std::nullopt, low, high};
  return {score->probability, std::min(low, *score->probability), std::max(high, *score->probability)};
}

bool hfpef_scores_high(const Screening& screening) {
  const Score *h2 = find_score(screening, "h2fpef"), *peff = find_score(screening, "hfa_peff");
  return (h2 && h2->points_low && *h2->points_low >= 6) || (peff && peff->points_low && *peff->points_low >= 5);
}

// Structure on echo by ESC 2021 (verified limits only): a reason for Stage B with a normal EF.
bool structure_on_echo(const ClinicalProfile& p) {
  const EchoReport& e = p.echo;
  const double mass_limit = p.sex == std::optional<Sex>(Sex::kFemale) ? 95 : 115;  // unknown sex: the higher one
  return e.lvmi_g_m2.value_or(0) >= mass_limit || e.relative_wall_thickness.value_or(0) > 0.42 ||
         e.lavi_ml_m2.value_or(0) > (p.atrial_fibrillation.value_or(false) ? 40 : 34);
}

std::vector<PhenotypeShare> shares_with_ef(const ClinicalProfile& p, const Screening& s) {
  const EfBands& bands = s.echo->bands;
  const ReducedEf reduced = reduced_ef(*s.echo);
  std::vector<PhenotypeShare> rows;
  if (has_symptoms(p)) {
    const Confirmation confirmation = confirmation_of(p);
    const char* note = confirmation == Confirmation::kConfirmed  ? ""
                       : confirmation == Confirmation::kUnlikely ? "A low natriuretic peptide speaks against heart failure: check both."
                                                                 : "To be confirmed by NT-proBNP or signs of congestion.";
    rows.push_back({"hfref", "HFrEF (EF 40 % or less)", bands.to_40, {}, {}, note});
    rows.push_back({"hfmref", "HFmrEF (EF 41 to 49 %)", bands.from_41_to_49, {}, {}, note});
    const Range range = hfpef_given_preserved(s);
    PhenotypeShare hfpef{"hfpef", hfpef_scores_high(s) ? "HFpEF (EF 50 % or more)" : "HFpEF: possible, cannot confirm", {},
                         bands.from_50 * range.low, bands.from_50 * range.high,
                         "By H2FPEF as far as its items are known, at the prevalence of its study (64 %)."};
    if (range.value) hfpef.probability = bands.from_50 * *range.value;
    rows.push_back(hfpef);
    rows.push_back({"no_evidence", "No heart failure", range.value ? std::optional<double>(bands.from_50 * (1 - *range.value)) : std::nullopt,
                    bands.from_50 * (1 - range.high), bands.from_50 * (1 - range.low), ""});
    return rows;
  }
  const bool none = p.symptoms == Symptoms::kNone;
  const char* note = none ? "" : "Symptoms were not stated: with symptoms this would be heart failure.";
  if (structure_on_echo(p)) {
    rows.push_back({"stage_b", "Stage B: structural disease without symptoms", 1.0, {}, {}, note});
    return rows;
  }
  rows.push_back({"stage_b", "Stage B: structural disease without symptoms", reduced.probability, reduced.low, reduced.high, note});
  rows.push_back({"no_evidence", "No evidence of heart failure", 1 - reduced.probability, 1 - reduced.high, 1 - reduced.low, ""});
  return rows;
}

std::vector<PhenotypeShare> shares_without_ef(const ClinicalProfile& p, const Screening& s) {
  std::vector<PhenotypeShare> rows;
  if (!s.probability) return rows;
  if (has_symptoms(p)) {
    rows.push_back({"reduced_ef", "Heart failure with a weak left ventricle (the kind needs an echo)", s.probability, s.low, s.high,
                    "The ejection fraction was not measured."});
    PhenotypeShare hfpef{"hfpef", "HFpEF: possible, cannot confirm", {}, {}, {}, "No percentage without NT-proBNP and an echo."};
    PhenotypeShare none{"no_evidence", "No heart failure", {}, {}, {}, "No percentage without NT-proBNP."};
    if (s.hf_probability && p.nt_probnp_ng_l) {
      // Two scales: the rest of any heart failure, never a product.
      hfpef.probability = std::max(0.0, *s.hf_probability - *s.probability);
      hfpef.low = std::max(0.0, *s.hf_low - *s.high);
      hfpef.high = std::max(0.0, *s.hf_high - *s.low);
      hfpef.note = "Any heart failure less that with a weak ventricle; an echo is needed.";
      none.probability = 1 - std::max(*s.hf_probability, *s.probability);
      none.low = 1 - std::max(*s.hf_high, *s.high);
      none.high = 1 - std::max(*s.hf_low, *s.low);
      none.note.clear();
    }
    rows.push_back(hfpef);
    rows.push_back(none);
    return rows;
  }
  const bool none = p.symptoms == Symptoms::kNone;
  rows.push_back({"stage_b", "Stage B: weak left ventricle without symptoms", s.probability, s.low, s.high,
                  none ? "The ejection fraction was not measured." : "Symptoms were not stated; the ejection fraction was not measured."});
  rows.push_back({"no_evidence", "No weak left ventricle", 1 - *s.probability, 1 - *s.high, 1 - *s.low,
                  "Other structural disease is not excluded."});
  return rows;
}

std::string ef_text(const EchoEvidence& echo) {
  return format_text("The ejection fraction is %.0f %% (%.0f to %.0f).", echo.ef_percent, echo.ef_low_percent, echo.ef_high_percent);
}

// Share of the diseased and the healthy in each band of NT-proBNP, and a value inside it.
struct Band {
  double inside, diseased, healthy;
};
std::vector<Band> peptide_bands() {
  std::vector<Band> bands;
  double diseased_above = 1, healthy_above = 1, from = 50;
  for (const CutoffAccuracy& at : taylor_nt_probnp()) {
    bands.push_back({from, diseased_above - at.sensitivity, healthy_above - (1 - at.specificity)});
    diseased_above = at.sensitivity;
    healthy_above = 1 - at.specificity;
    from = at.cutoff_ng_l;
  }
  bands.push_back({from, diseased_above, healthy_above});
  return bands;
}

UsefulTest peptide_test(const Screening& s) {
  const Prior& prior = prior_nt_probnp_tested();
  const double now = s.hf_probability.value_or(prior.probability);
  UsefulTest test{"nt_probnp", "NT-proBNP", EvidenceScale::kHeartFailure, 0, 1, 0};
  double lowest = 1, highest = 0;
  for (const Band& band : peptide_bands()) {
    const double then = probability_of(logit(now) + nt_probnp_ratio(band.inside).ln);
    test.expected_change += (now * band.diseased + (1 - now) * band.healthy) * std::fabs(then - now);
    lowest = std::min(lowest, then);
    highest = std::max(highest, then);
  }
  test.if_against = std::max(lowest, limits::kLowestPosterior);
  test.if_for = std::min(highest, limits::kHighestPosterior);
  return test;
}

UsefulTest echo_test(const Screening& s) {
  const auto after = [](double ef) {
    const EfBands bands = ef_bands(ef, kEfSdPercent);
    return std::clamp(bands.to_40 + bands.from_41_to_49, limits::kLowestPosterior, 0.99);
  };
  const double now = *s.probability, high = after(30), low = after(62);
  return {"echo", "Echocardiogram with ejection fraction", EvidenceScale::kLvsd, low, high,
          now * std::fabs(high - now) + (1 - now) * std::fabs(now - low)};
}

}  // namespace

Confirmation confirmation_of(const ClinicalProfile& p) {
  if (p.nt_probnp_ng_l)
    return *p.nt_probnp_ng_l >= limits::kNtProbnpUnlikely ? Confirmation::kConfirmed : Confirmation::kUnlikely;
  if (p.bnp_ng_l) return *p.bnp_ng_l >= limits::kBnpUnlikely ? Confirmation::kConfirmed : Confirmation::kUnlikely;
  return p.crackles.value_or(false) || p.oedema.value_or(false) ? Confirmation::kConfirmed : Confirmation::kUnknown;
}

std::vector<PhenotypeShare> phenotype_shares(const ClinicalProfile& profile, const Screening& screening) {
  return screening.echo ? shares_with_ef(profile, screening) : shares_without_ef(profile, screening);
}

Phenotype phenotype_by_ef(const ClinicalProfile& p, const Screening& s, bool ecg_abnormal) {
  constexpr double kSureOfClass = 0.8;  // below it no hard class is printed (engineering choice)
  const EfBands& bands = s.echo->bands;
  const double reduced = bands.to_40 + bands.from_41_to_49;
  if (has_symptoms(p)) {
    if (bands.to_40 >= kSureOfClass) return Phenotype::kHfref;
    if (bands.from_41_to_49 >= kSureOfClass) return Phenotype::kHfmref;
    if (bands.from_50 < kSureOfClass) return Phenotype::kEfBetweenClasses;
    if (confirmation_of(p) == Confirmation::kUnlikely) return Phenotype::kNoEvidence;
    return hfpef_scores_high(s) ? Phenotype::kHfpef : Phenotype::kHeartFailurePossible;
  }
  if (reduced >= kSureOfClass) return Phenotype::kStageB;
  if (bands.from_50 < kSureOfClass) return Phenotype::kEfBetweenClasses;
  return ecg_abnormal || structure_on_echo(p) ? Phenotype::kPossibleStructuralDisease : Phenotype::kNoEvidence;
}

void word_answer_by_ef(Screening& s, const ClinicalProfile& p) {
  const char* confirm = confirmation_of(p) == Confirmation::kUnknown
                            ? " NT-proBNP or signs of congestion would confirm heart failure."
                        : confirmation_of(p) == Confirmation::kUnlikely
                            ? " The natriuretic peptide is low, which speaks against heart failure: check both."
                            : "";
  s.sentence = ef_text(*s.echo);
  switch (s.phenotype) {
    case Phenotype::kHfref:
      s.headline = "Heart failure with reduced EF (HFrEF)";
      s.sentence += confirm;
      break;
    case Phenotype::kHfmref:
      s.headline = "Heart failure with mildly reduced EF (HFmrEF)";
      s.sentence += confirm;
      break;
    case Phenotype::kHfpef:
      s.headline = "Heart failure with preserved EF (HFpEF) likely";
      s.sentence += " The scores for HFpEF are high.";
      s.sentence += confirm;
      break;
    case Phenotype::kEfBetweenClasses:
      s.headline = "Ejection fraction between two classes";
      s.sentence += " Two readers of one echo often differ by 7 points, so no class is named.";
      break;
    case Phenotype::kStageB:
      s.headline = "The left ventricle pumps weakly";
      s.sentence += p.symptoms == Symptoms::kNone ? " Without symptoms this is Stage B, not heart failure."
                                                  : " Symptoms were not stated: with symptoms this is heart failure.";
      break;
    case Phenotype::kHeartFailurePossible:
      s.headline = "Heart failure possible, cannot confirm";
      s.sentence += " It is not reduced. HFpEF possible, cannot confirm: the scores are not high enough, or items are missing.";
      break;
    case Phenotype::kPossibleStructuralDisease:
      s.headline = "Possible structural heart disease";
      s.sentence += " It is not reduced, but the ECG or the echo shows a changed heart.";
      break;
    default:
      s.headline = "No sign of heart failure on echo";
      s.sentence += p.symptoms == Symptoms::kSuspectedHeartFailure
                        ? " It is not reduced, and the natriuretic peptide is low; look for another cause."
                        : " It is not reduced.";
  }
}

std::vector<UsefulTest> useful_tests(const ClinicalProfile& p, const Screening& s) {
  std::vector<UsefulTest> tests;
  if (!s.echo && s.probability) tests.push_back(echo_test(s));
  if (!p.nt_probnp_ng_l && p.symptoms != Symptoms::kNone && s.hf_prior) tests.push_back(peptide_test(s));
  std::stable_sort(tests.begin(), tests.end(),
                   [](const UsefulTest& a, const UsefulTest& b) { return a.expected_change > b.expected_change; });
  return tests;
}

}  // namespace precordia
