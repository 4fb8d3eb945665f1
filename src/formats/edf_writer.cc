// EDF+C: 16-bit samples in uV, one annotation signal. What EDF cannot say, that a sample is missing, stands in an annotation
// ("Missing: V3", with onset and duration), which edf_reader.cc understands and other programs show.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/assemble.h"
#include "formats/edf.h"
#include "formats/quantise.h"
#include "formats/write_ecg.h"

namespace precordia {
namespace {

constexpr size_t kMostRecordBytes = 61440;   // EDF+ 2.1.3
constexpr size_t kMostGaps = 10'000;
constexpr std::string_view kMonths = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";

std::string field(std::string_view text, size_t width) {
  std::string out(text.substr(0, width));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126) c = '?';   // header text is ASCII
  out.resize(width, ' ');
  return out;
}

// `value` in at most eight characters, as precise as they allow.
std::string short_number(double value) {
  for (int digits = 12; digits > 0; --digits) {
    const std::string text = format_text("%.*g", digits, value);
    if (text.size() <= 8 && text.find('e') == std::string::npos) return text;
  }
  return format_text("%.0f", value);
}

// The digital range whose physical limit is written without rounding, if one of the usual round numbers gives it.
int digital_limit(const QuantisedLead& lead) {
  int32_t largest = 0;
  for (const int32_t count : lead.counts)
    if (count != kMissingCount) largest = std::max(largest, std::abs(count));
  for (const int limit : {32767, 32000, 32500, 32400, 32256, 30000, 25600, 24000, 20000, 16000, 12800, 10000}) {
    if (limit <= largest) continue;
    const double microvolts = limit * lead.nv_per_count / 1000;
    if (parse_number(short_number(-microvolts)) == -microvolts) return limit;
  }
  return 32767;
}

// Samples per record: whole records and no filling, one second where possible.
size_t samples_per_record(size_t count, double rate_hz, size_t leads) {
  const auto most = std::max<size_t>(1, (kMostRecordBytes - 2000) / (2 * leads));
  const auto second = static_cast<size_t>(std::lround(rate_hz));
  if (second > 0 && second <= most && count % second == 0) return second;
  size_t best = 1;
  for (size_t divisor = 1; divisor * divisor <= count; ++divisor) {
    if (count % divisor != 0) continue;
    for (const size_t candidate : {divisor, count / divisor})
      if (candidate <= most) best = std::max(best, candidate);
  }
  // A count without useful divisors goes into one large record rather than into thousands of tiny ones.
  return best * 20 < second ? count : best;
}

std::string edf_date(std::string_view iso) {
  const auto month = iso.size() >= 10 ? parse_integer(iso.substr(5, 2)).value_or(0) : 0;
  if (month < 1 || month > 12) return "X";
  return std::string(iso.substr(8, 2)) + "-" + std::string(kMonths.substr(static_cast<size_t>(month - 1) * 3, 3)) + "-" +
         std::string(iso.substr(0, 4));
}

// A subfield of the patient or recording field: no blanks, X when unknown.
std::string word(std::string_view text) {
  std::string out(trim(text));
  std::replace(out.begin(), out.end(), ' ', '_');
  return out.empty() ? "X" : out;
}

std::string filters_text(const RecordedFilters& filters) {
  std::string text;
  if (filters.high_pass_hz) text += format_text("HP:%gHz ", *filters.high_pass_hz);
  if (filters.low_pass_hz) text += format_text("LP:%gHz ", *filters.low_pass_hz);
  if (filters.notch_hz) text += format_text("N:%gHz", *filters.notch_hz);
  return text;
}

std::vector<std::string> gap_annotations(const std::vector<QuantisedLead>& leads, double rate_hz) {
  std::vector<std::string> gaps;
  for (const auto& lead : leads)
    for (size_t i = 0; i < lead.counts.size();) {
      size_t end = i;
      while (end < lead.counts.size() && lead.counts[end] == kMissingCount) ++end;
      if (end > i) {
        const double onset = static_cast<double>(i) / rate_hz, duration = static_cast<double>(end - i) / rate_hz;
        gaps.push_back(format_text("+%.7f\x15%.7f\x14Missing: ECG %s\x14", onset, duration, kLeadNames[index_of(lead.lead)]) + '\0');
      }
      i = end + 1;
    }
  return gaps;
}

}  // namespace

Result<std::vector<WrittenFile>> write_edf(const EcgRecord& record, const WriteOptions& options) {
  const auto leads = quantised(record);
  const size_t count = record.sample_count();
  if (leads.empty() || count == 0) return fail(ErrorCode::kUnusable, "There are no samples to write.");
  const size_t per_record = samples_per_record(count, record.sample_rate_hz, leads.size()), records = count / per_record;
  const auto gaps = gap_annotations(leads, record.sample_rate_hz);
  if (gaps.size() > kMostGaps) return fail(ErrorCode::kWrongUsage, "EDF cannot hold a record with so many gaps; write WFDB instead.");
  size_t gap_bytes = 0, longest_gap = 0;
  for (const auto& gap : gaps) {
    gap_bytes += gap.size();
    longest_gap = std::max(longest_gap, gap.size());
  }
  const size_t annotation_bytes = (40 + gap_bytes / records + longest_gap + 1) / 2 * 2;
  const double duration_s = static_cast<double>(per_record) / record.sample_rate_hz;

  const size_t signals = leads.size() + 1;
  const auto& identity = record.identity;
  const bool named = options.with_identity;
  std::string patient = word(named ? identity.id : "") + " " + (record.patient.sex ? *record.patient.sex == Sex::kMale ? "M" : "F" : "X") +
                        " " + (named ? edf_date(identity.birth_date) : "X") + " " + word(named ? identity.name : "");
  if (const auto age = written_age(record, options)) patient += format_text(" age=%.3g", *age);
  const std::string& when = record.source.recorded_at;
  const bool dated = named && edf_date(when) != "X";
  std::string header = field("0", 8) + field(patient, 80);
  header += field("Startdate " + (dated ? edf_date(when) : "X") + " X X " + word(record.source.device), 80);
  header += dated ? field(when.substr(8, 2) + "." + when.substr(5, 2) + "." + when.substr(2, 2), 8) : "01.01.85";
  std::string clock = dated && when.size() >= 19 ? when.substr(11, 8) : "00.00.00";
  std::replace(clock.begin(), clock.end(), ':', '.');
  header += field(clock, 8) + field(std::to_string(256 * (signals + 1)), 8) + field("EDF+C", 44);
  header += field(std::to_string(records), 8) + field(short_number(duration_s), 8) + field(std::to_string(signals), 4);

  const auto column = [&](size_t width, const auto& of_lead, const std::string& of_annotations) {
    for (const auto& lead : leads) header += field(of_lead(lead), width);
    header += field(of_annotations, width);
  };
  const auto blank = [](const QuantisedLead&) { return std::string(); };
  std::vector<int> limits;
  for (const auto& lead : leads) limits.push_back(digital_limit(lead));
  const auto limit_of = [&](const QuantisedLead& lead) { return limits[static_cast<size_t>(&lead - leads.data())]; };
  // The negative limit has one digit less; both use its digits, or zero would move.
  const auto physical = [&](const QuantisedLead& lead, int sign) {
    const std::string negative = short_number(-limit_of(lead) * lead.nv_per_count / 1000);
    return sign < 0 ? negative : negative.substr(1);
  };
  column(16, [](const QuantisedLead& lead) { return std::string("ECG ") + kLeadNames[index_of(lead.lead)]; }, "EDF Annotations");
  column(80, blank, "");
  column(8, [](const QuantisedLead&) { return std::string("uV"); }, "");
  column(8, [&](const QuantisedLead& lead) { return physical(lead, -1); }, "-1");
  column(8, [&](const QuantisedLead& lead) { return physical(lead, 1); }, "1");
  column(8, [&](const QuantisedLead& lead) { return std::to_string(-limit_of(lead)); }, "-32768");
  column(8, [&](const QuantisedLead& lead) { return std::to_string(limit_of(lead)); }, "32767");
  const std::string filters = filters_text(record.source.filters);
  column(80, [&](const QuantisedLead&) { return filters; }, "");
  column(8, [&](const QuantisedLead&) { return std::to_string(per_record); }, std::to_string(annotation_bytes / 2));
  column(32, blank, "");

  std::vector<uint8_t> bytes(header.begin(), header.end());
  bytes.reserve(bytes.size() + records * (leads.size() * per_record * 2 + annotation_bytes));
  size_t next_gap = 0;
  for (size_t r = 0; r < records; ++r) {
    for (size_t k = 0; k < leads.size(); ++k)
      for (size_t i = r * per_record; i < (r + 1) * per_record; ++i) {
        const int32_t stored = leads[k].counts[i] == kMissingCount ? -limits[k] : leads[k].counts[i];
        bytes.push_back(static_cast<uint8_t>(stored));
        bytes.push_back(static_cast<uint8_t>(static_cast<uint32_t>(stored) >> 8));
      }
    std::string list = format_text("+%.10g\x14\x14", static_cast<double>(r) * duration_s) + '\0';
    while (next_gap < gaps.size() && list.size() + gaps[next_gap].size() <= annotation_bytes) list += gaps[next_gap++];
    list.resize(annotation_bytes, '\0');
    bytes.insert(bytes.end(), list.begin(), list.end());
  }
  return std::vector<WrittenFile>{{safe_record_name(options) + ".edf", std::move(bytes)}};
}

}  // namespace precordia
