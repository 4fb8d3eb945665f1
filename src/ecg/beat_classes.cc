#include "ecg/beat_classes.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace precordia {
namespace {

constexpr int kStep = 4;  // samples between the points that are compared (8 ms)
constexpr int kBefore = samples_of_ms(96), kAfter = samples_of_ms(128);
constexpr int kPoints = (kBefore + kAfter) / kStep + 1;
constexpr int kLargestShift = samples_of_ms(48);
constexpr float kSameShape = 0.80f;
constexpr float kEctopicShape = 0.75f;
constexpr double kPremature = 0.85, kPrematureSupraventricular = 0.80;
constexpr double kWiderMs = 20;

// The QRS of one beat as a vector: wavelet level 3 of every usable lead, scaled by the lead's own size so
// that all count.
class QrsShapes {
 public:
  QrsShapes(const AnalysisSignal& signal, const std::vector<int>& beats) : signal_(signal) {
    for (int lead : signal.leads) {
      double sum = 1e-12;
      for (int at : beats) {
        const int from = std::max(0, at - kBefore), to = std::min(signal.sample_count, at + kAfter);
        for (int i = from; i < to; i += kStep) sum += signal.wavelet[lead][3][i] * signal.wavelet[lead][3][i];
      }
      scale_.push_back(static_cast<float>(1 / std::sqrt(sum)));
    }
  }

  Eigen::VectorXf at(int centre) const {
    Eigen::VectorXf shape(kPoints * static_cast<int>(signal_.leads.size()));
    int k = 0;
    for (size_t l = 0; l < signal_.leads.size(); ++l) {
      const std::vector<float>& w = signal_.wavelet[signal_.leads[l]][3];
      for (int p = 0; p < kPoints; ++p) {
        const int i = centre - kBefore + p * kStep;
        shape[k++] = i >= 0 && i < signal_.sample_count ? w[i] * scale_[l] : 0.0f;
      }
    }
    return shape;
  }

 private:
  const AnalysisSignal& signal_;
  std::vector<float> scale_;
};

float correlation(const Eigen::VectorXf& a, const Eigen::VectorXf& b) {
  const float size = a.norm() * b.norm();
  return size > 0 ? a.dot(b) / size : 0.0f;
}

struct Fit {
  int shift = 0;
  float similarity = -1;
  float gain = 0;  // size of the beat relative to the template
};

Fit best_fit(const QrsShapes& shapes, int at, const Eigen::VectorXf& shape, int largest_shift) {
  Fit best;
  auto consider = [&](int shift) {
    const Eigen::VectorXf beat = shapes.at(at + shift);
    const float c = correlation(beat, shape);
    if (c > best.similarity) best = {shift, c, shape.norm() > 0 ? beat.norm() / shape.norm() : 0.0f};
  };
  for (int shift = -largest_shift; shift <= largest_shift; shift += kStep) consider(shift);
  const int coarse = best.shift;
  for (int shift = coarse - kStep + 1; shift < coarse + kStep; ++shift) consider(shift);
  return best;
}

// Time around the beat in which the detection function stays over a third of its peak.
float energy_width_ms(const QrsDetection& detection, int at) {
  const int n = static_cast<int>(detection.energy.size());
  const int reach = samples_of_ms(60);
  int peak = at;
  for (int i = std::max(0, at - reach); i < std::min(n, at + reach); ++i) {
    if (detection.energy[i] > detection.energy[peak]) peak = i;
  }
  const float floor = detection.energy[peak] / 3;
  int from = peak, to = peak;
  while (from > 0 && detection.energy[from] > floor) --from;
  while (to + 1 < n && detection.energy[to] > floor) ++to;
  return static_cast<float>(ms_of_samples(to - from));
}

struct Family {
  Eigen::VectorXf shape;
  std::vector<int> members;
};

// The largest set of `open` beats of one shape; aligns its members in `beats`.
Family largest_family(const QrsShapes& shapes, std::vector<ClassifiedBeat>& beats,
                      const std::vector<int>& open) {
  Family family;
  std::vector<Eigen::VectorXf> own;
  for (int b : open) own.push_back(shapes.at(beats[b].r));
  size_t centre = 0;
  float most = -1;
  for (size_t i = 0; i < open.size(); ++i) {
    float votes = 0;
    for (size_t j = 0; j < open.size(); ++j) {
      const float c = correlation(own[i], own[j]);
      if (c > 0.6f) votes += c;
    }
    if (votes > most) most = votes, centre = i;
  }
  family.shape = own[centre];
  for (int round = 0; round < 2; ++round) {
    family.members.clear();
    Eigen::VectorXf sum = Eigen::VectorXf::Zero(family.shape.size());
    for (int b : open) {
      const Fit fit =
          best_fit(shapes, beats[b].r, family.shape, round == 0 ? kLargestShift : samples_of_ms(16));
      if (fit.similarity < kSameShape || fit.gain < 0.4f || fit.gain > 2.5f) continue;
      beats[b].r += fit.shift;
      sum += shapes.at(beats[b].r);
      family.members.push_back(b);
    }
    if (family.members.empty()) {
      family.members.push_back(open[centre]);
      break;
    }
    family.shape = sum / static_cast<float>(family.members.size());
  }
  return family;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// Share of the RR variation that is not explained by a few early beats: true for an irregular ventricular
// response.
bool irregular_rhythm(const std::vector<ClassifiedBeat>& beats) {
  std::vector<double> change;
  for (size_t i = 2; i < beats.size(); ++i) {
    const double a = beats[i - 1].r - beats[i - 2].r, b = beats[i].r - beats[i - 1].r;
    change.push_back(std::fabs(a - b) / std::max(1.0, std::min(a, b)));
  }
  return change.size() >= 3 && median(change) > 0.10;
}

}  // namespace

BeatFamilies classify_beats(const AnalysisSignal& signal, const QrsDetection& detection) {
  BeatFamilies families;
  for (int at : detection.at) {
    ClassifiedBeat beat;
    beat.r = at;
    beat.width_ms = energy_width_ms(detection, at);
    families.beats.push_back(beat);
  }
  std::vector<ClassifiedBeat>& beats = families.beats;
  if (beats.empty()) return families;
  const QrsShapes shapes(signal, detection.at);

  std::vector<int> open(beats.size());
  for (size_t i = 0; i < beats.size(); ++i) open[i] = static_cast<int>(i);
  std::vector<Family> found;
  while (!open.empty() && found.size() < 3) {
    found.push_back(largest_family(shapes, beats, open));
    std::erase_if(open, [&](int b) {
      return std::find(found.back().members.begin(), found.back().members.end(), b) !=
             found.back().members.end();
    });
  }

  // In bigeminy the ectopic shape may be as frequent as the patient's own: of two families of like size take
  // the narrower one.
  auto width_of = [&](const Family& family) {
    std::vector<double> widths;
    for (int b : family.members) widths.push_back(beats[b].width_ms);
    return median(widths);
  };
  size_t dominant = 0;
  for (size_t f = 1; f < found.size(); ++f) {
    if (found[f].members.size() >= 2 && found[f].members.size() * 10 >= found[dominant].members.size() * 7 &&
        width_of(found[f]) + kWiderMs < width_of(found[dominant])) {
      dominant = f;
    }
  }
  std::swap(found[0], found[dominant]);

  std::vector<double> rr;
  for (size_t i = 1; i < beats.size(); ++i) rr.push_back(beats[i].r - beats[i - 1].r);
  const double typical_rr = median(rr), own_width = width_of(found[0]);
  const bool irregular = irregular_rhythm(beats);

  for (size_t i = 0; i < beats.size(); ++i) {
    ClassifiedBeat& beat = beats[i];
    beat.family = 3;
    for (size_t f = 0; f < found.size(); ++f) {
      if (std::find(found[f].members.begin(), found[f].members.end(), static_cast<int>(i)) !=
          found[f].members.end())
        beat.family = static_cast<int>(f);
    }
    const Fit fit = best_fit(shapes, beat.r, found[0].shape, beat.family == 0 ? 0 : kLargestShift);
    beat.similarity = fit.similarity;
    const double before = i > 0 ? beat.r - beats[i - 1].r : typical_rr;
    const double after = i + 1 < beats.size() ? beats[i + 1].r - beat.r : typical_rr;
    const bool early = before < kPremature * typical_rr;
    if (beat.family == 0) {
      const bool early_atrial =
          !irregular && before < kPrematureSupraventricular * typical_rr && after > 0.9 * typical_rr;
      beat.beat_class = early_atrial ? BeatClass::kSupraventricularEctopic : BeatClass::kDominant;
    } else if (beat.similarity < kEctopicShape && (early || beat.width_ms > own_width + kWiderMs)) {
      beat.beat_class = BeatClass::kVentricularEctopic;
    } else {
      beat.beat_class = BeatClass::kUnclassified;
    }
  }
  double similarity = 0;
  for (const ClassifiedBeat& beat : beats) {
    if (beat.beat_class != BeatClass::kDominant) continue;
    ++families.dominant_count;
    similarity += beat.similarity;
  }
  families.coherence =
      families.dominant_count ? static_cast<float>(similarity / families.dominant_count) : 0.0f;
  return families;
}

}  // namespace precordia
