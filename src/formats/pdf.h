// ECG pages in PDF: the traces that a report program drew as lines, read back to millivolts. Written from ISO 32000-1; only what
// such pages use. A page that is one picture is refused by name: it belongs to the digitiser of photographs.
//
//   pdf_objects.cc   bytes -> objects and their streams (found by scanning, so a broken cross-reference table does no harm)
//   pdf_page.cc      a page's content -> lines and texts in points
//   pdf_reader.cc    grid, speed and gain, rows and columns -> leads
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

// Hard limits; what is over one of them is refused or left out, never half drawn.
inline constexpr size_t kMostPdfObjects = 50000;
inline constexpr size_t kMostPdfStreamBytes = 32u << 20;   // of one stream, unpacked
inline constexpr size_t kMostPdfPoints = 1u << 21;         // of all lines of a page
inline constexpr size_t kMostPdfPages = 20;
inline constexpr int kDeepestPdfForm = 6;

struct PdfObject {
  std::string_view text;               // dictionary or value, without the stream
  std::span<const uint8_t> stream;     // still packed
};

struct PdfFile {
  std::map<int, PdfObject> objects;
  std::vector<std::vector<uint8_t>> unpacked;   // what objects inside object streams point into
  bool encrypted = false;

  // A reference "12 0 R" followed, any other text as it is.
  std::string_view resolved(std::string_view value) const;
  const PdfObject* referenced(std::string_view value) const;   // nullptr when it is no reference to an object that is there
  Result<std::vector<uint8_t>> stream_of(const PdfObject& object) const;
};

PdfFile scan_pdf(std::span<const uint8_t> bytes);

// The value of `key` ("/Type") in a dictionary's text, at its top level; empty when it is not there.
std::string_view pdf_value(std::string_view dictionary, std::string_view key);
// The references in "[3 0 R 4 0 R]" or in a lone "3 0 R".
std::vector<std::string_view> pdf_references(std::string_view value);

struct PdfPoint {
  double x = 0, y = 0;
};
struct PdfLine {
  std::vector<PdfPoint> points;
  uint32_t colour = 0;    // 0xRRGGBB of the stroke
};
struct PdfText {
  double x = 0, y = 0;
  std::string text;
};
struct PdfPage {
  std::vector<PdfLine> lines;   // stroked ones, in points
  std::vector<PdfText> texts;
  size_t images = 0;
};

Result<PdfPage> draw_pdf_page(const PdfFile& file, const PdfObject& page);

Evidence pdf_evidence(std::span<const uint8_t> bytes);
// Errors: kNotRecognised (encrypted; pages that are pictures; no trace), kAmbiguous (traces without lead names), kDamaged, kTooLarge.
Result<DecodedEcg> decode_pdf(std::span<const InputFile> files);

}  // namespace precordia
