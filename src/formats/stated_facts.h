// What the XML, JSON and binary readers say about person, time and device in the same way.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "signal/ecg_record.h"

namespace precordia {

// "20021122091000.000", "2002-11-22T09:10:00Z", "20021122", "2002-11-22" -> "2002-11-22T09:10:00" or "2002-11-22"; empty for
// anything else. A time zone is dropped: the record's time is the local time of the recorder.
std::string iso_time(std::string_view text);
std::string iso_date(int year, int month, int day);                               // empty when there is no such day
std::string iso_time(int year, int month, int day, int hour, int minute, int second);
// Whole seconds and fractions since 1970 of an iso-like time, for differences; nullopt when it is none.
std::optional<double> seconds_of(std::string_view text);

// "M", "male", "2", "F", "Female", ... ; nullopt otherwise.
std::optional<Sex> sex_from_word(std::string_view word);
// Years at `recorded_at` of a person born at `birth_date` (both ISO); 90 for anyone over 89.
void set_age_from_birth(EcgRecord& record);
void set_age(EcgRecord& record, std::optional<double> age, std::string_view unit);   // unit: years, months, weeks, days; "" = years

// Adds a measurement of the device unless there is none, it is not finite, or one of that id is there already.
void add_measurement(EcgRecord& record, std::string_view id, std::optional<double> value, std::string_view unit, std::string_view label);
// Adds a statement unless it is empty or there already; at most 64 are kept.
void add_statement(EcgRecord& record, std::string_view text);

// "I", "V3R", "aVF" of an SCP-ECG lead number (EN 1064 table 5), which DICOM and ISO 11073 share; empty when it names no lead.
std::string scp_lead_name(int number);

}  // namespace precordia
