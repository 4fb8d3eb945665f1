#include "dashboard/beats_panel.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "dashboard/paper.h"
#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

struct Mark {
  std::optional<int> at;
  const char* name;
  ImU32 ink;
};

void draw_panel(ImDrawList* list, const ViewModel& view, int lead, ImRect rect, double gain_mm_per_mv,
                double px_per_mm) {
  const MedianBeatView& median = view.ecg.median;
  const LeadView& beat = median.leads[static_cast<size_t>(lead)];
  const std::span<const float> mv = view.values(beat.trace);
  list->AddRectFilled(rect.Min, rect.Max, colour::kPaper, 4);
  list->PushClipRect(rect.Min, rect.Max, true);
  for (float x = rect.Min.x; x < rect.Max.x; x += static_cast<float>(5 * px_per_mm)) {
    list->AddLine(ImVec2(std::floor(x), rect.Min.y), ImVec2(std::floor(x), rect.Max.y), colour::kGridBold);
  }
  for (float y = rect.Min.y; y < rect.Max.y; y += static_cast<float>(5 * px_per_mm)) {
    list->AddLine(ImVec2(rect.Min.x, std::floor(y)), ImVec2(rect.Max.x, std::floor(y)), colour::kGridBold);
  }
  const float px_per_s =
      static_cast<float>(rect.GetWidth() / (static_cast<double>(mv.size()) / view.ecg.sample_rate_hz));
  const float px_per_mv = static_cast<float>(gain_mm_per_mv * px_per_mm);
  if (!mv.empty() && view.ecg.sample_rate_hz > 0) {
    // As much above as below the trace, with the baseline kept in view.
    float low = 0, high = 0;
    for (const float value : mv) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
    const float middle = rect.GetCenter().y + 8 + (high + low) / 2 * px_per_mv;
    const FiducialsView& f = median.fiducials;
    const Mark marks[] = {{f.p_on, "P", colour::kCalm},
                          {f.p_off, "P", colour::kCalm},
                          {f.qrs_on, "Q", colour::kAccent},
                          {f.qrs_off, "S", colour::kAccent},
                          {f.t_off, "T", colour::kWatch}};
    for (const Mark& mark : marks) {
      if (!mark.at || *mark.at < 0 || static_cast<size_t>(*mark.at) >= mv.size()) continue;
      const float x = rect.Min.x + static_cast<float>(*mark.at / view.ecg.sample_rate_hz) * px_per_s;
      for (float y = rect.Min.y + 22; y < rect.Max.y - 2; y += 6) {
        list->AddLine(ImVec2(x, y), ImVec2(x, y + 3), mark.ink, 1.25f);
      }
    }
    static thread_local std::vector<TracePoint> points;
    thin_trace(mv, view.ecg.sample_rate_hz, 0, static_cast<double>(mv.size()) / view.ecg.sample_rate_hz,
               px_per_s, 0.5, &points);
    const bool bad = lead_is_bad(view, lead);
    for (size_t i = 0; i < points.size(); ++i) {
      if (points[i].gap && i > 0) list->PathStroke(bad ? colour::kTraceBad : colour::kTrace, 0, 1.6f);
      list->PathLineTo(ImVec2(rect.Min.x + points[i].x_px, middle - points[i].mv * px_per_mv));
    }
    list->PathStroke(bad ? colour::kTraceBad : colour::kTrace, 0, 1.6f);
  }
  list->PopClipRect();
  list->AddRect(rect.Min, rect.Max, colour::kLine, 4);
  list->AddRectFilled(rect.Min + ImVec2(1, 1),
                      rect.Min + ImVec2(14 + text_width(Type::kCaptionStrong, beat.name), 21),
                      colour::with_alpha(colour::kPaper, 225), 4);
  draw_text(list, Type::kCaptionStrong, rect.Min + ImVec2(7, 2), colour::kInk, beat.name);
  if (mv.empty()) draw_text_centred(list, Type::kCaption, rect.Min, rect.Max, colour::kInkFaint, "none");
}

// Of the lead that swings most, baseline included.
double largest_span_mv(const ViewModel& view) {
  double span = 0;
  for (const LeadView& lead : view.ecg.median.leads) {
    float low = 0, high = 0;
    for (const float value : view.values(lead.trace)) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
    span = std::max(span, static_cast<double>(high - low));
  }
  return span;
}

}  // namespace

void draw_beats_card(const Ui& ui, Flow& flow, const ViewModel& view, double gain_mm_per_mv) {
  const MedianBeatView& median = view.ecg.median;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Representative beat");
  if (median.beats_used <= 0) {
    paragraph(in, Type::kBody, colour::kInkSoft,
              "No representative beat could be formed from this recording.");
    return;
  }
  const float gap = 8;
  const int columns = panels_per_row(in.width, 100, gap, 6, kLeadCount);
  const float width =
      std::floor((in.width - gap * static_cast<float>(columns - 1)) / static_cast<float>(columns));
  const float height = std::floor(std::clamp(width * 0.95f, 96.0f, 140.0f));
  const LeadView* longest = nullptr;
  for (const LeadView& lead : median.leads) {
    if (!longest || lead.trace.n > longest->trace.n) longest = &lead;
  }
  const double seconds =
      view.ecg.sample_rate_hz > 0 ? static_cast<double>(longest->trace.n) / view.ecg.sample_rate_hz : 0;
  const double px_per_mm =
      seconds > 0 ? width / (seconds * 25) : 2;  // paper at 25 mm/s, made to fit the panel
  // The reader's gain, halved until the largest beat fits: one gain for all panels, so that they can be
  // compared.
  while (gain_mm_per_mv > 1.3 && largest_span_mv(view) * gain_mm_per_mv * px_per_mm > height - 30)
    gain_mm_per_mv /= 2;
  char gain_text[24];
  std::snprintf(gain_text, sizeof gain_text, "%.3g mm/mV", gain_mm_per_mv);
  paragraph(in, Type::kCaption, colour::kInkSoft,
            "Median of " + std::to_string(median.beats_used) + (median.beats_used == 1 ? " beat" : " beats") +
                ", " + gain_text +
                ", squares 0.2 s wide. Dotted: start and end of P (green) and QRS (teal), end of T (amber).");
  in.gap(10);
  for (int lead = 0; lead < kLeadCount; ++lead) {
    const float x = in.x + static_cast<float>(lead % columns) * (width + gap);
    const float y = in.y + static_cast<float>(lead / columns) * (height + gap);
    draw_panel(in.list, view, lead, ImRect(x, y, x + width, y + height), gain_mm_per_mv, px_per_mm);
  }
  in.y += static_cast<float>((kLeadCount + columns - 1) / columns) * (height + gap) - gap;
}

}  // namespace precordia::dashboard
