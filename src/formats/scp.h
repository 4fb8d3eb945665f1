// SCP-ECG (EN 1064, ISO 11073-91064, ANSI/AAMI EC71). Written from the standard's published descriptions and held against an
// independent decode of real files.
//
//   scp_reader.cc     sections, leads, patient, time, device -> channels
//   scp_samples.cc    one lead's bits -> integers: Huffman codes, differences, bimodal decimation
//   scp_findings.cc   what the device measured and said (sections 7, 8, 10, 11)
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "formats/assemble.h"
#include "base/bytes.h"
#include "formats/read_ecg.h"

namespace precordia {

inline constexpr int kScpSections = 12;           // those that the standard defines; manufacturers may add more
inline constexpr int kMostScpLeads = 85;
inline constexpr size_t kMostHuffmanCodes = 4096;  // over all tables of one file
inline constexpr int32_t kLargestScpValue = 1 << 20;

Evidence scp_evidence(std::span<const uint8_t> bytes);
Result<DecodedEcg> decode_scp(std::span<const InputFile> files);

// The content of each section after its 16-byte header; empty when the file has none.
using ScpSections = std::array<Bytes, kScpSections>;

// "V3R" for 11; "lead 140" for one that has no name (stated_facts.h).
std::string scp_lead_label(int number);

// --- samples ---------------------------------------------------------------------------------------------------------------

// One code of section 2: `prefix` (first bit lowest) of `prefix_bits`, then total_bits - prefix_bits bits that are added to `base`
// as a two's complement number; or, when it switches tables, `base` is the table that follows, counted from 1.
struct ScpCode {
  int prefix_bits = 0, total_bits = 0;
  bool switches_table = false;
  int base = 0;
  uint32_t prefix = 0;
};

// Tables as trees: node 0 of each is its root.
class ScpHuffman {
 public:
  static ScpHuffman standard();                                        // table 19999
  static Result<ScpHuffman> from_section(const Bytes& section_2);
  // The first `count` values of `bytes`; fewer when the bits end there or no code fits.
  std::vector<int32_t> values(const Bytes& bytes, size_t count) const;

 private:
  struct Node {
    std::array<int32_t, 2> child = {-1, -1};
    int32_t code = -1;
  };
  struct Table {
    std::vector<Node> nodes;
    std::vector<ScpCode> codes;
  };
  bool add(Table& table, const ScpCode& code);
  std::vector<Table> tables_;
};

// Undoes first (1) or second (2) differences in place; false when a value leaves +-kLargestScpValue.
bool scp_integrate(std::vector<int32_t>& values, int differences);

// Samples of full rate that lie in [first, last], both counted from 1.
struct ScpZone {
  int64_t first = 0, last = -1;
};
// Where a lead's stored values belong: outside the protected zones each stands for `rate` samples.
size_t scp_stored_count(size_t samples, int rate, std::span<const ScpZone> protected_zones);
// Stored values to `samples` samples of full rate, interpolated outside the zones. `zones` are sorted, do not overlap and are
// counted from the lead's own first sample.
std::vector<int32_t> scp_expand(const std::vector<int32_t>& stored, size_t samples, int rate, std::span<const ScpZone> zones);

// --- findings --------------------------------------------------------------------------------------------------------------

void add_scp_findings(const ScpSections& sections, DeviceFindings& findings);

}  // namespace precordia
