#include "dashboard/type_scale.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <set>
#include <unordered_map>

namespace precordia::dashboard {
namespace {

struct Step {
  float size, line;
  bool semibold, full_range;
};
constexpr Step kSteps[kTypeCount] = {{13, 18, false, true}, {13, 18, true, true}, {15, 22, false, true},
                                     {15, 22, true, true},  {18, 26, true, true}, {24, 32, true, false},
                                     {32, 40, true, false}};

const Step& step(Type type) { return kSteps[static_cast<int>(type)]; }

// Latin-1, Latin Extended-A, and the few signs that clinical texts use: dashes, quotes, bullets, ellipsis,
// per mille, arrows, minus, root, not-equal, less and greater or equal, subscript two, micro.
const ImWchar kFullRange[] = {0x0020, 0x00FF, 0x0100, 0x017F, 0x2010, 0x2026, 0x2030,
                              0x2030, 0x2082, 0x2082, 0x2190, 0x2193, 0x2212, 0x2212,
                              0x221A, 0x221A, 0x2248, 0x2248, 0x2260, 0x2265, 0};
const ImWchar kHeadingRange[] = {0x0020, 0x00FF, 0x2010, 0x2026, 0x2192, 0x2192,
                                 0x2212, 0x2212, 0x2264, 0x2265, 0};

ImFont* fonts[kTypeCount] = {};

uint32_t big_endian(std::span<const uint8_t> bytes, size_t at, int count) {
  uint32_t value = 0;
  if (at + static_cast<size_t>(count) > bytes.size()) return 0;
  for (int i = 0; i < count; ++i) value = value << 8 | bytes[at + static_cast<size_t>(i)];
  return value;
}

size_t table_offset(std::span<const uint8_t> ttf, const char* tag) {
  const uint32_t count = big_endian(ttf, 4, 2);
  for (uint32_t i = 0; i < count; ++i) {
    const size_t record = 12 + 16 * static_cast<size_t>(i);
    if (record + 16 > ttf.size()) return 0;
    if (std::equal(tag, tag + 4, ttf.begin() + static_cast<std::ptrdiff_t>(record)))
      return big_endian(ttf, record + 8, 4);
  }
  return 0;
}

// Digits of one width, whatever the face says, so that columns of numbers stand.
void make_digits_tabular(ImFont* font) {
  float widest = 0;
  for (ImWchar digit = '0'; digit <= '9'; ++digit) {
    if (const ImFontGlyph* glyph = font->FindGlyphNoFallback(digit))
      widest = std::max(widest, glyph->AdvanceX);
  }
  for (ImFontGlyph& glyph : font->Glyphs) {
    if (glyph.Codepoint < '0' || glyph.Codepoint > '9') continue;
    const float shift = (widest - glyph.AdvanceX) / 2;
    glyph.X0 += shift;
    glyph.X1 += shift;
    glyph.AdvanceX = widest;
  }
  font->BuildLookupTable();
}

float font_px(Type type) {
  const ImFont* face = font(type);
  return face->FontSize * face->Scale;
}

// Top of the glyph box within the line box, on whole pixels.
float inset(Type type) { return std::floor((line_height(type) - font_px(type)) / 2 + 0.5f); }

// The end of the line that starts at `begin`, and where the next one starts. Lines break at spaces only (Dear
// ImGui's own wrapping also breaks after a full stop, which cuts numbers and DOIs in two); a word wider than
// the column breaks anywhere.
const char* end_of_line(Type type, const char* begin, const char* end, float width, const char** next) {
  const ImFont* face = font(type);
  const char* space = nullptr;
  float used = 0;
  for (const char* at = begin; at < end;) {
    unsigned int letter = 0;
    const int bytes = ImTextCharFromUtf8(&letter, at, end);
    if (letter == '\n') {
      *next = at + 1;
      return at;
    }
    if (letter == ' ') space = at;
    used += face->GetCharAdvance(static_cast<ImWchar>(letter)) * face->Scale;
    if (used > width && letter != ' ' && at > begin) {
      const char* stop = space ? space : at;
      *next = space ? space + 1 : at;
      return stop;
    }
    at += std::max(1, bytes);
  }
  *next = end;
  return end;
}

// A number and its unit stay on one line: the space between them becomes a no-break space.
std::string with_glued_units(std::string_view text) {
  static constexpr std::string_view kUnits[] = {"%",  "mV", "ms", "mm", "Hz", "ng/L",
                                                "dB", "s",  "y",  "px", "µV"};
  std::string glued;
  glued.reserve(text.size() + 8);
  for (size_t i = 0; i < text.size(); ++i) {
    bool glue = false;
    if (text[i] == ' ' && i > 0 && text[i - 1] >= '0' && text[i - 1] <= '9') {
      for (const std::string_view unit : kUnits) {
        const size_t after = i + 1 + unit.size();
        if (text.substr(i + 1, unit.size()) != unit) continue;
        const bool ends = after >= text.size() || !((text[after] | 32) >= 'a' && (text[after] | 32) <= 'z');
        glue = glue || ends;
      }
    }
    if (glue)
      glued += "\xC2\xA0";
    else
      glued += text[i];
  }
  return glued;
}

template <typename Line>
void each_line(Type type, std::string_view raw, float width, Line line) {
  const std::string text = with_glued_units(raw);
  const char *begin = text.data(), *end = begin + text.size();
  while (begin < end) {
    const char* next = end;
    const char* stop = end_of_line(type, begin, end, std::max(width, 8.0f), &next);
    line(std::string_view(begin, static_cast<size_t>(stop - begin)));
    begin = next;
  }
}

}  // namespace

float type_size(Type type) { return step(type).size; }
float line_height(Type type) { return step(type).line; }

double ttf_height_per_em(std::span<const uint8_t> ttf) {
  const size_t head = table_offset(ttf, "head"), hhea = table_offset(ttf, "hhea");
  if (head == 0 || hhea == 0) return 0;
  const uint32_t units = big_endian(ttf, head + 18, 2);
  const int ascender = static_cast<int16_t>(big_endian(ttf, hhea + 4, 2));
  const int descender = static_cast<int16_t>(big_endian(ttf, hhea + 6, 2));
  if (units == 0 || ascender <= descender) return 0;
  return static_cast<double>(ascender - descender) / units;
}

bool build_fonts(const FontFiles& files, float pixels_per_px) {
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  atlas.Clear();
  atlas.Flags |= ImFontAtlasFlags_NoMouseCursors;
  const double regular = ttf_height_per_em(files.regular), semibold = ttf_height_per_em(files.semibold);
  const bool real = regular > 0 && semibold > 0;
  for (int i = 0; i < kTypeCount; ++i) {
    const Step& one = kSteps[i];
    ImFontConfig config;
    config.FontDataOwnedByAtlas = false;
    config.OversampleH = pixels_per_px > 1.5f ? 1 : 2;
    config.OversampleV = 1;
    config.PixelSnapH = true;
    if (real) {
      const std::vector<uint8_t>& file = one.semibold ? files.semibold : files.regular;
      const double height = one.semibold ? semibold : regular;
      fonts[i] = atlas.AddFontFromMemoryTTF(const_cast<uint8_t*>(file.data()), static_cast<int>(file.size()),
                                            static_cast<float>(one.size * height) * pixels_per_px, &config,
                                            one.full_range ? kFullRange : kHeadingRange);
    } else {
      config.SizePixels = one.size * pixels_per_px;
      fonts[i] = atlas.AddFontDefault(&config);
    }
  }
  atlas.Build();
  for (ImFont* face : fonts) {
    face->Scale = 1 / pixels_per_px;
    make_digits_tabular(face);
  }
  ImGui::GetIO().FontDefault = fonts[static_cast<int>(Type::kBody)];
  return real;
}

ImFont* font(Type type) { return fonts[static_cast<int>(type)]; }

namespace {

float plain_width(Type type, std::string_view text) {
  return font(type)->CalcTextSizeA(font_px(type), FLT_MAX, 0, text.data(), text.data() + text.size()).x;
}

std::vector<DrawnText>* watched = nullptr;
std::vector<std::pair<float, float>> text_bounds;
bool text_on_paper = false;

void watch(const ImDrawList* list, Type type, ImVec2 at, std::string_view text) {
  const ImVec2 min = list->GetClipRectMin(), max = list->GetClipRectMax();
  DrawnText one{std::string(text), at.x, at.y, at.x + plain_width(type, text), at.y + line_height(type), min.x, max.x, min.y, max.y};
  if (!text_bounds.empty()) {
    one.left = std::max(one.left, text_bounds.back().first);
    one.right = std::min(one.right, text_bounds.back().second);
  }
  one.on_paper = text_on_paper;
  watched->push_back(std::move(one));
}

float draw_plain(ImDrawList* list, Type type, ImVec2 at, ImU32 colour, std::string_view text) {
  if (text.empty()) return 0;
  if (watched) watch(list, type, at, text);
  list->AddText(font(type), font_px(type), ImVec2(at.x, at.y + inset(type)), colour, text.data(),
                text.data() + text.size());
  return plain_width(type, text);
}

// Every text of the dashboard passes through here on its way to the screen; each is looked up once.
Translator translator;
std::unordered_map<std::string, std::string> translated;
constexpr size_t kMostTranslated = 4096;

std::set<std::string>* collected = nullptr;

std::string_view local(std::string_view text) {
  if (collected) collected->insert(std::string(text));
  if (translator.is_english()) return text;
  auto found = translated.find(std::string(text));
  if (found == translated.end()) {
    if (translated.size() >= kMostTranslated) translated.clear();
    found = translated.emplace(text, translator(text)).first;
  }
  return found->second;
}

}  // namespace

void set_translator(Translator chosen) {
  translator = std::move(chosen);
  translated.clear();
}
const Translator& current_translator() { return translator; }
void collect_texts(std::set<std::string>* into) { collected = into; }
void watch_texts(std::vector<DrawnText>* into) { watched = into; }
void push_text_bounds(float left, float right) { text_bounds.emplace_back(left, right); }
void pop_text_bounds() { text_bounds.pop_back(); }
void set_text_on_paper(bool on) { text_on_paper = on; }

float text_width(Type type, std::string_view text) { return plain_width(type, local(text)); }

float draw_text(ImDrawList* list, Type type, ImVec2 at, ImU32 colour, std::string_view text) {
  return draw_plain(list, type, at, colour, local(text));
}

void draw_text_right(ImDrawList* list, Type type, ImVec2 top_right, ImU32 colour, std::string_view text) {
  draw_text(list, type, ImVec2(top_right.x - text_width(type, text), top_right.y), colour, text);
}

void draw_text_centred(ImDrawList* list, Type type, ImVec2 min, ImVec2 max, ImU32 colour,
                       std::string_view text) {
  const float x = (min.x + max.x - text_width(type, text)) / 2, y = (min.y + max.y - line_height(type)) / 2;
  draw_text(list, type, ImVec2(std::floor(x + 0.5f), std::floor(y + 0.5f)), colour, text);
}

float draw_text_fitted(ImDrawList* list, Type type, ImVec2 at, float width, ImU32 colour,
                       std::string_view english) {
  const std::string text(local(english));
  if (plain_width(type, text) <= width) return draw_plain(list, type, at, colour, text);
  const float room = width - plain_width(type, "…");
  const char* stop = text.data();
  if (room > 0) {
    font(type)->CalcTextSizeA(font_px(type), room, 0, text.data(), text.data() + text.size(), &stop);
  }
  std::string cut(text.data(), stop);
  while (!cut.empty() && cut.back() == ' ') cut.pop_back();
  const float drawn = draw_plain(list, type, at, colour, cut + "…");
  if (watched && !watched->empty()) {
    watched->back().shortened = true;
    watched->back().text = text;
  }
  return drawn;
}

float paragraph_height(Type type, std::string_view text, float width) {
  float height = 0;
  each_line(type, local(text), width, [&](std::string_view) { height += line_height(type); });
  return height;
}

float paragraph_width(Type type, std::string_view text, float width) {
  float widest = 0;
  each_line(type, local(text), width,
            [&](std::string_view line) { widest = std::max(widest, plain_width(type, line)); });
  return widest;
}

float draw_paragraph(ImDrawList* list, Type type, ImVec2 at, float width, ImU32 colour,
                     std::string_view text) {
  float y = at.y;
  each_line(type, local(text), width, [&](std::string_view line) {
    draw_plain(list, type, ImVec2(at.x, y), colour, line);
    y += line_height(type);
  });
  return y - at.y;
}

}  // namespace precordia::dashboard
