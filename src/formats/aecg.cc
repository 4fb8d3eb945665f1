// Plan: the rhythm series; its sequence sets, each a time axis and its leads; person, device, filters; annotations.
#include "formats/aecg.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/encoded_samples.h"
#include "formats/stated_facts.h"
#include "formats/xml.h"

namespace precordia {
namespace {

constexpr size_t kMostSequences = 512;

std::string_view code_of(pugi::xml_node node) { return child_named(node, "code").attribute("code").value(); }

double seconds_per(std::string_view unit) {
  if (unit == "s" || unit.empty()) return 1;
  if (unit == "ms") return 1e-3;
  if (unit == "us") return 1e-6;
  return 0;
}

struct TimeAxis {
  double rate_hz = 0;
  std::optional<double> start_s;   // of the same clock for all sets that state it the same way
};

// GLIST_TS and GLIST_PQ: a head and an increment.
TimeAxis time_axis_of(pugi::xml_node set) {
  TimeAxis axis;
  for (const auto component : children_named(set, "component")) {
    const auto sequence = child_named(component, "sequence");
    if (!code_of(sequence).starts_with("TIME_")) continue;
    const auto value = child_named(sequence, "value");
    const auto increment = child_named(value, "increment"), head = child_named(value, "head");
    const double step_s = number_attribute(increment, "value").value_or(0) * seconds_per(increment.attribute("unit").value());
    if (step_s > 0) axis.rate_hz = 1 / step_s;
    const std::string_view start = head.attribute("value").value();
    axis.start_s = code_of(sequence) == "TIME_ABSOLUTE" ? seconds_of(start) : parse_number(start);
    if (axis.start_s && code_of(sequence) != "TIME_ABSOLUTE") *axis.start_s *= seconds_per(head.attribute("unit").value());
    // 1/0.002 is 500 to the last bit, 1/0.0010000 s is 1000; increments like 0.001666 stay as they are.
    if (std::abs(axis.rate_hz - std::round(axis.rate_hz)) < 1e-6 * axis.rate_hz) axis.rate_hz = std::round(axis.rate_hz);
  }
  return axis;
}

// SLIST_PQ: origin and scale with units, digits.
Result<NamedChannel> channel_of(pugi::xml_node sequence, double rate_hz) {
  NamedChannel channel;
  std::string_view code = code_of(sequence);
  if (code.starts_with("MDC_ECG_LEAD_")) code.remove_prefix(13);
  channel.name = printable_text(code, 40);
  channel.rate_hz = rate_hz;
  const auto value = child_named(sequence, "value");
  const auto scale = child_named(value, "scale"), origin = child_named(value, "origin");
  const double unit_mv = millivolts_per(scale.attribute("unit").value());
  const double factor = number_attribute(scale, "value").value_or(0);
  channel.is_voltage = unit_mv > 0 && factor != 0;
  if (!channel.is_voltage) return channel;
  channel.nv_per_count = factor * unit_mv * 1e6;
  const std::string_view origin_unit = origin.attribute("unit").value();
  const double origin_mv = number_attribute(origin, "value").value_or(0) * (origin_unit.empty() ? unit_mv : millivolts_per(origin_unit));
  channel.zero_count = -origin_mv * 1e6 / channel.nv_per_count;
  if (const auto taken = take_number_list(child_named(value, "digits").child_value(), channel); !taken)
    return std::unexpected(taken.error());
  return channel;
}

// Samples that a set starts later than the first one, in front of its leads as missing ones.
void shift(NamedChannel& channel, const TimeAxis& axis, const TimeAxis& first) {
  if (!axis.start_s || !first.start_s || channel.counts.empty()) return;
  const double late = std::round((*axis.start_s - *first.start_s) * axis.rate_hz);
  if (!(late > 0) || late > 3600 * axis.rate_hz || late + static_cast<double>(channel.counts.size()) > kLargestSampleCount / kLeadCount)
    return;
  channel.counts.insert(channel.counts.begin(), static_cast<size_t>(late), kMissingCount);
}

Result<std::vector<NamedChannel>> channels_of(pugi::xml_node series) {
  std::vector<NamedChannel> channels;
  std::optional<TimeAxis> first;
  size_t samples = 0;
  for (const auto component : children_named(series, "component")) {
    for (const auto set : children_named(component, "sequenceSet")) {
      const TimeAxis axis = time_axis_of(set);
      if (!first) first = axis;
      for (const auto part : children_named(set, "component")) {
        const auto sequence = child_named(part, "sequence");
        const std::string_view code = code_of(sequence);
        if (code.empty() || code.starts_with("TIME_") || channels.size() == kMostSequences) continue;
        PRECORDIA_TRY(auto channel, channel_of(sequence, axis.rate_hz));
        shift(channel, axis, *first);
        samples += channel.sample_count();
        if (samples > kLargestSampleCount)
          return fail(ErrorCode::kTooLarge, "The recording is too long for this program; cut out a part of up to one hour and open that.");
        channels.push_back(std::move(channel));
      }
    }
  }
  return channels;
}

void read_person(pugi::xml_node root, EcgRecord& record) {
  const auto subject = first_named(root, "trialSubject");
  record.identity.id = shown_attribute(child_named(subject, "id"), "extension");
  const auto person = child_named(subject, "subjectDemographicPerson");
  const auto name = child_named(person, "name");
  record.identity.name = shown_text(name);
  if (record.identity.name.empty()) {   // parts: given, family
    const std::string given = shown_text(child_named(name, "given")), family = shown_text(child_named(name, "family"));
    record.identity.name = given.empty() ? family : family.empty() ? given : given + " " + family;
  }
  if (record.identity.id.empty()) record.identity.id = shown_text(child_named(person, "PatientID"));
  record.patient.sex = sex_from_word(child_named(person, "administrativeGenderCode").attribute("code").value());
  record.identity.birth_date = iso_time(child_named(person, "birthTime").attribute("value").value()).substr(0, 10);
  for (const auto code : all_named(root, "code", 20000)) {
    if (std::string_view(code.attribute("code").value()) != "21612-7") continue;   // LOINC: reported age
    const auto value = child_named(code.parent(), "value");
    set_age(record, number_attribute(value, "value"), value.attribute("unit").value());
    break;
  }
  set_age_from_birth(record);
}

void read_device(pugi::xml_node series, EcgRecord& record) {
  const auto device = first_named(child_named(series, "author"), "manufacturedSeriesDevice");
  const std::string maker = shown_text(child_named(first_named(child_named(series, "author"), "manufacturerOrganization"), "name"), 40);
  const std::string model = shown_text(child_named(device, "manufacturerModelName"), 60);
  record.source.device = maker.empty() ? model : model.empty() ? maker : maker + " " + model;
  for (const auto variable : all_named(series, "controlVariable", 200)) {
    const std::string_view code = code_of(variable);
    auto& filters = record.source.filters;
    std::optional<double>* filter = code == "MDC_ECG_CTL_VBL_ATTR_FILTER_LOW_PASS"    ? &filters.low_pass_hz
                                    : code == "MDC_ECG_CTL_VBL_ATTR_FILTER_HIGH_PASS" ? &filters.high_pass_hz
                                    : code == "MDC_ECG_CTL_VBL_ATTR_FILTER_NOTCH"     ? &filters.notch_hz
                                                                                      : nullptr;
    if (!filter) continue;
    for (const auto value : all_named(variable, "value", 20))
      if (lower_ascii(value.attribute("unit").value()) == "hz" && !*filter) *filter = number_attribute(value, "value");
  }
}

struct AnnotationCode {
  std::string_view code;
  const char *id, *unit;
};
constexpr AnnotationCode kMeasurements[] = {
    {"MDC_ECG_HEART_RATE", "heart_rate_bpm", "/min"},      {"MDC_ECG_TIME_PD_RR", "rr_ms", "ms"},
    {"MDC_ECG_TIME_PD_P", "p_ms", "ms"},                   {"MDC_ECG_TIME_PD_PR", "pr_ms", "ms"},
    {"MDC_ECG_TIME_PD_PQ", "pr_ms", "ms"},                 {"MDC_ECG_TIME_PD_QRS", "qrs_ms", "ms"},
    {"MDC_ECG_TIME_PD_QT", "qt_ms", "ms"},                 {"MDC_ECG_TIME_PD_QTc", "qtc_ms", "ms"},
    {"MDC_ECG_TIME_PD_QTC", "qtc_ms", "ms"},               {"MDC_ECG_TIME_PD_QTcB", "qtc_bazett_ms", "ms"},
    {"MDC_ECG_TIME_PD_QTcF", "qtc_fridericia_ms", "ms"},   {"MDC_ECG_ANGLE_P_FRONT", "p_axis_deg", "deg"},
    {"MDC_ECG_ANGLE_QRS_FRONT", "qrs_axis_deg", "deg"},    {"MDC_ECG_ANGLE_T_FRONT", "t_axis_deg", "deg"},
};

void read_annotations(pugi::xml_node root, EcgRecord& record) {
  for (const auto annotation : all_named(root, "annotation", 20000)) {
    const std::string_view code = code_of(annotation);
    const auto value = child_named(annotation, "value");
    for (const auto& row : kMeasurements) {
      if (code != row.code) continue;
      auto number = number_attribute(value, "value");
      const std::string_view unit = value.attribute("unit").value();
      if (number && unit == "s" && std::string_view(row.unit) == "ms") *number *= 1000;
      add_measurement(record, row.id, number, row.unit, code);
    }
    if (code == "MDC_ECG_INTERPRETATION_STATEMENT" || code == "MDC_ECG_INTERPRETATION_SUMMARY") add_statement(record, value.child_value());
    if (code == "MDC_ECG_RHY") {   // MDC_ECG_RHY_SINUS_RHY -> "SINUS RHY"
      std::string text(value.attribute("displayName").value());
      if (text.empty()) text = value.attribute("code").value();
      if (text.starts_with("MDC_ECG_RHY_")) text.erase(0, 12);
      std::replace(text.begin(), text.end(), '_', ' ');
      add_statement(record, text);
    }
  }
}

}  // namespace

Evidence aecg_evidence(std::span<const uint8_t> bytes) {
  return xml_root_name(bytes) == "AnnotatedECG" ? Evidence::kCertain : Evidence::kNone;
}

Result<DecodedEcg> decode_aecg(std::span<const InputFile> files) {
  pugi::xml_document document;
  if (const auto loaded = load_xml(files[0].bytes, "HL7 aECG", document); !loaded) return std::unexpected(loaded.error());
  const auto root = document.document_element();
  pugi::xml_node rhythm;
  size_t rhythms = 0;
  for (const auto series : all_named(root, "series", 64)) {
    const bool is_rhythm = code_of(series) == "RHYTHM";
    rhythms += is_rhythm;
    if (!rhythm || (is_rhythm && code_of(rhythm) != "RHYTHM")) rhythm = series;
  }
  if (!rhythm) return fail(ErrorCode::kNotAnEcg, "This HL7 aECG file holds no series of samples.");

  DecodedEcg decoded;
  auto& record = decoded.record;
  record.source.format = "HL7 aECG";
  PRECORDIA_TRY(decoded.channels, channels_of(rhythm));
  if (rhythms > 1) record.notes.push_back(format_text("The file holds %zu rhythm series; the first one is used.", rhythms));
  const auto time = child_named(rhythm, "effectiveTime");
  for (const char* part : {"low", "center", "high"})
    if (record.source.recorded_at.empty()) record.source.recorded_at = iso_time(child_named(time, part).attribute("value").value());
  read_device(rhythm, record);
  read_person(root, record);
  read_annotations(root, record);
  return decoded;
}

}  // namespace precordia
