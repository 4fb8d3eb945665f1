// GE MUSE XML (root RestingECG): the rhythm block, never the median; base64 16-bit samples with a CRC-32 per lead. No specification
// is public; written from MUSE 7.1 and 9.0 files and held against an independent decode of them.
#pragma once

#include <cstdint>
#include <span>

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

Evidence muse_evidence(std::span<const uint8_t> bytes);
Result<DecodedEcg> decode_muse(std::span<const InputFile> files);

}  // namespace precordia
