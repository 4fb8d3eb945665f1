#include <cmath>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "engine/examination.h"

namespace precordia {
namespace {

using Json = nlohmann::json;

// A network with one label per kind that the fusion looks for, so that outputs can be made up; it is never run.
const char* kManifest = R"({"manifest_version":1,"models":[{
  "id":"made-up","task":"ecg-classification","title":"Made up","version":"1","licence":"none","card":"CARD.md","training":{"data":"none"},
  "artefacts":[{"precision":"fp32","file":"a.onnx","sha256":"00","providers":["wasm"]}],
  "input":{"name":"ecg","shape":[1,12,1000],"sample_rate_hz":100,"leads":["I","II","III","aVR","aVL","aVF","V1","V2","V3","V4","V5","V6"],
           "unit":"mV","minimum_seconds":10,"missing_leads_allowed":[]},
  "outputs":[{"name":"logits","shape":[1,2]}],
  "labels":[{"id":"superclass/NORM","title":"Normal ECG","calibration":{"kind":"platt","a":1,"b":0},"threshold":{"screening":0.2,"confirming":0.8}},
            {"id":"superclass/MI","title":"Myocardial infarction","calibration":{"kind":"platt","a":1,"b":0},"threshold":{"screening":0.2,"confirming":0.8}}],
  "composites":[{"id":"major_abnormal","title":"Major abnormality","source":"made up","members":["superclass/MI"],
                 "calibration":{"kind":"platt","a":1,"b":0},"threshold":0.3,"sensitivity":0.9,"specificity":0.8}],
  "known_answers":[]}]})";

Examination examined(std::string_view condition) {
  Examination examination;
  REQUIRE(examination.load_manifest(kManifest).has_value());
  examination.begin();
  REQUIRE(examination.load_simulated(condition).has_value());
  REQUIRE(examination.measure().has_value());
  return examination;
}

double probability_with(float infarction_logit) {
  Examination examination = examined("normal");
  REQUIRE(examination.plan_network().value());
  REQUIRE(examination.network_answer({std::vector<float>{-infarction_logit, infarction_logit}, {}, {}, {}}, "fp32").has_value());
  REQUIRE(examination.fuse().has_value());
  const Json json = Json::parse(examination.screen_json("x"), nullptr, false);
  REQUIRE(json["answer"]["probability"].is_number());
  return json["answer"]["probability"].get<double>();
}

std::vector<uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace

TEST_CASE("a simulated patient goes from samples to an answer, a view and a report, all marked as simulated") {
  Examination examination = examined("normal");
  REQUIRE(examination.plan_network().value());
  CHECK(examination.network_tensor().size() == 12 * 1000);
  REQUIRE(examination.network_answer({std::vector<float>{4, -4}, {}, {}, {}}, "fp32").has_value());
  REQUIRE(examination.fuse().has_value());
  const Json view = Json::parse(examination.view().json, nullptr, false);
  REQUIRE_FALSE(view.is_discarded());
  CHECK(view["input"]["simulated"] == true);
  CHECK(view["answer"]["phenotype"] == "no_evidence");
  const std::string report = examination.report_html("2026-01-01", "test");
  CHECK(report.find("imulated") != std::string::npos);
  CHECK(report.find("not a medical device") != std::string::npos);
  CHECK(examination.answer_text().find("not a medical device") != std::string::npos);
}

TEST_CASE("2.5 s of every lead, as a page has them, go to a network that was measured on pages, and that is said") {
  std::string manifest = kManifest;
  manifest.insert(manifest.find("\"outputs\""), R"("flags":{"name":"missing"},"partial_inputs":[{"title":"a page","share_of_each_lead":0.23,
    "leads_at_once":3,"lost":0.02,"measured_on":"nothing"}],)");
  const std::string csv = examined("normal").record_csv();
  std::string page;
  size_t row = 0;
  for (size_t at = 0; at < csv.size();) {
    const size_t end = csv.find('\n', at);
    std::string line = csv.substr(at, end - at);
    if (row > 0) {   // of the twelve cells after the time, only those of this column of the page stay
      std::string kept = line.substr(0, line.find(','));
      size_t cell = line.find(',');
      for (size_t lead = 0; lead < 12; ++lead) {
        const size_t next = line.find(',', cell + 1);
        kept += ',' + (lead / 3 == (row - 1) * 4 / 5000 ? line.substr(cell + 1, next == std::string::npos ? next : next - cell - 1) : "");
        cell = next;
      }
      line = kept;
    }
    page += line + '\n';
    ++row;
    at = end + 1;
  }
  Examination examination;
  REQUIRE(examination.load_manifest(manifest).has_value());
  examination.begin();
  examination.add_file("page.csv", bytes_of(page));
  REQUIRE(examination.read().has_value());
  REQUIRE(examination.measure().has_value());
  REQUIRE(examination.plan_network().value());
  const std::vector<float> flags = examination.network_flags();
  REQUIRE(flags.size() == 12 * 1000);
  CHECK(flags[100] == 0);           // lead I, 1 s
  CHECK(flags[900] == 1);           // lead I, 9 s
  CHECK(flags[11 * 1000 + 100] == 1);
  CHECK(flags[11 * 1000 + 900] == 0);
  REQUIRE(examination.network_answer({std::vector<float>{4, -4}, {}, {}, {}}, "fp32").has_value());
  CHECK(examination.predict_json("x").find("as a page") != std::string::npos);
}

TEST_CASE("a network that is surer of infarction makes the answer's probability higher") {
  CHECK(probability_with(4) > probability_with(-4));
}

TEST_CASE("every simulated condition is measured and answered without a network, and the answer says so") {
  for (const char* condition : {"normal", "lbbb", "lvh_strain", "old_anterior_mi", "af"}) {
    Examination examination = examined(condition);
    examination.network_failed("The network could not be loaded.");
    REQUIRE(examination.fuse().has_value());
    const Json json = Json::parse(examination.screen_json(condition), nullptr, false);
    CHECK(json["input"] == condition);
    CHECK(json["ecg"]["heart_rate_bpm"].is_number());
    CHECK(json.dump().find("The network could not be loaded.") != std::string::npos);
  }
}

TEST_CASE("impossible numbers of a network are reported and the screening goes on without it") {
  Examination examination = examined("normal");
  REQUIRE(examination.plan_network().value());
  const auto answer = examination.network_answer({std::vector<float>{NAN, 0}, {}, {}, {}}, "fp32");
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == ErrorCode::kModel);
  CHECK(examination.not_run_because() == answer.error().message);
  CHECK(examination.fuse().has_value());
  CHECK(Json::parse(examination.predict_json("x"), nullptr, false)["error"]["code"] == "unusable");
}

TEST_CASE("beginning a new examination leaves nothing of the former person") {
  Examination examination = examined("lbbb");
  REQUIRE(examination.set_profile(R"({"age_years":63,"sex":"F"})").has_value());
  examination.network_failed("x");
  REQUIRE(examination.fuse().has_value());
  examination.set_display_filter({0.5, 40, 50});
  examination.begin();
  CHECK(examination.view().json.empty());
  CHECK(examination.answer_text().empty());
  CHECK(examination.record_csv().empty());
  CHECK_FALSE(examination.measure().has_value());
  CHECK(Json::parse(examination.screen_json("x"), nullptr, false).contains("error"));
  REQUIRE(examination.load_simulated("normal").has_value());
  const Json view = Json::parse(examination.view().json, nullptr, false);
  CHECK(view["ecg"]["filter"]["low_pass_hz"] == 150);
  CHECK(view["profile"]["age_years"].is_null());
}

TEST_CASE("steps out of order are errors, not crashes") {
  Examination examination;
  CHECK_FALSE(examination.read().has_value());
  CHECK_FALSE(examination.measure().has_value());
  CHECK_FALSE(examination.plan_network().has_value());
  CHECK_FALSE(examination.network_answer({}, "fp32").has_value());
  CHECK_FALSE(examination.fuse().has_value());
  CHECK_FALSE(examination.load_simulated("no such").has_value());
  CHECK_FALSE(examination.choose_model("no such").has_value());
  CHECK(examination.network_tensor().empty());
}

TEST_CASE("a record written as CSV reads back as the same samples") {
  Examination examination = examined("normal");
  const std::string csv = examination.record_csv();
  Examination again;
  again.begin();
  again.add_file("out.csv", bytes_of(csv));
  REQUIRE(again.read().has_value());
  CHECK(again.record_csv() == csv);
}

TEST_CASE("two people's recordings opened together are refused, naming both") {
  const std::string csv = examined("normal").record_csv();
  Examination examination;
  examination.begin();
  examination.add_file("a.csv", bytes_of(csv));
  examination.add_file("b.csv", bytes_of(csv));
  const auto read = examination.read();
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == ErrorCode::kAmbiguous);
  CHECK(read.error().message == "These are 2 recordings (a.csv and b.csv): open one at a time.");
}

TEST_CASE("flat, brief and slowly sampled records are refused with one sentence") {
  auto refused = [](const std::string& csv) {
    Examination examination;
    examination.begin();
    examination.add_file("x.csv", bytes_of(csv));
    const auto read = examination.read();
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().message.size() > 20);
    return read.error().code;
  };
  std::string flat = "time_s,I,II\n", brief = flat, slow = flat;
  for (int i = 0; i < 1000; ++i) flat += std::to_string(i * 0.01) + ",0,0\n";
  for (int i = 0; i < 40; ++i) brief += std::to_string(i * 0.01) + "," + std::to_string(i % 7 * 0.1) + ",0.1\n";
  for (int i = 0; i < 100; ++i) slow += std::to_string(i * 0.1) + "," + std::to_string(i % 7 * 0.1) + ",0.1\n";
  CHECK(refused(flat) == ErrorCode::kUnusable);
  CHECK(refused(brief) == ErrorCode::kUnusable);
  refused(slow);   // by the reader, whose sentence names the rate
}

TEST_CASE("two examinations are compared only when that was asked for, and the first is forgotten when told") {
  Examination examination;
  const auto open = [&](const char* condition) {
    examination.begin();
    REQUIRE(examination.load_simulated(condition));
    REQUIRE(examination.measure());
    examination.network_failed("none");
    REQUIRE(examination.fuse());
    return nlohmann::json::parse(examination.view().json)["comparison"];
  };
  CHECK(open("normal").empty());
  CHECK_FALSE(examination.view().json.empty());
  REQUIRE(examination.keep_for_comparison());
  CHECK_FALSE(open("lbbb").empty());   // the next person's examination is compared, as the user said it is one person
  examination.forget_comparison();
  CHECK(nlohmann::json::parse(examination.view().json)["comparison"].empty());
  CHECK(open("normal").empty());
  Examination nothing;
  CHECK_FALSE(nothing.keep_for_comparison());
}

TEST_CASE("how the evidence is put together is asked by name, and the next person begins with late") {
  Examination examination;
  CHECK_FALSE(examination.set_fusion("both"));
  REQUIRE(examination.load_simulated("lbbb"));
  REQUIRE(examination.measure());
  examination.network_failed("none");
  REQUIRE(examination.set_fusion("early"));
  REQUIRE(examination.fuse());
  auto fusion = nlohmann::json::parse(examination.screen_json("x"))["fusion"];
  CHECK(fusion["method"] == "late");   // no network, so it could not be had
  CHECK(fusion["note"].get<std::string>().find("Early fusion could not be used") == 0);
  examination.begin();
  REQUIRE(examination.load_simulated("lbbb"));
  REQUIRE(examination.measure());
  examination.network_failed("none");
  REQUIRE(examination.fuse());
  fusion = nlohmann::json::parse(examination.screen_json("x"))["fusion"];
  CHECK(fusion["note"] == "");
}

}  // namespace precordia
