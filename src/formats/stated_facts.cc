#include "formats/stated_facts.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace precordia {
namespace {

constexpr size_t kMostStatements = 64;
constexpr size_t kMostMeasurements = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int days_in(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) ? 29 : kDays[month - 1];
}

struct Moment {
  int year = 0, month = 0, day = 0, hour = -1, minute = 0, second = 0;
  double fraction = 0;
};

// Digits of "yyyymmddhhmmss" with or without the usual marks between them.
std::optional<Moment> moment_of(std::string_view text) {
  text = trim(text);
  std::string digits;
  size_t at = 0;
  for (; at < text.size() && digits.size() < 14; ++at) {
    const char c = text[at];
    if (is_digit(c)) digits += c;
    else if (digits.size() >= 12 && (c == '+' || c == '-' || c == '.' || c == 'Z')) break;
    else if (c != '-' && c != ':' && c != 'T' && c != ' ' && c != '/' && c != '.') break;
  }
  if (digits.size() < 8) return {};
  const auto number = [&](size_t from, size_t count) {
    int value = 0;
    for (size_t i = from; i < from + count && i < digits.size(); ++i) value = value * 10 + (digits[i] - '0');
    return value;
  };
  Moment moment{.year = number(0, 4), .month = number(4, 2), .day = number(6, 2)};
  if (iso_date(moment.year, moment.month, moment.day).empty()) return {};
  if (digits.size() >= 12) {
    moment.hour = number(8, 2);
    moment.minute = number(10, 2);
    moment.second = digits.size() >= 14 ? number(12, 2) : 0;
    if (moment.hour > 23 || moment.minute > 59 || moment.second > 60) return {};
    double place = 0.1;
    if (at < text.size() && text[at] == '.')
      for (++at; at < text.size() && is_digit(text[at]); ++at, place /= 10) moment.fraction += place * (text[at] - '0');
  }
  return moment;
}

// Days since 1970 (Hinnant 2021, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
long long days_since_1970(int year, int month, int day) {
  year -= month <= 2;
  const int era = (year >= 0 ? year : year - 399) / 400;
  const int of_era = year - era * 400;
  const int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097LL + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

}  // namespace

std::string iso_date(int year, int month, int day) {
  if (year < 1800 || year > 2200 || month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return {};
  return format_text("%04d-%02d-%02d", year, month, day);
}

std::string iso_time(int year, int month, int day, int hour, int minute, int second) {
  const std::string date = iso_date(year, month, day);
  if (date.empty() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return date;
  return date + format_text("T%02d:%02d:%02d", hour, minute, second);
}

std::string iso_time(std::string_view text) {
  const auto moment = moment_of(text);
  if (!moment) return {};
  return iso_time(moment->year, moment->month, moment->day, moment->hour, moment->minute, moment->second);
}

std::optional<double> seconds_of(std::string_view text) {
  const auto moment = moment_of(text);
  if (!moment || moment->hour < 0) return {};
  return static_cast<double>(days_since_1970(moment->year, moment->month, moment->day)) * 86400 + moment->hour * 3600 +
         moment->minute * 60 + moment->second + moment->fraction;
}

std::optional<Sex> sex_from_word(std::string_view word) {
  const std::string text = lower_ascii(trim(word));
  if (text == "m" || text == "male" || text == "man") return Sex::kMale;
  if (text == "f" || text == "female" || text == "woman" || text == "w") return Sex::kFemale;
  return {};
}

void set_age_from_birth(EcgRecord& record) {
  if (record.patient.age_years) return;
  const auto born = moment_of(record.identity.birth_date), recorded = moment_of(record.source.recorded_at);
  if (!born || !recorded) return;
  const int years = recorded->year - born->year -
                    (recorded->month < born->month || (recorded->month == born->month && recorded->day < born->day));
  set_age(record, years, "");
}

void set_age(EcgRecord& record, std::optional<double> age, std::string_view unit) {
  if (!age || record.patient.age_years || !(*age >= 0)) return;
  double years = *age;
  const std::string word = lower_ascii(trim(unit));
  if (word.starts_with("mo") || word == "m") years /= 12;
  else if (word.starts_with("w")) years /= 52.1775;
  else if (word.starts_with("d")) years /= 365.25;
  else if (word.starts_with("h")) years /= 8766;
  else if (!word.empty() && !word.starts_with("y") && !word.starts_with("a") && word != "j") return;
  if (years == 300) years = 90;   // a source that hides ages over 89
  if (years > 130) return;
  record.patient.age_years = years > 89 ? 90 : years;
}

void add_measurement(EcgRecord& record, std::string_view id, std::optional<double> value, std::string_view unit,
                     std::string_view label) {
  auto& measurements = record.device_findings.measurements;
  if (!value || !std::isfinite(*value) || std::abs(*value) > 1e6 || measurements.size() == kMostMeasurements) return;
  const std::string shown = printable_text(label, 40);
  for (const auto& measurement : measurements)
    if (id.empty() ? measurement.label == shown : measurement.id == id) return;
  measurements.push_back({std::string(id), *value, printable_text(unit, 16), shown});
}

void add_statement(EcgRecord& record, std::string_view text) {
  auto& statements = record.device_findings.statements;
  std::string statement = printable_text(text, 240);
  if (statement.empty() || statements.size() == kMostStatements ||
      std::find(statements.begin(), statements.end(), statement) != statements.end())
    return;
  statements.push_back(std::move(statement));
}

std::string scp_lead_name(int number) {
  switch (number) {
    case 1: return "I";
    case 2: return "II";
    case 3: case 4: case 5: case 6: case 7: case 8: return format_text("V%d", number - 2);
    case 9: return "V7";
    case 10: return "V2R";
    case 11: case 12: case 13: case 14: case 15: return format_text("V%dR", number - 8);
    case 16: return "X";
    case 17: return "Y";
    case 18: return "Z";
    case 61: return "III";
    case 62: return "aVR";
    case 63: return "aVL";
    case 64: return "aVF";
    case 66: return "V8";
    case 67: return "V9";
    case 68: return "V8R";
    case 69: return "V9R";
    default: return {};
  }
}

}  // namespace precordia
