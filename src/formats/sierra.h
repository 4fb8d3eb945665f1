// Philips Sierra XML 1.03 and 1.04 (root restingecgdata), with XLI-compressed waveforms (xli.h).
#pragma once

#include <cstdint>
#include <span>

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

Evidence sierra_evidence(std::span<const uint8_t> bytes);
Result<DecodedEcg> decode_sierra(std::span<const InputFile> files);

}  // namespace precordia
