// ECG pages in PDF: the traces that a report program drew as lines, read back to millivolts. Written from ISO 32000-1; only what
// such pages use. A page that is one picture, as scanners write them, is handed out as such: the digitiser of photographs reads it.
//
//   pdf_objects.cc   bytes -> objects and their streams (found by scanning, so a broken cross-reference table does no harm)
//   pdf_page.cc      a page's content -> lines, texts and pictures in points
//   pdf_reader.cc    grid, speed and gain, rows and columns -> leads
//   pdf_picture.cc   the picture that is a page -> its JPEG file or its pixels
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
struct PdfDrawnImage {
  const PdfObject* object = nullptr;
  std::array<double, 6> matrix{};   // from the unit square, y upwards, to points
};
struct PdfPage {
  std::vector<PdfLine> lines;   // stroked ones, in points
  std::vector<PdfText> texts;
  std::vector<PdfDrawnImage> pictures;   // in the order of drawing; a picture inside the content has no object
};

Result<PdfPage> draw_pdf_page(const PdfFile& file, const PdfObject& page);

// A page that is a picture, as it lies in the file.
struct PdfPicture {
  std::vector<uint8_t> jpeg;        // a whole JPEG file; or, when this is empty,
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;         // three bytes a pixel, row after row
  int orientation = 1;              // how the page shows it, in the words of EXIF (CIPA DC-008, tag 0x0112): 1 to 8
  size_t pages = 1;                 // of the file that are such pictures; this is the first
};

// Whether the file is a PDF of pictures: a page without traces that are lines, on which a picture of kSmallestPdfPicturePixels is drawn.
inline constexpr double kSmallestPdfPicturePixels = 0.18e6;
bool pdf_shows_picture(std::span<const uint8_t> bytes);
// That picture. Packed by Flate (with the predictors of PNG and TIFF) with 1 to 8 bits of grey, RGB or a palette, or as JPEG. Errors:
// kNotRecognised (CCITT fax, JBIG2, JPEG 2000, other packings and colours; a page cut into several pictures), kDamaged, kTooLarge.
Result<PdfPicture> pdf_picture(std::span<const uint8_t> bytes);
// Its way from one drawn image; `turns` of the page, clockwise. For pdf_picture.
Result<PdfPicture> unpacked_picture(const PdfFile& file, const PdfDrawnImage& image, int turns);

Evidence pdf_evidence(std::span<const uint8_t> bytes);
// Errors: kNotRecognised (encrypted; pages that are pictures; no trace), kAmbiguous (traces without lead names), kDamaged, kTooLarge.
Result<DecodedEcg> decode_pdf(std::span<const InputFile> files);

}  // namespace precordia
