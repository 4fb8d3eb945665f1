#include "report/fhir.h"

#include <algorithm>
#include <cmath>

#include "base/fhir_bundle.h"
#include "base/text.h"
#include "base/version.h"
#include "report/answer_words.h"
#include "report/json_value.h"

namespace precordia {
namespace {

using Json = OrderedJson;

constexpr size_t kLongestIdentity = 200;

struct Coded {
  const char *id, *loinc, *display, *unit, *ucum;
};
// Of the engine's own measurements (FORMATS.md); what has no code of its own goes out under its label.
constexpr Coded kMeasured[] = {
    {"heart_rate_bpm", "8867-4", "Heart rate", "/min", "/min"}, {"pr_ms", "8625-6", "P-R interval", "ms", "ms"},
    {"qrs_ms", "8633-0", "QRS duration", "ms", "ms"},           {"qt_ms", "8634-8", "Q-T interval", "ms", "ms"},
    {"qtc_bazett_ms", "8636-3", "Q-T interval corrected", "ms", "ms"}};
// Not in FORMATS.md; NT-proBNP's code and name were seen in public code systems, the vital signs' are those of FHIR's own vital-signs profile.
constexpr Coded kEntered[] = {
    {"nt_probnp_ng_l", "33762-6", "NT-proBNP", "ng/L", "ng/L"},
    {"systolic_mmhg", "8480-6", "Systolic blood pressure", "mmHg", "mm[Hg]"},
    {"diastolic_mmhg", "8462-4", "Diastolic blood pressure", "mmHg", "mm[Hg]"},
    {"height_cm", "8302-2", "Body height", "cm", "cm"},
    {"weight_kg", "29463-7", "Body weight", "kg", "kg"}};

Json concept_of(const char* loinc, const std::string& display) {
  return {{"coding", Json::array({{{"system", kLoinc}, {"code", loinc}, {"display", display}}})}, {"text", display}};
}
Json words(const std::string& text) { return {{"text", text}}; }
Json quantity(double value, int digits, const char* unit, const char* ucum) {
  return {{"value", json_number(value, digits)}, {"unit", unit}, {"system", kUcum}, {"code", ucum}};
}

Json reference(const std::string& url) { return {{"reference", url}}; }

bool is_day(std::string_view text) {
  if (text.size() != 10) return false;
  for (size_t i = 0; i < 10; ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
  }
  return true;
}

Json patient_of(const ViewInput& input, const TypedIdentity& identity) {
  Json patient = {{"resourceType", "Patient"}};
  const std::optional<Sex> sex = input.profile.sex ? input.profile.sex : input.record->patient.sex;
  if (!identity.identifier.empty()) patient["identifier"] = Json::array({{{"value", identity.identifier}}});
  if (!identity.name.empty()) patient["name"] = Json::array({{{"text", identity.name}}});
  if (sex) patient["gender"] = *sex == Sex::kFemale ? "female" : "male";
  if (!identity.birth_date.empty()) patient["birthDate"] = identity.birth_date;
  return patient;
}

Json device_of(const ViewInput& input) {
  Json versions = Json::array({{{"type", words("engine")}, {"value", kEngineVersion}}});
  for (const ModelDescription& model : input.models)
    versions.push_back({{"type", words(model.id)},
                        {"value", model.version + (model.precision.empty() ? " (not run)" : " " + model.precision)}});
  return {{"resourceType", "Device"},
          {"deviceName", Json::array({{{"name", "Precordia"}, {"type", "user-friendly-name"}}})},
          {"version", versions},
          {"note", Json::array({{{"text", kDisclaimer}}})}};
}

Json prediction(const std::string& outcome, const std::optional<double>& probability, const std::optional<double>& low,
                const std::optional<double>& high, std::string note) {
  Json one = {{"outcome", words(outcome)}};
  if (probability) one["probabilityDecimal"] = json_number(*probability, 4);
  if (low && high) note = "Interval " + percent_text(*low) + " to " + percent_text(*high) + ". " + note;
  note = std::string(trim(note));
  if (!note.empty()) one["rationale"] = note;
  return one;
}

std::string exclusions_of(const ViewInput& input) {
  std::string text;
  const auto add = [&](const std::string& sentence) { text += (text.empty() ? "" : " ") + sentence; };
  if (input.findings)
    for (int lead = 0; lead < kLeadCount; ++lead)
      if (!input.findings->quality[lead].issue.empty())
        add(std::string("Lead ") + kLeadNames[lead] + ": " + input.findings->quality[lead].issue);
  if (input.net && !input.net->not_run_because.empty()) add("Network not run: " + input.net->not_run_because);
  if (input.screening && !input.screening->cannot_tell_because.empty())
    add("Cannot tell: " + input.screening->cannot_tell_because);
  return text;
}

}  // namespace

Result<TypedIdentity> parse_identity(std::string_view text) {
  const Json root = Json::parse(text.begin(), text.end(), nullptr, false);
  if (root.is_discarded() || !root.is_object()) return fail(ErrorCode::kWrongUsage, "The identity is not a JSON object.");
  TypedIdentity identity;
  for (const auto& [key, value] : root.items()) {
    std::string* into = key == "name" ? &identity.name : key == "identifier" ? &identity.identifier
                        : key == "birth_date" ? &identity.birth_date : nullptr;
    if (!into || !(value.is_string() || value.is_null()))
      return fail(ErrorCode::kWrongUsage, "The identity may hold name, identifier and birth_date, each a text.");
    if (value.is_string()) *into = printable_text(value.get<std::string>(), kLongestIdentity);
  }
  if (!identity.birth_date.empty() && !is_day(identity.birth_date))
    return fail(ErrorCode::kWrongUsage, "The birth date must be written as 1960-01-31.");
  return identity;
}

std::string fhir_report(const ViewInput& input, std::string_view date, const TypedIdentity& identity) {
  const Screening none;
  const Screening& screening = input.screening ? *input.screening : none;
  FhirBundle bundle;
  const std::string patient = bundle.add(patient_of(input, identity));
  const std::string device = bundle.add(device_of(input));
  Json results = Json::array(), basis = Json::array();
  const auto observe = [&](Json code, Json value, const char* value_key, const std::string& method, const std::string& note) {
    Json out = {{"resourceType", "Observation"}, {"status", "preliminary"}, {"code", std::move(code)}, {"subject", reference(patient)}};
    if (is_day(date)) out["effectiveDateTime"] = std::string(date);
    out[value_key] = std::move(value);
    if (!method.empty()) out["method"] = words(method);
    if (!note.empty()) out["note"] = Json::array({{{"text", note}}});
    out["device"] = reference(device);
    const std::string url = bundle.add(std::move(out));
    results.push_back(reference(url));
    basis.push_back(reference(url));
  };
  if (input.findings)
    for (const Coded& row : kMeasured)
      if (const auto value = measured(*input.findings, row.id))
        observe(concept_of(row.loinc, row.display), quantity(*value, 1, row.unit, row.ucum), "valueQuantity", "", "");
  for (const ProfileField& field : profile_fields()) {
    if (field.echo || field.kind != FieldKind::kNumber || !(input.profile.*field.number)) continue;
    for (const Coded& row : kEntered)
      if (std::string_view(row.id) == field.key)
        observe(concept_of(row.loinc, row.display), quantity(*(input.profile.*field.number), 1, row.unit, row.ucum), "valueQuantity",
                "Entered by the user", "");
  }
  if (screening.echo)  // an ejection fraction is written only when one was measured
    observe(concept_of("10230-1", "Left ventricular Ejection fraction"), quantity(screening.echo->ef_percent, 0, "%", "%"),
            "valueQuantity", screening.echo->method, format_text("95 %% interval %.0f to %.0f %%", screening.echo->ef_low_percent, screening.echo->ef_high_percent));
  for (const EvidenceItem& item : screening.evidence)
    observe(words(item.label), item.value.empty() ? std::string("stated") : item.value, "valueString", "",
            weight_text(item) + ". " + item.explanation + (item.citation.empty() ? "" : " Source: " + item.citation));

  Json risk = {{"resourceType", "RiskAssessment"}, {"status", "preliminary"}, {"subject", reference(patient)},
               {"method", words(std::string("Published likelihood ratios from a stated prior, dependent findings grouped; not calibrated on local patients. Fusion: ") + fusion_name(screening.way))},
               {"performer", reference(device)}};
  if (is_day(date)) risk["occurrenceDateTime"] = std::string(date);
  if (!basis.empty()) risk["basis"] = basis;
  Json predictions = Json::array();
  if (screening.probability)
    predictions.push_back(prediction(screening.target, screening.probability, screening.low, screening.high,
                                     "Prior: " + screening.prior_context));
  if (screening.hf_probability)
    predictions.push_back(prediction("Heart failure of any kind", screening.hf_probability, screening.hf_low, screening.hf_high,
                                     "Prior: " + screening.hf_prior_context));
  for (const PhenotypeShare& share : screening.phenotypes)
    predictions.push_back(prediction(share.label, share.probability, share.low, share.high, share.note));
  for (const Score& score : screening.scores)
    if (score.applies && score.probability)
      predictions.push_back(prediction(score.title + ": " + score.meaning, score.probability, {}, {}, score.citation));
  if (!predictions.empty()) risk["prediction"] = predictions;
  risk["mitigation"] = screening.next_step.headline.empty() ? "None stated" : screening.next_step.headline;
  bundle.add(std::move(risk));

  std::string conclusion = screening.headline + ". " + screening.sentence;
  const std::string exclusions = exclusions_of(input);
  if (!exclusions.empty()) conclusion += "\nQuality and exclusions: " + exclusions;
  const bool simulated_clip = std::any_of(input.clips.begin(), input.clips.end(), [](const ReportClip& one) { return one.simulated; });
  if (input.record->source.simulated || simulated_clip) conclusion += "\nSimulated patient, not a person.";
  conclusion += std::string("\n") + kDisclaimer;
  Json report = {{"resourceType", "DiagnosticReport"}, {"status", "preliminary"}, {"code", concept_of("11524-6", "EKG study")}, {"subject", reference(patient)}};
  if (is_day(date)) report["effectiveDateTime"] = std::string(date);
  if (!results.empty()) report["result"] = results;
  report["conclusion"] = conclusion;
  bundle.add(std::move(report));
  const Json out = {{"resourceType", "Bundle"}, {"type", "collection"}, {"entry", std::move(bundle.entries)}};
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

namespace {

// A spreadsheet must not take a text for a formula, nor a quote for the end of a cell.
std::string cell(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos && !parse_number(text)) text.insert(0, "'");
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string number_cell(const std::optional<double>& value, int digits) {
  return value && std::isfinite(*value) ? fixed_text(*value, digits) : std::string();
}

}  // namespace

std::string csv_report(const ViewInput& input) {
  const Screening none;
  const Screening& s = input.screening ? *input.screening : none;
  std::string csv = "section,item,value,unit,low,high,note\r\n";
  const auto row = [&](const char* section, const std::string& item, const std::string& value, const char* unit,
                       const std::string& low, const std::string& high, const std::string& note) {
    csv += cell(section) + "," + cell(item) + "," + cell(value) + "," + cell(unit) + "," + cell(low) + "," + cell(high) + "," + cell(note) + "\r\n";
  };
  const auto share = [&](const char* section, const std::string& item, const std::optional<double>& p, const std::optional<double>& low,
                         const std::optional<double>& high, const std::string& note) {
    row(section, item, number_cell(p, 4), "", number_cell(low, 4), number_cell(high, 4), note);
  };
  row("about", "engine", kEngineVersion, "", "", "", kDisclaimer);
  for (const ModelDescription& m : input.models) row("about", "network " + m.id, m.version, "", "", "", m.precision.empty() ? "not run" : m.precision);
  if (input.record->source.simulated) row("about", "simulated", "yes", "", "", "", "Simulated patient, not a person.");
  row("about", "fusion", fusion_name(s.way), "", "", "", s.way_note);
  row("answer", "phenotype", phenotype_name(s.phenotype), "", "", "", s.headline + ". " + s.sentence);
  if (s.probability) share("answer", s.target, s.probability, s.low, s.high, "Prior: " + s.prior_context);
  if (s.hf_probability) share("answer", "Heart failure of any kind", s.hf_probability, s.hf_low, s.hf_high, "Prior: " + s.hf_prior_context);
  for (const PhenotypeShare& p : s.phenotypes) share("phenotype", p.label, p.probability, p.low, p.high, p.note);
  row("next step", s.next_step.headline, s.next_step.urgent ? "urgent" : "", "", "", "", s.next_step.citation);
  for (const Score& score : s.scores) {
    const auto points = [](const std::optional<int>& p) { return p ? std::to_string(*p) : std::string(); };
    row("score", score.title, number_cell(score.probability, 4), "", points(score.points_low), points(score.points_high),
        score.applies ? score.reading : score.why_not);
  }
  for (const EvidenceItem& item : s.evidence)
    row("evidence", item.label, item.value, "", number_cell(item.likelihood_ratio, 3), number_cell(item.decibans, 1),
        weight_text(item) + ". " + item.explanation + " " + item.citation);
  if (input.findings)
    for (const Measurement& m : input.findings->measurements)
      row("measurement", m.label, number_cell(m.value, m.digits + 1), m.unit.c_str(), number_cell(m.normal_low, m.digits), number_cell(m.normal_high, m.digits), m.why_unknown);
  const std::string exclusions = exclusions_of(input);
  row("quality", "exclusions", exclusions.empty() ? "none" : exclusions, "", "", "", "");
  return csv;
}

}  // namespace precordia
