// One ECG network between tensors and findings. The host runs the network; this room prepares its input and reads its output.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nets/ecg_net_findings.h"
#include "nets/manifest.h"

namespace precordia {

// The stretch of the record that the network sees, lead by lead at the record's own rate.
struct EcgNetWindow {
  size_t first_sample = 0;
  size_t sample_count = 0;
  double sample_rate_hz = 0;
  std::vector<float> mv;          // [model lead][sample], row-major; NaN = missing, only where `partial` is set
  const PartialInput* partial = nullptr;   // of the manifest: why the network may run on an incomplete recording
  std::string missing_text;       // "V1 to V6 missing"; empty = complete
};

// Last linear layer of the network: logits = weights * mean over time of the features + bias.
struct NetHead {
  int rows = 0, columns = 0;
  std::vector<float> weights;     // [rows][columns]
  std::vector<float> bias;        // [rows]
  std::vector<float> outlier_weights;   // [columns], then the bias of the outlier score; empty = the network has none
};

// Outputs of one run, by role; empty = the network has none.
struct NetAnswer {
  std::span<const float> logits, features, attention, person;
};

// `bytes` is the file named by the manifest. Error kModel when its length or a value is impossible.
Result<NetHead> parse_head(const EcgModel& model, std::span<const uint8_t> bytes);

// The first stretch of the network's length without long gaps; gaps of up to 40 ms are bridged by a straight line. Where
// there is none and the manifest knows what incomplete input costs, the fullest stretch with what is missing flagged.
// `lead_usable` is the quality judgement of the measurement room. Error kUnusable with the reason for the clinician when
// leads or samples are missing that the network was not validated without, or the record is too short.
Result<EcgNetWindow> choose_window(const EcgRecord& record, const std::array<bool, kLeadCount>& lead_usable,
                                   const EcgModel& model);

// The network's signal input at its own rate, in the unit, order and scale that it was trained with: [1][lead][sample] in
// mV unless the manifest says otherwise (C++ twin of shaders/resample.wgsl).
std::vector<float> prepare_tensor(const EcgNetWindow& window, const EcgModel& model);

// 1 where a sample of that tensor was not recorded, else 0. Empty when the network takes no flags.
std::vector<float> prepare_flags(const EcgNetWindow& window, const EcgModel& model);

// One value that a tabular input may ask for, by its name in kTabularSources.
struct KnownValue {
  std::string_view source;
  std::optional<double> value;
};

// The tabular input [1][value]; empty when the network takes none. Error kUnusable, naming it, when a required value is not known.
Result<std::vector<float>> prepare_tabular(std::span<const KnownValue> known, const EcgModel& model);

// Calibrated findings with class-activation maps; no features = no maps. Error kModel for tensors of the wrong length, NaN or
// infinity: no number is invented from them.
Result<EcgNetFindings> interpret_outputs(const EcgModel& model, const NetHead& head, const EcgNetWindow& window,
                                         const NetAnswer& answer, std::string_view precision);

// Compares a run of known answer `index` of a network with the manifest. Returns the largest absolute difference; error kModel over
// tolerance.
Result<double> check_known_answer(std::span<const KnownAnswer> answers, const std::string& model_id, size_t index, std::string_view precision,
                                  std::span<const float> logits);

}  // namespace precordia
