// Every format that is written, in one place.
#include "formats/write_ecg.h"

namespace precordia {
namespace {

constexpr EcgWriter kWriters[] = {
    {"csv", ".csv", "CSV (mV)", write_csv},
    {"wfdb", ".hea", "WFDB", write_wfdb},
    {"edf", ".edf", "EDF+", write_edf},
    {"dicom", ".dcm", "DICOM waveform", write_dicom},
    {"aecg", ".xml", "HL7 aECG", write_aecg},
    {"fhir", ".json", "FHIR R4", write_fhir},
};

}  // namespace

std::span<const EcgWriter> all_writers() { return kWriters; }

const EcgWriter* find_writer(std::string_view key) {
  for (const auto& writer : kWriters)
    if (key == writer.key) return &writer;
  return nullptr;
}

}  // namespace precordia
