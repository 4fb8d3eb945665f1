// WFDB records: a text header (.hea) beside one or more binary signal files. Method source: header(5) and signal(5) of the
// WFDB Applications Guide (G. B. Moody et al., PhysioNet, https://physionet.org/physiotools/wag/), written from those pages.
//
//   wfdb_header.cc    text -> WfdbHeader
//   wfdb_samples.cc   packed bytes -> integers, one function per storage format
//   flac.cc           the FLAC stream behind formats 508, 516 and 524
//   wfdb_reader.cc    files -> channels -> EcgRecord
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

// Hard limits; a header over one of them is refused before anything is allocated.
inline constexpr size_t kLargestWfdbHeaderBytes = 1u << 20;
inline constexpr int kMostWfdbSignals = 512;
inline constexpr int kMostWfdbSegments = 4096;
inline constexpr int kMostSamplesPerFrame = 4096;

struct WfdbSignal {
  std::string file_name;
  int format = 16;
  int samples_per_frame = 1;
  int skew_frames = 0;                    // the file holds this signal so many frames later than the others
  size_t byte_offset = 0;                 // of the first sample in the file
  double gain = 200;                      // ADC units per physical unit; never 0
  bool gain_stated = false;               // false: header(5)'s default of 200 per mV stands in
  double baseline = 0;                    // ADC value of 0 physical units; the ADC zero where not stated
  std::string units = "mV";
  long long initial_value = 0;            // format 8 counts from here
  std::optional<long long> checksum;      // sum of all samples modulo 2^16, found written signed and unsigned
  std::string description;                // "II", "aVR", "RESP"; may be empty
};

struct WfdbSegment {
  std::string record_name;                // "~" = a gap
  size_t frame_count = 0;                 // 0 for the layout segment of a variable-layout record
};

struct WfdbHeader {
  std::string record_name;
  double frame_rate_hz = 250;             // header(5)'s default
  std::optional<size_t> frame_count;      // nullopt: not stated, the signal files decide
  std::string recorded_at;                // ISO 8601 when a date is stated
  std::vector<WfdbSignal> signals;        // of a single-segment record
  std::vector<WfdbSegment> segments;      // of a multi-segment record
  int stated_signals = 0;
  std::vector<std::string> comments;      // without their '#', trimmed

  bool multi_segment() const { return !segments.empty(); }
};

// True when the content is a WFDB header: a record line followed by as many plausible signal or segment lines as it needs.
bool looks_like_wfdb_header(std::span<const uint8_t> bytes);
Evidence wfdb_evidence(std::span<const uint8_t> bytes);
Result<WfdbHeader> parse_wfdb_header(std::string_view text);

// --- samples ---------------------------------------------------------------------------------------------------------------

inline constexpr int32_t kWfdbMissing = kMissingCount;

bool is_wfdb_format(int format);   // one that we decode; 0 (no samples) is not
bool is_flac_format(int format);   // 508, 516, 524

// How many whole samples `bytes` hold in the packed (not FLAC) `format`, and how many bytes `count` samples need.
uint64_t wfdb_samples_in(int format, uint64_t bytes);
uint64_t wfdb_bytes_for(int format, uint64_t count);

// Sample `index` of `data` in a packed format, sign-extended, as stored (format 8: the difference). No bounds check beyond
// an assertion of the caller's: index < wfdb_samples_in(format, data.size()).
int32_t wfdb_sample(int format, std::span<const uint8_t> data, size_t index);

// The value that stands for "no sample": the most negative one of the format; nullopt for format 8, which has none.
std::optional<int32_t> wfdb_missing_value(int format);

// --- records ---------------------------------------------------------------------------------------------------------------

struct WfdbChannel {
  WfdbSignal signal;
  double rate_hz = 0;                     // frame rate times samples per frame
  std::vector<int32_t> samples;           // ADC units, skew undone; kWfdbMissing = missing
  bool checksum_differs = false;
};

// All channels of a single-segment record as integers. `files` are searched for the signal files by name.
Result<std::vector<WfdbChannel>> decode_wfdb(const WfdbHeader& header, std::span<const InputFile> files,
                                             std::vector<std::string>& notes);

// files[0] is the header. Leads are found by their descriptions; channels of a lower rate than the fastest lead are resampled
// to it. What is tolerated and said in `notes`: a checksum that differs, more data than announced, a missing gain, a lead twice.
// What is refused: fewer samples than announced (kDamaged), missing files (kMissingCompanion), no lead at all (kNotAnEcg).
Result<DecodedEcg> decode_wfdb_record(std::span<const InputFile> files);

}  // namespace precordia
