// Plan: pulses ▸ gain, speed, zero lines ▸ begin, end and borders of the columns ▸ layouts that fit the number of rows ▸ lead algebra.
#include "paper/lead_plan.h"

#include <limits>

#include "base/text.h"

namespace precordia {
namespace {

const double kNoNumber = std::numeric_limits<double>::quiet_NaN();

// Ink outside the traces that stands narrow and upright: separators, dotted column lines, the stems of lead names.
std::vector<float> upright_ink(const FlatPage& page, const std::vector<TraceRow>& rows, double from_px, double to_px) {
  const int w = page.ink.width, h = page.ink.height, d = std::max(2, static_cast<int>(0.8 * page.px_per_mm));
  std::vector<float> sum(w, 0);
  const int top = std::max(0, static_cast<int>(from_px)), bottom = std::min(h, static_cast<int>(to_px));
  const auto traced = [&](int x, int y) {
    for (const TraceRow& row : rows)
      for (int k = -2; k <= 2; ++k)
        if (x + k >= 0 && x + k < w && !std::isnan(row.top[x + k]) && y >= static_cast<int>(row.top[x + k]) - 2 && y <= static_cast<int>(row.bottom[x + k]) + 3) return true;
    return false;
  };
  for (int y = top; y < bottom; ++y) {
    const float* ink = page.ink.row(y);
    for (int x = d; x < w - d; ++x)
      if (ink[x] >= 0.3f && !traced(x, y)) sum[x] += std::max(0.f, ink[x] - std::max(ink[x - d], ink[x + d]));
  }
  std::vector<float> smooth(w, 0);
  const int reach = std::max(1, static_cast<int>(0.15 * page.px_per_mm));
  for (int x = reach; x < w - reach; ++x)
    for (int k = -reach; k <= reach; ++k) smooth[x] += sum[x + k] / static_cast<float>(2 * reach + 1);
  return smooth;
}

// Steps of the trace that stay: where one lead ends and the next begins at another height, per column, summed over rows.
std::vector<float> lasting_steps(const FlatPage& page, const std::vector<TraceRow>& rows) {
  const int w = page.ink.width, d = static_cast<int>(1.0 * page.px_per_mm), gap = std::max(1, static_cast<int>(0.25 * page.px_per_mm));
  std::vector<float> sum(w, 0);
  for (const TraceRow& row : rows)
    for (int x = d + gap; x < w - d - gap; ++x) {
      float left = 0, right = 0, ls = 0, rs = 0;
      bool whole = true;
      for (int k = 0; k < d && whole; k += 2) {
        const float l = row.y[x - gap - k], r = row.y[x + gap + k];
        whole = !std::isnan(l) && !std::isnan(r);
        if (k == 0) ls = l, rs = r;
        left = std::max(left, std::abs(l - ls)), right = std::max(right, std::abs(r - rs));
      }
      if (!whole) continue;
      const float level = static_cast<float>(0.35 * page.px_per_mm);
      if (left < level && right < level) sum[x] += std::min(std::abs(rs - ls), static_cast<float>(2 * page.px_per_mm));
    }
  return sum;
}

struct Zero { double px = 0; bool known = false; double at_px = 0; };   // of a row; known where its pulse stands

// A column of leads behind pulses of its own.
struct PulseColumn {
  double begin = 0, end = 0;   // of its signals
  double start_s = 0;
  std::vector<std::optional<CalibrationPulse>> pulses;   // per row
};

struct Columns {
  std::vector<PulseColumn> own;   // instead of equal widths
  double begin = 0, width = 0;
  bool seen = false;    // separators, names or steps confirm them
  bool clear = false;   // separators do: names alone stand a little beside the borders
};

Columns find_columns(const FlatPage& page, const std::vector<TraceRow>& rows, int count, double begin, double end, double usual_px) {
  Columns out{{}, begin, std::min(usual_px, (end - begin) / count), false};
  if (count < 2) return {{}, begin, end - begin, true};
  const double mm = page.px_per_mm;
  std::vector<float> upright = upright_ink(page, rows, rows.front().baseline_px - 14 * mm, rows.back().baseline_px + 14 * mm), steps = lasting_steps(page, rows);
  const int w = page.ink.width;
  std::vector<float> evidence(w);
  for (int x = 0; x < w; ++x)
    evidence[x] = std::min(upright[x], static_cast<float>(12 * mm)) / static_cast<float>(mm) + 2.5f * steps[x] / static_cast<float>(mm);
  std::vector<float> sorted = evidence;
  const float floor = percentile(sorted, 0.9);
  const auto near = [&](double x) {
    float best = 0;
    const int r = std::max(1, static_cast<int>(0.2 * mm));
    for (int k = -r; k <= r; ++k) {
      const int at = static_cast<int>(std::lround(x)) + k;
      if (at >= 0 && at < w) best = std::max(best, evidence[at] * (1 - 0.1f * static_cast<float>(std::abs(k)) / static_cast<float>(r)));
    }
    return best;
  };
  const double step = 0.125 * mm;
  double best = 0;
  std::vector<double> widths;
  for (double width = 0.85 * usual_px; width <= 1.15 * usual_px; width += step / 2) widths.push_back(width);
  for (const double width : widths) {
    if (width * count > (end - begin) + 6 * mm) continue;
    for (double b = begin - 4 * mm; b <= begin + 5 * mm; b += step) {
      double score = 0;
      for (int i = 1; i < count; ++i) score += near(b + i * width);
      if (b + count * width < end - 2 * mm) score += 0.5 * near(b + count * width);
      score -= 1.2 * std::abs(b - begin) / mm + 0.5 * std::abs(width - usual_px) / mm;
      if (score > best) best = score, out = {{}, b, width, false};
    }
  }
  out.seen = best > (count - 1) * (1.0 + floor);
  out.clear = best > (count - 1) * (3.0 + 2 * floor);
  if (!out.seen) return {{}, begin, std::min(usual_px, (end - begin) / count), false};
  // Each border to the upright ink's own peak; recorders keep their speed better than borders can be seen, so that a width near the
  // usual one is the usual one.
  std::vector<double> centres;
  std::vector<int> index;
  for (int i = 1; i < count; ++i) {
    const double x = out.begin + i * out.width;
    double weight = 0, centre = 0;
    float most = 0;
    const int r = std::max(2, static_cast<int>(0.5 * mm));
    for (int k = -r; k <= r; ++k) {
      const int at = static_cast<int>(std::lround(x)) + k;
      if (at < 0 || at >= w) continue;
      const double e = static_cast<double>(upright[at]) * upright[at];
      most = std::max(most, upright[at]);
      weight += e, centre += e * at;
    }
    if (most > 3 * mm) centres.push_back(centre / weight), index.push_back(i);
  }
  if (centres.size() >= 2) {
    if (std::abs(out.width / usual_px - 1) < 0.012) out.width = usual_px;
    std::vector<double> begins;
    for (size_t k = 0; k < centres.size(); ++k) begins.push_back(centres[k] - index[k] * out.width);
    const double middle = percentile(begins, 0.5);
    double sum = 0;
    int n = 0;
    for (const double b : begins)
      if (std::abs(b - middle) < 0.25 * mm) sum += b, ++n;
    if (std::abs(sum / n - out.begin) < 1.5 * mm) out.begin = sum / n;
  } else if (std::abs(out.width / usual_px - 1) < 0.008) {
    out.width = usual_px;
  }
  return out;
}

// How far each row's separators stand from where the columns put them: paper that curls, or print that is askew, moves them row by
// row. NaN where a row shows none.
std::vector<double> separator_shifts(const FlatPage& page, const std::vector<TraceRow>& rows, const Columns& columns, int count) {
  std::vector<double> shifts(rows.size(), kNoNumber);
  const double mm = page.px_per_mm;
  const int reach = static_cast<int>(4 * mm), w = page.ink.width;
  for (size_t r = 0; r < rows.size(); ++r) {
    const double above = r > 0 ? 0.5 * (rows[r - 1].baseline_px + rows[r].baseline_px) : rows[r].baseline_px - 12 * mm;
    const double below = r + 1 < rows.size() ? 0.5 * (rows[r].baseline_px + rows[r + 1].baseline_px) : rows[r].baseline_px + 12 * mm;
    const std::vector<float> upright = upright_ink(page, rows, above, below);
    double best = 0, all = 0;
    int at = 0;
    for (int d = -reach; d <= reach; ++d) {
      double sum = 0;
      for (int i = 1; i < count; ++i) {
        const int x = static_cast<int>(std::lround(columns.begin + i * columns.width)) + d;
        if (x >= 0 && x < w) sum += std::min<double>(upright[x], 8 * mm);
      }
      all += sum / (2 * reach + 1);
      if (sum > best) best = sum, at = d;
    }
    if (best > 3 * mm * (count - 1) && best > 4 * all) shifts[r] = at;
  }
  return shifts;
}

// A page that a program drew has its straight lines moved to whole pixels, to the right and down of where curves are drawn, by up to
// a pixel (Agg's snapping, in Matplotlib and others). True where the feet of all pulses stand on the middle of a pixel.
bool lines_snapped(const FlatPage& page, const std::vector<std::optional<CalibrationPulse>>& pulses) {
  int all = 0;
  for (const auto& p : pulses) {
    if (!p) continue;
    const double y = page.mapping.image_from_page(page.left_mm + p->begin_px / page.px_per_mm, page.top_mm + p->foot_px / page.px_per_mm).y;
    if (std::abs(y - std::round(y)) > 0.13) return false;
    ++all;
  }
  return all >= 3;
}

// ---- lead algebra ------------------------------------------------------------------------------------------------------

using Signal = std::vector<float>;

// rms of the weighted sum over rms of its parts, each less its own mean, where all are present.
double residual(const std::vector<std::pair<const Signal*, double>>& parts, double rate_hz) {
  size_t n = parts.front().first->size();
  for (const auto& [s, k] : parts) n = std::min(n, s->size());
  std::vector<double> mean(parts.size(), 0);
  size_t used = 0;
  std::vector<uint8_t> whole(n, 1);
  for (size_t i = 0; i < n; ++i) {
    for (const auto& [s, k] : parts) whole[i] &= !std::isnan((*s)[i]);
    if (!whole[i]) continue;
    ++used;
    for (size_t p = 0; p < parts.size(); ++p) mean[p] += (*parts[p].first)[i];
  }
  if (static_cast<double>(used) < 0.4 * rate_hz) return kNoNumber;
  for (double& m : mean) m /= static_cast<double>(used);
  double over = 0, under = 0;
  for (size_t i = 0; i < n; ++i) {
    if (!whole[i]) continue;
    double sum = 0;
    for (size_t p = 0; p < parts.size(); ++p) {
      const double v = parts[p].second * ((*parts[p].first)[i] - mean[p]);
      sum += v;
      under += v * v / static_cast<double>(parts.size());
    }
    over += sum * sum;
  }
  return under > 0 ? std::sqrt(over / under) : kNoNumber;
}

constexpr std::array<Lead, 12> kStandardLeads = {Lead::kI, Lead::kII, Lead::kIII, Lead::kAVR, Lead::kAVL, Lead::kAVF,
                                                 Lead::kV1, Lead::kV2, Lead::kV3, Lead::kV4, Lead::kV5, Lead::kV6};
constexpr std::array<Lead, 12> kCabreraLeads = {Lead::kAVL, Lead::kI, Lead::kAVR, Lead::kII, Lead::kAVF, Lead::kIII,
                                                Lead::kV1, Lead::kV2, Lead::kV3, Lead::kV4, Lead::kV5, Lead::kV6};

// Einthoven's and Goldberger's residuals of the leads that stand at one time.
void algebra(LeadPlan& plan, const std::vector<Signal>& signals, double rate_hz) {
  const auto signal = [&](Lead lead) -> const Signal* {
    for (size_t i = 0; i < plan.stretches.size(); ++i)
      if (plan.stretches[i].lead == lead) return &signals[i];
    return nullptr;
  };
  const auto together = [&](std::initializer_list<Lead> wanted) {
    double start = -1;
    for (const Lead lead : wanted) {
      bool found = false;
      for (const LeadStretch& s : plan.stretches)
        if (s.lead == lead) found = true, start = start < 0 || start == s.start_s ? s.start_s : -2;
      if (!found || start == -2) return false;
    }
    return true;
  };
  plan.einthoven = plan.goldberger = kNoNumber;
  if (together({Lead::kI, Lead::kII, Lead::kIII}))
    plan.einthoven = residual({{signal(Lead::kI), 1}, {signal(Lead::kIII), 1}, {signal(Lead::kII), -1}}, rate_hz);
  if (together({Lead::kAVR, Lead::kAVL, Lead::kAVF}))
    plan.goldberger = residual({{signal(Lead::kAVR), 1}, {signal(Lead::kAVL), 1}, {signal(Lead::kAVF), 1}}, rate_hz);
  if (plan.order == LeadOrder::kCabrera && std::isnan(plan.einthoven) && together({Lead::kAVL, Lead::kI, Lead::kAVR})) {
    plan.einthoven = residual({{signal(Lead::kAVL), 1}, {signal(Lead::kAVR), -1}, {signal(Lead::kI), -1.5}}, rate_hz);
    if (together({Lead::kII, Lead::kIII, Lead::kAVF})) plan.goldberger = residual({{signal(Lead::kII), 1}, {signal(Lead::kIII), 1}, {signal(Lead::kAVF), -2}}, rate_hz);
  }
}

constexpr double kTrialRateHz = 125;   // enough to tell layouts, borders and tilts apart

// The signal of a stretch at `rate_hz`, as signal_of gives it at its own rate.
std::vector<float> sampled(const FlatPage& page, const TraceRow& row, const LeadStretch& stretch, double mm_per_s, double mm_per_mv, double rate_hz,
                           std::vector<float>* confidence) {
  const double px_per_sample = mm_per_s * page.px_per_mm / rate_hz;
  const double mv_per_px = (stretch.inverted ? -1 : 1) / (page.px_per_mm * mm_per_mv);
  const int n = std::clamp(static_cast<int>(std::lround((stretch.end_px - stretch.begin_px) / px_per_sample)), 0, 200000);
  std::vector<float> out(n, std::numeric_limits<float>::quiet_NaN());
  if (confidence) confidence->assign(n, 0);
  // The stretch by itself: a column that a border cuts belongs half to the neighbour, so the ends go on straight instead.
  const int w = static_cast<int>(row.y.size());
  const int from = std::clamp(static_cast<int>(std::floor(stretch.begin_px)) - 1, 0, w - 1), to = std::clamp(static_cast<int>(std::ceil(stretch.end_px)) + 1, from, w - 1);
  std::vector<float> y(row.y.begin() + from, row.y.begin() + to + 1);
  const int count = static_cast<int>(y.size());
  int first = 0, last = count - 1;
  while (first < count && (from + first < stretch.begin_px + 0.7 || std::isnan(y[first]))) ++first;
  while (last > first && (from + last > stretch.end_px - 0.7 || std::isnan(y[last]))) --last;
  // Where a steep stroke meets the border, a separator covers it or a hole leads to the next lead, the last half millimetre stays unread.
  const auto unclear = [&](int k, int inwards) {
    const int next = std::clamp(k + inwards, 0, count - 1);
    return std::isnan(row.top[from + k]) || row.bottom[from + k] - row.top[from + k] > 1.3 * page.px_per_mm || std::abs(y[k] - y[next]) > 1.3 * page.px_per_mm;
  };
  const int reach = static_cast<int>(0.5 * page.px_per_mm), clear_first = first, clear_last = last;
  for (int k = std::min(count - 1, first + reach); k >= first; --k)
    if (unclear(k, 1)) first = k + 1;
  for (int k = std::max(0, last - reach); k <= last; ++k)
    if (unclear(k, -1)) last = k - 1;
  if (last - first < 4) return out;
  const bool goes_on[2] = {first == clear_first && std::abs(y[first] - y[first + 1]) < 1.2f, last == clear_last && std::abs(y[last] - y[last - 1]) < 1.2f};
  for (int k = first - 1; k >= 0; --k) y[k] = goes_on[0] && first - k <= 3 ? y[k + 1] : std::numeric_limits<float>::quiet_NaN();
  for (int k = last + 1; k < count; ++k) y[k] = goes_on[1] && k - last <= 3 ? y[k - 1] : std::numeric_limits<float>::quiet_NaN();
  for (int k = 0; k < n; ++k) {
    const double x = stretch.begin_px + k * px_per_sample - from;
    if (!(x >= 0 && x <= count - 1)) continue;
    const int i = static_cast<int>(x), j = std::min(i + 1, count - 1);
    if (std::isnan(y[i]) || std::isnan(y[j])) continue;
    const double a = x - i;
    const float p = i > 0 && !std::isnan(y[i - 1]) ? y[i - 1] : y[i], q = j + 1 < count && !std::isnan(y[j + 1]) ? y[j + 1] : y[j];
    const double y0 = y[i], y1 = y[j];
    const double height = y0 + 0.5 * a * (y1 - p + a * (2 * p - 5 * y0 + 4 * y1 - q + a * (3 * (y0 - y1) + q - p)));
    out[k] = static_cast<float>((stretch.zero_at(from + x) - height) * mv_per_px);
    if (confidence) (*confidence)[k] = std::min(row.confidence[from + i], row.confidence[from + j]);
  }
  return out;
}

// zero: per column of leads, or once for all; each per row.
LeadPlan arrange(const FlatPage& page, const std::vector<TraceRow>& rows, const std::vector<std::vector<Zero>>& zeros, const std::vector<double>& shift, PageLayout layout, LeadOrder order,
                 double tilt, const Columns& columns, double end, double mm_per_s, double mm_per_mv, std::optional<Lead> rhythm_wanted) {
  const PageLayoutShape& shape = shape_of(layout);
  LeadPlan plan;
  plan.layout = layout;
  plan.order = order;
  plan.rhythm = kNoNumber;
  plan.mm_per_s = mm_per_s, plan.mm_per_mv = mm_per_mv;
  const double px_per_s = mm_per_s * page.px_per_mm;
  const auto& leads = order == LeadOrder::kCabrera ? kCabreraLeads : kStandardLeads;
  const auto zero_of = [&](int r, size_t c, double from, double to) {
    const Zero& zero = zeros[std::min(c, zeros.size() - 1)][static_cast<size_t>(r)];
    if (zero.known) return zero.px + tilt * (from - zero.at_px);
    std::vector<float> heights;
    for (int x = std::max(0, static_cast<int>(from)); x < std::min(static_cast<int>(to), page.ink.width); ++x)
      if (!std::isnan(rows[r].y[x])) heights.push_back(rows[r].y[x] - static_cast<float>(tilt * (x - from)));
    return heights.empty() ? rows[r].baseline_px : static_cast<double>(percentile(heights, 0.5));
  };
  const int single = layout == PageLayout::kSingle;
  const bool own = !columns.own.empty();
  for (int c = 0; c < shape.columns; ++c)
    for (int r = 0; r < shape.rows; ++r) {
      LeadStretch s;
      s.lead = single ? rhythm_wanted.value_or(Lead::kII) : leads[c * shape.rows + r];
      s.inverted = order == LeadOrder::kCabrera && s.lead == Lead::kAVR;
      s.row = r;
      s.begin_px = shift[r] + (own ? columns.own[c].begin : columns.begin + c * columns.width);
      s.end_px = own ? columns.own[c].end + shift[r] : s.begin_px + columns.width;
      s.start_s = own ? columns.own[c].start_s : c * columns.width / px_per_s;
      s.zero_px = zero_of(r, static_cast<size_t>(c), s.begin_px, s.end_px);
      s.tilt = tilt;
      plan.stretches.push_back(s);
    }
  std::vector<Signal> signals;
  for (const LeadStretch& s : plan.stretches) signals.push_back(sampled(page, rows[s.row], s, mm_per_s, mm_per_mv, kTrialRateHz, nullptr));
  algebra(plan, signals, kTrialRateHz);

  // Rhythm rows are the lead whose short stretch they repeat.
  std::vector<Lead> used;
  for (int k = 0; k < shape.rhythm_rows; ++k) {
    LeadStretch s;
    s.rhythm_row = true;
    s.row = shape.rows + k;
    s.begin_px = columns.begin + shift[s.row];
    s.end_px = std::min(end, columns.begin + shape.columns * columns.width) + shift[s.row];
    s.zero_px = zero_of(s.row, 0, s.begin_px, s.end_px);
    s.tilt = tilt;
    double best = 9;
    Lead lead = k == 0 ? Lead::kII : k == 1 ? Lead::kV1 : Lead::kV5;
    std::vector<std::pair<double, Signal>> parts;   // of the row, by where they begin
    for (size_t i = 0; i < plan.stretches.size(); ++i) {
      const LeadStretch& t = plan.stretches[i];
      if (t.rhythm_row || std::find(used.begin(), used.end(), t.lead) != used.end()) continue;
      auto known = std::find_if(parts.begin(), parts.end(), [&](const auto& p) { return p.first == t.start_s; });
      if (known == parts.end()) {
        LeadStretch beside = s;   // from the very place, so that the samples of both stand at the same moments
        beside.begin_px = s.begin_px + t.start_s * px_per_s, beside.end_px = std::min(s.end_px, beside.begin_px + t.end_px - t.begin_px);
        parts.push_back({t.start_s, sampled(page, rows[s.row], beside, mm_per_s, mm_per_mv, kTrialRateHz, nullptr)});
        known = std::prev(parts.end());
      }
      const Signal& part = known->second;
      double r = residual({{&part, 1}, {&signals[i], -1}}, kTrialRateHz);
      if (k == 0 && t.lead == Lead::kII) r *= 0.7;   // the usual one, unless another fits clearly better
      if (r < best) best = r, lead = t.lead;
    }
    if (k == 0 && rhythm_wanted) lead = *rhythm_wanted;
    if (best < 9 && (std::isnan(plan.rhythm) || best > plan.rhythm)) plan.rhythm = best;
    used.push_back(lead);
    s.lead = lead;
    plan.stretches.push_back(s);
  }
  return plan;
}

}  // namespace

std::vector<float> signal_of(const FlatPage& page, const TraceRow& row, const LeadStretch& stretch, double mm_per_s, double mm_per_mv,
                             std::vector<float>* confidence) {
  return sampled(page, row, stretch, mm_per_s, mm_per_mv, kDigitisedRateHz, confidence);
}

namespace {

// Columns that each stand behind pulses of their own, where most rows have such pulses one below the other further right; empty where
// they do not. begin, end: of the signals as a whole. They count as recorded at once where their beats stand at the same places.
std::vector<PulseColumn> columns_of_pulses(const FlatPage& page, const std::vector<TraceRow>& rows, const std::vector<std::optional<CalibrationPulse>>& first, double begin,
                                           double end, double px_per_s) {
  const double mm = page.px_per_mm;
  std::vector<double> heights, widths, begins;
  for (const auto& p : first)
    if (p) heights.push_back(p->height_px), widths.push_back(p->width_px), begins.push_back(p->begin_px);
  const double height = percentile(heights, 0.5), width = percentile(widths, 0.5), usual_begin = percentile(begins, 0.5);
  std::vector<std::vector<CalibrationPulse>> inner(rows.size());
  for (size_t i = 0; i < rows.size(); ++i)
    for (const CalibrationPulse& p : find_pulses(page, rows[i], static_cast<int>(begin + 20 * mm), static_cast<int>(end - 20 * mm)))
      if (std::abs(p.height_px / height - 1) < 0.12 && std::abs(p.width_px / width - 1) < 0.25) inner[i].push_back(p);

  std::vector<PulseColumn> columns = {{begin, end, 0, first}};
  for (double left = begin;;) {
    PulseColumn next;
    size_t most = 0;
    std::vector<double> offsets;
    for (const auto& anchors : inner)
      for (const CalibrationPulse& anchor : anchors) {
        if (anchor.begin_px < left + 20 * mm) continue;
        PulseColumn column;
        column.pulses.assign(rows.size(), std::nullopt);
        std::vector<double> places;
        for (size_t i = 0; i < rows.size(); ++i)
          for (const CalibrationPulse& p : inner[i])
            if (!column.pulses[i] && std::abs(p.begin_px - anchor.begin_px) < 1.5 * mm) column.pulses[i] = p, places.push_back(p.begin_px - (first[i] ? first[i]->begin_px : usual_begin));
        // The leftmost of those that most rows have.
        if (places.size() > most || (places.size() == most && most > 0 && percentile(places, 0.5) < percentile(offsets, 0.5) - 3 * mm)) most = places.size(), next = std::move(column), offsets = places;
      }
    if (most < 2 || most * 10 < rows.size() * 6) break;
    next.begin = begin + percentile(offsets, 0.5);
    next.end = end;
    // The column before ends where its traces do, at the latest before the foot of the pulse.
    std::vector<double> ends;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!next.pulses[i]) continue;
      const int pulse = static_cast<int>(next.pulses[i]->begin_px), from = std::max(0, pulse - static_cast<int>(10 * mm));
      int best = 0, run = 0, at = pulse - static_cast<int>(2 * mm);
      for (int x = from; x < pulse; ++x) {
        run = std::isnan(rows[i].top[x]) ? run + 1 : 0;
        if (run > best && run > 0.4 * mm) best = run, at = x - run + 1;
      }
      ends.push_back(at);
    }
    columns.back().end = percentile(ends, 0.3);
    left = next.begin;
    columns.push_back(std::move(next));
  }
  if (columns.size() < 2) return {};

  // How much the traces move, per half millimetre, all rows together.
  const auto movement = [&](const PulseColumn& column) {
    std::vector<float> all;
    const int step = std::max(1, static_cast<int>(0.5 * mm));
    for (int x = static_cast<int>(column.begin); x + step < std::min<int>(static_cast<int>(column.end), page.ink.width); x += step) {
      float sum = 0;
      for (const TraceRow& row : rows) {
        const float d = std::abs(row.y[x + step] - row.y[x]);
        if (!std::isnan(d)) sum += std::min(d, static_cast<float>(4 * mm));
      }
      all.push_back(sum);
    }
    return all;
  };
  const std::vector<float> one = movement(columns.front());
  bool at_once = true;
  for (size_t c = 1; c < columns.size(); ++c) {
    const std::vector<float> two = movement(columns[c]);
    const size_t n = std::min(one.size(), two.size());
    double best = -1;
    int best_lag = 0;
    for (int lag = -20; lag <= 20; ++lag) {   // 10 mm
      double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0, m = 0;
      for (size_t k = 20; k + 20 < n; ++k) {
        const double a = one[k], b = two[static_cast<size_t>(static_cast<int>(k) + lag)];
        m += 1, sa += a, sb += b, saa += a * a, sbb += b * b, sab += a * b;
      }
      const double under = std::sqrt((m * saa - sa * sa) * (m * sbb - sb * sb)), r = under > 0 ? (m * sab - sa * sb) / under : 0;
      if (r > best) best = r, best_lag = lag;
    }
    at_once = at_once && best > 0.5 && std::abs(best_lag) <= 2;
  }
  if (!at_once)
    for (size_t c = 1; c < columns.size(); ++c) columns[c].start_s = columns[c - 1].start_s + (columns[c - 1].end - columns[c - 1].begin) / px_per_s;
  return columns;
}

double algebra_score(const LeadPlan& plan) {
  double score = 0;
  int parts = 0;
  for (const double r : {plan.einthoven, plan.goldberger})
    if (!std::isnan(r)) score += std::min(r, 2.0), ++parts;
  score = parts > 0 ? score / parts : 1.2;
  return std::isnan(plan.rhythm) ? score : score + 0.3 * std::min(plan.rhythm, 1.5);
}

}  // namespace

void measure_residuals(const std::vector<Signal>& signals, LeadPlan& plan) {
  algebra(plan, signals, kDigitisedRateHz);
  for (size_t r = 0; r < plan.stretches.size(); ++r) {
    if (!plan.stretches[r].rhythm_row) continue;
    for (size_t i = 0; i < plan.stretches.size(); ++i) {
      const LeadStretch& t = plan.stretches[i];
      const size_t from = static_cast<size_t>(std::lround(t.start_s * kDigitisedRateHz));
      if (t.rhythm_row || t.lead != plan.stretches[r].lead || from >= signals[r].size()) continue;
      const Signal part(signals[r].begin() + static_cast<std::ptrdiff_t>(from), signals[r].begin() + static_cast<std::ptrdiff_t>(std::min(signals[r].size(), from + signals[i].size())));
      const double fit = residual({{&part, 1}, {&signals[i], -1}}, kDigitisedRateHz);
      if (!(fit < plan.rhythm) || r + 1 == plan.stretches.size()) plan.rhythm = fit;
    }
  }
}

Result<LeadPlan> plan_leads(const FlatPage& page, const std::vector<TraceRow>& all_rows, const DigitiseOptions& options) {
  const double mm = page.px_per_mm;
  std::vector<TraceRow> rows = all_rows;
  if (rows.empty()) return fail(ErrorCode::kUnusable, "The grid was found but no trace that could be followed. Take the picture again with the trace in focus and the page flat.");

  std::vector<std::optional<CalibrationPulse>> pulses;
  std::vector<double> heights, widths;
  // Rows print their pulses one below the other and equally high; what stands elsewhere is signal.
  bool on_left = true;
  double most = 0;
  std::vector<double> begins;
  double usual_begin = 0;
  pulses.assign(rows.size(), std::nullopt);
  const auto agree = [&](const std::vector<std::optional<CalibrationPulse>>& found, bool side) {
    for (size_t anchor = 0; anchor < found.size(); ++anchor) {
      if (!found[anchor]) continue;
      std::vector<std::optional<CalibrationPulse>> together(found.size());
      double weight = 0;
      for (size_t i = 0; i < found.size(); ++i) {
        if (!found[i]) continue;
        // A page askew moves them by up to 6 in 100.
        const double reach = 1.5 * mm + 0.06 * std::abs(rows[i].baseline_px - rows[anchor].baseline_px);
        if (std::abs(found[i]->begin_px - found[anchor]->begin_px) > reach && std::abs(found[i]->end_px - found[anchor]->end_px) > reach) continue;
        if (std::abs(found[i]->height_px / found[anchor]->height_px - 1) > 0.12) continue;
        together[i] = found[i];
        weight += found[i]->both_feet ? 1.3 : 1;
      }
      if (weight > most && (weight > 1.2 || rows.size() < 3)) most = weight, pulses = std::move(together), on_left = side;
    }
  };
  for (const bool side : {true, false}) {
    std::vector<std::optional<CalibrationPulse>> found;
    for (const TraceRow& row : rows) found.push_back(find_pulse(page, row, side));
    agree(found, side);
  }
  // Where rows are close, what looks like a pulse on a row's path may be a part of the next row's: whole rectangles on more rows are right.
  const auto count = [&] { return std::count_if(pulses.begin(), pulses.end(), [](const auto& p) { return p.has_value(); }); };
  const auto on_paths = pulses;
  const auto found_on_paths = count();
  const bool paths_left = on_left;
  most = 0;
  for (const bool side : {true, false}) agree(find_upright_pulses(page, rows, side), side);
  if (most == 0 || count() <= found_on_paths) pulses = on_paths, on_left = paths_left;
  for (const auto& p : pulses)
    if (p) begins.push_back(p->begin_px);
  usual_begin = percentile(begins, 0.5);
  for (const auto& p : pulses)
    if (p) heights.push_back(p->height_px / mm), widths.push_back(p->width_px / mm);

  double mm_per_mv = 10, mm_per_s = 25;
  KnownFrom gain_known = KnownFrom::kAssumed, speed_known = KnownFrom::kAssumed;
  std::optional<double> pulse_mm;
  std::vector<std::string> notes;
  if (!heights.empty()) {
    pulse_mm = percentile(heights, 0.5);
    for (const double g : {5.0, 10.0, 20.0})
      if (std::abs(*pulse_mm / g - 1) < 0.12) mm_per_mv = g, gain_known = KnownFrom::kPulse;
    const double width = percentile(widths, 0.5);
    const auto [narrowest, widest] = std::minmax_element(widths.begin(), widths.end());
    if (gain_known == KnownFrom::kPulse && (heights.size() * 2 >= rows.size() || (heights.size() >= 2 && *widest - *narrowest < 0.5))) {
      if (width > 8.5 && width < 11.5) mm_per_s = 50, speed_known = KnownFrom::kPulse;
      else if (width > 4 && width < 6) speed_known = KnownFrom::kPulse;
    }
    if (gain_known == KnownFrom::kAssumed) notes.push_back(format_text("The calibration pulse is %.1f mm high, which fits no usual gain; 10 mm/mV was taken. Check it against the page.", *pulse_mm));
  } else {
    notes.push_back("No calibration pulse was found; 10 mm/mV was taken.");
  }
  if (options.mm_per_mv) mm_per_mv = *options.mm_per_mv, gain_known = KnownFrom::kUser;
  if (options.mm_per_s) mm_per_s = *options.mm_per_s, speed_known = KnownFrom::kUser;
  if (!(mm_per_mv >= 1 && mm_per_mv <= 100 && mm_per_s >= 5 && mm_per_s <= 400)) return fail(ErrorCode::kWrongUsage, "Speed must be 5 to 400 mm/s and gain 1 to 100 mm/mV.");

  // Where the signals begin and end: after a left pulse, before a right one.
  const auto behind = [&](const TraceRow& row, double pulse_end, const std::optional<CalibrationPulse>& pulse) {
    int from = static_cast<int>(pulse_end);
    const int furthest = std::min(page.ink.width - 1, from + static_cast<int>(3 * mm));
    if (pulse && pulse->by_strokes)   // the hole before the row is back at the pulse's foot is none of the page's
      for (int x = from; x < furthest; ++x)
        if (!std::isnan(row.top[x]) && std::abs(row.y[x] - pulse->foot_px) < mm) {
          from = x;
          break;
        }
    // A gap between pulse and signal: the signal begins behind it.
    for (int x = from; x < furthest; ++x) {
      if (!std::isnan(row.top[x])) continue;   // no ink, be it bridged or not
      int last = x;
      while (last + 1 < std::min(page.ink.width - 1, static_cast<int>(pulse_end + 8 * mm)) && std::isnan(row.top[last + 1])) ++last;
      const bool speck = last + 1 - x < 0.3 * mm;
      x = last;
      if (!speck) return static_cast<double>(last + 1);
    }
    return pulse_end + 0.4 * mm;
  };
  std::vector<double> starts, ends;
  for (size_t i = 0; i < rows.size(); ++i) {
    double begin = rows[i].first, end = rows[i].last + 1;
    const auto& p = pulses[i];
    if (on_left && !begins.empty()) begin = behind(rows[i], p ? p->end_px : usual_begin + percentile(widths, 0.5) * mm, p);
    if (!on_left && !begins.empty()) end = (p ? p->begin_px : usual_begin) - 0.6 * mm;
    starts.push_back(begin);
    ends.push_back(end);
  }
  // Rows of a page that was printed askew begin each at another place of the grid: a shear, by the pulses for now.
  const bool snapped = lines_snapped(page, pulses);
  double shear = 0;
  if (!snapped) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0, m = 0;
    for (size_t i = 0; i < rows.size(); ++i)
      if (pulses[i]) m += 1, sx += rows[i].baseline_px, sy += pulses[i]->begin_px, sxx += rows[i].baseline_px * rows[i].baseline_px, sxy += rows[i].baseline_px * pulses[i]->begin_px;
    if (m >= 3 && m * sxx - sx * sx > 0) shear = std::clamp((m * sxy - sx * sy) / (m * sxx - sx * sx), -0.06, 0.06);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    const double shift = shear * (rows[i].baseline_px - rows.front().baseline_px);
    starts[i] -= shift, ends[i] -= shift;
  }
  std::vector<double> sorted = starts;
  const double begin = percentile(sorted, 0.5);
  sorted = ends;
  const double end = percentile(sorted, 0.6);

  // Printouts of several rows show ten seconds, more rarely five: twice that at the usual speed is the other one.
  const double length_mm = (end - begin) / mm;
  if (speed_known == KnownFrom::kAssumed && rows.size() >= 3 && length_mm > 400) {
    mm_per_s = 50, speed_known = KnownFrom::kGeometry;
    notes.push_back(format_text("The traces are %.0f mm long, so 50 mm/s was taken, though no pulse tells. Check it against the page.", length_mm));
  }

  std::vector<PulseColumn> own_columns;
  if (on_left && heights.size() >= 2 && heights.size() * 2 > rows.size())
    own_columns = columns_of_pulses(page, rows, pulses, begin, end, mm_per_s * mm);
  const auto zero_lines = [&](const std::vector<size_t>& index, const std::vector<PulseColumn>& own) {
    std::vector<std::vector<Zero>> zeros;
    for (size_t c = 0; c < std::max<size_t>(1, own.size()); ++c) {
      const auto& standing = own.empty() ? pulses : own[c].pulses;
      std::vector<Zero>& zero = zeros.emplace_back();
      for (const size_t i : index) zero.push_back(standing[i] ? Zero{standing[i]->foot_px, true, standing[i]->begin_px} : Zero{});
    }
    return zeros;
  };

  // Layouts with this number of rows; a row too many (a line of text, a frame) may be left out at either end.
  std::vector<PageLayout> candidates;
  const int n = static_cast<int>(rows.size());
  const auto fits = [&](PageLayout layout, int count) {
    const PageLayoutShape& shape = shape_of(layout);
    return shape.rows + shape.rhythm_rows == count && (layout == PageLayout::kSingle || layout == PageLayout::k6x1 || layout == PageLayout::k12x1 || length_mm > 20.0 * shape.columns);
  };
  if (options.layout) candidates = {*options.layout};
  else
    for (int k = 0; k < kPageLayoutCount; ++k)
      if (fits(static_cast<PageLayout>(k), n)) candidates.push_back(static_cast<PageLayout>(k));
  const auto range = [](size_t from, size_t count) {
    std::vector<size_t> v(count);
    for (size_t i = 0; i < count; ++i) v[i] = from + i;
    return v;
  };
  struct Trial { PageLayout layout; std::vector<size_t> rows; };
  std::vector<Trial> trials;
  for (const PageLayout layout : candidates) {
    const size_t count = static_cast<size_t>(shape_of(layout).rows + shape_of(layout).rhythm_rows);
    if (count > rows.size()) continue;
    trials.push_back({layout, range(0, count)});
    if (count < rows.size()) trials.push_back({layout, range(rows.size() - count, count)});
  }
  for (int fewer = 1; fewer <= 2 && (trials.empty() || n == 5 || n > 7); ++fewer) {   // a spurious row at the top or the bottom
    for (int k = 0; k < kPageLayoutCount; ++k) {
      const PageLayout layout = static_cast<PageLayout>(k);
      if (options.layout || n <= fewer + 2 || !fits(layout, n - fewer)) continue;
      for (int from = 0; from <= fewer; ++from) trials.push_back({layout, range(static_cast<size_t>(from), static_cast<size_t>(n - fewer))});
    }
  }
  if (trials.empty())
    return fail(ErrorCode::kUnusable, format_text("%d rows of traces were found, which is no layout that can be named without its labels. Photograph the whole page, or choose the layout.", n));

  // Pulses within the rows tell how many columns there are.
  if (!own_columns.empty()) {
    const auto other = [&](const Trial& trial) { return static_cast<size_t>(shape_of(trial.layout).columns) != own_columns.size(); };
    if (std::all_of(trials.begin(), trials.end(), other)) own_columns.clear();
    else std::erase_if(trials, other);
  }

  if (snapped)
    for (auto& p : pulses)
      if (p) p->foot_px -= 0.5 * page.image_px;

  LeadPlan best;
  double best_score = 1e9;
  for (const Trial& trial : trials) {
    std::vector<TraceRow> chosen;
    for (const size_t i : trial.rows) chosen.push_back(rows[i]);
    const PageLayoutShape& shape = shape_of(trial.layout);
    const double usual_s = shape.columns == 4 ? 2.5 : shape.columns == 2 ? 5 : 0;
    Columns found_columns = own_columns.empty() ? find_columns(page, chosen, shape.columns, begin, end, usual_s * mm_per_s * mm)
                                                : Columns{own_columns, begin, own_columns.front().end - begin, true, true};
    if (snapped) found_columns.begin -= 0.2 * page.image_px;
    std::vector<double> own_shift(chosen.size(), kNoNumber);
    if (found_columns.clear && own_columns.empty() && shape.columns > 1 && !snapped) own_shift = separator_shifts(page, chosen, found_columns, shape.columns);
    for (const LeadOrder order : {LeadOrder::kStandard, LeadOrder::kCabrera}) {
      if (options.order && order != *options.order) continue;
      if (trial.layout == PageLayout::kSingle && order == LeadOrder::kCabrera) continue;
      Columns columns = found_columns;
      const auto sheared = [&](double by, double tilt) {
        std::vector<double> moved;
        for (size_t r = 0; r < chosen.size(); ++r) {
          const double shift = by * (chosen[r].baseline_px - rows.front().baseline_px);
          const bool own = std::abs(own_shift[r] - shift) > 0.8 * mm;   // what the shear explains it explains better
          moved.push_back(own ? own_shift[r] + (by - shear) * (chosen[r].baseline_px - rows.front().baseline_px) : shift);
        }
        return arrange(page, chosen, zero_lines(trial.rows, own_columns), moved, trial.layout, order, tilt, columns, end, mm_per_s, mm_per_mv, options.rhythm_lead);
      };
      LeadPlan plan = sheared(shear, 0);
      if (!columns.clear && shape.columns > 1 && !snapped) {   // borders that only names show: where the leads of each column agree up to its ends
        Columns best_columns = columns;
        double least = algebra_score(plan);
        const bool seen = columns.seen;
        const double width = std::min(usual_s * mm_per_s * mm, (end - begin + 3 * mm) / shape.columns);
        for (int k = -6; k <= 8; ++k) {
          columns = {{}, begin + 0.5 * k * mm, width, seen, false};
          LeadPlan other = sheared(shear, 0);
          const double score = algebra_score(other) + 0.004 * std::abs(k);
          if (score < least) least = score, plan = std::move(other), best_columns = columns;
        }
        columns = best_columns;
      }
      if (!snapped && shape.rows > 1) {   // the shear and tilt with which the algebra holds best, where it does so clearly better
        double least = 0.9 * algebra_score(plan), by = shear, tilt = 0;
        const auto attempt = [&](double b, double t) {
          LeadPlan other = sheared(b, t);
          const double score = algebra_score(other);
          if (score < least) least = score, by = b, tilt = t, plan = std::move(other);
        };
        for (int k = -16; k <= 16; ++k) attempt(shear + 0.0025 * k, 0);
        for (int k = -10; k <= 10; ++k)
          if (k != 0) attempt(by, 0.003 * k);
        for (const double d : {-0.0012, 0.0012}) attempt(by + d, tilt);
        for (const double d : {-0.0015, 0.0015}) attempt(by, tilt + d);
      }
      for (LeadStretch& s : plan.stretches) s.row = static_cast<int>(trial.rows[static_cast<size_t>(s.row)]);
      // The layout whose algebra holds; the Cabrera order only when the standard one clearly fails.
      double score = algebra_score(plan);
      const bool parts = !std::isnan(plan.einthoven) || !std::isnan(plan.goldberger);
      if (order == LeadOrder::kCabrera) score = 1.6 * score + 0.25;
      score += 0.35 * static_cast<double>(rows.size() - trial.rows.size());
      if (score < best_score) {
        best_score = score;
        plan.layout_known = parts && score < 0.6 ? KnownFrom::kLeadAlgebra : KnownFrom::kGeometry;
        best = std::move(plan);
        if (shape.columns > 1 && !columns.seen) best.notes.push_back("The borders between the columns of leads were not seen; they were placed at equal distances.");
      }
    }
  }
  best.speed_known = speed_known, best.gain_known = gain_known;
  best.pulse_mm = pulse_mm;
  if (options.layout) best.layout_known = KnownFrom::kUser;
  best.notes.insert(best.notes.end(), notes.begin(), notes.end());
  return best;
}

}  // namespace precordia
