#include "dashboard/paper.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace precordia::dashboard {
namespace {

constexpr double kLeftMm = 10;  // room for the calibration pulse
constexpr double kRightMm = 3;
constexpr double kEdgeMm = 1;  // beyond the first and last row's share

// Order of print: by rows within a column (IEC 60601-2-25 figure of the conventional 3 x 4 sheet).
constexpr int kThreeRows[3][4] = {{0, 3, 6, 9}, {1, 4, 7, 10}, {2, 5, 8, 11}};
constexpr int kRhythmLead = 1;  // II

double row_height_mm(PaperLayout layout, double gain) {
  const double at_ten = layout == PaperLayout::kThreeByFour ? 28 : layout == PaperLayout::kSixByTwo ? 24 : 20;
  return gain > 10 ? at_ten * 1.6 : at_ten;
}

}  // namespace

PaperPlan plan_paper(const PaperSettings& settings, double record_s) {
  PaperPlan plan;
  const double speed = settings.speed_mm_per_s;
  const bool whole = settings.layout == PaperLayout::kTwelveByOne;
  plan.page_s = whole ? record_s : std::min(record_s, kPageSeconds);
  const double start = whole ? 0 : settings.start_s;
  const double row = row_height_mm(settings.layout, settings.gain_mm_per_mv);
  plan.pulse_mm = 0.2 * speed;
  // At 50 mm/s the pulse is twice as wide and needs more room.
  const double left = kLeftMm + std::max(0.0, plan.pulse_mm - 5);

  const auto add_row = [&](int index) {
    const double baseline = kEdgeMm + row * (index + 0.55);
    plan.pulse_baselines_mm.push_back(baseline);
    return baseline;
  };
  const auto add_cells = [&](const int* leads, int columns, double baseline, bool strip) {
    const double share = plan.page_s / columns;
    for (int column = 0; column < columns; ++column) {
      plan.cells.push_back(
          {leads[column], start + column * share, share, left + column * share * speed, baseline, strip});
    }
  };

  int rows = 0;
  switch (settings.layout) {
    case PaperLayout::kThreeByFour:
      for (const auto& leads : kThreeRows) add_cells(leads, 4, add_row(rows++), false);
      add_cells(&kRhythmLead, 1, add_row(rows++), true);
      break;
    case PaperLayout::kSixByTwo:
      for (int lead = 0; lead < 6; ++lead) {
        const int pair[2] = {lead, lead + 6};
        add_cells(pair, 2, add_row(rows++), false);
      }
      break;
    case PaperLayout::kTwelveByOne:
      for (int lead = 0; lead < 12; ++lead) add_cells(&lead, 1, add_row(rows++), false);
      break;
  }
  plan.width_mm = left + plan.page_s * speed + kRightMm;
  plan.height_mm = 2 * kEdgeMm + rows * row;
  return plan;
}

void make_room_for_traces(PaperPlan* plan, const PaperSettings& settings,
                          std::span<const std::span<const float>> leads, double sample_rate_hz) {
  double above = 0, below = 0;  // beyond the paper's edges
  for (const PaperCell& cell : plan->cells) {
    if (static_cast<size_t>(cell.lead) >= leads.size() || sample_rate_hz <= 0) continue;
    const std::span<const float> mv = leads[static_cast<size_t>(cell.lead)];
    const auto index_at = [&](double seconds) {
      return static_cast<size_t>(std::clamp(seconds * sample_rate_hz, 0.0, static_cast<double>(mv.size())));
    };
    for (size_t i = index_at(cell.start_s); i < index_at(cell.start_s + cell.duration_s); ++i) {
      if (!std::isfinite(mv[i])) continue;
      const double y = cell.baseline_mm - static_cast<double>(mv[i]) * settings.gain_mm_per_mv;
      above = std::max(above, kEdgeMm - y);
      below = std::max(below, y + kEdgeMm - plan->height_mm);
    }
  }
  above = std::min(std::ceil(above), kMostRoomMm);
  below = std::min(std::ceil(below), kMostRoomMm);
  for (PaperCell& cell : plan->cells) cell.baseline_mm += above;
  for (double& baseline : plan->pulse_baselines_mm) baseline += above;
  plan->height_mm += above + below;
}

double last_page_start_s(const PaperPlan& plan, double record_s) {
  if (plan.page_s <= 0 || record_s <= plan.page_s * 1.001) return 0;
  return record_s - plan.page_s;
}

CaliperReading read_caliper(double dx_mm, double dy_mm, const PaperSettings& settings) {
  CaliperReading reading;
  reading.ms = std::fabs(dx_mm) / settings.speed_mm_per_s * 1000;
  if (reading.ms >= 1) reading.per_minute = 60000 / reading.ms;
  reading.mv = -dy_mm / settings.gain_mm_per_mv;
  return reading;
}

std::string caliper_text(const CaliperReading& reading) {
  char buffer[96];
  // A rate is only meaningful between beats: shown from 12 to 400 per minute.
  const bool rate = reading.per_minute && *reading.per_minute >= 12 && *reading.per_minute <= 400;
  const double mv = std::fabs(reading.mv) < 0.005 ? 0 : reading.mv;
  const char* sign = mv < 0 ? "−" : "";
  if (rate) {
    std::snprintf(buffer, sizeof buffer, "%.0f ms · %.0f/min · %s%.2f mV", reading.ms, *reading.per_minute,
                  sign, std::fabs(mv));
  } else {
    std::snprintf(buffer, sizeof buffer, "%.0f ms · %s%.2f mV", reading.ms, sign, std::fabs(mv));
  }
  return buffer;
}

double fitting_scale_px_per_mm(const PaperPlan& plan, double width_px, double true_px_per_mm,
                               double least_share) {
  if (plan.width_mm <= 0 || width_px <= 0) return true_px_per_mm;
  const double fit = std::min(width_px / plan.width_mm, true_px_per_mm);
  return fit < least_share * true_px_per_mm ? true_px_per_mm : fit;
}

void thin_trace(std::span<const float> mv, double sample_rate_hz, double start_s, double duration_s,
                double px_per_s, double column_px, std::vector<TracePoint>* points) {
  points->clear();
  if (mv.empty() || sample_rate_hz <= 0 || duration_s <= 0 || px_per_s <= 0 || column_px <= 0) return;
  const long long size = static_cast<long long>(mv.size());
  const long long first = std::clamp<long long>(std::llround(start_s * sample_rate_hz), 0, size);
  const long long end =
      std::clamp<long long>(std::llround((start_s + duration_s) * sample_rate_hz) + 1, first, size);
  const double px_per_sample = px_per_s / sample_rate_hz;
  const double offset_px = start_s * px_per_s;
  const auto x_of = [&](long long index) {
    return static_cast<float>(static_cast<double>(index) * px_per_sample - offset_px);
  };

  bool gap = true;
  long long index = first;
  while (index < end) {
    if (!std::isfinite(mv[static_cast<size_t>(index)])) {
      gap = true;
      ++index;
      continue;
    }
    const double column = std::floor(x_of(index) / column_px);
    long long lowest = index, highest = index, last = index;
    for (long long i = index + 1;
         i < end && std::isfinite(mv[static_cast<size_t>(i)]) && std::floor(x_of(i) / column_px) == column;
         ++i) {
      last = i;
      if (mv[static_cast<size_t>(i)] < mv[static_cast<size_t>(lowest)]) lowest = i;
      if (mv[static_cast<size_t>(i)] > mv[static_cast<size_t>(highest)]) highest = i;
    }
    const long long early = std::min(lowest, highest), late = std::max(lowest, highest);
    points->push_back({x_of(early), mv[static_cast<size_t>(early)], gap});
    if (late != early) points->push_back({x_of(late), mv[static_cast<size_t>(late)], false});
    gap = false;
    index = last + 1;
  }
}

}  // namespace precordia::dashboard
