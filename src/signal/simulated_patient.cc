// Plan: lead vectors, the loops of each condition, the timing of beats, fibrillatory waves, disturbances, assembly.
#include "signal/simulated_patient.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

namespace precordia {
namespace {

struct Vector3 {
  double x = 0, y = 0, z = 0;
  Vector3& operator+=(const Vector3& o) {
    x += o.x, y += o.y, z += o.z;
    return *this;
  }
  double length() const { return std::sqrt(x * x + y * y + z * z); }
};
Vector3 operator*(double a, const Vector3& v) { return {a * v.x, a * v.y, a * v.z}; }

// Dower 1980, table 1: the leads that are measured independently, from Frank's X, Y, Z.
constexpr int kIndependentLeads = 8;
constexpr std::array<Lead, kIndependentLeads> kMeasured = {Lead::kI,  Lead::kII, Lead::kV1, Lead::kV2,
                                                           Lead::kV3, Lead::kV4, Lead::kV5, Lead::kV6};
constexpr std::array<Vector3, kIndependentLeads> kDower = {{
    {0.632, -0.235, 0.059},  {0.235, 1.066, -0.132}, {-0.515, 0.157, -0.917}, {0.044, 0.164, -1.387},
    {0.882, 0.098, -1.277},  {1.213, 0.127, -0.601}, {1.125, 0.127, -0.086},  {0.831, 0.076, 0.230},
}};

double projected(const Vector3& dipole, int lead) {
  const auto& v = kDower[static_cast<size_t>(lead)];
  return v.x * dipole.x + v.y * dipole.y + v.z * dipole.z;
}

// A raised cosine: `peak` at `centre_ms`, zero `rise_ms` before and `fall_ms` after it. Times from the onset of QRS.
struct Bump {
  double centre_ms, rise_ms, fall_ms;
  Vector3 peak_mv;

  Vector3 at(double time_ms) const {
    const double side = time_ms < centre_ms ? rise_ms : fall_ms, distance = std::abs(time_ms - centre_ms);
    if (distance >= side) return {};
    const double half = std::cos(std::numbers::pi / 2 * distance / side);
    return half * half * peak_mv;
  }
};

struct HeartLoops {
  std::span<const Bump> p, qrs, st_t;
  double irregularity;      // standard deviation of the interval between beats, as a share of it
  double fibrillation_mv;   // length of the dipole of the fibrillatory waves, 0 = none
};

// --- loops. Amplitudes in mV along x (left), y (feet), z (back). -----------------------------------------------------------

constexpr Bump kSinusP[] = {
    {-112, 40, 46, {0.020, 0.075, -0.045}},   // right atrium: forwards and down
    {-84, 46, 42, {0.062, 0.070, 0.035}},     // left atrium: to the left and back
};

constexpr Bump kNormalQrs[] = {
    {15, 15, 15, {-0.13, -0.06, -0.24}},   // septum: right and forwards, hence q in I, V5, V6 and r in V1
    {29, 16, 16, {0.30, 0.28, -0.34}},     // apex and anterior wall
    {43, 17, 17, {1.00, 0.88, 0.22}},      // free wall of the left ventricle
    {57, 17, 18, {0.26, 0.28, 0.68}},      // base, backwards
    {71, 17, 18, {-0.12, -0.08, 0.24}},
};
constexpr Bump kNormalStT[] = {
    {185, 135, 120, {0.035, 0.020, -0.030}},
    {295, 150, 105, {0.270, 0.190, -0.150}},
};

constexpr Bump kBundleBranchQrs[] = {
    {20, 20, 24, {0.08, 0.04, -0.20}},     // right side first: no septal q, small r in V1
    {54, 36, 40, {0.72, 0.30, 0.72}},
    {86, 34, 36, {0.42, 0.08, 0.95}},      // slurring through the septum: the notch of I, aVL, V5, V6
    {118, 38, 40, {0.78, -0.04, 0.62}},
};
constexpr Bump kBundleBranchStT[] = {
    {175, 115, 135, {-0.10, 0.00, -0.20}},
    {312, 150, 118, {-0.32, -0.08, -0.38}},   // away from QRS in every lead
};

constexpr Bump kHypertrophyQrs[] = {
    {16, 16, 16, {-0.15, -0.05, -0.30}},
    {32, 18, 18, {0.45, 0.20, -0.35}},
    {50, 21, 21, {2.30, 0.42, 0.90}},
    {68, 20, 22, {0.75, 0.12, 1.55}},
    {84, 18, 20, {-0.05, -0.05, 0.45}},
};
constexpr Bump kHypertrophyStT[] = {
    {165, 90, 150, {-0.090, -0.010, -0.080}},
    {300, 180, 80, {-0.300, -0.040, -0.260}},   // slow down, fast up: strain
};

constexpr Bump kInfarctionQrs[] = {
    {16, 16, 18, {0.03, 0.06, 0.28}},      // nothing forwards: the anterior wall is scar
    {34, 20, 20, {0.24, 0.36, 0.82}},
    {52, 20, 20, {0.40, 0.54, 1.08}},
    {70, 18, 20, {0.20, 0.08, 0.50}},
};
constexpr Bump kInfarctionStT[] = {
    {170, 95, 120, {0.010, 0.010, -0.090}},
    {300, 115, 105, {0.040, 0.130, 0.170}},   // inverted in V1 to V4
};

HeartLoops loops_of(SimulatedCondition condition) {
  switch (condition) {
    case SimulatedCondition::kLeftBundleBranchBlock: return {kSinusP, kBundleBranchQrs, kBundleBranchStT, 0.015, 0};
    case SimulatedCondition::kLvHypertrophyStrain: return {kSinusP, kHypertrophyQrs, kHypertrophyStT, 0.015, 0};
    case SimulatedCondition::kOldAnteriorInfarction: return {kSinusP, kInfarctionQrs, kInfarctionStT, 0.015, 0};
    case SimulatedCondition::kAtrialFibrillation: return {{}, kNormalQrs, kNormalStT, 0.26, 0.055};
    case SimulatedCondition::kNormal: break;
  }
  return {kSinusP, kNormalQrs, kNormalStT, 0.015, 0};
}

// --- random numbers: PCG32 (O'Neill 2014, HMC-CS-2014-0905), and Irwin-Hall in place of a library's normal distribution ----

struct RandomNumbers {
  uint64_t state;

  explicit RandomNumbers(uint32_t seed) : state(seed * 0x9E3779B97F4A7C15ull + 0x853C49E6748FEA9Bull) { next(); }
  uint32_t next() {
    const uint64_t old = state;
    state = old * 6364136223846793005ull + 1442695040888963407ull;
    const auto mixed = static_cast<uint32_t>(((old >> 18) ^ old) >> 27);
    const auto turn = static_cast<uint32_t>(old >> 59);
    return mixed >> turn | mixed << ((32 - turn) & 31);
  }
  double uniform() { return next() * 0x1p-32; }
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }
};

// --- beats ------------------------------------------------------------------------------------------------------------------

struct BeatTiming {
  double onset_s;      // of QRS
  double st_t_scale;   // ST-T lasts longer after a long interval
  double strength;     // breathing moves the heart under the electrodes
};

std::vector<BeatTiming> time_beats(const SimulatedPatient& patient, const HeartLoops& loops, RandomNumbers& random) {
  std::vector<BeatTiming> beats;
  const double mean_s = 60 / patient.heart_rate_bpm;
  double previous_s = mean_s;
  for (double onset = 0.38 - mean_s; onset < patient.duration_s + 0.5;) {
    const double breathing = std::sin(2 * std::numbers::pi * 0.25 * onset);
    // Fridericia's cube root keeps QT in step with the interval before it; half of the change, as within one recording.
    const double scale = std::cbrt(0.5 * (previous_s + mean_s));
    beats.push_back({onset, std::clamp(scale, 0.6, 1.25), 1 + 0.03 * breathing});
    const double regular_share = loops.irregularity > 0.1 ? 0 : 0.02 * breathing;
    const double interval = mean_s * (1 + regular_share + loops.irregularity * random.normal());
    previous_s = std::clamp(interval, std::max(0.27, 0.55 * mean_s), 1.8 * mean_s);
    onset += previous_s;
  }
  return beats;
}

Vector3 sum_at(std::span<const Bump> bumps, double time_ms) {
  Vector3 sum;
  for (const auto& bump : bumps) sum += bump.at(time_ms);
  return sum;
}

double largest_in_any_lead(const Vector3& dipole) {
  double largest = 0;
  std::array<double, kIndependentLeads> leads;
  for (int i = 0; i < kIndependentLeads; ++i) leads[static_cast<size_t>(i)] = projected(dipole, i);
  for (const double mv : leads) largest = std::max(largest, std::abs(mv));
  const double one = leads[0], two = leads[1];
  for (const double mv : {two - one, (one + two) / 2, one - two / 2, two - one / 2}) largest = std::max(largest, std::abs(mv));
  return largest;
}

struct WaveExtent {
  int on = -1, peak = -1, off = -1;
};

// Where a wave lies in samples; `stretch` multiplies its times.
WaveExtent extent_of(std::span<const Bump> bumps, double onset_s, double stretch, double rate_hz, double threshold_mv) {
  WaveExtent extent;
  if (bumps.empty()) return extent;
  double first_ms = 1e9, last_ms = -1e9, longest = 0;
  for (const auto& bump : bumps) {
    first_ms = std::min(first_ms, (bump.centre_ms - bump.rise_ms) * stretch);
    last_ms = std::max(last_ms, (bump.centre_ms + bump.fall_ms) * stretch);
  }
  const int from = static_cast<int>(std::floor((onset_s + first_ms / 1000) * rate_hz));
  const int to = static_cast<int>(std::ceil((onset_s + last_ms / 1000) * rate_hz));
  for (int i = from; i <= to; ++i) {
    const Vector3 dipole = sum_at(bumps, (i / rate_hz - onset_s) * 1000 / stretch);
    if (dipole.length() > longest) {
      longest = dipole.length();
      extent.peak = i;
    }
    if (largest_in_any_lead(dipole) < threshold_mv) continue;
    if (extent.on == -1) extent.on = i;
    extent.off = i;
  }
  return extent;
}

SimulatedBeat truth_of(const HeartLoops& loops, const BeatTiming& beat, double rate_hz, int count) {
  constexpr double kQrsThresholdMv = 0.02, kOtherThresholdMv = 0.01;
  const auto p = extent_of(loops.p, beat.onset_s, 1, rate_hz, kOtherThresholdMv);
  const auto qrs = extent_of(loops.qrs, beat.onset_s, 1, rate_hz, kQrsThresholdMv);
  const auto t = extent_of(loops.st_t, beat.onset_s, beat.st_t_scale, rate_hz, kOtherThresholdMv);
  const auto inside = [&](int sample) { return sample >= 0 && sample < count ? sample : -1; };
  const bool whole_p = inside(p.on) >= 0 && inside(p.off) >= 0;
  return {whole_p ? p.on : -1, whole_p ? p.peak : -1,  whole_p ? p.off : -1, inside(qrs.on),
          inside(qrs.peak),    inside(qrs.off),        inside(t.peak),       inside(t.off)};
}

void add_beat(const HeartLoops& loops, const BeatTiming& beat, double rate_hz, std::vector<Vector3>& dipole) {
  const int from = std::max(0, static_cast<int>((beat.onset_s - 0.3) * rate_hz));
  const int to = std::min(static_cast<int>(dipole.size()), static_cast<int>((beat.onset_s + 0.8) * rate_hz));
  for (int i = from; i < to; ++i) {
    const double time_ms = (i / rate_hz - beat.onset_s) * 1000;
    Vector3 sum = sum_at(loops.p, time_ms);
    sum += sum_at(loops.qrs, time_ms);
    sum += sum_at(loops.st_t, time_ms / beat.st_t_scale);
    dipole[static_cast<size_t>(i)] += beat.strength * sum;
  }
}

// A sawtooth whose rate wanders at random around 6.5 Hz and whose size swells and fades; largest in V1, then the inferior
// leads, as the right atrium shows it. Two such waves in different directions keep it from looking like flutter.
void add_fibrillation(double amplitude_mv, double rate_hz, RandomNumbers& random, std::vector<Vector3>& dipole) {
  constexpr std::array<Vector3, 2> kDirections = {{{0.10, 0.35, -0.80}, {-0.15, 0.55, -0.20}}};
  constexpr double kTurn = 2 * std::numbers::pi, kMeanHz = 6.5, kSpreadHz = 1.3, kMemoryS = 0.25;
  for (const auto& direction : kDirections) {
    double phase = random.uniform(), wandering = 0;
    const double swell = random.uniform(), fade = random.uniform();
    const double keep = std::exp(-1 / (kMemoryS * rate_hz));
    for (size_t i = 0; i < dipole.size(); ++i) {
      const double t = static_cast<double>(i) / rate_hz;
      wandering = keep * wandering + std::sqrt(1 - keep * keep) * kSpreadHz * random.normal();
      phase += std::clamp(kMeanHz + wandering, 4.0, 9.0) / rate_hz;
      const double size = amplitude_mv * (1 + 0.35 * std::sin(kTurn * (0.29 * t + swell)) + 0.25 * std::sin(kTurn * (0.71 * t + fade)));
      const double wave = std::sin(kTurn * phase) + 0.35 * std::sin(2 * kTurn * phase) + 0.12 * std::sin(3 * kTurn * phase);
      dipole[i] += size * wave * direction;
    }
  }
}

// --- disturbances -----------------------------------------------------------------------------------------------------------

// Slow drift of one lead: three sines under 0.5 Hz with their own phases.
struct Wander {
  std::array<double, 3> phase;
  explicit Wander(RandomNumbers& random) {
    for (double& p : phase) p = random.uniform();
  }
  double at(double t) const {
    constexpr std::array<double, 3> kHz = {0.07, 0.16, 0.25}, kShare = {0.5, 0.3, 0.35};
    double sum = 0;
    for (size_t i = 0; i < 3; ++i) sum += kShare[i] * std::sin(2 * std::numbers::pi * (kHz[i] * t + phase[i]));
    return sum;
  }
};

float rounded_mv(double mv) { return static_cast<float>(std::round(mv * 1024) / 1024); }

void fill_leads(const SimulatedPatient& patient, const std::vector<Vector3>& dipole, RandomNumbers& random, EcgRecord& record) {
  for (int lead = 0; lead < kIndependentLeads; ++lead) {
    const Wander wander(random);
    const double mains_share = 0.7 + 0.6 * random.uniform();
    const int index = index_of(kMeasured[static_cast<size_t>(lead)]);
    auto& mv = record.mv[index];
    mv.resize(dipole.size());
    for (size_t i = 0; i < dipole.size(); ++i) {
      const double t = static_cast<double>(i) / patient.sample_rate_hz;
      mv[i] = rounded_mv(projected(dipole[i], lead) + patient.wander_mv * wander.at(t) + patient.noise_mv * random.normal() +
                         patient.mains_mv * mains_share * std::sin(2 * std::numbers::pi * 50 * t));
    }
    record.origin[index] = LeadOrigin::kRecorded;
  }
  derive_limb_leads(record);
}

SimulatedPatient plausible(SimulatedPatient patient) {
  const auto within = [](double value, double low, double high) { return value >= low ? std::min(value, high) : low; };
  patient.sample_rate_hz = within(patient.sample_rate_hz, 50, 4000);
  patient.duration_s = within(patient.duration_s, 0.1, 3600);
  patient.heart_rate_bpm = within(patient.heart_rate_bpm, 25, 220);
  return patient;
}

}  // namespace

SimulatedRecord simulate_patient(const SimulatedPatient& wanted) {
  const SimulatedPatient patient = plausible(wanted);
  const HeartLoops loops = loops_of(patient.condition);
  RandomNumbers random(patient.seed);

  SimulatedRecord out;
  out.record.sample_rate_hz = patient.sample_rate_hz;
  out.record.patient = {patient.age_years, patient.sex};
  out.record.source = {.format = "simulated", .device = "Simulated patient", .recorded_at = "", .simulated = true};

  std::vector<Vector3> dipole(static_cast<size_t>(std::lround(patient.duration_s * patient.sample_rate_hz)));
  const int count = static_cast<int>(dipole.size());
  for (const auto& beat : time_beats(patient, loops, random)) {
    add_beat(loops, beat, patient.sample_rate_hz, dipole);
    const auto truth = truth_of(loops, beat, patient.sample_rate_hz, count);
    if (truth.qrs_on >= 0 && truth.qrs_off >= 0) out.beats.push_back(truth);
  }
  if (loops.fibrillation_mv > 0) add_fibrillation(loops.fibrillation_mv, patient.sample_rate_hz, random, dipole);
  fill_leads(patient, dipole, random, out.record);
  return out;
}

}  // namespace precordia
