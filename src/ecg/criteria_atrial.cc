// The atria: their enlargement, and whether they fibrillate.
#include <cmath>

#include "ecg/judging.h"
#include "ecg/rhythm.h"

namespace precordia {
namespace {

constexpr const char* kNoP = "Not judged: there is no P wave to measure.";

Criterion long_p(const CriteriaInput& in) {
  const auto p = measured(in.findings, "p_ms");
  if (!p) return unknown(kLongP, in, kNoP);
  Criterion c = from(kLongP, in);
  c.value = *p;
  c.met = *p > *c.cutoff;
  return c;
}

Criterion right_atrial(const CriteriaInput& in) {
  std::optional<double> tallest;
  for (Lead lead : kInferior) {
    const auto p = amplitudes(in, lead).p_mv;
    if (p && (!tallest || *p > *tallest)) tallest = *p;
  }
  if (!tallest) return unknown(kRightAtrial, in, "Not judged: there is no P wave to measure in II, III or aVF.");
  Criterion c = from(kRightAtrial, in);
  c.value = *tallest;
  c.met = *tallest > *c.cutoff;
  return c;
}

}  // namespace

Criterion judge_p_terminal_force(const CriteriaInput& in) {
  const auto& v1 = amplitudes(in, Lead::kV1);
  if (!v1.p_terminal_mv || !v1.p_terminal_ms) {
    if (auto why = missing_leads(in, {Lead::kV1})) return unknown(kPTerminalForce, in, *why);
    return unknown(kPTerminalForce, in, "Not judged: there is no P wave to measure in V1.");
  }
  Criterion c = from(kPTerminalForce, in);
  c.value = *v1.p_terminal_mv * *v1.p_terminal_ms;
  c.met = *c.value <= *c.cutoff;
  return c;
}

std::vector<Criterion> judge_atria(const CriteriaInput& in) { return {long_p(in), right_atrial(in)}; }

Criterion judge_fibrillation(const CriteriaInput& in) {
  if (!in.fibrillation)
    return unknown(kAtrialFibrillation, in, "Not judged: too few beats follow each other.");
  if (in.findings.rhythm == Rhythm::kPaced)
    return unknown(kAtrialFibrillation, in, "Not judged: the rhythm is paced.");
  Criterion c = from(kAtrialFibrillation, in);
  c.value = *in.fibrillation;
  c.met = in.findings.rhythm == Rhythm::kIrregularWithoutP;
  return c;
}

}  // namespace precordia
