#include "formats/alivecor.h"

#include <array>

#include "base/text.h"
#include "base/bytes.h"
#include "formats/stored_samples.h"

namespace precordia {
namespace {

constexpr size_t kHeaderBytes = 12;   // "ALIVE", three zeros, the version
constexpr int kMostBlocks = 1000;

struct LeadBlock {
  std::string_view id;
  const char* lead;
};
constexpr std::array<LeadBlock, 6> kLeadBlocks = {
    {{"ecg ", "I"}, {"ecg2", "II"}, {"ecg3", "III"}, {"ecg4", "aVR"}, {"ecg5", "aVL"}, {"ecg6", "aVF"}}};

// "fmt ": format, samples per second, nV per unit, flags.
struct AtcFormat {
  double rate_hz = 0, nv_per_count = 0;
  uint8_t flags = 0;
};
constexpr uint8_t kMains60Hz = 1 << 1, kMainsFilter = 1 << 2, kNotchFilter = 1 << 5;

uint32_t byte_sum(std::string_view bytes) {
  uint32_t sum = 0;
  for (const char byte : bytes) sum += static_cast<uint8_t>(byte);
  return sum;
}

std::unexpected<Error> damaged(const char* what) {
  return fail(ErrorCode::kDamaged, "This AliveCor file is damaged or incomplete; export it again.", what);
}

}  // namespace

Evidence alivecor_evidence(std::span<const uint8_t> bytes) {
  using namespace std::string_view_literals;
  return Bytes{bytes}.text(0, 8) == "ALIVE\0\0\0"sv ? Evidence::kCertain : Evidence::kNone;
}

Result<DecodedEcg> decode_alivecor(std::span<const InputFile> files) {
  const Bytes file{files[0].bytes};
  DecodedEcg decoded;
  auto& record = decoded.record;
  record.source.format = "AliveCor ATC";
  AtcFormat format;
  uint64_t samples = 0;
  int blocks = 0;
  for (size_t at = kHeaderBytes; at < file.size(); ++blocks) {
    if (!file.has(at, 12)) return damaged("block cut short");
    if (blocks == kMostBlocks) return damaged("too many blocks");
    const auto id = file.text(at, 4);
    const size_t length = file.u32(at + 4);
    if (!file.has(at + 8, length) || !file.has(at + 8 + length, 4)) return damaged("block cut short");
    const Bytes block = file.part(at + 8, length);
    if (byte_sum(file.text(at, 8 + length)) != file.u32(at + 8 + length)) return damaged("checksum");
    at += 12 + length;
    if (id == "fmt ") {
      format = {static_cast<double>(block.u16(1)), static_cast<double>(block.u16(3)), block.u8(5)};
    } else if (id == "info") {
      record.source.recorded_at = printable_text(block.text_to_zero(0, 32));
      record.source.device = printable_text(block.text_to_zero(180, 32));
    }
    for (const auto& lead : kLeadBlocks) {
      if (lead.id != id) continue;
      samples += length / 2;
      if (samples > kLargestSampleCount)
        return fail(ErrorCode::kTooLarge, "The recording is too long for this program; cut out a part of up to one hour.");
      NamedChannel channel{.name = lead.lead, .mv = {}};
      channel.counts.resize(length / 2);
      read_counts(StoredAs::kInt16, block.data, 0, 2, channel.counts);
      decoded.channels.push_back(std::move(channel));
    }
  }
  if (decoded.channels.empty()) return fail(ErrorCode::kNotAnEcg, "This AliveCor file holds no ECG.");
  if (format.rate_hz == 0 || format.nv_per_count == 0) return damaged("no format block");
  for (auto& channel : decoded.channels) {
    channel.rate_hz = format.rate_hz;
    channel.nv_per_count = format.nv_per_count;
  }
  if (format.flags & (kMainsFilter | kNotchFilter)) record.source.filters.notch_hz = format.flags & kMains60Hz ? 60 : 50;
  // "2019-03-01T10:20:30.000+01:00": local time is what we show.
  if (record.source.recorded_at.size() > 19 && record.source.recorded_at[10] == 'T') record.source.recorded_at.resize(19);
  return decoded;
}

}  // namespace precordia
