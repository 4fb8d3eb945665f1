// What the profile and a measured ejection fraction do to the answer: more disease never lowers it, what is missing never
// shifts it silently, and no kind is named without an ejection fraction.
#include <doctest/doctest.h>

#include <string>

#include "fusion/combine.h"
#include "fusion/literature.h"
#include "fusion/screening.h"

using namespace precordia;

namespace {

EcgFindings quiet_ecg() {
  EcgFindings findings;
  findings.sample_rate_hz = 500;
  findings.beats.resize(10);
  findings.rhythm = Rhythm::kSinus;
  findings.rhythm_text = "Sinus rhythm";
  for (const auto& [id, value] : {std::pair("heart_rate_bpm", 70.0), std::pair("qrs_ms", 90.0)}) {
    Measurement m;
    m.id = m.label = id;
    m.value = value;
    findings.measurements.push_back(m);
  }
  for (const char* id : {"lbbb", "lbbb_strauss", "rbbb", "pathological_q", "sokolow_lyon", "cornell_voltage", "cornell_product"}) {
    Criterion criterion;
    criterion.id = criterion.label = id;
    criterion.met = false;
    findings.criteria.push_back(criterion);
  }
  return findings;
}

EcgNetFindings network(double probability) {
  EcgNetFindings net;
  net.model_id = "test-net";
  NetComposite one;
  one.id = one.title = "major_abnormal";
  one.source = "test";
  one.probability = probability;
  one.threshold = 0.3;
  one.sensitivity = 0.9;
  one.specificity = 0.8;
  one.members = {"superclass/MI"};
  net.composites = {one};
  NetOutput output;
  output.id = "superclass/MI";
  output.title = "Myocardial infarction";
  output.probability = probability;
  net.outputs = {output};
  return net;
}

const EcgRecord kRecord;

Screening screened(const char* profile, double net_probability = 0.1) {
  const auto parsed = parse_profile(profile);
  REQUIRE_MESSAGE(parsed.has_value(), std::string(profile));
  const EcgFindings findings = quiet_ecg();
  const EcgNetFindings net = network(net_probability);
  return screen(*parsed, kRecord, &findings, &net);
}

std::string shown(const Screening& s) {
  std::string text = s.headline + s.sentence + s.next_step.headline;
  for (const std::string& step : s.next_step.steps) text += step;
  for (const PhenotypeShare& share : s.phenotypes) text += share.label + share.note;
  for (const EvidenceItem& item : s.evidence) text += item.label + item.value + item.explanation;
  return text;
}

const PhenotypeShare* share(const Screening& s, std::string_view id) {
  for (const PhenotypeShare& one : s.phenotypes)
    if (one.id == id) return &one;
  return nullptr;
}

}  // namespace

TEST_CASE("profile: two entries that cannot both be true are refused with a sentence, and limits come from one table") {
  for (const char* bad : {R"({"systolic_mmhg":80,"diastolic_mmhg":80})", R"({"height_cm":230,"weight_kg":25})",
                          R"({"total_cholesterol_mg_dl":100,"hdl_cholesterol_mg_dl":120})", R"({"symptoms":"none","breathless":true})",
                          R"({"symptoms":"none","nyha_class":3})", R"({"ancestry":"green"})", R"({"oedema":1})", R"({"ef_percent":90})"}) {
    const auto result = parse_profile(bad);
    REQUIRE_FALSE_MESSAGE(result.has_value(), std::string(bad));
    CHECK(result.error().message.back() == '.');
  }
  for (const ProfileField& field : profile_fields()) {
    if (field.kind != FieldKind::kNumber) continue;
    const std::string key = std::string("{\"") + field.key + "\":";
    CHECK(parse_profile(key + std::to_string(field.low) + "}").has_value());
    CHECK(parse_profile(key + std::to_string(field.high) + "}").has_value());
    CHECK_FALSE(parse_profile(key + std::to_string(field.high * 1.01 + 1) + "}").has_value());
    CHECK(parse_profile(key + "null}").has_value());
  }
}

TEST_CASE("profile: complaints that are entered are symptoms; what is not entered stays unknown") {
  CHECK(symptoms_of(*parse_profile("{}")) == Symptoms::kUnknown);
  CHECK(symptoms_of(*parse_profile(R"({"breathless":false})")) == Symptoms::kUnknown);
  CHECK(symptoms_of(*parse_profile(R"({"breathless":true})")) == Symptoms::kSuspectedHeartFailure);
  CHECK(symptoms_of(*parse_profile(R"({"nyha_class":1})")) == Symptoms::kUnknown);
  CHECK(symptoms_of(*parse_profile(R"({"nyha_class":2})")) == Symptoms::kSuspectedHeartFailure);
}

TEST_CASE("fusion: signs move any heart failure by Mant's ratio, a fast heart over the diastolic pressure LVSD by Nielsen's") {
  CHECK(oedema_ratio(true).ratio() == doctest::Approx(0.53 / 0.28));
  CHECK(oedema_ratio(false).ratio() == doctest::Approx(0.47 / 0.72));
  CHECK(likelihood_ratio(nielsen_rate_over_diastolic(), true).ratio() == doctest::Approx(3.9).epsilon(0.02));
  CHECK(likelihood_ratio(nielsen_rate_over_diastolic(), false).ratio() == doctest::Approx(0.54).epsilon(0.02));
  const Screening without = screened(R"({"age_years":66,"symptoms":"suspected_hf"})");
  const Screening with = screened(R"({"age_years":66,"symptoms":"suspected_hf","oedema":true})");
  CHECK(*with.hf_probability > *without.hf_prior);
  CHECK(*with.probability == doctest::Approx(*without.probability));  // the other scale does not move
  const Screening fast = screened(R"({"age_years":66,"symptoms":"suspected_hf","diastolic_mmhg":60})");
  CHECK(*fast.probability > *without.probability);
}

TEST_CASE("fusion: an entered sign of disease never lowers either probability, in any company") {
  const char* signs[] = {R"("oedema":true)", R"("crackles":true)", R"("nyha_class":3)", R"("diabetes":true)", R"("atrial_fibrillation":true)",
                         R"("coronary_disease":true)", R"("diastolic_mmhg":50)", R"("bnp_ng_l":300)", R"("smoker":true)"};
  for (const char* company : {R"("nt_probnp_ng_l":900)", R"("nt_probnp_ng_l":60)", R"("prior_infarction":true)", R"("age_years":70)"})
    for (const double net : {0.1, 0.9}) {
      const std::string base = std::string(R"({"symptoms":"suspected_hf",)") + company;
      const Screening before = screened((base + "}").c_str(), net);
      for (const char* sign : signs) {
        const Screening after = screened((base + "," + sign + "}").c_str(), net);
        CHECK_MESSAGE(*after.probability >= *before.probability - 1e-12, std::string(sign));
        if (before.hf_probability) CHECK_MESSAGE(*after.hf_probability >= *before.hf_probability - 1e-12, std::string(sign));
      }
    }
}

TEST_CASE("fusion: what is not known leaves both probabilities where they were") {
  const Screening bare = screened(R"({"symptoms":"suspected_hf","age_years":66})");
  for (const ProfileField& field : profile_fields()) {
    if (std::string_view(field.key) == "age_years") continue;
    const std::string with_null = std::string(R"({"symptoms":"suspected_hf","age_years":66,")") + field.key + "\":null}";
    const Screening same = screened(with_null.c_str());
    CHECK(*same.probability == *bare.probability);
    CHECK(same.hf_probability == bare.hf_probability);
    CHECK(same.headline == bare.headline);
  }
}

TEST_CASE("fusion: with a measured EF the echo decides and the ECG explains") {
  double before = 1;
  for (int ef = 15; ef <= 75; ef += 5) {
    const std::string profile = R"({"symptoms":"suspected_hf","nt_probnp_ng_l":900,"ef_percent":)" + std::to_string(ef) + "}";
    const Screening s = screened(profile.c_str(), 0.9);
    REQUIRE(s.echo.has_value());
    CHECK(*s.probability <= before);  // a higher EF never raises LVSD
    CHECK(*s.low <= *s.probability);
    CHECK(*s.probability <= *s.high);
    before = *s.probability;
    for (const EvidenceItem& item : s.evidence)
      if (item.scale == EvidenceScale::kLvsd && item.counted) CHECK(item.id == "ejection_fraction");
  }
  CHECK(screened(R"({"symptoms":"suspected_hf","nt_probnp_ng_l":900,"ef_percent":25})").phenotype == Phenotype::kHfref);
  CHECK(screened(R"({"symptoms":"none","ef_percent":25})").phenotype == Phenotype::kStageB);
  CHECK(screened(R"({"symptoms":"suspected_hf","ef_percent":45})").phenotype == Phenotype::kEfBetweenClasses);
  CHECK(screened(R"({"symptoms":"suspected_hf","nt_probnp_ng_l":60,"ef_percent":65})").phenotype == Phenotype::kNoEvidence);
  CHECK(screened(R"({"symptoms":"suspected_hf","nt_probnp_ng_l":900,"ef_percent":65})").phenotype == Phenotype::kHeartFailurePossible);
}

TEST_CASE("fusion: HFrEF is never printed without a measured EF, and HFpEF only as possible; shares add up with one") {
  for (const char* profile : {R"({"symptoms":"suspected_hf"})", R"({"symptoms":"suspected_hf","nt_probnp_ng_l":5000,"oedema":true})",
                              R"({"symptoms":"none"})", "{}", R"({"prior_infarction":true,"breathless":true,"nt_probnp_ng_l":90})"})
    for (const double net : {0.1, 0.99}) {
      const Screening s = screened(profile, net);
      CHECK(shown(s).find("HFrEF") == std::string::npos);
      CHECK(shown(s).find("HFmrEF") == std::string::npos);
      if (const PhenotypeShare* hfpef = share(s, "hfpef")) CHECK(hfpef->label.find("cannot confirm") != std::string::npos);
      for (const PhenotypeShare& one : s.phenotypes)
        if (one.probability && one.low) {
          CHECK(*one.low <= *one.probability + 1e-12);
          CHECK(*one.probability <= *one.high + 1e-12);
        }
    }
  const Screening s = screened(R"({"symptoms":"suspected_hf","nt_probnp_ng_l":900,"ef_percent":47,"age_years":70,"height_cm":160,"weight_kg":80,"e_over_e":12,"pasp_mmhg":38,"atrial_fibrillation":false,"blood_pressure_drugs":1})");
  double sum = 0;
  for (const PhenotypeShare& one : s.phenotypes) sum += one.probability.value_or(-10);
  CHECK(sum == doctest::Approx(1));
}

TEST_CASE("fusion: an echo that the echo room calls unusable is said and not used") {
  EchoEvidence echo;
  echo.ef_percent = 20;
  echo.ef_low_percent = 10;
  echo.ef_high_percent = 30;
  echo.bands = ef_bands(20, 5);
  echo.method = "network";
  const EcgFindings findings = quiet_ecg();
  const EcgNetFindings net = network(0.1);
  ClinicalProfile profile;
  profile.symptoms = Symptoms::kSuspectedHeartFailure;
  CHECK(screen(profile, kRecord, &findings, &net, &echo).phenotype == Phenotype::kHfref);
  echo.usable = false;
  echo.why_unusable = "The view is not an apical one.";
  const Screening s = screen(profile, kRecord, &findings, &net, &echo);
  CHECK_FALSE(s.echo.has_value());
  CHECK(shown(s).find("not an apical one") != std::string::npos);
  CHECK(shown(s).find("HFrEF") == std::string::npos);
  // A measured EF answers even where the ECG cannot be judged.
  echo.usable = true;
  CHECK(screen(profile, kRecord, nullptr, nullptr, &echo).phenotype == Phenotype::kHfref);
}

TEST_CASE("fusion: the most useful missing test comes first, and what was done is no longer asked for") {
  const Screening s = screened(R"({"symptoms":"suspected_hf"})", 0.9);
  REQUIRE(s.would_change.size() == 2);
  CHECK(s.would_change[0].expected_change >= s.would_change[1].expected_change);
  for (const UsefulTest& test : s.would_change) CHECK(test.if_against < test.if_for);
  CHECK(screened(R"({"symptoms":"suspected_hf","nt_probnp_ng_l":300,"ef_percent":60})").would_change.empty());
}

TEST_CASE("advice: signs that do not wait are urgent, from what was entered too") {
  CHECK(screened(R"({"breathless":true,"nyha_class":4})").next_step.urgent);
  CHECK(screened(R"({"breathless":true,"systolic_mmhg":85})").next_step.urgent);
  CHECK_FALSE(screened(R"({"breathless":true,"systolic_mmhg":120})").next_step.urgent);
}
