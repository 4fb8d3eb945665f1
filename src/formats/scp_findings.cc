// What the device measured and said: sections 7 (global measurements), 8 (its text report), 10 (per lead) and 11 (statements).
#include "base/text.h"
#include "formats/scp.h"

namespace precordia {
namespace {

constexpr int kNotMeasured = 29999, kNotFound = 29998;   // and 19999 for amplitudes: "isoelectric or absent"
constexpr int kAbsent = 19999;
constexpr size_t kMostStatements = 100;

bool measured(int value) { return value != kNotMeasured && value != kNotFound && value != kAbsent; }

void add_measurement(DeviceFindings& findings, const char* id, int value, const char* unit, std::string label) {
  if (measured(value)) findings.measurements.push_back({id, static_cast<double>(value), unit, std::move(label)});
}

void add_difference(DeviceFindings& findings, const char* id, int from, int to, const char* label) {
  if (measured(from) && measured(to) && to > from) add_measurement(findings, id, to - from, "ms", label);
}

void add_global(const Bytes& section, DeviceFindings& findings) {
  constexpr size_t kHead = 6, kBlock = 16, kSpike = 4, kSpikeInfo = 6;
  if (section.size() < kHead) return;
  const size_t blocks = section.u8(0), spikes = section.u8(1);
  if (section.u16(2) > 0) add_measurement(findings, "rr_ms", section.u16(2), "ms", "RR interval");
  if (section.u16(4) > 0) add_measurement(findings, "", section.u16(4), "ms", "PP interval");
  if (blocks > 0 && section.has(kHead, kBlock)) {
    // Milliseconds from the start of the reference beat, then three axes.
    const int p_on = section.u16(kHead), p_off = section.u16(kHead + 2), qrs_on = section.u16(kHead + 4),
              qrs_off = section.u16(kHead + 6), t_off = section.u16(kHead + 8);
    add_difference(findings, "p_ms", p_on, p_off, "P duration");
    add_difference(findings, "pr_ms", p_on, qrs_on, "PR interval");
    add_difference(findings, "qrs_ms", qrs_on, qrs_off, "QRS duration");
    add_difference(findings, "qt_ms", qrs_on, t_off, "QT interval");
    add_measurement(findings, "p_axis_deg", section.i16(kHead + 10), "deg", "P axis");
    add_measurement(findings, "qrs_axis_deg", section.i16(kHead + 12), "deg", "QRS axis");
    add_measurement(findings, "t_axis_deg", section.i16(kHead + 14), "deg", "T axis");
  }
  size_t at = kHead + blocks * kBlock + spikes * (kSpike + kSpikeInfo);
  const size_t beats = section.u16(at);
  at += 2 + beats;
  if (!section.has(at, 7)) return;
  if (section.u16(at) > 0) add_measurement(findings, "heart_rate_bpm", section.u16(at), "/min", "Ventricular rate");
  if (section.u16(at + 2) > 0) add_measurement(findings, "atrial_rate_bpm", section.u16(at + 2), "/min", "Atrial rate");
  const int formula = section.u8(at + 6);
  const char* id = formula == 1 ? "qtc_bazett_ms" : formula == 3 ? "qtc_fridericia_ms" : "qtc_ms";
  if (section.u16(at + 4) > 0) add_measurement(findings, id, section.u16(at + 4), "ms", "Corrected QT");
}

void add_per_lead(const Bytes& section, DeviceFindings& findings) {
  struct Field {
    size_t index;   // of the 16-bit number
    const char* label;
  };
  static constexpr Field kFields[] = {{9, "Q amplitude"}, {10, "R amplitude"}, {11, "S amplitude"}, {14, "J amplitude"}, {17, "T amplitude"}};
  const size_t leads = std::min<size_t>(section.u16(0), kMostScpLeads);
  size_t at = 4;
  for (size_t k = 0; k < leads && section.has(at, 4); ++k) {
    const std::string lead = scp_lead_label(section.u16(at));
    const Bytes values = section.part(at + 4, section.u16(at + 2));
    for (const auto& field : kFields)
      if (values.has(2 * field.index, 2) && values.i16(2 * field.index) != 0)
        add_measurement(findings, "", values.i16(2 * field.index), "uV", std::string(field.label) + ", " + lead);
    at += 4 + section.u16(at + 2);
  }
}

// Sections 8 and 11 start alike: confirmed, date, time, number of statements; each statement is its number, a length, content.
template <typename Each>
void for_each_statement(const Bytes& section, Each each) {
  constexpr size_t kHead = 9;
  const size_t count = std::min<size_t>(section.u8(kHead - 1), kMostStatements);
  size_t at = kHead;
  for (size_t i = 0; i < count && section.has(at, 3); ++i) {
    each(section.part(at + 3, section.u16(at + 1)));
    at += 3 + section.u16(at + 1);
  }
}

void add_statement(std::string_view raw, DeviceFindings& findings) {
  std::string text = printable_text(raw.substr(0, raw.find('\0')), 400);
  if (!text.empty()) findings.statements.push_back(std::move(text));
}

}  // namespace

void add_scp_findings(const ScpSections& sections, DeviceFindings& findings) {
  add_global(sections[7], findings);
  add_per_lead(sections[10], findings);
  for_each_statement(sections[8], [&](const Bytes& statement) { add_statement(statement.text(), findings); });
  // Section 11: a coded statement (1) is a string of its own, free text (2) too; logic (3) only joins others by number. It
  // repeats section 8 in codes, so it is used where there is no text.
  if (!findings.statements.empty()) return;
  for_each_statement(sections[11], [&](const Bytes& statement) {
    if (statement.u8(0) == 1 || statement.u8(0) == 2) add_statement(statement.from(1).text(), findings);
  });
}

}  // namespace precordia
