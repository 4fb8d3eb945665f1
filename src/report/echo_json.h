// The JSON object of `./precordia echo`. DESIGN.md section 4 fixes ef_percent, ef_low_percent, ef_high_percent, beats[], gls_percent,
// lv_area_curve[], view and quality.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "echo/echo_clip.h"
#include "echo/echo_findings.h"
#include "report/model_description.h"

namespace precordia {

struct EchoSource {
  std::string_view name;
  const EchoClip* clip = nullptr;
};

// `sources` in the order of findings.clips; `models` that drew, the one that reads clips first. Keys of the first clip stand at the top; with two
// clips each also has its own in `clips`.
std::string echo_json(std::string_view input, std::span<const EchoSource> sources, const EchoFindings& findings,
                      std::span<const ModelDescription> models);

}  // namespace precordia
