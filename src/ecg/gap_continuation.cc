#include "ecg/gap_continuation.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "ecg/analysis_signal.h"
#include "ecg/beat_classes.h"
#include "ecg/qrs_detection.h"

namespace precordia {
namespace {

constexpr double kNeedsIt = 0.4;          // share of missing samples; below it gaps are bridged (analysis_signal.cc)
constexpr double kWhole = 0.1;            // a lead that lacks no more than this gives the beats for all
constexpr double kShortestRunS = 1.8, kBridgedS = 0.2;
constexpr double kBeforeS = 0.25, kAfterS = 0.40;             // what a beat must have of itself to be repeated
constexpr double kLeastBeforeS = 0.12, kLeastAfterS = 0.25;   // or, where no beat has that
constexpr double kLevelFromS = 0.10, kLevelToS = 0.07;        // before the QRS: the level that beats are joined at
constexpr double kBlendS = 0.12;
constexpr double kSameBeatS = 0.25;

using Run = std::pair<int, int>;   // [from, to) in samples

// Stretches of a lead that are there, short gaps included.
std::vector<Run> runs_of(const std::vector<float>& lead, double rate_hz) {
  std::vector<Run> runs;
  const int n = static_cast<int>(lead.size()), bridged = static_cast<int>(kBridgedS * rate_hz);
  for (int i = 0; i < n; ++i) {
    if (!std::isfinite(lead[i])) continue;
    if (!runs.empty() && i - runs.back().second <= bridged)
      runs.back().second = i + 1;
    else
      runs.push_back({i, i + 1});
  }
  std::erase_if(runs, [&](const Run& run) { return run.second - run.first < kShortestRunS * rate_hz; });
  return runs;
}

double missing_share(const std::vector<float>& lead) {
  const auto missing = std::count_if(lead.begin(), lead.end(), [](float v) { return !std::isfinite(v); });
  return lead.empty() ? 1 : static_cast<double>(missing) / static_cast<double>(lead.size());
}

// Beats, in samples of the record, of the chosen leads between `from` and `to`.
std::vector<int> beats_in(const EcgRecord& record, const std::vector<int>& leads, Run stretch) {
  EcgRecord part;
  part.sample_rate_hz = record.sample_rate_hz;
  for (const int lead : leads) {
    const auto& mv = record.mv[lead];
    part.mv[lead].assign(mv.begin() + stretch.first, mv.begin() + stretch.second);
    part.origin[lead] = LeadOrigin::kRecorded;
  }
  std::array<LeadQuality, kLeadCount> quality;
  const AnalysisSignal signal = prepare_analysis(part, quality);
  std::vector<int> beats;
  for (const ClassifiedBeat& beat : classify_beats(signal, detect_qrs(signal)).beats)   // which also aligns them by their shape
    beats.push_back(stretch.first + static_cast<int>(std::lround(beat.r * record.sample_rate_hz / kAnalysisRateHz)));
  std::sort(beats.begin(), beats.end());
  return beats;
}

std::vector<int> all_beats(const EcgRecord& record, const std::array<std::vector<Run>, kLeadCount>& runs) {
  std::vector<int> whole;
  for (int lead = 0; lead < kLeadCount; ++lead)
    if (record.has(static_cast<Lead>(lead)) && missing_share(record.mv[lead]) <= kWhole) whole.push_back(lead);
  const int samples = static_cast<int>(record.sample_count());
  if (!whole.empty()) return beats_in(record, whole, {0, samples});

  // No lead runs through: the columns of the page one after the other, each with the leads that it has.
  std::vector<int> beats;
  std::vector<Run> columns;
  const int same = static_cast<int>(kBridgedS * record.sample_rate_hz);
  for (const auto& of_lead : runs) {
    for (const Run& run : of_lead) {
      const bool known = std::any_of(columns.begin(), columns.end(), [&](const Run& c) {
        return std::abs(c.first - run.first) <= same && std::abs(c.second - run.second) <= same;
      });
      if (!known) columns.push_back(run);
    }
  }
  for (const Run& column : columns) {
    std::vector<int> leads;
    for (int lead = 0; lead < kLeadCount; ++lead)
      for (const Run& run : runs[lead])
        if (run.first <= column.first + same && run.second >= column.second - same) leads.push_back(lead);
    for (const int beat : beats_in(record, leads, column)) beats.push_back(beat);
  }
  std::sort(beats.begin(), beats.end());
  std::vector<int> distinct;
  for (const int beat : beats)
    if (distinct.empty() || beat - distinct.back() > kSameBeatS * record.sample_rate_hz) distinct.push_back(beat);
  return distinct;
}

struct SourceBeat {
  int at;
  Run run;
  float level;   // just before its QRS
};

std::vector<SourceBeat> sources(const std::vector<float>& lead, const std::vector<Run>& runs, const std::vector<int>& beats, double rate_hz,
                                double before_s, double after_s) {
  std::vector<SourceBeat> out;
  for (const int beat : beats) {
    for (const Run& run : runs) {
      if (beat - before_s * rate_hz < run.first || beat + after_s * rate_hz >= run.second) continue;
      float sum = 0;
      int count = 0;
      const int from = beat - static_cast<int>(kLevelFromS * rate_hz), to = beat - static_cast<int>(kLevelToS * rate_hz);
      for (int i = from; i <= to; ++i)
        if (i >= run.first && std::isfinite(lead[i])) sum += lead[i], ++count;
      if (count > 0) out.push_back({beat, run, sum / static_cast<float>(count)});
    }
  }
  return out;
}

// Lead with short gaps bridged by straight lines inside its runs.
std::vector<float> bridged(std::vector<float> lead, const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    int last = run.first;
    for (int i = run.first; i < run.second; ++i) {
      if (!std::isfinite(lead[i])) continue;
      for (int k = last + 1; k < i; ++k)
        lead[k] = lead[last] + (lead[i] - lead[last]) * static_cast<float>(k - last) / static_cast<float>(i - last);
      last = i;
    }
  }
  return lead;
}

void continue_lead(std::vector<float>& lead, const std::vector<Run>& runs, const std::vector<int>& beats, const std::vector<SourceBeat>& own,
                   double rate_hz, std::vector<Run>& continued) {
  const int n = static_cast<int>(lead.size());
  float level = 0;
  for (const SourceBeat& beat : own) level += beat.level / static_cast<float>(own.size());
  size_t b = 0;
  const auto at = [&](int t) {
    // The change from one beat to the next lies at 60 % of the way, after T and before P.
    while (b + 1 < beats.size() && t >= beats[b] + 0.6 * (beats[b + 1] - beats[b])) ++b;
    while (b > 0 && t < beats[b - 1] + 0.6 * (beats[b] - beats[b - 1])) --b;
    const SourceBeat& source = own[b % own.size()];
    const int from = std::clamp(source.at + (t - beats[b]), source.run.first, source.run.second - 1);
    return lead[from] - source.level + level;
  };
  std::vector<float> out = lead;
  const int blend = std::max(1, static_cast<int>(kBlendS * rate_hz));
  int from = 0;
  for (size_t r = 0; r <= runs.size(); ++r) {
    const int to = r < runs.size() ? runs[r].first : n;
    if (to > from) {
      for (int t = from; t < to; ++t) out[t] = at(t);
      // No step where the recording begins or ends.
      const float start = from > 0 ? lead[from - 1] - out[from] : 0, end = to < n ? lead[to] - out[to - 1] : 0;
      for (int k = 0; k < std::min(blend, to - from); ++k) {
        const float share = 1 - static_cast<float>(k) / static_cast<float>(blend);
        out[from + k] += start * share;
        out[to - 1 - k] += end * share;
      }
      continued.push_back({from, to});
    }
    if (r < runs.size()) from = runs[r].second;
  }
  lead = std::move(out);
}

}  // namespace

bool ContinuedRecord::is_continued(int lead, int sample) const {
  return std::any_of(continued[lead].begin(), continued[lead].end(), [&](const Run& r) { return sample >= r.first && sample < r.second; });
}

std::optional<ContinuedRecord> continue_over_gaps(const EcgRecord& record) {
  const double rate = record.sample_rate_hz;
  if (!(rate >= 50) || !std::isfinite(rate)) return std::nullopt;
  std::array<std::vector<Run>, kLeadCount> runs;
  bool needed = false;
  for (int lead = 0; lead < kLeadCount; ++lead) {
    if (record.mv[lead].empty() || missing_share(record.mv[lead]) <= kNeedsIt) continue;
    runs[lead] = runs_of(record.mv[lead], rate);
    needed = needed || !runs[lead].empty();
  }
  if (!needed) return std::nullopt;
  const std::vector<int> beats = all_beats(record, runs);
  if (beats.empty()) return std::nullopt;

  ContinuedRecord out;
  out.record.sample_rate_hz = rate;
  out.record.mv = record.mv;
  out.record.origin = record.origin;
  bool any = false;
  for (int lead = 0; lead < kLeadCount; ++lead) {
    if (runs[lead].empty()) continue;
    std::vector<float> mv = bridged(record.mv[lead], runs[lead]);
    auto own = sources(mv, runs[lead], beats, rate, kBeforeS, kAfterS);
    if (own.empty()) own = sources(mv, runs[lead], beats, rate, kLeastBeforeS, kLeastAfterS);
    if (own.empty()) continue;
    out.missing_fraction[lead] = missing_share(record.mv[lead]);
    continue_lead(mv, runs[lead], beats, own, rate, out.continued[lead]);
    out.record.mv[lead] = std::move(mv);
    any = true;
  }
  if (!any) return std::nullopt;
  return out;
}

void forget_continued(const ContinuedRecord& continued, EcgFindings& findings) {
  double least = 1;
  int leads = 0;
  for (int lead = 0; lead < kLeadCount; ++lead) {
    if (continued.continued[lead].empty()) continue;
    ++leads;
    least = std::min(least, 1 - continued.missing_fraction[lead]);
    findings.quality[lead].missing_fraction = continued.missing_fraction[lead];
    for (Beat& beat : findings.beats) {
      BeatFiducials& f = beat.per_lead[lead];
      for (std::optional<int>* at : {&f.p_on, &f.p_peak, &f.p_off, &f.qrs_on, &f.r_peak, &f.qrs_off, &f.t_on, &f.t_peak, &f.t_off})
        if (*at && continued.is_continued(lead, **at)) *at = std::nullopt;
    }
  }
  const double seconds = static_cast<double>(continued.record.sample_count()) / continued.record.sample_rate_hz;
  findings.warnings.push_back(format_text("%d leads are there for a part of the %.1f s only (%.1f s at least): each is measured on its own beats.",
                                          leads, seconds, least * seconds));
}

}  // namespace precordia
