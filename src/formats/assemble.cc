#include "formats/assemble.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "signal/resample.h"

namespace precordia {
namespace {

constexpr double kLargestMv = 1e4;   // 10 V: no body surface gives more

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// What follows `key` written as "<key>: value", "key: value" or "key=value"; empty when the key is not there.
std::string_view value_after(std::string_view text, const std::string& lower, std::string_view key) {
  for (size_t at = lower.find(key); at != std::string::npos; at = lower.find(key, at + 1)) {
    if (at > 0 && is_letter(lower[at - 1])) continue;
    size_t next = at + key.size();
    while (next < lower.size() && (lower[next] == '>' || lower[next] == ' ' || lower[next] == '\t')) ++next;
    if (next < lower.size() && (lower[next] == ':' || lower[next] == '=')) return trim(text.substr(next + 1));
  }
  return {};
}

std::optional<double> age_from(std::string_view value) {
  size_t length = 0;
  while (length < value.size() && ((value[length] >= '0' && value[length] <= '9') || value[length] == '.'))
    ++length;
  const auto age = parse_number(value.substr(0, length));
  if (!age) return {};
  const auto unit = trim(value.substr(length));
  if (starts_with_ignoring_case(unit, "mo") || starts_with_ignoring_case(unit, "m,") || unit == "m" ||
      unit == "M")
    return *age / 12;
  if (*age == 300) return 90;
  if (*age > 120) return {};
  return *age;
}

std::optional<Sex> sex_from(std::string_view value) {
  size_t length = 0;
  while (length < value.size() && is_letter(value[length])) ++length;
  const std::string word = lower_ascii(value.substr(0, length));
  if (word == "m" || word == "male" || word == "man") return Sex::kMale;
  if (word == "f" || word == "female" || word == "woman") return Sex::kFemale;
  return {};
}

// Devices print "Doe, John" into their statements now and then; those lines stay out.
bool repeats_identity(std::string_view statement, const PatientIdentity& identity) {
  const std::string text = lower_ascii(statement);
  for (const auto* part : {&identity.name, &identity.id}) {
    std::string words = lower_ascii(*part);
    for (char& c : words)
      if (c == ',' || c == '^' || c == ';') c = ' ';
    for (const auto word : split_blank(words))
      if (word.size() >= 3 && text.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

double millivolts_per(std::string_view unit) {
  const std::string_view text = trim(unit);
  if (text.empty() || (text.back() != 'V' && text.back() != 'v')) return 0;
  const std::string_view prefix = text.substr(0, text.size() - 1);
  if (prefix.empty()) return 1000;
  if (prefix == "m") return 1;
  if (prefix == "M" && text.back() == 'V')
    return 1;  // "MV": no ECG is in megavolts; Schiller and others shout
  if (prefix == "u" || prefix == "U" || prefix == "\xC2\xB5" || prefix == "\xCE\xBC" || prefix == "\xB5")
    return 1e-3;
  if (prefix == "n" || prefix == "N") return 1e-6;
  return 0;
}

std::string listed(const std::vector<std::string>& names, size_t most) {
  std::string out;
  const size_t shown = std::min(names.size(), most);
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += names[i];
  }
  if (shown < names.size()) out += format_text(" and %zu more", names.size() - shown);
  return out;
}

float sample_mv(double mv) {
  return std::abs(mv) <= kLargestMv ? static_cast<float>(mv) : std::numeric_limits<float>::quiet_NaN();
}

std::vector<float> taken_mv(NamedChannel& channel) {
  if (channel.counts.empty()) {
    if (channel.usable_count && *channel.usable_count < channel.mv.size()) channel.mv.resize(*channel.usable_count);
    return std::move(channel.mv);
  }
  std::vector<float> mv(std::min(channel.usable_count.value_or(channel.counts.size()), channel.counts.size()));
  // As sample_mv() has it, written out so that compilers make vector code of it.
  const double mv_per_count = channel.nv_per_count / 1e6, zero = channel.zero_count;
  constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
  for (size_t i = 0; i < mv.size(); ++i) {
    const int32_t count = channel.counts[i];
    const double value = (count - zero) * mv_per_count;
    const float possible = std::abs(value) <= kLargestMv ? static_cast<float>(value) : kNone;
    mv[i] = count == kMissingCount ? kNone : possible;
  }
  std::vector<int32_t>().swap(channel.counts);  // gives the memory back, which an assignment of {} does not
  return mv;
}

void add_patient_facts(std::string_view text, RecordedPatient& patient) {
  const std::string lower = lower_ascii(text);
  if (!patient.age_years) patient.age_years = age_from(value_after(text, lower, "age"));
  if (!patient.sex) patient.sex = sex_from(value_after(text, lower, "sex"));
  if (!patient.sex) patient.sex = sex_from(value_after(text, lower, "gender"));
}

Result<EcgRecord> record_from_channels(DecodedEcg decoded) {
  auto& channels = decoded.channels;
  EcgRecord record = std::move(decoded.record);
  std::erase_if(record.device_findings.statements,
                [&](const std::string& statement) { return repeats_identity(statement, record.identity); });
  std::array<NamedChannel*, kLeadCount> leads{};
  std::vector<std::string> twice, not_voltage;
  for (auto& channel : channels) {
    const std::string name = printable_text(channel.name, 40);
    const auto lead = lead_from_name(channel.name);
    if (lead && channel.is_voltage && channel.sample_count() > 0 && !leads[index_of(*lead)]) {
      leads[index_of(*lead)] = &channel;
      continue;
    }
    if (lead && !channel.is_voltage)
      not_voltage.push_back(name);
    else if (lead && leads[index_of(*lead)])
      twice.push_back(name);
    record.other_channels.push_back(
        name.empty() ? format_text("channel %d", static_cast<int>(&channel - channels.data()) + 1) : name);
  }

  double rate_hz = 0;
  for (const auto* lead : leads)
    if (lead) rate_hz = std::max(rate_hz, lead->rate_hz);
  if (rate_hz == 0) {
    if (channels.empty()) return fail(ErrorCode::kNotAnEcg, "The file holds no signal at all.");
    return fail(ErrorCode::kNotAnEcg,
                "None of the channels in this file is one of the twelve standard ECG leads (it holds " +
                    listed(record.other_channels, 6) +
                    "); name the leads I, II, III, aVR, aVL, aVF, V1 to V6.");
  }
  if (!(rate_hz >= kLowestSampleRateHz && rate_hz <= kHighestSampleRateHz))
    return fail(ErrorCode::kDamaged,
                "The file states " + fixed_text(rate_hz, 1) +
                    " samples per second, which no ECG recorder uses (50 to 50,000); export it again.");

  record.sample_rate_hz = rate_hz;
  size_t count = 0;
  for (auto* lead : leads) {
    if (!lead) continue;
    lead->mv = taken_mv(*lead);
    if (lead->rate_hz != rate_hz) {
      record.notes.push_back("Lead " + printable_text(lead->name, 40) + " was recorded at " +
                             fixed_text(lead->rate_hz, 1) + " Hz and brought to " + fixed_text(rate_hz, 1) +
                             " Hz.");
      lead->mv = resample(lead->mv, lead->rate_hz, rate_hz);
    }
    count = std::max(count, lead->mv.size());
  }
  for (int i = 0; i < kLeadCount; ++i) {
    if (!leads[i]) continue;
    record.mv[i] = std::move(leads[i]->mv);
    record.mv[i].resize(count, std::numeric_limits<float>::quiet_NaN());
    record.origin[i] = LeadOrigin::kRecorded;
  }
  if (!twice.empty())
    record.notes.push_back("The file names " + listed(twice) +
                           " more than once; the first channel of that name is used.");
  if (!not_voltage.empty())
    record.notes.push_back("The unit of " + listed(not_voltage) + " is not a voltage, so it is not used.");

  derive_limb_leads(record);
  std::vector<std::string> derived, absent;
  for (int i = 0; i < kLeadCount; ++i) {
    if (record.origin[i] == LeadOrigin::kDerived) derived.push_back(kLeadNames[i]);
    if (record.origin[i] == LeadOrigin::kAbsent) absent.push_back(kLeadNames[i]);
  }
  if (!derived.empty())
    record.notes.push_back("Calculated from the recorded limb leads: " + listed(derived) + ".");
  if (!absent.empty()) record.notes.push_back("Not in the file: " + listed(absent) + ".");
  return record;
}

}  // namespace precordia
