// ZIP archives (APPNOTE.TXT 6.3): entries that are stored or deflated, found through the central directory.
//
// An archive with one ECG reads as that ECG. Several files that belong together (a WFDB header and its signals) read as one
// record. Several recordings make a question (kAmbiguous) that names them; a host that lets the user choose lists the entries
// itself (unpack_zip) and reads one.
#pragma once

#include <string>
#include <vector>

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

inline constexpr size_t kMostZipEntries = 4096;
inline constexpr size_t kMostUnpackedBytes = kLargestFileBytes;   // over all entries of one archive

struct ZipEntry {
  std::string name;              // with its folder, as the archive writes it
  std::vector<uint8_t> bytes;
};

Evidence zip_evidence(std::span<const uint8_t> bytes);

// All files of the archive but folders, hidden files and macOS's resource forks. Encrypted entries, archives inside the archive
// and other compression methods are refused by name. Errors: kDamaged, kTooLarge, kNotRecognised.
Result<std::vector<ZipEntry>> unpack_zip(std::span<const uint8_t> bytes);

Result<DecodedEcg> decode_zip(std::span<const InputFile> files);

// One file compressed by gzip (RFC 1952).
Evidence gzip_evidence(std::span<const uint8_t> bytes);
Result<DecodedEcg> decode_gzip(std::span<const InputFile> files);

}  // namespace precordia
