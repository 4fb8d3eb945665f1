#include "dashboard/paper_drawing.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

// Everything one sheet's drawing needs.
struct Sheet {
  const Ui& ui;
  ImDrawList* list;
  const ViewModel& view;
  const PaperState& paper;
  const PaperPlan& plan;
  const PaperPlace& place;
  ImRect visible;  // what of the view is on the screen

  double px_per_s() const { return paper.settings.speed_mm_per_s * place.px_per_mm; }
  float px_per_mv() const { return static_cast<float>(paper.settings.gain_mm_per_mv * place.px_per_mm); }
  float row_px() const {
    const size_t rows = plan.pulse_baselines_mm.size();
    return static_cast<float>(plan.height_mm / static_cast<double>(rows) * place.px_per_mm);
  }
  float snap(float px) const { return std::floor(px * ui.dpr + 0.5f) / ui.dpr; }
};

void draw_grid_lines(const Sheet& sheet, int every_mm, float thickness, ImU32 ink, int skip_multiple) {
  const double scale = sheet.place.px_per_mm;
  const ImRect& visible = sheet.visible;
  const auto first = [&](double offset) {
    return static_cast<int>(std::floor(offset / scale / every_mm)) * every_mm;
  };
  const double left = visible.Min.x - sheet.place.view.Min.x + sheet.place.pan_px,
               top = visible.Min.y - sheet.place.view.Min.y;
  for (int mm = first(left);; mm += every_mm) {
    const float x = sheet.snap(sheet.place.to_px(mm, 0).x);
    if (x > visible.Max.x) break;
    if (skip_multiple != 0 && mm % skip_multiple == 0) continue;
    sheet.list->AddRectFilled(ImVec2(x, visible.Min.y), ImVec2(x + thickness, visible.Max.y), ink);
  }
  for (int mm = first(top);; mm += every_mm) {
    const float y = sheet.snap(sheet.place.to_px(0, mm).y);
    if (y > visible.Max.y) break;
    if (skip_multiple != 0 && mm % skip_multiple == 0) continue;
    sheet.list->AddRectFilled(ImVec2(visible.Min.x, y), ImVec2(visible.Max.x, y + thickness), ink);
  }
}

void draw_grid(const Sheet& sheet) {
  sheet.list->AddRectFilled(sheet.visible.Min, sheet.visible.Max, colour::kPaper);
  const float hair = 1 / sheet.ui.dpr;
  if (sheet.place.px_per_mm >= 2 && sheet.place.px_per_mm * sheet.ui.dpr >= 2.5) {
    draw_grid_lines(sheet, 1, sheet.ui.dpr >= 2 ? 1.5f * hair : hair, colour::kGridFine, 5);
  }
  if (sheet.place.px_per_mm * sheet.ui.dpr >= 0.7)
    draw_grid_lines(sheet, 5, std::max(1.0f, hair), colour::kGridBold, 0);
}

struct CellBox {
  float left, right, baseline, top, bottom;
};

CellBox box_of(const Sheet& sheet, const PaperCell& cell) {
  const ImVec2 start = sheet.place.to_px(cell.x_mm, cell.baseline_mm);
  const float row = sheet.row_px();
  return {start.x, start.x + static_cast<float>(cell.duration_s * sheet.px_per_s()), start.y,
          start.y - row * 0.55f, start.y + row * 0.45f};
}

bool on_screen(const Sheet& sheet, const CellBox& box) {
  return box.right >= sheet.visible.Min.x && box.left <= sheet.visible.Max.x &&
         box.bottom + 60 >= sheet.visible.Min.y && box.top - 60 <= sheet.visible.Max.y;
}

ImU32 relevance_ink(float share) {
  return colour::with_alpha(colour::kRelevance, static_cast<unsigned>(125 * std::clamp(share, 0.0f, 1.0f)));
}

// Bands of warmth behind the trace, blended from step to step, and the same as a strip at the row's foot.
void draw_relevance(const Sheet& sheet, const PaperCell& cell, const CellBox& box) {
  const auto& maps = sheet.view.network.maps;
  if (!sheet.paper.relevance_on || maps.empty()) return;
  const RelevanceMapView& map =
      maps[static_cast<size_t>(std::clamp(sheet.paper.relevance_map, 0, static_cast<int>(maps.size()) - 1))];
  const std::span<const float> steps = sheet.view.values(map.relevance);
  const auto x_of = [&](double seconds) {
    return box.left + static_cast<float>((seconds - cell.start_s) * sheet.px_per_s());
  };
  sheet.list->PushClipRect(ImVec2(box.left, box.top), ImVec2(box.right, box.bottom), true);
  for (size_t i = 0; i < steps.size(); ++i) {
    const double centre = map.start_s + static_cast<double>(i) * map.step_s;
    const float before = i > 0 ? steps[i - 1] : steps[i],
                after = i + 1 < steps.size() ? steps[i + 1] : steps[i];
    const float x0 = x_of(centre - map.step_s / 2), x1 = x_of(centre), x2 = x_of(centre + map.step_s / 2);
    if (x2 < box.left || x0 > box.right) continue;
    const ImU32 left = relevance_ink((before + steps[i]) / 2), middle = relevance_ink(steps[i]),
                right = relevance_ink((after + steps[i]) / 2);
    const float top = box.top + 2, bottom = box.bottom - 2;
    sheet.list->AddRectFilledMultiColor(ImVec2(x0, top), ImVec2(x1, bottom), left, middle, middle, left);
    sheet.list->AddRectFilledMultiColor(ImVec2(x1, top), ImVec2(x2, bottom), middle, right, right, middle);
  }
  sheet.list->PopClipRect();
}

// A frame and a tint around a lead that a chosen line of evidence comes from.
void draw_light(const Sheet& sheet, const PaperCell& cell, const CellBox& box) {
  if ((sheet.paper.lit_leads & (1u << cell.lead)) == 0 || cell.rhythm_strip) return;
  const ImVec2 min(box.left + 1, box.top + 1), max(box.right - 1, box.bottom - 1);
  sheet.list->AddRectFilled(min, max, colour::with_alpha(colour::kAccent, 30), 4);
  sheet.list->AddRect(min, max, colour::kAccentDeep, 4, 0, 2);
}

void draw_trace(const Sheet& sheet, const PaperCell& cell, const CellBox& box,
                std::vector<TracePoint>* points) {
  const LeadView& lead = sheet.view.ecg.leads[static_cast<size_t>(cell.lead)];
  if (lead.origin == LeadOrigin::kAbsent) {
    for (float x = std::max(box.left, sheet.visible.Min.x); x < std::min(box.right, sheet.visible.Max.x);
         x += 10) {
      sheet.list->AddLine(ImVec2(x, box.baseline), ImVec2(x + 4, box.baseline), colour::kTraceBad);
    }
    return;
  }
  // Only what is on the screen is looked at.
  const double hidden_s = std::max(0.0, (sheet.visible.Min.x - box.left) / sheet.px_per_s() - 0.02);
  const double shown_s =
      std::min(cell.duration_s - hidden_s, (sheet.visible.GetWidth() + 8) / sheet.px_per_s() + 0.04);
  if (shown_s <= 0) return;
  thin_trace(sheet.view.values(lead.trace), sheet.view.ecg.sample_rate_hz, cell.start_s + hidden_s, shown_s,
             sheet.px_per_s(), 0.75 / sheet.ui.dpr, points);
  const float shift = box.left + static_cast<float>(hidden_s * sheet.px_per_s());
  const ImU32 ink = lead_is_bad(sheet.view, cell.lead) ? colour::kTraceBad : colour::kTrace;
  const float weight = static_cast<float>(std::clamp(0.36 * sheet.place.px_per_mm, 1.15, 2.2));
  sheet.list->PushClipRect(ImVec2(box.left, sheet.visible.Min.y), ImVec2(box.right, sheet.visible.Max.y),
                           true);
  for (size_t i = 0; i < points->size(); ++i) {
    const TracePoint& point = (*points)[i];
    if (point.gap && i > 0) sheet.list->PathStroke(ink, 0, weight);
    sheet.list->PathLineTo(ImVec2(shift + point.x_px, box.baseline - point.mv * sheet.px_per_mv()));
  }
  sheet.list->PathStroke(ink, 0, weight);
  sheet.list->PopClipRect();
}

void draw_label(const Sheet& sheet, const PaperCell& cell, const CellBox& box) {
  const LeadView& lead = sheet.view.ecg.leads[static_cast<size_t>(cell.lead)];
  const bool bad = lead_is_bad(sheet.view, cell.lead);
  const bool roomy = sheet.row_px() >= kRoomyRowPx;
  const Type type = roomy ? Type::kBodyStrong : Type::kCaptionStrong;
  std::string name = lead.name;
  const char* remark = "";
  if (roomy) {
    remark = lead.origin == LeadOrigin::kAbsent    ? "not recorded"
             : bad                                 ? "poor signal"
             : lead.origin == LeadOrigin::kDerived ? "derived"
                                                   : "";
  } else {
    name += lead.origin == LeadOrigin::kAbsent    ? " –"
            : bad                                 ? " !"
            : lead.origin == LeadOrigin::kDerived ? "*"
                                                  : "";
  }
  const float width = text_width(type, name);
  const float remark_width = *remark != 0 ? text_width(Type::kCaption, remark) + 6 : 0;
  // The name stays in sight while its stretch of the sheet is.
  const float least = sheet.place.view.Min.x + 4;
  const float x = std::min(std::max(box.left + 3, least), box.right - width - remark_width - 10);
  const ImVec2 at(std::floor(x), std::floor(roomy ? box.top + 2 : box.top - 3));
  const float height = roomy ? 21 : 17;
  sheet.list->AddRectFilled(at - ImVec2(2, -1), at + ImVec2(width + remark_width + 5, height),
                            colour::with_alpha(colour::kPaper, 175), 4);
  draw_text(sheet.list, type, at, bad ? colour::kInkFaint : colour::kInk, name);
  if (*remark != 0) {
    draw_text(sheet.list, Type::kCaption, at + ImVec2(width + 6, 2), bad ? colour::kAct : colour::kInkSoft,
              remark);
  }
}

void draw_pulse(const Sheet& sheet, double baseline_mm) {
  const double gain = sheet.paper.settings.gain_mm_per_mv, half = sheet.plan.pulse_mm / 5;
  const double x[6] = {kPulseLeftMm - 1,
                       kPulseLeftMm,
                       kPulseLeftMm,
                       kPulseLeftMm + sheet.plan.pulse_mm,
                       kPulseLeftMm + sheet.plan.pulse_mm,
                       kPulseLeftMm + sheet.plan.pulse_mm + half};
  const double y[6] = {0, 0, gain, gain, 0, 0};
  for (int i = 0; i < 6; ++i) sheet.list->PathLineTo(sheet.place.to_px(x[i], baseline_mm - y[i]));
  sheet.list->PathStroke(colour::kTrace, 0, 1.3f);
}

void draw_marks(const Sheet& sheet, const PaperCell& cell, const CellBox& box) {
  if (!sheet.paper.marks_on) return;
  const auto mark = [&](const std::optional<int>& at, ImU32 ink) {
    if (!at) return;
    const double seconds = *at / sheet.view.ecg.sample_rate_hz - cell.start_s;
    if (seconds < 0 || seconds > cell.duration_s) return;
    const float x = sheet.snap(box.left + static_cast<float>(seconds * sheet.px_per_s()));
    if (x < sheet.visible.Min.x || x > sheet.visible.Max.x) return;
    for (float y = box.top + 24; y < box.bottom - 4; y += 7) {
      sheet.list->AddRectFilled(ImVec2(x, y), ImVec2(x + 1, y + 4), ink);
    }
  };
  for (const BeatView& beat : sheet.view.ecg.beats) {
    mark(beat.fiducials.p_on, colour::kCalm);
    mark(beat.fiducials.p_off, colour::kCalm);
    mark(beat.fiducials.qrs_on, colour::kAccent);
    mark(beat.fiducials.qrs_off, colour::kAccent);
    mark(beat.fiducials.t_off, colour::kWatch);
  }
}

// Letters above the beats that are not of the dominant kind, where a whole strip is shown.
void draw_beat_kinds(const Sheet& sheet, const PaperCell& cell, const CellBox& box) {
  const bool strip =
      cell.rhythm_strip || (sheet.paper.settings.layout != PaperLayout::kThreeByFour && cell.lead == 1);
  if (!strip) return;
  for (const BeatView& beat : sheet.view.ecg.beats) {
    const char* letter = beat.kind == BeatKind::kVentricularEctopic        ? "V"
                         : beat.kind == BeatKind::kSupraventricularEctopic ? "S"
                         : beat.kind == BeatKind::kPaced                   ? "P"
                                                                           : nullptr;
    const double seconds = beat.r / sheet.view.ecg.sample_rate_hz - cell.start_s;
    if (!letter || seconds < 0 || seconds > cell.duration_s) continue;
    const ImVec2 centre(box.left + static_cast<float>(seconds * sheet.px_per_s()), box.top + 11);
    sheet.list->AddCircleFilled(centre, 9, colour::kWatch);
    draw_text_centred(sheet.list, Type::kCaptionStrong, centre - ImVec2(9, 9), centre + ImVec2(9, 9),
                      colour::kCard, letter);
  }
}

void draw_caliper(const Sheet& sheet) {
  const Caliper& caliper = sheet.paper.caliper;
  if (!sheet.paper.calipers_on || !caliper.placed) return;
  ImDrawList* list = sheet.list;
  const ImVec2 a = sheet.place.to_px(caliper.x0_mm, caliper.y0_mm),
               b = sheet.place.to_px(caliper.x1_mm, caliper.y1_mm);
  const ImU32 ink = colour::kAccentDeep;
  const ImVec2 low = ImMin(a, b), high = ImMax(a, b);
  list->AddRectFilled(low, high, colour::with_alpha(colour::kAccent, 26));
  for (const ImVec2& end : {a, b}) {
    const float x = sheet.snap(end.x);
    list->AddRectFilled(ImVec2(x, sheet.visible.Min.y), ImVec2(x + 1, sheet.visible.Max.y),
                        colour::with_alpha(ink, 150));
    list->AddLine(ImVec2(low.x, end.y), ImVec2(high.x, end.y), ink, 1.25f);
    list->AddCircleFilled(end, 9, colour::with_alpha(colour::kCard, 200));
    list->AddCircle(end, 9, ink, 0, 2);
    list->AddCircleFilled(end, 2.5f, ink);
  }
  const std::string text = caliper_text(
      read_caliper(caliper.x1_mm - caliper.x0_mm, caliper.y1_mm - caliper.y0_mm, sheet.paper.settings));
  const float width = text_width(Type::kBodyStrong, text) + 20;
  // Above the span where there is room, else below; always within what is seen.
  float x = std::clamp((a.x + b.x - width) / 2, sheet.visible.Min.x + 4,
                       std::max(sheet.visible.Min.x + 4, sheet.visible.Max.x - width - 4));
  float y = low.y - 48;
  if (y < sheet.visible.Min.y + 4) y = high.y + 18;
  y = std::clamp(y, sheet.visible.Min.y + 4, std::max(sheet.visible.Min.y + 4, sheet.visible.Max.y - 36));
  const ImVec2 at(std::floor(x), std::floor(y));
  list->AddRectFilled(at, at + ImVec2(width, 30), ink, 6);
  draw_text(list, Type::kBodyStrong, at + ImVec2(10, 4), colour::kOnAccent, text);
}

}  // namespace

void draw_paper(const Ui& ui, ImDrawList* list, const ViewModel& view, const PaperState& paper,
                const PaperPlan& plan, const PaperPlace& place) {
  ImRect visible = place.view;
  visible.ClipWith(ImRect(list->GetClipRectMin(), list->GetClipRectMax()));
  if (visible.IsInverted()) return;
  const Sheet sheet{ui, list, view, paper, plan, place, visible};
  set_text_on_paper(true);
  list->PushClipRect(visible.Min, visible.Max, true);
  draw_grid(sheet);
  static std::vector<TracePoint> points;  // kept for its memory
  for (const PaperCell& cell : plan.cells) {
    const CellBox box = box_of(sheet, cell);
    if (!on_screen(sheet, box)) continue;
    draw_relevance(sheet, cell, box);
    draw_light(sheet, cell, box);
  }
  for (const PaperCell& cell : plan.cells) {
    const CellBox box = box_of(sheet, cell);
    if (!on_screen(sheet, box)) continue;
    draw_marks(sheet, cell, box);
    draw_trace(sheet, cell, box, &points);
  }
  // Names lie over the traces of whatever row reaches up to them, on a plate that lets the wave show through.
  for (const PaperCell& cell : plan.cells) {
    const CellBox box = box_of(sheet, cell);
    if (on_screen(sheet, box)) draw_label(sheet, cell, box);
  }
  for (const double baseline : plan.pulse_baselines_mm) draw_pulse(sheet, baseline);
  for (const PaperCell& cell : plan.cells) {
    const CellBox box = box_of(sheet, cell);
    if (!on_screen(sheet, box)) continue;
    draw_beat_kinds(sheet, cell, box);
  }
  draw_caliper(sheet);
  set_text_on_paper(false);
  list->PopClipRect();
  list->AddRect(place.view.Min, place.view.Max, colour::kGridBold);
}

}  // namespace precordia::dashboard
