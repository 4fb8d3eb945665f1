// Published scores against worked examples. Expected numbers come from the publications or, where none printed one, from
// the evidence sheet's own recomputation; each says which.
#include <doctest/doctest.h>

#include "fusion/echo_evidence.h"
#include "fusion/scores.h"

using namespace precordia;

namespace {
doctest::Approx near(double value, double absolute) { return doctest::Approx(value).epsilon(absolute / (1 + value)); }
}  // namespace

TEST_CASE("scores: PREVENT-HF gives the published example of preventr") {
  // F, 50 y, SBP 160 treated, BMI 35, eGFR 90, diabetes, no smoking: .081 (README of martingmayer/preventr).
  PreventInput example{50, 160, 35, 90, true, true, false, true};
  CHECK(prevent_hf(example) == near(0.081, 0.0005));
  CHECK(prevent_hf(example) == near(0.0806, 0.00006));
  example.female = false;
  CHECK(prevent_hf(example) == near(0.1059, 0.00006));  // evidence sheet, recomputed
}

TEST_CASE("scores: PREVENT-HF rises with each risk factor, for both sexes") {
  for (const bool female : {false, true}) {
    const PreventInput base{55, 130, 30, 80, female, false, false, false};
    const auto with = [&](auto change) { PreventInput one = base; change(one); return prevent_hf(one); };
    const double risk = prevent_hf(base);
    CHECK(with([](PreventInput& i) { i.age_years = 65; }) > risk);
    CHECK(with([](PreventInput& i) { i.systolic_mmhg = 160; }) > risk);
    CHECK(with([](PreventInput& i) { i.bmi = 36; }) > risk);
    CHECK(with([](PreventInput& i) { i.egfr = 45; }) > risk);
    CHECK(with([](PreventInput& i) { i.diabetes = true; }) > risk);
    CHECK(with([](PreventInput& i) { i.smoker = true; }) > risk);
    CHECK(with([](PreventInput& i) { i.treated_pressure = true; }) > risk);
  }
}

TEST_CASE("scores: PCP-HF gives the recomputed values of the evidence sheet") {
  // 52 y, SBP 125 untreated, no smoking, glucose 98, cholesterol 200, HDL 52, BMI 27, QRS 92.
  PcpHfInput person{52, 125, 27, 98, 200, 52, 92, false, false, false, false, false};
  CHECK(pcp_hf(person) == near(0.0095, 0.00006));  // White man
  person.female = true;
  CHECK(pcp_hf(person) == near(0.0056, 0.00006));
  person.black = true;
  CHECK(pcp_hf(person) == near(0.0082, 0.00006));
  person.female = false;
  CHECK(pcp_hf(person) == near(0.0130, 0.00006));
  const double narrow = pcp_hf(person);
  person.qrs_ms = 130;
  CHECK(pcp_hf(person) > narrow);
}

TEST_CASE("scores: H2FPEF counts its six items as published") {
  const Score all = h2fpef({70.0, 32.0, 2.0, 12.0, 40.0, true});
  CHECK(*all.points_low == 9);
  CHECK(*all.points_high == 9);
  CHECK(all.most_points == 9);
  CHECK(all.reading == "high: HFpEF likely");
  const Score none = h2fpef({60.0, 30.0, 1.0, 9.0, 35.0, false});  // each exactly at its limit: not over it
  CHECK(*none.points_high == 0);
  CHECK(none.reading == "low: HFpEF unlikely");
  CHECK(h2fpef({61.0, 31.0, 0.0, 5.0, 20.0, false}).reading == "intermediate: test further");
}

TEST_CASE("scores: the continuous H2FPEF gives the test vectors") {
  CHECK(h2fpef_probability(45, 31, 9, 35, false) == near(0.373, 0.0006));
  CHECK(h2fpef_probability(60, 25, 5, 12, true) == near(0.386, 0.0006));
  CHECK(h2fpef_probability(51, 30, 10, 45, true) == near(0.873, 0.0006));
}

TEST_CASE("scores: what is missing widens H2FPEF and is named, and never counts as absent") {
  const Score known = h2fpef({70.0, 32.0, 2.0, 8.0, 30.0, false});
  const Score no_echo = h2fpef({70.0, 32.0, 2.0, {}, {}, false});
  CHECK(*no_echo.points_low <= *known.points_low);
  CHECK(*no_echo.points_high == *known.points_high + 2);
  CHECK(no_echo.missing.size() == 2);
  CHECK_FALSE(no_echo.probability.has_value());
  const Score nothing = h2fpef({});
  CHECK(*nothing.points_low == 0);
  CHECK(*nothing.points_high == 9);
  CHECK(nothing.missing.size() == 6);
  CHECK(nothing.reading == "open: missing items decide");
}

TEST_CASE("scores: HFA-PEFF gives two points per domain for a major finding, one for a minor one") {
  ClinicalProfile p;
  p.age_years = 65;
  p.sex = Sex::kFemale;
  p.nt_probnp_ng_l = 221;
  p.echo.lavi_ml_m2 = 35;
  p.echo.e_over_e = 15;
  Score score = hfa_peff(p, false);
  CHECK(*score.points_low == 6);
  CHECK(score.reading == "high: HFpEF likely");
  p.nt_probnp_ng_l = 125;
  p.echo = {};
  p.echo.lavi_ml_m2 = 29;
  p.echo.e_over_e = 9;
  CHECK(*hfa_peff(p, false).points_low == 3);
  // In atrial fibrillation 35 mL/m2 and 221 ng/L are not major.
  p.nt_probnp_ng_l = 221;
  p.echo.lavi_ml_m2 = 35;
  CHECK(*hfa_peff(p, true).points_low == 2);  // minor structure, minor function, peptide under 365
  // Nothing known: all open.
  const Score open = hfa_peff({}, {});
  CHECK(*open.points_low == 0);
  CHECK(*open.points_high == 6);
  CHECK(open.missing.size() == 3);
}

TEST_CASE("scores: ten-year risks are refused for people they were not made for, and name what is missing") {
  ClinicalProfile p;
  p.age_years = 50;
  p.sex = Sex::kFemale;
  const auto find = [&](const char* id) {
    for (Score& score : all_scores(p, 90.0, false))
      if (score.id == id) return score;
    return Score{};
  };
  CHECK(find("prevent_hf").missing.size() == 6);
  CHECK_FALSE(find("prevent_hf").probability.has_value());
  p.systolic_mmhg = 160, p.blood_pressure_drugs = 1, p.height_cm = 160, p.weight_kg = 35 * 1.6 * 1.6, p.egfr = 90;
  p.diabetes = true, p.smoker = false;
  CHECK(*find("prevent_hf").probability == near(0.0806, 0.0001));
  CHECK_FALSE(find("pcp_hf").probability.has_value());
  p.prior_infarction = true;
  CHECK_FALSE(find("prevent_hf").applies);
  p.prior_infarction = false;
  p.symptoms = Symptoms::kSuspectedHeartFailure;
  CHECK_FALSE(find("prevent_hf").applies);
  CHECK(find("h2fpef").applies);
  p.symptoms = Symptoms::kNone;
  CHECK_FALSE(find("h2fpef").applies);
  p.age_years = 85;
  CHECK_FALSE(find("prevent_hf").applies);
}

TEST_CASE("echo evidence: the bands of an ejection fraction add up and turn at 40 and 50") {
  for (double ef : {15.0, 35.0, 40.5, 45.0, 49.5, 60.0, 75.0}) {
    const EfBands bands = ef_bands(ef, 7);
    CHECK(bands.to_40 + bands.from_41_to_49 + bands.from_50 == doctest::Approx(1));
  }
  CHECK(ef_bands(40.5, 7).to_40 == doctest::Approx(0.5));
  CHECK(ef_bands(49.5, 7).from_50 == doctest::Approx(0.5));
  CHECK(ef_bands(35, 5.1).to_40 == near(0.8596, 0.001));  // Phi(5.5/5.1) = Phi(1.0784), tables of the normal distribution
  ClinicalProfile p;
  CHECK_FALSE(echo_of_report(p).has_value());
  double before = 1;
  for (double ef = 10; ef <= 80; ef += 5) {
    p.echo.ef_percent = ef;
    const ReducedEf reduced = reduced_ef(*echo_of_report(p));
    CHECK(reduced.low <= reduced.probability);
    CHECK(reduced.probability <= reduced.high);
    CHECK(reduced.probability <= before);
    before = reduced.probability;
  }
}
