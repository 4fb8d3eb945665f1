// One CC0 recording written in twenty formats (real_data.h, formats/synth_same_recording), each against the same truth table.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/text.h"
#include "formats/assemble.h"
#include "formats_files.h"
#include "real_data.h"

using namespace precordia;

namespace {

constexpr double kTruthMv = 2.5e-3;   // per unit of the truth table, at 500 Hz

std::vector<std::vector<double>> truth_table(const std::filesystem::path& folder) {
  std::vector<std::vector<double>> leads(kLeadCount);
  const std::string text = file_text(folder / "truth_lsb_2p5uV_500Hz.csv");
  auto lines = split(text, '\n');
  for (size_t i = 1; i < lines.size(); ++i) {
    const auto cells = split(lines[i], ',');
    if (cells.size() != kLeadCount) continue;
    for (size_t k = 0; k < kLeadCount; ++k) leads[k].push_back(parse_number(cells[k]).value_or(NAN));
  }
  return leads;
}

// Largest distance in truth units over the recorded leads; infinite when lengths differ or fewer than `leads` were recorded.
double distance(const EcgRecord& record, const std::vector<std::vector<double>>& truth, int leads) {
  double largest = 0;
  int recorded = 0;
  for (int k = 0; k < kLeadCount; ++k) {
    if (record.origin[k] != LeadOrigin::kRecorded) continue;
    ++recorded;
    if (record.mv[k].size() != truth[k].size()) return INFINITY;
    for (size_t i = 0; i < truth[k].size(); ++i) {
      const double apart = std::abs(record.mv[k][i] / kTruthMv - truth[k][i]);
      if (!(apart <= largest)) largest = apart;
    }
  }
  return recorded == leads ? largest : INFINITY;
}

Result<EcgRecord> read_alone(const std::filesystem::path& path) {
  return read_files({{path.filename().string(), file_bytes(path)}});
}

}  // namespace

TEST_CASE("one recording in many formats is the same recording") {
  const auto folder = real_data("formats/synth_same_recording");
  if (!folder) return;
  const auto truth = truth_table(*folder);
  REQUIRE(truth[0].size() == 5000);
  struct Row {
    const char* name;
    int leads;
  };
  for (const auto& [name, leads] : {Row{"mortara_eli.xml", 12}, Row{"cardiosoft_cardiologyxml.xml", 12}, Row{"fhir_observation_12lead.json", 12},
                                    Row{"muse_8lead_median_first.xml", 8}, Row{"muse_8lead_rhythm_first.xml", 8},
                                    Row{"csv_mv_comma_header.csv", 12}, Row{"csv_noheader_8leads_mv.csv", 8},
                                    Row{"csv_uv_semicolon_decimalcomma_bom.csv", 12}, Row{"plain.edf", 12}, Row{"plus.edf", 12},
                                    Row{"plain.bdf", 12}, Row{"ishne_12lead.ecg", 12}, Row{"ishne_bad_crc.ecg", 12}}) {
    CAPTURE(std::string(name));
    const auto record = read_alone(*folder / name);
    REQUIRE_MESSAGE(record.has_value(), name << ": " << (record ? "" : record.error().message));
    CHECK(record->sample_rate_hz == 500);
    // The texts are rounded to a tenth of a microvolt; the BDF's physical range is symmetric where its digital one is not, which
    // shifts everything by half a unit.
    CHECK(distance(*record, truth, leads) < (std::string(name) == "plain.bdf" ? 0.51 : 0.02));
  }
  for (const char* name : {"wfdb16", "wfdb24", "wfdb212", "wfdbmat"}) {
    CAPTURE(std::string(name));
    const std::string header = std::string(name) + ".hea", data = std::string(name) + (std::string(name) == "wfdbmat" ? ".mat" : ".dat");
    const auto record = read_files({{header, file_bytes(*folder / header)}, {data, file_bytes(*folder / data)}});
    REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
    CHECK(distance(*record, truth, 12) < 1e-3);
  }
}

TEST_CASE("leads in rows of plain counts are asked for their unit and agree once it is given") {
  const auto folder = real_data("formats/synth_same_recording");
  if (!folder) return;
  auto bytes = file_bytes(*folder / "csv_leads_in_rows_tab_lsb.txt");
  const auto asked = read_files({{"rows.txt", bytes}});
  REQUIRE(!asked);
  CHECK(asked.error().code == ErrorCode::kAmbiguous);
  CHECK(asked.error().message.find("per unit") != std::string::npos);
  const std::string answer = "# 2.5 uV per unit\n# 500 Hz\n";
  bytes.insert(bytes.begin(), answer.begin(), answer.end());
  const auto record = read_files({{"rows.txt", bytes}});
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
  CHECK(distance(*record, truth_table(*folder), 12) < 1e-3);
}

TEST_CASE("Apple Watch exports are read with point and with decimal comma") {
  const auto folder = real_data("formats/synth_same_recording");
  if (!folder) return;
  const auto truth = truth_table(*folder);
  for (const auto& [name, rate] : {std::pair{"apple_watch_ecg_point.csv", 512.0}, std::pair{"apple_watch_ecg_decimalcomma.csv", 511.422}}) {
    CAPTURE(std::string(name));
    const auto record = read_alone(*folder / name);
    REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
    CHECK(record->sample_rate_hz == doctest::Approx(rate));
    CHECK(record->has(Lead::kI));
    CHECK(record->lead_count() == 1);
    // The file holds lead I interpolated linearly at 512 Hz; its first sample is the truth's first.
    CHECK(record->lead(Lead::kI)[0] == doctest::Approx(truth[0][0] * kTruthMv).epsilon(0.001));
    double apart = 0;
    for (size_t i = 0; i + 2 < record->sample_count(); ++i) {
      const double at = static_cast<double>(i) / 512 * 500;
      const auto before = static_cast<size_t>(at);
      if (before + 1 >= truth[0].size()) break;
      const double expected = truth[0][before] + (at - static_cast<double>(before)) * (truth[0][before + 1] - truth[0][before]);
      apart = std::max(apart, std::abs(record->lead(Lead::kI)[i] / kTruthMv - expected));
    }
    CHECK(apart < 0.25);
    CHECK(record->source.recorded_at == "2026-08-26T18:15:35");
    CHECK(record->source.device == "Watch7,11");
  }
}

TEST_CASE("text exports of MUSE and OpenSignals are read or asked about") {
  const auto folder = real_data("formats/csv_txt");
  if (!folder) return;
  const auto muse = read_alone(*folder / "J123456_10sec.txt");
  REQUIRE_MESSAGE(muse.has_value(), (muse ? "" : muse.error().message));
  CHECK(muse->lead_count() == 12);
  CHECK(muse->sample_count() == 5000);
  CHECK(muse->lead(Lead::kI)[0] == doctest::Approx(-0.068));
  const auto signals = read_alone(*folder / "ecg.txt");
  REQUIRE(!signals);
  CHECK(signals.error().code == ErrorCode::kAmbiguous);
}

TEST_CASE("the example of the FHIR specification is read: no unit, an empty dimension, the origin as the zero count") {
  const auto folder = real_data("formats/fhir");
  if (!folder) return;
  const auto record = read_alone(*folder / "observation-example-sample-data.xml");
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
  CHECK(record->sample_rate_hz == 100);
  CHECK(record->lead_count() == 6);
  CHECK(record->lead(Lead::kI)[0] == doctest::Approx((2041 - 2048) * 1.612e-3));
  CHECK(record->source.recorded_at == "2015-02-19T09:30:35");
  CHECK(has_note(*record, "microvolts"));
}
