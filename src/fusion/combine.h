// The arithmetic of the answer: likelihood ratios with their uncertainty, and how they move a prior. No
// clinical words here.
#pragma once

#include <span>
#include <vector>

#include "fusion/literature.h"

namespace precordia {

struct Interval {
  double value = 0, low = 0, high = 0;
};

double logit(double probability);
double probability_of(double log_odds);

// Wilson's 95 % interval for `events` of `total` (Wilson 1927, doi 10.1080/01621459.1927.10502953).
Interval wilson_interval(double events, double total);

// How well a machine's finding agrees with the finding that the study's readers made; {1, 1} = the readers
// themselves.
struct FindingAccuracy {
  double sensitivity = 1, specificity = 1;
};

// Natural logarithm of a likelihood ratio and its standard error.
struct LogRatio {
  double ln = 0;
  double standard_error = 0;
  double ratio() const;
};

// Likelihood ratio of a finding that is present or absent, found by a machine of the given accuracy. With q1
// and q0 the shares of diseased and healthy that truly have it (EVIDENCE section 6, rule 4),
//   P(found | diseased) = sensitivity q1 + (1 - specificity)(1 - q1), and so for the healthy with q0.
// The standard error is the delta method over the binomial errors of q1 and q0; with {1, 1} it is the usual
// sqrt(1/a - 1/n1 + 1/b - 1/n0). Half a case is added to every cell when one of them is empty.
LogRatio likelihood_ratio(const FourfoldStudy& study, bool present, const FindingAccuracy& accuracy = {});

// The same when it is not known whether the finding is there, only how much likelier what was seen is with it than without:
// `ln_evidence` = ln P(seen | finding) / P(seen | no finding), with its own standard error (virtual evidence, Pearl 1988). A
// reader of known accuracy is the case ln s/(1 - c) or ln (1 - s)/c, so both ways of counting agree where they meet.
LogRatio graded_likelihood_ratio(const FourfoldStudy& study, double ln_evidence, double standard_error = 0);
// With the standard deviation of ln LR between `studies` added, each of them graded alike.
LogRatio graded_likelihood_ratio(const FourfoldStudy& study, double ln_evidence, double standard_error, std::span<const FourfoldStudy> studies);

// Adds the standard deviation of ln LR between `studies` (each attenuated alike) to the ratio's own standard
// error.
LogRatio with_between_study_spread(LogRatio ratio, std::span<const FourfoldStudy> studies, bool present,
                                   const FindingAccuracy& accuracy = {});

// Interval likelihood ratio of an NT-proBNP value: share of the diseased over share of the healthy whose
// value lies in the same band between neighbouring cut-offs. Its standard error is the spread of ln LR
// between the studies at 125 ng/L.
LogRatio nt_probnp_ratio(double nt_probnp_ng_l);

// Swollen ankles: Mant's ratio; its standard error is the spread of ln LR between general practice and emergency care.
LogRatio oedema_ratio(bool present);

struct Posterior {
  Interval probability;
  std::vector<double> weights_ln;  // per ratio, what entered the sum after capping and shrinking
};

// Prior odds times the ratios, one per independent cluster. Each ratio is capped to 0.1 .. 10; within each
// direction the largest counts in full and each further one x 0.6, because dependent findings exaggerate
// concordant evidence. The interval adds, on the log-odds scale and in quadrature, the prior's published
// range and 1.96 standard errors of every ratio. Value and limits are clamped to 1 .. 95 %. Uncalibrated
// engineering choices: see docs/evidence.md.
Posterior combine(const Interval& prior, std::span<const LogRatio> ratios);

}  // namespace precordia
