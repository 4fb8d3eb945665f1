// ECG files out: one function per format, all of one shape.
//
// De-identified by default: no name, number, birth date, date or time of recording. `with_identity` writes what the record holds
// of them. Samples are written on the grid that they came from (formats/quantise.h), so that reading the file back gives the same
// counts; missing samples stay missing. Derived limb leads are written like recorded ones, because other programs expect twelve.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signal/ecg_record.h"

namespace precordia {

struct WriteOptions {
  bool with_identity = false;
  std::string record_name = "ecg";   // of the files and, for WFDB, of the record; letters, digits, _ and - survive
};

struct WrittenFile {
  std::string name;
  std::vector<uint8_t> bytes;
};

// Errors: kUnusable (no samples), kTooLarge, kWrongUsage (the format cannot hold this record; the sentence names one that can).
Result<std::vector<WrittenFile>> write_wfdb(const EcgRecord& record, const WriteOptions& options);    // .hea and .dat, format 16
Result<std::vector<WrittenFile>> write_edf(const EcgRecord& record, const WriteOptions& options);     // EDF+C
Result<std::vector<WrittenFile>> write_dicom(const EcgRecord& record, const WriteOptions& options);   // 12-lead, general, ambulatory
Result<std::vector<WrittenFile>> write_csv(const EcgRecord& record, const WriteOptions& options);     // mV, empty = missing
Result<std::vector<WrittenFile>> write_aecg(const EcgRecord& record, const WriteOptions& options);    // HL7 aECG
Result<std::vector<WrittenFile>> write_fhir(const EcgRecord& record, const WriteOptions& options);    // FHIR R4 Bundle, JSON

// The table of writers, as the command line and the app offer them.
struct EcgWriter {
  const char* key;         // "edf"
  const char* extension;   // ".edf": decides the format where none is named
  const char* title;       // "EDF+"
  Result<std::vector<WrittenFile>> (*write)(const EcgRecord& record, const WriteOptions& options);
};
std::span<const EcgWriter> all_writers();
const EcgWriter* find_writer(std::string_view key);

}  // namespace precordia
