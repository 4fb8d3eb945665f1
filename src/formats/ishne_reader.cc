#include <array>
#include <string>

#include "base/text.h"
#include "base/bytes.h"
#include "formats/ishne.h"
#include "formats/stated_facts.h"
#include "formats/stored_samples.h"

namespace precordia {
namespace {

// Byte offsets of the fixed block, which starts after the magic and the CRC.
constexpr size_t kCrc = 8, kVariableLength = 10, kSampleCount = 14, kDataOffset = 22, kFirstName = 28, kLastName = 68, kId = 108,
                 kSex = 128, kBirthDate = 132, kRecordDate = 138, kStartTime = 150, kLeadCountAt = 156, kLeadSpecs = 158,
                 kResolutions = 206, kRecorder = 232, kSampleRate = 272, kFixedEnd = 522;
constexpr int kMostLeads = 12;

constexpr std::array<const char*, 20> kLeadSpecNames = {"unknown", "bipolar", "X",  "Y",  "Z",  "I",  "II", "III", "aVR", "aVL",
                                                        "aVF",     "V1",      "V2", "V3", "V4", "V5", "V6", "ES",  "AS",  "AI"};

// Three 16-bit numbers: day, month, year.
std::string date_at(const Bytes& file, size_t at) { return iso_date(file.u16(at + 4), file.u16(at + 2), file.u16(at)); }

std::unexpected<Error> damaged(const char* what) {
  return fail(ErrorCode::kDamaged, "The header of this ISHNE Holter file is damaged; export it again.", what);
}

}  // namespace

Evidence ishne_evidence(std::span<const uint8_t> bytes) {
  return Bytes{bytes}.text(0, 8) == "ISHNE1.0" ? Evidence::kCertain : Evidence::kNone;
}

Result<DecodedEcg> decode_ishne(std::span<const InputFile> files) {
  const Bytes file{files[0].bytes};
  if (file.size() < kFixedEnd) return damaged("cut short");
  const int leads = file.i16(kLeadCountAt);
  const int32_t stated = file.i32(kSampleCount), data_offset = file.i32(kDataOffset), variable = file.i32(kVariableLength);
  const double rate_hz = file.i16(kSampleRate);
  if (leads < 1 || leads > kMostLeads) return damaged("lead count");
  if (stated < 1) return fail(ErrorCode::kNotAnEcg, "This ISHNE Holter file holds a header but no samples.");
  if (data_offset < static_cast<int32_t>(kFixedEnd) || variable < 0) return damaged("offsets");
  const auto start = static_cast<size_t>(data_offset);
  const uint64_t there = start < file.size() ? (file.size() - start) / 2 : 0;
  const auto channels = static_cast<uint64_t>(leads);
  // The paper counts samples per lead; some recorders write the sum over the leads.
  uint64_t frames = static_cast<uint64_t>(stated);
  if (frames * channels > there && frames == there && frames % channels == 0) frames /= channels;
  if (frames * channels > there)
    return fail(ErrorCode::kDamaged, "The file ends after " + fixed_text(static_cast<double>(there / channels) / rate_hz, 1) + " of " +
                                         fixed_text(static_cast<double>(frames) / rate_hz, 1) +
                                         " seconds; the copy is incomplete, copy it again.");
  if (frames * channels > kLargestSampleCount)
    return fail(ErrorCode::kTooLarge, "The recording is too long for this program; cut out a part of up to one hour.");

  DecodedEcg decoded;
  auto& record = decoded.record;
  record.source.format = "ISHNE";
  record.source.device = printable_text(file.text_to_zero(kRecorder, 40));
  record.source.recorded_at = iso_time(file.u16(kRecordDate + 4), file.u16(kRecordDate + 2), file.u16(kRecordDate), file.u16(kStartTime),
                                       file.u16(kStartTime + 2), file.u16(kStartTime + 4));
  if (record.source.recorded_at.empty()) record.source.recorded_at = date_at(file, kRecordDate);
  const std::string first = printable_text(file.text_to_zero(kFirstName, 40)), last = printable_text(file.text_to_zero(kLastName, 40));
  record.identity.name = first.empty() || last.empty() ? first + last : last + ", " + first;
  record.identity.id = printable_text(file.text_to_zero(kId, 20));
  record.identity.birth_date = date_at(file, kBirthDate);
  set_age_from_birth(record);
  if (const int sex = file.u16(kSex); sex == 1 || sex == 2) record.patient.sex = sex == 1 ? Sex::kMale : Sex::kFemale;
  if (start > file.size() || crc_ccitt(file.part(kVariableLength, start - kVariableLength).data) != file.u16(kCrc))
    record.notes.push_back("The checksum of the header does not match: the file was changed after it was recorded or is damaged.");
  if (there > frames * channels) record.notes.push_back("The file is longer than its header announces; the rest was left out.");

  auto counts = read_interleaved(StoredAs::kInt16, file.from(start).data, static_cast<size_t>(frames), static_cast<size_t>(leads));
  for (size_t c = 0; c < counts.size(); ++c) {
    const size_t spec = file.u16(kLeadSpecs + 2 * c);
    NamedChannel channel{.name = spec < kLeadSpecNames.size() && spec > 1 ? kLeadSpecNames[spec] : "", .rate_hz = rate_hz, .mv = {}};
    channel.counts = std::move(counts[c]);
    channel.nv_per_count = file.i16(kResolutions + 2 * c);
    channel.is_voltage = channel.nv_per_count > 0;
    decoded.channels.push_back(std::move(channel));
  }
  return decoded;
}

}  // namespace precordia
