#include <algorithm>

#include "base/inflate.h"
#include "base/text.h"
#include "formats/pdf.h"

namespace precordia {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\0'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_delimiter(char c) { return c == '/' || c == '<' || c == '>' || c == '[' || c == ']' || c == '(' || c == ')' || c == '%'; }

size_t skip_blanks(std::string_view text, size_t at) {
  while (at < text.size()) {
    if (is_blank(text[at])) ++at;
    else if (text[at] == '%') at = std::min(text.find_first_of("\r\n", at), text.size());
    else break;
  }
  return at;
}

// Past a string "( ... )" with nested brackets and escapes, which starts at `at`.
size_t after_string(std::string_view text, size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '\\') ++at;
    else if (text[at] == '(') ++depth;
    else if (text[at] == ')' && --depth == 0) return at + 1;
  }
  return text.size();
}

// Past one value: a name, number, string, array, dictionary or reference.
size_t after_value(std::string_view text, size_t at) {
  at = skip_blanks(text, at);
  int depth = 0;
  do {
    at = skip_blanks(text, at);
    if (at >= text.size()) return text.size();
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("<<")) ++depth, at += 2;
    else if (rest.starts_with(">>")) --depth, at += 2;
    else if (rest[0] == '[') ++depth, ++at;
    else if (rest[0] == ']') --depth, ++at;
    else if (rest[0] == '(') at = after_string(text, at);
    else if (rest[0] == '<') at = std::min(text.find('>', at), text.size() - 1) + 1;
    else {
      ++at;
      while (at < text.size() && !is_blank(text[at]) && !is_delimiter(text[at])) ++at;
    }
  } while (depth > 0 && at < text.size());
  return at;
}

// "12 0 R" at `at`: past it, and the number; otherwise npos.
size_t after_reference(std::string_view text, size_t at, int& number) {
  at = skip_blanks(text, at);
  const size_t begin = at;
  int value = 0;
  while (at < text.size() && is_digit(text[at]) && at - begin < 8) value = value * 10 + (text[at++] - '0');
  if (at == begin) return std::string_view::npos;
  size_t next = skip_blanks(text, at);
  const size_t generation = next;
  while (next < text.size() && is_digit(text[next]) && next - generation < 5) ++next;
  if (next == generation) return std::string_view::npos;
  next = skip_blanks(text, next);
  if (next >= text.size() || text[next] != 'R') return std::string_view::npos;
  number = value;
  return next + 1;
}

// Start of "12 0 obj" whose "obj" is at `at`, and the number; false when the words before are no numbers.
bool object_number_before(std::string_view text, size_t at, int& number) {
  const auto back_over = [&](auto test) {
    const size_t from = at;
    while (at > 0 && test(text[at - 1]) && from - at < 12) --at;
    return from - at;
  };
  if (!back_over(is_blank) || !back_over(is_digit) || !back_over(is_blank)) return false;
  const size_t end = at;
  if (!back_over(is_digit) || end - at > 8) return false;
  number = 0;
  for (size_t i = at; i < end; ++i) number = number * 10 + (text[i] - '0');
  return true;
}

// Objects inside object streams (PDF 1.5): "number offset" pairs, then the objects.
void open_object_streams(PdfFile& file) {
  std::vector<int> numbers;
  for (const auto& [number, object] : file.objects)
    if (pdf_value(object.text, "/Type") == "/ObjStm" && numbers.size() < 1000) numbers.push_back(number);
  size_t total = 0;
  for (const int number : numbers) {
    const PdfObject container = file.objects[number];
    auto bytes = file.stream_of(container);
    if (!bytes || (total += bytes->size()) > 2 * kMostPdfStreamBytes) continue;
    file.unpacked.push_back(std::move(*bytes));
    const std::string_view text(reinterpret_cast<const char*>(file.unpacked.back().data()), file.unpacked.back().size());
    const auto first = parse_integer(file.resolved(pdf_value(container.text, "/First")));
    if (!first || *first < 0 || static_cast<size_t>(*first) > text.size()) continue;
    const auto pairs = split_blank(text.substr(0, static_cast<size_t>(*first)));
    for (size_t i = 0; i + 1 < pairs.size() && file.objects.size() < kMostPdfObjects; i += 2) {
      const auto inner = parse_integer(pairs[i]), offset = parse_integer(pairs[i + 1]);
      if (!inner || !offset || *inner < 0 || *inner > 10000000 || *offset < 0) continue;
      const size_t at = static_cast<size_t>(*first) + static_cast<size_t>(*offset);
      if (at >= text.size() || *offset > static_cast<long long>(text.size())) continue;
      file.objects.insert_or_assign(static_cast<int>(*inner), PdfObject{text.substr(at, after_value(text, at) - at), {}});
    }
  }
}

}  // namespace

std::string_view pdf_value(std::string_view dictionary, std::string_view key) {
  size_t at = dictionary.find("<<");
  if (at == std::string_view::npos) return {};
  at += 2;
  while (true) {
    at = skip_blanks(dictionary, at);
    if (at >= dictionary.size() || dictionary[at] != '/') return {};
    const size_t name_end = after_value(dictionary, at);
    const bool found = dictionary.substr(at, name_end - at) == key;
    const size_t begin = skip_blanks(dictionary, name_end);
    int number = 0;
    const size_t reference_end = after_reference(dictionary, begin, number);
    const size_t end = reference_end != std::string_view::npos ? reference_end : after_value(dictionary, begin);
    if (found) return trim(dictionary.substr(begin, end - begin));
    if (end <= at) return {};
    at = end;
  }
}

std::vector<std::string_view> pdf_references(std::string_view value) {
  std::vector<std::string_view> references;
  size_t at = 0;
  while (at < value.size() && references.size() < 1000) {
    int number = 0;
    const size_t begin = skip_blanks(value, at);
    const size_t end = after_reference(value, begin, number);
    if (end == std::string_view::npos) {
      at = begin + 1;
    } else {
      references.push_back(value.substr(begin, end - begin));
      at = end;
    }
  }
  return references;
}

const PdfObject* PdfFile::referenced(std::string_view value) const {
  int number = 0;
  if (after_reference(value, 0, number) == std::string_view::npos) return nullptr;
  const auto found = objects.find(number);
  return found == objects.end() ? nullptr : &found->second;
}

std::string_view PdfFile::resolved(std::string_view value) const {
  for (int hops = 0; hops < 8; ++hops) {
    const PdfObject* object = referenced(value);
    if (!object) return value;
    value = trim(object->text);
  }
  return {};
}

Result<std::vector<uint8_t>> PdfFile::stream_of(const PdfObject& object) const {
  std::string_view filter = resolved(pdf_value(object.text, "/Filter"));
  if (filter.starts_with("[")) filter = trim(filter.substr(1, filter.find(']') == std::string_view::npos ? filter.size() : filter.find(']') - 1));
  if (filter.empty()) return std::vector<uint8_t>(object.stream.begin(), object.stream.end());
  if (filter != "/FlateDecode" && filter != "/Fl")
    return fail(ErrorCode::kNotRecognised, "This PDF packs its pages in a way that is not read; print or export it to PDF again.", printable_text(filter, 40));
  return inflated(object.stream, DeflateForm::kZlib, kMostPdfStreamBytes);
}

PdfFile scan_pdf(std::span<const uint8_t> bytes) {
  PdfFile file;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  size_t at = 0;
  while (file.objects.size() < kMostPdfObjects && (at = text.find("obj", at)) != std::string_view::npos) {
    int number = 0;
    if ((at >= 3 && text.substr(at - 3, 3) == "end") || !object_number_before(text, at, number)) {
      at += 3;
      continue;
    }
    const size_t begin = at + 3;
    size_t end = std::min(after_value(text, begin), text.size());
    PdfObject object{text.substr(begin, end - begin), {}};
    size_t next = skip_blanks(text, end);
    if (text.substr(std::min(next, text.size()), 6) == "stream") {
      size_t data = next + 6;
      if (data < text.size() && text[data] == '\r') ++data;
      if (data < text.size() && text[data] == '\n') ++data;
      // The stated length where it is a plain number that ends at the word; otherwise the word itself.
      size_t data_end = text.find("endstream", data);
      const auto length = parse_integer(pdf_value(object.text, "/Length"));
      if (length && *length >= 0 && static_cast<size_t>(*length) <= text.size() - std::min(data, text.size())) {
        const size_t stated = data + static_cast<size_t>(*length);
        if (text.substr(skip_blanks(text, stated)).starts_with("endstream")) data_end = stated;
      }
      if (data_end == std::string_view::npos) data_end = text.size();
      if (data <= data_end) object.stream = bytes.subspan(data, data_end - data);
      end = data_end;
    }
    file.objects.insert_or_assign(number, object);   // a later object of the same number is an update
    at = std::max(end, begin);
  }
  for (size_t trailer = text.find("trailer"); trailer != std::string_view::npos; trailer = text.find("trailer", trailer + 7))
    if (!pdf_value(text.substr(trailer, std::min<size_t>(text.size() - trailer, 4096)), "/Encrypt").empty()) file.encrypted = true;
  for (const auto& [number, object] : file.objects)
    if (pdf_value(object.text, "/Type") == "/XRef" && !pdf_value(object.text, "/Encrypt").empty()) file.encrypted = true;
  open_object_streams(file);
  return file;
}

}  // namespace precordia
