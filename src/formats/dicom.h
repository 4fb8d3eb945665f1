// DICOM waveforms (PS3.3 A.34, C.10.9; PS3.5 for the encoding) and ECG reports as encapsulated PDF.
//
//   dicom_elements.cc   bytes -> elements: explicit and implicit, both byte orders, deflated, without a preamble
//   dicom_reader.cc     elements -> channels, device findings
//   dicom_writer.cc     an EcgRecord as 12-lead, general or ambulatory ECG
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/assemble.h"
#include "formats/bytes.h"
#include "formats/read_ecg.h"

namespace precordia {

inline constexpr size_t kMostDicomElements = 200'000;
inline constexpr int kDeepestDicomSequence = 16;

struct DicomElement;
using DicomItem = std::vector<DicomElement>;   // a data set: elements in file order

struct DicomElement {
  uint32_t tag = 0;              // group << 16 | element
  Bytes value;                   // shorter than announced when the file is cut; empty for a sequence
  std::vector<DicomItem> items;  // of a sequence
};

struct DicomFile {
  std::string transfer_syntax;
  bool big_endian = false;
  bool cut_short = false;            // an element announces more than the file holds
  std::vector<uint8_t> unpacked;     // what the elements point into when the file is deflated
  DicomItem elements;                // of the data set; the file meta information is left out
};

Evidence dicom_evidence(std::span<const uint8_t> bytes);

// Errors: kDamaged, kTooLarge (over the limits above), kNotRecognised (an image compression has no waveform to read).
Result<DicomFile> parse_dicom(std::span<const uint8_t> bytes);

// The rhythm, never the average beat. Errors: kDamaged (fewer samples than announced), kNotAnEcg (no waveform, none of an ECG).
Result<DecodedEcg> decode_dicom(std::span<const InputFile> files);

const DicomElement* find_element(const DicomItem& item, uint32_t tag);
std::string_view element_text(const DicomItem& item, uint32_t tag);   // without padding; empty when absent

namespace dicom_tag {
inline constexpr uint32_t kTransferSyntax = 0x00020010, kSopClass = 0x00080016, kStudyDate = 0x00080020, kAcquisitionDate = 0x00080022,
                          kContentDate = 0x00080023, kAcquisitionDateTime = 0x0008002A, kStudyTime = 0x00080030,
                          kAcquisitionTime = 0x00080032, kContentTime = 0x00080033, kModality = 0x00080060,
                          kManufacturer = 0x00080070, kCodeValue = 0x00080100, kCodeScheme = 0x00080102, kCodeMeaning = 0x00080104,
                          kModelName = 0x00081090, kPatientName = 0x00100010, kPatientId = 0x00100020, kPatientBirthDate = 0x00100030,
                          kPatientSex = 0x00100040, kPatientAge = 0x00101010, kGroupTimeOffset = 0x00181068,
                          kOriginality = 0x003A0004, kChannels = 0x003A0005, kSamples = 0x003A0010, kSamplingFrequency = 0x003A001A,
                          kGroupLabel = 0x003A0020, kChannelDefinition = 0x003A0200, kChannelLabel = 0x003A0203,
                          kChannelSource = 0x003A0208, kSensitivity = 0x003A0210, kSensitivityUnits = 0x003A0211,
                          kSensitivityCorrection = 0x003A0212, kBaseline = 0x003A0213, kBitsStored = 0x003A021A,
                          kFilterLow = 0x003A0220, kFilterHigh = 0x003A0221, kNotch = 0x003A0222, kMeasurementUnits = 0x004008EA,
                          kConceptName = 0x0040A043, kTemporalRange = 0x0040A130, kConceptCode = 0x0040A168,
                          kNumericValue = 0x0040A30A, kAnnotations = 0x0040B020, kEncapsulatedDocument = 0x00420011,
                          kUnformattedText = 0x00700006, kWaveforms = 0x54000100, kBitsAllocated = 0x54001004,
                          kInterpretation = 0x54001006, kPaddingValue = 0x5400100A, kWaveformData = 0x54001010,
                          kPixelData = 0x7FE00010;
}  // namespace dicom_tag

}  // namespace precordia
