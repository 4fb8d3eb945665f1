// The echo network between tensors and findings; src/echo/echo_mask.h prepares its input and takes its masks.
#pragma once

#include <span>
#include <vector>

#include "echo/measure_echo.h"
#include "nets/manifest.h"

namespace precordia {

// Outputs of one run over one frame.
struct EchoAnswer {
  std::span<const float> masks, view, quality;
};

// What the heads say of a frame. Error kModel for tensors of the wrong length, NaN or infinity.
Result<FrameVerdict> read_verdict(const EchoModel& model, const EchoAnswer& answer);

// The same where the masks came as packed probabilities (packed_shares of src/echo/echo_mask.h). Error kModel also where a pixel's four
// do not add up to one.
Result<FrameVerdict> read_packed_verdict(const EchoModel& model, std::span<const uint32_t> shares, const EchoAnswer& answer);

// The masks' logits at kEchoProbe x kEchoProbe places of each class, for check_known_answer; empty when `masks` has the wrong length.
std::vector<float> probe_masks(const EchoModel& model, std::span<const float> masks);

}  // namespace precordia
