// What an ECG network said, after calibration: probabilities, operating points and where in the trace it looked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

struct EcgNetFindings {
  std::string model_id, title, precision;
  std::vector<NetOutput> outputs;
  std::vector<NetComposite> composites;
  std::vector<ClassActivationMap> maps;   // for flagged outputs and the most probable one
  std::string not_run_because;            // sentence; outputs are empty then
};

const NetOutput* find_output(const EcgNetFindings& findings, std::string_view id);
const NetComposite* find_composite(const EcgNetFindings& findings, std::string_view id);

}  // namespace precordia
