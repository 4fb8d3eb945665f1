#include "base/translate.h"

#include <algorithm>

#include "base/text.h"

namespace precordia {
namespace {

constexpr int kDeepest = 4;     // patterns inside patterns
constexpr int kMostSteps = 3000;  // of one text: a hostile one stays English instead of taking long
constexpr std::string_view kGap = "{}";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0xC3; }
// "×" and "÷" stand among the letters of Latin-1.
bool is_sign(std::string_view text, size_t i) {
  return i + 1 < text.size() && static_cast<unsigned char>(text[i]) == 0xC3 &&
         (static_cast<unsigned char>(text[i + 1]) == 0x97 || static_cast<unsigned char>(text[i + 1]) == 0xB7);
}

// Numbers with their units, lead names and signs are the same in every language.
bool is_wordless(std::string_view text) {
  static constexpr std::string_view kSame[] = {"mV", "ms", "Hz", "mm", "dB", "ng/L", "s", "EF", "QRS", "QT", "QTc", "PR", "RR", "P", "R", "S",
      "ST", "T", "Q", "J", "I", "II", "III", "aVR", "aVL", "aVF", "V", "V1", "V2", "V3", "V4", "V5", "V6", "min", "mmHg", "mg", "dL", "mL", "cm",
      "kg", "g", "m", "MB", "kB", "x", "px", "JSON", "ECG", "NT-proBNP", "BNP", "HFpEF", "HFrEF", "HFmrEF", "H2FPEF", "HFA-PEFF", "BMI", "PCP-HF", "PREVENT-HF"};
  size_t i = 0;
  while (i < text.size()) {
    if (is_sign(text, i)) { i += 2; continue; }
    if (!is_letter(text[i])) { ++i; continue; }
    size_t end = i;
    while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]) || (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80 || text[end] == '/' || text[end] == '-')) ++end;
    std::string_view word = text.substr(i, end - i);
    while (!word.empty() && (word.back() == '-' || word.back() == '/')) word.remove_suffix(1);
    // Greek letters, dashes and arrows are two or three bytes over 0xC3 and no Latin word.
    const bool sign = static_cast<unsigned char>(word.empty() ? 'a' : word[0]) >= 0xCE;
    const bool one_capital = word.size() == 1 && word[0] >= 'A' && word[0] <= 'Z';  // of a key, a lead, a wave
    bool same = sign || one_capital || std::find(std::begin(kSame), std::end(kSame), word) != std::end(kSame);
    if (!same) {  // "mg/dL", "I-II"
      same = true;
      std::string piece;
      for (const char c : std::string(word) + "/") {
        if (c != '/' && c != '-') { piece += c; continue; }
        same = same && (piece.empty() || std::find(std::begin(kSame), std::end(kSame), piece) != std::end(kSame));
        piece.clear();
      }
    }
    if (!same) return false;
    i = end;
  }
  return true;
}

std::vector<std::string> split_at_gaps(std::string_view text) {
  std::vector<std::string> out;
  for (size_t at = 0;;) {
    const size_t gap = text.find(kGap, at);
    out.emplace_back(text.substr(at, gap == std::string_view::npos ? gap : gap - at));
    if (gap == std::string_view::npos) return out;
    at = gap + kGap.size();
  }
}

// "{2} of {1}" or "{} of {}".
std::vector<std::pair<std::string, int>> read_target(std::string_view text) {
  std::vector<std::pair<std::string, int>> out;
  std::string literal;
  int next = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' && i + 1 < text.size() && text[i + 1] == '}') {
      out.emplace_back(std::move(literal), next++);
      literal.clear();
      ++i;
    } else if (text[i] == '{' && i + 2 < text.size() && is_digit(text[i + 1]) && text[i + 2] == '}') {
      out.emplace_back(std::move(literal), text[i + 1] - '1');
      literal.clear();
      i += 2;
    } else {
      literal += text[i];
    }
  }
  out.emplace_back(std::move(literal), -1);
  return out;
}

}  // namespace

Translator Translator::read(std::string_view table, std::string_view language) {
  Translator out;
  size_t column = 0, key = 0, line_number = 0;
  for (std::string_view line : split(table, '\n')) {
    if (++line_number > kMostLines) break;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line[0] == '#' || line.size() > kLongestLine) continue;
    const std::vector<std::string_view> cells = split(line, '\t');
    if (column == 0) {  // the head
      for (size_t i = 0; i < cells.size(); ++i) {
        if (cells[i] == language) column = i;
        if (cells[i] == "en") key = i;
      }
      if (column == 0 || column == key) return out;
      out.language_ = language;
      out.decimal_comma_ = language == "fr" || language == "es" || language == "pt";
      continue;
    }
    if (column >= cells.size() || key >= cells.size() || cells[column].empty() || cells[key].empty()) continue;
    if (cells[key].find(kGap) == std::string_view::npos) {
      out.exact_.emplace(cells[key], cells[column]);
      continue;
    }
    Pattern pattern{split_at_gaps(cells[key]), read_target(cells[column]), 0};
    for (const std::string& literal : pattern.literals) pattern.weight += literal.size();
    out.patterns_.push_back(std::move(pattern));
  }
  std::stable_sort(out.patterns_.begin(), out.patterns_.end(), [](const Pattern& a, const Pattern& b) { return a.weight > b.weight; });
  return out;
}

std::string Translator::with_local_numbers(std::string_view text) const {
  std::string out(text);
  if (!decimal_comma_) return out;
  for (size_t i = 1; i + 1 < out.size(); ++i) {
    if (out[i] != '.' || !is_digit(out[i - 1]) || !is_digit(out[i + 1])) continue;
    // One point only: "1.0.3" is a version and "10.1136" after a blank a DOI, but those never come here.
    size_t from = i, to = i + 1;
    while (from > 0 && is_digit(out[from - 1])) --from;
    while (to < out.size() && is_digit(out[to])) ++to;
    const bool chained = (from > 0 && out[from - 1] == '.') || (to < out.size() && out[to] == '.' && to + 1 < out.size() && is_digit(out[to + 1]));
    if (!chained) out[i] = ',';
  }
  return out;
}

// The most specific pattern whose gaps are known too; failing that, the most specific one. A separator between two gaps may
// occur inside one of them: its first place is tried, then its last.
bool Translator::by_pattern(std::string_view text, int depth, int* left, bool* known, std::string* out) const {
  bool found = false;
  for (const Pattern& pattern : patterns_) {
    const std::string &first = pattern.literals.front(), &last = pattern.literals.back();
    if (text.size() <= first.size() + last.size() || !text.starts_with(first) || !text.ends_with(last)) continue;
    const size_t inner_end = text.size() - last.size();
    for (const bool from_right : {false, true}) {
      std::vector<std::string_view> gaps;
      size_t at = first.size();
      bool fits = true;
      for (size_t i = 1; fits && i < pattern.literals.size(); ++i) {
        const std::string& literal = pattern.literals[i];
        const bool final_one = i + 1 == pattern.literals.size();
        size_t next = inner_end;
        if (!final_one) next = from_right ? text.substr(0, inner_end).rfind(literal) : text.find(literal, at + 1);
        fits = next != std::string_view::npos && next > at && next <= inner_end;
        if (fits) gaps.push_back(text.substr(at, next - at));
        at = next + literal.size();
      }
      if (!fits) break;
      std::string result;
      bool all = true;
      for (const auto& [literal, gap] : pattern.to) {
        result += literal;
        if (gap >= 0 && static_cast<size_t>(gap) < gaps.size()) result += translate(gaps[static_cast<size_t>(gap)], depth + 1, left, &all);
      }
      if (!found) *out = result;
      found = true;
      if (all) {
        *out = std::move(result);
        return true;
      }
      if (pattern.literals.size() < 3) break;  // one gap: nothing to separate
    }
  }
  if (found) *known = false;
  return found;
}

// Sentences, then the pieces of a line: each by itself.
bool Translator::by_parts(std::string_view text, int depth, int* left, bool* known, std::string* out) const {
  static constexpr std::string_view kSeams[] = {"\n", ". ", "? ", " · ", "; ", ": ", ", "};
  for (const std::string_view seam : kSeams) {
    const size_t at = text.find(seam);
    if (at == std::string_view::npos || at == 0 || at + seam.size() >= text.size()) continue;
    const bool ends_sentence = seam[0] == '.' || seam[0] == '?';
    const size_t cut = at + (ends_sentence ? 1 : 0);
    std::string result = translate(text.substr(0, cut), depth, left, known);
    result += seam.substr(ends_sentence ? 1 : 0);
    result += translate(text.substr(at + seam.size()), depth, left, known);
    *out = std::move(result);
    return true;
  }
  return false;
}

std::string Translator::translate(std::string_view text, int depth, int* left, bool* known) const {
  if (--*left < 0) {
    *known = false;
    return std::string(text);
  }
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return std::string(text);
  const size_t end = text.find_last_not_of(' ') + 1;
  if (begin > 0 || end < text.size())
    return std::string(begin, ' ') + translate(text.substr(begin, end - begin), depth, left, known) + std::string(text.size() - end, ' ');
  if (const auto found = exact_.find(std::string(text)); found != exact_.end()) return found->second;
  if (is_wordless(text)) return with_local_numbers(text);
  // A pattern whose gaps are all known; else the pieces, if they all are; else whichever there is.
  std::string whole, pieces;
  bool whole_known = true, pieces_known = true;
  const bool deeper = depth < kDeepest;
  const bool has_whole = deeper && by_pattern(text, depth, left, &whole_known, &whole);
  if (has_whole && whole_known) return whole;
  const bool has_pieces = by_parts(text, depth, left, &pieces_known, &pieces);
  if (has_pieces && pieces_known) return pieces;
  if (has_pieces || has_whole) {
    *known = false;
    return has_pieces ? pieces : whole;
  }
  *known = false;
  return std::string(text);
}

std::string Translator::operator()(std::string_view english) const {
  if (is_english()) return std::string(english);
  bool known = true;
  int left = kMostSteps;
  return translate(english, 0, &left, &known);
}

bool Translator::knows(std::string_view english) const {
  bool known = true;
  int left = kMostSteps;
  translate(english, 0, &left, &known);
  return known;
}

}  // namespace precordia
