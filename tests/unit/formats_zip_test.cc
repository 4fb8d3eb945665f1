// ZIP and gzip: archives of ECGs, and the bombs and traps that come as archives.
#include <doctest/doctest.h>

#include "formats/assemble.h"
#include "base/inflate.h"
#include "formats/zip.h"
#include "formats_binary_files.h"

using namespace precordia;

namespace {

Result<EcgRecord> read_zip(const std::vector<TestFile>& inside, bool deflate = false) {
  return read_files({{"a.zip", zip_file(inside, deflate)}});
}

}  // namespace

TEST_CASE("a zip with one ECG is that ECG, stored or deflated, beside clutter") {
  for (const bool deflate : {false, true}) {
    const auto record = read_zip({text_file("readme.txt", "Dear colleague,\nthis is an ECG.\n"),
                                  {"export/ecg.edf", edf_twelve(2).bytes()},
                                  text_file("__MACOSX/export/._ecg.edf", "resource fork"),
                                  text_file("export/.DS_Store", "x")},
                                 deflate);
    REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
    CHECK(record->sample_count() == 1000);
    CHECK(record->source.format == "EDF");
  }
}

TEST_CASE("a WFDB record spread over entries is one record, each folder with its own signals") {
  auto files = small_wfdb(500);
  for (auto& file : files) file.name = "p1/" + file.name;
  const auto record = read_zip(files, true);
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
  CHECK(record->sample_count() == 500);
  // Its companion in another folder does not count.
  files[1].name = "p2/" + files[1].name.substr(3);
  const auto apart = read_zip(files);
  REQUIRE(!apart);
  CHECK(apart.error().code == ErrorCode::kMissingCompanion);
}

TEST_CASE("several recordings in one zip are named and asked for") {
  const auto answer = read_zip({{"monday.edf", edf_twelve(2).bytes()}, {"tuesday.scp", scp_twelve(600).bytes()}});
  REQUIRE(!answer);
  CHECK(answer.error().code == ErrorCode::kAmbiguous);
  CHECK(answer.error().message.find("monday.edf and tuesday.scp") != std::string::npos);
  CHECK(answer.error().detail == "monday.edf\ntuesday.scp");
  const auto entries = unpack_zip(zip_file({{"a/monday.edf", edf_twelve(2).bytes()}, {"tuesday.scp", scp_twelve(600).bytes()}}));
  REQUIRE(entries);
  CHECK(entries->size() == 2);
  CHECK((*entries)[0].name == "a/monday.edf");
  // One that cannot be read does not make a question.
  auto broken = edf_twelve(2).bytes();
  broken.resize(5000);
  const auto one = read_zip({{"broken.edf", broken}, {"tuesday.scp", scp_twelve(600).bytes()}});
  REQUIRE(one);
  CHECK(one->source.format == "SCP-ECG");
}

TEST_CASE("a zip without an ECG says what it holds") {
  const auto nothing = read_zip({text_file("letter.txt", "Dear colleague, no ECG here.\n"), text_file("b.bin", std::string(50, '\0'))});
  REQUIRE(!nothing);
  CHECK(nothing.error().code == ErrorCode::kNotRecognised);
  CHECK(nothing.error().message.find("letter.txt and b.bin") != std::string::npos);
  const auto office = read_zip({text_file("[Content_Types].xml", "<Types/>"), text_file("xl/workbook.xml", "<workbook/>")});
  REQUIRE(!office);
  CHECK(office.error().message.find("Office") != std::string::npos);
  const auto nested = read_zip({{"inner.zip", zip_file({{"ecg.edf", edf_twelve(2).bytes()}})}});
  REQUIRE(!nested);
  CHECK(nested.error().code == ErrorCode::kNotRecognised);
}

TEST_CASE("encrypted, damaged, cut and oversized archives are refused") {
  const std::vector<TestFile> inside = {{"ecg.edf", edf_twelve(2).bytes()}};
  const auto code = [](const std::vector<uint8_t>& bytes) {
    const auto answer = read_files({{"a.zip", bytes}});
    REQUIRE(!answer);
    return answer.error();
  };
  CHECK(code(zip_file(inside, false, 1)).message.find("encrypted") != std::string::npos);
  auto damaged = zip_file(inside);
  damaged[6000] ^= 1;
  CHECK(code(damaged).code == ErrorCode::kDamaged);
  auto cut = zip_file(inside);
  cut.resize(cut.size() / 2);
  CHECK(code(cut).code == ErrorCode::kDamaged);
  // The directory claims a gigabyte.
  auto claim = zip_file(inside);
  const size_t directory = claim.size() - 22 - (46 + 7);
  for (size_t i = 0; i < 4; ++i) claim[directory + 24 + i] = i == 3 ? 0x40 : 0;
  CHECK(code(claim).code == ErrorCode::kTooLarge);
  // More entries than any archive of ECGs has; each is counted before anything is unpacked.
  auto many = zip_file(inside);
  many[many.size() - 12] = 0xFF, many[many.size() - 11] = 0xFF;
  CHECK(code(many).code == ErrorCode::kTooLarge);
}

TEST_CASE("what unpacks to far more than it weighs is stopped") {
  // Fixed Huffman codes (RFC 1951 3.2.6): one literal zero, then matches of 258 bytes at distance 1, 13 bits each.
  std::vector<uint8_t> bomb;
  size_t bit = 0;
  const auto put = [&](uint32_t value, int count, bool high_first) {
    for (int i = 0; i < count; ++i, ++bit) {
      if (bit % 8 == 0) bomb.push_back(0);
      const uint32_t one = value >> (high_first ? count - 1 - i : i) & 1;
      bomb.back() = static_cast<uint8_t>(bomb.back() | one << bit % 8);
    }
  };
  put(1, 1, false), put(1, 2, false), put(0x30, 8, true);
  for (int i = 0; i < 40000; ++i) put(0xC5, 8, true), put(0, 5, true);
  put(0, 7, true);
  const auto answer = inflated(bomb, DeflateForm::kRaw, 64u << 20);   // 65 KB of 10 MB
  REQUIRE(answer);                                                    // 159:1 is a flat line
  CHECK(answer->size() == 1 + 40000 * 258);
  CHECK(inflated(bomb, DeflateForm::kRaw, 1u << 20).error().code == ErrorCode::kTooLarge);
  bomb.resize(bomb.size() - 10);
  CHECK(inflated(bomb, DeflateForm::kRaw, 64u << 20).error().code == ErrorCode::kDamaged);
}

TEST_CASE("a gzipped ECG is read") {
  const auto edf = edf_twelve(2).bytes();
  ByteSink gzip;
  gzip.u8(0x1F).u8(0x8B).u8(8).u8(0).u32(0).u8(0).u8(255).append(stored_deflate(edf)).u32(test_crc32(edf)).u32(edf.size());
  const auto record = read_files({{"a.edf.gz", gzip.bytes}});
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
  CHECK(record->sample_count() == 1000);
}
