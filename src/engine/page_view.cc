#include "engine/page_view.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/json_value.h"

namespace precordia {
namespace {

// What is called good, and what is called doubtful, on the review screen. The digitiser has its own measures for `passed`.
constexpr double kGoodResidual = 0.10, kDoubtfulResidual = 0.25;
constexpr double kPulseTolerance = 0.08;         // of the pulse's height
constexpr float kDoubtful = 0.5f;                // of `doubt`
constexpr double kGoodShare = 0.04, kDoubtfulShare = 0.2;   // of a lead's samples that are doubtful
constexpr double kResidualOfFullDoubtMv = 0.4;   // I + III - II this far from zero
constexpr size_t kMostHints = 400;

enum class State { kGood, kWatch, kBad, kUnknown };
const char* state_name(State state) {
  switch (state) {
    case State::kGood: return "good";
    case State::kWatch: return "watch";
    case State::kBad: return "bad";
    case State::kUnknown: return "unknown";
  }
  return "unknown";
}

const char* known_text(KnownFrom known) {
  switch (known) {
    case KnownFrom::kAssumed: return "assumed";
    case KnownFrom::kGrid: return "from the grid";
    case KnownFrom::kPulse: return "from the calibration pulse";
    case KnownFrom::kLabels: return "from the printed names";
    case KnownFrom::kLeadAlgebra: return "the limb leads fit";
    case KnownFrom::kGeometry: return "from the rows";
    case KnownFrom::kUser: return "set by you";
  }
  return "";
}

// "3x4+1" as people say it.
std::string layout_text(const PageLayoutShape& shape) {
  if (shape.rows * shape.columns == 1) return "One strip";
  std::string text = shape.columns == 1 ? format_text("%d rows", shape.rows) : format_text("%d × %d", shape.rows, shape.columns);
  if (shape.rhythm_rows == 1) text += " + rhythm";
  if (shape.rhythm_rows > 1) text += format_text(" + %d rhythm", shape.rhythm_rows);
  return text;
}

State state_of_residual(double residual) {
  if (!std::isfinite(residual)) return State::kUnknown;
  return residual <= kGoodResidual ? State::kGood : residual <= kDoubtfulResidual ? State::kWatch : State::kBad;
}

struct Check {
  const char* id;
  const char* label;
  std::string text;
  State state;
};

Check residual_check(const char* id, const char* label, double residual, const char* unknown) {
  const State state = state_of_residual(residual);
  if (state == State::kUnknown) return {id, label, unknown, state};
  return {id, label, format_text("%.0f %% apart", residual * 100), state};
}

// How far each sample of the limb leads is from I + III = II, in mV; 0 where the three are not there together.
std::vector<float> einthoven_error(const EcgRecord& record) {
  std::vector<float> out(record.sample_count(), 0.0f);
  const auto &i = record.lead(Lead::kI), &ii = record.lead(Lead::kII), &iii = record.lead(Lead::kIII);
  if (i.empty() || ii.empty() || iii.empty()) return out;
  for (size_t k = 0; k < out.size(); ++k) {
    const float error = std::fabs(i[k] + iii[k] - ii[k]);
    if (std::isfinite(error)) out[k] = error;
  }
  return out;
}

struct TraceView {
  OrderedJson json;
  State state = State::kGood;
  bool any = false;
};

OrderedJson slice(std::vector<float>& blob, const std::vector<float>& values) {
  OrderedJson where = {{"at", blob.size()}, {"n", values.size()}};
  blob.insert(blob.end(), values.begin(), values.end());
  return where;
}

TraceView trace_view(const DigitisedPage& page, const LeadTrace& trace, const std::vector<float>& error, std::vector<float>& blob) {
  std::vector<float> points, doubts;
  const bool limb = trace.lead == Lead::kI || trace.lead == Lead::kII || trace.lead == Lead::kIII;
  PagePoint at{page.mapping.origin_x_mm + page.mapping.step_mm * page.mapping.columns / 2, trace.baseline_row_mm};
  size_t read = 0, doubtful = 0;
  for (size_t k = 0; k < trace.centreline.size(); ++k) {
    const ImagePoint& image = trace.centreline[k];
    const bool there = std::isfinite(image.x) && std::isfinite(image.y);
    float doubt = 1 - (k < trace.confidence.size() ? std::clamp(trace.confidence[k], 0.0f, 1.0f) : 0.0f);
    if (limb && !trace.rhythm_row) {
      const double sample = std::clamp(trace.start_s * kDigitisedRateHz, 0.0, 1e7) + static_cast<double>(k);
      if (sample < static_cast<double>(error.size()))
        doubt = std::max(doubt, std::min(1.0f, static_cast<float>(error[static_cast<size_t>(sample)] / kResidualOfFullDoubtMv)));
    }
    if (there) {
      ++read;
      doubtful += doubt > kDoubtful;
      at = page_from_image(page.mapping, image, at);
    }
    if (!there && (points.empty() || std::isnan(points.back()))) continue;   // one break for a whole gap
    points.push_back(there ? static_cast<float>(at.x_mm) : NAN);
    points.push_back(there ? static_cast<float>(at.y_mm) : NAN);
    doubts.push_back(std::isfinite(doubt) ? doubt : 1.0f);
  }
  TraceView out;
  out.any = read > 0;
  const double total = static_cast<double>(std::max<size_t>(1, trace.centreline.size()));
  const double share = static_cast<double>(doubtful + trace.centreline.size() - read) / total;
  out.state = !out.any ? State::kBad : share <= kGoodShare ? State::kGood : share <= kDoubtfulShare ? State::kWatch : State::kBad;
  const char* words = !out.any                       ? "not found"
                      : out.state == State::kGood    ? "clear"
                      : read < 0.9 * total           ? "has gaps"
                                                     : "unsure in places";
  out.json = {{"lead", kLeadNames[index_of(trace.lead)]}, {"rhythm", trace.rhythm_row}, {"state", state_name(out.state)}, {"text", words},
              {"points", slice(blob, points)}, {"doubt", slice(blob, doubts)}};
  return out;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return out;
}

OrderedJson check_value(const Check& check) {
  return {{"id", check.id}, {"label", check.label}, {"text", check.text}, {"state", state_name(check.state)}};
}

std::vector<Check> checks_of(const DigitisedPage& page) {
  const PageQuality& q = page.quality;
  std::vector<std::string> missing;
  for (int lead = 0; lead < kLeadCount; ++lead)
    if (page.record.mv[static_cast<size_t>(lead)].empty()) missing.push_back(kLeadNames[lead]);
  std::vector<Check> checks;
  checks.push_back({"leads", "Leads", missing.empty() ? "all twelve" : format_text("%d of 12", kLeadCount - static_cast<int>(missing.size())),
                    missing.empty() ? State::kGood : State::kWatch});
  checks.push_back(residual_check("einthoven", "I + III = II", q.einthoven_residual, "not together on this page"));
  checks.push_back(residual_check("goldberger", "aVR + aVL + aVF = 0", q.goldberger_residual, "not together on this page"));
  checks.push_back(residual_check("rhythm", "Rhythm strip", q.rhythm_residual, "none to compare"));
  if (q.pulse_mm && page.mm_per_mv > 0) {
    const bool fits = std::fabs(*q.pulse_mm / page.mm_per_mv - 1) <= kPulseTolerance;
    checks.push_back({"pulse", "Calibration pulse", format_text("%.1f mm", *q.pulse_mm), fits ? State::kGood : State::kBad});
  } else {
    checks.push_back({"pulse", "Calibration pulse", "none found", State::kUnknown});
  }
  checks.push_back({"coverage", "Trace found", format_text("%.0f %%", 100 * q.coverage),
                    q.coverage >= 0.97 ? State::kGood : q.coverage >= 0.85 ? State::kWatch : State::kBad});
  return checks;
}

OrderedJson verdict(const char* tone, std::string headline, std::string sentence) {
  return {{"tone", tone}, {"headline", std::move(headline)}, {"sentence", std::move(sentence)}};
}

OrderedJson verdict_of(const DigitisedPage& page, const std::vector<Check>& checks, const std::vector<std::string>& unsure) {
  bool bad = false;
  std::string misfits;   // what does not fit, by name
  for (const Check& check : checks) {
    if (check.state != State::kBad) continue;
    bad = true;
    misfits += (misfits.empty() ? "" : "; ") + std::string(check.label) + ": " + check.text;
  }
  if (page.quality.passed && unsure.empty() && !bad)
    return verdict("calm", "The page reads cleanly", "Does the coloured line lie on the printed one everywhere? Then screen it.");
  if (!unsure.empty())
    return verdict("watch", "Please look at " + joined(unsure),
                   "Amber marks where the reading is unsure. Tap a lead to mend it, or take a better photo.");
  return verdict("watch", "Please check this page",
                 bad ? misfits + ". Look at the line, and at speed, gain and layout."
                     : "Look whether the coloured line lies on the printed one, and whether speed, gain and layout are right.");
}

}  // namespace

PagePoint page_from_image(const PageMapping& mapping, ImagePoint at, PagePoint guess) {
  if (mapping.empty()) return {at.x, at.y};
  const double right = mapping.origin_x_mm + mapping.step_mm * (mapping.columns - 1);
  const double bottom = mapping.origin_y_mm + mapping.step_mm * (mapping.rows - 1);
  constexpr double kStep = 0.5;
  for (int round = 0; round < 6; ++round) {
    const ImagePoint p = mapping.image_from_page(guess.x_mm, guess.y_mm);
    const ImagePoint px = mapping.image_from_page(guess.x_mm + kStep, guess.y_mm), py = mapping.image_from_page(guess.x_mm, guess.y_mm + kStep);
    const double a = (px.x - p.x) / kStep, b = (py.x - p.x) / kStep, c = (px.y - p.y) / kStep, d = (py.y - p.y) / kStep;
    const double determinant = a * d - b * c;
    if (!(std::fabs(determinant) > 1e-9)) break;
    const double ex = at.x - p.x, ey = at.y - p.y;
    const double dx = (d * ex - b * ey) / determinant, dy = (a * ey - c * ex) / determinant;
    if (!std::isfinite(dx) || !std::isfinite(dy)) break;
    guess.x_mm = std::clamp(guess.x_mm + dx, mapping.origin_x_mm - 20, right + 20);
    guess.y_mm = std::clamp(guess.y_mm + dy, mapping.origin_y_mm - 20, bottom + 20);
    if (std::hypot(dx, dy) < 0.005) break;
  }
  return guess;
}

View page_view(std::string_view input, const RgbImage& picture, const DigitisedPage* page, std::string_view refusal) {
  View view;
  OrderedJson layouts = OrderedJson::array();
  for (int i = 0; i < kPageLayoutCount; ++i) {
    const PageLayoutShape& shape = shape_of(static_cast<PageLayout>(i));
    layouts.push_back({{"id", shape.name}, {"text", layout_text(shape)}});
  }
  OrderedJson json = {{"input", printable_text(input)}, {"error", std::string(refusal)},
                      {"image", {{"width", picture.width}, {"height", picture.height}}}, {"layouts", std::move(layouts)}};
  OrderedJson corners = OrderedJson::array();
  if (!page) {
    // Where fingers can reach them: a little inside the picture.
    const double w = picture.width, h = picture.height;
    for (const double v : {0.06 * w, 0.06 * h, 0.94 * w, 0.06 * h, 0.94 * w, 0.94 * h, 0.06 * w, 0.94 * h}) corners.push_back(json_number(v, 1));
    json["corners"] = std::move(corners);
    json["skippable"] = false;
    json["verdict"] = verdict("act", "This page could not be read", std::string(refusal));
    view.json = json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
    return view;
  }
  for (const ImagePoint& corner : page->corners) {
    corners.push_back(json_number(corner.x, 1));
    corners.push_back(json_number(corner.y, 1));
  }
  json["corners"] = std::move(corners);
  json["quarter_turns"] = page->quarter_turns;
  const PageLayoutShape& shape = shape_of(page->layout);
  json["layout"] = {{"id", shape.name}, {"text", layout_text(shape)}, {"known", known_text(page->layout_known)}};
  json["order"] = page->order == LeadOrder::kCabrera ? "cabrera" : "standard";
  json["speed"] = {{"value", json_number(page->mm_per_s, 2)}, {"known", known_text(page->speed_known)}};
  json["gain"] = {{"value", json_number(page->mm_per_mv, 2)}, {"known", known_text(page->gain_known)}};

  std::vector<float> nodes;
  for (const ImagePoint& node : page->mapping.nodes) {
    nodes.push_back(static_cast<float>(node.x));
    nodes.push_back(static_cast<float>(node.y));
  }
  json["mesh"] = {{"columns", page->mapping.columns},
                  {"rows", page->mapping.rows},
                  {"origin_x_mm", json_number(page->mapping.origin_x_mm, 4)},
                  {"origin_y_mm", json_number(page->mapping.origin_y_mm, 4)},
                  {"step_mm", json_number(page->mapping.step_mm, 4)},
                  {"nodes", slice(view.blob, nodes)}};
  const std::vector<float> error = einthoven_error(page->record);
  std::vector<std::string> unsure;
  OrderedJson traces = OrderedJson::array();
  for (const LeadTrace& trace : page->traces) {
    TraceView one = trace_view(*page, trace, error, view.blob);
    if (one.state != State::kGood && !trace.rhythm_row) unsure.push_back(kLeadNames[index_of(trace.lead)]);
    traces.push_back(std::move(one.json));
  }
  json["traces"] = std::move(traces);
  const std::vector<Check> checks = checks_of(*page);
  OrderedJson list = OrderedJson::array();
  for (const Check& check : checks) list.push_back(check_value(check));
  json["checks"] = std::move(list);
  json["notes"] = page->notes;
  json["skippable"] = page->quality.passed && !page->review_recommended;
  json["verdict"] = verdict_of(*page, checks, unsure);
  view.json = json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  return view;
}

ScreenPicture screen_picture(const RgbImage& picture, int longest) {
  ScreenPicture out;
  if (picture.width <= 0 || picture.height <= 0) return out;
  const double factor = std::min(1.0, static_cast<double>(longest) / std::max(picture.width, picture.height));
  out.width = std::max(1, static_cast<int>(picture.width * factor));
  out.height = std::max(1, static_cast<int>(picture.height * factor));
  out.rgba.resize(static_cast<size_t>(out.width) * static_cast<size_t>(out.height) * 4);
  const auto from = [](int i, int many, int all) { return static_cast<int>(static_cast<int64_t>(i) * all / many); };
  for (int y = 0; y < out.height; ++y) {
    const int top = from(y, out.height, picture.height), bottom = std::max(top + 1, from(y + 1, out.height, picture.height));
    for (int x = 0; x < out.width; ++x) {
      const int left = from(x, out.width, picture.width), right = std::max(left + 1, from(x + 1, out.width, picture.width));
      unsigned sum[3] = {0, 0, 0};
      for (int sy = top; sy < bottom; ++sy) {
        const uint8_t* at = &picture.rgb[(static_cast<size_t>(sy) * static_cast<size_t>(picture.width) + static_cast<size_t>(left)) * 3];
        for (int sx = left; sx < right; ++sx, at += 3)
          for (int c = 0; c < 3; ++c) sum[c] += at[c];
      }
      uint8_t* to = &out.rgba[(static_cast<size_t>(y) * static_cast<size_t>(out.width) + static_cast<size_t>(x)) * 4];
      const unsigned count = static_cast<unsigned>((bottom - top) * (right - left));
      for (int c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>((sum[c] + count / 2) / count);
      to[3] = 255;
    }
  }
  return out;
}

Result<DigitiseOptions> page_options(std::string_view text) {
  DigitiseOptions options;
  if (trim(text).empty()) return options;
  const auto wrong = [] { return fail(ErrorCode::kWrongUsage, "The corrections of the page could not be understood."); };
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return wrong();
  const auto number = [](const nlohmann::json& value, double low, double high) -> std::optional<double> {
    if (!value.is_number()) return std::nullopt;
    const double read = value.get<double>();
    return read >= low && read <= high ? std::optional(read) : std::nullopt;
  };
  const auto points = [&](const nlohmann::json& list, std::vector<ImagePoint>& out) {
    if (!list.is_array() || list.size() % 2 != 0 || list.size() > 2 * kMostHints) return false;
    for (size_t i = 0; i < list.size(); i += 2) {
      const auto x = number(list[i], -1e5, 1e5), y = number(list[i + 1], -1e5, 1e5);
      if (!x || !y) return false;
      out.push_back({*x, *y});
    }
    return true;
  };
  for (const auto& [key, value] : json.items()) {
    if (value.is_null()) continue;
    if (key == "mm_per_s") {
      if (!(options.mm_per_s = number(value, 5, 200))) return wrong();
    } else if (key == "mm_per_mv") {
      if (!(options.mm_per_mv = number(value, 1, 80))) return wrong();
    } else if (key == "quarter_turns") {
      const auto turns = number(value, 0, 3);
      if (!turns) return wrong();
      options.quarter_turns = static_cast<int>(*turns);
    } else if (key == "layout") {
      if (!value.is_string() || !(options.layout = layout_from_name(value.get<std::string>()))) return wrong();
    } else if (key == "order") {
      if (!value.is_string()) return wrong();
      options.order = value.get<std::string>() == "cabrera" ? LeadOrder::kCabrera : LeadOrder::kStandard;
    } else if (key == "rhythm_lead") {
      if (!value.is_string() || !(options.rhythm_lead = lead_from_name(value.get<std::string>()))) return wrong();
    } else if (key == "corners") {
      std::vector<ImagePoint> corners;
      if (!points(value, corners) || corners.size() != 4) return wrong();
      options.corners = {corners[0], corners[1], corners[2], corners[3]};
    } else if (key == "retrace") {
      if (!value.is_array() || value.size() > 2 * kLeadCount) return wrong();
      for (const auto& one : value) {
        const bool named = one.is_object() && one.contains("lead") && one["lead"].is_string() && one.contains("through");
        const auto lead = named ? lead_from_name(one["lead"].get<std::string>()) : std::nullopt;
        RetraceHint hint{lead.value_or(Lead::kI), {}};
        if (!lead || !points(one["through"], hint.through)) return wrong();
        options.retrace.push_back(std::move(hint));
      }
    } else {
      return wrong();
    }
  }
  return options;
}

}  // namespace precordia
