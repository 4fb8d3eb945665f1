#include "engine/echo_examination.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "echo/placement.h"

namespace precordia {

EchoExamination::EchoExamination(std::span<const EchoModel> models) {
  const auto first = std::ranges::find(models, false, &EchoModel::stills_only);
  if (first == models.end()) return;
  networks_.push_back(&*first);
  for (const EchoModel& model : models)
    if (model.stills_only) networks_.push_back(&model);
}

Result<void> EchoExamination::take(std::string name, EchoClip clip) {
  if (!model()) return fail(ErrorCode::kModel, "No echo network is installed, so a clip cannot be measured.");
  if (clips_.size() >= kMostClips)
    return fail(ErrorCode::kTooLarge, "Two clips are already open: an apical 4-chamber and an apical 2-chamber view are all that is needed. Remove one first.");
  auto held = std::make_unique<Held>();
  held->name = std::move(name);
  held->clip = std::move(clip);
  held->placements = placements_of_each(held->clip.frame_count());
  if (held->clip.frame_count() <= kMostStills) held->networks = static_cast<int>(networks_.size());
  held->masks = std::make_unique<MaskSequence>(held->clip, model()->side, held->placements, held->networks);
  clips_.push_back(std::move(held));
  findings_.reset();
  return {};
}

void EchoExamination::drop(size_t clip) {
  if (clip >= clips_.size()) return;
  clips_.erase(clips_.begin() + static_cast<std::ptrdiff_t>(clip));
  findings_.reset();
}

std::vector<float> EchoExamination::frame_tensor(size_t clip) const {
  const std::vector<uint8_t> pixels = frame_pixels(clip);
  return pixels.empty() ? std::vector<float>() : network_frame(pixels, clips_[clip]->clip.side, next_network(clip).side);
}

std::vector<uint8_t> EchoExamination::frame_pixels(size_t clip) const {
  const Held& held = *clips_[clip];
  if (held.answered >= held.wanted()) return {};
  const std::span<const uint8_t> frame = held.clip.frame(held.answered / held.readings());
  const int placement = held.answered % held.placements;
  return placement == 0 ? std::vector<uint8_t>(frame.begin(), frame.end()) : placed(frame, held.clip.side, kPlacements[static_cast<size_t>(placement)]);
}

Result<EchoExamination::Held*> EchoExamination::asked(size_t clip) {
  if (clip >= clips_.size() || clips_[clip]->answered >= clips_[clip]->wanted())
    return fail(ErrorCode::kWrongUsage, "No frame was asked about.");
  return clips_[clip].get();
}

Result<void> EchoExamination::answered(Held& held, FrameVerdict verdict, std::string_view precision) {
  held.verdicts.push_back(verdict);
  precision_ = precision;
  if (++held.answered == held.wanted()) held.masks->finish();
  return {};
}

Result<void> EchoExamination::frame_answer(size_t clip, const EchoAnswer& answer, std::string_view precision) {
  PRECORDIA_TRY(Held* held, asked(clip));
  PRECORDIA_TRY(FrameVerdict verdict, read_verdict(next_network(clip), answer));
  held->masks->add(answer.masks);
  return answered(*held, verdict, precision);
}

Result<void> EchoExamination::frame_answer_packed(size_t clip, std::span<const uint32_t> shares, const EchoAnswer& answer, std::string_view precision) {
  PRECORDIA_TRY(Held* held, asked(clip));
  PRECORDIA_TRY(FrameVerdict verdict, read_packed_verdict(next_network(clip), shares, answer));
  held->masks->add_packed(shares);
  return answered(*held, verdict, precision);
}

Result<void> EchoExamination::measure() {
  if (clips_.empty()) return fail(ErrorCode::kWrongUsage, "No clip has been read yet.");
  const EfError error{model()->single_plane_sd, model()->biplane_sd};
  std::vector<ClipFindings> each;
  std::vector<const EchoClip*> sources;
  for (const auto& held : clips_) {
    if (held->answered < held->wanted()) return fail(ErrorCode::kWrongUsage, "The networks have not seen every frame yet.");
    each.push_back(measure_clip(held->clip, *held->masks, held->verdicts, error, held->by_hand));
    sources.push_back(&held->clip);
  }
  findings_ = combine_clips(std::move(each), sources, error);
  return {};
}

Result<void> EchoExamination::set_contour(size_t clip, int frame, std::vector<EchoPoint> contour) {
  if (clip >= clips_.size() || frame < 0 || frame >= clips_[clip]->clip.frame_count())
    return fail(ErrorCode::kWrongUsage, "There is no such frame.");
  if (contour.size() < 5) clips_[clip]->by_hand.erase(frame);
  else clips_[clip]->by_hand[frame] = std::move(contour);
  return measure();
}

std::vector<uint8_t> EchoExamination::source_mask(size_t clip, int frame) const {
  const EchoClip& source = clips_[clip]->clip;
  const PictureBox& box = source.sector_box;
  std::vector<uint8_t> out(static_cast<size_t>(source.source_width) * static_cast<size_t>(source.source_height), 0);
  const std::vector<uint8_t> fine = clips_[clip]->masks->enlarged(frame, box.width, box.height);
  for (int y = std::max(0, -box.y); y < box.height && box.y + y < source.source_height; ++y)
    for (int x = std::max(0, -box.x); x < box.width && box.x + x < source.source_width; ++x)
      out[static_cast<size_t>(box.y + y) * source.source_width + box.x + x] = fine[static_cast<size_t>(y) * box.width + x];
  return out;
}

std::optional<EchoEvidence> EchoExamination::evidence() const {
  if (!findings_) return std::nullopt;
  EchoEvidence echo;
  if (!findings_->ef_percent) {
    echo.usable = false;
    for (const std::string& why : findings_->cannot_tell_because) echo.why_unusable += (echo.why_unusable.empty() ? "" : " ") + why;
    return echo;
  }
  echo.ef_percent = *findings_->ef_percent;
  echo.ef_low_percent = *findings_->ef_low_percent;
  echo.ef_high_percent = *findings_->ef_high_percent;
  echo.bands = {findings_->to_40, findings_->from_41_to_49, findings_->from_50};
  echo.method = findings_->method + ", measured by the echo network";
  if (findings_->gls_percent) echo.contour_strain_percent = std::abs(*findings_->gls_percent);
  for (const ClipFindings& clip : findings_->clips)
    if (!echo.la_volume_ml) echo.la_volume_ml = clip.la_volume_ml;
  echo.citation = format_text("Standard deviation %.1f points against experts' biplane EF, CAMUS validation patients (docs/validation-echo.md)",
                              *findings_->ef_sd_percent);
  return echo;
}

}  // namespace precordia
