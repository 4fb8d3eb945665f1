// Leads, filters and resampling: their answers are compared with formulas, never with an earlier output of
// the same code.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "signal/ecg_record.h"
#include "signal/filters.h"
#include "signal/resample.h"

using namespace precordia;

namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

std::vector<float> sine(double frequency_hz, double rate_hz, double seconds, double phase = 0) {
  std::vector<float> out(static_cast<size_t>(std::lround(seconds * rate_hz)));
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>(
        std::sin(2 * std::numbers::pi * frequency_hz * static_cast<double>(i) / rate_hz + phase));
  return out;
}

struct Tone {
  double amplitude, phase;
};

// Least-squares amplitude and phase at `frequency_hz` over the middle half of the signal.
Tone tone_of(const std::vector<float>& x, double frequency_hz, double rate_hz) {
  double ss = 0, sc = 0, cc = 0, xs = 0, xc = 0;
  for (size_t i = x.size() / 4; i < 3 * x.size() / 4; ++i) {
    const double angle = 2 * std::numbers::pi * frequency_hz * static_cast<double>(i) / rate_hz;
    const double s = std::sin(angle), c = std::cos(angle);
    ss += s * s, sc += s * c, cc += c * c, xs += x[i] * s, xc += x[i] * c;
  }
  const double determinant = ss * cc - sc * sc;
  const double a = (xs * cc - xc * sc) / determinant, b = (xc * ss - xs * sc) / determinant;
  return {std::hypot(a, b), std::atan2(b, a)};
}

double decibel(double ratio) { return 20 * std::log10(ratio); }

EcgRecord record_with(std::initializer_list<std::pair<Lead, std::vector<float>>> leads) {
  EcgRecord record;
  record.sample_rate_hz = 500;
  for (const auto& [lead, samples] : leads) {
    record.mv[index_of(lead)] = samples;
    record.origin[index_of(lead)] = LeadOrigin::kRecorded;
  }
  return record;
}

}  // namespace

TEST_CASE("lead names are recognised in the spellings of devices and databases") {
  for (const char* name : {"ii", "II", "Lead II", "ECG II", "ecg_ii", "MDC_ECG_LEAD_II", " II ", "DII",
                           "ECG lead II", "II (mV)"})
    CHECK_MESSAGE(lead_from_name(name) == Lead::kII, name);
  CHECK(lead_from_name("AVR") == Lead::kAVR);
  CHECK(lead_from_name("aVF [uV]") == Lead::kAVF);
  CHECK(lead_from_name("Lead I (Einthoven)") == Lead::kI);
  CHECK(lead_from_name("MDC_ECG_LEAD_V1") == Lead::kV1);
  CHECK(lead_from_name("C6") == Lead::kV6);
  CHECK(lead_from_name("V3_mV") == Lead::kV3);
}

TEST_CASE("what is not one of the twelve leads is not taken for one") {
  for (const char* name : {"V3R", "V7", "V4R", "MLII", "MCL1", "V", "ECG", "ECG 1", "Resp", "", "  ", "(I)",
                           "-aVR", "v10", "IIII", "I II", "vx", "lead", "1"})
    CHECK_MESSAGE(!lead_from_name(name), name);
}

TEST_CASE("absent limb leads follow from any two recorded ones") {
  const std::vector<float> one = {0.5f, -0.25f, kMissing}, two = {1.0f, 0.75f, 0.5f};
  auto full = record_with({{Lead::kI, one}, {Lead::kII, two}});
  derive_limb_leads(full);
  CHECK(full.lead_count() == 6);
  CHECK(full.lead(Lead::kIII)[0] == doctest::Approx(0.5));
  CHECK(full.lead(Lead::kAVR)[0] == doctest::Approx(-0.75));
  CHECK(full.lead(Lead::kAVL)[0] == doctest::Approx(0.0));
  CHECK(full.lead(Lead::kAVF)[1] == doctest::Approx(0.875));
  CHECK(std::isnan(full.lead(Lead::kAVF)[2]));
  CHECK(full.origin[index_of(Lead::kIII)] == LeadOrigin::kDerived);
  CHECK(full.origin[index_of(Lead::kI)] == LeadOrigin::kRecorded);

  // From every pair of limb leads the same six come back.
  constexpr std::array limb = {Lead::kI, Lead::kII, Lead::kIII, Lead::kAVR, Lead::kAVL, Lead::kAVF};
  for (const Lead a : limb)
    for (const Lead b : limb) {
      if (index_of(a) >= index_of(b)) continue;
      auto part = record_with({{a, full.lead(a)}, {b, full.lead(b)}});
      derive_limb_leads(part);
      for (const Lead lead : limb)
        CHECK(part.lead(lead)[1] == doctest::Approx(full.lead(lead)[1]).epsilon(1e-5));
    }
}

TEST_CASE("recorded leads are never changed and one limb lead derives nothing") {
  auto odd = record_with({{Lead::kI, {1.0f}}, {Lead::kII, {2.0f}}, {Lead::kIII, {9.0f}}});
  derive_limb_leads(odd);
  CHECK(odd.lead(Lead::kIII)[0] == 9.0f);
  auto single = record_with({{Lead::kI, {1.0f}}, {Lead::kV1, {2.0f}}});
  derive_limb_leads(single);
  CHECK(single.lead_count() == 2);
  EcgRecord empty;
  derive_limb_leads(empty);
  CHECK(empty.lead_count() == 0);
  CHECK(empty.sample_count() == 0);
  CHECK(empty.duration_s() == 0);
}

TEST_CASE("low-pass and high-pass are -3 dB at the cut-off, flat inside and 24 dB per octave outside") {
  for (const double rate : {250.0, 500.0, 599.88, 1000.0}) {
    const auto gain_low = [&](double f) {
      return tone_of(low_pass(sine(f, rate, 20), rate, 40), f, rate).amplitude;
    };
    CHECK(decibel(gain_low(40)) == doctest::Approx(-3.01).epsilon(0.02));
    CHECK(decibel(gain_low(10)) > -0.05);
    CHECK(decibel(gain_low(80)) < -17.6);
    const auto gain_high = [&](double f) {
      return tone_of(high_pass(sine(f, rate, 60), rate, 0.5), f, rate).amplitude;
    };
    CHECK(decibel(gain_high(0.5)) == doctest::Approx(-3.01).epsilon(0.02));
    CHECK(decibel(gain_high(5)) > -0.01);
    CHECK(decibel(gain_high(0.25)) < -16);
  }
  // Analogue prototype of both passes at one octave: 1 / (1 + 0.4142 * 2^4) = -17.65 dB, exact where warping
  // is negligible.
  CHECK(decibel(tone_of(low_pass(sine(2, 1000, 30), 1000, 1), 2, 1000).amplitude) ==
        doctest::Approx(-17.65).epsilon(0.01));
}

TEST_CASE("filters have zero phase") {
  for (const double f : {1.0, 8.0, 25.0, 40.0}) {
    CHECK(std::abs(tone_of(low_pass(sine(f, 500, 20, 0.3), 500, 40), f, 500).phase - 0.3) < 1e-3);
    CHECK(std::abs(tone_of(high_pass(sine(f, 500, 20, 0.3), 500, 0.5), f, 500).phase - 0.3) < 1e-3);
  }
  // A symmetric pulse stays symmetric.
  std::vector<float> pulse(1001);
  for (int i = 0; i <= 1000; ++i) pulse[i] = static_cast<float>(std::exp(-(i - 500.0) * (i - 500.0) / 50));
  const auto out = low_pass(pulse, 500, 40);
  for (int i = 1; i < 200; ++i) CHECK(out[500 - i] == doctest::Approx(out[500 + i]).epsilon(1e-4));
}

TEST_CASE("the notch removes its frequency and little else") {
  const auto gain = [](double f) { return tone_of(notch(sine(f, 500, 20), 500, 50, 30), f, 500).amplitude; };
  CHECK(gain(50) < 0.003);
  CHECK(gain(40) > 0.97);
  CHECK(gain(60) > 0.97);
  CHECK(gain(10) > 0.999);
}

TEST_CASE("constants, single samples, empty signals and impossible cut-offs") {
  const std::vector<float> constant(2000, 1.5f);
  for (const float v : low_pass(constant, 500, 40)) CHECK(v == doctest::Approx(1.5));
  for (const float v : high_pass(constant, 500, 0.05)) CHECK(std::abs(v) < 1e-5);
  for (const float v : notch(constant, 500, 50, 30)) CHECK(v == doctest::Approx(1.5));
  const std::vector<float> one = {0.7f};
  CHECK(low_pass(one, 500, 40)[0] == doctest::Approx(0.7));
  CHECK(std::abs(high_pass(one, 500, 0.5)[0]) < 1e-6);
  CHECK(low_pass({}, 500, 40).empty());
  CHECK(high_pass({}, 500, 40).empty());
  CHECK(notch({}, 500, 50, 30).empty());
  CHECK(low_pass(one, 500, 250)[0] == 0.7f);
  CHECK(low_pass(one, 0, 40)[0] == 0.7f);
  CHECK(high_pass(one, 500, -1)[0] == 0.7f);
}

TEST_CASE("a slow drift leaves through the display high-pass, also at the ends") {
  std::vector<float> ramp(5000);
  for (size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<float>(i) * 1e-4f;  // 0.05 mV/s
  const auto out = high_pass(ramp, 500, 0.5);
  for (size_t i = 500; i < 4500; ++i) CHECK(std::abs(out[i]) < 0.01f);
  for (const float v : out) CHECK(std::abs(v) < 0.06f);
}

TEST_CASE("the display filter keeps gaps and does not smear into their neighbours") {
  auto record = record_with({{Lead::kI, sine(5, 500, 4)}});
  auto& lead = record.mv[0];
  for (size_t i = 900; i < 1000; ++i) lead[i] = kMissing;
  lead[3] = kMissing;
  const auto out = filtered_for_display(record, {0.5, 40, 50});
  for (size_t i = 0; i < lead.size(); ++i) CHECK(std::isnan(out.mv[0][i]) == std::isnan(lead[i]));
  // The stretch after the gap is what it would be alone.
  auto alone = record_with({{Lead::kI, {lead.begin() + 1000, lead.end()}}});
  const auto expected = filtered_for_display(alone, {0.5, 40, 50});
  for (size_t i = 0; i < 1000; ++i) CHECK(out.mv[0][1000 + i] == expected.mv[0][i]);
}

TEST_CASE("the display filter does not bend a lead that a page cuts off within a QRS") {
  // 2.5 s of a level line with a beat every 800 ms, 2 mV deep; it ends, or begins, where the last one is deepest.
  std::vector<float> cut(1250);
  for (size_t i = 0; i < cut.size(); ++i) {
    const double after = std::remainder(static_cast<double>(cut.size() - 1 - i), 400);
    cut[i] = static_cast<float>(0.4 - 2 * std::exp(-after * after / 200));
  }
  for (const bool reversed : {false, true}) {
    if (reversed) std::reverse(cut.begin(), cut.end());
    auto record = record_with({{Lead::kV4, cut}});
    for (const double hz : {0.05, 0.5}) {
      const auto out = filtered_for_display(record, {hz, 150, 0}).lead(Lead::kV4);
      float lowest = 1e9f, highest = -1e9f;   // of the line between the beats
      for (size_t i = 0; i < cut.size(); ++i)
        if (cut[i] > 0.39f) lowest = std::min(lowest, out[i]), highest = std::max(highest, out[i]);
      CHECK(highest - lowest < (hz < 0.1 ? 0.05f : 0.3f));
    }
  }
}

TEST_CASE("the display filter leaves out cut-offs at or over 0.45 of the rate") {
  auto record = record_with({{Lead::kV1, sine(5, 100, 4)}});
  record.sample_rate_hz = 100;
  const auto out = filtered_for_display(record, {0, 150, 50});
  CHECK(out.lead(Lead::kV1) == record.lead(Lead::kV1));
}

TEST_CASE("resampling keeps the pass-band within 0.1 dB and moves nothing in time") {
  for (const auto& [from, to] : {std::pair{500.0, 100.0},
                                 {599.88, 100.0},
                                 {1000.0, 500.0},
                                 {250.0, 500.0},
                                 {100.0, 500.0},
                                 {257.0, 100.0},
                                 {360.0, 500.0}}) {
    const double low = std::min(from, to);
    for (const double share : {0.01, 0.1, 0.25, 0.4}) {
      const double f = share * low;
      const auto tone = tone_of(resample(sine(f, from, 20, 0.7), from, to), f, to);
      INFO(from << " -> " << to << " Hz, tone " << f);
      CHECK(std::abs(decibel(tone.amplitude)) < 0.1);
      CHECK(std::abs(tone.phase - 0.7) < 2e-3);
    }
  }
}

TEST_CASE("resampling does not alias") {
  for (const double f : {51.0, 60.0, 75.0, 99.0, 149.0, 240.0}) {
    const auto out = resample(sine(f, 500, 20), 500, 100);
    double worst = 0;
    for (size_t i = out.size() / 4; i < 3 * out.size() / 4; ++i)
      worst = std::max(worst, std::abs(double(out[i])));
    CHECK_MESSAGE(decibel(worst) < -60, f);
  }
}

TEST_CASE("resampled length is the rounded duration") {
  CHECK(resample(std::vector<float>(5000), 500, 100).size() == 1000);
  CHECK(resample(std::vector<float>(6000), 599.88, 100).size() == 1000);
  CHECK(resample(std::vector<float>(1000), 100, 500).size() == 5000);
  CHECK(resample(std::vector<float>(1), 500, 500).size() == 1);
  CHECK(resample(std::vector<float>(3), 500, 100).size() == 1);
  CHECK(resample({}, 500, 100).empty());
  CHECK(resample(std::vector<float>(5), 0, 100).empty());
  CHECK(resample(std::vector<float>(5), 500, -1).empty());
  CHECK(resample(std::vector<float>(5), 1e-9, 1e9).empty());
}

TEST_CASE("a constant, one sample and a straight line survive resampling up to their ends") {
  for (const float v : resample(std::vector<float>(700, 2.5f), 500, 100)) CHECK(v == doctest::Approx(2.5));
  const std::vector<float> one = {0.4f};
  for (const float v : resample(one, 100, 500)) CHECK(v == doctest::Approx(0.4));
  std::vector<float> line(1000);
  for (size_t i = 0; i < line.size(); ++i) line[i] = static_cast<float>(i) / 500;
  const auto out = resample(line, 500, 100);
  for (size_t i = 0; i < out.size(); ++i) CHECK(out[i] == doctest::Approx(i / 100.0).epsilon(1e-3));
}

TEST_CASE("gaps keep their duration and nothing leaks across them") {
  auto signal = sine(3, 500, 10);
  for (size_t i = 2000; i < 2500; ++i) signal[i] = kMissing;
  const auto out = resample(signal, 500, 100);
  int missing = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    missing += std::isnan(out[i]);
    CHECK(std::isnan(out[i]) == (i >= 400 && i < 500));
  }
  CHECK(missing == 100);
  auto other = signal;
  for (size_t i = 2500; i < other.size(); ++i) other[i] = 50;  // the far side of the gap
  const auto changed = resample(other, 500, 100);
  for (size_t i = 0; i < 400; ++i) CHECK(changed[i] == out[i]);
  const std::vector<float> nothing(50, kMissing);
  for (const float v : resample(nothing, 500, 100)) CHECK(std::isnan(v));
}
