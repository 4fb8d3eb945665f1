// SCP-ECG on files that formats_binary_files.h writes: every encoding of EN 1064, and what damaged files are told.
#include <doctest/doctest.h>

#include <cmath>

#include "formats/assemble.h"
#include "formats/scp.h"
#include "formats_binary_files.h"

using namespace precordia;

namespace {

Result<DecodedEcg> decoded(const std::vector<uint8_t>& bytes) {
  const InputFile file{"a.scp", bytes};
  return decode_ecg({&file, 1});
}

std::vector<uint8_t> raw16(const std::vector<int32_t>& samples) {
  ByteSink out;
  for (const int32_t sample : samples) out.u16(static_cast<uint32_t>(sample) & 0xFFFF);
  return out.bytes;
}

std::vector<uint8_t> tag(int number, const std::vector<uint8_t>& value) {
  return ByteSink().u8(static_cast<uint32_t>(number)).u16(value.size()).append(value).bytes;
}
std::vector<uint8_t> text_value(std::string_view text) { return ByteSink().text(text).u8(0).bytes; }

}  // namespace

TEST_CASE("SCP-ECG gives back every sample: raw, first and second differences, with and without Huffman codes") {
  for (const int order : {0, 1, 2})
    for (const bool huffman : {false, true}) {
      CAPTURE(order);
      CAPTURE(huffman);
      ScpTestFile file;
      file.differences = order;
      if (huffman) file.section_2 = ByteSink().u16(19999).bytes;
      for (int k = 0; k < kLeadCount; ++k) {
        const auto values = scp_differences(test_counts(k, 1000), order);
        file.leads.push_back({kScpIds[k], huffman ? scp_huffman(values, scp_default_codes()) : raw16(values), {}, 1, 1000});
      }
      const auto read = decoded(file.bytes());
      REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message + read.error().detail));
      for (int k = 0; k < kLeadCount; ++k) {
        CHECK(read->channels[static_cast<size_t>(k)].name == kLeadNames[k]);
        CHECK(read->channels[static_cast<size_t>(k)].counts == test_counts(k, 1000));
      }
      CHECK(read->channels[0].nv_per_count == 2500);
      CHECK(read->channels[0].rate_hz == 500);
      CHECK(read->record.notes.empty());
    }
}

TEST_CASE("bits that pad a lead are not samples") {
  auto file = scp_twelve(1000);
  for (auto& lead : file.leads) lead.rhythm.insert(lead.rhythm.end(), {0, 0, 0});   // 24 more codes for 0
  const auto read = decoded(file.bytes());
  REQUIRE(read);
  CHECK(read->channels[3].counts == test_counts(3, 1000));
}

TEST_CASE("a file's own Huffman tables are used, and a code may switch between them") {
  // Table 1: 0 -> value 0; 10 -> switch to table 2; 11 + 16 bits -> any value. Table 2: 1 -> value 7; 0 -> back to table 1.
  const std::vector<ScpTestCode> one = {{1, 1, true, 0, 0}, {2, 2, false, 2, 1}, {2, 18, true, 0, 3}};
  const std::vector<ScpTestCode> two = {{1, 1, true, 7, 1}, {1, 1, false, 1, 0}};
  ByteSink tables;
  tables.u16(2);
  for (const auto* table : {&one, &two}) {
    tables.u16(table->size());
    for (const auto& code : *table)
      tables.u8(static_cast<uint32_t>(code.prefix_bits)).u8(static_cast<uint32_t>(code.total_bits)).u8(code.stays).u16(static_cast<uint32_t>(code.base) & 0xFFFF).u32(code.prefix);
  }
  BitSink bits;
  bits.code(one[0]), bits.code(one[2], -300), bits.code(one[1]), bits.code(two[0]), bits.code(two[0]), bits.code(two[1]), bits.code(one[0]);
  ScpTestFile file;
  file.section_2 = tables.bytes;
  file.differences = 0;
  file.leads = {{1, bits.bytes, {}, 1, 5}};
  const auto read = decoded(file.bytes());
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message + read.error().detail));
  CHECK(read->channels[0].counts == std::vector<int32_t>{0, -300, 7, 7, 0});
}

TEST_CASE("ambiguous, endless or oversized Huffman tables are refused") {
  const auto with_tables = [](const std::vector<uint8_t>& section) {
    auto file = scp_twelve(100);
    file.section_2 = section;
    const auto read = decoded(file.bytes());
    return !read && read.error().code == ErrorCode::kDamaged;
  };
  const auto code = [](int prefix_bits, int total_bits, int stays, int base, uint32_t prefix) {
    return ByteSink().u8(static_cast<uint32_t>(prefix_bits)).u8(static_cast<uint32_t>(total_bits)).u8(static_cast<uint32_t>(stays)).u16(static_cast<uint32_t>(base) & 0xFFFF).u32(prefix).bytes;
  };
  CHECK(with_tables(ByteSink().u16(0).bytes));
  CHECK(with_tables(ByteSink().u16(1).u16(9999).bytes));
  CHECK(with_tables(ByteSink().u16(1).u16(2).append(code(1, 1, 1, 0, 0)).append(code(2, 2, 1, 1, 0)).bytes));   // 0 is a prefix of 00
  CHECK(with_tables(ByteSink().u16(1).u16(1).append(code(0, 1, 1, 0, 0)).bytes));
  CHECK(with_tables(ByteSink().u16(1).u16(1).append(code(8, 4, 1, 0, 0)).bytes));
  CHECK(with_tables(ByteSink().u16(1).u16(1).append(code(1, 1, 0, 9, 0)).bytes));   // switches to a table that is not there
}

TEST_CASE("a subtracted reference beat is added back, also when its unit differs") {
  for (const int beat_nv : {2500, 5000}) {
    CAPTURE(beat_nv);
    const std::vector<int32_t> beat = {0, 10, 50, -20, 5};   // the fiducial point is its third sample
    ScpTestFile file;
    file.beat_subtracted = true;
    file.differences = 1;
    file.beat_nv = beat_nv;
    file.section_2 = ByteSink().u16(19999).bytes;
    ByteSink four;
    four.u16(10).u16(3).u16(3);   // 5 samples of 2 ms
    for (const uint32_t fiducial : {20u, 60u}) four.u16(0).u32(fiducial - 2).u32(fiducial).u32(fiducial + 2);
    four.u16(1).u32(80).u32(82).u32(84);   // a beat of another type: nothing was subtracted
    for (const uint32_t fiducial : {20u, 60u, 82u}) four.u32(fiducial - 3).u32(fiducial + 3);
    file.section_4 = four.bytes;
    std::vector<int32_t> whole, residual;
    for (size_t i = 0; i < 100; ++i) whole.push_back(test_count(1, i)), residual.push_back(test_count(1, i));
    for (const size_t fiducial : {20u, 60u})
      for (size_t i = 0; i < 5; ++i) residual[fiducial - 3 + i] -= beat[i] * (beat_nv / 2500);
    file.leads = {{2, scp_huffman(scp_differences(residual, 1), scp_default_codes()), scp_huffman(beat, scp_default_codes()), 1, 100}};
    const auto read = decoded(file.bytes());
    REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message + read.error().detail));
    CHECK(read->channels[0].nv_per_count == 2500);
    CHECK(read->channels[0].counts == whole);
    file.section_4.clear();
    CHECK(!decoded(file.bytes()));
  }
}

TEST_CASE("bimodal compression: full rate inside the protected zones, straight lines outside") {
  // 240 samples at 500 Hz, decimated by four outside samples 41 to 60 and 121 to 160. Outside it is flat, so decimation loses nothing.
  std::vector<int32_t> whole(240, 100), stored;
  for (size_t i = 40; i < 60; ++i) whole[i] = test_count(0, i);
  for (size_t i = 120; i < 160; ++i) whole[i] = test_count(0, i);
  const auto in_zone = [](size_t i) { return (i >= 40 && i < 60) || (i >= 120 && i < 160); };
  for (size_t i = 0; i < 240; i += in_zone(i) ? 1 : 4) stored.push_back(whole[i]);
  CHECK(scp_stored_count(240, 4, std::vector<ScpZone>{{41, 60}, {121, 160}}) == stored.size());
  ScpTestFile file;
  file.bimodal = true;
  file.differences = 0;
  file.interval_us = 8000;
  file.section_2 = ByteSink().u16(19999).bytes;
  ByteSink four;
  four.u16(10).u16(3).u16(2);
  for (const uint32_t fiducial : {50u, 140u}) four.u16(1).u32(fiducial).u32(fiducial).u32(fiducial);
  four.u32(41).u32(60).u32(121).u32(160);
  file.section_4 = four.bytes;
  file.leads = {{1, scp_huffman(stored, scp_default_codes()), scp_huffman({0, 0, 0, 0, 0}, scp_default_codes()), 1, 240}};
  const auto read = decoded(file.bytes());
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message + read.error().detail));
  CHECK(read->channels[0].rate_hz == 500);
  CHECK(read->channels[0].counts == whole);
  // A slope: the middles of the groups of four are joined.
  const auto line = scp_expand({0, 40, 80}, 12, 4, {});
  CHECK(line == std::vector<int32_t>{0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 80});
}

TEST_CASE("lead numbers: V3R and V7 are never taken for V3 and V5") {
  ScpTestFile file;
  file.section_2 = ByteSink().u16(19999).bytes;
  for (const int id : {1, 2, 11, 9, 66, 140})
    file.leads.push_back({id, scp_huffman(scp_differences(test_counts(0, 600), 2), scp_default_codes()), {}, 1, 600});
  const auto record = read_files({{"a.scp", file.bytes()}});
  REQUIRE(record);
  CHECK(record->has(Lead::kI));
  CHECK(!record->has(Lead::kV3));
  CHECK(!record->has(Lead::kV5));
  CHECK(record->other_channels == std::vector<std::string>{"V3R", "V7", "V8", "lead 140"});
}

TEST_CASE("leads that start later are placed in time; 1667 microseconds are 600 Hz") {
  auto file = scp_twelve(600);
  file.interval_us = 1667;
  file.leads[5].first = 101;
  file.leads[5].last = 600;
  const auto read = decoded(file.bytes());
  REQUIRE(read);
  CHECK(read->channels[0].rate_hz == 600);
  CHECK(read->channels[5].counts[99] == kMissingCount);
  CHECK(read->channels[5].counts[100] == test_count(5, 0));
  CHECK(read->channels[5].counts.size() == 600);
}

TEST_CASE("SCP-ECG tells person, time, device, filters, measurements and statements") {
  auto file = scp_twelve(600);
  ByteSink device;
  device.padded("", 8).padded("MODEL1", 6).padded("", 36 - 14).text(std::string("prog\0serial\0soft\0scp\0Maker\0", 27));
  ByteSink one;
  one.append(tag(0, text_value("Doe"))).append(tag(1, text_value("Jane"))).append(tag(2, text_value("4711")));
  one.append(tag(5, ByteSink().u16(1951).u8(5).u8(2).bytes)).append(tag(8, {2})).append(tag(14, device.bytes));
  one.append(tag(25, ByteSink().u16(2020).u8(6).u8(3).bytes)).append(tag(26, {10, 20, 30}));
  one.append(tag(27, ByteSink().u16(5).bytes)).append(tag(28, ByteSink().u16(150).bytes)).append(tag(29, {2})).append(tag(255, {}));
  file.section_1 = one.bytes;
  ByteSink seven;
  seven.u8(1).u8(0).u16(800).u16(29999);
  for (const int ms : {100, 200, 260, 360, 660}) seven.u16(static_cast<uint32_t>(ms));
  seven.u16(45).u16(static_cast<uint32_t>(-30) & 0xFFFF).u16(29999).u16(0).u16(75).u16(29999).u16(447).u8(1).u8(0);
  file.section_7 = seven.bytes;
  ByteSink eight;
  eight.u8(0).u16(2020).u8(6).u8(3).u8(10).u8(20).u8(30).u8(2);
  eight.u8(1).u16(13).text("sinus rhythm").u8(0).u8(2).u16(8).text("h\xF6g P-v").u8(0);
  file.section_8 = eight.bytes;
  ByteSink ten;
  ten.u16(1).u16(0).u16(7).u16(36);
  for (int i = 0; i < 18; ++i) ten.u16(i == 10 ? 1200u : i == 11 ? static_cast<uint32_t>(-300) & 0xFFFF : i == 17 ? 29999u : 0u);
  file.section_10 = ten.bytes;
  const auto record = read_files({{"a.scp", file.bytes()}});
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
  CHECK(record->patient.age_years == 69);
  CHECK(record->patient.sex == Sex::kFemale);
  CHECK(record->identity.name == "Doe, Jane");
  CHECK(record->identity.id == "4711");
  CHECK(record->source.recorded_at == "2020-06-03T10:20:30");
  CHECK(record->source.device == "Maker MODEL1");
  CHECK(record->source.filters.high_pass_hz == 0.05);
  CHECK(record->source.filters.low_pass_hz == 150);
  CHECK(record->source.filters.notch_hz == 50);
  const auto value = [&](const std::string& id) {
    for (const auto& measurement : record->device_findings.measurements)
      if (measurement.id == id) return measurement.value;
    return -1.0;
  };
  CHECK(value("rr_ms") == 800);
  CHECK(value("p_ms") == 100);
  CHECK(value("pr_ms") == 160);
  CHECK(value("qrs_ms") == 100);
  CHECK(value("qt_ms") == 400);
  CHECK(value("qrs_axis_deg") == -30);
  CHECK(value("t_axis_deg") == -1);   // not measured
  CHECK(value("heart_rate_bpm") == 75);
  CHECK(value("qtc_bazett_ms") == 447);
  CHECK(record->device_findings.statements == std::vector<std::string>{"sinus rhythm", "h\xC3\xB6g P-v"});
  bool found = false;
  for (const auto& measurement : record->device_findings.measurements)
    found = found || (measurement.label == "R amplitude, V5" && measurement.value == 1200);
  CHECK(found);
}

TEST_CASE("damaged SCP-ECG files are refused; a file made anonymous under a stale file checksum is read with a note") {
  const auto good = scp_twelve(600).bytes();
  auto stale = good;
  stale[0] ^= 0xFF;
  const auto noted = read_files({{"a.scp", stale}});
  REQUIRE(noted);
  CHECK(has_note(*noted, "checksum"));
  auto spoilt = good;
  spoilt[spoilt.size() - 40] ^= 0x10;   // a sample: neither checksum holds
  const auto refused = read_files({{"a.scp", spoilt}});
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::kDamaged);
  auto cut = good;
  cut.resize(cut.size() - 1);
  CHECK(read_files({{"a.scp", cut}}).error().code == ErrorCode::kDamaged);
  auto fewer = scp_twelve(600);
  for (auto& lead : fewer.leads) lead.last = 700;   // announces more than the bits hold
  const auto short_lead = read_files({{"a.scp", fewer.bytes()}});
  REQUIRE(!short_lead);
  CHECK(short_lead.error().code == ErrorCode::kDamaged);
  auto claims = scp_twelve(600);
  claims.leads[0].last = 0xFFFFFFF0;
  CHECK(read_files({{"a.scp", claims.bytes()}}).error().code == ErrorCode::kDamaged);
}

TEST_CASE("an SCP-ECG file without rhythm is no ECG; one that counts from zero is named") {
  auto report = scp_twelve(600);
  report.leads.clear();
  const auto none = read_files({{"a.scp", report.bytes()}});
  REQUIRE(!none);
  auto healforce = scp_twelve(600).bytes();
  healforce[28] = 6;   // the first pointer's position
  const auto named = read_files({{"a.scp", healforce}});
  REQUIRE(!named);
  CHECK(named.error().code == ErrorCode::kNotRecognised);
  CHECK(named.error().message.find("Healforce") != std::string::npos);
}
