#include "dashboard/start_screen.h"

#include <algorithm>
#include <cmath>

#include "dashboard/phenotype_card.h"
#include "dashboard/widgets.h"

namespace precordia::dashboard {

const char* const kIntendedUse =
    "For clinicians and researchers who want a second look at an adult's resting ECG where no cardiologist "
    "is at hand. It shows "
    "what speaks for and against heart failure, how sure that is, and which test to do next. It does not "
    "replace an "
    "echocardiogram, NT-proBNP or clinical judgement, and it is not for emergencies, children or paced "
    "rhythms.";

namespace {

// A picture of each condition for its button: waves as bell curves over one beat of length 1. Illustrations,
// not data.
struct Wave {
  float centre, width, height;
};
constexpr int kMostWaves = 8;
constexpr Wave kSketches[kConditionCount][kMostWaves] = {
    {{.22f, .028f, .14f},
     {.385f, .010f, -.12f},
     {.42f, .014f, 1.0f},
     {.455f, .012f, -.28f},
     {.72f, .050f, .28f}},
    {{.20f, .028f, .13f},
     {.38f, .026f, .62f},
     {.47f, .030f, .72f},
     {.60f, .050f, -.10f},
     {.74f, .050f, -.34f}},
    {{.21f, .028f, .14f},
     {.42f, .014f, 1.25f},
     {.455f, .012f, -.25f},
     {.60f, .060f, -.12f},
     {.73f, .045f, -.38f}},
    {{.22f, .028f, .14f}, {.42f, .022f, -.85f}, {.53f, .060f, .16f}, {.72f, .050f, -.26f}},
    {{.05f, .020f, .07f},
     {.14f, .020f, .06f},
     {.23f, .020f, .07f},
     {.42f, .014f, .95f},
     {.455f, .012f, -.28f},
     {.68f, .050f, .22f},
     {.84f, .020f, .07f},
     {.93f, .020f, .06f}},
    {},
};

// The fan of a clip with a ventricle and an atrium in it.
void draw_fan(ImDrawList* list, ImRect rect) {
  list->AddRectFilled(rect.Min, rect.Max, colour::rgb(0x0B0F13), 6);
  const ImVec2 apex(rect.GetCenter().x, rect.Min.y + 3);
  const float reach = rect.GetHeight() - 6;
  list->PathLineTo(apex);
  list->PathArcTo(apex, reach, 0.9f, 2.24f);
  list->PathFillConvex(colour::rgb(0x5A6670));
  const auto oval = [&](float y, float half_width, float half_height, ImU32 fill, ImU32 edge) {
    list->AddEllipseFilled(ImVec2(apex.x, apex.y + reach * y), half_width * reach, half_height * reach, fill);
    list->AddEllipse(ImVec2(apex.x, apex.y + reach * y), half_width * reach, half_height * reach, edge, 0, 0, 1.5f);
  };
  oval(0.46f, 0.14f, 0.25f, colour::rgb(0x1B2229), colour::rgb(0x56B4E9));
  oval(0.83f, 0.12f, 0.11f, colour::rgb(0x1B2229), colour::rgb(0xCC79A7));
}

float sketch_height(int condition, float at) {
  float height = 0;
  for (const Wave& wave : kSketches[condition]) {
    if (wave.width <= 0) continue;
    const float distance = (at - wave.centre) / wave.width;
    height += wave.height * std::exp(-distance * distance / 2);
  }
  return height;
}

void draw_sketch(ImDrawList* list, int condition, ImRect rect) {
  if (kSketches[condition][0].width == 0) {
    draw_fan(list, rect);
    return;
  }
  list->AddRectFilled(rect.Min, rect.Max, colour::kPaper, 6);
  list->PushClipRect(rect.Min, rect.Max, true);
  for (float x = rect.Min.x + 8; x < rect.Max.x; x += 8)
    list->AddLine(ImVec2(x, rect.Min.y), ImVec2(x, rect.Max.y), colour::kGridFine);
  for (float y = rect.Min.y + 8; y < rect.Max.y; y += 8)
    list->AddLine(ImVec2(rect.Min.x, y), ImVec2(rect.Max.x, y), colour::kGridFine);
  // Irregular spacing is what tells fibrillation apart.
  const float spans[] = {1, condition == 4 ? 0.72f : 1, condition == 4 ? 1.28f : 1};
  const float unit = rect.GetWidth() / 2.2f,
              base = rect.Min.y + rect.GetHeight() * (condition == 3 ? 0.46f : 0.68f);
  const float height = rect.GetHeight() * (condition == 2 ? 0.46f : 0.52f);
  float x = rect.Min.x;
  for (const float span : spans) {
    constexpr int kPoints = 72;
    for (int i = 0; i < kPoints; ++i) {
      const float at = static_cast<float>(i) / kPoints;
      list->PathLineTo(ImVec2(x + at * unit * span, base - sketch_height(condition, at) * height));
    }
    x += unit * span;
  }
  list->PathStroke(colour::kTrace, 0, 1.5f);
  list->PopClipRect();
  list->AddRect(rect.Min, rect.Max, colour::kGridBold, 6);
}

void draw_hero(const Ui& ui, Flow& flow) {
  const bool large = !ui.compact();
  paragraph(flow, large ? Type::kDisplay : Type::kHeading, colour::kInk,
            large ? "Heart-failure screening from an ECG" : "Heart-failure screening\nfrom an ECG");
  flow.gap(6);
  Flow words = flow;
  words.width = std::min(flow.width, 760.0f);
  paragraph(words, Type::kBody, colour::kInkSoft,
            "Precordia reads a 12-lead ECG, from its file or from a picture of its print, on this device, measures it, lets a neural network look at it, "
            "and says what speaks for "
            "and against heart failure, how sure it is, and what to do next.");
  flow.y = words.y;
}

void draw_open_card(const Ui& ui, Flow& flow, AppState& state, float least_height) {
  Card card(ui, flow);
  card.least_height = least_height;
  Flow& in = card.inner;
  card_title(in, "Your ECG");
  const float bottom = least_height > 0 ? flow.y + least_height - card.bottom_padding
                                        : in.y + (ui.compact() ? 176.0f : 236.0f) + (state.status.camera ? 100.0f : 0.0f);
  const ImRect zone(in.x, in.y, in.x + in.width, bottom);
  ImDrawList* list = in.list;
  list->AddRectFilled(zone.Min, zone.Max, colour::kAccentTint, 10);
  // Dashed edge: the picture of a place to drop something.
  const auto dashes = [&](ImVec2 from, ImVec2 to) {
    const ImVec2 along = to - from;
    const float length = std::sqrt(along.x * along.x + along.y * along.y);
    for (float at = 0; at < length; at += 12) {
      list->AddLine(from + along * (at / length), from + along * (std::min(at + 7, length) / length),
                    colour::kAccent, 1.5f);
    }
  };
  dashes(zone.Min + ImVec2(8, 0), ImVec2(zone.Max.x - 8, zone.Min.y));
  dashes(ImVec2(zone.Max.x, zone.Min.y + 8), zone.Max - ImVec2(0, 8));
  dashes(zone.Max - ImVec2(8, 0), ImVec2(zone.Min.x + 8, zone.Max.y));
  dashes(ImVec2(zone.Min.x, zone.Max.y - 8), zone.Min + ImVec2(0, 8));

  const char* drop = ui.compact() ? "" : "or drop the files here";  // a finger drops nothing
  const char* kinds = ui.compact() ? "ECG file, picture of a print, or echo clip" : "Any ECG file, a picture of a printed ECG, or an ultrasound clip of the heart";
  const float hint_height = (*drop != 0 ? 1 : 0) * line_height(Type::kBody) + paragraph_height(Type::kCaption, kinds, zone.GetWidth() - 32);
  const float width = std::min(zone.GetWidth() - 32, button_width("Photograph a printed ECG", true) + 16);
  const float camera = state.status.camera ? 2 * (space::kControl + 12) : 0;
  const float block = 48 + 12 + space::kControl + camera + 12 + hint_height;
  float y = std::floor(zone.GetCenter().y - block / 2);
  const ImVec2 disc(zone.GetCenter().x, y + 24);
  list->AddCircleFilled(disc, 24, colour::kCard);
  draw_icon(list, Icon::kOpen, disc, 26, colour::kAccent);
  y += 60;
  if (button(in, "open", ImVec2(std::floor(zone.GetCenter().x - width / 2), y), width, "Open ECG, picture or clip",
             std::nullopt, ButtonLook::kPrimary)) {
    send(state, "open");
  }
  y += space::kControl + 12;
  if (state.status.camera) {
    if (button(in, "camera", ImVec2(std::floor(zone.GetCenter().x - width / 2), y), width, "Photograph a printed ECG", Icon::kCamera,
               ButtonLook::kSecondary)) {
      send(state, "camera");
    }
    y += space::kControl + 12;
    if (button(in, "film", ImVec2(std::floor(zone.GetCenter().x - width / 2), y), width, "Film an ultrasound screen", Icon::kCamera,
               ButtonLook::kSecondary)) {
      send(state, "film");
    }
    y += space::kControl + 12;
  }
  const auto centred = [&](Type type, const char* line) {
    if (*line == 0) return;
    const float block_width = paragraph_width(type, line, zone.GetWidth() - 32);
    y += draw_paragraph(list, type, ImVec2(std::floor(zone.GetCenter().x - block_width / 2), y), zone.GetWidth() - 32, colour::kInkSoft, line);
  };
  centred(Type::kBody, drop);
  centred(Type::kCaption, kinds);
  in.y = bottom;
}

void draw_demo_card(const Ui& ui, Flow& flow, AppState& state) {
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Simulated patient");
  paragraph(in, Type::kCaption, colour::kInkSoft,
            "No file at hand? Choose a computed ECG or echo clip. It belongs to no real person and says so.");
  in.gap(10);
  for (int i = 0; i < kConditionCount; ++i) {
    const float words = in.width - 88 - 14 - 24;
    const float title = paragraph_height(Type::kBodyStrong, kConditions[i].title, words),
                hint = paragraph_height(Type::kCaption, kConditions[i].hint, words);
    const float height = std::max(56.0f, title + hint + 16);
    const ImRect rect(in.x - 8, in.y, in.x + in.width + 8, in.y + height);
    const Press press = press_area(kConditions[i].id, rect, 8);
    if (press.hovered || press.held) {
      in.list->AddRectFilled(rect.Min, rect.Max, press.held ? colour::kAccentTintDeep : colour::kAccentTint,
                             8);
    }
    const float picture_top = in.y + std::floor((height - 44) / 2);
    draw_sketch(in.list, i, ImRect(in.x, picture_top, in.x + 88, picture_top + 44));
    draw_paragraph(in.list, Type::kBodyStrong, ImVec2(in.x + 102, in.y + 8), words, colour::kInk, kConditions[i].title);
    draw_paragraph(in.list, Type::kCaption, ImVec2(in.x + 102, in.y + 8 + title), words, colour::kInkSoft, kConditions[i].hint);
    draw_icon(in.list, Icon::kChevronRight, ImVec2(in.x + in.width - 8, in.y + height / 2), 16,
              colour::kInkFaint);
    if (press.used) send_text(state, "demo", "condition", kConditions[i].id);
    in.gap(height);
    if (i + 1 < kConditionCount) separator(in);
  }
  in.gap(8);
  const float width = std::min(in.width, button_width("Learning mode", false));
  if (button(in, "learn", ImVec2(in.x, in.y), width, "Learning mode", std::nullopt, ButtonLook::kSecondary)) send(state, "learn");
  in.gap(space::kControl);
}

void draw_use_card(const Ui& ui, Flow& flow) {
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Intended use");
  paragraph(in, Type::kBody, colour::kInk, kIntendedUse);
  in.gap(8);
  note_line(in, Icon::kInfo, colour::kWatch, Type::kBodyStrong,
            "Decision support for research, not a medical device.");
}

void draw_device_card(const Ui& ui, Flow& flow, AppState& state, float least_height) {
  const HostStatus& status = state.status;
  Card card(ui, flow);
  card.least_height = least_height;
  Flow& in = card.inner;
  card_title(in, "This device");
  note_line(in, Icon::kShield, colour::kCalm, Type::kBody,
            "Nothing leaves this device. No account, no upload, no tracking.");
  in.gap(8);
  note_line(
      in, status.offline_ready ? Icon::kCheck : Icon::kOffline,
      status.offline_ready ? colour::kCalm : colour::kInkSoft, Type::kBody,
      status.offline_ready ? "Ready to work without a network." : "Getting ready to work without a network.");
  in.gap(8);
  note_line(in, Icon::kChip, colour::kInkSoft, Type::kBody, "Network runs on " + provider_text(status) + ".");
  if (!status.provider_note.empty()) {
    in.gap(2);
    in.y += draw_paragraph(in.list, Type::kCaption, ImVec2(in.x + 26, in.y), in.width - 26, colour::kInkSoft,
                           status.provider_note);
  }
  if (status.update_available) {
    in.gap(12);
    const float width = button_width("Install the update", true);
    if (button(in, "update", ImVec2(in.x, in.y), width, "Install the update", Icon::kUpdate,
               ButtonLook::kSecondary))
      send(state, "update");
    in.gap(space::kControl);
  }
}

}  // namespace

void draw_start_screen(Ui& ui, AppState& state, ImRect rect) {
  const float margin = ui.frame.margin;
  Flow flow = begin_scroll(ui, "start", rect, margin);
  constexpr float kWidest = 1120;
  if (flow.width > kWidest) {
    flow.x += std::floor((flow.width - kWidest) / 2);
    flow.width = kWidest;
  }
  const float gap = ui.frame.gap;
  if (!ui.compact()) flow.gap(8);
  draw_hero(ui, flow);
  flow.gap(ui.compact() ? 16 : 24);
  if (ui.compact()) {
    draw_open_card(ui, flow, state, 0);
    flow.gap(gap);
    draw_demo_card(ui, flow, state);
    flow.gap(gap);
    draw_device_card(ui, flow, state, 0);
    flow.gap(gap);
    draw_use_card(ui, flow);
    flow.gap(gap);
    draw_language_card(ui, flow, state);
  } else {
    const float half = std::floor((flow.width - gap) / 2);
    const float top = flow.y;
    Flow right{flow.list, flow.x + half + gap, top, flow.width - half - gap};
    draw_demo_card(ui, right, state);
    Flow left{flow.list, flow.x, top, half};
    draw_open_card(ui, left, state, right.y - top);
    flow.y = right.y + gap;
    Flow use{flow.list, flow.x, flow.y, half};
    draw_use_card(ui, use);
    Flow device{flow.list, right.x, flow.y, right.width};
    draw_device_card(ui, device, state, use.y - flow.y);
    flow.y = std::max(use.y, device.y) + gap;
    draw_language_card(ui, flow, state);
  }
  end_scroll(ui, flow, margin);
}

}  // namespace precordia::dashboard
