#include <cstdlib>

#include "base/text.h"
#include "base/bytes.h"
#include "formats/norav.h"
#include "formats/stored_samples.h"

namespace precordia {
namespace {

constexpr size_t kHeaderBytes = 4;
constexpr int kChannels = kLeadCount;   // the only number whose lead order is published
constexpr double kNvPerCount = 2440;

}  // namespace

Evidence norav_evidence(std::span<const uint8_t> bytes) {
  const Bytes file{bytes};
  const int rate = file.i16(2);
  if (file.i16(0) != kChannels || rate < 100 || rate > 8000 || (file.size() - kHeaderBytes) % (2 * kChannels) != 0)
    return Evidence::kNone;
  const size_t frames = (file.size() - kHeaderBytes) / (2 * kChannels);
  if (frames < static_cast<size_t>(rate)) return Evidence::kNone;
  // II = I + III but for rounding, in nearly every frame: filters and clipping may spoil some.
  size_t obeys = 0, looked_at = 0, not_flat = 0;
  for (size_t i = 0; i < frames; i += 1 + frames / 1000, ++looked_at) {
    const size_t at = kHeaderBytes + i * 2 * kChannels;
    const int one = file.i16(at), two = file.i16(at + 2), three = file.i16(at + 4);
    obeys += std::abs(two - one - three) <= 4;
    not_flat += one != 0 || two != 0;
  }
  return obeys * 10 >= looked_at * 9 && not_flat > 0 ? Evidence::kLikely : Evidence::kNone;
}

Result<DecodedEcg> decode_norav(std::span<const InputFile> files) {
  const Bytes file{files[0].bytes};
  const size_t frames = file.size() < kHeaderBytes ? 0 : (file.size() - kHeaderBytes) / (2 * kChannels);
  if (file.i16(0) != kChannels || frames == 0)
    return fail(ErrorCode::kDamaged, "The header of this Norav file is damaged; export it again.");
  if (frames * kChannels > kLargestSampleCount)
    return fail(ErrorCode::kTooLarge, "The recording is too long for this program; cut out a part of up to one hour.");
  DecodedEcg decoded;
  decoded.record.source.format = "Norav RDT";
  decoded.record.notes.push_back(
      "The file states neither leads nor calibration; the standard order and the 2.44 microvolts per unit of Norav's recorders are used.");
  auto counts = read_interleaved(StoredAs::kInt16, file.from(kHeaderBytes).data, frames, kChannels);
  for (int c = 0; c < kChannels; ++c)
    decoded.channels.push_back({.name = kLeadNames[c], .rate_hz = static_cast<double>(file.i16(2)), .mv = {},
                                .counts = std::move(counts[static_cast<size_t>(c)]), .nv_per_count = kNvPerCount});
  return decoded;
}

}  // namespace precordia
