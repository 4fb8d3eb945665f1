#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "dashboard/app_state.h"
#include "dashboard/host_status.h"
#include "dashboard/view_model.h"

using namespace precordia::dashboard;

namespace {

const char* const kView = R"({
  "version": "0.1.0", "disclaimer": "Decision support for research, not a medical device.", "rhythm": "Sinus rhythm, regular",
  "input": {"name": "00001.hea", "summary": "12 leads", "patient": "63 y, female", "simulated": true, "notes": ["one", "", 7]},
  "answer": {"tone": "act", "headline": "H", "probability": 0.41, "low": 0.22, "high": 0.63, "prior": 0.08},
  "evidence": [{"id": "a", "label": "LBBB", "scale": "lvsd", "direction": "for", "counted": true, "decibans": 6.9}],
  "measurements": [{"id": "qrs_ms", "label": "QRS", "text": "148", "value": 148, "status": "high"}, {"label": "T axis", "value": null}],
  "criteria": [{"label": "Sokolow-Lyon", "met": null}, {"label": "Cornell", "met": true}],
  "amplitudes": [{"lead": "V4", "r": "1.20", "s": "0.30", "st": "–", "t": "0.25"}, {"lead": "V5", "r": 3}],
  "quality": [{"lead": "V3", "usable": false, "issue": "noise"}],
  "network": {"outputs": [{"id": "superclass/MI", "group": "superclass", "title": "MI", "probability": 0.31, "flag": "screening"}],
              "maps": [{"output_id": "superclass/MI", "title": "MI", "relevance": {"at": 4, "n": 2}, "start_s": 0.2, "step_s": 0.4}]},
  "ecg": {"sample_rate_hz": 500, "samples": 4, "leads": [{"name": "V1", "origin": "derived", "trace": {"at": 0, "n": 4}}],
          "beats": [{"class": "paced", "r": 2, "qrs_on": 1}, {"class": "dominant", "r": 40}]}
})";

}  // namespace

TEST_CASE("a view is read into plain values") {
  const auto view = read_view(kView, {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 3.0f});
  REQUIRE(view.has_value());
  CHECK(view->input.simulated);
  CHECK(view->input.notes == std::vector<std::string>{"one"});
  CHECK(view->answer.tone == Tone::kAct);
  CHECK(view->answer.probability == doctest::Approx(0.41));
  REQUIRE(view->evidence.size() == 1);
  CHECK(view->evidence[0].direction == EvidenceDirection::kFor);
  CHECK(view->measurements[0].status == RangeStatus::kHigh);
  CHECK(view->measurements[1].text == "–");
  CHECK_FALSE(view->measurements[1].value.has_value());
  CHECK_FALSE(view->criteria[0].met.has_value());
  CHECK(view->criteria[1].met == true);
  REQUIRE(view->amplitudes.size() == 2);
  CHECK(view->amplitudes[0].st == "–");
  CHECK(view->amplitudes[1].lead == "V5");
  CHECK(lead_is_bad(*view, lead_index("V3")));
  CHECK_FALSE(lead_is_bad(*view, lead_index("V4")));
}

TEST_CASE(
    "the ECG always has twelve leads in standard order, and those that the view does not name are absent") {
  const auto view = read_view(kView, {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 3.0f});
  REQUIRE(view->ecg.leads.size() == 12);
  CHECK(view->ecg.leads[0].name == "I");
  CHECK(view->ecg.leads[0].origin == LeadOrigin::kAbsent);
  CHECK(view->ecg.leads[6].origin == LeadOrigin::kDerived);
  CHECK(view->values(view->ecg.leads[6].trace).size() == 4);
  REQUIRE(view->ecg.beats.size() == 1);  // the beat beyond the record is left out
  CHECK(view->ecg.beats[0].kind == BeatKind::kPaced);
  CHECK(view->ecg.beats[0].fiducials.qrs_on == 1);
}

TEST_CASE("a relevance map above one is scaled by its own largest value") {
  const auto view = read_view(kView, {0, 0, 0, 0, 1.5f, 3.0f});
  REQUIRE(view->network.maps.size() == 1);
  const auto relevance = view->values(view->network.maps[0].relevance);
  CHECK(relevance[0] == doctest::Approx(0.5));
  CHECK(relevance[1] == doctest::Approx(1.0));
}

TEST_CASE("a relevance map with impossible numbers is drawn as nothing there") {
  const auto view = read_view(kView, {0, 0, 0, 0, std::numeric_limits<float>::quiet_NaN(), -2.0f});
  for (const float value : view->values(view->network.maps[0].relevance)) CHECK(value == 0);
}

TEST_CASE("an empty object is a view without content, not an error") {
  const auto view = read_view("{}", {});
  REQUIRE(view.has_value());
  CHECK(view->answer.tone == Tone::kUnknown);
  CHECK_FALSE(view->answer.probability.has_value());
  CHECK(view->ecg.samples == 0);
  CHECK(view->ecg.leads.size() == 12);
  CHECK(view->ecg.median.leads.size() == 12);
}

TEST_CASE("wrong types anywhere become unknown") {
  const auto view = read_view(
      R"({"answer": [1], "evidence": {"a": 1}, "measurements": [1, "x", null, {"value": "92", "status": 3}],
      "input": {"name": 5, "simulated": "yes", "notes": "none"}, "criteria": [{"met": "true"}],
      "network": {"outputs": [{"probability": "high"}, {"probability": 7}, {"probability": -0.1}], "maps": [{"relevance": 3}]},
      "ecg": {"sample_rate_hz": "500", "samples": 1e300, "leads": "twelve", "beats": [{"r": 1.5}], "median": 4}})",
      {});
  REQUIRE(view.has_value());
  CHECK(view->input.name.empty());
  CHECK_FALSE(view->input.simulated);
  CHECK(view->evidence.empty());
  REQUIRE(view->measurements.size() == 1);
  CHECK_FALSE(view->measurements[0].value.has_value());
  CHECK_FALSE(view->criteria[0].met.has_value());
  CHECK(view->network.outputs.empty());
  CHECK(view->network.maps.empty());
  CHECK(view->ecg.sample_rate_hz == 0);
  CHECK(view->ecg.beats.empty());
}

TEST_CASE("a slice outside the blob is empty") {
  for (const char* slice :
       {R"({"at": 3, "n": 2})", R"({"at": 0, "n": 5})", R"({"at": -1, "n": 1})", R"({"at": 1e18, "n": 1})",
        R"({"at": 0, "n": 1e18})", R"({"at": 0})", "7", "null"}) {
    CAPTURE(slice);
    const auto view =
        read_view(std::string(R"({"ecg": {"samples": 4, "leads": [{"name": "I", "trace": )") + slice + "}]}}",
                  {1, 2, 3, 4});
    REQUIRE(view.has_value());
    CHECK(view->ecg.leads[0].trace.n == 0);
    CHECK(view->ecg.leads[0].origin == LeadOrigin::kAbsent);
    CHECK(view->ecg.samples == 0);
  }
  ViewModel view;
  view.blob = {1, 2, 3};
  CHECK(view.values({std::numeric_limits<size_t>::max(), 2}).empty());
  CHECK(view.values({2, std::numeric_limits<size_t>::max()}).empty());
  CHECK(view.values({1, 2}).size() == 2);
}

TEST_CASE("an interval that is upside down is not shown") {
  const auto view = read_view(R"({"answer": {"probability": 0.5, "low": 0.7, "high": 0.2}})", {});
  CHECK(view->answer.probability.has_value());
  CHECK_FALSE(view->answer.low.has_value());
  CHECK_FALSE(view->answer.high.has_value());
}

TEST_CASE("text that is no JSON object is an error with a sentence") {
  for (const char* json : {"", "null", "[]", "{\"a\":", "nonsense"}) {
    CAPTURE(json);
    const auto view = read_view(json, {});
    REQUIRE_FALSE(view.has_value());
    CHECK_FALSE(view.error().message.empty());
  }
}

TEST_CASE("huge views are refused and huge lists are cut") {
  CHECK_FALSE(read_view(std::string(kMaxViewBytes + 1, ' '), {}).has_value());
  std::string json = R"({"evidence": [)";
  for (size_t i = 0; i < kMaxListEntries + 100; ++i) json += i == 0 ? "{}" : ",{}";
  const auto view = read_view(json + "]}", {});
  REQUIRE(view.has_value());
  CHECK(view->evidence.size() == kMaxListEntries);
}

TEST_CASE("deep nesting is read without exhausting the stack") {
  const std::string deep = "{\"answer\":" + std::string(200000, '[') + std::string(200000, ']') + "}";
  const auto view = read_view(deep, {});
  REQUIRE(view.has_value());
  CHECK(view->answer.headline.empty());
}

TEST_CASE("the host's status and progress are read as forgivingly") {
  CHECK(read_status("nonsense").provider.empty());
  const HostStatus status = read_status(
      R"({"provider": "wasm", "threads": 2, "offline_ready": true, "timings": [{"label": "Read", "ms": 1.5}, {"ms": "x"}]})");
  CHECK(provider_text(status) == "WebAssembly, 2 threads");
  CHECK(status.offline_ready);
  CHECK(status.timings.size() == 1);
  CHECK_FALSE(read_progress("null").has_value());
  CHECK(read_progress(R"({"stage": "Reading", "fraction": 4})")->fraction == 1.0);
  CHECK_FALSE(read_progress(R"({"stage": "Reading", "fraction": null})")->fraction.has_value());
}

TEST_CASE("a new filter or profile keeps the reader's place, another record does not") {
  AppState state;
  show_view(state, *read_view(kView, {0, 0, 0, 0, 0, 0}));
  CHECK(state.screen == Screen::kResult);
  state.tab = Tab::kEcg;
  state.paper.caliper.placed = true;
  show_view(state, *read_view(kView, {0, 0, 0, 0, 0, 0}));
  CHECK(state.tab == Tab::kEcg);
  CHECK(state.paper.caliper.placed);
  show_view(state, *read_view(R"({"input": {"name": "other"}})", {}));
  CHECK(state.tab == Tab::kAnswer);
  CHECK_FALSE(state.paper.caliper.placed);
  show_view(state, std::nullopt);
  CHECK(state.screen == Screen::kStart);
}

TEST_CASE("commands are JSON objects of the host's contract") {
  AppState state;
  send(state, "open");
  send_text(state, "demo", "condition", "af");
  send_filter(state, {0.5, 40, 60});
  CHECK(state.commands[0] == R"({"command":"open"})");
  CHECK(state.commands[1] == R"({"command":"demo","condition":"af"})");
  CHECK(state.commands[2] ==
        R"({"command":"set_filter","high_pass_hz":0.5,"low_pass_hz":40.0,"notch_hz":60.0})");
}
