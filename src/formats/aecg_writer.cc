// HL7 aECG out: one rhythm series of relative times. Leads that start or end apart (a 3x4 page) get sequence sets of their own;
// a gap inside a lead is written as NaN, because aECG has no word for a missing sample.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/assemble.h"
#include "formats/quantise.h"
#include "formats/write_ecg.h"

namespace precordia {
namespace {

constexpr const char* kMdc = "codeSystem=\"2.16.840.1.113883.6.24\" codeSystemName=\"MDC\"";
constexpr const char* kActCode = "codeSystem=\"2.16.840.1.113883.5.4\" codeSystemName=\"ActCode\"";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string hl7_time(std::string_view iso) {   // 2002-11-22T09:10:00 -> 20021122091000
  std::string out;
  for (const char c : iso)
    if (c >= '0' && c <= '9') out += c;
  return out;
}

struct Stretch {
  size_t first = 0, last = 0;   // samples that are there, [first, last)
  bool operator==(const Stretch&) const = default;
};

Stretch stretch_of(const std::vector<int32_t>& counts) {
  Stretch stretch{0, counts.size()};
  while (stretch.first < stretch.last && counts[stretch.first] == kMissingCount) ++stretch.first;
  while (stretch.last > stretch.first && counts[stretch.last - 1] == kMissingCount) --stretch.last;
  return stretch;
}

void append_lead(std::string& out, const QuantisedLead& lead, const Stretch& stretch) {
  std::string code = kLeadNames[index_of(lead.lead)];
  for (char& c : code) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  out += "<component><sequence><code code=\"MDC_ECG_LEAD_" + code + "\" " + kMdc + "/><value xsi:type=\"SLIST_PQ\"><origin value=\"0\" unit=\"uV\"/>" +
         format_text("<scale value=\"%.12g\" unit=\"uV\"/><digits>", lead.nv_per_count / 1000);
  for (size_t i = stretch.first; i < stretch.last; ++i) {
    if (i > stretch.first) out += ' ';
    out += lead.counts[i] == kMissingCount ? "NaN" : std::to_string(lead.counts[i]);
  }
  out += "</digits></value></sequence></component>\n";
}

void append_person(std::string& out, const EcgRecord& record, const WriteOptions& options) {
  const bool named = options.with_identity;
  out += "<componentOf><timepointEvent><componentOf><subjectAssignment><subject><trialSubject>";
  out += named && !record.identity.id.empty() ? "<id root=\"2.16.840.1.113883.3.400\" extension=\"" + escaped(record.identity.id) + "\"/>"
                                              : std::string("<id nullFlavor=\"MSK\"/>");
  out += "<subjectDemographicPerson>";
  if (named && !record.identity.name.empty()) out += "<name>" + escaped(record.identity.name) + "</name>";
  if (record.patient.sex)
    out += std::string("<administrativeGenderCode code=\"") + (*record.patient.sex == Sex::kFemale ? "F" : "M") +
           "\" codeSystem=\"2.16.840.1.113883.5.1\"/>";
  if (named && !record.identity.birth_date.empty()) out += "<birthTime value=\"" + hl7_time(record.identity.birth_date) + "\"/>";
  out += "</subjectDemographicPerson></trialSubject></subject><componentOf><clinicalTrial><id nullFlavor=\"NA\"/></clinicalTrial>"
         "</componentOf></subjectAssignment></componentOf></timepointEvent></componentOf>\n";
}

void append_filter(std::string& out, const char* code, const char* inner, std::optional<double> hz) {
  if (!hz) return;
  out += std::string("<controlVariable><controlVariable><code code=\"") + code + "\" " + kMdc +
         "/><component><controlVariable><code code=\"" + inner + "\" " + kMdc +
         format_text("/><value xsi:type=\"PQ\" value=\"%.6g\" unit=\"Hz\"/></controlVariable></component></controlVariable></controlVariable>\n", *hz);
}

void append_annotations(std::string& out, const DeviceFindings& findings) {
  struct Row {
    const char *id, *code, *unit;
  };
  constexpr Row kRows[] = {
      {"heart_rate_bpm", "MDC_ECG_HEART_RATE", "/min"},        {"rr_ms", "MDC_ECG_TIME_PD_RR", "ms"},
      {"p_ms", "MDC_ECG_TIME_PD_P", "ms"},                     {"pr_ms", "MDC_ECG_TIME_PD_PR", "ms"},
      {"qrs_ms", "MDC_ECG_TIME_PD_QRS", "ms"},                 {"qt_ms", "MDC_ECG_TIME_PD_QT", "ms"},
      {"qtc_ms", "MDC_ECG_TIME_PD_QTc", "ms"},                 {"qtc_bazett_ms", "MDC_ECG_TIME_PD_QTcB", "ms"},
      {"qtc_fridericia_ms", "MDC_ECG_TIME_PD_QTcF", "ms"},     {"p_axis_deg", "MDC_ECG_ANGLE_P_FRONT", "deg"},
      {"qrs_axis_deg", "MDC_ECG_ANGLE_QRS_FRONT", "deg"},      {"t_axis_deg", "MDC_ECG_ANGLE_T_FRONT", "deg"},
  };
  if (findings.empty()) return;
  out += "<subjectOf><annotationSet>\n";
  for (const auto& measurement : findings.measurements)
    for (const auto& row : kRows)
      if (measurement.id == row.id)
        out += std::string("<component><annotation><code code=\"") + row.code + "\" " + kMdc +
               format_text("/><value xsi:type=\"PQ\" value=\"%.6g\" unit=\"%s\"/></annotation></component>\n", measurement.value, row.unit);
  for (const auto& statement : findings.statements)
    out += std::string("<component><annotation><code code=\"MDC_ECG_INTERPRETATION_STATEMENT\" ") + kMdc + "/><value xsi:type=\"ST\">" +
           escaped(statement) + "</value></annotation></component>\n";
  out += "</annotationSet></subjectOf>\n";
}

}  // namespace

Result<std::vector<WrittenFile>> write_aecg(const EcgRecord& record, const WriteOptions& options) {
  const auto leads = quantised(record);
  if (leads.empty()) return fail(ErrorCode::kUnusable, "The record holds no samples to write.");
  const std::string time = options.with_identity ? hl7_time(record.source.recorded_at) : "";
  const std::string when = time.empty() ? "<effectiveTime nullFlavor=\"MSK\"/>" : "<effectiveTime><low value=\"" + time + "\"/></effectiveTime>";

  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AnnotatedECG xmlns=\"urn:hl7-org:v3\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n"
                    "<id nullFlavor=\"NA\"/><code code=\"93000\" codeSystem=\"2.16.840.1.113883.6.12\" codeSystemName=\"CPT-4\"/>" + when + "\n";
  append_person(out, record, options);
  out += std::string("<component><series><id nullFlavor=\"NA\"/><code code=\"RHYTHM\" ") + kActCode + "/>" + when + "\n";
  if (!record.source.device.empty())
    out += "<author><seriesAuthor><manufacturedSeriesDevice><manufacturerModelName>" + escaped(record.source.device) +
           "</manufacturerModelName></manufacturedSeriesDevice></seriesAuthor></author>\n";
  append_filter(out, "MDC_ECG_CTL_VBL_ATTR_FILTER_LOW_PASS", "MDC_ECG_CTL_VBL_ATTR_FILTER_CUTOFF_FREQ", record.source.filters.low_pass_hz);
  append_filter(out, "MDC_ECG_CTL_VBL_ATTR_FILTER_HIGH_PASS", "MDC_ECG_CTL_VBL_ATTR_FILTER_CUTOFF_FREQ", record.source.filters.high_pass_hz);
  append_filter(out, "MDC_ECG_CTL_VBL_ATTR_FILTER_NOTCH", "MDC_ECG_CTL_VBL_ATTR_FILTER_NOTCH_FREQ", record.source.filters.notch_hz);
  if (const auto age = written_age(record, options))
    out += format_text("<controlVariable><relatedObservation><code code=\"21612-7\" codeSystem=\"2.16.840.1.113883.6.1\" codeSystemName=\"LOINC\" "
                       "displayName=\"Reported Age\"/><value xsi:type=\"PQ\" value=\"%.6g\" unit=\"a\"/></relatedObservation></controlVariable>\n", *age);

  std::vector<bool> written(leads.size());
  for (size_t k = 0; k < leads.size(); ++k) {
    if (written[k]) continue;
    const Stretch stretch = stretch_of(leads[k].counts);
    out += std::string("<component><sequenceSet><component><sequence><code code=\"TIME_RELATIVE\" ") + kActCode +
           format_text("/><value xsi:type=\"GLIST_PQ\"><head value=\"%.12g\" unit=\"s\"/><increment value=\"%.12g\" unit=\"s\"/></value></sequence></component>\n",
                       static_cast<double>(stretch.first) / record.sample_rate_hz, 1 / record.sample_rate_hz);
    for (size_t j = k; j < leads.size(); ++j) {
      if (written[j] || !(stretch_of(leads[j].counts) == stretch)) continue;
      append_lead(out, leads[j], stretch);
      written[j] = true;
    }
    out += "</sequenceSet></component>\n";
  }
  append_annotations(out, record.device_findings);
  out += "</series></component>\n</AnnotatedECG>\n";
  return std::vector<WrittenFile>{{safe_record_name(options) + ".xml", {out.begin(), out.end()}}};
}

}  // namespace precordia
