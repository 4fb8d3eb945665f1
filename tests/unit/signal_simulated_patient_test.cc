// The simulated patient must be what its header says: exact in its leads, true in its fiducials, typical in
// its diagnosis.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "signal/simulated_patient.h"

using namespace precordia;

namespace {

constexpr SimulatedCondition kAll[] = {
    SimulatedCondition::kNormal, SimulatedCondition::kLeftBundleBranchBlock,
    SimulatedCondition::kLvHypertrophyStrain, SimulatedCondition::kOldAnteriorInfarction,
    SimulatedCondition::kAtrialFibrillation};

SimulatedRecord clean(SimulatedCondition condition, double rate_hz = 500) {
  SimulatedPatient patient;
  patient.condition = condition;
  patient.noise_mv = patient.wander_mv = 0;
  patient.sample_rate_hz = rate_hz;
  return simulate_patient(patient);
}

// Largest and smallest value of a lead inside the QRS of the second beat, or its first `part_ms`.
struct Deflections {
  float up = 0, down = 0;
};
Deflections qrs_of(const SimulatedRecord& s, Lead lead, int part_ms = 1000) {
  const auto& beat = s.beats[1];
  Deflections d;
  for (int i = beat.qrs_on; i <= std::min(beat.qrs_off, beat.qrs_on + part_ms / 2); ++i) {
    d.up = std::max(d.up, s.record.lead(lead)[i]);
    d.down = std::min(d.down, s.record.lead(lead)[i]);
  }
  return d;
}

float at(const SimulatedRecord& s, Lead lead, int sample) { return s.record.lead(lead)[sample]; }

double interval_ms(int from, int to) { return (to - from) * 2.0; }

}  // namespace

TEST_CASE("Einthoven's and Goldberger's laws hold to the last bit, with noise and wander") {
  for (const auto condition : kAll) {
    SimulatedPatient patient;
    patient.condition = condition;
    patient.mains_mv = 0.02;
    const auto s = simulate_patient(patient);
    REQUIRE(s.record.lead_count() == 12);
    bool exact = true;
    for (size_t i = 0; i < s.record.sample_count(); ++i) {
      const double one = s.record.mv[0][i], two = s.record.mv[1][i];
      exact = exact && s.record.mv[2][i] == two - one && s.record.mv[3][i] == -(one + two) / 2 &&
              s.record.mv[4][i] == one - two / 2 && s.record.mv[5][i] == two - one / 2;
    }
    CHECK(exact);
  }
}

TEST_CASE("the same seed gives the same record, another seed another; it is always marked as simulated") {
  SimulatedPatient patient;
  const auto a = simulate_patient(patient), b = simulate_patient(patient);
  CHECK(a.record.mv == b.record.mv);
  patient.seed = 2;
  CHECK(simulate_patient(patient).record.mv != a.record.mv);
  CHECK(a.record.source.simulated);
  CHECK(a.record.source.format == "simulated");
  CHECK(a.record.patient.age_years == 67);
  CHECK(a.record.sample_count() == 5000);
}

TEST_CASE("fiducials are in order, at the asked rate, and outside the waves a clean record is silent") {
  for (const auto condition : kAll) {
    const auto s = clean(condition);
    REQUIRE(s.beats.size() >= 8);
    for (const auto& beat : s.beats) {
      if (beat.p_on >= 0)
        CHECK((beat.p_on < beat.p_peak && beat.p_peak < beat.p_off && beat.p_off < beat.qrs_on));
      CHECK((beat.qrs_on < beat.r_peak && beat.r_peak < beat.qrs_off));
      if (beat.t_off >= 0) CHECK((beat.qrs_off < beat.t_peak && beat.t_peak < beat.t_off));
    }
  }
  const auto s = clean(SimulatedCondition::kNormal);
  for (size_t b = 1; b + 1 < s.beats.size(); ++b)
    for (const auto& lead : s.record.mv)
      for (int i = s.beats[b].t_off + 2; i < s.beats[b + 1].p_on - 2; ++i) CHECK(std::abs(lead[i]) <= 0.011f);
  const double mean_rr_s =
      (s.beats.back().r_peak - s.beats.front().r_peak) / 500.0 / static_cast<double>(s.beats.size() - 1);
  CHECK(60 / mean_rr_s == doctest::Approx(68).epsilon(0.03));
}

TEST_CASE("the normal patient is normal: PR 120-200, QRS 80-110, QT under 440 ms, axis and R progression") {
  const auto s = clean(SimulatedCondition::kNormal);
  const auto& beat = s.beats[1];
  CHECK((interval_ms(beat.p_on, beat.qrs_on) >= 120 && interval_ms(beat.p_on, beat.qrs_on) <= 200));
  CHECK((interval_ms(beat.qrs_on, beat.qrs_off) >= 80 && interval_ms(beat.qrs_on, beat.qrs_off) <= 110));
  CHECK((interval_ms(beat.qrs_on, beat.t_off) >= 340 && interval_ms(beat.qrs_on, beat.t_off) <= 440));
  const auto net = [&](Lead lead) { return qrs_of(s, lead).up + qrs_of(s, lead).down; };
  CHECK(net(Lead::kI) > 0);  // axis between 0 and 90 degrees
  CHECK(net(Lead::kAVF) > 0);
  CHECK(net(Lead::kV1) < 0);
  CHECK(net(Lead::kV5) > 0);
  CHECK(qrs_of(s, Lead::kV1).up < qrs_of(s, Lead::kV2).up);
  CHECK(qrs_of(s, Lead::kV2).up < qrs_of(s, Lead::kV3).up);
  for (const Lead lead : {Lead::kI, Lead::kII, Lead::kV3, Lead::kV4, Lead::kV5, Lead::kV6})
    CHECK(at(s, lead, beat.t_peak) > 0.05f);
  CHECK(at(s, Lead::kII, beat.p_peak) > 0.05f);
  CHECK(qrs_of(s, Lead::kV5).up - qrs_of(s, Lead::kV1).down < 3.5f);  // Sokolow-Lyon not met
}

TEST_CASE(
    "left bundle branch block: 120 ms and over, rS or QS in V1, broad R without q in I, V5, V6, discordant "
    "T") {
  const auto s = clean(SimulatedCondition::kLeftBundleBranchBlock);
  const auto& beat = s.beats[1];
  CHECK((interval_ms(beat.qrs_on, beat.qrs_off) >= 140 && interval_ms(beat.qrs_on, beat.qrs_off) <= 160));
  CHECK(qrs_of(s, Lead::kV1).down < -1.0f);
  CHECK(qrs_of(s, Lead::kV1).up < 0.3f);
  for (const Lead lead : {Lead::kI, Lead::kAVL, Lead::kV5, Lead::kV6}) {
    CHECK(qrs_of(s, lead).up > 0.4f);
    CHECK(qrs_of(s, lead, 60).down > -0.03f);  // after that ST depression begins
    CHECK(at(s, lead, beat.t_peak) < -0.05f);
  }
  CHECK(at(s, Lead::kV1, beat.t_peak) > 0.2f);
}

TEST_CASE("hypertrophy with strain meets Sokolow-Lyon and Cornell; T is inverted where R is tall") {
  const auto s = clean(SimulatedCondition::kLvHypertrophyStrain);
  CHECK(std::max(qrs_of(s, Lead::kV5).up, qrs_of(s, Lead::kV6).up) - qrs_of(s, Lead::kV1).down >=
        3.5f);                                                          // Sokolow 1949
  CHECK(qrs_of(s, Lead::kAVL).up - qrs_of(s, Lead::kV3).down >= 2.0f);  // Casale 1985, women
  for (const Lead lead : {Lead::kI, Lead::kAVL, Lead::kV5, Lead::kV6})
    CHECK(at(s, lead, s.beats[1].t_peak) < -0.1f);
  CHECK(interval_ms(s.beats[1].qrs_on, s.beats[1].qrs_off) < 120);
}

TEST_CASE("old anterior infarction: QS in V1 to V4, R kept in V6") {
  const auto s = clean(SimulatedCondition::kOldAnteriorInfarction);
  for (const Lead lead : {Lead::kV1, Lead::kV2, Lead::kV3, Lead::kV4}) {
    CHECK(qrs_of(s, lead, 70).up < 0.02f);  // after that ST elevation begins
    CHECK(qrs_of(s, lead).down < -0.12f);
  }
  CHECK(qrs_of(s, Lead::kV6).up > 0.4f);
}

TEST_CASE("atrial fibrillation: no P, irregular intervals, waves in V1 between beats") {
  const auto s = clean(SimulatedCondition::kAtrialFibrillation);
  std::vector<double> intervals;
  for (size_t i = 0; i < s.beats.size(); ++i) {
    CHECK((s.beats[i].p_on == -1 && s.beats[i].p_peak == -1 && s.beats[i].p_off == -1));
    if (i > 0) intervals.push_back(s.beats[i].r_peak - s.beats[i - 1].r_peak);
  }
  double mean = 0, variance = 0;
  for (const double v : intervals) mean += v / static_cast<double>(intervals.size());
  for (const double v : intervals)
    variance += (v - mean) * (v - mean) / static_cast<double>(intervals.size());
  CHECK(std::sqrt(variance) / mean > 0.12);
  float low = 0, high = 0;
  for (int i = s.beats[2].t_off + 10; i < s.beats[3].qrs_on - 10; ++i) {
    low = std::min(low, at(s, Lead::kV1, i));
    high = std::max(high, at(s, Lead::kV1, i));
  }
  CHECK(high - low > 0.05f);
}

TEST_CASE("impossible wishes are moved to the nearest possible ones") {
  SimulatedPatient patient;
  patient.sample_rate_hz = std::numeric_limits<double>::quiet_NaN();
  patient.duration_s = -5;
  patient.heart_rate_bpm = 1e9;
  const auto s = simulate_patient(patient);
  CHECK(s.record.sample_rate_hz == 50);
  CHECK(s.record.sample_count() == 5);
  patient = {};
  patient.sample_rate_hz = 599.88;
  patient.heart_rate_bpm = 200;
  const auto fast = simulate_patient(patient);
  CHECK(fast.record.sample_count() == 5999);
  CHECK(fast.beats.size() > 28);
}
