// What the columns of a table of numbers mean. Plan: words before the table (rate, unit, person), the role of
// each column, the time axis, the evidence in the numbers, the record.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "formats/assemble.h"
#include "formats/csv.h"

namespace precordia {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// --- words
// ------------------------------------------------------------------------------------------------------------------

// "500", "599.88", "511,422" (decimal comma), "1,000" (thousands): the reading that can be a sample rate.
std::optional<double> plausible_rate(std::string_view digits) {
  while (!digits.empty() && !is_digit(digits.front())) digits.remove_prefix(1);
  while (!digits.empty() && !is_digit(digits.back())) digits.remove_suffix(1);
  std::string decimal(digits), joined;
  std::replace(decimal.begin(), decimal.end(), ',', '.');
  for (const char c : digits)
    if (c != ',') joined += c;
  for (const auto& text : {decimal, joined}) {
    const auto value = parse_number(text);
    if (value && *value >= kLowestSampleRateHz && *value <= kHighestSampleRateHz) return value;
  }
  return {};
}

bool contains_any(const std::string& text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return text.find(word) != std::string::npos; });
}

void add_distinct(std::vector<double>& values, double value) {
  if (std::none_of(values.begin(), values.end(),
                   [&](double v) { return std::abs(v - value) < 1e-6 * value; }))
    values.push_back(value);
}

// Sample rates that a line states: a number before "Hz", or after "sampling rate", "fs" and the like.
void rates_in(std::string_view line, std::vector<double>& rates) {
  const std::string text = lower_ascii(line);
  if (contains_any(text, {"filter", "notch", "pass", "bandwidth", "cutoff", "cut-off", "mains"})) return;
  for (const char* unit : {"hz", "hertz", "samples/s", "samples per s", "sps"}) {
    for (size_t at = text.find(unit); at != std::string::npos; at = text.find(unit, at + 1)) {
      size_t end = at;
      while (end > 0 && text[end - 1] == ' ') --end;
      size_t begin = end;
      while (begin > 0 && (is_digit(text[begin - 1]) || text[begin - 1] == '.' || text[begin - 1] == ','))
        --begin;
      const bool upper_end_of_a_band = begin > 1 && text[begin - 1] == '-' && is_digit(text[begin - 2]);
      if (const auto rate = plausible_rate(std::string_view(text).substr(begin, end - begin));
          rate && !upper_end_of_a_band)
        add_distinct(rates, *rate);
    }
  }
  for (const char* key : {"sampling rate", "sample rate", "samplerate", "samplingrate", "sampling_rate",
                          "sample_rate", "sampling frequency", "sample frequency", "sampling_frequency",
                          "samplefrequency", "samplingfrequency", "sfreq", "fs"}) {
    const auto at = text.find(key);
    const size_t length = std::string_view(key).size();
    if (at == std::string::npos || (at > 0 && is_letter(text[at - 1])) ||
        (at + length < text.size() && is_letter(text[at + length])))
      continue;
    size_t begin = at + length;
    while (begin < text.size() && !is_digit(text[begin]) && begin < at + length + 24) ++begin;
    size_t end = begin;
    while (end < text.size() && (is_digit(text[end]) || text[end] == '.' || text[end] == ',')) ++end;
    if (const auto rate = plausible_rate(std::string_view(text).substr(begin, end - begin)))
      add_distinct(rates, *rate);
  }
}

struct StatedUnit {
  double mv = 0;               // millivolts per number in the file; 0 = nothing stated
  bool contradictory = false;  // two different units
};

// Lower case with both micro signs (U+00B5, U+03BC) written "u".
std::string with_plain_micro(std::string_view text) {
  std::string out = lower_ascii(text);
  for (const char* micro : {"\xC2\xB5", "\xCE\xBC"})
    for (size_t at = out.find(micro); at != std::string::npos; at = out.find(micro)) out.replace(at, 2, "u");
  return out;
}

// Units of voltage as whole words; "2.5 uV per unit" (or /LSB, /bit, /count) scales, "10 mm/mV" is a plotting
// gain.
void units_in(std::string_view line, StatedUnit& stated) {
  const std::string text = with_plain_micro(line);
  const auto take = [&](double mv) {
    if (stated.mv != 0 && std::abs(stated.mv - mv) > 1e-9 * mv) stated.contradictory = true;
    if (stated.mv == 0) stated.mv = mv;
  };
  constexpr std::array<std::pair<const char*, double>, 4> kWords = {
      {{"mv", 1}, {"uv", 1e-3}, {"millivolt", 1}, {"microvolt", 1e-3}}};
  for (const auto& [word, mv] : kWords) {
    const size_t length = std::string_view(word).size();
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
      size_t end = at + length;
      if (end < text.size() && text[end] == 's') ++end;
      if ((at > 0 && is_letter(text[at - 1])) || (end < text.size() && is_letter(text[end]))) continue;
      if (at >= 3 && text.compare(at - 3, 3, "mm/") == 0) continue;
      size_t number_end = at;
      while (number_end > 0 && text[number_end - 1] == ' ') --number_end;
      size_t number = number_end;
      while (number > 0 && (is_digit(text[number - 1]) || text[number - 1] == '.')) --number;
      const auto scale = parse_number(std::string_view(text).substr(number, number_end - number));
      const auto after = trim(std::string_view(text).substr(end));
      const bool per_count =
          (after.starts_with("/") || after.starts_with("per ")) &&
          contains_any(std::string(after.substr(0, 16)), {"unit", "lsb", "bit", "count", "digit", "step"});
      take(scale && *scale > 0 && per_count ? *scale * mv : mv);
    }
  }
}

// "2026-08-26 18:15:35 +0100" -> "2026-08-26T18:15:35".
std::string iso_time_in(std::string_view text) {
  constexpr std::string_view kPattern = "dddd-dd-dd dd:dd:dd";
  for (size_t at = 0; at + kPattern.size() <= text.size(); ++at) {
    bool fits = true;
    for (size_t i = 0; i < kPattern.size() && fits; ++i)
      fits = kPattern[i] == 'd'   ? is_digit(text[at + i])
             : kPattern[i] == ' ' ? text[at + i] == ' ' || text[at + i] == 'T'
                                  : text[at + i] == kPattern[i];
    if (!fits) continue;
    std::string out(text.substr(at, kPattern.size()));
    out[10] = 'T';
    return out;
  }
  return {};
}

struct Preamble {
  std::vector<double> rates_hz;
  StatedUnit unit;
  std::string lead_name;  // "Lead,Lead I" above a single column
};

// Reads the lines before the table; facts about person and device go straight into the record.
Preamble read_preamble(const TextTable& table, EcgRecord& record) {
  Preamble out;
  for (const auto& line : table.preamble) {
    rates_in(line, out.rates_hz);
    units_in(line, out.unit);
    const auto mark = line.find_first_of(",;:=\t");
    if (mark == std::string::npos) continue;
    std::string key = lower_ascii(trim(std::string_view(line).substr(0, mark)));
    while (!key.empty() && (key.front() == '#' || key.front() == ' ' || key.front() == '"')) key.erase(0, 1);
    std::string_view value = trim(std::string_view(line).substr(mark + 1));
    while (!value.empty() && (value.front() == '"' || value.front() == '=' || value.front() == ' '))
      value.remove_prefix(1);
    while (!value.empty() && value.back() == '"') value.remove_suffix(1);
    if (key == "lead" || key == "channel") out.lead_name = printable_text(value, 40);
    if (key == "device" || key == "model") record.source.device = printable_text(value, 60);
    if (key.starts_with("record") || key.starts_with("date") || key.starts_with("acqui")) {
      const auto time = iso_time_in(value);
      if (record.source.recorded_at.empty()) record.source.recorded_at = time;
    }
    if (key == "age" || key == "sex" || key == "gender")
      add_patient_facts(key + ": " + std::string(value), record.patient);
  }
  return out;
}

// --- roles
// ------------------------------------------------------------------------------------------------------------------

enum class Role { kLead, kTime, kCount, kOther };

Role role_from_name(std::string_view name) {
  if (lead_from_name(name)) return Role::kLead;
  std::string text = lower_ascii(name.substr(0, name.find_first_of("([")));
  text = std::string(trim(text));
  if (text == "t" || text == "s" || text == "ms" || text.starts_with("time") || text.starts_with("elapsed") ||
      text.starts_with("second") || text == "sec")
    return Role::kTime;
  if (text == "index" || text.starts_with("sample") || text == "n" || text == "#" || text == "no" ||
      text == "nr" || text == "frame" || text.starts_with("unnamed"))
    return Role::kCount;
  return Role::kOther;
}

// A column that rises by the same step from row to row, within the rounding of its digits.
bool rises_evenly(const std::vector<double>& values) {
  if (values.size() < 3) return false;
  const double step = (values.back() - values.front()) / static_cast<double>(values.size() - 1);
  if (!(step > 0)) return false;
  for (size_t i = 0; i < values.size(); ++i)
    if (!(std::abs(values[i] - values.front() - step * static_cast<double>(i)) <= step)) return false;
  return true;
}

constexpr const char* kEightLeads[] = {"I", "II", "V1", "V2", "V3", "V4", "V5", "V6"};

// III = II - I and aVF = II - I/2 between twelve unnamed columns, to within a tenth of the signal.
bool obeys_einthoven(const std::vector<std::vector<double>>& columns, const std::vector<size_t>& at) {
  double error = 0, power = 0;
  const auto& one = columns[at[0]];
  const auto& two = columns[at[1]];
  for (size_t i = 0; i < one.size(); ++i) {
    const double third = two[i] - one[i], foot = two[i] - one[i] / 2;
    const double miss = std::abs(columns[at[2]][i] - third) + std::abs(columns[at[5]][i] - foot);
    if (std::isnan(miss)) continue;
    error += miss * miss;
    power += third * third + foot * foot;
  }
  return power > 0 && error < 0.02 * power;
}

std::unexpected<Error> which_leads(size_t columns) {
  return fail(ErrorCode::kAmbiguous, format_text("The table has %zu columns of numbers without lead names; "
                                                 "add a first line such as I,II,III,aVR,aVL,aVF,V1,V2,"
                                                 "V3,V4,V5,V6.",
                                                 columns));
}

struct Roles {
  std::optional<size_t> time, count;                  // columns
  std::vector<std::pair<size_t, std::string>> leads;  // column and lead name
  std::vector<size_t> others;
};

Result<Roles> find_roles(const TextTable& table, const Preamble& preamble, std::vector<std::string>& notes) {
  Roles roles;
  std::vector<size_t> unnamed;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Role role = role_from_name(table.names[i]);
    if (role == Role::kLead)
      roles.leads.push_back({i, table.names[i]});
    else if (role == Role::kTime && !roles.time)
      roles.time = i;
    else if (role == Role::kCount && !roles.count)
      roles.count = i;
    else
      unnamed.push_back(i);
  }
  if (!roles.leads.empty()) {
    // An unnamed first column that rises evenly counts the rows (pandas writes 0, 1, 2, ...) or times them.
    if (!unnamed.empty() && unnamed[0] == 0 && table.names[0].empty() && rises_evenly(table.columns[0])) {
      const bool counts = table.columns[0][1] - table.columns[0][0] == 1;
      if (!counts && !roles.time) roles.time = 0;
      unnamed.erase(unnamed.begin());
    }
    roles.others = std::move(unnamed);
    return roles;
  }

  if ((unnamed.size() == 13 || unnamed.size() == 9 || unnamed.size() == 2) && !roles.time &&
      rises_evenly(table.columns[unnamed[0]])) {
    roles.time = unnamed[0];
    unnamed.erase(unnamed.begin());
  }
  if (unnamed.size() == 1 && !preamble.lead_name.empty() && lead_from_name(preamble.lead_name)) {
    roles.leads.push_back({unnamed[0], preamble.lead_name});
  } else if (unnamed.size() == 12) {
    if (!obeys_einthoven(table.columns, unnamed)) return which_leads(unnamed.size());
    for (size_t i = 0; i < 12; ++i) roles.leads.push_back({unnamed[i], kLeadNames[i]});
    notes.push_back(
        "The columns have no names; they are taken as the twelve leads in the standard order, which fits "
        "Einthoven's law.");
  } else if (unnamed.size() == 8) {
    for (size_t i = 0; i < 8; ++i) roles.leads.push_back({unnamed[i], kEightLeads[i]});
    notes.push_back("The eight columns have no names; they are taken as I, II, V1, V2, V3, V4, V5 and V6.");
  } else {
    return which_leads(unnamed.size());
  }
  return roles;
}

// --- time
// -------------------------------------------------------------------------------------------------------------------

std::unexpected<Error> which_rate() {
  return fail(ErrorCode::kAmbiguous,
              "The table does not say how many samples per second it holds; add a time column in seconds or "
              "a first line such as "
              "\"# 500 Hz\".");
}

double snapped(double rate_hz) {
  const double whole = std::round(rate_hz);
  return std::abs(rate_hz - whole) <= 5e-5 * rate_hz ? whole : rate_hz;
}

// Seconds per unit of the time column; 0 when it cannot be told (steps of 1 may be milliseconds or plain
// counting).
double seconds_per_unit(const TextTable& table, size_t column, double step) {
  std::string words = lower_ascii(table.names[column]);
  if (column < table.units_row.size()) words += " " + lower_ascii(table.units_row[column]);
  for (char& c : words)
    if (!is_letter(c)) c = ' ';
  for (const auto word : split_blank(words)) {
    if (word == "ms" || word == "msec" || word.starts_with("millisec")) return 1e-3;
    if (word == "us" || word.starts_with("microsec")) return 1e-6;
    if (word == "s" || word == "sec" || word.starts_with("second") || word == "hh") return 1;
  }
  if (step <= 0.02) return 1;
  return step == 1 ? 0 : 1e-3;
}

// Slope of the least-squares line: times rounded to milliseconds still give the rate to about 1e-6.
double fitted_step(const std::vector<double>& time) {
  const double middle = static_cast<double>(time.size() - 1) / 2;
  double across = 0, along = 0;
  for (size_t i = 0; i < time.size(); ++i) {
    const double offset = static_cast<double>(i) - middle;
    across += offset * (time[i] - time[0]);
    along += offset * offset;
  }
  return across / along;
}

// Rate from the time column. Where rows are missing, `grid` gets the sample number of each row.
Result<double> rate_from_time(const TextTable& table, size_t column, double stated_hz,
                              std::vector<size_t>& grid) {
  const auto& time = table.columns[column];
  if (time.size() < 2) return which_rate();
  for (size_t i = 0; i < time.size(); ++i)
    if (std::isnan(time[i]) || (i > 0 && time[i] < time[i - 1]))
      return fail(
          ErrorCode::kDamaged,
          format_text("The time column runs backwards or is empty at its row %zu; export the file again.",
                      i + 1));
  std::vector<double> steps(time.size() - 1);
  for (size_t i = 0; i + 1 < time.size(); ++i) steps[i] = time[i + 1] - time[i];
  std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2), steps.end());
  double step = steps[steps.size() / 2];
  const bool even = rises_evenly(time) || time.size() == 2;
  if (even) step = fitted_step(time);
  if (!(step > 0)) return which_rate();

  const double unit_s = seconds_per_unit(table, column, step);
  if (unit_s == 0) return stated_hz > 0 ? Result<double>(stated_hz) : which_rate();
  const double rate_hz = snapped(1 / (step * unit_s));
  if (even) return rate_hz;
  const double last = std::round((time.back() - time.front()) / step);
  if (!(last < static_cast<double>(kLargestSampleCount) / kLeadCount) ||
      last > 100 * static_cast<double>(time.size()))
    return fail(ErrorCode::kDamaged, "The time column jumps too far; export the file again.");
  grid.resize(time.size());
  for (size_t i = 0; i < time.size(); ++i) {
    grid[i] = static_cast<size_t>(std::llround((time[i] - time.front()) / step));
    if (i > 0 && grid[i] <= grid[i - 1])
      return fail(ErrorCode::kDamaged,
                  format_text("The time column is uneven at its row %zu; export the file again.", i + 1));
  }
  return rate_hz;
}

// A table of 8 or more leads that lasts exactly ten seconds at one of the rates that recorders use.
std::optional<double> rate_of_ten_seconds(size_t rows, size_t leads) {
  constexpr double kUsualHz[] = {100, 125, 128, 200, 240, 250, 256, 300, 360, 400, 500, 512, 600, 1000, 2000};
  if (leads < 8) return {};
  for (const double hz : kUsualHz)
    if (static_cast<double>(rows) == 10 * hz) return hz;
  return {};
}

// --- unit
// -------------------------------------------------------------------------------------------------------------------

struct ValueEvidence {
  double widest = 0;  // largest peak-to-peak of any lead
  bool whole_numbers = true;
};

ValueEvidence evidence_of(const TextTable& table, const Roles& roles) {
  ValueEvidence evidence;
  for (const auto& [column, name] : roles.leads) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const double v : table.columns[column]) {
      if (std::isnan(v)) continue;
      low = std::min(low, v);
      high = std::max(high, v);
      evidence.whole_numbers = evidence.whole_numbers && v == std::floor(v);
    }
    if (low <= high) evidence.widest = std::max(evidence.widest, high - low);
  }
  return evidence;
}

// Smallest distance between two different values of I, II and V1-V6; the other four are sums, whose rounding
// leaves odd steps.
double smallest_step(const TextTable& table, const Roles& roles) {
  double smallest = std::numeric_limits<double>::infinity();
  for (const auto& [column, name] : roles.leads) {
    const auto lead = lead_from_name(name);
    if (lead && *lead >= Lead::kIII && *lead <= Lead::kAVF) continue;
    std::vector<double> values;
    for (const double v : table.columns[column])
      if (!std::isnan(v)) values.push_back(v);
    std::sort(values.begin(), values.end());
    for (size_t i = 1; i < values.size(); ++i)
      if (values[i] > values[i - 1]) smallest = std::min(smallest, values[i] - values[i - 1]);
  }
  return smallest;
}

Result<double> unit_from_values(const TextTable& table, const Roles& roles, std::vector<std::string>& notes) {
  const auto evidence = evidence_of(table, roles);
  if (evidence.widest == 0) return 1;  // flat: whatever the unit, it is zero signal
  if (!evidence.whole_numbers && evidence.widest >= 0.2 && evidence.widest <= 20) {
    notes.push_back("The table states no unit; by their size the values are taken as millivolts.");
    return 1;
  }
  if (evidence.widest >= 200 && evidence.widest <= 20000 &&
      (!evidence.whole_numbers || smallest_step(table, roles) >= 2)) {
    notes.push_back("The table states no unit; by their size and steps the values are taken as microvolts.");
    return 1e-3;
  }
  return fail(ErrorCode::kAmbiguous,
              "The table does not say what its numbers mean (millivolts, microvolts or counts of a "
              "converter); add a first line such as "
              "\"# unit: uV\", \"# unit: mV\" or \"# 2.5 uV per unit\".");
}

bool is_own_format(const TextTable& table) {
  if (table.names.empty() || table.names[0] != "time_s" || table.names.size() < 2) return false;
  return std::all_of(table.names.begin() + 1, table.names.end(),
                     [](const std::string& name) { return lead_from_name(name).has_value(); });
}

// Millivolts per number of one column: its own unit, then the one of the preamble, then the evidence.
Result<double> unit_of(const TextTable& table, size_t column, const Preamble& preamble, double from_values) {
  StatedUnit own;
  units_in(table.names[column], own);
  if (own.mv == 0) {
    const auto bracket = table.names[column].find_first_of("([");
    if (bracket != std::string::npos)
      own.mv = millivolts_per(
          table.names[column].substr(bracket + 1, table.names[column].find_first_of(")]") - bracket - 1));
  }
  if (own.mv == 0 && column < table.units_row.size()) own.mv = millivolts_per(table.units_row[column]);
  if (own.mv > 0) return own.mv;
  if (preamble.unit.contradictory)
    return fail(ErrorCode::kAmbiguous,
                "The text before the table names several units; write the unit behind each lead name, as in "
                "\"I (uV)\".");
  return preamble.unit.mv > 0 ? preamble.unit.mv : from_values;
}

NamedChannel lead_channel(const std::vector<double>& values, const std::string& name, double mv,
                          double rate_hz, const std::vector<size_t>& grid) {
  NamedChannel channel{.name = name, .rate_hz = rate_hz, .is_voltage = true, .mv = {}};
  channel.mv.assign(grid.empty() ? values.size() : grid.back() + 1, std::numeric_limits<float>::quiet_NaN());
  for (size_t i = 0; i < values.size(); ++i)
    channel.mv[grid.empty() ? i : grid[i]] = sample_mv(values[i] * mv);
  return channel;
}

}  // namespace

Result<DecodedEcg> decode_csv(std::span<const InputFile> files) {
  PRECORDIA_TRY(auto table, parse_text_table(files[0].bytes));
  EcgRecord record;
  record.source.format = table.separator == '\t' || table.separator == ' ' ? "text table" : "CSV";
  record.notes = table.notes;
  const Preamble preamble = read_preamble(table, record);
  PRECORDIA_TRY(const auto roles, find_roles(table, preamble, record.notes));

  if (preamble.rates_hz.size() > 1)
    return fail(ErrorCode::kAmbiguous,
                "The text before the table names several sample rates; leave only the right one.");
  double rate_hz = preamble.rates_hz.empty() ? 0 : preamble.rates_hz[0];
  std::vector<size_t> grid;
  if (roles.time) {
    PRECORDIA_TRY(rate_hz, rate_from_time(table, *roles.time, rate_hz, grid));
    if (!grid.empty())
      record.notes.push_back("The time column skips some rows; the missing samples are gaps.");
  }
  const size_t rows = table.columns[roles.leads[0].first].size();
  if (rate_hz == 0) {
    const auto assumed = rate_of_ten_seconds(rows, roles.leads.size());
    if (!assumed) return which_rate();
    rate_hz = *assumed;
    record.notes.push_back(format_text(
        "The table states no sample rate; its %zu rows are taken as the usual 10 seconds, %.0f Hz.", rows,
        rate_hz));
  }

  double from_values = 1;
  const bool stated = is_own_format(table) || preamble.unit.mv > 0 ||
                      std::all_of(roles.leads.begin(), roles.leads.end(), [&](const auto& lead) {
                        const auto unit = unit_of(table, lead.first, preamble, 0);
                        return unit && *unit > 0;
                      });
  if (!stated) {
    PRECORDIA_TRY(from_values, unit_from_values(table, roles, record.notes));
  }
  std::vector<NamedChannel> channels;
  for (const auto& [column, name] : roles.leads) {
    PRECORDIA_TRY(const double mv, unit_of(table, column, preamble, from_values));
    channels.push_back(lead_channel(table.columns[column], name, mv, rate_hz, grid));
  }
  // A column without a single number is how a table of twelve fixed columns says that the lead is absent.
  const auto is_empty = [](const NamedChannel& channel) {
    return channel.counts.empty() && std::all_of(channel.mv.begin(), channel.mv.end(), [](float mv) { return std::isnan(mv); });
  };
  if (!std::all_of(channels.begin(), channels.end(), is_empty)) std::erase_if(channels, is_empty);
  for (const size_t column : roles.others) channels.push_back({table.names[column], rate_hz, false, {}});
  return DecodedEcg{std::move(channels), std::move(record)};
}

}  // namespace precordia
