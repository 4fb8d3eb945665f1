#include <cmath>

#include "base/text.h"
#include "formats/quantise.h"
#include "formats/write_ecg.h"

namespace precordia {
namespace {

// The fewest decimals, from five on, that read back as the same single-precision number.
void append_mv(std::string& out, float mv) {
  for (int digits = 5; digits <= 9; ++digits) {
    std::string text = fixed_text(mv, digits);
    if (digits < 9 && static_cast<float>(parse_number(text).value_or(NAN)) != mv) continue;
    out += text;
    return;
  }
}

}  // namespace

Result<std::vector<WrittenFile>> write_csv(const EcgRecord& record, const WriteOptions& options) {
  const size_t count = record.sample_count();
  if (count == 0) return fail(ErrorCode::kUnusable, "The record holds no samples to write.");
  std::string out = "time_s";
  for (const char* name : kLeadNames) out += std::string(",") + name;
  out += '\n';
  out.reserve(count * 100);
  for (size_t i = 0; i < count; ++i) {
    out += fixed_text(static_cast<double>(i) / record.sample_rate_hz, 6);
    for (const auto& lead : record.mv) {
      out += ',';
      if (!lead.empty() && !std::isnan(lead[i])) append_mv(out, lead[i]);
    }
    out += '\n';
  }
  return std::vector<WrittenFile>{{safe_record_name(options) + ".csv", {out.begin(), out.end()}}};
}

}  // namespace precordia
