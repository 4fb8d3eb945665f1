#include "engine/echo_view.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "echo/outline.h"
#include "report/json_value.h"

namespace precordia {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kGoodQuality = 0.6, kFairQuality = 0.35;   // of ClipFindings::quality, for the words

constexpr unsigned bit(EchoClass one) { return 1u << static_cast<unsigned>(one); }

struct Blob {
  std::vector<float> values;
  // What `fill` appends, as a slice.
  template <typename Fill>
  OrderedJson slice(Fill fill) {
    const size_t at = values.size();
    fill(values);
    return {{"at", at}, {"n", values.size() - at}};
  }
};

void append(std::vector<float>& out, std::span<const EchoPoint> points, size_t count, float scale) {
  for (size_t i = 0; i < count; ++i) {
    const bool there = points.size() == count;
    out.push_back(there ? points[i].x * scale : kNan);
    out.push_back(there ? points[i].y * scale : kNan);
  }
}

OrderedJson measures(const EchoClip& clip, const ClipFindings& found) {
  OrderedJson list = OrderedJson::array();
  const auto add = [&](const char* label, const std::optional<double>& value, const char* format) {
    if (value) list.push_back({{"label", label}, {"text", format_text(format, *value)}});
  };
  const bool other = found.view == EchoView::kOther || found.view == EchoView::kUnknown;
  list.push_back({{"label", "View"}, {"text", other ? "not apical" : format_text("%s (%.0f %%)", echo_view_name(found.view), 100 * found.view_probability)}});
  list.push_back({{"label", "Picture quality"}, {"text", found.quality >= kGoodQuality ? "good" : found.quality >= kFairQuality ? "fair" : "poor"}});
  add("Heart rate", found.heart_rate_bpm, "%.0f /min");
  add("Global longitudinal strain", found.gls_percent, "%.1f %%");
  add("End-diastolic volume", found.ed_volume_ml, "%.0f ml");
  add("End-systolic volume", found.es_volume_ml, "%.0f ml");
  add("Length of the left ventricle", found.lv_length_mm, "%.0f mm");
  add("Width over length at end-diastole", found.sphericity, "%.2f");
  add("Left atrium, area at end-systole", found.la_area_cm2, "%.1f cm²");
  add("Left atrium, volume at end-systole", found.la_volume_ml, "%.0f ml");
  add("Spread of the walls' time to peak", found.synchrony_sd_ms, "%.0f ms");
  if (!clip.device.empty()) list.push_back({{"label", "Device"}, {"text", clip.device}});
  return list;
}

OrderedJson clip_value(const EchoExamination& echo, size_t index, size_t first_byte, Blob& blob) {
  const EchoClip& clip = echo.clip(index);
  const MaskSequence& masks = echo.masks(index);
  const ClipFindings& found = echo.findings()->clips[index];
  const size_t frames = found.frames.size();
  const auto mask_side = static_cast<size_t>(masks.side()), side = static_cast<size_t>(clip.side);
  const float scale = 1.0f / static_cast<float>(clip.side);
  const bool ml = clip.mm_per_px_x.has_value();
  double largest = 0;
  for (const FrameShape& shape : found.frames) largest = std::max(largest, shape.volume);
  const double unit = ml ? std::pow(*clip.mm_per_px_x * clip.side, 3) / 1000 : largest > 0 ? 100 / largest : 1;

  OrderedJson out = {{"name", echo.name(index)}, {"view", echo_view_name(found.view)}, {"side", clip.side}, {"mask_side", masks.side()},
                     {"frames", frames}, {"aspect", json_number(1 / height_over_width(clip), 4)}, {"times_known", clip.times_known}};
  out["times"] = blob.slice([&](auto& to) { for (const double t : clip.times_ms) to.push_back(static_cast<float>(t)); });
  out["volume"] = blob.slice([&](auto& to) { for (const FrameShape& s : found.frames) to.push_back(s.found ? static_cast<float>(s.volume * unit) : kNan); });
  out["volume_unit"] = ml ? "ml" : "% of the largest";
  out["entropy"] = blob.slice([&](auto& to) { for (const FrameShape& s : found.frames) to.push_back(s.found ? static_cast<float>(s.entropy) : kNan); });
  out["lv"] = blob.slice([&](auto& to) { for (const FrameShape& s : found.frames) append(to, s.contour, kContourPoints, scale); });
  const auto around = [&](unsigned classes) {
    return blob.slice([&](auto& to) {
      for (size_t f = 0; f < frames; ++f) append(to, outline(masks.classes(static_cast<int>(f)), masks.side(), classes, kOutlinePoints), kOutlinePoints, 1);
    });
  };
  out["myocardium"] = around(bit(EchoClass::kLeftVentricle) | bit(EchoClass::kMyocardium));
  out["atrium"] = around(bit(EchoClass::kLeftAtrium));
  out["axis"] = blob.slice([&](auto& to) {
    for (const FrameShape& s : found.frames) {
      const EchoPoint axis[] = {s.apex, s.mitral_left, s.mitral_right};
      append(to, s.found ? std::span<const EchoPoint>(axis) : std::span<const EchoPoint>(), 3, scale);
    }
  });
  out["frames_at"] = first_byte;
  out["classes_at"] = first_byte + frames * side * side;
  out["entropy_at"] = first_byte + frames * (side * side + mask_side * mask_side);
  out["ef"] = json_number(found.ef_percent, 1);
  OrderedJson beats = OrderedJson::array(), by_hand = OrderedJson::array(), segments = OrderedJson::array(), notes = OrderedJson::array();
  for (const EchoBeat& beat : found.beats)
    beats.push_back({{"ed", beat.ed_frame}, {"es", beat.es_frame}, {"ef", json_number(beat.ef_percent, 1)}, {"gls", json_number(beat.gls_percent, 1)},
                     {"ed_ml", json_number(beat.ed_volume_ml, 1)}, {"es_ml", json_number(beat.es_volume_ml, 1)}});
  for (const auto& [frame, contour] : echo.contours_by_hand(index)) by_hand.push_back(frame);
  for (const WallSegment& wall : found.segments)
    segments.push_back({{"name", wall.name}, {"motion", json_number(wall.inward_motion_percent, 1)}, {"delay_ms", json_number(wall.time_to_peak_ms, 0)}});
  for (const std::string& note : clip.notes) notes.push_back(note);
  for (const std::string& note : found.notes) notes.push_back(note);
  out["beats"] = std::move(beats);
  out["by_hand"] = std::move(by_hand);
  out["segments"] = std::move(segments);
  out["measures"] = measures(clip, found);
  out["cannot_tell"] = found.cannot_tell_because;
  out["notes"] = std::move(notes);
  return out;
}

size_t byte_count(const EchoExamination& echo, size_t clip) {
  const auto side = static_cast<size_t>(echo.clip(clip).side), mask_side = static_cast<size_t>(echo.masks(clip).side());
  return static_cast<size_t>(echo.clip(clip).frame_count()) * (side * side + 2 * mask_side * mask_side);
}

}  // namespace

View echo_view(const EchoExamination& echo) {
  const EchoFindings& found = *echo.findings();
  OrderedJson out;
  bool simulated = false;
  for (size_t i = 0; i < echo.clip_count(); ++i) simulated |= echo.clip(i).format == "simulated";
  out["simulated"] = simulated;
  OrderedJson bands = OrderedJson::array();
  if (found.ef_percent) {
    const double ef = *found.ef_percent;
    out["tone"] = ef < 40.5 ? "act" : ef < 49.5 ? "watch" : "calm";
    out["headline"] = format_text("Ejection fraction %.0f %%", ef);
    out["sentence"] = format_text("With 95 %% probability between %.0f and %.0f %%.", *found.ef_low_percent, *found.ef_high_percent);
    out["method"] = found.method;
    out["ef"] = {{"value", json_number(found.ef_percent, 1)}, {"low", json_number(found.ef_low_percent, 1)}, {"high", json_number(found.ef_high_percent, 1)}};
    bands.push_back({{"label", "Reduced, 40 % or less"}, {"short", "HFrEF range"}, {"probability", json_number(found.to_40, 4)}});
    bands.push_back({{"label", "Mildly reduced, 41 to 49 %"}, {"short", "HFmrEF range"}, {"probability", json_number(found.from_41_to_49, 4)}});
    bands.push_back({{"label", "Preserved, 50 % or more"}, {"short", "HFpEF range"}, {"probability", json_number(found.from_50, 4)}});
  } else {
    out["tone"] = "unknown";
    out["headline"] = "Cannot tell from this clip";
    out["sentence"] = "No ejection fraction is given; what to do is below.";
    out["method"] = "";
    out["ef"] = nullptr;
  }
  out["bands"] = std::move(bands);
  out["gls"] = json_number(found.gls_percent, 1);
  out["cannot_tell"] = found.cannot_tell_because;
  out["disclaimer"] = kDisclaimer;
  Blob blob;
  size_t first_byte = 0;
  OrderedJson clips = OrderedJson::array();
  for (size_t i = 0; i < echo.clip_count(); ++i) {
    clips.push_back(clip_value(echo, i, first_byte, blob));
    first_byte += byte_count(echo, i);
  }
  out["clips"] = std::move(clips);
  return {json_text(out), std::move(blob.values)};
}

std::vector<ReportClip> report_clips(const EchoExamination& echo) {
  std::vector<ReportClip> out;
  for (size_t i = 0; i < echo.clip_count(); ++i) {
    const ClipFindings& found = echo.findings()->clips[i];
    ReportClip clip{echo.name(i), echo_view_name(found.view), {}, {}, {}, found.cannot_tell_because, echo.clip(i).format == "simulated"};
    for (const EchoBeat& beat : found.beats)
      if (found.cannot_tell_because.empty()) clip.beats.push_back({beat.ed_frame, beat.es_frame, beat.ef_percent, beat.ed_volume_ml, beat.es_volume_ml});
    const auto contour = [&](int frame, std::vector<std::pair<float, float>>& to) {
      const float scale = 1.0f / static_cast<float>(echo.clip(i).side), tall = static_cast<float>(height_over_width(echo.clip(i)));
      for (const EchoPoint& p : found.frames[static_cast<size_t>(frame)].contour) to.emplace_back(p.x * scale, p.y * scale * tall);
    };
    if (!clip.beats.empty()) {
      contour(clip.beats[0].ed_frame, clip.ed_contour);
      contour(clip.beats[0].es_frame, clip.es_contour);
    }
    out.push_back(std::move(clip));
  }
  return out;
}

std::vector<uint8_t> echo_pixels(const EchoExamination& echo) {
  std::vector<uint8_t> out;
  for (size_t i = 0; i < echo.clip_count(); ++i) {
    const MaskSequence& masks = echo.masks(i);
    out.reserve(out.size() + byte_count(echo, i));
    out.insert(out.end(), echo.clip(i).frames.begin(), echo.clip(i).frames.end());
    for (int f = 0; f < masks.frame_count(); ++f) out.insert(out.end(), masks.classes(f).begin(), masks.classes(f).end());
    for (int f = 0; f < masks.frame_count(); ++f) out.insert(out.end(), masks.entropy(f).begin(), masks.entropy(f).end());
  }
  return out;
}

}  // namespace precordia
