#include "report/view_json.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "base/version.h"
#include "report/answer_words.h"
#include "report/comparison.h"
#include "report/evidence_place.h"
#include "report/json_value.h"

namespace precordia {
namespace {

OrderedJson slice(std::vector<float>& blob, const std::vector<float>& samples) {
  OrderedJson where = {{"at", blob.size()}, {"n", samples.size()}};
  blob.insert(blob.end(), samples.begin(), samples.end());
  return where;
}

OrderedJson input_value(const ViewInput& input) {
  const EcgRecord& record = *input.record;
  return {
      {"name", input.file_name},
      {"format", record.source.format},
      {"summary", record_text(record)},
      {"patient", patient_text(input.profile.age_years ? input.profile.age_years : record.patient.age_years,
                               input.profile.sex ? input.profile.sex : record.patient.sex)},
      {"recorded_at", record.source.recorded_at},
      {"simulated", record.source.simulated},
      {"notes", record.notes}};
}

OrderedJson answer_value(const Screening& s) {
  return {{"phenotype", phenotype_name(s.phenotype)},
          {"tone", tone_of(s)},
          {"headline", s.headline},
          {"sentence", s.sentence},
          {"probability", json_number(s.probability, 4)},
          {"low", json_number(s.low, 4)},
          {"high", json_number(s.high, 4)},
          {"prior", json_number(s.prior, 4)},
          {"target", s.target},
          {"before", s.before},
          {"prior_context", s.prior_context},
          {"hf_probability", json_number(s.hf_probability, 4)},
          {"hf_low", json_number(s.hf_low, 4)},
          {"hf_high", json_number(s.hf_high, 4)},
          {"hf_prior", json_number(s.hf_prior, 4)},
          {"hf_prior_context", s.hf_prior_context},
          {"cannot_tell_because", s.cannot_tell_because}};
}

OrderedJson evidence_list(const ViewInput& input, const Screening& screening) {
  OrderedJson all = OrderedJson::array();
  for (const EvidenceItem& item : screening.evidence) {
    OrderedJson one = evidence_value(item);
    one["place"] = place_value(place_of(item, input.findings, input.net, !input.clips.empty()));
    all.push_back(std::move(one));
  }
  return all;
}

std::string device_text(const DeviceMeasurement& m) {
  return fixed_text(m.value, m.value == std::round(m.value) ? 0 : 1) + (m.unit.empty() ? "" : " " + unit_text(m.unit));
}

// The recorder's own number for one of our measurements. A QTc without a named formula stands beside Bazett's, as recorders use it.
const DeviceMeasurement* beside(const DeviceFindings& device, const std::string& id) {
  for (const DeviceMeasurement& m : device.measurements)
    if (m.id == id) return &m;
  if (id == "qtc_bazett_ms")
    for (const DeviceMeasurement& m : device.measurements)
      if (m.id == "qtc_ms") return &m;
  return nullptr;
}

// What the file states about the recording and its recorder, in lines that are final.
OrderedJson device_value(const EcgRecord& record, const EcgFindings& findings) {
  OrderedJson lines = OrderedJson::array(), others = OrderedJson::array();
  if (!record.source.device.empty()) lines.push_back(record.source.device);
  const RecordedFilters& filters = record.source.filters;
  std::string band;
  if (filters.high_pass_hz) band += " from " + fixed_text(*filters.high_pass_hz, 2) + " Hz";
  if (filters.low_pass_hz) band += " to " + fixed_text(*filters.low_pass_hz, 0) + " Hz";
  if (filters.notch_hz && *filters.notch_hz > 0) band += std::string(band.empty() ? "" : ",") + " notch " + fixed_text(*filters.notch_hz, 0) + " Hz";
  if (!band.empty()) lines.push_back("Recorded" + band);
  for (const DeviceMeasurement& m : record.device_findings.measurements) {
    const bool shown = std::any_of(findings.measurements.begin(), findings.measurements.end(), [&](const Measurement& ours) {
      return beside(record.device_findings, ours.id) == &m;
    });
    if (!shown) others.push_back(m.label + ": " + device_text(m));
  }
  return {{"lines", lines}, {"others", others}, {"statements", record.device_findings.statements}};
}

OrderedJson comparison_value(const ViewInput& input) {
  OrderedJson all = OrderedJson::array();
  if (!input.earlier || !input.findings || !input.screening) return all;
  for (const ComparedLine& line : compare(*input.earlier, examination_summary(*input.findings, *input.screening)))
    all.push_back({{"label", line.label}, {"unit", unit_text(line.unit)}, {"before", line.before}, {"now", line.now}, {"change", line.change},
                   {"beyond_chance", line.beyond_chance},
                   {"kind", line.is_text ? "text" : "number"}});
  return all;
}

OrderedJson measurements_value(const EcgFindings& findings, const DeviceFindings& device) {
  OrderedJson all = OrderedJson::array();
  for (const Measurement& m : findings.measurements) {
    const DeviceMeasurement* theirs = beside(device, m.id);
    all.push_back({{"id", m.id},
                   {"label", m.label},
                   {"unit", unit_text(m.unit)},
                   {"text", value_text(m)},
                   {"value", json_number(m.value, m.digits)},
                   {"normal", range_text(m)},
                   {"status", status_name(status_of(m))},
                   {"device", theirs ? "recorder: " + device_text(*theirs) : std::string()},
                   {"why_unknown", m.why_unknown}});
  }
  return all;
}

OrderedJson criteria_value(const EcgFindings& findings) {
  // The list shows its first few rows unasked: what is met comes first, each part in the order of the rules.
  std::vector<const Criterion*> order;
  for (const Criterion& c : findings.criteria) order.push_back(&c);
  std::stable_partition(order.begin(), order.end(), [](const Criterion* c) { return c->met.value_or(false); });
  OrderedJson all = OrderedJson::array();
  for (const Criterion* criterion : order) {
    const Criterion& c = *criterion;
    std::string text = "–";
    if (c.value) {
      text = fixed_text(*c.value, c.digits);
      if (!c.unit.empty()) text += " " + unit_text(c.unit);
    } else if (c.met) {
      text = *c.met ? "yes" : "no";
    }
    if (!c.detail.empty()) text += " (" + c.detail + ")";
    all.push_back({{"id", c.id},
                   {"label", c.label},
                   {"met", c.met ? OrderedJson(*c.met) : OrderedJson(nullptr)},
                   {"text", text},
                   {"cutoff", c.cutoff ? fixed_text(*c.cutoff, c.digits) : std::string()},
                   {"formula", c.formula},
                   {"citation", c.citation},
                   {"why_unknown", c.why_unknown}});
  }
  return all;
}

// One row per lead that was measured, in mV; what a lead's quality takes away is a dash.
OrderedJson amplitudes_value(const EcgFindings& findings) {
  OrderedJson all = OrderedJson::array();
  const auto text = [](std::optional<double> mv) { return mv ? fixed_text(*mv, 2) : std::string("–"); };
  for (int lead = 0; lead < kLeadCount; ++lead) {
    const LeadAmplitudes& a = findings.amplitudes[lead];
    if (!a.r_mv && !a.st_j_mv && !a.t_mv) continue;
    std::optional<double> r, s;
    if (a.r_mv) {
      r = std::max(*a.r_mv, a.r_prime_mv.value_or(0));
      s = a.qs ? a.q_mv.value_or(0) : a.s_mv.value_or(0);
    }
    all.push_back({{"lead", kLeadNames[lead]},
                   {"r", text(r)},
                   {"s", text(s)},
                   {"st", text(a.st_j_mv)},
                   {"t", text(a.t_mv)}});
  }
  return all;
}

OrderedJson quality_value(const EcgFindings& findings) {
  OrderedJson all = OrderedJson::array();
  for (int lead = 0; lead < kLeadCount; ++lead)
    all.push_back({{"lead", kLeadNames[lead]},
                   {"usable", findings.quality[lead].usable},
                   {"issue", findings.quality[lead].issue}});
  return all;
}

OrderedJson network_value(const EcgNetFindings& net, std::vector<float>& blob) {
  std::vector<const NetOutput*> order;
  std::vector<std::string> groups;  // in the order in which the network names them
  for (const NetOutput& output : net.outputs) {
    order.push_back(&output);
    if (std::find(groups.begin(), groups.end(), group_of(output.id)) == groups.end())
      groups.push_back(group_of(output.id));
  }
  const auto rank = [&](const NetOutput* output) {
    return std::find(groups.begin(), groups.end(), group_of(output->id)) - groups.begin();
  };
  std::stable_sort(order.begin(), order.end(), [&](const NetOutput* a, const NetOutput* b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return a->probability > b->probability;
  });
  OrderedJson outputs = OrderedJson::array(), maps = OrderedJson::array();
  for (const NetOutput* output : order) {
    outputs.push_back({{"id", output->id},
                       {"group", group_of(output->id)},
                       {"title", output->title},
                       {"probability", json_number(output->probability, 4)},
                       {"screening", json_number(output->screening_threshold, 4)},
                       {"confirming", json_number(output->confirming_threshold, 4)},
                       {"flag", flag_name(flag_of(*output))}});
  }
  for (const ClassActivationMap& map : net.maps) {
    const NetOutput* output = find_output(net, map.output_id);
    maps.push_back({{"output_id", map.output_id},
                    {"reassuring", map.reassuring},
                    {"title", output ? output->title : map.output_id},
                    {"relevance", slice(blob, map.relevance)},
                    {"start_s", json_number(map.start_s, 4)},
                    {"step_s", json_number(map.step_s, 6)}});
  }
  // The attention map last: it says where the network looked, not what for.
  if (net.attention)
    maps.push_back({{"output_id", "attention"},
                    {"reassuring", true},
                    {"title", "What the network read most, whatever for"},
                    {"relevance", slice(blob, net.attention->share)},
                    {"start_s", json_number(net.attention->start_s, 4)},
                    {"step_s", json_number(net.attention->step_s, 6)}});
  return {{"model_id", net.model_id},
          {"title", net.title},
          {"precision", net.precision},
          {"not_run_because", net.not_run_because},
          {"distrusted_because", net.distrusted_because},
          {"partial_input", net.partial_input},
          {"person", net.age ? ecg_age_text(*net.age) : ""},
          {"outputs", outputs},
          {"maps", maps}};
}

const char* origin_name(LeadOrigin origin) {
  switch (origin) {
    case LeadOrigin::kAbsent: return "absent";
    case LeadOrigin::kRecorded: return "recorded";
    case LeadOrigin::kDerived: return "derived";
  }
  return "absent";
}

OrderedJson boundaries(const BeatFiducials& f) {
  return {{"p_on", json_index(f.p_on)},
          {"p_off", json_index(f.p_off)},
          {"qrs_on", json_index(f.qrs_on)},
          {"qrs_off", json_index(f.qrs_off)},
          {"t_off", json_index(f.t_off)}};
}

OrderedJson ecg_value(const ViewInput& input, std::vector<float>& blob) {
  const EcgRecord& record = *input.record;
  OrderedJson leads = OrderedJson::array();
  for (int lead = 0; lead < kLeadCount; ++lead)
    leads.push_back({{"name", kLeadNames[lead]},
                     {"origin", origin_name(record.origin[lead])},
                     {"trace", slice(blob, record.mv[lead])}});
  OrderedJson beats = OrderedJson::array(), median = nullptr;
  if (input.findings) {
    for (const Beat& beat : input.findings->beats) {
      OrderedJson one = {{"class", beat_class_name(beat.beat_class)}, {"r", json_index(beat.global.r_peak)}};
      one.update(boundaries(beat.global));
      beats.push_back(std::move(one));
    }
    const RepresentativeBeat& representative = input.findings->representative;
    if (representative.beats_used > 0) {
      OrderedJson traces = OrderedJson::array();
      for (int lead = 0; lead < kLeadCount; ++lead)
        traces.push_back({{"name", kLeadNames[lead]}, {"trace", slice(blob, representative.mv[lead])}});
      median = {
          {"r_index", representative.r_index}, {"beats_used", representative.beats_used}, {"leads", traces}};
      median.update(boundaries(representative.global));
    }
  }
  return {{"sample_rate_hz", json_number(record.sample_rate_hz, 6)},
          {"samples", record.sample_count()},
          {"leads", leads},
          {"filter",
           {{"high_pass_hz", json_number(input.filter.high_pass_hz, 3)},
            {"low_pass_hz", json_number(input.filter.low_pass_hz, 3)},
            {"notch_hz", json_number(input.filter.notch_hz, 3)}}},
          {"beats", beats},
          {"median", median}};
}

OrderedJson models_value(const std::vector<ModelDescription>& models) {
  OrderedJson all = OrderedJson::array();
  for (const ModelDescription& m : models)
    all.push_back({{"id", m.id},
                   {"title", m.title},
                   {"version", m.version},
                   {"precision", m.precision},
                   {"licence", m.licence},
                   {"card", m.card},
                   {"training", m.training}});
  return all;
}

}  // namespace

View result_view(const ViewInput& input) {
  View view;
  const Screening none;
  const EcgFindings unmeasured;
  EcgNetFindings no_network;
  no_network.not_run_because = "No network was asked.";
  const Screening& screening = input.screening ? *input.screening : none;
  const EcgFindings& findings = input.findings ? *input.findings : unmeasured;

  OrderedJson json;
  json["version"] = kEngineVersion;
  json["disclaimer"] = kDisclaimer;
  json["input"] = input_value(input);
  json["profile"] = profile_value(input.profile);
  json["answer"] = answer_value(screening);
  json["next_step"] = {{"headline", screening.next_step.headline},
                       {"steps", screening.next_step.steps},
                       {"urgent", screening.next_step.urgent},
                       {"citation", screening.next_step.citation},
                       {"most_useful_test", screening.next_step.most_useful_test}};
  json["phenotypes"] = phenotypes_value(screening);
  json["scores"] = scores_value(screening);
  json["would_change"] = would_change_value(screening);
  json["fusion"] = fusion_value(screening);
  json["echo"] = echo_value(screening);
  json["comparison"] = comparison_value(input);
  json["evidence"] = evidence_list(input, screening);
  json["measurements"] = measurements_value(findings, input.record->device_findings);
  json["device"] = device_value(*input.record, findings);
  json["criteria"] = criteria_value(findings);
  json["amplitudes"] = amplitudes_value(findings);
  json["rhythm"] = findings.rhythm_text;
  json["warnings"] = findings.warnings;
  json["quality"] = quality_value(findings);
  json["network"] = network_value(input.net ? *input.net : no_network, view.blob);
  json["ecg"] = ecg_value(input, view.blob);
  json["models"] = models_value(input.models);
  view.json = json_text(json);
  return view;
}

namespace {

constexpr const char* kNotForTheEye[] = {"id",       "way",     "place",      "version", "phenotype", "tone",      "status", "scale", "direction", "cluster", "flag", "group",
                                         "output_id", "kind",   "class",     "origin",    "lead",   "name",  "format",    "precision", "licence", "card",
                                         "model_id", "sex",     "symptoms",  "ancestry",  "formula", "citation", "recorded_at", "training", "unit", "profile"};

void translate_texts(OrderedJson& value, const Translator& translator) {
  for (auto it = value.begin(); it != value.end(); ++it) {
    if (value.is_object() && std::find(std::begin(kNotForTheEye), std::end(kNotForTheEye), it.key()) != std::end(kNotForTheEye)) continue;
    if (it->is_string())
      *it = translator(it->get<std::string>());
    else if (it->is_structured())
      translate_texts(*it, translator);
  }
}

}  // namespace

std::string translated_json(const std::string& json, const Translator& translator) {
  OrderedJson root = OrderedJson::parse(json, nullptr, false);
  if (root.is_discarded()) return json;
  translate_texts(root, translator);
  return json_text(root);
}

}  // namespace precordia
