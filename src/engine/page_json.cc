#include "engine/page_json.h"

#include "base/version.h"
#include "report/json_value.h"

namespace precordia {
namespace {

using Json = OrderedJson;

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
                     {"start_s", json_number(trace.start_s, 3)},
                     {"duration_s", json_number(static_cast<double>(trace.confidence.size()) / kDigitisedRateHz, 3)},
                     {"read", trace.confidence.empty() ? Json(nullptr) : json_number(static_cast<double>(read) / static_cast<double>(trace.confidence.size()), 3)},
                     {"confidence", read > 0 ? json_number(sure / static_cast<double>(read), 3) : Json(nullptr)}});
  }
  Json corners = Json::array();
  for (const ImagePoint& p : page.corners) corners.push_back({json_number(p.x, 1), json_number(p.y, 1)});
  const Json out = {
      {"input", input},
      {"engine_version", kEngineVersion},
      {"layout", {{"name", shape_of(page.layout).name}, {"order", page.order == LeadOrder::kCabrera ? "cabrera" : "standard"}, {"known_from", known_from_name(page.layout_known)}}},
      {"mm_per_s", {{"value", page.mm_per_s}, {"known_from", known_from_name(page.speed_known)}}},
      {"mm_per_mv", {{"value", page.mm_per_mv}, {"known_from", known_from_name(page.gain_known)}}},
      {"px_per_mm", {json_number(page.px_per_mm_x, 3), json_number(page.px_per_mm_y, 3)}},
      {"quarter_turns", page.quarter_turns},
      {"corners_px", corners},
      {"leads", leads},
      {"quality",
       {{"einthoven_residual", json_number(q.einthoven_residual, 3)},
        {"goldberger_residual", json_number(q.goldberger_residual, 3)},
        {"rhythm_residual", json_number(q.rhythm_residual, 3)},
        {"pulse_mm", q.pulse_mm ? json_number(*q.pulse_mm, 2) : Json(nullptr)},
        {"coverage", json_number(q.coverage, 3)},
        {"mean_confidence", json_number(q.mean_confidence, 3)},
        {"passed", q.passed}}},
      {"review_recommended", page.review_recommended},
      {"notes", page.notes}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace precordia
