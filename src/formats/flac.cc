// Plan: BitReader, then the parts of a frame in the order of RFC 9639: header (9.1), subframes (9.2),
// residual (9.2.7), and the stream around them (section 8).
#include "formats/flac.h"

#include <array>
#include <optional>
#include <string>

namespace precordia {
namespace {

std::unexpected<Error> bad_stream(std::string detail) {
  return fail(ErrorCode::kDamaged,
              "The compressed (FLAC) signal file is damaged or incomplete; copy it again.",
              std::move(detail));
}

// Most significant bit first. Reading past the end gives zeros and sets `overrun`, which callers check once
// per part.
struct BitReader {
  std::span<const uint8_t> bytes;
  size_t bit = 0;
  bool overrun = false;

  uint32_t take(int count) {
    uint32_t value = 0;
    while (count > 0) {
      if (bit >= bytes.size() * 8) {
        overrun = true;
        return 0;
      }
      const int in_byte = 8 - static_cast<int>(bit % 8), now = count < in_byte ? count : in_byte;
      const uint32_t piece = bytes[bit / 8] >> (in_byte - now) & ((1u << now) - 1);
      value = value << now | piece;
      bit += static_cast<size_t>(now);
      count -= now;
    }
    return value;
  }
  int64_t take_signed(int count) {
    if (count == 0) return 0;
    const uint64_t value = count <= 32 ? take(count) : uint64_t{take(count - 32)} << 32 | take(32);
    const uint64_t sign = uint64_t{1} << (count - 1);
    return static_cast<int64_t>(value ^ sign) - static_cast<int64_t>(sign);
  }
  uint32_t take_unary() {  // zeros before the next one
    uint32_t zeros = 0;
    while (!overrun && take(1) == 0) ++zeros;
    return zeros;
  }
  void to_byte() { bit = (bit + 7) / 8 * 8; }
};

uint32_t crc(std::span<const uint8_t> bytes, int width, uint32_t polynomial) {
  uint32_t value = 0;
  const uint32_t top = 1u << (width - 1), mask = (top << 1) - 1;
  for (const uint8_t byte : bytes) {
    value ^= uint32_t{byte} << (width - 8);
    for (int i = 0; i < 8; ++i) value = (value & top ? value << 1 ^ polynomial : value << 1) & mask;
  }
  return value;
}

struct StreamInfo {
  int channels = 0, bits_per_sample = 0;
  uint64_t total_samples = 0;  // per channel, 0 = unknown
};

struct FrameHeader {
  uint32_t block_size = 0;
  int channel_code = 0, bits_per_sample = 0;
  int channels() const { return channel_code < 8 ? channel_code + 1 : 2; }
};

Result<FrameHeader> read_frame_header(BitReader& in, const StreamInfo& info) {
  const size_t start = in.bit / 8;
  if (in.take(15) != 0x7FFC)
    return bad_stream("no frame where one should start");  // sync code and a reserved 0
  in.take(1);                                              // blocking strategy
  const uint32_t block_code = in.take(4), rate_code = in.take(4);
  FrameHeader frame;
  frame.channel_code = static_cast<int>(in.take(4));
  const uint32_t size_code = in.take(3);
  if (in.take(1) != 0 || frame.channel_code > 10 || block_code == 0 || rate_code == 15 || size_code == 3)
    return bad_stream("reserved value in a frame header");
  constexpr std::array<int, 8> kSizes = {0, 8, 12, 0, 16, 20, 24, 32};
  frame.bits_per_sample = size_code == 0 ? info.bits_per_sample : kSizes[size_code];

  uint32_t first = in.take(8);  // frame or sample number, coded like UTF-8; its value is not needed
  for (; (first & 0xC0) == 0xC0 && !in.overrun; first = first << 1 & 0xFF) in.take(8);
  if (block_code == 1)
    frame.block_size = 192;
  else if (block_code <= 5)
    frame.block_size = 144u << block_code;
  else if (block_code == 6)
    frame.block_size = in.take(8) + 1;
  else if (block_code == 7)
    frame.block_size = in.take(16) + 1;
  else
    frame.block_size = 256u << (block_code - 8);
  if (rate_code == 12)
    in.take(8);
  else if (rate_code >= 13)
    in.take(16);

  const size_t end = in.bit / 8;
  const uint32_t stated = in.take(8);
  if (in.overrun || stated != crc(in.bytes.subspan(start, end - start), 8, 0x07))
    return bad_stream("frame header CRC");
  if (frame.channels() != info.channels || frame.bits_per_sample != info.bits_per_sample)
    return bad_stream("a frame differs from the stream in channels or sample size");
  return frame;
}

// Rice-coded residual of `count` samples, the first `order` of which are warm-up.
bool read_residual(BitReader& in, int order, std::span<int64_t> samples) {
  const uint32_t method = in.take(2);
  if (method > 1) return false;
  const int parameter_bits = method == 0 ? 4 : 5;
  const uint32_t escape = (1u << parameter_bits) - 1, partition_order = in.take(4);
  const size_t partitions = size_t{1} << partition_order, length = samples.size() >> partition_order;
  if (length << partition_order != samples.size() || length < static_cast<size_t>(order)) return false;
  size_t at = static_cast<size_t>(order);
  for (size_t p = 0; p < partitions; ++p) {
    const uint32_t parameter = in.take(parameter_bits);
    const int raw_bits = parameter == escape ? static_cast<int>(in.take(5)) : 0;
    for (; at < (p + 1) * length; ++at) {
      if (parameter == escape) {
        samples[at] = in.take_signed(raw_bits);
      } else {
        const uint64_t high = in.take_unary();
        const uint64_t folded = high << parameter | in.take(static_cast<int>(parameter));
        samples[at] = static_cast<int64_t>(folded >> 1) ^ -static_cast<int64_t>(folded & 1);
      }
      if (in.overrun) return false;
    }
  }
  return true;
}

bool in_range(int64_t value, int bits) {
  return value >= -(int64_t{1} << (bits - 1)) && value < int64_t{1} << (bits - 1);
}

// Adds the prediction to the residual in place. Values that leave the sample size mean damage; they also
// bound the sums (32 coefficients of 15 bits times 33-bit samples stay far inside 64 bits).
bool predict(std::span<int64_t> samples, std::span<const int64_t> coefficients, int shift, int bits) {
  const size_t order = coefficients.size();
  for (size_t i = order; i < samples.size(); ++i) {
    int64_t sum = 0;
    for (size_t k = 0; k < order; ++k) sum += coefficients[k] * samples[i - 1 - k];
    if (samples[i] > INT64_C(1) << 40 || samples[i] < -(INT64_C(1) << 40)) return false;
    samples[i] += sum >> shift;
    if (!in_range(samples[i], bits)) return false;
  }
  return true;
}

bool read_subframe(BitReader& in, int bits, std::span<int64_t> samples) {
  static constexpr int64_t kFixed[5][4] = {
      {}, {1}, {2, -1}, {3, -3, 1}, {4, -6, 4, -1}};  // RFC 9639 table 21
  if (in.take(1) != 0) return false;
  const uint32_t type = in.take(6);
  int wasted = 0;
  if (in.take(1) == 1) wasted = static_cast<int>(in.take_unary()) + 1;
  if (in.overrun || wasted >= bits) return false;
  bits -= wasted;

  if (type == 0) {
    const int64_t value = in.take_signed(bits);
    for (auto& sample : samples) sample = value;
  } else if (type == 1) {
    for (auto& sample : samples) sample = in.take_signed(bits);
  } else {
    const bool fixed = type >= 8 && type <= 12;
    if (!fixed && type < 32) return false;
    const int order = fixed ? static_cast<int>(type) - 8 : static_cast<int>(type & 31) + 1;
    if (static_cast<size_t>(order) > samples.size()) return false;
    for (int i = 0; i < order; ++i) samples[static_cast<size_t>(i)] = in.take_signed(bits);
    std::array<int64_t, 32> coefficients{};
    int shift = 0;
    if (fixed) {
      for (int k = 0; k < order; ++k) coefficients[static_cast<size_t>(k)] = kFixed[order][k];
    } else {
      const int precision = static_cast<int>(in.take(4)) + 1;
      shift = static_cast<int>(in.take_signed(5));
      if (precision == 16 || shift < 0) return false;
      for (int k = 0; k < order; ++k) coefficients[static_cast<size_t>(k)] = in.take_signed(precision);
    }
    if (!read_residual(in, order, samples)) return false;
    if (!predict(samples, std::span(coefficients).first(static_cast<size_t>(order)), shift, bits))
      return false;
  }
  if (wasted > 0)
    for (auto& sample : samples) sample *= int64_t{1} << wasted;
  return !in.overrun;
}

Result<StreamInfo> read_stream_info(BitReader& in) {
  if (in.take(32) != 0x664C6143) return bad_stream("no fLaC marker");
  StreamInfo info;
  for (bool last = false; !last;) {
    last = in.take(1) == 1;
    const uint32_t type = in.take(7), length = in.take(24);
    const size_t end = in.bit + size_t{length} * 8;
    if (in.overrun || end > in.bytes.size() * 8) return bad_stream("metadata block is cut short");
    if (type == 0 && length >= 34) {
      in.bit += 80 + 20;  // block and frame sizes, sample rate (in Hz; meaningless for signals)
      info.channels = static_cast<int>(in.take(3)) + 1;
      info.bits_per_sample = static_cast<int>(in.take(5)) + 1;
      info.total_samples = uint64_t{in.take(4)} << 32;
      info.total_samples |= in.take(32);
    }
    in.bit = end;
  }
  if (info.channels == 0 || info.bits_per_sample < 4) return bad_stream("no usable STREAMINFO");
  return info;
}

// Undoes inter-channel decorrelation (RFC 9639 section 4.2).
void recombine(int channel_code, std::span<int64_t> first, std::span<int64_t> second) {
  for (size_t i = 0; i < first.size(); ++i) {
    if (channel_code == 8) {
      second[i] = first[i] - second[i];
    } else if (channel_code == 9) {
      first[i] += second[i];
    } else if (channel_code == 10) {
      const int64_t side = second[i], middle = first[i] * 2 + (side & 1);
      first[i] = (middle + side) >> 1;
      second[i] = (middle - side) >> 1;
    }
  }
}

}  // namespace

Result<FlacAudio> decode_flac(std::span<const uint8_t> bytes, size_t most_samples) {
  BitReader in{bytes};
  PRECORDIA_TRY(const auto info, read_stream_info(in));
  FlacAudio audio;
  audio.bits_per_sample = info.bits_per_sample;
  audio.channels.resize(static_cast<size_t>(info.channels));
  std::array<std::vector<int64_t>, 8> block;
  while (in.bit / 8 < bytes.size() &&
         (info.total_samples == 0 || audio.channels[0].size() < info.total_samples)) {
    const size_t start = in.bit / 8;
    PRECORDIA_TRY(const auto frame, read_frame_header(in, info));
    if ((audio.channels[0].size() + frame.block_size) * audio.channels.size() > most_samples)
      return fail(ErrorCode::kTooLarge,
                  "The recording is too long for this program; cut out a part of up to one hour.");
    for (int c = 0; c < info.channels; ++c) {
      block[static_cast<size_t>(c)].assign(frame.block_size, 0);
      const bool is_side = (frame.channel_code == 9 && c == 0) ||
                           ((frame.channel_code == 8 || frame.channel_code == 10) && c == 1);
      if (!read_subframe(in, info.bits_per_sample + is_side, block[static_cast<size_t>(c)]))
        return bad_stream("subframe");
    }
    in.to_byte();
    const size_t end = in.bit / 8;
    const uint32_t stated = in.take(16);
    if (in.overrun || stated != crc(bytes.subspan(start, end - start), 16, 0x8005))
      return bad_stream("frame CRC");
    if (frame.channel_code >= 8) recombine(frame.channel_code, block[0], block[1]);
    for (size_t c = 0; c < audio.channels.size(); ++c)
      for (const int64_t value : block[c]) audio.channels[c].push_back(static_cast<int32_t>(value));
  }
  if (audio.channels[0].size() < info.total_samples) return bad_stream("fewer samples than announced");
  return audio;
}

}  // namespace precordia
