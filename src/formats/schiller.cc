#include "formats/schiller.h"

#include "base/text.h"
#include "formats/encoded_samples.h"
#include "formats/stated_facts.h"
#include "formats/xml.h"

namespace precordia {
namespace {

constexpr size_t kMostLeads = 64;

Result<NamedChannel> channel_of(pugi::xml_node part, double rate_hz, double nv_per_count) {
  NamedChannel channel{.name = shown_text(child_named(part, "name"), 40), .rate_hz = rate_hz, .is_voltage = true, .mv = {}};
  channel.nv_per_count = nv_per_count;
  const auto kind = raw_text(child_named(part, "datastype"));
  if (!kind.empty() && kind != "COMMASEPARATE")
    return fail(ErrorCode::kNotRecognised, "The samples of this Schiller file are stored as " + printable_text(kind, 20) + ", which is not read.");
  if (const auto taken = take_number_list(child_named(part, "data").child_value(), channel); !taken) return std::unexpected(taken.error());
  const auto announced = number_in(child_named(part, "samplecount"));
  if (announced && *announced > static_cast<double>(channel.sample_count()))
    return fail(ErrorCode::kDamaged, "The waveform of lead " + channel.name + " in this Schiller file is cut off; export the ECG again.");
  return channel;
}

void read_person(pugi::xml_node root, EcgRecord& record) {
  const auto person = child_named(root, "patdata");
  record.identity.id = shown_text(child_named(person, "id"));
  const std::string given = shown_text(child_named(person, "firstname")), family = shown_text(child_named(person, "lastname"));
  record.identity.name = given.empty() ? family : family.empty() ? given : given + " " + family;
  record.identity.birth_date = iso_time(raw_text(child_named(person, "birthdate"))).substr(0, 10);
  record.patient.sex = sex_from_word(raw_text(child_named(person, "gender")));
  set_age_from_birth(record);
}

void read_findings(pugi::xml_node event, EcgRecord& record) {
  struct Row {
    std::string_view name;
    const char *id, *unit;
  };
  constexpr Row kRows[] = {
      {"HR", "heart_rate_bpm", "/min"}, {"RR", "rr_ms", "ms"},           {"P", "p_ms", "ms"},
      {"PQ", "pr_ms", "ms"},            {"QRS", "qrs_ms", "ms"},         {"QT", "qt_ms", "ms"},
      {"QTC", "qtc_ms", "ms"},          {"AXIS_P", "p_axis_deg", "deg"}, {"AXIS_QRS", "qrs_axis_deg", "deg"},
      {"AXIS_T", "t_axis_deg", "deg"},
  };
  for (const auto annotation : children_named(event, "annotation_global"))
    for (const auto& row : kRows)
      if (raw_text(child_named(annotation, "name")) == row.name)
        add_measurement(record, row.id, number_in(child_named(annotation, "value")), row.unit, row.name);
  for (const auto text : children_named(event, "textdata"))
    if (raw_text(child_named(text, "type")) == "INTERPRETATION")
      for (const auto line : split(child_named(text, "textdata").child_value(), '\n')) add_statement(record, trim(line));
  auto& filters = record.source.filters;
  for (const auto filter : children_named(child_named(event, "filters_data"), "filter")) {
    const auto name = raw_text(child_named(filter, "name"));
    const auto value = number_in(child_named(filter, "value"));
    if (name == "HIGHPASS_CUTOFF_FREQ") filters.high_pass_hz = value;
    if (name == "LOWPASS_CUTOFF_FREQ") filters.low_pass_hz = value;
    if (name == "MAINS") filters.notch_hz = value;
  }
}

}  // namespace

Evidence schiller_evidence(std::span<const uint8_t> bytes) {
  const std::string root = xml_root_name(bytes);
  return root.ends_with("SchillerEDI") ? Evidence::kCertain : Evidence::kNone;
}

Result<DecodedEcg> decode_schiller(std::span<const InputFile> files) {
  pugi::xml_document document;
  if (const auto loaded = load_xml(files[0].bytes, "Schiller", document); !loaded) return std::unexpected(loaded.error());
  const auto root = document.document_element();
  DecodedEcg decoded;
  auto& record = decoded.record;
  record.source.format = "Schiller XML";
  pugi::xml_node rhythm, event;
  for (const auto candidate : children_named(child_named(root, "eventdata"), "event"))
    for (const auto waves : children_named(candidate, "wavedata"))
      if (!rhythm && raw_text(child_named(waves, "type")).starts_with("ECG_RHYTHM")) {
        rhythm = waves;
        event = candidate;
      }
  if (!rhythm) return fail(ErrorCode::kNotAnEcg, "This Schiller file holds no rhythm waveform; export it with waveforms.");

  const auto resolution = child_named(rhythm, "resolution");
  const double rate_hz = number_in(descend(resolution, "samplerate/value")).value_or(0);   // its exponent is 1 and means nothing
  const double unit_mv = millivolts_per(raw_text(descend(resolution, "yres/units")));
  const double nv_per_count = number_in(descend(resolution, "yres/unitperbit")).value_or(0) * unit_mv * 1e6;
  if (!(rate_hz > 0) || !(nv_per_count > 0))
    return fail(ErrorCode::kDamaged, "This Schiller file does not state its sample rate or its scale; export the ECG again.");
  for (const auto part : children_named(rhythm, "channel")) {
    if (decoded.channels.size() == kMostLeads) break;
    PRECORDIA_TRY(auto channel, channel_of(part, rate_hz, nv_per_count));
    decoded.channels.push_back(std::move(channel));
  }
  const auto description = child_named(root, "examdescript");
  record.source.recorded_at = iso_time(std::string(raw_text(descend(description, "startdatetime/date"))) +
                                       std::string(raw_text(descend(description, "startdatetime/time")).substr(0, 6)));
  record.source.device = shown_text(descend(description, "aquiringdevice/hardware/vendor"), 40) + " " +
                         shown_text(descend(description, "aquiringdevice/hardware/model"), 40);
  read_person(root, record);
  read_findings(event, record);
  return decoded;
}

}  // namespace precordia
