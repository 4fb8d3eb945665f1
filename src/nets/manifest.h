// The model manifest (models/manifest.json): everything the engine knows about a network comes from here, so that a clinic
// or a research group can add its own network without a rebuild. The format is documented in docs/model-manifest.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "nets/fusion_model.h"
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
  double units_per_mv = 1;             // 1000 for a network that was trained on microvolts
  bool samples_first = false;          // tensor [1][samples][leads] instead of [1][leads][samples]
  bool z_score = false;                // each lead minus its mean, divided by its standard deviation
  std::string flags_name;              // second tensor of the same shape, 1 where nothing was recorded; empty = none
};

// What the network may be given instead of a complete recording, because its cost was measured. Every condition given holds.
struct PartialInput {
  std::string title;                         // "six limb leads only"
  std::vector<Lead> leads;                   // at least these are complete
  int any_missing_leads = 0;                 // at most so many leads are incomplete, whichever
  double share_of_each_lead = 0;             // at least this part of the window in every lead, and
  int leads_at_once = 0;                     // so many leads at every moment: a page with columns
  double lost = 0;                           // macro-AUC lost against complete recordings
  std::string measured_on;
  struct Composite {
    std::string id;
    double sensitivity = 0, specificity = 0; // of the same threshold on such input
  };
  std::vector<Composite> composites;
};

// Numbers beside the signal, [1][n]: (value - mean) / scale, or `missing` where the value is not known.
struct TabularInput {
  struct Value {
    std::string source;                      // kTabularSources
    double mean = 0, scale = 1, missing = 0;
    bool required = false;                   // unknown = the network is not run
  };
  std::string name;
  std::vector<Value> values;
};
inline constexpr const char* kTabularSources[] = {
    "age_years", "sex_male", "heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "qtc_bazett_ms", "qtc_fridericia_ms",
    "p_axis_deg", "qrs_axis_deg", "t_axis_deg"};

// Age and sex as the network reads them off the ECG: shown as such, never used as the person's own.
struct PersonOutput {
  double age_scale = 1, age_offset = 0;      // years = offset + scale * output
  double age_error_years = 0;                // mean absolute error where it was measured
};

struct LogisticCalibration {           // Platt 1999: p = 1 / (1 + exp(-(a * logit + b)))
  double a = 1, b = 0;
};

// How unlike an ordinary ECG the input is: one more linear layer over the mean features.
struct OutlierScore {
  double threshold = 0, false_alarms = 0;    // share of ordinary ECGs above the threshold
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
  std::string description;             // flags and tabular inputs, where the model has them, are files named in the manifest
  std::vector<std::pair<std::string, std::vector<double>>> logits_by_precision;
  std::vector<std::pair<std::string, double>> tolerance_by_precision;   // on the largest absolute difference
};

struct EcgModel {
  std::string id, task, title, version, licence, card, training;
  std::vector<ModelArtefact> artefacts;
  EcgModelInput input;
  std::vector<PartialInput> partial_inputs;  // the least costly first
  std::optional<TabularInput> tabular;
  std::string logits_name, features_name, attention_name, person_name;   // empty = the network has no such output
  bool answers_probabilities = false;  // "logits" are probabilities already
  int feature_channels = 0, feature_steps = 0;
  std::optional<PersonOutput> person;
  std::optional<OutlierScore> outliers;
  ModelFile head;                      // float32 weights[labels][channels], then bias[labels]; with outliers also
                                       // weights[channels] and bias of that score
  std::vector<ModelLabel> labels;
  std::vector<ModelComposite> composites;
  std::vector<FusionModel> fusion;     // none, or one per way
  std::vector<KnownAnswer> known_answers;

  const ModelArtefact* artefact(std::string_view precision) const;
};

// A network that draws the left ventricle, its myocardium and the left atrium on one frame of an apical echo clip.
struct EchoModel {
  std::string id, task, title, version, licence, card, training;
  std::vector<ModelArtefact> artefacts;
  std::string input_name;              // [1][1][side][side], grey 0..1, the sector's bounding box stretched to the square
  int side = 0;
  std::string masks_name;              // logits [1][4][side][side], order of EchoClass
  std::string view_name;               // logits [1][3]: apical 4-chamber, apical 2-chamber, neither
  std::string quality_name;            // logits [1][3]: good, medium, poor
  double single_plane_sd = 0, biplane_sd = 0;   // of its EF against the experts' biplane EF, points
  bool stills_only = false;            // reads single pictures beside the network that reads clips; too slow for every frame
  std::vector<KnownAnswer> known_answers;       // logits: the masks at kEchoProbe x kEchoProbe places
};
inline constexpr int kEchoProbe = 8;

struct ModelManifest {
  std::vector<EcgModel> models;        // entries of the task "ecg-classification"
  std::vector<EchoModel> echo_models;  // of the task "echo-segmentation"
  std::vector<std::string> skipped;    // sentences about entries of other tasks and incomplete ones: they harm no other

  const EcgModel* find(std::string_view id) const;
  const EchoModel* find_echo(std::string_view id) const;
};

// Error kModel when the text as a whole is no manifest. An entry with a missing or impossible field is skipped, its field named.
Result<ModelManifest> parse_manifest(std::string_view json);

}  // namespace precordia
