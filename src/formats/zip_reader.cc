#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "base/bytes.h"
#include "base/inflate.h"
#include "formats/wfdb.h"
#include "formats/zip.h"

namespace precordia {
namespace {

using namespace std::string_view_literals;

constexpr uint32_t kEndOfDirectory = 0x06054B50, kDirectoryEntry = 0x02014B50, kLocalHeader = 0x04034B50;
constexpr size_t kEndBytes = 22, kDirectoryEntryBytes = 46, kLocalHeaderBytes = 30, kLongestComment = 0xFFFF;
constexpr size_t kMostTrials = 16;   // recordings that are decoded to tell whether they are one

std::unexpected<Error> damaged(const char* what) {
  return fail(ErrorCode::kDamaged, "The ZIP archive is damaged or incomplete; copy it again.", what);
}

std::string_view base_name(std::string_view path) {
  const auto slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}
std::string_view folder_of(std::string_view path) { return path.substr(0, path.size() - base_name(path).size()); }

bool is_clutter(std::string_view name) {
  const auto base = base_name(name);
  return base.empty() || base.starts_with('.') || name.starts_with("__MACOSX/") || base == "Thumbs.db" || base == "desktop.ini";
}

bool is_archive(std::span<const uint8_t> bytes) {
  return zip_evidence(bytes) != Evidence::kNone || gzip_evidence(bytes) != Evidence::kNone;
}

// Where the end-of-central-directory record starts: the last one whose comment reaches exactly to the end of the file, or else
// the last one at all (some tools append bytes).
size_t find_end(const Bytes& file) {
  size_t last = file.size();
  const size_t lowest = file.size() > kEndBytes + kLongestComment ? file.size() - kEndBytes - kLongestComment : 0;
  for (size_t at = file.size() - kEndBytes + 1; at-- > lowest;) {
    if (file.u32(at) != kEndOfDirectory) continue;
    if (at + kEndBytes + file.u16(at + 20) == file.size()) return at;
    if (last == file.size()) last = at;
  }
  return last;
}

struct DirectoryEntry {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0, packed_bytes = 0, unpacked_bytes = 0, header_at = 0;
};

Result<std::vector<uint8_t>> unpack(const Bytes& file, const DirectoryEntry& entry, size_t most_bytes) {
  const std::string shown = printable_text(base_name(entry.name));
  if (entry.flags & 1)
    return fail(ErrorCode::kNotRecognised, "The file " + shown + " in this ZIP archive is encrypted; unpack it with its password first.");
  if (entry.method != 0 && entry.method != 8)
    return fail(ErrorCode::kNotRecognised, "The file " + shown + " in this ZIP archive is compressed by an unusual method; unpack it first.",
                format_text("method %d", entry.method));
  if (file.u32(entry.header_at) != kLocalHeader || !file.has(entry.header_at, kLocalHeaderBytes)) return damaged("local header");
  const size_t start = size_t{entry.header_at} + kLocalHeaderBytes + file.u16(entry.header_at + 26) + file.u16(entry.header_at + 28);
  if (!file.has(start, entry.packed_bytes)) return damaged("entry cut short");
  const auto packed = file.part(start, entry.packed_bytes).data;
  if (entry.unpacked_bytes > most_bytes || (entry.method == 0 && entry.packed_bytes > most_bytes))
    return fail(ErrorCode::kTooLarge, "This ZIP archive unpacks to more than an ECG can be; unpack it and open the ECG alone.");
  std::vector<uint8_t> out;
  if (entry.method == 0) {
    out.assign(packed.begin(), packed.end());
  } else {
    PRECORDIA_TRY(out, inflated(packed, DeflateForm::kRaw, most_bytes));
  }
  if (out.size() != entry.unpacked_bytes || crc32_of(out) != entry.crc) return damaged("CRC-32");
  return out;
}

Result<std::vector<DirectoryEntry>> read_directory(const Bytes& file) {
  if (file.size() < kEndBytes) return damaged("cut short");
  const size_t end = find_end(file);
  if (end == file.size()) return damaged("no central directory");
  const size_t count = file.u16(end + 10);
  size_t at = file.u32(end + 16);
  if (count > kMostZipEntries || file.u32(end + 16) == UINT32_MAX)
    return fail(ErrorCode::kTooLarge, "This ZIP archive holds too many files; unpack it and open the ECG alone.");
  std::vector<DirectoryEntry> entries;
  for (size_t i = 0; i < count; ++i) {
    if (!file.has(at, kDirectoryEntryBytes) || file.u32(at) != kDirectoryEntry) return damaged("central directory");
    const size_t name = file.u16(at + 28), extra = file.u16(at + 30), comment = file.u16(at + 32);
    if (!file.has(at + kDirectoryEntryBytes, name)) return damaged("central directory");
    entries.push_back({.name = std::string(file.text(at + kDirectoryEntryBytes, name)), .flags = file.u16(at + 8),
                       .method = file.u16(at + 10), .crc = file.u32(at + 16), .packed_bytes = file.u32(at + 20),
                       .unpacked_bytes = file.u32(at + 24), .header_at = file.u32(at + 42)});
    at += kDirectoryEntryBytes + name + extra + comment;
  }
  return entries;
}

// `entries[first]` with everything in its folder as its companions.
std::vector<InputFile> with_companions(const std::vector<ZipEntry>& entries, size_t first) {
  std::vector<InputFile> files = {{std::string(base_name(entries[first].name)), entries[first].bytes}};
  for (size_t i = 0; i < entries.size(); ++i)
    if (i != first && folder_of(entries[i].name) == folder_of(entries[first].name) && !is_archive(entries[i].bytes))
      files.push_back({std::string(base_name(entries[i].name)), entries[i].bytes});
  return files;
}

// The entries that may be recordings of their own: those with the strongest evidence, without the segments of a WFDB record.
std::vector<size_t> possible_recordings(const std::vector<ZipEntry>& entries) {
  std::vector<size_t> possible;
  std::vector<std::string> segments;
  Evidence strongest = Evidence::kPossible;
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& bytes = entries[i].bytes;
    if (bytes.empty() || is_archive(bytes)) continue;
    const Evidence evidence = strongest_evidence(bytes);
    if (evidence == Evidence::kNone || (evidence == Evidence::kPossible && strongest > Evidence::kPossible)) continue;
    if (evidence > Evidence::kPossible && strongest == Evidence::kPossible) possible.clear();
    strongest = std::max(strongest, std::min(evidence, Evidence::kLikely));
    possible.push_back(i);
    if (bytes.size() > kLargestWfdbHeaderBytes || !looks_like_wfdb_header(bytes)) continue;
    if (const auto header = parse_wfdb_header(Bytes{bytes}.text()))
      for (const auto& segment : header->segments)
        segments.push_back(std::string(folder_of(entries[i].name)) + segment.record_name + ".hea");
  }
  std::sort(segments.begin(), segments.end());
  std::erase_if(possible, [&](size_t i) { return std::binary_search(segments.begin(), segments.end(), entries[i].name); });
  return possible;
}

}  // namespace

Evidence zip_evidence(std::span<const uint8_t> bytes) {
  return Bytes{bytes}.text(0, 4) == "PK\x03\x04"sv ? Evidence::kCertain : Evidence::kNone;
}

Result<std::vector<ZipEntry>> unpack_zip(std::span<const uint8_t> bytes) {
  const Bytes file{bytes};
  PRECORDIA_TRY(const auto directory, read_directory(file));
  std::vector<ZipEntry> entries;
  size_t left = kMostUnpackedBytes;
  for (const auto& entry : directory) {
    if (entry.name == "[Content_Types].xml")
      return fail(ErrorCode::kNotRecognised, "This is an Office document, not an ECG file.");
    if (is_clutter(entry.name)) continue;
    PRECORDIA_TRY(auto unpacked, unpack(file, entry, left));
    left -= unpacked.size();
    entries.push_back({entry.name, std::move(unpacked)});
  }
  return entries;
}

Result<DecodedEcg> decode_zip(std::span<const InputFile> files) {
  PRECORDIA_TRY(const auto entries, unpack_zip(files[0].bytes));
  const auto possible = possible_recordings(entries);
  if (possible.empty()) {
    std::vector<std::string> names;
    for (const auto& entry : entries) names.push_back(printable_text(base_name(entry.name), 40));
    // A lone file that is no ECG, or an archive in the archive, says itself what it is.
    if (entries.size() == 1 && !entries[0].bytes.empty() && !is_archive(entries[0].bytes)) return decode_ecg(with_companions(entries, 0));
    return fail(ErrorCode::kNotRecognised, entries.empty() ? "This ZIP archive is empty."
                                                           : "This ZIP archive holds no ECG that this program reads (it holds " +
                                                                 listed(names, 6) + ").");
  }
  if (possible.size() == 1) return decode_ecg(with_companions(entries, possible[0]));

  std::optional<Result<DecodedEcg>> only;  // the first success, or else the first error
  std::vector<std::string> recordings;
  std::string detail;
  for (size_t k = 0; k < possible.size(); ++k) {
    const auto& name = entries[possible[k]].name;
    if (k < kMostTrials) {
      auto decoded = decode_ecg(with_companions(entries, possible[k]));
      const bool read = decoded.has_value();
      if (!only || (read && !*only)) only = std::move(decoded);
      if (!read) continue;
    }
    recordings.push_back(printable_text(base_name(name), 60));
    detail += (detail.empty() ? "" : "\n") + printable_text(name, 200);
  }
  if (recordings.size() < 2) return std::move(*only);
  return fail(ErrorCode::kAmbiguous,
              "This ZIP archive holds several recordings (" + listed(recordings, 6) + "); unpack it and open the one you want.", detail);
}

Evidence gzip_evidence(std::span<const uint8_t> bytes) {
  return Bytes{bytes}.text(0, 3) == "\x1F\x8B\x08"sv ? Evidence::kCertain : Evidence::kNone;
}

Result<DecodedEcg> decode_gzip(std::span<const InputFile> files) {
  const auto result = inflated(files[0].bytes, DeflateForm::kGzip, kMostUnpackedBytes);
  if (!result && result.error().code == ErrorCode::kDamaged)
    return fail(ErrorCode::kDamaged, "This gzip file is damaged or incomplete; copy it again.", result.error().detail);
  if (!result) return std::unexpected(result.error());
  const auto& unpacked = *result;
  if (is_archive(unpacked))
    return fail(ErrorCode::kNotRecognised, "This file is an archive in an archive; unpack it and open the ECG file inside.");
  std::string name = files[0].name;
  if (ends_with_ignoring_case(name, ".gz")) name.resize(name.size() - 3);
  std::vector<InputFile> inside = {{name, unpacked}};
  for (const auto& companion : files.subspan(1)) inside.push_back(companion);
  return decode_ecg(inside);
}

}  // namespace precordia
