#include "ecg/rhythm.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "ecg/reference_values.h"

namespace precordia {
namespace {

constexpr double kAlike = 0.05;  // of the median RR
constexpr size_t kFewestBeats = 4;

bool ventricular(const ClassifiedBeat& b) { return b.beat_class == BeatClass::kVentricularEctopic; }
bool ectopic(const ClassifiedBeat& b) {
  return ventricular(b) || b.beat_class == BeatClass::kSupraventricularEctopic;
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + v.size() / 2, v.end());
  return v[v.size() / 2];
}

// Changes between successive intervals that both satisfy `keep` (by the index of the interval).
template <typename Keep>
std::vector<double> changes(const std::vector<double>& rr, Keep keep) {
  std::vector<double> out;
  for (size_t i = 1; i < rr.size(); ++i) {
    if (keep(i - 1) && keep(i)) out.push_back(std::fabs(rr[i] - rr[i - 1]));
  }
  return out;
}

// "bigeminy": every second beat is ventricular; "trigeminy": every third. At least three times over.
const char* regular_ectopy(const std::vector<ClassifiedBeat>& beats) {
  std::vector<size_t> at;
  for (size_t i = 0; i < beats.size(); ++i) {
    if (ventricular(beats[i])) at.push_back(i);
  }
  for (size_t period : {2, 3}) {
    size_t run = 1, longest = at.empty() ? 0 : 1;
    for (size_t k = 1; k < at.size(); ++k) {
      run = at[k] - at[k - 1] == period ? run + 1 : 1;
      longest = std::max(longest, run);
    }
    if (longest >= 3) return period == 2 ? "bigeminy" : "trigeminy";
  }
  return nullptr;
}

std::string ectopy_text(const std::vector<ClassifiedBeat>& beats) {
  const auto count = static_cast<int>(std::count_if(beats.begin(), beats.end(), ectopic));
  if (count == 0) return {};
  if (const char* pattern = regular_ectopy(beats)) return std::string(", ventricular ") + pattern;
  return count == 1 ? ", one ectopic beat" : format_text(", %d ectopic beats", count);
}

}  // namespace

std::optional<RrPattern> rr_pattern(const std::vector<ClassifiedBeat>& beats) {
  if (beats.size() < kFewestBeats) return std::nullopt;
  std::vector<double> rr, own;  // all intervals; those without a ventricular beat
  for (size_t i = 1; i < beats.size(); ++i) {
    rr.push_back(beats[i].r - beats[i - 1].r);
    if (!ventricular(beats[i]) && !ventricular(beats[i - 1])) own.push_back(rr.back());
  }
  auto plain = [&](size_t i) { return !ectopic(beats[i]) && !ectopic(beats[i + 1]); };
  auto not_ventricular = [&](size_t i) { return !ventricular(beats[i]) && !ventricular(beats[i + 1]); };
  std::vector<double> change = changes(rr, plain);
  if (change.size() < 3) change = changes(rr, not_ventricular);
  if (change.size() < 2) change = changes(rr, [](size_t) { return true; });
  if (own.size() < 4) own = rr;
  const double usual = median(own);
  if (usual <= 0) return std::nullopt;

  RrPattern out;
  double sum = 0;
  for (double c : change) sum += c;
  out.irregularity = 0.5 * (median(change) + sum / static_cast<double>(change.size())) / usual;
  int alike = 0, pairs = 0;
  for (size_t i = 0; i < own.size(); ++i) {
    for (size_t k = i + 1; k < own.size(); ++k, ++pairs) alike += std::fabs(own[i] - own[k]) < kAlike * usual;
  }
  out.similar = pairs ? static_cast<double>(alike) / pairs : 1;
  out.rate_bpm = 60 * kAnalysisRateHz / median(rr);
  return out;
}

double fibrillation_score(const RrPattern& rr, const AtrialActivity& atria) {
  constexpr FibrillationRule rule = kFibrillationRule;
  const double irregularity = std::clamp(rr.irregularity, 0.004, rule.irregularity_cap);
  const double logit = rule.intercept + rule.log_irregularity * std::log(irregularity) +
                       rule.p_coherence * std::max(0.0, atria.coherence) + rule.similar_rr * rr.similar +
                       rule.log_rate * std::log(rr.rate_bpm / 60) +
                       rule.log_p_mv * std::log(std::max(0.005, atria.peak_mv));
  return 1 / (1 + std::exp(-logit));
}

bool fibrillates(double score) { return score >= kFibrillationRule.call_from; }

RhythmCall name_rhythm(const RhythmInput& in) {
  if (in.paced) return {Rhythm::kPaced, "Pacemaker spikes before the QRS: paced rhythm suspected"};
  if (in.beats.size() < 3) return {Rhythm::kUnknown, "Too few beats to name the rhythm"};
  const std::string extra = ectopy_text(in.beats);
  if (in.fibrillation)
    return {Rhythm::kIrregularWithoutP,
            "Irregular rhythm without P waves: probable atrial fibrillation" + extra};
  const bool irregular = in.rr && in.rr->irregularity >= kIrregularFrom;
  const std::string regularity = irregular ? ", irregular" : ", regular";
  if (!in.atria.p_present) {
    return {Rhythm::kOther, (irregular ? "No P wave before the QRS, irregular: not sinus rhythm"
                                       : "No P wave before the QRS, regular rhythm: not sinus rhythm; atrial flutter "
                                         "or a rhythm from the AV node is possible") +
                                extra};
  }
  if (in.p_axis_deg && (*in.p_axis_deg < -45 || *in.p_axis_deg > 120))
    return {Rhythm::kOther, "P waves from outside the sinus node" + regularity + extra};
  const double rate = in.rate_bpm.value_or(0);
  const std::string name = rate > 0 && rate < 60 ? "Sinus bradycardia"
                           : rate > 100          ? "Sinus tachycardia"
                                                 : "Sinus rhythm";
  return {Rhythm::kSinus, name + regularity + extra};
}

}  // namespace precordia
