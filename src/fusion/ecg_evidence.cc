#include "fusion/ecg_evidence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace precordia {
namespace {

constexpr const char* kEcgCluster = "ecg";
constexpr const char* kQrsCluster = "qrs_duration";
constexpr const char* kFoundNotCounted = "A measured rule found this; the ECG is not counted.";
constexpr const char* kCountsOnce = "Counts as a major ECG abnormality, once with the others.";

// The major abnormalities of Davie 1996 that a measured rule can state. That these four groups are Davie's
// list is remembered, not seen in the text of the paper; left axis deviation, remembered likewise, is left
// out of the rules. Several rules of one group are one finding.
enum class MajorGroup { kAtrialFibrillation, kBundleBranchBlock, kInfarction, kHypertrophy };
struct MajorRule {
  const char* criterion_id;
  MajorGroup group;
  const char* name;
};
constexpr const char* kWideWithoutBlock = "wide QRS without a bundle-branch pattern";
constexpr std::array<MajorRule, 7> kMajorRules = {{
    {"lbbb", MajorGroup::kBundleBranchBlock, "left bundle branch block"},
    {"lbbb_strauss", MajorGroup::kBundleBranchBlock, "left bundle branch block"},
    {"rbbb", MajorGroup::kBundleBranchBlock, "right bundle branch block"},
    {"pathological_q", MajorGroup::kInfarction, "Q waves as after a heart attack"},
    {"sokolow_lyon", MajorGroup::kHypertrophy, "high voltage as in LV hypertrophy"},
    {"cornell_voltage", MajorGroup::kHypertrophy, "high voltage as in LV hypertrophy"},
    {"cornell_product", MajorGroup::kHypertrophy, "high voltage as in LV hypertrophy"},
}};

struct MeasuredMajor {
  std::vector<std::string> names;            // what the rules found
  std::array<std::string, 4> name_of_group;  // the same by group, empty = not found
  std::vector<EvidenceItem> items;
  bool bundle_branch_block = false;
  bool strain = false;
  bool all_groups_judged = true;

  // What a rule finds is held against a network that sees nothing, save voltage without strain: that is
  // common in healthy hearts (specificity about .9), and the network, which is fed millivolts, has weighed
  // it.
  bool contradicts_quiet_network() const {
    const auto found = [&](MajorGroup group) { return !name_of_group[static_cast<size_t>(group)].empty(); };
    return found(MajorGroup::kAtrialFibrillation) || found(MajorGroup::kBundleBranchBlock) ||
           found(MajorGroup::kInfarction) || (found(MajorGroup::kHypertrophy) && strain);
  }
};

void add_name(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

void add_rule_name(MeasuredMajor& major, MajorGroup group, const char* name) {
  add_name(major.names, name);
  std::string& of_group = major.name_of_group[static_cast<size_t>(group)];
  if (of_group.empty()) of_group = name;
}

// Network statements that say what a group of rules says.
constexpr struct {
  const char* output_id;
  MajorGroup group;
} kSaidByNetwork[] = {
    {"rhythm/AFIB", MajorGroup::kAtrialFibrillation},   {"rhythm/AFLT", MajorGroup::kAtrialFibrillation},
    {"subclass/CLBBB", MajorGroup::kBundleBranchBlock}, {"subclass/CRBBB", MajorGroup::kBundleBranchBlock},
    {"superclass/MI", MajorGroup::kInfarction},         {"subclass/LVH", MajorGroup::kHypertrophy}};

EvidenceItem context_item(const char* id, std::string label, std::string value, std::string explanation,
                          std::string citation) {
  EvidenceItem item;
  item.id = id;
  item.label = std::move(label);
  item.value = std::move(value);
  item.cluster = kEcgCluster;
  item.explanation = std::move(explanation);
  item.citation = std::move(citation);
  return item;
}

std::string value_text(const Criterion& criterion) {
  if (!criterion.value) return "met";
  std::string text = fixed_text(*criterion.value, criterion.digits);
  if (!criterion.unit.empty()) text += " " + criterion.unit;
  if (criterion.cutoff) text += ", cut-off " + fixed_text(*criterion.cutoff, criterion.digits);
  if (!criterion.detail.empty()) text += " (" + criterion.detail + ")";
  return text;
}

MeasuredMajor measured_major(const EcgFindings& findings) {
  MeasuredMajor major;
  std::array<bool, 4> judged{};
  const auto mark = [&](MajorGroup group) { judged[static_cast<size_t>(group)] = true; };

  if (findings.rhythm != Rhythm::kUnknown) mark(MajorGroup::kAtrialFibrillation);
  if (findings.rhythm == Rhythm::kIrregularWithoutP) {
    add_rule_name(major, MajorGroup::kAtrialFibrillation,
                  "irregular rhythm without P waves (atrial fibrillation?)");
    EvidenceItem item =
        context_item("rhythm", "Irregular rhythm without P waves", findings.rhythm_text,
                     kCountsOnce, davie_major_ecg().citation);
    item.direction = EvidenceDirection::kFor;
    major.items.push_back(std::move(item));
  }
  const std::optional<double> qrs_ms = measured(findings, "qrs_ms");
  if (qrs_ms && *qrs_ms < limits::kBundleBranchBlockMs) mark(MajorGroup::kBundleBranchBlock);
  for (const MajorRule& rule : kMajorRules) {
    const Criterion* criterion = find_criterion(findings, rule.criterion_id);
    if (!criterion || !criterion->met) continue;
    mark(rule.group);
    if (!*criterion->met) continue;
    if (rule.group == MajorGroup::kBundleBranchBlock) major.bundle_branch_block = true;
    add_rule_name(major, rule.group, rule.name);
    EvidenceItem item =
        context_item(criterion->id.c_str(), criterion->label, value_text(*criterion),
                     kCountsOnce, criterion->citation);
    item.direction = EvidenceDirection::kFor;
    major.items.push_back(std::move(item));
  }
  // Davie's readers let a wide QRS pass as minor. But the rules may miss a block, and over 120 ms without
  // block was far commoner in weak ventricles (Murkofsky): it never counts as reassuring.
  if (qrs_ms && *qrs_ms >= limits::kBundleBranchBlockMs) {
    mark(MajorGroup::kBundleBranchBlock);
    if (!major.bundle_branch_block)
      add_rule_name(major, MajorGroup::kBundleBranchBlock, kWideWithoutBlock);
  }
  const Criterion* strain = find_criterion(findings, "lv_strain");
  major.strain = strain && strain->met.value_or(false);
  major.all_groups_judged = std::all_of(judged.begin(), judged.end(), [](bool group) { return group; });
  return major;
}

std::string with_small_initial(std::string text) {
  // Abbreviations ("AV block") keep their capitals.
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (!text.empty() && capital(text[0]) && !(text.size() > 1 && capital(text[1])))
    text[0] = text[0] - 'A' + 'a';
  return text;
}

// What was seen, each thing once: the composite's members that are more likely than not, then what only the
// rules found (voltage is no sign of hypertrophy beside a bundle branch block). If nothing is that sure, the
// strongest member, as a possibility. `composite` is null when the network saw no major abnormality.
std::vector<std::string> abnormality_names(const EcgNetFindings* net, const NetComposite* composite,
                                           const MeasuredMajor& rules) {
  std::vector<std::string> names;
  std::array<bool, 4> said{};
  said[static_cast<size_t>(MajorGroup::kHypertrophy)] = rules.bundle_branch_block;
  const NetOutput* strongest = nullptr;
  for (size_t i = 0; composite && i < composite->members.size(); ++i) {
    const NetOutput* output = find_output(*net, composite->members[i]);
    if (!output) continue;
    if (!strongest || output->probability > strongest->probability) strongest = output;
    if (output->probability < 0.5) continue;
    add_name(names, with_small_initial(output->title));
    for (const auto& same : kSaidByNetwork)
      if (output->id == same.output_id) said[static_cast<size_t>(same.group)] = true;
  }
  for (size_t group = 0; group < said.size(); ++group)
    if (!said[group] && !rules.name_of_group[group].empty()) add_name(names, rules.name_of_group[group]);
  if (names.empty() && strongest) names.push_back("possible " + with_small_initial(strongest->title));
  return names;
}

// An operating point that says nothing (sensitivity + specificity <= 1) or nonsense is not counted.
bool informative(const NetComposite* composite) {
  return composite && composite->sensitivity > 0 && composite->sensitivity <= 1 &&
         composite->specificity > 0 && composite->specificity <= 1 &&
         composite->sensitivity + composite->specificity > 1 && std::isfinite(composite->probability);
}

EvidenceItem counted_item(const char* id, const char* label, std::string value, const LogRatio& ratio,
                          std::string explanation, std::string citation) {
  EvidenceItem item = context_item(id, label, std::move(value), std::move(explanation), std::move(citation));
  item.scale = EvidenceScale::kLvsd;
  item.direction = ratio.ln > 0 ? EvidenceDirection::kFor : EvidenceDirection::kAgainst;
  item.counted = true;
  item.likelihood_ratio = std::clamp(ratio.ratio(), limits::kLowestRatio, limits::kHighestRatio);
  return item;
}

void count(EcgEvidence& evidence, EvidenceItem item, const LogRatio& ratio) {
  evidence.counted.push_back({ratio, evidence.items.size()});
  evidence.items.push_back(std::move(item));
}

std::string composite_value(const NetComposite& composite) {
  return format_text("%.2f (threshold %.2f)", composite.probability, composite.threshold);
}

void count_lvsd_network(EcgEvidence& evidence, const NetComposite& composite) {
  const bool present = composite.probability >= composite.threshold;
  LogRatio ratio{std::log(present ? composite.sensitivity / (1 - composite.specificity)
                                  : (1 - composite.sensitivity) / composite.specificity),
                 0};
  const double limit = std::log(limits::kHighestRatio);
  ratio.ln = std::clamp(ratio.ln, -limit, limit);  // a specificity of 1 would be an infinite ratio
  ratio = with_between_study_spread(ratio, major_ecg_studies(), present);
  evidence.basis = EcgBasis::kLvsdNetwork;
  evidence.major_abnormality = present;
  count(
      evidence,
      counted_item(
          "ecg_lvsd_network",
          present ? "The network sees LV systolic dysfunction"
                  : "The network sees no LV systolic dysfunction",
          composite_value(composite), ratio,
          format_text("Tested against measured ejection fractions: sensitivity %.0f %%, specificity %.0f %%.",
                      100 * composite.sensitivity, 100 * composite.specificity),
          composite.source),
      ratio);
}

void count_network(EcgEvidence& evidence, const NetComposite& composite, const MeasuredMajor& rules) {
  const bool present = composite.probability >= composite.threshold;
  const FindingAccuracy accuracy{composite.sensitivity, composite.specificity};
  evidence.basis = EcgBasis::kNetwork;
  evidence.disagreement = !present && rules.contradicts_quiet_network();
  evidence.major_abnormality = present || evidence.disagreement;
  if (evidence.disagreement) {
    EvidenceItem item = context_item("ecg_major_abnormality", "Network and measured rules disagree",
                                     composite_value(composite),
                                     "The network sees no major abnormality, a measured rule does. The ECG "
                                     "is counted neither way; look at it.",
                                     davie_major_ecg().citation);
    item.scale = EvidenceScale::kLvsd;
    item.likelihood_ratio = 1;
    evidence.items.push_back(std::move(item));
    return;
  }
  const LogRatio ratio = with_between_study_spread(likelihood_ratio(davie_major_ecg(), present, accuracy),
                                                   major_ecg_studies(), present, accuracy);
  count(
      evidence,
      counted_item(
          "ecg_major_abnormality",
          present ? "Major ECG abnormality (network)" : "No major ECG abnormality (network)",
          composite_value(composite), ratio,
          format_text("A cardiologist's reading would weigh %.2g; the network agrees with such readings with "
                      "sensitivity %.0f %% and specificity %.0f %%, so its finding weighs less.",
                      likelihood_ratio(davie_major_ecg(), present).ratio(), 100 * composite.sensitivity,
                      100 * composite.specificity),
          davie_major_ecg().citation),
      ratio);
}

// The graded reading weighs by degrees between Davie's two ratios, and 1 where it is no wiser than the prevalence it was fitted at.
void count_fused(EcgEvidence& evidence, const FusedReading& fused, const MeasuredMajor& rules) {
  evidence.basis = EcgBasis::kFused;
  evidence.disagreement = !fused.seen && rules.contradicts_quiet_network();
  evidence.major_abnormality = fused.seen || evidence.disagreement;
  const std::string value = format_text("%.2f", fused.probability);
  if (evidence.disagreement) {
    EvidenceItem item = context_item("ecg_major_abnormality", "Model and measured rules disagree", value,
                                     "The model sees no major abnormality, a measured rule does. The ECG is counted neither way; look at it.",
                                     davie_major_ecg().citation);
    item.scale = EvidenceScale::kLvsd;
    item.likelihood_ratio = 1;
    evidence.items.push_back(std::move(item));
    return;
  }
  const LogRatio ratio = graded_likelihood_ratio(davie_major_ecg(), fused.ln_evidence, fused.standard_error, major_ecg_studies());
  const int known = fused.inputs - static_cast<int>(fused.missing.size());
  count(evidence,
        counted_item("ecg_major_abnormality", "Chance of a major ECG abnormality (one model)", value, ratio,
                     format_text("Network, measurements, age and sex in one model, fitted to cardiologists' readings and not to ejection "
                                 "fractions. %d of %d inputs are known; what is missing widens the range.",
                                 known, fused.inputs),
                     davie_major_ecg().citation),
        ratio);
}

// Measured rules have no known accuracy against Davie's readers: the ratio nearest to 1 of the three studies
// is taken.
void count_criteria(EcgEvidence& evidence, const MeasuredMajor& rules) {
  constexpr bool present = true;
  LogRatio ratio;
  const FourfoldStudy* chosen = nullptr;
  for (const FourfoldStudy& study : major_ecg_studies()) {
    const LogRatio candidate = likelihood_ratio(study, present);
    if (chosen && std::fabs(candidate.ln) >= std::fabs(ratio.ln)) continue;
    ratio = candidate;
    chosen = &study;
  }
  ratio = with_between_study_spread(ratio, major_ecg_studies(), present);
  evidence.basis = EcgBasis::kCriteria;
  evidence.major_abnormality = present;
  count(evidence,
        counted_item(
            "ecg_major_abnormality",
            "Major ECG abnormality (measured rules)",
            format_text("%d found", static_cast<int>(rules.names.size())), ratio,
            "The network did not run. Measured rules stand in for a reader; neither they nor the list of "
            "what counts as major were validated, so the most cautious of three published studies is used.",
            chosen->citation),
        ratio);
}

void add_qrs_duration(EcgEvidence& evidence, const EcgFindings& findings, const MeasuredMajor& rules) {
  const std::optional<double> qrs_ms = measured(findings, "qrs_ms");
  if (!qrs_ms) return;
  const bool wide = *qrs_ms > limits::kQrsWideMs;
  const std::string value = fixed_text(*qrs_ms, 0) + " ms";
  const FourfoldStudy& study = murkofsky_qrs_over_100ms();
  const bool block = rules.bundle_branch_block || *qrs_ms >= limits::kBundleBranchBlockMs;
  if (evidence.basis == EcgBasis::kCriteria && !block && wide) {
    const LogRatio ratio = likelihood_ratio(study, wide);
    EvidenceItem item = counted_item(
        "qrs_duration", "QRS longer than 100 ms", value, ratio,
        "Without bundle branch block, a longer QRS is commoner in a weak ventricle.", study.citation);
    item.cluster = kQrsCluster;
    count(evidence, std::move(item), ratio);
    return;
  }
  const char* why_not = "Not counted again: the network read the same QRS.";
  if (evidence.basis == EcgBasis::kNone)
    why_not = "Not counted: there is no answer to count for.";
  else if (evidence.basis == EcgBasis::kCriteria)
    why_not = block ? "Already counted as conduction disease." : "Not counted: a narrow QRS alone does not reassure.";
  else if (evidence.disagreement)
    why_not = block ? kFoundNotCounted : "Network and measured rules disagree: the ECG is not counted.";
  EvidenceItem item = context_item("qrs_duration", "QRS duration", value, why_not, study.citation);
  item.cluster = kQrsCluster;
  item.direction = wide ? EvidenceDirection::kFor : EvidenceDirection::kNeutral;
  evidence.items.push_back(std::move(item));
}

}  // namespace

EcgEvidence read_ecg_evidence(const EcgFindings& findings, const EcgNetFindings* net, const FusedReading* fused) {
  EcgEvidence evidence;
  const MeasuredMajor rules = measured_major(findings);
  const bool net_ran = net && !net->outputs.empty() && net->distrusted_because.empty();
  const NetComposite* lvsd = net_ran ? find_composite(*net, "lvsd") : nullptr;
  const NetComposite* major = net_ran ? find_composite(*net, "major_abnormal") : nullptr;

  if (informative(lvsd)) {
    count_lvsd_network(evidence, *lvsd);
  } else if (fused) {
    count_fused(evidence, *fused, rules);
  } else if (informative(major)) {
    count_network(evidence, *major, rules);
  } else {
    evidence.without_network = !net                              ? "The network did not run."
                               : !net->not_run_because.empty()    ? net->not_run_because
                               : !net->distrusted_because.empty() ? net->distrusted_because
                                                                  : "The network did not run.";
    if (!rules.names.empty()) {
      count_criteria(evidence, rules);
    } else {
      evidence.why_none = evidence.without_network + (rules.all_groups_judged
          ? " The measured rules found no major abnormality, but they alone are not enough to call an ECG normal."
          : " The measured rules alone could not judge rhythm, conduction, Q waves and voltage.");
    }
  }
  if (evidence.basis == EcgBasis::kLvsdNetwork && rules.contradicts_quiet_network())
    evidence.major_abnormality = true;

  const bool network_positive = informative(major) && major->probability >= major->threshold;
  if (evidence.major_abnormality)
    evidence.abnormalities = abnormality_names(net, network_positive ? major : nullptr, rules);

  if (const NetComposite* normal = net_ran ? find_composite(*net, "normal") : nullptr) {
    const bool present = normal->probability >= normal->threshold;
    EvidenceItem item = context_item(
        "ecg_normal", present ? "The network reads a normal ECG" : "The network does not read a normal ECG",
        composite_value(*normal),
        "Says the same as the line on major abnormalities, so it is not counted again.",
        mohamed_abnormal_ecg().citation);
    item.direction = present ? EvidenceDirection::kAgainst : EvidenceDirection::kNeutral;
    evidence.items.push_back(std::move(item));
  }
  for (EvidenceItem item : rules.items) {
    if (evidence.disagreement) {
      item.explanation = kFoundNotCounted;
    } else if (evidence.basis == EcgBasis::kLvsdNetwork) {
      item.explanation =
          "A measured rule found this; it is not counted: the network tested against ejection fractions read "
          "the same ECG.";
    } else if (!evidence.major_abnormality) {
      item.direction = EvidenceDirection::kNeutral;
      item.explanation =
          "Voltage alone is common in healthy hearts, and the network sees no major abnormality: not "
          "counted.";
    }
    evidence.items.push_back(std::move(item));
  }
  add_qrs_duration(evidence, findings, rules);
  return evidence;
}

}  // namespace precordia
