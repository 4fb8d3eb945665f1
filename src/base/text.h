// Text without locales, streams or exceptions: numbers to and from text mean the same on every machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace precordia {

// printf-style formatting into a string. Locale-independent as long as the process keeps the "C" locale, which it does.
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
std::string format_text(const char* pattern, ...);

// `value` with `digits` decimals ("0.93"), never an exponent; "-0.0" is written "0.0".
std::string fixed_text(double value, int digits);

// The whole of `text` as a number (surrounding blanks allowed); nullopt for anything else, "nan" and "inf" included.
std::optional<double> parse_number(std::string_view text);
std::optional<long long> parse_integer(std::string_view text);

std::string_view trim(std::string_view text);
std::string lower_ascii(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
std::vector<std::string_view> split_blank(std::string_view text);  // on runs of spaces and tabs, no empty pieces
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);
bool ends_with_ignoring_case(std::string_view text, std::string_view ending);

// Text of an unknown source made fit to show: valid UTF-8 stays, other high bytes are read as Latin-1, control characters
// become blanks, blanks at the ends go, and more than `longest` bytes end in "...". Never cuts a character in two.
std::string printable_text(std::string_view raw, size_t longest = 80);
bool is_valid_utf8(std::string_view text);
std::string utf8_from_latin1(std::string_view text);
// `bytes` hold UTF-16 code units without a byte-order mark; lone surrogates become U+FFFD, an odd last byte is dropped.
std::string utf8_from_utf16(std::string_view bytes, bool big_endian);

}  // namespace precordia
