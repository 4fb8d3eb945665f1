#include "dashboard/paper_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "dashboard/paper_drawing.h"
#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

constexpr double kSmallestPxPerMm = 0.8, kLargestPxPerMm = 24;
constexpr double kLeastFit = 0.6;  // of true size; below this a fitted trace is too small to read
constexpr float kGrab = 24;        // how near a caliper's handle must be hit

constexpr std::array<double, 2> kSpeeds = {25, 50};
constexpr std::array<double, 3> kGains = {5, 10, 20};

PaperLayout layout_for(const Ui& ui) {
  return ui.compact() ? PaperLayout::kTwelveByOne : PaperLayout::kThreeByFour;
}

template <size_t kCount>
int index_of(const std::array<double, kCount>& values, double value) {
  for (size_t i = 0; i < kCount; ++i) {
    if (values[i] == value) return static_cast<int>(i);
  }
  return 0;
}

// A group of controls under its caption.
constexpr float kGroupHeight = 20 + space::kControl;
ImVec2 captioned(Flow& flow, Row& row, const char* caption, float width) {
  const ImVec2 at = row.place(std::max(width, text_width(Type::kCaption, caption)));
  draw_text(flow.list, Type::kCaption, at, colour::kInkFaint, caption);
  return at + ImVec2(0, 20);
}

// How the trace is printed, and what lies over it.
void draw_print_controls(const Ui& ui, Flow& flow, PaperState& paper) {
  static constexpr const char* kSpeedLabels[] = {"25 mm/s", "50 mm/s"};
  static constexpr const char* kGainLabels[] = {"5", "10", "20"};
  static constexpr const char* kLayoutLabels[] = {"3 × 4", "6 × 2", "12 × 1"};
  Row row(flow, space::kControl, 7);

  int layout = static_cast<int>(paper.settings.layout);
  float width = segmented_width(kLayoutLabels);
  if (segmented(flow, "layout", row.place(width), width, kLayoutLabels, &layout)) {
    paper.settings.layout = static_cast<PaperLayout>(layout);
    paper.layout_chosen = true;
    paper.caliper = {};
    paper.pan_px = 0;
  }
  int speed = index_of(kSpeeds, paper.settings.speed_mm_per_s);
  width = segmented_width(kSpeedLabels);
  if (segmented(flow, "speed", row.place(width), width, kSpeedLabels, &speed)) {
    paper.settings.speed_mm_per_s = kSpeeds[static_cast<size_t>(speed)];
    paper.caliper = {};
  }
  int gain = index_of(kGains, paper.settings.gain_mm_per_mv);
  width = segmented_width(kGainLabels);
  const ImVec2 at = row.place(width + 56);
  if (segmented(flow, "gain", at, width, kGainLabels, &gain)) {
    paper.settings.gain_mm_per_mv = kGains[static_cast<size_t>(gain)];
    paper.caliper = {};
  }
  draw_text(flow.list, Type::kCaption, at + ImVec2(width + 8, 11), colour::kInkSoft, "mm/mV");
  if (!ui.compact()) {
    toggle(flow, "calipers", row.place(toggle_width("Calipers", true)), "Calipers", Icon::kCaliper,
           &paper.calipers_on);
  }
  toggle(flow, "marks", row.place(toggle_width("Wave marks", true)), "Wave marks", Icon::kMarks,
         &paper.marks_on);
  row.end();
}

// Where the network looked: on or off, and for which of its findings.
void draw_relevance_controls(const Ui& ui, Flow& flow, AppState& state) {
  PaperState& paper = state.paper;
  const NetworkView& network = state.view->network;
  if (network.maps.empty()) return;
  flow.gap(8);
  Row row(flow, space::kControl, 8);
  if (!ui.compact()) {
    toggle(flow, "relevance", row.place(toggle_width("Network attention", true)), "Network attention",
           Icon::kEye, &paper.relevance_on);
  }
  if (paper.relevance_on) {
    // One finding at a time, stepped through: there may be dozens.
    const int count = static_cast<int>(network.maps.size());
    paper.relevance_map = std::clamp(paper.relevance_map, 0, count - 1);
    char place[24];
    std::snprintf(place, sizeof place, "%d of %d", paper.relevance_map + 1, count);
    const std::string& title = network.maps[static_cast<size_t>(paper.relevance_map)].title;
    const float arrows = 2 * space::kTouch;
    const float room = std::max(
        96.0f, flow.width - arrows - (ui.compact() ? 0 : toggle_width("Network attention", true) + 16));
    const float words =
        std::min(room - 12,
                 std::max({text_width(Type::kBodyStrong, title), text_width(Type::kCaption, place), 150.0f}));
    const ImVec2 at = row.place(arrows + words + 12) - ImVec2(0, 2);
    if (icon_button(flow, "previous map", at, Icon::kLeft, "Previous finding"))
      paper.relevance_map += count - 1;
    if (icon_button(flow, "next map", at + ImVec2(space::kTouch + words + 12, 0), Icon::kRight,
                    "Next finding"))
      ++paper.relevance_map;
    paper.relevance_map %= count;
    const float x = at.x + space::kTouch + 6;
    draw_text_fitted(flow.list, Type::kBodyStrong, ImVec2(x, at.y + 3), words, colour::kInk, title);
    draw_text(flow.list, Type::kCaption, ImVec2(x, at.y + 23), colour::kInkSoft, place);
  }
  row.end();
}

void place_size_controls(const Ui& ui, Flow& flow, Row& row, PaperState& paper) {
  static constexpr const char* kZoomLabels[] = {"Fit", "True size"};
  int zoom = paper.zoom == Zoom::kFit ? 0 : paper.zoom == Zoom::kTrue ? 1 : -1;
  const float width = segmented_width(kZoomLabels);
  if (segmented(flow, "zoom", captioned(flow, row, "Size", width), width, kZoomLabels, &zoom)) {
    paper.zoom = zoom == 0 ? Zoom::kFit : Zoom::kTrue;
    paper.pan_px = 0;
  }
  if (ui.compact()) return;
  const ImVec2 at = captioned(flow, row, "Zoom", 2 * space::kTouch + 4) - ImVec2(0, 2);
  if (icon_button(flow, "smaller", at, Icon::kMinus, "Smaller")) zoom_paper(paper, 1 / 1.2, 0);
  if (icon_button(flow, "larger", at + ImVec2(space::kTouch + 4, 0), Icon::kPlus, "Larger"))
    zoom_paper(paper, 1.2, 0);
}

// Size and display filter, under the paper: they are set once and left alone.
void draw_view_controls(const Ui& ui, Flow& flow, AppState& state) {
  static constexpr const char* kHighPass[] = {"0.05 Hz", "0.5 Hz"};
  static constexpr const char* kLowPass[] = {"40 Hz", "150 Hz"};
  static constexpr const char* kNotch[] = {"off", "50 Hz", "60 Hz"};
  FilterView filter = state.view->ecg.filter;
  bool changed = false;
  Row row(flow, kGroupHeight, 12);
  place_size_controls(ui, flow, row, state.paper);
  int choice = filter.high_pass_hz > 0.2 ? 1 : 0;
  float width = segmented_width(kHighPass);
  if (segmented(flow, "baseline", captioned(flow, row, "Filter: baseline", width), width, kHighPass,
                &choice)) {
    filter.high_pass_hz = choice == 0 ? 0.05 : 0.5;
    changed = true;
  }
  choice = filter.low_pass_hz > 100 ? 1 : 0;
  width = segmented_width(kLowPass);
  if (segmented(flow, "low pass", captioned(flow, row, "Low-pass", width), width, kLowPass, &choice)) {
    filter.low_pass_hz = choice == 0 ? 40 : 150;
    changed = true;
  }
  choice = filter.notch_hz > 55 ? 2 : filter.notch_hz > 0 ? 1 : 0;
  width = segmented_width(kNotch);
  if (segmented(flow, "notch", captioned(flow, row, "Mains", width), width, kNotch, &choice)) {
    filter.notch_hz = choice == 0 ? 0 : choice == 1 ? 50 : 60;
    changed = true;
  }
  row.end();
  if (changed) {
    state.view->ecg.filter = filter;  // the control answers at once; the trace follows with the next view
    send_filter(state, filter);
  }
  flow.gap(6);
  paragraph(flow, Type::kCaption, colour::kInkFaint,
            "The filter changes the picture only. Measurements and network never see it.");
}

void draw_pages(Flow& flow, PaperState& paper, const PaperPlan& plan, double record_s) {
  const double last = last_page_start_s(plan, record_s);
  if (last <= 0) return;
  paper.settings.start_s = std::clamp(paper.settings.start_s, 0.0, last);
  flow.gap(8);
  if (icon_button(flow, "earlier", ImVec2(flow.x, flow.y), Icon::kLeft, "Earlier")) {
    paper.settings.start_s = std::max(0.0, paper.settings.start_s - plan.page_s);
  }
  char label[64];
  std::snprintf(label, sizeof label, "%.0f–%.0f s of %.0f s", paper.settings.start_s,
                paper.settings.start_s + plan.page_s, record_s);
  const float width = draw_text(flow.list, Type::kBodyStrong, ImVec2(flow.x + space::kTouch + 8, flow.y + 11),
                                colour::kInk, label);
  if (icon_button(flow, "later", ImVec2(flow.x + space::kTouch + width + 16, flow.y), Icon::kRight,
                  "Later")) {
    paper.settings.start_s = std::min(last, paper.settings.start_s + plan.page_s);
  }
  flow.gap(space::kTouch);
}

// Makes a mouse (or a finger on a handle) move the calipers.
void use_calipers(Ui& ui, PaperState& paper, const PaperPlace& place, bool held, bool started) {
  Caliper& caliper = paper.caliper;
  if (!caliper.placed) {
    const ImVec2 centre =
        ImRect(place.view.Min, ImMin(place.view.Max, ImVec2(ui.width, ui.height))).GetCenter();
    const ImVec2 from = place.to_mm(centre - ImVec2(70, 20)), to = place.to_mm(centre + ImVec2(70, -20));
    caliper = {true, from.x, from.y, to.x, to.y, -1, 0, 0};
  }
  const ImVec2 ends[2] = {place.to_px(caliper.x0_mm, caliper.y0_mm),
                          place.to_px(caliper.x1_mm, caliper.y1_mm)};
  for (const ImVec2& end : ends) {
    ui.zones.push_back({DragZone::kDrag, ImRect(end - ImVec2(kGrab, kGrab), end + ImVec2(kGrab, kGrab))});
  }
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  if (started) {
    caliper.grabbed = -1;
    float nearest = kGrab * kGrab;
    for (int i = 0; i < 2; ++i) {
      const ImVec2 gap = mouse - ends[i];
      const float distance = gap.x * gap.x + gap.y * gap.y;
      if (distance < nearest) {
        nearest = distance;
        caliper.grabbed = i;
      }
    }
    const ImRect span(ImMin(ends[0], ends[1]), ImMax(ends[0], ends[1]));
    ImRect inside = span;
    inside.Expand(10);
    if (caliper.grabbed < 0 && inside.Contains(mouse)) caliper.grabbed = 2;
    if (caliper.grabbed < 0) {  // a new measurement begins here
      const ImVec2 at = place.to_mm(mouse);
      caliper = {true, at.x, at.y, at.x, at.y, 1, 0, 0};
    }
    caliper.pointer_x_px = mouse.x;
    caliper.pointer_y_px = mouse.y;
  }
  if (held && caliper.grabbed >= 0) {
    const double dx = (mouse.x - caliper.pointer_x_px) / place.px_per_mm,
                 dy = (mouse.y - caliper.pointer_y_px) / place.px_per_mm;
    caliper.pointer_x_px = mouse.x;
    caliper.pointer_y_px = mouse.y;
    if (caliper.grabbed != 1) {
      caliper.x0_mm += dx;
      caliper.y0_mm += dy;
    }
    if (caliper.grabbed != 0) {
      caliper.x1_mm += dx;
      caliper.y1_mm += dy;
    }
  }
}

std::string scale_text(const PaperState& paper, const FilterView& filter, bool small_rows) {
  char buffer[192];
  std::snprintf(buffer, sizeof buffer, "%.0f mm/s · %.0f mm/mV · shown %.3g–%.0f Hz · 1 mm = %.2f px",
                paper.settings.speed_mm_per_s, paper.settings.gain_mm_per_mv, filter.high_pass_hz,
                filter.low_pass_hz, paper.shown_px_per_mm);
  std::string text = buffer;
  const double share = paper.shown_px_per_mm / paper.true_px_per_mm;
  if (std::fabs(share - 1) < 0.005) {
    text += " (true size)";
  } else {
    std::snprintf(buffer, sizeof buffer, " (%.0f %% of true size)", share * 100);
    text += buffer;
  }
  if (small_rows) text += " · * derived, ! poor signal, – not recorded";
  return text;
}

void draw_calibration(Flow& flow, PaperState& paper) {
  flow.gap(8);
  const float top = flow.y;
  const double card_px = kBankCardMm * paper.true_px_per_mm;
  Flow well{flow.list, flow.x + 12, flow.y + 12, flow.width - 24};
  ImDrawListSplitter splitter;
  splitter.Split(flow.list, 2);
  splitter.SetCurrentChannel(flow.list, 1);
  paragraph(well, Type::kBody, colour::kInk,
            "Hold a bank card against the bar (85.6 mm wide) and press − or + until the bar is as wide as "
            "the card. True size then "
            "holds on this screen.");
  well.gap(10);
  const float shown = std::min(static_cast<float>(card_px), well.width);
  well.list->AddRectFilled(ImVec2(well.x, well.y), ImVec2(well.x + shown, well.y + 28),
                           colour::kAccentTintDeep, 3);
  well.list->AddRect(ImVec2(well.x, well.y), ImVec2(well.x + shown, well.y + 28), colour::kAccent, 3);
  if (card_px > static_cast<double>(well.width)) {
    draw_text_centred(well.list, Type::kCaption, ImVec2(well.x, well.y), ImVec2(well.x + shown, well.y + 28),
                      colour::kInk, "wider than this window: turn the device");
  }
  well.gap(36);
  const auto step = [&](double factor) {
    paper.true_px_per_mm = std::clamp(paper.true_px_per_mm * factor, 1.5, 12.0);
  };
  Row row(well, space::kTouch);
  if (icon_button(well, "narrower", row.place(space::kTouch), Icon::kMinus, "Narrower")) step(1 / 1.01);
  if (icon_button(well, "wider", row.place(space::kTouch), Icon::kPlus, "Wider")) step(1.01);
  const float reset = button_width("Reset", false), done = button_width("Done", false);
  if (button(well, "reset scale", row.place(reset) + ImVec2(0, 2), reset, "Reset", std::nullopt,
             ButtonLook::kSecondary)) {
    paper.true_px_per_mm = kCssPxPerMm;
  }
  if (button(well, "calibrated", row.place(done) + ImVec2(0, 2), done, "Done", std::nullopt,
             ButtonLook::kPrimary)) {
    paper.calibrating = false;
  }
  row.end();
  well.gap(12);
  splitter.SetCurrentChannel(flow.list, 0);
  flow.list->AddRectFilled(ImVec2(flow.x, top), ImVec2(flow.x + flow.width, well.y), colour::kSunken, 8);
  splitter.Merge(flow.list);
  flow.y = well.y;
}

}  // namespace

void zoom_paper(PaperState& paper, double factor, double from_left_px) {
  const double before = paper.shown_px_per_mm;
  const double after = std::clamp(before * factor, kSmallestPxPerMm, kLargestPxPerMm);
  paper.zoom = Zoom::kFree;
  paper.free_px_per_mm = after;
  paper.shown_px_per_mm = after;
  paper.pan_px = std::max(0.0, (paper.pan_px + from_left_px) * after / before - from_left_px);
}

void draw_paper_card(Ui& ui, Flow& flow, AppState& state) {
  PaperState& paper = state.paper;
  const ViewModel& view = *state.view;
  if (!paper.layout_chosen && paper.settings.layout != layout_for(ui)) {
    paper.settings.layout = layout_for(ui);
    paper.caliper = {};
  }

  Card card(ui, flow);
  Flow& in = card.inner;
  const float title = text_width(Type::kTitle, "12-lead ECG") + 24;
  if (!view.rhythm.empty() && text_width(Type::kBody, view.rhythm) < in.width - title) {
    draw_text_right(in.list, Type::kBody, ImVec2(in.x + in.width, in.y + 2), colour::kInkSoft, view.rhythm);
  }
  card_title(in, "12-lead ECG");
  if (view.ecg.samples == 0) {
    paragraph(in, Type::kBody, colour::kInkSoft, "There is no trace to show.");
    return;
  }
  if (ui.compact()) {
    // On a phone the trace comes first: the two switches that are used most, and the rest on demand.
    Row row(in, space::kControl, 8);
    toggle(in, "calipers", row.place(toggle_width("Calipers", true)), "Calipers", Icon::kCaliper,
           &paper.calipers_on);
    if (!view.network.maps.empty()) {
      toggle(in, "relevance", row.place(toggle_width("Attention", true)), "Attention", Icon::kEye,
             &paper.relevance_on);
    }
    const char* more = paper.options_open ? "Less" : "More";
    toggle(in, "options", row.place(toggle_width(more, false)), more, std::nullopt, &paper.options_open);
    row.end();
    if (paper.options_open) in.gap(8);
  }
  if (!ui.compact() || paper.options_open) {
    draw_print_controls(ui, in, paper);
    draw_relevance_controls(ui, in, state);
  }
  in.gap(12);

  PaperPlan plan = plan_paper(paper.settings, view.ecg.duration_s());
  std::vector<std::span<const float>> traces;
  for (const LeadView& lead : view.ecg.leads) traces.push_back(view.values(lead.trace));
  make_room_for_traces(&plan, paper.settings, traces, view.ecg.sample_rate_hz);
  // The paper uses the card's full width: on a phone every millimetre counts.
  const float bleed = ui.compact() ? in.x - flow.x - 1 : 0;
  const float width = in.width + 2 * bleed;
  double scale = paper.free_px_per_mm;
  if (paper.zoom == Zoom::kFit) scale = fitting_scale_px_per_mm(plan, width, paper.true_px_per_mm, kLeastFit);
  if (paper.zoom == Zoom::kTrue) scale = paper.true_px_per_mm;
  paper.shown_px_per_mm = scale;
  const double total = plan.width_mm * scale;
  if (paper.fling.moving()) {
    paper.pan_px -= paper.fling.step(ui.elapsed_ms);
    ui.moving = true;
  }
  const double most = std::max(0.0, total - width);
  if (paper.pan_px < 0 || paper.pan_px > most) paper.fling.stop();
  paper.pan_px = std::clamp(paper.pan_px, 0.0, most);

  const ImVec2 min(std::floor(in.x - bleed), std::floor(in.y));
  const ImRect rect(min, min + ImVec2(std::floor(std::min(width, static_cast<float>(total))),
                                      std::ceil(static_cast<float>(plan.height_mm * scale))));
  const PaperPlace place{rect, scale, std::round(paper.pan_px * ui.dpr) / ui.dpr};
  ui.zones.push_back({DragZone::kPaper, rect});

  ImGui::PushItemFlag(ImGuiItemFlags_NoNav, true);
  const ImGuiID id = ImGui::GetID("paper");
  bool hovered = false, held = false;
  if (ImGui::ItemAdd(rect, id)) {
    ImGui::ButtonBehavior(rect, id, &hovered, &held,
                          ImGuiButtonFlags_PressedOnClick | ImGuiButtonFlags_NoNavFocus);
  }
  ImGui::PopItemFlag();
  const bool started = held && ImGui::IsMouseClicked(ImGuiMouseButton_Left);
  if (paper.calipers_on) {
    use_calipers(ui, paper, place, held, started);
    if (hovered) ui.cursor = "crosshair";
  } else if (most > 0) {
    if (held && !started)
      paper.pan_px = std::clamp(paper.pan_px - static_cast<double>(ImGui::GetIO().MouseDelta.x), 0.0, most);
    if (hovered || held) ui.cursor = held ? "grabbing" : "grab";
  }

  draw_paper(ui, in.list, view, paper, plan, place);
  in.y = rect.Max.y;
  draw_pages(in, paper, plan, view.ecg.duration_s());
  in.gap(8);
  const std::string scale_line =
      scale_text(paper, view.ecg.filter,
                 plan.height_mm / static_cast<double>(plan.pulse_baselines_mm.size()) * scale < kRoomyRowPx);
  const char* calibrate = paper.calibrating ? "Close calibration" : "Calibrate this screen";
  const float link = text_width(Type::kCaptionStrong, calibrate);
  const bool beside = text_width(Type::kCaption, scale_line) + link + 32 <= in.width;
  const ImVec2 link_at(in.x + in.width - link, in.y);
  paragraph(in, Type::kCaption, colour::kInkSoft, scale_line);
  if (!beside) in.gap(6);
  if (text_link(in, "calibrate", beside ? link_at : ImVec2(in.x, in.y), calibrate))
    paper.calibrating = !paper.calibrating;
  if (!beside) in.gap(20);
  if (paper.calibrating) draw_calibration(in, paper);
  in.gap(10);
  draw_view_controls(ui, in, state);
}

}  // namespace precordia::dashboard
