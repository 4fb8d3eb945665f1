// Binary ECG files that the format tests write themselves, byte by byte and independently of the writers in src/formats.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "formats_files.h"

namespace precordia {

struct ByteSink {
  std::vector<uint8_t> bytes;
  ByteSink& number(uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
    return *this;
  }
  ByteSink& u8(uint64_t value) { return number(value, 1); }
  ByteSink& u16(uint64_t value) { return number(value, 2); }
  ByteSink& u32(uint64_t value) { return number(value, 4); }
  ByteSink& text(std::string_view value) { return bytes.insert(bytes.end(), value.begin(), value.end()), *this; }
  ByteSink& padded(std::string_view value, size_t width, char pad = '\0') {
    text(value.substr(0, width));
    bytes.resize(bytes.size() + width - std::min(width, value.size()), static_cast<uint8_t>(pad));
    return *this;
  }
  ByteSink& append(const std::vector<uint8_t>& more) { return bytes.insert(bytes.end(), more.begin(), more.end()), *this; }
  void put16(size_t at, uint32_t value) { bytes[at] = static_cast<uint8_t>(value), bytes[at + 1] = static_cast<uint8_t>(value >> 8); }
  void put32(size_t at, uint32_t value) { put16(at, value), put16(at + 2, value >> 16); }
};

// CRC-CCITT, bit by bit.
inline uint16_t test_crc(const uint8_t* data, size_t size) {
  uint32_t crc = 0xFFFF;
  for (size_t i = 0; i < size; ++i) {
    crc ^= uint32_t{data[i]} << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xFFFF;
  }
  return static_cast<uint16_t>(crc);
}

// A little wave that obeys Einthoven's law in whole counts: sample `i` of lead `k` (order of kLeadNames).
inline int32_t test_count(int k, size_t i) {
  const int32_t beat = i % 400 < 20 ? 600 - 60 * std::abs(static_cast<int32_t>(i % 400) - 10) : static_cast<int32_t>(i % 7) - 3;
  const int32_t one = beat / 4 * 2, two = beat / 2 * 2 + static_cast<int32_t>(i % 5) * 2;
  const int32_t row[12] = {one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2, -beat, -beat / 2, beat / 3, beat, beat + 1, beat / 2};
  return row[k];
}
inline std::vector<int32_t> test_counts(int k, size_t count) {
  std::vector<int32_t> out;
  for (size_t i = 0; i < count; ++i) out.push_back(test_count(k, i));
  return out;
}

// --- EDF -------------------------------------------------------------------------------------------------------------------

struct EdfTestSignal {
  std::string label;
  std::vector<int32_t> counts;      // of the whole recording
  size_t per_record = 0;
  std::string unit = "uV", physical_min = "-81920", physical_max = "81917.5", digital_min = "-32768", digital_max = "32767";
  std::string prefilter = "HP:0.05Hz LP:150Hz N:50Hz";
};
struct EdfTestFile {
  std::string reserved, patient = "X X X X", recording = "Startdate X X X X", date = "01.02.03", time = "10.20.30", duration = "1", records;
  std::vector<EdfTestSignal> signals;
  std::vector<std::string> annotations;   // one list per record; empty = no annotation signal
  bool bdf = false;

  std::vector<uint8_t> bytes() const {
    ByteSink out;
    const int width = bdf ? 3 : 2;
    size_t count = annotations.size(), longest = 0;
    for (const auto& signal : signals) count = std::max(count, signal.per_record ? signal.counts.size() / signal.per_record : 0);
    for (const auto& list : annotations) longest = std::max(longest, (list.size() + 5) / 6 * 6);
    const size_t columns = signals.size() + (annotations.empty() ? 0 : 1);
    const auto header = [&](std::string_view text, size_t wide) { out.padded(text, wide, ' '); };
    header(bdf ? "\xFF" "BIOSEMI" : "0", 8), header(patient, 80), header(recording, 80), header(date, 8), header(time, 8);
    header(std::to_string(256 * (columns + 1)), 8), header(reserved, 44), header(records.empty() ? std::to_string(count) : records, 8);
    header(duration, 8), header(std::to_string(columns), 4);
    const auto column = [&](size_t wide, const std::function<std::string(const EdfTestSignal&)>& of, const std::string& of_annotations) {
      for (const auto& signal : signals) header(of(signal), wide);
      if (!annotations.empty()) header(of_annotations, wide);
    };
    column(16, [](const auto& s) { return s.label; }, bdf ? "BDF Annotations" : "EDF Annotations");
    column(80, [](const auto&) { return std::string(); }, "");
    column(8, [](const auto& s) { return s.unit; }, "");
    column(8, [](const auto& s) { return s.physical_min; }, "-1");
    column(8, [](const auto& s) { return s.physical_max; }, "1");
    column(8, [](const auto& s) { return s.digital_min; }, "-32768");
    column(8, [](const auto& s) { return s.digital_max; }, "32767");
    column(80, [](const auto& s) { return s.prefilter; }, "");
    column(8, [](const auto& s) { return std::to_string(s.per_record); }, std::to_string(longest / static_cast<size_t>(width)));
    column(32, [](const auto&) { return std::string(); }, "");
    for (size_t r = 0; r < count; ++r) {
      for (const auto& signal : signals)
        for (size_t i = 0; i < signal.per_record; ++i)
          out.number(static_cast<uint32_t>(signal.counts[r * signal.per_record + i]), width);
      if (!annotations.empty()) out.padded(r < annotations.size() ? annotations[r] : "", longest);
    }
    return out.bytes;
  }
};

inline EdfTestFile edf_twelve(size_t seconds, size_t rate = 500) {
  EdfTestFile file;
  for (int k = 0; k < kLeadCount; ++k)
    file.signals.push_back({.label = std::string("ECG ") + kLeadNames[k], .counts = test_counts(k, seconds * rate), .per_record = rate});
  return file;
}

// "+onset 0x14 0x14 0x00" and further annotations of the record.
inline std::string edf_stamp(const std::string& onset, const std::string& more = "") {
  return "+" + onset + "\x14\x14" + std::string(1, '\0') + more;
}
inline std::string edf_note(const std::string& onset, const std::string& duration, const std::string& text) {
  return "+" + onset + "\x15" + duration + "\x14" + text + "\x14" + std::string(1, '\0');
}

// --- SCP-ECG ---------------------------------------------------------------------------------------------------------------

struct ScpTestCode {
  int prefix_bits, total_bits;
  bool stays;
  int base;
  uint32_t prefix;
};

// EN 1064 default table.
inline std::vector<ScpTestCode> scp_default_codes() {
  std::vector<ScpTestCode> codes = {{1, 1, true, 0, 0}};
  for (int n = 1; n <= 8; ++n) {
    const uint32_t ones = (1u << n) - 1;
    codes.push_back({n + 2, n + 2, true, n, ones});
    codes.push_back({n + 2, n + 2, true, -n, ones | 1u << (n + 1)});
  }
  codes.push_back({10, 18, true, 0, 511});
  codes.push_back({10, 26, true, 0, 1023});
  return codes;
}

struct BitSink {
  std::vector<uint8_t> bytes;
  size_t bits = 0;
  void bit(uint32_t value) {
    if (bits % 8 == 0) bytes.push_back(0);
    bytes.back() = static_cast<uint8_t>(bytes.back() | (value & 1) << (7 - bits % 8));
    ++bits;
  }
  void code(const ScpTestCode& code, int64_t rest = 0) {
    for (int i = 0; i < code.prefix_bits; ++i) bit(code.prefix >> i);
    for (int i = code.total_bits - code.prefix_bits - 1; i >= 0; --i) bit(static_cast<uint32_t>(rest >> i));
  }
};

inline std::vector<uint8_t> scp_huffman(const std::vector<int32_t>& values, const std::vector<ScpTestCode>& codes) {
  BitSink out;
  for (const int32_t value : values) {
    const ScpTestCode* chosen = nullptr;
    int64_t rest = 0;
    for (const auto& code : codes) {
      const int bits = code.total_bits - code.prefix_bits;
      const int64_t offset = int64_t{value} - code.base;
      const bool fits = bits == 0 ? offset == 0 : offset >= -(int64_t{1} << (bits - 1)) && offset < int64_t{1} << (bits - 1);
      if (code.stays && fits && (!chosen || code.total_bits < chosen->total_bits)) chosen = &code, rest = offset;
    }
    if (chosen) out.code(*chosen, rest);
  }
  return out.bytes;
}

inline std::vector<int32_t> scp_differences(std::vector<int32_t> samples, int order) {
  for (int pass = 0; pass < order; ++pass)
    for (size_t i = samples.size(); i-- > static_cast<size_t>(pass) + 1;) samples[i] -= samples[i - 1];
  // Second differences keep the first two samples as they are.
  if (order == 2 && samples.size() > 1) samples[1] += samples[0];
  return samples;
}

struct ScpTestLead {
  int id;
  std::vector<uint8_t> rhythm, beat;
  uint32_t first = 1, last = 0;
};

struct ScpTestFile {
  std::vector<ScpTestLead> leads;
  std::vector<uint8_t> section_1, section_2, section_4, section_7, section_8, section_10, section_11;
  bool beat_subtracted = false, bimodal = false;
  int nv = 2500, interval_us = 2000, differences = 2;
  int beat_nv = 2500, beat_interval_us = 2000, beat_differences = 0;

  std::vector<uint8_t> bytes() const {
    ByteSink three, five, six;
    three.u8(leads.size()).u8((beat_subtracted ? 1u : 0u) | 4u | leads.size() << 3);
    five.u16(static_cast<uint32_t>(beat_nv)).u16(static_cast<uint32_t>(beat_interval_us)).u8(static_cast<uint32_t>(beat_differences)).u8(0);
    six.u16(static_cast<uint32_t>(nv)).u16(static_cast<uint32_t>(interval_us)).u8(static_cast<uint32_t>(differences)).u8(bimodal);
    bool has_beat = false;
    for (const auto& lead : leads) {
      three.u32(lead.first).u32(lead.last).u8(static_cast<uint32_t>(lead.id));
      five.u16(lead.beat.size());
      six.u16(lead.rhythm.size());
      has_beat = has_beat || !lead.beat.empty();
    }
    for (const auto& lead : leads) five.append(lead.beat), six.append(lead.rhythm);
    std::vector<std::vector<uint8_t>> sections = {{},        section_1, section_2, three.bytes, section_4, has_beat ? five.bytes : std::vector<uint8_t>(),
                                                  six.bytes, section_7, section_8, {},          section_10, section_11};
    const auto with_header = [](uint32_t id, std::vector<uint8_t> content, std::string_view mark) {
      if (content.size() % 2 != 0) content.push_back(0);
      ByteSink out;
      out.u16(0).u16(id).u32(16 + content.size()).u8(20).u8(20).padded(mark, 6).append(content);
      out.put16(0, test_crc(out.bytes.data() + 2, out.bytes.size() - 2));
      return out.bytes;
    };
    ByteSink pointers, body;
    size_t index = 7 + 16 + 10 * sections.size();
    pointers.u16(0).u32(16 + 10 * sections.size()).u32(7);
    for (uint32_t id = 1; id < sections.size(); ++id) {
      if (sections[id].empty()) {
        pointers.u16(id).u32(0).u32(0);
        continue;
      }
      const auto whole = with_header(id, sections[id], "");
      pointers.u16(id).u32(whole.size()).u32(index);
      index += whole.size();
      body.append(whole);
    }
    ByteSink out;
    out.u16(0).u32(0).append(with_header(0, pointers.bytes, "SCPECG")).append(body.bytes);
    out.put32(2, static_cast<uint32_t>(out.bytes.size()));
    out.put16(0, test_crc(out.bytes.data() + 2, out.bytes.size() - 2));
    return out.bytes;
  }
};

inline constexpr int kScpIds[kLeadCount] = {1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8};

// Twelve leads, default table, second differences.
inline ScpTestFile scp_twelve(size_t count) {
  ScpTestFile file;
  file.section_2 = ByteSink().u16(19999).bytes;
  for (int k = 0; k < kLeadCount; ++k)
    file.leads.push_back({kScpIds[k], scp_huffman(scp_differences(test_counts(k, count), 2), scp_default_codes()), {}, 1, static_cast<uint32_t>(count)});
  return file;
}

// --- DICOM -----------------------------------------------------------------------------------------------------------------

// Elements in a chosen encoding; sequences of defined or undefined length.
class DicomSink {
 public:
  explicit DicomSink(bool explicit_vr = true, bool big_endian = false, bool undefined_lengths = false)
      : explicit_(explicit_vr), big_(big_endian), undefined_(undefined_lengths) {}
  DicomSink like() const { return DicomSink(explicit_, big_, undefined_); }

  DicomSink& text(uint32_t tag, const char* vr, std::string value) {
    if (value.size() % 2 != 0) value += std::string_view(vr) == "UI" ? '\0' : ' ';
    return raw(tag, vr, {value.begin(), value.end()});
  }
  DicomSink& u16(uint32_t tag, uint32_t value) { return raw(tag, "US", ordered(value, 2)); }
  DicomSink& u32(uint32_t tag, uint32_t value) { return raw(tag, "UL", ordered(value, 4)); }
  DicomSink& raw(uint32_t tag, const char* vr, const std::vector<uint8_t>& value) {
    head(tag, vr, static_cast<uint32_t>(value.size()));
    out_.append(value);
    return *this;
  }
  DicomSink& sequence(uint32_t tag, const std::vector<DicomSink>& items) {
    size_t length = 0;
    for (const auto& item : items) length += 8 + item.bytes().size();
    head(tag, "SQ", undefined_ ? 0xFFFFFFFF : static_cast<uint32_t>(length));
    for (const auto& item : items) {
      mark(0xFFFEE000, undefined_ ? 0xFFFFFFFF : static_cast<uint32_t>(item.bytes().size()));
      out_.append(item.bytes());
      if (undefined_) mark(0xFFFEE00D, 0);
    }
    if (undefined_) mark(0xFFFEE0DD, 0);
    return *this;
  }
  std::vector<uint8_t> ordered(uint32_t value, int count) const {
    std::vector<uint8_t> out;
    for (int i = 0; i < count; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * (big_ ? count - 1 - i : i))));
    return out;
  }
  const std::vector<uint8_t>& bytes() const { return out_.bytes; }

 private:
  void mark(uint32_t tag, uint32_t length) { out_.append(ordered(tag >> 16, 2)).append(ordered(tag & 0xFFFF, 2)).append(ordered(length, 4)); }
  void head(uint32_t tag, const char* vr, uint32_t length) {
    out_.append(ordered(tag >> 16, 2)).append(ordered(tag & 0xFFFF, 2));
    if (!explicit_) {
      out_.append(ordered(length, 4));
      return;
    }
    out_.text(std::string_view(vr, 2));
    const std::string_view kind(vr, 2);
    if (kind == "OW" || kind == "OB" || kind == "SQ" || kind == "UN") out_.u16(0).append(ordered(length, 4));
    else out_.append(ordered(length, 2));
  }
  bool explicit_, big_, undefined_;
  ByteSink out_;
};

struct DicomTestGroup {
  std::string label = "RHYTHM", originality = "ORIGINAL", rate = "500", offset_ms;
  std::vector<int> leads = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  size_t count = 1000;
  int bits = 16, bits_stored = 16;
  std::string interpretation = "SS", sensitivity = "2.5", unit = "uV", baseline = "0", correction = "1";
  std::vector<uint8_t> padding;
  bool mdc = false;
  std::function<uint32_t(int k, size_t i)> stored = [](int k, size_t i) { return static_cast<uint32_t>(test_count(k, i)); };
};

inline DicomSink dicom_code(const DicomSink& like, const std::string& value, const std::string& scheme, const std::string& meaning) {
  DicomSink out = like.like();
  out.text(0x00080100, "SH", value).text(0x00080102, "SH", scheme).text(0x00080104, "LO", meaning);
  return out;
}

inline DicomSink dicom_group(const DicomSink& like, const DicomTestGroup& group) {
  DicomSink item = like.like();
  if (!group.offset_ms.empty()) item.text(0x00181068, "DS", group.offset_ms);
  item.text(0x003A0004, "CS", group.originality).u16(0x003A0005, static_cast<uint32_t>(group.leads.size()));
  item.u32(0x003A0010, static_cast<uint32_t>(group.count)).text(0x003A001A, "DS", group.rate).text(0x003A0020, "SH", group.label);
  std::vector<DicomSink> channels;
  for (const int k : group.leads) {
    DicomSink channel = like.like();
    const std::string number = std::to_string(kScpIds[k]);
    channel.sequence(0x003A0208, {dicom_code(like, group.mdc ? "2:" + number : "5.6.3-9-" + number, group.mdc ? "MDC" : "SCPECG", "Lead")});
    channel.text(0x003A0210, "DS", group.sensitivity).sequence(0x003A0211, {dicom_code(like, group.unit, "UCUM", "unit")});
    channel.text(0x003A0212, "DS", group.correction).text(0x003A0213, "DS", group.baseline).u16(0x003A021A, static_cast<uint32_t>(group.bits_stored));
    channel.text(0x003A0220, "DS", "0.05").text(0x003A0221, "DS", "150");
    channels.push_back(channel);
  }
  item.sequence(0x003A0200, channels);
  item.u16(0x54001004, static_cast<uint32_t>(group.bits)).text(0x54001006, "CS", group.interpretation);
  if (!group.padding.empty()) item.raw(0x5400100A, "OW", group.padding);
  std::vector<uint8_t> data;
  for (size_t i = 0; i < group.count; ++i)
    for (const int k : group.leads) {
      const auto bytes = like.ordered(group.stored(k, i), group.bits / 8);
      data.insert(data.end(), bytes.begin(), bytes.end());
    }
  return item.raw(0x54001010, group.bits == 8 ? "OB" : "OW", data);
}

inline std::vector<uint8_t> dicom_data_set(const DicomSink& like, const std::vector<DicomTestGroup>& groups,
                                           const std::vector<DicomSink>& annotations = {}) {
  DicomSink data = like.like();
  data.text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.9.1.1").text(0x0008002A, "DT", "20200201102030").text(0x00080060, "CS", "ECG");
  data.text(0x00080070, "LO", "Maker").text(0x00081090, "LO", "Model 1").text(0x00100010, "PN", "Doe^Jane").text(0x00100020, "LO", "4711");
  data.text(0x00100030, "DA", "19600301").text(0x00100040, "CS", "F");
  if (!annotations.empty()) data.sequence(0x0040B020, annotations);
  std::vector<DicomSink> items;
  for (const auto& group : groups) items.push_back(dicom_group(like, group));
  if (!items.empty()) data.sequence(0x54000100, items);
  return data.bytes();
}

inline std::vector<uint8_t> dicom_file(const std::string& transfer_syntax, const std::vector<uint8_t>& data_set, bool preamble = true) {
  DicomSink meta;
  meta.text(0x00020010, "UI", transfer_syntax);
  ByteSink out;
  if (preamble) out.padded("", 128).text("DICM");
  return out.append(meta.bytes()).append(data_set).bytes;
}

// --- Holter and handheld ---------------------------------------------------------------------------------------------------------

inline std::vector<uint8_t> ishne_file(size_t count) {
  ByteSink out;
  out.text("ISHNE1.0").u16(0).u32(0).u32(count).u32(522).u32(522).u16(1);
  out.padded("Jane", 40).padded("Doe", 40).padded("4711", 20).u16(2).u16(0).u16(1).u16(3).u16(1960).u16(1).u16(2).u16(2020).u16(1).u16(2).u16(2020);
  out.u16(10).u16(20).u16(30).u16(12);
  for (int k = 0; k < 12; ++k) out.u16(static_cast<uint32_t>(5 + k));
  for (int k = 0; k < 12; ++k) out.u16(1);
  for (int k = 0; k < 12; ++k) out.u16(2500);
  out.u16(0).padded("digital", 40).u16(500).padded("", 522 - 274);
  out.put16(8, test_crc(out.bytes.data() + 10, out.bytes.size() - 10));
  for (size_t i = 0; i < count; ++i)
    for (int k = 0; k < 12; ++k) out.u16(static_cast<uint32_t>(test_count(k, i)) & 0xFFFF);
  return out.bytes;
}

inline std::vector<uint8_t> norav_file(size_t count) {
  ByteSink out;
  out.u16(12).u16(500);
  for (size_t i = 0; i < count; ++i)
    for (int k = 0; k < 12; ++k) out.u16(static_cast<uint32_t>(test_count(k, i)) & 0xFFFF);
  return out.bytes;
}

inline std::vector<uint8_t> alivecor_file(size_t count, int leads) {
  ByteSink out;
  out.padded("ALIVE", 8).u32(2);
  const auto block = [&](std::string_view id, const std::vector<uint8_t>& data) {
    const size_t start = out.bytes.size();
    out.text(id).u32(data.size()).append(data);
    uint32_t sum = 0;
    for (size_t i = start; i < out.bytes.size(); ++i) sum += out.bytes[i];
    out.u32(sum);
  };
  block("info", ByteSink().padded("2020-02-01T10:20:30.000+01:00", 32).padded("", 148).padded("Recorder 1", 32).padded("", 52).bytes);
  block("fmt ", ByteSink().u8(1).u16(300).u16(500).u8(1 << 2).u16(0).bytes);
  constexpr std::string_view kIds[] = {"ecg ", "ecg2", "ecg3", "ecg4", "ecg5", "ecg6"};
  for (int k = 0; k < leads; ++k) {
    ByteSink samples;
    for (size_t i = 0; i < count; ++i) samples.u16(static_cast<uint32_t>(test_count(k, i)) & 0xFFFF);
    block(kIds[k], samples.bytes);
  }
  return out.bytes;
}

// --- ZIP -------------------------------------------------------------------------------------------------------------------------

inline uint32_t test_crc32(const std::vector<uint8_t>& bytes) {
  uint32_t crc = 0xFFFFFFFF;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
  }
  return ~crc;
}

// Deflate without compression: stored blocks (RFC 1951 3.2.4).
inline std::vector<uint8_t> stored_deflate(const std::vector<uint8_t>& bytes) {
  ByteSink out;
  for (size_t at = 0; at == 0 || at < bytes.size(); at += 65535) {
    const size_t length = std::min<size_t>(65535, bytes.size() - at);
    out.u8(at + length >= bytes.size()).u16(length).u16(~length & 0xFFFF);
    out.bytes.insert(out.bytes.end(), bytes.begin() + static_cast<ptrdiff_t>(at), bytes.begin() + static_cast<ptrdiff_t>(at + length));
  }
  return out.bytes;
}

inline std::vector<uint8_t> zip_file(const std::vector<TestFile>& files, bool deflate = false, uint16_t flags = 0) {
  ByteSink out, directory;
  for (const auto& file : files) {
    const auto packed = deflate ? stored_deflate(file.bytes) : file.bytes;
    const size_t start = out.bytes.size();
    const auto common = [&](ByteSink& sink) {
      sink.u16(20).u16(flags).u16(deflate ? 8 : 0).u32(0).u32(test_crc32(file.bytes)).u32(packed.size()).u32(file.bytes.size()).u16(file.name.size()).u16(0);
    };
    out.u32(0x04034B50);
    common(out);
    out.text(file.name).append(packed);
    directory.u32(0x02014B50).u16(20);
    common(directory);
    directory.u16(0).u16(0).u16(0).u32(0).u32(start).text(file.name);
  }
  const size_t start = out.bytes.size();
  out.append(directory.bytes).u32(0x06054B50).u32(0).u16(files.size()).u16(files.size()).u32(directory.bytes.size()).u32(start).u16(0);
  return out.bytes;
}

}  // namespace precordia
