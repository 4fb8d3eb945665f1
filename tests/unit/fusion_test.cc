// The fusion held against the published tables it is built on, and against the promises of docs/evidence.md.
#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <string>

#include "fusion/advice.h"
#include "fusion/combine.h"
#include "fusion/ecg_evidence.h"
#include "fusion/fused_reading.h"
#include "fusion/literature.h"
#include "fusion/screening.h"

using namespace precordia;

namespace {

Criterion judged(const char* id, bool met) {
  Criterion criterion;
  criterion.id = id;
  criterion.label = id;
  criterion.met = met;
  criterion.citation = "test";
  return criterion;
}

Measurement measurement(const char* id, double value) {
  Measurement m;
  m.id = id;
  m.label = id;
  m.value = value;
  return m;
}

// A fit ECG on which every major abnormality was judged and none found.
EcgFindings quiet_ecg(double heart_rate_bpm = 70, double qrs_ms = 90) {
  EcgFindings findings;
  findings.sample_rate_hz = 500;
  findings.beats.resize(10);
  findings.rhythm = Rhythm::kSinus;
  findings.rhythm_text = "Sinus rhythm";
  findings.measurements = {measurement("heart_rate_bpm", heart_rate_bpm), measurement("qrs_ms", qrs_ms)};
  for (const char* id : {"lbbb", "lbbb_strauss", "rbbb", "pathological_q", "sokolow_lyon", "cornell_voltage",
                         "cornell_product"})
    findings.criteria.push_back(judged(id, false));
  return findings;
}

EcgFindings with_met(EcgFindings findings, std::initializer_list<const char*> ids) {
  for (const char* id : ids)
    for (Criterion& criterion : findings.criteria)
      if (criterion.id == id) criterion.met = true;
  return findings;
}

NetOutput output(const char* id, const char* title, double probability) {
  NetOutput out;
  out.id = id;
  out.title = title;
  out.probability = probability;
  return out;
}

NetComposite composite(const char* id, double probability, double sensitivity, double specificity) {
  NetComposite out;
  out.id = id;
  out.title = id;
  out.source = "test";
  out.members = {"superclass/MI"};
  out.probability = probability;
  out.threshold = 0.3;
  out.sensitivity = sensitivity;
  out.specificity = specificity;
  return out;
}

// A network with one composite, at an operating point given by the test.
EcgNetFindings network(double probability, double sensitivity = 0.9, double specificity = 0.8) {
  EcgNetFindings net;
  net.model_id = "test-net";
  net.outputs = {output("superclass/MI", "Myocardial infarction", probability)};
  net.composites = {composite("major_abnormal", probability, sensitivity, specificity)};
  return net;
}

ClinicalProfile person(Symptoms symptoms, double age_years = 63) {
  ClinicalProfile profile;
  profile.symptoms = symptoms;
  profile.age_years = age_years;
  return profile;
}

const EcgRecord kRecord;  // the fusion uses only the record's age and sex

int severity(Phenotype phenotype) {
  switch (phenotype) {
    case Phenotype::kCannotTell: return -1;
    case Phenotype::kNoEvidence: return 0;
    case Phenotype::kPossibleStructuralDisease: return 1;
    case Phenotype::kHeartFailurePossible: return 1;
    case Phenotype::kLvsdPossible: return 2;
    case Phenotype::kLvsdLikely: return 3;
    default: return 3;  // only with a measured EF
  }
  return -1;
}

// Within the relative difference `rel`: doctest's own epsilon is a share of 1 + |value|, which for a small
// value accepts 0.
doctest::Approx near(double value, double rel) { return doctest::Approx(value).epsilon(rel).scale(0); }

bool contains(const std::string& text, const char* word) { return text.find(word) != std::string::npos; }

std::string all_text(const Screening& s) {
  std::string text = s.headline + s.sentence + s.target + s.prior_context + s.cannot_tell_because +
                     s.next_step.headline + s.next_step.most_useful_test;
  for (const std::string& step : s.next_step.steps) text += step;
  for (const EvidenceItem& item : s.evidence) text += item.label + item.value + item.explanation;
  return text;
}

const EvidenceItem* line(const Screening& s, std::string_view id) {
  for (const EvidenceItem& item : s.evidence)
    if (item.id == id) return &item;
  return nullptr;
}

}  // namespace

TEST_CASE("fusion: Davie's table gives his ratios and predictive values") {
  const LogRatio positive = likelihood_ratio(davie_major_ecg(), true),
                 negative = likelihood_ratio(davie_major_ecg(), false);
  CHECK(positive.ratio() == near(2.43, 0.002));
  CHECK(negative.ratio() == near(0.102, 0.005));
  // Standard error of ln LR by hand: sqrt(1/90 - 1/96 + 1/169 - 1/438).
  CHECK(positive.standard_error == doctest::Approx(std::sqrt(1 / 90.0 - 1 / 96.0 + 1 / 169.0 - 1 / 438.0)));
  // At his own prevalence the published PPV 35 % and NPV 98 % come back.
  const double prior = 96.0 / 534.0;
  const Interval point{prior, prior, prior};
  CHECK(combine(point, {&positive, 1}).probability.value == doctest::Approx(90.0 / 259.0));
  CHECK(combine(point, {&negative, 1}).probability.value == doctest::Approx(6.0 / 275.0));
}

TEST_CASE("fusion: the other published ratios come back from their counts") {
  CHECK(likelihood_ratio(mohamed_abnormal_ecg(), true).ratio() == near(1.60, 0.005));
  CHECK(likelihood_ratio(mohamed_abnormal_ecg(), false).ratio() == near(0.147, 0.005));
  CHECK(likelihood_ratio(major_ecg_studies()[2], true).ratio() == near(1.96, 0.005));
  CHECK(likelihood_ratio(major_ecg_studies()[2], false).ratio() == near(0.24, 0.01));
  CHECK(likelihood_ratio(murkofsky_qrs_over_100ms(), true).ratio() == near(2.67, 0.01));
  CHECK(likelihood_ratio(murkofsky_qrs_over_100ms(), false).ratio() == near(0.67, 0.01));
  CHECK(likelihood_ratio(nielsen_prior_infarction(), false).ratio() == near(0.68, 0.01));
}

TEST_CASE("fusion: NT-proBNP bands have Taylor's interval ratios and give the derived probabilities") {
  const struct {
    double ng_l, ratio, posterior;
  } bands[] = {{60, 0.108, 0.011}, {124.9, 0.108, 0.011}, {125, 0.426, 0.042}, {399, 0.426, 0.042},
               {400, 2.71, 0.219}, {1999, 2.71, 0.219},   {2000, 9.97, 0.509}, {70000, 9.97, 0.509}};
  for (const auto& band : bands) {
    const LogRatio ratio = nt_probnp_ratio(band.ng_l);
    CHECK(ratio.ratio() == near(band.ratio, 0.005));
    CHECK(combine({0.094, 0.094, 0.094}, {&ratio, 1}).probability.value ==
          near(band.posterior, 0.02));
  }
}

TEST_CASE("fusion: the GP referral prior and its limits are the published counts") {
  const Prior& prior = prior_gp_echo_referral();
  CHECK(prior.probability == doctest::Approx(33.0 / 403.0));
  CHECK(prior.low == near(wilson_interval(33, 403).low, 0.005));
  CHECK(prior.high == near(0.18, 0.005));
}

TEST_CASE("fusion: a machine's finding is attenuated by its sensitivity and specificity") {
  // Recipe 4 by hand with s = .9, c = .8: (.9 q1 + .2 (1 - q1)) / (.9 q0 + .2 (1 - q0)).
  const double q1 = 90.0 / 96.0, q0 = 169.0 / 438.0;
  const LogRatio ratio = likelihood_ratio(davie_major_ecg(), true, {0.9, 0.8});
  CHECK(ratio.ratio() == doctest::Approx((0.9 * q1 + 0.2 * (1 - q1)) / (0.9 * q0 + 0.2 * (1 - q0))));
  CHECK(ratio.ratio() < likelihood_ratio(davie_major_ecg(), true).ratio());
  CHECK(likelihood_ratio(davie_major_ecg(), false, {0.9, 0.8}).ratio() >
        likelihood_ratio(davie_major_ecg(), false).ratio());
  CHECK(likelihood_ratio(davie_major_ecg(), true, {0.5, 0.5}).ln ==
        doctest::Approx(0));  // a coin says nothing
}

TEST_CASE("fusion: an empty cell gives a finite ratio") {
  FourfoldStudy study = davie_major_ecg();
  study.true_positives = study.diseased;
  const LogRatio negative = likelihood_ratio(study, false);
  CHECK(std::isfinite(negative.ln));
  CHECK(std::isfinite(negative.standard_error));
}

TEST_CASE(
    "fusion: each ratio is capped, the second of one direction counts 0.6, and the answer stays within 1 to "
    "95 %") {
  const double ln10 = std::log(10.0);
  const LogRatio huge{std::log(1000.0), 0}, tiny{std::log(0.001), 0};
  const Interval even{0.5, 0.5, 0.5};
  CHECK(combine(even, {&huge, 1}).weights_ln[0] == doctest::Approx(ln10));
  CHECK(combine(even, {&tiny, 1}).weights_ln[0] == doctest::Approx(-ln10));
  const LogRatio both[] = {{std::log(3.0), 0}, {std::log(2.0), 0}};
  CHECK(combine(even, both).weights_ln[0] == doctest::Approx(std::log(3.0)));
  CHECK(combine(even, both).weights_ln[1] == doctest::Approx(0.6 * std::log(2.0)));
  const LogRatio opposed[] = {{std::log(3.0), 0}, {std::log(0.5), 0}};
  CHECK(combine(even, opposed).weights_ln[1] == doctest::Approx(std::log(0.5)));
  const LogRatio many[] = {huge, huge, huge}, few[] = {tiny, tiny, tiny};
  CHECK(combine(even, many).probability.value == 0.95);
  CHECK(combine(even, few).probability.value == 0.01);
}

TEST_CASE("fusion: the order of the evidence does not matter") {
  const LogRatio a[] = {{0.9, 0.2}, {-0.4, 0.1}, {0.5, 0.3}, {0.9, 0.1}}, b[] = {a[2], a[3], a[1], a[0]};
  const Interval prior{0.08, 0.05, 0.18};
  const Posterior first = combine(prior, a), second = combine(prior, b);
  CHECK(first.probability.value == doctest::Approx(second.probability.value));
  CHECK(first.probability.low <= first.probability.value);
  CHECK(first.probability.value <= first.probability.high);
}

TEST_CASE("fusion: the worked example of docs/evidence.md") {
  // Suspected heart failure, network positive, sensitivity 90 %, specificity 78 %.
  const EcgFindings findings = quiet_ecg();
  const EcgNetFindings net = network(0.71, 0.90, 0.78);
  const Screening s = screen(person(Symptoms::kSuspectedHeartFailure), kRecord, &findings, &net);
  CHECK(s.phenotype == Phenotype::kLvsdPossible);
  CHECK(*s.prior == near(0.0819, 0.001));
  const EvidenceItem* ecg = line(s, "ecg_major_abnormality");
  REQUIRE(ecg);
  CHECK(*ecg->likelihood_ratio == near(1.778, 0.001));
  CHECK(*s.probability == near(0.1369, 0.002));
  CHECK(*s.low == near(0.0930, 0.005));
  CHECK(*s.high == near(0.288, 0.005));
}

TEST_CASE("fusion: without a measured ejection fraction the answer never says HFrEF or HFmrEF") {
  for (Symptoms symptoms : {Symptoms::kUnknown, Symptoms::kNone, Symptoms::kSuspectedHeartFailure})
    for (double probability : {0.01, 0.29, 0.31, 0.99})
      for (double nt_probnp : {0.0, 60.0, 300.0, 900.0, 9000.0})
        for (int infarction : {-1, 0, 1}) {
          ClinicalProfile profile = person(symptoms);
          if (nt_probnp > 0) profile.nt_probnp_ng_l = nt_probnp;
          if (infarction >= 0) profile.prior_infarction = infarction == 1;
          const EcgFindings findings = quiet_ecg();
          const EcgNetFindings net = network(probability);
          const Screening s = screen(profile, kRecord, &findings, &net);
          const std::string text = all_text(s);
          CHECK_FALSE(contains(text, "HFrEF"));
          CHECK_FALSE(contains(text, "HFmrEF"));
          CHECK_FALSE(s.headline.empty());
          CHECK_FALSE(s.sentence.empty());
          CHECK_FALSE(s.next_step.headline.empty());
          CHECK_FALSE(s.next_step.steps.empty());
          if (symptoms != Symptoms::kSuspectedHeartFailure) CHECK_FALSE(contains(text, "HFpEF possible"));
        }
}

TEST_CASE("fusion: HFpEF is possible but not confirmed, and only with symptoms") {
  const EcgFindings findings = quiet_ecg();
  const EcgNetFindings net = network(0.02);
  const Screening s = screen(person(Symptoms::kSuspectedHeartFailure), kRecord, &findings, &net);
  CHECK(s.phenotype == Phenotype::kHeartFailurePossible);
  CHECK(contains(s.sentence, "HFpEF possible, cannot confirm"));
  CHECK(contains(s.next_step.headline, "NT-proBNP"));
  CHECK(contains(s.next_step.most_useful_test, "NT-proBNP"));
}

TEST_CASE("fusion: an answer of the network that is not trusted is no evidence, as if it had not run") {
  const EcgFindings findings = quiet_ecg();
  EcgNetFindings net = network(0.95);
  net.distrusted_because = "Leads I, II and III contradict each other.";
  const Screening with = screen(person(Symptoms::kSuspectedHeartFailure), kRecord, &findings, &net);
  const Screening without = screen(person(Symptoms::kSuspectedHeartFailure), kRecord, &findings, nullptr);
  CHECK(with.phenotype == without.phenotype);
  CHECK(with.probability == without.probability);
  CHECK(contains(read_ecg_evidence(findings, &net).without_network, "contradict"));
}

TEST_CASE("fusion: findings of one cluster count once") {
  const EcgFindings one = with_met(quiet_ecg(), {"lbbb"});
  const EcgFindings many =
      with_met(quiet_ecg(), {"lbbb", "lbbb_strauss", "sokolow_lyon", "cornell_voltage", "pathological_q"});
  const EcgNetFindings net = network(0.9);
  for (const EcgNetFindings* used : {&net, static_cast<const EcgNetFindings*>(nullptr)}) {
    const Screening a = screen(person(Symptoms::kSuspectedHeartFailure), kRecord, &one, used);
    const Screening b = screen(person(Symptoms::kSuspectedHeartFailure), kRecord, &many, used);
    CHECK(*a.probability == *b.probability);
    for (const Screening* s : {&a, &b}) {
      int counted_ecg = 0;
      for (const EvidenceItem& item : s->evidence) counted_ecg += item.counted && item.cluster == "ecg";
      CHECK(counted_ecg == 1);
    }
    CHECK(b.evidence.size() > a.evidence.size());
  }
}

TEST_CASE("fusion: one more finding of disease never lowers the chance or the phenotype") {
  for (Symptoms symptoms : {Symptoms::kUnknown, Symptoms::kNone, Symptoms::kSuspectedHeartFailure})
    for (int network_state : {0, 1, 2}) {
      const EcgNetFindings net = network(network_state == 1 ? 0.05 : 0.9);
      const EcgNetFindings* used = network_state == 0 ? nullptr : &net;
      EcgFindings before = quiet_ecg();
      for (const char* id : {"sokolow_lyon", "pathological_q", "lbbb", "cornell_voltage", "rbbb"}) {
        const EcgFindings after = with_met(before, {id});
        const Screening a = screen(person(symptoms), kRecord, &before, used),
                        b = screen(person(symptoms), kRecord, &after, used);
        CHECK(b.probability.value_or(0) >= a.probability.value_or(0));  // without the network a quiet ECG has no answer
        CHECK(severity(b.phenotype) >= severity(a.phenotype));
        before = after;
      }
      // A past infarction, symptoms, and a higher NT-proBNP raise too.
      if (!used) continue;
      const EcgFindings quiet = quiet_ecg();
      ClinicalProfile infarction = person(symptoms);
      infarction.prior_infarction = true;
      const Screening plain = screen(person(symptoms), kRecord, &quiet, used);
      CHECK(*screen(infarction, kRecord, &quiet, used).probability >= *plain.probability);
      CHECK(*screen(person(Symptoms::kSuspectedHeartFailure), kRecord, &quiet, used).probability >=
            *plain.probability);
      int last = -1;
      double last_probability = -1;
      for (double nt_probnp : {50.0, 200.0, 300.0, 600.0, 5000.0}) {
        ClinicalProfile profile = person(symptoms);
        profile.nt_probnp_ng_l = nt_probnp;
        const Screening s = screen(profile, kRecord, &quiet, used);
        CHECK(severity(s.phenotype) >= last);
        CHECK(s.hf_probability.value_or(0) >= last_probability);
        last = severity(s.phenotype);
        last_probability = s.hf_probability.value_or(0);
      }
    }
}

TEST_CASE("fusion: NT-proBNP moves any heart failure and never LV systolic dysfunction") {
  const EcgFindings findings = quiet_ecg();
  const EcgNetFindings net = network(0.9);
  ClinicalProfile with = person(Symptoms::kSuspectedHeartFailure);
  with.nt_probnp_ng_l = 5000;
  const Screening a = screen(person(Symptoms::kSuspectedHeartFailure), kRecord, &findings, &net);
  const Screening b = screen(with, kRecord, &findings, &net);
  CHECK(*a.probability == *b.probability);
  CHECK_FALSE(a.hf_probability.has_value());
  CHECK(*b.hf_probability == near(0.509, 0.01));
  CHECK(*b.hf_low < *b.hf_probability);
  CHECK(*b.hf_high > *b.hf_probability);
  CHECK(line(b, "nt_probnp")->scale == EvidenceScale::kHeartFailure);
}

TEST_CASE("fusion: what cannot be screened says so, with the reason and no number") {
  const EcgNetFindings net = network(0.9);
  const auto check = [&](const ClinicalProfile& profile, const EcgRecord& record, const EcgFindings* findings,
                         const EcgNetFindings* used, const char* word) {
    const Screening s = screen(profile, record, findings, used);
    CHECK(s.phenotype == Phenotype::kCannotTell);
    CHECK_MESSAGE(contains(s.cannot_tell_because, word), s.cannot_tell_because);
    CHECK_FALSE(s.probability.has_value());
    CHECK_FALSE(s.low.has_value());
    CHECK_FALSE(s.prior.has_value());
    CHECK_FALSE(s.next_step.headline.empty());
    for (const EvidenceItem& item : s.evidence) CHECK_FALSE(item.counted);
  };
  const ClinicalProfile adult = person(Symptoms::kNone);
  const EcgFindings quiet = quiet_ecg();

  EcgFindings blocked = quiet;
  blocked.blocks_screening = {"The arm electrodes seem to be swapped."};
  check(adult, kRecord, &blocked, &net, "swapped");

  EcgFindings paced = quiet;
  paced.rhythm = Rhythm::kPaced;
  check(adult, kRecord, &paced, &net, "pacemaker");

  EcgNetFindings sees_pacing = net;
  sees_pacing.outputs.push_back(output("rhythm/PACE", "Pacemaker rhythm", 0.9));
  check(adult, kRecord, &quiet, &sees_pacing, "pacemaker");

  const EcgFindings fast = quiet_ecg(125);
  check(adult, kRecord, &fast, &net, "125/min");

  EcgRecord child;
  child.patient.age_years = 9;
  check({}, child, &quiet, &net, "children");
  ClinicalProfile suspected_child;
  suspected_child.symptoms = Symptoms::kSuspectedHeartFailure;
  suspected_child.nt_probnp_ng_l = 900;
  check(suspected_child, child, &quiet, &net, "children");
  const Screening advised = screen(suspected_child, child, &quiet, &net);
  CHECK(contains(advised.next_step.headline, "treats children"));
  CHECK_FALSE(contains(all_text(advised), "NT-proBNP"));
  CHECK_FALSE(contains(all_text(advised), "weeks"));
  CHECK_FALSE(contains(all_text(advised), "12-lead"));
  CHECK(advised.next_step.most_useful_test.empty());
  CHECK_FALSE(advised.hf_probability.has_value());

  check(adult, kRecord, nullptr, &net, "No ECG was given");

  EcgFindings unjudged = quiet;
  unjudged.criteria.clear();
  check(adult, kRecord, &unjudged, nullptr, "network did not run");
  EcgNetFindings failed;
  failed.not_run_because = "The network needs 10 seconds of ECG.";
  check(adult, kRecord, &unjudged, &failed, "10 seconds");
}

TEST_CASE("fusion: a wide QRS without a named block is never reassuring") {
  const EcgFindings wide = quiet_ecg(70, 150);
  const ClinicalProfile profile = person(Symptoms::kSuspectedHeartFailure);
  const Screening rules = screen(profile, kRecord, &wide, nullptr);
  CHECK(*line(rules, "ecg_major_abnormality")->likelihood_ratio > 1);
  CHECK(*rules.probability > *rules.prior);
  CHECK(contains(rules.sentence, "wide QRS without a bundle-branch pattern"));
  CHECK(contains(line(rules, "qrs_duration")->explanation, "Already counted"));

  const EcgNetFindings quiet = network(0.05), sees = network(0.9);
  const Screening disagree = screen(profile, kRecord, &wide, &quiet);
  CHECK(*disagree.probability == doctest::Approx(*disagree.prior));
  CHECK(contains(line(disagree, "ecg_major_abnormality")->label, "disagree"));
  CHECK(contains(disagree.sentence, "wide QRS without a bundle-branch pattern"));
  CHECK(contains(line(disagree, "qrs_duration")->explanation, "the ECG is not counted"));
  CHECK_FALSE(contains(line(screen(profile, kRecord, &wide, &sees), "qrs_duration")->explanation, "Already"));

  const EcgFindings block = with_met(quiet_ecg(70, 150), {"lbbb"});
  CHECK_FALSE(contains(all_text(screen(profile, kRecord, &block, nullptr)), "bundle-branch pattern"));
}

TEST_CASE("fusion: without the network measured rules may alarm, cautiously, but never reassure") {
  const EcgFindings quiet = quiet_ecg(), abnormal = with_met(quiet_ecg(), {"lbbb"});
  const Screening found = screen(person(Symptoms::kSuspectedHeartFailure), kRecord, &abnormal, nullptr);
  for (Symptoms symptoms : {Symptoms::kUnknown, Symptoms::kNone, Symptoms::kSuspectedHeartFailure}) {
    const Screening none = screen(person(symptoms), kRecord, &quiet, nullptr);
    CHECK(none.phenotype == Phenotype::kCannotTell);
    CHECK(contains(none.cannot_tell_because, "network did not run"));
    CHECK_FALSE(none.probability.has_value());
  }
  CHECK(contains(line(found, "ecg_major_abnormality")->explanation, "network did not run"));
  CHECK(contains(found.sentence, "Measured rules stand in"));
  CHECK(*line(found, "ecg_major_abnormality")->likelihood_ratio ==
        near(1.60, 0.01));  // Mohamed
  CHECK(contains(found.sentence, "left bundle branch block"));
}

TEST_CASE("fusion: where network and measured rules disagree the ECG counts neither way") {
  const EcgFindings abnormal = with_met(quiet_ecg(), {"pathological_q"});
  const EcgNetFindings net = network(0.05);
  const Screening s = screen(person(Symptoms::kSuspectedHeartFailure), kRecord, &abnormal, &net);
  CHECK(*s.probability == doctest::Approx(*s.prior));
  CHECK_FALSE(line(s, "ecg_major_abnormality")->counted);
  CHECK(contains(line(s, "ecg_major_abnormality")->label, "disagree"));
  CHECK(line(s, "pathological_q")->explanation == "A measured rule found this; the ECG is not counted.");
  CHECK_FALSE(contains(all_text(s), "Counts as"));
  CHECK_FALSE(contains(all_text(s), "Already counted"));
}

TEST_CASE("fusion: high voltage alone does not overrule a quiet network; with strain it does") {
  EcgFindings high = with_met(quiet_ecg(), {"sokolow_lyon"});
  const EcgNetFindings net = network(0.05);
  const Screening alone = screen(person(Symptoms::kNone), kRecord, &high, &net);
  CHECK(alone.phenotype == Phenotype::kNoEvidence);
  CHECK_FALSE(line(alone, "sokolow_lyon")->counted);
  high.criteria.push_back(judged("lv_strain", true));
  const Screening strained = screen(person(Symptoms::kNone), kRecord, &high, &net);
  CHECK(strained.phenotype == Phenotype::kPossibleStructuralDisease);
  CHECK(*strained.probability > *alone.probability);
}

TEST_CASE("fusion: a composite that says nothing is not used") {
  const EcgFindings quiet = quiet_ecg();
  const EcgNetFindings useless = network(0.9, 0.4, 0.5);
  const Screening s = screen(person(Symptoms::kNone), kRecord, &quiet, &useless);
  CHECK(s.phenotype == Phenotype::kCannotTell);
}

TEST_CASE("fusion: a network tested against measured ejection fractions counts with its own accuracy") {
  const EcgFindings quiet = quiet_ecg();
  EcgNetFindings net = network(0.05);
  net.composites.push_back(composite("lvsd", 0.8, 0.9, 0.9));
  ClinicalProfile profile = person(Symptoms::kSuspectedHeartFailure);
  profile.prior_infarction = true;
  const Screening s = screen(profile, kRecord, &quiet, &net);
  CHECK(*line(s, "ecg_lvsd_network")->likelihood_ratio == near(9.0, 0.01));
  CHECK(s.phenotype == Phenotype::kLvsdLikely);
  CHECK(contains(s.headline, "echo needed"));
  const EcgFindings abnormal = with_met(quiet_ecg(), {"pathological_q"});
  CHECK(contains(line(screen(profile, kRecord, &abnormal, &net), "pathological_q")->explanation,
                 "it is not counted"));
}

TEST_CASE("fusion: without symptoms a major abnormality is possible structural disease, not heart failure") {
  const EcgFindings findings = quiet_ecg();
  const EcgNetFindings net = network(0.9);
  const Screening s = screen(person(Symptoms::kNone), kRecord, &findings, &net);
  CHECK(s.phenotype == Phenotype::kPossibleStructuralDisease);
  CHECK(contains(s.prior_context, "ECHOES"));
  CHECK(contains(s.sentence, "not heart failure"));
}

TEST_CASE("fusion: a quiet ECG without symptoms is answered calmly and still does not exclude HFpEF") {
  const EcgFindings findings = quiet_ecg();
  const EcgNetFindings net = network(0.02);
  const Screening s = screen(person(Symptoms::kNone), kRecord, &findings, &net);
  CHECK(s.phenotype == Phenotype::kNoEvidence);
  CHECK(*s.probability < *s.prior);
  CHECK(contains(s.sentence, "does not exclude"));
  CHECK(s.next_step.most_useful_test.empty());
  CHECK(line(s, "hfpef_not_excluded"));
}

TEST_CASE("fusion: NICE's rows decide how fast") {
  const EcgFindings findings = quiet_ecg();
  const EcgNetFindings net = network(0.9);
  const auto headline = [&](double nt_probnp) {
    ClinicalProfile profile = person(Symptoms::kSuspectedHeartFailure);
    profile.nt_probnp_ng_l = nt_probnp;
    return screen(profile, kRecord, &findings, &net).next_step.headline;
  };
  CHECK(contains(headline(2001), "2 weeks"));
  CHECK(contains(headline(2000), "6 weeks"));
  CHECK(contains(headline(400), "6 weeks"));
  CHECK_FALSE(contains(headline(399), "weeks"));
}

TEST_CASE("fusion: what to do about an ECG that cannot be told depends on what is in the way") {
  const EcgNetFindings net = network(0.02);
  const auto step = [&](const EcgFindings& findings) {
    return screen(person(Symptoms::kUnknown), kRecord, &findings, &net).next_step;
  };
  EcgFindings noisy = quiet_ecg();
  noisy.blocks_screening = {"The record is too noisy."};
  CHECK(contains(step(noisy).headline, "Repeat"));
  CHECK(contains(step(noisy).most_useful_test, "12-lead"));

  EcgFindings paced = quiet_ecg(), fast = quiet_ecg(125), fast_and_noisy = quiet_ecg(125);
  paced.rhythm = Rhythm::kPaced;
  paced.blocks_screening = {"Pacemaker spikes."};
  fast.blocks_screening = {"Heart rate 125/min."};
  for (const EcgFindings* findings : {&paced, &fast}) {
    CHECK_FALSE(contains(step(*findings).headline, "Repeat"));
    CHECK(contains(step(*findings).headline, "doctor"));
    CHECK(step(*findings).most_useful_test.empty());
  }
  fast_and_noisy.blocks_screening = {"Too few leads.", "Heart rate 125/min."};
  CHECK(contains(step(fast_and_noisy).headline, "Repeat"));
}

TEST_CASE("fusion: an NT-proBNP that is referred is never passed over, symptoms or not") {
  const EcgFindings findings = quiet_ecg();
  EcgFindings noisy = quiet_ecg();
  noisy.blocks_screening = {"The record is too noisy."};
  ClinicalProfile none = person(Symptoms::kNone, 80);
  none.nt_probnp_ng_l = 450;  // under the limit for the age, over NICE's
  EcgNetFindings strong = network(0.9);
  strong.composites.push_back(composite("lvsd", 0.8, 0.9, 0.95));
  const EcgNetFindings quiet = network(0.02), major = network(0.9);
  for (const EcgNetFindings* net : {&quiet, &major, static_cast<const EcgNetFindings*>(&strong)})
    for (bool infarction : {false, true})
      for (const EcgFindings* ecg : {&findings, static_cast<const EcgFindings*>(&noisy)}) {
        ClinicalProfile profile = none;
        profile.prior_infarction = infarction;
        const Screening s = screen(profile, kRecord, ecg, net);
        CHECK(contains(s.next_step.steps[0], "450 ng/L: tell the doctor"));
        CHECK(contains(s.next_step.steps[0], "specialist"));
        if (s.phenotype != Phenotype::kCannotTell) CHECK(contains(s.sentence, "450 ng/L"));
        CHECK_FALSE(contains(s.next_step.headline, "Nothing further"));
        CHECK(contains(line(s, "nt_probnp")->explanation, "moves no percentage"));
        CHECK(contains(line(s, "nt_probnp")->explanation, "500 ng/L"));
        CHECK(contains(line(s, "nt_probnp")->citation, "HFA 2023"));
      }
  // Not stated: a likelier weak ventricle is not seen later than an unlikely one.
  ClinicalProfile unknown = person(Symptoms::kUnknown);
  unknown.nt_probnp_ng_l = 2500;
  unknown.prior_infarction = true;
  const Screening likely = screen(unknown, kRecord, &findings, &strong);
  CHECK(likely.phenotype == Phenotype::kLvsdLikely);
  CHECK(contains(likely.next_step.headline, "2 weeks"));
  CHECK(contains(screen(unknown, kRecord, &findings, &major).next_step.headline, "2 weeks"));
}

TEST_CASE("fusion: a very fast or very slow heart is urgent even when the ECG cannot be screened") {
  const EcgNetFindings net = network(0.02);
  const EcgFindings fast = quiet_ecg(150, 140), slow = quiet_ecg(38), usual = quiet_ecg(70);
  const Screening a = screen(person(Symptoms::kNone), kRecord, &fast, &net);
  CHECK(a.phenotype == Phenotype::kCannotTell);
  CHECK(a.next_step.urgent);
  CHECK(contains(a.next_step.steps[0], "150/min"));
  CHECK(contains(a.next_step.steps[0], "broad"));
  CHECK(screen(person(Symptoms::kNone), kRecord, &slow, &net).next_step.urgent);
  CHECK_FALSE(screen(person(Symptoms::kNone), kRecord, &usual, &net).next_step.urgent);
}

TEST_CASE("fusion: the form's age is used before the file's, and an unknown age is said") {
  EcgRecord child;
  child.patient.age_years = 9;
  const EcgFindings findings = quiet_ecg();
  const EcgNetFindings net = network(0.02);
  const Screening contradicted = screen(person(Symptoms::kNone, 40), child, &findings, &net);
  CHECK(contradicted.phenotype == Phenotype::kCannotTell);
  CHECK(contains(contradicted.cannot_tell_because, "9 years"));
  EcgRecord old;
  old.patient.age_years = 80;
  CHECK(line(screen(person(Symptoms::kNone, 40), old, &findings, &net), "age")->value == "40 y");
  const Screening unknown = screen({}, kRecord, &findings, &net);
  CHECK(line(unknown, "age")->value == "not known");
}

TEST_CASE("fusion: a profile is read with every key, and its mistakes are sentences") {
  const auto profile = parse_profile(
      R"({"age_years":63,"sex":"F","symptoms":"suspected_hf","prior_infarction":true,"nt_probnp_ng_l":310})");
  REQUIRE(profile);
  CHECK(*profile->age_years == 63);
  CHECK(*profile->sex == Sex::kFemale);
  CHECK(profile->symptoms == Symptoms::kSuspectedHeartFailure);
  CHECK(*profile->prior_infarction);
  CHECK(*profile->nt_probnp_ng_l == 310);
  REQUIRE(parse_profile("{}"));
  CHECK_FALSE(parse_profile("{}")->age_years.has_value());
  REQUIRE(parse_profile(
      R"({"age_years":null,"sex":null,"symptoms":null,"prior_infarction":null,"nt_probnp_ng_l":null})"));
  for (const char* bad :
       {"", "[]", "{", "63", R"({"age_years":-1})", R"({"age_years":121})", R"({"age_years":"63"})",
        R"({"sex":"X"})", R"({"sex":1})", R"({"symptoms":"maybe"})", R"({"prior_infarction":1})",
        R"({"nt_probnp_ng_l":4})", R"({"nt_probnp_ng_l":70001})", R"({"name":"A"})", "\xff\xfe{}"}) {
    const auto result = parse_profile(bad);
    REQUIRE_FALSE_MESSAGE(result.has_value(), std::string(bad));
    CHECK(result.error().code == ErrorCode::kWrongUsage);
    CHECK(result.error().message.back() == '.');
  }
}

namespace {

const EcgFindings kQuietEcg = quiet_ecg();

// The early and hybrid way of a network with one feature channel, small enough to be computed by hand.
EcgNetFindings fusable(double probability, float feature = 0) {
  EcgNetFindings net = network(probability);
  net.mean_features = {feature};
  FusionModel early;
  early.way = "early";
  early.composite = "major_abnormal";
  early.inputs = {{"composite:major_abnormal", 0, 1, 1.0}, {"measurement:qrs_ms", 90, 20, 0.5}, {"criterion:pathological_q", 0.1, 0.3, 0.4},
                  {"rhythm:irregular_without_p", 0.1, 0.3, 0.2}, {"profile:age_years", 60, 15, 0.3}, {"profile:sex_male", 0.5, 0.5, 0.1}};
  early.prevalence = 0.4;
  early.threshold = 0.25;
  FusionModel hybrid = early;
  hybrid.way = "hybrid";
  hybrid.inputs.erase(hybrid.inputs.begin());
  hybrid.embedding = {2.0};
  hybrid.intercept = -0.4;
  net.fusion = {early, hybrid};
  return net;
}

}  // namespace

TEST_CASE("fusion ways: graded evidence meets the binary ratio where a reader is that good, and stays between Davie's two") {
  const FourfoldStudy& davie = davie_major_ecg();
  for (const auto& [s, c] : {std::pair(0.9, 0.78), std::pair(0.6, 0.95)}) {
    const FindingAccuracy reader{s, c};
    const LogRatio yes = graded_likelihood_ratio(davie, std::log(s / (1 - c))), no = graded_likelihood_ratio(davie, std::log((1 - s) / c));
    CHECK(yes.ln == doctest::Approx(likelihood_ratio(davie, true, reader).ln));
    CHECK(no.ln == doctest::Approx(likelihood_ratio(davie, false, reader).ln));
    CHECK(yes.standard_error == doctest::Approx(likelihood_ratio(davie, true, reader).standard_error));
  }
  CHECK(graded_likelihood_ratio(davie, 0).ln == 0);  // no wiser than before
  double last = -1e9;
  for (double evidence = -12; evidence <= 12; evidence += 0.5) {
    const double ln = graded_likelihood_ratio(davie, evidence).ln;
    CHECK(ln > last);
    last = ln;
  }
  CHECK(std::exp(graded_likelihood_ratio(davie, 30).ln) == near(likelihood_ratio(davie, true).ratio(), 1e-6));
  CHECK(std::exp(graded_likelihood_ratio(davie, -30).ln) == near(likelihood_ratio(davie, false).ratio(), 1e-6));
}

TEST_CASE("fusion ways: late answers unless told, and all three stand side by side") {
  const EcgNetFindings net = fusable(0.9, 1.0f);
  const EcgFindings ecg = quiet_ecg();
  ClinicalProfile profile = person(Symptoms::kSuspectedHeartFailure);
  profile.sex = Sex::kMale;
  const Screening late = screen(profile, kRecord, &ecg, &net);
  CHECK(late.way == FusionWay::kLate);
  REQUIRE(late.ways.size() == 3);
  CHECK(*late.ways[0].probability == *late.probability);
  for (const FusionWay way : {FusionWay::kEarly, FusionWay::kHybrid}) {
    const Screening other = screen(profile, kRecord, &ecg, &net, nullptr, way);
    CHECK(other.way == way);
    CHECK(other.way_note.empty());
    CHECK(*other.probability == *late.ways[static_cast<size_t>(way)].probability);
    CHECK(*other.prior == *late.prior);
    CHECK(*other.low < *other.probability);
    CHECK(*other.high > *other.probability);
  }
  // By hand: logit .9 = 2.197, age (63 - 60) / 15 x .3 = .06, male .1, no Q -.1333, no irregular rhythm -.0667, QRS 0.
  std::string why_not;
  const auto early = read_fused(FusionWay::kEarly, ecg, &net, profile, why_not);
  REQUIRE(early);
  CHECK(early->probability == near(probability_of(std::log(9.0) + 0.06 + 0.1 - 0.4 / 3 - 0.2 / 3), 1e-9));
  CHECK(early->missing.empty());
}

TEST_CASE("fusion ways: what is missing widens and moves nothing, and is counted in the line") {
  const EcgNetFindings net = fusable(0.9);
  const EcgFindings ecg = quiet_ecg();
  std::string why_not;
  ClinicalProfile average = person(Symptoms::kSuspectedHeartFailure, 60);
  const auto known = read_fused(FusionWay::kEarly, ecg, &net, average, why_not);
  ClinicalProfile unknown = average;
  unknown.age_years.reset();
  const auto without = read_fused(FusionWay::kEarly, ecg, &net, unknown, why_not);
  REQUIRE(known);
  REQUIRE(without);
  CHECK(without->probability == doctest::Approx(known->probability));  // 60 is the mean
  CHECK(without->standard_error > known->standard_error);
  CHECK(without->missing.size() == known->missing.size() + 1);
  const Screening a = screen(average, kRecord, &ecg, &net, nullptr, FusionWay::kEarly), b = screen(unknown, kRecord, &ecg, &net, nullptr, FusionWay::kEarly);
  CHECK(*b.probability == doctest::Approx(*a.probability));
  CHECK(*b.high - *b.low > *a.high - *a.low);
}

TEST_CASE("fusion ways: one more finding of disease lowers no way's answer") {
  const ClinicalProfile profile = person(Symptoms::kSuspectedHeartFailure);
  for (const FusionWay way : kFusionWays)
    for (const double probability : {0.05, 0.35, 0.9}) {
      const EcgNetFindings net = fusable(probability, static_cast<float>(probability));
      const double before = *screen(profile, kRecord, &kQuietEcg, &net, nullptr, way).probability;
      EcgFindings worse = with_met(quiet_ecg(), {"pathological_q"});
      CHECK(*screen(profile, kRecord, &worse, &net, nullptr, way).probability >= before - 1e-12);
      worse = quiet_ecg(70, 118);
      CHECK(*screen(profile, kRecord, &worse, &net, nullptr, way).probability >= before - 1e-12);
      const EcgNetFindings surer = fusable(std::min(0.99, probability + 0.05), static_cast<float>(probability) + 0.05f);
      CHECK(*screen(profile, kRecord, &kQuietEcg, &surer, nullptr, way).probability >= before - 1e-12);
    }
}

TEST_CASE("fusion ways: a way that cannot be had says why, and late answers") {
  const EcgFindings ecg = quiet_ecg();
  const ClinicalProfile profile = person(Symptoms::kSuspectedHeartFailure);
  const EcgNetFindings other = network(0.9);  // nothing was fitted to it
  const Screening asked = screen(profile, kRecord, &ecg, &other, nullptr, FusionWay::kHybrid);
  CHECK(asked.way == FusionWay::kLate);
  CHECK(contains(asked.way_note, "Hybrid fusion could not be used, so late fusion answered."));
  CHECK(*asked.probability == *screen(profile, kRecord, &ecg, &other).probability);
  CHECK_FALSE(asked.ways[2].probability);
  CHECK_FALSE(asked.ways[2].why_not.empty());
  EcgNetFindings partial = fusable(0.9);
  partial.partial_input = "The network ran on an incomplete recording.";
  CHECK(contains(screen(profile, kRecord, &ecg, &partial, nullptr, FusionWay::kEarly).way_note, "complete recordings"));
  // With a measured ejection fraction the ECG does not decide: there is nothing to put together.
  ClinicalProfile measured_ef = profile;
  measured_ef.echo.ef_percent = 35;
  const EcgNetFindings net = fusable(0.9);
  CHECK(screen(measured_ef, kRecord, &ecg, &net).ways.empty());
}

TEST_CASE("a clip's ejection fraction decides to whom a score applies, and its strain and atrium enter none") {
  const EcgFindings ecg = quiet_ecg();
  const EcgNetFindings net = network(0.1);
  ClinicalProfile profile = person(Symptoms::kSuspectedHeartFailure, 72);
  profile.nt_probnp_ng_l = 900;
  const auto applies = [&](double ef, const char* id) {
    EchoEvidence clip;
    clip.ef_percent = ef;
    clip.ef_low_percent = ef - 10;
    clip.ef_high_percent = ef + 10;
    clip.bands = ef_bands(ef, 7);
    clip.contour_strain_percent = 9;
    clip.la_volume_ml = 120;
    const Screening s = screen(profile, kRecord, &ecg, &net, &clip);
    int shown = 0;
    for (const EvidenceItem& item : s.evidence)
      if (item.id == "clip_strain" || item.id == "clip_la_volume") {
        ++shown;
        CHECK_FALSE(item.counted);
        CHECK(contains(item.explanation, "Not used in HFA-PEFF"));
      }
    CHECK(shown == 2);
    CHECK(s.before == "Before the echo");
    for (const Score& score : s.scores)
      if (score.id == id) return score.applies;
    return false;
  };
  CHECK(applies(62, "h2fpef"));
  CHECK(applies(62, "hfa_peff"));
  CHECK_FALSE(applies(34, "h2fpef"));
  CHECK_FALSE(applies(34, "hfa_peff"));
}
