// The echo part of one examination: up to two clips (apical 4-chamber and apical 2-chamber) of one person, frame by frame through the
// network, then measured together.
//
//   take, then for each reading of each clip frame_tensor and frame_answer in order, then measure; set_contour measures again
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "echo/echo_clip.h"
#include "echo/echo_mask.h"
#include "echo/measure_echo.h"
#include "fusion/echo_evidence.h"
#include "nets/echo_network.h"

namespace precordia {

inline constexpr size_t kMostClips = 2;

class EchoExamination {
 public:
  // `models` must outlive this; the first that is not for stills alone reads clips, and those that are read pictures beside it, up to
  // kMostStills of them.
  explicit EchoExamination(std::span<const EchoModel> models);

  // Error kTooLarge for a third clip, kModel when no network is installed.
  Result<void> take(std::string name, EchoClip clip);
  void drop(size_t clip);

  size_t clip_count() const { return clips_.size(); }
  const EchoModel* model() const { return networks_.empty() ? nullptr : networks_.front(); }   // that reads clips; null when there is none
  std::span<const EchoModel* const> networks() const { return networks_; }   // that one first
  const std::string& name(size_t clip) const { return clips_[clip]->name; }
  const EchoClip& clip(size_t clip) const { return clips_[clip]->clip; }
  const MaskSequence& masks(size_t clip) const { return *clips_[clip]->masks; }
  // Each frame is read by the first networks_asked(clip) of networks() in turn, by each in the first placements(clip) of kPlacements
  // (echo/placement.h); what follows speaks of readings.
  int networks_asked(size_t clip) const { return clips_[clip]->networks; }
  int placements(size_t clip) const { return clips_[clip]->placements; }
  const EchoModel& next_network(size_t clip) const { return *networks_[static_cast<size_t>(clip < clips_.size() ? clips_[clip]->network() : 0)]; }
  int answers_wanted(size_t clip) const { return clips_[clip]->wanted(); }
  int answers(size_t clip) const { return clips_[clip]->answered; }
  int frames_answered(size_t clip) const { return clips_[clip]->answered / clips_[clip]->readings(); }
  // [1][1][side][side] of the next one; empty when all have been answered.
  std::vector<float> frame_tensor(size_t clip) const;
  // The same before it is reduced, for a host that reduces it (shaders/echo_frame.wgsl): clip(clip).side squared; empty as above.
  std::vector<uint8_t> frame_pixels(size_t clip) const;
  Result<void> frame_answer(size_t clip, const EchoAnswer& answer, std::string_view precision);
  // From a host that made probabilities of the masks itself (MaskSequence::add_packed); `answer.masks` is empty.
  Result<void> frame_answer_packed(size_t clip, std::span<const uint32_t> shares, const EchoAnswer& answer, std::string_view precision);
  // Error kWrongUsage while answers are missing.
  Result<void> measure();
  // A contour drawn by hand, mitral_left over the apex to mitral_right in pixels of the clip's frames; fewer than five points take it back.
  Result<void> set_contour(size_t clip, int frame, std::vector<EchoPoint> contour);
  const HandContours& contours_by_hand(size_t clip) const { return clips_[clip]->by_hand; }

  // The mask of one frame at the size of the source picture, classes row after row; outside the sector's box it is background.
  std::vector<uint8_t> source_mask(size_t clip, int frame) const;
  const std::string& precision() const { return precision_; }   // of the artefact that ran
  const EchoFindings* findings() const { return findings_ ? &*findings_ : nullptr; }
  // What the fusion room takes; empty before measure(). Unusable clips say why.
  std::optional<EchoEvidence> evidence() const;

 private:
  struct Held {
    std::string name;
    EchoClip clip;
    std::unique_ptr<MaskSequence> masks;   // points at `clip`
    std::vector<FrameVerdict> verdicts;
    HandContours by_hand;
    int networks = 1, placements = 1, answered = 0;
    int readings() const { return networks * placements; }   // of each frame
    int wanted() const { return readings() * clip.frame_count(); }
    int network() const { return answered / placements % networks; }   // that is to read next
  };
  Result<Held*> asked(size_t clip);
  Result<void> answered(Held& held, FrameVerdict verdict, std::string_view precision);

  std::vector<const EchoModel*> networks_;
  std::vector<std::unique_ptr<Held>> clips_;
  std::optional<EchoFindings> findings_;
  std::string precision_;
};

}  // namespace precordia
