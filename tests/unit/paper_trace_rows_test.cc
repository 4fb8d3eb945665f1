// Rows on flat pages of ink alone, drawn stroke by stroke.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "paper/refine_trace.h"
#include "paper/trace_rows.h"

using namespace precordia;

namespace {

constexpr double kPxPerMm = 8;
constexpr int kWidth = 800;

FlatPage blank() {
  FlatPage page;
  page.px_per_mm = kPxPerMm;
  page.ink = Plane(kWidth, 480);
  return page;
}

// A stroke of the pen along y(x), grey at its rim.
void draw(FlatPage& page, double pen, int from, int to, const std::function<double(double)>& y) {
  const double r = pen / 2;
  for (double x = from; x <= to; x += 0.02) {
    const double cy = y(x);
    for (int py = std::max(0, static_cast<int>(cy - r - 1)); py <= std::min(page.ink.height - 1, static_cast<int>(cy + r + 2)); ++py)
      for (int px = std::max(0, static_cast<int>(x - r - 1)); px <= std::min(kWidth - 1, static_cast<int>(x + r + 2)); ++px) {
        float& ink = page.ink.row(py)[px];
        ink = std::max(ink, static_cast<float>(std::clamp(0.5 + r - std::hypot(px - x, py - cy), 0.0, 1.0)));
      }
  }
}

double spike(double x, double at, double half_width) { return std::max(0.0, 1 - std::abs(x - at) / half_width); }

}  // namespace

TEST_CASE("where two rows' tall waves cross, each row keeps its own") {
  // Both rows go up at once: the lower one's wave ends level where the upper one rests, which has gone further up by then.
  const auto upper = [](double x) { return 240 - 150 * (spike(x, 250, 10) + spike(x, 600, 10)); };
  const auto lower = [](double x) { return 360 - 120 * std::min(1.0, 2 * (spike(x, 250, 24) + spike(x, 600, 24))); };
  FlatPage page = blank();
  draw(page, 2.5, 20, 780, upper);
  draw(page, 2.5, 20, 780, lower);
  const std::vector<TraceRow> rows = find_rows(page);
  REQUIRE(rows.size() == 2);
  const auto highest = [](const TraceRow& row, int at) {
    float least = 1e9f;
    for (int x = at - 20; x < at + 20; ++x)
      if (!std::isnan(row.y[x])) least = std::min(least, row.y[x]);
    return least;
  };
  for (const int at : {250, 600}) {
    CAPTURE(at);
    CHECK(highest(rows[0], at) == doctest::Approx(90).epsilon(0.25));   // the last of a tip is refine_trace's
    CHECK(highest(rows[1], at) == doctest::Approx(240).epsilon(0.05));
  }
}

TEST_CASE("where two rows' waves run into each other, each turns at its own tip") {
  // The upper row's wave ends within the lower one's ink, and the other way round.
  const auto upper = [](double x) { return 200 + 95 * (spike(x, 250, 7) + spike(x, 600, 6)); };
  const auto lower = [](double x) { return 320 - 90 * (spike(x, 250.5, 6) + spike(x, 601, 7)); };
  FlatPage page = blank();
  draw(page, 2.5, 20, 780, upper);
  draw(page, 2.5, 20, 780, lower);
  std::vector<TraceRow> rows = find_rows(page);
  REQUIRE(rows.size() == 2);
  refine_traces(page, rows, {{20, 780}, {20, 780}});
  double off[2] = {0, 0};
  for (int x = 30; x < 770; ++x) {
    REQUIRE(!std::isnan(rows[0].y[x] + rows[1].y[x]));
    off[0] += std::pow(rows[0].y[x] - upper(x), 2) / 740, off[1] += std::pow(rows[1].y[x] - lower(x), 2) / 740;
  }
  for (const double mean : off) CHECK(std::sqrt(mean) < 2);   // pixels, a quarter of a millimetre
}

TEST_CASE("a row that begins later than its neighbour has no trace before, though its path runs along the neighbour's") {
  FlatPage page = blank();
  draw(page, 2.5, 200, 780, [](double x) { return 120 + 3 * std::sin(x / 20); });
  draw(page, 2.5, 20, 780, [](double x) { return 300 + 3 * std::sin(x / 23); });
  const std::vector<TraceRow> rows = find_rows(page);
  REQUIRE(rows.size() == 2);
  for (int x = 0; x < 190; ++x) CHECK(std::isnan(rows[0].y[x]));
  CHECK(!std::isnan(rows[0].y[300]));
  CHECK(!std::isnan(rows[1].y[100]));
}

TEST_CASE("the pen's width is that of the strokes that stand, not of a noisy trace that lies") {
  FlatPage page = blank();
  std::mt19937 random(5);
  std::vector<double> noise(kWidth * 2 + 2);
  for (double& n : noise) n = std::normal_distribution<>(0, 1.2)(random);
  const auto noisy = [&](double x) {
    const int k = static_cast<int>(2 * x);
    return noise[k] + (2 * x - k) * (noise[k + 1] - noise[k]);
  };
  draw(page, 2.5, 20, 780, [&](double x) {
    double waves = 0;
    for (int beat = 0; beat < 6; ++beat) waves += spike(x, 90 + 120 * beat, 9);
    return 300 - 160 * waves + noisy(x);
  });
  find_rows(page);
  CHECK(page.pen_px > 3);
  CHECK(page.stroke_px == doctest::Approx(2.5).epsilon(0.15));
}
