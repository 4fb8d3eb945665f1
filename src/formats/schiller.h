// Schiller EDI XML as SEMA writes it: comma-separated integers per lead.
#pragma once

#include <cstdint>
#include <span>

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

Evidence schiller_evidence(std::span<const uint8_t> bytes);
Result<DecodedEcg> decode_schiller(std::span<const InputFile> files);

}  // namespace precordia
