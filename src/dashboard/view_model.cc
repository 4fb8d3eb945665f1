#include "dashboard/view_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "dashboard/json_reader.h"

namespace precordia::dashboard {

const char* const kLeadNames[kLeadCount] = {"I",  "II", "III", "aVR", "aVL", "aVF",
                                            "V1", "V2", "V3",  "V4",  "V5",  "V6"};

int lead_index(std::string_view name) {
  for (int lead = 0; lead < kLeadCount; ++lead) {
    if (name == kLeadNames[lead]) return lead;
  }
  return -1;
}

std::span<const float> ViewModel::values(Slice slice) const {
  if (slice.at > blob.size() || slice.n > blob.size() - slice.at) return {};
  return std::span<const float>(blob).subspan(slice.at, slice.n);
}

bool lead_is_bad(const ViewModel& view, int lead) {
  return std::any_of(view.quality.begin(), view.quality.end(), [lead](const LeadQualityView& quality) {
    return !quality.usable && lead_index(quality.lead) == lead;
  });
}

namespace {

// The value that belongs to a word; `fallback` for any other word.
template <typename Value, size_t kCount>
Value word(const Json& object, const char* key,
           const std::array<std::pair<const char*, Value>, kCount>& words, Value fallback) {
  const std::string written = text(object, key);
  for (const auto& [name, value] : words) {
    if (written == name) return value;
  }
  return fallback;
}

constexpr std::array<std::pair<const char*, Tone>, 4> kTones = {
    {{"calm", Tone::kCalm}, {"watch", Tone::kWatch}, {"act", Tone::kAct}, {"unknown", Tone::kUnknown}}};
constexpr std::array<std::pair<const char*, EvidenceScale>, 3> kScales = {
    {{"lvsd", EvidenceScale::kLvsd},
     {"hf", EvidenceScale::kHeartFailure},
     {"context", EvidenceScale::kContext}}};
constexpr std::array<std::pair<const char*, EvidenceDirection>, 3> kDirections = {
    {{"for", EvidenceDirection::kFor},
     {"against", EvidenceDirection::kAgainst},
     {"neutral", EvidenceDirection::kNeutral}}};
constexpr std::array<std::pair<const char*, RangeStatus>, 4> kStatuses = {
    {{"normal", RangeStatus::kNormal},
     {"low", RangeStatus::kLow},
     {"high", RangeStatus::kHigh},
     {"unknown", RangeStatus::kUnknown}}};
constexpr std::array<std::pair<const char*, NetworkFlag>, 3> kFlags = {
    {{"none", NetworkFlag::kNone},
     {"screening", NetworkFlag::kScreening},
     {"confirming", NetworkFlag::kConfirming}}};
constexpr std::array<std::pair<const char*, LeadOrigin>, 3> kOrigins = {{{"recorded", LeadOrigin::kRecorded},
                                                                         {"derived", LeadOrigin::kDerived},
                                                                         {"absent", LeadOrigin::kAbsent}}};
constexpr std::array<std::pair<const char*, BeatKind>, 5> kBeatKinds = {
    {{"dominant", BeatKind::kDominant},
     {"ventricular_ectopic", BeatKind::kVentricularEctopic},
     {"supraventricular_ectopic", BeatKind::kSupraventricularEctopic},
     {"paced", BeatKind::kPaced},
     {"unclassified", BeatKind::kUnclassified}}};

// A share of one, or unknown: numbers outside 0..1 are no probability.
std::optional<double> share(const Json& object, const char* key) {
  const std::optional<double> value = number(object, key);
  if (!value || *value < 0 || *value > 1) return std::nullopt;
  return value;
}

// Calls `read` for each object of a list, up to the limit.
template <typename Read>
void each(const Json& object, const char* key, Read read) {
  const Json& list = member(object, key);
  if (!list.is_array()) return;
  size_t count = 0;
  for (const Json& entry : list) {
    if (++count > kMaxListEntries) break;
    if (entry.is_object()) read(entry);
  }
}

Slice slice(const Json& object, const char* key, size_t blob_size) {
  const Json& where = member(object, key);
  const std::optional<double> at = number(where, "at"), n = number(where, "n");
  const double size = static_cast<double>(blob_size);
  if (!at || !n || *at < 0 || *n < 0 || *at > size || *n > size - *at) return {};
  return {static_cast<size_t>(*at), static_cast<size_t>(*n)};
}

InputView read_input(const Json& json) {
  InputView input;
  input.name = text(json, "name");
  input.format = text(json, "format");
  input.summary = text(json, "summary");
  input.patient = text(json, "patient");
  input.recorded_at = text(json, "recorded_at");
  input.simulated = flag(json, "simulated", false);
  input.notes = texts(json, "notes", kMaxListEntries);
  return input;
}

AnswerView read_answer(const Json& json) {
  AnswerView answer;
  answer.phenotype = text(json, "phenotype");
  answer.tone = word(json, "tone", kTones, Tone::kUnknown);
  answer.headline = text(json, "headline");
  answer.sentence = text(json, "sentence");
  answer.probability = share(json, "probability");
  answer.low = share(json, "low");
  answer.high = share(json, "high");
  if (answer.low && answer.high && *answer.low > *answer.high) answer.low = answer.high = std::nullopt;
  answer.prior = share(json, "prior");
  answer.target = text(json, "target");
  answer.prior_context = text(json, "prior_context");
  answer.before = text(json, "before");
  answer.hf_probability = share(json, "hf_probability");
  answer.hf_low = share(json, "hf_low");
  answer.hf_high = share(json, "hf_high");
  if (answer.hf_low && answer.hf_high && *answer.hf_low > *answer.hf_high)
    answer.hf_low = answer.hf_high = std::nullopt;
  answer.hf_prior = share(json, "hf_prior");
  answer.hf_prior_context = text(json, "hf_prior_context");
  answer.cannot_tell_because = text(json, "cannot_tell_because");
  return answer;
}

NextStepView read_next_step(const Json& json) {
  return {text(json, "headline"), texts(json, "steps", kMaxListEntries), flag(json, "urgent", false),
          text(json, "citation"), text(json, "most_useful_test")};
}

EvidenceView read_evidence(const Json& json) {
  EvidenceView item;
  item.id = text(json, "id");
  item.label = text(json, "label");
  item.value = text(json, "value");
  item.scale = word(json, "scale", kScales, EvidenceScale::kContext);
  item.direction = word(json, "direction", kDirections, EvidenceDirection::kNeutral);
  item.counted = flag(json, "counted", false);
  item.likelihood_ratio = number(json, "likelihood_ratio");
  item.decibans = number(json, "decibans");
  item.explanation = text(json, "explanation");
  item.citation = text(json, "citation");
  const Json& place = member(json, "place");
  for (const std::string& name : texts(place, "leads", kLeadCount))
    if (const int lead = lead_index(name); lead >= 0) item.leads |= 1u << lead;
  item.map = text(place, "map");
  item.marks = flag(place, "marks", false);
  item.clip = flag(place, "clip", false);
  return item;
}

MeasurementView read_measurement(const Json& json) {
  MeasurementView row;
  row.id = text(json, "id");
  row.label = text(json, "label");
  row.unit = text(json, "unit");
  row.text = text(json, "text");
  if (row.text.empty()) row.text = "–";
  row.normal = text(json, "normal");
  row.value = number(json, "value");
  row.status = word(json, "status", kStatuses, RangeStatus::kUnknown);
  row.why_unknown = text(json, "why_unknown");
  row.device = text(json, "device");
  return row;
}

CriterionView read_criterion(const Json& json) {
  return {text(json, "id"),      text(json, "label"),    text(json, "text"),        text(json, "cutoff"),
          text(json, "formula"), text(json, "citation"), text(json, "why_unknown"), maybe_flag(json, "met")};
}

// Scales a map to 0..1 in place; values that are no number count as nothing.
void normalise_relevance(std::span<float> relevance) {
  float largest = 1;
  for (float& value : relevance) {
    if (!std::isfinite(value) || value < 0) value = 0;
    largest = std::max(largest, value);
  }
  for (float& value : relevance) value /= largest;
}

NetworkView read_network(const Json& json, std::vector<float>& blob) {
  NetworkView network;
  network.model_id = text(json, "model_id");
  network.title = text(json, "title");
  network.precision = text(json, "precision");
  network.not_run_because = text(json, "not_run_because");
  network.distrusted_because = text(json, "distrusted_because");
  network.partial_input = text(json, "partial_input");
  network.person = text(json, "person");
  each(json, "outputs", [&](const Json& entry) {
    const std::optional<double> probability = share(entry, "probability");
    if (!probability) return;
    network.outputs.push_back({text(entry, "id"), text(entry, "group"), text(entry, "title"), *probability,
                               share(entry, "screening"), share(entry, "confirming"),
                               word(entry, "flag", kFlags, NetworkFlag::kNone)});
  });
  each(json, "maps", [&](const Json& entry) {
    const Slice where = slice(entry, "relevance", blob.size());
    const double start = number(entry, "start_s").value_or(0), step = number(entry, "step_s").value_or(0);
    if (where.n == 0 || step <= 0) return;
    normalise_relevance(std::span<float>(blob).subspan(where.at, where.n));
    network.maps.push_back({text(entry, "output_id"), text(entry, "title"), where, start, step,
                            flag(entry, "reassuring", false)});
  });
  return network;
}

FiducialsView read_fiducials(const Json& json) {
  return {whole_number(json, "p_on"), whole_number(json, "p_off"), whole_number(json, "qrs_on"),
          whole_number(json, "qrs_off"), whole_number(json, "t_off")};
}

// The twelve leads in standard order; one that the list does not name is absent.
std::vector<LeadView> read_leads(const Json& json, size_t blob_size, LeadOrigin origin_unless_told) {
  std::vector<LeadView> leads(kLeadCount);
  for (int lead = 0; lead < kLeadCount; ++lead) leads[static_cast<size_t>(lead)].name = kLeadNames[lead];
  each(json, "leads", [&](const Json& entry) {
    const int lead = lead_index(text(entry, "name"));
    if (lead < 0) return;
    LeadView& view = leads[static_cast<size_t>(lead)];
    view.trace = slice(entry, "trace", blob_size);
    view.origin =
        view.trace.n == 0 ? LeadOrigin::kAbsent : word(entry, "origin", kOrigins, origin_unless_told);
  });
  return leads;
}

EcgView read_ecg(const Json& json, size_t blob_size) {
  EcgView ecg;
  const double rate = number(json, "sample_rate_hz").value_or(0);
  if (rate > 0 && rate <= 1e6) ecg.sample_rate_hz = rate;
  ecg.samples = std::max(0, whole_number(json, "samples").value_or(0));
  ecg.leads = read_leads(json, blob_size, LeadOrigin::kRecorded);
  // The traces decide how much there is to draw, whatever `samples` says.
  size_t longest = 0;
  for (const LeadView& lead : ecg.leads) longest = std::max(longest, lead.trace.n);
  ecg.samples = static_cast<int>(std::min<size_t>(static_cast<size_t>(ecg.samples), longest));

  const Json& filter = member(json, "filter");
  ecg.filter.high_pass_hz = number(filter, "high_pass_hz").value_or(ecg.filter.high_pass_hz);
  ecg.filter.low_pass_hz = number(filter, "low_pass_hz").value_or(ecg.filter.low_pass_hz);
  ecg.filter.notch_hz = number(filter, "notch_hz").value_or(ecg.filter.notch_hz);

  each(json, "beats", [&](const Json& entry) {
    const std::optional<int> r = whole_number(entry, "r");
    if (!r || *r < 0 || *r >= ecg.samples) return;
    ecg.beats.push_back(
        {word(entry, "class", kBeatKinds, BeatKind::kUnclassified), *r, read_fiducials(entry)});
  });

  const Json& median = member(json, "median");
  ecg.median.r_index = whole_number(median, "r_index").value_or(0);
  ecg.median.beats_used = whole_number(median, "beats_used").value_or(0);
  ecg.median.leads = read_leads(median, blob_size, LeadOrigin::kRecorded);
  ecg.median.fiducials = read_fiducials(median);
  return ecg;
}

}  // namespace

Result<ViewModel> read_view(std::string_view json, std::vector<float> blob) {
  if (json.size() > kMaxViewBytes) {
    return fail(ErrorCode::kTooLarge, "The result is too large to be shown.",
                std::to_string(json.size()) + " bytes");
  }
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) {
    return fail(ErrorCode::kDamaged, "The result could not be read for display.", "view is no JSON object");
  }
  ViewModel view;
  view.version = text(root, "version");
  view.disclaimer = text(root, "disclaimer");
  view.rhythm = text(root, "rhythm");
  view.input = read_input(member(root, "input"));
  view.answer = read_answer(member(root, "answer"));
  view.next_step = read_next_step(member(root, "next_step"));
  each(root, "evidence", [&](const Json& entry) { view.evidence.push_back(read_evidence(entry)); });
  each(root, "phenotypes", [&](const Json& entry) {
    view.phenotypes.push_back({text(entry, "label"), text(entry, "note"), share(entry, "probability"), share(entry, "low"), share(entry, "high")});
  });
  each(root, "scores", [&](const Json& entry) {
    view.scores.push_back({text(entry, "title"), text(entry, "meaning"), text(entry, "reading"), text(entry, "citation"),
                           flag(entry, "applies", false), whole_number(entry, "points_low"), whole_number(entry, "points_high"),
                           whole_number(entry, "most_points").value_or(0), share(entry, "probability"), texts(entry, "missing", kMaxListEntries)});
  });
  each(root, "would_change", [&](const Json& entry) {
    const std::optional<double> against = share(entry, "if_against"), in_favour = share(entry, "if_for");
    if (against && in_favour)
      view.would_change.push_back({text(entry, "label"), word(entry, "scale", kScales, EvidenceScale::kLvsd), *against, *in_favour});
  });
  const Json& fusion = member(root, "fusion");
  view.fusion.method = text(fusion, "method");
  view.fusion.note = text(fusion, "note");
  each(fusion, "ways", [&](const Json& entry) {
    view.fusion.ways.push_back({text(entry, "way"), text(entry, "why_not"), share(entry, "probability"), share(entry, "low"), share(entry, "high")});
  });
  each(root, "comparison", [&](const Json& entry) {
    const std::string unit = text(entry, "unit"), change = text(entry, "change");
    const std::string label = text(entry, "label");
    view.comparison.push_back({unit.empty() ? label : label + " (" + unit + ")", text(entry, "before"), text(entry, "now"), change,
                               flag(entry, "beyond_chance", false), text(entry, "kind") == "text"});
  });
  each(root, "measurements",
       [&](const Json& entry) { view.measurements.push_back(read_measurement(entry)); });
  const Json& device = member(root, "device");
  view.device = {texts(device, "lines", kMaxListEntries), texts(device, "others", kMaxListEntries),
                 texts(device, "statements", kMaxListEntries)};
  each(root, "criteria", [&](const Json& entry) { view.criteria.push_back(read_criterion(entry)); });
  view.warnings = texts(root, "warnings", kMaxListEntries);
  each(root, "amplitudes", [&](const Json& entry) {
    view.amplitudes.push_back(
        {text(entry, "lead"), text(entry, "r"), text(entry, "s"), text(entry, "st"), text(entry, "t")});
  });
  each(root, "quality", [&](const Json& entry) {
    view.quality.push_back({text(entry, "lead"), flag(entry, "usable", true), text(entry, "issue")});
  });
  view.network = read_network(member(root, "network"), blob);
  view.ecg = read_ecg(member(root, "ecg"), blob.size());
  each(root, "models", [&](const Json& entry) {
    view.models.push_back({text(entry, "id"), text(entry, "title"), text(entry, "version"),
                           text(entry, "precision"), text(entry, "licence"), text(entry, "card"),
                           text(entry, "training")});
  });
  view.blob = std::move(blob);
  return view;
}

}  // namespace precordia::dashboard
