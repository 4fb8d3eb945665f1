// Norav PC-ECG raw data (.rdt): two 16-bit numbers (channels, samples per second), then interleaved 16-bit samples and nothing
// else. Calibration (2.44 uV per unit) and lead order are those of the PC-ECG 1200 user manual, https://www.noravmedical.com.
#pragma once

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

// There is no signature: twelve channels, a plausible rate, whole frames, and limb leads that obey Einthoven's law.
Evidence norav_evidence(std::span<const uint8_t> bytes);
Result<DecodedEcg> decode_norav(std::span<const InputFile> files);

}  // namespace precordia
