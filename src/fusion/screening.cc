// The flow of the answer: who is this, is the ECG fit, what does each piece of evidence weigh, what follows,
// what next.
#include "fusion/screening.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "ecg/reference_values.h"
#include "fusion/advice.h"
#include "fusion/combine.h"
#include "fusion/ecg_evidence.h"
#include "fusion/literature.h"
#include "fusion/phenotypes.h"

namespace precordia {
namespace {

// Values of the form come first, the file's where the form is silent.
ClinicalProfile completed(const ClinicalProfile& profile, const EcgRecord& record) {
  ClinicalProfile all = profile;
  if (!all.age_years) all.age_years = record.patient.age_years;
  if (!all.sex) all.sex = record.patient.sex;
  all.symptoms = symptoms_of(all);
  return all;
}

bool suspected(const ClinicalProfile& profile) {
  return profile.symptoms == Symptoms::kSuspectedHeartFailure;
}

// Why this examination cannot be screened.
struct Block {
  Obstacle obstacle;
  std::string reason;
};

// Pacing outlasts every recording. A fast rate does so as long as nothing is wrong with the recording that
// might have feigned it: the measurement room gives one reason for the rate itself.
Obstacle obstacle_of(const EcgFindings& findings, bool fast) {
  if (findings.rhythm == Rhythm::kPaced) return Obstacle::kRhythm;
  return fast && findings.blocks_screening.size() <= 1 ? Obstacle::kRhythm : Obstacle::kRecording;
}

// nullopt = it can be screened. The rate is asked here too, for findings that come without a judged fitness.
std::optional<Block> quality_gate(const ClinicalProfile& profile, const RecordedPatient& patient,
                                  const EcgFindings* findings, const EcgNetFindings* net) {
  if (patient.age_years && *patient.age_years < limits::kAdultYears && profile.age_years >= limits::kAdultYears)
    return Block{Obstacle::kPerson,
                 format_text("The file says %.0f years and the form %.0f: check whose ECG this is. Children were not tested.",
                             *patient.age_years, *profile.age_years)};
  if (profile.age_years && *profile.age_years < limits::kAdultYears)
    return Block{Obstacle::kPerson, "This person is under 18: children were not tested."};
  if (!findings) return Block{Obstacle::kRecording, "No ECG was given."};
  if (findings->beats.empty())
    return Block{Obstacle::kRecording, "No heartbeats could be measured on this ECG."};
  const std::optional<double> rate = measured(*findings, "heart_rate_bpm");
  const bool fast = rate && *rate > kFastestRateForScreening;
  if (!findings->blocks_screening.empty()) {
    std::string reasons;
    for (const std::string& reason : findings->blocks_screening)
      reasons += (reasons.empty() ? "" : " ") + reason;
    return Block{obstacle_of(*findings, fast), std::move(reasons)};
  }
  const NetOutput* pacing = net ? find_output(*net, "rhythm/PACE") : nullptr;
  if (findings->rhythm == Rhythm::kPaced || (pacing && pacing->probability >= limits::kPacedByNetwork))
    return Block{Obstacle::kRhythm,
                 "A pacemaker drives this rhythm, or seems to: paced beats were not tested."};
  if (fast)
    return Block{Obstacle::kRhythm,
                 format_text(
                     "The heart rate is %.0f/min: over %.0f/min the ECG cannot be judged for this question.",
                     *rate, kFastestRateForScreening)};
  return std::nullopt;
}

const Prior& prior_for(const ClinicalProfile& profile) {
  if (profile.prior_infarction.value_or(false)) return prior_known_infarction();
  return suspected(profile) ? prior_gp_echo_referral() : prior_screening();
}

std::string prior_text(const Prior& prior) {
  return format_text("%s: %s %% (%s)", prior.context, fixed_text(100 * prior.probability, 0).c_str(),
                     prior.citation);
}

double decibans(double ln_weight) { return 10 * ln_weight / std::log(10.0); }

void weaken(LogRatio& ratio, double factor) {
  ratio.ln *= factor;
  ratio.standard_error *= factor;
}

EvidenceItem history_item(const ClinicalProfile& profile) {
  EvidenceItem item;
  item.id = "prior_infarction";
  item.cluster = "infarction_history";
  if (*profile.prior_infarction) {
    item.label = "Past heart attack";
    item.value = "yes";
    item.direction = EvidenceDirection::kFor;
    item.explanation = "It sets the starting point, and what the ECG says then weighs less.";
    item.citation = prior_known_infarction().citation;
  } else {
    item.label = "No past heart attack";
    item.value = "no";
    item.direction = EvidenceDirection::kAgainst;
    item.explanation = "Counted only when heart failure is suspected: it was studied in such people.";
    item.citation = nielsen_prior_infarction().citation;
  }
  return item;
}

// nullopt = not both known.
std::optional<bool> rate_over_diastolic(const ClinicalProfile& profile, const EcgFindings* findings) {
  const std::optional<double> rate = findings ? measured(*findings, "heart_rate_bpm") : std::nullopt;
  if (!rate || !profile.diastolic_mmhg) return std::nullopt;
  return *rate > *profile.diastolic_mmhg;
}

// The scale of LV systolic dysfunction: prior, ECG, history.
void weigh_lvsd(Screening& screening, const ClinicalProfile& profile, EcgEvidence& ecg, const EcgFindings* findings) {
  const Prior& prior = prior_for(profile);
  std::vector<LogRatio> ratios;
  std::vector<size_t> lines;
  const bool infarction_in_prior = profile.prior_infarction.value_or(false);
  for (EcgEvidence::Counted& counted : ecg.counted) {
    if (infarction_in_prior) weaken(counted.ratio, limits::kShrinkBeyondLargest);
    ratios.push_back(counted.ratio);
    lines.push_back(counted.item);
  }
  screening.evidence = std::move(ecg.items);
  if (profile.prior_infarction) {
    EvidenceItem item = history_item(profile);
    if (!*profile.prior_infarction && suspected(profile)) {
      const LogRatio ratio = likelihood_ratio(nielsen_prior_infarction(), false);
      item.scale = EvidenceScale::kLvsd;
      item.counted = true;
      item.likelihood_ratio = ratio.ratio();
      item.explanation = "Slightly lowers the chance of a weak ventricle.";
      ratios.push_back(ratio);
      lines.push_back(screening.evidence.size());
    }
    screening.evidence.push_back(std::move(item));
  }
  if (std::optional<bool> over = rate_over_diastolic(profile, findings)) {
    const FourfoldStudy& study = nielsen_rate_over_diastolic();
    const LogRatio ratio = likelihood_ratio(study, *over);
    EvidenceItem item;
    item.id = item.cluster = "rate_over_diastolic";
    item.label = "Heart rate against diastolic pressure";
    item.value = *over ? "rate is higher" : "rate is not higher";
    item.direction = *over ? EvidenceDirection::kFor : EvidenceDirection::kAgainst;
    item.citation = study.citation;
    if (suspected(profile)) {
      item.scale = EvidenceScale::kLvsd;
      item.counted = true;
      item.likelihood_ratio = ratio.ratio();
      item.explanation = "At rest, a heart rate above the diastolic pressure is commoner with a weak ventricle.";
      ratios.push_back(ratio);
      lines.push_back(screening.evidence.size());
    } else {
      item.explanation = "Counted only when heart failure is suspected: it was studied in such people.";
    }
    screening.evidence.push_back(std::move(item));
  }
  const Posterior posterior = combine({prior.probability, prior.low, prior.high}, ratios);
  for (size_t i = 0; i < lines.size(); ++i)
    screening.evidence[lines[i]].decibans = decibans(posterior.weights_ln[i]);
  screening.probability = posterior.probability.value;
  screening.low = posterior.probability.low;
  screening.high = posterior.probability.high;
  screening.prior = prior.probability;
  screening.target = prior.target;
  screening.prior_context = prior_text(prior);
}

double raised_for_age_from(const std::optional<double>& age_years) {
  if (!age_years || *age_years < limits::kMiddleAgeFromYears) return limits::kNtProbnpRaisedUnder50;
  return *age_years < limits::kOldAgeFromYears ? limits::kNtProbnpRaised50To74
                                               : limits::kNtProbnpRaisedFrom75;
}

// Raised without symptoms, by age where it is known (HFA 2023), as a pointer to Stage B (AHA 2022).
bool peptide_raised_without_symptoms(const ClinicalProfile& profile) {
  return profile.symptoms == Symptoms::kNone && profile.nt_probnp_ng_l &&
         *profile.nt_probnp_ng_l >= raised_for_age_from(profile.age_years);
}

// The scale of any heart failure: NT-proBNP and swollen ankles count on it, and only for people in whom they were studied.
void weigh_heart_failure(Screening& screening, const ClinicalProfile& profile) {
  const bool no_symptoms = profile.symptoms == Symptoms::kNone;
  const Prior& prior = prior_nt_probnp_tested();
  if (!no_symptoms && (suspected(profile) || profile.nt_probnp_ng_l)) {
    screening.hf_prior = prior.probability;
    screening.hf_prior_context = prior_text(prior);
  }
  std::vector<LogRatio> ratios;
  std::vector<EvidenceItem> lines;
  if (profile.nt_probnp_ng_l) {
    const LogRatio ratio = nt_probnp_ratio(*profile.nt_probnp_ng_l);
    EvidenceItem item;
    item.id = "nt_probnp";
    item.label = "NT-proBNP";
    item.value = format_text("%.0f ng/L", *profile.nt_probnp_ng_l);
    item.cluster = "natriuretic_peptide";
    item.direction = ratio.ln > 0 ? EvidenceDirection::kFor : EvidenceDirection::kAgainst;
    item.citation = taylor_nt_probnp()[0].citation;
    item.likelihood_ratio = std::clamp(ratio.ratio(), limits::kLowestRatio, limits::kHighestRatio);
    item.explanation = "Moves the chance of any heart failure, and never that of a weak ventricle.";
    if (no_symptoms) {
      item.likelihood_ratio = std::nullopt;
      item.explanation = format_text(
          "Without symptoms this is not heart failure by definition, so it moves no percentage. %s: from "
          "%.0f ng/L on it points to structural heart disease.",
          profile.age_years ? "At this age" : "Where the age is not known",
          raised_for_age_from(profile.age_years));
      item.citation = std::string(kUniversalDefinition) + "; " + kHfaAgeRuleIn;
    } else {
      ratios.push_back(ratio);
    }
    lines.push_back(std::move(item));
  }
  if (profile.oedema && suspected(profile)) {
    const LogRatio ratio = oedema_ratio(*profile.oedema);
    EvidenceItem item;
    item.id = item.cluster = "oedema";
    item.label = "Swollen ankles";
    item.value = *profile.oedema ? "yes" : "no";
    item.direction = ratio.ln > 0 ? EvidenceDirection::kFor : EvidenceDirection::kAgainst;
    item.likelihood_ratio = ratio.ratio();
    item.explanation = "Moves the chance of any heart failure, and never that of a weak ventricle.";
    item.citation = mant_oedema().citation;
    ratios.push_back(ratio);
    lines.push_back(std::move(item));
  }
  if (!ratios.empty()) {
    const Posterior posterior = combine({prior.probability, prior.low, prior.high}, ratios);
    screening.hf_probability = posterior.probability.value;
    screening.hf_low = posterior.probability.low;
    screening.hf_high = posterior.probability.high;
    for (size_t i = 0; i < ratios.size(); ++i) {
      EvidenceItem& item = lines[lines.size() - ratios.size() + i];
      item.scale = EvidenceScale::kHeartFailure;
      item.counted = true;
      item.decibans = decibans(posterior.weights_ln[i]);
    }
  }
  for (EvidenceItem& item : lines) screening.evidence.push_back(std::move(item));
}

// A line of evidence that is shown and moves no percentage.
void add_uncounted(Screening& screening, const char* id, const char* label, std::string value, const char* explanation, const char* citation) {
  EvidenceItem item;
  item.id = item.cluster = id;
  item.label = label;
  item.value = std::move(value);
  item.explanation = explanation;
  item.citation = citation;
  screening.evidence.push_back(std::move(item));
}

// What was entered and moves no percentage is still shown, with the reason: nothing that a person typed in vanishes.
void add_entered_context(Screening& screening, const ClinicalProfile& profile) {
  const auto add = [&](auto&&... parts) { add_uncounted(screening, std::forward<decltype(parts)>(parts)...); };
  const auto yes_no = [](bool yes) { return std::string(yes ? "yes" : "no"); };
  if (profile.crackles)
    add("crackles", "Crackles at the lung bases", yes_no(*profile.crackles),
        "Used for the next step only: its sensitivity in general practice was not found.", kMant2009);
  if (profile.bnp_ng_l)
    add("bnp", "BNP", fixed_text(*profile.bnp_ng_l, 0) + " ng/L",
        "Used for the next step and HFA-PEFF only: its bands were studied in emergency departments.", kEsc2021);
  if (profile.coronary_disease.value_or(false))
    add("coronary_disease", "Known coronary disease", "yes",
        "Not counted: the published share (8.1 % with angina) is of another ejection fraction and came without its counts.",
        "Davis 2002, BMJ 325:1156, doi 10.1136/bmj.325.7373.1156");
  if (profile.diabetes.value_or(false))
    add("diabetes", "Diabetes", "yes", "Used in the scores only: no history item rules heart failure in or out.",
        "Madhok 2008, doi 10.1186/1471-2296-9-56");
}

// A measured EF stands in place of everything that only guesses at it: the ECG explains, the echo decides.
void decide_by_echo(Screening& screening) {
  const EchoEvidence& echo = *screening.echo;
  ReducedEf reduced = reduced_ef(echo);
  for (double* p : {&reduced.probability, &reduced.low, &reduced.high})  // no measurement is surer than this
    *p = std::clamp(*p, limits::kLowestPosterior, 1 - limits::kLowestPosterior);
  for (EvidenceItem& item : screening.evidence)
    if (item.scale == EvidenceScale::kLvsd && item.counted) {
      item.counted = false;
      item.decibans = std::nullopt;
      item.explanation += " Not counted: the ejection fraction was measured.";
    }
  EvidenceItem item;
  item.id = item.cluster = "ejection_fraction";
  item.label = "Ejection fraction (echo)";
  item.value = format_text("%.0f %% (%.0f to %.0f)", echo.ef_percent, echo.ef_low_percent, echo.ef_high_percent);
  item.scale = EvidenceScale::kLvsd;
  item.direction = reduced.probability >= 0.5 ? EvidenceDirection::kFor : EvidenceDirection::kAgainst;
  item.counted = true;
  const double prior = screening.prior.value_or(prior_screening().probability);
  const double after = reduced.probability;
  item.likelihood_ratio = std::exp(logit(after) - logit(prior));
  item.decibans = decibans(logit(after) - logit(prior));
  item.explanation = "Decides: " + echo.method + ".";
  item.citation = echo.citation;
  screening.evidence.push_back(std::move(item));
  screening.probability = reduced.probability;
  screening.low = reduced.low;
  screening.high = reduced.high;
  screening.prior = prior;
  screening.target = "LV systolic dysfunction (EF < 50 %)";
  screening.before = "Before the echo";
  if (screening.prior_context.empty()) screening.prior_context = prior_text(prior_screening());
}

// What a clip shows beside its EF, with the reason why no score takes it.
void add_clip_context(Screening& screening) {
  const auto add = [&](auto&&... parts) { add_uncounted(screening, std::forward<decltype(parts)>(parts)...); };
  constexpr const char* kDocs = "docs/validation-echo.md";
  if (const auto& strain = screening.echo->contour_strain_percent)
    add("clip_strain", "Strain of the contour (echo clip)", fixed_text(*strain, 1) + " %",
        "Not used in HFA-PEFF: its limit is for speckle tracking, and this strain of a drawn contour was found two to three points off on simulated hearts.",
        kDocs);
  if (const auto& volume = screening.echo->la_volume_ml)
    add("clip_la_volume", "Left atrial volume (echo clip)", fixed_text(*volume, 0) + " mL",
        "Not used in HFA-PEFF: the atrium's volume was not held against experts' here. Enter the index of an echo report instead.", kDocs);
}

void add_context(Screening& screening, const ClinicalProfile& profile, const EcgEvidence& ecg) {
  const auto add = [&](auto&&... parts) { add_uncounted(screening, std::forward<decltype(parts)>(parts)...); };
  if (!ecg.major_abnormality && ecg.basis != EcgBasis::kNone)
    add("hfpef_not_excluded", "Heart failure with preserved EF", "not excluded",
        "One in five people with heart failure of any kind had a normal ECG.", kFonseca2004);
  if (!profile.age_years)
    add("age", "Age", "not known",
        "Taken to be an adult. The published figures are for people of 45 and over.",
        prior_screening().citation);
  else if (*profile.age_years >= limits::kAdultYears && *profile.age_years < limits::kStudiedFromYears)
    add("age", "Age", fixed_text(*profile.age_years, 0) + " y",
        "Younger than the people studied: the starting point is probably too high.",
        prior_screening().citation);
}

Phenotype phenotype_of(const Screening& screening, const ClinicalProfile& profile, const EcgEvidence& ecg) {
  const double lvsd = *screening.probability;
  const double nt_probnp = profile.nt_probnp_ng_l.value_or(0);
  if (lvsd >= limits::kLvsdLikely) return Phenotype::kLvsdLikely;
  if (suspected(profile)) {
    if (lvsd >= limits::kLvsdPossible) return Phenotype::kLvsdPossible;
    const bool unlikely = profile.nt_probnp_ng_l && nt_probnp < limits::kNtProbnpUnlikely;
    return unlikely ? Phenotype::kNoEvidence : Phenotype::kHeartFailurePossible;
  }
  if (profile.symptoms == Symptoms::kUnknown && nt_probnp >= limits::kNtProbnpRefer)
    return Phenotype::kHeartFailurePossible;
  if (ecg.major_abnormality || peptide_raised_without_symptoms(profile))
    return Phenotype::kPossibleStructuralDisease;
  return lvsd >= limits::kLvsdPossible ? Phenotype::kLvsdPossible : Phenotype::kNoEvidence;
}

// "left bundle branch block, atrial fibrillation and 1 more"
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  const size_t shown = std::min<size_t>(names.size(), 3);
  for (size_t i = 0; i < shown; ++i) text += (i ? "; " : "") + names[i];
  if (names.size() > shown) text += format_text("; %d more", static_cast<int>(names.size() - shown));
  return text;
}

// "about 1 in 40", the form that people judge best (natural frequencies).
std::string about_one_in(double probability) {
  const double n = 1 / probability;
  if (n < 1.5) return "more likely than not";
  if (n < 20) return format_text("about 1 in %.0f", n);
  return format_text("about 1 in %.0f", 5 * std::round(n / 5));
}

void word_answer(Screening& screening, const ClinicalProfile& profile, const EcgEvidence& ecg) {
  const std::string seen = ecg.abnormalities.empty() ? std::string()
                           : ecg.disagreement ? "A measured rule sees " + listed(ecg.abnormalities) + "; the network does not. "
                                              : "Seen: " + listed(ecg.abnormalities) + ". ";
  const std::string chance = about_one_in(*screening.probability);
  const bool symptoms_unknown = profile.symptoms == Symptoms::kUnknown;
  const char* not_measured = "The ejection fraction was not measured.";
  switch (screening.phenotype) {
    case Phenotype::kCannotTell: break;
    case Phenotype::kNoEvidence:
      screening.headline = profile.nt_probnp_ng_l && suspected(profile)
                               ? "No sign of heart failure on ECG and blood test"
                               : "No sign of heart failure on this ECG";
      screening.sentence = "LV systolic dysfunction is unlikely (" + chance + "). ";
      screening.sentence +=
          suspected(profile)
              ? "NT-proBNP under 125 ng/L makes heart failure unlikely; look for another cause."
              : "A normal ECG does not exclude heart failure with preserved EF.";
      break;
    case Phenotype::kPossibleStructuralDisease:
      screening.headline = "Possible structural heart disease";
      screening.sentence = seen;
      if (peptide_raised_without_symptoms(profile)) screening.sentence += "NT-proBNP is raised for the age. ";
      screening.sentence +=
          symptoms_unknown ? "Symptoms were not stated. If there are any, enter them: the answer changes."
                           : "Without symptoms this is not heart failure, but the heart should be looked at.";
      break;
    case Phenotype::kLvsdPossible:
      screening.headline = "LV systolic dysfunction possible: echo needed";
      screening.sentence = seen;
      screening.sentence += seen.empty() && profile.prior_infarction.value_or(false)
                                ? "After a heart attack the left ventricle may pump weakly ("
                                : "The left ventricle may pump weakly (";
      screening.sentence += chance + "). " + not_measured;
      break;
    case Phenotype::kLvsdLikely:
      screening.headline = "LV systolic dysfunction likely: echo needed";
      screening.sentence =
          seen + "The evidence points to a left ventricle that pumps weakly. " + not_measured;
      break;
    case Phenotype::kHeartFailurePossible:
      screening.headline = "Heart failure possible, cannot confirm";
      if (suspected(profile)) {
        screening.sentence =
            "LV systolic dysfunction is unlikely (" + chance +
            "), but an ECG cannot exclude the kind with preserved EF. HFpEF possible, cannot confirm "
            "without echo.";
      } else {
        screening.sentence = seen +
                             "NT-proBNP is raised, but symptoms were not stated. Heart failure counts only "
                             "with symptoms: enter them.";
      }
      break;
    default: break;  // those with a measured EF are worded in phenotypes.cc
  }
  if (!ecg.without_network.empty()) screening.sentence += " " + ecg.without_network + " Measured rules stand in.";
  if (screening.phenotype == Phenotype::kNoEvidence && symptoms_unknown)
    screening.sentence += " Symptoms were not stated.";
  if (!suspected(profile) && profile.nt_probnp_ng_l.value_or(0) >= limits::kNtProbnpRefer)
    screening.sentence +=
        format_text(" NT-proBNP is %.0f ng/L: tell the doctor; a specialist should assess this.",
                    *profile.nt_probnp_ng_l);
  if (suspected(profile) && screening.phenotype == Phenotype::kLvsdPossible && profile.nt_probnp_ng_l &&
      *profile.nt_probnp_ng_l < limits::kNtProbnpUnlikely)
    screening.sentence += " NT-proBNP under 125 ng/L makes heart failure itself unlikely.";
}

// Counted lines first, the heaviest on top; then the context in its own order.
void order_evidence(std::vector<EvidenceItem>& evidence) {
  std::stable_sort(evidence.begin(), evidence.end(), [](const EvidenceItem& a, const EvidenceItem& b) {
    if (a.counted != b.counted) return a.counted;
    return a.counted && std::fabs(a.decibans.value_or(0)) > std::fabs(b.decibans.value_or(0));
  });
}

void answer_cannot_tell(Screening& screening, Block block) {
  screening.phenotype = Phenotype::kCannotTell;
  screening.cannot_tell_because = std::move(block.reason);
  screening.obstacle = block.obstacle;
  screening.headline = "Cannot tell from this ECG";
  screening.sentence = screening.cannot_tell_because;
  screening.probability = screening.low = screening.high = screening.prior = std::nullopt;
  screening.target.clear();
  screening.prior_context.clear();
}

// The lines of an ECG that is not answered: seen, and not one of them counted.
std::vector<EvidenceItem> uncounted(std::vector<EvidenceItem> items) {
  for (EvidenceItem& item : items) {
    item.counted = false;
    item.decibans = std::nullopt;
    item.explanation = "Not counted: this ECG cannot be judged for this question.";
  }
  return items;
}

Screening screen_one_way(const ClinicalProfile& profile, const EcgRecord& record, const EcgFindings* findings, const EcgNetFindings* net,
                         const EchoEvidence* echo, const FusedReading* fused) {
  Screening screening;
  std::optional<Block> block = quality_gate(profile, record.patient, findings, net);
  EcgEvidence ecg;
  if (findings) ecg = read_ecg_evidence(*findings, net, fused);
  if (!block && ecg.basis == EcgBasis::kNone) block = Block{Obstacle::kRecording, ecg.why_none};

  if (!block) {
    weigh_lvsd(screening, profile, ecg, findings);
    add_context(screening, profile, ecg);
  } else {
    screening.evidence = uncounted(std::move(ecg.items));
  }
  const bool child = block && block->obstacle == Obstacle::kPerson;
  if (!child) {
    weigh_heart_failure(screening, profile);
    add_entered_context(screening, profile);
    std::optional<bool> af;
    if (findings && !block && findings->rhythm != Rhythm::kUnknown) af = findings->rhythm == Rhythm::kIrregularWithoutP;
    screening.echo = echo ? std::optional<EchoEvidence>(*echo) : echo_of_report(profile);
    // An ejection fraction that a clip gave decides for whom a score was made, as a typed one does.
    ClinicalProfile scored = profile;
    if (screening.echo && screening.echo->usable) scored.echo.ef_percent = screening.echo->ef_percent;
    screening.scores = all_scores(scored, findings && !block ? measured(*findings, "qrs_ms") : std::nullopt, af);
    if (screening.echo && !screening.echo->usable) {
      EvidenceItem item;
      item.id = item.cluster = "ejection_fraction";
      item.label = "Ejection fraction (echo)";
      item.value = "not used";
      item.explanation = screening.echo->why_unusable;
      screening.evidence.push_back(std::move(item));
      screening.echo.reset();
    }
  }
  if (screening.echo) {
    decide_by_echo(screening);
    add_clip_context(screening);
    screening.phenotype = phenotype_by_ef(profile, screening, !block && ecg.major_abnormality);
    word_answer_by_ef(screening, profile);
    if (block) screening.sentence += findings ? " The ECG itself could not be judged: " + block->reason : " " + block->reason;
  } else if (!block) {
    screening.phenotype = phenotype_of(screening, profile, ecg);
    word_answer(screening, profile, ecg);
  } else {
    answer_cannot_tell(screening, *std::move(block));
  }
  screening.phenotypes = phenotype_shares(profile, screening);
  screening.would_change = useful_tests(profile, screening);
  order_evidence(screening.evidence);
  screening.next_step = advise(profile, screening, findings);
  return screening;
}

}  // namespace

const char* phenotype_name(Phenotype phenotype) {
  switch (phenotype) {
    case Phenotype::kCannotTell: return "cannot_tell";
    case Phenotype::kNoEvidence: return "no_evidence";
    case Phenotype::kPossibleStructuralDisease: return "possible_structural_disease";
    case Phenotype::kLvsdPossible: return "lvsd_possible";
    case Phenotype::kLvsdLikely: return "lvsd_likely";
    case Phenotype::kHeartFailurePossible: return "heart_failure_possible";
    case Phenotype::kHfref: return "hfref";
    case Phenotype::kHfmref: return "hfmref";
    case Phenotype::kHfpef: return "hfpef";
    case Phenotype::kStageB: return "stage_b";
    case Phenotype::kEfBetweenClasses: return "ef_between_classes";
  }
  return "cannot_tell";
}

Screening screen(const ClinicalProfile& entered, const EcgRecord& record, const EcgFindings* findings,
                 const EcgNetFindings* net, const EchoEvidence* echo, FusionWay way) {
  const ClinicalProfile profile = completed(entered, record);
  std::optional<FusedReading> readings[std::size(kFusionWays)];
  std::string why_not[std::size(kFusionWays)];
  for (const FusionWay one : {FusionWay::kEarly, FusionWay::kHybrid})
    if (findings) readings[static_cast<size_t>(one)] = read_fused(one, *findings, net, profile, why_not[static_cast<size_t>(one)]);
  const auto by = [&](FusionWay one) {
    const auto& reading = readings[static_cast<size_t>(one)];
    return screen_one_way(profile, record, findings, net, echo, reading ? &*reading : nullptr);
  };
  const bool can = way == FusionWay::kLate || readings[static_cast<size_t>(way)];
  Screening screening = by(can ? way : FusionWay::kLate);
  screening.way = can ? way : FusionWay::kLate;
  if (!can && findings)
    screening.way_note = std::string(way == FusionWay::kEarly ? "Early" : "Hybrid") + " fusion could not be used, so late fusion answered. " + why_not[static_cast<size_t>(way)];
  if (screening.probability && !screening.echo && findings)
    for (const FusionWay one : kFusionWays) {
      WayAnswer answer{one, {}, {}, {}, why_not[static_cast<size_t>(one)]};
      if (answer.why_not.empty()) {
        const Screening other = one == screening.way ? screening : by(one);
        answer.probability = other.probability;
        answer.low = other.low;
        answer.high = other.high;
      }
      screening.ways.push_back(std::move(answer));
    }
  return screening;
}

}  // namespace precordia
