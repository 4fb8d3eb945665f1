#include "report/echo_json.h"

#include "base/version.h"
#include "fusion/screening.h"
#include "report/json_value.h"

namespace precordia {
namespace {

OrderedJson beats_value(const ClipFindings& clip) {
  OrderedJson beats = OrderedJson::array();
  for (const EchoBeat& beat : clip.beats)
    beats.push_back({{"ed_frame", beat.ed_frame}, {"es_frame", beat.es_frame}, {"ef_percent", json_number(beat.ef_percent, 1)},
                     {"gls_percent", json_number(beat.gls_percent, 1)}, {"ed_volume_ml", json_number(beat.ed_volume_ml, 1)},
                     {"es_volume_ml", json_number(beat.es_volume_ml, 1)}});
  return beats;
}

OrderedJson segments_value(const ClipFindings& clip) {
  OrderedJson segments = OrderedJson::array();
  for (const WallSegment& wall : clip.segments)
    segments.push_back({{"name", wall.name}, {"inward_motion_percent", json_number(wall.inward_motion_percent, 1)},
                        {"time_to_peak_ms", json_number(wall.time_to_peak_ms, 0)}});
  return segments;
}

// What one clip adds to `object`.
void add_clip(OrderedJson& object, const EchoClip& clip, const ClipFindings& found) {
  object["view"] = echo_view_name(found.view);
  object["view_probability"] = json_number(found.view_probability, 3);
  OrderedJson curve = OrderedJson::array(), volumes = OrderedJson::array(), entropy = OrderedJson::array(), times = OrderedJson::array();
  for (const FrameShape& shape : found.frames) {
    curve.push_back(shape.found ? json_number(shape.lv_area, 5) : nullptr);
    volumes.push_back(shape.found ? json_number(shape.volume, 6) : nullptr);
    entropy.push_back(shape.found ? json_number(shape.entropy, 3) : nullptr);
  }
  if (clip.times_known)
    for (const double time : clip.times_ms) times.push_back(json_number(time, 2));
  object["quality"] = {{"score", json_number(found.quality, 3)}, {"cannot_tell_because", found.cannot_tell_because}};
  object["beats"] = beats_value(found);
  object["heart_rate_bpm"] = json_number(found.heart_rate_bpm, 1);
  object["irregular"] = found.irregular;
  object["ed_volume_ml"] = json_number(found.ed_volume_ml, 1);
  object["es_volume_ml"] = json_number(found.es_volume_ml, 1);
  object["la_area_cm2"] = json_number(found.la_area_cm2, 1);
  object["la_volume_ml"] = json_number(found.la_volume_ml, 1);
  object["lv_length_mm"] = json_number(found.lv_length_mm, 1);
  object["sphericity"] = json_number(found.sphericity, 3);
  object["segments"] = segments_value(found);
  object["synchrony_sd_ms"] = json_number(found.synchrony_sd_ms, 1);
  object["lv_area_curve"] = std::move(curve);       // share of the frame's width squared
  object["lv_volume_curve"] = std::move(volumes);   // of its width cubed
  object["border_entropy_bits"] = std::move(entropy);
  object["frame_times_ms"] = std::move(times);      // empty = the file does not say
  OrderedJson notes = OrderedJson::array();
  for (const std::string& note : clip.notes) notes.push_back(note);
  for (const std::string& note : found.notes) notes.push_back(note);
  object["notes"] = std::move(notes);
  object["clip"] = {{"format", clip.format}, {"frames", clip.frame_count()}, {"source_width", clip.source_width},
                    {"source_height", clip.source_height}, {"device", clip.device},
                    {"sector_box", {clip.sector_box.x, clip.sector_box.y, clip.sector_box.width, clip.sector_box.height}},
                    {"mm_per_pixel", clip.mm_per_px_x ? OrderedJson{json_number(*clip.mm_per_px_x, 4), json_number(clip.mm_per_px_y, 4)} : OrderedJson(nullptr)}};
}

}  // namespace

std::string echo_json(std::string_view input, std::span<const EchoSource> sources, const EchoFindings& findings,
                      std::span<const ModelDescription> models) {
  OrderedJson object = {{"input", std::string(input)}, {"engine_version", kEngineVersion}};
  object["ef_percent"] = json_number(findings.ef_percent, 1);
  object["ef_low_percent"] = json_number(findings.ef_low_percent, 1);
  object["ef_high_percent"] = json_number(findings.ef_high_percent, 1);
  object["method"] = findings.ef_percent ? OrderedJson(findings.method) : OrderedJson(nullptr);
  object["bands"] = findings.ef_percent ? OrderedJson{{"ef_to_40", json_number(findings.to_40, 4)}, {"ef_41_to_49", json_number(findings.from_41_to_49, 4)},
                                                      {"ef_from_50", json_number(findings.from_50, 4)}}
                                        : OrderedJson(nullptr);
  object["gls_percent"] = json_number(findings.gls_percent, 1);
  object["cannot_tell_because"] = findings.cannot_tell_because;
  add_clip(object, *sources[0].clip, findings.clips[0]);
  if (findings.clips.size() > 1) {
    OrderedJson clips = OrderedJson::array();
    for (size_t i = 0; i < findings.clips.size(); ++i) {
      OrderedJson one = {{"input", std::string(sources[i].name)}, {"ef_percent", json_number(findings.clips[i].ef_percent, 1)},
                         {"gls_percent", json_number(findings.clips[i].gls_percent, 1)}};
      add_clip(one, *sources[i].clip, findings.clips[i]);
      clips.push_back(std::move(one));
    }
    object["clips"] = std::move(clips);
  }
  const auto value = [](const ModelDescription& model) -> OrderedJson {
    return {{"id", model.id}, {"version", model.version}, {"precision", model.precision}, {"licence", model.licence}};
  };
  object["model"] = value(models.front());
  for (const ModelDescription& model : models.subspan(1)) object["stills_models"].push_back(value(model));
  object["disclaimer"] = kDisclaimer;
  return json_text(object);
}

}  // namespace precordia
