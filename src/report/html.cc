#include "report/html.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "base/version.h"
#include "report/answer_words.h"
#include "report/ecg_drawing.h"

namespace precordia {
namespace {

// Colours have a contrast of at least 4.5:1 on white and never stand alone: every tone also has a word and a
// symbol.
constexpr const char* kStyle = R"(
@page{size:A4 landscape;margin:8mm 12mm}
*{box-sizing:border-box}
html{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{margin:0;background:#e9edf0;color:#17222b;font:8.5pt/1.32 "Inter","Segoe UI","Helvetica Neue",Arial,sans-serif}
.sheet{width:273mm;margin:6mm auto;padding:7mm 0 0;background:#fff;box-shadow:0 0 0 12mm #fff,0 1mm 6mm 12mm #0003}
.sheet+.sheet{margin-top:34mm}
h1{font-size:15pt;line-height:1.2;margin:0;font-weight:650;letter-spacing:-.01em}
h2{font-size:9pt;margin:0 0 1.2mm;font-weight:650;color:#0b4f63}
p{margin:.6mm 0}
ul{margin:0 0 1.6mm;padding-left:4mm}
li{margin:.4mm 0}
header{display:flex;justify-content:space-between;align-items:baseline;border-bottom:.5mm solid #0b4f63;padding-bottom:1.4mm;margin-bottom:2.4mm}
header b{font-size:12pt;color:#0b4f63;letter-spacing:.01em}
header span{color:#43525d}
.banner{border:.4mm solid #8a4b00;color:#6b3a00;background:#fff5e5;padding:1mm 2.5mm;margin-bottom:2.4mm;font-weight:650}
.top{display:grid;grid-template-columns:1.25fr 1fr;gap:5mm;margin-bottom:2.6mm}
.answer{border-left:1.6mm solid #43525d;padding:.4mm 0 .4mm 3mm}
.calm{border-color:#1d6b3f}.watch{border-color:#a35a00}.act{border-color:#b3261e}.unknown{border-color:#5b6872}
.tone{font-weight:650;font-size:8pt;text-transform:uppercase;letter-spacing:.05em}
.calm .tone{color:#1d6b3f}.watch .tone{color:#8a4b00}.act .tone{color:#b3261e}.unknown .tone{color:#43525d}
.chance{margin-top:1mm;color:#17222b}
.chance b{font-size:12pt;font-variant-numeric:tabular-nums}
.axis{display:block;margin:1mm 0}
.axis path{fill:none;stroke:#8a98a3;stroke-width:.2}
.axis .range{stroke:#0b4f63;stroke-width:2;opacity:.3}
.axis .prior{stroke:#17222b;stroke-width:.4}
.axis circle{fill:#0b4f63}
.axis text{font-size:2.5px;fill:#43525d;text-anchor:middle}
.small{font-size:7pt;color:#43525d}
.next{background:#f1f6f8;padding:1.6mm 3mm}
.next h1{font-size:11pt}
.urgent{background:#fdecea;outline:.5mm solid #b3261e}
svg.ecg{display:block;background:#fffdfb;margin-left:3.5mm;font-family:inherit}
.minor{fill:none;stroke:#f4d3cd;stroke-width:.1}
.major{fill:none;stroke:#e6a69c;stroke-width:.16}
.trace{fill:none;stroke:#10181f;stroke-width:26;stroke-linejoin:round;stroke-linecap:round}
.pulse{fill:none;stroke:#10181f;stroke-width:.26}
.lead{font-size:3.3px;font-weight:650;fill:#10181f}
.scale{display:flex;justify-content:space-between;margin:1mm 3.5mm 0;align-items:center}
.ruler{display:block}
.ruler path{stroke:#10181f;stroke-width:.25;fill:none}
table{border-collapse:collapse;width:100%;margin-bottom:2mm;font-size:7.3pt;line-height:1.24}
th{text-align:left;font-weight:650;border-bottom:.3mm solid #43525d;padding:.5mm 1.2mm .5mm 0;vertical-align:bottom}
td{border-bottom:.15mm solid #ccd5db;padding:.4mm 1.2mm .4mm 0;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding-right:2.5mm}
tr{break-inside:avoid}
h2{break-after:avoid}
.off{color:#7a2e00;font-weight:650}
.aside td{color:#43525d}
.columns{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1.9fr) minmax(0,1fr);gap:5mm}
.pair{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:5mm}
.short{white-space:nowrap}
footer{border-top:.3mm solid #0b4f63;margin-top:1.6mm;padding-top:1mm;display:flex;justify-content:space-between;gap:6mm}
footer b{color:#17222b}
@media print{body{background:#fff}.sheet{width:auto;min-height:193mm;display:flex;flex-direction:column;margin:0;padding:0;box-shadow:none}footer{margin-top:auto}.sheet+.sheet{margin:0;break-before:page}}
)";

std::string e(std::string_view text) { return escape_html(text); }

std::string tag(const char* name, const std::string& text) {
  return std::string("<") + name + ">" + e(text) + "</" + name + ">";
}

const char* tone_words(std::string_view tone) {
  if (tone == "calm") return "✓ No action from this test alone";
  if (tone == "watch") return "▲ Look further";
  if (tone == "act") return "■ Act";
  return "? Not answered";
}

std::string head_line(const ViewInput& input, const std::string& date) {
  const EcgRecord& record = *input.record;
  const std::string patient =
      patient_text(input.profile.age_years ? input.profile.age_years : record.patient.age_years,
                   input.profile.sex ? input.profile.sex : record.patient.sex);
  return "<header><b>Precordia · ECG heart-failure screening</b><span>" + e(input.file_name) + " · " +
         e(patient) + " · " + e(record_text(record)) +
         (record.source.recorded_at.empty() ? "" : " · recorded " + e(record.source.recorded_at)) +
         " · report of " + e(date) + "</span></header>";
}

std::string simulated_banner(const ViewInput& input) {
  if (!input.record->source.simulated) return {};
  return "<div class=\"banner\">SIMULATED PATIENT: this ECG was computed for demonstration and belongs to no "
         "person.</div>";
}

std::string footer(const std::string& app_version, int page) {
  std::string versions = std::string("Engine ") + kEngineVersion;
  if (!app_version.empty() && app_version != kEngineVersion) versions += " · app " + app_version;
  return "<footer class=\"small\"><b>" + e(kDisclaimer) +
         "</b><span>Not for children, paced rhythms or emergencies. A normal "
         "result does not exclude heart disease.</span><span>" +
         e(versions) + format_text(" · page %d", page) + "</span></footer>";
}

// The probability on a log-odds axis from 1 to 95 %: bar = range, dot = value, tick = before the ECG. There
// equal distances are equal weights of evidence.
std::string probability_axis(const Screening& s) {
  constexpr double kLeftMm = 4, kRightMm = 138, kAxisMm = 5;
  const auto x = [](double probability) {
    const double p = std::clamp(probability, 0.01, 0.95);
    const double low = std::log(0.01 / 0.99), high = std::log(0.95 / 0.05);
    return kLeftMm + (kRightMm - kLeftMm) * (std::log(p / (1 - p)) - low) / (high - low);
  };
  std::string svg = format_text(
      "<svg class=\"axis\" width=\"142mm\" height=\"9.5mm\" viewBox=\"0 0 142 9.5\" role=\"img\" "
      "aria-label=\"probability\">"
      "<path d=\"M%g %gH%g\"/>",
      kLeftMm, kAxisMm, kRightMm);
  for (int percent : {1, 2, 5, 10, 20, 30, 50, 70, 80, 90, 95})
    svg += format_text("<path d=\"M%.2f %gv1\"/><text x=\"%.2f\" y=\"9\">%d</text>", x(percent / 100.0),
                       kAxisMm, x(percent / 100.0), percent);
  svg += format_text("<path class=\"range\" d=\"M%.2f %gH%.2f\"/>", x(*s.low), kAxisMm, x(*s.high));
  svg += format_text("<path class=\"prior\" d=\"M%.2f 2.6v4.8\"/><text x=\"%.2f\" y=\"2.2\">before</text>",
                     x(*s.prior), x(*s.prior));
  svg += format_text("<circle cx=\"%.2f\" cy=\"%g\" r=\"1.3\"/>", x(*s.probability), kAxisMm);
  return svg + "</svg>";
}

std::string answer_block(const Screening& s) {
  const std::string tone = tone_of(s);
  std::string html = "<div class=\"answer " + tone + "\"><div class=\"tone\">" + tone_words(tone) + "</div>";
  html += tag("h1", s.headline) + tag("p", s.sentence);
  if (s.probability && s.low && s.high && s.prior) {
    html += "<p class=\"chance\">" + e(s.target) + ": <b>" + e(percent_text(*s.probability)) + "</b> (" +
            e(percent_text(*s.low)) + " to " + e(percent_text(*s.high)) + "); before this ECG " +
            e(percent_text(*s.prior)) + "</p>" + probability_axis(s) +
            "<p class=\"small\">Starting point: " + e(s.prior_context) + "</p>";
  }
  if (s.hf_probability && s.hf_low && s.hf_high && s.hf_prior) {
    html += "<p class=\"chance\">Heart failure of any kind: <b>" + e(percent_text(*s.hf_probability)) +
            "</b> (" + e(percent_text(*s.hf_low)) + " to " + e(percent_text(*s.hf_high)) +
            "); before the blood test " + e(percent_text(*s.hf_prior)) + "</p>";
  }
  return html + "</div>";
}

std::string next_block(const NextStep& next) {
  std::string html = std::string("<div class=\"next") + (next.urgent ? " urgent" : "") +
                     "\"><h2>Next step</h2>" + tag("h1", next.headline) + "<ul>";
  for (const std::string& step : next.steps) html += tag("li", step);
  html += "</ul>";
  if (!next.most_useful_test.empty())
    html += "<p><b>Most useful next test:</b> " + e(next.most_useful_test) + "</p>";
  if (!next.citation.empty()) html += "<p class=\"small\">" + e(next.citation) + "</p>";
  return html + "</div>";
}

std::string scale_line(const ViewInput& input) {
  std::string filter =
      "25 mm/s · 10 mm/mV · " + format_text("%g–%g Hz", input.filter.high_pass_hz, input.filter.low_pass_hz);
  if (input.filter.notch_hz > 0) filter += format_text(", %g Hz notch", input.filter.notch_hz);
  std::string ticks = "M.2 4H100.2";
  for (int mm = 0; mm <= 100; mm += 5) ticks += format_text("M%g 4v-%g", mm + 0.2, mm % 10 == 0 ? 2.6 : 1.4);
  return "<div class=\"scale small\"><span>" + e(filter) +
         "</span><span>Ruler: 100 mm. If it is not, print again at 100 %.</span>"
         "<svg class=\"ruler\" width=\"100.4mm\" height=\"4.4mm\" viewBox=\"0 0 100.4 4.4\"><path d=\"" +
         ticks + "\"/></svg></div>";
}

std::string evidence_table(const Screening& screening) {
  std::string html =
      "<h2>Evidence</h2><table><thead><tr><th>Finding</th><th>Value</th><th>Speaks</th><th>About</th>"
      "<th class=\"n\">Weight</th><th>Why</th><th>Source</th></tr></thead><tbody>";
  for (const EvidenceItem& item : screening.evidence) {
    const char* about = item.scale == EvidenceScale::kLvsd           ? "weak ventricle"
                        : item.scale == EvidenceScale::kHeartFailure ? "heart failure"
                                                                     : "context";
    const char* points = item.direction == EvidenceDirection::kFor       ? "▲ for"
                         : item.direction == EvidenceDirection::kAgainst ? "▼ against"
                                                                         : "– neutral";
    html += std::string("<tr") + (item.counted ? "" : " class=\"aside\"") + ">" + tag("td", item.label) +
            "<td" + (item.value.size() < 26 ? " class=\"short\"" : "") + ">" + e(item.value) + "</td>" +
            "<td class=\"short\">" + e(points) + "</td><td class=\"short\">" + e(about) +
            "</td><td class=\"n\">" + e(weight_text(item)) + "</td>" + tag("td", item.explanation) +
            "<td class=\"small\">" + e(item.citation) + "</td></tr>";
  }
  return html + "</tbody></table>";
}

std::string measurement_table(const EcgFindings& findings) {
  std::string html =
      "<h2>Measured</h2><table><thead><tr><th>Measurement</th><th class=\"n\">Value</th><th "
      "class=\"n\">Normal</th></tr></thead><tbody>";
  for (const Measurement& m : findings.measurements) {
    const RangeStatus status = status_of(m);
    const bool off = status == RangeStatus::kLow || status == RangeStatus::kHigh;
    const std::string mark = status == RangeStatus::kLow ? " ↓" : status == RangeStatus::kHigh ? " ↑" : "";
    html += "<tr><td>" + e(m.label) + "</td><td class=\"n" + (off ? " off" : "") + "\">" + e(value_text(m)) +
            (m.value && !m.unit.empty() ? " " + e(unit_text(m.unit)) : "") + mark + "</td><td class=\"n\">" +
            e(range_text(m)) + "</td></tr>";
  }
  html += "</tbody></table>";
  if (!findings.rhythm_text.empty()) html += "<p><b>Rhythm:</b> " + e(findings.rhythm_text) + "</p>";
  return html;
}

std::string criteria_rows(const EcgFindings& findings, size_t from, size_t to) {
  std::string html =
      "<table><thead><tr><th>Rule</th><th class=\"n\">Value</th><th>Met</th></tr></thead><tbody>";
  for (size_t i = from; i < to; ++i) {
    const Criterion& c = findings.criteria[i];
    std::string value =
        c.value ? fixed_text(*c.value, c.digits) + (c.unit.empty() ? "" : " " + unit_text(c.unit)) : "–";
    const char* met = !c.met ? "unknown" : *c.met ? "yes" : "no";
    html += "<tr><td>" + e(c.label) + (c.detail.empty() ? "" : " (" + e(c.detail) + ")") +
            "</td><td class=\"n\">" + e(value) + "</td><td" +
            (c.met.value_or(false) ? " class=\"off\"" : "") + ">" + met + "</td></tr>";
  }
  return html + "</tbody></table>";
}

std::string criteria_table(const EcgFindings& findings) {
  const size_t count = findings.criteria.size(), half = (count + 1) / 2;
  return "<h2>Criteria</h2><div class=\"pair\">" + criteria_rows(findings, 0, half) +
         criteria_rows(findings, half, count) + "</div>";
}

// The main classes in full; of the finer statements those that reach their confirming threshold and are not
// rarities: for a rare statement that threshold is passed at a few per cent.
std::string network_table(const EcgNetFindings* net) {
  std::string html = "<h2>Network</h2>";
  if (!net || net->outputs.empty())
    return html +
           tag("p", net && !net->not_run_because.empty() ? net->not_run_because : "The network did not run.");
  for (const std::string* sentence : {&net->distrusted_because, &net->partial_input})
    if (!sentence->empty()) html += tag("p", *sentence);
  html +=
      "<table><thead><tr><th>Statement</th><th "
      "class=\"n\">Probability</th><th>Reaches</th></tr></thead><tbody>";
  std::vector<const NetOutput*> shown;
  for (const NetOutput& output : net->outputs)
    if (group_of(output.id) == "superclass" ||
        flag_of(output) == NetFlag::kConfirming)
      shown.push_back(&output);
  std::stable_sort(shown.begin(), shown.end(), [](const NetOutput* a, const NetOutput* b) {
    const bool a_main = group_of(a->id) == "superclass", b_main = group_of(b->id) == "superclass";
    return a_main != b_main ? a_main : a->probability > b->probability;
  });
  constexpr size_t kMost = 14;
  for (size_t i = 0; i < std::min(shown.size(), kMost); ++i) {
    const NetFlag flag = flag_of(*shown[i]);
    html += "<tr><td>" + e(shown[i]->title) + "</td><td class=\"n\">" +
            e(fixed_text(shown[i]->probability, 2)) + "</td><td" +
            (flag == NetFlag::kConfirming ? " class=\"off\"" : "") + ">" +
            (flag == NetFlag::kConfirming  ? "confirming"
             : flag == NetFlag::kScreening ? "screening"
                                           : "–") +
            "</td></tr>";
  }
  html += "</tbody></table>";
  if (shown.size() > kMost)
    html += format_text("<p class=\"small\">and %d more</p>", static_cast<int>(shown.size() - kMost));
  if (net->age) html += "<p class=\"small\">ECG age: " + e(ecg_age_text(*net->age)) + "</p>";
  return html;
}

std::string with_lead_name(const std::string& lead, const std::string& issue) {
  return issue.starts_with(lead) ? issue : lead + ": " + issue;
}

std::string quality_block(const ViewInput& input) {
  std::string html = "<h2>Quality and notes</h2><ul>";
  std::vector<std::string> said;  // a lead's issue may come again as a warning
  const auto add = [&](const std::string& sentence) {
    if (std::find(said.begin(), said.end(), sentence) != said.end()) return;
    html += tag("li", sentence);
    said.push_back(sentence);
  };
  if (input.findings) {
    for (int lead = 0; lead < kLeadCount; ++lead)
      if (!input.findings->quality[lead].issue.empty())
        add(with_lead_name(kLeadNames[lead], input.findings->quality[lead].issue));
    for (const std::string& warning : input.findings->warnings) add(warning);
  }
  for (const std::string& note : input.record->notes) add(note);
  if (said.empty()) add(input.findings ? "All leads were usable." : "Quality was not measured.");
  return html + "</ul>";
}

std::string models_block(const std::vector<ModelDescription>& models) {
  std::string html = "<h2>Models</h2>";
  if (models.empty()) return html + "<p>No network took part.</p>";
  for (const ModelDescription& m : models)
    html += "<p>" + e(m.title) + " " + e(m.version) + " (" + e(m.id) +
            (m.precision.empty() ? "" : ", " + e(m.precision)) + ")</p><p class=\"small\">" + e(m.training) +
            " · " + e(m.licence) + " · card: " + e(m.card) + "</p>";
  return html;
}

// Length of the valid UTF-8 sequence at `at`, 0 when there is none (overlong forms and surrogates included).
size_t utf8_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(at);
  const size_t length = lead < 0x80                   ? 1
                        : lead >= 0xC2 && lead < 0xE0 ? 2
                        : lead >= 0xE0 && lead < 0xF0 ? 3
                        : lead >= 0xF0 && lead < 0xF5 ? 4
                                                      : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  if (length >= 3) {
    const unsigned second = byte(at + 1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90))
      return 0;
  }
  return length;
}

}  // namespace

const char* const kReportStyleHash = "sha256-lq4j9Ta8Xu5bpbPUsdfhrSc0OKBWEXEBtHjdailDgsY=";

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text, i);
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (length == 0 || (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F) {
      out += "\xEF\xBF\xBD";
      ++i;
      continue;
    }
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out.append(text, i, length);
    }
    i += length;
  }
  return out;
}

std::string html_report(const ViewInput& input, const std::string& date, const std::string& app_version) {
  const Screening none;
  const EcgFindings unmeasured;
  const Screening& screening = input.screening ? *input.screening : none;
  const EcgFindings& findings = input.findings ? *input.findings : unmeasured;

  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '";
  html += std::string(kReportStyleHash) +
          "'\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">";
  html += "<title>ECG screening report " + e(input.file_name) + "</title><style>" + kStyle +
          "</style></head><body>\n";

  html += "<section class=\"sheet\">" + head_line(input, date) + simulated_banner(input);
  html += "<div class=\"top\">" + answer_block(screening) + next_block(screening.next_step) + "</div>";
  html += draw_ecg_svg(*input.record) + scale_line(input) + footer(app_version, 1) + "</section>\n";

  html += "<section class=\"sheet\">" + head_line(input, date) + simulated_banner(input) +
          evidence_table(screening);
  html += "<div class=\"columns\"><div>" + measurement_table(findings) + "</div><div>" +
          criteria_table(findings) + "</div><div>" + network_table(input.net) + quality_block(input) +
          models_block(input.models) + "</div></div>";
  return html + footer(app_version, 2) + "</section>\n</body></html>\n";
}

}  // namespace precordia
