#include "formats/muse.h"

#include <cmath>
#include <zlib.h>

#include "base/text.h"
#include "formats/encoded_samples.h"
#include "formats/stated_facts.h"
#include "formats/xml.h"

namespace precordia {
namespace {

constexpr size_t kMostLeads = 64;

std::unexpected<Error> damaged_lead(const std::string& lead, const char* what) {
  return fail(ErrorCode::kDamaged, "The waveform of lead " + lead + " in this MUSE file " + what + "; export the ECG again.");
}

Result<NamedChannel> channel_of(pugi::xml_node lead, double rate_hz, std::vector<std::string>& bad_crc) {
  NamedChannel channel{.name = shown_text(child_named(lead, "LeadID"), 40), .rate_hz = rate_hz, .is_voltage = true, .mv = {}};
  const std::string unit = lower_ascii(raw_text(child_named(lead, "LeadAmplitudeUnits")));
  const double unit_nv = unit.starts_with("milli") ? 1e6 : unit.starts_with("nano") ? 1 : 1e3;   // MICROVOLTS, or nothing said
  const double per_bit = number_in(child_named(lead, "LeadAmplitudeUnitsPerBit")).value_or(0);
  if (!(per_bit > 0)) return damaged_lead(channel.name, "has no scale");
  channel.nv_per_count = per_bit * unit_nv;
  if (number_in(child_named(lead, "LeadSampleSize")).value_or(2) != 2) return damaged_lead(channel.name, "is not stored in 16 bits");

  const auto bytes = base64_bytes(child_named(lead, "WaveFormData").child_value());
  if (!bytes) return damaged_lead(channel.name, "is not valid base64");
  channel.counts = int16_samples(*bytes);
  for (auto& count : channel.counts)
    if (count == -32768) count = kMissingCount;   // 160 mV below zero: a marker, not a voltage
  const auto announced = number_in(child_named(lead, "LeadSampleCountTotal"));
  if (announced && *announced > static_cast<double>(channel.counts.size())) return damaged_lead(channel.name, "is cut off");
  if (announced && *announced >= 0) channel.counts.resize(static_cast<size_t>(*announced));
  const auto crc = number_in(child_named(lead, "LeadDataCRC32"));
  if (crc && *crc != static_cast<double>(crc32(0, bytes->data(), static_cast<uInt>(bytes->size())))) bad_crc.push_back(channel.name);
  return channel;
}

void read_person(pugi::xml_node root, EcgRecord& record) {
  const auto person = child_named(root, "PatientDemographics");
  record.identity.id = shown_text(child_named(person, "PatientID"));
  const std::string given = shown_text(child_named(person, "PatientFirstName")), family = shown_text(child_named(person, "PatientLastName"));
  record.identity.name = given.empty() ? family : family.empty() ? given : given + " " + family;
  record.patient.sex = sex_from_word(raw_text(child_named(person, "Gender")));
  const auto born = split(raw_text(child_named(person, "DateofBirth")), '-');   // MM-DD-YYYY
  if (born.size() == 3)
    record.identity.birth_date = iso_date(static_cast<int>(parse_integer(born[2]).value_or(0) % 10000),
                                          static_cast<int>(parse_integer(born[0]).value_or(0) % 100),
                                          static_cast<int>(parse_integer(born[1]).value_or(0) % 100));
  set_age(record, number_in(child_named(person, "PatientAge")), raw_text(child_named(person, "AgeUnits")));
}

void read_test(pugi::xml_node root, EcgRecord& record) {
  const auto test = child_named(root, "TestDemographics");
  const std::string device = shown_text(child_named(test, "AcquisitionDevice"), 40);
  record.source.device = device.empty() ? "GE MUSE" : "GE " + device;
  const auto date = split(raw_text(child_named(test, "AcquisitionDate")), '-');   // MM-DD-YYYY
  const auto time = raw_text(child_named(test, "AcquisitionTime"));
  if (date.size() == 3)
    record.source.recorded_at = iso_time(std::string(date[2]) + std::string(date[0]) + std::string(date[1]) + std::string(time));
  set_age_from_birth(record);
}

void read_findings(pugi::xml_node root, EcgRecord& record) {
  struct Row {
    const char *element, *id, *unit;
  };
  constexpr Row kRows[] = {
      {"VentricularRate", "heart_rate_bpm", "/min"}, {"AtrialRate", "atrial_rate_bpm", "/min"}, {"PRInterval", "pr_ms", "ms"},
      {"QRSDuration", "qrs_ms", "ms"},               {"QTInterval", "qt_ms", "ms"},             {"QTCorrected", "qtc_ms", "ms"},
      {"QTcFrederica", "qtc_fridericia_ms", "ms"},   {"PAxis", "p_axis_deg", "deg"},            {"RAxis", "qrs_axis_deg", "deg"},
      {"TAxis", "t_axis_deg", "deg"},
  };
  const auto measurements = child_named(root, "RestingECGMeasurements");
  for (const auto& row : kRows) add_measurement(record, row.id, number_in(child_named(measurements, row.element)), row.unit, row.element);
  std::string statement;   // one statement may run over several elements until its line ends
  for (const auto part : children_named(child_named(root, "Diagnosis"), "DiagnosisStatement")) {
    const auto text = raw_text(child_named(part, "StmtText"));
    if (!text.empty()) statement += (statement.empty() ? "" : " ") + std::string(text.substr(0, 400));
    bool ends = false;
    for (const auto flag : children_named(part, "StmtFlag")) ends = ends || raw_text(flag) == "ENDSLINE";
    if (!ends && statement.size() < 400) continue;
    add_statement(record, statement);
    statement.clear();
  }
  add_statement(record, statement);
}

}  // namespace

Evidence muse_evidence(std::span<const uint8_t> bytes) {
  return xml_root_name(bytes) == "RestingECG" ? Evidence::kCertain : Evidence::kNone;
}

Result<DecodedEcg> decode_muse(std::span<const InputFile> files) {
  pugi::xml_document document;
  if (const auto loaded = load_xml(files[0].bytes, "MUSE", document); !loaded) return std::unexpected(loaded.error());
  const auto root = document.document_element();
  pugi::xml_node rhythm;
  for (const auto block : children_named(root, "Waveform"))
    if (!rhythm && lower_ascii(raw_text(child_named(block, "WaveformType"))) == "rhythm") rhythm = block;
  if (!rhythm)
    return fail(ErrorCode::kNotAnEcg, "This MUSE file holds no rhythm waveform, only results or a median beat; export it with waveforms.");

  DecodedEcg decoded;
  auto& record = decoded.record;
  record.source.format = "GE MUSE XML";
  const double exponent = number_in(child_named(rhythm, "SampleExponent")).value_or(0);
  const double rate_hz = number_in(child_named(rhythm, "SampleBase")).value_or(0) * std::pow(10, std::abs(exponent) <= 6 ? exponent : 0);
  std::vector<std::string> bad_crc;
  for (const auto lead : children_named(rhythm, "LeadData")) {
    if (decoded.channels.size() == kMostLeads) break;
    PRECORDIA_TRY(auto channel, channel_of(lead, rate_hz, bad_crc));
    decoded.channels.push_back(std::move(channel));
  }
  if (!bad_crc.empty())
    record.notes.push_back("The checksum of " + listed(bad_crc) +
                           " does not match the samples: the file was changed after it was recorded or is damaged.");
  auto& filters = record.source.filters;
  filters.high_pass_hz = number_in(child_named(rhythm, "HighPassFilter"));
  if (filters.high_pass_hz) *filters.high_pass_hz /= 100;   // stored in hundredths of a hertz
  filters.low_pass_hz = number_in(child_named(rhythm, "LowPassFilter"));
  filters.notch_hz = number_in(child_named(rhythm, "ACFilter"));
  read_person(root, record);
  read_test(root, record);
  read_findings(root, record);
  return decoded;
}

}  // namespace precordia
