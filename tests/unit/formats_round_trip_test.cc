// What the writers write is read back identical, tells nobody's name unless asked, and satisfies other people's programs.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <random>

#include "base/text.h"
#include "formats/assemble.h"
#include "formats/quantise.h"
#include "formats/write_ecg.h"
#include "formats_binary_files.h"
#include "real_data.h"

using namespace precordia;
using namespace std::string_view_literals;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

EcgRecord twelve(double rate_hz, size_t count, double nv_per_count) {
  EcgRecord record;
  record.sample_rate_hz = rate_hz;
  for (int k = 0; k < kLeadCount; ++k) {
    record.origin[static_cast<size_t>(k)] = LeadOrigin::kRecorded;
    for (size_t i = 0; i < count; ++i)
      record.mv[static_cast<size_t>(k)].push_back(sample_mv(test_count(k, i) * nv_per_count / 1e6));
  }
  record.patient = {.age_years = 63, .sex = Sex::kFemale};
  record.identity = {.name = "Doe, Jane", .id = "4711", .birth_date = "1957-01-02"};
  record.source.device = "Maker Model 1";
  record.source.recorded_at = "2020-02-01T10:20:30";
  record.source.filters = {.high_pass_hz = 0.05, .low_pass_hz = 150, .notch_hz = 50};
  return record;
}

Result<EcgRecord> read_back(const std::vector<WrittenFile>& files) {
  std::vector<InputFile> inputs;
  for (const auto& file : files) inputs.push_back({file.name, file.bytes});
  return read_ecg(inputs);
}

// How far a sample may be from what was written: the last place of single precision where integers are stored, a hundredth of a
// microvolt in the text formats.
float tolerance_mv(std::string_view writer) { return writer == "csv" || writer == "aecg" || writer == "fhir" ? 1e-5f : 0; }

// Empty when all leads are the same.
std::string difference(const EcgRecord& a, const EcgRecord& b, float tolerance = 0) {
  if (a.sample_rate_hz != b.sample_rate_hz) return format_text("%g Hz instead of %g", b.sample_rate_hz, a.sample_rate_hz);
  for (int k = 0; k < kLeadCount; ++k) {
    const auto &one = a.mv[static_cast<size_t>(k)], &two = b.mv[static_cast<size_t>(k)];
    if (one.size() != two.size()) return format_text("%s has %zu samples instead of %zu", kLeadNames[k], two.size(), one.size());
    for (size_t i = 0; i < one.size(); ++i) {
      const bool same = std::isnan(one[i]) ? std::isnan(two[i]) : std::abs(one[i] - two[i]) <= tolerance + 2e-7f * std::abs(one[i]);
      if (!same) return format_text("%s sample %zu is %.9g instead of %.9g", kLeadNames[k], i, two[i], one[i]);
    }
  }
  return {};
}

bool holds(const std::vector<WrittenFile>& files, std::string_view words) {
  for (const auto& file : files)
    if (std::string_view(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()).find(words) != std::string_view::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("every writer's output is read back with the same samples, at usual and unusual rates, lengths and resolutions") {
  for (const auto& writer : all_writers())
    for (const auto& [rate, count] : {std::pair{500.0, size_t{5000}}, {250.0, size_t{2501}}, {1000.0, size_t{1009}}, {600.0, size_t{1800}}, {100.0, size_t{1000}}, {512.0, size_t{1024}}})
      for (const double nv : {2500.0, 4880.0, 1000.0, 3750.0, 2441.40625, 1220.0, 777.0}) {
        CAPTURE(std::string(writer.key));
        CAPTURE(rate);
        CAPTURE(count);
        CAPTURE(nv);
        const auto record = twelve(rate, count, nv);
        const auto files = writer.write(record, {});
        REQUIRE_MESSAGE(files.has_value(), (files ? "" : files.error().message));
        const auto back = read_back(*files);
        REQUIRE_MESSAGE(back.has_value(), (back ? "" : back.error().message + back.error().detail));
        CHECK(difference(record, *back, tolerance_mv(writer.key)) == "");
        if (writer.key == "csv"sv) continue;   // which holds samples only
        CHECK(back->patient.age_years == 63);
        CHECK(back->patient.sex == Sex::kFemale);
        CHECK(back->notes.empty());
      }
}

TEST_CASE("missing samples, absent leads and the largest counts survive a round trip") {
  for (const auto& writer : all_writers()) {
    CAPTURE(std::string(writer.key));
    auto record = twelve(500, 1000, 1000);
    record.mv[2].clear(), record.mv[8].clear();
    record.origin[2] = record.origin[8] = LeadOrigin::kAbsent;
    for (size_t i = 100; i < 130; ++i) record.mv[0][i] = kNan;
    record.mv[7][0] = record.mv[7][999] = kNan;
    record.mv[5][500] = 32.767f, record.mv[5][501] = -32.767f;
    const auto files = writer.write(record, {});
    REQUIRE(files);
    const auto back = read_back(*files);
    REQUIRE_MESSAGE(back.has_value(), (back ? "" : back.error().message + back.error().detail));
    CHECK(back->origin[2] == LeadOrigin::kDerived);
    record.mv[2] = back->mv[2];   // III is derived while reading
    CHECK(!back->has(Lead::kV3));
    CHECK(difference(record, *back, tolerance_mv(writer.key)) == "");
  }
}

TEST_CASE("nothing that identifies is written unless asked for") {
  auto record = twelve(500, 1000, 2500);
  record.patient.age_years = 97;
  for (const auto& writer : all_writers()) {
    CAPTURE(std::string(writer.key));
    const auto files = writer.write(record, {});
    REQUIRE(files);
    // Short numbers occur among the samples of text formats by chance; names and whole dates do not.
    const bool is_text = tolerance_mv(writer.key) > 0;
    for (const char* word : {"Doe", "Jane", "2020-02-01", "20200201", "1957-01-02", "19570102", "01/02/2020", "01.02.20", "10:20:30", "102030"})
      CHECK_MESSAGE(!holds(*files, word), word);
    if (!is_text)
      for (const char* word : {"4711", "1957", "2020", "97"}) CHECK_MESSAGE(!holds({files->begin(), files->begin() + 1}, word), word);
    const auto back = read_back(*files);
    REQUIRE(back);
    CHECK(back->identity.name.find("Doe") == std::string::npos);
    CHECK(back->identity.id != "4711");
    CHECK(back->identity.birth_date == "");
    CHECK(back->source.recorded_at == "");
    if (writer.key == "csv"sv) continue;   // which has no place for any of it
    CHECK(back->patient.age_years == 90);

    const auto named = writer.write(record, {.with_identity = true, .record_name = "../jane doe"});
    REQUIRE(named);
    CHECK((*named)[0].name.find('/') == std::string::npos);
    CHECK(holds(*named, "4711"));
    const auto again = read_back(*named);
    REQUIRE(again);
    CHECK(again->source.recorded_at.starts_with("2020-02-01"));
  }
}

TEST_CASE("a record without a grid is written within a twentieth of a microvolt, a flat one at all") {
  EcgRecord record = twelve(500, 500, 2500);
  for (auto& lead : record.mv)
    for (size_t i = 0; i < lead.size(); ++i) lead[i] = static_cast<float>(std::sin(static_cast<double>(i) * 0.01) * 0.73);
  record.mv[4].assign(500, 0.0f);
  for (const auto& writer : all_writers()) {
    CAPTURE(std::string(writer.key));
    const auto files = writer.write(record, {});
    REQUIRE(files);
    const auto back = read_back(*files);
    REQUIRE(back);
    for (size_t i = 0; i < 500; ++i) CHECK(std::abs(back->lead(Lead::kI)[i] - record.mv[0][i]) < 5.1e-5);
  }
  CHECK(!write_wfdb(EcgRecord{}, {}));
  record.sample_rate_hz = 2000;
  CHECK(write_dicom(record, {}).error().code == ErrorCode::kWrongUsage);
  CHECK(write_edf(record, {}));
}

#ifndef __EMSCRIPTEN__

namespace {

// Tests that need another program run it where tests/formats/get_tools.sh or the system has put it.
std::string tool(const std::string& name, const std::string& in_cache) {
  const char* cache = std::getenv("PRECORDIA_CACHE");
  const char* home = std::getenv("HOME");
  const std::string root = cache ? cache : home ? std::string(home) + "/.cache/precordia" : "";
  if (!root.empty() && std::filesystem::exists(root + "/" + in_cache)) return root + "/" + in_cache;
  if (!name.empty() && std::system(("command -v " + name + " > /dev/null 2>&1").c_str()) == 0) return name;
  std::printf("skipped: %s is not here (tests/formats/get_tools.sh gets it)\n", in_cache.c_str());
  return {};
}

std::filesystem::path scratch_folder() {
  const auto folder = std::filesystem::temp_directory_path() / ("precordia-writers-" + std::to_string(std::random_device()()));
  std::filesystem::create_directories(folder);
  return folder;
}

void save(const std::filesystem::path& path, const std::vector<uint8_t>& bytes) {
  std::FILE* file = std::fopen(path.string().c_str(), "wb");
  REQUIRE(file);
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
}

}  // namespace

TEST_CASE("DICOM output passes dciodvfy without errors: 12-lead, general and ambulatory, named and not, with gaps") {
  const std::string dciodvfy = tool("dciodvfy", "dicom3tools/usr/bin/dciodvfy");
  if (dciodvfy.empty()) return;
  const auto folder = scratch_folder();
  for (const auto& [rate, count, class_name] : {std::tuple{500.0, size_t{5000}, "TwelveLeadECG"}, {500.0, size_t{20000}, "GeneralECG"}, {100.0, size_t{1000}, "AmbulatoryECG"}})
    for (const bool named : {false, true}) {
      auto record = twelve(rate, count, 2500);
      record.mv[3][7] = kNan;
      const auto files = write_dicom(record, {.with_identity = named, .record_name = "ecg"});
      REQUIRE(files);
      save(folder / "ecg.dcm", (*files)[0].bytes);
      const int status = std::system((dciodvfy + " " + (folder / "ecg.dcm").string() + " > " + (folder / "says.txt").string() + " 2>&1").c_str());
      const std::string says = file_text(folder / "says.txt");
      CHECK_MESSAGE(status == 0, says);
      CHECK_MESSAGE(says.find("Error") == std::string::npos, says);
      CHECK_MESSAGE(says.find(class_name) != std::string::npos, says);
    }
  std::filesystem::remove_all(folder);
}

TEST_CASE("EDF+ output opens in pyedflib with the same counts and annotations") {
  const std::string python = tool("", "pyedflib/bin/python");
  if (python.empty()) return;
  const auto folder = scratch_folder();
  auto record = twelve(500, 5000, 2500);
  record.mv[8][100] = kNan;
  const auto files = write_edf(record, {});
  REQUIRE(files);
  save(folder / "ecg.edf", (*files)[0].bytes);
  const std::string script =
      "import sys, pyedflib\n"
      "r = pyedflib.EdfReader(sys.argv[1])\n"
      "print(r.signals_in_file, r.getSampleFrequency(0), r.getNSamples()[11], r.getLabel(0), r.getSex(),\n"
      "      int(r.readSignal(10, digital=True).sum()), '%.3f' % r.readSignal(1)[10], r.readAnnotations()[2].tolist())\n";
  save(folder / "read.py", {script.begin(), script.end()});
  const int status = std::system((python + " " + (folder / "read.py").string() + " " + (folder / "ecg.edf").string() + " > " + (folder / "says.txt").string() + " 2>&1").c_str());
  long long sum = 0;
  for (const int32_t count : test_counts(10, 5000)) sum += count;   // V5 uses every count, so its step is the recorder's
  const std::string says(trim(file_text(folder / "says.txt")));
  CHECK(status == 0);
  CHECK(says == format_text("12 500.0 5000 ECG I Female %lld %.3f ['Missing: ECG V3']", sum, test_count(1, 10) * 2.5));
  std::filesystem::remove_all(folder);
}

#endif
