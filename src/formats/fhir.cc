// Plan: JSON or XML into one tree (bounded before it is built); the observations in it; SampledData into channels; other values
// into what the device says.
#include "formats/fhir.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "formats/encoded_samples.h"
#include "formats/scp.h"
#include "formats/stated_facts.h"
#include "formats/xml.h"

namespace precordia {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostJsonValues = 1u << 20;
constexpr int kDeepest = 48;
constexpr size_t kMostObservations = 256, kMostComponents = 256;
constexpr int kMdcLead = 131072;          // ISO 11073-10101: MDC_ECG_LEAD_x is this plus the SCP lead number
constexpr int kMdcPotential = 131328;     // MDC_ECG_ELEC_POTL_x, the older codes

// --- one tree ---------------------------------------------------------------------------------------------------------------

// Values and depth that the text would build, without building them.
bool within_limits(std::string_view text) {
  size_t values = 1;
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      else if (c == '"') quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '[' || c == '{' || c == ',') ++values;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (values > kMostJsonValues || depth > kDeepest) return false;
  }
  return true;
}

// FHIR's XML says the same as its JSON: an element with a `value` is a primitive, repeated elements are an array. Resources sit
// in a wrapper (<contained>, <resource>) whose one child names the type.
Json tree_of(pugi::xml_node node, int depth) {
  Json object = Json::object();
  if (depth > kDeepest) return object;
  const pugi::xml_attribute value = node.attribute("value");
  if (value && !node.first_child()) return Json(std::string(value.value()));
  for (auto child = node.first_child(); child; child = child.next_sibling()) {
    if (child.type() != pugi::node_element) continue;
    std::string name = child.name();
    pugi::xml_node content = child;
    const bool wraps = (name == "contained" || name == "resource") && child.first_child() && !child.first_child().next_sibling();
    if (wraps) content = child.first_child();
    Json inner = tree_of(content, depth + 1);
    if (wraps && inner.is_object()) inner["resourceType"] = std::string(content.name());
    auto& slot = object[name];
    if (slot.is_null()) slot = std::move(inner);
    else if (slot.is_array()) slot.push_back(std::move(inner));
    else {
      Json list = Json::array();
      list.push_back(std::move(slot));
      list.push_back(std::move(inner));
      slot = std::move(list);
    }
  }
  return object;
}

Result<Json> tree_from(std::span<const uint8_t> bytes) {
  if (!xml_root_name(bytes).empty()) {
    pugi::xml_document document;
    if (const auto loaded = load_xml(bytes, "FHIR", document); !loaded) return std::unexpected(loaded.error());
    Json tree = tree_of(document.document_element(), 0);
    if (tree.is_object()) tree["resourceType"] = std::string(document.document_element().name());
    return tree;
  }
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!within_limits(text)) return fail(ErrorCode::kTooLarge, "This FHIR file has more parts than any ECG needs; export the ECG again.");
  Json tree = Json::parse(text, nullptr, false);
  if (!tree.is_object()) return fail(ErrorCode::kDamaged, "The JSON of this FHIR file is not complete or not well formed; export it again.");
  return tree;
}

// --- access: what is not there, or of another type, is empty -------------------------------------------------------------------

const Json kNothing;

const Json& member(const Json& object, const char* name) {
  if (!object.is_object()) return kNothing;
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

// An array, or one value standing for an array of one (XML).
std::vector<const Json*> items(const Json& value, size_t most) {
  std::vector<const Json*> list;
  if (value.is_array()) {
    for (const auto& item : value)
      if (list.size() < most) list.push_back(&item);
  } else if (!value.is_null()) {
    list.push_back(&value);
  }
  return list;
}

std::string_view text_of(const Json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return text ? std::string_view(*text) : std::string_view();
}

std::optional<double> number_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  return parse_number(text_of(value));
}

// --- codes ------------------------------------------------------------------------------------------------------------------

// The lead that a component is about: an MDC number or name, a display, or plain text.
std::string lead_of(const Json& code) {
  std::string fallback;
  for (const Json* coding : items(member(code, "coding"), 8)) {
    const auto value = text_of(member(*coding, "code")), display = text_of(member(*coding, "display"));
    for (std::string_view name : {value, display}) {
      if (const auto at = name.find("MDC_ECG_LEAD_"); at != std::string_view::npos) return printable_text(name.substr(at + 13), 40);
      if (const auto at = name.find("MDC_ECG_ELEC_POTL_"); at != std::string_view::npos) return printable_text(name.substr(at + 18), 40);
    }
    if (const auto number = parse_integer(value.starts_with("2:") ? value.substr(2) : value)) {
      for (const int base : {kMdcLead, kMdcPotential, 0}) {
        const std::string lead = *number > base && *number < base + 256 ? scp_lead_name(static_cast<int>(*number - base)) : "";
        if (!lead.empty()) return lead;
      }
    }
    for (std::string_view name : {display, value})
      if (lead_from_name(name)) return printable_text(name, 40);
    if (fallback.empty()) fallback = printable_text(display.empty() ? value : display, 40);
  }
  const auto text = text_of(member(code, "text"));
  return lead_from_name(text) || fallback.empty() ? printable_text(text, 40) : fallback;
}

bool has_code(const Json& concept_of, std::string_view wanted) {
  for (const Json* coding : items(member(concept_of, "coding"), 8))
    if (text_of(member(*coding, "code")) == wanted) return true;
  return false;
}

struct LoincRow {
  const char *code, *id, *unit, *label;
};
constexpr LoincRow kLoinc[] = {
    {"8867-4", "heart_rate_bpm", "/min", "Heart rate"},   {"8637-1", "rr_ms", "ms", "R-R interval"},
    {"8625-6", "pr_ms", "ms", "PR interval"},             {"8633-0", "qrs_ms", "ms", "QRS duration"},
    {"8634-8", "qt_ms", "ms", "QT interval"},             {"8636-3", "qtc_ms", "ms", "QTc interval"},
    {"8626-4", "p_axis_deg", "deg", "P axis"},            {"8632-2", "qrs_axis_deg", "deg", "QRS axis"},
    {"8638-9", "t_axis_deg", "deg", "T axis"},
};

// --- samples ------------------------------------------------------------------------------------------------------------------

// Milliseconds between samples: `period` (R4), or `interval` and its unit (R5).
double period_ms(const Json& sampled) {
  if (const auto period = number_of(member(sampled, "period"))) return *period;
  const double interval = number_of(member(sampled, "interval")).value_or(0);
  const auto unit = text_of(member(sampled, "intervalUnit"));
  if (unit == "Hz" && interval > 0) return 1000 / interval;
  return interval * (unit == "s" ? 1e3 : unit == "us" ? 1e-3 : 1);
}

Result<NamedChannel> channel_from(const Json& sampled, std::string name, std::vector<std::string>& notes) {
  NamedChannel channel{.name = std::move(name), .rate_hz = 0, .is_voltage = true, .mv = {}};
  const double period = period_ms(sampled);
  if (period > 0) channel.rate_hz = 1000 / period;
  if (std::abs(channel.rate_hz - std::round(channel.rate_hz)) < 1e-6 * channel.rate_hz) channel.rate_hz = std::round(channel.rate_hz);
  if (const auto dimensions = number_of(member(sampled, "dimensions")); dimensions && *dimensions != 1)
    return fail(ErrorCode::kNotRecognised, "This FHIR file interleaves several signals in one SampledData, which is not read.");
  const Json& origin = member(sampled, "origin");
  std::string_view unit = text_of(member(origin, "code"));
  if (unit.empty()) unit = text_of(member(origin, "unit"));
  const double factor = number_of(member(sampled, "factor")).value_or(1);
  const double zero = number_of(member(origin, "value")).value_or(0);
  double unit_mv = millivolts_per(unit);
  channel.is_voltage = (unit_mv > 0 || unit.empty()) && factor != 0;
  if (!channel.is_voltage) return channel;
  if (unit.empty()) {
    unit_mv = 1e-3;
    notes.push_back("The FHIR file states no unit; the samples are taken as microvolts.");
  }
  channel.nv_per_count = factor * unit_mv * 1e6;
  channel.zero_count = -zero / factor;
  const auto text = text_of(member(sampled, "data"));
  if (const auto taken = take_number_list(text, channel); !taken) return std::unexpected(taken.error());
  // FHIR adds the origin after the factor; an origin in the middle of the stored numbers is the count for zero instead (the
  // example of the FHIR specification itself is written that way).
  if (!channel.counts.empty()) {
    const auto [low, high] = std::minmax_element(channel.counts.begin(), channel.counts.end());
    if (zero > *low && zero < *high && zero != 0 && *low != kMissingCount) channel.zero_count = zero;
  }
  return channel;
}

// --- the resource ---------------------------------------------------------------------------------------------------------------

struct Resources {
  std::vector<const Json*> observations, reports;
  const Json* patient = nullptr;
  const Json* device = nullptr;
};

void sort_resource(const Json& resource, Resources& found, int depth) {
  const auto type = text_of(member(resource, "resourceType"));
  if (type == "Observation" && found.observations.size() < kMostObservations) found.observations.push_back(&resource);
  if (type == "DiagnosticReport" && found.reports.size() < kMostObservations) found.reports.push_back(&resource);
  if (type == "Patient" && !found.patient) found.patient = &resource;
  if (type == "Device" && !found.device) found.device = &resource;
  if (depth > 3) return;
  for (const Json* inner : items(member(resource, "contained"), kMostObservations)) sort_resource(*inner, found, depth + 1);
  for (const Json* entry : items(member(resource, "entry"), kMostObservations)) sort_resource(member(*entry, "resource"), found, depth + 1);
}

void read_patient(const Json& patient, EcgRecord& record) {
  record.patient.sex = sex_from_word(text_of(member(patient, "gender")));
  record.identity.birth_date = iso_time(text_of(member(patient, "birthDate"))).substr(0, 10);
  for (const Json* identifier : items(member(patient, "identifier"), 1))
    record.identity.id = printable_text(text_of(member(*identifier, "value")));
  for (const Json* name : items(member(patient, "name"), 1)) {
    std::string text(text_of(member(*name, "text")));
    if (text.empty()) {
      for (const Json* given : items(member(*name, "given"), 4)) text += std::string(text_of(*given)) + " ";
      text += text_of(member(*name, "family"));
    }
    record.identity.name = printable_text(text);
  }
}

void read_device(const Json& device, EcgRecord& record) {
  std::string name(text_of(member(device, "manufacturer")));
  for (const Json* part : items(member(device, "deviceName"), 1)) {
    const auto model = text_of(member(*part, "name"));
    if (!model.empty()) name += (name.empty() ? "" : " ") + std::string(model);
  }
  if (name.empty()) name = text_of(member(device, "display"));
  if (record.source.device.empty()) record.source.device = printable_text(name, 80);
}

struct Reading {
  DecodedEcg decoded;
  std::vector<std::string> notes;
};

void read_value(const Json& holder, EcgRecord& record) {
  for (const auto& row : kLoinc)
    if (has_code(member(holder, "code"), row.code))
      add_measurement(record, row.id, number_of(member(member(holder, "valueQuantity"), "value")), row.unit, row.label);
  if (has_code(member(holder, "code"), "30525-0"))
    set_age(record, number_of(member(member(holder, "valueQuantity"), "value")), text_of(member(member(holder, "valueQuantity"), "code")));
  if (has_code(member(holder, "code"), "8601-7")) add_statement(record, text_of(member(holder, "valueString")));
}

Result<void> read_observation(const Json& observation, Reading& reading) {
  auto& record = reading.decoded.record;
  const auto add = [&](const Json& holder) -> Result<void> {
    const Json& sampled = member(holder, "valueSampledData");
    if (!sampled.is_object()) return {};
    auto channel = channel_from(sampled, lead_of(member(holder, "code")), reading.notes);
    if (!channel) return std::unexpected(channel.error());
    if (reading.decoded.channels.size() < kMostComponents) reading.decoded.channels.push_back(std::move(*channel));
    return {};
  };
  if (const auto added = add(observation); !added) return added;
  read_value(observation, record);
  for (const Json* component : items(member(observation, "component"), kMostComponents)) {
    if (const auto added = add(*component); !added) return added;
    read_value(*component, record);
  }
  for (const auto text : {text_of(member(observation, "effectiveDateTime")), text_of(member(observation, "effectiveInstant")),
                          text_of(member(member(observation, "effectivePeriod"), "start"))})
    if (record.source.recorded_at.empty()) record.source.recorded_at = iso_time(text);
  if (member(observation, "device").is_object()) read_device(member(observation, "device"), record);
  return {};
}

}  // namespace

Evidence fhir_evidence(std::span<const uint8_t> bytes) {
  const std::string root = xml_root_name(bytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!root.empty()) {
    const bool resource = root == "Observation" || root == "Bundle" || root == "DiagnosticReport";
    return resource && text.substr(0, 65536).find("hl7.org/fhir") != std::string_view::npos ? Evidence::kCertain : Evidence::kNone;
  }
  const auto first = text.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') return Evidence::kNone;
  return text.find("\"resourceType\"") != std::string_view::npos ? Evidence::kCertain : Evidence::kNone;
}

Result<DecodedEcg> decode_fhir(std::span<const InputFile> files) {
  PRECORDIA_TRY(const auto tree, tree_from(files[0].bytes));
  Resources found;
  sort_resource(tree, found, 0);
  Reading reading;
  auto& record = reading.decoded.record;
  record.source.format = xml_root_name(files[0].bytes).empty() ? "FHIR JSON" : "FHIR XML";
  for (const Json* observation : found.observations)
    if (const auto read = read_observation(*observation, reading); !read) return std::unexpected(read.error());
  if (reading.decoded.channels.empty())
    return fail(ErrorCode::kNotAnEcg, "This FHIR file holds no Observation with sampled data; export the ECG with its waveforms.");
  for (const Json* report : found.reports)
    for (const auto line : split(text_of(member(*report, "conclusion")), '\n')) add_statement(record, line);
  if (found.patient) read_patient(*found.patient, record);
  if (found.device) read_device(*found.device, record);
  set_age_from_birth(record);
  std::sort(reading.notes.begin(), reading.notes.end());
  reading.notes.erase(std::unique(reading.notes.begin(), reading.notes.end()), reading.notes.end());
  record.notes.insert(record.notes.end(), reading.notes.begin(), reading.notes.end());
  return std::move(reading.decoded);
}

}  // namespace precordia
