#include "nets/ecg_net_findings.h"

namespace precordia {

NetFlag flag_of(const NetOutput& output) {
  if (output.probability < kLeastFlaggedProbability) return NetFlag::kNone;
  if (output.confirming_threshold && output.probability >= *output.confirming_threshold) return NetFlag::kConfirming;
  if (output.screening_threshold && output.probability >= *output.screening_threshold) return NetFlag::kScreening;
  return NetFlag::kNone;
}

NetCall call_of(const NetOutput& output) {
  if (!output.screening_threshold || !output.confirming_threshold) return NetCall::kUnknown;
  if (output.probability < *output.screening_threshold) return NetCall::kAbsent;
  return output.probability < *output.confirming_threshold ? NetCall::kAbstain : NetCall::kPresent;
}

const char* call_name(NetCall call) {
  switch (call) {
    case NetCall::kUnknown: return "unknown";
    case NetCall::kAbsent: return "absent";
    case NetCall::kAbstain: return "abstain";
    case NetCall::kPresent: return "present";
  }
  return "unknown";
}

const NetOutput* find_output(const EcgNetFindings& findings, std::string_view id) {
  for (const NetOutput& output : findings.outputs)
    if (output.id == id) return &output;
  return nullptr;
}

const NetComposite* find_composite(const EcgNetFindings& findings, std::string_view id) {
  for (const NetComposite& composite : findings.composites)
    if (composite.id == id) return &composite;
  return nullptr;
}

}  // namespace precordia
