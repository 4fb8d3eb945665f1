// The second look at onsets and offsets, T waves that follow their own beat, and beats in spite of artefacts. How near the
// network comes to cardiologists' marks is in docs/validation-ecg.md.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "ecg/analysis_signal.h"
#include "ecg/beat_classes.h"
#include "ecg/delineation_network.h"
#include "ecg/ecg_findings.h"
#include "ecg/qrs_detection.h"
#include "ecg/representative_delineation.h"
#include "signal/simulated_patient.h"

using namespace precordia;

namespace {

constexpr int kInputs[kWaveCount] = {276, 436, 272};  // P, QRS, T: the columns of `boundary_view`

// A weights file of the smallest network: every answer is `bias_ms`, whatever it is shown.
std::vector<uint8_t> constant_network(float onset_ms, float offset_ms) {
  std::vector<uint8_t> out = {'P', 'D', 'N', '1'};
  const auto put = [&](const void* data, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    out.insert(out.end(), bytes, bytes + size);
  };
  const auto zeros = [&](size_t count) { out.insert(out.end(), count, 0); };
  for (int inputs : kInputs) {
    const uint16_t header[4] = {1, static_cast<uint16_t>(inputs), 1, 1};
    put(header, sizeof header);
    zeros(inputs * sizeof(float));
    const std::vector<float> ones(inputs, 1.0f);
    put(ones.data(), ones.size() * sizeof(float));
    zeros(sizeof(float) + inputs + sizeof(float));  // first layer: scale, row, bias
    zeros(sizeof(float) + 1 + sizeof(float));       // second
    zeros(2 * sizeof(float) + 2);                   // last: scales and rows
    const float bias[2] = {onset_ms, offset_ms};
    put(bias, sizeof bias);
  }
  return out;
}

// Ten beats of smooth bumps at 500 Hz: P, QRS, T at fixed distances, all leads alike but for their size; the T of beat
// `late_beat` comes `late_ms` later.
EcgRecord bumps(int late_beat, double late_ms) {
  EcgRecord record;
  record.sample_rate_hz = 500;
  for (int lead = 0; lead < kLeadCount; ++lead) {
    record.mv[lead].assign(5000, 0.0f);
    record.origin[lead] = LeadOrigin::kRecorded;
    const double size = 0.6 + 0.1 * lead;
    for (int beat = 0; beat < 10; ++beat) {
      const double r = 0.5 + 0.95 * beat, t = r + 0.28 + (beat == late_beat ? late_ms / 1000 : 0);
      for (int i = 0; i < 5000; ++i) {
        const double s = i / 500.0;
        const auto bump = [&](double centre, double width) { return std::exp(-0.5 * std::pow((s - centre) / width, 2)); };
        record.mv[lead][i] += static_cast<float>(
            size * (0.12 * bump(r - 0.16, 0.02) + 1.2 * bump(r, 0.012) - 0.3 * bump(r + 0.03, 0.012) + 0.3 * bump(t, 0.04)));
      }
    }
  }
  return record;
}

bool in_order(const BeatFiducials& f) {
  int last = -1;
  for (const auto& instant : {f.p_on, f.p_peak, f.p_off, f.qrs_on, f.r_peak, f.qrs_off, f.t_on, f.t_peak, f.t_off}) {
    if (!instant) continue;
    if (*instant < last) return false;
    last = *instant;
  }
  return true;
}

}  // namespace

TEST_CASE("delineation network: damaged weights are refused, whole ones are read") {
  const std::vector<uint8_t> whole = constant_network(0, 0);
  CHECK(DelineationNetwork::parse(whole));
  CHECK_FALSE(DelineationNetwork::parse({}));
  for (size_t length = 0; length < whole.size(); length += 97) {
    CAPTURE(length);
    CHECK_FALSE(DelineationNetwork::parse(std::span(whole).first(length)));
  }
  std::vector<uint8_t> longer = whole, renamed = whole, huge = whole;
  longer.push_back(0);
  CHECK_FALSE(DelineationNetwork::parse(longer));
  renamed[0] = 'X';
  CHECK_FALSE(DelineationNetwork::parse(renamed));
  huge[6] = huge[7] = 0xFF;  // 65,535 inputs
  CHECK_FALSE(DelineationNetwork::parse(huge));
}

TEST_CASE("delineation network: what is built in answers for every wave, within its limits") {
  const SimulatedRecord simulated = simulate_patient({});
  std::array<LeadQuality, kLeadCount> quality;
  const AnalysisSignal signal = prepare_analysis(simulated.record, quality);
  const BeatFamilies families = classify_beats(signal, detect_qrs(signal));
  const DelineatedMedian representative = delineate_representative(signal, families.beats);
  for (int wave = 0; wave < kWaveCount; ++wave) {
    CAPTURE(wave);
    const auto view = boundary_view(representative.beat, representative.fiducials, static_cast<Wave>(wave));
    REQUIRE(view);
    CHECK(view->rows.rows() == kLeadCount);
    CHECK(view->rows.cols() == kInputs[wave]);
    CHECK(view->rows.allFinite());
    const Eigen::MatrixXf shift = built_in_delineation_network().shifts_ms(*view, static_cast<Wave>(wave));
    CHECK(shift.allFinite());
    CHECK(shift.norm() > 0);
    CHECK(shift.cwiseAbs().maxCoeff() < 60);
  }
}

TEST_CASE("delineation network: instants move by what it says, and waves keep their order whatever it says") {
  const SimulatedRecord simulated = simulate_patient({});
  const auto still = DelineationNetwork::parse(constant_network(0, 0)), moved = DelineationNetwork::parse(constant_network(-8, 12));
  const EcgFindings before = measure_ecg(simulated.record, {}, *still), after = measure_ecg(simulated.record, {}, *moved);
  CHECK(*measured(after, "qrs_ms") - *measured(before, "qrs_ms") == doctest::Approx(20));
  CHECK(*measured(after, "qt_ms") - *measured(before, "qt_ms") == doctest::Approx(20));
  for (const float wild : {-500.0f, 500.0f, std::nanf("")}) {
    CAPTURE(wild);
    const auto network = DelineationNetwork::parse(constant_network(wild, -wild));
    REQUIRE(network);
    for (const Beat& beat : measure_ecg(simulated.record, {}, *network).beats) {
      CHECK(in_order(beat.global));
      for (const BeatFiducials& f : beat.per_lead) CHECK(in_order(f));
    }
  }
}

TEST_CASE("ecg: a T wave that comes late in one beat is marked late in that beat alone") {
  const EcgFindings f = measure_ecg(bumps(5, 36), {});
  REQUIRE(f.beats.size() == 10);
  std::vector<double> rt_ms;
  for (const Beat& beat : f.beats) rt_ms.push_back((beat.global.t_peak.value() - beat.global.r_peak.value()) * 2.0);
  for (size_t b = 0; b < rt_ms.size(); ++b) {
    CAPTURE(b);
    CHECK(rt_ms[b] - rt_ms[2] == doctest::Approx(b == 5 ? 36 : 0).epsilon(0.01).scale(600));
  }
}

TEST_CASE("ecg: a jolt in one electrode is no beat") {
  EcgRecord record = simulate_patient({}).record;
  const size_t beats = measure_ecg(record, {}).beats.size();
  std::vector<float>& v6 = record.mv[index_of(Lead::kV6)];
  const auto& simulated = simulate_patient({}).beats;
  const int at = (simulated[3].t_off + simulated[4].p_on) / 2;  // between two beats
  for (int i = 0; i < 60; ++i) v6[at + i] += 3.0f;
  CHECK(measure_ecg(record, {}).beats.size() == beats);
}

TEST_CASE("ecg: noise as strong as the ECG neither hides a beat nor makes a T wave one") {
  SimulatedPatient patient;
  patient.wander_mv = 0.3;
  patient.mains_mv = 0.2;
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    patient.seed = seed;
    SimulatedRecord s = simulate_patient(patient);
    std::mt19937 random(seed);
    std::normal_distribution<float> muscle(0, 0.12f);
    for (std::vector<float>& lead : s.record.mv) {
      for (float& v : lead) v += muscle(random);
    }
    CHECK(measure_ecg(s.record, {}).beats.size() == s.beats.size());
  }
}
