// Two examinations of one person side by side, within one session. That they are one person is the user's word.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ecg/ecg_findings.h"
#include "fusion/screening.h"

namespace precordia {

struct ExaminationSummary {
  struct Value {
    std::string id, label, unit;
    std::optional<double> value;
    int digits = 0;
    double repeatability = 0;  // smaller differences are within what one person shows from day to day; 0 = not known
  };
  std::vector<Value> values;
  std::string headline, rhythm;
};
ExaminationSummary examination_summary(const EcgFindings& findings, const Screening& screening);

struct ComparedLine {
  std::string label, unit, before, now, change;  // texts; a dash for the unknown
  bool beyond_chance = false;
  bool is_text = false;  // words, not numbers
};
std::vector<ComparedLine> compare(const ExaminationSummary& before, const ExaminationSummary& now);

}  // namespace precordia
