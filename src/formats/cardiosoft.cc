#include "formats/cardiosoft.h"

#include "base/text.h"
#include "formats/encoded_samples.h"
#include "formats/stated_facts.h"
#include "formats/xml.h"

namespace precordia {
namespace {

constexpr size_t kMostLeads = 64;

// <Hour>9</Hour> ... <Year>2002</Year>
std::string time_in(pugi::xml_node node) {
  const auto part = [&](const char* name) {
    const double value = number_in(child_named(node, name)).value_or(-1);
    return value >= 0 && value < 10'000 ? static_cast<int>(value) : -1;
  };
  return iso_time(part("Year"), part("Month"), part("Day"), part("Hour"), part("Minute"), part("Second"));
}

void read_person(pugi::xml_node root, EcgRecord& record) {
  const auto person = child_named(root, "PatientInfo");
  record.identity.id = shown_text(child_named(person, "PID"));
  const auto name = child_named(person, "Name");
  const std::string given = shown_text(child_named(name, "GivenName")), family = shown_text(child_named(name, "FamilyName"));
  record.identity.name = given.empty() ? family : family.empty() ? given : given + " " + family;
  record.patient.sex = sex_from_word(raw_text(child_named(person, "Gender")));
  record.identity.birth_date = time_in(child_named(person, "BirthDateTime")).substr(0, 10);
  const auto age = child_named(person, "Age");
  set_age(record, number_in(age), age.attribute("units").value());
  set_age_from_birth(record);
}

void read_findings(pugi::xml_node root, EcgRecord& record) {
  struct Row {
    const char *element, *id, *unit;
  };
  constexpr Row kRows[] = {
      {"VentricularRate", "heart_rate_bpm", "/min"}, {"RRInterval", "rr_ms", "ms"},    {"PDuration", "p_ms", "ms"},
      {"PQInterval", "pr_ms", "ms"},                 {"QRSDuration", "qrs_ms", "ms"},  {"QTInterval", "qt_ms", "ms"},
      {"QTCInterval", "qtc_ms", "ms"},               {"PAxis", "p_axis_deg", "deg"},   {"RAxis", "qrs_axis_deg", "deg"},
      {"TAxis", "t_axis_deg", "deg"},
  };
  const auto measurements = first_named(root, "RestingECGMeasurements");
  for (const auto& row : kRows) add_measurement(record, row.id, number_in(child_named(measurements, row.element)), row.unit, row.element);
  for (const auto text : all_named(first_named(root, "Interpretation"), "DiagnosisText", 64)) add_statement(record, text.child_value());
  auto& filters = record.source.filters;
  const auto setting = first_named(root, "FilterSetting");
  filters.low_pass_hz = number_in(child_named(setting, "LowPass"));
  filters.high_pass_hz = number_in(child_named(setting, "HighPass"));
  if (lower_ascii(raw_text(child_named(setting, "Filter50Hz"))) == "yes") filters.notch_hz = 50;
  if (lower_ascii(raw_text(child_named(setting, "Filter60Hz"))) == "yes") filters.notch_hz = 60;
}

}  // namespace

Evidence cardiosoft_evidence(std::span<const uint8_t> bytes) {
  return xml_root_name(bytes) == "CardiologyXML" ? Evidence::kCertain : Evidence::kNone;
}

Result<DecodedEcg> decode_cardiosoft(std::span<const InputFile> files) {
  pugi::xml_document document;
  if (const auto loaded = load_xml(files[0].bytes, "CardioSoft", document); !loaded) return std::unexpected(loaded.error());
  const auto root = document.document_element();
  const auto strip = first_named(root, "StripData");
  if (!strip) return fail(ErrorCode::kNotAnEcg, "This CardioSoft file holds no rhythm strip; export it with waveforms.");
  DecodedEcg decoded;
  auto& record = decoded.record;
  record.source.format = "CardioSoft XML";
  const auto resolution = child_named(strip, "Resolution");
  const std::string unit = lower_ascii(resolution.attribute("units").value());
  const double rate_hz = number_in(child_named(strip, "SampleRate")).value_or(0);
  const double microvolts = number_in(resolution).value_or(0) * (unit.starts_with("mv") ? 1e3 : unit.starts_with("nv") ? 1e-3 : 1);
  if (!(rate_hz > 0) || !(microvolts > 0))
    return fail(ErrorCode::kDamaged, "This CardioSoft file does not state its sample rate or its resolution; export the ECG again.");
  const auto announced = number_in(child_named(strip, "ChannelSampleCountTotal"));
  for (const auto part : children_named(strip, "WaveformData")) {
    if (decoded.channels.size() == kMostLeads) break;
    NamedChannel channel{.name = shown_attribute(part, "lead", 40), .rate_hz = rate_hz, .is_voltage = true, .mv = {}};
    channel.nv_per_count = microvolts * 1e3;
    if (const auto taken = take_number_list(part.child_value(), channel); !taken) return std::unexpected(taken.error());
    if (announced && *announced > static_cast<double>(channel.sample_count()))
      return fail(ErrorCode::kDamaged, "The waveform of lead " + channel.name + " in this CardioSoft file is cut off; export the ECG again.");
    decoded.channels.push_back(std::move(channel));
  }
  record.source.recorded_at = time_in(child_named(root, "ObservationDateTime"));
  record.source.device = "GE CardioSoft";
  read_person(root, record);
  read_findings(root, record);
  return decoded;
}

}  // namespace precordia
