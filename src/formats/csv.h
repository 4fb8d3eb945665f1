// Tables of numbers in text: CSV, TSV, semicolon or blank separated, with or without header, any common encoding.
//
//   csv_table.cc    bytes -> text -> rows -> columns of numbers, with the lines before them
//   csv_reader.cc   what the columns mean: leads, time, unit, sample rate
//
// What is decided how (and when the answer is kAmbiguous, with a sentence that tells what to add):
// - Leads: by header names or names at the start of rows. Without names 12 columns are I, II, III, aVR, aVL, aVF, V1-V6 when
//   Einthoven's law holds between them, 8 columns are I, II, V1-V6; any other number cannot be told.
// - Unit: from the header ("mV", "uV", "2.5 uV per unit"). Otherwise from the numbers: a largest peak-to-peak of 0.2 to 20 with
//   decimals is mV; 200 to 20,000 is uV when the values are no plain counts (decimals, or steps of 2 and more); whole numbers
//   in steps of 1 may be counts of an unknown converter and cannot be told.
// - Rate: from a time column, or from words ("500 Hz", "fs=500"). Otherwise a table of 12 or 8 leads whose length is exactly 10
//   seconds at one common rate is taken for the usual 10-second recording, and a note says so; anything else cannot be told.
// Files that this program writes itself (header `time_s,I,II,...,V6`) are in mV. Empty cells, "nan" and the like are missing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/assemble.h"
#include "formats/read_ecg.h"

namespace precordia {

inline constexpr size_t kMostTableColumns = 4096;     // in a table with leads in columns

struct TextTable {
  std::vector<std::string> preamble;                  // lines before the numbers (at most 200), trimmed, printable
  std::vector<std::string> names;                     // per column, may be empty texts
  std::vector<std::string> units_row;                 // per column, when a line of units stands between names and numbers
  std::vector<std::vector<double>> columns;           // NaN = missing; all of one length
  char separator = ',';                               // ',', ';', '\t', '|' or ' ' (runs of blanks)
  bool leads_in_rows = false;
  std::vector<std::string> notes;
};

// kPossible for any text with columns of numbers.
Evidence csv_evidence(std::span<const uint8_t> bytes);
Result<TextTable> parse_text_table(std::span<const uint8_t> bytes);
Result<DecodedEcg> decode_csv(std::span<const InputFile> files);

}  // namespace precordia
