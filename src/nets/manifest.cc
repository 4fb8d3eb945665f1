#include "nets/manifest.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace precordia {
namespace {

using Json = nlohmann::json;

constexpr int kManifestVersion = 1;
constexpr int kMostModels = 64, kMostLabels = 1000, kMostSamples = 1 << 20, kMostChannels = 4096;
constexpr int kMostTabular = 64, kMostPartial = 16, kMostTensor = 1 << 22, kMostEchoSide = 512;

// Reads fields of one JSON object and remembers the first one that was wrong, so that a parser reads as a list of fields.
class Fields {
 public:
  Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) complain("");
  }

  std::string text(const char* key, bool required = true) {
    const Json* value = at(key);
    if (value && value->is_string()) return value->get<std::string>();
    if (required || value) complain(key);
    return {};
  }
  double number(const char* key) {
    const Json* value = at(key);
    if (value && value->is_number() && std::isfinite(value->get<double>())) return value->get<double>();
    complain(key);
    return 0;
  }
  std::optional<double> optional_number(const char* key) {
    const Json* value = at(key);
    if (!value || value->is_null()) return std::nullopt;
    return number(key);
  }
  bool flag(const char* key) {   // absent = false
    const Json* value = at(key);
    if (value && !value->is_boolean()) complain(key);
    return value && value->is_boolean() && value->get<bool>();
  }
  int integer(const char* key, int most) {
    const double value = number(key);
    if (value >= 1 && value <= most && value == std::floor(value)) return static_cast<int>(value);
    complain(key);
    return 1;
  }
  const Json& array(const char* key, bool required = true) {
    static const Json none = Json::array();
    const Json* value = at(key);
    if (value && value->is_array()) return *value;
    if (required || value) complain(key);
    return none;
  }
  const Json& object(const char* key) {
    static const Json none = Json::object();
    const Json* value = at(key);
    if (value && value->is_object()) return *value;
    complain(key);
    return none;
  }
  bool has(const char* key) const { return at(key) != nullptr; }
  void complain(const char* key) {
    if (wrong_.empty()) wrong_ = where_ + (*key ? "." : "") + key;
  }
  void take(const Fields& inner) {
    if (wrong_.empty()) wrong_ = inner.wrong_;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  const Json* at(const char* key) const {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }
  const Json& object_;
  std::string where_, wrong_;
};

std::vector<std::string> texts(Fields& fields, const Json& array, const char* key) {
  std::vector<std::string> out;
  for (const Json& item : array) {
    if (!item.is_string()) fields.complain(key);
    else out.push_back(item.get<std::string>());
  }
  return out;
}

std::vector<Lead> leads(Fields& fields, const Json& array, const char* key) {
  std::vector<Lead> out;
  for (const std::string& name : texts(fields, array, key)) {
    const auto lead = lead_from_name(name);
    if (lead) out.push_back(*lead);
    else fields.complain(key);
  }
  return out;
}

LogisticCalibration calibration(Fields& parent, const std::string& where) {
  Fields fields(parent.object("calibration"), where + ".calibration");
  LogisticCalibration out;
  if (fields.text("kind") != "platt") fields.complain("kind");
  out.a = fields.number("a");
  out.b = fields.number("b");
  parent.take(fields);
  return out;
}

ModelFile model_file(Fields& fields) { return {fields.text("file"), fields.text("sha256")}; }

EcgModelInput parse_input(Fields& model, const std::string& where) {
  Fields fields(model.object("input"), where + ".input");
  EcgModelInput input;
  input.name = fields.text("name");
  input.sample_rate_hz = fields.number("sample_rate_hz");
  if (input.sample_rate_hz < 50 || input.sample_rate_hz > 2000) fields.complain("sample_rate_hz");
  input.leads = leads(fields, fields.array("leads"), "leads");
  const std::string unit = fields.text("unit");
  if (unit == "uV") input.units_per_mv = 1000;
  else if (unit != "mV") fields.complain("unit");
  const std::string layout = fields.text("layout", false), normalise = fields.text("normalise", false);
  input.samples_first = layout == "samples_leads";
  if (!layout.empty() && layout != "leads_samples" && !input.samples_first) fields.complain("layout");
  input.z_score = normalise == "z_score_per_lead";
  if (!normalise.empty() && normalise != "none" && !input.z_score) fields.complain("normalise");
  if (fields.optional_number("baseline_high_pass_hz").value_or(0) != 0) fields.complain("baseline_high_pass_hz");
  input.minimum_seconds = fields.number("minimum_seconds");
  input.missing_leads_allowed = leads(fields, fields.array("missing_leads_allowed", false), "missing_leads_allowed");
  const Json& shape = fields.array("shape");
  const size_t leads_at = input.samples_first ? 2 : 1, samples_at = input.samples_first ? 1 : 2;
  if (shape.size() == 3 && shape[0].is_number_integer() && shape[1].is_number_integer() && shape[2].is_number_integer() &&
      shape[0] == 1 && shape[leads_at] == input.leads.size() && shape[samples_at] >= 1 && shape[samples_at] <= kMostSamples &&
      shape[1].get<int64_t>() * shape[2].get<int64_t>() <= kMostTensor) {
    input.samples = shape[samples_at].get<int>();
  } else {
    fields.complain("shape");
  }
  model.take(fields);
  if (model.has("flags")) {
    Fields flags(model.object("flags"), where + ".flags");
    input.flags_name = flags.text("name");
    if (input.z_score) flags.complain("name");   // what a missing sample is after scaling would be undefined
    model.take(flags);
  }
  return input;
}

PartialInput parse_partial(Fields& model, const Json& json, const std::string& where) {
  Fields fields(json, where);
  PartialInput partial;
  partial.title = fields.text("title");
  partial.lost = fields.number("lost");
  partial.measured_on = fields.text("measured_on");
  if (!fields.has("leads") && !fields.has("any_missing_leads") && !fields.has("share_of_each_lead")) fields.complain("leads");
  if (fields.has("leads")) partial.leads = leads(fields, fields.array("leads"), "leads");
  if (fields.has("any_missing_leads")) partial.any_missing_leads = fields.integer("any_missing_leads", kLeadCount);
  if (fields.has("share_of_each_lead")) {
    partial.share_of_each_lead = fields.number("share_of_each_lead");
    partial.leads_at_once = fields.integer("leads_at_once", kLeadCount);
    if (!(partial.share_of_each_lead > 0 && partial.share_of_each_lead <= 1)) fields.complain("share_of_each_lead");
  }
  for (const Json& item : fields.array("composites", false)) {
    Fields composite(item, where + ".composites");
    partial.composites.push_back({composite.text("id"), composite.number("sensitivity"), composite.number("specificity")});
    fields.take(composite);
  }
  model.take(fields);
  return partial;
}

TabularInput parse_tabular(Fields& model, const std::string& where) {
  Fields fields(model.object("tabular"), where + ".tabular");
  TabularInput tabular;
  tabular.name = fields.text("name");
  const Json& values = fields.array("values");
  if (values.empty() || values.size() > kMostTabular) {
    fields.complain("values");
    model.take(fields);
    return tabular;
  }
  for (const Json& item : values) {
    Fields value(item, where + ".tabular.values");
    TabularInput::Value out;
    out.source = value.text("source");
    if (std::find(std::begin(kTabularSources), std::end(kTabularSources), out.source) == std::end(kTabularSources)) value.complain("source");
    out.mean = value.optional_number("mean").value_or(0);
    out.scale = value.optional_number("scale").value_or(1);
    if (out.scale == 0) value.complain("scale");
    out.required = value.flag("required");
    if (!out.required) out.missing = value.number("missing");
    tabular.values.push_back(out);
    fields.take(value);
  }
  model.take(fields);
  return tabular;
}

ModelLabel parse_label(Fields& model, const Json& json, const std::string& where) {
  Fields fields(json, where);
  ModelLabel label;
  label.id = fields.text("id");
  label.title = fields.text("title");
  label.reassuring = fields.flag("reassuring");
  label.calibration = calibration(fields, where);
  if (fields.has("threshold")) {
    Fields threshold(fields.object("threshold"), where + ".threshold");
    label.screening_threshold = threshold.optional_number("screening");
    label.confirming_threshold = threshold.optional_number("confirming");
    fields.take(threshold);
  }
  label.sensitivity_at_screening = fields.optional_number("sensitivity_at_screening");
  label.specificity_at_screening = fields.optional_number("specificity_at_screening");
  label.sensitivity_at_confirming = fields.optional_number("sensitivity_at_confirming");
  label.specificity_at_confirming = fields.optional_number("specificity_at_confirming");
  model.take(fields);
  return label;
}

ModelComposite parse_composite(Fields& model, const Json& json, const std::string& where, const EcgModel& of) {
  Fields fields(json, where);
  ModelComposite composite;
  composite.id = fields.text("id");
  composite.title = fields.text("title");
  composite.source = fields.text("source", false);
  for (const std::string& member : texts(fields, fields.array("members"), "members")) {
    int index = -1;
    for (size_t i = 0; i < of.labels.size(); ++i)
      if (of.labels[i].id == member) index = static_cast<int>(i);
    if (index < 0) fields.complain("members");
    else composite.members.push_back(index);
  }
  if (composite.members.empty()) fields.complain("members");
  composite.calibration = calibration(fields, where);
  composite.threshold = fields.number("threshold");
  composite.sensitivity = fields.number("sensitivity");
  composite.specificity = fields.number("specificity");
  model.take(fields);
  return composite;
}

// Sources and ranges are checked here, so that a model that is used is one that can be computed.
FusionModel parse_fusion(Fields& model, const Json& json, const std::string& where, const EcgModel& of) {
  Fields fields(json, where);
  FusionModel fusion;
  fusion.way = fields.text("way");
  if (fusion.way != "early" && fusion.way != "hybrid") fields.complain("way");
  fusion.composite = fields.text("composite");
  if (std::none_of(of.composites.begin(), of.composites.end(), [&](const ModelComposite& c) { return c.id == fusion.composite; }))
    fields.complain("composite");
  const Json& inputs = fields.array("inputs");
  if (inputs.size() > kMostTabular) fields.complain("inputs");
  else
    for (const Json& item : inputs) {
      Fields input(item, where + ".inputs");
      FusionModel::Input one{input.text("source"), input.number("mean"), input.number("scale"), input.number("weight")};
      const size_t colon = one.source.find(':');
      const std::string kind = one.source.substr(0, colon);
      if (colon == std::string::npos || std::find(std::begin(kFusionSources), std::end(kFusionSources), kind) == std::end(kFusionSources) ||
          (kind == "composite" && std::none_of(of.composites.begin(), of.composites.end(), [&](const ModelComposite& c) { return c.id == one.source.substr(colon + 1); })) ||
          (kind == "network" && std::none_of(of.labels.begin(), of.labels.end(), [&](const ModelLabel& l) { return l.id == one.source.substr(colon + 1); })))
        input.complain("source");
      if (!(one.scale > 0)) input.complain("scale");
      fields.take(input);
      fusion.inputs.push_back(std::move(one));
    }
  for (const Json& weight : fields.array("embedding", false)) {
    if (!weight.is_number() || !std::isfinite(weight.get<double>())) fields.complain("embedding");
    else fusion.embedding.push_back(weight.get<double>());
  }
  if ((fusion.way == "hybrid") != (fusion.embedding.size() == static_cast<size_t>(of.feature_channels) && of.feature_channels > 0) ||
      (fusion.way == "early" && !fusion.embedding.empty()))
    fields.complain("embedding");
  const auto share = [&](const char* key) {
    const double value = fields.number(key);
    if (!(value > 0 && value < 1)) fields.complain(key);
    return value;
  };
  fusion.intercept = fields.number("intercept");
  fusion.prevalence = share("prevalence");
  fusion.threshold = share("threshold");
  fusion.auc = share("auc");
  fusion.tested_on = fields.text("tested_on");
  model.take(fields);
  return fusion;
}

KnownAnswer parse_known_answer(Fields& model, const Json& json, const std::string& where, size_t labels) {
  Fields fields(json, where);
  KnownAnswer answer;
  answer.input = model_file(fields);
  answer.description = fields.text("description");
  for (const auto& [precision, values] : fields.object("logits").items()) {
    std::vector<double> logits;
    if (values.is_array())
      for (const Json& value : values)
        if (value.is_number()) logits.push_back(value.get<double>());
    if (logits.size() != labels) fields.complain("logits");
    answer.logits_by_precision.emplace_back(precision, std::move(logits));
  }
  for (const auto& [precision, value] : fields.object("tolerance").items()) {
    if (value.is_number() && value.get<double>() > 0) answer.tolerance_by_precision.emplace_back(precision, value.get<double>());
    else fields.complain("tolerance");
  }
  model.take(fields);
  return answer;
}

// An output says its role; without one, the first shapes that fit are the logits and the features.
void parse_outputs(Fields& fields, EcgModel& model, const std::string& where) {
  for (const Json& item : fields.array("outputs")) {
    Fields output(item, where + ".outputs");
    const std::string name = output.text("name");
    std::string role = output.text("role", false);
    const Json& shape = output.array("shape");
    for (const Json& extent : shape)
      if (!extent.is_number_integer() || extent < 1 || extent > kMostSamples) output.complain("shape");
    if (output.wrong().empty()) {
      if (role.empty()) role = shape.size() == 3 ? "features" : "logits";
      const bool row = shape.size() == 2;
      if (row && (role == "logits" || role == "probabilities") && shape[1] == model.labels.size() && model.logits_name.empty()) {
        model.logits_name = name;
        model.answers_probabilities = role == "probabilities";
      } else if (role == "features" && shape.size() == 3 && shape[1] <= kMostChannels && model.features_name.empty()) {
        model.features_name = name;
        model.feature_channels = shape[1].get<int>();
        model.feature_steps = shape[2].get<int>();
      } else if (role == "attention" && row && shape[1] == model.feature_steps) {   // named after the features
        model.attention_name = name;
      } else if (role == "person" && row && shape[1] == 2) {
        model.person_name = name;
      } else {
        output.complain("shape");
      }
    }
    fields.take(output);
  }
  if (model.logits_name.empty()) fields.complain("outputs");
}

PersonOutput parse_person(Fields& model, const std::string& where) {
  Fields fields(model.object("person"), where + ".person");
  PersonOutput person{fields.number("age_scale"), fields.number("age_offset"), fields.number("age_error_years")};
  model.take(fields);
  return person;
}

OutlierScore parse_outliers(Fields& model, const std::string& where) {
  Fields fields(model.object("outliers"), where + ".outliers");
  OutlierScore outliers{fields.number("threshold"), fields.number("false_alarms")};
  model.take(fields);
  return outliers;
}

std::vector<ModelArtefact> parse_artefacts(Fields& model, const std::string& where) {
  std::vector<ModelArtefact> out;
  for (const Json& item : model.array("artefacts")) {
    Fields artefact(item, where + ".artefacts");
    out.push_back({artefact.text("precision"), artefact.text("file"), artefact.text("sha256"), {}});
    out.back().providers = texts(artefact, artefact.array("providers"), "providers");
    model.take(artefact);
  }
  if (out.empty()) model.complain("artefacts");
  return out;
}

// What every entry has, whatever its task. Model: EcgModel or EchoModel.
template <typename Model>
void read_description(Fields& fields, Model& model, const std::string& where) {
  model.id = fields.text("id");
  model.task = fields.text("task");
  model.title = fields.text("title");
  model.version = fields.text("version");
  model.licence = fields.text("licence");
  model.card = fields.text("card");
  {
    Fields training(fields.object("training"), where + ".training");
    model.training = training.text("data");
    fields.take(training);
  }
  model.artefacts = parse_artefacts(fields, where);
}

Result<EchoModel> parse_echo_model(const Json& json, const std::string& where) {
  Fields fields(json, where);
  EchoModel model;
  read_description(fields, model, where);
  const auto is_shape = [](const Json& shape, std::initializer_list<int> wanted) {
    if (shape.size() != wanted.size()) return false;
    size_t i = 0;
    for (const int extent : wanted)
      if (!shape[i].is_number_integer() || shape[i] != extent) return false;
      else ++i;
    return true;
  };
  {
    Fields input(fields.object("input"), where + ".input");
    model.input_name = input.text("name");
    const Json& shape = input.array("shape");
    const bool square = shape.size() == 4 && shape[3].is_number_integer() && shape[3] >= 64 && shape[3] <= kMostEchoSide;
    if (square) model.side = shape[3].get<int>();
    if (!square || !is_shape(shape, {1, 1, model.side, model.side}) || model.side % kEchoProbe != 0) input.complain("shape");
    fields.take(input);
  }
  for (const Json& item : fields.array("outputs")) {
    Fields output(item, where + ".outputs");
    const std::string name = output.text("name"), role = output.text("role");
    const Json& shape = output.array("shape");
    if (role == "masks" && is_shape(shape, {1, 4, model.side, model.side})) model.masks_name = name;
    else if (role == "view" && is_shape(shape, {1, 3})) model.view_name = name;
    else if (role == "quality" && is_shape(shape, {1, 3})) model.quality_name = name;
    else output.complain("shape");
    fields.take(output);
  }
  if (model.masks_name.empty() || model.view_name.empty() || model.quality_name.empty()) fields.complain("outputs");
  {
    Fields error(fields.object("ef_sd_percent"), where + ".ef_sd_percent");
    model.single_plane_sd = error.number("single_plane");
    model.biplane_sd = error.number("biplane");
    if (!(model.single_plane_sd > 0) || !(model.biplane_sd > 0)) error.complain("single_plane");
    fields.take(error);
  }
  model.stills_only = fields.flag("stills_only");
  for (const Json& item : fields.array("known_answers"))
    model.known_answers.push_back(parse_known_answer(fields, item, where + ".known_answers", 4 * kEchoProbe * kEchoProbe));
  if (!fields.wrong().empty())
    return fail(ErrorCode::kModel, "The description of an echo network is incomplete, so it cannot be used.", fields.wrong());
  return model;
}

Result<EcgModel> parse_ecg_model(const Json& json, const std::string& where) {
  Fields fields(json, where);
  EcgModel model;
  read_description(fields, model, where);
  model.input = parse_input(fields, where);
  const Json& labels = fields.array("labels");
  if (labels.empty() || labels.size() > kMostLabels) fields.complain("labels");
  else
    for (const Json& item : labels) model.labels.push_back(parse_label(fields, item, where + ".labels"));
  parse_outputs(fields, model, where);
  if (fields.has("tabular")) model.tabular = parse_tabular(fields, where);
  if (!model.person_name.empty()) model.person = parse_person(fields, where);
  if (fields.has("outliers") && !model.features_name.empty()) model.outliers = parse_outliers(fields, where);
  const Json& partial = fields.array("partial_inputs", false);
  if (partial.size() > kMostPartial || (!partial.empty() && model.input.flags_name.empty())) fields.complain("partial_inputs");
  else
    for (const Json& item : partial) model.partial_inputs.push_back(parse_partial(fields, item, where + ".partial_inputs"));
  std::stable_sort(model.partial_inputs.begin(), model.partial_inputs.end(),
                   [](const PartialInput& a, const PartialInput& b) { return a.lost < b.lost; });
  if (!model.features_name.empty()) {
    Fields head(fields.object("head"), where + ".head");
    model.head = model_file(head);
    if (head.integer("rows", kMostLabels) != static_cast<int>(model.labels.size())) head.complain("rows");
    if (head.integer("columns", kMostChannels) != model.feature_channels) head.complain("columns");
    fields.take(head);
  }
  for (const Json& item : fields.array("composites", false))
    model.composites.push_back(parse_composite(fields, item, where + ".composites", model));
  const Json& fusion = fields.array("fusion", false);
  if (fusion.size() > 2) fields.complain("fusion");
  else
    for (const Json& item : fusion) model.fusion.push_back(parse_fusion(fields, item, where + ".fusion", model));
  for (const Json& item : fields.array("known_answers"))
    model.known_answers.push_back(parse_known_answer(fields, item, where + ".known_answers", model.labels.size()));
  if (!fields.wrong().empty())
    return fail(ErrorCode::kModel, "The description of an ECG network is incomplete, so it cannot be used.", fields.wrong());
  return model;
}

}  // namespace

const ModelArtefact* EcgModel::artefact(std::string_view precision) const {
  for (const ModelArtefact& a : artefacts)
    if (a.precision == precision) return &a;
  return nullptr;
}

const EcgModel* ModelManifest::find(std::string_view id) const {
  for (const EcgModel& model : models)
    if (model.id == id) return &model;
  return nullptr;
}

const EchoModel* ModelManifest::find_echo(std::string_view id) const {
  for (const EchoModel& model : echo_models)
    if (model.id == id) return &model;
  return nullptr;
}

Result<ModelManifest> parse_manifest(std::string_view json) {
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  Fields fields(root, "manifest");
  if (root.is_discarded() || !root.is_object() || fields.number("manifest_version") != kManifestVersion)
    return fail(ErrorCode::kModel, "The list of networks cannot be read, so no network can be used.", "manifest.json");
  const Json& entries = fields.array("models");
  if (!fields.wrong().empty() || entries.size() > kMostModels)
    return fail(ErrorCode::kModel, "The list of networks cannot be read, so no network can be used.", fields.wrong());
  ModelManifest manifest;
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string where = "models[" + std::to_string(i) + "]";
    Fields entry(entries[i], where);
    const std::string task = entry.text("task");
    const auto keep = [&](auto model, auto& list) {
      if (model) list.push_back(std::move(*model));
      else manifest.skipped.push_back("A network is left out, because its description is incomplete (" + model.error().detail + ").");
    };
    if (task == "ecg-classification") {
      keep(parse_ecg_model(entries[i], where), manifest.models);
    } else if (task == "echo-segmentation") {
      keep(parse_echo_model(entries[i], where), manifest.echo_models);
    } else {
      manifest.skipped.push_back("This version does not run networks for the task '" + task + "'.");
    }
  }
  return manifest;
}

}  // namespace precordia
