// EDF, EDF+C, EDF+D and BDF. Method source: Kemp et al., Electroenceph. clin. Neurophysiol. 82:391 (1992), and Kemp & Olivan,
// Clin. Neurophysiol. 114:1755 (2003), https://www.edfplus.info/specs; BDF is the 24-bit form of BioSemi.
//
//   edf_reader.cc   header, annotations, samples
//   edf_writer.cc   EDF+C from an EcgRecord
#pragma once

#include <cstdint>
#include <span>

#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

inline constexpr int kMostEdfSignals = 1024;
inline constexpr size_t kMostEdfRecords = 1u << 22;

// A header whose every number is one, and whose own length fits its signal count.
Evidence edf_evidence(std::span<const uint8_t> bytes);

// All signals but the annotations, as stored. Gaps of EDF+D become missing samples. Errors: kDamaged (shorter than announced,
// impossible header), kTooLarge, kNotAnEcg (annotations only).
Result<DecodedEcg> decode_edf(std::span<const InputFile> files);

}  // namespace precordia
