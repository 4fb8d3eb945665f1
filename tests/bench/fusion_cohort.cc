// Calibration and decision curves of the answer on simulated cohorts that are built from published prevalences and likelihoods.
// No person is in it: it shows what the arithmetic does when its inputs are as published, and what happens when findings
// depend on each other or the prevalence is another one. Prints Markdown; with a path, writes the curves as SVG.
//
//   ninja -C build/native fusion_cohort && build/native/fusion_cohort docs/fusion-cohorts.svg
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "fusion/combine.h"
#include "fusion/literature.h"
#include "fusion/screening.h"

using namespace precordia;

namespace {

constexpr double kSensitivity = 0.90, kSpecificity = 0.78;  // of the network's composite (model card)
constexpr int kPeople = 20000;

struct Person {
  bool lvsd, major, infarction, fast, wide;
};

// Findings of one class share a normal factor with weight sqrt(rho): rho = 0 is conditional independence.
std::vector<Person> cohort(double prevalence, double rho, unsigned seed, int people = kPeople) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  const auto cut = [&](double share) {  // inverse normal by bisection
    double low = -8, high = 8;
    for (int i = 0; i < 60; ++i) {
      const double middle = (low + high) / 2;
      (0.5 * std::erfc(-middle / std::sqrt(2.0)) < share ? low : high) = middle;
    }
    return low;
  };
  const auto at = [&](const FourfoldStudy& s, bool diseased) { return diseased ? s.true_positives / s.diseased : s.false_positives / s.healthy; };
  double cuts[3][2];
  for (int d = 0; d < 2; ++d) {
    cuts[0][d] = cut(at(davie_major_ecg(), d));
    cuts[1][d] = cut(at(nielsen_prior_infarction(), d));
    cuts[2][d] = cut(at(nielsen_rate_over_diastolic(), d));
  }
  std::vector<Person> out;
  for (int i = 0; i < people; ++i) {
    Person p{};
    p.lvsd = uniform(random) < prevalence;
    const double shared = normal(random);
    const auto has = [&](int which) { return std::sqrt(rho) * shared + std::sqrt(1 - rho) * normal(random) < cuts[which][p.lvsd]; };
    const bool truly = has(0);
    p.major = uniform(random) < (truly ? kSensitivity : 1 - kSpecificity);
    p.infarction = has(1);
    p.fast = has(2);
    out.push_back(p);
  }
  return out;
}

EcgFindings findings_of(const Person& p) {
  EcgFindings findings;
  findings.sample_rate_hz = 500;
  findings.beats.resize(10);
  findings.rhythm = Rhythm::kSinus;
  for (const auto& [id, value] : {std::pair("heart_rate_bpm", p.fast ? 90.0 : 60.0), std::pair("qrs_ms", 90.0)}) {
    Measurement m;
    m.id = id;
    m.value = value;
    findings.measurements.push_back(m);
  }
  return findings;
}

// The product as the product is: screen(), from profile to probability.
double late(const Person& p) {
  ClinicalProfile profile;
  profile.age_years = 66;
  profile.symptoms = Symptoms::kSuspectedHeartFailure;
  profile.prior_infarction = p.infarction;
  profile.diastolic_mmhg = 75;
  EcgNetFindings net;
  net.model_id = "cohort";
  NetComposite one;
  one.id = "major_abnormal";
  one.probability = p.major ? 0.9 : 0.1;
  one.threshold = 0.5;
  one.sensitivity = kSensitivity;
  one.specificity = kSpecificity;
  one.members = {"superclass/MI"};
  net.composites = {one};
  NetOutput output;
  output.id = "superclass/MI";
  output.probability = one.probability;
  net.outputs = {output};
  const EcgFindings findings = findings_of(p);
  static const EcgRecord record;
  return *screen(profile, record, &findings, &net).probability;
}

// Every ratio in full, nothing capped or shrunk: what the rules of docs/evidence.md guard against.
double naive(const Person& p) {
  const double ln = likelihood_ratio(davie_major_ecg(), p.major, {kSensitivity, kSpecificity}).ln + likelihood_ratio(nielsen_prior_infarction(), p.infarction).ln +
                    likelihood_ratio(nielsen_rate_over_diastolic(), p.fast).ln;
  return probability_of(logit(prior_gp_echo_referral().probability) + ln);
}

// Early fusion: one logistic model on all inputs, fitted by Newton's method on a cohort of its own.
struct Logistic {
  double w[4] = {};
  static void inputs(const Person& p, double* x) { x[0] = 1, x[1] = p.major, x[2] = p.infarction, x[3] = p.fast; }
  double operator()(const Person& p) const {
    double x[4], z = 0;
    inputs(p, x);
    for (int i = 0; i < 4; ++i) z += w[i] * x[i];
    return probability_of(z);
  }
  void fit(const std::vector<Person>& people) {
    for (int step = 0; step < 25; ++step) {
      double g[4] = {}, h[4][5] = {};
      for (const Person& p : people) {
        double x[4];
        inputs(p, x);
        const double q = (*this)(p);
        for (int i = 0; i < 4; ++i) {
          g[i] += (p.lvsd - q) * x[i];
          for (int j = 0; j < 4; ++j) h[i][j] += q * (1 - q) * x[i] * x[j];
        }
      }
      for (int i = 0; i < 4; ++i) h[i][i] += 1e-3, h[i][4] = g[i];
      for (int i = 0; i < 4; ++i)
        for (int r = 0; r < 4; ++r)
          if (r != i) {
            const double f = h[r][i] / h[i][i];
            for (int c = i; c < 5; ++c) h[r][c] -= f * h[i][c];
          }
      for (int i = 0; i < 4; ++i) w[i] += h[i][4] / h[i][i];
    }
  }
};

struct Scores {
  double mean, observed, slope, intercept, brier, auc, benefit[3];
};
constexpr double kThresholds[3] = {0.05, 0.10, 0.20};

Scores scores_of(const std::vector<Person>& people, const std::vector<double>& p) {
  Scores s{};
  const double n = static_cast<double>(people.size());
  for (size_t i = 0; i < p.size(); ++i) {
    s.mean += p[i] / n;
    s.observed += people[i].lvsd / n;
    s.brier += std::pow(p[i] - people[i].lvsd, 2) / n;
    for (int t = 0; t < 3; ++t)
      if (p[i] >= kThresholds[t]) s.benefit[t] += (people[i].lvsd ? 1 : -kThresholds[t] / (1 - kThresholds[t])) / n;
  }
  // Calibration: logit(y) = a + b logit(p) by Newton.
  double a = 0, b = 1;
  for (int step = 0; step < 30; ++step) {
    double ga = 0, gb = 0, haa = 1e-9, hab = 0, hbb = 1e-9;
    for (size_t i = 0; i < p.size(); ++i) {
      const double x = logit(std::clamp(p[i], 1e-4, 1 - 1e-4)), q = probability_of(a + b * x), r = people[i].lvsd - q, v = q * (1 - q);
      ga += r, gb += r * x, haa += v, hab += v * x, hbb += v * x * x;
    }
    const double det = haa * hbb - hab * hab;
    a += (hbb * ga - hab * gb) / det;
    b += (haa * gb - hab * ga) / det;
  }
  s.intercept = a, s.slope = b;
  std::vector<std::pair<double, bool>> order;
  for (size_t i = 0; i < p.size(); ++i) order.emplace_back(p[i], people[i].lvsd);
  std::sort(order.begin(), order.end());
  double wins = 0, pairs = 0, healthy_below = 0;
  for (size_t i = 0; i < order.size();) {
    size_t j = i;
    double ill = 0, well = 0;
    for (; j < order.size() && order[j].first == order[i].first; ++j) (order[j].second ? ill : well) += 1;
    wins += ill * (healthy_below + well / 2);
    healthy_below += well;
    i = j;
  }
  for (const auto& one : order) pairs += one.second;
  s.auc = wins / (pairs * healthy_below);
  return s;
}

struct Curve {
  std::string name;
  const char* colour;
  std::vector<std::pair<double, double>> calibration, benefit;
};

Curve curve_of(const std::string& name, const char* colour, const std::vector<Person>& people, const std::vector<double>& p) {
  Curve curve{name, colour, {}, {}};
  std::vector<double> values(p);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  for (double value : values) {
    double ill = 0, all = 0;
    for (size_t i = 0; i < p.size(); ++i)
      if (p[i] == value) ill += people[i].lvsd, all += 1;
    if (all >= 50) curve.calibration.emplace_back(value, ill / all);
  }
  for (int t = 1; t <= 40; ++t) {
    const double threshold = t / 100.0;
    double sum = 0;
    for (size_t i = 0; i < p.size(); ++i)
      if (p[i] >= threshold) sum += people[i].lvsd ? 1 : -threshold / (1 - threshold);
    curve.benefit.emplace_back(threshold, sum / static_cast<double>(p.size()));
  }
  return curve;
}

void write_svg(const char* path, const std::vector<Curve>& curves, const std::vector<Person>& people) {
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 430\" font-family=\"sans-serif\" font-size=\"13\"><rect width=\"900\" height=\"430\" fill=\"#fff\"/>";
  const auto frame = [&](double x, const char* title, const char* across, const char* up) {
    svg += format_text("<rect x=\"%g\" y=\"40\" width=\"360\" height=\"330\" fill=\"none\" stroke=\"#888\"/><text x=\"%g\" y=\"28\" font-weight=\"bold\">%s</text>"
                       "<text x=\"%g\" y=\"405\">%s</text><text x=\"%g\" y=\"60\">%s</text>", x, x, title, x + 120, across, x + 8, up);
  };
  frame(60, "Calibration (suspected, 8.2 %)", "probability that is shown", "share that has LVSD");
  frame(500, "Decision curve", "threshold, 0 to 40 %", "net benefit");
  svg += "<path d=\"M60 370L420 40\" stroke=\"#bbb\" stroke-dasharray=\"4\"/>";
  double observed = 0;
  for (const Person& p : people) observed += p.lvsd / static_cast<double>(people.size());
  const auto y_of = [&](double benefit) { return 370 - std::clamp(benefit / (1.1 * observed), 0.0, 1.0) * 330; };
  std::string all = "M";
  for (int t = 0; t <= 40; ++t) {
    const double w = t / 100.0 / (1 - t / 100.0);
    all += format_text("%s%g %g", t ? "L" : "", 500 + t * 9.0, y_of(observed - w * (1 - observed)));
  }
  svg += "<path d=\"" + all + "\" fill=\"none\" stroke=\"#999\" stroke-dasharray=\"4\"/><text x=\"505\" y=\"362\" fill=\"#777\">dashed: echo for all</text>";
  double row = 84;
  for (const Curve& curve : curves) {
    std::string line = "M", dots;
    for (const auto& [p, share] : curve.calibration)
      dots += format_text("<circle cx=\"%g\" cy=\"%g\" r=\"4\" fill=\"%s\" fill-opacity=\".7\"/>", 60 + 360 * std::min(p / 0.6, 1.0), 370 - 330 * std::min(share / 0.6, 1.0), curve.colour);
    for (size_t i = 0; i < curve.benefit.size(); ++i)
      line += format_text("%s%g %g", i ? "L" : "", 500 + curve.benefit[i].first * 900, y_of(curve.benefit[i].second));
    svg += dots + "<path d=\"" + line + "\" fill=\"none\" stroke=\"" + curve.colour + "\" stroke-width=\"2\"/>";
    svg += format_text("<text x=\"700\" y=\"%g\" fill=\"%s\">%s</text>", row, curve.colour, curve.name.c_str());
    row += 18;
  }
  svg += "<text x=\"330\" y=\"365\" fill=\"#777\">both axes 0 to 60 %</text></svg>\n";
  if (std::FILE* file = std::fopen(path, "w")) {
    std::fwrite(svg.data(), 1, svg.size(), file);
    std::fclose(file);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Logistic early;
  early.fit(cohort(prior_gp_echo_referral().probability, 0.3, 7, 4000));  // its own site: 8.2 %, some dependence
  std::printf("| prevalence | dependence | way | mean shown | observed | slope | intercept | Brier | AUC | net benefit at 5 / 10 / 20 %% |\n|---|---|---|---|---|---|---|---|---|---|\n");
  for (const double prevalence : {33.0 / 403, 96.0 / 534, 0.299})
    for (const double rho : {0.0, 0.3, 0.6}) {
      const std::vector<Person> people = cohort(prevalence, rho, 1);
      std::vector<double> by_late, by_naive, by_early;
      double memo[2][2][2];
      for (int i = 0; i < 8; ++i) memo[i >> 2][(i >> 1) & 1][i & 1] = late({false, (i >> 2) != 0, ((i >> 1) & 1) != 0, (i & 1) != 0, false});
      for (const Person& p : people) {
        by_late.push_back(memo[p.major][p.infarction][p.fast]);
        by_naive.push_back(naive(p));
        by_early.push_back(early(p));
      }
      for (const auto& [name, values] : {std::pair("late (default)", &by_late), std::pair("late without caps and grouping", &by_naive), std::pair("early (logistic, fitted at 8.2 %)", &by_early)}) {
        const Scores s = scores_of(people, *values);
        std::printf("| %.1f %% | %.1f | %s | %.1f %% | %.1f %% | %.2f | %.2f | %.4f | %.3f | %.4f / %.4f / %.4f |\n", 100 * prevalence, rho, name, 100 * s.mean,
                    100 * s.observed, s.slope, s.intercept, s.brier, s.auc, s.benefit[0], s.benefit[1], s.benefit[2]);
      }
      if (argc > 1 && rho == 0.3 && prevalence < 0.1)
        write_svg(argv[1], {curve_of("late (default)", "#0b6b75", people, by_late), curve_of("without caps, grouping", "#b3261e", people, by_naive),
                            curve_of("early (logistic)", "#6a4c93", people, by_early)}, people);
    }
}
