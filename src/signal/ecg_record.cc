#include "signal/ecg_record.h"

#include <utility>

#include "base/text.h"

namespace precordia {
namespace {

struct LeadSpelling {
  const char* text;
  Lead lead;
};

// Spellings found in files, lower case, after the decorations of `lead_from_name` are gone. D1..D3 is the usage of
// Romance languages, C1..C6 the electrode code of IEC 60601-2-25 Annex AA for V1..V6.
constexpr LeadSpelling kSpellings[] = {
    {"i", Lead::kI},     {"ii", Lead::kII},   {"iii", Lead::kIII}, {"avr", Lead::kAVR}, {"avl", Lead::kAVL},
    {"avf", Lead::kAVF}, {"v1", Lead::kV1},   {"v2", Lead::kV2},   {"v3", Lead::kV3},   {"v4", Lead::kV4},
    {"v5", Lead::kV5},   {"v6", Lead::kV6},   {"di", Lead::kI},    {"dii", Lead::kII},  {"diii", Lead::kIII},
    {"d1", Lead::kI},    {"d2", Lead::kII},   {"d3", Lead::kIII},  {"c1", Lead::kV1},   {"c2", Lead::kV2},
    {"c3", Lead::kV3},   {"c4", Lead::kV4},   {"c5", Lead::kV5},   {"c6", Lead::kV6},
};

// Every limb lead as a combination of I and II (Einthoven 1912; Goldberger 1942): lead = on_i * I + on_ii * II.
struct LimbLead {
  double on_i, on_ii;
};
constexpr int kLimbLeadCount = 6;
constexpr std::array<LimbLead, kLimbLeadCount> kLimbLeads = {{
    {1, 0}, {0, 1}, {-1, 1}, {-0.5, -0.5}, {1, -0.5}, {-0.5, 1},   // I, II, III, aVR, aVL, aVF
}};

}  // namespace

std::optional<Lead> lead_from_name(std::string_view name) {
  std::string text = lower_ascii(trim(name));
  // "Lead I (Einthoven)", "V1 [uV]": a remark in brackets says nothing about which lead it is.
  if (const auto bracket = text.find_first_of("(["); bracket != std::string::npos && bracket > 0) text.resize(bracket);
  for (char& c : text)
    if (c == '_' || c == '-' || c == '.' || c == ':') c = ' ';
  auto words = split_blank(text);
  // Decorations around the one word that counts; a leading minus sign ("-aVR") must stay a different lead.
  if (!trim(name).empty() && trim(name).front() == '-') return {};
  size_t first = 0, last = words.size();
  while (first < last && (words[first] == "mdc" || words[first] == "ecg" || words[first] == "ekg" || words[first] == "lead"))
    ++first;
  while (last > first && (words[last - 1] == "mv" || words[last - 1] == "uv" || words[last - 1] == "\xC2\xB5v" ||
                          words[last - 1] == "lead"))
    --last;
  if (first + 1 == last) {
    for (const auto& spelling : kSpellings)
      if (words[first] == spelling.text) return spelling.lead;
  }
  return {};
}

size_t EcgRecord::sample_count() const {
  for (const auto& samples : mv)
    if (!samples.empty()) return samples.size();
  return 0;
}

int EcgRecord::lead_count() const {
  int count = 0;
  for (const auto& samples : mv) count += !samples.empty();
  return count;
}

void derive_limb_leads(EcgRecord& record) {
  // Any two of the six determine the others; the first two recorded ones in lead order are used.
  std::array<int, 2> known = {-1, -1};
  for (int lead = 0; lead < kLimbLeadCount && known[1] < 0; ++lead) {
    if (record.mv[lead].empty() || record.origin[lead] != LeadOrigin::kRecorded) continue;
    known[known[0] < 0 ? 0 : 1] = lead;
  }
  if (known[1] < 0 || record.mv[known[0]].size() != record.mv[known[1]].size()) return;

  const LimbLead a = kLimbLeads[known[0]], b = kLimbLeads[known[1]];
  const double determinant = a.on_i * b.on_ii - a.on_ii * b.on_i;
  const size_t count = record.mv[known[0]].size();
  for (int lead = 0; lead < kLimbLeadCount; ++lead) {
    if (!record.mv[lead].empty()) continue;
    const LimbLead wanted = kLimbLeads[lead];
    const double on_a = (wanted.on_i * b.on_ii - wanted.on_ii * b.on_i) / determinant;
    const double on_b = (wanted.on_ii * a.on_i - wanted.on_i * a.on_ii) / determinant;
    std::vector<float> derived(count);
    for (size_t i = 0; i < count; ++i)
      derived[i] = static_cast<float>(on_a * record.mv[known[0]][i] + on_b * record.mv[known[1]][i]);
    record.mv[lead] = std::move(derived);
    record.origin[lead] = LeadOrigin::kDerived;
  }
}

}  // namespace precordia
