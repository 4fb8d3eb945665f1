// The digitiser on pages that the project prints itself: tests/pages/page_renderer.h.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "paper/digitise.h"
#include "paper/grid_lattice.h"
#include "paper/hand_marks.h"
#include "paper/lead_algebra.h"
#include "pages/page_renderer.h"
#include "signal/simulated_patient.h"

using namespace precordia;
using namespace precordia::pages;

namespace {

const EcgRecord& patient() {
  static const EcgRecord record = simulate_patient({}).record;
  return record;
}

}  // namespace

TEST_CASE("a printed page of 3 rows, 4 columns and a rhythm row gives back its twelve leads in place and in millivolts") {
  PageStyle style;
  style.px_per_mm = 6;
  const PrintedPage page = render_page(patient(), style);
  const auto read = digitise(page.image);
  REQUIRE(read.has_value());
  CHECK(read->layout == PageLayout::k3x4Plus1);
  CHECK(read->mm_per_mv == 10);
  CHECK(read->gain_known == KnownFrom::kPulse);
  CHECK(read->px_per_mm_x == doctest::Approx(6).epsilon(0.005));
  CHECK(read->record.lead_count() == 12);
  CHECK(snr_db(page.truth, read->record, false) > 16);
  CHECK(read->quality.einthoven_residual < 0.2);
  for (const LeadTrace& trace : read->traces) CHECK(trace.centreline.size() == trace.confidence.size());
}

TEST_CASE("crisp lines a whole, even number of pixels apart are a grid like any other") {
  for (const double px_per_mm : {8.0, 10.0}) {
    CAPTURE(px_per_mm);
    PageStyle style;
    style.px_per_mm = px_per_mm;
    const PrintedPage page = render_page(patient(), style);
    const auto read = digitise(page.image);
    REQUIRE(read.has_value());
    CHECK(read->layout == PageLayout::k3x4Plus1);
    CHECK(read->mm_per_mv == 10);
    CHECK(read->px_per_mm_x == doctest::Approx(px_per_mm).epsilon(0.005));
    CHECK(read->px_per_mm_y == doctest::Approx(px_per_mm).epsilon(0.005));
    CHECK(snr_db(page.truth, read->record, false) > 16);
  }
}

TEST_CASE("a beat that a lead's name is printed over is read") {
  EcgRecord record = patient();
  for (auto& lead : record.mv) std::rotate(lead.begin(), lead.begin() + 340, lead.end());   // V4's first beat stands behind its name
  PageStyle style;
  style.px_per_mm = 6;
  style.mm_per_mv = 20;
  style.row_mm = 36;
  const PrintedPage page = render_page(record, style);
  const auto read = digitise(page.image);
  REQUIRE(read.has_value());
  const auto &is = read->record.lead(Lead::kV4), &was = page.truth.lead(Lead::kV4);
  double most = 0;
  const size_t begin = static_cast<size_t>(7.5 * record.sample_rate_hz);
  for (size_t k = begin + 10; k < begin + 250; ++k)
    if (!std::isnan(is[k])) most = std::max<double>(most, std::abs(is[k] - was[k]));
  CHECK(most < 0.5);   // mV; 0.9 where the path went along the name
}

TEST_CASE("stems of a lead's name that cross its trace are not read as strokes where the other leads say so") {
  PageStyle style;
  style.px_per_mm = 6;
  style.names = false;
  PrintedPage page = render_page(patient(), style);
  const double zero_mm = style.margin_mm + 2.5 * style.row_mm, begin_mm = style.margin_mm + 9;
  for (const double at_mm : {4.0, 5.0, 6.0})   // "III" on the third row
    for (int y = static_cast<int>((zero_mm - 1.8) * 6); y < static_cast<int>((zero_mm + 1.2) * 6); ++y)
      for (int x = 0; x < 2; ++x)
        for (int c = 0; c < 3; ++c) page.image.rgb[(static_cast<size_t>(y) * page.image.width + static_cast<size_t>((begin_mm + at_mm) * 6) + x) * 3 + c] = 20;
  const auto read = digitise(page.image);
  REQUIRE(read.has_value());
  REQUIRE(read->layout == PageLayout::k3x4Plus1);
  double most = 0;
  const auto &is = read->record.lead(Lead::kIII), &was = page.truth.lead(Lead::kIII);
  for (size_t k = 60; k < 140; ++k)
    if (!std::isnan(is[k])) most = std::max<double>(most, std::abs(is[k] - was[k]));
  CHECK(most < 0.08);
}

TEST_CASE("gain 5 mm/mV is read from the calibration pulse") {
  PageStyle style;
  style.px_per_mm = 6;
  style.mm_per_mv = 5;
  style.layout = PageLayout::k6x2;
  style.row_mm = 20;
  const PrintedPage page = render_page(patient(), style);
  const auto read = digitise(page.image);
  REQUIRE(read.has_value());
  CHECK(read->layout == PageLayout::k6x2);
  CHECK(read->mm_per_mv == 5);
  CHECK(snr_db(page.truth, read->record, true) > 13);
}

TEST_CASE("pulses that end where the next row's stand give gain and speed though no row's path runs over them") {
  for (const bool left : {true, false}) {
    CAPTURE(left);
    PageStyle style;
    style.px_per_mm = 6;
    style.layout = PageLayout::k12x1;
    style.mm_per_mv = 20;
    style.row_mm = 22.5;
    style.pulse_on_left = left;
    const PrintedPage page = render_page(patient(), style);
    const auto read = digitise(page.image);
    REQUIRE(read.has_value());
    CHECK(read->mm_per_mv == 20);
    CHECK(read->gain_known == KnownFrom::kPulse);
    CHECK(read->speed_known == KnownFrom::kPulse);
    CHECK(read->quality.pulse_mm.value() == doctest::Approx(20).epsilon(0.01));
    CHECK(snr_db(page.truth, read->record, false) > 6);   // in place: the signal begins behind the gap, not at the pulse
  }
}

TEST_CASE("columns behind pulses of their own begin there, at once or one after the other as their beats say") {
  for (const bool at_once : {true, false}) {
    CAPTURE(at_once);
    PageStyle style;
    style.px_per_mm = 6;
    style.layout = PageLayout::k6x2;
    style.row_mm = 20;
    style.pulse_per_column = true;
    style.columns_at_once = at_once;
    style.column_s = 3.7;
    const PrintedPage page = render_page(patient(), style);
    const auto read = digitise(page.image);
    REQUIRE(read.has_value());
    CHECK(read->layout == PageLayout::k6x2);
    CHECK(snr_db(page.truth, read->record, true) > 16);
    for (const LeadTrace& trace : read->traces)
      CHECK(trace.start_s == doctest::Approx(at_once || index_of(trace.lead) < index_of(Lead::kV1) ? 0 : 3.7).epsilon(0.01));
  }
}

TEST_CASE("a photograph at an angle, in half shade and curled is read as the page that it shows") {
  PageStyle style;
  style.px_per_mm = 6;
  const PrintedPage page = render_page(patient(), style);
  const auto read = digitise(photograph_page(page.image, {}));
  REQUIRE(read.has_value());
  CHECK(read->layout == PageLayout::k3x4Plus1);
  CHECK(snr_db(page.truth, read->record, true) > 10);
}

TEST_CASE("a page with a dotted grid on a dark table is found, and the table's edge is no trace") {
  PageStyle style;
  style.px_per_mm = 200 / 25.4;
  style.dots = true;
  style.grid_colour = {150, 205, 160};
  const PrintedPage page = render_page(patient(), style);
  const auto read = digitise(photograph_page(page.image, {0.15, 4, 3, 0.45, 1, 6, 1, 1}));
  REQUIRE(read.has_value());
  CHECK(read->layout == PageLayout::k3x4Plus1);
  CHECK(snr_db(page.truth, read->record, true) > 15);
}

TEST_CASE("leads of one moment that stand apart in time are brought together, leads that break the equation are not") {
  const EcgRecord record = patient();
  const auto three = [&](double late_s, double extra) {
    LeadPlan plan;
    std::vector<std::vector<float>> mv;
    for (const Lead lead : {Lead::kI, Lead::kII, Lead::kIII}) {
      LeadStretch stretch;
      stretch.lead = lead;
      plan.stretches.push_back(stretch);
      std::vector<float> v(1250);
      const double late = lead == Lead::kII ? late_s : 0;
      for (size_t k = 0; k < v.size(); ++k) {
        v[k] = record.lead(lead)[static_cast<size_t>(std::lround(static_cast<double>(k) + 100 - late * 500))];
        if (lead == Lead::kIII) v[k] += static_cast<float>(extra) * record.lead(Lead::kV2)[k];
      }
      mv.push_back(std::move(v));
    }
    std::vector<std::vector<float>> sure(3, std::vector<float>(1250, 1));
    measure_residuals(mv, plan);
    const double before = plan.einthoven;
    align_by_algebra(plan, mv, sure);
    measure_residuals(mv, plan);
    return std::array<double, 3>{before, plan.einthoven, plan.stretches[1].moved.empty() ? 0 : plan.stretches[1].moved[600] - plan.stretches[0].moved[600]};
  };
  const auto apart = three(0.02, 0);
  CHECK(apart[0] > 0.3);
  CHECK(apart[1] < 0.4 * apart[0]);
  CHECK(apart[2] == doctest::Approx(10).epsilon(0.3));   // samples
  const auto broken = three(0, 0.5);
  CHECK(broken[0] > 0.3);
  CHECK(broken[2] == 0);
}

TEST_CASE("what is misread at the end of a lead does not draw all leads of the moment along time") {
  const EcgRecord record = patient();
  LeadPlan plan;
  std::vector<std::vector<float>> mv;
  for (const auto& [lead, rhythm] : {std::pair{Lead::kI, false}, {Lead::kII, false}, {Lead::kIII, false}, {Lead::kII, true}}) {
    LeadStretch stretch;
    stretch.lead = lead, stretch.rhythm_row = rhythm;
    plan.stretches.push_back(stretch);
    const std::vector<float>& v = record.lead(lead);
    mv.emplace_back(v.begin(), v.begin() + (rhythm ? 2500 : 1250));
  }
  for (size_t k = 1200; k < 1250; ++k) mv[1][k] += 0.008f * static_cast<float>(k - 1200);
  std::vector<std::vector<float>> sure;
  for (const auto& v : mv) sure.emplace_back(v.size(), 1.f);
  align_by_algebra(plan, mv, sure);
  for (size_t k = 0; k < plan.stretches[0].moved.size(); k += 50) {
    double mean = 0;   // samples
    for (size_t lead = 0; lead < 3; ++lead) mean += plan.stretches[lead].moved[k] / 3;
    CHECK(std::abs(mean) < 1);
  }
}

TEST_CASE("long rows without a pulse are taken for 50 mm/s, and that is said") {
  PageStyle style;
  style.layout = PageLayout::k3x4;
  style.px_per_mm = 5;
  style.mm_per_s = 50;
  style.pulse = false;
  const PrintedPage page = render_page(patient(), style);
  const auto read = digitise(page.image);
  REQUIRE(read.has_value());
  CHECK(read->mm_per_s == 50);
  CHECK(read->speed_known == KnownFrom::kGeometry);
  CHECK(snr_db(page.truth, read->record, true) > 10);
  CHECK(std::any_of(read->notes.begin(), read->notes.end(), [](const std::string& note) { return note.find("50 mm/s was taken") != std::string::npos; }));
}

TEST_CASE("tall strokes do not bend the grid beside them") {
  constexpr double kMm = 8;
  for (const auto& [strokes, gap, period] : {std::tuple{4, 12.0, 150.0}, {3, 18.0, 120.0}}) {
    CAPTURE(gap);
    Plane ink(1600, 1000);
    const auto line = [](double at, double pitch, double half) { return std::clamp(0.5 + half - std::abs(at / pitch - std::round(at / pitch)) * pitch, 0.0, 1.0); };
    for (int y = 0; y < ink.height; ++y)
      for (int x = 0; x < ink.width; ++x)
        ink.row(y)[x] = static_cast<float>(std::max({0.12 * line(x, kMm, 0.6), 0.12 * line(y, kMm, 0.6), 0.3 * line(x, 5 * kMm, 0.9), 0.3 * line(y, 5 * kMm, 0.9)}));
    for (int group = 0; group < 5; ++group)
      for (int stroke = 0; stroke < strokes; ++stroke)
        for (int y = 60; y < 760; ++y) {
          const double centre = 800 + group * period + stroke * gap + 0.012 * (y - 60) * (stroke % 2 ? 1 : -1);
          for (int x = static_cast<int>(centre) - 4; x < static_cast<int>(centre) + 5 && x < ink.width; ++x)
            ink.row(y)[x] = std::max(ink.at(x, y), static_cast<float>(std::clamp(2 - std::abs(x - centre), 0.0, 1.0)));
        }
    const auto lattice = find_grid(std::move(ink));
    REQUIRE(lattice.has_value());
    std::vector<double> off;   // mm along x, of nodes within the picture
    const PageMapping& map = lattice->mapping;
    for (int r = 0; r < map.rows; ++r)
      for (int c = 0; c < map.columns; ++c)
        if (const ImagePoint& p = map.nodes[static_cast<size_t>(r) * map.columns + c]; p.x > 0 && p.y > 0 && p.x < 1600 && p.y < 1000)
          off.push_back(p.x / kMm - (map.origin_x_mm + map.step_mm * c));
    const double usual = percentile(off, 0.5);
    for (const double o : off) CHECK(std::abs(o - usual) < 0.3);
  }
}

TEST_CASE("a page whose leads contradict each other is refused, and read when the user has said what it is") {
  EcgRecord record = patient();
  std::reverse(record.mv[index_of(Lead::kII)].begin(), record.mv[index_of(Lead::kII)].end());
  for (float& v : record.mv[index_of(Lead::kAVR)]) v = -v;
  PageStyle style;
  style.layout = PageLayout::k3x4;
  style.px_per_mm = 6;
  const PrintedPage page = render_page(record, style);
  const auto refused = digitise(page.image);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("contradict each other") != std::string::npos);
  DigitiseOptions said;
  said.layout = PageLayout::k3x4;
  CHECK(digitise(page.image, said).has_value());
}

TEST_CASE("corners set by hand keep out what lies beside the page, and a point set by hand is on the trace") {
  PageStyle style;
  style.px_per_mm = 6;
  const PrintedPage page = render_page(patient(), style);
  const auto plain = digitise(page.image);
  REQUIRE(plain.has_value());
  InkPlanes ink{.trace = Plane(40, 30, 1), .grid = Plane(40, 30, 1)};
  keep_inside(ink, {ImagePoint{10, 5}, ImagePoint{30, 5}, ImagePoint{30, 20}, ImagePoint{10, 20}});
  for (const Plane* plane : {&ink.trace, &ink.grid}) {
    CHECK(plane->at(20, 10) == 1);
    for (const auto& [x, y] : {std::pair{5, 10}, {35, 10}, {20, 2}, {20, 25}}) CHECK(plane->at(x, y) == 0);
  }

  // 3 mm above the resting line of lead II's first stretch, one second in
  const auto trace = std::find_if(plain->traces.begin(), plain->traces.end(), [](const LeadTrace& t) { return t.lead == Lead::kII && !t.rhythm_row; });
  REQUIRE(trace != plain->traces.end());
  const size_t at = 500;
  REQUIRE(trace->centreline.size() > at);
  DigitiseOptions pulled;
  const double px = 3 * plain->px_per_mm_y;
  pulled.retrace = {{Lead::kII, {{trace->centreline[at].x, trace->centreline[at].y - px}}}};
  const auto changed = digitise(page.image, pulled);
  REQUIRE(changed.has_value());
  const auto again = std::find_if(changed->traces.begin(), changed->traces.end(), [](const LeadTrace& t) { return t.lead == Lead::kII && !t.rhythm_row; });
  REQUIRE(again != changed->traces.end());
  double nearest = INFINITY;
  for (const ImagePoint& p : again->centreline)
    if (std::abs(p.x - trace->centreline[at].x) < 2) nearest = std::min(nearest, std::abs(p.y - (trace->centreline[at].y - px)));
  CHECK(nearest < 6);
}

TEST_CASE("a picture without a grid is refused with what to do about it") {
  RgbImage white{900, 600, std::vector<uint8_t>(900 * 600 * 3, 240)};
  const auto read = digitise(white);
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == ErrorCode::kUnusable);
  CHECK(read.error().message.find("grid") != std::string::npos);
  CHECK_FALSE(digitise(RgbImage{10, 10, std::vector<uint8_t>(300)}).has_value());
  CHECK_FALSE(digitise(RgbImage{900, 600, {}}).has_value());
}
