// DICOM waveforms on files that formats_binary_files.h writes: every encoding and sample form of PS3.5 and C.10.9 that ECGs use.
#include <doctest/doctest.h>

#include <cmath>

#include "formats/assemble.h"
#include "formats/dicom.h"
#include "formats_binary_files.h"

using namespace precordia;

namespace {

constexpr const char *kImplicit = "1.2.840.10008.1.2", *kExplicit = "1.2.840.10008.1.2.1", *kBig = "1.2.840.10008.1.2.2",
                     *kDeflated = "1.2.840.10008.1.2.1.99";

Result<DecodedEcg> decoded(const std::vector<uint8_t>& bytes) {
  const InputFile file{"a.dcm", bytes};
  return decode_ecg({&file, 1});
}

std::vector<uint8_t> one_group(const DicomTestGroup& group) { return dicom_file(kExplicit, dicom_data_set(DicomSink(), {group})); }

void check_twelve(const Result<DecodedEcg>& read) {
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message + read.error().detail));
  REQUIRE(read->channels.size() == 12);
  for (int k = 0; k < kLeadCount; ++k) {
    CHECK(read->channels[static_cast<size_t>(k)].name == kLeadNames[k]);
    CHECK(read->channels[static_cast<size_t>(k)].counts == test_counts(k, 1000));
  }
  CHECK(read->channels[0].nv_per_count == doctest::Approx(2500));
}

}  // namespace

TEST_CASE("DICOM waveforms are read in every encoding, with and without a preamble") {
  const std::vector<DicomTestGroup> groups(1);
  for (const bool undefined : {false, true}) {
    CAPTURE(undefined);
    const auto set = [&](bool explicit_vr, bool big) { return dicom_data_set(DicomSink(explicit_vr, big, undefined), groups); };
    check_twelve(decoded(dicom_file(kExplicit, set(true, false))));
    check_twelve(decoded(dicom_file(kImplicit, set(false, false))));
    check_twelve(decoded(dicom_file(kBig, set(true, true))));
    check_twelve(decoded(dicom_file(kDeflated, stored_deflate(set(true, false)))));
    check_twelve(decoded(dicom_file(kExplicit, set(true, false), false)));
    check_twelve(decoded(set(true, false)));    // no meta information at all
    check_twelve(decoded(set(false, false)));
  }
}

TEST_CASE("DICOM tells person, time, device and filters") {
  const auto record = read_files({{"a.dcm", one_group({})}});
  REQUIRE(record);
  CHECK(record->patient.age_years == 59);
  CHECK(record->patient.sex == Sex::kFemale);
  CHECK(record->identity.name == "Doe, Jane");
  CHECK(record->identity.id == "4711");
  CHECK(record->identity.birth_date == "1960-03-01");
  CHECK(record->source.recorded_at == "2020-02-01T10:20:30");
  CHECK(record->source.device == "Maker Model 1");
  CHECK(record->source.format == "DICOM 12-lead ECG");
  CHECK(record->source.filters.high_pass_hz == 0.05);
  CHECK(record->source.filters.low_pass_hz == 150);
}

TEST_CASE("8, 12, 16 and 32 bits, signed and unsigned, give the counts that were stored") {
  DicomTestGroup group;
  group.leads = {0, 1};
  const auto counts = [&](const DicomTestGroup& g) {
    const auto read = decoded(one_group(g));
    REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message + read.error().detail));
    return read->channels[1].counts;
  };
  const auto expected = test_counts(1, 1000);
  group.bits_stored = 12;
  CHECK(counts(group) == expected);   // sign spread over the spare bits
  group.stored = [](int k, size_t i) { return static_cast<uint32_t>(test_count(k, i)) & 0x0FFF; };
  CHECK(counts(group) == expected);   // spare bits empty
  group.stored = [](int k, size_t i) { return static_cast<uint32_t>(test_count(k, i) + 2048); };
  group.interpretation = "US";
  CHECK(counts(group)[10] == test_count(1, 10) + 2048);
  group = {};
  group.leads = {0, 1};
  group.bits = group.bits_stored = 32;
  group.interpretation = "SL";
  CHECK(counts(group) == expected);
  group.bits = group.bits_stored = 8;
  group.interpretation = "SB";
  group.stored = [](int k, size_t i) { return static_cast<uint32_t>(test_count(k, i) / 8); };
  CHECK(counts(group)[10] == test_count(1, 10) / 8);
  group.interpretation = "MB";   // mu-law sound
  const auto sound = decoded(one_group(group));
  REQUIRE(!sound);
  CHECK(sound.error().code == ErrorCode::kNotRecognised);
}

TEST_CASE("voltage = stored x sensitivity x correction + baseline, in the stated unit") {
  DicomTestGroup group;
  group.leads = {1};
  group.sensitivity = "0.005";
  group.unit = "mV";
  group.correction = "0.5";
  group.baseline = "-0.25";
  group.mdc = true;
  const auto record = read_files({{"a.dcm", one_group(group)}});
  REQUIRE(record);
  CHECK(record->lead(Lead::kII)[10] == doctest::Approx(test_count(1, 10) * 0.0025 - 0.25));
  group.unit = "mmHg";
  const auto pressure = read_files({{"a.dcm", one_group(group)}});
  REQUIRE(!pressure);
  CHECK(pressure.error().code == ErrorCode::kNotAnEcg);
}

TEST_CASE("the rhythm is read, never the average beat, wherever it stands") {
  DicomTestGroup median, rhythm;
  median.label = "MEDIAN BEAT";
  median.originality = "DERIVED";
  median.count = 600;
  median.stored = [](int, size_t) { return 7u; };
  for (const auto& groups : {std::vector{median, rhythm}, std::vector{rhythm, median}})
    check_twelve(decoded(dicom_file(kExplicit, dicom_data_set(DicomSink(), groups))));
  const auto only = decoded(dicom_file(kExplicit, dicom_data_set(DicomSink(), {median})));
  REQUIRE(!only);
  CHECK(only.error().code == ErrorCode::kNotAnEcg);
}

TEST_CASE("groups recorded one after the other are placed in time; the longest of two groups of one lead counts") {
  DicomTestGroup limb, chest, strip;
  limb.leads = {0, 1, 2};
  limb.count = 500;
  chest.leads = {6, 7, 8};
  chest.count = 500;
  chest.offset_ms = "1000";
  strip.leads = {1};
  strip.count = 1000;
  const auto record = read_files({{"a.dcm", dicom_file(kExplicit, dicom_data_set(DicomSink(), {limb, chest, strip}))}});
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
  CHECK(record->sample_count() == 1000);
  CHECK(std::isnan(record->lead(Lead::kV1)[499]));
  CHECK(record->lead(Lead::kV1)[500] == doctest::Approx(test_count(6, 0) * 2.5e-3));
  CHECK(std::isnan(record->lead(Lead::kI)[500]));
  CHECK(record->lead(Lead::kII)[999] == doctest::Approx(test_count(1, 999) * 2.5e-3));
}

TEST_CASE("a padding value marks missing samples, but not where it is a voltage like any other") {
  DicomTestGroup group;
  group.stored = [](int k, size_t i) { return static_cast<uint32_t>(i == 5 ? -32768 : test_count(k, i)); };
  group.padding = {0x00, 0x80};
  auto read = decoded(one_group(group));
  REQUIRE(read);
  CHECK(read->channels[0].counts[5] == kMissingCount);
  group = {};
  group.padding = {0, 0};
  check_twelve(decoded(one_group(group)));
}

TEST_CASE("the device's measurements and statements are kept, those of single beats are not") {
  const DicomSink like;
  const auto number = [&](const char* code, const char* meaning, const char* unit, const char* value) {
    DicomSink item;
    item.sequence(0x004008EA, {dicom_code(like, unit, "UCUM", unit)}).sequence(0x0040A043, {dicom_code(like, code, "SCPECG", meaning)}).text(0x0040A30A, "DS", value);
    return item;
  };
  DicomSink text, beat;
  text.text(0x00700006, "ST", "Sinus rhythm");
  beat.sequence(0x0040A043, {dicom_code(like, "5.10.3-1", "SCPECG", "P onset")}).text(0x0040A130, "CS", "POINT").text(0x0040A30A, "DS", "120");
  const auto record = read_files({{"a.dcm", dicom_file(kExplicit, dicom_data_set(like, {DicomTestGroup()},
      {text, beat, number("5.13.5-7", "PR Interval", "ms", "160"), number("5.10.3-13", "QRS Axis", "ms", "-61"), number("X1", "PP Interval", "ms", "0"),
       number("8867-4", "Heart rate", "/min", "69"), number("X2", "ST level V2", "uV", "30")}))}});
  REQUIRE(record);
  const auto& found = record->device_findings;
  CHECK(found.statements == std::vector<std::string>{"Sinus rhythm"});
  REQUIRE(found.measurements.size() == 4);
  CHECK(found.measurements[0].id == "pr_ms");
  CHECK(found.measurements[0].value == 160);
  CHECK(found.measurements[1].id == "qrs_axis_deg");
  CHECK(found.measurements[1].unit == "deg");   // whatever the file calls its unit
  CHECK(found.measurements[2].id == "heart_rate_bpm");
  CHECK(found.measurements[3].label == "ST level V2");
}

TEST_CASE("cut, contradicting and endless DICOM files are refused") {
  const auto whole = one_group({});
  for (const size_t percent : {99u, 80u, 50u, 20u}) {
    auto cut = whole;
    cut.resize(cut.size() * percent / 100);
    const auto answer = read_files({{"a.dcm", cut}});
    REQUIRE(!answer);
    CHECK(answer.error().code == ErrorCode::kDamaged);
  }
  DicomTestGroup more;
  more.leads = {0, 1};
  auto claims = dicom_data_set(DicomSink(), {more});
  const std::vector<uint8_t> samples = {0x3A, 0x00, 0x10, 0x00, 'U', 'L', 4, 0};
  const auto at = std::search(claims.begin(), claims.end(), samples.begin(), samples.end());
  REQUIRE(at != claims.end());
  at[8] = 0xFF, at[9] = 0xFF;   // 65535 samples announced
  const auto fewer = read_files({{"a.dcm", dicom_file(kExplicit, claims)}});
  REQUIRE(!fewer);
  CHECK(fewer.error().code == ErrorCode::kDamaged);
  at[10] = 0xFF, at[11] = 0xFF;
  const auto huge = read_files({{"a.dcm", dicom_file(kExplicit, claims)}});
  REQUIRE(!huge);
  CHECK(huge.error().code == ErrorCode::kTooLarge);
  // Sequences within sequences within sequences.
  std::vector<uint8_t> nested;
  for (int depth = 0; depth < 5000; ++depth) {
    const std::vector<uint8_t> open = {0x40, 0x00, 0x20, 0xB0, 'S', 'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF};
    nested.insert(nested.end(), open.begin(), open.end());
  }
  CHECK(!parse_dicom(dicom_file(kExplicit, nested)));
}

TEST_CASE("a DICOM file without a waveform says what it is") {
  DicomSink data;
  data.text(0x00080060, "CS", "US").raw(0x7FE00010, "OW", std::vector<uint8_t>(64));
  const auto image = read_files({{"a.dcm", dicom_file(kExplicit, data.bytes())}});
  REQUIRE(!image);
  CHECK(image.error().code == ErrorCode::kNotAnEcg);
  CHECK(image.error().message.find("US") != std::string::npos);
  DicomSink report;
  report.text(0x00080060, "CS", "ECG").raw(0x00420011, "OB", {'%', 'P', 'D', 'F', '-', '1'});
  const auto pdf = read_files({{"a.dcm", dicom_file(kExplicit, report.bytes())}});
  REQUIRE(!pdf);
  CHECK(pdf.error().message.find("PDF") != std::string::npos);
}
