#include "engine/page_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/version.h"

namespace precordia {
namespace {

using Json = nlohmann::json;

Json number(double value, double grain) { return std::isfinite(value) ? Json(std::round(value / grain) * grain) : Json(nullptr); }

}  // namespace

std::string page_json(std::string_view input, const DigitisedPage& page) {
  const PageQuality& q = page.quality;
  Json leads = Json::array();
  for (const LeadTrace& trace : page.traces) {
    size_t read = 0;
    double sure = 0;
    for (const float c : trace.confidence) read += c > 0, sure += c;
    leads.push_back({{"lead", kLeadNames[index_of(trace.lead)]},
                     {"rhythm_row", trace.rhythm_row},
                     {"start_s", number(trace.start_s, 1e-3)},
                     {"duration_s", number(static_cast<double>(trace.confidence.size()) / kDigitisedRateHz, 1e-3)},
                     {"read", trace.confidence.empty() ? Json(nullptr) : number(static_cast<double>(read) / static_cast<double>(trace.confidence.size()), 1e-3)},
                     {"confidence", read > 0 ? number(sure / static_cast<double>(read), 1e-3) : Json(nullptr)}});
  }
  Json corners = Json::array();
  for (const ImagePoint& p : page.corners) corners.push_back({number(p.x, 0.1), number(p.y, 0.1)});
  const Json out = {
      {"input", input},
      {"engine_version", kEngineVersion},
      {"layout", {{"name", shape_of(page.layout).name}, {"order", page.order == LeadOrder::kCabrera ? "cabrera" : "standard"}, {"known_from", known_from_name(page.layout_known)}}},
      {"mm_per_s", {{"value", page.mm_per_s}, {"known_from", known_from_name(page.speed_known)}}},
      {"mm_per_mv", {{"value", page.mm_per_mv}, {"known_from", known_from_name(page.gain_known)}}},
      {"px_per_mm", {number(page.px_per_mm_x, 1e-3), number(page.px_per_mm_y, 1e-3)}},
      {"quarter_turns", page.quarter_turns},
      {"corners_px", corners},
      {"leads", leads},
      {"quality",
       {{"einthoven_residual", number(q.einthoven_residual, 1e-3)},
        {"goldberger_residual", number(q.goldberger_residual, 1e-3)},
        {"rhythm_residual", number(q.rhythm_residual, 1e-3)},
        {"pulse_mm", q.pulse_mm ? number(*q.pulse_mm, 0.01) : Json(nullptr)},
        {"coverage", number(q.coverage, 1e-3)},
        {"mean_confidence", number(q.mean_confidence, 1e-3)},
        {"passed", q.passed}}},
      {"review_recommended", page.review_recommended},
      {"notes", page.notes}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace precordia
