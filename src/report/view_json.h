// The view model: everything the dashboard draws, decided and formatted here, so that the dashboard holds no
// clinic.
#pragma once

#include <string>
#include <vector>

#include "base/translate.h"
#include "ecg/ecg_findings.h"
#include "fusion/screening.h"
#include "nets/ecg_net_findings.h"
#include "report/comparison.h"
#include "report/model_description.h"
#include "report/report_clip.h"
#include "report/typed_identity.h"
#include "signal/ecg_record.h"
#include "signal/filters.h"

namespace precordia {

// What one result is made of. The pointers stay the caller's and must outlive the call; `record` may not be
// null.
struct ViewInput {
  const EcgRecord* record = nullptr;  // as it shall be drawn: after the display filter
  DisplayFilter filter;
  const EcgFindings* findings = nullptr;  // null = not measured
  const EcgNetFindings* net = nullptr;    // null = no network
  const Screening* screening = nullptr;   // null = not screened
  ClinicalProfile profile;                // as entered
  std::string file_name;                  // as the user knows it; any bytes
  std::vector<ModelDescription> models;
  const ExaminationSummary* earlier = nullptr;  // null = nothing to compare with
  std::vector<ReportClip> clips;                // of an echocardiogram; for the printed report
  TypedIdentity identity;                       // for the printed report
};

// JSON text, and the waveforms it points into by {"at": first float, "n": count}. NaN = missing sample.
struct View {
  std::string json;
  std::vector<float> blob;
};

View result_view(const ViewInput& input);

// The view in another language: every text for the eye, and none of the names that code asks for (ids, tones, scales, ...).
std::string translated_json(const std::string& json, const Translator& translator);

}  // namespace precordia
