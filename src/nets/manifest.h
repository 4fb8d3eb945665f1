// The model manifest (models/manifest.json): everything the engine knows about a network comes from here, so that a clinic
// or a research group can add its own network without a rebuild. The format is documented in docs/model-manifest.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signal/ecg_record.h"

namespace precordia {

struct ModelArtefact {
  std::string precision;               // "fp32", "int8" (static QDQ, U8S8), "int8-weights" (weight-only)
  std::string file, sha256;            // relative to the models folder; the host checks the digest before it uses the file
  std::vector<std::string> providers;  // "wasm", "webgpu", the preferred one first
};

struct ModelFile {
  std::string file, sha256;
};

struct EcgModelInput {
  std::string name;
  double sample_rate_hz = 0;
  int samples = 0;                     // length of the time axis
  std::vector<Lead> leads;             // order of the lead axis
  double minimum_seconds = 0;          // shorter records are not given to the network
  std::vector<Lead> missing_leads_allowed;  // validated without these; fed as zeros
};

struct LogisticCalibration {           // Platt 1999: p = 1 / (1 + exp(-(a * logit + b)))
  double a = 1, b = 0;
};

struct ModelLabel {
  std::string id, title;
  bool reassuring = false;             // "normal ECG", "sinus rhythm": nothing that a reader must be led to
  LogisticCalibration calibration;
  std::optional<double> screening_threshold, confirming_threshold;
  std::optional<double> sensitivity_at_screening, specificity_at_screening;
  std::optional<double> sensitivity_at_confirming, specificity_at_confirming;
};

struct ModelComposite {                // p = calibrated 1 - prod(1 - p of members)
  std::string id, title, source;
  std::vector<int> members;            // indices into labels
  LogisticCalibration calibration;     // applied to logit(1 - prod(1 - p))
  double threshold = 0, sensitivity = 0, specificity = 0;
};

struct KnownAnswer {
  ModelFile input;                     // float32 little-endian, the model's input shape
  std::string description;
  std::vector<std::pair<std::string, std::vector<double>>> logits_by_precision;
  std::vector<std::pair<std::string, double>> tolerance_by_precision;   // on the largest absolute difference
};

struct EcgModel {
  std::string id, task, title, version, licence, card, training;
  std::vector<ModelArtefact> artefacts;
  EcgModelInput input;
  std::string logits_name, features_name;
  int feature_channels = 0, feature_steps = 0;
  ModelFile head;                      // float32 weights[labels][channels], then bias[labels]
  std::vector<ModelLabel> labels;
  std::vector<ModelComposite> composites;
  std::vector<KnownAnswer> known_answers;

  const ModelArtefact* artefact(std::string_view precision) const;
};

struct ModelManifest {
  std::vector<EcgModel> models;        // entries whose task this version runs ("ecg-classification")
  std::vector<std::string> skipped;    // sentences about entries of other tasks and incomplete ones: they harm no other

  const EcgModel* find(std::string_view id) const;
};

// Error kModel when the text as a whole is no manifest. An entry with a missing or impossible field is skipped, its field named.
Result<ModelManifest> parse_manifest(std::string_view json);

}  // namespace precordia
