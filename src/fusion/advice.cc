#include "fusion/advice.h"

#include <algorithm>

#include "base/text.h"
#include "fusion/literature.h"

namespace precordia {
namespace {

constexpr const char* kEcho = "Echocardiogram: it measures how strongly the heart pumps.";
constexpr const char* kPeptide = "NT-proBNP blood test: under 125 ng/L makes heart failure unlikely.";

constexpr const char* kNoReasonForMore = "This ECG gives no reason for more heart tests.";

bool lvsd_open(const Screening& screening) {
  return screening.phenotype == Phenotype::kLvsdPossible || screening.phenotype == Phenotype::kLvsdLikely;
}

std::string tell_the_doctor(double nt_probnp) {
  return format_text("NT-proBNP is %.0f ng/L: tell the doctor. Such a value needs specialist assessment.",
                     nt_probnp);
}

// NICE NG106: the NT-proBNP row decides how fast someone with suspected heart failure is seen.
void advise_by_peptide(NextStep& next, const Screening& screening, double nt_probnp) {
  if (screening.phenotype != Phenotype::kNoEvidence) next.most_useful_test = kEcho;
  next.citation = kNice;
  if (nt_probnp > limits::kNtProbnpUrgent) {
    next.headline = "Specialist and echo within 2 weeks";
    next.steps.push_back(
        "NT-proBNP is over 2000 ng/L: the pathway asks for specialist assessment and an echocardiogram "
        "within 2 weeks.");
  } else if (nt_probnp >= limits::kNtProbnpRefer) {
    next.headline = "Specialist and echo within 6 weeks";
    next.steps.push_back(
        "NT-proBNP is 400 to 2000 ng/L: the pathway asks for specialist assessment and an "
        "echocardiogram within 6 weeks.");
  } else if (lvsd_open(screening)) {
    next.headline = "Ask a doctor about an echo";
    next.steps.push_back(
        "NT-proBNP is under 400 ng/L, so heart failure is less likely, but the ECG leaves a weak left "
        "ventricle possible: ask a doctor whether an echocardiogram is needed.");
  } else {
    next.headline = "Ask a doctor to look for another cause";
    next.steps.push_back(
        "NT-proBNP is under 400 ng/L: heart failure is less likely. The symptoms still need a cause.");
    if (nt_probnp >= limits::kNtProbnpUnlikely) {
      next.steps.push_back("It is not under 125 ng/L: if symptoms stay, ask again about an echocardiogram.");
      next.citation = std::string(kNice) + "; " + kEsc2021;
    }
  }
}

// Straight to an echo where no peptide can be had (MICE): past heart attack, crackles, or a man with swollen ankles.
std::string why_straight_to_echo(const ClinicalProfile& profile) {
  if (profile.prior_infarction.value_or(false)) return "a past heart attack";
  if (profile.crackles.value_or(false)) return "crackles at the lung bases";
  if (profile.oedema.value_or(false) && profile.sex == std::optional<Sex>(Sex::kMale)) return "swollen ankles in a man";
  return {};
}

// The ejection fraction is known: what is left is who should see it, and how soon.
void advise_by_ef(NextStep& next, const ClinicalProfile& profile, const Screening& screening) {
  next.citation = std::string(kNice) + "; " + kEsc2021;
  switch (screening.phenotype) {
    case Phenotype::kHfref:
    case Phenotype::kHfmref:
    case Phenotype::kHfpef:
      next.headline = "Specialist assessment for heart failure";
      next.steps.push_back("Show this result and the echo report to a doctor: the pathway asks for assessment by a heart failure specialist.");
      if (!profile.nt_probnp_ng_l) {
        next.steps.push_back("Measure NT-proBNP if it was not: it confirms heart failure and says how soon.");
        next.most_useful_test = kPeptide;
      } else if (*profile.nt_probnp_ng_l > limits::kNtProbnpUrgent) {
        next.headline = "Specialist within 2 weeks";
      }
      break;
    case Phenotype::kStageB:
      next.headline = "Show the echo result to a doctor";
      next.steps.push_back("The heart pumps weakly: show this result to a doctor soon, with or without symptoms.");
      next.steps.push_back("Measure blood pressure, and ask about diabetes and past heart attacks.");
      next.citation = kAhaStages;
      break;
    case Phenotype::kEfBetweenClasses:
      next.headline = "Have the echo read again, or repeated";
      next.steps.push_back("The ejection fraction lies between two classes: ask for a second reading or a repeat.");
      next.steps.push_back("Show this result to a doctor.");
      break;
    case Phenotype::kHeartFailurePossible:
      next.headline = profile.nt_probnp_ng_l ? "Ask a specialist about HFpEF" : "Measure NT-proBNP";
      if (!profile.nt_probnp_ng_l) {
        next.steps.push_back("Measure NT-proBNP: with a preserved ejection fraction it decides whether to look further.");
        next.most_useful_test = kPeptide;
      } else {
        next.steps.push_back("The heart pumps normally and NT-proBNP is not low: a specialist should look for HFpEF and other causes.");
      }
      break;
    case Phenotype::kPossibleStructuralDisease:
      next.headline = "Show ECG and echo to a doctor";
      next.steps.push_back("Show this ECG and the echo report to a doctor.");
      next.citation = kAhaStages;
      break;
    default:
      next.headline = profile.symptoms == Symptoms::kSuspectedHeartFailure ? "Ask a doctor to look for another cause" : "Nothing further for this examination";
      next.steps.push_back("If breathlessness, ankle swelling or unusual tiredness comes up or stays, ask again.");
  }
}

void advise_suspected(NextStep& next, const ClinicalProfile& profile, const Screening& screening) {
  if (profile.nt_probnp_ng_l) return advise_by_peptide(next, screening, *profile.nt_probnp_ng_l);
  next.citation = std::string(kNice) + "; " + kEsc2021;
  if (lvsd_open(screening)) {
    next.headline = "Measure NT-proBNP and ask for an echo";
    next.steps.push_back("Measure NT-proBNP: it decides how soon the echocardiogram is needed.");
    next.steps.push_back("If that test cannot be had, ask for an echocardiogram directly.");
    next.most_useful_test = kEcho;
  } else {
    next.headline = "Measure NT-proBNP";
    next.steps.push_back(
        "Measure NT-proBNP. Over 2000 ng/L: specialist and echo within 2 weeks. 400 to 2000: within 6 "
        "weeks. Under 400: less likely, look for another cause.");
    next.steps.push_back("If that test cannot be had, ask a doctor whether an echocardiogram is needed.");
    next.most_useful_test = kPeptide;
  }
  if (const std::string why = why_straight_to_echo(profile); !why.empty()) {
    next.steps.push_back("Where NT-proBNP cannot be had, " + why + " is reason enough to ask for an echocardiogram.");
    next.citation += std::string("; ") + kMice;
  }
  if (profile.bnp_ng_l && *profile.bnp_ng_l < limits::kBnpUnlikely)
    next.steps.push_back("BNP is under 35 ng/L: heart failure is unlikely. The symptoms still need a cause.");
  else if (profile.bnp_ng_l)
    next.steps.push_back("BNP is 35 ng/L or more: the pathway asks for an echocardiogram.");
}

// Signs that do not wait, from what was entered.
std::vector<std::string> urgent_entries(const ClinicalProfile& profile) {
  std::vector<std::string> signs;
  if (profile.systolic_mmhg && *profile.systolic_mmhg <= limits::kUrgentSystolicUpTo)
    signs.push_back(format_text("The systolic blood pressure is very low (%.0f mmHg).", *profile.systolic_mmhg));
  if (profile.nyha_class && *profile.nyha_class >= 4)
    signs.push_back("Breathless at rest (NYHA IV).");
  return signs;
}

// Without stated symptoms. A value that NICE refers is passed on whatever the ECG says: by NICE's rows where
// symptoms may be there, and to the doctor where there are none.
void advise_without_symptoms(NextStep& next, const ClinicalProfile& profile, const Screening& screening) {
  const bool unknown = profile.symptoms == Symptoms::kUnknown;
  const double nt_probnp = profile.nt_probnp_ng_l.value_or(0);
  const bool referred = nt_probnp >= limits::kNtProbnpRefer;
  const bool by_peptide = unknown && referred;
  if (by_peptide) advise_by_peptide(next, screening, nt_probnp);
  if (referred && !unknown) next.steps.push_back(tell_the_doctor(nt_probnp));
  switch (screening.phenotype) {
    case Phenotype::kPossibleStructuralDisease:
    case Phenotype::kLvsdPossible:
    case Phenotype::kLvsdLikely:
      if (!by_peptide) {
        next.headline = "Show the ECG to a doctor; ask for an echo";
        next.citation = kAhaStages;
        next.most_useful_test = kEcho;
      }
      next.steps.push_back("Show this ECG to a doctor and ask whether an echocardiogram is needed.");
      next.steps.push_back("Measure blood pressure, and ask about diabetes and past heart attacks.");
      break;
    case Phenotype::kHeartFailurePossible: break;  // only by the peptide
    default:
      if (referred) {
        next.headline = "Tell a doctor about the NT-proBNP";
        next.citation = kAhaStages;
        next.most_useful_test = kEcho;
        break;
      }
      next.headline = unknown ? "Ask about symptoms" : "Nothing further for this ECG";
      if (!unknown) next.steps.push_back(kNoReasonForMore);
      next.citation = kUniversalDefinition;
      next.most_useful_test =
          unknown ? "Questions: breathlessness, ankle swelling, tiredness. If yes: NT-proBNP." : "";
  }
  if (unknown)
    next.steps.push_back(
        "Ask about breathlessness, ankle swelling and tiredness, and enter the answer: it changes the "
        "result.");
  else
    next.steps.push_back("If breathlessness, ankle swelling or unusual tiredness comes up, screen again.");
}

// Nothing here was tested on children, the pathways and limits of adults included.
void advise_child(NextStep& next) {
  next.headline = "Show this ECG to a doctor who treats children";
  next.steps.push_back(
      "Show this ECG to a doctor who treats children, and say why it was recorded: the limits and tests of "
      "adults do not hold for a child.");
}

void advise_cannot_tell(NextStep& next, const ClinicalProfile& profile, const Screening& screening) {
  const bool suspected = profile.symptoms == Symptoms::kSuspectedHeartFailure;
  if (screening.obstacle == Obstacle::kRhythm) {
    next.headline = "Show this ECG to a doctor";
    next.steps.push_back(
        "Show this ECG to a doctor. A new recording helps only if the rhythm has changed by then.");
  } else {
    next.headline = "Repeat the ECG, or show it to a doctor";
    next.steps.push_back(
        "If the recording is at fault, check the electrodes and record 10 seconds again, lying still.");
    next.steps.push_back("If it stays like this, show this ECG to a doctor.");
    next.most_useful_test = "A clean 12-lead ECG of 10 seconds.";
  }
  const bool referred = profile.nt_probnp_ng_l.value_or(0) >= limits::kNtProbnpRefer;
  if (referred && profile.symptoms == Symptoms::kNone) {
    next.steps.insert(next.steps.begin(), tell_the_doctor(*profile.nt_probnp_ng_l));
    next.citation = kAhaStages;
  } else if (profile.nt_probnp_ng_l && (suspected || referred)) {
    NextStep by_peptide;
    advise_by_peptide(by_peptide, screening, *profile.nt_probnp_ng_l);
    next.headline = by_peptide.headline;
    next.steps.insert(next.steps.begin(), by_peptide.steps.begin(), by_peptide.steps.end());
    next.citation = by_peptide.citation;
  } else if (suspected) {
    next.steps.push_back(
        "Heart failure is suspected: NT-proBNP can be measured without waiting for the ECG.");
    next.citation = kNice;
  }
}

}  // namespace

std::vector<std::string> urgent_signs(const EcgFindings& findings) {
  std::vector<std::string> signs;
  const std::optional<double> rate = measured(findings, "heart_rate_bpm");
  const std::optional<double> qrs_ms = measured(findings, "qrs_ms");
  if (rate && *rate > limits::kUrgentRateAbove) {
    std::string sign = format_text("The heart rate is very fast (%.0f/min).", *rate);
    if (qrs_ms && *qrs_ms >= limits::kBundleBranchBlockMs)
      sign += " The beats are broad: this can be a dangerous rhythm.";
    signs.push_back(std::move(sign));
  }
  if (rate && *rate <= limits::kUrgentRateUpTo)
    signs.push_back(format_text("The heart rate is very slow (%.0f/min).", *rate));
  return signs;
}

NextStep advise(const ClinicalProfile& profile, const Screening& screening, const EcgFindings* findings) {
  NextStep next;
  const bool child = profile.age_years && *profile.age_years < limits::kAdultYears;
  if (child)
    advise_child(next);
  else if (screening.echo)
    advise_by_ef(next, profile, screening);
  else if (screening.phenotype == Phenotype::kCannotTell)
    advise_cannot_tell(next, profile, screening);
  else if (profile.symptoms == Symptoms::kSuspectedHeartFailure)
    advise_suspected(next, profile, screening);
  else
    advise_without_symptoms(next, profile, screening);

  // Raised ST alone is common in healthy hearts: it becomes urgent with chest pain, which only the person can
  // tell.
  const Criterion* st = findings && !child ? find_criterion(*findings, "st_elevation") : nullptr;
  if (st && st->met.value_or(false))
    next.steps.insert(next.steps.begin(), "Ask about chest pain: the ST segments are raised" +
                                              (st->detail.empty() ? std::string() : " (" + st->detail + ")") +
                                              ". With chest pain, get emergency help now.");
  if (st && st->met.value_or(false) && screening.phenotype == Phenotype::kNoEvidence) {
    next.headline = "Ask about chest pain";
    std::erase(next.steps, std::string(kNoReasonForMore));
  }
  const Criterion* qtc = findings && !child ? find_criterion(*findings, "qtc_prolonged") : nullptr;
  if (qtc && qtc->met.value_or(false) && qtc->value) {
    next.steps.insert(next.steps.begin(), format_text("The QTc is long (%.0f ms): show this ECG to a doctor, with the list of medicines.",
                                                      *qtc->value));
    std::erase(next.steps, std::string(kNoReasonForMore));
    if (next.headline == "Nothing further for this ECG") next.headline = "Show the ECG to a doctor";
  }
  std::vector<std::string> signs = findings ? urgent_signs(*findings) : std::vector<std::string>{};
  if (!child)
    for (std::string& sign : urgent_entries(profile)) signs.push_back(std::move(sign));
  if (signs.empty()) {
    if (profile.symptoms != Symptoms::kNone && screening.phenotype != Phenotype::kNoEvidence)
      next.steps.push_back(
          "Same day: breathless at rest, fainting, chest pain, or a very unwell person needs a doctor now.");
  } else {
    next.urgent = true;
    next.headline = "Get a doctor now";
    std::vector<std::string> first = signs;
    first.push_back(
        "Check pulse, blood pressure and how the person feels now, and get a doctor or emergency help.");
    next.steps.insert(next.steps.begin(), first.begin(), first.end());
    if (!child) next.citation = next.citation.empty() ? kNews2 : std::string(kNews2) + "; " + next.citation;
  }
  return next;
}

}  // namespace precordia
