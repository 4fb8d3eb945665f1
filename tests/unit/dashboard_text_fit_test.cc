// No text of the dashboard is cut or lies over another one, in five languages and at every size that the design names; and the colours of
// the answer stay apart for every kind of colour vision.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/translate.h"
#include "dashboard/app.h"
#include "dashboard/theme.h"
#include "dashboard/type_scale.h"
#include "echo/heart.h"
#include "engine/echo_view.h"
#include "engine/examination.h"

using namespace precordia;
using namespace precordia::dashboard;

namespace {

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
std::vector<uint8_t> file_bytes(const std::string& path) {
  const std::string text = file_text(path);
  return {text.begin(), text.end()};
}

constexpr double kSizes[][2] = {{1280, 800}, {1024, 768}, {800, 1280}, {390, 844}};
constexpr float kRounding = 1;

// What a person would call cut or overwritten on one frame.
std::set<std::string> faults_of(const std::vector<DrawnText>& drawn) {
  std::set<std::string> faults;
  for (const DrawnText& one : drawn) {
    if (one.y1 < one.top || one.y0 > one.bottom) continue;  // scrolled out of sight
    if (one.shortened) faults.insert("shortened: " + one.text);
    if (!one.on_paper && (one.x0 < one.left - kRounding || one.x1 > one.right + kRounding)) faults.insert("cut: " + one.text);
  }
  for (size_t i = 0; i < drawn.size(); ++i)
    for (size_t k = i + 1; k < drawn.size(); ++k) {
      const DrawnText &a = drawn[i], &b = drawn[k];
      if (a.on_paper || b.on_paper || a.top != b.top || a.bottom != b.bottom) continue;  // other layers: dialogs, tooltips
      const float wide = std::min(a.x1, b.x1) - std::max(a.x0, b.x0), high = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
      if (wide > 2 && high > 6) faults.insert("over each other: " + a.text + " | " + b.text);
    }
  return faults;
}

struct Screens {
  App app;
  double now = 0;
  std::map<std::string, std::set<std::string>> faults;  // by fault: where

  Screens() { app.set_fonts({file_bytes(std::string(PRECORDIA_FONT_DIR) + "/IBMPlexSans-Regular.ttf"), file_bytes(std::string(PRECORDIA_FONT_DIR) + "/IBMPlexSans-SemiBold.ttf")}); }
  // A window as high as all there is to see, so that nothing hides under the fold, and one as it really is.
  void look(const std::string& where) {
    for (const auto& [width, height] : kSizes)
      for (const double tall : {height, 7000.0}) {
        std::vector<DrawnText> drawn;
        for (int frame = 0; frame < 4; ++frame) {
          drawn.clear();
          watch_texts(&drawn);
          app.frame({width, tall, 1}, now += 16);
          watch_texts(nullptr);
        }
        for (const std::string& fault : faults_of(drawn)) faults[fault].insert(where + " " + std::to_string(static_cast<int>(width)));
      }
  }
};

struct Examined {
  const char* condition;
  const char* profile;
};
constexpr Examined kExamined[] = {
    {"normal", R"({"age_years":66,"sex":"M","symptoms":"none"})"},
    {"lbbb", R"({"age_years":72,"sex":"M","breathless":true,"oedema":true,"crackles":true,"prior_infarction":true,"nt_probnp_ng_l":3000,"nyha_class":4,"systolic_mmhg":85,"diastolic_mmhg":60,"diabetes":true})"},
    {"lvh_strain", R"({"age_years":71,"sex":"F","symptoms":"suspected_hf","ef_percent":62,"nt_probnp_ng_l":700,"height_cm":160,"weight_kg":90,"atrial_fibrillation":true,"blood_pressure_drugs":2,"e_over_e":14,"pasp_mmhg":42,"lavi_ml_m2":44})"},
    {"old_anterior_mi", R"({"age_years":50,"sex":"F","symptoms":"none","systolic_mmhg":160,"blood_pressure_drugs":1,"height_cm":160,"weight_kg":89,"egfr":90,"diabetes":true,"smoker":false,"ancestry":"black","glucose_mg_dl":110,"glucose_treated":true,"total_cholesterol_mg_dl":210,"hdl_cholesterol_mg_dl":50})"},
    {"af", R"({"age_years":60,"sex":"F","symptoms":"suspected_hf","ef_percent":45})"},
};

}  // namespace

// Under the sanitizers, where it takes six times as long, the longest language alone: what they look for does not depend on the words.
#ifdef __SANITIZE_ADDRESS__
constexpr const char* kFitted[] = {"fr"};
#else
constexpr const char* kFitted[] = {"en", "fr", "es", "pt", "sw"};
#endif

TEST_CASE("text fits: nothing is cut, shortened or overwritten, at four sizes in five languages") {
  const std::string table = file_text(PRECORDIA_SOURCE_DIR "/assets/languages.tsv");
  Screens screens;
  const test::Heart heart(35, 2), refused(60, 1, false);
  for (const char* language : kFitted) {
    const std::string code = std::string(language) + " ";
    set_translator(Translator::read(table, language));
    AppState& state = screens.app.state();
    screens.app.set_view("", {});
    screens.app.set_echo("", {}, {}, false);
    state.screen = Screen::kStart;
    screens.look(code + "start");
    state.screen = Screen::kAbout;
    screens.look(code + "about");
    Examination examination;
    examination.set_language(table, language);
    for (const Examined& one : kExamined) {
      examination.begin();
      REQUIRE(examination.load_simulated(one.condition));
      REQUIRE(examination.set_profile(one.profile));
      REQUIRE(examination.measure());
      examination.network_failed("The network could not be run on this device.");
      REQUIRE(examination.fuse());
      View view = examination.view();
      screens.app.set_view(view.json, std::move(view.blob));
      state.screen = Screen::kResult;
      state.all_criteria = true;
      for (const EvidenceView& item : state.view->evidence) state.open_evidence.insert(item.id);
      for (const Tab tab : {Tab::kAnswer, Tab::kEcg, Tab::kMeasures, Tab::kNetwork}) {
        state.tab = tab;
        screens.look(code + one.condition);
      }
      examination.keep_for_comparison();
    }
    examination.forget_comparison();
    for (const test::Heart* each : {&heart, &refused}) {
      View view = echo_view(each->echo);
      if (!Translator::read(table, language).is_english()) view.json = translated_json(view.json, Translator::read(table, language));
      screens.app.set_echo(view.json, std::move(view.blob), echo_pixels(each->echo), false);
      screens.look(code + "echo");
    }
  }
  set_translator({});
  for (const auto& [fault, places] : screens.faults) {
    std::string where;
    for (const std::string& place : places) where += (where.empty() ? "" : ", ") + place;
    CHECK_MESSAGE(false, fault << "  [" << where << "]");
  }
}

namespace {

// Machado, Oliveira and Fernandes 2009, doi 10.1109/TVCG.2009.113: what a dichromat sees, as a matrix over linear RGB (severity 1.0).
using Matrix = std::array<std::array<double, 3>, 3>;
constexpr Matrix kTrichromat = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
constexpr Matrix kProtanope = {{{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}};
constexpr Matrix kDeuteranope = {{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}};
constexpr Matrix kTritanope = {{{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}};

std::array<double, 3> times(const Matrix& m, const std::array<double, 3>& v) {
  std::array<double, 3> out{};
  for (size_t i = 0; i < 3; ++i) out[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
  return out;
}

// CIE L*a*b* under D65 of an sRGB colour (IEC 61966-2-1) as it is seen through `vision`.
std::array<double, 3> lab(ImU32 colour, const Matrix& vision) {
  std::array<double, 3> linear{};
  for (size_t i = 0; i < 3; ++i) {
    const double value = ((colour >> (8 * i)) & 255) / 255.0;
    linear[i] = value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  }
  linear = times(vision, linear);
  for (double& value : linear) value = std::clamp(value, 0.0, 1.0);
  const Matrix to_xyz = {{{0.4124564, 0.3575761, 0.1804375}, {0.2126729, 0.7151522, 0.0721750}, {0.0193339, 0.1191920, 0.9503041}}};
  std::array<double, 3> xyz = times(to_xyz, linear);
  const std::array<double, 3> white = {0.95047, 1, 1.08883};
  for (size_t i = 0; i < 3; ++i) {
    const double t = xyz[i] / white[i];
    xyz[i] = t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116;
  }
  return {116 * xyz[1] - 16, 500 * (xyz[0] - xyz[1]), 200 * (xyz[1] - xyz[2])};
}

}  // namespace

TEST_CASE("colours: the four tones of an answer stay apart for every kind of colour vision") {
  constexpr double kLeastDifference = 20;  // CIE 1976; 2.3 is just noticeable
  const Tone tones[] = {Tone::kCalm, Tone::kWatch, Tone::kAct, Tone::kUnknown};
  const std::pair<const char*, Matrix> visions[] = {
      {"trichromat", kTrichromat}, {"protanope", kProtanope}, {"deuteranope", kDeuteranope}, {"tritanope", kTritanope}};
  double least = 1e9;
  for (const auto& [name, vision] : visions)
    for (size_t i = 0; i < 4; ++i)
      for (size_t k = i + 1; k < 4; ++k) {
        const auto a = lab(tone_colours(tones[i]).strong, vision), b = lab(tone_colours(tones[k]).strong, vision);
        const double difference = std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
        least = std::min(least, difference);
        CHECK_MESSAGE(difference >= kLeastDifference, name << ": " << i << " and " << k << " differ by " << difference);
      }
  MESSAGE("least CIE difference between two tones: " << least);
}
