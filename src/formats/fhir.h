// FHIR Observations with SampledData, alone, in a Bundle or contained in a DiagnosticReport; JSON and XML, R4 and R5.
#pragma once

#include <cstdint>
#include <span>

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

Evidence fhir_evidence(std::span<const uint8_t> bytes);
Result<DecodedEcg> decode_fhir(std::span<const InputFile> files);

}  // namespace precordia
