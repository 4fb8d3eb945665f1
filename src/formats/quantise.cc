#include "formats/quantise.h"

#include <algorithm>
#include <cmath>

#include "formats/assemble.h"

namespace precordia {
namespace {

// Resolutions of recorders and databases in nV, coarse to fine; half steps are what aVR, aVL and aVF fall on.
constexpr double kUsualSteps[] = {10000, 5000, 4880, 4882.8125, 3750, 2500, 2440, 2441.40625, 2000, 1875, 1250, 1220, 1220.703125,
                                  1000,  937.5, 625, 610, 610.3515625, 500, 312.5, 305, 250, 125, 100, 62.5, 50, 25, 12.5, 10, 5};

// Single precision leaves an error of half a unit in the 24th place; derived leads sum three of them.
bool on_grid(std::span<const float> mv, double step_nv) {
  for (const float value : mv) {
    if (!std::isfinite(value)) continue;
    const double counts = value * 1e6 / step_nv;
    if (std::abs(counts) > kLargest16Bit) return false;
    if (std::abs(counts - std::round(counts)) > 4e-7 * std::abs(counts) + 1e-4) return false;
  }
  return true;
}

// The greatest common divisor of all values, by Euclid's algorithm with the tolerance of single precision; 0 when it is lost in
// rounding. `values` in nV, ascending.
double common_step_nv(const std::vector<double>& values) {
  constexpr double kFinest = 4;
  double step = 0;
  for (const double value : values) {
    const double noise = 0.5 + 5e-7 * value;
    if (value <= noise) continue;
    double a = value, b = step;
    while (b > noise) {
      double rest = std::fmod(a, b);
      if (b - rest < noise) rest = 0;
      a = b;
      b = rest;
    }
    if (a < kFinest) return 0;
    step = value / std::round(value / a);   // the larger the value, the better it tells the step
  }
  return step;
}

double own_step_nv(std::span<const float> mv) {
  std::vector<double> values;
  for (const float value : mv)
    if (std::isfinite(value)) values.push_back(std::abs(value) * 1e6);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  const double step = common_step_nv(values);
  // A recorder's step is a round number more often than not.
  for (const double unit : {1.0, 0.5, 0.1})
    if (const double round = std::round(step / unit) * unit; std::abs(round - step) < 1e-5 * step && on_grid(mv, round)) return round;
  return step;
}

double step_for(std::span<const float> mv, bool& exact) {
  exact = true;
  for (const double step : kUsualSteps)
    if (on_grid(mv, step)) return step;
  if (const double step = own_step_nv(mv); step > 0 && on_grid(mv, step)) return step;
  exact = false;
  double largest = 0;
  for (const float value : mv)
    if (std::isfinite(value)) largest = std::max(largest, std::abs(static_cast<double>(value)) * 1e6);
  const double needed = std::max(100.0, largest / kLargest16Bit);
  double decade = 100;
  while (decade * 10 <= needed) decade *= 10;
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (decade * factor >= needed) return decade * factor;
  return decade * 10;
}

}  // namespace

std::vector<QuantisedLead> quantised(const EcgRecord& record) {
  std::vector<QuantisedLead> leads;
  for (int k = 0; k < kLeadCount; ++k) {
    const auto& mv = record.mv[static_cast<size_t>(k)];
    if (mv.empty()) continue;
    QuantisedLead lead{.lead = static_cast<Lead>(k), .counts = {}};
    lead.nv_per_count = step_for(mv, lead.exact);
    lead.counts.resize(mv.size());
    for (size_t i = 0; i < mv.size(); ++i)
      lead.counts[i] = std::isfinite(mv[i]) ? static_cast<int32_t>(std::lround(mv[i] * 1e6 / lead.nv_per_count)) : kMissingCount;
    leads.push_back(std::move(lead));
  }
  return leads;
}

std::optional<double> written_age(const EcgRecord& record, const WriteOptions& options) {
  const auto age = record.patient.age_years;
  return age && *age > 89 && !options.with_identity ? std::optional<double>(90) : age;
}

std::string safe_record_name(const WriteOptions& options) {
  std::string name;
  for (const char c : options.record_name)
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-') name += c;
  if (name.size() > 60) name.resize(60);
  return name.empty() ? "ecg" : name;
}

}  // namespace precordia
