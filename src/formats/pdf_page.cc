// The operators of a page that matter for traces: graphics state, paths, strokes, forms, and where texts stand.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/pdf.h"

namespace precordia {
namespace {

constexpr size_t kMostOperands = 64, kDeepestStates = 64, kMostForms = 500, kMostTexts = 20000, kMostPictures = 1000;

using Matrix = std::array<double, 6>;
constexpr Matrix kIdentity = {1, 0, 0, 1, 0, 0};

Matrix product(const Matrix& a, const Matrix& b) {   // a first, then b
  return {a[0] * b[0] + a[1] * b[2],        a[0] * b[1] + a[1] * b[3],        a[2] * b[0] + a[3] * b[2],
          a[2] * b[1] + a[3] * b[3],        a[4] * b[0] + a[5] * b[2] + b[4], a[4] * b[1] + a[5] * b[3] + b[5]};
}

PdfPoint apply(const Matrix& m, double x, double y) { return {m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]}; }

struct GraphicsState {
  Matrix matrix = kIdentity;
  uint32_t stroke = 0;
};

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\0'; }
bool is_delimiter(char c) { return c == '/' || c == '<' || c == '>' || c == '[' || c == ']' || c == '(' || c == ')' || c == '%'; }

// Code -> text of a font with a /ToUnicode map: the bfchar and bfrange entries of one or two bytes.
struct UnicodeMap {
  std::map<uint32_t, std::string> text;
  int code_bytes = 1;
};

uint32_t hex_value(std::string_view digits) {
  uint32_t value = 0;
  for (const char c : digits.substr(0, 8)) {
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower >= '0' && lower <= '9') value = value * 16 + static_cast<uint32_t>(lower - '0');
    else if (lower >= 'a' && lower <= 'f') value = value * 16 + static_cast<uint32_t>(lower - 'a' + 10);
  }
  return value;
}

std::string one_character(uint32_t code) { return code < 128 ? std::string(1, static_cast<char>(code)) : std::string("?"); }

UnicodeMap read_unicode_map(std::string_view cmap) {
  UnicodeMap map;
  const auto words_between = [&](std::string_view begin, std::string_view end, auto use) {
    for (size_t at = cmap.find(begin); at != std::string_view::npos; at = cmap.find(begin, at + begin.size())) {
      const size_t stop = cmap.find(end, at);
      std::string_view part = cmap.substr(at, stop == std::string_view::npos ? 0 : stop - at);
      std::vector<std::string_view> words;
      for (size_t i = part.find('<'); i != std::string_view::npos && words.size() < 3000; i = part.find('<', i + 1)) {
        const size_t close = part.find('>', i);
        if (close == std::string_view::npos) break;
        words.push_back(part.substr(i + 1, close - i - 1));
      }
      use(words);
    }
  };
  words_between("beginbfchar", "endbfchar", [&](const auto& words) {
    for (size_t i = 0; i + 1 < words.size() && map.text.size() < 5000; i += 2) {
      if (words[i].size() > 2) map.code_bytes = 2;
      map.text[hex_value(words[i])] = one_character(hex_value(words[i + 1].substr(0, 4)));
    }
  });
  words_between("beginbfrange", "endbfrange", [&](const auto& words) {
    for (size_t i = 0; i + 2 < words.size(); i += 3) {
      if (words[i].size() > 2) map.code_bytes = 2;
      const uint32_t low = hex_value(words[i]), high = hex_value(words[i + 1]), to = hex_value(words[i + 2].substr(0, 4));
      for (uint32_t code = low; code <= high && code - low < 256 && map.text.size() < 5000; ++code)
        map.text[code] = one_character(to + code - low);
    }
  });
  return map;
}

struct Painter {
  const PdfFile& file;
  PdfPage page;
  size_t points = 0, forms = 0;
  bool too_large = false;

  // One content stream with its resources; forms call it again.
  void draw(std::string_view content, std::string_view resources, GraphicsState state, int depth) {
    std::vector<GraphicsState> stack;
    std::vector<double> numbers;
    std::string text_operand, name_operand;
    std::vector<PdfLine> path;
    PdfPoint current{};
    Matrix text_matrix = kIdentity, line_matrix = kIdentity;
    double leading = 0;
    bool text_goes_on = false;
    const UnicodeMap* font = nullptr;
    std::map<std::string, UnicodeMap> fonts;

    const auto number = [&](size_t from_end) { return numbers.size() > from_end ? numbers[numbers.size() - 1 - from_end] : 0; };
    const auto move_to = [&](double x, double y) {
      current = {x, y};
      path.push_back({{apply(state.matrix, x, y)}, state.stroke});
    };
    const auto line_to = [&](double x, double y) {
      if (path.empty()) return move_to(x, y);
      current = {x, y};
      if (++points > kMostPdfPoints) too_large = true;
      else path.back().points.push_back(apply(state.matrix, x, y));
    };
    const auto close = [&] {
      if (!path.empty() && path.back().points.size() > 1) path.back().points.push_back(path.back().points.front());
    };
    const auto stroke = [&] {
      for (auto& line : path) {
        if (line.points.size() < 2) continue;
        line.colour = state.stroke;
        page.lines.push_back(std::move(line));
      }
      path.clear();
    };
    const auto show = [&] {
      std::string shown;
      if (font && !font->text.empty()) {
        for (size_t i = 0; i + static_cast<size_t>(font->code_bytes) <= text_operand.size(); i += static_cast<size_t>(font->code_bytes)) {
          uint32_t code = static_cast<uint8_t>(text_operand[i]);
          if (font->code_bytes == 2) code = code << 8 | static_cast<uint8_t>(text_operand[i + 1]);
          const auto found = font->text.find(code);
          shown += found == font->text.end() ? "?" : found->second;
        }
      } else {
        shown = text_operand;
      }
      const Matrix at = product(text_matrix, state.matrix);
      if (text_goes_on && !page.texts.empty() && page.texts.back().text.size() < 400) page.texts.back().text += shown;
      else if (page.texts.size() < kMostTexts) page.texts.push_back({at[4], at[5], shown.substr(0, 400)});
      text_goes_on = true;
    };
    const auto next_line = [&](double x, double y) {
      line_matrix = product({1, 0, 0, 1, x, y}, line_matrix);
      text_matrix = line_matrix;
      text_goes_on = false;
    };
    const auto grey = [](double g) {
      const auto level = static_cast<uint32_t>(std::clamp(g, 0.0, 1.0) * 255);
      return level << 16 | level << 8 | level;
    };
    const auto red_green_blue = [&] {
      return (grey(number(2)) & 0xFF0000) | (grey(number(1)) & 0xFF00) | (grey(number(0)) & 0xFF);
    };

    size_t at = 0;
    while (at < content.size() && !too_large) {
      const char c = content[at];
      if (is_blank(c)) {
        ++at;
      } else if (c == '%') {
        at = std::min(content.find_first_of("\r\n", at), content.size());
      } else if (c == '(') {
        int brackets = 0;
        std::string text;
        for (; at < content.size(); ++at) {
          const char s = content[at];
          if (s == '\\' && at + 1 < content.size()) {
            const char e = content[++at];
            if (e >= '0' && e <= '7') {
              int code = 0;
              size_t used = 0;
              while (used < 3 && at < content.size() && content[at] >= '0' && content[at] <= '7') code = code * 8 + (content[at++] - '0'), ++used;
              --at;
              text += static_cast<char>(code & 0xFF);
            } else {
              text += e == 'n' || e == 'r' || e == 't' ? ' ' : e;
            }
          } else if (s == '(' && brackets++ == 0) {
            continue;
          } else if (s == ')' && --brackets == 0) {
            ++at;
            break;
          } else {
            text += s;
          }
        }
        if (text_operand.size() < 4000) text_operand += text;
      } else if (c == '<' && at + 1 < content.size() && content[at + 1] != '<') {
        const size_t end = std::min(content.find('>', at), content.size());
        std::string digits;
        for (size_t i = at + 1; i < end && digits.size() < 4000; ++i)
          if (!is_blank(content[i])) digits += content[i];
        for (size_t i = 0; i < digits.size() && text_operand.size() < 4000; i += 2)
          text_operand += static_cast<char>(hex_value(digits.substr(i, 2)) << (i + 1 == digits.size() ? 4 : 0));
        at = end + 1;
      } else if (c == '/') {
        const size_t begin = at++;
        while (at < content.size() && !is_blank(content[at]) && !is_delimiter(content[at])) ++at;
        name_operand = std::string(content.substr(begin, std::min<size_t>(at - begin, 120)));
      } else if (c == '[' || c == ']' || c == '<' || c == '>' || c == '{' || c == '}' || c == ')') {
        ++at;
      } else {
        const size_t begin = at;
        while (at < content.size() && !is_blank(content[at]) && !is_delimiter(content[at])) ++at;
        const auto word = content.substr(begin, at - begin);
        if ((word[0] >= '0' && word[0] <= '9') || word[0] == '-' || word[0] == '+' || word[0] == '.') {
          if (numbers.size() == kMostOperands) numbers.erase(numbers.begin());
          const double value = parse_number(word.substr(0, 40)).value_or(0);
          numbers.push_back(std::abs(value) < 1e9 ? value : 0);
          continue;
        }
        if (word == "q") {
          if (stack.size() < kDeepestStates) stack.push_back(state);
        } else if (word == "Q") {
          if (!stack.empty()) state = stack.back(), stack.pop_back();
        } else if (word == "cm") {
          state.matrix = product({number(5), number(4), number(3), number(2), number(1), number(0)}, state.matrix);
        } else if (word == "m") {
          move_to(number(1), number(0));
        } else if (word == "l" || word == "c" || word == "v" || word == "y") {
          line_to(number(1), number(0));   // a curve as its chord: traces are drawn with lines
        } else if (word == "h") {
          close();
        } else if (word == "re") {
          const double x = number(3), y = number(2), w = number(1), h = number(0);
          move_to(x, y);
          line_to(x + w, y), line_to(x + w, y + h), line_to(x, y + h);
          close();
        } else if (word == "S" || word == "B" || word == "B*") {
          stroke();
        } else if (word == "s" || word == "b" || word == "b*") {
          close();
          stroke();
        } else if (word == "f" || word == "F" || word == "f*" || word == "n") {
          path.clear();
        } else if (word == "RG" || ((word == "SC" || word == "SCN") && numbers.size() >= 3)) {
          state.stroke = red_green_blue();
        } else if (word == "G" || ((word == "SC" || word == "SCN") && numbers.size() == 1)) {
          state.stroke = grey(number(0));
        } else if (word == "K") {
          const double black = 1 - number(0);
          state.stroke = (grey((1 - number(3)) * black) & 0xFF0000) | (grey((1 - number(2)) * black) & 0xFF00) | (grey((1 - number(1)) * black) & 0xFF);
        } else if (word == "BT") {
          text_matrix = line_matrix = kIdentity;
          text_goes_on = false;
        } else if (word == "Td") {
          next_line(number(1), number(0));
        } else if (word == "TD") {
          leading = -number(0);
          next_line(number(1), number(0));
        } else if (word == "TL") {
          leading = number(0);
        } else if (word == "T*") {
          next_line(0, -leading);
        } else if (word == "Tm") {
          text_matrix = line_matrix = {number(5), number(4), number(3), number(2), number(1), number(0)};
          text_goes_on = false;
        } else if (word == "Tj" || word == "TJ") {
          show();
        } else if (word == "'" || word == "\"") {
          next_line(0, -leading);
          show();
        } else if (word == "Tf") {
          font = font_named(name_operand, resources, fonts);
        } else if (word == "Do") {
          draw_object(name_operand, resources, state, depth);
        } else if (word == "BI") {   // an image inside the content: its bytes are not operators
          const size_t end = content.find("EI", at);
          at = end == std::string_view::npos ? content.size() : end + 2;
          draw_picture(nullptr, state.matrix);
        }
        numbers.clear();
        text_operand.clear();
      }
    }
  }

  const UnicodeMap* font_named(const std::string& name, std::string_view resources, std::map<std::string, UnicodeMap>& fonts) {
    if (const auto known = fonts.find(name); known != fonts.end()) return &known->second;
    if (fonts.size() > 100) return nullptr;
    UnicodeMap& map = fonts[name];
    const auto font = file.resolved(pdf_value(file.resolved(pdf_value(resources, "/Font")), name));
    if (const PdfObject* stream = file.referenced(pdf_value(font, "/ToUnicode"))) {
      const auto bytes = file.stream_of(*stream);
      if (bytes) map = read_unicode_map({reinterpret_cast<const char*>(bytes->data()), std::min<size_t>(bytes->size(), 1u << 20)});
    }
    return &map;
  }

  void draw_picture(const PdfObject* object, const Matrix& matrix) {
    if (page.pictures.size() < kMostPictures) page.pictures.push_back({object, matrix});
  }

  void draw_object(const std::string& name, std::string_view resources, GraphicsState state, int depth) {
    const PdfObject* object = file.referenced(pdf_value(file.resolved(pdf_value(resources, "/XObject")), name));
    if (!object) return;
    if (pdf_value(object->text, "/Subtype") == "/Image") draw_picture(object, state.matrix);
    if (pdf_value(object->text, "/Subtype") != "/Form" || depth >= kDeepestPdfForm || ++forms > kMostForms) return;
    const auto bytes = file.stream_of(*object);
    if (!bytes) return;
    std::vector<double> matrix;
    std::string_view list = file.resolved(pdf_value(object->text, "/Matrix"));
    if (list.starts_with("[")) list = list.substr(1, list.size() - 2);
    for (const auto word : split_blank(list)) matrix.push_back(parse_number(word).value_or(0));
    if (matrix.size() == 6) state.matrix = product({matrix[0], matrix[1], matrix[2], matrix[3], matrix[4], matrix[5]}, state.matrix);
    const auto own = file.resolved(pdf_value(object->text, "/Resources"));
    total_bytes += bytes->size();
    if (total_bytes > 2 * kMostPdfStreamBytes) {
      too_large = true;
      return;
    }
    draw({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, own.empty() ? resources : own, state, depth + 1);
  }

  size_t total_bytes = 0;
};

// /Resources of a page or of the pages that it belongs to.
std::string_view resources_of(const PdfFile& file, const PdfObject& page) {
  const PdfObject* node = &page;
  for (int up = 0; up < 10 && node; ++up) {
    const auto own = file.resolved(pdf_value(node->text, "/Resources"));
    if (!own.empty()) return own;
    node = file.referenced(pdf_value(node->text, "/Parent"));
  }
  return {};
}

}  // namespace

Result<PdfPage> draw_pdf_page(const PdfFile& file, const PdfObject& page) {
  std::vector<uint8_t> content;
  const std::string_view contents = pdf_value(page.text, "/Contents");
  auto parts = pdf_references(contents);
  // One reference may name an array of references.
  if (parts.size() == 1)
    if (const auto list = file.resolved(parts[0]); list.starts_with("[")) parts = pdf_references(list);
  for (const auto part : parts) {
    const PdfObject* stream = file.referenced(part);
    if (!stream) continue;
    PRECORDIA_TRY(const auto bytes, file.stream_of(*stream));
    if (content.size() + bytes.size() > kMostPdfStreamBytes) return fail(ErrorCode::kTooLarge, "A page of this PDF is too large to be an ECG.");
    content.insert(content.end(), bytes.begin(), bytes.end());
    content.push_back('\n');
  }
  Painter painter{file, {}};
  painter.draw({reinterpret_cast<const char*>(content.data()), content.size()}, resources_of(file, page), {}, 0);
  if (painter.too_large) return fail(ErrorCode::kTooLarge, "A page of this PDF is too large to be an ECG.");
  return std::move(painter.page);
}

}  // namespace precordia
