// AliveCor ATC files, written from the Alive File Format Specification 1.7 as AliveCor published it with ATCpy: "ALIVE", a
// version, then blocks of a 4-byte name, a length, the data and the sum of the block's bytes.
#pragma once

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

Evidence alivecor_evidence(std::span<const uint8_t> bytes);

// A block whose sum differs is refused (kDamaged), because the sum covers the samples.
Result<DecodedEcg> decode_alivecor(std::span<const InputFile> files);

}  // namespace precordia
