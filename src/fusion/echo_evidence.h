// How an echocardiogram enters the answer: one small struct, whoever measured it (a report that was typed in, or the
// echo room once it exists).
#pragma once

#include <optional>
#include <string>

#include "fusion/clinical_profile.h"

namespace precordia {

struct EfBands {
  double to_40 = 0, from_41_to_49 = 0, from_50 = 0;  // probabilities, sum 1
};

struct EchoEvidence {
  double ef_percent = 0, ef_low_percent = 0, ef_high_percent = 0;  // value and 95 % interval
  EfBands bands;
  bool usable = true;
  std::string why_unusable;  // sentence: wrong view, sector cut off, ...
  std::string method;        // "Biplane Simpson, as typed in from a report"
  std::string citation;      // where the error of the method comes from
  std::optional<double> contour_strain_percent, la_volume_ml;  // of a clip; shown, and used in no score (add_clip_context)
};

// P(EF <= 40), P(41..49), P(EF >= 50) of an EF whose error is normal with `sd_percent`. Limits at 40.5 and 49.5: EF is
// stated in whole per cent (universal definition, Bozkurt 2021, doi 10.1002/ejhf.2115).
EfBands ef_bands(double ef_percent, double sd_percent);

// An EF without bands of its own, with the standard deviation between expert readers of biplane EF.
inline constexpr double kEfSdPercent = 7;         // expert against expert [V]
inline constexpr double kEfSdBestPercent = 5.1;   // a network at home (EchoNet-Dynamic MAE 4.1 / 0.8) [D/E]
inline constexpr double kEfSdWorstPercent = 9.8;  // beginners [V]
std::optional<EchoEvidence> echo_of_report(const ClinicalProfile& profile);

// P(EF < 50) and how far it moves when the method is as good as the best, or as poor as the poorest, that was measured.
struct ReducedEf {
  double probability, low, high;
};
ReducedEf reduced_ef(const EchoEvidence& echo);

}  // namespace precordia
