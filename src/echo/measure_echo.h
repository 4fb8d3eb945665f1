// Masks and times to ejection fraction, volumes, strain, and whether any of it may be believed.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "echo/echo_clip.h"
#include "echo/echo_findings.h"
#include "echo/echo_mask.h"

namespace precordia {

// Of one frame, by the network's heads: mean probabilities over a clip decide.
struct FrameVerdict {
  double apical4 = 0, apical2 = 0, other = 0;   // sum 1
  double good = 0, medium = 0, poor = 0;        // sum 1
};

// Standard deviation of the network's EF against experts, in points, as its manifest entry states it.
struct EfError {
  double single_plane_sd = 0, biplane_sd = 0;
};

// Contours set by hand, by frame: mitral_left over the apex to mitral_right in pixels of the clip's frames.
using HandContours = std::map<int, std::vector<EchoPoint>>;

// One clip. What the gates find is in `cannot_tell_because`; the numbers stand beside it as far as they could be had, but `ef_percent` is
// empty then.
ClipFindings measure_clip(const EchoClip& clip, const MaskSequence& masks, std::span<const FrameVerdict> verdicts, const EfError& error,
                          const HandContours& by_hand = {});

// One or two clips to one ejection fraction: an apical 4-chamber and an apical 2-chamber one together give Simpson's biplane, otherwise
// the median of what single planes say.
EchoFindings combine_clips(std::vector<ClipFindings> clips, std::span<const EchoClip* const> sources, const EfError& error);

}  // namespace precordia
