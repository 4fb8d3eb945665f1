#include "report/ecg_drawing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/text.h"

namespace precordia {
namespace {

constexpr double kWidthMm = 263, kHeightMm = 82;   // Letter on its side is 279.4 mm wide, less its margins
constexpr double kTraceLeftMm = 12.5;  // after the calibration pulse
constexpr double kFirstRowMm = 13, kRowStepMm = 20;
constexpr double kColumnSeconds = 2.5, kStripSeconds = 10;
constexpr int kRows = 3, kColumns = 4;

constexpr std::array<std::array<Lead, kColumns>, kRows> kLayout = {{
    {Lead::kI, Lead::kAVR, Lead::kV1, Lead::kV4},
    {Lead::kII, Lead::kAVL, Lead::kV2, Lead::kV5},
    {Lead::kIII, Lead::kAVF, Lead::kV3, Lead::kV6},
}};

std::string grid_lines(double step_mm) {
  std::string path;
  for (double x = 0; x <= kWidthMm + 1e-9; x += step_mm) path += format_text("M%g 0V%g", x, kHeightMm);
  for (double y = 0; y <= kHeightMm + 1e-9; y += step_mm) path += format_text("M0 %gH%g", y, kWidthMm);
  return path;
}

double median_of_finite(const std::vector<float>& samples) {
  std::vector<float> finite;
  for (float sample : samples)
    if (std::isfinite(sample)) finite.push_back(sample);
  if (finite.empty()) return 0;
  const auto middle = finite.begin() + static_cast<std::ptrdiff_t>(finite.size() / 2);
  std::nth_element(finite.begin(), middle, finite.end());
  return *middle;
}

// Samples [from_s, to_s) of one lead as path data whose first instant lies at x_mm; relative hundredths of a
// millimetre keep it short. Above 500 Hz each drawn point would be finer than the printer: the extremes of
// each step are kept.
std::string trace_path(const std::vector<float>& samples, double rate_hz, double from_s, double to_s,
                       double x_mm, double baseline_mm) {
  std::string path;
  const double centre = median_of_finite(samples);
  const size_t first = static_cast<size_t>(std::llround(from_s * rate_hz));
  const size_t last = std::min(samples.size(), static_cast<size_t>(std::llround(to_s * rate_hz)));
  const size_t stride = std::max<size_t>(1, static_cast<size_t>(rate_hz / 500));
  bool pen_down = false;
  long previous_x = 0, previous_y = 0;
  const auto draw = [&](size_t i) {
    const double mv = std::clamp(samples[i] - centre, -20.0, 20.0);
    const long x = std::lround(100 * (x_mm + (i - first) / rate_hz * kPaperMmPerSecond));
    const long y = std::lround(100 * (baseline_mm - mv * kPaperMmPerMv));
    path +=
        pen_down ? format_text("l%ld %ld", x - previous_x, y - previous_y) : format_text("M%ld %ld", x, y);
    pen_down = true;
    previous_x = x;
    previous_y = y;
  };
  for (size_t i = first; i < last; i += stride) {
    const size_t end = std::min(last, i + stride);
    size_t lowest = end, highest = end;
    for (size_t k = i; k < end; ++k) {
      if (!std::isfinite(samples[k])) continue;
      if (lowest == end || samples[k] < samples[lowest]) lowest = k;
      if (highest == end || samples[k] > samples[highest]) highest = k;
    }
    if (lowest == end) {
      pen_down = false;
      continue;
    }
    draw(std::min(lowest, highest));
    if (lowest != highest) draw(std::max(lowest, highest));
  }
  return path;
}

std::string label(double x_mm, double y_mm, const char* text) {
  return format_text("<text x=\"%g\" y=\"%g\" class=\"lead\">%s</text>", x_mm, y_mm, text);
}

std::string calibration_pulse(double baseline_mm) {
  return format_text("M%g %gh3v-10h5v10h3", kTraceLeftMm - 11.5, baseline_mm);
}

}  // namespace

std::string draw_ecg_svg(const EcgRecord& record) {
  std::string svg = format_text(
      "<svg class=\"ecg\" xmlns=\"http://www.w3.org/2000/svg\" width=\"%gmm\" height=\"%gmm\" viewBox=\"0 0 "
      "%g %g\" role=\"img\" "
      "aria-label=\"12-lead ECG, 25 mm/s, 10 mm/mV\">",
      kWidthMm, kHeightMm, kWidthMm, kHeightMm);
  svg += "<path class=\"minor\" d=\"" + grid_lines(1) + "\"/><path class=\"major\" d=\"" + grid_lines(5) +
         "\"/>";

  std::string traces, labels, pulses;
  for (int row = 0; row < kRows; ++row) {
    const double baseline = kFirstRowMm + row * kRowStepMm;
    pulses += calibration_pulse(baseline);
    for (int column = 0; column < kColumns; ++column) {
      const int lead = index_of(kLayout[row][column]);
      const double x = kTraceLeftMm + column * kColumnSeconds * kPaperMmPerSecond;
      const double from = column * kColumnSeconds;
      if (record.mv[lead].empty()) {
        labels += label(x + 1.2, baseline - 9, (std::string(kLeadNames[lead]) + " not recorded").c_str());
        continue;
      }
      labels += label(x + 1.2, baseline - 9, kLeadNames[lead]);
      if (column > 0) pulses += format_text("M%g %gv4", x, baseline - 12);
      traces += trace_path(record.mv[lead], record.sample_rate_hz, from, from + kColumnSeconds, x, baseline);
    }
  }
  int strip = index_of(Lead::kII);
  for (int lead = 0; record.mv[strip].empty() && lead < kLeadCount; ++lead)
    if (!record.mv[lead].empty()) strip = lead;
  const double strip_baseline = kFirstRowMm + kRows * kRowStepMm;
  pulses += calibration_pulse(strip_baseline);
  labels += label(kTraceLeftMm + 1.2, strip_baseline - 9, kLeadNames[strip]);
  traces +=
      trace_path(record.mv[strip], record.sample_rate_hz, 0, kStripSeconds, kTraceLeftMm, strip_baseline);

  svg += "<path class=\"pulse\" d=\"" + pulses + "\"/>";
  svg += "<g transform=\"scale(.01)\"><path class=\"trace\" d=\"" + traces + "\"/></g>" + labels;
  return svg + "</svg>";
}

}  // namespace precordia
