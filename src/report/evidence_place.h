// Where a line of evidence comes from: leads of the trace, one of the network's maps, or the echo clip. Screens show it when the line
// is chosen; the readable text leads to the row that says the same.
#pragma once

#include <string>
#include <vector>

#include "ecg/ecg_findings.h"
#include "nets/ecg_net_findings.h"
#include "report/json_value.h"

namespace precordia {

struct EvidencePlace {
  std::vector<std::string> leads;  // "V5"; empty = nowhere on the trace
  std::string map;                 // output whose map shows where the network looked; empty = none
  bool marks = false;              // onsets and ends of the waves say it
  bool clip = false;               // both ends of the beat in the echo clip
  std::string row;                 // of the readable text: "criterion-lbbb", "measurement-qrs_ms", "network", "echo"; empty = none
};
EvidencePlace place_of(const EvidenceItem& item, const EcgFindings* findings, const EcgNetFindings* net, bool clips);
OrderedJson place_value(const EvidencePlace& place);

}  // namespace precordia
