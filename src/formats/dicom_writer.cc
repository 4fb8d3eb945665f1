// An EcgRecord as a DICOM waveform object (PS3.3 A.34.3 to A.34.5), explicit little endian. The 12-lead class takes up to 16384
// samples per lead at 200 to 1000 Hz; longer records become "general ECG", slower ones "ambulatory ECG".
#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "base/version.h"
#include "formats/assemble.h"
#include "formats/dicom.h"
#include "formats/quantise.h"
#include "formats/write_ecg.h"

namespace precordia {
namespace {

using namespace dicom_tag;

constexpr size_t kMost12LeadSamples = 16384;
constexpr int32_t kPadding = -32768;

// Elements in ascending order of tags, as PS3.5 7.1 wants them; the caller writes them so.
class DicomWriter {
 public:
  void text(uint32_t tag, const char* vr, std::string_view value, char pad = ' ') {
    std::string padded(value);
    if (padded.size() % 2 != 0) padded += pad;
    begin(tag, vr, static_cast<uint32_t>(padded.size()));
    bytes_.insert(bytes_.end(), padded.begin(), padded.end());
  }
  void uid(uint32_t tag, std::string_view value) { text(tag, "UI", value, '\0'); }
  void number(uint32_t tag, double value) {
    std::string decimal;
    for (int digits = 15; digits > 0; --digits) {
      decimal = format_text("%.*g", digits, value);
      if (decimal.size() <= 16) break;   // the longest that DS allows
    }
    text(tag, "DS", decimal);
  }
  void u16(uint32_t tag, uint32_t value) { begin(tag, "US", 2), put(value, 2); }
  void u32(uint32_t tag, uint32_t value) { begin(tag, "UL", 4), put(value, 4); }
  void words(uint32_t tag, const std::vector<uint8_t>& value) {
    begin(tag, "OW", static_cast<uint32_t>(value.size()));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }
  // A sequence of items that were written by other writers.
  void sequence(uint32_t tag, const std::vector<DicomWriter>& items) {
    size_t length = 0;
    for (const auto& item : items) length += 8 + item.bytes_.size();
    begin(tag, "SQ", static_cast<uint32_t>(length));
    for (const auto& item : items) {
      put(0xFFFE, 2), put(0xE000, 2), put(static_cast<uint32_t>(item.bytes_.size()), 4);
      bytes_.insert(bytes_.end(), item.bytes_.begin(), item.bytes_.end());
    }
  }
  std::vector<uint8_t>& bytes() { return bytes_; }

 private:
  void put(uint32_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
  void begin(uint32_t tag, const char* vr, uint32_t length) {
    put(tag >> 16, 2), put(tag & 0xFFFF, 2);
    bytes_.push_back(static_cast<uint8_t>(vr[0])), bytes_.push_back(static_cast<uint8_t>(vr[1]));
    const std::string_view kind(vr, 2);
    if (kind == "OW" || kind == "OB" || kind == "SQ") put(0, 2), put(length, 4);
    else put(length, 2);
  }
  std::vector<uint8_t> bytes_;
};

DicomWriter code(std::string_view value, std::string_view scheme, std::string_view meaning) {
  DicomWriter item;
  item.text(kCodeValue, "SH", value);
  item.text(kCodeScheme, "SH", scheme);
  item.text(kCodeMeaning, "LO", meaning);
  return item;
}

// MDC codes of PS3.16 CID 3001, in the order of our leads.
constexpr std::array<const char*, kLeadCount> kMdcCodes = {"2:1", "2:2", "2:61", "2:62", "2:63", "2:64",
                                                           "2:3", "2:4", "2:5",  "2:6",  "2:7",  "2:8"};

// A UID under 2.25 (PS3.5 B.2) from the content: the same record gives the same UID, another gives another.
std::string content_uid(const std::vector<uint8_t>& samples, const std::string& salt) {
  std::array<uint64_t, 2> hash = {14695981039346656037ull, 1099511628211ull * 31};   // FNV-1a, twice
  const auto mix = [&](uint8_t byte) {
    hash[0] = (hash[0] ^ byte) * 1099511628211ull;
    hash[1] = (hash[1] ^ (byte + 0x9Eu)) * 1099511628211ull + hash[0];
  };
  for (const char c : salt) mix(static_cast<uint8_t>(c));
  for (const uint8_t byte : samples) mix(byte);
  // 128 bits as a decimal number: long division by ten over four 32-bit digits.
  std::array<uint32_t, 4> digits = {static_cast<uint32_t>(hash[0] >> 32), static_cast<uint32_t>(hash[0]),
                                    static_cast<uint32_t>(hash[1] >> 32), static_cast<uint32_t>(hash[1])};
  std::string decimal;
  while (std::any_of(digits.begin(), digits.end(), [](uint32_t digit) { return digit != 0; })) {
    uint64_t rest = 0;
    for (auto& digit : digits) {
      const uint64_t value = rest << 32 | digit;
      digit = static_cast<uint32_t>(value / 10);
      rest = value % 10;
    }
    decimal.insert(decimal.begin(), static_cast<char>('0' + rest));
  }
  return "2.25." + (decimal.empty() ? "0" : decimal);
}

// "20021122" and "091000" of ISO 8601; what is not there stays empty.
std::string date_digits(std::string_view iso) {
  return iso.size() < 10 ? std::string() : std::string(iso.substr(0, 4)) + std::string(iso.substr(5, 2)) + std::string(iso.substr(8, 2));
}
std::string time_digits(std::string_view iso) {
  return iso.size() < 19 ? std::string()
                         : std::string(iso.substr(11, 2)) + std::string(iso.substr(14, 2)) + std::string(iso.substr(17, 2));
}

std::string age_text(double years) {
  if (years >= 2) return format_text("%03dY", static_cast<int>(std::min(years, 125.0)));
  return format_text("%03dM", static_cast<int>(years * 12));
}

// "Clark, John" as DICOM writes it: family^given.
std::string person_name(std::string_view name) {
  std::string out = printable_text(name, 60);
  std::replace(out.begin(), out.end(), '\\', ' ');   // separates values
  if (const auto comma = out.find(", "); comma != std::string::npos) return out.replace(comma, 2, "^");
  return out.empty() ? out : out + "^";
}

DicomWriter channel(const EcgRecord& record, const QuantisedLead& lead) {
  const int k = index_of(lead.lead);
  DicomWriter out;
  out.text(kChannelLabel, "SH", kLeadNames[static_cast<size_t>(k)]);
  out.sequence(kChannelSource, {code(kMdcCodes[static_cast<size_t>(k)], "MDC", std::string("Lead ") + kLeadNames[static_cast<size_t>(k)])});
  out.number(kSensitivity, lead.nv_per_count / 1000);
  out.sequence(kSensitivityUnits, {code("uV", "UCUM", "microvolt")});
  out.number(kSensitivityCorrection, 1);
  out.number(kBaseline, 0);
  out.number(0x003A0214, 0);   // channel time skew
  out.u16(kBitsStored, 16);
  const auto& filters = record.source.filters;
  if (filters.high_pass_hz) out.number(kFilterLow, *filters.high_pass_hz);
  if (filters.low_pass_hz) out.number(kFilterHigh, *filters.low_pass_hz);
  if (filters.notch_hz) out.number(kNotch, *filters.notch_hz);
  return out;
}

}  // namespace

Result<std::vector<WrittenFile>> write_dicom(const EcgRecord& record, const WriteOptions& options) {
  const auto leads = quantised(record);
  const size_t count = record.sample_count();
  const double rate = record.sample_rate_hz;
  if (leads.empty() || count == 0) return fail(ErrorCode::kUnusable, "There are no samples to write.");
  if (rate > 1000 || rate < 50)
    return fail(ErrorCode::kWrongUsage, "DICOM has ECG objects for 50 to 1000 samples per second only; write EDF or WFDB instead.");
  if (count > kLargestSampleCount / leads.size())
    return fail(ErrorCode::kTooLarge, "The recording is too long to be written; cut out a part of up to one hour.");

  std::vector<uint8_t> samples(leads.size() * count * 2);
  bool any_missing = false;
  for (size_t k = 0; k < leads.size(); ++k)
    for (size_t i = 0; i < count; ++i) {
      const bool missing = leads[k].counts[i] == kMissingCount;
      any_missing = any_missing || missing;
      const auto stored = static_cast<uint32_t>(missing ? kPadding : leads[k].counts[i]);
      samples[2 * (i * leads.size() + k)] = static_cast<uint8_t>(stored);
      samples[2 * (i * leads.size() + k) + 1] = static_cast<uint8_t>(stored >> 8);
    }

  const char* sop_class = rate < 200 ? "1.2.840.10008.5.1.4.1.1.9.1.3"
                          : count > kMost12LeadSamples ? "1.2.840.10008.5.1.4.1.1.9.1.2" : "1.2.840.10008.5.1.4.1.1.9.1.1";
  const bool named = options.with_identity;
  // The waveform's own times must not be empty; without identity they say nothing: 1 January 1900.
  const std::string when = named ? record.source.recorded_at : "";
  const std::string date = date_digits(when), time = time_digits(when);
  const std::string content_date = date.empty() ? "19000101" : date, content_time = time.empty() ? "000000" : time;
  const std::string salt = named ? record.identity.id + when : "";
  const std::string instance = content_uid(samples, salt + "instance");

  DicomWriter item;
  item.text(kOriginality, "CS", "ORIGINAL");
  item.u16(kChannels, static_cast<uint32_t>(leads.size()));
  item.u32(kSamples, static_cast<uint32_t>(count));
  item.number(kSamplingFrequency, rate);
  item.text(kGroupLabel, "SH", "RHYTHM");
  std::vector<DicomWriter> channels;
  for (size_t k = 0; k < leads.size(); ++k) channels.push_back(channel(record, leads[k]));
  item.sequence(kChannelDefinition, channels);
  item.u16(kBitsAllocated, 16);
  item.text(kInterpretation, "CS", "SS");
  if (any_missing) item.words(kPaddingValue, {0x00, 0x80});
  item.words(kWaveformData, samples);

  DicomWriter data;
  data.text(0x00080005, "CS", "ISO_IR 192");
  data.uid(kSopClass, sop_class);
  data.uid(0x00080018, instance);
  data.text(kStudyDate, "DA", date);
  data.text(kContentDate, "DA", content_date);
  data.text(kAcquisitionDateTime, "DT", content_date + content_time);
  data.text(kStudyTime, "TM", time);
  data.text(kContentTime, "TM", content_time);
  data.text(0x00080050, "SH", "");   // accession number
  data.text(kModality, "CS", "ECG");
  data.text(kManufacturer, "LO", printable_text(record.source.device, 60));
  data.text(0x00080090, "PN", "");   // referring physician
  data.text(kPatientName, "PN", named ? person_name(record.identity.name) : "Anonymous^");
  data.text(kPatientId, "LO", named ? printable_text(record.identity.id, 60) : "ANONYMOUS");
  data.text(kPatientBirthDate, "DA", named ? date_digits(record.identity.birth_date) : "");
  data.text(kPatientSex, "CS", record.patient.sex ? *record.patient.sex == Sex::kMale ? "M" : "F" : "");
  if (const auto age = written_age(record, options)) data.text(kPatientAge, "AS", age_text(*age));
  if (!named) {
    data.text(0x00120062, "CS", "YES");   // patient identity removed
    data.text(0x00120063, "LO", "Precordia: no identity, dates or times");
  }
  data.text(0x00181020, "LO", std::string("Precordia ") + kEngineVersion);
  data.uid(0x0020000D, content_uid(samples, salt + "study"));
  data.uid(0x0020000E, content_uid(samples, salt + "series"));
  data.text(0x00200010, "SH", "");    // study number
  data.text(0x00200011, "IS", "1");   // series number
  data.text(0x00200013, "IS", "1");   // instance number
  data.sequence(0x00400555, {});      // acquisition context: none stated
  data.sequence(kWaveforms, {item});

  DicomWriter meta;
  meta.bytes().insert(meta.bytes().end(), {2, 0, 1, 0, 'O', 'B', 0, 0, 2, 0, 0, 0, 0, 1});   // (0002,0001), version 1
  meta.uid(0x00020002, sop_class);
  meta.uid(0x00020003, instance);
  meta.uid(kTransferSyntax, "1.2.840.10008.1.2.1");
  meta.uid(0x00020012, content_uid({}, "Precordia implementation"));
  meta.text(0x00020013, "SH", "PRECORDIA");
  DicomWriter group_length;
  group_length.u32(0x00020000, static_cast<uint32_t>(meta.bytes().size()));

  std::vector<uint8_t> file(128, 0);
  for (const char c : std::string("DICM")) file.push_back(static_cast<uint8_t>(c));
  for (auto* part : {&group_length, &meta, &data}) file.insert(file.end(), part->bytes().begin(), part->bytes().end());
  return std::vector<WrittenFile>{{safe_record_name(options) + ".dcm", std::move(file)}};
}

}  // namespace precordia
