// Mortara ELI Link XML (root ECG): base64 16-bit samples in attributes.
#pragma once

#include <cstdint>
#include <span>

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

Evidence mortara_evidence(std::span<const uint8_t> bytes);
Result<DecodedEcg> decode_mortara(std::span<const InputFile> files);

}  // namespace precordia
