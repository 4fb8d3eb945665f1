// The echo part of the facade, driven as a host drives it, with the simulated heart's true masks in the network's place.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "echo/echo_mask.h"
#include "echo/placement.h"
#include "echo/simulated_clip.h"
#include "engine/examination.h"

using namespace precordia;
using nlohmann::json;

namespace {

constexpr int kSide = 128, kFinerSide = 160;

std::string manifest(bool with_stills_network = false) {
  json answer = {{"file", "e/known.f32"}, {"sha256", "0"}, {"description", "zeros"}, {"logits", {{"int8", std::vector<double>(256, 0)}}}, {"tolerance", {{"int8", 0.1}}}};
  json model = {{"id", "echo-test"}, {"task", "echo-segmentation"}, {"title", "Test"}, {"version", "1"}, {"licence", "none"}, {"card", "e/CARD.md"},
                {"training", {{"data", "none"}}},
                {"artefacts", {{{"precision", "int8"}, {"file", "e/int8.onnx"}, {"sha256", "0"}, {"providers", {"wasm"}}}}},
                {"input", {{"name", "frames"}, {"shape", {1, 1, kSide, kSide}}}},
                {"outputs", {{{"name", "masks"}, {"shape", {1, 4, kSide, kSide}}, {"role", "masks"}}, {{"name", "view"}, {"shape", {1, 3}}, {"role", "view"}},
                             {{"name", "quality"}, {"shape", {1, 3}}, {"role", "quality"}}}},
                {"ef_sd_percent", {{"single_plane", 7}, {"biplane", 6}}},
                {"known_answers", json::array({answer})}};
  json models = json::array({model});
  if (with_stills_network) {   // first in the list, and yet not the one that reads clips
    model["id"] = "echo-stills", model["stills_only"] = true;
    model["input"]["shape"] = {1, 1, kFinerSide, kFinerSide};
    model["outputs"][0]["shape"] = {1, 4, kFinerSide, kFinerSide};
    models.insert(models.begin(), model);
  }
  return json{{"manifest_version", 1}, {"models", models}}.dump();
}

Examination opened() {
  Examination examination;
  REQUIRE(examination.load_manifest(manifest()));
  return examination;
}

SimulatedCine cine(double ef, EchoView view = EchoView::kApical4) {
  SimulatedEcho wanted;
  wanted.ef_percent = ef;
  wanted.view = view;
  wanted.seconds = 2.2;
  wanted.heart_rate_bpm = 75;
  wanted.side = kSide;
  return simulate_echo(wanted);
}

// Answers every frame of the newest clip with the truth.
void answer_all(Examination& examination, const SimulatedCine& truth) {
  EchoExamination& echo = *examination.echo();
  const size_t clip = echo.clip_count() - 1;
  const float view[] = {4, 0, -4}, quality[] = {3, 0, -3};
  const float two[] = {0, 4, -4};
  const bool is_two = echo.name(clip) == "two";
  for (int f = 0; f < truth.clip.frame_count(); ++f) {
    REQUIRE(echo.frame_tensor(clip).size() == kSide * kSide);
    std::vector<float> masks(4 * kSide * kSide, -6);
    for (size_t i = 0; i < kSide * kSide; ++i) masks[truth.masks[static_cast<size_t>(f) * kSide * kSide + i] * kSide * kSide + i] = 6;
    REQUIRE(echo.frame_answer(clip, {masks, is_two ? std::span<const float>(two) : std::span<const float>(view), quality}, "int8"));
  }
  CHECK(echo.frame_tensor(clip).empty());
}

}  // namespace

TEST_CASE("a clip alone gives an answer in which EF decides") {
  Examination examination = opened();
  const SimulatedCine heart = cine(30);
  REQUIRE(examination.take_clip("four", heart.clip));
  CHECK_FALSE(examination.echo()->measure().has_value());   // no frame was answered
  answer_all(examination, heart);
  REQUIRE(examination.echo()->measure());
  REQUIRE(examination.fuse());
  const json screened = json::parse(examination.screen_json("clip"));
  REQUIRE(screened.contains("answer"));
  CHECK(screened["ecg"].is_null());
  CHECK(screened["echo"]["ef_percent"].get<double>() == doctest::Approx(30).epsilon(0.1));
  CHECK(screened["models"].back()["id"] == "echo-test");
  const json echo = json::parse(examination.echo_json("clip"));
  for (const char* key : {"ef_percent", "ef_low_percent", "ef_high_percent", "beats", "gls_percent", "lv_area_curve", "view", "quality"}) {
    CAPTURE(key);
    CHECK(echo.contains(key));
  }
  CHECK(echo["view"] == "apical 4-chamber");
  CHECK(echo["lv_area_curve"].size() == static_cast<size_t>(heart.clip.frame_count()));
}

TEST_CASE("a second apical view makes it biplane, and a third clip is refused") {
  Examination examination = opened();
  const SimulatedCine four = cine(45), two = cine(45, EchoView::kApical2);
  REQUIRE(examination.take_clip("four", four.clip));
  answer_all(examination, four);
  REQUIRE(examination.take_clip("two", two.clip));
  answer_all(examination, two);
  REQUIRE(examination.echo()->measure());
  CHECK(examination.echo()->findings()->method == "Simpson's biplane");
  CHECK(*examination.echo()->findings()->ef_percent == doctest::Approx(45).epsilon(0.08));
  CHECK(examination.take_clip("three", four.clip).error().code == ErrorCode::kTooLarge);
  examination.echo()->drop(0);
  REQUIRE(examination.echo()->measure());
  CHECK(examination.echo()->findings()->method == "Simpson's single plane, apical 2-chamber");
}

TEST_CASE("the next person knows nothing of the clips of the one before") {
  Examination examination = opened();
  const SimulatedCine heart = cine(60);
  REQUIRE(examination.take_clip("four", heart.clip));
  examination.begin();
  CHECK(examination.echo() == nullptr);
  CHECK_FALSE(examination.fuse().has_value());
}

TEST_CASE("a contour set by hand changes the result, and taken back restores it") {
  Examination examination = opened();
  const SimulatedCine heart = cine(60);
  REQUIRE(examination.take_clip("four", heart.clip));
  answer_all(examination, heart);
  REQUIRE(examination.echo()->measure());
  const EchoFindings before = *examination.echo()->findings();
  const EchoBeat beat = before.clips[0].beats[0];
  auto wider = before.clips[0].frames[static_cast<size_t>(beat.es_frame)].contour;
  const float middle = (wider.front().x + wider.back().x) / 2;
  for (EchoPoint& point : wider) point.x = middle + 1.2f * (point.x - middle);
  REQUIRE(examination.echo()->set_contour(0, beat.es_frame, wider));
  CHECK(examination.echo()->findings()->clips[0].beats[0].ef_percent < beat.ef_percent - 5);
  CHECK(*examination.echo()->findings()->ef_percent == doctest::Approx(examination.echo()->findings()->clips[0].beats[0].ef_percent));   // it speaks for the clip
  REQUIRE(examination.echo()->set_contour(0, beat.es_frame, {}));
  CHECK(examination.echo()->findings()->clips[0].beats[0].ef_percent == doctest::Approx(beat.ef_percent));
  CHECK_FALSE(examination.echo()->set_contour(0, 9999, wider).has_value());
  CHECK_FALSE(examination.echo()->set_contour(3, 0, wider).has_value());
}

TEST_CASE("impossible outputs of the network are refused and nothing is invented") {
  Examination examination = opened();
  const SimulatedCine heart = cine(60);
  REQUIRE(examination.take_clip("four", heart.clip));
  std::vector<float> masks(4 * kSide * kSide, 0), three(3, 0);
  CHECK(examination.echo()->frame_answer(0, {std::span(masks).first(10), three, three}, "int8").error().code == ErrorCode::kModel);
  masks[5] = NAN;
  CHECK(examination.echo()->frame_answer(0, {masks, three, three}, "int8").error().code == ErrorCode::kModel);
  CHECK(examination.echo()->frames_answered(0) == 0);
}

TEST_CASE("probabilities that the graphics processor packed give the same ejection fraction as logits") {
  const SimulatedCine heart = cine(45);
  double ef[2] = {};
  for (const bool packed : {false, true}) {
    Examination examination = opened();
    REQUIRE(examination.take_clip("four", heart.clip));
    EchoExamination& echo = *examination.echo();
    const float view[] = {4, 0, -4}, quality[] = {3, 0, -3};
    for (int f = 0; f < heart.clip.frame_count(); ++f) {
      CHECK(echo.frame_pixels(0).size() == kSide * kSide);
      std::vector<float> masks(4 * kSide * kSide, -2);
      for (size_t i = 0; i < kSide * kSide; ++i) masks[heart.masks[static_cast<size_t>(f) * kSide * kSide + i] * kSide * kSide + i] = 2;
      if (packed) REQUIRE(echo.frame_answer_packed(0, packed_shares(masks), {{}, view, quality}, "int8-weights"));
      else REQUIRE(echo.frame_answer(0, {masks, view, quality}, "int8"));
    }
    CHECK(echo.frame_pixels(0).empty());
    REQUIRE(echo.measure());
    REQUIRE(echo.findings()->ef_percent);
    ef[packed] = *echo.findings()->ef_percent;
  }
  CHECK(ef[0] == doctest::Approx(ef[1]).epsilon(0.005));
}

TEST_CASE("packed probabilities that do not add up are refused") {
  Examination examination = opened();
  REQUIRE(examination.take_clip("four", cine(45).clip));
  const float three[] = {1, 0, 0};
  std::vector<uint32_t> shares(kSide * kSide, 255);
  shares[77] = 0;
  const auto read = examination.echo()->frame_answer_packed(0, shares, {{}, three, three}, "int8-weights");
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::kModel);
  CHECK(examination.echo()->frames_answered(0) == 0);
}

TEST_CASE("a still picture is read five times, and measured only then") {
  Examination examination = opened();
  SimulatedCine heart = cine(45);
  heart.clip.times_ms.resize(1);
  heart.clip.frames.resize(kSide * kSide);
  REQUIRE(examination.take_clip("still", heart.clip));
  EchoExamination& echo = *examination.echo();
  CHECK(echo.answers_wanted(0) == 5);
  const float view[] = {4, 0, -4}, quality[] = {3, 0, -3};
  std::vector<float> masks(4 * kSide * kSide, -6);
  for (size_t i = 0; i < kSide * kSide; ++i) masks[heart.masks[i] * kSide * kSide + i] = 6;
  std::vector<std::vector<uint8_t>> seen;
  for (int reading = 0; reading < 5; ++reading) {
    CHECK(echo.measure().error().code == ErrorCode::kWrongUsage);
    CHECK(echo.frames_answered(0) == 0);
    seen.push_back(echo.frame_pixels(0));
    CHECK(std::count(seen.begin(), seen.end(), seen.back()) == 1);
    REQUIRE(echo.frame_answer(0, {masks, view, quality}, "int8"));
  }
  CHECK(echo.frames_answered(0) == 1);
  CHECK(echo.frame_pixels(0).empty());
  REQUIRE(echo.measure());
  CHECK(std::ranges::equal(seen.front(), heart.clip.frame(0)));
}

TEST_CASE("a network for stills reads them beside the other one, and no clips") {
  Examination examination;
  REQUIRE(examination.load_manifest(manifest(true)));
  SimulatedCine heart = cine(45);
  REQUIRE(examination.take_clip("clip", heart.clip));
  EchoExamination& echo = *examination.echo();
  CHECK(echo.model()->id == "echo-test");
  CHECK(echo.answers_wanted(0) == heart.clip.frame_count());
  CHECK(echo.networks_asked(0) == 1);
  echo.drop(0);
  heart.clip.times_ms.resize(1);
  heart.clip.frames.resize(kSide * kSide);
  REQUIRE(examination.take_clip("still", heart.clip));
  CHECK(echo.answers_wanted(0) == 10);
  const float view[] = {4, 0, -4}, quality[] = {3, 0, -3};
  // What one network sees as ventricle with certainty and the other not at all is ventricle by half: less than the background of both.
  std::vector<std::string> asked;
  for (int reading = 0; reading < 10; ++reading) {
    asked.push_back(echo.next_network(0).id);
    const bool finer = asked.back() == "echo-stills";
    const size_t size = finer ? kFinerSide * kFinerSide : kSide * kSide;
    CHECK(echo.frame_tensor(0).size() == size);
    std::vector<float> masks(4 * size, -8);
    for (size_t i = 0; i < size; ++i) masks[(!finer && heart.masks[i] == 1 ? 1 : 0) * size + i] = finer ? 8 : 1;
    REQUIRE(echo.frame_answer(0, {masks, view, quality}, "int8"));
  }
  CHECK(std::count(asked.begin(), asked.begin() + 5, "echo-test") == 5);
  CHECK(std::count(asked.begin() + 5, asked.end(), "echo-stills") == 5);
  REQUIRE(echo.measure());
  CHECK(std::ranges::count(echo.masks(0).classes(0), 1) == 0);
  const json written = json::parse(examination.echo_json("still"));
  CHECK(written["model"]["id"] == "echo-test");
  CHECK(written["stills_models"][0]["id"] == "echo-stills");
  echo.drop(0);
  heart = cine(45);
  heart.clip.times_ms.resize(kMostStills + 1);
  heart.clip.frames.resize((kMostStills + 1) * kSide * kSide);
  REQUIRE(examination.take_clip("short", heart.clip));
  CHECK(echo.networks_asked(0) == 1);
  CHECK(echo.placements(0) == 5);
}

TEST_CASE("without an echo network a clip is refused with a sentence") {
  Examination examination;
  REQUIRE(examination.load_manifest(R"({"manifest_version": 1, "models": []})"));
  CHECK(examination.take_clip("four", cine(60).clip).error().code == ErrorCode::kModel);
}

TEST_CASE("frames from the host's decoder become a clip") {
  Examination examination = opened();
  const SimulatedCine heart = cine(55);
  examination.begin_clip("clip.mp4", "MP4", heart.clip.frame_count());
  std::vector<uint8_t> rgba;
  for (int f = 0; f < heart.clip.frame_count(); ++f) {
    rgba.clear();
    for (const uint8_t grey : heart.clip.frame(f)) rgba.insert(rgba.end(), {grey, grey, grey, 255});
    REQUIRE(examination.push_clip(rgba, kSide, kSide, heart.clip.times_ms[static_cast<size_t>(f)]));
  }
  CHECK_FALSE(examination.push_clip(std::span(rgba).first(12), kSide, kSide, 0).has_value());
  REQUIRE(examination.finish_clip());
  CHECK(examination.echo()->clip(0).frame_count() == heart.clip.frame_count());
  CHECK(examination.echo()->clip(0).format == "MP4");
  CHECK_FALSE(examination.finish_clip().has_value());
}

TEST_CASE("an echo network whose description is incomplete is left out, and named") {
  json wrong = json::parse(manifest());
  wrong["models"][0]["outputs"].erase(0);
  const auto parsed = parse_manifest(wrong.dump());
  REQUIRE(parsed);
  CHECK(parsed->echo_models.empty());
  REQUIRE(parsed->skipped.size() == 1);
  CHECK(parsed->skipped[0].find("outputs") != std::string::npos);
}
