// Prints records on ECG paper, for tests and campaigns: true scale, known truth, nothing taken from anybody's file.
//
//   record ─▶ render_page (layout, grid, pen, pulse, names) ─▶ photograph_page (perspective, curl, light, blur, noise)
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string_view>
#include <vector>

#include "paper/digitise.h"
#include "paper/plane.h"
#include "signal/ecg_record.h"

namespace precordia::pages {

struct PageStyle {
  PageLayout layout = PageLayout::k3x4Plus1;
  LeadOrder order = LeadOrder::kStandard;
  std::array<Lead, 3> rhythm = {Lead::kII, Lead::kV1, Lead::kV5};
  double px_per_mm = 8;
  double mm_per_s = 25, mm_per_mv = 10;
  double row_mm = 26;
  double pen_mm = 0.25;
  std::array<uint8_t, 3> grid_colour = {240, 130, 130}, ink_colour = {20, 20, 25};
  bool minor_lines = true, dots = false;
  bool pulse = true, pulse_on_left = true;
  bool pulse_per_column = false;   // before each column, as printouts of twelve leads at once have it: without separators
  bool columns_at_once = false;    // every column begins at the record's beginning
  double column_s = 0;             // length of a column; 0 = the layout's usual one
  bool names = true, separators = true;
  double margin_mm = 8;
};

struct PrintedPage {
  RgbImage image;
  EcgRecord truth;        // what the page shows, on its time axis; NaN elsewhere
};

class Canvas {
 public:
  Canvas(int width, int height) : image_{width, height, std::vector<uint8_t>(static_cast<size_t>(width) * height * 3, 253)} {}
  // A stroke with round ends, antialiased.
  void line(double x0, double y0, double x1, double y1, double thick, const std::array<uint8_t, 3>& colour) {
    const double r = thick / 2;
    const int left = std::max(0, static_cast<int>(std::floor(std::min(x0, x1) - r - 1))), right = std::min(image_.width - 1, static_cast<int>(std::ceil(std::max(x0, x1) + r + 1)));
    const int top = std::max(0, static_cast<int>(std::floor(std::min(y0, y1) - r - 1))), bottom = std::min(image_.height - 1, static_cast<int>(std::ceil(std::max(y0, y1) + r + 1)));
    const double dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy;
    for (int y = top; y <= bottom; ++y)
      for (int x = left; x <= right; ++x) {
        const double t = length > 0 ? std::clamp(((x - x0) * dx + (y - y0) * dy) / length, 0.0, 1.0) : 0;
        const double cover = std::clamp(0.5 + r - std::hypot(x - x0 - t * dx, y - y0 - t * dy), 0.0, std::min(1.0, thick));
        uint8_t* p = &image_.rgb[(static_cast<size_t>(y) * image_.width + x) * 3];
        for (int c = 0; c < 3; ++c) p[c] = std::min(p[c], static_cast<uint8_t>(std::lround(253 + cover * (colour[c] - 253.0))));
      }
  }
  RgbImage take() { return std::move(image_); }

 private:
  RgbImage image_;
};

// Lead names from straight strokes, `size` high, written from (x, y) at their left lower corner.
inline void write_name(Canvas& canvas, std::string_view name, double x, double y, double size, double thick, const std::array<uint8_t, 3>& ink) {
  struct Glyph { char letter; double advance; std::vector<std::array<double, 4>> strokes; };
  static const std::vector<Glyph> kGlyphs = {
      {'I', 0.35, {{0.15, 0, 0.15, 1}}},
      {'V', 0.75, {{0, 1, 0.3, 0}, {0.3, 0, 0.6, 1}}},
      {'a', 0.6, {{0.45, 0, 0.45, 0.6}, {0.45, 0.6, 0.1, 0.6}, {0.1, 0.3, 0.45, 0.3}, {0.1, 0.3, 0.1, 0}, {0.1, 0, 0.45, 0}}},
      {'R', 0.75, {{0.1, 0, 0.1, 1}, {0.1, 1, 0.5, 0.8}, {0.5, 0.8, 0.1, 0.5}, {0.1, 0.5, 0.55, 0}}},
      {'L', 0.65, {{0.1, 1, 0.1, 0}, {0.1, 0, 0.5, 0}}},
      {'F', 0.65, {{0.1, 0, 0.1, 1}, {0.1, 1, 0.5, 1}, {0.1, 0.5, 0.4, 0.5}}},
      {'1', 0.5, {{0.25, 0, 0.25, 1}, {0.25, 1, 0.1, 0.8}}},
      {'2', 0.65, {{0.1, 0.9, 0.5, 0.9}, {0.5, 0.9, 0.5, 0.5}, {0.5, 0.5, 0.1, 0}, {0.1, 0, 0.5, 0}}},
      {'3', 0.65, {{0.1, 1, 0.5, 1}, {0.5, 1, 0.25, 0.55}, {0.25, 0.55, 0.5, 0.4}, {0.5, 0.4, 0.45, 0}, {0.45, 0, 0.1, 0}}},
      {'4', 0.65, {{0.4, 0, 0.4, 1}, {0.4, 1, 0.05, 0.3}, {0.05, 0.3, 0.55, 0.3}}},
      {'5', 0.65, {{0.5, 1, 0.1, 1}, {0.1, 1, 0.1, 0.6}, {0.1, 0.6, 0.5, 0.5}, {0.5, 0.5, 0.45, 0}, {0.45, 0, 0.1, 0}}},
      {'6', 0.65, {{0.45, 1, 0.1, 0.5}, {0.1, 0.5, 0.1, 0}, {0.1, 0, 0.5, 0}, {0.5, 0, 0.5, 0.45}, {0.5, 0.45, 0.1, 0.45}}},
  };
  for (const char letter : name)
    for (const Glyph& glyph : kGlyphs) {
      if (glyph.letter != letter) continue;
      for (const auto& s : glyph.strokes) canvas.line(x + s[0] * size, y - s[1] * size, x + s[2] * size, y - s[3] * size, thick, ink);
      x += glyph.advance * size;
    }
}

inline PrintedPage render_page(const EcgRecord& record, const PageStyle& style) {
  const PageLayoutShape& shape = shape_of(style.layout);
  const double mm = style.px_per_mm, rate = record.sample_rate_hz;
  const double column_s = style.column_s > 0 ? style.column_s : shape.columns == 4 ? 2.5 : shape.columns == 2 ? 5 : 10;
  const double shown_s = std::min(column_s * (style.columns_at_once ? 1 : shape.columns), record.duration_s());
  const double pulse_mm = style.pulse ? 9 * style.mm_per_s / 25 : 0;
  const double column_gap_mm = style.pulse_per_column ? pulse_mm + 3 : 0;
  const double drawn_mm = (style.columns_at_once ? shape.columns * column_s : shown_s) * style.mm_per_s + (shape.columns - 1) * column_gap_mm;
  const double width_mm = 2 * style.margin_mm + pulse_mm + drawn_mm;
  const int rows = shape.rows + shape.rhythm_rows;
  const double height_mm = 2 * style.margin_mm + rows * style.row_mm;
  Canvas canvas(static_cast<int>(width_mm * mm), static_cast<int>(height_mm * mm));

  std::array<uint8_t, 3> pale = style.grid_colour;
  for (uint8_t& c : pale) c = static_cast<uint8_t>(c + (253 - c) / 2);
  for (int k = 0; k * 1.0 <= std::max(width_mm, height_mm); ++k) {
    const bool major = k % 5 == 0;
    if (!major && !style.minor_lines) continue;
    const double at = k * mm, thick = std::max(1.0, (major ? 0.18 : 0.1) * mm);
    if (style.dots && !major) {
      for (int j = 0; j <= std::min(width_mm, height_mm); ++j) {
        canvas.line(at, j * mm, at, j * mm, thick + 0.4, style.grid_colour);
        canvas.line(j * mm, at, j * mm, at, thick + 0.4, style.grid_colour);
      }
      continue;
    }
    const auto& colour = major ? style.grid_colour : pale;
    if (k <= width_mm) canvas.line(at, 0, at, height_mm * mm, thick, colour);
    if (k <= height_mm) canvas.line(0, at, width_mm * mm, at, thick, colour);
  }

  PrintedPage page;
  page.truth.sample_rate_hz = rate;
  const size_t samples = static_cast<size_t>(shown_s * rate);
  const double begin_mm = style.margin_mm + (style.pulse_on_left ? pulse_mm : 0), end_mm = begin_mm + drawn_mm;
  constexpr std::array<Lead, 12> kCabrera = {Lead::kAVL, Lead::kI, Lead::kAVR, Lead::kII, Lead::kAVF, Lead::kIII, Lead::kV1, Lead::kV2, Lead::kV3, Lead::kV4, Lead::kV5, Lead::kV6};
  const double pen = style.pen_mm * mm;
  for (int row = 0; row < rows; ++row) {
    const double zero_mm = style.margin_mm + (row + 0.5) * style.row_mm;
    for (int column = 0; style.pulse && column < (style.pulse_per_column ? shape.columns : 1); ++column) {
      const double x = (style.pulse_on_left ? style.margin_mm + 1 : end_mm + 1.5) + column * (column_s * style.mm_per_s + column_gap_mm), w = 0.2 * style.mm_per_s, h = style.mm_per_mv;
      const double corners[6][2] = {{x, 0}, {x + 1, 0}, {x + 1, h}, {x + 1 + w, h}, {x + 1 + w, 0}, {x + 2 + w, 0}};
      for (int k = 0; k < 5; ++k) canvas.line(corners[k][0] * mm, (zero_mm - corners[k][1]) * mm, corners[k + 1][0] * mm, (zero_mm - corners[k + 1][1]) * mm, pen, style.ink_colour);
    }
    const bool rhythm = row >= shape.rows;
    for (int column = 0; column < (rhythm ? 1 : shape.columns); ++column) {
      const int place = column * shape.rows + row;
      const Lead lead = rhythm ? style.rhythm[row - shape.rows] : shape.rows * shape.columns == 1 ? Lead::kII : style.order == LeadOrder::kCabrera ? kCabrera[place] : static_cast<Lead>(place);
      const double sign = !rhythm && style.order == LeadOrder::kCabrera && lead == Lead::kAVR ? -1 : 1;
      const int moment = style.columns_at_once ? 0 : column;
      const size_t from = static_cast<size_t>(moment * column_s * rate), to = std::min(samples, rhythm ? samples : static_cast<size_t>((moment + 1) * column_s * rate));
      const double column_mm = begin_mm + column * column_gap_mm + (column - moment) * column_s * style.mm_per_s;
      std::vector<float>& truth = page.truth.mv[index_of(lead)];
      truth.resize(samples, std::numeric_limits<float>::quiet_NaN());
      page.truth.origin[index_of(lead)] = LeadOrigin::kRecorded;
      const auto x_of = [&](size_t k) { return (column_mm + static_cast<double>(k) / rate * style.mm_per_s) * mm; };
      const auto y_of = [&](size_t k) { return (zero_mm - sign * record.lead(lead)[k] * style.mm_per_mv) * mm; };
      for (size_t k = from; k < to; ++k) {
        truth[k] = record.lead(lead)[k];
        if (k + 1 < to) canvas.line(x_of(k), y_of(k), x_of(k + 1), y_of(k + 1), pen, style.ink_colour);
      }
      if (style.separators && !style.pulse_per_column && column > 0)
        for (const double side : {-1.0, 1.0})
          canvas.line(x_of(from), (zero_mm + side * 3) * mm, x_of(from), (zero_mm + side * 5.5) * mm, pen, style.ink_colour);
      if (style.names) write_name(canvas, kLeadNames[index_of(lead)], x_of(from) + 1.2 * mm, (zero_mm - 6.5) * mm, 2.6 * mm, pen, style.ink_colour);
    }
  }
  page.image = canvas.take();
  return page;
}

struct Camera {
  double tilt = 0.1;         // share by which the far side of the page is smaller
  double turn_deg = 3;
  double curl_mm = 2;        // sag of the page across its width
  double shadow = 0.4;       // share of light lost in the darkest place
  double blur_px = 0.8, noise = 5;
  double zoom = 1;           // photo pixels per page pixel
  uint32_t seed = 1;
};

inline RgbImage photograph_page(const RgbImage& page, const Camera& camera) {
  std::mt19937 random(camera.seed);
  const int w = static_cast<int>(page.width * camera.zoom * 1.06), h = static_cast<int>(page.height * camera.zoom * 1.1);
  RgbImage out{w, h, std::vector<uint8_t>(static_cast<size_t>(w) * h * 3)};
  const double angle = camera.turn_deg * 3.14159265358979 / 180, c = std::cos(angle), s = std::sin(angle);
  const double px_per_mm = page.width / 270.0, shadow_x = std::uniform_real_distribution<>(0.2, 0.8)(random);
  std::array<Plane, 3> channel;
  for (int k = 0; k < 3; ++k) {
    channel[k] = Plane(page.width, page.height);
    for (size_t i = 0; i < channel[k].value.size(); ++i) channel[k].value[i] = page.rgb[3 * i + k];
  }
  std::array<Plane, 3> seen = {Plane(w, h), Plane(w, h), Plane(w, h)};
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const double u = (x - w / 2.0) / camera.zoom, v = (y - h / 2.0) / camera.zoom;
      const double a = c * u + s * v, b = -s * u + c * v;
      const double depth = 1 + camera.tilt * (a / page.width + 0.5 * b / page.height);
      const double px = page.width / 2.0 + a * depth, bow = px / page.width - 0.5;
      const double py = page.height / 2.0 + b * depth + camera.curl_mm * px_per_mm * (4 * bow * bow - 0.3);
      const double light = 1 - camera.shadow / (1 + std::exp(-10 * (static_cast<double>(x) / w - shadow_x + 0.3 * (static_cast<double>(y) / h - 0.5))));
      const bool on = px > 1 && py > 1 && px < page.width - 2 && py < page.height - 2;
      for (int k = 0; k < 3; ++k) seen[k].row(y)[x] = on ? static_cast<float>(light) * std::clamp(read_cubic(channel[k], px, py), 0.f, 255.f) : 70.f + 10.f * static_cast<float>(k);
    }
  std::normal_distribution<float> noise(0, static_cast<float>(camera.noise));
  const int reach = static_cast<int>(std::ceil(2 * camera.blur_px));
  std::vector<float> kernel;
  float sum = 0;
  for (int k = -reach; k <= reach; ++k) kernel.push_back(std::exp(-0.5f * static_cast<float>(k * k) / static_cast<float>(std::max(0.01, camera.blur_px * camera.blur_px)))), sum += kernel.back();
  for (int k = 0; k < 3; ++k) {
    Plane across(w, h);
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x)
        for (int d = -reach; d <= reach; ++d) across.row(y)[x] += kernel[d + reach] / sum * seen[k].at(std::clamp(x + d, 0, w - 1), y);
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        float v = noise(random);
        for (int d = -reach; d <= reach; ++d) v += kernel[d + reach] / sum * across.at(x, std::clamp(y + d, 0, h - 1));
        out.rgb[(static_cast<size_t>(y) * w + x) * 3 + k] = static_cast<uint8_t>(std::clamp(v, 0.f, 255.f));
      }
  }
  return out;
}

// Signal-to-noise ratio of what was read against what was printed, over the leads and times of the page, as ../shared/tools/score_paper.py
// defines it: per lead the best lag within 0.2 s and the mean difference are taken out (`aligned`), or nothing is. -10 without leads.
inline double snr_db(const EcgRecord& truth, const EcgRecord& read, bool aligned, int* leads = nullptr) {
  double signal = 0, noise = 0;
  int count = 0;
  for (int l = 0; l < kLeadCount; ++l) {
    const std::vector<float>&t = truth.mv[l], &r = read.mv[l];
    if (t.empty() || r.empty()) continue;
    double best = 1e30, power = 0;
    const int most = aligned ? 100 : 0;
    for (int lag = -most; lag <= most; lag += 1) {
      double sum_d = 0, sum_dd = 0, n = 0, p = 0;
      for (size_t k = 0; k < t.size(); ++k) {
        const long at = static_cast<long>(k) + lag;
        if (std::isnan(t[k]) || at < 0 || at >= static_cast<long>(r.size()) || std::isnan(r[at])) continue;
        const double d = r[at] - t[k];
        sum_d += d, sum_dd += d * d, p += static_cast<double>(t[k]) * t[k], n += 1;
      }
      if (n < 250) continue;
      const double error = (aligned ? sum_dd - sum_d * sum_d / n : sum_dd) / n;
      if (error < best) best = error, power = p / n;
    }
    if (best > 1e29) continue;
    ++count;
    signal += power, noise += best;
  }
  if (leads) *leads = count;
  return count ? 10 * std::log10(signal / std::max(noise, 1e-9)) : -10;
}

}  // namespace precordia::pages
