#include "nets/ecg_network.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <tuple>

#include <Eigen/Core>

#include "base/text.h"
#include "nets/lead_consistency.h"
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

// Copies a stretch, bridging gaps of at most `longest` samples by straight lines; gaps at an end hold the nearest sample.
void copy_bridged(const std::vector<float>& signal, size_t first, size_t count, float* out, size_t longest = SIZE_MAX) {
  for (size_t i = 0; i < count; ++i) out[i] = signal[first + i];
  for (size_t i = 0; i < count;) {
    if (!std::isnan(out[i])) { ++i; continue; }
    size_t end = i;
    while (end < count && std::isnan(out[end])) ++end;
    if (end - i > longest) { i = end; continue; }
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
  const size_t outliers = model.outliers ? columns + 1 : 0;
  if (bytes.size() != 4 * (rows * (columns + 1) + outliers))
    return fail(ErrorCode::kModel, "A file of the ECG network has the wrong length, so the network cannot be used.", model.head.file);
  NetHead head{static_cast<int>(rows), static_cast<int>(columns), std::vector<float>(rows * columns), std::vector<float>(rows),
               std::vector<float>(outliers)};
  const uint8_t* at = bytes.data();
  for (std::vector<float>* part : {&head.weights, &head.bias, &head.outlier_weights}) {
    if (!part->empty()) std::memcpy(part->data(), at, 4 * part->size());
    at += 4 * part->size();
  }
  if (!all_finite(head.weights) || !all_finite(head.bias) || !all_finite(head.outlier_weights))
    return fail(ErrorCode::kModel, "A file of the ECG network is damaged, so the network cannot be used.", model.head.file);
  return head;
}

namespace {

// The sentence for a recording that lacks leads the network cannot do without; empty when none is lacking.
std::string lacking_leads(const EcgRecord& record, const std::array<bool, kLeadCount>& lead_usable, const EcgModel& model) {
  std::vector<std::string> missing;
  for (Lead lead : model.input.leads) {
    const bool allowed = std::find(model.input.missing_leads_allowed.begin(), model.input.missing_leads_allowed.end(), lead) !=
                         model.input.missing_leads_allowed.end();
    if ((!record.has(lead) || !lead_usable[index_of(lead)]) && !allowed) missing.push_back(kLeadNames[index_of(lead)]);
  }
  if (missing.empty()) return {};
  const bool several = missing.size() > 1;
  return missing.size() > 6 ? format_text("The network needs all %zu leads and only %zu are usable, so it was not run.",
                                          model.input.leads.size(), model.input.leads.size() - missing.size())
                            : (several ? "Leads " : "Lead ") + joined(missing) + (several ? " are" : " is") +
                                  " missing or unusable, so the network was not run.";
}

constexpr double kCompleteShare = 0.97;   // of a lead's samples, or of all moments: what counts as there

struct Recorded {
  std::vector<double> share;        // of the window, per model lead
  std::vector<int> leads_at;        // per sample
};

Recorded recorded_in(const EcgNetWindow& window, size_t leads) {
  Recorded out{std::vector<double>(leads, 0), std::vector<int>(window.sample_count, 0)};
  for (size_t i = 0; i < leads; ++i) {
    size_t there = 0;
    for (size_t t = 0; t < window.sample_count; ++t) {
      if (std::isnan(window.mv[i * window.sample_count + t])) continue;
      ++there;
      ++out.leads_at[t];
    }
    out.share[i] = static_cast<double>(there) / static_cast<double>(window.sample_count);
  }
  return out;
}

bool fits(const PartialInput& partial, const EcgModel& model, const Recorded& recorded) {
  size_t incomplete = 0;
  for (size_t i = 0; i < model.input.leads.size(); ++i) {
    if (recorded.share[i] < partial.share_of_each_lead * kCompleteShare) return false;
    if (recorded.share[i] >= kCompleteShare) continue;
    ++incomplete;
    if (std::find(partial.leads.begin(), partial.leads.end(), model.input.leads[i]) != partial.leads.end()) return false;
  }
  if (partial.any_missing_leads > 0 && incomplete > static_cast<size_t>(partial.any_missing_leads)) return false;
  const auto enough = std::count_if(recorded.leads_at.begin(), recorded.leads_at.end(),
                                    [&](int count) { return count >= partial.leads_at_once; });
  return static_cast<double>(enough) >= kCompleteShare * static_cast<double>(recorded.leads_at.size());
}

// "V1, V2 and V3 missing", "parts of 12 leads missing", or both.
std::string missing_words(const EcgModel& model, const Recorded& recorded) {
  std::vector<std::string> gone;
  size_t in_part = 0;
  for (size_t i = 0; i < recorded.share.size(); ++i) {
    if (recorded.share[i] == 0) gone.push_back(kLeadNames[index_of(model.input.leads[i])]);
    else if (recorded.share[i] < kCompleteShare) ++in_part;
  }
  std::string out = gone.empty() ? "" : joined(gone) + " missing";
  if (in_part > 0) out += (out.empty() ? "" : ", ") + format_text("parts of %zu lead%s missing", in_part, in_part == 1 ? "" : "s");
  return out;
}

// The fullest stretch of `wanted` samples with everything else flagged, if the manifest knows what such input costs.
std::optional<EcgNetWindow> partial_window(const EcgRecord& record, const std::array<bool, kLeadCount>& lead_usable,
                                           const EcgModel& model, size_t wanted) {
  if (model.partial_inputs.empty()) return std::nullopt;
  const size_t available = record.sample_count(), leads = model.input.leads.size();
  const size_t step = std::max<size_t>(1, static_cast<size_t>(kWindowStepSeconds * record.sample_rate_hz));
  const auto usable = [&](Lead lead) { return record.has(lead) && lead_usable[index_of(lead)]; };
  std::vector<size_t> there(available + 1, 0);   // recorded samples of all usable leads before each moment
  for (size_t t = 0; t < available; ++t) {
    there[t + 1] = there[t];
    for (Lead lead : model.input.leads) there[t + 1] += usable(lead) && !std::isnan(record.lead(lead)[t]);
  }
  size_t best = 0;
  for (size_t first = step; first + wanted <= available; first += step)
    if (there[first + wanted] - there[first] > there[best + wanted] - there[best]) best = first;
  EcgNetWindow window{best, wanted, record.sample_rate_hz, std::vector<float>(leads * wanted, NAN), nullptr, {}};
  const size_t bridged = static_cast<size_t>(kBridgedGapSeconds * record.sample_rate_hz);
  for (size_t i = 0; i < leads; ++i)
    if (usable(model.input.leads[i])) copy_bridged(record.lead(model.input.leads[i]), best, wanted, &window.mv[i * wanted], bridged);
  const Recorded recorded = recorded_in(window, leads);
  for (const PartialInput& partial : model.partial_inputs) {
    if (!fits(partial, model, recorded)) continue;
    window.partial = &partial;
    window.missing_text = missing_words(model, recorded);
    return window;
  }
  return std::nullopt;
}

}  // namespace

Result<EcgNetWindow> choose_window(const EcgRecord& record, const std::array<bool, kLeadCount>& lead_usable,
                                   const EcgModel& model) {
  const double seconds = model.input.samples / model.input.sample_rate_hz;
  const double rate = record.sample_rate_hz;
  const size_t available = record.sample_count();
  const std::string lacking = lacking_leads(record, lead_usable, model);
  const bool long_enough = available / rate >= model.input.minimum_seconds - 0.5 / rate;
  const size_t wanted = std::min(available, static_cast<size_t>(std::lround(seconds * rate)));
  if (lacking.empty() && long_enough) {
    const size_t bridged = static_cast<size_t>(kBridgedGapSeconds * rate);
    const size_t step = std::max<size_t>(1, static_cast<size_t>(kWindowStepSeconds * rate));
    for (size_t first = 0; first + wanted <= available; first += step) {
      const bool whole = std::all_of(model.input.leads.begin(), model.input.leads.end(), [&](Lead lead) {
        return !record.has(lead) || longest_gap(record.lead(lead), first, wanted) <= bridged;
      });
      if (!whole) continue;
      EcgNetWindow window{first, wanted, rate, std::vector<float>(model.input.leads.size() * wanted, 0.0f), nullptr, {}};
      for (size_t i = 0; i < model.input.leads.size(); ++i) {
        const Lead lead = model.input.leads[i];
        if (record.has(lead) && lead_usable[index_of(lead)]) copy_bridged(record.lead(lead), first, wanted, &window.mv[i * wanted]);
      }
      return window;
    }
  }
  if (long_enough)
    if (auto window = partial_window(record, lead_usable, model, wanted)) return std::move(*window);
  if (!lacking.empty()) return fail(ErrorCode::kUnusable, lacking);
  if (!long_enough)
    return fail(ErrorCode::kUnusable, format_text("The recording lasts %.1f s and the network needs %.0f s, so it was not run.",
                                                  available / rate, std::ceil(model.input.minimum_seconds)));
  return fail(ErrorCode::kUnusable,
              format_text("No %.0f s of the recording are without gaps, so the network was not run.", seconds));
}

namespace {

// The window at the network's rate, [lead][sample] in mV; NaN where nothing was recorded.
std::vector<float> resampled_window(const EcgNetWindow& window, const EcgModel& model) {
  const size_t leads = model.input.leads.size(), samples = static_cast<size_t>(model.input.samples);
  std::vector<float> out(leads * samples, 0.0f);
  for (size_t i = 0; i < leads; ++i) {
    const std::span<const float> lead(&window.mv[i * window.sample_count], window.sample_count);
    const std::vector<float> resampled = resample(lead, window.sample_rate_hz, model.input.sample_rate_hz);
    const size_t count = std::min(samples, resampled.size());
    std::copy_n(resampled.begin(), count, out.begin() + i * samples);
  }
  return out;
}

void z_score(std::span<float> lead) {
  const Eigen::Map<Eigen::ArrayXf> values(lead.data(), static_cast<Eigen::Index>(lead.size()));
  const float mean = values.mean();
  const float deviation = std::sqrt((values - mean).square().mean());
  Eigen::Map<Eigen::ArrayXf>(lead.data(), static_cast<Eigen::Index>(lead.size())) = (values - mean) / std::max(deviation, 1e-6f);
}

// [lead][sample] in the order that the network was trained with.
std::vector<float> in_model_order(std::vector<float> rows, const EcgModel& model) {
  if (!model.input.samples_first) return rows;
  const size_t leads = model.input.leads.size(), samples = static_cast<size_t>(model.input.samples);
  std::vector<float> out(rows.size());
  for (size_t i = 0; i < leads; ++i)
    for (size_t t = 0; t < samples; ++t) out[t * leads + i] = rows[i * samples + t];
  return out;
}

}  // namespace

std::vector<float> prepare_tensor(const EcgNetWindow& window, const EcgModel& model) {
  std::vector<float> rows = resampled_window(window, model);
  for (float& v : rows) v = std::isnan(v) ? 0.0f : v * static_cast<float>(model.input.units_per_mv);
  const size_t samples = static_cast<size_t>(model.input.samples);
  if (model.input.z_score)
    for (size_t i = 0; i < model.input.leads.size(); ++i) z_score(std::span(rows).subspan(i * samples, samples));
  return in_model_order(std::move(rows), model);
}

std::vector<float> prepare_flags(const EcgNetWindow& window, const EcgModel& model) {
  if (model.input.flags_name.empty()) return {};
  if (!window.partial) return std::vector<float>(model.input.leads.size() * static_cast<size_t>(model.input.samples), 0.0f);
  std::vector<float> rows = resampled_window(window, model);
  for (float& v : rows) v = std::isnan(v) ? 1.0f : 0.0f;
  return in_model_order(std::move(rows), model);
}

Result<std::vector<float>> prepare_tabular(std::span<const KnownValue> known, const EcgModel& model) {
  std::vector<float> out;
  if (!model.tabular) return out;
  for (const TabularInput::Value& wanted : model.tabular->values) {
    std::optional<double> value;
    for (const KnownValue& one : known)
      if (one.source == wanted.source) value = one.value;
    if (!value && wanted.required)
      return fail(ErrorCode::kUnusable, "The network needs a value that is not known here (" + wanted.source + "), so it was not run.");
    out.push_back(static_cast<float>(value ? (*value - wanted.mean) / wanted.scale : wanted.missing));
  }
  return out;
}

namespace {

constexpr double kSurest = 1e-6;   // a probability that a network gives is kept this far from 0 and 1, so that its logit exists

double logit_of(double p) {
  p = std::clamp(p, kSurest, 1 - kSurest);
  return std::log(p / (1 - p));
}

double outlier_score(const NetHead& head, const Eigen::VectorXf& mean_features) {
  const Eigen::Map<const Eigen::VectorXf> weights(head.outlier_weights.data(), head.columns);
  return weights.dot(mean_features) + head.outlier_weights.back();
}

// Sensitivities as they were measured on the kind of input that the network really had.
void adapt_composites(std::vector<NetComposite>& composites, const PartialInput& partial) {
  for (NetComposite& composite : composites)
    for (const PartialInput::Composite& measured : partial.composites)
      if (measured.id == composite.id) {
        composite.sensitivity = measured.sensitivity;
        composite.specificity = measured.specificity;
      }
}

}  // namespace

Result<EcgNetFindings> interpret_outputs(const EcgModel& model, const NetHead& head, const EcgNetWindow& window,
                                         const NetAnswer& answer, std::string_view precision) {
  const auto& [logits, features, attention, person] = answer;
  const size_t channels = static_cast<size_t>(model.feature_channels), steps = static_cast<size_t>(model.feature_steps);
  if (logits.size() != model.labels.size() || (!features.empty() && features.size() != channels * steps) ||
      (!attention.empty() && attention.size() != steps) || (!person.empty() && person.size() != 2))
    return fail(ErrorCode::kModel, "The network answered in an unexpected shape, so its answer is not used.", model.id);
  if (!all_finite(logits) || !all_finite(features) || !all_finite(attention) || !all_finite(person))
    return fail(ErrorCode::kModel, "The network gave impossible numbers, so its answer is not used.", model.id);

  EcgNetFindings findings;
  findings.model_id = model.id;
  findings.title = model.title;
  findings.precision = precision;
  findings.fusion = model.fusion;
  for (size_t k = 0; k < model.labels.size(); ++k) {
    const ModelLabel& label = model.labels[k];
    const double z = model.answers_probabilities ? logit_of(logits[k]) : logits[k];
    findings.outputs.push_back({label.id, label.title, z, logistic(label.calibration.a * z + label.calibration.b),
                                label.screening_threshold, label.confirming_threshold, label.sensitivity_at_screening,
                                label.specificity_at_screening, label.sensitivity_at_confirming,
                                label.specificity_at_confirming});
  }
  for (const ModelComposite& composite : model.composites)
    findings.composites.push_back(interpret_composite(composite, model, findings.outputs));
  findings.distrusted_because = lead_contradiction(window, model);
  if (window.partial) {
    adapt_composites(findings.composites, *window.partial);
    findings.partial_input = format_text("The network ran on an incomplete recording (%s), as %s. On %s such input costs %.3f of macro-AUC.",
                                         window.missing_text.c_str(), window.partial->title.c_str(),
                                         window.partial->measured_on.c_str(), window.partial->lost);
  }
  if (model.person && !person.empty())
    findings.age = EcgAge{model.person->age_offset + model.person->age_scale * person[0], model.person->age_error_years, logistic(person[1])};
  // Maps spread over the network's own length; a shorter record ends before the map does.
  const double step_s = steps > 0 ? model.input.samples / model.input.sample_rate_hz / static_cast<double>(steps) : 0;
  const double start_s = window.first_sample / window.sample_rate_hz + step_s / 2;
  if (!attention.empty()) {
    AttentionMap map{{attention.begin(), attention.end()}, start_s, step_s};
    const float strongest = *std::max_element(map.share.begin(), map.share.end());
    for (float& v : map.share) v = strongest > 0 ? std::max(0.0f, v / strongest) : 0.0f;
    findings.attention = std::move(map);
  }
  if (features.empty() || head.rows == 0) return findings;

  findings.mean_features.resize(channels);
  for (size_t c = 0; c < channels; ++c) {
    double sum = 0;
    for (size_t step = 0; step < steps; ++step) sum += features[c * steps + step];
    findings.mean_features[c] = static_cast<float>(sum / static_cast<double>(steps));
  }

  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const RowMajor> map_features(features.data(), channels, steps);
  const Eigen::Map<const RowMajor> weights(head.weights.data(), head.rows, head.columns);
  if (model.outliers && !head.outlier_weights.empty() && !window.partial) {
    findings.outlier_score = outlier_score(head, map_features.rowwise().mean());
    findings.outlier_threshold = model.outliers->threshold;
    if (findings.distrusted_because.empty() && *findings.outlier_score > model.outliers->threshold)
      findings.distrusted_because = "This recording does not look like the resting 12-lead ECGs that the network learnt from, so "
                                    "what it says is not used as evidence. Check the electrodes and the file.";
  }
  for (size_t k : outputs_to_map(model, findings.outputs)) {
    Eigen::VectorXf relevance = (weights.row(k) * map_features).transpose().cwiseMax(0.0f);
    const float strongest = relevance.maxCoeff();
    if (strongest > 0) relevance /= strongest;
    findings.maps.push_back({findings.outputs[k].id, model.labels[k].reassuring, {relevance.data(), relevance.data() + relevance.size()},
                             start_s, step_s});
  }
  return findings;
}

Result<double> check_known_answer(std::span<const KnownAnswer> answers, const std::string& model_id, size_t index, std::string_view precision,
                                  std::span<const float> logits) {
  if (index >= answers.size()) return fail(ErrorCode::kWrongUsage, "There is no such known answer.");
  const KnownAnswer& answer = answers[index];
  const auto expected = std::find_if(answer.logits_by_precision.begin(), answer.logits_by_precision.end(),
                                     [&](const auto& entry) { return entry.first == precision; });
  const auto tolerance = std::find_if(answer.tolerance_by_precision.begin(), answer.tolerance_by_precision.end(),
                                      [&](const auto& entry) { return entry.first == precision; });
  if (expected == answer.logits_by_precision.end() || tolerance == answer.tolerance_by_precision.end())
    return fail(ErrorCode::kModel, "The network has no known answer to be tested with.", model_id);
  if (logits.size() != expected->second.size() || !all_finite(logits))
    return fail(ErrorCode::kModel, "The network failed its start-up test: impossible numbers.", model_id);
  double largest = 0;
  for (size_t k = 0; k < logits.size(); ++k) largest = std::max(largest, std::abs(logits[k] - expected->second[k]));
  if (largest > tolerance->second)
    return fail(ErrorCode::kModel, "The network failed its start-up test: its answers differ from the known ones.",
                format_text("largest difference %.4f over tolerance %.4f", largest, tolerance->second));
  return largest;
}

}  // namespace precordia
