#include "dashboard/answer_card.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "dashboard/widgets.h"

namespace precordia::dashboard {
namespace {

struct Gauge {
  std::optional<double> probability, low, high, prior;
  std::string before;  // what moved it away from the prior
};

constexpr const char* kBeforeBloodTest = "Before the blood test";

// "1.5", "24": one decimal below ten, as the report and the readable text write it.
std::string percent_number(double share) {
  const double percent = share * 100;
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%.*f", percent < 9.95 ? 1 : 0, percent);
  return buffer;
}

std::string range_text(double low, double high) {
  return percent_number(low) + "–" + percent_number(high) + " %";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// 0 to 100 %, the interval as a band, the estimate as a bar, and where one stood before the evidence as a
// notch from below.
void draw_gauge(Flow& flow, const Gauge& gauge, ImU32 strong) {
  ImDrawList* list = flow.list;
  const float height = 14, left = flow.x, right = flow.x + flow.width, top = flow.y + 4;
  const auto x_of = [&](double share) { return left + 2 + static_cast<float>(share) * (flow.width - 4); };
  list->AddRectFilled(ImVec2(left, top), ImVec2(right, top + height), colour::kUnknownTint, height / 2);
  if (gauge.low && gauge.high) {
    const float x0 = x_of(*gauge.low), x1 = std::max(x_of(*gauge.high), x0 + 6);
    list->AddRectFilled(ImVec2(x0, top), ImVec2(x1, top + height), colour::with_alpha(strong, 90),
                        height / 2);
  }
  if (gauge.probability) {
    const float x = std::clamp(x_of(*gauge.probability), left + 3, right - 3);
    list->AddRectFilled(ImVec2(x - 5, top - 5), ImVec2(x + 5, top + height + 5), colour::kCard, 5);
    list->AddRectFilled(ImVec2(x - 3, top - 4), ImVec2(x + 3, top + height + 4), strong, 3);
  }
  float below = top + height + 2;
  for (int tick = 0; tick <= 4; ++tick) {
    const float x = x_of(tick / 4.0);
    list->AddLine(ImVec2(x, below), ImVec2(x, below + 4), colour::kLineStrong);
  }
  below += 5;
  draw_text(list, Type::kCaption, ImVec2(left, below), colour::kInkFaint, "0 %");
  draw_text_centred(list, Type::kCaption, ImVec2(left, below), ImVec2(right, below + 18), colour::kInkFaint,
                    "50 %");
  draw_text_right(list, Type::kCaption, ImVec2(right, below), colour::kInkFaint, "100 %");
  flow.y = below + 18;
  if (gauge.prior) {
    const float x = std::clamp(x_of(*gauge.prior), left + 5, right - 5);
    list->AddTriangleFilled(ImVec2(x, top + height), ImVec2(x + 6, top + height + 9),
                            ImVec2(x - 6, top + height + 9), colour::kInkSoft);
    list->AddLine(ImVec2(x, top), ImVec2(x, top + height), colour::kInkSoft, 1.5f);
  }
}

void prior_line(Flow& flow, const std::string& before, double prior, const std::string& context) {
  const ImVec2 at(flow.x, flow.y);
  flow.list->AddTriangleFilled(at + ImVec2(6, 4), at + ImVec2(12, 14), at + ImVec2(0, 14), colour::kInkSoft);
  // The context usually says the number itself, with its source.
  const std::string number = percent_text(prior);
  char whole[16];
  std::snprintf(whole, sizeof whole, " %.0f %%", prior * 100);
  std::string line = before + ": ";
  if (!contains(context, number) && !contains(context, whole))
    line += context.empty() ? number : number + " · ";
  // Sources in brackets are told with the evidence, where there is room for them.
  const size_t bracket = context.find(" (");
  line += bracket != std::string::npos && context.size() > 64 ? context.substr(0, bracket) : context;
  flow.y +=
      draw_paragraph(flow.list, Type::kCaption, at + ImVec2(20, 0), flow.width - 20, colour::kInkSoft, line);
}

void draw_probability(Flow& flow, const Gauge& gauge, const std::string& target, const std::string& context,
                      ImU32 strong) {
  const std::string big = percent_text(*gauge.probability);
  const float number = draw_text(flow.list, Type::kDisplay, ImVec2(flow.x, flow.y), strong, big);
  Flow words{flow.list, flow.x + number + 14, flow.y, flow.width - number - 14};
  const bool range = gauge.low && gauge.high;
  words.y += range ? 2 : 11;
  paragraph(words, Type::kCaptionStrong, colour::kInk, target);
  if (range) {
    paragraph(words, Type::kCaption, colour::kInkSoft, "likely range " + range_text(*gauge.low, *gauge.high));
  }
  flow.y = std::max(flow.y + 40, words.y) + 8;
  draw_gauge(flow, gauge, strong);
  if (gauge.prior) {
    flow.gap(6);
    prior_line(flow, gauge.before, *gauge.prior, context);
  }
}

}  // namespace

std::string percent_text(double share) {
  const double percent = share * 100;
  if (percent < 0.05) return "< 0.1 %";
  if (percent > 99) return "> 99 %";
  return percent_number(share) + " %";
}

void draw_answer_card(const Ui& ui, Flow& flow, const ViewModel& view, float least_height) {
  const AnswerView& answer = view.answer;
  const ToneColours tone = tone_colours(answer.tone);
  Card card(ui, flow);
  card.stripe = tone.strong;
  card.least_height = least_height;
  Flow& in = card.inner;
  in.x += 4;
  in.width -= 4;

  const float mark = 40;
  draw_tone_mark(in.list, answer.tone, ImVec2(in.x + mark / 2, in.y + 20), mark);
  Flow head{in.list, in.x + mark + 16, in.y, in.width - mark - 16};
  const bool fits =
      paragraph_height(Type::kHeading, answer.headline, head.width) <= 3 * line_height(Type::kHeading);
  paragraph(head, fits ? Type::kHeading : Type::kTitle, colour::kInk,
            answer.headline.empty() ? "No answer" : answer.headline);
  in.y = std::max(head.y, in.y + 44) + 10;
  // The reason is told once: the engine's sentence often is the reason.
  const bool reason = !answer.cannot_tell_because.empty() &&
                      (answer.sentence == answer.cannot_tell_because ||
                       !contains(answer.sentence, answer.cannot_tell_because));
  if (!reason || !contains(answer.cannot_tell_because, answer.sentence))
    paragraph(in, Type::kBody, colour::kInk, answer.sentence);
  if (reason) {
    in.gap(12);
    const float inset = 12;
    const float height = paragraph_height(Type::kBody, answer.cannot_tell_because, in.width - 2 * inset - 26);
    in.list->AddRectFilled(ImVec2(in.x, in.y), ImVec2(in.x + in.width, in.y + height + 2 * inset),
                           colour::kUnknownTint, 8);
    Flow well{in.list, in.x + inset, in.y + inset, in.width - 2 * inset};
    note_line(well, Icon::kInfo, colour::kUnknown, Type::kBody, answer.cannot_tell_because);
    in.y += height + 2 * inset;
  }
  // The scale that the answer speaks of comes first and in its tone.
  const bool hf_first = answer.hf_probability && answer.phenotype == "heart_failure_possible";
  const auto begin_gauge = [&] {
    in.gap(16);
    separator(in);
    in.gap(14);
  };
  const auto hf_gauge = [&] {
    if (!answer.hf_probability) return;
    begin_gauge();
    draw_probability(
        in, {answer.hf_probability, answer.hf_low, answer.hf_high, answer.hf_prior, kBeforeBloodTest},
        "Heart failure of any kind", answer.hf_prior_context, hf_first ? tone.strong : colour::kInkSoft);
  };
  if (hf_first) hf_gauge();
  if (answer.probability) {
    begin_gauge();
    draw_probability(in, {answer.probability, answer.low, answer.high, answer.prior, answer.before},
                     answer.target, answer.prior_context, hf_first ? colour::kInkSoft : tone.strong);
  } else if (answer.prior) {
    in.gap(12);
    prior_line(in, answer.before, *answer.prior, answer.prior_context);
  }
  if (!hf_first) hf_gauge();
}

void draw_next_step_card(const Ui& ui, Flow& flow, const ViewModel& view, float least_height) {
  const NextStepView& step = view.next_step;
  if (step.headline.empty() && step.steps.empty()) return;
  const ImU32 strong = step.urgent ? colour::kAct : colour::kAccentDeep;
  Card card(ui, flow, step.urgent ? colour::kActTint : colour::kAccentTint,
            step.urgent ? colour::with_alpha(colour::kAct, 110) : colour::with_alpha(colour::kAccent, 90));
  card.least_height = least_height;
  Flow& in = card.inner;
  draw_text(in.list, Type::kCaptionStrong, ImVec2(in.x, in.y), strong, "What to do next");
  if (step.urgent) {
    const float width = chip_width("Urgent", true);
    chip(in.list, ImVec2(in.x + in.width - width, in.y - 3), "Urgent", colour::kOnAccent, colour::kAct,
         Icon::kWarning);
  }
  in.gap(22);
  paragraph(in, Type::kTitle, colour::kInk, step.headline);
  in.gap(6);
  int number = 0;
  for (const std::string& line : step.steps) {
    in.gap(4);
    char label[12];
    std::snprintf(label, sizeof label, "%d", ++number);
    const ImVec2 centre(in.x + 11, in.y + 11);
    in.list->AddCircleFilled(centre, 11, colour::kCard);
    draw_text_centred(in.list, Type::kCaptionStrong, centre - ImVec2(11, 11), centre + ImVec2(11, 11), strong,
                      label);
    in.y += draw_paragraph(in.list, Type::kBody, ImVec2(in.x + 32, in.y), in.width - 32, colour::kInk, line);
  }
  if (!step.most_useful_test.empty()) {
    in.gap(10);
    note_line(in, Icon::kInfo, strong, Type::kCaption,
              current_translator()("Would change the answer most:") + " " + step.most_useful_test);
  }
  if (!step.citation.empty()) {
    in.gap(8);
    paragraph(in, Type::kCaption, colour::kInkSoft, step.citation);
  }
}

}  // namespace precordia::dashboard
