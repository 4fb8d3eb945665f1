// FHIR R4 out: a Bundle with a DiagnosticReport (LOINC 11524-6), one Observation with SampledData per lead, the recorder's own
// measurements as Observations, the recorder as a Device, and a Patient without a name unless identity is asked for.
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/fhir_bundle.h"
#include "base/text.h"
#include "formats/assemble.h"
#include "formats/quantise.h"
#include "formats/write_ecg.h"

namespace precordia {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kMdc = "urn:iso:std:iso:11073:10101";

// SCP-ECG lead numbers, from which ISO 11073-10101 makes MDC_ECG_LEAD_x = 131072 + number.
constexpr int kMdcLeadNumbers[kLeadCount] = {1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8};

Json coded(const char* system, const std::string& code, const std::string& display) {
  return {{"coding", Json::array({{{"system", system}, {"code", code}, {"display", display}}})}};
}

Json quantity(double value, const std::string& unit, const std::string& code) {
  return {{"value", value}, {"unit", unit}, {"system", kUcum}, {"code", code}};
}

Json person_of(const EcgRecord& record, const WriteOptions& options) {
  Json patient = {{"resourceType", "Patient"}};
  if (record.patient.sex) patient["gender"] = *record.patient.sex == Sex::kFemale ? "female" : "male";
  if (options.with_identity) {
    if (!record.identity.id.empty()) patient["identifier"] = Json::array({{{"value", record.identity.id}}});
    if (!record.identity.name.empty()) patient["name"] = Json::array({{{"text", record.identity.name}}});
    if (!record.identity.birth_date.empty()) patient["birthDate"] = record.identity.birth_date;
  }
  return patient;
}

std::string samples_of(const QuantisedLead& lead) {
  std::string data;
  data.reserve(lead.counts.size() * 5);
  for (const int32_t count : lead.counts) {
    if (!data.empty()) data += ' ';
    data += count == kMissingCount ? "E" : std::to_string(count);
  }
  return data;
}

struct Row {
  const char *id, *loinc, *display, *unit, *ucum;
};
constexpr Row kRows[] = {
    {"heart_rate_bpm", "8867-4", "Heart rate", "/min", "/min"},     {"rr_ms", "8637-1", "R-R interval", "ms", "ms"},
    {"pr_ms", "8625-6", "P-R interval", "ms", "ms"},                {"qrs_ms", "8633-0", "QRS duration", "ms", "ms"},
    {"qt_ms", "8634-8", "Q-T interval", "ms", "ms"},                {"qtc_ms", "8636-3", "Q-T interval corrected", "ms", "ms"},
    {"p_axis_deg", "8626-4", "P wave axis", "deg", "deg"},          {"qrs_axis_deg", "8632-2", "QRS axis", "deg", "deg"},
    {"t_axis_deg", "8638-9", "T wave axis", "deg", "deg"},
};

}  // namespace

Result<std::vector<WrittenFile>> write_fhir(const EcgRecord& record, const WriteOptions& options) {
  const auto leads = quantised(record);
  if (leads.empty()) return fail(ErrorCode::kUnusable, "The record holds no samples to write.");
  FhirBundle bundle;
  const std::string patient = bundle.add(person_of(record, options));
  std::string device;
  if (!record.source.device.empty())
    device = bundle.add({{"resourceType", "Device"}, {"deviceName", Json::array({{{"name", record.source.device}, {"type", "user-friendly-name"}}})}});

  const auto observation = [&](Json code) {
    Json out = {{"resourceType", "Observation"}, {"status", "preliminary"}, {"code", std::move(code)}, {"subject", {{"reference", patient}}}};
    // FHIR wants a time zone with a time of day; the record knows local time only, so the day is what can be said.
    if (options.with_identity && record.source.recorded_at.size() >= 10) out["effectiveDateTime"] = record.source.recorded_at.substr(0, 10);
    if (!device.empty()) out["device"] = {{"reference", device}};
    return out;
  };
  Json results = Json::array();
  for (const auto& lead : leads) {
    const int index = index_of(lead.lead);
    std::string name = kLeadNames[index];
    for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    Json out = observation(coded(kMdc, std::to_string(131072 + kMdcLeadNumbers[index]), "MDC_ECG_LEAD_" + name));
    out["valueSampledData"] = {{"origin", quantity(0, "uV", "uV")}, {"period", 1000 / record.sample_rate_hz},
                               {"factor", lead.nv_per_count / 1000}, {"dimensions", 1}, {"data", samples_of(lead)}};
    results.push_back({{"reference", bundle.add(std::move(out))}});
  }
  for (const auto& measurement : record.device_findings.measurements)
    for (const auto& row : kRows)
      if (measurement.id == row.id) {
        Json out = observation(coded(kLoinc, row.loinc, row.display));
        out["valueQuantity"] = quantity(measurement.value, row.unit, row.ucum);
        results.push_back({{"reference", bundle.add(std::move(out))}});
      }
  if (const auto age = written_age(record, options)) {
    Json out = observation(coded(kLoinc, "30525-0", "Age"));
    out["valueQuantity"] = quantity(*age, "a", "a");
    results.push_back({{"reference", bundle.add(std::move(out))}});
  }
  Json report = {{"resourceType", "DiagnosticReport"}, {"status", "preliminary"}, {"code", coded(kLoinc, "11524-6", "EKG study")},
                 {"subject", {{"reference", patient}}}, {"result", results}};
  std::string conclusion;
  for (const auto& statement : record.device_findings.statements) conclusion += (conclusion.empty() ? "" : "\n") + statement;
  if (!conclusion.empty()) report["conclusion"] = conclusion;
  bundle.add(std::move(report));

  const Json out = {{"resourceType", "Bundle"}, {"type", "collection"}, {"entry", std::move(bundle.entries)}};
  const std::string text = out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  return std::vector<WrittenFile>{{safe_record_name(options) + ".json", {text.begin(), text.end()}}};
}

}  // namespace precordia
