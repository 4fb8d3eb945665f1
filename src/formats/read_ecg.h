// The one door for ECG files: content decides, never the extension.
//
// A format is one row in the table of read_ecg.cc (how to recognise it, how to read it); what all formats share, from lead
// names to derived leads, is done once in assemble.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "signal/ecg_record.h"

namespace precordia {

struct InputFile {
  std::string name;                 // file name without its folder; shown to the user, never trusted
  std::span<const uint8_t> bytes;   // whole content; outlives the call
};

inline constexpr size_t kLargestFileBytes = 64u << 20;
inline constexpr size_t kLargestSampleCount = 32u << 20;   // over all channels of one record

// Reads the first of `files`; the others are its companions (signal files of a WFDB header, segments). When the first is a
// signal file and its header is among the companions, the header leads. Errors: kEmptyInput, kTooLarge, kNotRecognised,
// kAmbiguous, kMissingCompanion (detail = the missing file names, one per line), kDamaged, kNotAnEcg.
//
// A record that comes back has at least one lead, 50 to 50,000 samples per second and leads of one length; absent limb leads
// that follow from two recorded ones are filled in as derived. `notes` tells every repair and assumption. It may still be
// flat, all missing or too short: that is for the measurement to say. A file shorter than it announces is kDamaged, never
// padded; a WFDB checksum that differs is a note, because headers are edited by hand more often than samples go bad.
Result<EcgRecord> read_ecg(std::span<const InputFile> files);

}  // namespace precordia
