// A simulated patient: an ECG with known fiducials, for demonstration and for tests. Never a real person.
//
// Method. The heart is one dipole whose moment traces loops in the Frank space (x to the left, y to the feet, z to the back;
// mV). Each loop (P, QRS, ST-T) is a sum of bumps in time, as in McSharry et al. 2003 (IEEE TBME 50:289,
// doi 10.1109/TBME.2003.808805) and its dipole form by Sameni et al. 2007 (EURASIP JASP 2007:43407,
// doi 10.1155/2007/43407); the bumps here are raised cosines instead of Gaussians, so that a wave really ends. Leads I, II and
// V1-V6 are projections by the lead vectors of Dower et al. 1980 (Clin Cardiol 3:87, doi 10.1002/clc.4960030203); the other
// limb leads follow by Einthoven and Goldberger. Everything is rounded to 2^-10 mV before that, so III = II - I and aVR, aVL,
// aVF hold to the last bit. Intervals between beats vary with breathing, in atrial fibrillation at random; fibrillatory
// waves are a frequency- and amplitude-modulated sawtooth (Stridh & Sornmo 2001, IEEE TBME 48:105, doi 10.1109/10.900266).
// The loop shapes are our own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "signal/ecg_record.h"

namespace precordia {

enum class SimulatedCondition { kNormal, kLeftBundleBranchBlock, kLvHypertrophyStrain, kOldAnteriorInfarction, kAtrialFibrillation };

// Values outside a plausible range are moved to its nearer end: rate 50..4000 Hz, duration 0.1..3600 s, heart 25..220/min.
struct SimulatedPatient {
  SimulatedCondition condition = SimulatedCondition::kNormal;
  double heart_rate_bpm = 68;
  double age_years = 67;
  Sex sex = Sex::kFemale;
  double duration_s = 10;
  double sample_rate_hz = 500;
  double noise_mv = 0.008;          // white measurement noise of every electrode, rms
  double wander_mv = 0.05;          // breathing and electrode drift under 0.5 Hz, about this amplitude
  double mains_mv = 0;              // 50 Hz amplitude
  uint32_t seed = 1;                // own small generator: the same record on every platform
};

// Truth by construction, in samples of the record. Onsets and offsets are where the wave by itself, without noise, rises
// over a threshold in the lead that shows it most: 20 uV for QRS, 10 uV for P and T. Peaks are where the dipole is longest.
// -1: the beat has no such wave, or it lies outside the record. Every beat whose QRS lies inside the record is listed.
struct SimulatedBeat {
  int p_on, p_peak, p_off, qrs_on, r_peak, qrs_off, t_peak, t_off;
};

struct SimulatedRecord {
  EcgRecord record;                 // source.simulated == true
  std::vector<SimulatedBeat> beats;
};

SimulatedRecord simulate_patient(const SimulatedPatient& patient);

}  // namespace precordia
