#include "formats/dates.h"

#include "base/text.h"

namespace precordia {
namespace {

// `count` digits at `at` as a number; -1 when one of them is none.
long long digits_at(std::string_view text, size_t at, size_t count) {
  if (text.size() < at + count) return -1;
  long long value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::string iso_date(long long year, long long month, long long day) {
  if (year < 1850 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31) return {};
  return format_text("%04lld-%02lld-%02lld", year, month, day);
}

std::string iso_time(long long hour, long long minute, long long second) {
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return {};
  return format_text("T%02lld:%02lld:%02lld", hour, minute, second);
}

std::string iso_from_digits(std::string_view digits) {
  digits = trim(digits);
  const std::string date = iso_date(digits_at(digits, 0, 4), digits_at(digits, 4, 2), digits_at(digits, 6, 2));
  if (date.empty() || digits.size() < 12) return date;
  const long long second = digits_at(digits, 12, 2);
  return date + iso_time(digits_at(digits, 8, 2), digits_at(digits, 10, 2), second < 0 ? 0 : second);
}

std::optional<double> age_at(std::string_view birth_date, std::string_view date) {
  const auto month_day = [](std::string_view text) { return digits_at(text, 5, 2) * 100 + digits_at(text, 8, 2); };
  const long long born = digits_at(birth_date, 0, 4), now = digits_at(date, 0, 4);
  if (born < 0 || now < 0 || month_day(birth_date) < 0 || month_day(date) < 0) return {};
  const long long age = now - born - (month_day(date) < month_day(birth_date));
  if (age < 0 || age > 125) return {};
  return static_cast<double>(age);
}

}  // namespace precordia
