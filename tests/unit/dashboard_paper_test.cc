#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "dashboard/paper.h"

using namespace precordia::dashboard;

TEST_CASE("true size follows the CSS definition of a pixel") {
  CHECK(kCssPxPerMm == doctest::Approx(3.7795276).epsilon(1e-7));  // 96 px per 25.4 mm
  CHECK(kBankCardMm * kCssPxPerMm == doctest::Approx(323.53).epsilon(1e-4));
}

TEST_CASE("ten seconds at 25 mm/s are 250 mm in every layout, and 500 mm at 50 mm/s") {
  for (const PaperLayout layout :
       {PaperLayout::kThreeByFour, PaperLayout::kSixByTwo, PaperLayout::kTwelveByOne}) {
    for (const double speed : {25.0, 50.0}) {
      const PaperSettings settings{layout, speed, 10, 0};
      const PaperPlan plan = plan_paper(settings, 10);
      double left = 1e9, right = 0;
      for (const PaperCell& cell : plan.cells) {
        left = std::min(left, cell.x_mm);
        right = std::max(right, cell.x_mm + cell.duration_s * speed);
      }
      CHECK(right - left == doctest::Approx(10 * speed));
      CHECK(plan.pulse_mm == doctest::Approx(0.2 * speed));
      CHECK(kPulseLeftMm + plan.pulse_mm < left);  // the calibration pulse stands clear of the trace
    }
  }
}

TEST_CASE("the conventional sheet shows consecutive quarters above a whole strip of lead II") {
  const PaperPlan plan = plan_paper({PaperLayout::kThreeByFour, 25, 10, 0}, 10);
  REQUIRE(plan.cells.size() == 13);
  CHECK(plan.cells[0].lead == 0);  // I, aVR, V1, V4
  CHECK(plan.cells[1].lead == 3);
  CHECK(plan.cells[2].lead == 6);
  CHECK(plan.cells[3].lead == 9);
  CHECK(plan.cells[3].start_s == doctest::Approx(7.5));
  CHECK(plan.cells[12].lead == 1);
  CHECK(plan.cells[12].rhythm_strip);
  CHECK(plan.cells[12].duration_s == doctest::Approx(10));
}

TEST_CASE("paper grows until tall waves of its first and last rows fit, and no further than its limit") {
  const PaperSettings settings{PaperLayout::kThreeByFour, 25, 10, 0};
  const PaperPlan before = plan_paper(settings, 10);
  std::vector<float> small(5000, 0.2f), tall(5000, 0.0f), deep(5000, 0.0f), absurd(5000, 90.0f);
  tall[600] = 3.0f;    // lead I shows 0 to 2.5 s in the first row
  deep[4000] = -3.0f;  // the strip of lead II is the last row
  std::vector<std::span<const float>> leads(12, small);
  PaperPlan plan = before;
  make_room_for_traces(&plan, settings, leads, 500);
  CHECK(plan.height_mm == before.height_mm);
  leads[0] = tall;
  leads[1] = deep;
  make_room_for_traces(&plan, settings, leads, 500);
  CHECK(plan.cells[0].baseline_mm - 30 >= 0.5);
  CHECK(plan.cells[12].baseline_mm + 30 <= plan.height_mm - 0.5);
  CHECK(plan.pulse_baselines_mm[0] == plan.cells[0].baseline_mm);
  leads[0] = absurd;
  plan = before;
  make_room_for_traces(&plan, settings, leads, 500);
  CHECK(plan.height_mm <= before.height_mm + 2 * kMostRoomMm);
}

TEST_CASE("every lead is on every sheet, within its height") {
  for (const PaperLayout layout :
       {PaperLayout::kThreeByFour, PaperLayout::kSixByTwo, PaperLayout::kTwelveByOne}) {
    for (const double gain : {5.0, 10.0, 20.0}) {
      const PaperPlan plan = plan_paper({layout, 25, gain, 0}, 10);
      std::vector<int> seen(12, 0);
      for (const PaperCell& cell : plan.cells) {
        ++seen[static_cast<size_t>(cell.lead)];
        CHECK(cell.baseline_mm > 0);
        CHECK(cell.baseline_mm < plan.height_mm);
        CHECK(cell.x_mm + cell.duration_s * 25 <= plan.width_mm);
      }
      CHECK(*std::min_element(seen.begin(), seen.end()) >= 1);
    }
  }
}

TEST_CASE("a record of 30 s is paged in tens, except where every lead runs over its whole length") {
  const PaperPlan page = plan_paper({PaperLayout::kThreeByFour, 25, 10, 10}, 30);
  CHECK(page.page_s == doctest::Approx(10));
  CHECK(page.cells.front().start_s == doctest::Approx(10));
  CHECK(last_page_start_s(page, 30) == doctest::Approx(20));
  const PaperPlan whole = plan_paper({PaperLayout::kTwelveByOne, 25, 10, 0}, 30);
  CHECK(whole.page_s == doctest::Approx(30));
  CHECK(last_page_start_s(whole, 30) == 0);
}

TEST_CASE("a caliper reads milliseconds, rate and millivolts from millimetres") {
  const PaperSettings settings{PaperLayout::kThreeByFour, 25, 10, 0};
  const CaliperReading reading = read_caliper(20, -15, settings);  // 20 mm right, 15 mm up
  CHECK(reading.ms == doctest::Approx(800));
  CHECK(*reading.per_minute == doctest::Approx(75));
  CHECK(reading.mv == doctest::Approx(1.5));
  CHECK(caliper_text(reading) == "800 ms · 75/min · 1.50 mV");
}

TEST_CASE("speed and gain change what the same distance means") {
  CHECK(read_caliper(20, 10, {PaperLayout::kThreeByFour, 50, 20, 0}).ms == doctest::Approx(400));
  CHECK(read_caliper(20, 10, {PaperLayout::kThreeByFour, 50, 20, 0}).mv == doctest::Approx(-0.5));
}

TEST_CASE("a caliper drawn backwards measures the same time, and a width of nothing has no rate") {
  const PaperSettings settings;
  CHECK(read_caliper(-20, 0, settings).ms == doctest::Approx(800));
  CHECK_FALSE(read_caliper(0, 5, settings).per_minute.has_value());
  CHECK(caliper_text(read_caliper(0, 5, settings)) == "0 ms · −0.50 mV");
  CHECK(caliper_text(read_caliper(2, 0.001, settings)) ==
        "80 ms · 0.00 mV");  // no rate: 750/min is no heart rate
}

TEST_CASE("paper is fitted to the window but never above true size, and not where it would be illegible") {
  const PaperPlan plan = plan_paper({PaperLayout::kThreeByFour, 25, 10, 0}, 10);
  CHECK(fitting_scale_px_per_mm(plan, 10000, kCssPxPerMm, 0.6) == doctest::Approx(kCssPxPerMm));
  CHECK(fitting_scale_px_per_mm(plan, 800, kCssPxPerMm, 0.6) == doctest::Approx(800 / plan.width_mm));
  CHECK(fitting_scale_px_per_mm(plan, 358, kCssPxPerMm, 0.6) == doctest::Approx(kCssPxPerMm));
  CHECK(fitting_scale_px_per_mm({}, 358, kCssPxPerMm, 0.6) == doctest::Approx(kCssPxPerMm));
}

TEST_CASE("thinning a trace keeps every peak") {
  std::vector<float> mv(5000, 0.0f);
  mv[1234] = 2.0f;
  mv[1236] = -1.5f;
  std::vector<TracePoint> points;
  thin_trace(mv, 500, 0, 10, 100, 1, &points);
  CHECK(points.size() <= 2002);  // at most two per pixel column
  float low = 0, high = 0;
  for (const TracePoint& point : points) {
    low = std::min(low, point.mv);
    high = std::max(high, point.mv);
  }
  CHECK(high == 2.0f);
  CHECK(low == -1.5f);
  CHECK(std::is_sorted(points.begin(), points.end(),
                       [](const TracePoint& a, const TracePoint& b) { return a.x_px < b.x_px; }));
}

TEST_CASE("missing samples break the line instead of being bridged") {
  std::vector<float> mv(100, 0.5f);
  for (size_t i = 40; i < 60; ++i) mv[i] = std::numeric_limits<float>::quiet_NaN();
  std::vector<TracePoint> points;
  thin_trace(mv, 100, 0, 1, 1000, 1, &points);
  CHECK(std::count_if(points.begin(), points.end(), [](const TracePoint& point) { return point.gap; }) == 2);
  for (const TracePoint& point : points) CHECK(std::isfinite(point.mv));
}

TEST_CASE("a trace of nothing, or a window beyond the record, has no points") {
  std::vector<TracePoint> points;
  thin_trace({}, 500, 0, 10, 100, 1, &points);
  CHECK(points.empty());
  const std::vector<float> mv(100, 1.0f);
  thin_trace(mv, 100, 5, 1, 100, 1, &points);
  CHECK(points.empty());
  thin_trace(mv, 0, 0, 1, 100, 1, &points);
  CHECK(points.empty());
}
