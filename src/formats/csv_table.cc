// Plan: encoding, lines, cells, numbers, the choice of separator and decimal mark, and the table itself.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "base/text.h"
#include "formats/csv.h"
#include "signal/ecg_record.h"

namespace precordia {
namespace {

constexpr double kMissingCell = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostPreambleLines = 200;
constexpr size_t kLinesToJudgeBy = 60;

std::string_view as_text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// UTF-8 text of the file: `storage` is filled only when the bytes are in another encoding.
std::string_view decoded(std::span<const uint8_t> bytes, std::string& storage) {
  std::string_view text = as_text(bytes);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    storage = utf8_from_utf16(text.substr(2), text[0] == '\xFE');
    return storage;
  }
  if (text.size() >= 4 && text[0] != '\0' && text[1] == '\0' && text[3] == '\0')
    return storage = utf8_from_utf16(text, false);
  if (text.size() >= 4 && text[0] == '\0' && text[1] != '\0' && text[2] == '\0')
    return storage = utf8_from_utf16(text, true);
  if (!is_valid_utf8(text)) return storage = utf8_from_latin1(text);
  return text;
}

// The line at the start of `rest`, which it leaves; \n, \r\n and \r all end a line.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find_first_of("\r\n");
  const std::string_view line = rest.substr(0, end);
  if (end == std::string_view::npos) {
    rest = {};
  } else {
    rest.remove_prefix(end + (rest[end] == '\r' && end + 1 < rest.size() && rest[end + 1] == '\n' ? 2 : 1));
  }
  return line;
}

std::string_view without_quotes(std::string_view cell) {
  cell = trim(cell);
  while (cell.size() >= 2 && (cell.front() == '"' || cell.front() == '\'') && cell.back() == cell.front())
    cell = trim(cell.substr(1, cell.size() - 2));
  return cell;
}

// Calls `use(cell)` for every cell; separators inside double quotes do not count. A blank separator means
// runs of blanks.
template <typename Use>
void for_each_cell(std::string_view line, char separator, Use use) {
  if (separator == ' ') {
    while (true) {
      const auto first = line.find_first_not_of(" \t");
      if (first == std::string_view::npos) return;
      line.remove_prefix(first);
      const auto end = line.find_first_of(" \t");
      use(without_quotes(line.substr(0, end)));
      if (end == std::string_view::npos) return;
      line.remove_prefix(end);
    }
  }
  while (true) {
    size_t end = 0;
    bool quoted = false;
    while (end < line.size() && (quoted || line[end] != separator)) quoted ^= line[end++] == '"';
    use(without_quotes(line.substr(0, end)));
    if (end >= line.size()) return;
    line.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> cells_of(std::string_view line, char separator) {
  std::vector<std::string_view> cells;
  for_each_cell(line, separator, [&](std::string_view cell) { cells.push_back(cell); });
  return cells;
}

bool is_missing_word(std::string_view cell) {
  if (cell.empty() || cell == "-" || cell == "--" || cell == "?" || cell == "*") return true;
  if (cell.size() > 5) return false;
  const std::string word = lower_ascii(cell);
  return word == "nan" || word == "na" || word == "n/a" || word == "null" || word == "none" || word == "-nan";
}

// A decimal number with `mark` as decimal mark. Up to 15 digits and 22 places the two-operand division below
// is exact to the last bit (Clinger 1990, doi 10.1145/93542.93557); the rest goes the slow way.
std::optional<double> parse_cell(std::string_view cell, char mark) {
  static constexpr std::array<double, 23> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  size_t at = 0;
  const bool negative = !cell.empty() && cell[0] == '-';
  if (negative || (!cell.empty() && cell[0] == '+')) ++at;
  int64_t digits = 0;
  int digit_count = 0, places = 0;
  bool after_mark = false;
  for (; at < cell.size(); ++at) {
    const char c = cell[at];
    if (c == mark && !after_mark) {
      after_mark = true;
    } else if (c >= '0' && c <= '9' && digit_count < 15) {
      digits = digits * 10 + (c - '0');
      ++digit_count;
      places += after_mark;
    } else {
      break;
    }
  }
  if (at == cell.size()) {
    if (digit_count == 0) return {};
    const double value = static_cast<double>(digits) / kPowers[static_cast<size_t>(places)];
    return negative ? -value : value;
  }
  if (cell.size() > 60) return {};
  std::string plain(cell);
  std::replace(plain.begin(), plain.end(), mark, '.');
  if (mark == ',' && cell.find('.') != std::string_view::npos) return {};
  return parse_number(plain);
}

// "0:00.002", "00:00:00.002", "[10:21:05.002 03/04/2020]" -> seconds.
std::optional<double> parse_clock(std::string_view cell, char mark) {
  while (!cell.empty() && (cell.front() == '[' || cell.front() == '\'')) cell.remove_prefix(1);
  cell = cell.substr(0, cell.find_first_of(" ]'"));
  if (cell.find(':') == std::string_view::npos) return {};
  double seconds = 0;
  for (const auto part : split(cell, ':')) {
    const auto value = parse_cell(part, mark);
    if (!value || *value < 0) return {};
    seconds = seconds * 60 + *value;
  }
  return seconds;
}

bool is_numeric(std::string_view cell, char mark) {
  return parse_cell(cell, mark).has_value() || parse_clock(cell, mark).has_value();
}

// How the table is written.
struct Layout {
  char separator = ',', mark = '.';
  size_t columns = 0;
};

struct LineKind {
  size_t cells = 0, numbers = 0, missing = 0, later_words = 0;   // words after the first cell
};
LineKind kind_of(std::string_view line, const Layout& layout) {
  LineKind kind;
  for_each_cell(line, layout.separator, [&](std::string_view cell) {
    ++kind.cells;
    if (is_missing_word(cell))
      ++kind.missing;
    else if (is_numeric(cell, layout.mark))
      ++kind.numbers;
    else if (kind.cells > 1)
      ++kind.later_words;
  });
  return kind;
}

// A line of the table: numbers and missing cells, at most its first cell a name (leads in rows).
bool is_data_line(const LineKind& kind) {
  return kind.numbers > 0 && kind.later_words == 0;
}
bool is_pure_data_line(const LineKind& kind) {
  return kind.numbers > 0 && kind.numbers + kind.missing == kind.cells;
}

// The separator and decimal mark under which most of the sampled lines are rows of numbers of one width; wide
// beats narrow.
std::optional<Layout> choose_layout(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::string_view rest = text; !rest.empty() && lines.size() < kMostPreambleLines + kLinesToJudgeBy;) {
    const auto line = take_line(rest);
    if (!trim(line).empty()) lines.push_back(line);
  }
  // Judge by the last lines of the sample: the first ones may be a preamble.
  if (lines.size() > kLinesToJudgeBy) lines.erase(lines.begin(), lines.end() - kLinesToJudgeBy);

  static constexpr std::array<Layout, 9> kCandidates = {{
      {';', ',', 0},
      {'\t', ',', 0},
      {'|', ',', 0},
      {';', '.', 0},
      {'\t', '.', 0},
      {',', '.', 0},
      {'|', '.', 0},
      {' ', '.', 0},
      {' ', ',', 0},
  }};
  std::optional<Layout> best;
  size_t best_lines = 0;
  for (Layout candidate : kCandidates) {
    size_t matching = 0, width = 0;
    for (auto line = lines.rbegin(); line != lines.rend();
         ++line) {  // the last line decides the width, or the one before it
      const auto kind = kind_of(*line, candidate);
      if (!is_data_line(kind)) continue;
      if (width == 0 || matching <= 1) width = std::max(width, kind.cells);
      matching += kind.cells == width;
    }
    candidate.columns = width;
    if (matching == 0) continue;
    // A comma that is only ever followed by the same number of digits in a lone second "column" without a
    // sign is a decimal mark: "-5,000". One blank-separated column with a decimal comma says the same.
    const bool better = !best || matching > best_lines + best_lines / 10 ||
                        (matching * 10 >= best_lines * 9 && width > best->columns);
    if (better) {
      best = candidate;
      best_lines = matching;
    }
  }
  if (best && best->separator == ',' && best->columns == 2) {
    size_t decimals = 0, rows = 0;
    bool lone_column = true;
    for (const auto line : lines) {
      const auto cells = cells_of(line, ',');
      if (cells.size() != 2 || !is_pure_data_line(kind_of(line, *best))) continue;
      if (rows++ == 0) decimals = cells[1].size();
      lone_column = lone_column && cells[1].size() == decimals && decimals > 0 &&
                    cells[1].find_first_not_of("0123456789") == std::string_view::npos &&
                    cells[0].find('.') == std::string_view::npos;
    }
    if (lone_column && rows > 1) best = Layout{' ', ',', 1};
  }
  return best;
}

std::unexpected<Error> bad_row(size_t line_number, const std::string& what) {
  return fail(ErrorCode::kDamaged,
              format_text("Line %zu of the table ", line_number) + what + "; export the file again.");
}

// Digits after the decimal mark of a line's last number.
size_t last_decimals(std::string_view line, const Layout& layout) {
  if (layout.separator != ' ') line = line.substr(line.rfind(layout.separator) == std::string_view::npos ? 0 : line.rfind(layout.separator) + 1);
  const auto at = line.rfind(layout.mark);
  return at == std::string_view::npos ? 0 : trim(line.substr(at + 1)).size();
}

// Fills the table from lines that hold one sample of every column.
struct ColumnFiller {
  TextTable& table;
  Layout layout;
  size_t bad_cells = 0, cells = 0;

  // False when the line has not the width of the table.
  bool add(std::string_view line) {
    size_t column = 0;
    const size_t row = table.columns.empty() ? 0 : table.columns[0].size();
    for_each_cell(line, layout.separator, [&](std::string_view cell) {
      if (column < table.columns.size()) {
        std::optional<double> value;
        if (!is_missing_word(cell)) {
          value = parse_cell(cell, layout.mark);
          if (!value) value = parse_clock(cell, layout.mark);
          bad_cells += !value.has_value();
        }
        table.columns[column].push_back(value.value_or(kMissingCell));
        ++cells;
      } else if (!cell.empty()) {
        ++column;  // a cell too many with something in it
      }
      ++column;
    });
    // One empty cell after a trailing separator is no column.
    const bool fits = column == table.columns.size() || column == table.columns.size() + 1;
    if (!fits)
      for (auto& values : table.columns) values.resize(row);
    return fits;
  }
};

// Leads in rows: a few long lines, each with its name in front or none.
bool has_leads_in_rows(std::string_view text, const Layout& layout) {
  size_t lines = 0, longest = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = take_line(rest);
    if (trim(line).empty()) continue;
    if (++lines > 64) return false;
    longest = std::max(longest, kind_of(line, layout).numbers);
  }
  return longest >= 100 && longest > 4 * lines;
}

Result<TextTable> table_of_rows(std::string_view text, const Layout& layout, TextTable table) {
  table.leads_in_rows = true;
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = take_line(rest);
    if (trim(line).empty()) continue;
    const auto kind = kind_of(line, layout);
    if (kind.numbers < 50) {
      if (table.preamble.size() < kMostPreambleLines) table.preamble.push_back(printable_text(line, 400));
      continue;
    }
    if (uint64_t{kind.cells} * (table.columns.size() + 1) > kLargestSampleCount)
      return fail(ErrorCode::kTooLarge,
                  "The table is too long for this program; cut out a part of up to one hour.");
    auto& column = table.columns.emplace_back();
    auto& name = table.names.emplace_back();
    bool first = true;
    for_each_cell(line, layout.separator, [&](std::string_view cell) {
      const auto value = parse_cell(cell, layout.mark);
      if (first && !value)
        name = printable_text(cell, 60);
      else
        column.push_back(value.value_or(kMissingCell));
      first = false;
    });
    while (!column.empty() && std::isnan(column.back())) column.pop_back();  // a trailing separator
  }
  size_t count = 0;
  for (const auto& column : table.columns) count = std::max(count, column.size());
  for (auto& column : table.columns) {
    if (column.size() + 1 < count)
      table.notes.push_back("The rows of the table differ in length; the shorter ones end in a gap.");
    column.resize(count, kMissingCell);
  }
  return table;
}

// Names from the last preamble line that looks like a header for this many columns; a line of units below it
// goes to `units_row`. In blank-separated tables ("Elapsed time  I  II") names align to the right.
void find_names(TextTable& table, const std::vector<std::string>& lines_before) {
  const size_t width = table.columns.size();
  table.names.assign(width, "");
  size_t best_leads = 0;
  for (const auto& line : lines_before) {
    std::string_view text = line;
    while (!text.empty() && text.front() == '#') text.remove_prefix(1);
    auto cells = cells_of(text, table.separator);
    if (table.separator == ' ' && cells.size() > width)
      cells.erase(cells.begin(), cells.end() - static_cast<std::ptrdiff_t>(width));
    if (cells.size() == width + 1 && cells.back().empty()) cells.pop_back();
    if (cells.size() != width) continue;
    size_t leads = 0, units = 0;
    for (const auto cell : cells) {
      leads += lead_from_name(cell).has_value();
      units += cell.size() <= 5 && lower_ascii(cell).ends_with("v");
    }
    if (leads == 0 && units > 0 && units + 1 >= width) {
      for (const auto cell : cells) table.units_row.push_back(printable_text(cell, 24));
      if (table.units_row.size() > width) table.units_row.resize(width);
      continue;
    }
    if (leads < best_leads || (leads == 0 && width == 1)) continue;
    best_leads = leads;
    for (size_t i = 0; i < width; ++i) table.names[i] = printable_text(cells[i], 60);
  }
}

// pandas writes a header 0,1,2,... when nobody names the columns.
bool counts_from_zero(const TextTable& table) {
  if (table.columns.size() < 4 || table.columns[0].size() < 2) return false;
  for (size_t i = 0; i < table.columns.size(); ++i)
    if (table.columns[i][0] != static_cast<double>(i)) return false;
  return true;
}

}  // namespace

Evidence csv_evidence(std::span<const uint8_t> bytes) {
  std::string storage;
  const auto text = decoded(bytes.first(std::min<size_t>(bytes.size(), 1u << 16)), storage);
  size_t odd = 0;
  for (const char c : text)
    odd += (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n' && c != '\f') ||
           c == 0x7F;
  if (odd > 0) return Evidence::kNone;
  const auto layout = choose_layout(text);
  return layout && layout->columns > 0 ? Evidence::kPossible : Evidence::kNone;
}

Result<TextTable> parse_text_table(std::span<const uint8_t> bytes) {
  std::string storage;
  const std::string_view text = decoded(bytes, storage);
  const auto layout = choose_layout(text.substr(0, 1u << 20));
  if (!layout) return fail(ErrorCode::kNotRecognised, "This text file holds no table of numbers.");
  TextTable table;
  table.separator = layout->separator;
  if (has_leads_in_rows(text, *layout)) return table_of_rows(text, *layout, std::move(table));
  if (layout->columns > kMostTableColumns)
    return fail(ErrorCode::kTooLarge,
                format_text("The table has %zu columns; an ECG has at most a few dozen.", layout->columns));

  std::vector<std::string> lines_before;
  ColumnFiller filler{table, *layout};
  bool in_table = false, even_decimals = true;
  size_t line_number = 0, decimals = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = take_line(rest);
    ++line_number;
    const auto content = trim(line);
    if (content.empty()) continue;
    if (!in_table) {
      const auto kind = kind_of(line, *layout);
      const bool width_fits = kind.cells == layout->columns || kind.cells == layout->columns + 1;
      if (!is_pure_data_line(kind) || content.front() == '#' || !width_fits) {
        if (lines_before.size() < kMostPreambleLines)
          lines_before.emplace_back(line);
        else
          return bad_row(line_number, "is still no row of numbers");
        continue;
      }
      in_table = true;
      table.columns.resize(layout->columns);
    }
    if (content.front() == '#') continue;
    if (table.columns[0].size() * table.columns.size() > kLargestSampleCount)
      return fail(ErrorCode::kTooLarge,
                  "The table is too long for this program; cut out a part of up to one hour.");
    // A copy that ends inside the last number: every line before it had as many decimals as its neighbour, this one has fewer.
    const size_t here = last_decimals(line, *layout);
    if (rest.empty() && text.back() != '\n' && text.back() != '\r' && even_decimals && here < decimals && table.columns[0].size() > 2) {
      table.notes.push_back("The last line of the table is incomplete and was left out.");
      break;
    }
    even_decimals = even_decimals && (table.columns[0].empty() || here == decimals);
    decimals = here;
    if (filler.add(line)) continue;
    if (trim(rest).empty()) {
      table.notes.push_back("The last line of the table is incomplete and was left out.");
      break;
    }
    return bad_row(line_number,
                   format_text("does not have the %zu columns of the lines before it", table.columns.size()));
  }
  if (!in_table) return fail(ErrorCode::kNotRecognised, "This text file holds no table of numbers.");
  if (filler.bad_cells * 100 > filler.cells)
    return fail(ErrorCode::kDamaged,
                "More than one in a hundred cells of this table is not a number; export the file again.");
  if (filler.bad_cells > 0)
    table.notes.push_back(
        format_text("%zu cells of the table are not numbers and count as missing.", filler.bad_cells));

  for (const auto& line : lines_before) table.preamble.push_back(printable_text(line, 400));
  find_names(table, lines_before);
  if (counts_from_zero(table))
    for (auto& column : table.columns) column.erase(column.begin());
  // Columns that a trailing separator makes: without name and without a single number.
  for (size_t i = table.columns.size(); i-- > 0;) {
    if (!table.names[i].empty() || std::any_of(table.columns[i].begin(), table.columns[i].end(),
                                               [](double v) { return !std::isnan(v); }))
      continue;
    table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(i));
    table.names.erase(table.names.begin() + static_cast<std::ptrdiff_t>(i));
    if (i < table.units_row.size())
      table.units_row.erase(table.units_row.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return table;
}

}  // namespace precordia
