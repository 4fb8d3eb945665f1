// Whatever is dropped on the door: one clear sentence, no crash. Run under the sanitizers, this file is a
// small fuzzer.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "base/text.h"
#include "formats/flac.h"
#include "formats_files.h"

using namespace precordia;

namespace {

// An answer is either a record that keeps its own rules or one sentence.
void check_sane(const Result<EcgRecord>& record) {
  if (!record) {
    const auto& message = record.error().message;
    const bool one_sentence = !message.empty() && message.size() < 500 &&
                              message.find('\n') == std::string::npos && is_valid_utf8(message);
    if (!one_sentence) CHECK_MESSAGE(one_sentence, message);
    return;
  }
  bool sane = record->lead_count() > 0 && record->sample_rate_hz >= 50 && record->sample_rate_hz <= 50000;
  for (int lead = 0; lead < kLeadCount; ++lead) {
    sane = sane && (record->mv[lead].empty() || record->mv[lead].size() == record->sample_count());
    sane = sane && (record->mv[lead].empty() == (record->origin[lead] == LeadOrigin::kAbsent));
  }
  for (const auto& note : record->notes) sane = sane && !note.empty() && is_valid_utf8(note);
  if (!sane) CHECK(sane);
}

Error error_of(const std::vector<TestFile>& files) {
  const auto record = read_files(files);
  REQUIRE(!record);
  check_sane(record);
  return record.error();
}

struct Noise {
  uint64_t state;
  uint32_t next() {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<uint32_t>(state >> 33);
  }
};

std::string small_csv() {
  std::string text = "# 500 Hz, mV\nI,II,V1\n";
  for (int i = 0; i < 300; ++i)
    text += format_text("%.4f,%.4f,%.4f\n", i % 17 * 0.05, i % 13 * 0.1, -(i % 11) * 0.1);
  return text;
}

// Every prefix at 1 % steps, and single flipped bits, of file `which` of a working set.
void cut_and_flip(const std::vector<TestFile>& files, size_t which, size_t flips) {
  const auto whole = files[which].bytes;
  auto damaged = files;
  for (size_t percent = 0; percent < 100; ++percent) {
    damaged[which].bytes.assign(whole.begin(),
                                whole.begin() + static_cast<std::ptrdiff_t>(whole.size() * percent / 100));
    check_sane(read_files(damaged));
  }
  Noise noise{which + 7};
  for (size_t i = 0; i < flips; ++i) {
    damaged[which].bytes = whole;
    damaged[which].bytes[noise.next() % whole.size()] ^= static_cast<uint8_t>(1u << noise.next() % 8);
    check_sane(read_files(damaged));
  }
}

}  // namespace

TEST_CASE("nothing, an empty file and an over-large file") {
  CHECK(read_ecg({}).error().code == ErrorCode::kWrongUsage);
  CHECK(error_of({{"a.hea", {}}}).code == ErrorCode::kEmptyInput);
  const std::vector<uint8_t> huge(100u << 20, 'x');
  const InputFile file{"huge.csv", huge};
  const auto record = read_ecg(std::span(&file, 1));
  REQUIRE(!record);
  CHECK(record.error().code == ErrorCode::kTooLarge);
  CHECK(record.error().message.find("64 MB") != std::string::npos);
}

TEST_CASE("content decides, never the extension") {
  auto files = small_wfdb(100);
  files[0].name = "photo.png";
  CHECK(read_files(files));
  CHECK(read_files({text_file("strip.pdf", small_csv())}));
}

TEST_CASE("other kinds of file are called by their name") {
  const auto bytes = [](std::string text, size_t length = 400) {
    text.resize(std::max(length, text.size()), '\0');
    return std::vector<TestFile>{text_file("ecg.dat", text)};
  };
  const auto message = [&](const std::string& text) { return error_of(bytes(text)).message; };
  CHECK(message("%PDF-1.7\n").find("PDF") != std::string::npos);
  CHECK(message("\x89PNG\r\n\x1A\n").find("PNG picture") != std::string::npos);
  CHECK(message("\xFF\xD8\xFF\xE0").find("JPEG picture") != std::string::npos);
  CHECK(message("PK\x03\x04").find("ZIP archive") != std::string::npos);
  CHECK(message("\x1F\x8B\x08").find("gzip") != std::string::npos);
  CHECK(message(std::string(128, '\0') + "DICM").find("DICOM") != std::string::npos);
  CHECK(message("ISHNE1.0").find("ISHNE") != std::string::npos);
  CHECK(message("\xFF"
                "BIOSEMI")
            .find("BDF") != std::string::npos);
  CHECK(message("<?xml version=\"1.0\"?><AnnotatedECG/>").find("aECG") != std::string::npos);
  CHECK(message("<?xml version=\"1.0\"?><note/>").find("XML") != std::string::npos);
  CHECK(message("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1").find("Office document") != std::string::npos);
  CHECK(message(std::string("\0\0\0\x18""ftypheic", 12)).find("HEIC") != std::string::npos);
  CHECK(message(std::string("\1\2\3MINDRAY R12\0", 15)).find("Mindray") != std::string::npos);
  CHECK(message(std::string("\1\2\3MAC2000\0", 11)).find("MAC 2000") != std::string::npos);
  CHECK(message(std::string("\1\2\3NIHON KOHDEN\0", 16)).find("Nihon Kohden") != std::string::npos);
  CHECK(message("<!DOCTYPE html><html>").find("web page") != std::string::npos);
  std::string edf = "0       " + std::string(160, ' ') + "01.02.0310.20.30";
  edf.resize(300, ' ');
  CHECK(message(edf).find("EDF") != std::string::npos);
  std::string wide;  // UTF-16, as Philips writes it
  for (const char c : std::string("<?xml?><restingecgdata>")) wide += c, wide += '\0';
  CHECK(message("\xFF\xFE" + wide).find("Philips") != std::string::npos);
}

TEST_CASE("prose, zeros and random bytes are not recognised") {
  CHECK(error_of({text_file("a.txt", "Dear colleague,\nplease find no ECG here.\n")}).code ==
        ErrorCode::kNotRecognised);
  CHECK(error_of({{"a.bin", std::vector<uint8_t>(5000, 0)}}).code == ErrorCode::kNotRecognised);
  Noise noise{1};
  for (int round = 0; round < 200; ++round) {
    TestFile file{"a.bin", std::vector<uint8_t>(1 + noise.next() % 3000)};
    for (auto& byte : file.bytes) byte = static_cast<uint8_t>(noise.next());
    check_sane(read_files({file}));
    for (auto& byte : file.bytes)
      byte = "0123456789.,;-\n\t eE#\"IVaR"[byte % 25];  // text that looks like tables
    check_sane(read_files({file}));
  }
}

TEST_CASE("hostile file names do not reach the message unchanged") {
  const auto error = error_of(
      {{std::string("\x1B[2J\n<script>") + std::string(5000, 'n') + ".bin", std::vector<uint8_t>(100, 0)}});
  CHECK(error.message.find('\x1B') == std::string::npos);
  CHECK(error.message.size() < 300);
}

TEST_CASE("flat, all-missing, three-lead and thirty-channel records are read as what they are") {
  const auto flat = read_files({text_file("a.hea", "a 1 500 1000\na.dat 16 200 16 0 0 0 0 II\n"),
                                {"a.dat", std::vector<uint8_t>(2000, 0)}});
  REQUIRE(flat);
  CHECK(flat->sample_count() == 1000);
  std::string nan = "time_s,I,II,V1\n";
  for (int i = 0; i < 500; ++i) nan += format_text("%.3f,nan,nan,nan\n", i * 0.002);
  const auto missing = read_files({text_file("a.csv", nan)});
  REQUIRE(missing);
  CHECK(std::isnan(missing->lead(Lead::kAVF)[7]));
  const auto three = read_files({text_file("a.csv", small_csv())});
  REQUIRE(three);
  CHECK(has_note(*three, "Not in the file: V2, V3, V4, V5 and V6."));
  std::string header = "a 30 500 10\n";
  for (int i = 0; i < 30; ++i)
    header += "a.dat 16 200 16 0 0 0 0 " +
              (i < 12    ? std::string(kLeadNames[i])
               : i == 12 ? "V3R"
                         : "X" + std::to_string(i)) +
              "\n";
  const auto thirty = read_files({text_file("a.hea", header), {"a.dat", std::vector<uint8_t>(600, 1)}});
  REQUIRE(thirty);
  CHECK(thirty->lead_count() == 12);
  CHECK(thirty->other_channels.size() == 18);
}

TEST_CASE("numbers that ask for absurd amounts of memory are refused before anything is allocated") {
  const TestFile dat{"a.dat", std::vector<uint8_t>(64, 0)};
  for (const char* header :
       {"a 512 500 4000000000\na.dat 16x4096 200\n", "a 1 500 99999999999999999999\na.dat 16\n",
        "a/4096 1 500 9\n~ 4294967295\n", "a 99999 500 1\na.dat 16\n", "a 1 1e300 1\na.dat 16\n",
        "a 1 500 10\na.dat 16x4097\n", "a 1 500 10\na.dat 16:1073741824 200 16 0 0 0 0 II\n"})
    check_sane(read_files({text_file("a.hea", header), dat}));
  std::string wide = "0";
  for (int i = 0; i < 20000; ++i) wide += ",1";
  std::string table;
  for (int i = 0; i < 3; ++i) table += wide + "\n";
  check_sane(read_files({text_file("a.csv", table)}));
}

TEST_CASE("damaged WFDB and CSV files never crash: cut at every percent, bits flipped") {
  const auto wfdb = small_wfdb(300);
  cut_and_flip(wfdb, 0, 1000);
  cut_and_flip(wfdb, 1, 100);
  cut_and_flip({text_file("a.csv", small_csv())}, 0, 500);
  const std::vector<TestFile> joined = {text_file("m.hea", "m/2 12 500 600\nsmall 300\nsmall 300\n"), wfdb[0],
                                        wfdb[1]};
  cut_and_flip(joined, 0, 300);
}

TEST_CASE("FLAC streams: a verbatim frame decodes, every damage is refused") {
  // RFC 9639: marker, STREAMINFO (1 channel, 16 bits, 4 samples), one frame of block size 4 with a verbatim
  // subframe.
  std::vector<uint8_t> stream = {'f', 'L', 'a', 'C', 0x80, 0, 0, 34};
  std::vector<uint8_t> info(34, 0);
  info[1] = info[3] = 16;
  info[12] = 0x00;  // rate, channels - 1 = 0, high bit of bits - 1
  info[13] = 0xF0;  // bits - 1 = 15
  info[17] = 4;     // total samples
  stream.insert(stream.end(), info.begin(), info.end());
  const auto crc = [](const std::vector<uint8_t>& bytes, size_t from, int width, uint32_t polynomial) {
    uint32_t value = 0;
    for (size_t i = from; i < bytes.size(); ++i)
      for (int bit = 7; bit >= 0; --bit) {
        const uint32_t top = value >> (width - 1) & 1, in = bytes[i] >> bit & 1;
        value = (value << 1 & ((1u << width) - 1)) ^ (top != in ? polynomial : 0);
      }
    return value;
  };
  const size_t frame = stream.size();
  for (const int byte : {0xFF, 0xF8, 0x60, 0x08, 0x00, 0x03}) stream.push_back(static_cast<uint8_t>(byte));
  stream.push_back(static_cast<uint8_t>(crc(stream, frame, 8, 0x07)));
  stream.push_back(0x02);  // verbatim
  for (const int sample : {1, -2, 300, -32768})
    stream.push_back(static_cast<uint8_t>(sample >> 8)), stream.push_back(static_cast<uint8_t>(sample));
  const uint32_t sum = crc(stream, frame, 16, 0x8005);
  stream.push_back(static_cast<uint8_t>(sum >> 8)), stream.push_back(static_cast<uint8_t>(sum));

  const auto audio = decode_flac(stream, 1000);
  REQUIRE_MESSAGE(audio.has_value(), (audio ? "" : audio.error().detail));
  CHECK(audio->channels == std::vector<std::vector<int32_t>>{{1, -2, 300, -32768}});
  CHECK(decode_flac(stream, 3).error().code == ErrorCode::kTooLarge);
  for (size_t length = 0; length < stream.size(); ++length)
    CHECK(!decode_flac(std::span(stream).first(length), 1000));
  for (size_t bit = frame * 8; bit < stream.size() * 8;
       ++bit) {  // CRC-8 and CRC-16 see every single flipped bit
    auto damaged = stream;
    damaged[bit / 8] ^= static_cast<uint8_t>(0x80 >> bit % 8);
    CHECK(!decode_flac(damaged, 1000));
  }
}
