// The one door for ECG files: content decides, never the extension.
//
// A format is one row in all_formats.cc: how much its content speaks for it, and how to decode it. What all formats
// share, from lead names to derived leads, is done once in assemble.h.
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

// How much the content of a file speaks for a format. The strongest evidence wins. Between equals each is decoded, and when more
// than one succeeds the user is asked.
enum class Evidence : uint8_t {
  kNone,
  kPossible,   // it could be: a table of numbers, a plausible structure without a signature
  kLikely,     // a structure that hardly anything else has
  kCertain,    // a signature, a root element, a checksum over the content that fits
};

// The strongest evidence that any format finds in a file's content; kNone for what is recognised as something else.
Evidence strongest_evidence(std::span<const uint8_t> bytes);

// Reads the first of `files`; the others are its companions (signal files of a WFDB header, segments). When the first is a
// signal file and its header is among the companions, the header leads. Errors: kEmptyInput, kTooLarge, kNotRecognised,
// kAmbiguous, kMissingCompanion (detail = the missing file names, one per line), kDamaged, kNotAnEcg.
//
// A record that comes back has at least one lead, 50 to 50,000 samples per second and leads of one length; absent limb leads
// that follow from two recorded ones are filled in as derived. `notes` tells every repair and assumption. It may still be
// flat, all missing or too short: that is for the measurement to say. A file shorter than it announces is kDamaged, never
// padded; a WFDB checksum that differs is a note, because headers are edited by hand more often than samples go bad.
Result<EcgRecord> read_ecg(std::span<const InputFile> files);

// The first half of read_ecg: the channels exactly as the file stores them, those that are not among the twelve leads included
// (formats/assemble.h). For writers that keep integers, and for tests.
struct DecodedEcg;
Result<DecodedEcg> decode_ecg(std::span<const InputFile> files);

}  // namespace precordia
