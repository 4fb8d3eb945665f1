#include "report/comparison.h"

#include <cmath>
#include <string_view>

#include "base/text.h"

namespace precordia {
namespace {

// What must differ before it is marked [E]: our own choice, about twice what two recordings of one calm person differ by; no published
// limit was found. EF: two
// readings differ by up to 10 points (Thavendiranathan 2013, doi 10.1016/j.jacc.2012.09.035).
struct Marked {
  const char* id;
  double difference;
};
constexpr Marked kMarked[] = {{"heart_rate_bpm", 15}, {"pr_ms", 25}, {"qrs_ms", 12}, {"qt_ms", 40},
                              {"qtc_fridericia_ms", 30}, {"qrs_axis_deg", 20}, {"ef_percent", 10}};

std::string shown(const ExaminationSummary::Value& v) { return v.value ? fixed_text(*v.value, v.digits) : std::string("–"); }

}  // namespace

ExaminationSummary examination_summary(const EcgFindings& findings, const Screening& screening) {
  ExaminationSummary summary;
  summary.headline = screening.headline;
  summary.rhythm = findings.rhythm_text;
  const auto add = [&](const char* id, const char* label, const char* unit, std::optional<double> value, int digits) {
    ExaminationSummary::Value one{id, label, unit, value, digits, 0};
    for (const Marked& marked : kMarked)
      if (std::string_view(marked.id) == id) one.repeatability = marked.difference;
    summary.values.push_back(std::move(one));
  };
  for (const Measurement& m : findings.measurements) add(m.id.c_str(), m.label.c_str(), m.unit.c_str(), m.value, m.digits);
  if (screening.echo) add("ef_percent", "Ejection fraction", "%", screening.echo->ef_percent, 0);
  const auto percent = [](const std::optional<double>& p) { return p ? std::optional<double>(100 * *p) : std::nullopt; };
  add("lvsd", "LV systolic dysfunction", "%", percent(screening.probability), 1);
  add("hf", "Heart failure of any kind", "%", percent(screening.hf_probability), 1);
  return summary;
}

std::vector<ComparedLine> compare(const ExaminationSummary& before, const ExaminationSummary& now) {
  std::vector<ComparedLine> lines;
  lines.push_back({"Answer", "", before.headline, now.headline, before.headline == now.headline ? "same" : "changed", false, true});
  if (!before.rhythm.empty() || !now.rhythm.empty())
    lines.push_back({"Rhythm", "", before.rhythm, now.rhythm, before.rhythm == now.rhythm ? "same" : "changed", false, true});
  for (const ExaminationSummary::Value& value : now.values) {
    const ExaminationSummary::Value* then = nullptr;
    for (const auto& candidate : before.values)
      if (candidate.id == value.id) then = &candidate;
    if (!value.value && !(then && then->value)) continue;
    ComparedLine line{value.label, value.unit, then ? shown(*then) : "–", shown(value), "–", false};
    if (then && then->value && value.value) {
      const double change = *value.value - *then->value;
      line.change = (change > 0 ? "+" : "") + fixed_text(change, value.digits);
      line.beyond_chance = value.repeatability > 0 && std::fabs(change) >= value.repeatability;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace precordia
