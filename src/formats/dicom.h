// DICOM waveforms (PS3.3 A.34, C.10.9; PS3.5 for the encoding) and ECG reports as encapsulated PDF.
//
//   base/dicom_data_set.h   bytes -> elements
//   dicom_reader.cc         elements -> channels, device findings
//   dicom_writer.cc         an EcgRecord as 12-lead, general or ambulatory ECG
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/dicom_data_set.h"
#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

Evidence dicom_evidence(std::span<const uint8_t> bytes);

// The rhythm, never the average beat. Errors: kDamaged (fewer samples than announced), kNotAnEcg (no waveform, none of an ECG).
Result<DecodedEcg> decode_dicom(std::span<const InputFile> files);

namespace dicom_tag {
inline constexpr uint32_t kStudyDate = 0x00080020, kAcquisitionDate = 0x00080022,
                          kContentDate = 0x00080023, kAcquisitionDateTime = 0x0008002A, kStudyTime = 0x00080030,
                          kAcquisitionTime = 0x00080032, kContentTime = 0x00080033, kCodeValue = 0x00080100, kCodeScheme = 0x00080102, kCodeMeaning = 0x00080104,
                          kPatientName = 0x00100010, kPatientId = 0x00100020, kPatientBirthDate = 0x00100030,
                          kPatientSex = 0x00100040, kPatientAge = 0x00101010, kGroupTimeOffset = 0x00181068,
                          kOriginality = 0x003A0004, kChannels = 0x003A0005, kSamples = 0x003A0010, kSamplingFrequency = 0x003A001A,
                          kGroupLabel = 0x003A0020, kChannelDefinition = 0x003A0200, kChannelLabel = 0x003A0203,
                          kChannelSource = 0x003A0208, kSensitivity = 0x003A0210, kSensitivityUnits = 0x003A0211,
                          kSensitivityCorrection = 0x003A0212, kBaseline = 0x003A0213, kBitsStored = 0x003A021A,
                          kFilterLow = 0x003A0220, kFilterHigh = 0x003A0221, kNotch = 0x003A0222, kMeasurementUnits = 0x004008EA,
                          kConceptName = 0x0040A043, kTemporalRange = 0x0040A130, kConceptCode = 0x0040A168,
                          kNumericValue = 0x0040A30A, kAnnotations = 0x0040B020, kEncapsulatedDocument = 0x00420011,
                          kUnformattedText = 0x00700006, kWaveforms = 0x54000100, kBitsAllocated = 0x54001004,
                          kInterpretation = 0x54001006, kPaddingValue = 0x5400100A, kWaveformData = 0x54001010;
}  // namespace dicom_tag

}  // namespace precordia
