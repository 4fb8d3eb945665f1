// The elements of a DICOM file (PS3.5): explicit and implicit, both byte orders, deflated, with and without a preamble. What they
// mean is for the readers of waveforms (formats/dicom.h) and of clips (echo/clip_dicom.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace precordia {

inline constexpr size_t kMostDicomElements = 200'000;
inline constexpr int kDeepestDicomSequence = 16;
inline constexpr size_t kLargestUnpackedDicomBytes = 64u << 20;

struct DicomElement;
using DicomItem = std::vector<DicomElement>;   // a data set: elements in file order

struct DicomElement {
  uint32_t tag = 0;              // group << 16 | element
  Bytes value;                   // shorter than announced when the file is cut; empty for a sequence
  std::vector<DicomItem> items;  // of a sequence
  std::vector<Bytes> fragments;  // of compressed pixel data, the table of offsets first; the last may be cut short
};

struct DicomFile {
  std::string transfer_syntax;
  bool big_endian = false;
  bool cut_short = false;            // an element announces more than the file holds
  std::vector<uint8_t> unpacked;     // what the elements point into when the file is deflated
  DicomItem elements;                // of the data set; the file meta information is left out
};

bool has_dicom_mark(std::span<const uint8_t> bytes);      // "DICM" after the preamble
bool starts_like_dicom(std::span<const uint8_t> bytes);   // that, or elements without a preamble

// Errors: kDamaged (the structure, or over the limits above), kTooLarge (unpacks to more than the limit).
Result<DicomFile> parse_dicom(std::span<const uint8_t> bytes);

const DicomElement* find_element(const DicomItem& item, uint32_t tag);
std::string_view element_text(const DicomItem& item, uint32_t tag);   // without padding; empty when absent

namespace dicom_tag {
inline constexpr uint32_t kTransferSyntax = 0x00020010, kSopClass = 0x00080016, kModality = 0x00080060, kManufacturer = 0x00080070,
                          kModelName = 0x00081090, kPixelData = 0x7FE00010;
}  // namespace dicom_tag

}  // namespace precordia
