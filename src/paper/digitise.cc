#include "paper/digitise.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/text.h"
#include "paper/hand_marks.h"
#include "paper/lead_algebra.h"
#include "paper/lead_plan.h"
#include "paper/prepared_page.h"
#include "paper/refine_trace.h"

namespace precordia {
namespace {

const float kNaN = std::numeric_limits<float>::quiet_NaN();

// `quarter_turns` is 1, 2 or 3.
RgbImage turned(const RgbImage& image, int q) {
  RgbImage out;
  out.width = q == 2 ? image.width : image.height;
  out.height = q == 2 ? image.height : image.width;
  out.rgb.resize(image.rgb.size());
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const int tx = q == 1 ? image.height - 1 - y : q == 2 ? image.width - 1 - x : y;
      const int ty = q == 1 ? x : q == 2 ? image.height - 1 - y : image.width - 1 - x;
      for (int c = 0; c < 3; ++c)
        out.rgb[(static_cast<size_t>(ty) * out.width + tx) * 3 + c] = image.rgb[(static_cast<size_t>(y) * image.width + x) * 3 + c];
    }
  return out;
}

// Where a point of the turned image lies in the image as it was given (width and height of the latter).
ImagePoint turned_back(ImagePoint p, int quarter_turns, int width, int height) {
  switch (((quarter_turns % 4) + 4) % 4) {
    case 1: return {p.y, height - 1 - p.x};
    case 2: return {width - 1 - p.x, height - 1 - p.y};
    case 3: return {width - 1 - p.y, p.x};
    default: return p;
  }
}

// The other way round: what the user set, on the turned image.
ImagePoint turned_point(ImagePoint p, int quarter_turns, int width, int height) {
  switch (((quarter_turns % 4) + 4) % 4) {
    case 1: return {height - 1 - p.y, p.x};
    case 2: return {width - 1 - p.x, height - 1 - p.y};
    case 3: return {p.y, width - 1 - p.x};
    default: return p;
  }
}

DigitiseOptions turned(DigitiseOptions options, const RgbImage& image, int quarter_turns) {
  const auto turn = [&](ImagePoint& p) { p = turned_point(p, quarter_turns, image.width, image.height); };
  if (options.corners) std::for_each(options.corners->begin(), options.corners->end(), turn);
  for (RetraceHint& hint : options.retrace) std::for_each(hint.through.begin(), hint.through.end(), turn);
  return options;
}

// Adds what a step takes to its entry of PageTimes.
template <typename Step>
auto timed(double& sum_ms, Step&& step) {
  struct Clock {
    double& sum_ms;
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    ~Clock() { sum_ms += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count(); }
  } clock{sum_ms};
  return step();
}

ImagePoint to_working(const InkPlanes& ink, ImagePoint p) { return {(p.x + 0.5) * ink.scale - 0.5, (p.y + 0.5) * ink.scale - 0.5}; }

struct Reading {
  InkPlanes ink;
  GridLattice lattice;
  FlatPage page;
  std::vector<TraceRow> rows;
  LeadPlan plan;
  int quarter_turns = 0;
};

constexpr const char* kDarkScreen = "This looks like bright lines on a dark screen, not like a paper ECG. Photograph the printed page in good light.";
constexpr double kDarkestPaper = 45;

// From the flat page on.
Result<Reading> read_page(Reading reading, const DigitiseOptions& options, PageTimes& times) {
  for (const RetraceHint& hint : options.retrace) {
    std::vector<ImagePoint> points = hint.through;
    std::transform(points.begin(), points.end(), points.begin(), [&](ImagePoint p) { return to_working(reading.ink, p); });
    draw_through(reading.page, points);
  }
  reading.rows = timed(times.rows, [&] { return find_rows(reading.page); });
  PRECORDIA_TRY(reading.plan, timed(times.plan, [&] { return plan_leads(reading.page, reading.rows, options); }));
  return reading;
}

// The picture as it was given, when its whole-picture steps are done.
Result<Reading> read_prepared(const PreparedPage& prepared, const DigitiseOptions& options, PageTimes& times) {
  Reading reading;
  times.readings += 1;
  times.grid += prepared.grid_ms();
  reading.ink.scale = prepared.size().scale;
  if (prepared.paper_brightness() < kDarkestPaper) return fail(ErrorCode::kUnusable, kDarkScreen);
  reading.lattice = prepared.lattice();
  PRECORDIA_TRY(reading.page, timed(times.flatten, [&] { return without_grid(prepared.frame()); }));
  return read_page(std::move(reading), options, times);
}

// `given` is turned by `quarter_turns`, and the points of `wished` with it.
// `beyond`: ink where no grid was seen counts too.
Result<Reading> read_turned(const RgbImage& given, const DigitiseOptions& wished, int quarter_turns, PageTimes& times, bool beyond = false) {
  const DigitiseOptions options = turned(wished, given, quarter_turns);
  Reading reading;
  reading.quarter_turns = ((quarter_turns % 4) + 4) % 4;
  times.readings += 1;
  reading.ink = timed(times.ink, [&] { return reading.quarter_turns == 0 ? separate_ink(given) : separate_ink(turned(given, reading.quarter_turns)); });
  if (options.corners) {
    auto corners = *options.corners;
    std::transform(corners.begin(), corners.end(), corners.begin(), [&](ImagePoint p) { return to_working(reading.ink, p); });
    keep_inside(reading.ink, corners);
  }
  if (reading.ink.paper_brightness < kDarkestPaper) return fail(ErrorCode::kUnusable, kDarkScreen);
  PRECORDIA_TRY(reading.lattice, timed(times.grid, [&] { return find_grid(std::move(reading.ink.grid)); }));
  reading.ink.grid = {};
  if (!beyond) timed(times.flatten, [&] { clear_off_grid(reading.lattice, reading.ink.trace); });
  PRECORDIA_TRY(reading.page, timed(times.flatten, [&] { return flatten(reading.ink.trace, reading.lattice); }));
  reading.ink.trace = {};
  return read_page(std::move(reading), options, times);
}

// How well the leads agree with each other: 0 = perfectly, 1 and more = not at all.
double disagreement(const Result<Reading>& reading) {
  if (!reading) return 9;
  const LeadPlan& plan = reading->plan;
  double sum = 0;
  int n = 0;
  for (const double r : {plan.einthoven, plan.goldberger})
    if (!std::isnan(r)) sum += r, ++n;
  double least = n > 0 ? sum / n : 1.5;
  // A rhythm row that repeats its short lead cannot be read the wrong way up.
  if (!std::isnan(plan.rhythm)) least = std::min(least, plan.rhythm);
  return least;
}

constexpr double kAgreed = 0.45;

// Both equations are off by most of the leads' size, and no rhythm row repeats its lead.
bool contradicts_itself(const LeadPlan& plan) {
  const auto fails = [](double residual) { return std::isnan(residual) || residual > 0.8; };
  return !(std::isnan(plan.einthoven) && std::isnan(plan.goldberger)) && fails(plan.einthoven) && fails(plan.goldberger) && fails(plan.rhythm);
}

Result<Reading> read_any_way_up(const RgbImage& image, const DigitiseOptions& options, const PreparedPage* prepared, PageTimes& times) {
  if (prepared && prepared->complete() && !options.corners && options.quarter_turns.value_or(0) == 0) {
    auto first = read_prepared(*prepared, options, times);
    times.prepared = first && disagreement(first) < kAgreed;
    if (times.prepared) return first;
    times = {};
  }
  if (options.quarter_turns) return read_turned(image, options, *options.quarter_turns, times);
  auto best = read_turned(image, options, 0, times);
  double least = disagreement(best);
  if (least < kAgreed) return best;
  if (best) {   // the grid may have been followed over a part of the page only
    auto whole = read_turned(image, options, 0, times, true);
    if (const double d = disagreement(whole); d < 0.8 * least) least = d, best = std::move(whole);
    if (least < kAgreed) return best;
  }
  if (!best && best.error().message.find("grid") != std::string::npos && best.error().message.find("No ECG grid") == 0) return best;
  for (const int turns : {2, 1, 3}) {
    if (turns != 2 && least < 2) continue;
    auto other = read_turned(image, options, turns, times);
    const double d = disagreement(other);
    if (d < 0.5 * least && d < 0.25) least = d, best = std::move(other);
  }
  return best;
}

}  // namespace

Result<DigitisedPage> digitise(const RgbImage& image, const DigitiseOptions& options, const PreparedPage* prepared) {
  if (image.width < 200 || image.height < 120 || image.rgb.size() != static_cast<size_t>(image.width) * image.height * 3)
    return fail(ErrorCode::kUnusable, "This picture is too small to read an ECG from; 800 pixels across are the least for a page.");
  PageTimes times;
  PRECORDIA_TRY(Reading reading, read_any_way_up(image, options, prepared, times));
  timed(times.refine, [&] {
    std::vector<std::vector<double>> borders(reading.rows.size());
    for (const LeadStretch& s : reading.plan.stretches)
      for (const double at : {s.begin_px, s.end_px}) borders[static_cast<size_t>(s.row)].push_back(at);
    refine_traces(reading.page, reading.rows, borders);
  });
  std::vector<std::vector<float>> signals, confidence;
  for (const LeadStretch& s : reading.plan.stretches) {
    confidence.emplace_back();
    signals.push_back(signal_of(reading.page, reading.rows[static_cast<size_t>(s.row)], s, reading.plan.mm_per_s, reading.plan.mm_per_mv, &confidence.back()));
  }
  // Points that the user set are what they are; the others yield to the algebra. The residuals are those of the reading itself.
  timed(times.algebra, [&] {
    if (options.retrace.empty()) {
      reread_by_algebra(reading.page, reading.plan, signals, confidence);
      align_by_algebra(reading.plan, signals, confidence);
      reread_by_algebra(reading.page, reading.plan, signals, confidence);
    }
    measure_residuals(signals, reading.plan);
  });
  // What the user has set may be set right on the review screen; a page read without any help that contradicts itself is not read at all.
  if (!options.layout && !options.order && !options.corners && options.retrace.empty() && contradicts_itself(reading.plan))
    return fail(ErrorCode::kUnusable, "The leads read from this page contradict each other, so it was not read right. Take it again flat, closer and in even light.",
                format_text("I + III - II %.2f of their size, aVR + aVL + aVF %.2f", reading.plan.einthoven, reading.plan.goldberger));
  if (options.retrace.empty()) timed(times.algebra, [&] { spread_residuals(reading.page, reading.plan, signals); });
  const FlatPage& page = reading.page;
  const LeadPlan& plan = reading.plan;
  DigitisedPage out;
  out.times = times;
  out.quarter_turns = reading.quarter_turns;
  out.px_per_mm_x = reading.lattice.px_per_mm_x / reading.ink.scale;
  out.px_per_mm_y = reading.lattice.px_per_mm_y / reading.ink.scale;
  out.mm_per_s = plan.mm_per_s, out.speed_known = plan.speed_known;
  out.mm_per_mv = plan.mm_per_mv, out.gain_known = plan.gain_known;
  out.layout = plan.layout, out.layout_known = plan.layout_known, out.order = plan.order;
  out.notes = plan.notes;
  out.mapping = reading.lattice.mapping;
  for (ImagePoint& p : out.mapping.nodes) {   // centres of working pixels to centres of image pixels
    p = {(p.x + 0.5) / reading.ink.scale - 0.5, (p.y + 0.5) / reading.ink.scale - 0.5};
    p = turned_back(p, reading.quarter_turns, image.width, image.height);
  }
  const double right = out.mapping.origin_x_mm + (out.mapping.columns - 1) * out.mapping.step_mm;
  const double bottom = out.mapping.origin_y_mm + (out.mapping.rows - 1) * out.mapping.step_mm;
  out.corners = {out.mapping.image_from_page(out.mapping.origin_x_mm, out.mapping.origin_y_mm), out.mapping.image_from_page(right, out.mapping.origin_y_mm),
                 out.mapping.image_from_page(right, bottom), out.mapping.image_from_page(out.mapping.origin_x_mm, bottom)};

  double longest_s = 0;
  const double px_per_s = plan.mm_per_s * page.px_per_mm;
  for (const LeadStretch& s : plan.stretches) longest_s = std::max(longest_s, s.start_s + (s.end_px - s.begin_px) / px_per_s);
  const size_t samples = static_cast<size_t>(std::clamp(std::lround(longest_s * kDigitisedRateHz), 0l, 200000l));
  if (samples < 250) return fail(ErrorCode::kUnusable, "Less than half a second of trace could be read. Take the whole page into the picture.");
  EcgRecord& record = out.record;
  record.sample_rate_hz = kDigitisedRateHz;
  record.source.format = "paper ECG";

  std::array<std::vector<float>, kLeadCount> weight;
  double room = 0, read = 0, sure = 0;
  for (size_t i = 0; i < plan.stretches.size(); ++i) {
    const LeadStretch& s = plan.stretches[i];
    LeadTrace trace;
    trace.lead = s.lead;
    trace.rhythm_row = s.rhythm_row;
    trace.start_s = s.start_s;
    trace.baseline_row_mm = page.top_mm + s.zero_px / page.px_per_mm;
    const std::vector<float>& mv = signals[i];
    trace.confidence = std::move(confidence[i]);
    std::vector<float>& lead = record.mv[index_of(s.lead)];
    std::vector<float>& w = weight[index_of(s.lead)];
    lead.resize(samples, kNaN);
    w.resize(samples, 0);
    record.origin[index_of(s.lead)] = LeadOrigin::kRecorded;
    const size_t from = static_cast<size_t>(std::max(0l, std::lround(s.start_s * kDigitisedRateHz)));
    trace.centreline.reserve(mv.size());
    // A lead printed twice (short and as a rhythm row) is averaged where both are there, unless they disagree, both on the short one's
    // level: a step where it begins would break the leads' equations.
    double level = 0;
    if (s.rhythm_row) {
      std::vector<float> apart;
      for (size_t k = 0; k < mv.size() && from + k < samples; ++k)
        if (w[from + k] > 0 && !std::isnan(mv[k])) apart.push_back(mv[k] - lead[from + k]);
      if (!apart.empty()) level = percentile(apart, 0.5);
    }
    for (size_t k = 0; k < mv.size(); ++k) {
      room += 1;
      if (std::isnan(mv[k])) {
        trace.centreline.push_back({std::nan(""), std::nan("")});
        continue;
      }
      read += 1;
      sure += trace.confidence[k];
      const double x_mm = page.left_mm + (s.begin_px + s.place_of(k) * px_per_s / kDigitisedRateHz) / page.px_per_mm;
      const double y_mm = page.top_mm + s.zero_at(s.begin_px + s.place_of(k) * px_per_s / kDigitisedRateHz) / page.px_per_mm - (s.inverted ? -1 : 1) * mv[k] * plan.mm_per_mv;
      trace.centreline.push_back(out.mapping.image_from_page(x_mm, y_mm));
      if (from + k >= samples) continue;
      if (s.rhythm_row && w[from + k] > 0 && plan.rhythm > 0.2) continue;
      float& sum = lead[from + k];
      float& n = w[from + k];
      const float value = mv[k] - static_cast<float>(level);
      sum = n > 0 ? (sum * n + value) / (n + 1) : value;
      n += 1;
    }
    out.traces.push_back(std::move(trace));
  }
  PageQuality& quality = out.quality;
  quality.einthoven_residual = plan.einthoven, quality.goldberger_residual = plan.goldberger, quality.rhythm_residual = plan.rhythm;
  quality.pulse_mm = plan.pulse_mm;
  quality.coverage = room > 0 ? read / room : 0;
  quality.mean_confidence = read > 0 ? sure / read : 0;
  const auto good = [](double residual, double most) { return std::isnan(residual) || residual <= most; };
  quality.passed = !std::isnan(plan.einthoven) && good(plan.einthoven, 0.1) && good(plan.goldberger, 0.1) && good(plan.rhythm, 0.2) &&
                   quality.coverage > 0.95 && plan.gain_known != KnownFrom::kAssumed && plan.notes.empty();
  out.review_recommended = !quality.passed;
  record.notes.push_back(format_text("Read from a picture of a printed page: %s, %g mm/s, %g mm/mV.", shape_of(plan.layout).name, plan.mm_per_s, plan.mm_per_mv));
  for (const std::string& note : plan.notes) record.notes.push_back(note);
  return out;
}

}  // namespace precordia
