// The early and the hybrid way of fusion: one model puts network, measurements, age and sex together into the chance that a
// cardiologist would read a major abnormality. What that says about the ventricle is still Davie's table: see ecg_evidence.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ecg/ecg_findings.h"
#include "fusion/clinical_profile.h"
#include "nets/ecg_net_findings.h"

namespace precordia {

enum class FusionWay {
  kLate,    // each piece of evidence by its own published ratio; the default, because it can be explained and audited
  kEarly,   // one model on network outputs, measurements, age and sex
  kHybrid,  // one model on the network's inner features, measurements, age and sex
};
inline constexpr FusionWay kFusionWays[] = {FusionWay::kLate, FusionWay::kEarly, FusionWay::kHybrid};
const char* fusion_name(FusionWay way);  // "late", "early", "hybrid"
std::optional<FusionWay> fusion_from_name(std::string_view name);

struct FusedReading {
  double probability = 0;     // of a major abnormality as read by cardiologists, where the model was fitted
  double ln_evidence = 0;     // ln P(inputs | abnormality) / P(inputs | none): the logit less that of the prevalence
  double standard_error = 0;  // of ln_evidence, from inputs that are not known
  bool seen = false;          // the probability reaches the model's threshold
  int inputs = 0;
  std::vector<std::string> missing;  // sources
  double auc = 0;
  std::string tested_on;
};

// nullopt: the way cannot be had on this examination, and `why_not` says why.
std::optional<FusedReading> read_fused(FusionWay way, const EcgFindings& findings, const EcgNetFindings* net,
                                       const ClinicalProfile& profile, std::string& why_not);

}  // namespace precordia
