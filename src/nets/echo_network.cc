#include "nets/echo_network.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace precordia {
namespace {

constexpr size_t kClasses = 4;

std::array<double, 3> softmax(std::span<const float> logits) {
  const double most = *std::max_element(logits.begin(), logits.end());
  std::array<double, 3> p{};
  double sum = 0;
  for (size_t i = 0; i < 3; ++i) sum += p[i] = std::exp(logits[i] - most);
  for (double& value : p) value /= sum;
  return p;
}

size_t pixels(const EchoModel& model) { return static_cast<size_t>(model.side) * static_cast<size_t>(model.side); }

bool finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

std::unexpected<Error> impossible(const EchoModel& model) {
  return fail(ErrorCode::kModel, "The network gave impossible numbers, so its answer is not used.", model.id);
}

Result<FrameVerdict> verdict_of(const EchoModel& model, const EchoAnswer& answer) {
  if (answer.view.size() != 3 || answer.quality.size() != 3 || !finite(answer.view) || !finite(answer.quality)) return impossible(model);
  const auto view = softmax(answer.view), quality = softmax(answer.quality);
  return FrameVerdict{view[0], view[1], view[2], quality[0], quality[1], quality[2]};
}

}  // namespace

Result<FrameVerdict> read_verdict(const EchoModel& model, const EchoAnswer& answer) {
  if (answer.masks.size() != kClasses * pixels(model) || !finite(answer.masks)) return impossible(model);
  return verdict_of(model, answer);
}

Result<FrameVerdict> read_packed_verdict(const EchoModel& model, std::span<const uint32_t> shares, const EchoAnswer& answer) {
  const auto adds_up = [](uint32_t four) {
    const uint32_t sum = (four & 255) + ((four >> 8) & 255) + ((four >> 16) & 255) + (four >> 24);
    return sum >= 253 && sum <= 257;   // each is rounded
  };
  if (shares.size() != pixels(model) || !std::all_of(shares.begin(), shares.end(), adds_up)) return impossible(model);
  return verdict_of(model, answer);
}

std::vector<float> probe_masks(const EchoModel& model, std::span<const float> masks) {
  std::vector<float> out;
  if (masks.size() != kClasses * pixels(model)) return out;
  const int step = model.side / kEchoProbe;
  for (size_t c = 0; c < kClasses; ++c)
    for (int y = step / 2; y < model.side; y += step)
      for (int x = step / 2; x < model.side; x += step) out.push_back(masks[c * pixels(model) + static_cast<size_t>(y * model.side + x)]);
  return out;
}

}  // namespace precordia
