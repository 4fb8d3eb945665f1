// One model over network, measurements and profile together: the early and the hybrid way of fusion (docs/evidence.md). It is
// fitted to what cardiologists read in an ECG, never to ejection fractions: no open data link the two.
#pragma once

#include <string>
#include <vector>

namespace precordia {

// Logistic regression: logit p = intercept + sum of weight (value - mean) / scale + sum of embedding * mean feature.
struct FusionModel {
  struct Input {
    std::string source;   // one of kFusionSources with what it names: "network:subclass/LVH", "measurement:qrs_ms"
    double mean = 0, scale = 1, weight = 0;
  };
  std::string way;                 // "early", "hybrid"
  std::string composite;           // what p is of: the id of one of the network's composites
  std::vector<Input> inputs;
  std::vector<double> embedding;   // one weight per channel of the network's mean features; "hybrid" only
  double intercept = 0;
  double prevalence = 0;           // of the finding where the model was fitted
  double threshold = 0;            // from here on the finding counts as seen
  double auc = 0;                  // on `tested_on`
  std::string tested_on;
};

// What stands before the colon of a source. A value that is not known counts as its mean and widens the answer.
inline constexpr const char* kFusionSources[] = {"network", "composite", "measurement", "criterion", "criterion_value", "rhythm", "profile"};

}  // namespace precordia
