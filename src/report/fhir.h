// The whole report as a FHIR R4 Bundle and as a table of comma-separated values.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "report/typed_identity.h"
#include "report/view_json.h"

namespace precordia {

// Bundle of type collection: Patient, Device (engine and every network with its version), Observations for what was
// measured and entered, LVEF (LOINC 10230-1) only when an EF was measured, a RiskAssessment with its basis, and a
// DiagnosticReport (LOINC 11524-6, status preliminary) whose conclusion ends with the intended-use sentence. `date` is an
// ISO day, or empty.
std::string fhir_report(const ViewInput& input, std::string_view date, const TypedIdentity& identity);

// section,item,value,unit,low,high,note; one line each; numbers with a decimal point whatever the language.
std::string csv_report(const ViewInput& input);

}  // namespace precordia
