#include "ecg/intervals.h"

#include <algorithm>
#include <cmath>

#include "ecg/amplitudes.h"
#include "ecg/reference_values.h"

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

std::optional<double> rr_sd_ms(const std::vector<ClassifiedBeat>& beats) {
  std::vector<double> rr;
  for (size_t i = 1; i < beats.size(); ++i) {
    if (beats[i].beat_class == BeatClass::kDominant && beats[i - 1].beat_class == BeatClass::kDominant)
      rr.push_back(ms_of_samples(beats[i].r - beats[i - 1].r));
  }
  if (rr.size() < 3) return std::nullopt;
  double mean = 0, sum = 0;
  for (double v : rr) mean += v / static_cast<double>(rr.size());
  for (double v : rr) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(rr.size() - 1));
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
  const Known qt{difference_ms(g.qrs_on, g.t_off), no_t};
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
  out.push_back(row("rr_sd_ms", "RR standard deviation", "ms", 0,
                    {in.readable ? rr_sd_ms(in.beats) : std::nullopt,
                     in.readable ? "Fewer than three ordinary RR intervals were found." : no_beat},
                    none));
  out.push_back(row("pr_ms", "PR interval", "ms", 0, pr, kPrRange));
  out.push_back(row("p_ms", "P duration", "ms", 0, p, kPRange));
  out.push_back(row("qrs_ms", "QRS duration", "ms", 0, qrs, kQrsRange));
  out.push_back(row("qt_ms", "QT interval", "ms", 0, qt, none));
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
