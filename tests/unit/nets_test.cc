#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "nets/ecg_network.h"

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

NetHead small_head() { return {2, 3, {1, 0, 0, 0, -1, 2}, {0, 0}}; }

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
  const EcgNetWindow window{0, 100, 100, std::vector<float>(200)};
  const std::vector<float> logits = {1.5f, -2.0f};
  const auto findings = interpret_outputs(model, small_head(), window, logits, {}, "fp32");
  REQUIRE(findings.has_value());
  CHECK(findings->outputs[0].probability == doctest::Approx(1 / (1 + std::exp(-2.0))));
  CHECK(findings->outputs[1].probability == doctest::Approx(1 / (1 + std::exp(2.0))));
  const double any = 1 - (1 - findings->outputs[0].probability) * (1 - findings->outputs[1].probability);
  CHECK(findings->composites[0].probability == doctest::Approx(any));
  CHECK(findings->maps.empty());
}

TEST_CASE("the class-activation map is the head's weights over the features, clipped at zero, strongest step 1") {
  const EcgModel model = small_model();
  const EcgNetWindow window{50, 100, 100, std::vector<float>(200)};
  const std::vector<float> features = {1, 4, -2, 0, 9, 9, 9, 9, 0, 0, 0, 0};   // [3][4]
  const std::vector<float> logits = {2.0f, 0.0f};
  const auto findings = interpret_outputs(model, small_head(), window, logits, features, "int8");
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
  const EcgNetWindow window{0, 100, 100, std::vector<float>(200)};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(interpret_outputs(model, small_head(), window, std::vector<float>{nan, 0}, {}, "fp32").has_value());
  CHECK_FALSE(interpret_outputs(model, small_head(), window, std::vector<float>{1}, {}, "fp32").has_value());
  CHECK_FALSE(interpret_outputs(model, small_head(), window, std::vector<float>{1, 2}, std::vector<float>(11), "fp32").has_value());
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
  CHECK(check_known_answer(model, 0, "fp32", std::vector<float>{1.005f, 2.0f}).value() == doctest::Approx(0.005).epsilon(0.01));
  CHECK_FALSE(check_known_answer(model, 0, "fp32", std::vector<float>{1.1f, 2.0f}).has_value());
  CHECK_FALSE(check_known_answer(model, 0, "int8", std::vector<float>{1.0f, 2.0f}).has_value());
  CHECK_FALSE(check_known_answer(model, 3, "fp32", std::vector<float>{1.0f, 2.0f}).has_value());
}

TEST_CASE("a head file of the wrong length is refused") {
  const EcgModel model = small_model();
  CHECK(parse_head(model, std::vector<uint8_t>(32)).has_value());
  CHECK_FALSE(parse_head(model, std::vector<uint8_t>(31)).has_value());
}

}  // namespace precordia
