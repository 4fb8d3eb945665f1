#include <doctest/doctest.h>

#include "dashboard/answer_card.h"
#include "dashboard/layout.h"
#include "dashboard/theme.h"

using namespace precordia::dashboard;

TEST_CASE("the three windows of the design get the three arrangements") {
  CHECK(lay_out(1280).arrangement == Arrangement::kWide);
  CHECK(lay_out(800).arrangement == Arrangement::kMedium);
  CHECK(lay_out(390).arrangement == Arrangement::kCompact);
  CHECK(lay_out(320).arrangement == Arrangement::kCompact);
}

TEST_CASE("columns and margins fill the window exactly") {
  for (const float width : {320.0f, 390.0f, 640.0f, 800.0f, 1080.0f, 1280.0f, 1920.0f, 3840.0f}) {
    const Frame frame = lay_out(width);
    CHECK(2 * frame.margin + frame.side_column + frame.column_gap + frame.main_column ==
          doctest::Approx(width));
    CHECK(frame.main_column > 250);
  }
}

TEST_CASE("an absurdly narrow window has no negative column") { CHECK(lay_out(10).main_column == 0); }

TEST_CASE("panels come in full rows") {
  CHECK(panels_per_row(800, 100, 8, 6, 12) == 6);
  CHECK(panels_per_row(560, 100, 8, 6, 12) == 4);  // five would fit, but leave a row short
  CHECK(panels_per_row(326, 100, 8, 6, 12) == 3);
  CHECK(panels_per_row(50, 100, 8, 6, 12) == 1);
}

TEST_CASE(
    "text is readable in daylight: contrast of at least 4.5 to 1 on every surface it is used on (WCAG 2.1, "
    "1.4.3)") {
  CHECK(contrast(colour::rgb(0x000000), colour::rgb(0xFFFFFF)) == doctest::Approx(21));
  CHECK(contrast(colour::rgb(0x777777), colour::rgb(0xFFFFFF)) ==
        doctest::Approx(4.48).epsilon(0.005));  // WCAG's own example
  for (const ImU32 surface :
       {colour::kCard, colour::kPage, colour::kSunken, colour::kPaper, colour::kAccentTint}) {
    CHECK(contrast(colour::kInk, surface) >= 4.5);
    CHECK(contrast(colour::kInkSoft, surface) >= 4.5);
    CHECK(contrast(colour::kInkFaint, surface) >= 4.5);
    CHECK(contrast(colour::kAccentDeep, surface) >= 4.5);
  }
  for (const Tone tone : {Tone::kCalm, Tone::kWatch, Tone::kAct, Tone::kUnknown}) {
    CHECK(contrast(tone_colours(tone).strong, tone_colours(tone).tint) >= 4.5);
    CHECK(contrast(tone_colours(tone).strong, colour::kCard) >= 4.5);
  }
  CHECK(contrast(colour::kOnAccent, colour::kAccent) >= 4.5);
  CHECK(contrast(colour::kInkSoft, colour::kActTint) >= 4.5);
  CHECK(contrast(colour::kLineStrong, colour::kCard) >= 3);  // edges of controls (1.4.11)
}

TEST_CASE("an uncertain answer is never printed as 0 or 100 percent") {
  CHECK(percent_text(0.0004) == "< 0.1 %");
  CHECK(percent_text(0.01) == "1.0 %");
  CHECK(percent_text(0.123) == "12 %");
  CHECK(percent_text(0.997) == "> 99 %");
}
