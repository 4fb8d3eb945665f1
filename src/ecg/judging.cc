#include "ecg/judging.h"

#include "base/text.h"

namespace precordia {

Criterion from(const CriterionSpec& spec, const CriteriaInput& in) {
  Criterion c;
  c.id = spec.id;
  c.label = spec.label;
  c.unit = spec.unit;
  c.digits = spec.digits;
  c.cutoff = cutoff_for(spec, in.person.sex);
  c.formula = spec.formula;
  c.citation = spec.citation;
  return c;
}

Criterion unknown(const CriterionSpec& spec, const CriteriaInput& in, std::string why) {
  Criterion c = from(spec, in);
  c.why_unknown = std::move(why);
  return c;
}

Criterion at_least(const CriterionSpec& spec, const CriteriaInput& in, double value) {
  Criterion c = from(spec, in);
  c.value = value;
  if (c.cutoff) {
    c.met = value >= *c.cutoff;
  } else if (spec.cutoff_male && spec.cutoff_female) {
    const double low = std::min(*spec.cutoff_male, *spec.cutoff_female),
                 high = std::max(*spec.cutoff_male, *spec.cutoff_female);
    if (value < low) c.met = false;
    if (value >= high) c.met = true;
    if (!c.met) c.why_unknown = "The cut-off depends on the person's sex, which is not known.";
  }
  return c;
}

Criterion unless_wide(Criterion c, const CriteriaInput& in) {
  if (wide(in) && (c.met || c.why_unknown.empty())) {
    c.met = std::nullopt;
    c.why_unknown = "Not judged: a QRS of 120 ms or more changes voltages, ST and T by itself.";
  }
  return c;
}

std::optional<std::string> missing_leads(const CriteriaInput& in, std::initializer_list<Lead> needed) {
  std::string names, clipped;
  for (Lead lead : needed) {
    if (measured_lead(in, lead)) continue;
    std::string& list = in.findings.quality[index_of(lead)].clipped ? clipped : names;
    if (!list.empty()) list += ", ";
    list += kLeadNames[index_of(lead)];
  }
  if (!names.empty()) return "Not judged: " + names + " could not be measured.";
  if (!clipped.empty()) return "Not judged: " + clipped + " is clipped, so its heights are not known.";
  return std::nullopt;
}

bool met(const std::vector<Criterion>& done, std::string_view id) {
  return std::any_of(done.begin(), done.end(),
                     [&](const Criterion& c) { return c.id == id && c.met.value_or(false); });
}

bool left_block_or_pacing(const CriteriaInput& in, const std::vector<Criterion>& done) {
  return in.findings.rhythm == Rhythm::kPaced || met(done, "lbbb") || met(done, "lbbb_strauss");
}

void add_territory(Criterion& c, const char* name, const std::vector<int>& leads) {
  if (leads.empty()) return;
  if (!c.detail.empty()) c.detail += "; ";
  c.detail += std::string(name) + ": ";
  for (size_t i = 0; i < leads.size(); ++i) c.detail += (i ? ", " : "") + std::string(kLeadNames[leads[i]]);
}

}  // namespace precordia
