#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/dicom.h"
#include "formats/stated_facts.h"
#include "formats/stored_samples.h"

namespace precordia {
namespace {

using namespace dicom_tag;

constexpr size_t kMostGroups = 64, kMostChannels = 512;
constexpr size_t kMostStatements = 200, kMostMeasurements = 400;

std::unexpected<Error> damaged(const char* what) {
  return fail(ErrorCode::kDamaged, "This DICOM file is damaged or incomplete; copy it again.", what);
}

// Numbers in DICOM are text (DS, IS) or binary (US, UL).
std::optional<double> number_of(const DicomItem& item, uint32_t tag) {
  const auto text = element_text(item, tag);
  return parse_number(text.substr(0, text.find('\\')));
}
std::optional<double> positive_number(const DicomItem& item, uint32_t tag) {
  const auto value = number_of(item, tag);
  return value && *value > 0 ? value : std::nullopt;
}
uint32_t binary_number(const DicomFile& file, const DicomItem& item, uint32_t tag) {
  const auto* element = find_element(item, tag);
  if (!element) return 0;
  if (element->value.size() == 2) return file.big_endian ? element->value.u16_big(0) : element->value.u16(0);
  return file.big_endian ? element->value.u32_big(0) : element->value.u32(0);
}

struct Code {
  std::string_view value, scheme, meaning;
};
Code code_of(const DicomItem& item, uint32_t sequence) {
  const auto* element = find_element(item, sequence);
  if (!element || element->items.empty()) return {};
  const auto& code = element->items[0];
  return {element_text(code, kCodeValue), element_text(code, kCodeScheme), element_text(code, kCodeMeaning)};
}

// --- patient, time, device --------------------------------------------------------------------------------------------------

void add_person_and_time(const DicomItem& data, EcgRecord& record) {
  std::string name = printable_text(element_text(data, kPatientName));
  while (!name.empty() && name.back() == '^') name.pop_back();
  for (size_t at = name.find('^'); at != std::string::npos; at = name.find('^', at + 1)) name.replace(at, 1, ", "), ++at;
  record.identity.name = name;
  record.identity.id = printable_text(element_text(data, kPatientId));
  record.identity.birth_date = iso_time(element_text(data, kPatientBirthDate));
  const auto sex = element_text(data, kPatientSex);
  if (sex == "M" || sex == "F") record.patient.sex = sex == "M" ? Sex::kMale : Sex::kFemale;

  record.source.recorded_at = iso_time(element_text(data, kAcquisitionDateTime));
  for (const auto& [date, time] : {std::pair{kAcquisitionDate, kAcquisitionTime}, {kContentDate, kContentTime}, {kStudyDate, kStudyTime}})
    if (record.source.recorded_at.empty())
      record.source.recorded_at = iso_time(std::string(element_text(data, date)) + std::string(element_text(data, time)));

  // What dicom_writer.cc and others put where a date may not be empty and none may be told.
  if (record.source.recorded_at.starts_with("1900-01-01")) record.source.recorded_at.clear();

  // "063Y", "006M", "010W", "003D"
  if (const auto age = element_text(data, kPatientAge); age.size() >= 2) {
    const char* unit = age.back() == 'Y' ? "years" : age.back() == 'M' ? "months" : age.back() == 'W' ? "weeks" : age.back() == 'D' ? "days" : nullptr;
    if (const auto value = parse_number(age.substr(0, age.size() - 1)); value && unit) set_age(record, value, unit);
  }
  if (!record.patient.age_years) set_age_from_birth(record);

  const std::string maker = printable_text(element_text(data, kManufacturer), 60), model = printable_text(element_text(data, kModelName), 60);
  record.source.device = maker.empty() || model.empty() ? maker + model : maker + " " + model;
}

// --- annotations --------------------------------------------------------------------------------------------------------------

// What our identifiers are called in PS3.16 CID 3687 to 3690 and by vendors. A name matches as a whole, case ignored.
struct KnownMeasurement {
  std::string_view code, meaning;
  const char *id, *unit;
};
constexpr KnownMeasurement kKnown[] = {
    {"8867-4", "heart rate", "heart_rate_bpm", "/min"},
    {"2:16016", "ventricular heart rate", "heart_rate_bpm", "/min"},
    {"5.10.2.5-1", "ventricular rate", "heart_rate_bpm", "/min"},
    {"2:16020", "atrial heart rate", "atrial_rate_bpm", "/min"},
    {"5.10.2.5-3", "atrial rate", "atrial_rate_bpm", "/min"},
    {"5.10.2.1-3", "rr interval", "rr_ms", "ms"},
    {"2:15872", "pp interval", "", "ms"},
    {"5.13.5-5", "p duration", "p_ms", "ms"},
    {"5.13.5-7", "pr interval", "pr_ms", "ms"},
    {"8625-6", "pq interval", "pr_ms", "ms"},
    {"5.13.5-9", "qrs duration", "qrs_ms", "ms"},
    {"8633-0", "qrs interval", "qrs_ms", "ms"},
    {"5.13.5-11", "qt interval", "qt_ms", "ms"},
    {"8634-8", "uncorrected qt interval", "qt_ms", "ms"},
    {"5.10.2.5-5", "qtc interval", "qtc_ms", "ms"},
    {"8636-3", "corrected qt interval", "qtc_ms", "ms"},
    {"", "qtc bazett", "qtc_bazett_ms", "ms"},
    {"", "qtcb", "qtc_bazett_ms", "ms"},
    {"", "qtc fridericia", "qtc_fridericia_ms", "ms"},
    {"", "qtcf", "qtc_fridericia_ms", "ms"},
    {"5.10.3-11", "p axis", "p_axis_deg", "deg"},
    {"5.10.3-13", "qrs axis", "qrs_axis_deg", "deg"},
    {"5.10.3-15", "t axis", "t_axis_deg", "deg"},
};

const KnownMeasurement* known_measurement(const Code& concept_name) {
  const std::string meaning = lower_ascii(concept_name.meaning);
  for (const auto& known : kKnown)
    if ((!known.code.empty() && known.code == concept_name.value) || known.meaning == meaning) return &known;
  return nullptr;
}

void add_annotations(const DicomItem& data, DeviceFindings& findings) {
  const auto* annotations = find_element(data, kAnnotations);
  if (!annotations) return;
  for (const auto& annotation : annotations->items) {
    const Code concept_name = code_of(annotation, kConceptName);
    if (const auto value = number_of(annotation, kNumericValue)) {
      // A number at a point in time belongs to one beat; zero is how recorders write "not measured".
      if (find_element(annotation, kTemporalRange) || findings.measurements.size() >= kMostMeasurements) continue;
      const auto* known = known_measurement(concept_name);
      const bool axis = known && std::string_view(known->unit) == "deg";
      if (*value == 0 && !axis) continue;
      const std::string id = known ? known->id : "";
      const bool twice = !id.empty() && std::any_of(findings.measurements.begin(), findings.measurements.end(),
                                                    [&](const auto& other) { return other.id == id; });
      if (twice) continue;
      double number = *value;
      const Code unit = code_of(annotation, kMeasurementUnits);
      if (known && std::string_view(known->unit) == "ms" && unit.value == "s") number *= 1000;
      findings.measurements.push_back({id, number, known ? known->unit : printable_text(unit.value, 20),
                                       printable_text(concept_name.meaning, 80)});
      continue;
    }
    std::string text = printable_text(element_text(annotation, kUnformattedText), 400);
    if (text.empty() && !find_element(annotation, kTemporalRange)) text = printable_text(code_of(annotation, kConceptCode).meaning, 400);
    if (!text.empty() && findings.statements.size() < kMostStatements) findings.statements.push_back(std::move(text));
  }
}

// --- waveforms ----------------------------------------------------------------------------------------------------------------

std::string channel_name(const DicomItem& definition) {
  const Code source = code_of(definition, kChannelSource);
  for (const std::string_view prefix : {"5.6.3-9-", "2:"}) {   // SCPECG and MDC number the leads alike
    if (!source.value.starts_with(prefix)) continue;
    const auto number = parse_integer(source.value.substr(prefix.size()));
    if (!number || *number < 1 || *number > 255) continue;
    const std::string name = scp_lead_name(static_cast<int>(*number));
    if (!name.empty()) return name;
  }
  if (!source.meaning.empty()) return printable_text(source.meaning, 64);
  return printable_text(element_text(definition, kChannelLabel), 64);
}

std::optional<StoredAs> stored_as(std::string_view interpretation, uint32_t bits, bool big_endian) {
  if (bits == 8) return interpretation == "SB" ? std::optional(StoredAs::kInt8) : interpretation == "UB" ? std::optional(StoredAs::kUint8) : std::nullopt;
  if (bits == 16 && interpretation == "SS") return big_endian ? StoredAs::kInt16Big : StoredAs::kInt16;
  if (bits == 16 && interpretation == "US") return big_endian ? StoredAs::kUint16Big : StoredAs::kUint16;
  if (bits == 32 && interpretation == "SL") return big_endian ? StoredAs::kInt32Big : StoredAs::kInt32;
  if (bits == 32 && interpretation == "UL") return big_endian ? StoredAs::kUint32Big : StoredAs::kUint32;
  return {};
}

// With 12 of 16 bits stored, a negative number may come with or without its sign spread into the spare bits. Without, every
// spare bit is 0, and the sign bit is not.
void spread_sign(std::vector<int32_t>& counts, uint32_t bits_stored, uint32_t bits_allocated) {
  if (bits_stored == 0 || bits_stored >= bits_allocated || bits_stored > 31) return;
  const int64_t limit = int64_t{1} << bits_stored;
  for (const int32_t count : counts)
    if (count < 0 || count >= limit) return;
  for (auto& count : counts)
    if (count >= limit / 2) count -= static_cast<int32_t>(limit);
}

bool is_average_beat(const DicomItem& group) {
  const std::string label = lower_ascii(element_text(group, kGroupLabel));
  for (const char* word : {"median", "average", "beat", "template"})
    if (label.find(word) != std::string::npos) return true;
  return element_text(group, kOriginality) == "DERIVED" && label.find("rhythm") == std::string::npos;
}

struct WaveformGroup {
  std::vector<NamedChannel> channels;
  RecordedFilters filters;
};

Result<WaveformGroup> read_group(const DicomFile& file, const DicomItem& item) {
  const size_t channels = binary_number(file, item, kChannels), samples = binary_number(file, item, kSamples);
  const uint32_t bits = binary_number(file, item, kBitsAllocated);
  const auto rate = positive_number(item, kSamplingFrequency);
  const auto interpretation = element_text(item, kInterpretation);
  const auto* definitions = find_element(item, kChannelDefinition);
  const auto* data = find_element(item, kWaveformData);
  if (channels == 0 || channels > kMostChannels || !definitions || definitions->items.size() != channels) return damaged("channel definitions");
  if (!rate || samples == 0) return damaged("sampling");
  const auto stored = stored_as(interpretation, bits, file.big_endian);
  if (!stored)
    return fail(ErrorCode::kNotRecognised, "The samples of this DICOM file are stored in a way that no ECG uses; export it as 16-bit integers.",
                printable_text(interpretation, 8) + format_text(", %u bits", static_cast<unsigned>(bits)));
  if (uint64_t{samples} * channels > kLargestSampleCount)
    return fail(ErrorCode::kTooLarge, "The recording is too long for this program; cut out a part of up to one hour.");
  const size_t frame_bytes = channels * width_of(*stored), there = data ? data->value.size() / frame_bytes : 0;
  if (there < samples)
    return fail(ErrorCode::kDamaged, "The file ends after " + fixed_text(static_cast<double>(there) / *rate, 1) + " of " +
                                         fixed_text(static_cast<double>(samples) / *rate, 1) +
                                         " seconds; the copy is incomplete, copy it again.");
  // Padding value: one stored number that means "no sample". It is believed only at the end of the number range, because some
  // writers name 0, which every ECG passes through.
  std::optional<int32_t> padding;
  if (const auto* element = find_element(item, kPaddingValue); element && element->value.size() >= width_of(*stored)) {
    padding.emplace();
    read_counts(*stored, element->value.data, 0, width_of(*stored), {&*padding, 1});
    const int64_t top = int64_t{1} << (bits - 1);
    const bool extreme = interpretation.starts_with('S') ? *padding <= -top + 1 || *padding >= top - 1 : *padding >= 2 * top - 1;
    if (!extreme) padding.reset();
  }
  const double offset_samples = std::round(number_of(item, kGroupTimeOffset).value_or(0) * *rate / 1000);
  const bool delayed = offset_samples > 0 && offset_samples * static_cast<double>(channels) < static_cast<double>(kLargestSampleCount) / 8;

  WaveformGroup group;
  auto counts = read_interleaved(*stored, data->value.data, samples, channels);
  const bool is_signed = interpretation.starts_with('S');
  for (size_t c = 0; c < channels; ++c) {
    const auto& definition = definitions->items[c];
    if (is_signed) spread_sign(counts[c], binary_number(file, definition, kBitsStored), bits);
    if (padding) std::replace(counts[c].begin(), counts[c].end(), *padding, kMissingCount);
    if (delayed) counts[c].insert(counts[c].begin(), static_cast<size_t>(offset_samples), kMissingCount);
    const double unit_mv = millivolts_per(code_of(definition, kSensitivityUnits).value);
    const double per_count = number_of(definition, kSensitivity).value_or(0) * number_of(definition, kSensitivityCorrection).value_or(1);
    NamedChannel channel{.name = channel_name(definition), .rate_hz = *rate, .mv = {}};
    channel.is_voltage = unit_mv > 0 && per_count != 0;
    channel.nv_per_count = channel.is_voltage ? per_count * unit_mv * 1e6 : 1;
    if (channel.is_voltage) channel.zero_count = 0 - number_of(definition, kBaseline).value_or(0) / per_count;
    channel.counts = std::move(counts[c]);
    if (lead_from_name(channel.name) && !group.filters.high_pass_hz && !group.filters.low_pass_hz)
      group.filters = {positive_number(definition, kFilterLow), positive_number(definition, kFilterHigh),
                       positive_number(definition, kNotch)};
    group.channels.push_back(std::move(channel));
  }
  return group;
}

// A lead that several groups hold (a strip of ten seconds under four of two and a half) is taken from the longest.
void merge(std::vector<NamedChannel>& channels, std::vector<NamedChannel> more) {
  for (auto& channel : more) {
    const auto same = std::find_if(channels.begin(), channels.end(), [&](const auto& other) { return other.name == channel.name; });
    if (same == channels.end()) channels.push_back(std::move(channel));
    else if (static_cast<double>(channel.counts.size()) / channel.rate_hz > static_cast<double>(same->counts.size()) / same->rate_hz)
      *same = std::move(channel);
  }
}

std::string sop_class_name(std::string_view uid) {
  constexpr std::pair<std::string_view, const char*> kNames[] = {
      {"1.2.840.10008.5.1.4.1.1.9.1.1", "12-lead ECG"},      {"1.2.840.10008.5.1.4.1.1.9.1.2", "general ECG"},
      {"1.2.840.10008.5.1.4.1.1.9.1.3", "ambulatory ECG"},   {"1.2.840.10008.5.1.4.1.1.9.1.4", "general 32-bit ECG"},
      {"1.2.840.10008.5.1.4.1.1.9.2.1", "haemodynamic waveform"},
  };
  for (const auto& [known, name] : kNames)
    if (uid == known) return std::string("DICOM ") + name;
  return "DICOM waveform";
}

// An ECG report as PDF in a DICOM coat.
Result<DecodedEcg> decode_encapsulated(const DicomFile& file, const DicomElement& document) {
  if (!document.value.text().starts_with("%PDF-"))
    return fail(ErrorCode::kNotRecognised, "This DICOM file holds a document that is no PDF; export the ECG as a waveform.");
  const InputFile pdf{"encapsulated.pdf", document.value.data};
  auto decoded = decode_ecg({&pdf, 1});
  if (!decoded)
    return fail(decoded.error().code, "This DICOM file holds a report as PDF. " + decoded.error().message, decoded.error().detail);
  EcgRecord about;
  add_person_and_time(file.elements, about);
  auto& record = decoded->record;
  record.identity = about.identity;
  if (about.patient.age_years) record.patient.age_years = about.patient.age_years;
  if (about.patient.sex) record.patient.sex = about.patient.sex;
  if (!about.source.recorded_at.empty()) record.source.recorded_at = about.source.recorded_at;
  if (!about.source.device.empty()) record.source.device = about.source.device;
  record.source.format = "DICOM encapsulated " + record.source.format;
  return decoded;
}

}  // namespace

Evidence dicom_evidence(std::span<const uint8_t> bytes) {
  if (has_dicom_mark(bytes)) return Evidence::kCertain;
  return starts_like_dicom(bytes) ? Evidence::kLikely : Evidence::kNone;
}

Result<DecodedEcg> decode_dicom(std::span<const InputFile> files) {
  PRECORDIA_TRY(const auto file, parse_dicom(files[0].bytes));
  const auto* waveforms = find_element(file.elements, kWaveforms);
  if (!waveforms || waveforms->items.empty()) {
    if (const auto* document = find_element(file.elements, kEncapsulatedDocument)) return decode_encapsulated(file, *document);
    if (file.cut_short) return damaged("no waveform before the file ends");
    const std::string modality = printable_text(element_text(file.elements, kModality), 16);
    return fail(ErrorCode::kNotAnEcg, "This DICOM file holds no ECG waveform" + (modality.empty() ? std::string(".") : " (it is of kind " + modality + ")."));
  }
  if (waveforms->items.size() > kMostGroups) return damaged("too many groups");

  DecodedEcg decoded;
  auto& record = decoded.record;
  record.source.format = sop_class_name(element_text(file.elements, kSopClass));
  add_person_and_time(file.elements, record);
  add_annotations(file.elements, record.device_findings);
  std::vector<const DicomItem*> rhythm;
  for (const auto& item : waveforms->items)
    if (!is_average_beat(item)) rhythm.push_back(&item);
  if (rhythm.empty()) return fail(ErrorCode::kNotAnEcg, "This DICOM file holds an average beat but no rhythm.");
  for (const auto* item : rhythm) {
    PRECORDIA_TRY(auto group, read_group(file, *item));
    if (!record.source.filters.high_pass_hz && !record.source.filters.low_pass_hz) record.source.filters = group.filters;
    merge(decoded.channels, std::move(group.channels));
  }
  if (file.cut_short) record.notes.push_back("The file ends early, after the rhythm; what follows it is missing.");
  return decoded;
}

}  // namespace precordia
