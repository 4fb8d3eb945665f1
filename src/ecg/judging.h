// What every file of criteria shares: how a rule of the literature becomes an answer, and how a lead is read.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ecg/criteria.h"
#include "ecg/reference_values.h"

namespace precordia {

inline constexpr double kSmallestQMv = 0.03;  // a q that a reader would see
inline constexpr double kWideQrsMs = 120;

// ---- Answers

Criterion from(const CriterionSpec& spec, const CriteriaInput& in);
Criterion unknown(const CriterionSpec& spec, const CriteriaInput& in, std::string why);
// met when value >= cut-off. With an unknown sex the answer is given only where both cut-offs agree.
Criterion at_least(const CriterionSpec& spec, const CriteriaInput& in, double value);
// A wide QRS changes voltages, ST and T by itself; rules that rest on them are then shown but not judged.
Criterion unless_wide(Criterion c, const CriteriaInput& in);

// ---- Leads

inline const LeadAmplitudes& amplitudes(const CriteriaInput& in, Lead lead) {
  return in.findings.amplitudes[index_of(lead)];
}
inline bool measured_lead(const CriteriaInput& in, Lead lead) { return amplitudes(in, lead).r_mv.has_value(); }
// "Not judged: V3 could not be measured." when one of `needed` has no QRS amplitudes.
std::optional<std::string> missing_leads(const CriteriaInput& in, std::initializer_list<Lead> needed);

inline double r_of(const LeadAmplitudes& a) { return std::max(a.r_mv.value_or(0), a.r_prime_mv.value_or(0)); }
inline double s_of(const LeadAmplitudes& a) { return a.qs ? a.q_mv.value_or(0) : a.s_mv.value_or(0); }
inline double peak_to_peak(const LeadAmplitudes& a) {
  return r_of(a) + std::max(a.q_mv.value_or(0), a.s_mv.value_or(0));
}
inline bool mostly_up(const LeadAmplitudes& a) {
  return a.r_mv && r_of(a) > s_of(a) && r_of(a) > a.q_mv.value_or(0);
}
inline std::optional<double> qrs_ms(const CriteriaInput& in) { return measured(in.findings, "qrs_ms"); }
inline bool wide(const CriteriaInput& in) { return qrs_ms(in).value_or(0) >= kWideQrsMs; }

// ---- Findings already judged

bool met(const std::vector<Criterion>& done, std::string_view id);
bool left_block_or_pacing(const CriteriaInput& in, const std::vector<Criterion>& done);

// ---- Territories

inline constexpr std::array<Lead, 6> kChest = {Lead::kV1, Lead::kV2, Lead::kV3,
                                               Lead::kV4, Lead::kV5, Lead::kV6};
inline constexpr std::array<Lead, 3> kInferior = {Lead::kII, Lead::kAVF, Lead::kIII};  // in anatomical order
inline constexpr std::array<Lead, 2> kHighLateral = {Lead::kAVL, Lead::kI};

// Members of `group` (in anatomical order) that satisfy `rule` next to another one that does.
template <size_t N, typename Rule>
std::vector<int> neighbours(const std::array<Lead, N>& group, Rule rule) {
  std::vector<int> hits;
  for (size_t i = 0; i < N; ++i) {
    const bool before = i > 0 && rule(group[i - 1]), after = i + 1 < N && rule(group[i + 1]);
    if (rule(group[i]) && (before || after)) hits.push_back(index_of(group[i]));
  }
  return hits;
}

// Adds "inferior: II, aVF, III" to the detail; nothing for no leads.
void add_territory(Criterion& c, const char* name, const std::vector<int>& leads);

// The deepest (most negative) level that two neighbours share: max over the pair, min over pairs. nullopt when no
// pair is known.
template <typename Level>
std::optional<double> deepest_shared(Level level) {
  constexpr std::array<std::pair<Lead, Lead>, 8> kPairs = {{{Lead::kAVL, Lead::kI},
                                                            {Lead::kII, Lead::kAVF},
                                                            {Lead::kAVF, Lead::kIII},
                                                            {Lead::kV1, Lead::kV2},
                                                            {Lead::kV2, Lead::kV3},
                                                            {Lead::kV3, Lead::kV4},
                                                            {Lead::kV4, Lead::kV5},
                                                            {Lead::kV5, Lead::kV6}}};
  std::optional<double> deepest;
  for (const auto& [a, b] : kPairs) {
    const std::optional<double> one = level(a), other = level(b);
    if (!one || !other) continue;
    const double shared = std::max(*one, *other);
    if (!deepest || shared < *deepest) deepest = shared;
  }
  return deepest;
}

// ---- The criteria, a file each

std::vector<Criterion> judge_voltage(const CriteriaInput& in);           // criteria_voltage.cc
Criterion judge_low_voltage_limb(const CriteriaInput& in);
Criterion judge_low_voltage_chest(const CriteriaInput& in);
Criterion judge_romhilt_estes(const CriteriaInput& in, const std::vector<Criterion>& done);
Criterion judge_electrical_risk(const CriteriaInput& in, const std::vector<Criterion>& done);

std::vector<Criterion> judge_conduction(const CriteriaInput& in);        // criteria_conduction.cc

Criterion judge_p_terminal_force(const CriteriaInput& in);               // criteria_atrial.cc
std::vector<Criterion> judge_atria(const CriteriaInput& in);
Criterion judge_fibrillation(const CriteriaInput& in);

std::vector<Criterion> judge_infarction(const CriteriaInput& in, const std::vector<Criterion>& done);

Criterion judge_strain(const CriteriaInput& in);                         // criteria_repolarisation.cc
std::vector<Criterion> judge_repolarisation(const CriteriaInput& in, const std::vector<Criterion>& done);

}  // namespace precordia
