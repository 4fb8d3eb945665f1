#include "ecg/ecg_findings.h"

#include <string_view>

namespace precordia {

const char* rhythm_name(Rhythm rhythm) {
  switch (rhythm) {
    case Rhythm::kSinus:
      return "sinus";
    case Rhythm::kIrregularWithoutP:
      return "irregular_without_p";
    case Rhythm::kPaced:
      return "paced";
    case Rhythm::kOther:
      return "other";
    case Rhythm::kUnknown:
      break;
  }
  return "unknown";
}

const Measurement* find_measurement(const EcgFindings& findings, std::string_view id) {
  for (const Measurement& m : findings.measurements) {
    if (m.id == id) return &m;
  }
  return nullptr;
}

std::optional<double> measured(const EcgFindings& findings, std::string_view id) {
  const Measurement* m = find_measurement(findings, id);
  return m ? m->value : std::nullopt;
}

const Criterion* find_criterion(const EcgFindings& findings, std::string_view id) {
  for (const Criterion& c : findings.criteria) {
    if (c.id == id) return &c;
  }
  return nullptr;
}

}  // namespace precordia
