#include <algorithm>
#include <cmath>
#include <string>

#include "base/text.h"
#include "base/bytes.h"
#include "formats/edf.h"
#include "formats/stated_facts.h"
#include "formats/stored_samples.h"

namespace precordia {
namespace {

constexpr size_t kHeaderBytes = 256;
constexpr uint64_t kMostSamplesPerRecord = 10'000'000;
constexpr double kHighestRateHz = 1e6;
constexpr double kUnsuspiciousSamples = 1 << 20, kMostGapFactor = 64;   // how much of a record may be gaps

struct EdfSignal {
  std::string label, transducer, unit, prefilter;
  double physical_min = 0, physical_max = 0, digital_min = 0, digital_max = 0;
  size_t samples_per_record = 0;
  size_t offset = 0;  // of its samples within a data record, in bytes
  bool annotations = false;
};

struct EdfHeader {
  bool bdf = false, plus = false, discontinuous = false;
  std::string patient, recording, start_date, start_time;
  long long record_count = -1;
  double record_duration_s = 0;
  size_t data_offset = 0, record_bytes = 0;
  bool length_differs = false;  // the header states another length of itself than its signal count gives
  std::vector<EdfSignal> signals;
  size_t sample_bytes() const { return bdf ? 3 : 2; }
};

std::unexpected<Error> bad_header(const char* what) {
  return fail(ErrorCode::kDamaged, "The header of this EDF or BDF file is damaged; export it again.", what);
}

// A number in a blank-padded field. Some writers pad with zero bytes or write a decimal comma.
std::optional<double> field_number(std::string_view field) {
  std::string text(field.substr(0, field.find('\0')));
  std::replace(text.begin(), text.end(), ',', '.');
  return parse_number(text);
}

std::optional<long long> field_integer(std::string_view field) {
  const auto number = field_number(field);
  if (!number || std::abs(*number) > 1e15 || *number != std::floor(*number)) return {};
  return static_cast<long long>(*number);
}

std::string field_text(std::string_view field) { return std::string(trim(field.substr(0, field.find('\0')))); }

bool has_signature(const Bytes& file) {
  if (file.size() < kHeaderBytes) return false;
  const auto version = file.text(0, 8);
  return version == "0       " || version == "\xFF" "BIOSEMI";
}

Result<EdfHeader> parse_header(const Bytes& file) {
  if (!has_signature(file)) return bad_header("signature");
  EdfHeader header;
  header.bdf = file.u8(0) == 0xFF;
  header.patient = field_text(file.text(8, 80));
  header.recording = field_text(file.text(88, 80));
  header.start_date = field_text(file.text(168, 8));
  header.start_time = field_text(file.text(176, 8));
  const std::string reserved = field_text(file.text(192, 44));
  header.plus = reserved.starts_with("EDF+") || reserved.starts_with("BDF+");
  header.discontinuous = header.plus && reserved.size() > 4 && reserved[4] == 'D';
  const auto stated_bytes = field_integer(file.text(184, 8)), records = field_integer(file.text(236, 8)),
             count = field_integer(file.text(252, 4));
  const auto duration = field_number(file.text(244, 8));
  if (!records || *records < -1 || !duration || !(*duration >= 0)) return bad_header("records");
  if (!count || *count < 1 || *count > kMostEdfSignals) return bad_header("signal count");
  header.record_count = *records;
  header.record_duration_s = *duration;
  const size_t signals = static_cast<size_t>(*count);
  header.data_offset = kHeaderBytes * (signals + 1);
  header.length_differs = !stated_bytes || *stated_bytes != static_cast<long long>(header.data_offset);
  if (file.size() < header.data_offset) return bad_header("cut short");

  size_t column = kHeaderBytes;
  const auto next = [&](size_t width, size_t i) { return file.text(column + width * i, width); };
  header.signals.resize(signals);
  for (size_t i = 0; i < signals; ++i) header.signals[i].label = field_text(next(16, i));
  column += 16 * signals;
  for (size_t i = 0; i < signals; ++i) header.signals[i].transducer = field_text(next(80, i));
  column += 80 * signals;
  for (size_t i = 0; i < signals; ++i) header.signals[i].unit = field_text(next(8, i));
  column += 8 * signals;
  for (auto limit : {&EdfSignal::physical_min, &EdfSignal::physical_max, &EdfSignal::digital_min, &EdfSignal::digital_max}) {
    for (size_t i = 0; i < signals; ++i) header.signals[i].*limit = field_number(next(8, i)).value_or(0);
    column += 8 * signals;
  }
  for (size_t i = 0; i < signals; ++i) header.signals[i].prefilter = field_text(next(80, i));
  column += 80 * signals;
  uint64_t record_bytes = 0;
  for (size_t i = 0; i < signals; ++i) {
    auto& signal = header.signals[i];
    const auto samples = field_integer(next(8, i));
    if (!samples || *samples < 0 || static_cast<uint64_t>(*samples) > kMostSamplesPerRecord) return bad_header("samples");
    signal.samples_per_record = static_cast<size_t>(*samples);
    signal.offset = static_cast<size_t>(record_bytes);
    signal.annotations = signal.label == (header.bdf ? "BDF Annotations" : "EDF Annotations");
    record_bytes += signal.samples_per_record * header.sample_bytes();
  }
  if (record_bytes == 0 || record_bytes > kLargestFileBytes) return bad_header("record length");
  header.record_bytes = static_cast<size_t>(record_bytes);
  return header;
}

// --- dates, patient, filters -----------------------------------------------------------------------------------------------

constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};

// A number of a date; -1 for anything else.
int small_integer(std::string_view text) {
  const auto value = parse_integer(text);
  return value && *value >= 0 && *value < 10'000 ? static_cast<int>(*value) : -1;
}

// EDF+ writes dates as 02-MAY-1951.
std::string plus_date(std::string_view text) {
  const auto parts = split(text, '-');
  if (parts.size() != 3) return {};
  const std::string name = lower_ascii(parts[1]);
  const auto* month = std::find(std::begin(kMonths), std::end(kMonths), name);
  if (month == std::end(kMonths)) return {};
  return iso_date(small_integer(parts[2]), static_cast<int>(month - std::begin(kMonths)) + 1, small_integer(parts[0]));
}

// dd.mm.yy: 85 to 99 are of the last century, the rest of this one.
std::string header_date(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() != 3) return {};
  const int year = small_integer(parts[2]);
  if (year < 0 || year > 99) return {};
  return iso_date(year + (year >= 85 ? 1900 : 2000), small_integer(parts[1]), small_integer(parts[0]));
}

// Text of EDF+'s patient and recording fields: words, blanks inside a word written as underscores, X for "not known".
std::string word_text(std::string_view word) {
  std::string text(word == "X" ? std::string_view() : word);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

void add_person_and_time(const EdfHeader& header, EcgRecord& record) {
  std::string date = header_date(header.start_date);
  if (header.plus) {
    const auto who = split_blank(header.patient), what = split_blank(header.recording);
    if (what.size() > 1 && lower_ascii(what[0]) == "startdate") {
      if (const auto full = plus_date(what[1]); !full.empty()) date = full;
      if (what[1] == "X" && header.start_date == "01.01.85") date.clear();  // how EDF+ writes "not known"
    }
    if (what.size() > 4) record.source.device = printable_text(word_text(what[4]));
    if (!who.empty()) record.identity.id = printable_text(word_text(who[0]));
    if (who.size() > 1 && (who[1] == "M" || who[1] == "F")) record.patient.sex = who[1] == "M" ? Sex::kMale : Sex::kFemale;
    if (who.size() > 2) record.identity.birth_date = plus_date(who[2]);
    if (who.size() > 3) record.identity.name = printable_text(word_text(who[3]));
    for (size_t i = 4; i < who.size(); ++i) add_patient_facts(who[i], record.patient);
  } else {
    record.identity.name = printable_text(header.patient);
    add_patient_facts(header.patient, record.patient);
  }
  std::string clock = header.start_time;
  std::replace(clock.begin(), clock.end(), '.', ':');
  record.source.recorded_at = iso_time(date + "T" + clock);
  if (record.source.recorded_at.empty()) record.source.recorded_at = date;
  if (!record.patient.age_years) set_age_from_birth(record);
}

// "HP:0.05Hz LP:150Hz N:50Hz"
std::optional<double> filter_hz(std::string_view prefilter, std::string_view key) {
  for (const auto word : split_blank(prefilter)) {
    if (!starts_with_ignoring_case(word, key)) continue;
    auto value = word.substr(key.size());
    if (ends_with_ignoring_case(value, "hz")) value.remove_suffix(2);
    const auto hz = field_number(value);
    if (hz && *hz > 0) return hz;
  }
  return {};
}

void add_filters(const EdfHeader& header, RecordedFilters& filters) {
  for (const auto& signal : header.signals) {
    if (!lead_from_name(signal.label)) continue;
    filters.high_pass_hz = filter_hz(signal.prefilter, "HP:");
    filters.low_pass_hz = filter_hz(signal.prefilter, "LP:");
    filters.notch_hz = filter_hz(signal.prefilter, "N:");
    return;
  }
}

// --- annotations -----------------------------------------------------------------------------------------------------------

// Time-stamped annotation list (EDF+ 2.2.2): +onset [0x15 duration] 0x14 text 0x14 ... 0x00.
struct Annotation {
  double onset_s = 0, duration_s = 0;
  std::string_view text;
};
constexpr size_t kMostAnnotations = 1u << 20;

// Calls `each` for every annotation of one signal in one record; an empty text marks the record's own start.
template <typename Each>
void for_each_annotation(std::string_view list, Each each) {
  for (size_t at = 0; at < list.size();) {
    if (list[at] == '\0') {
      ++at;
      continue;
    }
    const auto end = std::min(list.find('\0', at), list.size());
    const auto entry = list.substr(at, end - at);
    at = end + 1;
    const auto first_mark = entry.find('\x14');
    if (first_mark == std::string_view::npos) continue;
    const auto time = entry.substr(0, first_mark);
    const auto duration_mark = time.find('\x15');
    auto onset_text = time.substr(0, duration_mark);
    if (onset_text.starts_with('+')) onset_text.remove_prefix(1);
    const auto onset = parse_number(onset_text);
    if (!onset || std::abs(*onset) > 1e9) continue;
    Annotation annotation{.onset_s = *onset, .duration_s = 0, .text = {}};
    if (duration_mark != std::string_view::npos)
      annotation.duration_s = parse_number(time.substr(duration_mark + 1)).value_or(0);
    for (size_t text_at = first_mark + 1; text_at < entry.size();) {
      const auto text_end = std::min(entry.find('\x14', text_at), entry.size());
      annotation.text = entry.substr(text_at, text_end - text_at);
      each(annotation);
      text_at = text_end + 1;
    }
    if (first_mark + 1 == entry.size()) each(annotation);
  }
}

// "+0" 0x14 0x14: the empty first text is the record's start.
std::optional<double> record_start_s(std::string_view list) {
  std::optional<double> start;
  for_each_annotation(list, [&](const Annotation& annotation) {
    if (!start && annotation.text.empty()) start = annotation.onset_s;
  });
  return start;
}

// Our writer marks samples that EDF cannot express: "Missing: V3".
constexpr std::string_view kMissingMark = "Missing: ";

// --- samples ---------------------------------------------------------------------------------------------------------------

NamedChannel empty_channel(const EdfHeader& header, const EdfSignal& signal) {
  NamedChannel channel{.name = signal.label, .rate_hz = 0, .is_voltage = true, .mv = {}};
  if (header.record_duration_s > 0)
    channel.rate_hz = static_cast<double>(signal.samples_per_record) / header.record_duration_s;
  // 1000/3 samples per second in a record of 3 s: a rate within a millionth of a whole number is that number.
  if (const double whole = std::round(channel.rate_hz); std::abs(channel.rate_hz - whole) < 1e-6 * whole) channel.rate_hz = whole;
  const double unit_mv = millivolts_per(signal.unit);
  const double digital = signal.digital_max - signal.digital_min, physical = signal.physical_max - signal.physical_min;
  channel.is_voltage = unit_mv > 0 && digital != 0 && physical != 0;
  if (channel.is_voltage) {
    const double per_count = physical / digital;
    channel.nv_per_count = per_count * unit_mv * 1e6;
    channel.zero_count = signal.digital_min - signal.physical_min / per_count;
  } else {
    channel.nv_per_count = 1;
  }
  return channel;
}

// C1 to C6 and D1 to D3 are leads in some countries and scalp electrodes in every EEG laboratory, whose files are EDF. Unless
// the file also names a lead in a way that no EEG does, they are taken for electrodes.
void keep_electrodes_apart(std::vector<NamedChannel>& channels) {
  const auto could_be_electrode = [](const NamedChannel& channel) {
    const std::string_view word = trim(channel.name);
    return word.size() == 2 && std::string_view("CcDd").find(word[0]) != std::string_view::npos;
  };
  for (const auto& channel : channels)
    if (lead_from_name(channel.name) && !could_be_electrode(channel)) return;
  for (auto& channel : channels)
    if (could_be_electrode(channel)) channel.name = "EEG " + channel.name;
}

// The sample of each channel at which each record starts; nullopt when there are no usable time stamps.
std::optional<std::vector<double>> record_starts(const EdfHeader& header, const Bytes& file, size_t records) {
  const auto stamps = std::find_if(header.signals.begin(), header.signals.end(), [](const auto& s) { return s.annotations; });
  if (stamps == header.signals.end()) return {};
  std::vector<double> starts(records);
  for (size_t r = 0; r < records; ++r) {
    const auto start = record_start_s(file.text(header.data_offset + r * header.record_bytes + stamps->offset,
                                                stamps->samples_per_record * header.sample_bytes()));
    if (!start) return {};
    starts[r] = *start - (r == 0 ? 0 : starts[0]);
    if (r > 0 && starts[r] < (r == 1 ? 0 : starts[r - 1]) + header.record_duration_s - 1e-3) return {};
  }
  if (records > 0) starts[0] = 0;
  return starts;
}

void mark_missing(const EdfHeader& header, const Bytes& file, size_t records, std::vector<NamedChannel>& channels) {
  size_t seen = 0;
  for (const auto& signal : header.signals) {
    if (!signal.annotations) continue;
    for (size_t r = 0; r < records && seen < kMostAnnotations; ++r)
      for_each_annotation(file.text(header.data_offset + r * header.record_bytes + signal.offset,
                                    signal.samples_per_record * header.sample_bytes()),
                          [&](const Annotation& annotation) {
                            ++seen;
                            if (!annotation.text.starts_with(kMissingMark)) return;
                            for (auto& channel : channels) {
                              if (channel.name != annotation.text.substr(kMissingMark.size())) continue;
                              const auto count = static_cast<double>(channel.counts.size());
                              const double first = std::round(annotation.onset_s * channel.rate_hz),
                                           last = std::round((annotation.onset_s + annotation.duration_s) * channel.rate_hz);
                              if (!(first >= 0 && last >= first)) continue;
                              std::fill(channel.counts.begin() + static_cast<ptrdiff_t>(std::min(first, count)),
                                        channel.counts.begin() + static_cast<ptrdiff_t>(std::min(last, count)), kMissingCount);
                            }
                          });
  }
}

}  // namespace

Evidence edf_evidence(std::span<const uint8_t> bytes) {
  const Bytes file{bytes};
  if (!has_signature(file)) return Evidence::kNone;
  // The mark "0" and seven blanks could also start a table of numbers; the dates' dots settle it.
  const bool dated = file.u8(170) == '.' && file.u8(173) == '.';
  return file.u8(0) == 0xFF || dated ? Evidence::kCertain : Evidence::kPossible;
}

Result<DecodedEcg> decode_edf(std::span<const InputFile> files) {
  const Bytes file{files[0].bytes};
  PRECORDIA_TRY(const auto header, parse_header(file));
  DecodedEcg decoded;
  auto& record = decoded.record;
  record.source.format = std::string(header.bdf ? "BDF" : "EDF") + (header.plus ? header.discontinuous ? "+D" : "+C" : "");
  add_person_and_time(header, record);
  add_filters(header, record.source.filters);

  const bool only_annotations =
      std::all_of(header.signals.begin(), header.signals.end(), [](const auto& s) { return s.annotations || s.samples_per_record == 0; });
  if (only_annotations) return fail(ErrorCode::kNotAnEcg, "This EDF file holds annotations only, no signal.");
  for (const auto& signal : header.signals)
    if (!signal.annotations && !(static_cast<double>(signal.samples_per_record) <= header.record_duration_s * kHighestRateHz))
      return bad_header("record duration");
  if (header.length_differs) record.notes.push_back("The header states a wrong length of itself; its number of signals was believed.");

  const size_t there = (file.size() - header.data_offset) / header.record_bytes;
  size_t records = there;
  if (header.record_count >= 0) {
    if (static_cast<unsigned long long>(header.record_count) > there)
      return fail(ErrorCode::kDamaged,
                  "The file ends after " + fixed_text(static_cast<double>(there) * header.record_duration_s, 1) + " of " +
                      fixed_text(static_cast<double>(header.record_count) * header.record_duration_s, 1) +
                      " seconds; the copy is incomplete, copy it again.");
    records = static_cast<size_t>(header.record_count);
    if (file.size() > header.data_offset + records * header.record_bytes)
      record.notes.push_back("The file is longer than its header announces; the rest was left out.");
  } else {
    record.notes.push_back("The header does not state how long the recording is; all whole data records are used.");
  }
  if (records == 0) return fail(ErrorCode::kNotAnEcg, "This EDF file holds a header but no samples.");
  if (records > kMostEdfRecords)
    return fail(ErrorCode::kTooLarge, "The recording is too long for this program; cut out a part of up to one hour.");

  std::optional<std::vector<double>> starts;
  double duration_s = static_cast<double>(records) * header.record_duration_s;
  if (header.discontinuous) {
    starts = record_starts(header, file, records);
    if (!starts)
      return fail(ErrorCode::kDamaged,
                  "The time stamps of this discontinuous EDF+ file are missing or out of order, so its parts cannot be put in place; "
                  "export it again.");
    duration_s = starts->back() + header.record_duration_s;
    if (duration_s > static_cast<double>(records) * header.record_duration_s * (1 + 1e-9) + 1e-3)
      record.notes.push_back("The recording was interrupted; " +
                             fixed_text(duration_s - static_cast<double>(records) * header.record_duration_s, 1) +
                             " seconds are missing in between.");
  }
  double total = 0, stored_total = 0;
  for (const auto& signal : header.signals) {
    if (signal.annotations) continue;
    total += duration_s / header.record_duration_s * static_cast<double>(signal.samples_per_record);
    stored_total += static_cast<double>(records * signal.samples_per_record);
  }
  if (total > static_cast<double>(kLargestSampleCount) || total > kUnsuspiciousSamples + kMostGapFactor * stored_total)
    return fail(ErrorCode::kTooLarge, "The recording is too long for this program; cut out a part of up to one hour.");

  const StoredAs stored = header.bdf ? StoredAs::kInt24 : StoredAs::kInt16;
  for (const auto& signal : header.signals) {
    if (signal.annotations) continue;
    auto channel = empty_channel(header, signal);
    const size_t per_record = signal.samples_per_record;
    const auto sample_of = [&](size_t r) {
      return starts ? static_cast<size_t>(std::llround(std::max(0.0, (*starts)[r]) * channel.rate_hz)) : r * per_record;
    };
    size_t count = 0;
    for (size_t r = 0; r < records; ++r) count = std::max(count, sample_of(r) + per_record);
    channel.counts.assign(count, kMissingCount);
    for (size_t r = 0; r < records; ++r)
      read_counts(stored, file.data, header.data_offset + r * header.record_bytes + signal.offset, header.sample_bytes(),
                  std::span(channel.counts).subspan(sample_of(r), per_record));
    decoded.channels.push_back(std::move(channel));
  }
  if (header.plus) mark_missing(header, file, records, decoded.channels);
  keep_electrodes_apart(decoded.channels);
  return decoded;
}

}  // namespace precordia
