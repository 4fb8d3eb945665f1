#include "ecg/criteria.h"

#include "ecg/judging.h"
#include "ecg/reference_values.h"

namespace precordia {

std::vector<Criterion> judge_criteria(const CriteriaInput& in) {
  std::vector<Criterion> out;
  auto add = [&](std::vector<Criterion> more) {
    out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  // Later rules ask what earlier ones found: Romhilt-Estes the strain, Q waves the blocks.
  add(judge_voltage(in));
  out.push_back(judge_strain(in));
  out.push_back(judge_p_terminal_force(in));
  out.push_back(judge_romhilt_estes(in, out));
  add(judge_conduction(in));
  add(judge_infarction(in, out));
  add(judge_repolarisation(in, out));
  add(judge_atria(in));
  out.push_back(judge_low_voltage_limb(in));
  out.push_back(judge_low_voltage_chest(in));
  out.push_back(judge_electrical_risk(in, out));
  out.push_back(judge_fibrillation(in));
  out.push_back(
      unknown(kAlternans, in,
              "Not measurable in a 10 s resting strip: it needs exercise or pacing, and noise dominates."));
  return out;
}

}  // namespace precordia
