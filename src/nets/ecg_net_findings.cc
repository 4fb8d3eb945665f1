#include "nets/ecg_net_findings.h"

namespace precordia {

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
