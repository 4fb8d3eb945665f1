#include "fusion/combine.h"

#include <algorithm>
#include <cmath>

namespace precordia {
namespace {

constexpr double kNormal975 = 1.959964;

struct Shares {
  double diseased, healthy;  // share with the finding, q1 and q0
  double diseased_n, healthy_n;
};

Shares shares_of(const FourfoldStudy& study) {
  const bool empty_cell = study.true_positives <= 0 || study.true_positives >= study.diseased ||
                          study.false_positives <= 0 || study.false_positives >= study.healthy;
  const double add = empty_cell ? 0.5 : 0;
  return {(study.true_positives + add) / (study.diseased + 2 * add),
          (study.false_positives + add) / (study.healthy + 2 * add), study.diseased + 2 * add,
          study.healthy + 2 * add};
}

double spread(std::span<const double> values) {
  if (values.size() < 2) return 0;
  double mean = 0;
  for (double value : values) mean += value / values.size();
  double sum = 0;
  for (double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / (values.size() - 1));
}

double capped(double ln) {
  return std::clamp(ln, std::log(limits::kLowestRatio), std::log(limits::kHighestRatio));
}

}  // namespace

double logit(double probability) { return std::log(probability / (1 - probability)); }
double probability_of(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }
double LogRatio::ratio() const { return std::exp(ln); }

Interval wilson_interval(double events, double total) {
  const double p = events / total, z2 = kNormal975 * kNormal975;
  const double centre = (p + z2 / (2 * total)) / (1 + z2 / total);
  const double half =
      kNormal975 * std::sqrt(p * (1 - p) / total + z2 / (4 * total * total)) / (1 + z2 / total);
  return {p, centre - half, centre + half};
}

LogRatio likelihood_ratio(const FourfoldStudy& study, bool present, const FindingAccuracy& accuracy) {
  const Shares shares = shares_of(study);
  const double found_if_truly_there = accuracy.sensitivity, found_if_not = 1 - accuracy.specificity;
  const double slope = found_if_truly_there - found_if_not;  // d P(found) / d q
  const auto found = [&](double q) { return found_if_truly_there * q + found_if_not * (1 - q); };
  const double p1 = present ? found(shares.diseased) : 1 - found(shares.diseased);
  const double p0 = present ? found(shares.healthy) : 1 - found(shares.healthy);
  if (!(p1 > 0) || !(p0 > 0)) return {};
  const double variance1 = shares.diseased * (1 - shares.diseased) / shares.diseased_n;
  const double variance0 = shares.healthy * (1 - shares.healthy) / shares.healthy_n;
  return {std::log(p1 / p0), std::sqrt(slope * slope * (variance1 / (p1 * p1) + variance0 / (p0 * p0)))};
}

LogRatio graded_likelihood_ratio(const FourfoldStudy& study, double ln_evidence, double standard_error) {
  const Shares shares = shares_of(study);
  const double evidence = std::exp(ln_evidence);
  const auto seen = [&](double q) { return evidence * q + 1 - q; };
  const double p1 = seen(shares.diseased), p0 = seen(shares.healthy), slope = evidence - 1;
  const double variance1 = shares.diseased * (1 - shares.diseased) / shares.diseased_n;
  const double variance0 = shares.healthy * (1 - shares.healthy) / shares.healthy_n;
  const double by_evidence = evidence * (shares.diseased / p1 - shares.healthy / p0);  // d ln LR / d ln evidence
  return {std::log(p1 / p0), std::sqrt(slope * slope * (variance1 / (p1 * p1) + variance0 / (p0 * p0)) +
                                       std::pow(by_evidence * standard_error, 2))};
}

LogRatio graded_likelihood_ratio(const FourfoldStudy& study, double ln_evidence, double standard_error,
                                 std::span<const FourfoldStudy> studies) {
  LogRatio ratio = graded_likelihood_ratio(study, ln_evidence, standard_error);
  std::vector<double> logs;
  for (const FourfoldStudy& one : studies) logs.push_back(graded_likelihood_ratio(one, ln_evidence).ln);
  ratio.standard_error = std::hypot(ratio.standard_error, spread(logs));
  return ratio;
}

LogRatio with_between_study_spread(LogRatio ratio, std::span<const FourfoldStudy> studies, bool present,
                                   const FindingAccuracy& accuracy) {
  std::vector<double> logs;
  for (const FourfoldStudy& study : studies) logs.push_back(likelihood_ratio(study, present, accuracy).ln);
  ratio.standard_error = std::hypot(ratio.standard_error, spread(logs));
  return ratio;
}

LogRatio nt_probnp_ratio(double nt_probnp_ng_l) {
  // Shares at or above the lower and the upper cut-off of the value's band; everyone is above no cut-off at
  // all.
  double diseased_above = 1, healthy_above = 1, diseased_over = 0, healthy_over = 0;
  for (const CutoffAccuracy& at : taylor_nt_probnp()) {
    if (nt_probnp_ng_l >= at.cutoff_ng_l) {
      diseased_above = at.sensitivity;
      healthy_above = 1 - at.specificity;
    } else {
      diseased_over = at.sensitivity;
      healthy_over = 1 - at.specificity;
      break;
    }
  }
  std::vector<double> logs;
  for (const CutoffAccuracy& study : nt_probnp_studies_at_125())
    logs.push_back(std::log((1 - study.sensitivity) / study.specificity));
  return {std::log((diseased_above - diseased_over) / (healthy_above - healthy_over)), spread(logs)};
}

LogRatio oedema_ratio(bool present) {
  const SignAccuracy& mant = mant_oedema();
  const double ratio = present ? mant.sensitivity / (1 - mant.specificity) : (1 - mant.sensitivity) / mant.specificity;
  const double elsewhere = present ? wang_leg_oedema().present : wang_leg_oedema().absent;
  const double logs[] = {std::log(ratio), std::log(elsewhere)};
  return {logs[0], spread(logs)};
}

Posterior combine(const Interval& prior, std::span<const LogRatio> ratios) {
  Posterior posterior;
  posterior.weights_ln.assign(ratios.size(), 0);
  double largest_for = 0, largest_against = 0;
  for (const LogRatio& ratio : ratios) {
    largest_for = std::max(largest_for, capped(ratio.ln));
    largest_against = std::min(largest_against, capped(ratio.ln));
  }
  bool for_taken = false, against_taken = false;
  double log_odds = logit(prior.value), variance = 0;
  for (size_t i = 0; i < ratios.size(); ++i) {
    const double ln = capped(ratios[i].ln);
    bool& taken = ln > 0 ? for_taken : against_taken;
    const bool in_full = !taken && ln == (ln > 0 ? largest_for : largest_against);
    if (in_full) taken = true;
    const double factor = in_full ? 1 : limits::kShrinkBeyondLargest;
    posterior.weights_ln[i] = factor * ln;
    log_odds += posterior.weights_ln[i];
    variance += std::pow(factor * kNormal975 * ratios[i].standard_error, 2);
  }
  const double below = logit(prior.value) - logit(prior.low), above = logit(prior.high) - logit(prior.value);
  const auto bounded = [](double value) {
    return std::clamp(probability_of(value), limits::kLowestPosterior, limits::kHighestPosterior);
  };
  posterior.probability = {bounded(log_odds), bounded(log_odds - std::sqrt(below * below + variance)),
                           bounded(log_odds + std::sqrt(above * above + variance))};
  return posterior;
}

}  // namespace precordia
