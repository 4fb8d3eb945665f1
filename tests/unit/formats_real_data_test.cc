// Real files beside the repository (real_data.h); each test says so and passes when they are absent. The
// expected values come from the files' own checksums and from what the WFDB C tools printed for them.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/text.h"
#include "formats/wfdb.h"
#include "formats_files.h"
#include "real_data.h"

using namespace precordia;

namespace {

// A record with all other files of its folder that its header may need.
std::vector<TestFile> record_files(const std::filesystem::path& folder, const std::string& header_name) {
  std::vector<TestFile> files = {{header_name, file_bytes(folder / header_name)}};
  const auto header =
      parse_wfdb_header({reinterpret_cast<const char*>(files[0].bytes.data()), files[0].bytes.size()});
  if (!header) return files;
  for (const auto& signal : header->signals)
    if (files.back().name != signal.file_name) {
      auto bytes = file_bytes(folder / signal.file_name);
      if (!bytes.empty()) files.push_back({signal.file_name, std::move(bytes)});
    }
  return files;
}

Result<std::vector<WfdbChannel>> decode(const std::vector<TestFile>& files) {
  std::vector<InputFile> inputs;
  for (const auto& file : files) inputs.push_back({file.name, file.bytes});
  const auto header =
      parse_wfdb_header({reinterpret_cast<const char*>(files[0].bytes.data()), files[0].bytes.size()});
  if (!header) return std::unexpected(header.error());
  std::vector<std::string> notes;
  return decode_wfdb(*header, inputs, notes);
}

double physical(const WfdbChannel& channel, size_t i) {
  return (channel.samples[i] - channel.signal.baseline) / channel.signal.gain;
}

// Rows of blank- or tab-separated numbers, as rdsamp prints them; "-" is a missing sample.
std::vector<std::vector<double>> printed_rows(const std::filesystem::path& path) {
  std::vector<std::vector<double>> rows;
  const std::string text = file_text(path);
  for (const auto line : split(text, '\n')) {
    std::vector<double> row;
    for (const auto cell : split_blank(line)) row.push_back(parse_number(cell).value_or(NAN));
    if (!row.empty()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

TEST_CASE("all PTB-XL records at 500 Hz are read with matching checksums") {
  const auto folder = real_data("ptbxl/wfdb500");
  if (!folder) return;
  const auto headers = files_in(*folder, ".hea");
  CHECK(headers.size() == 60);
  for (const auto& name : headers) {
    const auto files = record_files(*folder, name);
    const auto channels = decode(files);
    REQUIRE_MESSAGE(channels.has_value(), name);
    for (const auto& channel : *channels)
      CHECK_MESSAGE((channel.signal.checksum && !channel.checksum_differs), name);
    const auto record = read_files(files);
    REQUIRE(record);
    CHECK(record->sample_rate_hz == 500);
    CHECK(record->sample_count() == 5000);
    CHECK(record->lead_count() == 12);
    for (const auto origin : record->origin) CHECK(origin == LeadOrigin::kRecorded);
  }
}

TEST_CASE(
    "every complete WFDB sample decodes to its own checksums: 8 to 32 bit, 61, 160, 212, 310, 311, FLAC, "
    ".mat, frames") {
  const auto folder = real_data("formats/wfdb");
  if (!folder) return;
  int complete = 0, compared = 0;
  for (const auto& name : files_in(*folder, ".hea")) {
    const auto channels = decode(record_files(*folder, name));
    if (!channels) {
      CHECK_MESSAGE(channels.error().code == ErrorCode::kMissingCompanion,
                    name << ": " << channels.error().message);
      continue;
    }
    ++complete;
    for (const auto& channel : *channels) {
      CHECK_MESSAGE(!channel.checksum_differs, name << " " << channel.signal.description);
      compared += channel.signal.checksum && channel.signal.skew_frames == 0;
    }
  }
  CHECK(complete >= 20);
  CHECK(compared >= 70);
}

TEST_CASE("decoded samples are those that the WFDB C tools print") {
  const auto truth = real_data("formats/wfdb_truth"), folder = real_data("formats/wfdb");
  if (!truth || !folder) return;
  // file of rdsamp's output, record, first sample, channels, physical units
  struct Printed {
    const char *file, *record;
    size_t first;
    std::vector<size_t> channels;
    bool physical_units;
  };
  for (const auto& printed : {Printed{"record-1a", "test01_00s.hea", 0, {0, 1, 2, 3}, false},
                              {"record-1b", "a103l.hea", 12500, {2, 0}, true},
                              {"record-1c", "a103l.hea", 20000, {0, 1}, false},
                              {"record-1d", "3000003_0003.hea", 125, {1}, true},
                              {"record-2c", "100_3chan.hea", 0, {0, 1, 2}, true},
                              {"record-2d", "310derive.hea", 2, {0, 1}, false}}) {
    const auto rows = printed_rows(*truth / printed.file);
    const auto channels = decode(record_files(*folder, printed.record));
    INFO(printed.file);
    REQUIRE(channels);
    REQUIRE(rows.size() > 500);
    size_t wrong = 0;
    for (size_t i = 0; i < rows.size(); ++i)
      for (size_t k = 0; k < printed.channels.size(); ++k) {
        const auto& channel = (*channels)[printed.channels[k]];
        REQUIRE(printed.first + i < channel.samples.size());
        const double value = printed.physical_units ? physical(channel, printed.first + i)
                                                    : channel.samples[printed.first + i];
        wrong += !(std::abs(value - rows[i][k]) <= (printed.physical_units ? 1e-8 : 0));
      }
    CHECK(wrong == 0);
  }
}

TEST_CASE("one recording in four WFDB encodings and five tables is the same to the bit of its truth") {
  const auto folder = real_data("formats/synth_same_recording");
  if (!folder) return;
  const auto truth = printed_rows(*folder / "csv_leads_in_rows_tab_lsb.txt");
  REQUIRE(truth.size() == 12);  // one row per lead: name, then counts of 2.5 uV
  const auto compare = [&](const std::string& name, const Result<EcgRecord>& record, std::vector<int> leads) {
    REQUIRE_MESSAGE(record.has_value(), name << ": " << (record ? "" : record.error().message));
    CHECK(record->sample_rate_hz == 500);
    REQUIRE(record->sample_count() == 5000);
    for (const int lead : leads) {
      double worst = 0;
      for (size_t i = 0; i < 5000; ++i)
        worst = std::max(worst, std::abs(record->mv[lead][i] - truth[lead][i + 1] * 0.0025));
      CHECK_MESSAGE(worst < 1e-6, name << " " << kLeadNames[lead]);
    }
  };
  const std::vector<int> all = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, eight = {0, 1, 6, 7, 8, 9, 10, 11};
  for (const char* name : {"wfdb16.hea", "wfdb212.hea", "wfdb24.hea", "wfdbmat.hea"}) {
    const auto record = read_files(record_files(*folder, name));
    compare(name, record, all);
    CHECK(record->patient.age_years == 49);
  }
  for (const char* name : {"csv_mv_comma_header.csv", "csv_uv_semicolon_decimalcomma_bom.csv"})
    compare(name, read_files({{name, file_bytes(*folder / name)}}), all);
  compare("8 leads", read_files({{"a.csv", file_bytes(*folder / "csv_noheader_8leads_mv.csv")}}), eight);
  // Counts cannot be told from microvolts; with one line more they can.
  for (const char* name : {"csv_leads_in_rows_tab_lsb.txt", "truth_lsb_2p5uV_500Hz.csv"}) {
    const auto text = file_text(*folder / name);
    const auto record = read_files({text_file(name, text)});
    REQUIRE(!record);
    CHECK(record.error().code == ErrorCode::kAmbiguous);
    compare(name, read_files({text_file(name, "# 500 Hz, 2.5 uV per unit\n" + text)}), all);
  }
  for (const auto& [name, rate] :
       {std::pair{"apple_watch_ecg_decimalcomma.csv", 511.422}, {"apple_watch_ecg_point.csv", 512.0}}) {
    const auto record = read_files({{name, file_bytes(*folder / name)}});
    REQUIRE(record);
    CHECK(record->sample_rate_hz == doctest::Approx(rate));
    CHECK(record->lead_count() == 1);
  }
}

TEST_CASE("a MUSE text export is read in microvolts") {
  const auto path = real_data("formats/csv_txt/J123456_10sec.txt");
  if (!path) return;
  const auto record = read_files({{"J123456_10sec.txt", file_bytes(*path)}});
  REQUIRE(record);
  CHECK(record->sample_count() == 5000);
  CHECK(record->sample_rate_hz == 500);
  CHECK(record->lead(Lead::kI)[0] == doctest::Approx(-0.068));
}

TEST_CASE("LUDB is read in its raw microvolts with age and sex") {
  const auto folder = real_data("ludb");
  if (!folder) return;
  const auto headers = files_in(*folder, ".hea");
  CHECK(headers.size() == 100);
  for (const auto& name : headers) {
    const auto record = read_files(record_files(*folder, name));
    REQUIRE_MESSAGE(record.has_value(), name);
    CHECK(record->lead_count() == 12);
    CHECK_MESSAGE(has_note(*record, "stretches every lead"), name);
    CHECK(record->patient.age_years);
    CHECK(record->patient.sex);
  }
}

TEST_CASE("no real file of any format crashes the door; what is not read is named") {
  const auto folder = real_data("formats");
  if (!folder) return;
  for (const char* part : {"aecg", "dicom", "edf", "fhir", "muse", "schiller", "scp", "sierra",
                           "synth_same_recording", "csv_txt", "wfdb"}) {
    for (const auto& name : files_in(*folder / part, "")) {
      const auto record = read_files({{name, file_bytes(*folder / part / name)}});
      if (!record)
        CHECK_MESSAGE(
            (!record.error().message.empty() && record.error().message.find('\n') == std::string::npos),
            name);
    }
  }
}
