#include "paper/lead_algebra.h"

#include <Eigen/Dense>

namespace precordia {
namespace {

using Signals = std::vector<std::vector<float>>;

struct Part {
  size_t stretch = 0;
  double factor = 1;
  long offset = 0;     // of this stretch's first sample within the relation's time
};

struct Relation {
  std::vector<Part> parts;   // the sum of factor * signal is constant
  size_t samples = 0;
  bool repeat = false;       // a lead and its repetition in a rhythm row
};

std::vector<Relation> relations_of(const LeadPlan& plan, const Signals& mv) {
  std::vector<Relation> found;
  const auto stretch_of = [&](Lead lead) -> int {
    for (size_t i = 0; i < plan.stretches.size(); ++i)
      if (plan.stretches[i].lead == lead && !plan.stretches[i].rhythm_row) return static_cast<int>(i);
    return -1;
  };
  const auto add = [&](std::initializer_list<std::pair<Lead, double>> terms) {
    Relation relation;
    relation.samples = SIZE_MAX;
    double start = -1;
    for (const auto& [lead, factor] : terms) {
      const int i = stretch_of(lead);
      if (i < 0) return;
      const double s = plan.stretches[static_cast<size_t>(i)].start_s;
      if (start >= 0 && std::abs(start - s) > 1e-6) return;
      start = s;
      relation.parts.push_back({static_cast<size_t>(i), factor, 0});
      relation.samples = std::min(relation.samples, mv[static_cast<size_t>(i)].size());
    }
    if (relation.samples > 200) found.push_back(std::move(relation));
  };
  for (size_t r = 0; r < plan.stretches.size(); ++r) {
    if (!plan.stretches[r].rhythm_row) continue;
    const int i = stretch_of(plan.stretches[r].lead);
    if (i < 0) continue;
    const long from = std::lround(plan.stretches[static_cast<size_t>(i)].start_s * kDigitisedRateHz);
    const long samples = std::min(static_cast<long>(mv[static_cast<size_t>(i)].size()), static_cast<long>(mv[r].size()) - from);
    if (samples > 200) found.push_back({{{static_cast<size_t>(i), 1, 0}, {r, -1, from}}, static_cast<size_t>(samples), true});
  }
  add({{Lead::kI, 1}, {Lead::kIII, 1}, {Lead::kII, -1}});
  add({{Lead::kAVR, 1}, {Lead::kAVL, 1}, {Lead::kAVF, 1}});
  add({{Lead::kAVL, 1}, {Lead::kAVR, -1}, {Lead::kI, -1.5}});
  add({{Lead::kII, 1}, {Lead::kIII, 1}, {Lead::kAVF, -2}});
  return found;
}

struct Misfit {
  std::vector<float> of;    // the weighted sum less its straight line; NaN where a part is missing
  double spread = 0, rms = 0;   // standard deviation, robust and plain
  double size = 0;          // rms of the parts, each less its mean
};

Misfit misfit_of(const Relation& relation, const Signals& mv) {
  Misfit m;
  m.of.assign(relation.samples, 0);
  std::vector<float> part;
  for (const Part& p : relation.parts) {
    double sum = 0, square = 0;
    int n = 0;
    for (size_t k = 0; k < relation.samples; ++k) {
      const float v = mv[p.stretch][k + static_cast<size_t>(p.offset)];
      m.of[k] += static_cast<float>(p.factor) * v;
      if (!std::isnan(v)) sum += v, square += static_cast<double>(v) * v, ++n;
    }
    if (n > 0) m.size += p.factor * p.factor * std::max(0.0, square / n - sum / n * sum / n) / static_cast<double>(relation.parts.size());
  }
  m.size = std::sqrt(m.size);
  // A straight line by reweighted least squares: zero lines and the tilt of the print.
  double a = 0, b = 0, scale = 1e9;
  std::vector<float> off;
  for (int round = 0; round < 5; ++round) {
    double s0 = 0, s1 = 0, s2 = 0, t0 = 0, t1 = 0;
    off.clear();
    for (size_t k = 0; k < relation.samples; ++k) {
      if (std::isnan(m.of[k])) continue;
      const double x = static_cast<double>(k) / static_cast<double>(relation.samples) - 0.5, d = m.of[k] - a - b * x;
      const double w = 1 / (1 + (d / scale) * (d / scale));
      s0 += w, s1 += w * x, s2 += w * x * x, t0 += w * m.of[k], t1 += w * x * m.of[k];
    }
    if (s0 < 1 || s0 * s2 - s1 * s1 < 1e-9) return m;
    b = (s0 * t1 - s1 * t0) / (s0 * s2 - s1 * s1);
    a = (t0 - b * s1) / s0;
    for (size_t k = 0; k < relation.samples; ++k)
      if (!std::isnan(m.of[k])) off.push_back(static_cast<float>(std::abs(m.of[k] - a - b * (static_cast<double>(k) / static_cast<double>(relation.samples) - 0.5))));
    scale = 1.5 * percentile(off, 0.5) + 1e-4;
  }
  m.spread = 1.48 * percentile(off, 0.5);
  for (const float d : off) m.rms += static_cast<double>(d) * d / static_cast<double>(off.size());
  m.rms = std::sqrt(m.rms);
  for (size_t k = 0; k < relation.samples; ++k) m.of[k] -= static_cast<float>(a + b * (static_cast<double>(k) / static_cast<double>(relation.samples) - 0.5));
  return m;
}

// Share of a course's length that lies on ink. `mv_at(k)` for samples [from, to) of the stretch.
template <typename MvAt>
double on_ink(const FlatPage& page, const LeadPlan& plan, const LeadStretch& stretch, long from, long to, MvAt mv_at) {
  const double px_per_sample = plan.mm_per_s * page.px_per_mm / kDigitisedRateHz, px_per_mv = (stretch.inverted ? -1 : 1) * page.px_per_mm * plan.mm_per_mv;
  const int tolerance = std::max(1, static_cast<int>(std::lround(std::max(0.12 * page.px_per_mm, 0.7 * page.image_px))));
  double covered = 0, length = 0, before = std::nan("");
  for (long k = from; k < to; ++k) {
    const double v = mv_at(k);
    if (std::isnan(v)) continue;
    const int x = static_cast<int>(std::lround(stretch.begin_px + stretch.place_of(static_cast<size_t>(std::max(0l, k))) * px_per_sample));
    const double y = stretch.zero_at(x) - v * px_per_mv;
    if (x < 0 || x >= page.ink.width) continue;
    const int top = static_cast<int>(std::lround(std::isnan(before) ? y : std::min(y, before))), bottom = static_cast<int>(std::lround(std::isnan(before) ? y : std::max(y, before)));
    double here = 0;
    for (int r = top; r <= bottom; ++r) {
      float most = 0;
      for (int d = -tolerance; d <= tolerance; ++d)
        if (r + d >= 0 && r + d < page.ink.height) most = std::max(most, page.ink.at(x, r + d));
      here += most > 0.35f;
    }
    const double share = here / (bottom - top + 1), step = px_per_sample + (bottom - top);
    covered += share * step, length += step;
    before = y;
  }
  return length > 0 ? covered / length : 0;
}

// The signal and its slope per sample, smoothed by a Gaussian of `sigma` samples; NaN where less than half of its weight is known.
struct Smoothed { std::vector<float> value, slope; };
Smoothed smoothed(const std::vector<float>& signal, double sigma) {
  const long n = static_cast<long>(signal.size()), reach = std::lround(2.5 * sigma);
  std::vector<float> kernel;
  for (long d = -reach; d <= reach; ++d) kernel.push_back(static_cast<float>(std::exp(-0.5 * static_cast<double>(d * d) / (sigma * sigma))));
  Smoothed out{std::vector<float>(signal.size(), std::nanf("")), std::vector<float>(signal.size(), 0)};
  for (long k = 0; k < n; ++k) {
    float sum = 0, weight = 0, all = 0;
    for (long d = -reach; d <= reach; ++d) {
      all += kernel[static_cast<size_t>(d + reach)];
      if (k + d < 0 || k + d >= n || std::isnan(signal[static_cast<size_t>(k + d)])) continue;
      sum += kernel[static_cast<size_t>(d + reach)] * signal[static_cast<size_t>(k + d)], weight += kernel[static_cast<size_t>(d + reach)];
    }
    if (weight > 0.5f * all) out.value[static_cast<size_t>(k)] = sum / weight;
  }
  for (long k = 1; k + 1 < n; ++k) {
    const float d = 0.5f * (out.value[static_cast<size_t>(k + 1)] - out.value[static_cast<size_t>(k - 1)]);
    if (!std::isnan(d)) out.slope[static_cast<size_t>(k)] = d;
  }
  return out;
}

float read_at(const std::vector<float>& v, double at) {
  if (!(at >= 0 && at <= static_cast<double>(v.size()) - 1)) return std::nanf("");
  const size_t i = static_cast<size_t>(at), j = std::min(i + 1, v.size() - 1);
  const float a = static_cast<float>(at - static_cast<double>(i));
  return a == 0 ? v[i] : (1 - a) * v[i] + a * v[j];
}

// As read_at, by a cubic where its four points are known.
float read_cubic_at(const std::vector<float>& v, double at) {
  const float linear = read_at(v, at);
  const size_t i = static_cast<size_t>(std::max(at, 0.0));
  if (std::isnan(linear) || i < 1 || i + 2 >= v.size() || std::isnan(v[i - 1]) || std::isnan(v[i + 2])) return linear;
  const float a = static_cast<float>(at - static_cast<double>(i)), p = v[i - 1], q = v[i + 2], y0 = v[i], y1 = v[i + 1];
  return y0 + 0.5f * a * (y1 - p + a * (2 * p - 5 * y0 + 4 * y1 - q + a * (3 * (y0 - y1) + q - p)));
}

constexpr double kKnotSamples = 0.5 * kDigitisedRateHz;   // of the bending of time
constexpr double kMostMoved = 0.06 * kDigitisedRateHz;

double bent(const Eigen::VectorXd& knots, double at) {
  const double u = std::clamp(at / kKnotSamples, 0.0, static_cast<double>(knots.size() - 1));
  const auto i = std::min(static_cast<Eigen::Index>(u), knots.size() - 2);
  return knots[i] + (u - static_cast<double>(i)) * (knots[i + 1] - knots[i]);
}

// Bends the time of the stretches that `relations` name; the others stay. What moves all leads of one moment alike the relations cannot tell:
// their mean stays. Returns the knots, per stretch, empty where nothing is named.
std::vector<Eigen::VectorXd> bend_times(const LeadPlan& plan, const std::vector<Relation>& relations, const Signals& mv, double usual_s) {
  // Unknowns: the knots of every stretch that a relation names, one after the other.
  std::vector<Eigen::Index> first(mv.size(), -1);
  std::vector<Eigen::VectorXd> knots(mv.size());
  Eigen::Index unknowns = 0;
  const double usual = usual_s * kDigitisedRateHz, usual_bend = 0.8 * usual;   // what flattening leaves, and what it changes by between knots
  for (const Relation& relation : relations)
    for (const Part& p : relation.parts)
      if (first[p.stretch] < 0) {
        first[p.stretch] = unknowns;
        knots[p.stretch] = Eigen::VectorXd::Zero(std::max<Eigen::Index>(2, static_cast<Eigen::Index>(std::ceil(static_cast<double>(mv[p.stretch].size()) / kKnotSamples)) + 1));
        unknowns += knots[p.stretch].size();
      }
  if (unknowns == 0 || unknowns > 400) return knots;

  for (const double sigma_s : {0.024, 0.012, 0.006}) {
    std::vector<Smoothed> level(mv.size());
    for (size_t s = 0; s < mv.size(); ++s)
      if (first[s] >= 0) level[s] = smoothed(mv[s], sigma_s * kDigitisedRateHz);
    for (int round = 0; round < 5; ++round) {
      Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(unknowns, unknowns);
      Eigen::VectorXd right = Eigen::VectorXd::Zero(unknowns);
      for (size_t r = 0; r < relations.size(); ++r) {
        const Relation& relation = relations[r];
        Signals now(mv.size());
        for (const Part& p : relation.parts) {
          now[p.stretch].resize(mv[p.stretch].size());
          for (size_t k = 0; k < now[p.stretch].size(); ++k)
            now[p.stretch][k] = read_at(level[p.stretch].value, static_cast<double>(k) + bent(knots[p.stretch], static_cast<double>(k)));
        }
        const Misfit misfit = misfit_of(relation, now);
        // A rhythm row that is no repetition of the moment says nothing about it.
        if (!(misfit.size > 0) || (relation.repeat && misfit.rms > 0.7 * misfit.size)) continue;
        const double noise = std::max({0.01, misfit.spread, 0.06 * misfit.size}), far = (sigma_s > 0.01 ? 0.6 : 0.3) * misfit.size + 3 * noise;
        std::array<std::pair<Eigen::Index, double>, 6> terms;
        for (size_t k = 0; k < relation.samples; ++k) {
          if (std::isnan(misfit.of[k])) continue;
          size_t count = 0;
          for (const Part& p : relation.parts) {
            const double own = static_cast<double>(k) + static_cast<double>(p.offset);
            const double slope = p.factor * read_at(level[p.stretch].slope, std::clamp(own + bent(knots[p.stretch], own), 0.0, static_cast<double>(mv[p.stretch].size() - 1)));
            const double u = own / kKnotSamples;
            const auto i = std::min(static_cast<Eigen::Index>(u), knots[p.stretch].size() - 2);
            const double a = u - static_cast<double>(i);
            terms[count++] = {first[p.stretch] + i, slope * (1 - a)};
            terms[count++] = {first[p.stretch] + i + 1, slope * a};
          }
          const double d = misfit.of[k] / far, w = (relation.repeat ? 0.5 : 1) / (1 + d * d) / (5 * noise * noise);   // neighbouring samples are of one stroke
          for (size_t i = 0; i < count; ++i) {
            right[terms[i].first] -= w * terms[i].second * misfit.of[k];
            for (size_t j = 0; j < count; ++j) normal(terms[i].first, terms[j].first) += w * terms[i].second * terms[j].second;
          }
        }
      }
      for (size_t s = 0; s < mv.size(); ++s) {
        if (first[s] < 0) continue;
        for (Eigen::Index i = 0; i < knots[s].size(); ++i) {
          const Eigen::Index at = first[s] + i;
          normal(at, at) += 1 / (usual * usual);
          right[at] -= knots[s][i] / (usual * usual);
          if (i == 0) continue;
          const double bend = knots[s][i] - knots[s][i - 1], w = 1 / (usual_bend * usual_bend);
          normal(at, at) += w, normal(at - 1, at - 1) += w;
          normal(at, at - 1) -= w, normal(at - 1, at) -= w;
          right[at] -= w * bend, right[at - 1] += w * bend;
        }
      }
      for (size_t s = 0; s < mv.size(); ++s) {
        if (first[s] < 0 || plan.stretches[s].rhythm_row) continue;
        std::vector<size_t> alike;   // of the same moment, s the first of them
        for (size_t o = 0; o < mv.size(); ++o)
          if (first[o] >= 0 && !plan.stretches[o].rhythm_row && std::abs(plan.stretches[o].start_s - plan.stretches[s].start_s) < 1e-6) alike.push_back(o);
        if (alike.front() != s) continue;
        for (Eigen::Index i = 0; i < knots[s].size(); ++i) {
          double mean = 0;
          std::erase_if(alike, [&](size_t o) { return knots[o].size() <= i; });
          for (const size_t o : alike) mean += knots[o][i] / static_cast<double>(alike.size());
          const double w = 1 / (0.02 * usual * usual * static_cast<double>(alike.size()));
          for (const size_t a : alike) {
            right[first[a] + i] -= w * mean;
            for (const size_t b : alike) normal(first[a] + i, first[b] + i) += w / static_cast<double>(alike.size());
          }
        }
      }
      const Eigen::VectorXd step = normal.ldlt().solve(right);
      for (size_t s = 0; s < mv.size(); ++s)
        if (first[s] >= 0)
          for (Eigen::Index i = 0; i < knots[s].size(); ++i)
            knots[s][i] = std::clamp(knots[s][i] + std::clamp(step[first[s] + i], -8.0, 8.0), -kMostMoved, kMostMoved);
      if (step.cwiseAbs().maxCoeff() < 0.05) break;
    }
  }
  return knots;
}

}  // namespace

void align_by_algebra(LeadPlan& plan, Signals& mv, Signals& confidence) {
  const std::vector<Relation> all = relations_of(plan, mv);
  // Relations that share a stretch stand or fall together. Where they do not all gain, those of one moment are tried without the rhythm rows.
  std::vector<int> group(all.size(), -1);
  for (size_t i = 0; i < all.size(); ++i) group[i] = static_cast<int>(i);
  for (size_t round = 0; round < all.size(); ++round)
    for (size_t i = 0; i < all.size(); ++i)
      for (size_t j = 0; j < all.size(); ++j)
        for (const Part& p : all[i].parts)
          for (const Part& q : all[j].parts)
            if (p.stretch == q.stretch) group[i] = group[j] = std::min(group[i], group[j]);
  for (size_t g = 0; g < all.size(); ++g) {
    std::vector<Relation> together, moments;
    for (size_t i = 0; i < all.size(); ++i)
      if (group[i] == static_cast<int>(g)) {
        together.push_back(all[i]);
        if (!all[i].repeat) moments.push_back(all[i]);
      }
    for (const std::vector<Relation>* choice : {&together, &moments}) {
      const std::vector<Relation>& tried = *choice;
      if (tried.empty() || (choice == &moments && moments.size() == together.size())) continue;
      double worst = 0;
      for (const Relation& relation : tried) {
        const Misfit misfit = misfit_of(relation, mv);
        worst = std::max(worst, misfit.rms / std::max(1e-9, misfit.size));
      }
      const std::vector<Eigen::VectorXd> knots = bend_times(plan, tried, mv, worst > 0.5 ? 0.03 : 0.012);
      Signals bent_mv = mv;
      for (size_t s = 0; s < mv.size(); ++s)
        for (size_t k = 0; k < mv[s].size() && knots[s].size() > 0; ++k)
          if (!std::isnan(mv[s][k])) bent_mv[s][k] = read_cubic_at(mv[s], static_cast<double>(k) + bent(knots[s], static_cast<double>(k)));
      double gain = 0;   // what is within a tenth is within what reading is off by: bending it would only fit that
      bool none_lost = true;
      for (const Relation& relation : tried) {
        const Misfit before = misfit_of(relation, mv), after = misfit_of(relation, bent_mv);
        if (before.rms > 0.1 * before.size) gain = std::max(gain, 1 - after.rms / before.rms);
        none_lost &= after.rms < 1.03 * before.rms && (relation.repeat ? after.rms < 0.5 * after.size : after.rms < 0.2 * after.size || after.rms < 0.45 * before.rms);   // a record may break the equation itself, a row repeat no lead
      }
      if (!none_lost || gain < 0.3) continue;
      for (size_t s = 0; s < mv.size(); ++s) {
        if (knots[s].size() == 0) continue;
        LeadStretch& stretch = plan.stretches[s];
        stretch.moved.resize(mv[s].size());
        std::vector<float> sure(mv[s].size());
        for (size_t k = 0; k < mv[s].size(); ++k) {
          stretch.moved[k] = static_cast<float>(bent(knots[s], static_cast<double>(k)));
          sure[k] = read_at(confidence[s], std::clamp(stretch.place_of(k), 0.0, static_cast<double>(mv[s].size() - 1)));
        }
        mv[s] = std::move(bent_mv[s]);
        confidence[s] = std::move(sure);
      }
      break;
    }
  }
}

int reread_by_algebra(const FlatPage& page, const LeadPlan& plan, Signals& mv, Signals& confidence) {
  int moved = 0;
  for (const Relation& relation : relations_of(plan, mv)) {
    const Misfit misfit = misfit_of(relation, mv);
    if (!(misfit.spread < 0.25 * misfit.size)) continue;   // the page does not follow the equation
    const float far = static_cast<float>(std::max(4 * misfit.spread, 0.5 / plan.mm_per_mv));
    const long n = static_cast<long>(relation.samples), reach = 5;
    struct Place { long from, to; double energy; };
    std::vector<Place> places;
    double energy = 0;
    for (long k = 0; k < n; ++k)
      if (!std::isnan(misfit.of[k])) energy += static_cast<double>(misfit.of[k]) * misfit.of[k];
    for (long k = 0; k < n; ++k) {
      if (!(std::abs(misfit.of[k]) > far)) continue;
      long from = k, to = k + 1;
      for (long j = k + 1; j < std::min(n, to + 2 * reach); ++j)
        if (std::abs(misfit.of[j]) > far) to = j + 1;
      k = to;
      Place place{std::max(0l, from - reach), std::min(n, to + reach), 0};
      for (long j = place.from; j < place.to; ++j)
        if (!std::isnan(misfit.of[j])) place.energy += static_cast<double>(misfit.of[j]) * misfit.of[j];
      if (place.to - place.from <= 250) places.push_back(place);
    }
    // A name misleads at one place or two; a record that breaks the equation does so at every beat.
    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.energy > b.energy; });
    for (size_t i = 0; i < std::min<size_t>(2, places.size()); ++i) energy -= places[i].energy;
    if (energy > 0.06 * misfit.size * misfit.size * static_cast<double>(n)) continue;
    for (const auto& [from, to, unused] : places) {
      double best = 0, second = 0;
      const Part* misled = nullptr;
      for (const Part& p : relation.parts) {
        const double share = on_ink(page, plan, plan.stretches[p.stretch], from + p.offset, to + p.offset, [&](long at) {
          return mv[p.stretch][static_cast<size_t>(at)] - misfit.of[static_cast<size_t>(at - p.offset)] / p.factor;
        });
        if (share > best) second = best, best = share, misled = &p;
        else second = std::max(second, share);
      }
      // Names stand in the first centimetre and a half; elsewhere the ink has to leave no doubt.
      const bool named = static_cast<double>(to) / kDigitisedRateHz * plan.mm_per_s < 16;
      if (!misled || best < (named ? 0.85 : 0.95) || best - second < (named ? 0.1 : 0.3)) continue;
      for (long j = from; j < to; ++j) {
        if (std::isnan(misfit.of[j])) continue;
        const size_t at = static_cast<size_t>(j + misled->offset);
        mv[misled->stretch][at] -= static_cast<float>(misfit.of[j] / misled->factor);
        confidence[misled->stretch][at] = std::min(confidence[misled->stretch][at], 0.5f);
        ++moved;
      }
    }
  }
  return moved;
}

void spread_residuals(const FlatPage& page, const LeadPlan& plan, Signals& mv) {
  // What reading a lead is off by: what a lead and its repetition differ by, or about a third of a pixel of the picture.
  const std::vector<Relation> relations = relations_of(plan, mv);
  const double pixel = page.image_px / (page.px_per_mm * plan.mm_per_mv);
  double usual = 0.35 * pixel;
  for (const Relation& relation : relations)
    if (relation.repeat) usual = std::clamp(misfit_of(relation, mv).spread / std::sqrt(2.0), usual, pixel);
  for (const Relation& relation : relations) {
    if (relation.repeat) continue;
    double squares = 0;
    for (const Part& p : relation.parts) squares += p.factor * p.factor;
    const Misfit misfit = misfit_of(relation, mv);
    if (misfit.spread > 2.5 * std::sqrt(squares) * usual || misfit.rms > 0.32 * misfit.size) continue;
    const double most = 12 * misfit.spread;
    for (size_t k = 0; k < relation.samples; ++k) {
      if (std::isnan(misfit.of[k])) continue;
      for (const Part& p : relation.parts)
        mv[p.stretch][k + static_cast<size_t>(p.offset)] -= static_cast<float>(p.factor * std::clamp<double>(misfit.of[k], -most, most) / squares);
    }
  }
}

}  // namespace precordia
