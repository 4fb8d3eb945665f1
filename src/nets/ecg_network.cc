#include "nets/ecg_network.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <tuple>

#include <Eigen/Core>

#include "base/text.h"
#include "signal/resample.h"

namespace precordia {
namespace {

constexpr double kBridgedGapSeconds = 0.040;
constexpr double kWindowStepSeconds = 0.25;
constexpr size_t kMostMaps = 12;

static_assert(std::endian::native == std::endian::little, "head files are little-endian and read by memcpy");

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// Longest run of missing samples in [first, first + count).
size_t longest_gap(const std::vector<float>& signal, size_t first, size_t count) {
  size_t longest = 0, run = 0;
  for (size_t i = first; i < first + count; ++i) {
    run = std::isnan(signal[i]) ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

// Copies a stretch, bridging gaps by straight lines; gaps at an end hold the nearest sample.
void copy_bridged(const std::vector<float>& signal, size_t first, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] = signal[first + i];
  for (size_t i = 0; i < count;) {
    if (!std::isnan(out[i])) { ++i; continue; }
    size_t end = i;
    while (end < count && std::isnan(out[end])) ++end;
    const float left = i > 0 ? out[i - 1] : (end < count ? out[end] : 0);
    const float right = end < count ? out[end] : left;
    for (size_t j = i; j < end; ++j)
      out[j] = left + (right - left) * static_cast<float>(j - i + 1) / static_cast<float>(end - i + 1);
    i = end;
  }
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return out;
}

NetComposite interpret_composite(const ModelComposite& composite, const EcgModel& model,
                                 const std::vector<NetOutput>& outputs) {
  double none = 1;
  NetComposite out{composite.id, composite.title, composite.source, {}, 0, composite.threshold, composite.sensitivity,
                   composite.specificity};
  for (int member : composite.members) {
    none *= 1 - outputs[member].probability;
    out.members.push_back(model.labels[member].id);
  }
  const double any = std::clamp(1 - none, 1e-9, 1 - 1e-9);
  out.probability = logistic(composite.calibration.a * std::log(any / (1 - any)) + composite.calibration.b);
  return out;
}

// Outputs worth a map: the flagged ones and the most probable of all, in the order in which a reader wants them:
// what is wrong before what is reassuring, confirmed before possible, then by probability.
std::vector<size_t> outputs_to_map(const EcgModel& model, const std::vector<NetOutput>& outputs) {
  std::vector<size_t> chosen;
  size_t likeliest = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (flag_of(outputs[i]) != NetFlag::kNone) chosen.push_back(i);
    if (outputs[i].probability > outputs[likeliest].probability) likeliest = i;
  }
  if (std::find(chosen.begin(), chosen.end(), likeliest) == chosen.end()) chosen.push_back(likeliest);
  const auto rank = [&](size_t i) {
    return std::tuple(model.labels[i].reassuring, flag_of(outputs[i]) != NetFlag::kConfirming, -outputs[i].probability);
  };
  std::stable_sort(chosen.begin(), chosen.end(), [&](size_t a, size_t b) { return rank(a) < rank(b); });
  if (chosen.size() > kMostMaps) chosen.resize(kMostMaps);
  return chosen;
}

}  // namespace

Result<NetHead> parse_head(const EcgModel& model, std::span<const uint8_t> bytes) {
  const size_t rows = model.labels.size(), columns = static_cast<size_t>(model.feature_channels);
  if (bytes.size() != 4 * rows * (columns + 1))
    return fail(ErrorCode::kModel, "A file of the ECG network has the wrong length, so the network cannot be used.", model.head.file);
  NetHead head{static_cast<int>(rows), static_cast<int>(columns), std::vector<float>(rows * columns), std::vector<float>(rows)};
  std::memcpy(head.weights.data(), bytes.data(), 4 * rows * columns);
  std::memcpy(head.bias.data(), bytes.data() + 4 * rows * columns, 4 * rows);
  if (!all_finite(head.weights) || !all_finite(head.bias))
    return fail(ErrorCode::kModel, "A file of the ECG network is damaged, so the network cannot be used.", model.head.file);
  return head;
}

Result<EcgNetWindow> choose_window(const EcgRecord& record, const std::array<bool, kLeadCount>& lead_usable,
                                   const EcgModel& model) {
  std::vector<std::string> missing;
  for (Lead lead : model.input.leads) {
    const bool allowed = std::find(model.input.missing_leads_allowed.begin(), model.input.missing_leads_allowed.end(), lead) !=
                         model.input.missing_leads_allowed.end();
    if ((!record.has(lead) || !lead_usable[index_of(lead)]) && !allowed) missing.push_back(kLeadNames[index_of(lead)]);
  }
  if (!missing.empty()) {
    const bool several = missing.size() > 1;
    return fail(ErrorCode::kUnusable,
                missing.size() > 6 ? format_text("The network needs all %zu leads and only %zu are usable, so it was not run.",
                                                 model.input.leads.size(), model.input.leads.size() - missing.size())
                                   : (several ? "Leads " : "Lead ") + joined(missing) + (several ? " are" : " is") +
                                         " missing or unusable, so the network was not run.");
  }
  const double seconds = model.input.samples / model.input.sample_rate_hz;
  const double rate = record.sample_rate_hz;
  const size_t available = record.sample_count();
  if (available / rate < model.input.minimum_seconds - 0.5 / rate)
    return fail(ErrorCode::kUnusable, format_text("The recording lasts %.1f s and the network needs %.0f s, so it was not run.",
                                                  available / rate, std::ceil(model.input.minimum_seconds)));
  const size_t wanted = std::min(available, static_cast<size_t>(std::lround(seconds * rate)));
  const size_t bridged = static_cast<size_t>(kBridgedGapSeconds * rate);
  const size_t step = std::max<size_t>(1, static_cast<size_t>(kWindowStepSeconds * rate));
  for (size_t first = 0; first + wanted <= available; first += step) {
    const bool whole = std::all_of(model.input.leads.begin(), model.input.leads.end(), [&](Lead lead) {
      return !record.has(lead) || longest_gap(record.lead(lead), first, wanted) <= bridged;
    });
    if (!whole) continue;
    EcgNetWindow window{first, wanted, rate, std::vector<float>(model.input.leads.size() * wanted, 0.0f)};
    for (size_t i = 0; i < model.input.leads.size(); ++i) {
      const Lead lead = model.input.leads[i];
      if (record.has(lead) && lead_usable[index_of(lead)]) copy_bridged(record.lead(lead), first, wanted, &window.mv[i * wanted]);
    }
    return window;
  }
  return fail(ErrorCode::kUnusable,
              format_text("No %.0f s of the recording are without gaps, so the network was not run.", seconds));
}

std::vector<float> prepare_tensor(const EcgNetWindow& window, const EcgModel& model) {
  const size_t leads = model.input.leads.size(), samples = static_cast<size_t>(model.input.samples);
  std::vector<float> tensor(leads * samples, 0.0f);
  for (size_t i = 0; i < leads; ++i) {
    const std::span<const float> lead(&window.mv[i * window.sample_count], window.sample_count);
    const std::vector<float> resampled = resample(lead, window.sample_rate_hz, model.input.sample_rate_hz);
    const size_t count = std::min(samples, resampled.size());
    std::copy_n(resampled.begin(), count, tensor.begin() + i * samples);
  }
  return tensor;
}

Result<EcgNetFindings> interpret_outputs(const EcgModel& model, const NetHead& head, const EcgNetWindow& window,
                                         std::span<const float> logits, std::span<const float> features,
                                         std::string_view precision) {
  const size_t channels = static_cast<size_t>(model.feature_channels), steps = static_cast<size_t>(model.feature_steps);
  if (logits.size() != model.labels.size() || (!features.empty() && features.size() != channels * steps))
    return fail(ErrorCode::kModel, "The network answered in an unexpected shape, so its answer is not used.", model.id);
  if (!all_finite(logits) || !all_finite(features))
    return fail(ErrorCode::kModel, "The network gave impossible numbers, so its answer is not used.", model.id);

  EcgNetFindings findings;
  findings.model_id = model.id;
  findings.title = model.title;
  findings.precision = precision;
  for (size_t k = 0; k < model.labels.size(); ++k) {
    const ModelLabel& label = model.labels[k];
    findings.outputs.push_back({label.id, label.title, logits[k], logistic(label.calibration.a * logits[k] + label.calibration.b),
                                label.screening_threshold, label.confirming_threshold, label.sensitivity_at_screening,
                                label.specificity_at_screening, label.sensitivity_at_confirming,
                                label.specificity_at_confirming});
  }
  for (const ModelComposite& composite : model.composites)
    findings.composites.push_back(interpret_composite(composite, model, findings.outputs));
  if (features.empty() || head.rows == 0) return findings;

  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const RowMajor> map_features(features.data(), channels, steps);
  const Eigen::Map<const RowMajor> weights(head.weights.data(), head.rows, head.columns);
  // The map spreads over the network's own length; a shorter record ends before the map does.
  const double step_s = model.input.samples / model.input.sample_rate_hz / static_cast<double>(steps);
  for (size_t k : outputs_to_map(model, findings.outputs)) {
    Eigen::VectorXf relevance = (weights.row(k) * map_features).transpose().cwiseMax(0.0f);
    const float strongest = relevance.maxCoeff();
    if (strongest > 0) relevance /= strongest;
    findings.maps.push_back({findings.outputs[k].id, model.labels[k].reassuring, {relevance.data(), relevance.data() + relevance.size()},
                             window.first_sample / window.sample_rate_hz + step_s / 2, step_s});
  }
  return findings;
}

Result<double> check_known_answer(const EcgModel& model, size_t index, std::string_view precision,
                                  std::span<const float> logits) {
  if (index >= model.known_answers.size()) return fail(ErrorCode::kWrongUsage, "There is no such known answer.");
  const KnownAnswer& answer = model.known_answers[index];
  const auto expected = std::find_if(answer.logits_by_precision.begin(), answer.logits_by_precision.end(),
                                     [&](const auto& entry) { return entry.first == precision; });
  const auto tolerance = std::find_if(answer.tolerance_by_precision.begin(), answer.tolerance_by_precision.end(),
                                      [&](const auto& entry) { return entry.first == precision; });
  if (expected == answer.logits_by_precision.end() || tolerance == answer.tolerance_by_precision.end())
    return fail(ErrorCode::kModel, "The network has no known answer to be tested with.", model.id);
  if (logits.size() != expected->second.size() || !all_finite(logits))
    return fail(ErrorCode::kModel, "The network failed its start-up test: impossible numbers.", model.id);
  double largest = 0;
  for (size_t k = 0; k < logits.size(); ++k) largest = std::max(largest, std::abs(logits[k] - expected->second[k]));
  if (largest > tolerance->second)
    return fail(ErrorCode::kModel, "The network failed its start-up test: its answers differ from the known ones.",
                format_text("largest difference %.4f over tolerance %.4f", largest, tolerance->second));
  return largest;
}

}  // namespace precordia
