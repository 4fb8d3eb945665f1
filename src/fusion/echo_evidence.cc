#include "fusion/echo_evidence.h"

#include <algorithm>
#include <cmath>

namespace precordia {
namespace {

constexpr double kReducedUpTo = 40.5, kPreservedFrom = 49.5;
constexpr double kNormal975 = 1.959964;

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

}  // namespace

EfBands ef_bands(double ef_percent, double sd_percent) {
  const double reduced = normal_cdf((kReducedUpTo - ef_percent) / sd_percent);
  const double below_50 = normal_cdf((kPreservedFrom - ef_percent) / sd_percent);
  return {reduced, below_50 - reduced, 1 - below_50};
}

std::optional<EchoEvidence> echo_of_report(const ClinicalProfile& profile) {
  if (!profile.echo.ef_percent) return std::nullopt;
  EchoEvidence echo;
  echo.ef_percent = *profile.echo.ef_percent;
  echo.ef_low_percent = std::max(0.0, echo.ef_percent - kNormal975 * kEfSdPercent);
  echo.ef_high_percent = std::min(100.0, echo.ef_percent + kNormal975 * kEfSdPercent);
  echo.bands = ef_bands(echo.ef_percent, kEfSdPercent);
  echo.method = "Typed in from an echo report";
  echo.citation =
      "Interval: expert against expert, biplane, SD 7 points; see also Thavendiranathan 2013, "
      "doi 10.1016/j.jacc.2012.09.035";
  return echo;
}

ReducedEf reduced_ef(const EchoEvidence& echo) {
  const double stated = echo.bands.to_40 + echo.bands.from_41_to_49;
  double low = stated, high = stated;
  const double sd = std::max(0.5, (echo.ef_high_percent - echo.ef_low_percent) / (2 * kNormal975));
  for (const double factor : {kEfSdBestPercent / kEfSdPercent, kEfSdWorstPercent / kEfSdPercent}) {
    const double p = 1 - ef_bands(echo.ef_percent, factor * sd).from_50;
    low = std::min(low, p);
    high = std::max(high, p);
  }
  return {stated, low, high};
}

}  // namespace precordia
