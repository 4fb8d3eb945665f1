#include "report/html.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "base/version.h"
#include "report/answer_words.h"
#include "report/ecg_drawing.h"

namespace precordia {
namespace {

constexpr double kRoomyLines = 56, kCloseLines = 70, kCloserLines = 82;

// Colours have a contrast of at least 4.5:1 on white and never stand alone: every tone also has a word and a
// symbol.
constexpr const char* kStyle = R"(
@page{size:landscape;margin:8mm}
*{box-sizing:border-box}
html{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{margin:0;background:#e9edf0;color:#17222b;font:8pt/1.3 "Inter","Segoe UI","Helvetica Neue",Arial,sans-serif}
.sheet,.annex{width:263mm;margin:6mm auto;background:#fff;box-shadow:0 0 0 8mm #fff,0 1mm 6mm 8mm #0003}
.sheet{min-height:193mm;display:flex;flex-direction:column}
.annex{margin-top:30mm;padding-bottom:4mm}
h1{font-size:13pt;line-height:1.15;margin:0;font-weight:650;letter-spacing:-.01em}
h2{font-size:1.08em;margin:.5em 0 .15em;font-weight:650;color:#0b4f63;break-after:avoid}
p{margin:.3mm 0}
ul{margin:0 0 .6mm;padding-left:3.2mm}
li{margin:0}
header{display:flex;justify-content:space-between;align-items:baseline;gap:4mm;border-bottom:.4mm solid #0b4f63;padding-bottom:.6mm;margin-bottom:1.2mm;font-size:7pt}
header b{font-size:10pt;color:#0b4f63;white-space:nowrap}
header .who{font-size:9pt;color:#17222b;font-weight:650}
header span{color:#43525d;text-align:right}
.banner{border:.4mm solid #8a4b00;color:#6b3a00;background:#fff5e5;padding:.3mm 2.5mm;margin-bottom:1.2mm;font-weight:650;font-size:7.5pt}
.top{display:grid;grid-template-columns:1.25fr 1fr;gap:4mm;margin-bottom:1.2mm;font-size:7.6pt;line-height:1.24}
.answer{border-left:1.6mm solid #43525d;padding:0 0 0 2.4mm}
.calm{border-color:#13618c}.watch{border-color:#966300}.act{border-color:#871a12}.unknown{border-color:#5b6872}
.tone{font-weight:650;font-size:7pt;text-transform:uppercase;letter-spacing:.05em}
.calm .tone{color:#13618c}.watch .tone{color:#966300}.act .tone{color:#871a12}.unknown .tone{color:#43525d}
.chance{margin-top:.4mm;color:#17222b}
.chance b{font-size:10.5pt;font-variant-numeric:tabular-nums}
.axis{display:block;margin:.2mm 0}
.axis path{fill:none;stroke:#8a98a3;stroke-width:.2}
.axis .range{stroke:#0b4f63;stroke-width:2;opacity:.3}
.axis .prior{stroke:#17222b;stroke-width:.4}
.axis circle{fill:#0b4f63}
.axis text{font-size:2.2px;fill:#43525d;text-anchor:middle}
.small{font-size:.88em;color:#43525d}
.next{background:#f1f6f8;padding:.8mm 2.4mm}
.next h1{font-size:10pt}
.next h2{margin:0}
.urgent{background:#fdecea;outline:.5mm solid #871a12}
svg.ecg{display:block;background:#fffdfb;font-family:inherit}
.minor{fill:none;stroke:#f4d3cd;stroke-width:.1}
.major{fill:none;stroke:#e6a69c;stroke-width:.16}
.trace{fill:none;stroke:#10181f;stroke-width:26;stroke-linejoin:round;stroke-linecap:round}
.pulse{fill:none;stroke:#10181f;stroke-width:.26}
.lead{font-size:3.1px;font-weight:650;fill:#10181f}
.scale{display:flex;justify-content:space-between;margin:.6mm 0 .8mm;align-items:center;font-size:6.6pt}
.ruler{display:block}
.ruler path{stroke:#10181f;stroke-width:.25;fill:none}
.facts{columns:4;column-gap:3.6mm;font-size:6.9pt;line-height:1.2;column-rule:.15mm solid #ccd5db}
.close .facts{font-size:6.4pt;line-height:1.17}
.closer .facts{font-size:5.9pt;line-height:1.15}
.close .top,.closer .top{font-size:7.1pt}
.closest .facts{font-size:5.4pt;line-height:1.13}
.closest .top{font-size:6.6pt}
.facts h2:first-child{margin-top:0}
.line{margin:.15mm 0;break-inside:avoid;orphans:3;widows:3}
.line b{font-weight:650}
.pairs{display:grid;grid-template-columns:1fr auto 1fr auto;column-gap:1.6mm}
.pairs>:nth-child(2n){text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.pairs>:nth-child(4n+3){padding-left:1mm}
.clip{display:flex;gap:2mm;break-inside:avoid;align-items:flex-start}
.clip svg{flex:none;background:#f4f7f9}
.ed{fill:none;stroke:#0b4f63;stroke-width:.5}
.es{fill:#e69f0033;stroke:#8a4b00;stroke-width:.5;stroke-dasharray:1.2 .7}
table{border-collapse:collapse;width:100%;margin-bottom:2mm;font-size:7.3pt;line-height:1.24}
th{text-align:left;font-weight:650;border-bottom:.3mm solid #43525d;padding:.5mm 1.2mm .5mm 0;vertical-align:bottom}
td{border-bottom:.15mm solid #ccd5db;padding:.4mm 1.2mm .4mm 0;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding-right:2.5mm}
.off{color:#7a2e00;font-weight:650}
.aside td,.aside{color:#43525d}
.columns{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1.9fr) minmax(0,1fr);gap:5mm}
.pair{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:5mm}
.short{white-space:nowrap}
footer{border-top:.3mm solid #0b4f63;margin-top:auto;padding-top:.5mm;display:flex;justify-content:space-between;gap:5mm;font-size:6.4pt;color:#43525d}
footer b{color:#17222b}
@media print{body{background:#fff}.sheet{width:263mm;margin:0 auto;box-shadow:none}.annex{display:none}}
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
  std::string who;  // only what was typed in for this report
  for (const std::string* part : {&input.identity.name, &input.identity.identifier, &input.identity.birth_date})
    if (!part->empty()) who += (who.empty() ? "" : " · ") + *part;
  std::string html = "<header><b>Precordia · heart-failure screening</b>";
  if (!who.empty()) html += "<span class=\"who\">" + e(who) + "</span>";
  html += "<span>" + e(input.file_name) + " · " + e(patient);
  if (record.lead_count() > 0) html += " · " + e(record_text(record));
  if (!record.source.recorded_at.empty()) html += " · <span>recorded</span> " + e(record.source.recorded_at);
  return html + " · <span>report of</span> " + e(date) + "</span></header>";
}

std::string simulated_banner(const ViewInput& input) {
  const bool clip = std::any_of(input.clips.begin(), input.clips.end(), [](const ReportClip& one) { return one.simulated; });
  if (input.record->source.simulated)
    return "<div class=\"banner\">SIMULATED PATIENT: this ECG was computed for demonstration and belongs to no person.</div>";
  return clip ? "<div class=\"banner\">SIMULATED CLIP: computed for demonstration, of no person.</div>" : "";
}

std::string footer(const std::string& app_version) {
  std::string versions = std::string("Engine ") + kEngineVersion;
  if (!app_version.empty() && app_version != kEngineVersion) versions += " · app " + app_version;
  return "<footer><b>" + e(kDisclaimer) +
         "</b><span>Not for children, paced rhythms or emergencies. A normal "
         "result does not exclude heart disease.</span><span>" +
         e(versions) + "</span></footer>";
}

// The probability on a log-odds axis from 1 to 95 %: bar = range, dot = value, tick = before the ECG. There
// equal distances are equal weights of evidence.
std::string probability_axis(const Screening& s) {
  constexpr double kLeftMm = 4, kRightMm = 138, kAxisMm = 4;
  const auto x = [](double probability) {
    const double p = std::clamp(probability, 0.01, 0.95);
    const double low = std::log(0.01 / 0.99), high = std::log(0.95 / 0.05);
    return kLeftMm + (kRightMm - kLeftMm) * (std::log(p / (1 - p)) - low) / (high - low);
  };
  std::string svg = format_text(
      "<svg class=\"axis\" width=\"142mm\" height=\"7.6mm\" viewBox=\"0 0 142 7.6\" role=\"img\" "
      "aria-label=\"probability\">"
      "<path d=\"M%g %gH%g\"/>",
      kLeftMm, kAxisMm, kRightMm);
  for (int percent : {1, 2, 5, 10, 20, 30, 50, 70, 80, 90, 95})
    svg += format_text("<path d=\"M%.2f %gv1\"/><text x=\"%.2f\" y=\"7.2\">%d</text>", x(percent / 100.0),
                       kAxisMm, x(percent / 100.0), percent);
  svg += format_text("<path class=\"range\" d=\"M%.2f %gH%.2f\"/>", x(*s.low), kAxisMm, x(*s.high));
  svg += format_text("<path class=\"prior\" d=\"M%.2f 2v3.8\"/><text x=\"%.2f\" y=\"1.8\">before</text>",
                     x(*s.prior), x(*s.prior));
  svg += format_text("<circle cx=\"%.2f\" cy=\"%g\" r=\"1.3\"/>", x(*s.probability), kAxisMm);
  return svg + "</svg>";
}

std::string with_small_initial_letter(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::string answer_block(const Screening& s) {
  const std::string tone = tone_of(s);
  std::string html = "<div class=\"answer " + tone + "\"><div class=\"tone\">" + tone_words(tone) + "</div>";
  html += tag("h1", s.headline) + tag("p", s.sentence);
  if (s.probability && s.low && s.high && s.prior) {
    html += "<p class=\"chance\"><span>" + e(s.target) + "</span>: <b>" + e(percent_text(*s.probability)) + "</b> (" +
            e(percent_text(*s.low)) + " to " + e(percent_text(*s.high)) + "); " + e(with_small_initial_letter(s.before)) + " " +
            e(percent_text(*s.prior)) + "</p>" + probability_axis(s) +
            "<p class=\"small\"><span>Starting point:</span> <span>" + e(s.prior_context) + "</span></p>";
  }
  if (s.hf_probability && s.hf_low && s.hf_high && s.hf_prior) {
    html += "<p class=\"chance\"><span>Heart failure of any kind</span>: <b>" + e(percent_text(*s.hf_probability)) +
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

std::string phenotype_table(const Screening& s) {
  if (s.phenotypes.empty()) return {};
  std::string html = "<h2>What it may be</h2><table><thead><tr><th>Answer</th><th class=\"n\">Probability</th><th class=\"n\">Range</th><th>Note</th></tr></thead><tbody>";
  for (const PhenotypeShare& share : s.phenotypes)
    html += tag("td", share.label).insert(0, "<tr>") + "<td class=\"n\">" + (share.probability ? e(percent_text(*share.probability)) : "–") +
            "</td><td class=\"n\">" + (share.low && share.high ? e(percent_text(*share.low)) + " – " + e(percent_text(*share.high)) : "–") + "</td>" +
            "<td class=\"small\">" + e(share.note) + "</td></tr>";
  return html + "</tbody></table>";
}

std::string score_table(const Screening& s) {
  std::string html = "<h2>Scores</h2><table><thead><tr><th>Score</th><th class=\"n\">Points</th><th class=\"n\">Probability</th><th>Reading</th><th>Missing</th></tr></thead><tbody>";
  bool any = false;
  for (const Score& score : s.scores) {
    if (!score.applies) continue;
    any = true;
    std::string points = "–", missing;
    if (score.points_low && score.points_high) {
      points = std::to_string(*score.points_low);
      if (*score.points_high != *score.points_low) points += " – " + std::to_string(*score.points_high);
      points += " / " + std::to_string(score.most_points);
    }
    // Each name is a text of its own, so that it can be put into another language.
    for (const std::string& name : score.missing) missing += (missing.empty() ? "<span>" : ", <span>") + e(name) + "</span>";
    html += "<tr>" + tag("td", score.title) + "<td class=\"n\">" + e(points) + "</td><td class=\"n\">" +
            (score.probability ? e(percent_text(*score.probability)) : "–") + "</td>" + tag("td", score.reading.empty() ? score.meaning : score.reading) +
            "<td class=\"small\">" + missing + "</td></tr>";
  }
  return any ? html + "</tbody></table>" : std::string();
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

// ---- The page's facts, in columns. What is cut short here stands in full under the page, on the screen only ----------------

std::string line(const std::string& html) { return "<p class=\"line\">" + html + "</p>"; }

std::string phenotype_lines(const Screening& s) {
  if (s.phenotypes.empty()) return {};
  std::string html = "<h2>What it may be</h2>";
  for (const PhenotypeShare& share : s.phenotypes) {
    std::string one = "<b>" + e(share.label) + "</b> <span>" + (share.probability ? e(percent_text(*share.probability)) : "–") + "</span>";
    if (share.low && share.high) one += " <span>(" + e(percent_text(*share.low)) + " – " + e(percent_text(*share.high)) + ")</span>";
    html += line(one);
  }
  return html;
}

std::string score_lines(const Screening& s) {
  std::string html;
  for (const Score& score : s.scores) {
    if (!score.applies) continue;
    std::string value;
    if (score.points_low && score.points_high) {
      value = std::to_string(*score.points_low);
      if (*score.points_high != *score.points_low) value += "–" + std::to_string(*score.points_high);
      value += " / " + std::to_string(score.most_points);
    } else if (score.probability) {
      value = percent_text(*score.probability);
    }
    if (value.empty()) continue;  // what is missing for it stands under the page
    html += line("<b>" + e(score.title) + "</b> <span>" + e(value) + "</span> <span>" + e(score.reading.empty() ? score.meaning : score.reading) +
                 "</span>" + (score.missing.empty() ? "" : " <span class=\"small\">" + e(format_text("%d items not known", static_cast<int>(score.missing.size()))) + "</span>"));
  }
  return html.empty() ? html : "<h2>Scores</h2>" + html;
}

std::string short_source(const std::string& citation) {  // "Davie 1996, BMJ 312:222, doi ..." -> "Davie 1996"
  return citation.substr(0, citation.find_first_of(",;("));
}

constexpr size_t kMostContextLines = 6;

std::string evidence_lines(const Screening& screening) {
  std::string html = "<h2>Evidence</h2>";
  size_t context = 0;
  for (const EvidenceItem& item : screening.evidence) {
    if (!item.counted && ++context > kMostContextLines) continue;
    const char* points = item.direction == EvidenceDirection::kFor       ? "▲ for"
                         : item.direction == EvidenceDirection::kAgainst ? "▼ against"
                                                                         : "– neutral";
    std::string one = "<b>" + e(item.label) + "</b>: <span>" + e(item.value) + "</span> <span>" + e(points) + "</span>";
    if (item.counted)
      one += " <b>" + e(weight_text(item)) + "</b> <span class=\"small\">" + e(item.scale == EvidenceScale::kHeartFailure ? "heart failure" : "weak ventricle") +
             "</span>" + (item.id == "ejection_fraction" ? std::string() : " <span class=\"small\">" + e(short_source(item.citation)) + "</span>");
    html += item.counted ? line(one) : "<p class=\"line aside\">" + one + "</p>";
  }
  if (context > kMostContextLines)
    html += "<p class=\"small\">" + e(format_text("and %d more, not counted", static_cast<int>(context - kMostContextLines))) + "</p>";
  if (screening.evidence.empty()) html += "<p>No finding of this examination carries weight either way.</p>";
  if (!screening.way_note.empty()) html += tag("p", screening.way_note);
  return html;
}

// One picture of the ventricle's contour: end-diastole drawn through, end-systole dashed, both of the same beat.
std::string contour_picture(const ReportClip& clip) {
  if (clip.ed_contour.empty() || clip.es_contour.empty()) return {};
  constexpr double kSideMm = 19;
  float left = 1, right = 0, top = 1, bottom = 0;
  for (const auto* contour : {&clip.ed_contour, &clip.es_contour})
    for (const auto& [x, y] : *contour) {
      left = std::min(left, x), right = std::max(right, x);
      top = std::min(top, y), bottom = std::max(bottom, y);
    }
  const double scale = (kSideMm - 2) / std::max<double>(1e-3, std::max(right - left, bottom - top));
  const auto path = [&](const std::vector<std::pair<float, float>>& contour) {
    std::string d;
    for (const auto& [x, y] : contour) d += format_text("%s%.1f %.1f", d.empty() ? "M" : "L", 1 + (x - left) * scale, 1 + (y - top) * scale);
    return d + "Z";
  };
  return format_text("<svg width=\"%gmm\" height=\"%gmm\" viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"ventricle\"><path class=\"es\" d=\"", kSideMm, kSideMm, kSideMm, kSideMm) +
         path(clip.es_contour) + "\"/><path class=\"ed\" d=\"" + path(clip.ed_contour) + "\"/></svg>";
}

std::string echo_lines(const ViewInput& input, const Screening& s) {
  if (input.clips.empty() && !s.echo) return {};
  std::string html = "<h2>Echocardiogram</h2>";
  if (s.echo)
    html += line("<b>Ejection fraction</b> <b>" + e(fixed_text(s.echo->ef_percent, 0)) + " %</b> (" + e(fixed_text(s.echo->ef_low_percent, 0)) + " – " +
                 e(fixed_text(s.echo->ef_high_percent, 0)) + " %) <span>" + e(s.echo->method) + "</span>") +
            line("≤ 40 %: " + e(percent_text(s.echo->bands.to_40)) + " · 41–49 %: " + e(percent_text(s.echo->bands.from_41_to_49)) + " · ≥ 50 %: " +
                 e(percent_text(s.echo->bands.from_50)));
  for (const ReportClip& clip : input.clips) {
    html += "<div class=\"clip\">" + contour_picture(clip) + "<div><p><b>" + e(clip.view) + "</b></p>";
    for (size_t i = 0; i < std::min<size_t>(clip.beats.size(), 4); ++i) {
      const ReportClip::Beat& beat = clip.beats[i];
      html += "<p><span>" + e(format_text("Beat %d: EF %s %%", static_cast<int>(i) + 1, beat.ef_percent ? fixed_text(*beat.ef_percent, 0).c_str() : "–")) + "</span>";
      if (beat.ed_ml && beat.es_ml) html += " <span class=\"small\">" + e(fixed_text(*beat.ed_ml, 0)) + " → " + e(fixed_text(*beat.es_ml, 0)) + " mL</span>";
      html += "</p>";
    }
    for (const std::string& why : clip.cannot_tell) html += tag("p", why);
    if (!clip.ed_contour.empty()) html += "<p class=\"small\">Line: end-diastole. Dashes: end-systole.</p>";
    html += "</div></div>";
  }
  return html;
}

// What is always on the page; of the other measurements only those out of range.
constexpr const char* kOnThePage[] = {"heart_rate_bpm", "pr_ms",     "p_ms",         "qrs_ms",     "qt_ms",          "qtc_bazett_ms",
                                      "qtc_fridericia_ms", "p_axis_deg", "qrs_axis_deg", "t_axis_deg", "qrs_t_angle_deg"};

std::string measurement_pairs(const EcgFindings& findings) {
  std::string html = "<h2>Measured</h2><div class=\"pairs\">";
  for (const Measurement& m : findings.measurements) {
    const RangeStatus status = status_of(m);
    const bool off = status == RangeStatus::kLow || status == RangeStatus::kHigh;
    const bool core = std::find(std::begin(kOnThePage), std::end(kOnThePage), m.id) != std::end(kOnThePage);
    if (!off && !core) continue;
    if (!m.value && m.id != "pr_ms" && m.id != "qrs_ms" && m.id != "heart_rate_bpm") continue;  // the unknown in full under the page
    const std::string mark = status == RangeStatus::kLow ? " ↓" : status == RangeStatus::kHigh ? " ↑" : "";
    html += "<span>" + e(m.label) + "</span><span" + (off ? " class=\"off\"" : "") + ">" + e(value_text(m)) +
            (m.value && !m.unit.empty() ? " " + e(unit_text(m.unit)) : "") + mark + "</span>";
  }
  html += "</div>";
  if (!findings.rhythm_text.empty()) html += "<p><b>Rhythm:</b> <span>" + e(findings.rhythm_text) + "</span></p>";
  return html;
}

std::string criteria_lines(const EcgFindings& findings) {
  std::string met;
  int absent = 0, unknown = 0;
  for (const Criterion& c : findings.criteria) {
    if (!c.met) ++unknown;
    else if (!*c.met) ++absent;
    else
      met += line("<span class=\"off\">" + e(c.label) + "</span>" + (c.value ? " <span>" + e(fixed_text(*c.value, c.digits) + (c.unit.empty() ? "" : " " + unit_text(c.unit))) + "</span>" : std::string()));
  }
  return "<h2>Criteria met</h2>" + met + "<p class=\"small\">" + e(format_text("%d not met, %d unknown", absent, unknown)) + "</p>";
}

std::string network_lines(const EcgNetFindings* net) {
  std::string html = "<h2>Network</h2>";
  if (!net || net->outputs.empty()) return html + tag("p", net && !net->not_run_because.empty() ? net->not_run_because : "The network did not run.");
  for (const std::string* sentence : {&net->distrusted_because, &net->partial_input})
    if (!sentence->empty()) html += tag("p", *sentence);
  std::vector<const NetOutput*> shown;
  for (const NetOutput& output : net->outputs)
    if (flag_of(output) == NetFlag::kConfirming) shown.push_back(&output);
  std::stable_sort(shown.begin(), shown.end(), [](const NetOutput* a, const NetOutput* b) { return a->probability > b->probability; });
  if (shown.empty()) html += "<p>Nothing above its confirming thresholds.</p>";
  constexpr size_t kMost = 6;
  for (size_t i = 0; i < std::min(shown.size(), kMost); ++i)
    html += line("<span>" + e(shown[i]->title) + "</span> <b>" + e(fixed_text(shown[i]->probability, 2)) + "</b>");
  if (shown.size() > kMost) html += format_text("<p class=\"small\">and %d more</p>", static_cast<int>(shown.size() - kMost));
  return html;
}

std::string model_lines(const std::vector<ModelDescription>& models, const Screening& screening) {
  std::string html = "<h2>Models</h2>";
  for (const ModelDescription& m : models)
    html += line("<span>" + e(m.title) + "</span> <span>" + e(m.version + " (" + m.id + (m.precision.empty() ? ")" : ", " + m.precision + ")")) + "</span>" +
                 (m.precision.empty() ? " <span>not run</span>" : ""));
  if (models.empty()) html += "<p>No network took part.</p>";
  return html + line(screening.way == FusionWay::kLate ? "<span>Late fusion: published ratios, not calibrated on local patients.</span>"
                     : screening.way == FusionWay::kEarly ? "<span>Early fusion: one model fitted to cardiologists' readings, not to ejection fractions.</span>"
                                                          : "<span>Hybrid fusion: one model fitted to cardiologists' readings, not to ejection fractions.</span>");
}

size_t text_length(const std::string& html) {
  size_t length = 0;
  bool in_tag = false;
  for (const char c : html) {
    if (c == '<') in_tag = true;
    else if (c == '>') in_tag = false;
    else if (!in_tag && (static_cast<unsigned char>(c) & 0xC0) != 0x80) ++length;
  }
  return length;
}

size_t count_of(const std::string& html, std::string_view what) {
  size_t count = 0;
  for (size_t at = html.find(what); at != std::string::npos; at = html.find(what, at + 1)) ++count;
  return count;
}

// How closely the page must be set so that everything stays on it; both parts are in the language that is printed. The numbers
// were found by printing; tests/browser/report.test.mjs holds them to it.
const char* closeness(const std::string& top, const std::string& facts) {
  constexpr double kLineLetters = 46;
  const double lines = (static_cast<double>(text_length(facts)) + 20.0 * static_cast<double>(count_of(facts, "</p>") + count_of(facts, "<h2>"))) / kLineLetters +
                       8.0 * static_cast<double>(count_of(facts, "class=\"clip\"")) + static_cast<double>(text_length(top)) / 60;
  if (lines < kRoomyLines) return "";
  if (lines < kCloseLines) return " close";
  return lines < kCloserLines ? " closer" : " closest";
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

const char* const kReportStyleHash = "sha256-FfdGMLr1BQlRRvTgPeZ22lykCGJKQ6DdnXIoivdNZSs=";

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

namespace {

// The five references that escape_html writes.
std::string unescape_html(std::string_view text) {
  static constexpr std::pair<std::string_view, char> kReferences[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
  std::string out;
  for (size_t i = 0; i < text.size();) {
    bool found = false;
    for (const auto& [reference, letter] : kReferences)
      if (text.substr(i, reference.size()) == reference) {
        out += letter;
        i += reference.size();
        found = true;
        break;
      }
    if (!found) out += text[i++];
  }
  return out;
}

// A piece of the document in the translator's language: its text between the tags, and its lang attribute.
std::string translated(const std::string& html, const Translator& translator) {
  if (translator.is_english()) return html;
  std::string out;
  out.reserve(html.size() + html.size() / 8);
  bool in_style = false;
  for (size_t i = 0; i < html.size();) {
    const size_t open = html.find('<', i);
    const std::string_view text = std::string_view(html).substr(i, open == std::string::npos ? open : open - i);
    out += in_style || text.empty() ? std::string(text) : escape_html(translator(unescape_html(text)));
    if (open == std::string::npos) break;
    const size_t close = html.find('>', open);
    if (close == std::string::npos) return html;
    const std::string_view tag = std::string_view(html).substr(open, close + 1 - open);
    in_style = tag == "<style>";
    out += tag == "<html lang=\"en\">" ? "<html lang=\"" + translator.language() + "\">" : std::string(tag);
    i = close + 1;
  }
  return out;
}

}  // namespace

std::string html_report(const ViewInput& input, const std::string& date, const std::string& app_version, const Translator& translator) {
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

  const bool ecg = input.record->lead_count() > 0;
  const std::string top = answer_block(screening) + next_block(screening.next_step);
  std::string facts = phenotype_lines(screening) + score_lines(screening) + evidence_lines(screening) + echo_lines(input, screening);
  if (ecg) facts += measurement_pairs(findings) + criteria_lines(findings) + network_lines(input.net);
  facts += quality_block(input) + model_lines(input.models, screening);
  html += std::string("<section class=\"sheet") + closeness(translated(top, translator), translated(facts, translator)) + "\">" + head_line(input, date) + simulated_banner(input);
  html += "<div class=\"top\">" + top + "</div>";
  if (ecg) html += draw_ecg_svg(*input.record);
  html += scale_line(input) + "<div class=\"facts\">" + facts + "</div>" + footer(app_version) + "</section>\n";

  html += "<section class=\"annex\"><p class=\"small\">The page above prints on one sheet. What follows is for the screen and is not printed.</p>"
          "<div class=\"pair\"><div>" + phenotype_table(screening) + "</div><div>" + score_table(screening) + "</div></div>" +
          evidence_table(screening);
  if (ecg)
    html += "<div class=\"columns\"><div>" + measurement_table(findings) + "</div><div>" + criteria_table(findings) + "</div><div>" +
            network_table(input.net) + models_block(input.models) + "</div></div>";
  else
    html += models_block(input.models);
  return translated(html + "</section>\n</body></html>\n", translator);
}

}  // namespace precordia
