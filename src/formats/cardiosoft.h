// GE CardioSoft and CASE XML (root CardiologyXML): comma-separated integers per lead, microvolts per unit.
#pragma once

#include <cstdint>
#include <span>

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

Evidence cardiosoft_evidence(std::span<const uint8_t> bytes);
Result<DecodedEcg> decode_cardiosoft(std::span<const InputFile> files);

}  // namespace precordia
