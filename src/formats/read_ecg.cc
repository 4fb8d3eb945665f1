// The front door. A format is one row in all_formats.cc; content that is something else which we can name is one row of
// `kForeign`, so that the user reads "this is a PDF" and not "not recognised".
#include "formats/read_ecg.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "formats/all_formats.h"
#include "formats/assemble.h"
#include "formats/wfdb.h"
#include "formats/zip.h"

namespace precordia {
namespace {

// Content that we can name but not read, by its first bytes or by a tag near the start.
struct ForeignContent {
  std::string_view signature;
  size_t offset;          // kAnywhere: within the first kilobytes, for text
  const char* sentence;   // what it is and what to do
};
constexpr size_t kAnywhere = static_cast<size_t>(-1);
using namespace std::string_view_literals;

constexpr ForeignContent kForeign[] = {
    {"\x89PNG\r\n"sv, 0, "This is a PNG picture, which is read only by itself: open it alone."},
    {"\xFF\xD8\xFF"sv, 0, "This is a JPEG picture, which is read only by itself: open it alone."},
    {"GIF8"sv, 0, "This is a GIF picture, which is read only by itself: open it alone."},
    {"II*\0"sv, 0, "This is a TIFF picture, which is not read; save it as PNG or JPEG, or open the ECG file itself."},
    {"MM\0*"sv, 0, "This is a TIFF picture, which is not read; save it as PNG or JPEG, or open the ECG file itself."},
    {"ftyphei"sv, 4, "This is a HEIC picture, as iPhones take them, which is not read here; save it as JPEG, or open the ECG file itself."},
    {"ftypmif1"sv, 4, "This is a HEIC picture, as iPhones take them, which is not read here; save it as JPEG, or open the ECG file itself."},
    {"WEBP"sv, 8, "This is a WebP picture, which is not read here; save it as PNG or JPEG, or open the ECG file itself."},
    {"ftyp"sv, 4, "This is a video; open an ECG file instead."},
    {"7z\xBC\xAF\x27\x1C"sv, 0, "This is a 7-Zip archive; unpack it and open the ECG file inside."},
    {"Rar!"sv, 0, "This is a RAR archive; unpack it and open the ECG file inside."},
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, 0, "This is a Word, Excel or other Office document; open the ECG file itself, not a report of it."},
    {"{\\rtf"sv, 0, "This is a text document (RTF); open the ECG file itself, not a report of it."},
    {"fLaC"sv, 0, "This is the signal file of a WFDB record; open its header (.hea) together with it."},
    {"MATLAB 5.0 MAT-file"sv, 0, "This is a MATLAB file of a kind that is not read. Export the ECG as WFDB, EDF or CSV instead."},
    {"\x89HDF\r\n"sv, 0, "This is an HDF5 or MATLAB 7.3 file; it is not read. Export the ECG as WFDB, EDF or CSV instead."},
    {"RIFF"sv, 0, "This is a sound or video file; open an ECG file instead."},
    {"\x7F" "ELF"sv, 0, "This is a program, not an ECG file."},
    {"<!doctype html"sv, kAnywhere, "This is a web page, not an ECG file."},
    {"<html"sv, kAnywhere, "This is a web page, not an ECG file."},
    {"<?xml"sv, kAnywhere, "This is an XML file, but of no ECG format that this program knows; export the ECG as HL7 aECG, DICOM or CSV instead."},
};

// Recorders whose own files nobody outside the maker can read: no description of them is public. Looked for last, in lower case,
// because a table or an XML file may name its recorder too.
struct SecretiveRecorder {
  std::string_view word;
  const char* sentence;
};
constexpr SecretiveRecorder kSecretiveRecorders[] = {
    {"mindray"sv, "This looks like a file of a Mindray recorder, whose own format is not public; export the ECG as DICOM, XML or PDF there."},
    {"benevision"sv, "This looks like a file of a Mindray recorder, whose own format is not public; export the ECG as DICOM, XML or PDF there."},
    {"mac2000"sv, "This looks like a file of a GE MAC 2000, whose own format is not public; send the ECG to MUSE or print it to PDF there."},
    {"mac 2000"sv, "This looks like a file of a GE MAC 2000, whose own format is not public; send the ECG to MUSE or print it to PDF there."},
    {"nihon kohden"sv, "This looks like a file of a Nihon Kohden recorder, whose own format is not public; export the ECG as DICOM, XML or PDF there."},
    {"nihonkohden"sv, "This looks like a file of a Nihon Kohden recorder, whose own format is not public; export the ECG as DICOM, XML or PDF there."},
};

// Text of the file's start in lower case and with UTF-16 zeros taken out, so that one search finds words in any encoding.
std::string start_of(std::span<const uint8_t> bytes) {
  std::string out;
  for (const uint8_t byte : bytes.first(std::min<size_t>(bytes.size(), 8192)))
    if (byte != 0) out += static_cast<char>(byte);
  return lower_ascii(out);
}

const char* foreign_content(std::span<const uint8_t> bytes) {
  const std::string_view content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string start = start_of(bytes);
  for (const auto& foreign : kForeign) {
    const bool found = foreign.offset == kAnywhere
                           ? start.find(foreign.signature) != std::string::npos
                           : content.size() > foreign.offset && content.substr(foreign.offset).starts_with(foreign.signature);
    if (found) return foreign.sentence;
  }
  return nullptr;
}

bool is_mat4(std::span<const uint8_t> bytes) {
  constexpr std::array<uint8_t, 4> kName = {'v', 'a', 'l', 0};
  return bytes.size() > 24 && bytes[0] == 30 && bytes[1] == 0 && std::equal(kName.begin(), kName.end(), bytes.begin() + 20);
}

std::string_view stem_of(std::string_view name) {
  const auto slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  return name.substr(0, name.find_last_of('.'));
}

// The user dropped a signal file first: the companion that is a WFDB header naming it, if there is one.
const InputFile* header_naming(std::span<const InputFile> files) {
  for (const auto& file : files.subspan(1)) {
    if (file.bytes.size() > kLargestWfdbHeaderBytes || !looks_like_wfdb_header(file.bytes)) continue;
    const std::string_view text(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size());
    const auto header = parse_wfdb_header(text);
    if (!header) continue;
    for (const auto& signal : header->signals)
      if (lower_ascii(signal.file_name) == lower_ascii(files[0].name)) return &file;
    if (header->multi_segment() && files.size() > 2 && stem_of(files[0].name).starts_with(header->record_name)) return &file;
  }
  return nullptr;
}

// The formats that share the strongest evidence.
struct Candidates {
  std::vector<const EcgFormat*> formats;
  Evidence evidence = Evidence::kNone;
};
Candidates best_formats(std::span<const uint8_t> bytes) {
  Candidates best;
  for (const auto& format : all_formats()) {
    if (format.at_most < best.evidence) continue;
    const Evidence evidence = format.evidence(bytes);
    if (evidence == Evidence::kNone || evidence < best.evidence) continue;
    if (evidence > best.evidence) best.formats.clear();
    best.evidence = evidence;
    best.formats.push_back(&format);
  }
  return best;
}

// Equal evidence: the one format that can decode the content has it; several make a question.
Result<DecodedEcg> decode_as_one_of(const std::vector<const EcgFormat*>& formats, std::span<const InputFile> files) {
  Result<DecodedEcg> first = formats[0]->decode(files);
  std::vector<std::string> fitting;
  if (first) fitting.push_back(formats[0]->name);
  for (size_t i = 1; i < formats.size(); ++i) {
    auto next = formats[i]->decode(files);
    if (!next) continue;
    fitting.push_back(formats[i]->name);
    if (!first) first = std::move(next);
  }
  if (fitting.size() < 2) return first;
  std::string choices = fitting[0];
  for (size_t i = 1; i < fitting.size(); ++i) choices += (i + 1 < fitting.size() ? ", " : " or ") + fitting[i];
  return fail(ErrorCode::kAmbiguous, "The content of " + printable_text(files[0].name) + " can be read as " + choices +
                                         "; export the ECG in another format so that it cannot be mistaken.");
}

}  // namespace

Evidence strongest_evidence(std::span<const uint8_t> bytes) {
  Evidence strongest = Evidence::kNone;
  for (const auto& format : all_formats())
    if (format.at_most > strongest) strongest = std::max(strongest, format.evidence(bytes));
  return strongest < Evidence::kLikely && foreign_content(bytes) ? Evidence::kNone : strongest;
}

Result<DecodedEcg> decode_ecg(std::span<const InputFile> files) {
  if (files.empty()) return fail(ErrorCode::kWrongUsage, "No file was given.");
  const std::string name = printable_text(files[0].name);
  if (files[0].bytes.empty()) return fail(ErrorCode::kEmptyInput, "The file " + name + " is empty; copy or export it again.");
  for (const auto& file : files)
    if (file.bytes.size() > kLargestFileBytes)
      return fail(ErrorCode::kTooLarge,
                  format_text("The file %s is larger than %d MB; a resting ECG is far smaller. Cut out the part you need.",
                              printable_text(file.name).c_str(), static_cast<int>(kLargestFileBytes >> 20)));

  const auto [formats, evidence] = best_formats(files[0].bytes);
  if (evidence >= Evidence::kLikely) return decode_as_one_of(formats, files);
  if (const char* sentence = foreign_content(files[0].bytes); sentence && !header_naming(files))
    return fail(ErrorCode::kNotRecognised, sentence, name);
  if (evidence == Evidence::kPossible) return decode_as_one_of(formats, files);

  if (const InputFile* header = header_naming(files)) {
    std::vector<InputFile> reordered = {*header};
    for (const auto& file : files)
      if (&file != header) reordered.push_back(file);
    return decode_wfdb_record(reordered);
  }
  const std::string start = start_of(files[0].bytes);
  for (const auto& recorder : kSecretiveRecorders)
    if (start.find(recorder.word) != std::string::npos) return fail(ErrorCode::kNotRecognised, recorder.sentence, name);
  if (is_mat4(files[0].bytes) || ends_with_ignoring_case(name, ".dat")) {
    const std::string header_name = printable_text(stem_of(files[0].name)) + ".hea";
    return fail(ErrorCode::kMissingCompanion,
                name + " looks like the signal file of a WFDB record; open its header " + header_name + " together with it.",
                header_name);
  }
  return fail(ErrorCode::kNotRecognised, "The content of " + name + " is no ECG format that this program reads (among them DICOM, SCP-ECG, "
                                         "HL7 aECG, EDF, WFDB, CSV and the XML of GE, Philips, Schiller and Mortara).");
}

Result<EcgRecord> read_ecg(std::span<const InputFile> files) {
  PRECORDIA_TRY(auto decoded, decode_ecg(files));
  return record_from_channels(std::move(decoded));
}

}  // namespace precordia
