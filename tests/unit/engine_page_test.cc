// Pictures of paper through the facade: the front door, the review's JSON, and what is kept.
#include <cmath>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "engine/examination.h"
#include "engine/page_view.h"

namespace precordia {
namespace {

using Json = nlohmann::json;

// A plain bitmap of one grey: a picture, but no ECG.
std::vector<uint8_t> blank_bmp(int width, int height) {
  std::vector<uint8_t> bytes = {'B', 'M'};
  const auto number = [&](uint32_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
  };
  const uint32_t stride = (static_cast<uint32_t>(width) * 3 + 3) / 4 * 4;
  number(54 + stride * static_cast<uint32_t>(height), 4);
  number(0, 4);
  number(54, 4);
  number(40, 4);
  number(static_cast<uint32_t>(width), 4);
  number(static_cast<uint32_t>(height), 4);
  number(1, 2);
  number(24, 2);
  for (int i = 0; i < 6; ++i) number(0, 4);
  bytes.resize(54 + stride * static_cast<size_t>(height), 200);
  return bytes;
}

// A page as the digitiser hands it over: two columns of leads on a mesh of 4 px to the millimetre.
DigitisedPage made_up_page() {
  DigitisedPage page;
  page.mapping = {0, 0, 10, 27, 18, {}};
  for (int j = 0; j < 18; ++j)
    for (int i = 0; i < 27; ++i) page.mapping.nodes.push_back({i * 40.0 + j, j * 40.0});
  page.record.sample_rate_hz = kDigitisedRateHz;
  for (const Lead lead : {Lead::kI, Lead::kV3}) {
    LeadTrace trace;
    trace.lead = lead;
    trace.baseline_row_mm = lead == Lead::kI ? 30 : 80;
    for (int k = 0; k < 1250; ++k) {
      const bool gap = lead == Lead::kV3 && k >= 400 && k < 800;
      const ImagePoint at = page.mapping.image_from_page(20 + k / 20.0, trace.baseline_row_mm + std::sin(k * 0.05));
      trace.centreline.push_back(gap ? ImagePoint{NAN, NAN} : at);
      trace.confidence.push_back(gap ? 0 : 0.95f);
    }
    page.record.mv[static_cast<size_t>(index_of(lead))].assign(1250, 0.1f);
    page.traces.push_back(std::move(trace));
  }
  page.quality.einthoven_residual = NAN;
  page.quality.pulse_mm = 5.0;
  page.quality.coverage = 0.9;
  return page;
}

}  // namespace

TEST_CASE("a picture is told from a file, and one without an ECG is refused with a sentence while it stays to be looked at") {
  Examination examination;
  examination.begin();
  examination.add_file("photo.bmp", blank_bmp(900, 600));
  CHECK(examination.holds_picture());
  const auto read = examination.digitise_page({});
  REQUIRE_FALSE(read.has_value());
  CHECK_FALSE(read.error().message.empty());
  REQUIRE(examination.picture() != nullptr);
  CHECK(examination.page() == nullptr);
  CHECK_FALSE(examination.accept_page(true).has_value());
  const View view = page_view(examination.input_name(), *examination.picture(), nullptr, read.error().message);
  const Json json = Json::parse(view.json, nullptr, false);
  CHECK(json["error"] == read.error().message);
  CHECK(json["corners"].size() == 8);
  CHECK(json["skippable"] == false);
  examination.begin();
  CHECK(examination.picture() == nullptr);
  CHECK_FALSE(examination.holds_picture());
}

TEST_CASE("the command line's way in reads a picture too, and several pictures are not mixed") {
  Examination examination;
  examination.begin();
  examination.add_file("photo.bmp", blank_bmp(900, 600));
  CHECK_FALSE(examination.read().has_value());
  examination.begin();
  examination.add_file("one.bmp", blank_bmp(900, 600));
  examination.add_file("two.bmp", blank_bmp(900, 600));
  const auto two = examination.read();
  REQUIRE_FALSE(two.has_value());
  CHECK(two.error().code == ErrorCode::kAmbiguous);
}

TEST_CASE("the review's JSON puts the trace on the flat page, marks gaps and names what does not fit") {
  const DigitisedPage page = made_up_page();
  RgbImage picture{1100, 720, {}};
  picture.rgb.resize(1100 * 720 * 3, 128);
  const View view = page_view("page.png", picture, &page, "");
  const Json json = Json::parse(view.json, nullptr, false);
  REQUIRE_FALSE(json.is_discarded());
  REQUIRE(json["traces"].size() == 2);
  const auto slice = [&](const Json& where) { return std::span<const float>(view.blob).subspan(where["at"].get<size_t>(), where["n"].get<size_t>()); };
  const auto points = slice(json["traces"][0]["points"]);
  REQUIRE(points.size() == 2500);
  for (size_t k = 0; k < 1250; k += 97) {
    CHECK(points[2 * k] == doctest::Approx(20 + static_cast<double>(k) / 20).epsilon(0.001));
    CHECK(points[2 * k + 1] == doctest::Approx(30 + std::sin(static_cast<double>(k) * 0.05)).epsilon(0.002));
  }
  CHECK(json["traces"][0]["state"] == "good");
  CHECK(json["traces"][1]["state"] == "bad");
  CHECK(slice(json["traces"][1]["doubt"]).size() == 1250 - 400 + 1);
  CHECK(json["verdict"]["headline"].get<std::string>().find("V3") != std::string::npos);
  for (const Json& check : json["checks"]) {
    if (check["id"] == "pulse") CHECK(check["state"] == "bad");        // 5 mm where 10 mm/mV is assumed
    if (check["id"] == "einthoven") CHECK(check["state"] == "unknown");
  }
}

TEST_CASE("corrections are read back as they were sent, and nonsense is wrong usage") {
  const auto options = page_options(
      R"({"mm_per_s":50,"mm_per_mv":20,"layout":"6x2","order":"cabrera","rhythm_lead":"V1","quarter_turns":2,"corners":[1,2,3,4,5,6,7,8],
          "retrace":[{"lead":"V3","through":[10,20,30,40]}]})");
  REQUIRE(options.has_value());
  CHECK(options->mm_per_s == 50);
  CHECK(options->layout == PageLayout::k6x2);
  CHECK(options->order == LeadOrder::kCabrera);
  CHECK(options->rhythm_lead == Lead::kV1);
  CHECK(options->quarter_turns == 2);
  REQUIRE(options->corners.has_value());
  CHECK((*options->corners)[3].y == 8);
  REQUIRE(options->retrace.size() == 1);
  CHECK(options->retrace[0].through[1].x == 30);
  CHECK(page_options("").has_value());
  for (const char* text : {"[", "[]", R"({"mm_per_s":1e9})", R"({"layout":"9x9"})", R"({"corners":[1,2]})", R"({"retrace":[{"lead":"X"}]})",
                           R"({"retrace":[{"lead":"V3","through":[1]}]})", R"({"other":1})", R"({"quarter_turns":7})"})
    CHECK_FALSE(page_options(text).has_value());
}

TEST_CASE("the picture for the screen keeps its shape and its mean") {
  RgbImage picture{1000, 600, {}};
  picture.rgb.resize(1000 * 600 * 3);
  for (size_t i = 0; i < picture.rgb.size(); ++i) picture.rgb[i] = static_cast<uint8_t>(i / 3 % 2 ? 200 : 100);
  const ScreenPicture small = screen_picture(picture, 250);
  CHECK(small.width == 250);
  CHECK(small.height == 150);
  REQUIRE(small.rgba.size() == 250 * 150 * 4);
  CHECK(std::abs(small.rgba[0] - 150) <= 1);
  CHECK(small.rgba[3] == 255);
}

}  // namespace precordia
