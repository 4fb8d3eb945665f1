// HL7 annotated ECG (aECG, PORT_MT020001): the rhythm series, never the derived (median) one. Written from the HL7 v3 aECG
// Implementation Guide (Brown and Badilini, 2005).
#pragma once

#include <cstdint>
#include <span>

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

Evidence aecg_evidence(std::span<const uint8_t> bytes);
Result<DecodedEcg> decode_aecg(std::span<const InputFile> files);

}  // namespace precordia
