// The table of formats behind the front door.
#pragma once

#include <cstdint>
#include <span>

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

struct EcgFormat {
  const char* key;                                                 // "muse": for tests and fuzzers
  const char* name;                                                // as the user is asked: "a WFDB header or an EDF file"
  Evidence (*evidence)(std::span<const uint8_t> bytes);            // looks at content only, never allocates much
  Result<DecodedEcg> (*decode)(std::span<const InputFile> files);  // files[0] is the recognised one
  Evidence at_most = Evidence::kCertain;                           // so that it is not asked where it could not win
};

std::span<const EcgFormat> all_formats();

}  // namespace precordia
