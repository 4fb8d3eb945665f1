// Three arrangements of the same parts: the clip with its controls and curve, the cards, and the bar with what to do next.
#include "dashboard/echo_screen.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/text.h"
#include "dashboard/echo_drawing.h"
#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

constexpr float kBar = 64;
constexpr float kTools = 52;

// ---- cards --------------------------------------------------------------------------------------------------------------

void draw_verdict(const Ui& ui, Flow& flow, const EchoViewModel& view) {
  const ToneColours tone = tone_colours(view.tone);
  Card card(ui, flow, tone.tint, colour::with_alpha(tone.strong, 90));
  card.stripe = tone.strong;
  Flow& in = card.inner;
  draw_tone_mark(in.list, view.tone, ImVec2(in.x + 14, in.y + 16), 28);
  in.x += 40;
  in.width -= 40;
  paragraph(in, Type::kHeading, tone.strong, view.headline);
  paragraph(in, Type::kBody, colour::kInk, view.sentence);
  if (!view.method.empty()) paragraph(in, Type::kCaption, colour::kInkSoft, view.method);
  in.x -= 40;
  in.width += 40;
  for (const std::string& why : view.cannot_tell) {
    in.gap(8);
    note_line(in, Icon::kWarning, tone.strong, Type::kBody, why);
  }
  if (!view.bands.empty()) {
    in.gap(12);
    draw_bands(in, view);
  }
  in.gap(4);
  note_line(in, Icon::kInfo, colour::kInkSoft, Type::kCaption, view.disclaimer);
}

void draw_beats(const Ui& ui, Flow& flow, AppState& state) {
  EchoState& echo = state.echo;
  const EchoClipView& clip = echo.shown_clip();
  if (clip.beats.empty()) return;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Beat by beat");
  const bool ml = clip.beats.front().ed_ml.has_value();
  const int columns = ml ? 5 : 3;
  const float first = 74, cell = (in.width - first) / static_cast<float>(columns - 1);
  const std::array<const char*, 5> titles = {"Beat", "EF", "Strain", "ED ml", "ES ml"};
  for (int c = 0; c < columns; ++c) {
    if (c == 0) draw_text(in.list, Type::kCaptionStrong, ImVec2(in.x, in.y), colour::kInkSoft, titles[0]);
    else draw_text_right(in.list, Type::kCaptionStrong, ImVec2(in.x + first + cell * static_cast<float>(c), in.y), colour::kInkSoft, titles[static_cast<size_t>(c)]);
  }
  in.gap(22);
  const auto number = [](const std::optional<double>& value, const char* format) { return value ? format_text(format, *value) : std::string("–"); };
  for (size_t i = 0; i < clip.beats.size(); ++i) {
    const EchoBeatView& beat = clip.beats[i];
    const ImRect row(in.x - 8, in.y, in.x + in.width + 8, in.y + space::kTouch);
    ImGui::PushID(static_cast<int>(i));
    const Press press = press_area("beat", row, 6);
    ImGui::PopID();
    const bool chosen = static_cast<int>(i) == echo.beat;
    if (chosen || press.hovered) in.list->AddRectFilled(row.Min, row.Max, chosen ? colour::kAccentTint : colour::kSunken, 6);
    const float y = in.y + 11;
    draw_text(in.list, chosen ? Type::kBodyStrong : Type::kBody, ImVec2(in.x, y), colour::kInk, format_text("%zu", i + 1));
    const bool by_hand = std::any_of(clip.by_hand.begin(), clip.by_hand.end(), [&](int frame) { return frame == beat.ed || frame == beat.es; });
    if (by_hand) draw_icon(in.list, Icon::kPencil, ImVec2(in.x + 30, y + 11), 16, colour::kAccent);
    const std::array<std::string, 4> cells = {number(beat.ef, "%.0f %%"), number(beat.gls, "%.1f %%"), number(beat.ed_ml, "%.0f"), number(beat.es_ml, "%.0f")};
    for (int c = 1; c < columns; ++c)
      draw_text_right(in.list, c == 1 && clip.ef ? Type::kBodyStrong : Type::kBody, ImVec2(in.x + first + cell * static_cast<float>(c), y), clip.ef ? colour::kInk : colour::kInkFaint,
                      cells[static_cast<size_t>(c - 1)]);
    if (press.used) choose_beat(echo, static_cast<int>(i));
    in.gap(space::kTouch);
  }
  if (!clip.ef) {
    in.gap(4);
    note_line(in, Icon::kWarning, colour::kWatch, Type::kCaption, "These numbers do not count: the clip was refused.");
  }
  if (!clip.by_hand.empty()) {
    in.gap(4);
    note_line(in, Icon::kPencil, colour::kAccent, Type::kCaption, "The pencil marks beats with a contour corrected by hand.");
  }
}

void draw_measures(const Ui& ui, Flow& flow, AppState& state) {
  const EchoState& echo = state.echo;
  const EchoClipView& clip = echo.shown_clip();
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Measured on this clip");
  for (const auto& [label, text] : clip.measures) {
    const float value = text_width(Type::kBodyStrong, text), name = text_width(Type::kBody, label);
    draw_text_fitted(in.list, Type::kBody, ImVec2(in.x, in.y), in.width, colour::kInkSoft, label);
    if (name + value + 12 > in.width) in.gap(20);
    draw_text_right(in.list, Type::kBodyStrong, ImVec2(in.x + in.width, in.y), colour::kInk, text);
    in.gap(26);
  }
  if (echo.view->clips.size() > 1) {   // of a single clip the answer says it
    for (const std::string& why : clip.cannot_tell) {
      in.gap(4);
      note_line(in, Icon::kWarning, colour::kWatch, Type::kCaption, why);
    }
  }
  for (const std::string& note : clip.notes) {
    in.gap(4);
    note_line(in, Icon::kInfo, colour::kInkSoft, Type::kCaption, note);
  }
  if (echo.view->simulated) return;
  in.gap(8);
  const float width = button_width("Remove this clip", true);
  if (button(in, "remove clip", ImVec2(in.x, in.y), width, "Remove this clip", Icon::kClose, ButtonLook::kSecondary)) send_number(state, "drop_clip", "clip", echo.clip);
  in.gap(space::kControl);
}

void draw_walls(const Ui& ui, Flow& flow, AppState& state) {
  EchoState& echo = state.echo;
  const EchoClipView& clip = echo.shown_clip();
  if (clip.walls.empty()) return;
  Card card(ui, flow);
  Flow& in = card.inner;
  card_title(in, "Wall motion");
  paragraph(in, Type::kCaption, colour::kInkSoft, "How far each sixth of the wall moves inwards in systole, and when it is innermost.");
  in.gap(6);
  for (const WallView& wall : clip.walls) {
    if (wall.motion) {
      const auto rgb = motion_colour(*wall.motion);
      in.list->AddRectFilled(ImVec2(in.x, in.y + 4), ImVec2(in.x + 14, in.y + 18), IM_COL32(rgb[0], rgb[1], rgb[2], 255), 3);
      in.list->AddRect(ImVec2(in.x, in.y + 4), ImVec2(in.x + 14, in.y + 18), colour::kLineStrong, 3);
    }
    const std::string motion = wall.motion ? format_text("%.0f %%", *wall.motion) : "–";
    const std::string delay = wall.delay_ms ? format_text("%.0f ms", *wall.delay_ms) : "";
    draw_text_fitted(in.list, Type::kBody, ImVec2(in.x + 24, in.y), in.width - 24 - 140, colour::kInk, wall.name);
    draw_text_right(in.list, Type::kBodyStrong, ImVec2(in.x + in.width - 72, in.y), colour::kInk, motion);
    draw_text_right(in.list, Type::kCaption, ImVec2(in.x + in.width, in.y + 2), colour::kInkSoft, delay);
    in.gap(26);
  }
}

void draw_overlays(Flow& flow, EchoState& echo) {
  Row row(flow, space::kControl + 4);
  const auto contour = [&](const char* name, const char* words, ImU32 ink, bool* on) {
    const ImVec2 at = row.place(toggle_width(words, true));
    toggle(flow, name, at, words, Icon::kEye, on);
    flow.list->AddRectFilled(at + ImVec2(10, space::kControl - 5), at + ImVec2(toggle_width(words, true) - 10, space::kControl - 2), ink, 1);
  };
  contour("lv", "Ventricle", echo_colour::kVentricle, &echo.lv_on);
  contour("myocardium", "Myocardium", echo_colour::kMyocardium, &echo.myocardium_on);
  contour("atrium", "Atrium", echo_colour::kAtrium, &echo.atrium_on);
  const auto overlay = [&](const char* name, const char* words, EchoOverlay which) {
    bool on = echo.overlay == which;
    if (toggle(flow, name, row.place(toggle_width(words, true)), words, Icon::kEye, &on)) echo.overlay = on ? which : EchoOverlay::kNone;
  };
  overlay("uncertainty", "Uncertainty", EchoOverlay::kUncertainty);
  if (!echo.shown_clip().walls.empty()) overlay("motion", "Wall motion", EchoOverlay::kMotion);
  row.end();
}

// ---- the clip with its tools --------------------------------------------------------------------------------------------

void draw_play_tools(const Ui& ui, EchoState& echo, ImRect rect) {
  Flow flow{ImGui::GetWindowDrawList(), rect.Min.x, rect.Min.y, rect.GetWidth()};
  const float y = rect.Min.y + 6, icon_y = rect.Min.y + 4;
  float x = rect.Min.x, right = rect.Max.x;
  const bool many = echo.shown_clip().frames > 1;
  if (many) {
    if (icon_button(flow, "play", ImVec2(x, icon_y), echo.playing ? Icon::kPause : Icon::kPlay, echo.playing ? "Pause" : "Play")) play(echo, !echo.playing);
    x += space::kTouch;
    if (icon_button(flow, "step back", ImVec2(x, icon_y), Icon::kLeft, "One frame back")) step_frames(echo, -1);
    x += space::kTouch;
    if (icon_button(flow, "step on", ImVec2(x, icon_y), Icon::kRight, "One frame on")) step_frames(echo, 1);
    x += space::kTouch + 6;
    static constexpr std::array<const char*, 3> kSpeeds = {"¼", "½", "1×"};
    const float width = std::max(segmented_width(kSpeeds), 3 * space::kTouch);
    segmented(flow, "speed", ImVec2(x, y), width, kSpeeds, &echo.speed);
    x += width + 8;
  }
  if (echo.shown_clip().beats.empty()) return;
  const char* words = "Correct the contour";
  const float width = button_width(words, true);
  if (right - x >= width) {
    if (button(flow, "correct", ImVec2(right - width, y), width, words, Icon::kPencil, ButtonLook::kSecondary)) begin_editing(echo, false);
  } else if (icon_button(flow, "correct", ImVec2(right - space::kTouch, icon_y), Icon::kPencil, words)) {
    begin_editing(echo, false);
  }
  (void)ui;
}

void draw_edit_tools(AppState& state, ImRect rect) {
  EchoState& echo = state.echo;
  Flow flow{ImGui::GetWindowDrawList(), rect.Min.x, rect.Min.y, rect.GetWidth()};
  const float y = rect.Min.y + 6, icon_y = rect.Min.y + 4;
  const EchoBeatView& beat = echo.shown_clip().beats[static_cast<size_t>(echo.beat)];
  const bool room = rect.GetWidth() > 560;
  static constexpr std::array<const char*, 2> kLong = {"End-diastole", "End-systole"};
  static constexpr std::array<const char*, 2> kShort = {"ED", "ES"};
  const auto& labels = room ? kLong : kShort;
  const float width = std::max(segmented_width(labels), 2 * space::kTouch);
  int chosen = echo.frame == beat.es ? 1 : 0;
  if (segmented(flow, "moment", ImVec2(rect.Min.x, y), width, labels, &chosen)) begin_editing(echo, chosen == 1);
  float right = rect.Max.x;
  const float done = button_width("Done", false);
  right -= done;
  if (button(flow, "contour done", ImVec2(right, y), done, "Done", std::nullopt, ButtonLook::kPrimary)) end_editing(echo);
  right -= 4;
  const auto tool = [&](const char* name, Icon icon, const char* tip, bool possible) {
    right -= space::kTouch;
    ImGui::BeginDisabled(!possible);
    const bool used = icon_button(flow, name, ImVec2(right, icon_y), icon, tip) && possible;
    ImGui::EndDisabled();
    if (!possible) flow.list->AddRectFilled(ImVec2(right, icon_y), ImVec2(right + space::kTouch, icon_y + space::kTouch), colour::with_alpha(colour::kPage, 170));
    return used;
  };
  if (tool("redo", Icon::kRedo, "Redo", echo.can_redo())) send_contour(state, redo_contour(echo));
  if (tool("undo", Icon::kUndo, "Undo the last correction", echo.can_undo())) send_contour(state, undo_contour(echo));
  const bool by_hand = echo.history[echo.at].contains({echo.clip, echo.frame});
  if (tool("reset", Icon::kUpdate, "As the network drew it", by_hand)) send_contour(state, reset_contour(echo));
}

void draw_tools(const Ui& ui, AppState& state, ImRect rect) {
  if (state.echo.editing)
    draw_edit_tools(state, rect);
  else
    draw_play_tools(ui, state.echo, rect);
}

void draw_clip_choice(Flow& flow, EchoState& echo) {
  if (echo.view->clips.size() < 2) return;
  const std::string &first = echo.view->clips[0].view, &second = echo.view->clips[1].view;
  const bool same = first == second;   // two of one view are told apart by their number
  const std::array<const char*, 2> labels = {same ? "1" : first.c_str(), same ? "2" : second.c_str()};
  int chosen = echo.clip;
  if (segmented(flow, "clip", ImVec2(flow.x, flow.y), std::min(flow.width, 420.0f), labels, &chosen)) choose_clip(echo, chosen);
  flow.gap(space::kControl + 8);
}

void draw_bar(const Ui& ui, AppState& state, ImRect rect) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(rect.Min, rect.Max, colour::kCard);
  list->AddLine(rect.Min, ImVec2(rect.Max.x, rect.Min.y), colour::kLine);
  Flow flow{list, rect.Min.x, rect.Min.y, rect.GetWidth()};
  const float y = rect.Min.y + (kBar - space::kControl) / 2, margin = ui.frame.margin;
  const bool wide = rect.GetWidth() >= 620;
  float right = rect.Max.x - margin;
  const auto place = [&](const char* name, const char* words, Icon icon, ButtonLook look) {
    const float width = button_width(words, true);
    right -= width;
    const bool used = button(flow, name, ImVec2(right, y), width, words, icon, look);
    right -= 10;
    return used;
  };
  if (state.echo.view->clips.size() < 2 && !state.echo.view->simulated) {
    if (place("add clip", wide ? "Add the other apical view" : "Add a view", Icon::kPlus, ButtonLook::kPrimary)) send(state, "add_clip");
  }
  if (place("save", wide ? "Save the measurements" : "Save", Icon::kExport, ButtonLook::kSecondary)) send(state, "export_echo");
  const bool has_result = state.view.has_value();
  const char* words = has_result ? "Back to the answer" : "New examination";
  const float width = button_width(words, true);
  const float left = rect.Min.x + margin;
  if (right - left >= width) {
    if (!button(flow, "leave", ImVec2(left, y), width, words, has_result ? Icon::kBack : Icon::kClose, ButtonLook::kQuiet)) return;
  } else if (!icon_button(flow, "leave", ImVec2(left - 10, y - 2), has_result ? Icon::kBack : Icon::kClose, words)) {
    return;
  }
  play(state.echo, false);
  if (has_result) state.screen = Screen::kResult;
  else send(state, "close");
}

void draw_cards(const Ui& ui, Flow& flow, AppState& state, bool with_pair, bool with_overlays) {
  const float gap = ui.frame.gap;
  EchoState& echo = state.echo;
  draw_verdict(ui, flow, *echo.view);
  flow.gap(gap);
  if (with_overlays) {
    draw_overlays(flow, echo);
    flow.gap(gap);
  }
  if (with_pair && !echo.shown_clip().beats.empty()) {
    const float height = (flow.width - 8) / 2 / static_cast<float>(echo.shown_clip().aspect);
    draw_pair(state, ImRect(flow.x, flow.y, flow.x + flow.width, flow.y + height), true);
    flow.gap(height + gap);
  }
  draw_beats(ui, flow, state);
  flow.gap(gap);
  draw_measures(ui, flow, state);
  flow.gap(gap);
  draw_walls(ui, flow, state);
}

}  // namespace

void draw_echo_screen(Ui& ui, AppState& state, ImRect rect) {
  EchoState& echo = state.echo;
  if (!echo.view) return;
  if (state.progress) play(echo, false);
  if (advance(echo, ui.now_ms)) ui.moving = true;
  const ImRect bar(ImVec2(rect.Min.x, rect.Max.y - kBar), rect.Max);
  rect.Max.y = bar.Min.y;
  const float margin = ui.frame.margin;
  if (ui.frame.arrangement == Arrangement::kWide) {
    const float side = std::min(ui.frame.side_column, 400.0f);
    const ImRect cards(ImVec2(rect.Max.x - side - 2 * margin + 12, rect.Min.y), rect.Max);
    Flow left{ImGui::GetWindowDrawList(), rect.Min.x + margin, rect.Min.y + 12, cards.Min.x - rect.Min.x - margin};
    draw_clip_choice(left, echo);
    const float curve = std::clamp(rect.GetHeight() * 0.22f, 100.0f, 170.0f);
    const float overlays = space::kControl + 16;
    const float high = rect.Max.y - 12 - curve - 8 - overlays - kTools - left.y;
    const float pair = echo.shown_clip().beats.empty() ? 0 : std::min(left.width * 0.34f, high / 2 * static_cast<float>(echo.shown_clip().aspect));
    draw_cine(ui, state, ImRect(left.x, left.y, left.x + left.width - (pair > 0 ? pair + 8 : 0), left.y + high));
    if (pair > 0) draw_pair(state, ImRect(left.x + left.width - pair, left.y, left.x + left.width, left.y + high), false);
    left.gap(high);
    draw_tools(ui, state, ImRect(left.x, left.y, left.x + left.width, left.y + kTools));
    left.gap(kTools);
    draw_curve(ui, state, ImRect(left.x, left.y, left.x + left.width, left.y + curve));
    left.gap(curve + 8);
    draw_overlays(left, echo);
    Flow flow = begin_scroll(ui, "echo", cards, margin - 8);
    draw_cards(ui, flow, state, false, false);
    end_scroll(ui, flow, margin - 8);
  } else {
    Flow top{ImGui::GetWindowDrawList(), rect.Min.x + margin, rect.Min.y + 10, rect.GetWidth() - 2 * margin};
    draw_clip_choice(top, echo);
    const float whole = top.width / static_cast<float>(echo.shown_clip().aspect);
    const float high = std::min(whole, rect.GetHeight() * (ui.compact() ? 0.4f : 0.46f));
    draw_cine(ui, state, ImRect(top.x, top.y, top.x + top.width, top.y + high));
    top.gap(high);
    draw_tools(ui, state, ImRect(top.x, top.y, top.x + top.width, top.y + kTools));
    top.gap(kTools);
    const float curve = std::clamp(rect.GetHeight() * 0.17f, 96.0f, 160.0f);
    draw_curve(ui, state, ImRect(top.x, top.y, top.x + top.width, top.y + curve));
    top.gap(curve + 6);
    Flow flow = begin_scroll(ui, "echo", ImRect(ImVec2(rect.Min.x, top.y), rect.Max), margin);
    draw_cards(ui, flow, state, true, true);
    end_scroll(ui, flow, margin);
  }
  draw_bar(ui, state, bar);
}

void draw_echo_card(const Ui& ui, Flow& flow, AppState& state) {
  {
    Card card(ui, flow);
    Flow& in = card.inner;
    card_title(in, "Echocardiogram");
    const bool there = state.echo.view.has_value();
    if (there) {
      const EchoViewModel& view = *state.echo.view;
      paragraph(in, Type::kBodyStrong, tone_colours(view.tone).strong, view.headline);
      paragraph(in, Type::kBody, colour::kInk, view.sentence);
      in.gap(8);
      draw_bands(in, view);
    } else {
      paragraph(in, Type::kCaption, colour::kInkSoft, "An apical clip of the same person adds the ejection fraction to the answer.");
    }
    in.gap(6);
    const char* words = there ? "Look at the clip" : "Add an ultrasound clip";
    if (button(in, "echo", ImVec2(in.x, in.y), button_width(words, true), words, there ? Icon::kPlay : Icon::kPlus, ButtonLook::kSecondary)) {
      if (there) state.screen = Screen::kEcho;
      else send(state, "add_clip");
    }
    in.gap(space::kControl);
    if (!there && state.status.camera) {
      in.gap(8);
      const char* film = "Film an ultrasound screen";
      if (button(in, "film", ImVec2(in.x, in.y), button_width(film, true), film, Icon::kCamera, ButtonLook::kSecondary)) send(state, "film");
      in.gap(space::kControl);
    }
  }
  flow.gap(ui.frame.gap);
}

bool echo_key(AppState& state, const std::string& key, bool free) {
  EchoState& echo = state.echo;
  if (!echo.view) return false;
  if ((free && key == "ArrowLeft") || key == ",") step_frames(echo, -1);
  else if ((free && key == "ArrowRight") || key == ".") step_frames(echo, 1);
  else if ((free && key == " ") || key == "k" || key == "K") play(echo, !echo.playing);
  else if (key == "1" || key == "2" || key == "3") echo.speed = key[0] - '1';
  else if (key == "[") choose_beat(echo, echo.beat - 1);
  else if (key == "]") choose_beat(echo, echo.beat + 1);
  else if (key == "c" || key == "C") echo.lv_on = echo.myocardium_on = echo.atrium_on = !(echo.lv_on || echo.myocardium_on || echo.atrium_on);
  else if (key == "u" || key == "U") echo.overlay = echo.overlay == EchoOverlay::kUncertainty ? EchoOverlay::kNone : EchoOverlay::kUncertainty;
  else if (key == "m" || key == "M") echo.overlay = echo.overlay == EchoOverlay::kMotion ? EchoOverlay::kNone : EchoOverlay::kMotion;
  else if (key == "e" || key == "E") echo.editing ? end_editing(echo) : begin_editing(echo, false);
  else if (key == "z" || key == "Z") send_contour(state, undo_contour(echo));
  else if (key == "y" || key == "Y") send_contour(state, redo_contour(echo));
  else return false;
  return true;
}

}  // namespace precordia::dashboard
