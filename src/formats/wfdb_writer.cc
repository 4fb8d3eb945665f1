// WFDB format 16: a header(5) text and interleaved 16-bit samples.
#include <cmath>

#include "base/text.h"
#include "formats/assemble.h"
#include "formats/quantise.h"
#include "formats/write_ecg.h"

namespace precordia {
namespace {

constexpr int32_t kMissing16 = -32768;   // signal(5)

// "10:20:30 01/02/2020" from ISO 8601; empty when there is no whole date and time.
std::string header_time(const std::string& iso) {
  if (iso.size() < 19 || iso[10] != 'T') return {};
  return " " + iso.substr(11, 8) + " " + iso.substr(8, 2) + "/" + iso.substr(5, 2) + "/" + iso.substr(0, 4);
}

}  // namespace

Result<std::vector<WrittenFile>> write_wfdb(const EcgRecord& record, const WriteOptions& options) {
  const auto leads = quantised(record);
  const size_t count = record.sample_count();
  if (leads.empty() || count == 0) return fail(ErrorCode::kUnusable, "There are no samples to write.");
  const std::string name = safe_record_name(options);
  std::string header = format_text("%s %zu %.10g %zu", name.c_str(), leads.size(), record.sample_rate_hz, count);
  if (options.with_identity) header += header_time(record.source.recorded_at);
  header += "\n";
  std::vector<uint8_t> data(leads.size() * count * 2);
  for (size_t k = 0; k < leads.size(); ++k) {
    uint32_t sum = 0;
    for (size_t i = 0; i < count; ++i) {
      const int32_t stored = leads[k].counts[i] == kMissingCount ? kMissing16 : leads[k].counts[i];
      sum += static_cast<uint32_t>(stored);
      const size_t at = 2 * (i * leads.size() + k);
      data[at] = static_cast<uint8_t>(stored);
      data[at + 1] = static_cast<uint8_t>(static_cast<uint32_t>(stored) >> 8);
    }
    const int first = leads[k].counts[0] == kMissingCount ? kMissing16 : leads[k].counts[0];
    header += format_text("%s.dat 16 %.12g(0)/mV 16 0 %d %d 0 %s\n", name.c_str(), 1e6 / leads[k].nv_per_count, first,
                          static_cast<int>(static_cast<int16_t>(sum & 0xFFFF)), kLeadNames[index_of(leads[k].lead)]);
  }
  std::string facts;
  if (const auto age = written_age(record, options)) facts += format_text(" <age>: %.3g", *age);
  if (record.patient.sex) facts += *record.patient.sex == Sex::kMale ? " <sex>: M" : " <sex>: F";
  if (!facts.empty()) header += "#" + facts + "\n";
  if (options.with_identity && !record.identity.empty())
    header += "# <name>: " + printable_text(record.identity.name) + " <id>: " + printable_text(record.identity.id) + " <born>: " +
              record.identity.birth_date + "\n";
  return std::vector<WrittenFile>{{name + ".hea", {header.begin(), header.end()}}, {name + ".dat", std::move(data)}};
}

}  // namespace precordia
