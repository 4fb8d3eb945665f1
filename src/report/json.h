// The JSON objects of the command line: one per input, on one line. DESIGN.md section 4 fixes their keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ecg/ecg_findings.h"
#include "fusion/screening.h"
#include "nets/ecg_net_findings.h"
#include "report/model_description.h"
#include "signal/ecg_record.h"

namespace precordia {

// {"input", "engine_version", "error": {"code", "message"}}; the detail is for logs and stays out.
std::string error_json(std::string_view input, const Error& error);

// Measurements under their ids, criteria, fiducials as sample indices at the record's own rate, rhythm and
// quality.
std::string measure_json(std::string_view input, const EcgRecord& record, const EcgFindings& findings);

// Calibrated probabilities by "head/ACRONYM", with the operating points. `outputs` is empty and
// `not_run_because` says why when the network did not run.
std::string predict_json(std::string_view input, const EcgNetFindings& net, const ModelDescription& model);

// The whole answer. `findings` and `net` may be null, as for `screen`.
std::string screen_json(std::string_view input, const EcgRecord& record, const EcgFindings* findings,
                        const EcgNetFindings* net, const Screening& screening,
                        const std::vector<ModelDescription>& models);

// The answer as plain lines for a screen reader or a terminal: headline, sentence, chance, next steps,
// disclaimer.
std::string answer_text(const Screening& screening);

}  // namespace precordia
