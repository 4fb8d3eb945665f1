// Measurements on simulated patients, whose intervals are known by construction. What real recordings give is
// in docs/validation-ecg.md.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ecg/ecg_findings.h"
#include "ecg/wavelet.h"
#include "signal/simulated_patient.h"

using namespace precordia;

namespace {

constexpr float kGap = std::numeric_limits<float>::quiet_NaN();

EcgFindings measure(const SimulatedRecord& simulated) {
  return measure_ecg(simulated.record, {simulated.record.patient.age_years, simulated.record.patient.sex});
}

double median(std::vector<double> v) {
  REQUIRE(!v.empty());
  std::nth_element(v.begin(), v.begin() + v.size() / 2, v.end());
  return v[v.size() / 2];
}

// Median of `to - from` over the simulated beats that have both, in ms.
double true_ms(const SimulatedRecord& s, int SimulatedBeat::* from, int SimulatedBeat::* to) {
  std::vector<double> v;
  for (const SimulatedBeat& b : s.beats) {
    if (b.*from >= 0 && b.*to >= 0) v.push_back((b.*to - b.*from) * 1000.0 / s.record.sample_rate_hz);
  }
  return median(v);
}

bool mentions(const std::vector<std::string>& sentences, const char* word) {
  return std::any_of(sentences.begin(), sentences.end(),
                     [&](const std::string& s) { return s.find(word) != std::string::npos; });
}

void keep_leads(EcgRecord& record, std::initializer_list<Lead> kept) {
  for (int lead = 0; lead < kLeadCount; ++lead) {
    const bool keep = std::any_of(kept.begin(), kept.end(), [&](Lead l) { return index_of(l) == lead; });
    if (keep) continue;
    record.mv[lead].clear();
    record.origin[lead] = LeadOrigin::kAbsent;
  }
}

}  // namespace

TEST_CASE("ecg: intervals of a simulated patient are found at every common sample rate") {
  for (double rate : {100.0, 250.0, 360.0, 500.0, 1000.0}) {
    CAPTURE(rate);
    SimulatedPatient patient;
    patient.sample_rate_hz = rate;
    const SimulatedRecord s = simulate_patient(patient);
    const EcgFindings f = measure(s);
    REQUIRE(measured(f, "heart_rate_bpm"));
    CHECK(*measured(f, "heart_rate_bpm") == doctest::Approx(patient.heart_rate_bpm).epsilon(0.03));
    REQUIRE(measured(f, "pr_ms"));
    REQUIRE(measured(f, "qrs_ms"));
    REQUIRE(measured(f, "qt_ms"));
    CHECK(std::fabs(*measured(f, "pr_ms") - true_ms(s, &SimulatedBeat::p_on, &SimulatedBeat::qrs_on)) <= 16);
    // The simulated truth is where the first lead leaves and the last lead returns; the measured duration is
    // the consensus of the leads, as cardiologists mark them lead by lead, and so shorter.
    CHECK(std::fabs(*measured(f, "qrs_ms") - true_ms(s, &SimulatedBeat::qrs_on, &SimulatedBeat::qrs_off)) <=
          (rate < 200 ? 34 : 24));
    CHECK(std::fabs(*measured(f, "qt_ms") - true_ms(s, &SimulatedBeat::qrs_on, &SimulatedBeat::t_off)) <= 30);
    CHECK(f.rhythm == Rhythm::kSinus);
    CHECK(f.blocks_screening.empty());
  }
}

TEST_CASE("ecg: every simulated beat is found once, near its R, and its fiducials are in order") {
  const SimulatedRecord s = simulate_patient({});
  const EcgFindings f = measure(s);
  const int near = static_cast<int>(0.05 * s.record.sample_rate_hz),
            n = static_cast<int>(s.record.sample_count());
  for (const SimulatedBeat& truth : s.beats) {
    if (truth.qrs_on < 50 || truth.qrs_off < 0 || truth.qrs_off > n - 50) continue;
    CHECK(std::count_if(f.beats.begin(), f.beats.end(), [&](const Beat& b) {
            return std::abs(*b.global.r_peak - truth.r_peak) <= near;
          }) == 1);
  }
  CHECK(f.beats.size() <= s.beats.size());
  for (const Beat& beat : f.beats) {
    for (int lead = -1; lead < kLeadCount; ++lead) {
      const BeatFiducials& b = lead < 0 ? beat.global : beat.per_lead[lead];
      std::vector<int> order;
      for (const auto& v :
           {b.p_on, b.p_peak, b.p_off, b.qrs_on, b.r_peak, b.qrs_off, b.t_on, b.t_peak, b.t_off}) {
        if (v) order.push_back(*v);
      }
      CHECK(std::is_sorted(order.begin(), order.end()));
      if (!order.empty()) CHECK((order.front() >= 0 && order.back() < n));
    }
  }
}

TEST_CASE("ecg: QTc follows the four published formulae") {
  const EcgFindings f = measure(simulate_patient({}));
  const double qt = measured(f, "qt_ms").value(), rate = measured(f, "heart_rate_bpm").value(),
               rr = 60 / rate;
  CHECK(*measured(f, "qtc_bazett_ms") == doctest::Approx(qt / std::sqrt(rr)));
  CHECK(*measured(f, "qtc_fridericia_ms") == doctest::Approx(qt / std::cbrt(rr)));
  CHECK(*measured(f, "qtc_framingham_ms") == doctest::Approx(qt + 154 * (1 - rr)));
  CHECK(*measured(f, "qtc_hodges_ms") == doctest::Approx(qt + 1.75 * (rate - 60)));
}

TEST_CASE("ecg: a rhythm without P waves has no PR interval, and says why") {
  SimulatedPatient patient;
  patient.condition = SimulatedCondition::kAtrialFibrillation;
  patient.heart_rate_bpm = 84;
  for (uint32_t seed : {1u, 2u, 3u}) {
    patient.seed = seed;
    const EcgFindings f = measure(simulate_patient(patient));
    CHECK(f.rhythm == Rhythm::kIrregularWithoutP);
    CHECK_FALSE(measured(f, "pr_ms"));
    CHECK(find_measurement(f, "pr_ms")->why_unknown.find("P wave") != std::string::npos);
    CHECK(find_criterion(f, "af_pattern")->met == true);
    for (const Beat& beat : f.beats) CHECK_FALSE(beat.global.p_on);
  }
}

TEST_CASE("ecg: the criteria of the simulated conditions are met, and not in the normal one") {
  const EcgFindings normal = measure(simulate_patient({}));
  for (const char* id :
       {"lbbb", "lbbb_strauss", "rbbb", "sokolow_lyon", "cornell_voltage", "peguero_lo_presti", "lv_strain",
        "pathological_q", "wide_qrs", "st_elevation", "low_voltage_limb", "af_pattern"}) {
    CAPTURE(id);
    REQUIRE(find_criterion(normal, id));
    CHECK(find_criterion(normal, id)->met == false);
  }
  SimulatedPatient patient;
  patient.condition = SimulatedCondition::kLeftBundleBranchBlock;
  const EcgFindings lbbb = measure(simulate_patient(patient));
  CHECK(find_criterion(lbbb, "lbbb")->met == true);
  CHECK_FALSE(find_criterion(lbbb, "lv_strain")->met.has_value());  // secondary to the block, not strain
  CHECK(find_criterion(lbbb, "rbbb")->met == false);
  CHECK_FALSE(find_criterion(lbbb, "pathological_q")->met.has_value());
  CHECK(find_criterion(lbbb, "qtc_prolonged")->detail.find("JT + 100 ms") != std::string::npos);

  patient.condition = SimulatedCondition::kLvHypertrophyStrain;
  const EcgFindings lvh = measure(simulate_patient(patient));
  CHECK((find_criterion(lvh, "sokolow_lyon")->met == true ||
         find_criterion(lvh, "cornell_voltage")->met == true));
  CHECK(find_criterion(lvh, "lv_strain")->met == true);

  patient.condition = SimulatedCondition::kOldAnteriorInfarction;
  const EcgFindings infarct = measure(simulate_patient(patient));
  CHECK(find_criterion(infarct, "pathological_q")->met == true);
  CHECK(find_criterion(infarct, "pathological_q")->detail.find("anterior") != std::string::npos);
}

TEST_CASE("ecg: a cut-off that depends on an unknown sex gives no answer between the two cut-offs") {
  SimulatedRecord s = simulate_patient({});
  // R aVL + S V3 brought between 2.0 (women) and 2.8 mV (men).
  const Criterion* before = nullptr;
  const EcgFindings plain = measure(s);
  before = find_criterion(plain, "cornell_voltage");
  REQUIRE(before->value);
  const float gain = static_cast<float>(2.4 / *before->value);
  for (auto& lead : s.record.mv) {
    for (float& v : lead) v *= gain;
  }
  const EcgFindings unknown = measure_ecg(s.record, {});
  CHECK_FALSE(find_criterion(unknown, "cornell_voltage")->met);
  CHECK_FALSE(find_criterion(unknown, "cornell_voltage")->why_unknown.empty());
  CHECK(find_criterion(measure_ecg(s.record, {60, Sex::kFemale}), "cornell_voltage")->met == true);
  CHECK(find_criterion(measure_ecg(s.record, {60, Sex::kMale}), "cornell_voltage")->met == false);
}

TEST_CASE("ecg: three leads are measured, what needs the others is unknown, and screening is blocked") {
  SimulatedRecord s = simulate_patient({});
  keep_leads(s.record, {Lead::kI, Lead::kII, Lead::kV2});
  const EcgFindings f = measure(s);
  CHECK(measured(f, "qrs_ms"));
  CHECK(measured(f, "qrs_axis_deg"));
  CHECK_FALSE(find_criterion(f, "sokolow_lyon")->met);
  CHECK(find_criterion(f, "sokolow_lyon")->why_unknown.find("V1") != std::string::npos);
  CHECK(mentions(f.blocks_screening, "Too few leads"));
}

TEST_CASE("ecg: a single lead gives rate and intervals but no axis") {
  SimulatedRecord s = simulate_patient({});
  keep_leads(s.record, {Lead::kII});
  const EcgFindings f = measure(s);
  CHECK(measured(f, "heart_rate_bpm"));
  CHECK(measured(f, "qrs_ms"));
  CHECK_FALSE(measured(f, "qrs_axis_deg"));
  CHECK_FALSE(find_measurement(f, "qrs_axis_deg")->why_unknown.empty());
}

TEST_CASE("ecg: a flat V3 is named, left out, and takes only its own criteria with it") {
  SimulatedRecord s = simulate_patient({});
  std::fill(s.record.mv[index_of(Lead::kV3)].begin(), s.record.mv[index_of(Lead::kV3)].end(), 0.3f);
  const EcgFindings f = measure(s);
  CHECK(f.quality[index_of(Lead::kV3)].flat);
  CHECK_FALSE(f.quality[index_of(Lead::kV3)].usable);
  CHECK(mentions(f.warnings, "V3 is flat"));
  CHECK_FALSE(find_criterion(f, "cornell_voltage")->met);
  CHECK(find_criterion(f, "sokolow_lyon")->met.has_value());
  CHECK_FALSE(f.beats.front().per_lead[index_of(Lead::kV3)].qrs_on);
}

TEST_CASE("ecg: gaps of missing samples do not move the measurements") {
  SimulatedRecord s = simulate_patient({});
  const EcgFindings whole = measure(s);
  for (int lead : {1, 7, 10})
    std::fill(s.record.mv[lead].begin() + 2200, s.record.mv[lead].begin() + 2600, kGap);
  const EcgFindings f = measure(s);
  CHECK(f.quality[1].missing_fraction == doctest::Approx(0.08));
  for (const char* id : {"heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms"})
    CHECK(std::fabs(*measured(f, id) - *measured(whole, id)) <= 8);
  s.record.mv[3].assign(s.record.mv[3].size(), kGap);
  const EcgFindings without = measure(s);
  CHECK_FALSE(without.quality[3].usable);
  CHECK(without.quality[3].missing_fraction == doctest::Approx(1.0));
  CHECK(measured(without, "qrs_ms"));
}

TEST_CASE("ecg: noise, wander and mains move the intervals little and are reported") {
  SimulatedPatient patient;
  const SimulatedRecord clean = simulate_patient(patient);
  patient.noise_mv = 0.04;
  patient.wander_mv = 0.6;
  patient.mains_mv = 0.08;
  const EcgFindings f = measure(simulate_patient(patient));
  CHECK(std::fabs(*measured(f, "pr_ms") - true_ms(clean, &SimulatedBeat::p_on, &SimulatedBeat::qrs_on)) <=
        24);
  CHECK(std::fabs(*measured(f, "qrs_ms") - true_ms(clean, &SimulatedBeat::qrs_on, &SimulatedBeat::qrs_off)) <=
        24);
  CHECK(std::fabs(*measured(f, "qt_ms") - true_ms(clean, &SimulatedBeat::qrs_on, &SimulatedBeat::t_off)) <=
        36);
  CHECK(f.quality[index_of(Lead::kII)].mains_uv > 25);
  CHECK(f.quality[index_of(Lead::kV5)].wander_mv > 0.3);
  CHECK_FALSE(f.warnings.empty());
}

TEST_CASE("ecg: an empty, a one-second, a flat and a pure-noise record are measured as far as they go") {
  const EcgFindings empty = measure_ecg({}, {});
  CHECK(empty.beats.empty());
  CHECK_FALSE(measured(empty, "heart_rate_bpm"));
  CHECK_FALSE(empty.blocks_screening.empty());

  SimulatedPatient patient;
  patient.duration_s = 1;
  const EcgFindings second = measure(simulate_patient(patient));
  CHECK(second.beats.size() <= 2);
  CHECK_FALSE(second.blocks_screening.empty());

  SimulatedRecord s = simulate_patient({});
  for (auto& lead : s.record.mv) std::fill(lead.begin(), lead.end(), 0.0f);
  const EcgFindings flat = measure(s);
  CHECK(flat.beats.empty());
  CHECK_FALSE(flat.blocks_screening.empty());

  uint32_t state = 7;
  for (auto& lead : s.record.mv) {
    for (float& v : lead) {
      state = state * 1664525u + 1013904223u;
      v = static_cast<float>(state >> 8) / (1 << 24) - 0.5f;
    }
  }
  const EcgFindings noise = measure(s);
  CHECK_FALSE(measured(noise, "pr_ms"));
  CHECK_FALSE(measured(noise, "qrs_ms"));
  CHECK_FALSE(noise.blocks_screening.empty());

  for (double rate : {0.0, -1.0, 10.0, std::nan("")}) {
    s.record.sample_rate_hz = rate;
    CHECK(measure(s).beats.empty());
  }
}

TEST_CASE("ecg: swapped arm electrodes are suspected and block screening") {
  SimulatedRecord s = simulate_patient({});
  auto& mv = s.record.mv;
  for (float& v : mv[index_of(Lead::kI)]) v = -v;
  std::swap(mv[index_of(Lead::kII)], mv[index_of(Lead::kIII)]);
  std::swap(mv[index_of(Lead::kAVR)], mv[index_of(Lead::kAVL)]);
  CHECK(mentions(measure(s).blocks_screening, "arm electrodes"));
}

TEST_CASE("ecg: a rate over 120 blocks screening") {
  SimulatedPatient patient;
  patient.heart_rate_bpm = 140;
  const EcgFindings f = measure(simulate_patient(patient));
  CHECK(*measured(f, "heart_rate_bpm") == doctest::Approx(140).epsilon(0.03));
  CHECK(mentions(f.blocks_screening, "Heart rate 1"));
}

TEST_CASE("ecg: pacemaker spikes are suspected at 500 Hz and block screening") {
  SimulatedRecord s = simulate_patient({});
  for (const SimulatedBeat& beat : s.beats) {
    if (beat.qrs_on < 12) continue;
    for (int lead = 0; lead < kLeadCount; ++lead)
      s.record.mv[lead][beat.qrs_on - 8] += lead == index_of(Lead::kAVR) ? -0.8f : 0.8f;
  }
  const EcgFindings f = measure(s);
  CHECK(f.rhythm == Rhythm::kPaced);
  CHECK(mentions(f.blocks_screening, "Pacemaker"));
  CHECK(measure(simulate_patient({})).rhythm == Rhythm::kSinus);
}

TEST_CASE("ecg: a wide early beat is called ventricular and stays out of the representative beat") {
  SimulatedRecord s = simulate_patient({});
  const EcgFindings plain = measure(s);
  REQUIRE(s.beats.size() > 6);
  const int at = s.beats[4].t_off + 60;  // early: before the next P
  const int from = s.beats[5].p_on - 10, to = s.beats[5].t_off + 10;
  for (int lead = 0; lead < kLeadCount; ++lead) {
    auto& mv = s.record.mv[lead];
    const float level = mv[from];
    for (int i = from; i < to; ++i) mv[i] = level;  // the beat that would have followed
    const float size = lead % 2 ? 1.4f : -1.2f;
    for (int i = 0; i < 90; ++i) mv[at + i] += size * std::pow(std::sin(3.14159f * i / 90), 2.0f);
    for (int i = 0; i < 110; ++i)
      mv[at + 100 + i] -= 0.4f * size * std::pow(std::sin(3.14159f * i / 110), 2.0f);
  }
  const EcgFindings f = measure(s);
  CHECK(std::count_if(f.beats.begin(), f.beats.end(),
                      [](const Beat& b) { return b.beat_class == BeatClass::kVentricularEctopic; }) == 1);
  CHECK(std::fabs(*measured(f, "qrs_ms") - *measured(plain, "qrs_ms")) <= 6);
  CHECK(f.representative.beats_used < plain.representative.beats_used + 1);
}

TEST_CASE("ecg: every criterion carries its formula and its citation, and an unknown one its reason") {
  const EcgFindings f = measure(simulate_patient({}));
  REQUIRE(f.criteria.size() > 20);
  for (const Criterion& c : f.criteria) {
    CAPTURE(c.id);
    CHECK_FALSE(c.formula.empty());
    CHECK_FALSE(c.citation.empty());
    if (!c.met) CHECK_FALSE(c.why_unknown.empty());
  }
  for (const Measurement& m : f.measurements) {
    CAPTURE(m.id);
    CHECK(m.value.has_value() == m.why_unknown.empty());
  }
}

TEST_CASE("ecg: the wavelet answers a ramp with its slope on every level, without shifting it") {
  std::vector<float> step(400, 0.0f);
  std::fill(step.begin() + 200, step.end(), 1.0f);
  const WaveletLevels levels = wavelet_transform(step);
  for (int level = 0; level < kWaveletLevels; ++level) {
    CAPTURE(level);
    const auto peak = std::max_element(levels[level].begin(), levels[level].end()) - levels[level].begin();
    CHECK(std::abs(static_cast<int>(peak) - 199) <= (1 << level) / 2 + 1);
  }
  CHECK(wavelet_transform({}).front().empty());
}
