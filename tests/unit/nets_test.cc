#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>

#include <doctest/doctest.h>

#include "nets/ecg_network.h"
#include "nets/lead_consistency.h"
#include "signal/simulated_patient.h"

namespace precordia {
namespace {

// A network of two labels and three feature channels over four steps, for 1 s of two leads at 100 Hz.
std::string small_manifest() {
  return R"({"manifest_version":1,"models":[{
    "id":"small","task":"ecg-classification","title":"Small","version":"1","licence":"none","card":"CARD.md",
    "training":{"data":"made up"},
    "artefacts":[{"precision":"fp32","file":"a.onnx","sha256":"00","providers":["wasm"]}],
    "input":{"name":"ecg","shape":[1,2,100],"sample_rate_hz":100,"leads":["I","V1"],"unit":"mV","minimum_seconds":1,"missing_leads_allowed":[]},
    "outputs":[{"name":"logits","shape":[1,2]},{"name":"features","shape":[1,3,4]}],
    "head":{"file":"head.f32","sha256":"00","rows":2,"columns":3},
    "labels":[
      {"id":"superclass/MI","title":"Infarction","calibration":{"kind":"platt","a":2,"b":-1},"threshold":{"screening":0.2,"confirming":0.8}},
      {"id":"rhythm/AFIB","title":"AF","calibration":{"kind":"platt","a":1,"b":0},"threshold":{"screening":0.9,"confirming":null}}],
    "composites":[{"id":"any","title":"Any","members":["superclass/MI","rhythm/AFIB"],"calibration":{"kind":"platt","a":1,"b":0},"threshold":0.5,"sensitivity":0.9,"specificity":0.6}],
    "known_answers":[{"file":"k.f32","sha256":"00","description":"made up","logits":{"fp32":[1.0,2.0]},"tolerance":{"fp32":0.01}}]}]})";
}

EcgModel small_model() {
  auto manifest = parse_manifest(small_manifest());
  REQUIRE(manifest.has_value());
  return manifest->models.at(0);
}

NetHead small_head() { return {2, 3, {1, 0, 0, 0, -1, 2}, {0, 0}, {}}; }

EcgRecord record_of(double seconds, double rate_hz) {
  EcgRecord record;
  record.sample_rate_hz = rate_hz;
  for (Lead lead : {Lead::kI, Lead::kV1}) {
    record.mv[index_of(lead)].assign(static_cast<size_t>(std::lround(seconds * rate_hz)), 0.5f);
    record.origin[index_of(lead)] = LeadOrigin::kRecorded;
  }
  return record;
}

std::array<bool, kLeadCount> all_usable() {
  std::array<bool, kLeadCount> usable;
  usable.fill(true);
  return usable;
}

std::string without(std::string json, const std::string& piece) {
  const auto at = json.find(piece);
  REQUIRE(at != std::string::npos);
  return json.erase(at, piece.size());
}

}  // namespace

TEST_CASE("a manifest entry gives the network's input, outputs, calibration and composites") {
  const EcgModel model = small_model();
  CHECK(model.input.samples == 100);
  CHECK(model.feature_steps == 4);
  CHECK(model.labels[0].screening_threshold == 0.2);
  CHECK_FALSE(model.labels[1].confirming_threshold.has_value());
  CHECK(model.composites[0].members == std::vector<int>{0, 1});
  CHECK(model.artefact("fp32") != nullptr);
  CHECK(model.artefact("int8") == nullptr);
}

TEST_CASE("a model of fusion is taken only where everything that it names is there") {
  const auto with = [](const std::string& fusion) {
    std::string json = small_manifest();
    const std::string at = R"("known_answers":)";
    return parse_manifest(json.insert(json.find(at), "\"fusion\":[" + fusion + "],"));
  };
  const std::string rest = R"("composite":"any","intercept":0.5,"prevalence":0.4,"threshold":0.3,"auc":0.9,"tested_on":"made up"})";
  const std::string inputs = R"("inputs":[{"source":"network:superclass/MI","mean":0,"scale":1,"weight":1},{"source":"profile:age_years","mean":60,"scale":15,"weight":0.2}],)";
  const std::string hybrid = R"({"way":"hybrid","embedding":[0.1,-0.2,0.3],)" + inputs + rest;
  const auto good = with(R"({"way":"early",)" + inputs + rest + "," + hybrid);
  REQUIRE(good);
  REQUIRE(good->models.at(0).fusion.size() == 2);
  CHECK(good->models[0].fusion[1].embedding.size() == 3);
  CHECK(good->models[0].fusion[0].inputs[1].scale == 15);
  for (const std::string& bad : {R"({"way":"both",)" + inputs + rest, R"({"way":"hybrid",)" + inputs + rest,
                                 R"({"way":"hybrid","embedding":[0.1],)" + inputs + rest, without(hybrid, R"("prevalence":0.4,)"),
                                 R"({"way":"early","inputs":[{"source":"network:nothing","mean":0,"scale":1,"weight":1}],)" + rest,
                                 R"({"way":"early","inputs":[{"source":"horoscope:sign","mean":0,"scale":1,"weight":1}],)" + rest,
                                 R"({"way":"early","inputs":[{"source":"profile:age_years","mean":0,"scale":0,"weight":1}],)" + rest})
    if (const auto skipped = with(bad)) CHECK_MESSAGE(skipped->models.empty(), bad);
  // What the network says comes with its features' means, so that the hybrid way can be had.
  const EcgModel model = good->models[0];
  const auto window = choose_window(record_of(1, 100), all_usable(), model);
  REQUIRE(window);
  const std::vector<float> logits = {1, 2}, features = {1, 3, 1, 3, 0, 0, 0, 0, 2, 2, 2, 2};
  const auto findings = interpret_outputs(model, small_head(), *window, NetAnswer{logits, features, {}, {}}, "fp32");
  REQUIRE(findings);
  CHECK(findings->mean_features == std::vector<float>{2, 0, 2});
  CHECK(findings->fusion.size() == 2);
}

TEST_CASE("an incomplete entry does not take the others with it") {
  std::string json = small_manifest();
  json.insert(json.find("[{") + 1, R"({"id":"half","task":"ecg-classification"},)");
  const auto manifest = parse_manifest(json);
  REQUIRE(manifest.has_value());
  CHECK(manifest->find("small") != nullptr);
  CHECK(manifest->find("half") == nullptr);
  CHECK(manifest->skipped.size() == 1);
}

TEST_CASE("a manifest with a missing or impossible field is refused and the field is named") {
  CHECK_FALSE(parse_manifest("").has_value());
  CHECK_FALSE(parse_manifest("[]").has_value());
  CHECK_FALSE(parse_manifest(R"({"manifest_version":2,"models":[]})").has_value());
  const auto no_rate = parse_manifest(without(small_manifest(), R"("sample_rate_hz":100,)"));
  REQUIRE(no_rate.has_value());
  CHECK(no_rate->models.empty());
  REQUIRE(no_rate->skipped.size() == 1);
  CHECK(no_rate->skipped[0].find("sample_rate_hz") != std::string::npos);
  CHECK(parse_manifest(without(small_manifest(), R"("logits":{"fp32":[1.0,2.0]},)"))->models.empty());
}

TEST_CASE("an entry for a task of a later version is skipped and said") {
  std::string json = small_manifest();
  json.replace(json.find("ecg-classification"), 18, "echo-segmentation");
  const auto manifest = parse_manifest(json);
  REQUIRE(manifest.has_value());
  CHECK(manifest->models.empty());
  CHECK(manifest->skipped.size() == 1);
}

TEST_CASE("probabilities are calibrated and composites combine them") {
  const EcgModel model = small_model();
  const EcgNetWindow window{0, 100, 100, std::vector<float>(200), nullptr, {}};
  const std::vector<float> logits = {1.5f, -2.0f};
  const auto findings = interpret_outputs(model, small_head(), window, {logits, {}, {}, {}}, "fp32");
  REQUIRE(findings.has_value());
  CHECK(findings->outputs[0].probability == doctest::Approx(1 / (1 + std::exp(-2.0))));
  CHECK(findings->outputs[1].probability == doctest::Approx(1 / (1 + std::exp(2.0))));
  const double any = 1 - (1 - findings->outputs[0].probability) * (1 - findings->outputs[1].probability);
  CHECK(findings->composites[0].probability == doctest::Approx(any));
  CHECK(findings->maps.empty());
}

TEST_CASE("the class-activation map is the head's weights over the features, clipped at zero, strongest step 1") {
  const EcgModel model = small_model();
  const EcgNetWindow window{50, 100, 100, std::vector<float>(200), nullptr, {}};
  const std::vector<float> features = {1, 4, -2, 0, 9, 9, 9, 9, 0, 0, 0, 0};   // [3][4]
  const std::vector<float> logits = {2.0f, 0.0f};
  const auto findings = interpret_outputs(model, small_head(), window, {logits, features, {}, {}}, "int8");
  REQUIRE(findings.has_value());
  REQUIRE(findings->maps.size() == 1);   // AF is under its screening threshold and no superclass
  const ClassActivationMap& map = findings->maps[0];
  CHECK(map.output_id == "superclass/MI");
  CHECK(map.relevance == std::vector<float>{0.25f, 1.0f, 0.0f, 0.0f});
  CHECK(map.step_s == doctest::Approx(0.25));
  CHECK(map.start_s == doctest::Approx(0.5 + 0.125));
}

TEST_CASE("tensors that are NaN, infinite or of the wrong length are never interpreted") {
  const EcgModel model = small_model();
  const EcgNetWindow window{0, 100, 100, std::vector<float>(200), nullptr, {}};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(interpret_outputs(model, small_head(), window, {std::vector<float>{nan, 0}, {}, {}, {}}, "fp32").has_value());
  CHECK_FALSE(interpret_outputs(model, small_head(), window, {std::vector<float>{1}, {}, {}, {}}, "fp32").has_value());
  CHECK_FALSE(interpret_outputs(model, small_head(), window, {std::vector<float>{1, 2}, std::vector<float>(11), {}, {}}, "fp32").has_value());
}

TEST_CASE("a record with a missing lead, an unusable lead or too few seconds is not given to the network, and the reason is said") {
  const EcgModel model = small_model();
  EcgRecord record = record_of(1, 500);
  CHECK(choose_window(record, all_usable(), model).has_value());
  auto usable = all_usable();
  usable[index_of(Lead::kV1)] = false;
  const auto unusable = choose_window(record, usable, model);
  REQUIRE_FALSE(unusable.has_value());
  CHECK(unusable.error().message == "Lead V1 is missing or unusable, so the network was not run.");
  record.mv[0].clear();
  CHECK(choose_window(record, all_usable(), model).error().message.find("Lead I ") != std::string::npos);
  const auto brief = choose_window(record_of(0.5, 500), all_usable(), model);
  REQUIRE_FALSE(brief.has_value());
  CHECK(brief.error().message.find("0.5 s") != std::string::npos);
}

TEST_CASE("the window skips a long gap and bridges a short one by a straight line") {
  const EcgModel model = small_model();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EcgRecord record = record_of(3, 100);
  for (int i = 0; i < 60; ++i) record.mv[0][i] = nan;
  record.mv[0][160] = 1.0f; record.mv[0][161] = nan; record.mv[0][162] = 2.0f;
  const auto window = choose_window(record, all_usable(), model);
  REQUIRE(window.has_value());
  CHECK(window->first_sample == 75);
  CHECK(window->mv[161 - 75] == doctest::Approx(1.5f));
  for (auto& v : record.mv[index_of(Lead::kV1)]) v = nan;
  CHECK_FALSE(choose_window(record, all_usable(), model).has_value());
}

TEST_CASE("the tensor has the network's rate and shape whatever the record's rate") {
  const EcgModel model = small_model();
  for (double rate : {100.0, 250.0, 500.0, 599.88, 1000.0}) {
    const auto window = choose_window(record_of(2, rate), all_usable(), model);
    REQUIRE(window.has_value());
    const std::vector<float> tensor = prepare_tensor(*window, model);
    REQUIRE(tensor.size() == 200);
    for (float v : tensor) CHECK(v == doctest::Approx(0.5f).epsilon(1e-3));
  }
}

TEST_CASE("a known answer outside its tolerance is an error") {
  const EcgModel model = small_model();
  CHECK(check_known_answer(model.known_answers, model.id, 0, "fp32", std::vector<float>{1.005f, 2.0f}).value() == doctest::Approx(0.005).epsilon(0.01));
  CHECK_FALSE(check_known_answer(model.known_answers, model.id, 0, "fp32", std::vector<float>{1.1f, 2.0f}).has_value());
  CHECK_FALSE(check_known_answer(model.known_answers, model.id, 0, "int8", std::vector<float>{1.0f, 2.0f}).has_value());
  CHECK_FALSE(check_known_answer(model.known_answers, model.id, 3, "fp32", std::vector<float>{1.0f, 2.0f}).has_value());
}

TEST_CASE("a head file of the wrong length is refused") {
  const EcgModel model = small_model();
  CHECK(parse_head(model, std::vector<uint8_t>(32)).has_value());
  CHECK_FALSE(parse_head(model, std::vector<uint8_t>(31)).has_value());
}

namespace {

// The small network with everything that a pack may ask for.
std::string rich_manifest() {
  std::string json = small_manifest();
  const auto replace = [&](const std::string& from, const std::string& to) {
    const auto at = json.find(from);
    REQUIRE(at != std::string::npos);
    json.replace(at, from.size(), to);
  };
  replace(R"("outputs":[)", R"("flags":{"name":"missing"},
    "partial_inputs":[
      {"title":"lead V1 alone","leads":["V1"],"lost":0.2,"measured_on":"nothing","composites":[{"id":"any","sensitivity":0.5,"specificity":0.4}]},
      {"title":"half of each lead","share_of_each_lead":0.5,"leads_at_once":1,"lost":0.1,"measured_on":"nothing"}],
    "tabular":{"name":"facts","values":[{"source":"age_years","mean":60,"scale":20,"missing":0},{"source":"sex_male","missing":0.5},
                                        {"source":"qrs_ms","mean":100,"scale":10,"required":true}]},
    "person":{"age_scale":20,"age_offset":60,"age_error_years":8},
    "outliers":{"threshold":2,"false_alarms":0.01},
    "outputs":[)");
  replace(R"({"name":"features","shape":[1,3,4]})",
          R"({"name":"features","shape":[1,3,4]},{"name":"attention","role":"attention","shape":[1,4]},{"name":"who","role":"person","shape":[1,2]})");
  return json;
}

EcgModel rich_model() {
  auto manifest = parse_manifest(rich_manifest());
  REQUIRE(manifest.has_value());
  CHECK(manifest->skipped == std::vector<std::string>{});
  return manifest->models.at(0);
}

void lose(EcgRecord& record, Lead lead, double from_s, double to_s) {
  for (size_t i = static_cast<size_t>(from_s * record.sample_rate_hz); i < static_cast<size_t>(to_s * record.sample_rate_hz); ++i)
    record.mv[index_of(lead)][i] = std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

TEST_CASE("a record without a lead goes to a network that was measured without it, with its samples flagged, and is said") {
  const EcgModel model = rich_model();
  EcgRecord record = record_of(1, 500);
  record.mv[index_of(Lead::kI)].clear();
  const auto window = choose_window(record, all_usable(), model);
  REQUIRE(window.has_value());
  REQUIRE(window->partial != nullptr);
  CHECK(window->partial->title == "lead V1 alone");
  const std::vector<float> tensor = prepare_tensor(*window, model), flags = prepare_flags(*window, model);
  for (size_t i = 0; i < 100; ++i) {
    CHECK(tensor[i] == 0);
    CHECK(flags[i] == 1);
    CHECK(tensor[100 + i] == doctest::Approx(0.5f).epsilon(1e-3));
    CHECK(flags[100 + i] == 0);
  }
  const auto findings = interpret_outputs(model, {}, *window, {std::vector<float>{0, 0}, {}, {}, {}}, "fp32");
  REQUIRE(findings.has_value());
  CHECK(findings->partial_input.find("I missing") != std::string::npos);
  CHECK(findings->partial_input.find("0.200") != std::string::npos);
  CHECK(findings->composites[0].sensitivity == 0.5);   // as measured on such input
  CHECK(findings->composites[0].specificity == 0.4);

  record.mv[index_of(Lead::kV1)].clear();   // what the manifest knows no cost of is not run
  record.mv[index_of(Lead::kII)].assign(500, 0.5f);
  CHECK_FALSE(choose_window(record, all_usable(), model).has_value());
}

TEST_CASE("segments of a page are flagged where the page shows nothing, and a complete record has no flags") {
  const EcgModel model = rich_model();
  EcgRecord record = record_of(1, 100);
  lose(record, Lead::kI, 0.5, 1.0);
  lose(record, Lead::kV1, 0.0, 0.5);
  const auto window = choose_window(record, all_usable(), model);
  REQUIRE(window.has_value());
  REQUIRE(window->partial != nullptr);
  CHECK(window->partial->title == "half of each lead");
  CHECK(window->missing_text == "parts of 2 leads missing");
  const std::vector<float> flags = prepare_flags(*window, model);
  CHECK(flags[49] == 0);
  CHECK(flags[50] == 1);
  CHECK(flags[100 + 49] == 1);
  CHECK(flags[100 + 50] == 0);
  for (float v : prepare_tensor(*window, model)) CHECK(std::isfinite(v));

  const auto whole = choose_window(record_of(1, 100), all_usable(), model);
  REQUIRE(whole.has_value());
  CHECK(whole->partial == nullptr);
  CHECK(prepare_flags(*whole, model) == std::vector<float>(200, 0.0f));
}

TEST_CASE("tabular values are scaled, unknown ones take the manifest's stand-in, and a required unknown one stops the network") {
  const EcgModel model = rich_model();
  const KnownValue known[] = {{"age_years", 80.0}, {"sex_male", std::nullopt}, {"qrs_ms", 120.0}};
  const auto values = prepare_tabular(known, model);
  REQUIRE(values.has_value());
  CHECK(*values == std::vector<float>{1.0f, 0.5f, 2.0f});
  const auto without_qrs = prepare_tabular(std::span(known).first(2), model);
  REQUIRE_FALSE(without_qrs.has_value());
  CHECK(without_qrs.error().message.find("qrs_ms") != std::string::npos);
  CHECK(prepare_tabular({}, small_model())->empty());
}

TEST_CASE("a network trained on microvolts, on samples-by-leads or on z-scores gets its signal that way") {
  EcgModel model = small_model();
  EcgRecord record = record_of(1, 100);
  for (size_t i = 0; i < 100; ++i) record.mv[index_of(Lead::kI)][i] = i % 2 ? 1.0f : -1.0f;
  const auto window = choose_window(record, all_usable(), model);
  REQUIRE(window.has_value());
  const std::vector<float> rows = prepare_tensor(*window, model);
  model.input.units_per_mv = 1000;
  CHECK(prepare_tensor(*window, model)[1] == doctest::Approx(1000 * rows[1]));
  model.input.units_per_mv = 1;
  model.input.samples_first = true;
  const std::vector<float> columns = prepare_tensor(*window, model);
  CHECK(columns[2] == rows[1]);
  CHECK(columns[1] == rows[100]);
  model.input.samples_first = false;
  model.input.z_score = true;
  for (auto& v : record.mv[index_of(Lead::kI)]) v = 3 * v + 7;
  const std::vector<float> scaled = prepare_tensor(choose_window(record, all_usable(), model).value(), model);
  CHECK(scaled[0] == doctest::Approx(-1).epsilon(1e-3));
  CHECK(scaled[1] == doctest::Approx(1).epsilon(1e-3));
  CHECK(scaled[150] == doctest::Approx(0));   // a flat lead stays flat
}

TEST_CASE("age and sex are read off the ECG with their error, and the attention map beside the class-activation maps") {
  const EcgModel model = rich_model();
  const auto window = choose_window(record_of(1, 100), all_usable(), model);
  const std::vector<float> logits = {0, 0}, attention = {0.5f, 2.0f, 1.0f, 0.5f}, person = {-0.5f, 3.0f};
  const auto findings = interpret_outputs(model, {}, *window, {logits, {}, attention, person}, "fp32");
  REQUIRE(findings.has_value());
  REQUIRE(findings->age.has_value());
  CHECK(findings->age->years == doctest::Approx(50));
  CHECK(findings->age->error_years == 8);
  CHECK(findings->age->male_probability == doctest::Approx(1 / (1 + std::exp(-3.0))));
  REQUIRE(findings->attention.has_value());
  CHECK(findings->attention->share == std::vector<float>{0.25f, 1.0f, 0.5f, 0.25f});
  CHECK(findings->attention->start_s == doctest::Approx(0.125));
  CHECK_FALSE(interpret_outputs(model, {}, *window, {logits, {}, std::vector<float>(3), {}}, "fp32").has_value());
}

TEST_CASE("features unlike those of ordinary ECGs make the answer one that is not trusted") {
  const EcgModel model = rich_model();
  const auto window = choose_window(record_of(1, 100), all_usable(), model);
  std::vector<uint8_t> bytes(4 * (2 * 4 + 3 + 1));   // weights and bias, then those of the outlier score
  const float score[] = {0, 1, 0, 0.5f};
  std::memcpy(bytes.data() + 4 * 8, score, sizeof score);
  const auto head = parse_head(model, bytes);
  REQUIRE(head.has_value());
  CHECK_FALSE(parse_head(model, std::span(bytes).first(bytes.size() - 4)).has_value());
  const std::vector<float> logits = {0, 0};
  std::vector<float> features(12, 0.0f);
  std::fill_n(features.begin() + 4, 4, 1.0f);
  const auto usual = interpret_outputs(model, *head, *window, {logits, features, {}, {}}, "fp32");
  CHECK(usual->outlier_score == doctest::Approx(1.5));
  CHECK(usual->distrusted_because.empty());
  std::fill_n(features.begin() + 4, 4, 3.0f);
  const auto unusual = interpret_outputs(model, *head, *window, {logits, features, {}, {}}, "fp32");
  CHECK(unusual->outlier_score == doctest::Approx(3.5));
  CHECK_FALSE(unusual->distrusted_because.empty());
  CHECK(unusual->outputs.size() == 2);   // still shown
}

TEST_CASE("leads that no single heart gives contradict each other, and what the network says of them is not trusted") {
  EcgModel model;
  for (int lead = 0; lead < kLeadCount; ++lead) model.input.leads.push_back(static_cast<Lead>(lead));
  EcgRecord record = simulate_patient({}).record;
  const size_t count = record.sample_count();
  const auto contradiction = [&](auto&& row_of) {
    EcgNetWindow window{0, count, record.sample_rate_hz, {}, nullptr, {}};
    for (int lead = 0; lead < kLeadCount; ++lead) {
      const std::vector<float>& row = record.mv[row_of(lead)];
      window.mv.insert(window.mv.end(), row.begin(), row.end());
    }
    return lead_contradiction(window, model);
  };
  CHECK(contradiction([](int lead) { return lead; }) == "");
  CHECK(contradiction([](int) { return 1; }).find("I, II and III") != std::string::npos);              // one channel everywhere
  CHECK(contradiction([](int lead) { return (lead + 5) % kLeadCount; }) != "");                          // channels in another order
  CHECK(contradiction([](int lead) { return lead < 6 ? lead : 7; }).find("chest leads") != std::string::npos);
}

TEST_CASE("between its two thresholds the network abstains") {
  const auto with = [](double p) { return NetOutput{"x", "X", 0, p, 0.2, 0.8, {}, {}, {}, {}}; };
  CHECK(call_of(with(0.1)) == NetCall::kAbsent);
  CHECK(call_of(with(0.2)) == NetCall::kAbstain);
  CHECK(call_of(with(0.8)) == NetCall::kPresent);
  CHECK(call_of({"x", "X", 0, 0.9, {}, {}, {}, {}, {}, {}}) == NetCall::kUnknown);
}

TEST_CASE("a pack that asks for what the engine cannot give is skipped and the field is named") {
  for (const auto& [piece, instead, field] : {std::tuple(R"("source":"qrs_ms")", R"("source":"shoe_size")", "source"),
                                              std::tuple(R"("unit":"mV")", R"("unit":"V")", "unit"),
                                              std::tuple(R"("role":"person","shape":[1,2])", R"("role":"person","shape":[1,3])", "shape"),
                                              std::tuple(R"("scale":20,"missing")", R"("scale":0,"missing")", "scale"),
                                              std::tuple(R"("unit":"mV")", R"("unit":"mV","normalise":"minmax")", "normalise")}) {
    std::string json = rich_manifest();
    json.replace(json.find(piece), std::string(piece).size(), instead);
    const auto manifest = parse_manifest(json);
    REQUIRE(manifest.has_value());
    CHECK(manifest->models.empty());
    REQUIRE(manifest->skipped.size() == 1);
    CHECK(manifest->skipped[0].find(field) != std::string::npos);
  }
}

}  // namespace precordia
