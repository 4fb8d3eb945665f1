// ECG pages in PDF: pages that the test writes itself, and one real page beside the DICOM file that it was drawn from.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "base/text.h"
#include "formats/assemble.h"
#include "formats_files.h"
#include "real_data.h"

using namespace precordia;

namespace {

constexpr double kMm = 72 / 25.4;

// One page with an uncompressed content stream; the cross-reference table is left out, which readers must bear.
TestFile page_of(const std::string& content, const std::string& resources = "") {
  return text_file("page.pdf", "%PDF-1.4\n1 0 obj\n<< /Type /Page /Contents 2 0 R /Resources << " + resources + " >> >>\nendobj\n2 0 obj\n<< /Length " +
                                   std::to_string(content.size()) + " >>\nstream\n" + content + "\nendstream\nendobj\ntrailer\n<< /Root 3 0 R >>\n%%EOF\n");
}

std::string grid() {
  std::string out = "1 0 0 RG\n";
  for (int i = 0; i <= 50; ++i) out += format_text("%.4f 50 m %.4f 500 l S\n", 50 + i * 5 * kMm, 50 + i * 5 * kMm);
  for (int i = 0; i <= 30; ++i) out += format_text("50 %.4f m 750 %.4f l S\n", 60 + i * 5 * kMm, 60 + i * 5 * kMm);
  return out;
}

double wave(double seconds, double height_mv) { return std::fmod(seconds, 0.8) < 0.1 ? height_mv * std::sin(std::fmod(seconds, 0.8) / 0.1 * 3.14159265) : 0; }

// A trace from `left` on, `seconds` long, drawn at 25 mm/s and 10 mm/mV with 250 points per second.
std::string trace(const char* label, double left, double baseline, double seconds, double height_mv, bool many_strokes = false) {
  std::string out = format_text("BT /F1 10 Tf %.3f %.3f Td (%s) Tj ET\n0 G\n", left, baseline + 12 * kMm, label);
  double x = 0, y = 0;
  for (int i = 0; i <= seconds * 250; ++i) {
    const double t = i / 250.0, next_x = left + t * 25 * kMm, next_y = baseline + wave(t, height_mv) * 10 * kMm;
    if (i == 0) out += many_strokes ? "" : format_text("%.4f %.4f m\n", next_x, next_y);
    else if (many_strokes) out += format_text("%.4f %.4f m %.4f %.4f l S\n", x, y, next_x, next_y);
    else out += format_text("%.4f %.4f l\n", next_x, next_y);
    x = next_x, y = next_y;
  }
  return out + (many_strokes ? "" : "S\n");
}

constexpr const char* kWords = "BT /F1 8 Tf 60 20 Td (25 mm/s  10 mm/mV) Tj ET\n";

}  // namespace

TEST_CASE("traces drawn on a PDF page come back in millivolts and at their time") {
  for (const bool many_strokes : {false, true}) {
    const auto record = read_files({page_of(grid() + trace("I", 60, 400, 5, 1.0, many_strokes) + trace("aVR", 60 + 125 * kMm, 400, 5, -0.5, many_strokes) +
                                            trace("II", 60, 300, 10, 1.5, many_strokes) + kWords)});
    REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error().message));
    CHECK(record->sample_rate_hz == 500);
    CHECK(record->duration_s() == doctest::Approx(10).epsilon(0.01));
    for (size_t i = 0; i < 2400; ++i) {
      CHECK(record->lead(Lead::kI)[i] == doctest::Approx(wave(static_cast<double>(i) / 500, 1)).epsilon(0.03));
      CHECK(std::isnan(record->lead(Lead::kAVR)[i]));
    }
    CHECK(std::isnan(record->lead(Lead::kI)[2600]));
    float lowest = 0;
    for (size_t i = 2550; i < 4900; ++i) lowest = std::min(lowest, record->lead(Lead::kAVR)[i]);
    CHECK(lowest == doctest::Approx(-0.5).epsilon(0.02));
  }
}

TEST_CASE("traces without lead names are asked about, pages without traces are refused by what they are") {
  const auto nameless = read_files({page_of(grid() + trace("?", 60, 400, 5, 1) + kWords)});
  REQUIRE(!nameless);
  CHECK(nameless.error().code == ErrorCode::kAmbiguous);
  const auto picture = read_files({text_file("scan.pdf", "%PDF-1.4\n1 0 obj << /Type /Page /Contents 2 0 R /Resources << /XObject << /Im0 4 0 R >> >> >> endobj\n"
                                                         "2 0 obj << /Length 11 >> stream\nq /Im0 Do Q\nendstream endobj\n4 0 obj << /Subtype /Image /Length 3 >> stream\nabc\nendstream endobj\n")});
  REQUIRE(!picture);
  CHECK(picture.error().message.find("picture of an ECG") != std::string::npos);
  const auto locked = read_files({text_file("locked.pdf", "%PDF-1.4\n1 0 obj << /Type /Page >> endobj\ntrailer << /Encrypt 9 0 R >>\n")});
  REQUIRE(!locked);
  CHECK(locked.error().message.find("password") != std::string::npos);
}

TEST_CASE("a real vector page agrees with the DICOM file that it was drawn from") {
  const auto folder = real_data("formats/dicom");
  if (!folder) return;
  const auto page = read_files({{"page.pdf", file_bytes(*folder / "anonymous_ecg_3x4_1.pdf")}});
  REQUIRE_MESSAGE(page.has_value(), (page ? "" : page.error().message));
  const auto original = read_files({{"ecg.dcm", file_bytes(*folder / "anonymous_ecg.dcm")}});
  REQUIRE_MESSAGE(original.has_value(), (original ? "" : original.error().message));
  CHECK(page->lead_count() == 12);
  CHECK(page->duration_s() == doctest::Approx(10).epsilon(0.01));
  // The program that drew the page had run a causal low-pass filter over the samples, which delays all leads by the same time.
  struct Agreement {
    double correlation = 0, gain = 0;
  };
  const auto agreement = [&](int lead, size_t delay) {
    double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = delay; i < page->sample_count() && 2 * (i - delay) < original->sample_count(); ++i) {
      const double a = page->mv[lead][i], b = original->mv[lead][2 * (i - delay)];
      if (std::isnan(a) || std::isnan(b)) continue;
      ++n, x += a, y += b, xx += a * a, yy += b * b, xy += a * b;
    }
    return n < 1200 ? Agreement{} : Agreement{(n * xy - x * y) / std::sqrt((n * xx - x * x) * (n * yy - y * y)), (n * xy - x * y) / (n * yy - y * y)};
  };
  size_t delay = 0;
  for (size_t candidate = 0; candidate < 15; ++candidate)
    if (agreement(1, candidate).correlation > agreement(1, delay).correlation) delay = candidate;
  CHECK(delay <= 8);   // 16 ms
  for (int lead = 0; lead < kLeadCount; ++lead) {
    const Agreement found = agreement(lead, delay);
    CAPTURE(std::string(kLeadNames[lead]));
    CHECK(found.correlation > 0.97);   // what the filter took away is not on the page
    CHECK(std::abs(found.gain - 1) < 0.08);
  }
}
