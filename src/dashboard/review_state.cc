#include "dashboard/review_state.h"

#include "dashboard/json_reader.h"

namespace precordia::dashboard {
namespace {

Json flat(const std::vector<PlanePoint>& points) {
  Json list = Json::array();
  for (const PlanePoint& point : points) {
    list.push_back(point.x);
    list.push_back(point.y);
  }
  return list;
}

}  // namespace

LeadHints* PageCorrections::hints(const std::string& lead) {
  for (LeadHints& one : retrace)
    if (one.lead == lead) return &one;
  return nullptr;
}

std::string corrections_json(const PageCorrections& corrections) {
  Json json = Json::object();
  if (corrections.mm_per_s) json["mm_per_s"] = *corrections.mm_per_s;
  if (corrections.mm_per_mv) json["mm_per_mv"] = *corrections.mm_per_mv;
  if (corrections.quarter_turns) json["quarter_turns"] = *corrections.quarter_turns;
  if (!corrections.layout.empty()) json["layout"] = corrections.layout;
  if (!corrections.order.empty()) json["order"] = corrections.order;
  if (corrections.corners.size() == 4) json["corners"] = flat(corrections.corners);
  Json retrace = Json::array();
  for (const LeadHints& hints : corrections.retrace)
    if (!hints.through.empty()) retrace.push_back({{"lead", hints.lead}, {"through", flat(hints.through)}});
  if (!retrace.empty()) json["retrace"] = retrace;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace precordia::dashboard
