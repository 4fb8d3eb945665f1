// The measurement of one record, from samples to findings: the plan of the room in one function.
#include <algorithm>
#include <utility>
#include <cmath>

#include "base/text.h"
#include "ecg/amplitudes.h"
#include "ecg/analysis_signal.h"
#include "ecg/atrial_activity.h"
#include "ecg/beat_classes.h"
#include "ecg/beat_fiducials.h"
#include "ecg/criteria.h"
#include "ecg/delineation.h"
#include "ecg/delineation_network.h"
#include "ecg/ecg_findings.h"
#include "ecg/gap_continuation.h"
#include "ecg/intervals.h"
#include "ecg/lead_reversal.h"
#include "ecg/pacing.h"
#include "ecg/qrs_detection.h"
#include "ecg/reference_values.h"
#include "ecg/representative_beat.h"
#include "ecg/representative_delineation.h"
#include "ecg/rhythm.h"

namespace precordia {
namespace {

constexpr float kReadableCoherence =
    0.55f;  // mean similarity of the dominant beats under which they are noise
constexpr double kCoherentPWhenPaced = 0.60;
constexpr size_t kFewestBeatsToScreen = 3;
constexpr int kFewestLeadsToScreen = 10;

// Fiducials in samples of the record, from samples of the analysis; what falls outside is absent.
BeatFiducials at_record_rate(const BeatFiducials& f, double factor, int sample_count) {
  auto scale = [&](std::optional<int> v) -> std::optional<int> {
    if (!v) return std::nullopt;
    const int at = static_cast<int>(std::lround(*v * factor));
    if (at < 0 || at >= sample_count) return std::nullopt;
    return at;
  };
  return {scale(f.p_on),    scale(f.p_peak), scale(f.p_off),  scale(f.qrs_on), scale(f.r_peak),
          scale(f.qrs_off), scale(f.t_on),   scale(f.t_peak), scale(f.t_off)};
}

double largest_p_mv(const MedianBeat& beat, const DelineatedBeat& fiducials) {
  double largest = 0;
  for (int lead : beat.leads) {
    const BeatFiducials& f = fiducials.per_lead[lead];
    if (!f.p_on || !f.p_off || *f.p_on < 0 || *f.p_off >= beat.length || *f.p_off <= *f.p_on) continue;
    for (int i = *f.p_on; i <= *f.p_off; ++i) {
      const double line = beat.mv[lead][*f.p_on] + (beat.mv[lead][*f.p_off] - beat.mv[lead][*f.p_on]) *
                                                       static_cast<double>(i - *f.p_on) /
                                                       (*f.p_off - *f.p_on);
      largest = std::max(largest, std::fabs(beat.mv[lead][i] - line));
    }
  }
  return largest;
}

void drop_p(DelineatedBeat& beat) {
  auto drop = [](BeatFiducials& f) { f.p_on = f.p_peak = f.p_off = std::nullopt; };
  drop(beat.global);
  for (BeatFiducials& f : beat.per_lead) drop(f);
}

RepresentativeBeat at_record_rate(const MedianBeat& beat, const DelineatedBeat& fiducials, double rate_hz) {
  RepresentativeBeat out;
  const double factor = rate_hz / kAnalysisRateHz;
  const int length = static_cast<int>(std::floor((beat.length - 1) * factor)) + 1;
  out.beats_used = beat.beats_used;
  out.r_index = static_cast<int>(std::lround(beat.r_index * factor));
  for (int lead : beat.leads) {
    out.mv[lead].resize(length);
    for (int i = 0; i < length; ++i) {
      const double at = i / factor;
      const int k = std::min(static_cast<int>(at), beat.length - 1), next = std::min(k + 1, beat.length - 1);
      const float share = static_cast<float>(at - k);
      out.mv[lead][i] = beat.mv[lead][k] * (1 - share) + beat.mv[lead][next] * share;
    }
    out.per_lead[lead] = at_record_rate(fiducials.per_lead[lead], factor, length);
  }
  out.global = at_record_rate(fiducials.global, factor, length);
  return out;
}

std::string usable_lead_names(const EcgFindings& findings, bool usable) {
  std::string names;
  for (int lead = 0; lead < kLeadCount; ++lead) {
    if (findings.quality[lead].usable != usable) continue;
    if (!names.empty()) names += ", ";
    names += kLeadNames[lead];
  }
  return names;
}

// Heart beats look alike; what a detector finds in noise does not.
bool resembling(const BeatFamilies& families) {
  const size_t count = families.beats.size();
  if (count >= 5 && static_cast<size_t>(families.dominant_count) * 4 < count) return false;
  return families.dominant_count < 3 || families.coherence >= kReadableCoherence;
}

// One sentence per kind of problem, however many leads have it, and what to do about it.
void warn_of_problems(EcgFindings& findings) {
  constexpr std::pair<SignalProblem, const char*> kAdvice[] = {
      {SignalProblem::kMissing, "not measured: too many samples are missing."},
      {SignalProblem::kFlat, "flat: check the electrode and its cable."},
      {SignalProblem::kUnreadable,
       "too noisy to be measured: check the electrodes, let the person lie still, and check the unit of the file."},
      {SignalProblem::kClipped, "clipped at the end of the recorder's range: heights and ST level there are not judged."},
      {SignalProblem::kMains, "disturbed by the mains: move cables away from power leads; the mains filter clears the picture."},
      {SignalProblem::kNoise, "noisy: P waves and notches of the QRS there are not judged."},
      {SignalProblem::kWander, "wandering: the ST level there is not judged."}};
  for (const auto& [problem, advice] : kAdvice) {
    std::string names;
    int count = 0;
    for (int lead = 0; lead < kLeadCount; ++lead) {
      if (findings.quality[lead].problem != problem) continue;
      names += (count++ ? ", " : "") + std::string(kLeadNames[lead]);
    }
    if (count == kLeadCount) names = "All leads";
    if (count > 0) findings.warnings.push_back(names + (count == 1 ? " is " : " are ") + advice);
  }
}

// The tallest QRS over the leads, peak to peak; no heart gives less than 0.3 or more than 10 mV in every lead at once, but
// a wrong gain or unit does. [E]
constexpr double kSmallestTallestQrsMv = 0.3, kLargestQrsMv = 10;
std::optional<double> tallest_qrs_mv(const EcgFindings& findings) {
  std::optional<double> tallest;
  for (const LeadAmplitudes& a : findings.amplitudes) {
    if (!a.r_mv && !a.s_mv) continue;
    const double below = std::max(a.s_mv.value_or(0), a.q_mv.value_or(0));
    tallest = std::max(tallest.value_or(0), std::max(a.r_mv.value_or(0), a.r_prime_mv.value_or(0)) + below);
  }
  return tallest;
}

void judge_fitness(EcgFindings& findings, const AnalysisSignal& signal,
                   const std::vector<ClassifiedBeat>& beats, bool readable, const PacingSuspicion& pacing,
                   const ReversalSuspicions& reversals) {
  warn_of_problems(findings);
  auto block = [&](std::string why) {
    findings.warnings.push_back(why);
    findings.blocks_screening.push_back(std::move(why));
  };
  if (signal.leads.empty()) {
    block("No lead carries a usable signal: nothing can be measured.");
    return;
  }
  if (beats.empty()) {
    block(
        readable
            ? format_text("No heart beat was found in %.1f s: nothing can be measured.", signal.duration_s())
            : "The record is too noisy: the beats found do not resemble each other. Repeat the recording.");
    return;
  }
  if (beats.size() < kFewestBeatsToScreen) {
    block(format_text("Only %d beats in %.1f s: too short to be screened; record 10 s.",
                      static_cast<int>(beats.size()), signal.duration_s()));
  }
  if (static_cast<int>(signal.leads.size()) < kFewestLeadsToScreen) {
    block("Too few leads to be screened: " + usable_lead_names(findings, false) + " cannot be used.");
  }
  const auto tallest = tallest_qrs_mv(findings);
  if (tallest && (*tallest < kSmallestTallestQrsMv || *tallest > kLargestQrsMv)) {
    block(format_text("The tallest QRS is %.2g mV, which no heart gives: check the gain or the unit of the file.", *tallest));
  }
  for (const std::string& sentence : reversals.certain) block(sentence);
  for (const std::string& sentence : reversals.possible) findings.warnings.push_back(sentence);
  if (pacing.suspected)
    block(
        "Pacemaker spikes are suspected: a paced QRS is not the heart's own, so its shape says nothing about the "
        "heart muscle.");
  const auto rate = measured(findings, "heart_rate_bpm");
  if (rate && *rate > kFastestRateForScreening) {
    block(format_text(
        "Heart rate %.0f/min: over %.0f/min the findings are not reliable; repeat the recording at rest.",
        *rate, kFastestRateForScreening));
  }
}

}  // namespace

EcgFindings measure_ecg(const EcgRecord& record, const PersonForRanges& person) {
  return measure_ecg(record, person, built_in_delineation_network());
}

EcgFindings measure_ecg(const EcgRecord& record, const PersonForRanges& person,
                        const DelineationNetwork& network) {
  EcgFindings findings;
  findings.sample_rate_hz = record.sample_rate_hz;

  const std::optional<ContinuedRecord> continued = continue_over_gaps(record);
  AnalysisSignal signal = prepare_analysis(continued ? continued->record : record, findings.quality);
  const std::vector<int> spikes = find_spikes(signal, record.sample_rate_hz);
  if (spikes.size() >= 3) remove_spikes(signal, spikes);
  const QrsDetection detection = detect_qrs(signal);
  BeatFamilies families = classify_beats(signal, detection);
  const bool readable = resembling(families);
  if (!readable) families.beats.clear();
  std::vector<ClassifiedBeat>& beats = families.beats;

  const PacingSuspicion pacing = judge_pacing(spikes, beats);

  DelineatedMedian representative;
  if (!beats.empty()) {
    representative = delineate_representative(signal, beats);
    refine_boundaries(representative.fiducials, representative.beat, network);
  }
  MedianBeat& median = representative.beat;
  DelineatedBeat& fiducials = representative.fiducials;

  AtrialActivity atria;
  bool fibrillation = false;
  std::vector<DelineatedBeat> delineated;
  const std::optional<RrPattern> rr = rr_pattern(beats);
  std::optional<double> fibrillation_value;
  if (fiducials.global.qrs_on) {
    Traces traces;
    traces.mv = &signal.mv;
    traces.wavelet = &signal.wavelet;
    traces.leads = signal.leads;
    traces.sample_count = signal.sample_count;
    bridge_qrs(traces, qrs_extents(signal, beats, median, fiducials));
    if (fiducials.global.p_on) {
      atria = find_atrial_activity(traces, beats, *fiducials.global.p_on - median.r_index,
                                   *fiducials.global.p_off - median.r_index, largest_p_mv(median, fiducials));
    }
    if (rr) fibrillation_value = fibrillation_score(*rr, atria);
    fibrillation = !pacing.suspected && fibrillation_value && fibrillates(*fibrillation_value);
    if (fibrillation)
      atria.p_present = false;  // what repeats a little before irregular beats is not a P that leads them
    if (pacing.suspected && atria.coherence < kCoherentPWhenPaced)
      atria.p_present = false;  // a pacemaker repeats itself; so does what it leaves of the T before
    if (!atria.p_present) {
      drop_p(fiducials);
      atria.beat_match.assign(beats.size(), 0.0f);
    }
    delineated = delineate_beats(traces, beats, median, fiducials, atria);
  }
  if (pacing.suspected) {
    for (size_t b = 0; b < beats.size(); ++b) {
      if (pacing.spike_before[b]) beats[b].beat_class = BeatClass::kPaced;
    }
  }

  const double factor = record.sample_rate_hz / kAnalysisRateHz;
  const int record_samples = static_cast<int>(record.sample_count());
  for (size_t b = 0; b < beats.size(); ++b) {
    Beat beat;
    beat.beat_class = beats[b].beat_class;
    if (b < delineated.size()) {
      beat.global = at_record_rate(delineated[b].global, factor, record_samples);
      for (int lead : signal.leads)
        beat.per_lead[lead] = at_record_rate(delineated[b].per_lead[lead], factor, record_samples);
    }
    if (!beat.global.r_peak) {
      beat.global.r_peak =
          std::clamp(static_cast<int>(std::lround(beats[b].r * factor)), 0, std::max(0, record_samples - 1));
    }
    findings.beats.push_back(beat);
  }
  if (median.length > 0) findings.representative = at_record_rate(median, fiducials, record.sample_rate_hz);
  if (median.length > 0) findings.amplitudes = measure_amplitudes(median, fiducials, atria.p_present, findings.quality);

  // The rhythm's name needs the rate and the P axis; a missing PR needs the rhythm's name: measured first
  // without, then with it.
  IntervalInput intervals{beats, median, fiducials, atria, readable, Rhythm::kUnknown, person};
  findings.measurements = measure_intervals(intervals);
  const RhythmCall call = name_rhythm({beats, rr, atria, pacing.suspected, fibrillation,
                                       measured(findings, "heart_rate_bpm"), measured(findings, "p_axis_deg")});
  findings.rhythm = call.rhythm;
  findings.rhythm_text = call.text;
  intervals.rhythm = call.rhythm;
  findings.measurements = measure_intervals(intervals);

  findings.criteria = judge_criteria({findings, person, fibrillation_value});
  const ReversalSuspicions reversals =
      median.length > 0 ? suspected_reversals(findings, median, fiducials.global) : ReversalSuspicions{};
  judge_fitness(findings, signal, beats, readable, pacing, reversals);
  if (continued) forget_continued(*continued, findings);
  return findings;
}

}  // namespace precordia
