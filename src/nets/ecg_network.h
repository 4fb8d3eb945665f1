// One ECG network between tensors and findings. The host runs the network; this room prepares its input and reads its output.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "nets/ecg_net_findings.h"
#include "nets/manifest.h"

namespace precordia {

// The stretch of the record that the network sees, lead by lead at the record's own rate, gap-free.
struct EcgNetWindow {
  size_t first_sample = 0;
  size_t sample_count = 0;
  double sample_rate_hz = 0;
  std::vector<float> mv;          // [model lead][sample], row-major
};

// Last linear layer of the network: logits = weights * mean over time of the features + bias.
struct NetHead {
  int rows = 0, columns = 0;
  std::vector<float> weights;     // [rows][columns]
  std::vector<float> bias;        // [rows]
};

// `bytes` is the file named by the manifest. Error kModel when its length or a value is impossible.
Result<NetHead> parse_head(const EcgModel& model, std::span<const uint8_t> bytes);

// The first stretch of the network's length without long gaps. Gaps of up to 40 ms are bridged by a straight line.
// `lead_usable` is the quality judgement of the measurement room. Error kUnusable with the reason for the clinician when a
// lead that the network was validated with is missing or unusable, or the record is too short.
Result<EcgNetWindow> choose_window(const EcgRecord& record, const std::array<bool, kLeadCount>& lead_usable,
                                   const EcgModel& model);

// The network's input tensor [1][lead][sample] in mV at its own rate: C++ twin of shaders/resample.wgsl.
std::vector<float> prepare_tensor(const EcgNetWindow& window, const EcgModel& model);

// Calibrated findings with class-activation maps. `features` is [channels][steps]; empty = no maps. Error kModel for
// tensors of the wrong length, NaN or infinity: no number is invented from them.
Result<EcgNetFindings> interpret_outputs(const EcgModel& model, const NetHead& head, const EcgNetWindow& window,
                                         std::span<const float> logits, std::span<const float> features,
                                         std::string_view precision);

// Compares a run of known answer `index` with the manifest. Returns the largest absolute difference; error kModel over tolerance.
Result<double> check_known_answer(const EcgModel& model, size_t index, std::string_view precision,
                                  std::span<const float> logits);

}  // namespace precordia
