#include <doctest/doctest.h>

#include <string>

#include "base/result.h"
#include "base/text.h"

using namespace precordia;

TEST_CASE("numbers are read whole or not at all") {
  CHECK(parse_number(" -1.5e3 ") == -1500);
  CHECK(parse_number("+2") == 2);
  for (const char* text : {"", " ", "1.5x", "0x10", "nan", "inf", "1e999", "1,5", "--1", "1 2"})
    CHECK_MESSAGE(!parse_number(text), text);
  CHECK(parse_integer("-42") == -42);
  CHECK(parse_integer("+7") == 7);
  for (const char* text : {"", "1.0", "99999999999999999999", "a", "1 "})
    CHECK_MESSAGE(parse_integer(text).has_value() == (std::string(text) == "1 "), text);
}

TEST_CASE("numbers are written without exponent and without minus zero") {
  CHECK(fixed_text(0.925, 2) == "0.93");
  CHECK(fixed_text(-0.001, 1) == "0.0");
  CHECK(fixed_text(-0.06, 1) == "-0.1");
  CHECK(fixed_text(1e9, 0) == "1000000000");
  CHECK(format_text("%d of %s", 3, "12") == "3 of 12");
}

TEST_CASE("splitting keeps empty pieces, blanks do not") {
  CHECK(split("a,,b", ',').size() == 3);
  CHECK(split("", ',').size() == 1);
  CHECK(split_blank("  a \t b ").size() == 2);
  CHECK(split_blank(" ").empty());
  CHECK(trim("\t x \r\n") == "x");
  CHECK(starts_with_ignoring_case("Sample Rate", "sample"));
  CHECK(ends_with_ignoring_case("A.DAT", ".dat"));
  CHECK(!ends_with_ignoring_case("t", ".dat"));
}

TEST_CASE("text of unknown encoding becomes valid UTF-8 that is fit to show") {
  CHECK(is_valid_utf8("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"));
  for (const char* bad : {"\xC3", "\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x28\xA1"})
    CHECK(!is_valid_utf8(bad));
  CHECK(printable_text("\xB5V") == "\xC2\xB5V");  // Latin-1
  CHECK(printable_text("a\x01\x1B[31mb\n") == "a  [31mb");
  CHECK(printable_text("\xC3\xA9\xC3\xA9\xC3\xA9", 5) == "\xC3\xA9\xC3\xA9...");  // never half a character
  CHECK(printable_text(std::string(1000, 'x'), 10) == "xxxxxxxxxx...");
  CHECK(is_valid_utf8(printable_text("\xFF\xFE\x80\xC3")));
  CHECK(utf8_from_latin1("\xE9") == "\xC3\xA9");
  CHECK(utf8_from_utf16(std::string("A\0\xB5\0\x3D\xD8\x00\xDE", 8), false) == "A\xC2\xB5\xF0\x9F\x98\x80");
  CHECK(utf8_from_utf16(std::string("\0A\xD8\x3D\0B\0", 7), true) ==
        "A\xEF\xBF\xBD"
        "B");
}

TEST_CASE("every error code has its own stable name") {
  CHECK(std::string(error_code_name(ErrorCode::kMissingCompanion)) == "missing_companion");
  CHECK(std::string(error_code_name(ErrorCode::kNotAnEcg)) == "not_an_ecg");
}
