// One type scale, two weights of IBM Plex Sans. Sizes are CSS em sizes, as a browser counts them (Dear ImGui
// counts from ascender to descender instead). The atlas is rasterised for the screen's pixel density and
// rebuilt when that changes.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/translate.h"
#include "dashboard/imgui_headers.h"

namespace precordia::dashboard {

enum class Type { kCaption, kCaptionStrong, kBody, kBodyStrong, kTitle, kHeading, kDisplay };
inline constexpr int kTypeCount = 7;

float type_size(Type type);    // em, px: 13 13 15 15 18 24 32
float line_height(Type type);  // px: 18 18 22 22 26 32 40

// The two faces as TrueType files. They are kept, so that the atlas can be rebuilt.
struct FontFiles {
  std::vector<uint8_t> regular, semibold;
};

// (ascender - descender) / unitsPerEm of a TrueType file, from its hhea and head tables; 0 when it is none.
double ttf_height_per_em(std::span<const uint8_t> ttf);

// Builds the atlas into ImGui's current context for `pixels_per_px` device pixels per CSS pixel. False when a
// file is no TrueType font; the atlas then holds Dear ImGui's built-in face.
bool build_fonts(const FontFiles& files, float pixels_per_px);

ImFont* font(Type type);

// ---- measuring and drawing: positions in CSS px, text as UTF-8
// ----------------------------------------------------------

// In which language everything below is measured and drawn; English unless set.
void set_translator(Translator translator);
const Translator& current_translator();
// For the test that no text is missing from the table: every English text that comes by from now on; null ends it.
void collect_texts(std::set<std::string>* into);

// For the test that no text is cut: every line as it is drawn, and between which edges it may stand; null ends it.
struct DrawnText {
  std::string text;
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  float left = 0, right = 0;     // of what clips it, and of the card that it stands in
  float top = 0, bottom = 0;     // of what clips it
  bool shortened = false;        // by an ellipsis
  bool on_paper = false;         // over a trace, where names may lie over each other
};
void watch_texts(std::vector<DrawnText>* into);
// The card that texts stand in from now on, until it is popped.
void push_text_bounds(float left, float right);
void pop_text_bounds();
// Texts from now on lie over a drawing that can be moved under its frame.
void set_text_on_paper(bool on);

float text_width(Type type, std::string_view text);

// One line, its top left (top of the line box) at `at`. Returns its width.
float draw_text(ImDrawList* list, Type type, ImVec2 at, ImU32 colour, std::string_view text);
void draw_text_right(ImDrawList* list, Type type, ImVec2 top_right, ImU32 colour, std::string_view text);
void draw_text_centred(ImDrawList* list, Type type, ImVec2 min, ImVec2 max, ImU32 colour,
                       std::string_view text);

// One line cut with an ellipsis to `width`. Returns the width drawn.
float draw_text_fitted(ImDrawList* list, Type type, ImVec2 at, float width, ImU32 colour,
                       std::string_view text);

// Wrapped text: its height, and drawing it. A text without letters has no height.
float paragraph_height(Type type, std::string_view text, float width);
float draw_paragraph(ImDrawList* list, Type type, ImVec2 at, float width, ImU32 colour,
                     std::string_view text);
// Width of the widest line after wrapping.
float paragraph_width(Type type, std::string_view text, float width);

}  // namespace precordia::dashboard
