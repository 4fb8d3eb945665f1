// Dates as files write them, and the age that follows from two of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace precordia {

// "2002-11-22"; empty when it is no day between 1850 and 2200.
std::string iso_date(long long year, long long month, long long day);
// "T09:10:00"; empty when it is no time of day.
std::string iso_time(long long hour, long long minute, long long second);
// "20021122" or "20021122091000.123+0100" (DICOM, HL7) as ISO 8601 local time; empty when it does not start with a date.
std::string iso_from_digits(std::string_view digits);

// Whole years between two dates that start like ISO 8601; nullopt when either is none, or the result is no human age.
std::optional<double> age_at(std::string_view birth_date, std::string_view date);

}  // namespace precordia
