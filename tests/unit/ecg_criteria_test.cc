// The criteria at their exact cut-offs, on findings written by hand: expected answers come from the literature named in
// ecg/reference_values.h, never from a record that was measured.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "ecg/beat_classes.h"
#include "ecg/criteria.h"
#include "ecg/judging.h"
#include "ecg/reference_values.h"
#include "ecg/repolarisation_end.h"
#include "ecg/rhythm.h"
#include "signal/simulated_patient.h"

using namespace precordia;

namespace {

constexpr double kHair = 0.001;

struct Case {
  EcgFindings findings;
  PersonForRanges person{60, Sex::kMale};
  std::optional<double> fibrillation = 0.01;

  // A narrow, unremarkable heart: R 0.8, S 0.2, T 0.3 mV; rS in V1 and V2.
  Case() {
    findings.sample_rate_hz = 500;
    findings.rhythm = Rhythm::kSinus;
    findings.representative.beats_used = 10;
    for (LeadAmplitudes& a : findings.amplitudes) {
      a.p_mv = 0.1, a.q_mv = 0, a.r_mv = 0.8, a.s_mv = 0.2, a.r_prime_mv = 0, a.st_j_mv = 0, a.st_60ms_mv = 0;
      a.t_mv = 0.3, a.q_ms = 0, a.r_ms = 40, a.s_ms = 20, a.r_peak_ms = 40, a.p_terminal_mv = 0, a.p_terminal_ms = 0;
      a.notches = 0, a.fragments = 0;
    }
    for (Lead right : {Lead::kV1, Lead::kV2}) lead(right).r_mv = 0.2, lead(right).s_mv = 0.6;
    for (LeadQuality& q : findings.quality) q.present = q.usable = true;
    set("heart_rate_bpm", 60), set("qrs_ms", 90), set("qt_ms", 400), set("qt_tangent_ms", 400), set("qrs_axis_deg", 45);
    set("qrs_t_angle_deg", 20), set("p_ms", 100), set("qtc_bazett_ms", 400), set("tpe_ms", 80);
  }
  void set(const char* id, std::optional<double> value) {
    for (Measurement& m : findings.measurements) {
      if (m.id == id) {
        m.value = value;
        return;
      }
    }
    Measurement m;
    m.id = id;
    m.value = value;
    findings.measurements.push_back(m);
  }
  LeadAmplitudes& lead(Lead lead) { return findings.amplitudes[index_of(lead)]; }
  Criterion judge(const char* id) const {
    for (Criterion& c : judge_criteria({findings, person, fibrillation})) {
      if (c.id == id) return c;
    }
    FAIL("no such criterion: " << id);
    return {};
  }
  std::optional<bool> met(const char* id) const { return judge(id).met; }
};

std::vector<ClassifiedBeat> beats_at(const std::vector<int>& r, BeatClass beat_class = BeatClass::kDominant) {
  std::vector<ClassifiedBeat> beats;
  for (int at : r) {
    ClassifiedBeat b;
    b.r = at;
    b.beat_class = beat_class;
    beats.push_back(b);
  }
  return beats;
}

}  // namespace

TEST_CASE("criteria: Sokolow-Lyon is met at 3.5 mV and not a hair under it") {
  Case c;
  c.lead(Lead::kV1).s_mv = 1.5;
  c.lead(Lead::kV5).r_mv = 2.0;
  CHECK(c.met("sokolow_lyon") == true);
  c.lead(Lead::kV5).r_mv = 2.0 - kHair;
  CHECK(c.met("sokolow_lyon") == false);
  c.lead(Lead::kV6).r_mv = 2.0;  // the taller of V5 and V6 counts
  CHECK(c.met("sokolow_lyon") == true);
  c.lead(Lead::kV6).r_mv = std::nullopt;
  CHECK(c.met("sokolow_lyon") == false);  // one of the two is enough
  c.lead(Lead::kV5).r_mv = std::nullopt;
  CHECK_FALSE(c.met("sokolow_lyon"));
}

TEST_CASE("criteria: a clipped lead takes its voltage rules with it, and the reason says so") {
  Case c;
  c.findings.quality[index_of(Lead::kV3)].clipped = true;
  c.lead(Lead::kV3).r_mv = c.lead(Lead::kV3).s_mv = std::nullopt;
  CHECK_FALSE(c.met("cornell_voltage"));
  CHECK(c.judge("cornell_voltage").why_unknown.find("V3 is clipped") != std::string::npos);
  CHECK(c.met("sokolow_lyon").has_value());
}

TEST_CASE("criteria: low voltage includes 0.5 mV in the limb leads and 1.0 mV in the chest leads") {
  Case c;
  for (int lead = 0; lead < 6; ++lead) c.findings.amplitudes[lead].r_mv = 0.3, c.findings.amplitudes[lead].s_mv = 0.2;
  CHECK(c.met("low_voltage_limb") == true);
  CHECK(c.met("low_voltage_precordial") == true);  // 0.8 + 0.2
  c.lead(Lead::kAVF).s_mv = 0.2 + kHair;
  c.lead(Lead::kV4).r_mv = 0.8 + kHair;
  CHECK(c.met("low_voltage_limb") == false);
  CHECK(c.met("low_voltage_precordial") == false);
}

TEST_CASE("criteria: the cut-off of QTc depends on the sex; without it only what both call is called") {
  Case c;  // rate 60: RR 1 s, so QTc = QT
  for (const char* id : {"qt_ms", "qt_tangent_ms"}) c.set(id, 450);
  CHECK(c.met("qtc_prolonged") == true);
  c.person.sex = Sex::kFemale;
  CHECK(c.met("qtc_prolonged") == false);
  c.person.sex = std::nullopt;
  CHECK_FALSE(c.met("qtc_prolonged"));
  for (const char* id : {"qt_ms", "qt_tangent_ms"}) c.set(id, 460);
  CHECK(c.met("qtc_prolonged") == true);
  for (const char* id : {"qt_ms", "qt_tangent_ms"}) c.set(id, 449);
  CHECK(c.met("qtc_prolonged") == false);
}

TEST_CASE("criteria: a second hump that only the leads together show lengthens QTc, and a wide QRS is judged by JT") {
  Case c;
  c.set("qt_tangent_ms", 470);
  CHECK(*c.judge("qtc_prolonged").value == doctest::Approx(470));
  CHECK(c.judge("qtc_prolonged").detail.find("late") != std::string::npos);
  Case wide;
  wide.set("qrs_ms", 160);
  wide.set("qt_ms", 500);  // JT 340 ms, and 100: 440 ms
  wide.set("qt_tangent_ms", std::nullopt);
  CHECK(*wide.judge("qtc_prolonged").value == doctest::Approx(440));
  CHECK(wide.met("qtc_prolonged") == false);
}

TEST_CASE("criteria: pathological Q of the fourth universal definition, by territory, at its cut-offs") {
  Case c;
  CHECK(c.met("pathological_q") == false);
  for (Lead lead : {Lead::kII, Lead::kAVF}) c.lead(lead).q_mv = 0.1, c.lead(lead).q_ms = 30;
  CHECK(c.judge("pathological_q").detail == "inferior: II, aVF");
  c.lead(Lead::kII).q_ms = 29;
  CHECK(c.met("pathological_q") == false);
  c.lead(Lead::kII).q_ms = 30;
  c.lead(Lead::kII).q_mv = 0.1 - kHair;
  CHECK(c.met("pathological_q") == false);
  Case isolated;  // III alone is no infarction
  isolated.lead(Lead::kIII).q_mv = 0.3, isolated.lead(Lead::kIII).q_ms = 40;
  CHECK(isolated.met("pathological_q") == false);
  Case v2;  // V2-V3: 20 ms is enough, in one lead
  v2.lead(Lead::kV2).q_mv = 0.05, v2.lead(Lead::kV2).q_ms = 20;
  CHECK(v2.judge("pathological_q").detail == "anterior: V2");
  Case v1;  // a QS in V1 alone is a normal variant
  v1.lead(Lead::kV1).qs = true, v1.lead(Lead::kV1).q_mv = 0.6, v1.lead(Lead::kV1).r_mv = 0.0;
  CHECK(v1.met("pathological_q") == false);
}

TEST_CASE("criteria: ST elevation takes age and sex into account in V2 and V3") {
  auto raised = [](double mv, std::optional<Sex> sex, double age) {
    Case c;
    c.person = {age, sex};
    for (Lead lead : {Lead::kV2, Lead::kV3}) c.lead(lead).st_j_mv = mv;
    return c.met("st_elevation");
  };
  CHECK(raised(0.2, Sex::kMale, 40) == true);
  CHECK(raised(0.2 - kHair, Sex::kMale, 40) == false);
  CHECK(raised(0.25, Sex::kMale, 39) == true);
  CHECK(raised(0.25 - kHair, Sex::kMale, 39) == false);
  CHECK(raised(0.15, Sex::kFemale, 70) == true);
  CHECK(raised(0.15 - kHair, Sex::kFemale, 70) == false);
}

TEST_CASE("criteria: ST depression needs two neighbours at -0.05 mV that do not rise, and names the territory") {
  Case c;
  for (Lead lead : {Lead::kV5, Lead::kV6}) c.lead(lead).st_j_mv = -0.05, c.lead(lead).st_60ms_mv = -0.05;
  CHECK(c.met("st_depression") == true);
  CHECK(c.judge("st_depression").detail == "lateral: V5, V6");
  CHECK(*c.judge("st_depression").value == doctest::Approx(-0.05));
  c.lead(Lead::kV6).st_60ms_mv = -0.05 + kHair;
  CHECK(c.met("st_depression") == false);
  Case rising;  // deep at J, and on its way up: not counted
  for (Lead lead : {Lead::kV5, Lead::kV6}) rising.lead(lead).st_j_mv = -0.2, rising.lead(lead).st_60ms_mv = -0.06;
  CHECK(rising.met("st_depression") == false);
  Case wide;
  wide.set("qrs_ms", 120);
  CHECK_FALSE(wide.met("st_depression"));
  Case wandering;
  for (LeadAmplitudes& a : wandering.findings.amplitudes) a.st_j_mv = a.st_60ms_mv = std::nullopt;
  CHECK_FALSE(wandering.met("st_depression"));
  CHECK_FALSE(wandering.judge("st_depression").why_unknown.empty());
}

TEST_CASE("criteria: T inversion counts from -0.1 mV on in two neighbours, and only under an upright QRS") {
  Case c;
  for (Lead lead : {Lead::kII, Lead::kAVF, Lead::kIII}) c.lead(lead).t_mv = -0.1;
  CHECK(c.judge("t_inversion").detail == "inferior: II, aVF, III");
  c.lead(Lead::kAVF).t_mv = -0.1 + kHair;
  CHECK(c.met("t_inversion") == false);
  Case down;  // V1 and V2 under deep S waves
  for (Lead lead : {Lead::kV1, Lead::kV2}) down.lead(lead).t_mv = -0.3, down.lead(lead).s_mv = 1.2;
  CHECK(down.met("t_inversion") == false);
}

TEST_CASE("criteria: left anterior fascicular block needs its axis and rS below; posterior the mirror image") {
  Case c;
  c.set("qrs_axis_deg", -45);
  for (Lead lead : {Lead::kII, Lead::kIII, Lead::kAVF}) c.lead(lead).r_mv = 0.2, c.lead(lead).s_mv = 0.9;
  CHECK(c.met("lafb") == true);
  c.set("qrs_axis_deg", -44);
  CHECK(c.met("lafb") == false);
  c.set("qrs_axis_deg", -91);
  CHECK(c.met("lafb") == false);
  c.set("qrs_axis_deg", -60);
  c.set("qrs_ms", 120);
  CHECK(c.met("lafb") == false);
  c.set("qrs_ms", 119);
  c.lead(Lead::kAVF).r_mv = 0.0;  // QS: an inferior infarction gives the same axis
  CHECK(c.met("lafb") == false);
  c.findings.rhythm = Rhythm::kPaced;
  CHECK_FALSE(c.met("lafb"));

  Case p;
  p.set("qrs_axis_deg", 100);
  for (Lead lead : {Lead::kI, Lead::kAVL}) p.lead(lead).r_mv = 0.2, p.lead(lead).s_mv = 0.9;
  CHECK(p.met("lpfb") == true);
  p.set("qrs_axis_deg", 99);
  CHECK(p.met("lpfb") == false);
}

TEST_CASE("criteria: an unspecific conduction delay is over 110 ms and neither bundle branch block") {
  Case c;
  c.set("qrs_ms", 110);
  CHECK(c.met("ivcd") == false);
  c.set("qrs_ms", 111);
  CHECK(c.met("ivcd") == true);
  c.set("qrs_ms", 140);  // right bundle branch block: R' in V1, wide S in I and V6
  c.lead(Lead::kV1).r_mv = 0.3, c.lead(Lead::kV1).r_prime_mv = 0.6;
  for (Lead lead : {Lead::kI, Lead::kV6}) c.lead(lead).s_ms = 60;
  CHECK(c.met("rbbb") == true);
  CHECK(c.met("ivcd") == false);
}

TEST_CASE("criteria: fragments need two neighbouring leads, a narrow QRS and a recorder that can show them") {
  Case c;
  for (Lead lead : {Lead::kII, Lead::kAVF}) c.lead(lead).fragments = 1;
  CHECK(c.judge("fragmented_qrs").detail == "inferior: II, aVF");
  c.lead(Lead::kAVF).fragments = 0;
  CHECK(c.met("fragmented_qrs") == false);
  c.lead(Lead::kAVF).fragments = 1;
  c.findings.sample_rate_hz = 250;
  CHECK(c.met("fragmented_qrs") == true);
  c.findings.sample_rate_hz = 249;
  CHECK_FALSE(c.met("fragmented_qrs"));
  c.findings.sample_rate_hz = 500;
  c.set("qrs_ms", 120);
  CHECK_FALSE(c.met("fragmented_qrs"));
  Case v1;  // rSr' in V1 and V2 is conduction
  for (Lead lead : {Lead::kV1, Lead::kV2}) v1.lead(lead).r_prime_mv = 0.3;
  CHECK(v1.met("fragmented_qrs") == false);
  Case noisy;
  for (LeadAmplitudes& a : noisy.findings.amplitudes) a.fragments = std::nullopt;
  CHECK_FALSE(noisy.met("fragmented_qrs"));
}

TEST_CASE("criteria: atrial enlargement, and no answer where there is no P") {
  Case c;
  c.lead(Lead::kII).p_mv = 0.25;
  CHECK(c.met("right_atrial_enlargement") == false);  // over 0.25 mV, not at it
  c.lead(Lead::kII).p_mv = 0.25 + kHair;
  CHECK(c.met("right_atrial_enlargement") == true);
  c.lead(Lead::kV1).p_terminal_mv = -0.1, c.lead(Lead::kV1).p_terminal_ms = 40;  // exactly -4 mV ms
  CHECK(c.met("p_terminal_force_v1") == true);
  Case without;
  for (LeadAmplitudes& a : without.findings.amplitudes) a.p_mv = a.p_terminal_mv = a.p_terminal_ms = std::nullopt;
  without.set("p_ms", std::nullopt);
  for (const char* id : {"right_atrial_enlargement", "p_terminal_force_v1", "p_duration"}) {
    CAPTURE(id);
    CHECK_FALSE(without.met(id));
    CHECK(without.judge(id).why_unknown.find("no P wave") != std::string::npos);
  }
}

TEST_CASE("criteria: four electrical risk markers are met, three are not, and an unknown one may leave it open") {
  Case c;
  CHECK(*c.judge("electrical_risk").value == doctest::Approx(0));
  c.set("heart_rate_bpm", 76), c.set("qrs_ms", 111), c.set("qrs_t_angle_deg", 91);
  CHECK(c.met("electrical_risk") == false);
  c.set("tpe_ms", std::nullopt);
  CHECK_FALSE(c.met("electrical_risk"));
  c.set("tpe_ms", 90);
  CHECK(c.met("electrical_risk") == true);
  CHECK(c.judge("electrical_risk").detail == "rate, QRS, QRS-T angle, Tp-e");
}

TEST_CASE("criteria: T-wave alternans is listed, never answered, and says why") {
  const Criterion c = Case().judge("t_wave_alternans");
  CHECK_FALSE(c.met);
  CHECK(c.why_unknown.find("10 s") != std::string::npos);
}

TEST_CASE("rhythm: a metronome is regular, a drawn rhythm is not, and three beats tell nothing") {
  CHECK_FALSE(rr_pattern(beats_at({0, 400, 800})));
  const auto regular = rr_pattern(beats_at({0, 400, 800, 1200, 1600, 2000}));
  REQUIRE(regular);
  CHECK(regular->irregularity == doctest::Approx(0));
  CHECK(regular->similar == doctest::Approx(1));
  CHECK(regular->rate_bpm == doctest::Approx(75));
  // RR 300, 500, 350, 450: median 450, changes 200, 150, 100, of which the median is 150 and the mean 150.
  const auto irregular = rr_pattern(beats_at({0, 300, 800, 1150, 1600}));
  REQUIRE(irregular);
  CHECK(irregular->irregularity == doctest::Approx(150.0 / 450));
  CHECK(irregular->similar == doctest::Approx(0));
  AtrialActivity none, repeating;
  none.peak_mv = 0.03, repeating.coherence = 0.9, repeating.peak_mv = 0.12;
  CHECK(fibrillates(fibrillation_score(*irregular, none)));
  CHECK_FALSE(fibrillates(fibrillation_score(*irregular, repeating)));
  CHECK_FALSE(fibrillates(fibrillation_score(*regular, none)));
}

TEST_CASE("rhythm: every second ventricular beat is named bigeminy, every third trigeminy") {
  auto name = [](int period) {
    std::vector<ClassifiedBeat> beats = beats_at({0, 400, 800, 1200, 1600, 2000, 2400, 2800, 3200, 3600, 4000});
    for (size_t i = period - 1; i < beats.size(); i += period) beats[i].beat_class = BeatClass::kVentricularEctopic;
    AtrialActivity atria;
    atria.p_present = true;
    const auto rr = rr_pattern(beats);
    return name_rhythm({beats, rr, atria, false, false, 75.0, 50.0}).text;
  };
  CHECK(name(2) == "Sinus rhythm, regular, ventricular bigeminy");
  CHECK(name(3) == "Sinus rhythm, regular, ventricular trigeminy");
  CHECK(name(5) == "Sinus rhythm, regular, 2 ectopic beats");
}

TEST_CASE("repolarisation: the end lies behind the second hump, where the tangent meets zero") {
  // Two triangles in one lead: the first peaks at 300 ms, the second, 0.9 as high, at 440 ms and is over at 540 ms.
  MedianBeat beat;
  beat.length = 500, beat.leads = {0};
  beat.mv[0].assign(beat.length, 0.0f);
  auto triangle = [&](int peak, int half, float height) {
    for (int i = peak - half; i <= peak + half; ++i)
      beat.mv[0][i] = std::max(beat.mv[0][i], height * (1 - std::fabs(static_cast<float>(i - peak)) / half));
  };
  triangle(150, 50, 0.5f);
  const auto first = repolarisation_end(beat, 50, 450);
  REQUIRE(first);
  CHECK(std::abs(*first - 200) <= 4);
  triangle(220, 50, 0.45f);
  const auto second = repolarisation_end(beat, 50, 450);
  REQUIRE(second);
  CHECK(std::abs(*second - 270) <= 4);
  CHECK_FALSE(repolarisation_end(beat, 50, 80));  // no room for a T
  CHECK_FALSE(repolarisation_end({}, 50, 450));
}

TEST_CASE("quality: a wandering lead loses its ST level, a noisy one its P and its fragments, both with the reason") {
  SimulatedRecord s = simulate_patient({});
  auto& v4 = s.record.mv[index_of(Lead::kV4)];
  for (size_t i = 0; i < v4.size(); ++i) v4[i] += 0.9f * std::sin(2 * 3.14159f * 0.2f * static_cast<float>(i) / 500);
  auto& ii = s.record.mv[index_of(Lead::kII)];
  uint32_t state = 3;
  for (float& v : ii) {
    state = state * 1664525u + 1013904223u;
    v += 0.5f * (static_cast<float>(state >> 8) / (1 << 24) - 0.5f);
  }
  const EcgFindings f = measure_ecg(s.record, {60, Sex::kMale});
  CHECK_FALSE(f.amplitudes[index_of(Lead::kV4)].st_j_mv);
  CHECK(f.amplitudes[index_of(Lead::kV4)].r_mv);
  CHECK(f.quality[index_of(Lead::kV4)].issue.find("ST level is not judged") != std::string::npos);
  CHECK_FALSE(f.amplitudes[index_of(Lead::kII)].p_mv);
  CHECK_FALSE(f.amplitudes[index_of(Lead::kII)].fragments);
  CHECK(f.amplitudes[index_of(Lead::kII)].r_mv);
  CHECK(f.quality[index_of(Lead::kII)].issue.find("not judged") != std::string::npos);
  CHECK(f.amplitudes[index_of(Lead::kV5)].st_j_mv);
}

TEST_CASE("leads: exchanged chest electrodes are named, right ones are not, and screening goes on") {
  auto suspicion = [](const EcgFindings& f) {
    for (const std::string& w : f.warnings) {
      if (w.find("may be swapped") != std::string::npos) return w;
    }
    return std::string();
  };
  SimulatedRecord s = simulate_patient({});
  CHECK(suspicion(measure_ecg(s.record, {})).empty());
  std::swap(s.record.mv[index_of(Lead::kV1)], s.record.mv[index_of(Lead::kV3)]);
  const EcgFindings f = measure_ecg(s.record, {});
  CHECK_FALSE(suspicion(f).empty());
  CHECK(f.blocks_screening.empty());
}

TEST_CASE("leads: right arm and left leg exchanged turn II over and block screening") {
  SimulatedRecord s = simulate_patient({});
  auto& mv = s.record.mv;
  const std::vector<float> i = mv[index_of(Lead::kI)], iii = mv[index_of(Lead::kIII)];
  for (size_t k = 0; k < i.size(); ++k) {
    mv[index_of(Lead::kI)][k] = -iii[k];
    mv[index_of(Lead::kIII)][k] = -i[k];
    mv[index_of(Lead::kII)][k] *= -1;
  }
  std::swap(mv[index_of(Lead::kAVR)], mv[index_of(Lead::kAVF)]);
  const EcgFindings f = measure_ecg(s.record, {});
  REQUIRE_FALSE(f.blocks_screening.empty());
  CHECK(f.blocks_screening.front().find("right-arm and left-leg") != std::string::npos);
}
