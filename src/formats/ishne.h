// ISHNE standard output file for digital Holter data. Method source: Badilini, Ann. Noninvasive Electrocardiol. 3:263 (1998).
#pragma once

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

Evidence ishne_evidence(std::span<const uint8_t> bytes);

// A header CRC that differs is a note, because it covers no sample. Errors: kDamaged, kTooLarge, kNotAnEcg.
Result<DecodedEcg> decode_ishne(std::span<const InputFile> files);

}  // namespace precordia
