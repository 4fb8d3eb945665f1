// The second look at the representative beat: a small network moves each lead's onsets and offsets from where the
// wavelet rule puts them to where cardiologists do.
//
// One multilayer perceptron a wave (P, QRS, T), the same for every lead: what the lead shows around the rule's two
// instants, what all leads show together, which lead it is -> how many milliseconds onset and offset lie away. Trained
// on LUDB (models/ecg-delineation-1/CARD.md). It runs inside the engine: 12 rows through three layers cost less than
// handing a tensor to a host.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "ecg/delineation.h"

namespace precordia {

enum class Wave : uint8_t { kP, kQrs, kT };
inline constexpr int kWaveCount = 3;

// What the network looks at: one row a lead of `leads`, and the instants (samples of the median beat) that its answers
// are relative to.
struct BoundaryView {
  Eigen::MatrixXf rows;
  std::vector<int> leads;
  int onset_anchor = 0, offset_anchor = 0;
};

// nullopt when the rule found no such wave.
std::optional<BoundaryView> boundary_view(const MedianBeat& beat, const DelineatedBeat& by_rule, Wave wave);

class DelineationNetwork {
 public:
  // The format that models/train/precordia_delineation/package.py writes. kModel when it is damaged.
  static Result<DelineationNetwork> parse(std::span<const uint8_t> weights);

  // Milliseconds from the anchors, [lead rows x 2: onset, offset].
  Eigen::MatrixXf shifts_ms(const BoundaryView& view, Wave wave) const;

 private:
  struct Perceptron {
    Eigen::VectorXf mean, scale;
    Eigen::MatrixXf first, second, last;        // [outputs x inputs]
    Eigen::VectorXf first_bias, second_bias, last_bias;
  };
  std::array<std::vector<Perceptron>, kWaveCount> members_;  // their answers are averaged
};

// The one that ships, compiled into the engine from models/ecg-delineation-1/weights.bin.
const DelineationNetwork& built_in_delineation_network();

// Replaces the rule's onsets and offsets, lead by lead; a global instant becomes the median over the leads. Waves keep
// their order and peaks stay inside their waves.
void refine_boundaries(DelineatedBeat& fiducials, const MedianBeat& beat, const DelineationNetwork& network);

}  // namespace precordia
