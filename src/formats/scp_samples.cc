#include <algorithm>
#include <cstdlib>

#include "formats/scp.h"

namespace precordia {
namespace {

// The default table of the standard (annex C.3.7.3). The last two carry 8 and 16 bits of original value.
constexpr ScpCode kStandardCodes[] = {
    {1, 1, false, 0, 0},      {3, 3, false, 1, 1},      {3, 3, false, -1, 5},     {4, 4, false, 2, 3},     {4, 4, false, -2, 11},
    {5, 5, false, 3, 7},      {5, 5, false, -3, 23},    {6, 6, false, 4, 15},     {6, 6, false, -4, 47},   {7, 7, false, 5, 31},
    {7, 7, false, -5, 95},    {8, 8, false, 6, 63},     {8, 8, false, -6, 191},   {9, 9, false, 7, 127},   {9, 9, false, -7, 383},
    {10, 10, false, 8, 255},  {10, 10, false, -8, 767}, {10, 18, false, 0, 511},  {10, 26, false, 0, 1023},
};
constexpr int kLongestPrefix = 32, kLongestValue = 32;

std::unexpected<Error> bad_tables(const char* what) {
  return fail(ErrorCode::kDamaged, "The code tables of this SCP-ECG file are damaged; export it again.", what);
}

struct BitStream {
  std::span<const uint8_t> bytes;
  size_t at = 0;   // bit, most significant first
  size_t left() const { return bytes.size() * 8 - at; }
  int next() {
    const int bit = bytes[at / 8] >> (7 - at % 8) & 1;
    ++at;
    return bit;
  }
};

}  // namespace

bool ScpHuffman::add(Table& table, const ScpCode& code) {
  if (code.prefix_bits < 1 || code.prefix_bits > kLongestPrefix || code.total_bits < code.prefix_bits ||
      code.total_bits - code.prefix_bits > kLongestValue)
    return false;
  size_t node = 0;
  for (int bit = 0; bit < code.prefix_bits; ++bit) {
    if (table.nodes[node].code >= 0) return false;   // an earlier code is a prefix of this one
    const size_t side = code.prefix >> bit & 1;
    if (table.nodes[node].child[side] < 0) {
      table.nodes[node].child[side] = static_cast<int32_t>(table.nodes.size());
      table.nodes.emplace_back();
    }
    node = static_cast<size_t>(table.nodes[node].child[side]);
  }
  if (table.nodes[node].code >= 0 || table.nodes[node].child[0] >= 0 || table.nodes[node].child[1] >= 0) return false;
  table.nodes[node].code = static_cast<int32_t>(table.codes.size());
  table.codes.push_back(code);
  return true;
}

ScpHuffman ScpHuffman::standard() {
  ScpHuffman huffman;
  huffman.tables_.push_back({.nodes = std::vector<Node>(1), .codes = {}});
  for (const auto& code : kStandardCodes) huffman.add(huffman.tables_[0], code);
  return huffman;
}

Result<ScpHuffman> ScpHuffman::from_section(const Bytes& section) {
  constexpr uint16_t kDefaultTable = 19999;
  constexpr size_t kCodeBytes = 9;
  const size_t count = section.u16(0);
  if (count == kDefaultTable) return standard();
  if (count == 0) return bad_tables("no table");
  ScpHuffman huffman;
  size_t at = 2, codes_so_far = 0;
  for (size_t t = 0; t < count; ++t) {
    const size_t codes = section.u16(at);
    at += 2;
    codes_so_far += codes;
    if (codes == 0 || codes_so_far > kMostHuffmanCodes || !section.has(at, codes * kCodeBytes)) return bad_tables("table length");
    huffman.tables_.push_back({.nodes = std::vector<Node>(1), .codes = {}});
    for (size_t c = 0; c < codes; ++c, at += kCodeBytes) {
      const ScpCode code{.prefix_bits = section.u8(at), .total_bits = section.u8(at + 1), .switches_table = section.u8(at + 2) == 0,
                         .base = section.i16(at + 3), .prefix = section.u32(at + 5)};
      if (!huffman.add(huffman.tables_.back(), code)) return bad_tables("ambiguous code");
      if (code.switches_table && (code.base < 1 || static_cast<size_t>(code.base) > count)) return bad_tables("switch to no table");
    }
  }
  return huffman;
}

std::vector<int32_t> ScpHuffman::values(const Bytes& bytes, size_t count) const {
  std::vector<int32_t> out;
  out.reserve(std::min(count, bytes.size() * 8));   // the shortest code has one bit
  BitStream in{bytes.data};
  const Table* table = &tables_[0];
  while (out.size() < count) {
    size_t node = 0;
    while (table->nodes[node].code < 0) {
      if (in.left() == 0) return out;
      const int32_t next = table->nodes[node].child[static_cast<size_t>(in.next())];
      if (next < 0) return out;
      node = static_cast<size_t>(next);
    }
    const ScpCode& code = table->codes[static_cast<size_t>(table->nodes[node].code)];
    if (code.switches_table) {
      table = &tables_[static_cast<size_t>(code.base) - 1];
      continue;
    }
    const int bits = code.total_bits - code.prefix_bits;
    if (in.left() < static_cast<size_t>(bits)) return out;
    uint32_t value = 0;
    for (int i = 0; i < bits; ++i) value = value << 1 | static_cast<uint32_t>(in.next());
    if (bits > 0 && bits < 32 && value >> (bits - 1)) value |= UINT32_MAX << bits;
    out.push_back(static_cast<int32_t>(value + static_cast<uint32_t>(code.base)));
  }
  return out;
}

bool scp_integrate(std::vector<int32_t>& values, int differences) {
  const auto possible = [](int64_t value) { return std::abs(value) <= kLargestScpValue; };
  for (size_t i = 0; i < values.size(); ++i) {
    int64_t value = values[i];
    if (differences == 1 && i >= 1) value += values[i - 1];
    if (differences == 2 && i >= 2) value += int64_t{2} * values[i - 1] - values[i - 2];
    if (!possible(value)) return false;
    values[i] = static_cast<int32_t>(value);
  }
  return true;
}

namespace {

// Calls `each(first, last, protected)` for the pieces that a lead of `samples` falls into, counted from 0, `last` excluded.
template <typename Each>
void for_each_piece(size_t samples, std::span<const ScpZone> zones, Each each) {
  const auto end = static_cast<int64_t>(samples);
  int64_t at = 0;
  for (const auto& zone : zones) {
    const int64_t first = std::clamp(zone.first - 1, at, end), last = std::clamp(zone.last, first, end);
    if (first > at) each(static_cast<size_t>(at), static_cast<size_t>(first), false);
    if (last > first) each(static_cast<size_t>(first), static_cast<size_t>(last), true);
    at = std::max(at, last);
  }
  if (at < end) each(static_cast<size_t>(at), samples, false);
}

}  // namespace

size_t scp_stored_count(size_t samples, int rate, std::span<const ScpZone> zones) {
  size_t count = 0;
  const auto step = static_cast<size_t>(rate);
  for_each_piece(samples, zones, [&](size_t first, size_t last, bool is_protected) {
    count += is_protected ? last - first : (last - first + step - 1) / step;
  });
  return count;
}

std::vector<int32_t> scp_expand(const std::vector<int32_t>& stored, size_t samples, int rate, std::span<const ScpZone> zones) {
  std::vector<int32_t> out(samples, kMissingCount);
  const auto step = static_cast<size_t>(rate);
  size_t next = 0;
  for_each_piece(samples, zones, [&](size_t first, size_t last, bool is_protected) {
    const size_t wanted = is_protected ? last - first : (last - first + step - 1) / step;
    const size_t here = std::min(wanted, stored.size() - next);
    if (here == 0) return;
    const int32_t* value = stored.data() + next;
    next += here;
    if (is_protected) {
      std::copy(value, value + here, out.begin() + static_cast<ptrdiff_t>(first));
      return;
    }
    // Each value is the mean of `step` samples: it stands at their middle, lines join the middles, the ends stay level.
    for (size_t i = first; i < last; ++i) {
      const int64_t from_middle = static_cast<int64_t>(i - first) - rate / 2;
      const int64_t k = from_middle < 0 ? 0 : from_middle / rate, rest = from_middle < 0 ? 0 : from_middle % rate;
      if (static_cast<size_t>(k) >= here + 1) break;   // the stored values ended early: what is not there is missing
      const size_t left = std::min(static_cast<size_t>(k), here - 1), right = std::min(left + 1, here - 1);
      out[i] = static_cast<int32_t>(value[left] + (int64_t{value[right]} - value[left]) * rest / rate);
    }
  });
  return out;
}

}  // namespace precordia
