#include "report/json.h"

#include <array>

#include "base/version.h"
#include "report/answer_words.h"
#include "report/json_value.h"

namespace precordia {
namespace {

constexpr int kProbabilityDigits = 4;

// Keys that every measure object has, known or not.
constexpr std::array<const char*, 9> kAlwaysMeasured = {
    "heart_rate_bpm",    "pr_ms",      "qrs_ms",       "qt_ms",     "qtc_bazett_ms",
    "qtc_fridericia_ms", "p_axis_deg", "qrs_axis_deg", "t_axis_deg"};

OrderedJson header(std::string_view input) {
  return {{"input", std::string(input)}, {"engine_version", kEngineVersion}};
}

OrderedJson fiducials_value(const BeatFiducials& f) {
  return {
      {"p_on", json_index(f.p_on)},     {"p_peak", json_index(f.p_peak)}, {"p_off", json_index(f.p_off)},
      {"qrs_on", json_index(f.qrs_on)}, {"r_peak", json_index(f.r_peak)}, {"qrs_off", json_index(f.qrs_off)},
      {"t_on", json_index(f.t_on)},     {"t_peak", json_index(f.t_peak)}, {"t_off", json_index(f.t_off)}};
}

OrderedJson fiducials_by_lead(const EcgFindings& findings) {
  OrderedJson all = OrderedJson::object();
  OrderedJson beats = OrderedJson::array();
  for (const Beat& beat : findings.beats) beats.push_back(fiducials_value(beat.global));
  all["global"] = std::move(beats);
  for (int lead = 0; lead < kLeadCount; ++lead) {
    OrderedJson in_lead = OrderedJson::array();
    for (const Beat& beat : findings.beats) in_lead.push_back(fiducials_value(beat.per_lead[lead]));
    all[kLeadNames[lead]] = std::move(in_lead);
  }
  return all;
}

OrderedJson criteria_value(const EcgFindings& findings) {
  OrderedJson all = OrderedJson::object();
  for (const Criterion& criterion : findings.criteria) {
    OrderedJson one = {{"label", criterion.label},
                       {"met", criterion.met ? OrderedJson(*criterion.met) : OrderedJson(nullptr)},
                       {"value", json_number(criterion.value, 3)},
                       {"cutoff", json_number(criterion.cutoff, 3)},
                       {"unit", criterion.unit},
                       {"formula", criterion.formula},
                       {"citation", criterion.citation}};
    if (!criterion.detail.empty()) one["detail"] = criterion.detail;
    if (!criterion.why_unknown.empty()) one["why_unknown"] = criterion.why_unknown;
    all[criterion.id] = std::move(one);
  }
  return all;
}

OrderedJson amplitudes_value(const EcgFindings& findings) {
  OrderedJson all = OrderedJson::object();
  for (int lead = 0; lead < kLeadCount; ++lead) {
    const LeadAmplitudes& a = findings.amplitudes[lead];
    all[kLeadNames[lead]] = {{"p_mv", json_number(a.p_mv, 3)},
                             {"q_mv", json_number(a.q_mv, 3)},
                             {"r_mv", json_number(a.r_mv, 3)},
                             {"s_mv", json_number(a.s_mv, 3)},
                             {"r_prime_mv", json_number(a.r_prime_mv, 3)},
                             {"st_j_mv", json_number(a.st_j_mv, 3)},
                             {"st_60ms_mv", json_number(a.st_60ms_mv, 3)},
                             {"t_mv", json_number(a.t_mv, 3)},
                             {"q_ms", json_number(a.q_ms, 1)},
                             {"r_ms", json_number(a.r_ms, 1)},
                             {"s_ms", json_number(a.s_ms, 1)},
                             {"r_peak_ms", json_number(a.r_peak_ms, 1)},
                             {"p_terminal_mv", json_number(a.p_terminal_mv, 3)},
                             {"p_terminal_ms", json_number(a.p_terminal_ms, 1)},
                             {"qs", a.r_mv ? OrderedJson(a.qs) : OrderedJson(nullptr)}};
  }
  return all;
}

OrderedJson quality_value(const EcgFindings& findings) {
  OrderedJson all = OrderedJson::array();
  for (int lead = 0; lead < kLeadCount; ++lead) {
    const LeadQuality& q = findings.quality[lead];
    all.push_back({{"lead", kLeadNames[lead]},
                   {"present", q.present},
                   {"usable", q.usable},
                   {"flat", q.flat},
                   {"clipped", q.clipped},
                   {"noise_uv", json_number(q.noise_uv, 1)},
                   {"mains_uv", json_number(q.mains_uv, 1)},
                   {"wander_mv", json_number(q.wander_mv, 3)},
                   {"missing_fraction", json_number(q.missing_fraction, 4)},
                   {"heights_known", q.usable && q.heights_known},
                   {"st_known", q.usable && q.st_known},
                   {"small_waves_known", q.usable && q.small_waves_known},
                   {"issue", q.issue}});
  }
  return all;
}

// What the recorder itself measured and said, apart from everything of ours; null when the file holds nothing of it. No name and
// no number of a person is part of it.
OrderedJson device_value(const EcgRecord& record) {
  const RecordSource& source = record.source;
  const RecordedFilters& filters = source.filters;
  const bool filtered = filters.high_pass_hz || filters.low_pass_hz || filters.notch_hz;
  if (record.device_findings.empty() && source.device.empty() && source.recorded_at.empty() && !filtered) return nullptr;
  OrderedJson measurements = OrderedJson::object();
  for (const DeviceMeasurement& m : record.device_findings.measurements)
    measurements[m.id.empty() ? m.label : m.id] = {{"value", json_number(m.value, 3)}, {"unit", m.unit}, {"label", m.label}};
  return {{"name", source.device.empty() ? OrderedJson(nullptr) : OrderedJson(source.device)},
          {"recorded_at", source.recorded_at.empty() ? OrderedJson(nullptr) : OrderedJson(source.recorded_at)},
          {"filters", {{"high_pass_hz", json_number(filters.high_pass_hz, 3)},
                       {"low_pass_hz", json_number(filters.low_pass_hz, 3)},
                       {"notch_hz", json_number(filters.notch_hz, 3)}}},
          {"measurements", std::move(measurements)},
          {"statements", record.device_findings.statements}};
}

// How the record was read from a picture of paper; null when it was not.
OrderedJson paper_value(const EcgRecord& record) {
  if (!record.source.paper) return nullptr;
  const PaperSource& paper = *record.source.paper;
  return {{"reviewed", paper.reviewed},
          {"layout", paper.layout},
          {"mm_per_s", json_number(paper.mm_per_s, 2)},
          {"mm_per_mv", json_number(paper.mm_per_mv, 2)},
          {"quality_passed", paper.quality_passed},
          {"einthoven_residual", json_number(paper.einthoven_residual, 3)},
          {"goldberger_residual", json_number(paper.goldberger_residual, 3)},
          {"rhythm_residual", json_number(paper.rhythm_residual, 3)},
          {"pulse_mm", json_number(paper.pulse_mm, 2)},
          {"coverage", json_number(paper.coverage, 3)},
          {"mean_confidence", json_number(paper.mean_confidence, 3)}};
}

// Appends the measurements to `object`; nested in a screening, the lead quality stands beside it instead of
// inside.
void add_measurements(OrderedJson& object, const EcgRecord& record, const EcgFindings& findings,
                      bool with_quality) {
  object["sample_rate_hz"] = json_number(findings.sample_rate_hz, 6);
  object["duration_s"] = json_number(record.duration_s(), 3);
  object["simulated"] = record.source.simulated;
  for (const char* id : kAlwaysMeasured) object[id] = nullptr;
  OrderedJson why_unknown = OrderedJson::object();
  for (const Measurement& measurement : findings.measurements) {
    object[measurement.id] =
        json_number(measurement.value, measurement.unit == "mV" ? 3 : measurement.digits + 1);
    if (!measurement.why_unknown.empty()) why_unknown[measurement.id] = measurement.why_unknown;
  }
  object["why_unknown"] = std::move(why_unknown);
  object["rhythm"] = rhythm_name(findings.rhythm);
  object["rhythm_text"] = findings.rhythm_text;
  object["criteria"] = criteria_value(findings);
  object["amplitudes"] = amplitudes_value(findings);
  OrderedJson classes = OrderedJson::array();
  for (const Beat& beat : findings.beats) classes.push_back(beat_class_name(beat.beat_class));
  object["beat_classes"] = std::move(classes);
  object["fiducials"] = fiducials_by_lead(findings);
  if (with_quality) object["quality"] = quality_value(findings);
  object["warnings"] = findings.warnings;
  object["blocks_screening"] = findings.blocks_screening;
  object["notes"] = record.notes;
  object["format"] = record.source.format;
  object["paper"] = paper_value(record);
  object["device"] = device_value(record);
}

OrderedJson null_if_empty(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

OrderedJson answer_value(const Screening& screening) {
  return {{"phenotype", phenotype_name(screening.phenotype)},
          {"probability", json_number(screening.probability, kProbabilityDigits)},
          {"low", json_number(screening.low, kProbabilityDigits)},
          {"high", json_number(screening.high, kProbabilityDigits)},
          {"prior", json_number(screening.prior, kProbabilityDigits)},
          {"cannot_tell_because", null_if_empty(screening.cannot_tell_because)},
          {"headline", screening.headline},
          {"sentence", screening.sentence},
          {"target", null_if_empty(screening.target)},
          {"before", screening.before},
          {"prior_context", null_if_empty(screening.prior_context)},
          {"hf_probability", json_number(screening.hf_probability, kProbabilityDigits)},
          {"hf_low", json_number(screening.hf_low, kProbabilityDigits)},
          {"hf_high", json_number(screening.hf_high, kProbabilityDigits)},
          {"hf_prior", json_number(screening.hf_prior, kProbabilityDigits)},
          {"hf_prior_context", null_if_empty(screening.hf_prior_context)}};
}

OrderedJson next_step_value(const NextStep& next) {
  return {{"headline", next.headline},
          {"steps", next.steps},
          {"urgent", next.urgent},
          {"citation", null_if_empty(next.citation)},
          {"most_useful_test", null_if_empty(next.most_useful_test)}};
}

OrderedJson model_value(const ModelDescription& model) {
  return {{"id", model.id},
          {"title", model.title},
          {"version", model.version},
          {"precision", null_if_empty(model.precision)},
          {"licence", model.licence},
          {"card", model.card},
          {"training", model.training}};
}

void add_net(OrderedJson& object, const EcgNetFindings& net) {
  OrderedJson outputs = OrderedJson::object(), thresholds = OrderedJson::object(),
              flags = OrderedJson::object(), calls = OrderedJson::object();
  for (const NetOutput& output : net.outputs) {
    outputs[output.id] = json_number(output.probability, kProbabilityDigits);
    thresholds[output.id] = {{"screening", json_number(output.screening_threshold, kProbabilityDigits)},
                             {"confirming", json_number(output.confirming_threshold, kProbabilityDigits)}};
    const NetFlag flag = flag_of(output);
    if (flag != NetFlag::kNone) flags[output.id] = flag_name(flag);
    calls[output.id] = call_name(call_of(output));
  }
  object["outputs"] = std::move(outputs);
  object["flags"] = std::move(flags);
  object["calls"] = std::move(calls);
  object["thresholds"] = std::move(thresholds);
  OrderedJson composites = OrderedJson::object();
  for (const NetComposite& composite : net.composites) {
    composites[composite.id] = {{"title", composite.title},
                                {"probability", json_number(composite.probability, kProbabilityDigits)},
                                {"threshold", json_number(composite.threshold, kProbabilityDigits)},
                                {"sensitivity", json_number(composite.sensitivity, kProbabilityDigits)},
                                {"specificity", json_number(composite.specificity, kProbabilityDigits)},
                                {"members", composite.members},
                                {"source", composite.source}};
  }
  object["composites"] = std::move(composites);
  OrderedJson age = nullptr;
  if (net.age)
    age = {{"years", json_number(net.age->years, 1)},
           {"error_years", json_number(net.age->error_years, 1)},
           {"male_probability", json_number(net.age->male_probability, kProbabilityDigits)}};
  object["ecg_age"] = std::move(age);
  object["outlier"] = {{"score", json_number(net.outlier_score, 3)}, {"threshold", json_number(net.outlier_threshold, 3)}};
  object["partial_input"] = null_if_empty(net.partial_input);
  object["distrusted_because"] = null_if_empty(net.distrusted_because);
  object["not_run_because"] = null_if_empty(net.not_run_because);
}

}  // namespace

std::string error_json(std::string_view input, const Error& error) {
  OrderedJson object = header(input);
  object["error"] = {{"code", error_code_name(error.code)}, {"message", error.message}};
  return json_text(object);
}

std::string measure_json(std::string_view input, const EcgRecord& record, const EcgFindings& findings) {
  OrderedJson object = header(input);
  add_measurements(object, record, findings, true);
  object["disclaimer"] = kDisclaimer;
  return json_text(object);
}

std::string predict_json(std::string_view input, const EcgNetFindings& net, const ModelDescription& model) {
  OrderedJson object = header(input);
  object["model"] = net.model_id.empty() ? model.id : net.model_id;
  object["model_version"] = model.version;
  object["precision"] = null_if_empty(net.precision.empty() ? model.precision : net.precision);
  add_net(object, net);
  object["disclaimer"] = kDisclaimer;
  return json_text(object);
}

std::string screen_json(std::string_view input, const EcgRecord& record, const EcgFindings* findings,
                        const EcgNetFindings* net, const Screening& screening,
                        const std::vector<ModelDescription>& models) {
  OrderedJson object = header(input);
  object["answer"] = answer_value(screening);
  OrderedJson evidence = OrderedJson::array();
  for (const EvidenceItem& item : screening.evidence) evidence.push_back(evidence_value(item));
  object["evidence"] = std::move(evidence);
  object["next_step"] = next_step_value(screening.next_step);
  object["phenotypes"] = phenotypes_value(screening);
  object["scores"] = scores_value(screening);
  object["would_change"] = would_change_value(screening);
  object["fusion"] = fusion_value(screening);
  OrderedJson ecg = nullptr, quality = OrderedJson::array();
  if (findings) {
    ecg = OrderedJson::object();
    add_measurements(ecg, record, *findings, false);
    quality = quality_value(*findings);
  }
  if (net && findings) {
    OrderedJson network = {{"model", net->model_id}, {"precision", null_if_empty(net->precision)}};
    add_net(network, *net);
    ecg["network"] = std::move(network);
  }
  object["ecg"] = std::move(ecg);
  object["echo"] = echo_value(screening);
  object["quality"] = std::move(quality);
  OrderedJson described = OrderedJson::array();
  for (const ModelDescription& model : models) described.push_back(model_value(model));
  object["models"] = std::move(described);
  object["disclaimer"] = kDisclaimer;
  return json_text(object);
}

}  // namespace precordia
