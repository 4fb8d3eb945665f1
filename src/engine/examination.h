// The facade: one examination of one person, step by step. It does no I/O and never waits: the host (browser worker,
// command line, test) brings the files, runs the networks it is asked to run, and hands their outputs back.
//
//   load_manifest, add_head                 once
//   begin, add_file..., read | load_simulated | a picture of paper: digitise_page (as often as it is corrected), accept_page
//   measure, plan_network, [network_answer | network_failed], fuse, then any of the *_json, report_html and view
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/translate.h"
#include "ecg/ecg_findings.h"
#include "echo/clip_builder.h"
#include "engine/echo_examination.h"
#include "formats/write_ecg.h"
#include "fusion/screening.h"
#include "nets/ecg_network.h"
#include "nets/manifest.h"
#include "paper/digitise.h"
#include "paper/prepared_page.h"
#include "paper/image.h"
#include "report/view_json.h"
#include "signal/ecg_record.h"
#include "signal/filters.h"
#include "signal/simulated_patient.h"

namespace precordia {

class ByteSource;   // base/byte_source.h

// By its content: a picture file, or a PDF whose page is a picture.
bool looks_like_page(std::span<const uint8_t> bytes);

class Examination {
 public:
  Result<void> load_manifest(std::string_view json);
  const ModelManifest& manifest() const { return manifest_; }
  Result<void> add_head(std::string_view model_id, std::span<const uint8_t> bytes);
  // Which network answers: the first one of the manifest (or, of an incomplete recording, a later one that was measured on such)
  // unless chosen here. Error kWrongUsage for an unknown id.
  Result<void> choose_model(std::string_view model_id);

  // Forgets the person examined before: files, record, findings, profile.
  void begin();
  // Language of report_html and answer_text; the table is assets/languages.tsv. Everything else stays English.
  void set_language(std::string_view table, std::string_view language) { translator_ = Translator::read(table, language); }
  // The examination in hand becomes the one that later ones are compared with: the user says that it is the same person.
  bool keep_for_comparison();
  void forget_comparison() { earlier_.reset(); }
  void add_file(std::string name, std::vector<uint8_t> bytes);
  // Reads what was added. A picture of a page is digitised and taken as it is read, which the record's notes and JSON say.
  Result<void> read();

  // A picture instead of a file, for formats that only the browser decodes: four bytes a pixel.
  Result<void> add_pixels(std::string name, int width, int height, std::span<const uint8_t> rgba);
  // Whether what was added is a picture of a page, which digitise_page and accept_page read with somebody looking at it.
  bool holds_picture() const;
  // Reads the page, or reads it again as corrected. On an error of the digitiser the picture stays, so that corners can be set.
  Result<void> digitise_page(const DigitiseOptions& options);
  // For another processor to do the heavy steps of the next digitise_page beforehand; what it has begun is kept until the picture goes.
  Result<PreparedPage*> prepare_page();
  PreparedPage* prepared_page() { return prepared_ ? &*prepared_ : nullptr; }
  void drop_prepared_page() { prepared_.reset(); }
  const RgbImage* picture() const { return picture_ ? &*picture_ : nullptr; }
  const DigitisedPage* page() const { return page_ ? &*page_ : nullptr; }
  double decode_ms() const { return decode_ms_; }   // what it took to make pixels of the picture's file; 0 when they were given
  const std::string& input_name() const { return input_name_; }
  // The page as it is read becomes the record; the picture is dropped.
  Result<void> accept_page(bool reviewed);
  // Clips of an echocardiogram, instead of an ECG or beside one; begin() forgets them. Read by echo/clip_reader.h or decoded by the host.
  EchoExamination* echo() { return echo_ ? &*echo_ : nullptr; }
  const EchoExamination* echo() const { return echo_ ? &*echo_ : nullptr; }
  Result<void> take_clip(std::string name, EchoClip clip);
  bool holds_clip() const;    // whether the one file that was added is a clip beyond doubt; a still picture is none
  Result<void> read_clip();   // what was added, as one clip: a file, or pictures in the order of their names
  Result<void> read_clip_in_pieces(std::string name, ByteSource& file);   // for what reads_in_pieces() says so of
  // A clip that the host decodes, frame by frame. push_clip errors: those of ClipBuilder; after one nothing more is to be pushed.
  void begin_clip(std::string name, std::string format, int expected_frames);
  Result<void> push_clip(std::span<const uint8_t> rgba, int width, int height, double time_ms);
  Result<void> finish_clip();
  // Two simulated apical views of one heart: "echo_reduced" (ejection fraction 34 %) or "echo_preserved" (62 %).
  Result<void> load_simulated_clips(std::string_view id);
  std::string echo_json(std::string_view input) const;   // requires echo()->measure()
  Result<void> load_simulated(std::string_view condition);   // "normal", "lbbb", "lvh_strain", "old_anterior_mi", "af"
  Result<void> set_profile(std::string_view json);
  void set_display_filter(const DisplayFilter& filter) { filter_ = filter; }
  // How the evidence is put together: "late" (unless told), "early" or "hybrid". begin() goes back to late.
  Result<void> set_fusion(std::string_view way);

  Result<void> measure();
  // True when the record fits the chosen network; otherwise `not_run_because()` has the sentence and screening goes on without.
  Result<bool> plan_network();
  const std::string& not_run_because() const { return not_run_because_; }
  const EcgModel* planned_model() const { return planned_; }
  const EcgNetWindow& network_window() const { return window_; }
  std::vector<float> network_tensor() const;
  std::vector<float> network_flags() const;      // empty when the planned network takes none
  const std::vector<float>& network_tabular() const { return tabular_; }
  // The outputs of one run. On an error the screening goes on without the network and says why.
  Result<void> network_answer(const NetAnswer& answer, std::string_view precision);
  // The host could not run the network; `sentence` is shown.
  void network_failed(std::string sentence);
  // Of an ECG that was measured, of clips that were measured, or of both.
  Result<void> fuse();

  std::string input_summary() const;                       // "12 leads · 10.0 s · 500 Hz"
  std::string screen_json(std::string_view input) const;   // require fuse()
  std::string measure_json(std::string_view input) const;  // requires measure()
  std::string predict_json(std::string_view input) const;  // requires network_answer(); otherwise the error object
  // Empty when the identity is not that of parse_identity ("{}" for none).
  std::string report_html(std::string_view date, std::string_view app_version, std::string_view identity = "{}") const;
  // FHIR R4 Bundle; `identity` is the JSON of parse_identity, "{}" for none. `date` is an ISO day or empty.
  Result<std::string> report_fhir(std::string_view date, std::string_view identity) const;
  std::string report_csv() const;
  std::string answer_text() const;                         // for the accessible mirror: the answer in plain sentences
  std::string record_csv() const;                          // time_s,I,...,V6 in mV, empty = missing
  // The record as files of a format of formats/write_ecg.h ("edf"); without identity unless `with_identity`.
  Result<std::vector<WrittenFile>> export_record(std::string_view format, std::string_view name, bool with_identity) const;
  View view() const;

 private:
  ModelManifest manifest_;
  std::map<std::string, NetHead, std::less<>> heads_;
  std::string chosen_model_;
  struct HeldFile {
    std::string name;
    std::vector<uint8_t> bytes;
  };
  std::vector<HeldFile> files_;
  std::string input_name_;
  std::optional<RgbImage> picture_;
  double decode_ms_ = 0;
  std::string picture_note_;
  std::optional<PreparedPage> prepared_;
  std::optional<DigitisedPage> page_;
  Result<void> open_picture();
  std::optional<EcgRecord> record_;
  ClinicalProfile profile_;
  FusionWay way_ = FusionWay::kLate;
  DisplayFilter filter_;
  std::optional<EcgFindings> findings_;
  const EcgModel* planned_ = nullptr;
  EcgNetWindow window_;
  std::vector<float> tabular_;
  std::string not_run_because_;
  std::optional<EcgNetFindings> net_;
  std::optional<EchoExamination> echo_;
  std::optional<ClipBuilder> building_;
  std::string building_name_;
  std::optional<Screening> screening_;
  std::optional<ExaminationSummary> earlier_;
  Translator translator_;

  PersonForRanges person() const;
  std::vector<KnownValue> tabular_values() const;
  std::vector<ModelDescription> model_descriptions() const;
  std::vector<ModelDescription> echo_descriptions() const;   // of the networks that drew; the one that reads clips first
  ViewInput view_input(const EcgRecord& drawn) const;   // `drawn` must outlive the result
};

}  // namespace precordia
