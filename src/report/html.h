// The printable report: one self-contained HTML document of A4 landscape pages, without scripts or outside
// references.
#pragma once

#include <string>

#include "base/translate.h"

#include "report/view_json.h"

namespace precordia {

// Page 1: answer, next step and the 12-lead ECG at true scale (25 mm/s, 10 mm/mV, in millimetres, on a
// calibrated grid with a 100 mm ruler to check the print). Page 2: evidence with weights and citations,
// measurements, criteria, network, quality, models. `date` is printed as given, and `app_version` next to the
// engine's. No patient name: there is none in the input. The document allows itself nothing but its own
// <style> block (Content-Security-Policy in its head); a page that shows it under a stricter policy needs
// kReportStyleHash in its style-src.
std::string html_report(const ViewInput& input, const std::string& date, const std::string& app_version);

// The same document in the translator's language: its text between the tags, and its lang attribute.
std::string translated_html(const std::string& html, const Translator& translator);

// "sha256-..." of the style block's text, for a Content-Security-Policy. A test keeps it true.
extern const char* const kReportStyleHash;

// Text for an HTML body or a double-quoted attribute: & < > " ' escaped, control characters and bytes that
// are not UTF-8 replaced by U+FFFD.
std::string escape_html(std::string_view text);

}  // namespace precordia
