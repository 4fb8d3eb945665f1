#include "echo/measure_echo.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "base/text.h"
#include "echo/beats.h"
#include "echo/ventricle.h"

namespace precordia {
namespace {

// Gates. What each was set on is in docs/validation-echo.md.
constexpr double kLeastApical = 0.5;
constexpr double kLeastFramesSeen = 0.7;        // share of frames in which an LV is found
constexpr double kMostCutOff = 0.25;            // share of the LV's border on the sector's edge
constexpr double kMostEntropy = 0.95;           // bits beside the border; an even guess between two classes is 1
constexpr double kLeastLengthToWidth = 1.2;     // at end-diastole
constexpr double kMostDarkness = 6, kMostBrightness = 215;   // mean grey of the sector, 0 to 255
constexpr double kIrregularBeats = 0.2;         // of the mean beat length
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double median(std::vector<double> values) {
  if (values.empty()) return kNan;
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double spread(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

double normal_below(double x, double mean, double sd) { return 0.5 * std::erfc(-(x - mean) / (sd * std::sqrt(2.0))); }

std::vector<double> curve_of(const std::vector<FrameShape>& frames, double (*value)(const FrameShape&)) {
  std::vector<double> curve;
  for (const FrameShape& shape : frames) curve.push_back(shape.found ? value(shape) : kNan);
  return curve;
}

struct View {
  double apical4 = 0, apical2 = 0, other = 0, quality = 0;
};
View mean_verdict(std::span<const FrameVerdict> verdicts) {
  View mean;
  for (const FrameVerdict& v : verdicts) {
    mean.apical4 += v.apical4, mean.apical2 += v.apical2, mean.other += v.other;
    mean.quality += v.good + 0.5 * v.medium;
  }
  const double n = std::max<double>(1, static_cast<double>(verdicts.size()));
  return {mean.apical4 / n, mean.apical2 / n, mean.other / n, mean.quality / n};
}

double brightness(const EchoClip& clip) {
  double sum = 0, count = 0;
  const size_t size = clip.sector.size();
  for (int f = 0; f < clip.frame_count(); f += std::max(1, clip.frame_count() / 16))
    for (size_t i = 0; i < size; ++i)
      if (clip.sector[i]) sum += clip.frame(f)[i], ++count;
  return count > 0 ? sum / count : 0;
}

const char* const kSegmentsOfFour[] = {"basal inferoseptal", "mid inferoseptal", "apical septal", "apical lateral", "mid anterolateral", "basal anterolateral"};
const char* const kSegmentsOfTwo[] = {"basal inferior", "mid inferior", "apical inferior", "apical anterior", "mid anterior", "basal anterior"};
const char* const kSegmentsOfAny[] = {"left basal", "left mid", "left apical", "right apical", "right mid", "right basal"};

// Mean half-width of a third of a wall; 0..5 as kSegmentsOf*.
double wall_distance(const FrameShape& shape, int segment) {
  const bool left = segment < 3;
  const int third = left ? segment : 5 - segment;
  const auto& side = left ? shape.left : shape.right;
  const int from = third * kDiscs / 3, to = (third + 1) * kDiscs / 3;
  double sum = 0;
  for (int i = from; i < to; ++i) sum += side[static_cast<size_t>(i)];
  return sum / (to - from);
}

void measure_walls(ClipFindings& out, const std::vector<BeatFrames>& beats, std::span<const double> times) {
  const auto* names = out.view == EchoView::kApical4 ? kSegmentsOfFour : out.view == EchoView::kApical2 ? kSegmentsOfTwo : kSegmentsOfAny;
  std::vector<double> all_times;
  for (int segment = 0; segment < kWallSegments; ++segment) {
    std::vector<double> distance;
    for (const FrameShape& shape : out.frames) distance.push_back(shape.found ? wall_distance(shape, segment) : kNan);
    const std::vector<double> smooth = smoothed_curve(distance, times, times.empty() ? 1.0 : 30.0);
    std::vector<double> motion, delay;
    for (const BeatFrames& beat : beats) {
      const double start = smooth[static_cast<size_t>(beat.ed)];
      if (!beat.complete || start <= 0) continue;
      motion.push_back(100 * (start - smooth[static_cast<size_t>(beat.es)]) / start);
      // The innermost moment from end-diastole to as long after end-systole as systole lasted.
      if (beat.es < beat.ed) continue;
      const int until = std::min(static_cast<int>(smooth.size()) - 1, 2 * beat.es - beat.ed);
      const auto innermost = std::min_element(smooth.begin() + beat.ed, smooth.begin() + until + 1) - smooth.begin();
      if (!times.empty()) delay.push_back(times[static_cast<size_t>(innermost)] - times[static_cast<size_t>(beat.ed)]);
    }
    if (motion.empty()) return;
    WallSegment wall{names[segment], median(motion), {}};
    if (!delay.empty()) wall.time_to_peak_ms = median(delay), all_times.push_back(*wall.time_to_peak_ms);
    out.segments.push_back(std::move(wall));
  }
  if (all_times.size() == kWallSegments) out.synchrony_sd_ms = spread(all_times);
}

void gate_picture(ClipFindings& out, const EchoClip& clip, const View& view) {
  auto& why = out.cannot_tell_because;
  if (view.other > kLeastApical) why.push_back("This does not look like an apical view. Place the probe at the apex beat, with both ventricles or the left ventricle and atrium in the picture.");
  const double grey = brightness(clip);
  if (grey < kMostDarkness) why.push_back("The picture is almost black. Raise the gain, use more gel, and record again.");
  if (grey > kMostBrightness) why.push_back("The picture is almost white. Lower the gain and record again.");
  const auto seen = std::count_if(out.frames.begin(), out.frames.end(), [](const FrameShape& s) { return s.found; });
  if (static_cast<double>(seen) < kLeastFramesSeen * static_cast<double>(out.frames.size()))
    why.push_back("The left ventricle is not seen in enough of the frames. Hold the probe still at the apex and record again.");
}

void gate_beats(ClipFindings& out, const std::vector<BeatFrames>& complete) {
  auto& why = out.cannot_tell_because;
  std::vector<double> cut_off, entropy, shape;
  for (const BeatFrames& beat : complete) {
    for (const int at : {beat.ed, beat.es}) {
      cut_off.push_back(out.frames[static_cast<size_t>(at)].cut_off);
      entropy.push_back(out.frames[static_cast<size_t>(at)].entropy);
    }
    const FrameShape& ed = out.frames[static_cast<size_t>(beat.ed)];
    if (ed.width > 0) shape.push_back(ed.length / ed.width);
  }
  if (median(cut_off) > kMostCutOff) why.push_back("The left ventricle is cut off by the edge of the sector. Widen the sector, or turn or shift the probe until all of it is in the picture.");
  if (median(entropy) > kMostEntropy) why.push_back("The border of the left ventricle cannot be seen well enough. Improve contact and gain, ask for breath to be held in expiration, and record again.");
  if (median(shape) < kLeastLengthToWidth) why.push_back("The ventricle looks foreshortened: it is hardly longer than wide. Move the probe one rib space lower and tilt it until the ventricle is at its longest.");
}

// Value at an extremum: a parabola through five frames (Savitzky and Golay 1964), which takes the noise off and leaves the depth; the frame's
// own value where a neighbour is missing, or where systole takes so few frames (`systole`) that five reach too far up its slopes.
constexpr int kFramesOfSystole = 12;
double at_extremum(const std::vector<double>& curve, int frame, int systole) {
  constexpr double kWeights[] = {-3, 12, 17, 12, -3};
  if (systole < kFramesOfSystole || frame < 2 || frame + 2 >= static_cast<int>(curve.size())) return curve[static_cast<size_t>(frame)];
  double sum = 0;
  for (int k = -2; k <= 2; ++k) sum += kWeights[k + 2] / 35 * curve[static_cast<size_t>(frame + k)];
  return std::isnan(sum) ? curve[static_cast<size_t>(frame)] : sum;
}

// What averaging masks over neighbouring frames has taken off an extremum: half the Gaussian's spread over the frames that it reaches, times the
// curvature of what it left; added back, it makes an extremum as deep as it was up to fourth order.
double blunted_by(const EchoClip& clip, const std::vector<double>& curve, int frame) {
  if (frame < 1 || frame + 1 >= static_cast<int>(curve.size())) return 0;
  const auto at = [&](int f) { return curve[static_cast<size_t>(f)]; };
  const double curvature = at(frame - 1) - 2 * at(frame) + at(frame + 1);   // per frame squared
  const double frame_ms = clip.times_known ? (clip.times_ms[static_cast<size_t>(frame + 1)] - clip.times_ms[static_cast<size_t>(frame - 1)]) / 2 : kFrameMsWithoutTimes;
  double spread = 0, total = 1;
  for (int k = 1; k <= kLongestMaskReach; ++k) {
    const double share = 2 * std::exp(-0.5 * std::pow(k * frame_ms / kMaskSmoothingMs, 2));
    spread += share * k * k, total += share;
  }
  return std::isnan(curvature) ? 0 : 0.5 * spread / total * curvature;
}

}  // namespace

const char* echo_view_name(EchoView view) {
  switch (view) {
    case EchoView::kApical4: return "apical 4-chamber";
    case EchoView::kApical2: return "apical 2-chamber";
    case EchoView::kOther: return "other";
    case EchoView::kUnknown: break;
  }
  return "unknown";
}

ClipFindings measure_clip(const EchoClip& clip, const MaskSequence& masks, std::span<const FrameVerdict> verdicts, const EfError& error,
                          const HandContours& by_hand) {
  ClipFindings out;
  const double ratio = height_over_width(clip);
  const View view = mean_verdict(verdicts);
  out.view_probability = 1 - view.other;
  out.quality = view.quality;
  out.view = view.other > kLeastApical ? EchoView::kOther : view.apical4 >= view.apical2 ? EchoView::kApical4 : EchoView::kApical2;
  out.frames = masks.shapes();
  for (const auto& [frame, contour] : by_hand) {
    if (frame < 0 || frame >= static_cast<int>(out.frames.size())) continue;
    FrameShape shape = measure_contour(contour, ratio, clip.side);
    if (!shape.found) continue;
    const FrameShape& before = out.frames[static_cast<size_t>(frame)];
    shape.la_area = before.la_area, shape.la_length = before.la_length;
    out.frames[static_cast<size_t>(frame)] = std::move(shape);
  }
  gate_picture(out, clip, view);

  std::span<const double> times = clip.times_known ? std::span<const double>(clip.times_ms) : std::span<const double>();
  std::vector<double> volume = curve_of(out.frames, [](const FrameShape& s) { return s.volume; });
  const std::vector<double> length = curve_of(out.frames, [](const FrameShape& s) { return s.length; });
  // Which frames are end-diastole and end-systole is the network's say: a contour corrected by hand must not move them to its neighbours.
  const std::vector<double> seen = curve_of(masks.shapes(), [](const FrameShape& s) { return s.momentary_volume; });
  const auto complete_beats = [&] {
    std::vector<BeatFrames> beats = find_beats(seen, times);
    std::erase_if(beats, [](const BeatFrames& beat) { return !beat.complete; });
    return beats;
  };
  std::vector<BeatFrames> complete = complete_beats();
  bool slow_motion = false;
  if (complete.empty() && !times.empty()) {   // exported in slow motion, the beats are there and their times are not
    times = {};
    complete = complete_beats();
    slow_motion = !complete.empty();
  }

  // A frame that was drawn by hand stands for itself, not for the mean with its neighbours.
  const auto value = [&](const std::vector<double>& curve, int frame, const BeatFrames& beat) {
    return by_hand.contains(frame) ? curve[static_cast<size_t>(frame)] : at_extremum(curve, frame, std::abs(beat.es - beat.ed)) - blunted_by(clip, curve, frame);
  };
  const std::optional<double> mm_per_width = clip.mm_per_px_x ? std::optional(*clip.mm_per_px_x * clip.side) : std::nullopt;
  const auto ml = [&](double cubed) { return cubed * std::pow(*mm_per_width, 3) / 1000; };
  std::vector<double> efs, strains, ed_ml, es_ml, lengths_ms, ed_length, sphericity, la_area, la_volume;
  std::vector<double> border_length;
  for (const FrameShape& shape : out.frames) border_length.push_back(shape.found ? contour_length(shape, ratio, clip.side) : kNan);
  bool any_corrected = false;
  for (const BeatFrames& beat : complete) {
    const double ed = value(volume, beat.ed, beat), es = value(volume, beat.es, beat);
    if (!(ed > 0) || !(es > 0) || es >= ed) continue;
    EchoBeat found{beat.ed, beat.es, 100 * (1 - es / ed), {}, {}, {}};
    const double before = value(border_length, beat.ed, beat), after = value(border_length, beat.es, beat);
    if (before > 0) found.gls_percent = 100 * (after - before) / before, strains.push_back(*found.gls_percent);
    if (mm_per_width) {
      found.ed_volume_ml = ml(ed), found.es_volume_ml = ml(es);
      ed_ml.push_back(ml(ed)), es_ml.push_back(ml(es));
    }
    const FrameShape& full = out.frames[static_cast<size_t>(beat.ed)];
    const FrameShape& empty = out.frames[static_cast<size_t>(beat.es)];
    ed_length.push_back(value(length, beat.ed, beat));
    if (full.length > 0) sphericity.push_back(full.width / full.length);
    la_area.push_back(empty.la_area);
    // Area-length method, ASE/EACVI 2015: 8 / (3 pi) A^2 / L, at end-systole, when the atrium is largest.
    if (empty.la_length > 0) la_volume.push_back(8 / (3 * std::numbers::pi) * empty.la_area * empty.la_area / empty.la_length);
    if (!times.empty() && beat.next_ed > 0) lengths_ms.push_back(times[static_cast<size_t>(beat.next_ed)] - times[static_cast<size_t>(beat.ed)]);
    // Beats that somebody corrected speak for the clip.
    const bool corrected = by_hand.contains(beat.ed) || by_hand.contains(beat.es);
    if (corrected && !any_corrected) efs.clear();
    any_corrected |= corrected;
    if (corrected == any_corrected) efs.push_back(found.ef_percent);
    out.beats.push_back(found);
  }
  if (efs.empty()) {
    out.cannot_tell_because.push_back("No complete heart beat was found: the clip has to show the ventricle emptying and filling again. Record at least two seconds.");
    return out;
  }
  gate_beats(out, complete);
  if (!lengths_ms.empty()) out.heart_rate_bpm = 60000 / median(lengths_ms);
  if (lengths_ms.size() > 1) {
    const auto [least, most] = std::minmax_element(lengths_ms.begin(), lengths_ms.end());
    out.irregular = *most - *least > kIrregularBeats * median(lengths_ms);
    if (out.irregular) out.notes.push_back(format_text("The beats differ in length; the ejection fraction is the median of %zu beats.", efs.size()));
  }
  if (slow_motion) out.notes.push_back("The clip plays faster or slower than a heart beats; heart rate and timing are not given.");
  if (!clip.times_known) out.notes.push_back("The file does not say when its frames were taken; heart rate and timing are not given.");
  if (!mm_per_width) out.notes.push_back("The file does not say how large a pixel is; volumes in millilitres are not given. The ejection fraction does not need it.");
  if (!strains.empty()) out.gls_percent = median(strains);
  if (!sphericity.empty()) out.sphericity = median(sphericity);
  if (mm_per_width) {
    out.ed_volume_ml = median(ed_ml), out.es_volume_ml = median(es_ml);
    out.lv_length_mm = median(ed_length) * *mm_per_width;
    if (!la_volume.empty()) out.la_volume_ml = ml(median(la_volume));
    out.la_area_cm2 = median(la_area) * *mm_per_width * *mm_per_width / 100;
  }
  measure_walls(out, complete, times);
  if (!out.cannot_tell_because.empty()) return out;
  const double ef = median(efs);
  const double sd = std::hypot(error.single_plane_sd, spread(efs) / std::sqrt(static_cast<double>(efs.size())));
  out.ef_percent = ef;
  out.ef_low_percent = std::max(0.0, ef - 1.96 * sd);
  out.ef_high_percent = std::min(100.0, ef + 1.96 * sd);
  return out;
}

EchoFindings combine_clips(std::vector<ClipFindings> clips, std::span<const EchoClip* const> sources, const EfError& error) {
  EchoFindings out;
  std::vector<size_t> usable;
  for (size_t i = 0; i < clips.size(); ++i)
    if (clips[i].ef_percent) usable.push_back(i);
  const auto by_view = [&](EchoView view) -> std::optional<size_t> {
    for (const size_t i : usable)
      if (clips[i].view == view) return i;
    return std::nullopt;
  };
  const auto four = by_view(EchoView::kApical4), two = by_view(EchoView::kApical2);
  std::vector<double> spreads;
  for (const size_t i : usable) {
    std::vector<double> efs;
    for (const EchoBeat& beat : clips[i].beats) efs.push_back(beat.ef_percent);
    spreads.push_back(spread(efs) / std::sqrt(static_cast<double>(efs.size())));
  }
  const double beats_sd = spreads.empty() ? 0 : *std::max_element(spreads.begin(), spreads.end());
  if (four && two) {
    // The beat of each clip whose EF is the median one. The two planes show one ventricle: their long axes at end-diastole are equal.
    const auto typical = [&](const ClipFindings& clip) {
      const auto nearest = std::min_element(clip.beats.begin(), clip.beats.end(), [&](const EchoBeat& a, const EchoBeat& b) {
        return std::abs(a.ef_percent - *clip.ef_percent) < std::abs(b.ef_percent - *clip.ef_percent);
      });
      return *nearest;
    };
    const EchoBeat a = typical(clips[*four]), b = typical(clips[*two]);
    const auto shape = [&](size_t clip, int frame) -> const FrameShape& { return clips[clip].frames[static_cast<size_t>(frame)]; };
    const auto width_mm = [&](size_t clip) { return sources[clip]->mm_per_px_x ? *sources[clip]->mm_per_px_x * sources[clip]->side : 0; };
    double scale_a = 1, scale_b = shape(*four, a.ed_frame).length / shape(*two, b.ed_frame).length;
    const bool known = width_mm(*four) > 0 && width_mm(*two) > 0;
    if (known) scale_a = width_mm(*four), scale_b = width_mm(*two);
    const double full = disc_volume(shape(*four, a.ed_frame), scale_a, shape(*two, b.ed_frame), scale_b);
    const double empty = disc_volume(shape(*four, a.es_frame), scale_a, shape(*two, b.es_frame), scale_b);
    out.method = "Simpson's biplane";
    out.ef_percent = 100 * (1 - empty / full);
    out.ef_sd_percent = std::hypot(error.biplane_sd, beats_sd);
  } else if (!usable.empty()) {
    std::vector<double> efs;
    for (const size_t i : usable) efs.push_back(*clips[i].ef_percent);
    out.ef_percent = median(efs);
    out.ef_sd_percent = std::hypot(error.single_plane_sd, beats_sd);
    out.method = std::string("Simpson's single plane, ") + echo_view_name(clips[usable.front()].view);
  } else {
    for (const ClipFindings& clip : clips)
      for (const std::string& why : clip.cannot_tell_because)
        if (std::find(out.cannot_tell_because.begin(), out.cannot_tell_because.end(), why) == out.cannot_tell_because.end()) out.cannot_tell_because.push_back(why);
  }
  if (out.ef_percent) {
    const double ef = *out.ef_percent, sd = *out.ef_sd_percent;
    out.ef_low_percent = std::max(0.0, ef - 1.96 * sd);
    out.ef_high_percent = std::min(100.0, ef + 1.96 * sd);
    // EF is stated in whole per cent: up to 40, 41 to 49, from 50 (universal definition, Bozkurt 2021, doi 10.1002/ejhf.2115).
    out.to_40 = normal_below(40.5, ef, sd);
    out.from_50 = 1 - normal_below(49.5, ef, sd);
    out.from_41_to_49 = 1 - out.to_40 - out.from_50;
    std::vector<double> strain;
    for (const size_t i : usable)
      if (clips[i].gls_percent) strain.push_back(*clips[i].gls_percent);
    if (!strain.empty()) out.gls_percent = median(strain);
  }
  out.clips = std::move(clips);
  return out;
}

}  // namespace precordia
