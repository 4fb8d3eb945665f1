// The engine as JavaScript sees it (class `Engine`, WebAssembly only). Everything that can fail returns JSON text:
// {"ok":true,...} or {"error":{"code","message","detail"}}. Arrays cross as fresh typed arrays, so nothing dangles when memory grows.
#include <emscripten/bind.h>
#include <emscripten/heap.h>
#include <emscripten/val.h>

#include <nlohmann/json.hpp>

#include "base/byte_source.h"
#include "base/version.h"
#include "echo/clip_reader.h"
#include "echo/echo_mask.h"
#include "engine/echo_view.h"
#include "engine/examination.h"
#include "engine/page_json.h"
#include "engine/page_view.h"
#include "formats/read_ecg.h"
#include "nets/echo_network.h"
#include "signal/resample.h"

namespace precordia {
namespace {

using emscripten::val;
using Json = nlohmann::json;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string outcome_of(const Error& error) {
  return text_of({{"error", {{"code", error_code_name(error.code)}, {"message", error.message}, {"detail", error.detail}}}});
}

std::string outcome_of(const Result<void>& result) {
  return result ? R"({"ok":true})" : outcome_of(result.error());
}

std::vector<uint8_t> bytes_of(const val& array) { return emscripten::convertJSArrayToNumberVector<uint8_t>(array); }
std::vector<float> floats_of(const val& array) { return emscripten::convertJSArrayToNumberVector<float>(array); }

// A file of the host: read(at, count) gives a Uint8Array, shorter where it cannot. Small pieces come out of a window, so that headers do not
// cost a call each.
class HostFile final : public ByteSource {
 public:
  HostFile(double size, val read) : size_(static_cast<size_t>(std::max(0.0, std::min(size, 4294967295.0)))), read_(std::move(read)) {}
  size_t size() const override { return size_; }
  Bytes part(size_t at, size_t count) override {
    at = std::min(at, size_), count = std::min(count, size_ - at);
    if (at < begin_ || at + count > begin_ + held_.size()) fetch(at, std::min(std::max(count, kWindow), size_ - at));
    return Bytes{held_}.part(at - begin_, count);
  }

 private:
  static constexpr size_t kWindow = 4096;
  void fetch(size_t at, size_t count) {
    const val piece = read_(static_cast<double>(at), static_cast<double>(count));
    held_.resize(std::min(count, piece["length"].as<size_t>()));
    val(emscripten::typed_memory_view(held_.size(), held_.data())).call<void>("set", piece.call<val>("subarray", 0, held_.size()));
    begin_ = at;
  }

  size_t size_ = 0, begin_ = 0;
  std::vector<uint8_t> held_;
  val read_;
};

val float_array(std::span<const float> values) {
  return val::global("Float32Array").new_(emscripten::typed_memory_view(values.size(), values.data()));
}

class Engine {
 public:
  std::string load_manifest(const std::string& json) {
    if (auto loaded = examination_.load_manifest(json); !loaded) return outcome_of(loaded.error());
    Json models = Json::array();
    for (const EcgModel& model : examination_.manifest().models) models.push_back(description(model));
    Json echo_models = Json::array();
    for (const EchoModel& model : examination_.manifest().echo_models) echo_models.push_back(description(model));
    return text_of({{"ok", true}, {"models", models}, {"echo_models", echo_models}, {"skipped", examination_.manifest().skipped}});
  }
  std::string add_head(const std::string& model_id, const val& bytes) {
    return outcome_of(examination_.add_head(model_id, bytes_of(bytes)));
  }
  std::string choose_model(const std::string& id) { return outcome_of(examination_.choose_model(id)); }
  std::string check_known_answer(const std::string& model_id, const std::string& precision, int index, const val& logits) {
    const EcgModel* model = examination_.manifest().find(model_id);
    const EchoModel* echo = examination_.manifest().find_echo(model_id);
    if (!model && !echo) return outcome_of(Error{ErrorCode::kWrongUsage, "There is no network with the id '" + model_id + "'.", ""});
    const std::vector<float> answer = model ? floats_of(logits) : probe_masks(*echo, floats_of(logits));
    const auto difference = precordia::check_known_answer(model ? model->known_answers : echo->known_answers, model_id,
                                                          static_cast<size_t>(index), precision, answer);
    if (!difference) return outcome_of(difference.error());
    return text_of({{"ok", true}, {"max_difference", *difference}});
  }

  void begin() { examination_.begin(); }
  void add_file(const std::string& name, const val& bytes) { examination_.add_file(name, bytes_of(bytes)); }
  std::string read() { return with_summary(examination_.read()); }
  // A picture of paper. digitise_page: {"ok":true,"skippable":bool,"prepared":bool}, or the digitiser's refusal while the picture stays for page_view.
  std::string add_pixels(const std::string& name, int width, int height, const val& rgba) {
    return outcome_of(examination_.add_pixels(name, width, height, bytes_of(rgba)));
  }
  // Whether this file would be one: a picture file, or a PDF whose page is a picture.
  bool is_page(const val& bytes) const { return looks_like_page(bytes_of(bytes)); }
  bool holds_picture() const { return examination_.holds_picture(); }
  // The steps of paper/prepared_page.h for web/webgpu_page.js. Each gives what the next one needs, or null where there is nothing to go on
  // with: digitise_page does without. `rgb` is the engine's own memory, to be read at once.
  val prepare_page() {
    const auto prepared = examination_.prepare_page();
    if (!prepared) return val::null();
    const RgbImage& picture = *examination_.picture();
    val out = val::object();
    out.set("width", picture.width);
    out.set("height", picture.height);
    out.set("working_width", (*prepared)->size().width);
    out.set("working_height", (*prepared)->size().height);
    out.set("rgb", val(emscripten::typed_memory_view(picture.rgb.size(), picture.rgb.data())));
    return out;
  }
  val page_take_ink(const val& grid_ink, const val& paper_green) {
    PreparedPage* prepared = examination_.prepared_page();
    if (!prepared || !prepared->take_ink(floats_of(grid_ink), floats_of(paper_green))) return val::null();
    const GridTiles& tiles = prepared->tiles();
    val out = val::object(), corners = val::array();
    for (const auto& [x, y] : tiles.corners) corners.call<void>("push", x, y);
    out.set("side", tiles.side);
    out.set("most", tiles.most);
    out.set("mean", tiles.mean);
    out.set("corners", corners);
    return out;
  }
  val page_take_spectra(const val& spectra) {
    PreparedPage* prepared = examination_.prepared_page();
    if (!prepared || !prepared->take_spectra(floats_of(spectra))) return val::null();
    const FlatPage& frame = prepared->frame();
    std::vector<float> nodes;
    for (const ImagePoint& p : frame.mapping.nodes) nodes.push_back(static_cast<float>(p.x)), nodes.push_back(static_cast<float>(p.y));
    const auto spans = prepared->spans();
    val out = val::object();
    out.set("columns", frame.mapping.columns);
    out.set("rows", frame.mapping.rows);
    out.set("nodes", float_array(nodes));
    out.set("cell_px", cell_px(frame));
    out.set("width", frame.ink.width);
    out.set("height", frame.ink.height);
    out.set("spans", val::global("Int32Array").new_(emscripten::typed_memory_view(2 * spans.size(), spans.empty() ? nullptr : spans.front().data())));
    return out;
  }
  bool page_take_flat(const val& ink) {
    PreparedPage* prepared = examination_.prepared_page();
    return prepared && prepared->take_flat(floats_of(ink));
  }
  void drop_prepared_page() { examination_.drop_prepared_page(); }
  // What the C++ twins of the page's kernels make of the picture that is open, after prepare_page: "ink", then "spectra", then "flat", each on
  // what the one before made. For tests.
  val page_twin(const std::string& step) {
    PreparedPage* prepared = examination_.prepared_page();
    if (!prepared) return val::null();
    InkPlanes ink = separate_ink(*examination_.picture());
    if (step == "ink") return float_array(ink.grid.value);
    if (step == "spectra") return float_array(tile_spectra(ink.grid, prepared->tiles()));
    clear_off_grid(prepared->lattice(), ink.trace);
    return float_array(precordia::read_flat(ink.trace, prepared->frame()).value);
  }
  std::string digitise_page(const std::string& options_json) {
    refusal_.clear();
    const auto options = page_options(options_json);
    if (!options) return outcome_of(options.error());
    const auto read = examination_.digitise_page(*options);
    if (!read) {
      refusal_ = read.error().message;
      return outcome_of(read.error());
    }
    const DigitisedPage& page = *examination_.page();
    return text_of({{"ok", true}, {"skippable", page.quality.passed && !page.review_recommended}, {"prepared", page.times.prepared}});
  }
  // After digitise_page and before accept_page: docs/command-line.md, `digitise`.
  std::string page_json(const std::string& input) const {
    if (!examination_.page()) return outcome_of(Error{ErrorCode::kWrongUsage, "No page has been read yet.", ""});
    return precordia::page_json(input, *examination_.page());
  }
  // Milliseconds of each step of the last digitise_page that succeeded, how many ways up were tried, and the picture's
  // size: {"decode": ..., "readings": n, "width": n, "height": n}.
  std::string page_times() const {
    if (!examination_.page()) return outcome_of(Error{ErrorCode::kWrongUsage, "No page has been read yet.", ""});
    const PageTimes& t = examination_.page()->times;
    return text_of({{"decode", examination_.decode_ms()}, {"ink", t.ink}, {"grid", t.grid}, {"flatten", t.flatten}, {"rows", t.rows},
                    {"plan", t.plan}, {"refine", t.refine}, {"algebra", t.algebra}, {"readings", t.readings}, {"prepared", t.prepared},
                    {"width", examination_.picture()->width}, {"height", examination_.picture()->height}});
  }
  std::string accept_page(bool reviewed) { return with_summary(examination_.accept_page(reviewed)); }
  val page_view() const {
    val out = val::object();
    if (!examination_.picture()) return val::null();
    const View view = precordia::page_view(examination_.input_name(), *examination_.picture(), examination_.page(), refusal_);
    out.set("json", view.json);
    out.set("blob", float_array(view.blob));
    return out;
  }
  val page_picture() const {
    if (!examination_.picture()) return val::null();
    const ScreenPicture picture = screen_picture(*examination_.picture());
    val out = val::object();
    out.set("width", picture.width);
    out.set("height", picture.height);
    out.set("rgba", val::global("Uint8Array").new_(emscripten::typed_memory_view(picture.rgba.size(), picture.rgba.data())));
    return out;
  }
  // Clips. read_clip takes the files that were added, read_clip_in_pieces asks read(at, count) -> Uint8Array, which must not throw, for one
  // of which reads_in_pieces() is true; a clip that the browser decodes comes frame by frame. All: {"ok":true,"clip":index,
  // "frames":n}. Then, for every reading of every clip that echo_request counts, echo_tensor and echo_answer; then echo_measure.
  bool holds_clip() const { return examination_.holds_clip(); }
  std::string read_clip() { return with_clip(examination_.read_clip()); }
  bool reads_in_pieces(const val& head) const { return precordia::reads_in_pieces(bytes_of(head)); }
  std::string read_clip_in_pieces(const std::string& name, double size, const val& read) {
    HostFile file(size, read);
    return with_clip(examination_.read_clip_in_pieces(name, file));
  }
  void begin_clip(const std::string& name, const std::string& format, int expected_frames) { examination_.begin_clip(name, format, expected_frames); }
  std::string push_clip(const val& rgba, int width, int height, double time_ms) {
    return outcome_of(examination_.push_clip(bytes_of(rgba), width, height, time_ms));
  }
  std::string finish_clip() { return with_clip(examination_.finish_clip()); }
  std::string echo_request() const {
    const EchoExamination* echo = examination_.echo();
    if (!echo || !echo->model()) return R"({"ok":true,"request":null})";
    Json clips = Json::array();
    for (size_t i = 0; i < echo->clip_count(); ++i)
      clips.push_back({{"name", echo->name(i)}, {"readings", echo->answers_wanted(i)}, {"answered", echo->answers(i)},
                       {"networks", echo->networks_asked(i)}, {"placements", echo->placements(i)}});
    Json networks = Json::array();
    for (const EchoModel* model : echo->networks())
      networks.push_back({{"model_id", model->id}, {"input_name", model->input_name}, {"shape", {1, 1, model->side, model->side}}});
    return text_of({{"ok", true}, {"request", {{"networks", networks}, {"clips", clips}}}});
  }
  val echo_tensor(int clip) const {
    const EchoExamination* echo = examination_.echo();
    return float_array(echo && clip >= 0 && static_cast<size_t>(clip) < echo->clip_count() ? echo->frame_tensor(static_cast<size_t>(clip)) : std::vector<float>{});
  }
  // The same for shaders/echo_frame.wgsl: {pixels, side}; null when every reading has been answered.
  val echo_frame(int clip) const {
    const EchoExamination* echo = examination_.echo();
    if (!echo || clip < 0 || static_cast<size_t>(clip) >= echo->clip_count()) return val::null();
    const std::vector<uint8_t> pixels = echo->frame_pixels(static_cast<size_t>(clip));
    if (pixels.empty()) return val::null();
    val out = val::object();
    out.set("pixels", val::global("Uint8Array").new_(emscripten::typed_memory_view(pixels.size(), pixels.data())));
    out.set("side", echo->clip(static_cast<size_t>(clip)).side);
    return out;
  }
  // outputs: {name: Float32Array}, as the manifest names them; with `packed` (Uint32Array, MaskSequence::add_packed) in place of the masks.
  std::string echo_answer(int clip, const val& outputs, const std::string& precision) {
    EchoExamination* echo = examination_.echo();
    if (!echo || clip < 0) return outcome_of(Error{ErrorCode::kWrongUsage, "No clip has been read yet.", ""});
    const auto take = [&](const std::string& name) {
      const val values = outputs[name];
      return values.isNull() || values.isUndefined() ? std::vector<float>{} : floats_of(values);
    };
    const EchoModel& model = echo->next_network(static_cast<size_t>(clip));
    const std::vector<float> masks = take(model.masks_name), view = take(model.view_name), quality = take(model.quality_name);
    const val packed = outputs["packed"];
    if (!packed.isUndefined()) {
      const std::vector<uint32_t> shares = emscripten::convertJSArrayToNumberVector<uint32_t>(packed);
      return outcome_of(echo->frame_answer_packed(static_cast<size_t>(clip), shares, {{}, view, quality}, precision));
    }
    return outcome_of(echo->frame_answer(static_cast<size_t>(clip), {masks, view, quality}, precision));
  }
  std::string echo_measure() {
    if (!examination_.echo()) return outcome_of(Error{ErrorCode::kWrongUsage, "No clip has been read yet.", ""});
    return outcome_of(examination_.echo()->measure());
  }
  // points: x0, y0, x1, y1, ... in pixels of the clip's frames, mitral plane over the apex to the mitral plane; none takes it back.
  std::string echo_set_contour(int clip, int frame, const val& points) {
    if (!examination_.echo() || clip < 0) return outcome_of(Error{ErrorCode::kWrongUsage, "No clip has been read yet.", ""});
    const std::vector<float> flat = floats_of(points);
    std::vector<EchoPoint> contour;
    for (size_t i = 0; i + 1 < flat.size(); i += 2) contour.push_back({flat[i], flat[i + 1]});
    return outcome_of(examination_.echo()->set_contour(static_cast<size_t>(clip), frame, std::move(contour)));
  }
  void echo_drop(int clip) {
    if (examination_.echo() && clip >= 0) examination_.echo()->drop(static_cast<size_t>(clip));
  }
  std::string echo_json(const std::string& input) const { return examination_.echo_json(input); }
  // Mask of one frame at the size of the source picture: {width, height, classes}; null where there is none.
  val echo_mask(int clip, int frame) const {
    const EchoExamination* echo = examination_.echo();
    if (!echo || clip < 0 || static_cast<size_t>(clip) >= echo->clip_count() || frame < 0 || frame >= echo->frames_answered(static_cast<size_t>(clip)))
      return val::null();
    const std::vector<uint8_t> classes = echo->source_mask(static_cast<size_t>(clip), frame);
    val out = val::object();
    out.set("width", echo->clip(static_cast<size_t>(clip)).source_width);
    out.set("height", echo->clip(static_cast<size_t>(clip)).source_height);
    out.set("classes", val::global("Uint8Array").new_(emscripten::typed_memory_view(classes.size(), classes.data())));
    return out;
  }
  // What the echo screen draws (engine/echo_view.h): {json, blob}, and the pixels that it points into; null before echo_measure.
  val echo_view() const {
    const EchoExamination* echo = examination_.echo();
    if (!echo || !echo->findings()) return val::null();
    const View view = precordia::echo_view(*echo);
    val out = val::object();
    out.set("json", view.json);
    out.set("blob", float_array(view.blob));
    return out;
  }
  val echo_pixels() const {
    const EchoExamination* echo = examination_.echo();
    if (!echo || !echo->findings()) return val::null();
    const std::vector<uint8_t> pixels = precordia::echo_pixels(*echo);
    return val::global("Uint8Array").new_(emscripten::typed_memory_view(pixels.size(), pixels.data()));
  }
  std::string load_simulated_clips(const std::string& id) { return outcome_of(examination_.load_simulated_clips(id)); }
  std::string load_simulated(const std::string& condition) { return with_summary(examination_.load_simulated(condition)); }
  std::string set_fusion(const std::string& way) { return outcome_of(examination_.set_fusion(way)); }
  std::string set_profile(const std::string& json) { return outcome_of(examination_.set_profile(json)); }
  void set_display_filter(double high_pass_hz, double low_pass_hz, double notch_hz) {
    examination_.set_display_filter({high_pass_hz, low_pass_hz, notch_hz});
  }
  std::string measure() { return outcome_of(examination_.measure()); }

  std::string network_request() {
    const auto planned = examination_.plan_network();
    if (!planned) return outcome_of(planned.error());
    Json out = {{"ok", true}, {"request", nullptr}, {"not_run_because", examination_.not_run_because()}};
    if (*planned) {
      const EcgModel& model = *examination_.planned_model();
      const auto leads = model.input.leads.size();
      const auto samples = static_cast<size_t>(model.input.samples);
      out["request"] = {{"model_id", model.id},
                        {"input_name", model.input.name},
                        {"shape", model.input.samples_first ? Json{1, samples, leads} : Json{1, leads, samples}},
                        {"flags_name", model.input.flags_name},
                        {"tabular_name", model.tabular ? model.tabular->name : ""},
                        // resample.wgsl makes complete rows in mV; anything else is prepared here
                        {"gpu_can_prepare", !examination_.network_window().partial && !model.input.samples_first &&
                                                !model.input.z_score && model.input.units_per_mv == 1}};
    }
    return text_of(out);
  }
  val network_tensor() const { return float_array(examination_.network_tensor()); }
  val network_flags() const { return float_array(examination_.network_flags()); }
  val network_tabular() const { return float_array(examination_.network_tabular()); }
  // What shaders/resample.wgsl needs to make the same tensor on the GPU.
  val network_window() const {
    val out = val::object();
    const EcgModel* model = examination_.planned_model();
    if (!model) return val::null();
    const EcgNetWindow& window = examination_.network_window();
    const ResamplingKernel kernel = resampling_kernel(window.sample_rate_hz, model->input.sample_rate_hz);
    out.set("signal", float_array(window.mv));
    out.set("leads", model->input.leads.size());
    out.set("input_samples", window.sample_count);
    out.set("output_samples", model->input.samples);
    out.set("from_hz", window.sample_rate_hz);
    out.set("to_hz", model->input.sample_rate_hz);
    out.set("step", kernel.step);
    out.set("half_width", kernel.half_width);
    out.set("table_per_sample", kernel.table_per_sample);
    out.set("table", float_array(kernel.table));
    return out;
  }
  // outputs: {name: Float32Array}, as the manifest names them
  std::string network_answer(const val& outputs, const std::string& precision) {
    const EcgModel* model = examination_.planned_model();
    if (!model) return outcome_of(Error{ErrorCode::kWrongUsage, "No network was asked for.", ""});
    const auto take = [&](const std::string& name) {
      const val values = name.empty() ? val::null() : outputs[name];
      return values.isNull() || values.isUndefined() ? std::vector<float>{} : floats_of(values);
    };
    const std::vector<float> logits = take(model->logits_name), features = take(model->features_name),
                             attention = take(model->attention_name), person = take(model->person_name);
    return outcome_of(examination_.network_answer({logits, features, attention, person}, precision));
  }
  void network_failed(const std::string& sentence) { examination_.network_failed(sentence); }
  std::string fuse() { return outcome_of(examination_.fuse()); }

  std::string screen_json(const std::string& input) const { return examination_.screen_json(input); }
  std::string measure_json(const std::string& input) const { return examination_.measure_json(input); }
  std::string predict_json(const std::string& input) const { return examination_.predict_json(input); }
  // identity: JSON of parse_identity, "{}" for none.
  std::string report_html(const std::string& date, const std::string& app_version, const std::string& identity) const {
    return examination_.report_html(date, app_version, identity);
  }
  std::string report_fhir(const std::string& date, const std::string& identity) const {
    const auto report = examination_.report_fhir(date, identity);
    return report ? text_of({{"ok", true}, {"text", *report}}) : outcome_of(report.error());
  }
  std::string report_csv() const { return examination_.report_csv(); }
  void set_language(const std::string& table, const std::string& language) { examination_.set_language(table, language); }
  bool keep_for_comparison() { return examination_.keep_for_comparison(); }
  void forget_comparison() { examination_.forget_comparison(); }
  std::string record_csv() const { return examination_.record_csv(); }
  // {error} as JSON text in `outcome`, or the files.
  val export_record(const std::string& format, const std::string& name, bool with_identity) const {
    val out = val::object();
    const auto written = examination_.export_record(format, name, with_identity);
    out.set("outcome", written ? std::string(R"({"ok":true})") : outcome_of(written.error()));
    val files = val::array();
    if (written) {
      for (const WrittenFile& file : *written) {
        val one = val::object();
        one.set("name", file.name);
        one.set("bytes", val::global("Uint8Array").new_(emscripten::typed_memory_view(file.bytes.size(), file.bytes.data())));
        files.call<void>("push", one);
      }
    }
    out.set("files", files);
    return out;
  }
  std::string answer_text() const { return examination_.answer_text(); }
  val view() const {
    const View view = examination_.view();
    val out = val::object();
    out.set("json", view.json);
    out.set("blob", float_array(view.blob));
    return out;
  }

 private:
  static Json description(const auto& model) {   // EcgModel or EchoModel
    Json precisions = Json::array();
    for (const ModelArtefact& artefact : model.artefacts) precisions.push_back(artefact.precision);
    return {{"id", model.id},           {"title", model.title},     {"version", model.version},   {"task", model.task},
            {"precisions", precisions}, {"licence", model.licence}, {"training", model.training}, {"card", model.card}};
  }
  std::string with_clip(const Result<void>& result) const {
    if (!result) return outcome_of(result.error());
    const EchoExamination& echo = *examination_.echo();
    const size_t clip = echo.clip_count() - 1;
    return text_of({{"ok", true}, {"clip", clip}, {"frames", echo.clip(clip).frame_count()}});
  }
  std::string with_summary(const Result<void>& result) const {
    if (!result) return outcome_of(result.error());
    return text_of({{"ok", true}, {"summary", examination_.input_summary()}});
  }
  Examination examination_;
  std::string refusal_;   // of the last digitise_page, for page_view
};

std::string engine_version() { return kEngineVersion; }
// What shaders/echo_masks.wgsl has to give, for the test that holds the two to each other.
val packed_shares_of(const val& logits) {
  const std::vector<uint32_t> shares = packed_shares(floats_of(logits));
  return val::global("Uint32Array").new_(emscripten::typed_memory_view(shares.size(), shares.data()));
}
// The formats that export_record writes: [{key, extension, title}].
std::string export_formats() {
  Json formats = Json::array();
  for (const EcgWriter& writer : all_writers())
    formats.push_back({{"key", writer.key}, {"extension", writer.extension}, {"title", writer.title}});
  return text_of(formats);
}
// What the form can hold: [{key, label, unit, kind, low, high, echo}] in the order of the table.
std::string form_fields() {
  Json fields = Json::array();
  for (const ProfileField& field : profile_fields())
    fields.push_back({{"key", field.key}, {"label", field.label}, {"unit", field.unit}, {"low", field.low}, {"high", field.high},
                      {"kind", field.kind == FieldKind::kNumber ? "number" : "yes_no"}, {"echo", field.echo != nullptr}});
  return text_of(fields);
}
// Whether this file is a clip that the engine reads by itself, by its content.
bool is_clip(const val& bytes) { return looks_like_clip(bytes_of(bytes)); }
// What the module has taken from the browser so far; it never gives any back.
double memory_bytes() { return static_cast<double>(emscripten_get_heap_size()); }
double largest_file_bytes() { return static_cast<double>(kLargestFileBytes); }

}  // namespace

EMSCRIPTEN_BINDINGS(precordia_engine) {
  emscripten::function("engine_version", &engine_version);
  emscripten::function("export_formats", &export_formats);
  emscripten::function("form_fields", &form_fields);
  emscripten::function("largest_file_bytes", &largest_file_bytes);
  emscripten::function("memory_bytes", &memory_bytes);
  emscripten::function("looks_like_clip", &is_clip);
  emscripten::function("packed_shares", &packed_shares_of);
  emscripten::class_<Engine>("Engine")
      .constructor<>()
      .function("load_manifest", &Engine::load_manifest)
      .function("add_head", &Engine::add_head)
      .function("choose_model", &Engine::choose_model)
      .function("check_known_answer", &Engine::check_known_answer)
      .function("begin", &Engine::begin)
      .function("add_file", &Engine::add_file)
      .function("read", &Engine::read)
      .function("add_pixels", &Engine::add_pixels)
      .function("is_page", &Engine::is_page)
      .function("holds_picture", &Engine::holds_picture)
      .function("prepare_page", &Engine::prepare_page)
      .function("page_take_ink", &Engine::page_take_ink)
      .function("page_take_spectra", &Engine::page_take_spectra)
      .function("page_take_flat", &Engine::page_take_flat)
      .function("drop_prepared_page", &Engine::drop_prepared_page)
      .function("page_twin", &Engine::page_twin)
      .function("digitise_page", &Engine::digitise_page)
      .function("page_json", &Engine::page_json)
      .function("page_times", &Engine::page_times)
      .function("accept_page", &Engine::accept_page)
      .function("page_view", &Engine::page_view)
      .function("page_picture", &Engine::page_picture)
      .function("holds_clip", &Engine::holds_clip)
      .function("read_clip", &Engine::read_clip)
      .function("reads_in_pieces", &Engine::reads_in_pieces)
      .function("read_clip_in_pieces", &Engine::read_clip_in_pieces)
      .function("begin_clip", &Engine::begin_clip)
      .function("push_clip", &Engine::push_clip)
      .function("finish_clip", &Engine::finish_clip)
      .function("echo_request", &Engine::echo_request)
      .function("echo_tensor", &Engine::echo_tensor)
      .function("echo_frame", &Engine::echo_frame)
      .function("echo_answer", &Engine::echo_answer)
      .function("echo_measure", &Engine::echo_measure)
      .function("echo_set_contour", &Engine::echo_set_contour)
      .function("echo_drop", &Engine::echo_drop)
      .function("echo_json", &Engine::echo_json)
      .function("echo_mask", &Engine::echo_mask)
      .function("echo_view", &Engine::echo_view)
      .function("echo_pixels", &Engine::echo_pixels)
      .function("load_simulated_clips", &Engine::load_simulated_clips)
      .function("load_simulated", &Engine::load_simulated)
      .function("set_profile", &Engine::set_profile)
      .function("set_fusion", &Engine::set_fusion)
      .function("set_display_filter", &Engine::set_display_filter)
      .function("measure", &Engine::measure)
      .function("network_request", &Engine::network_request)
      .function("network_tensor", &Engine::network_tensor)
      .function("network_flags", &Engine::network_flags)
      .function("network_tabular", &Engine::network_tabular)
      .function("network_window", &Engine::network_window)
      .function("network_answer", &Engine::network_answer)
      .function("network_failed", &Engine::network_failed)
      .function("fuse", &Engine::fuse)
      .function("screen_json", &Engine::screen_json)
      .function("measure_json", &Engine::measure_json)
      .function("predict_json", &Engine::predict_json)
      .function("report_html", &Engine::report_html)
      .function("report_fhir", &Engine::report_fhir)
      .function("report_csv", &Engine::report_csv)
      .function("set_language", &Engine::set_language)
      .function("keep_for_comparison", &Engine::keep_for_comparison)
      .function("forget_comparison", &Engine::forget_comparison)
      .function("record_csv", &Engine::record_csv)
      .function("export_record", &Engine::export_record)
      .function("answer_text", &Engine::answer_text)
      .function("view", &Engine::view);
}

}  // namespace precordia
