#include "fusion/fused_reading.h"

#include <algorithm>
#include <cmath>

#include "fusion/combine.h"

namespace precordia {
namespace {

constexpr double kSurest = 1e-6;

std::optional<double> value_of(const std::string& source, const EcgFindings& findings, const EcgNetFindings& net,
                               const ClinicalProfile& profile) {
  const size_t colon = source.find(':');
  const std::string kind = source.substr(0, colon), name = source.substr(colon + 1);
  if (kind == "network") {
    const NetOutput* output = find_output(net, name);
    if (!output) return std::nullopt;
    return logit(std::clamp(output->probability, kSurest, 1 - kSurest));
  }
  if (kind == "composite") {
    const NetComposite* composite = find_composite(net, name);
    return composite ? std::optional(logit(std::clamp(composite->probability, kSurest, 1 - kSurest))) : std::nullopt;
  }
  if (kind == "measurement") return measured(findings, name);
  if (kind == "criterion" || kind == "criterion_value") {
    const Criterion* criterion = find_criterion(findings, name);
    if (!criterion) return std::nullopt;
    if (kind == "criterion_value") return criterion->value;
    return criterion->met ? std::optional<double>(*criterion->met ? 1 : 0) : std::nullopt;
  }
  if (source == "rhythm:irregular_without_p" && findings.rhythm != Rhythm::kUnknown)
    return findings.rhythm == Rhythm::kIrregularWithoutP ? 1 : 0;
  if (source == "profile:age_years") return profile.age_years ? std::optional(std::min(*profile.age_years, 90.0)) : std::nullopt;
  if (source == "profile:sex_male" && profile.sex) return *profile.sex == Sex::kMale ? 1 : 0;
  return std::nullopt;
}

}  // namespace

const char* fusion_name(FusionWay way) {
  switch (way) {
    case FusionWay::kLate: return "late";
    case FusionWay::kEarly: return "early";
    case FusionWay::kHybrid: return "hybrid";
  }
  return "late";
}

std::optional<FusionWay> fusion_from_name(std::string_view name) {
  for (const FusionWay way : kFusionWays)
    if (name == fusion_name(way)) return way;
  return std::nullopt;
}

std::optional<FusedReading> read_fused(FusionWay way, const EcgFindings& findings, const EcgNetFindings* net,
                                       const ClinicalProfile& profile, std::string& why_not) {
  why_not.clear();
  if (!net || net->outputs.empty() || !net->distrusted_because.empty()) {
    why_not = "It needs the network, which did not run.";
    return std::nullopt;
  }
  if (find_composite(*net, "lvsd")) {
    why_not = "The network was tested against ejection fractions, and that comes first.";
    return std::nullopt;
  }
  if (!net->partial_input.empty()) {
    why_not = "It was fitted on complete recordings, and this one is not.";
    return std::nullopt;
  }
  const auto model = std::find_if(net->fusion.begin(), net->fusion.end(), [&](const FusionModel& one) { return one.way == fusion_name(way); });
  if (model == net->fusion.end()) {
    why_not = "It was not fitted to the network that answered here.";
    return std::nullopt;
  }
  if (!model->embedding.empty() && model->embedding.size() != net->mean_features.size()) {
    why_not = "The network gave no inner features.";
    return std::nullopt;
  }
  FusedReading reading;
  double log_odds = model->intercept, variance = 0;
  for (const FusionModel::Input& input : model->inputs) {
    ++reading.inputs;
    if (const auto value = value_of(input.source, findings, *net, profile)) {
      log_odds += input.weight * (*value - input.mean) / input.scale;
    } else {
      variance += input.weight * input.weight;  // standardised, so its variance is 1
      reading.missing.push_back(input.source);
    }
  }
  for (size_t i = 0; i < model->embedding.size(); ++i) log_odds += model->embedding[i] * net->mean_features[i];
  if (!std::isfinite(log_odds)) {
    why_not = "It gave no usable number on this recording.";
    return std::nullopt;
  }
  reading.probability = probability_of(log_odds);
  reading.ln_evidence = log_odds - logit(model->prevalence);
  reading.standard_error = std::sqrt(variance);
  reading.seen = reading.probability >= model->threshold;
  reading.auc = model->auc;
  reading.tested_on = model->tested_on;
  return reading;
}

}  // namespace precordia
