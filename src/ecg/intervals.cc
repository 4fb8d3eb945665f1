#include "ecg/intervals.h"

#include <algorithm>
#include <cmath>

#include "ecg/amplitudes.h"
#include "ecg/reference_values.h"
#include "ecg/repolarisation_end.h"

namespace precordia {
namespace {

struct Known {
  std::optional<double> value;
  std::string why;
};

Measurement row(const char* id, const char* label, const char* unit, int digits, const Known& known,
                const NormalRange& range) {
  Measurement m;
  m.id = id;
  m.label = label;
  m.unit = unit;
  m.digits = digits;
  m.value = known.value;
  if (!known.value) m.why_unknown = known.why;
  m.normal_low = range.low;
  m.normal_high = range.high;
  m.range_citation = range.citation;
  return m;
}

NormalRange qtc_range(std::optional<Sex> sex) {
  if (!sex)
    return {std::nullopt, kQtcHighFemaleMs,
            kQtcCitation};  // sex unknown: the bound that calls neither sex long too early
  return {std::nullopt, *sex == Sex::kMale ? kQtcHighMaleMs : kQtcHighFemaleMs, kQtcCitation};
}

std::optional<double> difference_ms(std::optional<int> from, std::optional<int> to) {
  if (!from || !to || *to <= *from) return std::nullopt;
  return ms_of_samples(*to - *from);
}

// Mean RR of the record in seconds: all beats count, whatever their kind.
std::optional<double> mean_rr_s(const std::vector<ClassifiedBeat>& beats) {
  if (beats.size() < 2) return std::nullopt;
  return (beats.back().r - beats.front().r) / kAnalysisRateHz / static_cast<double>(beats.size() - 1);
}

// Intervals between ordinary beats; two that follow each other are neighbours in time only when `joined`.
struct OrdinaryRr {
  std::vector<double> ms;
  std::vector<bool> joined;  // to the one before
};

OrdinaryRr ordinary_rr(const std::vector<ClassifiedBeat>& beats) {
  OrdinaryRr rr;
  bool last = false;
  for (size_t i = 1; i < beats.size(); ++i) {
    const bool ordinary =
        beats[i].beat_class == BeatClass::kDominant && beats[i - 1].beat_class == BeatClass::kDominant;
    if (ordinary) {
      rr.ms.push_back(ms_of_samples(beats[i].r - beats[i - 1].r));
      rr.joined.push_back(last);
    }
    last = ordinary;
  }
  return rr;
}

std::optional<double> rr_sd_ms(const OrdinaryRr& rr) {
  if (rr.ms.size() < 3) return std::nullopt;
  double mean = 0, sum = 0;
  for (double v : rr.ms) mean += v / static_cast<double>(rr.ms.size());
  for (double v : rr.ms) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(rr.ms.size() - 1));
}

std::optional<double> rmssd_ms(const OrdinaryRr& rr) {
  double sum = 0;
  int count = 0;
  for (size_t i = 1; i < rr.ms.size(); ++i) {
    if (!rr.joined[i]) continue;
    sum += (rr.ms[i] - rr.ms[i - 1]) * (rr.ms[i] - rr.ms[i - 1]);
    ++count;
  }
  if (count < 2) return std::nullopt;
  return std::sqrt(sum / count);
}

// T peak to T end where the cut-offs were set: V5, or its neighbours.
std::optional<double> tpe_ms(const DelineatedBeat& fiducials) {
  for (Lead lead : {Lead::kV5, Lead::kV4, Lead::kV6}) {
    const BeatFiducials& f = fiducials.per_lead[index_of(lead)];
    if (const auto ms = difference_ms(f.t_peak, f.t_off)) return ms;
  }
  return std::nullopt;
}

// QT to where all leads together end; the next P, or the place where it would be, is the limit.
std::optional<double> qt_tangent_ms(const IntervalInput& in) {
  const BeatFiducials& g = in.fiducials.global;
  if (!g.qrs_on || !g.qrs_off) return std::nullopt;
  constexpr int kUsualPr = samples_of_ms(120), kBeforeP = samples_of_ms(30);
  const int pr = in.atria.p_present && g.p_on ? *g.qrs_on - *g.p_on : kUsualPr;
  const auto end = repolarisation_end(in.beat, *g.qrs_off, *g.qrs_on + in.beat.rr - pr - kBeforeP);
  return difference_ms(g.qrs_on, end);
}

double folded_angle(double a, double b) {
  const double d = std::fmod(std::fabs(a - b), 360.0);
  return d > 180 ? 360 - d : d;
}

}  // namespace

std::vector<Measurement> measure_intervals(const IntervalInput& in) {
  const BeatFiducials& g = in.fiducials.global;
  const std::string no_beat =
      in.readable ? "No QRS complex could be measured." : "The record is too noisy to be measured.";
  const std::optional<double> rr = in.readable ? mean_rr_s(in.beats) : std::nullopt;
  const std::string no_rr = in.readable ? "Fewer than two beats were found." : no_beat;
  const std::optional<double> rate = rr ? std::optional(60 / *rr) : std::nullopt;

  const std::string no_p = !g.qrs_on ? no_beat
                           : in.rhythm == Rhythm::kIrregularWithoutP
                               ? "There is no P wave before the QRS: the rhythm is irregular without P waves."
                               : "No P wave that repeats before the QRS was found.";
  const std::string no_t = g.qrs_on ? "The T wave could not be placed." : no_beat;
  const Known pr{in.atria.p_present ? difference_ms(g.p_on, g.qrs_on) : std::nullopt, no_p};
  const Known p{in.atria.p_present ? difference_ms(g.p_on, g.p_off) : std::nullopt, no_p};
  const Known qrs{difference_ms(g.qrs_on, g.qrs_off), no_beat};
  const Known qt{difference_ms(g.qrs_on, g.t_off), no_t}, jt{difference_ms(g.qrs_off, g.t_off), no_t};
  const Known tangent{qt_tangent_ms(in), no_t},
      tpe{tpe_ms(in.fiducials), g.qrs_on ? "No T wave could be placed in V4, V5 or V6." : no_beat};
  const OrdinaryRr ordinary = in.readable ? ordinary_rr(in.beats) : OrdinaryRr{};
  auto corrected = [&](auto formula) {
    Known k{std::nullopt, qt.value ? no_rr : no_t};
    if (qt.value && rr) k.value = formula(*qt.value, *rr);
    return k;
  };

  auto axis = [&](std::optional<int> from, std::optional<int> to, bool on_line, const std::string& absent) {
    Known k{std::nullopt, absent};
    if (!from || !to || *to <= *from) return k;
    k.value = frontal_axis_deg(in.beat, *from, *to, on_line);
    if (!k.value) k.why = "The limb leads are missing or the wave is too small to have a direction.";
    return k;
  };
  const Known p_axis = in.atria.p_present ? axis(g.p_on, g.p_off, true, no_p) : Known{std::nullopt, no_p};
  const Known qrs_axis = axis(g.qrs_on, g.qrs_off, false, no_beat);
  const Known t_axis = axis(g.t_on, g.t_off, false, no_t);
  Known angle{std::nullopt, "The QRS or T axis is unknown."};
  if (qrs_axis.value && t_axis.value) angle.value = folded_angle(*qrs_axis.value, *t_axis.value);

  const NormalRange none{std::nullopt, std::nullopt, ""}, qtc = qtc_range(in.person.sex);
  std::vector<Measurement> out;
  out.push_back(row("heart_rate_bpm", "Heart rate", "/min", 0, {rate, no_rr}, kHeartRateRange));
  out.push_back(row("rr_sd_ms", "RR standard deviation (SDNN of this strip)", "ms", 0,
                    {rr_sd_ms(ordinary),
                     in.readable ? "Fewer than three ordinary RR intervals were found." : no_beat},
                    none));
  out.push_back(row("rmssd_ms", "RR change from beat to beat (RMSSD of this strip)", "ms", 0,
                    {rmssd_ms(ordinary),
                     in.readable ? "Fewer than three ordinary RR intervals follow each other." : no_beat},
                    none));
  out.push_back(row("pr_ms", "PR interval", "ms", 0, pr, kPrRange));
  out.push_back(row("p_ms", "P duration", "ms", 0, p, kPRange));
  out.push_back(row("qrs_ms", "QRS duration", "ms", 0, qrs, kQrsRange));
  out.push_back(row("qt_ms", "QT interval", "ms", 0, qt, none));
  out.push_back(row("qt_tangent_ms", "QT by tangent on all leads", "ms", 0, tangent, none));
  out.push_back(row("jt_ms", "JT interval", "ms", 0, jt, none));
  out.push_back(row("tpe_ms", "T peak to T end (V5)", "ms", 0, tpe, none));
  out.push_back(row("qtc_bazett_ms", "QTc (Bazett)", "ms", 0,
                    corrected([](double v, double s) { return v / std::sqrt(s); }), qtc));
  out.push_back(row("qtc_fridericia_ms", "QTc (Fridericia)", "ms", 0,
                    corrected([](double v, double s) { return v / std::cbrt(s); }), qtc));
  out.push_back(row("qtc_framingham_ms", "QTc (Framingham)", "ms", 0,
                    corrected([](double v, double s) { return v + 154 * (1 - s); }), qtc));
  out.push_back(row("qtc_hodges_ms", "QTc (Hodges)", "ms", 0,
                    corrected([](double v, double s) { return v + 1.75 * (60 / s - 60); }), qtc));
  out.push_back(row("p_axis_deg", "P axis", "deg", 0, p_axis, none));
  out.push_back(row("qrs_axis_deg", "QRS axis", "deg", 0, qrs_axis, kQrsAxisRange));
  out.push_back(row("t_axis_deg", "T axis", "deg", 0, t_axis, none));
  out.push_back(row("qrs_t_angle_deg", "Frontal QRS-T angle", "deg", 0, angle, kQrsTAngleRange));
  return out;
}

}  // namespace precordia
