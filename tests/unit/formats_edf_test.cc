// EDF, EDF+ and BDF on files that formats_binary_files.h writes from the published layout.
#include <doctest/doctest.h>

#include <cmath>

#include "formats/assemble.h"
#include "formats_binary_files.h"

using namespace precordia;

namespace {

Result<DecodedEcg> decoded(const std::vector<uint8_t>& bytes) {
  const InputFile file{"a.edf", bytes};
  return decode_ecg({&file, 1});
}

}  // namespace

TEST_CASE("EDF gives back every count, its scale, filters, date and start") {
  const auto file = decoded(edf_twelve(3).bytes());
  REQUIRE(file);
  REQUIRE(file->channels.size() == 12);
  for (int k = 0; k < kLeadCount; ++k) CHECK(file->channels[static_cast<size_t>(k)].counts == test_counts(k, 1500));
  CHECK(file->channels[0].nv_per_count == doctest::Approx(2500));
  CHECK(std::abs(file->channels[0].zero_count) < 1e-9);
  CHECK(file->channels[0].rate_hz == 500);
  CHECK(file->record.source.recorded_at == "2003-02-01T10:20:30");
  CHECK(file->record.source.filters.high_pass_hz == 0.05);
  CHECK(file->record.source.filters.low_pass_hz == 150);
  CHECK(file->record.source.filters.notch_hz == 50);
  CHECK(file->record.source.format == "EDF");
}

TEST_CASE("record durations of a half, two and a thousandth of a second give the right rate") {
  for (const auto& [duration, per_record, rate] : {std::tuple{"0.5", size_t{500}, 1000.0}, {"2", size_t{500}, 250.0}, {"0.00125", size_t{1}, 800.0}, {"3", size_t{1000}, 1000.0 / 3}}) {
    EdfTestFile file;
    file.duration = duration;
    file.signals.push_back({.label = "ECG II", .counts = test_counts(1, 1000), .per_record = per_record});
    const auto read = decoded(file.bytes());
    REQUIRE(read);
    CHECK(read->channels[0].rate_hz == doctest::Approx(rate));
    CHECK(read->channels[0].counts == test_counts(1, 1000));
  }
}

TEST_CASE("an EDF of unknown length is read to its end and says so; one that is too short is refused") {
  auto file = edf_twelve(3);
  file.records = "-1";
  auto bytes = file.bytes();
  bytes.resize(bytes.size() - 100);   // a last record that was never finished
  const auto open_end = read_files({{"a.edf", bytes}});
  REQUIRE(open_end);
  CHECK(open_end->sample_count() == 1000);
  CHECK(has_note(*open_end, "does not state how long"));
  file.records = "4";
  const auto cut = read_files({{"a.edf", file.bytes()}});
  REQUIRE(!cut);
  CHECK(cut.error().code == ErrorCode::kDamaged);
  CHECK(cut.error().message.find("3.0 of 4.0 seconds") != std::string::npos);
  file.records = "2";
  const auto longer = read_files({{"a.edf", file.bytes()}});
  REQUIRE(longer);
  CHECK(longer->sample_count() == 1000);
  CHECK(has_note(*longer, "longer than its header announces"));
}

TEST_CASE("inverted, offset and millivolt scales give the voltage that EDF defines") {
  EdfTestFile file;
  file.signals.push_back({.label = "I", .counts = {-1000, 0, 1000}, .per_record = 3, .physical_min = "1000", .physical_max = "-1000", .digital_min = "-1000", .digital_max = "1000"});
  file.signals.push_back({.label = "II", .counts = {0, 2000, 4095}, .per_record = 3, .unit = "mV", .physical_min = "-5", .physical_max = "5", .digital_min = "0", .digital_max = "4000"});
  file.signals.push_back({.label = "V1", .counts = {0, 10, 20}, .per_record = 3, .unit = "mmHg"});
  file.duration = "0.006";
  const auto record = read_files({{"a.edf", file.bytes()}});
  REQUIRE(record);
  CHECK(record->lead(Lead::kI)[0] == doctest::Approx(1.0));
  CHECK(record->lead(Lead::kI)[2] == doctest::Approx(-1.0));
  CHECK(record->lead(Lead::kII)[0] == doctest::Approx(-5.0));
  CHECK(record->lead(Lead::kII)[1] == doctest::Approx(0.0));
  CHECK(!record->has(Lead::kV1));
  CHECK(has_note(*record, "unit of V1 is not a voltage"));
}

TEST_CASE("signals of different rates keep them, and slower leads are brought to the fastest") {
  EdfTestFile file;
  file.signals.push_back({.label = "ECG I", .counts = test_counts(0, 1000), .per_record = 500});
  file.signals.push_back({.label = "ECG II", .counts = test_counts(1, 500), .per_record = 250});
  const auto read = decoded(file.bytes());
  REQUIRE(read);
  CHECK(read->channels[1].rate_hz == 250);
  const auto record = read_files({{"a.edf", file.bytes()}});
  REQUIRE(record);
  CHECK(record->sample_rate_hz == 500);
  CHECK(has_note(*record, "recorded at 250.0 Hz"));
}

TEST_CASE("BDF counts are 24 bits wide") {
  EdfTestFile file;
  file.bdf = true;
  file.reserved = "24BIT";
  file.signals.push_back({.label = "II", .counts = {-8388608, -1, 0, 8388607}, .per_record = 4, .physical_min = "-8388608", .physical_max = "8388607", .digital_min = "-8388608", .digital_max = "8388607"});
  file.duration = "0.008";
  const auto read = decoded(file.bytes());
  REQUIRE(read);
  CHECK(read->channels[0].counts == std::vector<int32_t>{-8388608, -1, 0, 8388607});
  CHECK(read->channels[0].nv_per_count == doctest::Approx(1000));
  CHECK(read->record.source.format == "BDF");
}

TEST_CASE("EDF+ tells person, date and device; identity stays apart") {
  auto file = edf_twelve(1);
  file.reserved = "EDF+C";
  file.patient = "4711 F 02-MAY-1951 Jane_Doe";
  file.recording = "Startdate 03-JUN-2020 X X Recorder_1";
  file.date = "03.06.20";
  file.annotations = {edf_stamp("0")};
  const auto read = decoded(file.bytes());
  REQUIRE(read);
  CHECK(read->channels.size() == 12);
  CHECK(read->record.patient.age_years == 69);
  CHECK(read->record.patient.sex == Sex::kFemale);
  CHECK(read->record.identity.name == "Jane Doe");
  CHECK(read->record.identity.id == "4711");
  CHECK(read->record.source.recorded_at == "2020-06-03T10:20:30");
  CHECK(read->record.source.device == "Recorder 1");
}

TEST_CASE("the gaps of a discontinuous EDF+ become missing samples") {
  EdfTestFile file;
  file.reserved = "EDF+D";
  file.signals.push_back({.label = "ECG I", .counts = test_counts(0, 300), .per_record = 100});
  file.signals.push_back({.label = "ECG II", .counts = test_counts(1, 150), .per_record = 50});
  file.annotations = {edf_stamp("10"), edf_stamp("11.5"), edf_stamp("12.5")};
  const auto read = decoded(file.bytes());
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message + read.error().detail));
  const auto& counts = read->channels[0].counts;
  REQUIRE(counts.size() == 350);
  CHECK(counts[99] == test_count(0, 99));
  for (size_t i = 100; i < 150; ++i) CHECK(counts[i] == kMissingCount);
  CHECK(counts[150] == test_count(0, 100));
  CHECK(counts[349] == test_count(0, 299));
  CHECK(read->channels[1].counts.size() == 175);
  CHECK(read->channels[1].counts[75] == test_count(1, 50));
  file.annotations = {edf_stamp("10"), edf_stamp("12"), edf_stamp("11")};
  const auto backwards = decoded(file.bytes());
  REQUIRE(!backwards);
  CHECK(backwards.error().code == ErrorCode::kDamaged);
  file.annotations = {edf_stamp("0"), edf_stamp("1"), edf_stamp("900000000")};
  const auto years = decoded(file.bytes());
  REQUIRE(!years);
  CHECK(years.error().code == ErrorCode::kTooLarge);
}

TEST_CASE("an EDF of annotations only, or of scalp electrodes, is no ECG") {
  EdfTestFile file;
  file.reserved = "EDF+C";
  file.duration = "0";
  file.annotations = {edf_stamp("0", edf_note("1", "30", "Sleep stage W"))};
  file.records = "1";
  auto answer = read_files({{"a.edf", file.bytes()}});
  REQUIRE(!answer);
  CHECK(answer.error().code == ErrorCode::kNotAnEcg);
  CHECK(answer.error().message.find("annotations only") != std::string::npos);
  // C3 and C4 are leads V3 and V4 in some countries, but not beside Cz.
  EdfTestFile eeg;
  for (const char* name : {"C3", "C4", "Cz", "D1"}) eeg.signals.push_back({.label = name, .counts = test_counts(0, 500), .per_record = 500});
  answer = read_files({{"a.edf", eeg.bytes()}});
  REQUIRE(!answer);
  CHECK(answer.error().code == ErrorCode::kNotAnEcg);
  eeg.signals.push_back({.label = "aVR", .counts = test_counts(3, 500), .per_record = 500});
  const auto german = read_files({{"a.edf", eeg.bytes()}});
  REQUIRE(german);
  CHECK(german->has(Lead::kV3));
}

TEST_CASE("labels in UTF-8 and headers padded with zero bytes are read") {
  auto file = edf_twelve(1);
  file.signals[0].unit = "\xC2\xB5V";
  auto bytes = file.bytes();
  std::replace(bytes.begin() + 192, bytes.begin() + 236, uint8_t{' '}, uint8_t{0});
  const auto record = read_files({{"a.edf", bytes}});
  REQUIRE(record);
  CHECK(record->lead(Lead::kI)[0] == doctest::Approx(test_count(0, 0) * 2.5e-3));
}

TEST_CASE("impossible EDF headers are refused before anything is allocated") {
  const auto damaged = [](const std::function<void(EdfTestFile&)>& change) {
    auto file = edf_twelve(1);
    change(file);
    const auto answer = read_files({{"a.edf", file.bytes()}});
    return !answer && answer.error().code == ErrorCode::kDamaged;
  };
  CHECK(damaged([](auto& file) { file.duration = "0"; }));
  CHECK(damaged([](auto& file) { file.duration = "-1"; }));
  CHECK(damaged([](auto& file) { file.duration = "1e-300"; }));
  CHECK(damaged([](auto& file) { file.records = "-2"; }));
  CHECK(damaged([](auto& file) { file.records = "abc"; }));
  auto bytes = edf_twelve(1).bytes();
  for (size_t i = 252; i < 256; ++i) bytes[i] = '9';
  const auto many = read_files({{"a.edf", bytes}});
  REQUIRE(!many);
  CHECK(many.error().code == ErrorCode::kDamaged);
}
