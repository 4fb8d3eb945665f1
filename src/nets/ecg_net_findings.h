// What an ECG network said, after calibration: probabilities, operating points and where in the trace it looked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nets/fusion_model.h"

namespace precordia {

struct NetOutput {
  std::string id;                    // "superclass/MI"
  std::string title;                 // "Myocardial infarction"
  double logit = 0;
  double probability = 0;            // calibrated
  std::optional<double> screening_threshold, confirming_threshold;   // on the calibrated probability
  std::optional<double> sensitivity_at_screening, specificity_at_screening;
  std::optional<double> sensitivity_at_confirming, specificity_at_confirming;
};

// The highest operating point that the probability reaches. Thresholds of rare statements lie at a few percent; under
// kLeastFlaggedProbability nothing is flagged, because "possible, 2 %" misleads a reader more than it tells. [E]
enum class NetFlag { kNone, kScreening, kConfirming };
inline constexpr double kLeastFlaggedProbability = 0.10;
NetFlag flag_of(const NetOutput& output);

// What one output amounts to when it must be a word: under the screening threshold it is absent, from the confirming one
// present, and between the two the network abstains. kUnknown: too few such ECGs to set thresholds.
enum class NetCall { kUnknown, kAbsent, kAbstain, kPresent };
NetCall call_of(const NetOutput& output);
const char* call_name(NetCall call);   // "unknown", "absent", "abstain", "present"

// Several outputs read as one finding ("a major abnormality of Davie 1996"), with its measured operating point.
struct NetComposite {
  std::string id, title, source;
  std::vector<std::string> members;
  double probability = 0, threshold = 0, sensitivity = 0, specificity = 0;
};

// Class-activation map of one output over the network's own time axis (Zhou 2016, arXiv 1512.04150).
struct ClassActivationMap {
  std::string output_id;
  bool reassuring = false;           // of a "nothing wrong here" statement
  std::vector<float> relevance;      // one value per feature-map step, 0..1 after clipping negatives, 1 = the strongest
  double start_s = 0, step_s = 0;    // time of the first step's centre and distance of steps, in the record's time
};

// How much every step was read by all others in the attention stage: where the network looked, whatever it then said.
struct AttentionMap {
  std::vector<float> share;          // one value per step, 0..1, 1 = the strongest
  double start_s = 0, step_s = 0;
};

// Age and sex as read off the ECG. A marker, not a fact about the person: it is shown with its error.
struct EcgAge {
  double years = 0, error_years = 0;
  double male_probability = 0;
};

struct EcgNetFindings {
  std::string model_id, title, precision;
  std::vector<NetOutput> outputs;
  std::vector<NetComposite> composites;
  std::vector<ClassActivationMap> maps;   // for flagged outputs and the most probable one
  std::optional<AttentionMap> attention;
  std::optional<EcgAge> age;
  std::vector<float> mean_features;       // of the network's last layer, one per channel; empty when it gave none
  std::vector<FusionModel> fusion;        // fitted to this network, if any were
  std::string partial_input;              // sentence when leads or samples were missing and the network ran all the same
  std::optional<double> outlier_score, outlier_threshold;
  std::string distrusted_because;         // sentence when the input is unlike all that it learnt from: no evidence then
  std::string not_run_because;            // sentence; outputs are empty then
};

const NetOutput* find_output(const EcgNetFindings& findings, std::string_view id);
const NetComposite* find_composite(const EcgNetFindings& findings, std::string_view id);

}  // namespace precordia
