#include "report/evidence_place.h"

#include <algorithm>
#include <string_view>

namespace precordia {
namespace {

// Leads that a rule is read in (src/ecg/reference_values.h says how).
constexpr struct {
  const char* id;
  std::initializer_list<const char*> leads;
} kRuleLeads[] = {{"lbbb", {"I", "aVL", "V1", "V5", "V6"}},
                  {"lbbb_strauss", {"I", "aVL", "V1", "V2", "V5", "V6"}},
                  {"rbbb", {"I", "V1", "V2", "V6"}},
                  {"sokolow_lyon", {"V1", "V5", "V6"}},
                  {"cornell_voltage", {"aVL", "V3"}},
                  {"cornell_product", {"aVL", "V3"}},
                  {"lv_strain", {"V5", "V6"}},
                  {"rhythm", {"II"}},
                  {"rate_over_diastolic", {"II"}},
                  {"qrs_duration", {"II", "V1", "V5"}}};

// Lead names in a rule's own detail ("inferior: II, III, aVF"), whole words only.
std::vector<std::string> leads_in(std::string_view detail) {
  std::vector<std::string> found;
  for (int lead = 0; lead < kLeadCount; ++lead) {
    const std::string_view name = kLeadNames[lead];
    for (size_t at = detail.find(name); at != std::string_view::npos; at = detail.find(name, at + 1)) {
      const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
      const size_t end = at + name.size();
      if ((at > 0 && letter(detail[at - 1])) || (end < detail.size() && letter(detail[end]))) continue;
      found.emplace_back(name);
      break;
    }
  }
  return found;
}

// The map that stands for what the network found: of the composite's likeliest member that has one.
std::string map_of(const EcgNetFindings& net, const char* composite_id) {
  const NetComposite* composite = find_composite(net, composite_id);
  const NetOutput* best = nullptr;
  for (const ClassActivationMap& map : net.maps) {
    if (map.reassuring != (std::string_view(composite_id) == "normal")) continue;
    if (composite && std::find(composite->members.begin(), composite->members.end(), map.output_id) == composite->members.end()) continue;
    const NetOutput* output = find_output(net, map.output_id);
    if (output && (!best || output->probability > best->probability)) best = output;
  }
  return best ? best->id : std::string();
}

}  // namespace

EvidencePlace place_of(const EvidenceItem& item, const EcgFindings* findings, const EcgNetFindings* net, bool clips) {
  EvidencePlace place;
  if (item.id == "ejection_fraction" || item.id == "clip_strain" || item.id == "clip_la_volume") {
    place.clip = clips;
    if (clips) place.row = "echo";
    return place;
  }
  if (!findings) return place;
  const bool network = net && !net->outputs.empty();
  if ((item.id == "ecg_major_abnormality" || item.id == "ecg_normal" || item.id == "ecg_lvsd_network") && network) {
    place.row = "network";
    place.map = map_of(*net, item.id == "ecg_normal" ? "normal" : item.id == "ecg_lvsd_network" ? "lvsd" : "major_abnormal");
    if (!place.map.empty())
      for (int lead = 0; lead < kLeadCount; ++lead)
        if (findings->quality[lead].present) place.leads.emplace_back(kLeadNames[lead]);
    return place;
  }
  if (const Criterion* criterion = find_criterion(*findings, item.id)) {
    place.row = "criterion-" + criterion->id;
    place.leads = leads_in(criterion->detail);
  }
  for (const auto& rule : kRuleLeads)
    if (item.id == rule.id && place.leads.empty()) place.leads.assign(rule.leads.begin(), rule.leads.end());
  place.marks = item.id == "qrs_duration";
  if (item.id == "qrs_duration") place.row = "measurement-qrs_ms";
  if (item.id == "rhythm" || item.id == "rate_over_diastolic") place.row = "measurement-heart_rate_bpm";
  return place;
}

OrderedJson place_value(const EvidencePlace& place) {
  return {{"leads", place.leads}, {"map", place.map}, {"marks", place.marks}, {"clip", place.clip}, {"target_row", place.row}};
}

}  // namespace precordia
