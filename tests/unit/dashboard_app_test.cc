// The dashboard without a window: Dear ImGui runs as it does in the browser, nothing is drawn on a screen.
// What is checked is what a person could notice: that every screen draws at every size, that it comes to
// rest, and that controls do what they say.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

#include "dashboard/answer_card.h"
#include "dashboard/app.h"
#include "dashboard/imgui_headers.h"
#include "dashboard/paper_view.h"

using namespace precordia::dashboard;

namespace {

std::vector<uint8_t> file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

FontFiles faces() {
  const std::string folder = PRECORDIA_FONT_DIR;
  return {file_bytes(folder + "/IBMPlexSans-Regular.ttf"), file_bytes(folder + "/IBMPlexSans-SemiBold.ttf")};
}

// A view with long texts, and twelve leads of which one is noisy, one absent.
std::string example_view(bool simulated) {
  std::string json =
      R"({"disclaimer": "Decision support for research, not a medical device.", "rhythm": "Sinus rhythm, regular",
    "input": {"name": "a-rather-long-file-name-from-a-clinic-recorder-2024-11-03.hea", "summary": "12 leads · 10.0 s · 500 Hz",
              "patient": "63 y, female", "simulated": )";
  json += simulated ? "true" : "false";
  json +=
      R"(}, "answer": {"tone": "watch", "headline": "Possible structural heart disease on this ECG", "sentence": "One or two sentences.",
    "probability": 0.2, "low": 0.1, "high": 0.4, "prior": 0.08, "target": "LV systolic dysfunction, EF < 50 %"},
    "next_step": {"headline": "Measure NT-proBNP", "steps": ["One.", "Two."], "urgent": true},
    "evidence": [{"id": "a", "label": "A finding", "value": "1.2", "scale": "lvsd", "direction": "for", "counted": true, "decibans": 3}],
    "measurements": [{"label": "QRS duration", "unit": "ms", "text": "148", "value": 148, "normal": "70-110", "status": "high"}],
    "criteria": [{"id": "c", "label": "Sokolow-Lyon voltage", "met": true}],
    "quality": [{"lead": "V3", "usable": false, "issue": "noise"}],
    "network": {"outputs": [{"id": "superclass/MI", "group": "superclass", "title": "Infarction", "probability": 0.3, "screening": 0.2, "flag": "screening"}],
                "maps": [{"output_id": "superclass/MI", "title": "Infarction", "relevance": {"at": 0, "n": 25}, "start_s": 0.2, "step_s": 0.4}]},
    "ecg": {"sample_rate_hz": 500, "samples": 5000, "beats": [{"class": "ventricular_ectopic", "r": 500, "qrs_on": 480}], "leads": [)";
  const char* const names[] = {"I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5"};
  for (const char* name : names) {
    if (name != names[0]) json += ",";
    json +=
        std::string(R"({"name": ")") + name + R"(", "origin": "recorded", "trace": {"at": 0, "n": 5000}})";
  }
  return json +
         R"(], "median": {"beats_used": 9, "r_index": 200, "leads": [{"name": "II", "trace": {"at": 0, "n": 400}}]}}})";
}

std::vector<float> example_blob() {
  std::vector<float> blob(5000);
  for (size_t i = 0; i < blob.size(); ++i) blob[i] = std::sin(static_cast<float>(i) * 0.02f);
  return blob;
}

struct Window {
  App app;
  WindowSize size;
  double now_ms = 0;

  Window(double width, double height, double ratio) : size{width, height, ratio} {
    app.set_fonts(faces());
    settle();
  }
  // Draws until nothing more is wanted, as the host does. Returns the frames drawn, at most 200.
  int settle() {
    int frames = 0;
    bool more = true;
    while (more && frames < 200) {
      now_ms += 16;
      more = app.frame(size, now_ms);
      ++frames;
    }
    return frames;
  }
  void show(bool simulated = false) {
    app.set_view(example_view(simulated), example_blob());
    settle();
  }
  void key(const std::string& name) {
    app.key({name, true});
    settle();
    app.key({name, false});
    settle();
  }
  void click(double x, double y) {
    app.pointer({PointerKind::kMouse, PointerPhase::kMove, 1, x, y, now_ms});
    settle();
    app.pointer({PointerKind::kMouse, PointerPhase::kDown, 1, x, y, now_ms});
    settle();
    app.pointer({PointerKind::kMouse, PointerPhase::kUp, 1, x, y, now_ms});
    settle();
  }
  void tap(double x, double y) {
    app.pointer({PointerKind::kTouch, PointerPhase::kDown, 7, x, y, now_ms});
    app.pointer({PointerKind::kTouch, PointerPhase::kUp, 7, x, y, now_ms + 40});
    settle();
  }
};

}  // namespace

TEST_CASE("every screen draws at every size and then asks for no more frames") {
  for (const auto& [width, height, ratio] :
       {std::tuple(1280, 800, 1.0), std::tuple(800, 1280, 1.5), std::tuple(390, 844, 3.0),
        std::tuple(320, 480, 2.0), std::tuple(2560, 1440, 1.0)}) {
    CAPTURE(width);
    Window window(width, height, ratio);
    CHECK(window.settle() <= 4);
    CHECK(ImGui::GetDrawData()->TotalVtxCount > 1000);
    window.show();
    CHECK(window.app.state().screen == Screen::kResult);
    CHECK(window.settle() <= 4);
    for (const Tab tab : {Tab::kAnswer, Tab::kEcg, Tab::kMeasures, Tab::kNetwork}) {
      window.app.state().tab = tab;
      window.app.set_error(
          "Something went wrong with a sentence that is long enough to be wrapped on a telephone.");
      window.settle();
    }
    window.app.state().screen = Screen::kAbout;
    window.app.set_status(R"({"provider": "wasm", "threads": 2})");
    CHECK(window.settle() <= 5);
  }
}

TEST_CASE("what is drawn stays within the window") {
  Window window(390, 844, 2);
  window.show(true);
  for (const ImDrawList* list : ImGui::GetDrawData()->CmdLists) {
    for (const ImDrawCmd& command : list->CmdBuffer) {
      CHECK(command.ClipRect.z <= 390.5f);
      CHECK(command.ClipRect.w <= 844.5f);
    }
  }
}

TEST_CASE("an empty view and a view that cannot be read crash nothing") {
  Window window(1280, 800, 1);
  window.app.set_view("{}", {});
  window.settle();
  CHECK(window.app.state().screen == Screen::kResult);
  window.app.set_view("nonsense", {});
  window.settle();
  CHECK_FALSE(window.app.state().error.empty());
  CHECK(window.app.state().view.has_value());  // the result that was there is not lost
}

TEST_CASE("keys send the host's commands") {
  Window window(1280, 800, 1);
  window.key("o");
  CHECK(window.app.take_commands() == R"([{"command":"open"}])");
  window.key("d");
  CHECK(window.app.take_commands() == R"([{"command":"demo","condition":"normal"}])");
  window.key("p");
  CHECK(window.app.take_commands() == "[]");  // nothing to print yet
  window.show();
  window.key("p");
  CHECK(window.app.take_commands() == R"([{"command":"print"}])");
  window.key("2");
  CHECK(window.app.state().paper.settings.speed_mm_per_s == 50);
  window.key("+");
  CHECK(window.app.state().paper.settings.gain_mm_per_mv == 20);
  window.key("s");
  CHECK_FALSE(window.app.state().paper.relevance_on);
}

TEST_CASE("no single key takes a result off the screen") {
  Window window(1280, 800, 1);
  window.show();
  for (const Screen screen : {Screen::kResult, Screen::kAbout}) {
    window.app.state().screen = screen;
    window.key("d");
    window.key("D");
    CHECK(window.app.take_commands() == "[]");
    CHECK(window.app.state().view.has_value());
  }
}

TEST_CASE("attention lies over the trace unasked only for a flagged finding that is not reassuring") {
  Window window(1280, 800, 1);
  const auto shown = [&](const std::string& from, const std::string& to) {
    std::string json = example_view(false);
    const size_t at = json.find(from);
    REQUIRE(at != std::string::npos);
    window.app.clear_view();
    window.app.set_view(json.replace(at, from.size(), to), example_blob());
    window.settle();
    return window.app.state().paper.relevance_on;
  };
  CHECK(shown("watch", "watch"));
  CHECK_FALSE(shown(R"("flag": "screening")", R"("flag": "none")"));
  CHECK_FALSE(shown(R"({"output_id": "superclass/MI",)", R"({"output_id": "form/ABQRS",)"));
  CHECK_FALSE(shown(R"({"output_id":)", R"({"reassuring": true, "output_id":)"));
  CHECK_FALSE(shown(R"({"tone": "watch",)", R"({"phenotype": "cannot_tell", "tone": "watch",)"));
  // What the reader has chosen outlives a new profile or filter.
  CHECK(shown("watch", "watch"));
  window.key("s");
  window.show();
  CHECK_FALSE(window.app.state().paper.relevance_on);
}

TEST_CASE("the reason why there is no answer is told once, and both scales draw in either order") {
  const auto vertices = [](const std::string& answer) {
    Window window(800, 2400, 1);
    std::string json = example_view(false);
    const std::string from = R"({"tone": "watch",)";
    window.app.set_view(json.replace(json.find(from), from.size(), "{" + answer), example_blob());
    CHECK(window.settle() <= 4);
    return ImGui::GetDrawData()->TotalVtxCount;
  };
  const std::string reason = R"("phenotype": "cannot_tell", "cannot_tell_because": )";
  const int once = vertices(reason + R"("One or two sentences.",)");
  CHECK(vertices(reason + R"("Another reason, told beside it.",)") > once);
  const std::string scales = R"("hf_probability": 0.3, "hf_low": 0.1, "hf_high": 0.5, "hf_prior": 0.09,)";
  CHECK(vertices(R"("phenotype": "heart_failure_possible",)" + scales) ==
        vertices(R"("phenotype": "lvsd_possible",)" + scales));
}

TEST_CASE("percentages have one decimal below ten, and never claim certainty") {
  CHECK(percent_text(0.0154) == "1.5 %");
  CHECK(percent_text(0.0994) == "9.9 %");
  CHECK(percent_text(0.0996) == "10 %");
  CHECK(percent_text(0.236) == "24 %");
  CHECK(percent_text(0.0001) == "< 0.1 %");
  CHECK(percent_text(0.999) == "> 99 %");
}

TEST_CASE("the host says which provider was asked for") {
  Window window(800, 600, 1);
  window.app.set_status(R"({"provider": "wasm", "provider_choice": "wasm"})");
  CHECK(window.app.state().provider_choice == 1);
  window.app.set_status(R"({"provider": "wasm"})");
  CHECK(window.app.state().provider_choice == 1);  // not told: left as it was
  window.app.set_status(R"({"provider": "wasm", "provider_choice": "auto"})");
  CHECK(window.app.state().provider_choice == 0);
}

TEST_CASE("Tab reaches a control and Enter uses it") {
  Window window(1280, 800, 1);
  for (int i = 0; i < 12 && window.app.state().commands.empty(); ++i) {
    window.key("Tab");
    window.key("Enter");
    if (window.app.state().screen == Screen::kAbout) window.key("Escape");
  }
  CHECK_FALSE(window.app.state().commands.empty());
}

TEST_CASE("while the engine works nothing behind the overlay can be used, and Escape cancels") {
  Window window(1280, 800, 1);
  window.app.set_progress(R"({"stage": "Reading", "fraction": 0.5, "cancellable": true})");
  window.settle();
  window.click(355, 420);  // where the start screen's button is
  window.key("o");
  CHECK(window.app.take_commands() == "[]");
  window.key("Escape");
  CHECK(window.app.take_commands() == R"([{"command":"cancel"}])");
}

TEST_CASE("a moving bar keeps drawing, unless motion is unwanted") {
  Window window(800, 600, 1);
  window.app.set_progress(R"({"stage": "Reading", "fraction": null})");
  CHECK(window.settle() == 200);
  window.app.set_reduced_motion(true);
  CHECK(window.settle() <= 4);
}

TEST_CASE("a finger throws the page and it comes to rest; with reduced motion it stays where it is let go") {
  for (const bool reduced : {false, true}) {
    Window window(390, 844, 2);
    window.app.set_reduced_motion(reduced);
    window.show();
    window.app.state().tab = Tab::kEcg;  // the longest page
    window.settle();
    const ScrollArea* area = &window.app.ui().scrolls.at(window.app.ui().last_scroll_order.back());
    for (int i = 0; i <= 8; ++i) {
      const double y = 700 - 20.0 * i;
      window.app.pointer({PointerKind::kTouch, i == 0 ? PointerPhase::kDown : PointerPhase::kMove, 7, 200, y,
                          1000 + 16.0 * i});
      window.app.frame(window.size, window.now_ms += 16);
    }
    window.app.frame(window.size, window.now_ms += 16);
    const float let_go = area->y;
    CHECK(let_go == doctest::Approx(160).epsilon(0.02));
    window.app.pointer({PointerKind::kTouch, PointerPhase::kUp, 7, 200, 540, 1132});
    CHECK(window.settle() < 200);
    if (reduced)
      CHECK(area->y == doctest::Approx(let_go));
    else
      CHECK(area->y > let_go + 100);
  }
}

TEST_CASE("a tap presses what is under it, a finger that scrolls does not") {
  Window window(390, 844, 2);
  window.show();
  window.tap(146, 108);
  CHECK(window.app.state().tab == Tab::kEcg);
  window.app.pointer({PointerKind::kTouch, PointerPhase::kDown, 7, 240, 108, 5000});
  window.app.pointer({PointerKind::kTouch, PointerPhase::kMove, 7, 240, 208, 5050});
  window.app.pointer({PointerKind::kTouch, PointerPhase::kUp, 7, 240, 208, 5400});
  window.settle();
  CHECK(window.app.state().tab == Tab::kEcg);
}

TEST_CASE("the wheel scrolls what it is over, and with Ctrl zooms the paper") {
  Window window(1280, 800, 1);
  window.show();
  window.app.wheel(900, 400, 0, 120, false);
  window.settle();
  CHECK(window.app.ui().scrolls.at(window.app.ui().last_scroll_order[1]).y == doctest::Approx(120));
  CHECK(window.app.ui().scrolls.at(window.app.ui().last_scroll_order[0]).y == 0);
  const double before = window.app.state().paper.shown_px_per_mm;
  window.app.wheel(900, 300, 0, -100, true);
  window.settle();
  CHECK(window.app.state().paper.zoom == Zoom::kFree);
  CHECK(window.app.state().paper.shown_px_per_mm > before);
}

TEST_CASE("zooming keeps the millimetre under the pointer where it is") {
  PaperState paper;
  paper.shown_px_per_mm = 4;
  paper.pan_px = 100;
  const double mm = (paper.pan_px + 250) / paper.shown_px_per_mm;
  zoom_paper(paper, 1.5, 250);
  CHECK((paper.pan_px + 250) / paper.shown_px_per_mm == doctest::Approx(mm));
}

TEST_CASE("another pixel density rebuilds the faces, and letters keep their size") {
  Window window(800, 600, 1);
  CHECK(window.app.take_fonts_changed());
  const float width = text_width(Type::kBody, "The quick brown fox");
  window.size.device_pixel_ratio = 2;
  window.settle();
  CHECK(window.app.take_fonts_changed());
  CHECK(text_width(Type::kBody, "The quick brown fox") ==
        doctest::Approx(width).epsilon(0.08));  // whole pixels
  window.settle();
  CHECK_FALSE(window.app.take_fonts_changed());
}

TEST_CASE("numbers line up: every digit is as wide as every other") {
  Window window(800, 600, 1);
  for (int i = 0; i < kTypeCount; ++i) {
    const Type type = static_cast<Type>(i);
    for (char digit = '1'; digit <= '9'; ++digit)
      CHECK(text_width(type, std::string(1, digit)) == text_width(type, "0"));
  }
}

TEST_CASE("wrapped text breaks at spaces, never within a number, a unit or a DOI") {
  Window window(800, 600, 1);
  const std::string doi = "doi 10.1136/bmj.312.7025.222";
  CHECK(paragraph_height(Type::kBody, doi, text_width(Type::kBody, doi) - 4) == 2 * line_height(Type::kBody));
  const float narrow = text_width(Type::kBody, "EF below 50") + 2;
  CHECK(paragraph_width(Type::kBody, "EF below 50 %", narrow) <
        narrow - 10);  // "50 %" goes to the next line together
  CHECK(paragraph_height(Type::kBody, "", 100) == 0);
  CHECK(paragraph_height(Type::kBody, "Averylongwordwithoutanyspaceinit", 60) > line_height(Type::kBody));
}

TEST_CASE("a file that is no font is refused, and the dashboard still draws") {
  CHECK(ttf_height_per_em({}) == 0);
  CHECK(ttf_height_per_em(std::vector<uint8_t>(64, 0)) == 0);
  App app;
  app.set_fonts({{1, 2, 3}, {}});
  app.frame({800, 600, 1}, 16);
  CHECK(ImGui::GetDrawData()->TotalVtxCount > 0);
}
