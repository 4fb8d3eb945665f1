// ISHNE, Norav RDT and AliveCor ATC on files that formats_binary_files.h writes.
#include <doctest/doctest.h>

#include "formats/assemble.h"
#include "formats_binary_files.h"

using namespace precordia;

namespace {

Result<DecodedEcg> decoded(const std::vector<uint8_t>& bytes) {
  const InputFile file{"a.bin", bytes};
  return decode_ecg({&file, 1});
}

}  // namespace

TEST_CASE("ISHNE gives back every count with its leads, person and time") {
  const auto read = decoded(ishne_file(1000));
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message));
  REQUIRE(read->channels.size() == 12);
  for (int k = 0; k < kLeadCount; ++k) {
    CHECK(read->channels[static_cast<size_t>(k)].name == kLeadNames[k]);
    CHECK(read->channels[static_cast<size_t>(k)].counts == test_counts(k, 1000));
  }
  CHECK(read->channels[0].nv_per_count == 2500);
  CHECK(read->record.patient.sex == Sex::kFemale);
  CHECK(read->record.patient.age_years == 59);
  CHECK(read->record.identity.name == "Doe, Jane");
  CHECK(read->record.source.recorded_at == "2020-02-01T10:20:30");
  CHECK(read->record.source.device == "digital");
  CHECK(read->record.notes.empty());
}

TEST_CASE("ISHNE: a wrong header checksum is a note, missing samples are a refusal, a total count is understood") {
  auto bytes = ishne_file(1000);
  bytes[8] ^= 1;
  const auto noted = read_files({{"a.ecg", bytes}});
  REQUIRE(noted);
  CHECK(has_note(*noted, "checksum"));
  bytes.resize(bytes.size() - 2);
  const auto cut = read_files({{"a.ecg", bytes}});
  REQUIRE(!cut);
  CHECK(cut.error().code == ErrorCode::kDamaged);
  auto total = ishne_file(1000);
  const uint32_t samples = 12000;   // over all leads, as some recorders count
  for (size_t i = 0; i < 4; ++i) total[14 + i] = static_cast<uint8_t>(samples >> (8 * i));
  const auto read = read_files({{"a.ecg", total}});
  REQUIRE(read);
  CHECK(read->sample_count() == 1000);
  auto leads = ishne_file(10);
  leads[156] = 13;
  CHECK(read_files({{"a.ecg", leads}}).error().code == ErrorCode::kDamaged);
  auto none = ishne_file(10);
  none[14] = 0;
  CHECK(read_files({{"a.ecg", none}}).error().code == ErrorCode::kNotAnEcg);
}

TEST_CASE("Norav: the file has no signature, so its limb leads must obey Einthoven's law") {
  const auto read = decoded(norav_file(1000));
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message));
  for (int k = 0; k < kLeadCount; ++k) CHECK(read->channels[static_cast<size_t>(k)].counts == test_counts(k, 1000));
  CHECK(read->channels[0].rate_hz == 500);
  CHECK(read->channels[0].nv_per_count == 2440);
  CHECK(!read->record.notes.empty());
  auto noise = norav_file(1000);
  for (size_t i = 4; i < noise.size(); ++i) noise[i] = static_cast<uint8_t>(i * 2654435761u >> 24);
  CHECK(!read_files({{"a.rdt", noise}}));
  auto odd = norav_file(1000);
  odd.pop_back();
  CHECK(!read_files({{"a.rdt", odd}}));
}

TEST_CASE("AliveCor: one or six leads at their resolution; a changed byte is found by the sum over its block") {
  for (const int leads : {1, 6}) {
    const auto read = decoded(alivecor_file(900, leads));
    REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message));
    REQUIRE(read->channels.size() == static_cast<size_t>(leads));
    CHECK(read->channels[0].counts == test_counts(0, 900));
    CHECK(read->channels[0].rate_hz == 300);
    CHECK(read->channels[0].nv_per_count == 500);
    CHECK(read->record.source.recorded_at == "2020-02-01T10:20:30");
    CHECK(read->record.source.device == "Recorder 1");
    CHECK(read->record.source.filters.notch_hz == 50);
  }
  auto changed = alivecor_file(900, 1);
  changed[changed.size() - 100] ^= 4;
  const auto answer = read_files({{"a.atc", changed}});
  REQUIRE(!answer);
  CHECK(answer.error().code == ErrorCode::kDamaged);
  auto cut = alivecor_file(900, 1);
  cut.resize(cut.size() - 5);
  CHECK(read_files({{"a.atc", cut}}).error().code == ErrorCode::kDamaged);
}
