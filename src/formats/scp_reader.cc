#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "formats/scp.h"
#include "formats/stated_facts.h"

namespace precordia {
namespace {

constexpr size_t kFirstSection = 6, kSectionHeader = 16, kPointerBytes = 10;

std::unexpected<Error> damaged(const char* what) {
  return fail(ErrorCode::kDamaged, "This SCP-ECG file is damaged or incomplete; export it again.", what);
}

// Section 0 sits where it must, and its first pointer describes itself. Healforce counts positions from 0 instead of 1.
bool has_pointer_section(const Bytes& file) {
  const uint32_t length = file.u32(kFirstSection + 4);
  const size_t first = kFirstSection + kSectionHeader;
  return file.u16(kFirstSection + 2) == 0 && length > kSectionHeader && (length - kSectionHeader) % kPointerBytes == 0 &&
         file.u16(first) == 0 && file.u32(first + 2) == length &&
         (file.u32(first + 6) == kFirstSection + 1 || file.u32(first + 6) == kFirstSection);
}

bool counts_from_zero(const Bytes& file) { return file.u32(kFirstSection + kSectionHeader + 6) == kFirstSection; }

// --- sections --------------------------------------------------------------------------------------------------------------

bool is_needed(int id) { return id == 2 || id == 3 || id == 4 || id == 5 || id == 6; }

// A section's own header must repeat what the pointer says. A wrong CRC is forgiven when the other CRC proves the bytes (files
// that were made anonymous keep good sections under a bad file CRC) or when the writer left it 0.
Result<ScpSections> read_sections(const Bytes& file, std::vector<std::string>& notes) {
  const bool file_is_whole = crc_ccitt(file.part(2, size_t{file.u32(2)} - std::min<size_t>(file.u32(2), 2)).data) == file.u16(0);
  ScpSections sections;
  bool doubtful = !file_is_whole;
  const size_t pointers_end = kFirstSection + std::min<size_t>(file.u32(kFirstSection + 4), file.size());
  for (size_t at = kFirstSection + kSectionHeader; at + kPointerBytes <= pointers_end; at += kPointerBytes) {
    const int id = file.u16(at);
    const size_t length = file.u32(at + 2), index = file.u32(at + 6);
    if (id < 1 || id >= kScpSections || length <= kSectionHeader || index == 0) continue;
    const size_t start = index - 1;
    if (!file.has(start, length)) {
      if (is_needed(id)) return damaged("section outside the file");
      continue;
    }
    const bool consistent = file.u16(start + 2) == id && file.u32(start + 4) == length;
    const bool proven = crc_ccitt(file.part(start + 2, length - 2).data) == file.u16(start);
    doubtful = doubtful || !proven;
    if (is_needed(id)) {
      if (!consistent) return damaged("section header");
      if (!proven && !file_is_whole && file.u16(start) != 0) return damaged("section checksum");
    } else if (!consistent || (!proven && !file_is_whole)) {
      continue;   // what the device said is not worth a guess
    }
    sections[static_cast<size_t>(id)] = file.part(start + kSectionHeader, length - kSectionHeader);
  }
  if (doubtful) notes.push_back("A checksum of this SCP-ECG file does not match: it was changed after it was recorded.");
  return sections;
}

// --- section 1: patient, time, device, filters ----------------------------------------------------------------------------------

void add_device(const Bytes& tag, EcgRecord& record) {
  std::string model = printable_text(tag.text_to_zero(8, 6));
  // Five texts from byte 36 on: analysing program, serial number, device software, SCP software, manufacturer.
  size_t at = 36;
  std::string maker;
  for (int i = 0; i < 5 && at < tag.size(); ++i) {
    const auto text = tag.text_to_zero(at, tag.size());
    at += text.size() + 1;
    if (i == 4) maker = printable_text(text, 60);
  }
  record.source.device = maker.empty() || maker == "unknown" ? model : maker + (model.empty() ? "" : " " + model);
}

void add_patient_section(const Bytes& section, EcgRecord& record) {
  constexpr int kMostTags = 1000;
  constexpr std::array<const char*, 5> kAgeUnits = {"", "years", "months", "weeks", "days"};
  std::string first_name, last_name, time;
  size_t at = 0;
  for (int i = 0; i < kMostTags && section.has(at, 3); ++i) {
    const int tag = section.u8(at);
    const Bytes value = section.part(at + 3, section.u16(at + 1));
    if (tag == 255) break;
    switch (tag) {
      case 0: last_name = printable_text(value.text_to_zero(0, value.size())); break;
      case 1: first_name = printable_text(value.text_to_zero(0, value.size())); break;
      case 2: record.identity.id = printable_text(value.text_to_zero(0, value.size())); break;
      case 4:
        if (const size_t unit = value.u8(2); unit >= 1 && unit < kAgeUnits.size() && value.u16(0) > 0)
          set_age(record, value.u16(0), kAgeUnits[unit]);
        break;
      case 5: record.identity.birth_date = iso_date(value.u16(0), value.u8(2), value.u8(3)); break;
      case 8:
        if (value.u8(0) == 1 || value.u8(0) == 2) record.patient.sex = value.u8(0) == 1 ? Sex::kMale : Sex::kFemale;
        break;
      case 14: add_device(value, record); break;
      case 25: record.source.recorded_at = iso_date(value.u16(0), value.u8(2), value.u8(3)); break;
      case 26: time = format_text("T%02d:%02d:%02d", value.u8(0), value.u8(1), value.u8(2)); break;
      case 27:
        if (value.u16(0) > 0) record.source.filters.high_pass_hz = value.u16(0) / 100.0;
        break;
      case 28:
        if (value.u16(0) > 0) record.source.filters.low_pass_hz = value.u16(0);
        break;
      case 29:
        if (value.u8(0) & 1) record.source.filters.notch_hz = 60;
        if (value.u8(0) & 2) record.source.filters.notch_hz = 50;
        break;
      default: break;
    }
    at += 3 + section.u16(at + 1);
  }
  record.identity.name = first_name.empty() || last_name.empty() ? first_name + last_name : last_name + ", " + first_name;
  if (const std::string whole = iso_time(record.source.recorded_at + time); !whole.empty()) record.source.recorded_at = whole;
  if (!record.patient.age_years) set_age_from_birth(record);
}

// --- sections 3 to 6: samples ----------------------------------------------------------------------------------------------------

struct ScpLead {
  std::string name;
  int64_t first = 1, last = 0;   // sample numbers, counted from 1
  size_t length() const { return static_cast<size_t>(last - first + 1); }
};

struct ScpLeads {
  bool beat_subtracted = false;
  std::vector<ScpLead> leads;
};

Result<ScpLeads> read_leads(const Bytes& section) {
  ScpLeads out{.beat_subtracted = (section.u8(1) & 1) != 0, .leads = {}};
  const size_t count = section.u8(0);
  if (count == 0 || count > kMostScpLeads || !section.has(2, 9 * count)) return damaged("lead definitions");
  for (size_t k = 0; k < count; ++k) {
    const size_t at = 2 + 9 * k;
    const ScpLead lead{scp_lead_label(section.u8(at + 8)), int64_t{section.u32(at)}, int64_t{section.u32(at + 4)}};
    if (lead.last < lead.first || lead.last - lead.first >= static_cast<int64_t>(kLargestSampleCount)) return damaged("lead length");
    out.leads.push_back(lead);
  }
  return out;
}

// Sections 5 and 6 share their head: nV per unit, microseconds per sample, differences, [bimodal], bytes per lead, then the bits.
struct ScpBlock {
  int nv_per_unit = 0, interval_us = 0, differences = 0;
  bool bimodal = false;
  std::vector<Bytes> leads;
};

Result<ScpBlock> read_block(const Bytes& section, size_t leads) {
  ScpBlock block{section.u16(0), section.u16(2), section.u8(4), section.u8(5) == 1, {}};
  if (block.nv_per_unit == 0 || block.interval_us == 0 || block.differences > 2) return damaged("scale of the samples");
  size_t at = 6 + 2 * leads;
  for (size_t k = 0; k < leads; ++k) {
    const size_t length = section.u16(6 + 2 * k);
    if (!section.has(at, length)) return damaged("samples cut short");
    block.leads.push_back(section.part(at, length));
    at += length;
  }
  return block;
}

// The first `count` integers of a lead, or as many as there are.
Result<std::vector<int32_t>> read_values(const std::optional<ScpHuffman>& huffman, const Bytes& bytes, int differences, size_t count) {
  std::vector<int32_t> values;
  if (huffman) {
    values = huffman->values(bytes, count);
  } else {
    values.resize(std::min(count, bytes.size() / 2));
    for (size_t i = 0; i < values.size(); ++i) values[i] = bytes.i16(2 * i);
  }
  if (!scp_integrate(values, differences)) return damaged("impossible sample");
  return values;
}

// Section 4: where the reference beat was subtracted, and the zones around QRS complexes that keep the full rate.
struct ScpBeat {
  int type = 0;
  int64_t first = 0, fiducial = 0, last = 0;
};
struct ScpBeats {
  int beat_ms = 0, fiducial = 0;   // of the reference beat; the fiducial sample is counted from 1
  std::vector<ScpBeat> beats;
  std::vector<ScpZone> protected_zones;
};

ScpBeats read_beats(const Bytes& section) {
  ScpBeats out{.beat_ms = section.u16(0), .fiducial = section.u16(2), .beats = {}, .protected_zones = {}};
  const size_t count = section.u16(4), zones_at = 6 + 14 * count;
  for (size_t k = 0; k < count && section.has(6 + 14 * k, 14); ++k) {
    const size_t at = 6 + 14 * k;
    out.beats.push_back({section.u16(at), int64_t{section.u32(at + 2)}, int64_t{section.u32(at + 6)}, int64_t{section.u32(at + 10)}});
  }
  for (size_t k = 0; k < count && section.has(zones_at + 8 * k, 8); ++k) {
    const size_t at = zones_at + 8 * k;
    out.protected_zones.push_back({int64_t{section.u32(at)}, int64_t{section.u32(at + 4)}});
  }
  std::sort(out.protected_zones.begin(), out.protected_zones.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return out;
}

// Adds the reference beat back wherever it was subtracted; both are in the same unit already.
void add_reference_beat(const ScpBeats& beats, const ScpLead& lead, const std::vector<int32_t>& beat, std::vector<int32_t>& samples) {
  for (const auto& qrs : beats.beats) {
    if (qrs.type != 0) continue;
    const int64_t shift = beats.fiducial - 1 - qrs.fiducial;   // beat index of sample number n is n + shift
    const int64_t from = std::max({qrs.first, lead.first, -shift}),
                  to = std::min({qrs.last, lead.last, static_cast<int64_t>(beat.size()) - 1 - shift});
    for (int64_t n = from; n <= to; ++n) {
      auto& sample = samples[static_cast<size_t>(n - lead.first)];
      if (sample != kMissingCount) sample += beat[static_cast<size_t>(n + shift)];
    }
  }
}

// 1667 microseconds is how 600 Hz looks in whole microseconds: the round number is the rate.
double rate_of(int interval_us) {
  const double exact = 1e6 / interval_us, round = std::round(exact);
  return std::lround(1e6 / round) == interval_us ? round : exact;
}

void scale(std::vector<int32_t>& values, int factor) {
  for (auto& value : values)
    if (value != kMissingCount) value *= factor;
}

}  // namespace

std::string scp_lead_label(int number) {
  const std::string name = scp_lead_name(number);
  return name.empty() ? format_text("lead %d", number) : name;
}

Evidence scp_evidence(std::span<const uint8_t> bytes) {
  const Bytes file{bytes};
  if (!has_pointer_section(file)) return Evidence::kNone;
  return file.text(16, 6) == "SCPECG" ? Evidence::kCertain : Evidence::kLikely;
}

Result<DecodedEcg> decode_scp(std::span<const InputFile> files) {
  const Bytes file{files[0].bytes};
  if (!has_pointer_section(file)) return damaged("pointers");
  if (counts_from_zero(file))
    return fail(ErrorCode::kNotRecognised,
                "This file calls itself SCP-ECG but does not keep to the standard (a Healforce recorder writes such files); it is not read.");
  if (file.u32(2) > file.size())
    return fail(ErrorCode::kDamaged, format_text("The file has %zu of %u bytes; the copy is incomplete, copy it again.", file.size(),
                                                 static_cast<unsigned>(file.u32(2))));
  DecodedEcg decoded;
  auto& record = decoded.record;
  PRECORDIA_TRY(const auto sections, read_sections(file, record.notes));
  add_patient_section(sections[1], record);
  record.source.format = "SCP-ECG";
  add_scp_findings(sections, record.device_findings);
  if (sections[3].size() == 0 || sections[6].size() == 0)
    return fail(ErrorCode::kNotAnEcg, "This SCP-ECG file holds no rhythm, only a report or an average beat.");

  PRECORDIA_TRY(const auto leads, read_leads(sections[3]));
  const size_t count = leads.leads.size();
  PRECORDIA_TRY(const auto rhythm, read_block(sections[6], count));
  std::optional<ScpHuffman> huffman;
  if (sections[2].size() > 0) {
    PRECORDIA_TRY(huffman, ScpHuffman::from_section(sections[2]));
  }
  const auto beats = read_beats(sections[4]);
  if (leads.beat_subtracted && (sections[4].size() < 6 || sections[5].size() == 0)) return damaged("reference beat is missing");
  if (rhythm.bimodal && sections[4].size() < 6) return damaged("QRS positions are missing");

  // The reference beat has the full rate; where the rhythm was decimated, its interval is a multiple of the beat's.
  std::optional<ScpBlock> beat_block;
  if (leads.beat_subtracted || (rhythm.bimodal && sections[5].size() > 0)) {
    PRECORDIA_TRY(beat_block, read_block(sections[5], count));
  }
  int rate = 1, unit_nv = rhythm.nv_per_unit, interval_us = rhythm.interval_us;
  if (beat_block) {
    rate = static_cast<int>(std::lround(static_cast<double>(rhythm.interval_us) / beat_block->interval_us));
    if (rate < 1 || rate > 8 || std::abs(rate * beat_block->interval_us - rhythm.interval_us) > rate) return damaged("decimation");
    if (rate > 1) interval_us = beat_block->interval_us;
    if (leads.beat_subtracted) unit_nv = std::gcd(unit_nv, beat_block->nv_per_unit);
  }
  if (rhythm.nv_per_unit / unit_nv > 1000 || (beat_block && beat_block->nv_per_unit / unit_nv > 1000)) return damaged("scale");

  int64_t earliest = leads.leads[0].first, latest = leads.leads[0].last;
  for (const auto& lead : leads.leads) {
    earliest = std::min(earliest, lead.first);
    latest = std::max(latest, lead.last);
  }
  if ((latest - earliest + 1) * static_cast<int64_t>(count) > static_cast<int64_t>(kLargestSampleCount)) return damaged("lead length");

  for (size_t k = 0; k < count; ++k) {
    const auto& lead = leads.leads[k];
    std::vector<ScpZone> zones;
    if (rhythm.bimodal && rate > 1)
      for (const auto& zone : beats.protected_zones) zones.push_back({zone.first - lead.first + 1, zone.last - lead.first + 1});
    // Before anything is allocated: a code has at least one bit, a raw value two bytes.
    const size_t stored = scp_stored_count(lead.length(), rate, zones), slack = rate > 1 ? 1 + zones.size() : 0;
    const size_t most = huffman ? rhythm.leads[k].size() * 8 : rhythm.leads[k].size() / 2;
    if (stored > most + slack) return damaged("fewer samples than announced");
    PRECORDIA_TRY(auto samples, read_values(huffman, rhythm.leads[k], rhythm.differences, stored));
    if (samples.size() + slack < stored) return damaged("fewer samples than announced");
    if (rate > 1) samples = scp_expand(samples, lead.length(), rate, zones);
    scale(samples, rhythm.nv_per_unit / unit_nv);
    if (leads.beat_subtracted) {
      const size_t beat_length = static_cast<size_t>(std::lround(beats.beat_ms * 1000.0 / beat_block->interval_us));
      PRECORDIA_TRY(auto beat, read_values(huffman, beat_block->leads[k], beat_block->differences, beat_length));
      scale(beat, beat_block->nv_per_unit / unit_nv);
      add_reference_beat(beats, lead, beat, samples);
    }
    if (lead.first > earliest) samples.insert(samples.begin(), static_cast<size_t>(lead.first - earliest), kMissingCount);
    decoded.channels.push_back({.name = lead.name, .rate_hz = rate_of(interval_us), .mv = {}, .counts = std::move(samples),
                                .nv_per_count = static_cast<double>(unit_nv)});
  }
  return decoded;
}

}  // namespace precordia
