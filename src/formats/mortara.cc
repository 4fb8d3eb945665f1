#include "formats/mortara.h"

#include <cmath>

#include "base/text.h"
#include "formats/encoded_samples.h"
#include "formats/stated_facts.h"
#include "formats/xml.h"

namespace precordia {
namespace {

constexpr size_t kMostLeads = 64;

Result<NamedChannel> channel_of(pugi::xml_node part) {
  NamedChannel channel{.name = shown_attribute(part, "NAME", 40), .rate_hz = number_attribute(part, "SAMPLE_FREQ").value_or(0), .is_voltage = true, .mv = {}};
  const double units_per_mv = number_attribute(part, "UNITS_PER_MV").value_or(0);
  const std::string encoding = lower_ascii(part.attribute("ENCODING").value()), format = lower_ascii(part.attribute("FORMAT").value());
  if (encoding != "base64" || number_attribute(part, "BITS").value_or(16) != 16 || (!format.empty() && format != "signed") || !(units_per_mv > 0))
    return fail(ErrorCode::kNotRecognised, "Lead " + channel.name + " of this Mortara file is stored in a way that is not read.");
  const auto bytes = base64_bytes(part.attribute("DATA").value());
  if (!bytes) return fail(ErrorCode::kDamaged, "The waveform of lead " + channel.name + " is not valid base64; export the ECG again.");
  channel.counts = int16_samples(*bytes);
  channel.nv_per_count = 1e6 / units_per_mv;
  channel.zero_count = -number_attribute(part, "OFFSET").value_or(0);   // mV = (sample + OFFSET) / UNITS_PER_MV
  // DURATION counts samples in the files seen; milliseconds would need more of them than there are.
  const auto announced = number_attribute(part, "DURATION");
  if (announced && *announced > static_cast<double>(channel.counts.size()) &&
      *announced * channel.rate_hz / 1000 > static_cast<double>(channel.counts.size()))
    return fail(ErrorCode::kDamaged, "The waveform of lead " + channel.name + " in this Mortara file is cut off; export the ECG again.");
  return channel;
}

void read_facts(pugi::xml_node root, EcgRecord& record) {
  record.source.recorded_at = iso_time(root.attribute("ACQUISITION_TIME_XML").value());
  if (record.source.recorded_at.empty()) record.source.recorded_at = iso_time(root.attribute("ACQUISITION_TIME").value());
  const auto subject = child_named(root, "SUBJECT"), source = child_named(root, "SOURCE");
  const std::string given = shown_attribute(subject, "FIRST_NAME"), family = shown_attribute(subject, "LAST_NAME");
  record.identity.name = given.empty() ? family : family.empty() ? given : given + " " + family;
  record.identity.id = shown_attribute(subject, "ID");
  record.identity.birth_date = iso_time(subject.attribute("DOB_XML").value()).substr(0, 10);
  if (record.identity.birth_date.empty()) record.identity.birth_date = iso_time(subject.attribute("DOB").value()).substr(0, 10);
  record.patient.sex = sex_from_word(subject.attribute("GENDER").value());
  for (const auto node : {subject, root}) set_age(record, number_attribute(node, "AGE"), node.attribute("AGE_UNITS").value());
  set_age_from_birth(record);
  record.source.device = printable_text(shown_attribute(source, "MANUFACTURER", 40) + " " + shown_attribute(source, "MODEL", 40));
  auto& filters = record.source.filters;
  filters.low_pass_hz = number_attribute(source, "LOW_PASS_FILTER");
  filters.high_pass_hz = number_attribute(source, "HIGH_PASS_FILTER");
  if (!filters.high_pass_hz) {
    filters.high_pass_hz = number_attribute(source, "BASELINE_ROLL_FILTER");   // hundredths of a hertz when a whole number
    if (filters.high_pass_hz && *filters.high_pass_hz >= 1) *filters.high_pass_hz /= 100;
  }
  filters.notch_hz = number_attribute(source, "AC_FILTER");
}

void read_findings(pugi::xml_node root, EcgRecord& record) {
  struct Row {
    const char *attribute, *id, *unit;
  };
  constexpr Row kRows[] = {
      {"VENT_RATE", "heart_rate_bpm", "/min"}, {"AVERAGE_RR", "rr_ms", "ms"}, {"P_DURATION", "p_ms", "ms"},
      {"PR_DURATION", "pr_ms", "ms"},          {"QRS_DURATION", "qrs_ms", "ms"}, {"QT_DURATION", "qt_ms", "ms"},
      {"QTCB", "qtc_bazett_ms", "ms"},         {"QTCF", "qtc_fridericia_ms", "ms"}, {"QTC", "qtc_ms", "ms"},
      {"P_AXIS", "p_axis_deg", "deg"},         {"QRS_AXIS", "qrs_axis_deg", "deg"}, {"T_AXIS", "t_axis_deg", "deg"},
  };
  for (const auto node : {root, child_named(root, "GLOBAL_MEASUREMENTS"), first_named(root, "TYPICAL_CYCLE")})
    for (const auto& row : kRows) add_measurement(record, row.id, number_attribute(node, row.attribute), row.unit, row.attribute);
  for (const auto statement : all_named(root, "STATEMENT", 64)) {
    std::string text = shown_attribute(statement, "TEXT", 200);
    const std::string reason = shown_attribute(statement, "REASON", 200);
    add_statement(record, reason.empty() ? text : text + ": " + reason);
  }
}

}  // namespace

Evidence mortara_evidence(std::span<const uint8_t> bytes) {
  return xml_root_name(bytes) == "ECG" ? Evidence::kLikely : Evidence::kNone;
}

Result<DecodedEcg> decode_mortara(std::span<const InputFile> files) {
  pugi::xml_document document;
  if (const auto loaded = load_xml(files[0].bytes, "Mortara", document); !loaded) return std::unexpected(loaded.error());
  const auto root = document.document_element();
  DecodedEcg decoded;
  decoded.record.source.format = "Mortara ELI XML";
  for (const auto part : children_named(root, "CHANNEL")) {
    if (decoded.channels.size() == kMostLeads) break;
    PRECORDIA_TRY(auto channel, channel_of(part));
    decoded.channels.push_back(std::move(channel));
  }
  if (decoded.channels.empty()) return fail(ErrorCode::kNotAnEcg, "This XML file looks like a Mortara ECG but holds no waveform.");
  read_facts(root, decoded.record);
  read_findings(root, decoded.record);
  return decoded;
}

}  // namespace precordia
