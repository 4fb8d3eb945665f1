// WFDB: every storage format and header form, on files written by formats_files.h from the text of signal(5)
// and header(5).
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "formats/wfdb.h"
#include "formats_files.h"

using namespace precordia;

namespace {

Result<std::vector<WfdbChannel>> decode(const std::vector<TestFile>& files,
                                        std::vector<std::string>* notes = nullptr) {
  std::vector<InputFile> inputs;
  for (const auto& file : files) inputs.push_back({file.name, file.bytes});
  const auto header =
      parse_wfdb_header({reinterpret_cast<const char*>(files[0].bytes.data()), files[0].bytes.size()});
  if (!header) return std::unexpected(header.error());
  std::vector<std::string> own;
  return decode_wfdb(*header, inputs, notes ? *notes : own);
}

int bits_of(int format) {
  switch (format) {
    case 80: return 8;
    case 212: return 12;
    case 310:
    case 311: return 10;
    case 24: return 24;
    case 32: return 31;
    default: return 16;
  }
}

}  // namespace

TEST_CASE("every packed WFDB format gives back the samples that were written, at odd lengths too") {
  for (const int format : {16, 24, 32, 61, 80, 160, 212, 310, 311}) {
    const int64_t top = (int64_t{1} << (bits_of(format) - 1)) - 1;
    for (const size_t count : {1u, 2u, 3u, 4u, 5u, 100u, 101u}) {
      std::vector<int32_t> samples;
      for (size_t i = 0; i < count; ++i) {
        const int64_t spread = static_cast<int64_t>(i * 2654435761u) % top;
        samples.push_back(static_cast<int32_t>(i % 2 == 0 ? spread : -spread));
      }
      if (count > 3) samples[2] = static_cast<int32_t>(top), samples[3] = static_cast<int32_t>(-top);
      const auto bytes = packed(format, samples);
      INFO("format " << format << ", " << count << " samples");
      CHECK(wfdb_bytes_for(format, count) == bytes.size());
      // Two samples of format 310 need all four bytes, which might hold three; a stated length settles it.
      CHECK(wfdb_samples_in(format, bytes.size()) == count + (format == 310 && count % 3 == 2));
      const auto channels = decode({text_file("a.hea", "a 1 500 " + std::to_string(count) + "\na.dat " +
                                                           std::to_string(format) + "\n"),
                                    {"a.dat", bytes}});
      REQUIRE(channels);
      CHECK((*channels)[0].samples == samples);
    }
  }
}

TEST_CASE("format 8 holds differences from the initial value") {
  const auto channels = decode({text_file("a.hea", "a 1 500 4\na.dat 8 200 8 0 -100 0 0 II\n"),
                                {"a.dat", packed(8, {5, -3, 0, 127})}});
  REQUIRE(channels);
  CHECK((*channels)[0].samples == std::vector<int32_t>{-95, -98, -98, 29});
}

TEST_CASE("the bytes of format 212 and 310 are those of signal(5)") {
  // 212: first sample 0x123 and second 0xFED (-19) are 23 F1 ED. 310: samples 1, 2 and 0x3FF (-1).
  CHECK(wfdb_sample(212, std::vector<uint8_t>{0x23, 0xF1, 0xED}, 0) == 0x123);
  CHECK(wfdb_sample(212, std::vector<uint8_t>{0x23, 0xF1, 0xED}, 1) == -19);
  const std::vector<uint8_t> three = {0x02, 0xF8, 0x04, 0xF8};
  CHECK(wfdb_sample(310, three, 0) == 1);
  CHECK(wfdb_sample(310, three, 1) == 2);
  CHECK(wfdb_sample(310, three, 2) == -1);
}

TEST_CASE("the most negative value of a format is a missing sample") {
  for (const auto& [format, missing] : {std::pair{16, -32768},
                                        {61, -32768},
                                        {160, -32768},
                                        {212, -2048},
                                        {310, -512},
                                        {311, -512},
                                        {80, -128},
                                        {24, -8388608}}) {
    const auto channels = decode({text_file("a.hea", "a 1 500 2\na.dat " + std::to_string(format) + "\n"),
                                  {"a.dat", packed(format, {7, missing})}});
    REQUIRE(channels);
    CHECK((*channels)[0].samples == std::vector<int32_t>{7, kWfdbMissing});
  }
  const auto record = read_files({text_file("a.hea", "a 1 500 3\na.dat 16 1000 16 0 0 0 0 II\n"),
                                  {"a.dat", packed(16, {100, -32768, 300})}});
  REQUIRE(record);
  CHECK(record->lead(Lead::kII)[0] == doctest::Approx(0.1));
  CHECK(std::isnan(record->lead(Lead::kII)[1]));
}

TEST_CASE("a 12-lead record is read with its leads, patient, date and calibration") {
  const auto record = read_files(small_wfdb(1000));
  REQUIRE(record);
  CHECK(record->sample_rate_hz == 500);
  CHECK(record->sample_count() == 1000);
  CHECK(record->lead_count() == 12);
  CHECK(record->lead(Lead::kI)[10] == doctest::Approx(1.0));
  CHECK(record->patient.age_years == 63);
  CHECK(record->patient.sex == Sex::kFemale);
  CHECK(record->source.recorded_at == "2020-02-01T10:20:30");
  CHECK(record->source.format == "WFDB format 16");
  CHECK(record->notes.empty());
}

TEST_CASE("gain, baseline, ADC zero and units follow header(5)") {
  const auto value = [](const std::string& fields) {
    const auto record =
        read_files({text_file("a.hea", "a 1 500 1\na.dat 16" + fields + "\n"), {"a.dat", packed(16, {400})}});
    REQUIRE(record);
    return record->lead(Lead::kII)[0];
  };
  CHECK(value(" 200 16 0 0 0 0 II") == doctest::Approx(2.0));
  CHECK(value(" 200 16 100 0 0 0 II") == doctest::Approx(1.5));  // baseline defaults to the ADC zero
  CHECK(value(" 200(-100)/mV 16 100 0 0 0 II") == doctest::Approx(2.5));
  CHECK(value(" 1(0)/uV 16 0 0 0 0 II") == doctest::Approx(0.4));
  CHECK(value(" 1/\xC2\xB5V 16 0 0 0 0 II") == doctest::Approx(0.4));
  CHECK(value(" 1/\xB5V 16 0 0 0 0 II") == doctest::Approx(0.4));
  CHECK(value(" 2e5/V 16 0 0 0 0 II") == doctest::Approx(2.0));
  CHECK(value(" 0 16 0 0 0 0 II") == doctest::Approx(2.0));  // 0 = not calibrated: 200 per mV
  CHECK(value(" -200 16 0 0 0 0 II") == doctest::Approx(-2.0));
  const auto assumed =
      read_files({text_file("a.hea", "a 1 500 1\na.dat 16 0 16 0 0 0 0 II\n"), {"a.dat", packed(16, {400})}});
  CHECK(has_note(*assumed, "default of 200 units per mV"));
}

TEST_CASE("samples per frame give channels of different rates; slower leads are brought to the fastest") {
  // Frame: two samples of II, one of V1.
  std::vector<int32_t> samples;
  for (int frame = 0; frame < 500; ++frame) samples.insert(samples.end(), {frame * 2, frame * 2 + 1, 50});
  const std::vector<TestFile> files = {
      text_file("a.hea", "a 2 250 500\na.dat 16x2 1000 16 0 0 0 0 II\na.dat 16 1000 16 0 0 0 0 V1\n"),
      {"a.dat", packed(16, samples)}};
  const auto channels = decode(files);
  REQUIRE(channels);
  CHECK((*channels)[0].rate_hz == 500);
  CHECK((*channels)[0].samples.size() == 1000);
  CHECK((*channels)[0].samples[999] == 999);
  CHECK((*channels)[1].samples.size() == 500);
  const auto record = read_files(files);
  REQUIRE(record);
  CHECK(record->sample_rate_hz == 500);
  CHECK(record->lead(Lead::kV1).size() == 1000);
  CHECK(record->lead(Lead::kV1)[777] == doctest::Approx(0.05));
  CHECK(has_note(*record, "V1 was recorded at 250.0 Hz"));
}

TEST_CASE("skew is undone and what it takes away at the end is missing") {
  std::vector<int32_t> samples;
  for (int i = 0; i < 10; ++i) samples.insert(samples.end(), {i, i * 10});
  const auto channels =
      decode({text_file("a.hea", "a 2 500 10\na.dat 16 200 16 0 0 0 0 I\na.dat 16:3 200 16 0 0 0 0 II\n"),
              {"a.dat", packed(16, samples)}});
  REQUIRE(channels);
  CHECK((*channels)[0].samples[0] == 0);
  CHECK((*channels)[1].samples[0] == 30);
  CHECK((*channels)[1].samples[6] == 90);
  CHECK((*channels)[1].samples[7] == kWfdbMissing);
}

TEST_CASE("a byte offset, signals in several files, and a .mat prologue") {
  auto first = packed(16, {1, 2, 3});
  first.insert(first.begin(), {9, 9, 9, 9});
  const auto channels =
      decode({text_file("a.hea", "a 2 500 3\na.d0 16+4 200 16 0 0 0 0 I\na.d1 212 200 12 0 0 0 0 II\n"),
              {"a.d0", first},
              {"a.d1", packed(212, {4, 5, 6})}});
  REQUIRE(channels);
  CHECK((*channels)[0].samples == std::vector<int32_t>{1, 2, 3});
  CHECK((*channels)[1].samples == std::vector<int32_t>{4, 5, 6});

  std::vector<uint8_t> mat = {30, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 'v', 'a', 'l', 0};
  const auto body = packed(16, {1, 10, 2, 20, 3, 30});
  mat.insert(mat.end(), body.begin(), body.end());
  for (const char* format :
       {"16+24", "16"}) {  // with the offset that header(5) wants, and where the writer forgot it
    std::vector<std::string> notes;
    const auto from_mat = decode(
        {text_file("m.hea", std::string("m 2 500 3\nm.mat ") + format + " 200\nm.mat " + format + " 200\n"),
         {"m.mat", mat}},
        &notes);
    REQUIRE(from_mat);
    CHECK((*from_mat)[1].samples == std::vector<int32_t>{10, 20, 30});
    CHECK(notes.size() == (std::string(format) == "16" ? 1 : 0));
  }
}

TEST_CASE("a header without length takes all whole frames of the file") {
  const auto channels = decode({text_file("a.hea", "a 2 360\na.dat 212 200 11 1024\na.dat 212 200 11 1024\n"),
                                {"a.dat", packed(212, {1, 2, 3, 4, 5})}});
  REQUIRE(channels);
  CHECK((*channels)[0].samples == std::vector<int32_t>{1, 3});
  CHECK((*channels)[1].samples == std::vector<int32_t>{2, 4});
}

TEST_CASE("a record line alone has its defaults") {
  const auto header = parse_wfdb_header("# a comment first\nr1 1\nr1.dat 16\n");
  REQUIRE(header);
  CHECK(header->frame_rate_hz == 250);
  CHECK(!header->frame_count);
  CHECK(header->signals[0].gain == 200);
  CHECK(!header->signals[0].gain_stated);
  CHECK(header->signals[0].units == "mV");
  CHECK(header->comments == std::vector<std::string>{"a comment first"});
  const auto counter = parse_wfdb_header(
      "r1 1 360/720(5) 100 1:02:03 4/5/1999\r\nr1.dat 16 100(3)/uV 12 1 2 3 0 chest lead\r\n");
  REQUIRE(counter);
  CHECK(counter->frame_rate_hz == 360);
  CHECK(counter->recorded_at == "1999-05-04T01:02:03");
  CHECK(counter->signals[0].description == "chest lead");
  CHECK(counter->signals[0].baseline == 3);
  CHECK(*counter->signals[0].checksum == 3);
}

TEST_CASE("checksums are accepted signed and unsigned; one that differs is noted and the ECG still read") {
  const auto files = [](const std::string& sum) {
    return std::vector<TestFile>{text_file("a.hea", "a 1 500 3\na.dat 16 200 16 0 -1 " + sum + " 0 II\n"),
                                 {"a.dat", packed(16, {-1, -2, -3})}};
  };
  CHECK(!(*decode(files("-6")))[0].checksum_differs);
  CHECK(!(*decode(files("65530")))[0].checksum_differs);
  CHECK((*decode(files("65531")))[0].checksum_differs);
  const auto record = read_files(files("7"));
  REQUIRE(record);
  CHECK(has_note(*record, "checksum of II does not match"));
}

TEST_CASE("age and sex are found in the comment styles of the databases") {
  const auto patient_of = [](const std::string& comments) {
    const auto record = read_files({text_file("a.hea", "a 1 500 1\na.dat 16 200 16 0 0 0 0 II\n" + comments),
                                    {"a.dat", packed(16, {1})}});
    REQUIRE(record);
    return record->patient;
  };
  CHECK(patient_of("#<age>: 79\n#<sex>: M\n").age_years == 79);  // LUDB
  CHECK(patient_of("#<age>: 79\n#<sex>: M\n").sex == Sex::kMale);
  CHECK(patient_of("# age: 81\n# sex: female\n").sex == Sex::kFemale);         // PTB
  CHECK(patient_of("#Age: 74\n#Sex: Male\n#Dx: 59118001\n").age_years == 74);  // CinC 2020/2021
  CHECK(patient_of("# <age>: 28  <sex>: M  <Height>: 170\n").age_years == 28);
  CHECK(patient_of("# <age>: 28  <sex>: M  <Height>: 170\n").sex == Sex::kMale);
  CHECK(patient_of("# 69 M 1085 1629 x1\n# Aldomet, Inderal\n").age_years == 69);  // MIT-BIH
  CHECK(patient_of("# Age: 300\n").age_years == 90);                               // PTB-XL: over 89
  CHECK(!patient_of("#Age: NaN\n#Sex: Unknown\n").age_years);
  CHECK(!patient_of("#Age: NaN\n#Sex: Unknown\n").sex);
  CHECK(!patient_of("# average: 12\n").age_years);
}

TEST_CASE("fixed-layout multi-segment records are joined, gaps included") {
  const std::string signals = ".dat 16 1000 16 0 0 0 0 II\n";
  const auto record = read_files({text_file("m.hea", "m/3 1 500 9\ns1 3\n~ 2\ns2 4\n"),
                                  text_file("s1.hea", "s1 1 500 3\ns1" + signals),
                                  {"s1.dat", packed(16, {1, 2, 3})},
                                  text_file("s2.hea", "s2 1 500 4\ns2" + signals),
                                  {"s2.dat", packed(16, {4, 5, 6, 7})}});
  REQUIRE(record);
  const auto& two = record->lead(Lead::kII);
  REQUIRE(two.size() == 9);
  CHECK(two[2] == doctest::Approx(0.003));
  CHECK(std::isnan(two[3]));
  CHECK(std::isnan(two[4]));
  CHECK(two[8] == doctest::Approx(0.007));
  CHECK(record->source.format == "WFDB format 16, 3 segments");
}

TEST_CASE("variable-layout segments are matched by signal name, each with its own gain") {
  const auto record = read_files(
      {text_file("v.hea", "v/3 2 500 6\nv_layout 0\na 3\nb 3\n"),
       text_file("v_layout.hea", "v_layout 2 500 0\n~ 0 1000/mV 16 0 0 0 0 II\n~ 0 1000/mV 16 0 0 0 0 V1\n"),
       text_file("a.hea", "a 2 500 3\na.dat 16 1000/mV 16 0 0 0 0 V1\na.dat 16 1000/mV 16 0 0 0 0 II\n"),
       {"a.dat", packed(16, {1, 10, 2, 20, 3, 30})},
       text_file("b.hea", "b 1 500 3\nb.dat 16 100/mV 16 0 0 0 0 II\n"),
       {"b.dat", packed(16, {4, 5, 6})}});
  REQUIRE(record);
  CHECK(record->lead(Lead::kII)[0] == doctest::Approx(0.010));
  CHECK(record->lead(Lead::kII)[5] == doctest::Approx(0.06));
  CHECK(record->lead(Lead::kV1)[2] == doctest::Approx(0.003));
  CHECK(std::isnan(record->lead(Lead::kV1)[3]));
}

TEST_CASE("missing companions are named, all at once") {
  auto files = small_wfdb(100);
  files.pop_back();
  auto record = read_files(files);
  REQUIRE(!record);
  CHECK(record.error().code == ErrorCode::kMissingCompanion);
  CHECK(record.error().detail == "small.dat");
  CHECK(record.error().message.find("small.dat") != std::string::npos);
  record = read_files({text_file("m.hea", "m/2 1 500 6\ns1 3\ns2 3\n")});
  REQUIRE(!record);
  CHECK(record.error().code == ErrorCode::kMissingCompanion);
  CHECK(record.error().detail == "s1.hea\ns2.hea");
}

TEST_CASE("the signal file may come first when its header is among the companions") {
  auto files = small_wfdb(100);
  std::swap(files[0], files[1]);
  const auto record = read_files(files);
  REQUIRE(record);
  CHECK(record->lead_count() == 12);
  const auto alone = read_files({files[0]});
  REQUIRE(!alone);
  CHECK(alone.error().code == ErrorCode::kMissingCompanion);
  CHECK(alone.error().detail == "small.hea");
}

TEST_CASE("a signal file is found though its name changed case") {
  auto files = small_wfdb(50);
  files[1].name = "SMALL.DAT";
  CHECK(read_files(files));
}

TEST_CASE("a file that is too short is refused, one that is too long is read with a note") {
  auto files = small_wfdb(1000);
  files[1].bytes.resize(files[1].bytes.size() / 2);
  const auto half = read_files(files);
  REQUIRE(!half);
  CHECK(half.error().code == ErrorCode::kDamaged);
  CHECK(half.error().message.find("ends after 1.0 of 2.0 seconds") != std::string::npos);
  files = small_wfdb(1000);
  files[1].bytes.insert(files[1].bytes.end(), 100, 0);
  const auto longer = read_files(files);
  REQUIRE(longer);
  CHECK(longer->sample_count() == 1000);
  CHECK(has_note(*longer, "longer than its header announces"));
}

TEST_CASE("channels that are no ECG lead are listed, never used") {
  const auto record =
      read_files({text_file("a.hea",
                            "a 4 500 1\na.dat 16 200 16 0 0 0 0 II\na.dat 16 10/mmHg 16 0 0 0 0 ABP\na.dat "
                            "16 200 16 0 0 0 0 V7\na.dat 16 200/NU 16 0 0 0 0 V1\n"),
                  {"a.dat", packed(16, {1, 2, 3, 4})}});
  REQUIRE(record);
  CHECK(record->lead_count() == 1);
  CHECK(record->other_channels == std::vector<std::string>{"ABP", "V7", "V1"});
  CHECK(has_note(*record, "unit of V1 is not a voltage"));
  const auto none = read_files(
      {text_file("a.hea", "a 1 500 1\na.dat 16 10/mmHg 16 0 0 0 0 ABP\n"), {"a.dat", packed(16, {1})}});
  REQUIRE(!none);
  CHECK(none.error().code == ErrorCode::kNotAnEcg);
}

TEST_CASE("gains that only stretch every lead to 1 mV are not believed") {
  // Three limb leads that obey Einthoven's law in raw units, each with gain = its own peak to peak (as LUDB
  // writes them).
  std::vector<int32_t> samples;
  std::array<int32_t, 6> low{}, high{};
  for (int i = 0; i < 500; ++i) {
    const int32_t one = i % 250 == 100 ? 700 : i % 11, two = i % 250 == 100 ? 1200 : i % 13;
    const std::array<int32_t, 6> row = {one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2};
    for (size_t k = 0; k < 6; ++k) {
      samples.push_back(row[k]);
      low[k] = std::min(low[k], row[k]), high[k] = std::max(high[k], row[k]);
    }
  }
  std::string header = "a 6 500 500\n";
  for (size_t k = 0; k < 6; ++k)
    header += "a.dat 16 " + std::to_string(high[k] - low[k]) + "(0)/mV 16 0 0 0 0 " + kLeadNames[k] + "\n";
  const auto record =
      read_files({text_file("a.hea", header.substr(0, header.size())), {"a.dat", packed(16, samples)}});
  REQUIRE(record);
  CHECK(record->lead(Lead::kII)[100] == doctest::Approx(1.2));
  CHECK(record->lead(Lead::kI)[100] == doctest::Approx(0.7));
  CHECK(has_note(*record, "stretches every lead"));
}

TEST_CASE("impossible headers are refused with one sentence") {
  const auto dat = TestFile{"a.dat", packed(16, {1, 2, 3})};
  for (const char* header :
       {"a 1 500 3\na.dat 17 200 16 0 0 0 0 II\n", "a 1 -500 3\na.dat 16\n",
        "a 1 500 9999999999\na.dat 16 200 16 0 0 0 0 II\n", "a 2 500 3\na.dat 16\n",
        "a 1 500 3\na.dat 16x5000\n", "a 1 500 3\na.dat 16 abc\n", "a 1 500 3\na.dat 16 200 x\n",
        "a 2 500 1\na.dat 16 200 16 0 0 0 0 I\na.dat 212 200 16 0 0 0 0 II\n", "a/2 1 500 3\na 3\n",
        "a 1 3 3\na.dat 16 200 16 0 0 0 0 II\n", "a 1 500 3\na.dat 16+99999 200 16 0 0 0 0 II\n"}) {
    const auto record = read_files({text_file("a.hea", header), dat});
    INFO(header);
    REQUIRE(!record);
    CHECK(!record.error().message.empty());
    CHECK(record.error().message.find('\n') == std::string::npos);
  }
  // A record made of itself.
  const auto recursive = read_files({text_file("a.hea", "a/1 1 500 3\na 3\n")});
  REQUIRE(!recursive);
  CHECK(recursive.error().code == ErrorCode::kDamaged);
}

TEST_CASE("a table of numbers or prose is not taken for a WFDB header") {
  for (const char* text : {"1 2 3 4\n5 16 7 8\n", "12 8 500\n1.5 16 200\n", "hello world\n", "1,2,3\n4,5,6\n",
                           "", "\n\n", "# only a comment\n", "I II III\n1 2 3\n"})
    CHECK_MESSAGE(!looks_like_wfdb_header(text_file("x", text).bytes), text);
  CHECK(looks_like_wfdb_header(
      text_file("x", "100 2 360 650000\n100.dat 212 200 11 1024 995 -22131 0 MLII\n").bytes));
}
