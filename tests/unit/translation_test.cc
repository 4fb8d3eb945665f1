// Languages: the table is whole, and every text that reaches an eye is in it.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/text.h"
#include "base/translate.h"
#include "dashboard/app.h"
#include "dashboard/type_scale.h"
#include "echo/heart.h"
#include "engine/echo_view.h"
#include "engine/examination.h"
#include "report/html.h"

using namespace precordia;

namespace {

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
std::string table_text() { return file_text(PRECORDIA_SOURCE_DIR "/assets/languages.tsv"); }
constexpr const char* kLanguages[] = {"fr", "es", "pt", "sw"};

std::vector<uint8_t> file_bytes(const std::string& path) {
  const std::string text = file_text(path);
  return {text.begin(), text.end()};
}

// What the answer can say: five conditions, with and without symptoms, blood test, echo and history.
constexpr const char* kProfiles[] = {
    "{}",
    R"({"age_years":66,"sex":"M","symptoms":"none"})",
    R"({"age_years":66,"sex":"M","symptoms":"none","nt_probnp_ng_l":900})",
    R"({"age_years":35,"sex":"F","symptoms":"suspected_hf"})",
    R"({"age_years":72,"sex":"F","symptoms":"suspected_hf","nt_probnp_ng_l":90})",
    R"({"age_years":72,"sex":"F","symptoms":"suspected_hf","nt_probnp_ng_l":300,"bnp_ng_l":40})",
    R"({"age_years":72,"sex":"F","symptoms":"suspected_hf","nt_probnp_ng_l":900,"prior_infarction":false})",
    R"({"age_years":72,"sex":"M","breathless":true,"oedema":true,"crackles":true,"prior_infarction":true,"nt_probnp_ng_l":3000,"nyha_class":4,"systolic_mmhg":85,"diastolic_mmhg":60})",
    R"({"age_years":72,"sex":"M","symptoms":"suspected_hf","oedema":true,"bnp_ng_l":20,"diabetes":true,"coronary_disease":true,"diastolic_mmhg":60})",
    R"({"age_years":72,"sex":"M","symptoms":"suspected_hf","oedema":false,"crackles":true,"bnp_ng_l":120,"diastolic_mmhg":110})",
    R"({"age_years":60,"sex":"F","symptoms":"suspected_hf","ef_percent":25})",
    R"({"age_years":60,"sex":"F","symptoms":"suspected_hf","ef_percent":25,"nt_probnp_ng_l":60})",
    R"({"age_years":60,"sex":"F","symptoms":"suspected_hf","ef_percent":45,"nt_probnp_ng_l":2500})",
    R"({"age_years":71,"sex":"F","symptoms":"suspected_hf","ef_percent":62,"nt_probnp_ng_l":700,"height_cm":160,"weight_kg":90,"atrial_fibrillation":true,"blood_pressure_drugs":2,"e_over_e":14,"pasp_mmhg":42,"lavi_ml_m2":44})",
    R"({"age_years":71,"sex":"F","symptoms":"suspected_hf","ef_percent":62})",
    R"({"age_years":71,"sex":"F","symptoms":"suspected_hf","ef_percent":62,"nt_probnp_ng_l":50})",
    R"({"age_years":55,"sex":"M","symptoms":"none","ef_percent":30})",
    R"({"age_years":55,"sex":"M","ef_percent":30})",
    R"({"age_years":55,"sex":"M","symptoms":"none","ef_percent":64,"lvmi_g_m2":140})",
    R"({"age_years":55,"sex":"M","symptoms":"none","ef_percent":64})",
    R"({"age_years":50,"sex":"F","symptoms":"none","systolic_mmhg":160,"blood_pressure_drugs":1,"height_cm":160,"weight_kg":89,"egfr":90,"diabetes":true,"smoker":false,"ancestry":"black","glucose_mg_dl":110,"glucose_treated":true,"total_cholesterol_mg_dl":210,"hdl_cholesterol_mg_dl":50})",
    R"({"age_years":12,"sex":"F"})",
};

// Names of files, sources, versions: nothing to translate.
bool is_no_word(const std::string& text) {
  for (const char* mark : {"doi", "universal definition", "PMC", "PMID", "et al", "NICE NG106", "ESC 2021", ".hea", "models/", "Bozkurt", "AHA/ACC", "JAMA", "Circulation", "AHA", "Apache", "CC BY", "PTB-XL", "Engine 0", "report of",
                           "Sokolow M", "J Electrocardiol", "Macfarlane", "Heart J", "Taylor", "Mant 2009", "Mohamed 2023", "Murkofsky 1998", "Nielsen 2000", "(1"})
    if (text.find(mark) != std::string::npos) return true;
  return false;
}

struct Texts {
  std::set<std::string> all;
  void from_html(const std::string& html) {
    size_t at = html.find("</style>");
    while (at != std::string::npos) {
      const size_t close = html.find('>', at), open = close == std::string::npos ? close : html.find('<', close);
      if (open == std::string::npos) break;
      const std::string text(trim(std::string_view(html).substr(close + 1, open - close - 1)));
      if (!text.empty() && text.find('&') == std::string::npos) all.insert(text);
      at = open;
    }
  }
};

// Everything that the dashboard draws and the report prints for these examinations.
Texts texts_of_everything() {
  Texts texts;
  dashboard::set_translator({});
  dashboard::collect_texts(&texts.all);
  dashboard::App app;
  app.set_fonts({file_bytes(std::string(PRECORDIA_FONT_DIR) + "/IBMPlexSans-Regular.ttf"), file_bytes(std::string(PRECORDIA_FONT_DIR) + "/IBMPlexSans-SemiBold.ttf")});
  double now = 0;
  const auto draw = [&](double width, double height) {
    for (int i = 0; i < 4; ++i) app.frame({width, height, 1}, now += 16);
  };
  draw(1280, 3000);
  draw(390, 3000);
  app.state().screen = dashboard::Screen::kAbout;
  draw(1280, 3000);
  app.state().screen = dashboard::Screen::kStart;
  Examination examination;
  for (const char* condition : {"normal", "lbbb", "lvh_strain", "old_anterior_mi", "af"}) {
    for (const char* profile : kProfiles) {
      examination.begin();
      REQUIRE(examination.load_simulated(condition));
      REQUIRE(examination.set_profile(profile));
      REQUIRE(examination.measure());
      examination.network_failed("The network could not be run on this device.");
      REQUIRE(examination.fuse());
      View view = examination.view();
      app.set_view(view.json, std::move(view.blob));
      app.state().all_criteria = true;
      draw(1280, 4000);
      texts.from_html(examination.report_html("2026-11-25", "0.1.0"));
      const std::string answer = examination.answer_text();
      for (const std::string_view line : split(answer, '\n')) texts.all.insert(std::string(trim(line.starts_with("- ") ? line.substr(2) : line)));
    }
    examination.keep_for_comparison();
    draw(800, 4000);
    for (const auto tab : {dashboard::Tab::kAnswer, dashboard::Tab::kEcg, dashboard::Tab::kMeasures, dashboard::Tab::kNetwork}) {
      app.state().tab = tab;
      draw(390, 4000);
    }
  }
  // Clips beside the last ECG: two that are measured, with every overlay and a correction, and one that is refused.
  test::Heart good(35, 2), normal(60, 1), refused(60, 1, false);
  REQUIRE(good.echo.set_contour(0, good.echo.findings()->clips[0].beats[0].ed_frame, good.echo.findings()->clips[0].frames[0].contour));
  for (const test::Heart* heart : {&good, &normal, &refused}) {
    View view = echo_view(heart->echo);
    app.set_echo(view.json, std::move(view.blob), echo_pixels(heart->echo), false);
    dashboard::EchoState& echo = app.state().echo;
    for (const auto& [width, height] : {std::pair(1280.0, 3000.0), std::pair(390.0, 4000.0)}) {
      for (const auto overlay : {dashboard::EchoOverlay::kNone, dashboard::EchoOverlay::kUncertainty, dashboard::EchoOverlay::kMotion}) {
        echo.overlay = overlay;
        draw(width, height);
      }
      dashboard::begin_editing(echo, true);
      draw(width, height);
      dashboard::end_editing(echo);
      dashboard::step_frames(echo, 1);
      draw(width, height);
    }
    app.state().screen = dashboard::Screen::kResult;
    draw(1280, 3000);
  }
  for (size_t i = 0; i < std::size(dashboard::kConditions); ++i) texts.all.insert({dashboard::kConditions[i].title, dashboard::kConditions[i].hint});
  dashboard::collect_texts(nullptr);
  return texts;
}

}  // namespace

TEST_CASE("languages: every row of the table has every language, with the same gaps") {
  const std::string table = table_text();
  REQUIRE_FALSE(table.empty());
  size_t rows = 0;
  std::set<std::string> keys;
  for (std::string_view line : split(table, '\n')) {
    if (line.empty() || line[0] == '#') continue;
    const auto cells = split(line, '\t');
    CHECK_MESSAGE(cells.size() == 5, std::string(line));
    if (rows++ == 0) continue;
    CHECK_MESSAGE(keys.insert(std::string(cells[0])).second, "twice: " << std::string(cells[0]));
    const auto gaps = [](std::string_view cell) {
      size_t count = 0;
      for (size_t i = 0; i < cell.size(); ++i) count += cell[i] == '{';
      return count;
    };
    for (const std::string_view cell : cells) {
      CHECK_MESSAGE(!trim(cell).empty(), std::string(line));
      CHECK_MESSAGE(gaps(cell) == gaps(cells[0]), std::string(line));
      CHECK(is_valid_utf8(cell));
    }
  }
  CHECK(rows > 200);
}

TEST_CASE("languages: every text of the screens, the report and the answer is in the table") {
  const Texts texts = texts_of_everything();
  const std::string table = table_text();
  const char* dump = std::getenv("PRECORDIA_MISSING_TEXTS");
  std::FILE* out = dump ? std::fopen(dump, "w") : nullptr;
  for (const char* language : kLanguages) {
    const Translator translator = Translator::read(table, language);
    for (const std::string& text : texts.all) {
      if (is_no_word(text) || translator.knows(text)) continue;
      if (out) std::fprintf(out, "%s\t%s\n", language, text.c_str());
      else CHECK_MESSAGE(false, language << ": " << text);
    }
    if (out) break;
  }
  if (out) std::fclose(out);
}
