#include "nets/lead_consistency.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

namespace precordia {
namespace {

constexpr double kLeastSimultaneousSeconds = 2.0;
constexpr double kLeastSignalMv = 0.03;          // rms of the largest lead; under it nothing can be said
// Rms of what the relation leaves over, as a part of the largest lead's. Rounding and separate amplifiers leave a few percent,
// a digitised page up to a third; unrelated leads about one. [E]
constexpr double kContradiction = 0.5;
constexpr double kSameTrace = 0.02;              // likewise: what two copies of one channel differ by
constexpr int kFewestCopies = 4;                 // of the six chest leads

struct Term {
  Lead lead;
  double factor;
};
struct Relation {
  std::array<Term, 3> terms;                     // their sum is zero
  const char* sentence;
};
constexpr Relation kRelations[] = {
    {{{{Lead::kI, 1}, {Lead::kII, -1}, {Lead::kIII, 1}}}, "Leads I, II and III contradict each other (Einthoven's law)"},
    {{{{Lead::kAVR, 1}, {Lead::kI, 0.5}, {Lead::kII, 0.5}}}, "Lead aVR contradicts leads I and II"},
    {{{{Lead::kAVF, 1}, {Lead::kII, -1}, {Lead::kI, 0.5}}}, "Lead aVF contradicts leads I and II"},
};

std::optional<std::span<const float>> trace(const EcgNetWindow& window, const EcgModel& model, Lead lead) {
  const auto at = std::find(model.input.leads.begin(), model.input.leads.end(), lead);
  if (at == model.input.leads.end()) return std::nullopt;
  const size_t row = static_cast<size_t>(at - model.input.leads.begin());
  return std::span(window.mv).subspan(row * window.sample_count, window.sample_count);
}

double deviation(const std::vector<double>& values) {
  double mean = 0, sum = 0;
  for (double v : values) mean += v;
  mean /= static_cast<double>(values.size());
  for (double v : values) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

// What the weighted sum of the leads leaves over, as a part of the largest of them; nullopt = cannot be judged.
std::optional<double> left_over(const EcgNetWindow& window, const EcgModel& model, std::span<const Term> terms) {
  std::vector<std::span<const float>> traces;
  for (const Term& term : terms) {
    const auto samples = trace(window, model, term.lead);
    if (!samples) return std::nullopt;
    traces.push_back(*samples);
  }
  std::vector<double> sum;
  std::vector<std::vector<double>> parts(terms.size());
  for (size_t t = 0; t < window.sample_count; ++t) {
    if (std::any_of(traces.begin(), traces.end(), [&](std::span<const float> samples) { return std::isnan(samples[t]); })) continue;
    double left = 0;
    for (size_t i = 0; i < terms.size(); ++i) {
      parts[i].push_back(traces[i][t]);
      left += terms[i].factor * traces[i][t];
    }
    sum.push_back(left);
  }
  if (static_cast<double>(sum.size()) < kLeastSimultaneousSeconds * window.sample_rate_hz) return std::nullopt;
  double largest = 0;
  for (const std::vector<double>& part : parts) largest = std::max(largest, deviation(part));
  if (largest < kLeastSignalMv) return std::nullopt;
  return deviation(sum) / largest;
}

}  // namespace

std::string lead_contradiction(const EcgNetWindow& window, const EcgModel& model) {
  const std::string tail = ", so what the network says is not used as evidence. Check the cable, the file and the order of the leads.";
  for (const Relation& relation : kRelations) {
    const auto left = left_over(window, model, relation.terms);
    if (left && *left > kContradiction) return relation.sentence + tail;
  }
  constexpr Lead chest[] = {Lead::kV1, Lead::kV2, Lead::kV3, Lead::kV4, Lead::kV5, Lead::kV6};
  int copies = 1;
  for (size_t i = 1; i < std::size(chest); ++i) {
    const Term pair[] = {{chest[i - 1], 1}, {chest[i], -1}};
    const auto left = left_over(window, model, pair);
    if (left && *left < kSameTrace) ++copies;
  }
  if (copies >= kFewestCopies) return "Several chest leads show one and the same trace" + tail;
  return {};
}

}  // namespace precordia
