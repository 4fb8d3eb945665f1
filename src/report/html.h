// The printable report: one self-contained HTML document, without scripts or outside references, that prints on one sheet of A4 or
// Letter on its side.
#pragma once

#include <string>

#include "base/translate.h"
#include "report/view_json.h"

namespace precordia {

// The sheet: answer, next step, the 12-lead ECG at true scale (25 mm/s, 10 mm/mV, in millimetres, on a calibrated grid with a
// 100 mm ruler to check the print), then in columns what it may be, scores, evidence, the echocardiogram, measurements, criteria,
// network, quality and models. How closely it is set follows from how much there is to say, so that it stays one sheet. Under it,
// on the screen only: every table in full. Its text is in the translator's language. `date` is printed as given, and `app_version`
// next to the engine's. A name is printed only if it was typed in (ViewInput::identity). The document allows itself nothing but its
// own <style> block (Content-Security-Policy in its head); a page that shows it under a stricter policy needs kReportStyleHash in
// its style-src.
std::string html_report(const ViewInput& input, const std::string& date, const std::string& app_version, const Translator& translator = {});

// "sha256-..." of the style block's text, for a Content-Security-Policy. A test keeps it true.
extern const char* const kReportStyleHash;

// Text for an HTML body or a double-quoted attribute: & < > " ' escaped, control characters and bytes that
// are not UTF-8 replaced by U+FFFD.
std::string escape_html(std::string_view text);

}  // namespace precordia
