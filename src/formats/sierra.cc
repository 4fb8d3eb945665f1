#include "formats/sierra.h"

#include <cmath>

#include "base/text.h"
#include "formats/encoded_samples.h"
#include "formats/stated_facts.h"
#include "formats/xli.h"
#include "formats/xml.h"

namespace precordia {
namespace {

constexpr double kUsableSeconds = 10;   // a calibration pulse follows
constexpr const char* kStandardLeads = "I II III aVR aVL aVF V1 V2 V3 V4 V5 V6";

int32_t half(int32_t sum) { return sum >> 1; }   // rounds down

// Four limb leads are stored as what I and II predict minus the lead.
void restore_limb_leads(std::vector<std::vector<int32_t>>& leads) {
  const auto &one = leads[0], &two = leads[1];
  auto &three = leads[2], &avr = leads[3], &avl = leads[4], &avf = leads[5];
  for (size_t i = 0; i < one.size(); ++i) {
    three[i] = two[i] - one[i] - three[i];
    avr[i] = -avr[i] - half(one[i] + two[i]);
    avl[i] = half(one[i] - three[i]) - avl[i];
    avf[i] = half(two[i] + three[i]) - avf[i];
  }
}

Result<std::vector<std::vector<int32_t>>> samples_of(pugi::xml_node waveforms, size_t leads) {
  if (lower_ascii(waveforms.attribute("dataencoding").value()) != "base64")
    return fail(ErrorCode::kDamaged, "The waveform of this Philips file is not stored in base64; export the ECG again.");
  const auto bytes = base64_bytes(waveforms.child_value());
  if (!bytes) return fail(ErrorCode::kDamaged, "The waveform of this Philips file is not valid base64; export the ECG again.");
  std::string method = lower_ascii(waveforms.attribute("compression").value());
  if (method.empty() && lower_ascii(waveforms.attribute("compressflag").value()) == "true")
    method = lower_ascii(waveforms.attribute("compressmethod").value());
  std::vector<std::vector<int32_t>> channels;
  if (method == "xli") {
    PRECORDIA_TRY(channels, decode_xli(*bytes, kLargestSampleCount));
    if (channels.size() < leads)
      return fail(ErrorCode::kDamaged, format_text("This Philips file announces %zu leads and holds only %zu; export the ECG again.",
                                                   leads, channels.size()));
    channels.resize(leads);
    for (const auto& channel : channels)
      if (channel.size() != channels[0].size())
        return fail(ErrorCode::kDamaged, "The leads of this Philips file differ in length; export the ECG again.");
    if (leads >= 6) restore_limb_leads(channels);
    return channels;
  }
  if (!method.empty() && method != "uncompressed" && method != "none")
    return fail(ErrorCode::kNotRecognised, "This Philips file is compressed in a way that is not read (" + printable_text(method, 20) + ").");
  const auto all = int16_samples(*bytes);
  if (leads == 0 || all.size() % leads != 0)
    return fail(ErrorCode::kDamaged, "The waveform of this Philips file is incomplete; export the ECG again.");
  const size_t count = all.size() / leads;
  for (size_t k = 0; k < leads; ++k)
    channels.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(k * count), all.begin() + static_cast<std::ptrdiff_t>((k + 1) * count));
  return channels;
}

void read_person(pugi::xml_node root, EcgRecord& record) {
  const auto person = descend(root, "patient/generalpatientdata");
  const auto name = child_named(person, "name");
  const std::string given = shown_text(child_named(name, "firstname")), family = shown_text(child_named(name, "lastname"));
  record.identity.name = given.empty() ? family : family.empty() ? given : given + " " + family;
  record.identity.id = shown_text(child_named(person, "patientid"));
  record.patient.sex = sex_from_word(raw_text(child_named(person, "sex")));
  const auto age = child_named(person, "age");
  record.identity.birth_date = iso_time(raw_text(child_named(age, "dateofbirth"))).substr(0, 10);
  set_age(record, number_in(child_named(age, "years")), "years");
  set_age(record, number_in(child_named(age, "months")), "months");
  set_age_from_birth(record);
}

void read_findings(pugi::xml_node root, EcgRecord& record) {
  struct Row {
    const char *element, *id, *unit;
  };
  // 1.04 first, then the names of 1.03.
  constexpr Row kRows[] = {
      {"heartrate", "heart_rate_bpm", "/min"}, {"meanventrate", "heart_rate_bpm", "/min"}, {"atrialrate", "atrial_rate_bpm", "/min"},
      {"rrint", "rr_ms", "ms"},                {"pdur", "p_ms", "ms"},                     {"print", "pr_ms", "ms"},
      {"meanprint", "pr_ms", "ms"},            {"qrsdur", "qrs_ms", "ms"},                 {"meanqrsdur", "qrs_ms", "ms"},
      {"qtint", "qt_ms", "ms"},                {"meanqtint", "qt_ms", "ms"},               {"qtcb", "qtc_bazett_ms", "ms"},
      {"qtcf", "qtc_fridericia_ms", "ms"},     {"meanqtc", "qtc_ms", "ms"},                {"pfrontaxis", "p_axis_deg", "deg"},
      {"qrsfrontaxis", "qrs_axis_deg", "deg"}, {"tfrontaxis", "t_axis_deg", "deg"},
  };
  const auto interpretation = descend(root, "interpretations/interpretation");
  for (const auto block : {child_named(interpretation, "globalmeasurements"), child_named(interpretation, "interpretationmeasurements"),
                           descend(root, "internalmeasurements/crossleadmeasurements"), descend(root, "measurements/globalmeasurements")})
    for (const auto& row : kRows) add_measurement(record, row.id, number_in(child_named(block, row.element)), row.unit, row.element);
  for (const auto statement : children_named(interpretation, "statement")) {
    std::string text(raw_text(child_named(statement, "leftstatement")));
    const auto reason = raw_text(child_named(statement, "rightstatement"));
    if (!reason.empty()) text += (text.empty() ? "" : ": ") + std::string(reason);
    add_statement(record, text);
  }
  add_statement(record, raw_text(child_named(interpretation, "severity")));
}

}  // namespace

Evidence sierra_evidence(std::span<const uint8_t> bytes) {
  return xml_root_name(bytes) == "restingecgdata" ? Evidence::kCertain : Evidence::kNone;
}

Result<DecodedEcg> decode_sierra(std::span<const InputFile> files) {
  pugi::xml_document document;
  if (const auto loaded = load_xml(files[0].bytes, "Philips", document); !loaded) return std::unexpected(loaded.error());
  const auto root = document.document_element();
  const auto info = child_named(root, "documentinfo");
  const std::string type = shown_text(child_named(info, "documenttype"), 40), version = shown_text(child_named(info, "documentversion"), 20);
  const bool known = (type == "SierraECG" && (version == "1.03" || version.starts_with("1.04"))) ||
                     (type == "PhilipsECG" && (version == "1.03" || version.starts_with("1.04")));
  if (!known)
    return fail(ErrorCode::kNotRecognised, "This is a Philips-style ECG file of type " + (type.empty() ? "unknown" : type) + " " + version +
                                               ", which is not read; export it as Philips XML 1.03 or 1.04.");

  DecodedEcg decoded;
  auto& record = decoded.record;
  record.source.format = "Philips Sierra XML " + version;
  const auto acquisition = child_named(root, "dataacquisition");
  const auto signal = child_named(acquisition, "signalcharacteristics");
  const auto waveforms = descend(root, "waveforms/parsedwaveforms");
  if (!waveforms)
    return fail(ErrorCode::kNotAnEcg, "This Philips file holds no waveform, only results; export it with waveforms.");

  // 1.04 names the leads; 1.03 stores them in the standard order and says how many are valid.
  std::string_view labels = waveforms.attribute("leadlabels").value();
  if (trim(labels).empty()) labels = kStandardLeads;
  auto names = split_blank(labels);
  const auto valid = number_in(child_named(signal, "numberchannelsvalid"));
  if (valid && *valid >= 1 && *valid < static_cast<double>(names.size())) names.resize(static_cast<size_t>(*valid));
  PRECORDIA_TRY(auto leads, samples_of(waveforms, names.size()));

  const double rate_hz = number_attribute(waveforms, "samplespersecond").value_or(number_in(child_named(signal, "samplingrate")).value_or(0));
  const double microvolts = number_attribute(waveforms, "resolution")
                                .value_or(number_in(child_named(signal, "signalresolution"))
                                              .value_or(number_in(child_named(signal, "resolution")).value_or(0)));
  if (!(rate_hz > 0) || !(microvolts > 0))
    return fail(ErrorCode::kDamaged, "This Philips file does not state its sample rate or its scale; export the ECG again.");
  for (size_t k = 0; k < names.size(); ++k) {
    NamedChannel channel{.name = printable_text(names[k], 40), .rate_hz = rate_hz, .is_voltage = true, .mv = {}};
    channel.counts = std::move(leads[k]);
    channel.nv_per_count = microvolts * 1e3;
    channel.zero_count = 0;
    if (rate_hz <= kHighestSampleRateHz) channel.usable_count = static_cast<size_t>(std::lround(kUsableSeconds * rate_hz));
    decoded.channels.push_back(std::move(channel));
  }
  if (decoded.channels[0].counts.size() > decoded.channels[0].usable_count.value_or(SIZE_MAX))
    record.notes.push_back("The first 10 seconds are used; a calibration pulse follows them in the file.");

  record.source.recorded_at = iso_time(std::string(acquisition.attribute("date").value()) + "T" + acquisition.attribute("time").value());
  record.source.device = "Philips " + shown_text(child_named(acquisition, "machine"), 60);
  auto& filters = record.source.filters;
  filters.high_pass_hz = number_attribute(waveforms, "hipass");
  filters.low_pass_hz = number_attribute(waveforms, "lowpass");
  if (!filters.high_pass_hz) filters.high_pass_hz = number_in(child_named(signal, "hipass"));
  if (!filters.low_pass_hz) filters.low_pass_hz = number_in(child_named(signal, "lowpass"));
  const auto band = split(raw_text(child_named(signal, "signalbandwidth")), '-');   // 1.03: "0.05-150"
  if (band.size() == 2 && !filters.high_pass_hz && !filters.low_pass_hz) {
    filters.high_pass_hz = parse_number(band[0]);
    filters.low_pass_hz = parse_number(band[1]);
  }
  if (lower_ascii(waveforms.attribute("notchfiltered").value()) == "true") filters.notch_hz = number_attribute(waveforms, "notchfilterfreqs");
  read_person(root, record);
  read_findings(root, record);
  return decoded;
}

}  // namespace precordia
