// Leads that are there for a part of the recording only, as on a printed page: 2.5 s of each, side by side.
//
// The measurements want every lead over the whole time. Such a lead is continued by repeating its own beats wherever the other leads
// say that the heart beat, so that its representative beat is the median of what is really there and nothing else. What was continued
// is never reported: fiducials in it are taken out again, and the record itself is not touched.
#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "ecg/ecg_findings.h"

namespace precordia {

struct ContinuedRecord {
  EcgRecord record;                                                   // samples only
  std::array<std::vector<std::pair<int, int>>, kLeadCount> continued;  // [from, to) in samples that are not the recording's
  std::array<double, kLeadCount> missing_fraction{};                  // of the recording, for the leads that were continued
  bool is_continued(int lead, int sample) const;
};

// nullopt when no lead lacks so much that it needs this, or when no beat is found to continue with.
std::optional<ContinuedRecord> continue_over_gaps(const EcgRecord& record);

// Takes out what was found in continued stretches, and says that leads were measured on a part of the recording.
void forget_continued(const ContinuedRecord& continued, EcgFindings& findings);

}  // namespace precordia
