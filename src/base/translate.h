// Texts in the user's language. The English text is the key, as in gettext; "{}" in a key stands for whatever was formatted
// into it, and is translated in its turn. So every room writes English once, and the last step before an eye turns all of it.
// Data (JSON, CSV, FHIR) stay English: programs read them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace precordia {

class Translator {
 public:
  // `table`: lines of tab-separated columns; the first names them ("en", "fr", ...). Empty cells, unknown languages and lines
  // over kLongestLine leave the English text. The key column is "en".
  static Translator read(std::string_view table, std::string_view language);

  // English for "en", for an unknown language, and for what the table does not have.
  std::string operator()(std::string_view english) const;
  // Whether every word of it would come from the table.
  bool knows(std::string_view english) const;
  const std::string& language() const { return language_; }
  bool is_english() const { return exact_.empty() && patterns_.empty(); }

  static constexpr size_t kLongestLine = 8192, kMostLines = 8192;

 private:
  struct Pattern {
    std::vector<std::string> literals;           // of the key, one more than it has gaps
    std::vector<std::pair<std::string, int>> to;  // literal and, after it, the number of the gap (-1 = none)
    size_t weight = 0;                           // letters of the literals: the most specific is tried first
  };
  std::string translate(std::string_view english, int depth, int* left, bool* known) const;
  bool by_pattern(std::string_view english, int depth, int* left, bool* known, std::string* out) const;
  bool by_parts(std::string_view english, int depth, int* left, bool* known, std::string* out) const;
  std::string with_local_numbers(std::string_view text) const;

  std::string language_ = "en";
  bool decimal_comma_ = false;
  std::unordered_map<std::string, std::string> exact_;
  std::vector<Pattern> patterns_;
};

}  // namespace precordia
