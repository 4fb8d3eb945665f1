// What leaves the engine as text: valid JSON with every promised key, a view model that points into its blob,
// a safe page.
#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "report/answer_words.h"
#include "report/ecg_drawing.h"
#include "report/evidence_place.h"
#include "report/fhir.h"
#include "report/html.h"
#include "report/json.h"
#include "report/view_json.h"
#include "signal/simulated_patient.h"

using namespace precordia;
using Json = nlohmann::json;

namespace {

Json parsed(const std::string& text) {
  CHECK(text.find('\n') == std::string::npos);
  Json json = Json::parse(text, nullptr, false);
  REQUIRE_FALSE(json.is_discarded());
  return json;
}

NetOutput output(const char* id, double probability) {
  NetOutput out;
  out.id = id;
  out.title = id;
  out.probability = probability;
  out.screening_threshold = 0.1;
  out.confirming_threshold = 0.6;
  return out;
}

// One examination with everything in it, and texts that no file should be able to smuggle through.
struct Examined {
  EcgRecord record = simulate_patient({}).record;
  EcgFindings findings = measure_ecg(record, {67, Sex::kFemale});
  EcgNetFindings net;
  ClinicalProfile profile;
  Screening screening;
  std::vector<ModelDescription> models = {
      {"m", "Network", "1.0.0", "int8", "CC BY 4.0", "models/m/CARD.md", "data"}};

  Examined() {
    net.model_id = "m";
    net.title = "Network";
    net.precision = "int8";
    net.outputs = {output("rhythm/AFIB", 0.02), output("superclass/MI", 0.31),
                   output("superclass/NORM", 1.0 / 3), output("subclass/LAFB/LPFB", 0.7)};
    NetComposite major;
    major.id = major.title = "major_abnormal";
    major.members = {"superclass/MI"};
    major.probability = 0.31;
    major.threshold = 0.25;
    major.sensitivity = 0.9;
    major.specificity = 0.78;
    net.composites = {major};
    net.maps = {{"superclass/MI", false, {0, 0.5f, 1}, 0.2, 0.4}};
    profile.symptoms = Symptoms::kSuspectedHeartFailure;
    profile.nt_probnp_ng_l = 640;
    screening = screen(profile, record, &findings, &net);
  }

  ViewInput view_input(std::string file_name = "ecg.hea") const {
    ViewInput input;
    input.record = &record;
    input.findings = &findings;
    input.net = &net;
    input.screening = &screening;
    input.profile = profile;
    input.file_name = std::move(file_name);
    input.models = models;
    return input;
  }
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

int count_of(const std::string& text, std::string_view part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

// FIPS 180-4, for the one hash that a Content-Security-Policy holds against the report's style block.
std::string sha256_base64(std::string message) {
  const auto first_bits_of_root = [](int prime, double power) {
    const long double root = std::pow(static_cast<long double>(prime), static_cast<long double>(power));
    return static_cast<uint32_t>((root - std::floor(root)) * 4294967296.0L);
  };
  std::array<uint32_t, 64> k;
  std::array<uint32_t, 8> hash;
  for (int prime = 2, found = 0; found < 64; ++prime) {
    bool is_prime = true;
    for (int d = 2; d * d <= prime; ++d) is_prime = is_prime && prime % d != 0;
    if (!is_prime) continue;
    k[found] = first_bits_of_root(prime, 1.0L / 3);
    if (found < 8) hash[found] = first_bits_of_root(prime, 0.5L);
    ++found;
  }
  const uint64_t bits = message.size() * 8;
  message += '\x80';
  while (message.size() % 64 != 56) message += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) message += static_cast<char>(bits >> shift);
  for (size_t block = 0; block < message.size(); block += 64) {
    std::array<uint32_t, 64> w{};
    for (int i = 0; i < 64; ++i) w[i / 4] = w[i / 4] << 8 | static_cast<unsigned char>(message[block + i]);
    for (int i = 16; i < 64; ++i)
      w[i] = w[i - 16] + (std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
             (std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10);
    auto [a, b, c, d, e, f, g, h] = hash;
    for (int i = 0; i < 64; ++i) {
      const uint32_t t1 =
          h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i];
      const uint32_t t2 =
          (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    const std::array<uint32_t, 8> add = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; ++i) hash[i] += add[i];
  }
  std::string bytes, text;
  for (uint32_t word : hash)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift);
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  bytes += '\0';  // 33 bytes: the last group of the 32 is padded
  for (size_t i = 0; i < 33; i += 3) {
    const uint32_t group = static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << 16 |
                           static_cast<uint32_t>(static_cast<unsigned char>(bytes[i + 1])) << 8 |
                           static_cast<unsigned char>(bytes[i + 2]);
    for (int shift = 18; shift >= 0; shift -= 6) text += kAlphabet[group >> shift & 63];
  }
  text.back() = '=';
  return text;
}

}  // namespace

TEST_CASE("report: an error object has code and message, and keeps the detail to itself") {
  const Json json =
      parsed(error_json("a\"b.csv", Error{ErrorCode::kDamaged, "The file is cut short.", "offset 17"}));
  CHECK(json["input"] == "a\"b.csv");
  CHECK(json["engine_version"].is_string());
  CHECK(json["error"]["code"] == error_code_name(ErrorCode::kDamaged));
  CHECK(json["error"]["message"] == "The file is cut short.");
  CHECK_FALSE(contains(json.dump(), "offset 17"));
}

TEST_CASE("report: measure has every promised key, null for the unknown") {
  const Examined examined;
  const Json json = parsed(measure_json("ecg.hea", examined.record, examined.findings));
  for (const char* key : {"input", "engine_version", "heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms",
                          "qtc_bazett_ms", "qtc_fridericia_ms", "p_axis_deg", "qrs_axis_deg", "t_axis_deg",
                          "criteria", "fiducials", "rhythm", "quality"})
    CHECK_MESSAGE(json.contains(key), std::string(key));
  CHECK(json["heart_rate_bpm"].is_number());
  REQUIRE(json["fiducials"]["global"].is_array());
  REQUIRE(json["fiducials"]["global"].size() == examined.findings.beats.size());
  for (const char* lead : kLeadNames) CHECK(json["fiducials"][lead].size() == examined.findings.beats.size());
  for (const char* key : {"p_on", "p_peak", "p_off", "qrs_on", "r_peak", "qrs_off", "t_peak", "t_off"}) {
    REQUIRE(json["fiducials"]["global"][0].contains(key));
    const Json& value = json["fiducials"]["global"][0][key];
    CHECK((value.is_null() || value.is_number_integer()));
  }
  // Nothing measured: the same keys, all null.
  const Json empty = parsed(measure_json("x", {}, {}));
  CHECK(empty["qrs_ms"].is_null());
  CHECK(empty["t_axis_deg"].is_null());
  CHECK(empty["fiducials"]["global"].empty());
}

TEST_CASE("report: numbers are finite and rounded") {
  Examined examined;
  examined.findings.measurements.clear();
  Measurement m;
  m.id = "qrs_ms";
  m.value = 0.1 + 0.2;
  examined.findings.measurements.push_back(m);
  m.id = "pr_ms";
  m.value = std::numeric_limits<double>::infinity();
  examined.findings.measurements.push_back(m);
  m.id = "qt_ms";
  m.value = std::nan("");
  examined.findings.measurements.push_back(m);
  const std::string text = measure_json("x", examined.record, examined.findings);
  CHECK(contains(text, "\"qrs_ms\":0.3,"));
  CHECK(contains(text, "\"pr_ms\":null"));
  CHECK(contains(text, "\"qt_ms\":null"));
  examined.net.outputs[2].probability = 1.0 / 3;
  CHECK(contains(predict_json("x", examined.net, examined.models[0]), "\"superclass/NORM\":0.3333"));
}

TEST_CASE("report: predict names outputs by head and acronym, with operating points and flags") {
  const Examined examined;
  const Json json = parsed(predict_json("ecg.hea", examined.net, examined.models[0]));
  CHECK(json["outputs"]["superclass/MI"] == 0.31);
  CHECK(json["outputs"]["subclass/LAFB/LPFB"] == 0.7);
  CHECK(json["model"] == "m");
  CHECK(json["precision"] == "int8");
  CHECK(json["flags"]["superclass/MI"] == "screening");
  CHECK(json["flags"]["subclass/LAFB/LPFB"] == "confirming");
  CHECK_FALSE(json["flags"].contains("rhythm/AFIB"));
  CHECK(json["thresholds"]["superclass/MI"]["confirming"] == 0.6);
  CHECK(json["not_run_because"].is_null());
}

TEST_CASE("report: screen has every promised key") {
  const Examined examined;
  const Json json = parsed(screen_json("ecg.hea", examined.record, &examined.findings, &examined.net,
                                       examined.screening, examined.models));
  for (const char* key : {"input", "engine_version", "answer", "evidence", "next_step", "ecg", "echo",
                          "quality", "models", "disclaimer"})
    CHECK_MESSAGE(json.contains(key), std::string(key));
  for (const char* key : {"phenotype", "probability", "low", "high", "prior", "cannot_tell_because",
                          "headline", "sentence", "target", "prior_context", "hf_probability", "hf_low",
                          "hf_high", "hf_prior"})
    CHECK_MESSAGE(json["answer"].contains(key), std::string(key));
  CHECK(json["answer"]["cannot_tell_because"].is_null());
  CHECK(json["echo"].is_null());
  CHECK(json["ecg"]["heart_rate_bpm"].is_number());
  CHECK(json["quality"].size() == 12);
  CHECK(json["models"][0]["id"] == "m");
  CHECK(json["disclaimer"] == kDisclaimer);
  REQUIRE_FALSE(json["evidence"].empty());
  for (const Json& item : json["evidence"])
    for (const char* key : {"id", "label", "value", "scale", "direction", "cluster", "counted",
                            "likelihood_ratio", "decibans", "explanation", "citation"})
      CHECK_MESSAGE(item.contains(key), std::string(key));
}

TEST_CASE("report: an examination that cannot be told has a reason and null numbers") {
  const Examined examined;
  const Screening none = screen({}, examined.record, nullptr, nullptr);
  const Json json = parsed(screen_json("x", examined.record, nullptr, nullptr, none, {}));
  CHECK(json["answer"]["phenotype"] == "cannot_tell");
  CHECK(json["answer"]["cannot_tell_because"].is_string());
  CHECK(json["answer"]["probability"].is_null());
  CHECK(json["ecg"].is_null());
}

TEST_CASE("report: bytes that are no UTF-8 still give valid JSON") {
  const Examined examined;
  parsed(screen_json("caf\xe9\xff.hea", examined.record, &examined.findings, &examined.net,
                     examined.screening, examined.models));
  CHECK_FALSE(
      Json::parse(result_view(examined.view_input("caf\xe9\xff.hea")).json, nullptr, false).is_discarded());
}

TEST_CASE("report: the view's slices lie in its blob and hold the traces") {
  const Examined examined;
  const View view = result_view(examined.view_input());
  const Json json = parsed(view.json);
  for (const char* key :
       {"version", "disclaimer", "input", "profile", "answer", "next_step", "evidence", "measurements",
        "criteria", "rhythm", "warnings", "quality", "network", "ecg", "models"})
    CHECK_MESSAGE(json.contains(key), std::string(key));
  size_t covered = 0;
  const auto check = [&](const Json& slice, size_t n) {
    CHECK(slice["n"].get<size_t>() == n);
    CHECK(slice["at"].get<size_t>() + n <= view.blob.size());
    covered += n;
  };
  REQUIRE(json["ecg"]["leads"].size() == 12);
  for (int lead = 0; lead < kLeadCount; ++lead) {
    const Json& one = json["ecg"]["leads"][lead];
    CHECK(one["name"] == kLeadNames[lead]);
    check(one["trace"], examined.record.mv[lead].size());
    if (examined.record.mv[lead].size() > 7)
      CHECK(view.blob[one["trace"]["at"].get<size_t>() + 7] == examined.record.mv[lead][7]);
  }
  check(json["network"]["maps"][0]["relevance"], 3);
  if (!json["ecg"]["median"].is_null())
    for (int lead = 0; lead < kLeadCount; ++lead)
      check(json["ecg"]["median"]["leads"][lead]["trace"], examined.findings.representative.mv[lead].size());
  CHECK(covered == view.blob.size());
  CHECK(json["input"]["simulated"] == true);
  CHECK(json["answer"]["tone"] == "watch");
  // Sorted by group in the network's own order, then by probability.
  CHECK(json["network"]["outputs"][1]["id"] == "superclass/NORM");
  CHECK(json["network"]["outputs"][2]["id"] == "superclass/MI");
  CHECK(json["network"]["outputs"][3]["group"] == "subclass");
}

TEST_CASE("report: the view lists met criteria first, and R, S, ST and T lead by lead with a dash for the unknown") {
  Examined examined;
  examined.findings.amplitudes[index_of(Lead::kV4)].st_j_mv = std::nullopt;
  examined.findings.criteria.back().met = true;
  const Json json = parsed(result_view(examined.view_input()).json);
  REQUIRE(json["criteria"].size() == examined.findings.criteria.size());
  bool still_met = true;
  for (const Json& criterion : json["criteria"]) {
    const bool met = criterion["met"] == true;
    CHECK_FALSE((met && !still_met));
    still_met = met;
  }
  CHECK(json["criteria"][0]["met"] == true);
  REQUIRE(json["amplitudes"].size() == 12);
  const Json& v4 = json["amplitudes"][index_of(Lead::kV4)];
  CHECK(v4["lead"] == "V4");
  CHECK(v4["st"] == "–");
  CHECK(v4["r"].get<std::string>() != "–");
}

TEST_CASE("report: a view of a record that could not be measured is whole") {
  const Examined examined;
  ViewInput bare;
  bare.record = &examined.record;
  const Json json = parsed(result_view(bare).json);
  CHECK(json["answer"]["tone"] == "unknown");
  CHECK(json["measurements"].empty());
  CHECK(json["ecg"]["median"].is_null());
  CHECK(contains(html_report(bare, "2026-11-23", ""), "</html>"));
}

TEST_CASE("report: measurements are shown with unit, range and status, the unknown as a dash") {
  Measurement m;
  m.digits = 0;
  CHECK(value_text(m) == "–");
  CHECK(status_of(m) == RangeStatus::kUnknown);
  m.value = 132;
  m.normal_low = 70;
  m.normal_high = 110;
  CHECK(value_text(m) == "132");
  CHECK(range_text(m) == "70–110");
  CHECK(status_of(m) == RangeStatus::kHigh);
  m.normal_low.reset();
  CHECK(range_text(m) == "≤ 110");
  m.value = 100;
  CHECK(status_of(m) == RangeStatus::kNormal);
  m.normal_low = -30;
  CHECK(range_text(m) == "-30 to 110");
}

TEST_CASE("report: HTML escapes a hostile file name and holds no script and no outside reference") {
  const Examined examined;
  const std::string html = html_report(examined.view_input("<script>alert('x')</script>\"&.hea"),
                                       "<b>today</b>", "0.1.0\"><img src=x>");
  CHECK_FALSE(contains(html, "<script"));
  CHECK_FALSE(contains(html, "<img"));
  CHECK_FALSE(contains(html, "<b>today"));
  CHECK(contains(html, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;.hea"));
  const std::string plain = html_report(examined.view_input(), "2026-11-23", "0.1.0");
  for (const char* outside :
       {"src=", "href=", "url(", "@import", "javascript:", "onload", "onerror", "refresh"})
    CHECK_MESSAGE(!contains(plain, outside), std::string(outside));
  CHECK_FALSE(contains(html, "style=\""));
  CHECK(escape_html(std::string("a\x01\xc0\xaf\xed\xa0\x80z", 8)).front() == 'a');
  CHECK(escape_html("ä – ≥ 😀") == "ä – ≥ 😀");
  CHECK(escape_html("\xc0\xaf") == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("report: the printed page says what it is and from what") {
  const Examined examined;
  const std::string html = html_report(examined.view_input(), "2026-11-23", "0.1.0");
  CHECK(count_of(html, kDisclaimer) == 1);  // one sheet
  CHECK(count_of(html, "SIMULATED PATIENT") == 1);
  CHECK(contains(html, "2026-11-23"));
  CHECK(contains(html, "Davie 1996"));
  CHECK(contains(html, "25 mm/s · 10 mm/mV"));
  CHECK(contains(html, "models/m/CARD.md"));
  EcgRecord real = examined.record;
  real.source.simulated = false;
  ViewInput input = examined.view_input();
  input.record = &real;
  CHECK_FALSE(contains(html_report(input, "2026-11-23", ""), "SIMULATED"));
}

TEST_CASE("report: the style block is the one that its policy allows") {
  const Examined examined;
  const std::string html = html_report(examined.view_input(), "", "");
  const size_t from = html.find("<style>") + 7, to = html.find("</style>");
  CHECK("sha256-" + sha256_base64(html.substr(from, to - from)) == kReportStyleHash);
  CHECK(contains(html, "style-src '" + std::string(kReportStyleHash) + "'"));
}

TEST_CASE("report: the drawn ECG is true to scale and leaves gaps and absent leads open") {
  EcgRecord record;
  record.sample_rate_hz = 100;
  record.mv[index_of(Lead::kI)].assign(250, 0.0f);
  record.mv[index_of(Lead::kI)][100] = 1.0f;  // 1 mV after 1 s
  record.mv[index_of(Lead::kI)][200] = std::numeric_limits<float>::quiet_NaN();
  record.origin[index_of(Lead::kI)] = LeadOrigin::kRecorded;
  const std::string svg = draw_ecg_svg(record);
  CHECK(contains(svg, "width=\"263mm\""));
  CHECK(contains(svg, "viewBox=\"0 0 263 "));
  CHECK(contains(svg, "l25 -1000l25 1000"));  // hundredths of a millimetre: 0.25 mm on, 10 mm up
  CHECK(count_of(svg, "M1250 1300") == 1);    // the trace starts 12.5 mm from the left
  CHECK(count_of(svg, "M6275 1300") == 1);    // and again after the gap: 12.5 + 2.01 s x 25
  CHECK(contains(svg, "V6 not recorded"));
  CHECK(draw_ecg_svg({}).size() > 100);
}

TEST_CASE("report: the plain-text answer ends with the disclaimer and names the next step") {
  const Examined examined;
  const std::string text = answer_text(examined.screening);
  CHECK(contains(text, examined.screening.headline));
  CHECK(contains(text, "Next: " + examined.screening.next_step.headline));
  CHECK(text.ends_with(std::string(kDisclaimer) + "\n"));
}

TEST_CASE("report: the chance of any heart failure is given with its range, in every form") {
  const Examined examined;
  const Screening& s = examined.screening;
  REQUIRE(s.hf_low);
  REQUIRE(s.hf_high);
  const std::string low = percent_text(*s.hf_low), high = percent_text(*s.hf_high);
  const View view = result_view(examined.view_input());
  for (const Json& answer :
       {parsed(screen_json("ecg.hea", examined.record, &examined.findings, &examined.net, s, {}))["answer"],
        parsed(view.json)["answer"]}) {
    CHECK(answer["hf_low"] < answer["hf_probability"]);
    CHECK(answer["hf_high"] > answer["hf_probability"]);
  }
  CHECK(contains(answer_text(s), percent_text(*s.hf_probability) + ", between " + low + " and " + high));
  CHECK(contains(html_report(examined.view_input(), "2026-11-23", "0.1.0"),
                 "</b> (" + low + " to " + high + "); before the blood test"));
}

TEST_CASE("report: a name is printed only where it was typed in, escaped like everything else") {
  const Examined examined;
  ViewInput input = examined.view_input();
  CHECK_FALSE(contains(html_report(input, "2026-11-23", ""), "class=\"who\""));
  input.identity = *parse_identity(R"({"name":"Ada <b>Byron</b>","identifier":"MRN 7","birth_date":"1960-01-31"})");
  const std::string html = html_report(input, "2026-11-23", "");
  CHECK(contains(html, "Ada &lt;b&gt;Byron&lt;/b&gt; · MRN 7 · 1960-01-31"));
  CHECK_FALSE(parse_identity(R"({"ward":"3"})"));
  CHECK_FALSE(parse_identity(R"({"birth_date":"31/1/1960"})"));
}

TEST_CASE("report: a clip brings its beats and the contours at both ends of the beat") {
  const Examined examined;
  ViewInput input = examined.view_input();
  ReportClip clip{"a4c.dcm", "apical 4-chamber", {{3, 14, 41.2, 122.0, 71.0}}, {{0.3f, 0.8f}, {0.5f, 0.2f}, {0.7f, 0.8f}}, {{0.4f, 0.8f}, {0.5f, 0.4f}, {0.6f, 0.8f}}, {}};
  input.clips = {clip};
  const std::string html = html_report(input, "2026-11-23", "");
  CHECK(contains(html, "Beat 1: EF 41 %"));
  CHECK(contains(html, "122 → 71 mL"));
  CHECK(count_of(html, "class=\"ed\"") == 1);
  CHECK(count_of(html, "class=\"es\"") == 1);
  input.clips[0].cannot_tell = {"The view is not apical."};
  input.clips[0].beats.clear();
  input.clips[0].ed_contour.clear();
  CHECK(contains(html_report(input, "2026-11-23", ""), "The view is not apical."));
}

TEST_CASE("report: evidence leads to the leads, the map or the clip that it comes from") {
  const Examined examined;
  EvidenceItem item;
  item.id = "sokolow_lyon";
  EvidencePlace place = place_of(item, &examined.findings, &examined.net, false);
  CHECK(place.leads == std::vector<std::string>{"V1", "V5", "V6"});
  item.id = "ejection_fraction";
  CHECK(place_of(item, &examined.findings, &examined.net, true).clip);
  CHECK(place_of(item, &examined.findings, &examined.net, true).row == "echo");
  CHECK_FALSE(place_of(item, &examined.findings, &examined.net, false).clip);  // typed in: there is no clip
  item.id = "nt_probnp";
  place = place_of(item, &examined.findings, &examined.net, true);
  CHECK(place.leads.empty());
  CHECK(place.row.empty());
  EcgFindings q = examined.findings;
  Criterion waves;
  waves.id = "pathological_q";
  waves.met = true;
  waves.detail = "inferior: II, III, aVF";
  q.criteria = {waves};
  item.id = "pathological_q";
  place = place_of(item, &q, &examined.net, false);
  CHECK(place.leads == std::vector<std::string>{"II", "III", "aVF"});
  CHECK(place.row == "criterion-pathological_q");
}
