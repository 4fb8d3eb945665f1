#include "ecg/delineation.h"

#include <algorithm>
#include <cmath>

namespace precordia {
namespace {

// One wave's rule. `member`: the lowest share of the largest wavelet maximum at which a neighbouring maximum
// still belongs to the wave; `third`: the same for a third lobe of P and T. `onset` and `offset`: shares of
// the first and last maximum at which the wave begins and ends (Martinez 2004, tables I-II, as a start;
// adjusted on one half of LUDB, see docs/validation-ecg.md). `own_onset`, `own_offset`: how much of a lead's
// distance from the global instant is believed, up to `limit` samples.
struct WaveRule {
  int level;
  float member, third, onset, offset, own_onset, own_offset;
  int limit;
};
constexpr WaveRule kQrsRule{1, 0.08f, 0.08f, 0.08f, 0.11f, 0.40f, 0.60f, samples_of_ms(10)};
constexpr WaveRule kPRule{4, 0.25f, 0.55f, 0.68f, 0.86f, 0.53f, 0.65f, samples_of_ms(24)};
constexpr WaveRule kTRule{4, 0.23f, 0.58f, 0.37f, 0.41f, 0.80f, 0.65f, samples_of_ms(60)};

// Which of the leads' instants, sorted, is the global one: quantiles for onset and offset.
struct Consensus {
  double onset, offset;
};
constexpr Consensus kQrsConsensus{0.30, 0.46}, kPConsensus{0.25, 0.55}, kTConsensus{0.34, 0.50};

constexpr float kWeakLead =
    0.12f;  // a lead whose wave is smaller than this share of the strongest lead's follows the others

int clamp_index(int i, int n) { return std::clamp(i, 0, n - 1); }

struct WaveSpan {
  int on = 0, peak = 0, off = 0;
  float size = 0;  // largest modulus: how clearly the lead shows the wave
};

struct Extremum {
  int at;
  float value;
};

// Local maxima of |w| in [from, to).
std::vector<Extremum> modulus_maxima(const std::vector<float>& w, int from, int to) {
  std::vector<Extremum> maxima;
  const int n = static_cast<int>(w.size());
  from = std::max(1, from);
  to = std::min(n - 1, to);
  for (int i = from; i < to; ++i) {
    const float a = std::fabs(w[i]);
    if (a >= std::fabs(w[i - 1]) && a > std::fabs(w[i + 1]) && a > 0) maxima.push_back({i, w[i]});
  }
  return maxima;
}

// Walks from a maximum until |w| falls under `share` of it (or under the noise) or turns up again; +1 = to
// the right.
int walk_out(const std::vector<float>& w, int from, int direction, float share, int limit, float noise) {
  const float floor = std::max(std::fabs(w[from]) * share, std::min(noise, 0.5f * std::fabs(w[from])));
  const float turn =
      std::fabs(w[from]) * std::min(0.9f, share * 2.2f);  // a local minimum counts when it is low enough
  int i = from;
  while (i != limit) {
    const int next = i + direction;
    if (next < 0 || next >= static_cast<int>(w.size())) break;
    const float a = std::fabs(w[next]);
    if (a <= floor || (w[next] > 0) != (w[from] > 0)) return next;
    if (a > std::fabs(w[i]) && std::fabs(w[i]) < turn) return i;
    i = next;
  }
  return i;
}

// How large |w| grows by noise alone: the lower quartile of its maxima over stretches of 40 ms.
float noise_of(const std::vector<float>& w) {
  const int stretch = samples_of_ms(40);
  std::vector<float> largest;
  for (int from = 0; from + stretch <= static_cast<int>(w.size()); from += stretch) {
    float a = 0;
    for (int i = from; i < from + stretch; ++i) a = std::max(a, std::fabs(w[i]));
    largest.push_back(a);
  }
  if (largest.empty()) return 0;
  std::nth_element(largest.begin(), largest.begin() + largest.size() / 4, largest.end());
  return largest[largest.size() / 4];
}

// One wave in one lead, searched in [from, to) with its largest slope inside [core_from, core_to).
std::optional<WaveSpan> find_wave(const std::vector<float>& w, const WaveRule& rule, int from, int to,
                                  int core_from, int core_to, int longest_gap, float noise) {
  const std::vector<Extremum> maxima = modulus_maxima(w, from, to);
  int strongest = -1;
  for (size_t i = 0; i < maxima.size(); ++i) {
    if (maxima[i].at < core_from || maxima[i].at >= core_to) continue;
    if (strongest < 0 || std::fabs(maxima[i].value) > std::fabs(maxima[strongest].value))
      strongest = static_cast<int>(i);
  }
  if (strongest < 0) return std::nullopt;
  const float size = std::fabs(maxima[strongest].value);
  int first = strongest, last = strongest;
  if (rule.level <= 2) {  // QRS: every significant maximum belongs
    const float smallest = std::max(rule.member * size, 1.5f * noise);
    for (int i = strongest - 1; i >= 0; --i) {
      if (maxima[first].at - maxima[i].at > longest_gap) break;
      if (std::fabs(maxima[i].value) >= smallest) first = i;
    }
    for (int i = strongest + 1; i < static_cast<int>(maxima.size()); ++i) {
      if (maxima[i].at - maxima[last].at > longest_gap) break;
      if (std::fabs(maxima[i].value) >= smallest) last = i;
    }
  } else {  // P and T: two lobes of opposite sign make the wave, a third one when it is large
    auto opposite = [&](int direction) {
      int best = -1;
      for (int i = strongest + direction; i >= 0 && i < static_cast<int>(maxima.size()); i += direction) {
        if (std::abs(maxima[i].at - maxima[strongest].at) > longest_gap) break;
        const bool other_sign = (maxima[i].value > 0) != (maxima[strongest].value > 0);
        if (!other_sign) {
          if (best >= 0) break;  // the next lobe but one
          continue;
        }
        if (best < 0 || std::fabs(maxima[i].value) > std::fabs(maxima[best].value)) best = i;
      }
      return best;
    };
    const int before = opposite(-1), after = opposite(+1);
    auto height = [&](int i) { return i < 0 ? 0.0f : std::fabs(maxima[i].value) / size; };
    const bool mainly_before = height(before) > height(after);
    if (height(before) >= (mainly_before ? rule.member : rule.third)) first = before;
    if (height(after) >= (mainly_before ? rule.third : rule.member)) last = after;
  }
  WaveSpan span;
  span.size = size;
  span.on = walk_out(w, maxima[first].at, -1, rule.onset, std::max(0, from), noise);
  span.off = walk_out(w, maxima[last].at, +1, rule.offset, std::min<int>(w.size() - 1, to), noise);
  // The peak: the zero crossing between the strongest maximum and its stronger neighbour of the other sign.
  int partner = -1;
  for (int i = first; i <= last; ++i) {
    if ((maxima[i].value > 0) == (maxima[strongest].value > 0)) continue;
    if (partner < 0 || std::fabs(maxima[i].value) > std::fabs(maxima[partner].value)) partner = i;
  }
  span.peak = maxima[strongest].at;
  if (partner >= 0) {
    const int a = std::min(maxima[strongest].at, maxima[partner].at),
              b = std::max(maxima[strongest].at, maxima[partner].at);
    for (int i = a; i < b; ++i) {
      if ((w[i] > 0) != (w[i + 1] > 0)) {
        span.peak = i + 1;
        break;
      }
    }
  }
  return span;
}

// The instant at the given quantile of the leads, between neighbours by straight line.
std::optional<int> quantile_instant(std::vector<int> instants, double quantile) {
  if (instants.empty()) return std::nullopt;
  std::sort(instants.begin(), instants.end());
  const double at = quantile * static_cast<double>(instants.size() - 1);
  const size_t k = static_cast<size_t>(at), next = std::min(k + 1, instants.size() - 1);
  return static_cast<int>(
      std::lround(instants[k] + (at - static_cast<double>(k)) * (instants[next] - instants[k])));
}

using LeadSpans = std::array<std::optional<WaveSpan>, kLeadCount>;

struct GlobalSpan {
  int on, peak, off;
};

// Leads that show the wave clearly enough to have a say.
std::vector<int> speaking_leads(const LeadSpans& spans, const std::vector<int>& leads) {
  float strongest = 0;
  for (int lead : leads) {
    if (spans[lead]) strongest = std::max(strongest, spans[lead]->size);
  }
  std::vector<int> out;
  for (int lead : leads) {
    if (spans[lead] && spans[lead]->size >= kWeakLead * strongest) out.push_back(lead);
  }
  return out;
}

std::optional<GlobalSpan> agree(const LeadSpans& spans, const std::vector<int>& speaking,
                                const Consensus& consensus) {
  std::vector<int> on, peak, off;
  for (int lead : speaking) {
    on.push_back(spans[lead]->on);
    peak.push_back(spans[lead]->peak);
    off.push_back(spans[lead]->off);
  }
  const auto a = quantile_instant(on, consensus.onset), p = quantile_instant(peak, 0.5),
             b = quantile_instant(off, consensus.offset);
  if (!a || !p || !b) return std::nullopt;
  return GlobalSpan{*a, *p, *b};
}

// A lead's own instant, drawn towards the global one as far as the rule says.
int believed(int own, int global, float share, int limit) {
  return global +
         static_cast<int>(std::lround(share * static_cast<float>(std::clamp(own - global, -limit, limit))));
}

// Smoothed wavelet energy of all leads together, for finding roughly where a wave lies.
std::vector<float> joint_energy(const Traces& traces, int level, int from, int to, int smoothing) {
  std::vector<float> energy(std::max(0, to - from), 0.0f), smooth(energy.size());
  for (int lead : traces.leads) {
    const std::vector<float>& w = traces.without_qrs[lead][level];
    for (int i = from; i < to; ++i) energy[i - from] += w[i] * w[i];
  }
  const int n = static_cast<int>(energy.size()), half = smoothing / 2;
  double sum = 0;
  for (int i = -half; i < n; ++i) {
    if (i + half < n) sum += energy[i + half];
    if (i - half - 1 >= 0) sum -= energy[i - half - 1];
    if (i >= 0) smooth[i] = static_cast<float>(std::max(0.0, sum));
  }
  return smooth;
}

int strongest_sample(const std::vector<float>& energy) {
  return static_cast<int>(std::max_element(energy.begin(), energy.end()) - energy.begin());
}

}  // namespace

std::pair<int, int> rough_qrs_extent(const std::array<WaveletLevels, kLeadCount>& wavelet,
                                     const std::vector<int>& leads, int sample_count, int r) {
  const int from = std::max(0, r - samples_of_ms(140)), to = std::min(sample_count, r + samples_of_ms(180));
  if (to - from < 4)
    return {clamp_index(r - samples_of_ms(40), sample_count),
            clamp_index(r + samples_of_ms(50), sample_count)};
  std::vector<float> energy(to - from, 0.0f);
  for (int lead : leads) {
    const std::vector<float>& w = wavelet[lead][2];
    float largest = 1e-9f;
    for (int i = from; i < to; ++i) largest = std::max(largest, std::fabs(w[i]));
    for (int i = from; i < to; ++i) energy[i - from] += (w[i] / largest) * (w[i] / largest);
  }
  const int near_from = std::max(0, r - from - samples_of_ms(60)),
            near_to = std::min<int>(energy.size(), r - from + samples_of_ms(60));
  const int peak = static_cast<int>(std::max_element(energy.begin() + near_from, energy.begin() + near_to) -
                                    energy.begin());
  const float floor = 0.02f * energy[peak];  // 14 % of the peak in amplitude
  const int quiet = samples_of_ms(24);
  auto edge = [&](int direction) {
    int last = peak, silent = 0;
    for (int i = peak; i >= 0 && i < static_cast<int>(energy.size()); i += direction) {
      if (energy[i] > floor) {
        last = i;
        silent = 0;
      } else if (++silent > quiet) {
        break;
      }
    }
    return last + from;
  };
  return {edge(-1), edge(+1) + 1};
}

void bridge_qrs(Traces& traces, const std::vector<std::pair<int, int>>& extents) {
  std::vector<float> bridged;
  for (int lead : traces.leads) {
    bridged = (*traces.mv)[lead];
    const int n = static_cast<int>(bridged.size());
    for (const auto& [from, to] : extents) {
      const int a = clamp_index(from, n), b = clamp_index(to, n);
      for (int i = a + 1; i < b; ++i) {
        bridged[i] =
            bridged[a] + (bridged[b] - bridged[a]) * static_cast<float>(i - a) / static_cast<float>(b - a);
      }
    }
    traces.without_qrs[lead] = wavelet_transform(bridged);
  }
}

DelineatedBeat delineate(const Traces& traces, std::pair<int, int> extent, const SearchRange& range) {
  DelineatedBeat out;
  const int n = traces.sample_count;

  // QRS.
  LeadSpans qrs;
  for (int lead : traces.leads) {
    qrs[lead] = find_wave((*traces.wavelet)[lead][kQrsRule.level], kQrsRule, extent.first - samples_of_ms(30),
                          extent.second + samples_of_ms(40), extent.first - samples_of_ms(10),
                          extent.second + samples_of_ms(10), samples_of_ms(80),
                          noise_of((*traces.wavelet)[lead][kQrsRule.level]));
  }
  std::vector<int> speaking = speaking_leads(qrs, traces.leads);
  const auto global_qrs = agree(qrs, speaking, kQrsConsensus);
  if (!global_qrs) return out;
  out.global.qrs_on = global_qrs->on;
  out.global.qrs_off = global_qrs->off;
  out.global.r_peak = range.r;
  for (int lead : traces.leads) {
    BeatFiducials& f = out.per_lead[lead];
    const bool own = std::find(speaking.begin(), speaking.end(), lead) != speaking.end();
    f.qrs_on =
        own ? believed(qrs[lead]->on, global_qrs->on, kQrsRule.own_onset, kQrsRule.limit) : global_qrs->on;
    f.qrs_off = own ? believed(qrs[lead]->off, global_qrs->off, kQrsRule.own_offset, kQrsRule.limit)
                    : global_qrs->off;
    const std::vector<float>& mv = (*traces.mv)[lead];
    const float zero = mv[*f.qrs_on];
    int peak = *f.qrs_on;
    for (int i = *f.qrs_on; i <= std::min(*f.qrs_off, n - 1); ++i) {
      if (std::fabs(mv[i] - zero) > std::fabs(mv[peak] - zero)) peak = i;
    }
    f.r_peak = peak;
  }

  // T: its place from all leads together, its ends in each.
  const int rr_next = std::max(samples_of_ms(250), range.next_r - range.r);
  const int t_from = std::min(n - 1, global_qrs->off + samples_of_ms(30));
  const int t_core_to =
      std::min(n - 2, range.r + std::min(samples_of_ms(560), static_cast<int>(0.70 * rr_next)));
  const int t_to = std::min(n - 2, range.r + std::min(samples_of_ms(700), rr_next - samples_of_ms(60)));
  std::optional<GlobalSpan> global_t;
  if (t_core_to - t_from > samples_of_ms(60)) {
    const std::vector<float> energy =
        joint_energy(traces, kTRule.level, t_from, t_core_to, samples_of_ms(120));
    const int centre = t_from + strongest_sample(energy);
    LeadSpans t;
    for (int lead : traces.leads) {
      t[lead] = find_wave(traces.without_qrs[lead][kTRule.level], kTRule, t_from, t_to,
                          std::max(t_from, centre - samples_of_ms(110)),
                          std::min(t_to, centre + samples_of_ms(110)), samples_of_ms(160), 0);
    }
    speaking = speaking_leads(t, traces.leads);
    global_t = agree(t, speaking, kTConsensus);
    if (global_t) {
      out.global.t_on = global_t->on;
      out.global.t_peak = global_t->peak;
      out.global.t_off = global_t->off;
      for (int lead : traces.leads) {
        BeatFiducials& f = out.per_lead[lead];
        const bool own = std::find(speaking.begin(), speaking.end(), lead) != speaking.end();
        f.t_on = own ? believed(t[lead]->on, global_t->on, kTRule.own_onset, kTRule.limit) : global_t->on;
        f.t_peak = own ? t[lead]->peak : global_t->peak;
        f.t_off =
            own ? believed(t[lead]->off, global_t->off, kTRule.own_offset, kTRule.limit) : global_t->off;
      }
    }
  }

  // P: between the previous T and the QRS.
  if (!range.look_for_p) return out;
  const int rr_previous = std::max(samples_of_ms(250), range.r - range.previous_r);
  const int previous_t_off =
      global_t ? range.previous_r + std::min(global_t->off - range.r, static_cast<int>(0.62 * rr_previous))
               : range.previous_r + static_cast<int>(0.5 * rr_previous);
  const int p_from = std::max({1, previous_t_off, range.r - samples_of_ms(380)});
  const int p_to = global_qrs->on - samples_of_ms(4);
  if (p_to - p_from < samples_of_ms(60)) return out;
  const std::vector<float> energy = joint_energy(traces, kPRule.level, p_from, p_to, samples_of_ms(80));
  const int centre = p_from + strongest_sample(energy);
  LeadSpans p;
  for (int lead : traces.leads) {
    p[lead] = find_wave(traces.without_qrs[lead][kPRule.level], kPRule, p_from, p_to,
                        std::max(p_from, centre - samples_of_ms(60)),
                        std::min(p_to, centre + samples_of_ms(60)), samples_of_ms(80), 0);
  }
  speaking = speaking_leads(p, traces.leads);
  const auto global_p = agree(p, speaking, kPConsensus);
  if (!global_p) return out;
  out.global.p_on = global_p->on;
  out.global.p_peak = global_p->peak;
  out.global.p_off = std::min(global_p->off, global_qrs->on);
  for (int lead : traces.leads) {
    BeatFiducials& f = out.per_lead[lead];
    const bool own = std::find(speaking.begin(), speaking.end(), lead) != speaking.end();
    f.p_on = own ? believed(p[lead]->on, global_p->on, kPRule.own_onset, kPRule.limit) : global_p->on;
    f.p_peak = own ? p[lead]->peak : global_p->peak;
    f.p_off =
        std::min(own ? believed(p[lead]->off, global_p->off, kPRule.own_offset, kPRule.limit) : global_p->off,
                 global_qrs->on);
  }
  return out;
}

}  // namespace precordia
