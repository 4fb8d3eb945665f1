#include "engine/examination.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

#include "base/text.h"
#include "base/version.h"
#include "echo/clip_reader.h"
#include "echo/simulated_clip.h"
#include "engine/echo_view.h"
#include "formats/pdf.h"
#include "formats/read_ecg.h"
#include "paper/decode_image.h"
#include "report/answer_words.h"
#include "report/echo_json.h"
#include "report/fhir.h"
#include "report/html.h"
#include "report/json.h"

namespace precordia {
namespace {

struct NamedCondition {
  const char* name;
  SimulatedCondition condition;
};
constexpr NamedCondition kConditions[] = {{"normal", SimulatedCondition::kNormal},
                                          {"lbbb", SimulatedCondition::kLeftBundleBranchBlock},
                                          {"lvh_strain", SimulatedCondition::kLvHypertrophyStrain},
                                          {"old_anterior_mi", SimulatedCondition::kOldAnteriorInfarction},
                                          {"af", SimulatedCondition::kAtrialFibrillation}};

constexpr double kShortestSeconds = 1.0;
constexpr double kSlowestRateHz = 80, kFastestRateHz = 20000;

Error not_ready() { return {ErrorCode::kWrongUsage, "There is no result yet: read and measure an ECG first.", ""}; }

// A record on which nothing can be measured is refused here, once, for every way in.
Result<void> check_usable(const EcgRecord& record) {
  if (record.lead_count() == 0)
    return fail(ErrorCode::kNotAnEcg, "This file holds no ECG lead that Precordia knows (I to aVF, V1 to V6).");
  if (!(record.sample_rate_hz >= kSlowestRateHz && record.sample_rate_hz <= kFastestRateHz))
    return fail(ErrorCode::kUnusable, format_text("This ECG was sampled at %.4g Hz; Precordia needs 80 Hz or more to measure it.",
                                                  record.sample_rate_hz));
  if (record.duration_s() < kShortestSeconds)
    return fail(ErrorCode::kUnusable, format_text("This ECG lasts %.2f s; at least one second is needed to measure anything.",
                                                  record.duration_s()));
  for (const auto& lead : record.mv) {
    float low = INFINITY, high = -INFINITY;
    for (float v : lead) {
      if (std::isnan(v)) continue;
      low = std::min(low, v);
      high = std::max(high, v);
    }
    if (high - low > 0.02f) return {};
  }
  return fail(ErrorCode::kUnusable,
              "Every lead of this ECG is flat or empty: check the electrodes and the cable, and record it again.");
}

std::optional<double> if_finite(double value) { return std::isfinite(value) ? std::optional(value) : std::nullopt; }

// The pixels of a picture file, or of the first page of a PDF that is a picture; `note` is for the user, empty as a rule.
Result<RgbImage> page_picture(std::span<const uint8_t> bytes, std::string& note) {
  note.clear();
  if (looks_like_image(bytes)) return decode_image(bytes);
  PRECORDIA_TRY(const PdfPicture picture, pdf_picture(bytes));
  if (picture.pages > 1) note = format_text("%zu pages of this PDF show pictures; the first one is used.", picture.pages);
  if (!picture.jpeg.empty()) return decode_image(picture.jpeg, picture.orientation);
  return image_from_pixels(picture.width, picture.height, 3, picture.rgb, picture.orientation);
}

PaperSource paper_source(const DigitisedPage& page, bool reviewed) {
  const PageQuality& q = page.quality;
  return {.reviewed = reviewed,
          .layout = shape_of(page.layout).name,
          .mm_per_s = page.mm_per_s,
          .mm_per_mv = page.mm_per_mv,
          .einthoven_residual = if_finite(q.einthoven_residual),
          .goldberger_residual = if_finite(q.goldberger_residual),
          .rhythm_residual = if_finite(q.rhythm_residual),
          .pulse_mm = q.pulse_mm,
          .coverage = q.coverage,
          .mean_confidence = q.mean_confidence,
          .quality_passed = q.passed};
}

// A WFDB header whose record line names segments ("record/3 ...", header(5)) brings further headers of the same recording.
bool is_multi_segment(const InputFile& header) {
  std::string_view text(reinterpret_cast<const char*>(header.bytes.data()), std::min<size_t>(header.bytes.size(), 4096));
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (line.empty() || line.front() == '#') continue;
    return split_blank(line).front().find('/') != std::string_view::npos;
  }
  return false;
}

// The files of one recording, the one to read first. Two people's files opened together must never become one person's result,
// nor may one of them vanish silently.
Result<void> lead_with_the_recording(std::vector<InputFile>& files) {
  if (files.size() < 2) return {};
  const auto is_header = [](const InputFile& file) { return ends_with_ignoring_case(file.name, ".hea"); };
  const bool wfdb = std::any_of(files.begin(), files.end(), is_header);
  std::vector<size_t> recordings;
  Evidence strongest = Evidence::kNone;
  size_t first = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    if (is_header(files[i]) && is_multi_segment(files[i])) {
      std::swap(files[0], files[i]);
      return {};
    }
    const Evidence evidence = strongest_evidence(files[i].bytes);
    const std::string name = lower_ascii(files[i].name);
    const bool table = name.ends_with(".csv") || name.ends_with(".txt") || name.ends_with(".tsv");
    // Next to a WFDB header, samples that happen to look like something are still samples.
    if (is_header(files[i]) || table || evidence == Evidence::kCertain || (evidence == Evidence::kLikely && !wfdb)) recordings.push_back(i);
    const Evidence rank = is_header(files[i]) ? Evidence::kCertain : wfdb && evidence == Evidence::kLikely ? Evidence::kPossible : evidence;
    if (rank > strongest) {
      strongest = rank;
      first = i;
    }
  }
  if (recordings.size() > 1)
    return fail(ErrorCode::kAmbiguous, format_text("These are %zu recordings (%s and %s%s): open one at a time.", recordings.size(),
                                                   printable_text(files[recordings[0]].name, 40).c_str(),
                                                   printable_text(files[recordings[1]].name, 40).c_str(),
                                                   recordings.size() > 2 ? " and more" : ""));
  const auto is_picture = [](const InputFile& file) { return looks_like_image(file.bytes); };
  if (recordings.empty() && std::count_if(files.begin(), files.end(), is_picture) > 1)
    return fail(ErrorCode::kAmbiguous, format_text("These are %zu pictures: open one page at a time.", files.size()));
  if (recordings.size() == 1) first = recordings[0];
  std::swap(files[0], files[first]);
  return {};
}

}  // namespace

Result<void> Examination::load_manifest(std::string_view json) {
  PRECORDIA_TRY(ModelManifest manifest, parse_manifest(json));
  manifest_ = std::move(manifest);
  heads_.clear();
  planned_ = nullptr;
  chosen_model_.clear();
  return {};
}

Result<void> Examination::add_head(std::string_view model_id, std::span<const uint8_t> bytes) {
  const EcgModel* model = manifest_.find(model_id);
  if (!model) return fail(ErrorCode::kWrongUsage, "There is no network with the id '" + std::string(model_id) + "'.");
  PRECORDIA_TRY(NetHead head, parse_head(*model, bytes));
  heads_.insert_or_assign(std::string(model_id), std::move(head));
  return {};
}

Result<void> Examination::choose_model(std::string_view model_id) {
  if (!manifest_.find(model_id))
    return fail(ErrorCode::kWrongUsage, "There is no network with the id '" + std::string(model_id) + "'.");
  chosen_model_ = model_id;
  return {};
}

void Examination::begin() {
  files_.clear();
  input_name_.clear();
  picture_.reset();
  prepared_.reset();
  decode_ms_ = 0;
  picture_note_.clear();
  page_.reset();
  record_.reset();
  profile_ = {};
  way_ = FusionWay::kLate;
  filter_ = {};
  findings_.reset();
  planned_ = nullptr;
  window_ = {};
  tabular_.clear();
  not_run_because_.clear();
  net_.reset();
  echo_.reset();
  building_.reset();
  screening_.reset();
}

void Examination::add_file(std::string name, std::vector<uint8_t> bytes) {
  files_.push_back({std::move(name), std::move(bytes)});
}

Result<void> Examination::read() {
  if (holds_picture()) {
    if (auto read = digitise_page({}); !read) return read;
    return accept_page(false);
  }
  if (files_.empty()) return fail(ErrorCode::kWrongUsage, "No file was given.");
  std::vector<InputFile> inputs;
  for (const HeldFile& file : files_) inputs.push_back({file.name, file.bytes});
  if (auto one = lead_with_the_recording(inputs); !one) return one;
  PRECORDIA_TRY(EcgRecord record, read_ecg(inputs));
  derive_limb_leads(record);
  if (auto usable = check_usable(record); !usable) return usable;
  input_name_ = inputs.front().name;
  files_.clear();   // the samples are all that is kept
  record_ = std::move(record);
  return {};
}

Result<void> Examination::add_pixels(std::string name, int width, int height, std::span<const uint8_t> rgba) {
  PRECORDIA_TRY(picture_, image_from_pixels(width, height, 4, rgba));
  prepared_.reset();
  input_name_ = std::move(name);
  return {};
}

bool looks_like_page(std::span<const uint8_t> bytes) { return looks_like_image(bytes) || pdf_shows_picture(bytes); }

bool Examination::holds_picture() const {
  return picture_ || (files_.size() == 1 && looks_like_page(files_.front().bytes));
}

Result<void> Examination::open_picture() {
  if (!holds_picture()) return fail(ErrorCode::kWrongUsage, "No picture was given.");
  page_.reset();
  if (picture_) return {};
  const auto start = std::chrono::steady_clock::now();
  PRECORDIA_TRY(picture_, page_picture(files_.front().bytes, picture_note_));
  decode_ms_ = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  input_name_ = files_.front().name;
  files_.clear();   // the pixels are all that is kept
  return {};
}

Result<PreparedPage*> Examination::prepare_page() {
  if (auto opened = open_picture(); !opened) return std::unexpected(opened.error());
  return &prepared_.emplace(picture_->width, picture_->height);
}

Result<void> Examination::digitise_page(const DigitiseOptions& options) {
  if (auto opened = open_picture(); !opened) return opened;
  PRECORDIA_TRY(page_, digitise(*picture_, options, prepared_page()));
  if (!picture_note_.empty()) page_->notes.push_back(picture_note_);
  return {};
}

Result<void> Examination::accept_page(bool reviewed) {
  if (!page_) return fail(ErrorCode::kWrongUsage, "No page has been read yet.");
  EcgRecord record = page_->record;
  derive_limb_leads(record);
  if (auto usable = check_usable(record); !usable) return usable;
  record.source.paper = paper_source(*page_, reviewed);
  record.notes.push_back(reviewed ? "Read from a picture of paper; the trace was checked by eye."
                                  : "Read from a picture of paper; nobody has checked the trace against it.");
  for (const std::string& note : page_->notes) record.notes.push_back(note);
  record_ = std::move(record);
  picture_.reset();
  prepared_.reset();
  page_.reset();
  return {};
}

Result<void> Examination::load_simulated(std::string_view condition) {
  for (const NamedCondition& known : kConditions) {
    if (condition != known.name) continue;
    SimulatedPatient patient;
    patient.condition = known.condition;
    record_ = simulate_patient(patient).record;
    input_name_ = "Simulated patient";
    return {};
  }
  return fail(ErrorCode::kWrongUsage, "There is no simulated patient called '" + std::string(condition) +
                                          "': choose normal, lbbb, lvh_strain, old_anterior_mi or af.");
}

Result<void> Examination::set_profile(std::string_view json) {
  PRECORDIA_TRY(profile_, parse_profile(json));
  return {};
}

Result<void> Examination::set_fusion(std::string_view way) {
  const auto found = fusion_from_name(way);
  if (!found) return fail(ErrorCode::kWrongUsage, "Fusion must be late, early or hybrid.");
  way_ = *found;
  return {};
}

PersonForRanges Examination::person() const {
  PersonForRanges person{profile_.age_years, profile_.sex};
  if (!person.age_years) person.age_years = record_->patient.age_years;
  if (!person.sex) person.sex = record_->patient.sex;
  return person;
}

Result<void> Examination::measure() {
  if (!record_) return fail(ErrorCode::kWrongUsage, "No ECG has been read yet.");
  findings_ = measure_ecg(*record_, person());
  screening_.reset();
  return {};
}

Result<bool> Examination::plan_network() {
  if (!record_ || !findings_) return fail(ErrorCode::kWrongUsage, "The ECG has not been measured yet.");
  planned_ = nullptr;
  net_.reset();
  not_run_because_.clear();
  if (manifest_.models.empty()) {
    network_failed("No ECG network is installed.");
    return false;
  }
  std::array<bool, kLeadCount> usable;
  for (int i = 0; i < kLeadCount; ++i) {   // a lead that only lacks samples (a printed page) is fine where it has some
    const LeadQuality& quality = findings_->quality[i];
    usable[i] = quality.usable || (quality.present && quality.problem == SignalProblem::kMissing);
  }
  // Unless one was chosen, the first answers; where it cannot, a later one that was measured on incomplete recordings may.
  std::string first_reason;
  for (const EcgModel& model : manifest_.models) {
    const bool first = &model == &manifest_.models.front();
    if (chosen_model_.empty() ? !first && model.partial_inputs.empty() : model.id != chosen_model_) continue;
    auto window = choose_window(*record_, usable, model);
    if (window) {
      auto tabular = prepare_tabular(tabular_values(), model);
      if (tabular) {
        window_ = std::move(*window);
        tabular_ = std::move(*tabular);
        planned_ = &model;
        return true;
      }
      if (first_reason.empty()) first_reason = tabular.error().message;
    } else if (first_reason.empty()) {
      first_reason = window.error().message;
    }
  }
  network_failed(first_reason);
  return false;
}

// What a network may ask for beside the signal (kTabularSources).
std::vector<KnownValue> Examination::tabular_values() const {
  const PersonForRanges who = person();
  std::vector<KnownValue> out = {{"age_years", who.age_years}, {"sex_male", std::nullopt}};
  if (who.sex) out.back().value = *who.sex == Sex::kMale ? 1.0 : 0.0;
  for (const char* source : kTabularSources)
    for (const Measurement& measurement : findings_->measurements)
      if (measurement.id == source) out.push_back({source, measurement.value});
  return out;
}

std::vector<float> Examination::network_tensor() const {
  return planned_ ? prepare_tensor(window_, *planned_) : std::vector<float>{};
}

std::vector<float> Examination::network_flags() const {
  return planned_ ? prepare_flags(window_, *planned_) : std::vector<float>{};
}

Result<void> Examination::network_answer(const NetAnswer& answer, std::string_view precision) {
  if (!planned_) return fail(ErrorCode::kWrongUsage, "No network was asked for.");
  static const NetHead no_head;
  const auto head = heads_.find(planned_->id);
  auto findings = interpret_outputs(*planned_, head == heads_.end() ? no_head : head->second, window_, answer, precision);
  if (!findings) {
    network_failed(findings.error().message);
    return std::unexpected(findings.error());
  }
  net_ = std::move(*findings);
  return {};
}

void Examination::network_failed(std::string sentence) {
  not_run_because_ = std::move(sentence);
  net_.emplace();
  net_->not_run_because = not_run_because_;
}

Result<void> Examination::take_clip(std::string name, EchoClip clip) {
  if (!echo_) echo_.emplace(manifest_.echo_models);
  return echo_->take(std::move(name), std::move(clip));
}

bool Examination::holds_clip() const { return files_.size() == 1 && looks_like_clip(files_.front().bytes); }

Result<void> Examination::read_clip() {
  std::vector<InputClipFile> inputs;
  for (const HeldFile& file : files_) inputs.push_back({file.name, file.bytes});
  auto clip = precordia::read_clip(inputs);
  std::string name = files_.empty() ? std::string() : files_.front().name;
  files_.clear();   // the frames are all that is kept
  if (!clip) return std::unexpected(clip.error());
  return take_clip(std::move(name), std::move(*clip));
}

Result<void> Examination::read_clip_in_pieces(std::string name, ByteSource& file) {
  auto clip = precordia::read_clip_in_pieces(file);
  if (!clip) return std::unexpected(clip.error());
  return take_clip(std::move(name), std::move(*clip));
}

void Examination::begin_clip(std::string name, std::string format, int expected_frames) {
  ClipSource source{.format = std::move(format)};
  if (expected_frames > 0) source.expected_frames = expected_frames;
  building_.emplace(std::move(source));
  building_name_ = std::move(name);
}

Result<void> Examination::push_clip(std::span<const uint8_t> rgba, int width, int height, double time_ms) {
  if (!building_) return fail(ErrorCode::kWrongUsage, "No clip was begun.");
  if (width <= 0 || height <= 0 || rgba.size() != static_cast<size_t>(width) * static_cast<size_t>(height) * 4)
    return fail(ErrorCode::kWrongUsage, "A frame has the wrong length.");
  return building_->add({width, height, 4, rgba, std::isfinite(time_ms) ? std::optional(time_ms) : std::nullopt});
}

Result<void> Examination::finish_clip() {
  if (!building_) return fail(ErrorCode::kWrongUsage, "No clip was begun.");
  auto clip = building_->finish();
  building_.reset();
  if (!clip) return std::unexpected(clip.error());
  return take_clip(std::move(building_name_), std::move(*clip));
}

Result<void> Examination::load_simulated_clips(std::string_view id) {
  const bool reduced = id == "echo_reduced";
  if (!reduced && id != "echo_preserved")
    return fail(ErrorCode::kWrongUsage, "There are no simulated clips called '" + std::string(id) + "': choose echo_reduced or echo_preserved.");
  for (const EchoView view : {EchoView::kApical4, EchoView::kApical2}) {
    SimulatedEcho heart;
    heart.view = view;
    heart.ef_percent = reduced ? 34 : 62;
    heart.heart_rate_bpm = reduced ? 84 : 72;
    heart.noise = 0.2;
    heart.seed = reduced ? 12 : 7;
    if (auto taken = take_clip(std::string("Simulated clip, ") + echo_view_name(view), simulate_echo(heart).clip); !taken) return taken;
  }
  input_name_ = "Simulated patient";
  return {};
}

std::string Examination::echo_json(std::string_view input) const {
  if (!echo_ || !echo_->findings()) return error_json(input, not_ready());
  std::vector<EchoSource> sources;
  for (size_t i = 0; i < echo_->clip_count(); ++i) sources.push_back({echo_->name(i), &echo_->clip(i)});
  return precordia::echo_json(input, sources, *echo_->findings(), echo_descriptions());
}

Result<void> Examination::fuse() {
  const std::optional<EchoEvidence> echo = echo_ ? echo_->evidence() : std::nullopt;
  if (!record_ && echo) {   // a clip alone
    static const EcgRecord no_record;
    screening_ = screen(profile_, no_record, nullptr, nullptr, &*echo);
    return {};
  }
  if (!record_ || !findings_) return fail(ErrorCode::kWrongUsage, "The ECG has not been measured yet.");
  screening_ = screen(profile_, *record_, &*findings_, net_ ? &*net_ : nullptr, echo ? &*echo : nullptr, way_);
  return {};
}

std::vector<ModelDescription> Examination::model_descriptions() const {
  std::vector<ModelDescription> out;
  for (const EcgModel& model : manifest_.models) {
    const bool ran = net_ && net_->model_id == model.id;
    out.push_back({model.id, model.title, model.version, ran ? net_->precision : "", model.licence, "models/" + model.card,
                   model.training});
  }
  if (echo_ && echo_->findings()) std::ranges::move(echo_descriptions(), std::back_inserter(out));
  return out;
}

std::vector<ModelDescription> Examination::echo_descriptions() const {
  int asked = 1;
  for (size_t clip = 0; clip < echo_->clip_count(); ++clip) asked = std::max(asked, echo_->networks_asked(clip));
  std::vector<ModelDescription> out;
  for (const EchoModel* model : echo_->networks().first(static_cast<size_t>(asked)))
    out.push_back({model->id, model->title, model->version, echo_->precision(), model->licence, "models/" + model->card, model->training});
  return out;
}

std::string Examination::input_summary() const { return record_ ? record_text(*record_) : ""; }

std::string Examination::screen_json(std::string_view input) const {
  if (!screening_) return error_json(input, not_ready());
  static const EcgRecord no_record;
  return precordia::screen_json(input, record_ ? *record_ : no_record, findings_ ? &*findings_ : nullptr, net_ ? &*net_ : nullptr, *screening_,
                                model_descriptions());
}

std::string Examination::measure_json(std::string_view input) const {
  if (!record_ || !findings_) return error_json(input, not_ready());
  return precordia::measure_json(input, *record_, *findings_);
}

std::string Examination::predict_json(std::string_view input) const {
  if (!net_) return error_json(input, not_ready());
  if (!net_->not_run_because.empty()) return error_json(input, Error{ErrorCode::kUnusable, net_->not_run_because, ""});
  for (const ModelDescription& model : model_descriptions())
    if (model.id == net_->model_id) return precordia::predict_json(input, *net_, model);
  return error_json(input, not_ready());
}

std::string Examination::answer_text() const {
  if (!screening_) return {};
  const std::string english = precordia::answer_text(*screening_);
  if (translator_.is_english()) return english;
  std::string text;  // line by line: the lines are what readers and the page rely on
  for (const std::string_view line : split(english, '\n')) {
    const bool listed = line.starts_with("- ");
    if (!line.empty()) text += std::string(listed ? "- " : "") + translator_(line.substr(listed ? 2 : 0)) + "\n";
  }
  return text;
}

bool Examination::keep_for_comparison() {
  if (!findings_ || !screening_) return false;
  earlier_ = examination_summary(*findings_, *screening_);
  return true;
}

Result<std::string> Examination::report_fhir(std::string_view date, std::string_view identity) const {
  if (!screening_) return std::unexpected(not_ready());
  static const EcgRecord no_record;
  PRECORDIA_TRY(TypedIdentity who, parse_identity(identity));
  return fhir_report(view_input(record_ ? *record_ : no_record), date, who);
}

std::string Examination::report_csv() const {
  static const EcgRecord no_record;
  return screening_ ? csv_report(view_input(record_ ? *record_ : no_record)) : std::string();
}

std::string Examination::record_csv() const {
  const auto written = export_record("csv", "ecg", false);
  return written ? std::string(written->front().bytes.begin(), written->front().bytes.end()) : std::string();
}

Result<std::vector<WrittenFile>> Examination::export_record(std::string_view format, std::string_view name, bool with_identity) const {
  if (!record_) return std::unexpected(not_ready());
  const EcgWriter* writer = find_writer(format);
  if (!writer) return fail(ErrorCode::kWrongUsage, "There is no format '" + printable_text(format, 20) + "' to write.");
  return writer->write(*record_, {with_identity, std::string(name)});
}

ViewInput Examination::view_input(const EcgRecord& drawn) const {
  ViewInput input;
  input.record = &drawn;
  input.filter = filter_;
  input.findings = findings_ ? &*findings_ : nullptr;
  input.net = net_ ? &*net_ : nullptr;
  input.screening = screening_ ? &*screening_ : nullptr;
  input.profile = profile_;
  input.file_name = input_name_.empty() && echo_ && echo_->clip_count() > 0 ? echo_->name(0) : input_name_;
  input.models = model_descriptions();
  input.earlier = earlier_ ? &*earlier_ : nullptr;
  if (echo_ && echo_->findings()) input.clips = report_clips(*echo_);
  return input;
}

std::string Examination::report_html(std::string_view date, std::string_view app_version, std::string_view identity) const {
  if (!record_ && !screening_) return {};
  static const EcgRecord no_record;
  ViewInput input = view_input(record_ ? *record_ : no_record);
  const auto who = parse_identity(identity);
  if (!who) return {};
  input.identity = *who;
  return html_report(input, std::string(date), std::string(app_version), translator_);
}

View Examination::view() const {
  if (!record_) return {};
  const EcgRecord drawn = filtered_for_display(*record_, filter_);
  View view = result_view(view_input(drawn));
  if (!translator_.is_english()) view.json = translated_json(view.json, translator_);
  return view;
}

}  // namespace precordia
