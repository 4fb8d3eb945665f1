#include "dashboard/icons.h"

#include <cmath>
#include <initializer_list>

#include "dashboard/theme.h"
#include "dashboard/type_scale.h"

namespace precordia::dashboard {
namespace {

// Draws in a square of 24 units, as icon designers do.
struct Pen {
  ImDrawList* list;
  ImVec2 origin;
  float unit;
  ImU32 colour;
  float weight;

  ImVec2 at(float x, float y) const { return ImVec2(origin.x + x * unit, origin.y + y * unit); }
  void line(std::initializer_list<ImVec2> points, bool closed = false) const {
    for (const ImVec2& point : points) list->PathLineTo(at(point.x, point.y));
    list->PathStroke(colour, closed ? ImDrawFlags_Closed : ImDrawFlags_None, weight);
  }
  void fill(std::initializer_list<ImVec2> points) const {
    for (const ImVec2& point : points) list->PathLineTo(at(point.x, point.y));
    list->PathFillConvex(colour);
  }
  void box(float x0, float y0, float x1, float y1, float radius) const {
    list->AddRect(at(x0, y0), at(x1, y1), colour, radius * unit, 0, weight);
  }
  void ring(float x, float y, float radius) const {
    list->AddCircle(at(x, y), radius * unit, colour, 0, weight);
  }
  void dot(float x, float y, float radius) const { list->AddCircleFilled(at(x, y), radius * unit, colour); }
  void arc(float x, float y, float radius, float from_deg, float to_deg) const {
    list->PathArcTo(at(x, y), radius * unit, from_deg * 0.0174533f, to_deg * 0.0174533f);
    list->PathStroke(colour, ImDrawFlags_None, weight);
  }
};

}  // namespace

void draw_icon(ImDrawList* list, Icon icon, ImVec2 centre, float size, ImU32 colour) {
  const float unit = size / 24;
  const Pen pen{list, ImVec2(centre.x - size / 2, centre.y - size / 2), unit, colour,
                std::max(1.4f, size / 13)};
  switch (icon) {
    case Icon::kOpen:
      pen.line({{3, 19}, {3, 5}, {9, 5}, {11.5f, 8}, {20, 8}, {20, 11}});
      pen.line({{3, 19}, {6.5f, 11}, {22, 11}, {18.5f, 19}}, true);
      break;
    case Icon::kPatient:
      pen.ring(12, 8, 4);
      pen.arc(12, 21, 7.5f, 180, 360);
      pen.line({{4.5f, 21}, {19.5f, 21}});
      break;
    case Icon::kPrint:
      pen.line({{7, 8}, {7, 3}, {17, 3}, {17, 8}});
      pen.line({{7, 17}, {3, 17}, {3, 8}, {21, 8}, {21, 17}, {17, 17}});
      pen.line({{7, 14}, {17, 14}, {17, 21}, {7, 21}}, true);
      break;
    case Icon::kExport:
      pen.line({{12, 3}, {12, 15}});
      pen.line({{7, 10.5f}, {12, 15.5f}, {17, 10.5f}});
      pen.line({{4, 17}, {4, 21}, {20, 21}, {20, 17}});
      break;
    case Icon::kNew:
      pen.line({{12, 4}, {12, 20}});
      pen.line({{4, 12}, {20, 12}});
      break;
    case Icon::kCamera:
      pen.line({{3, 8}, {7.5f, 8}, {9, 5}, {15, 5}, {16.5f, 8}, {21, 8}, {21, 19}, {3, 19}}, true);
      pen.ring(12, 13, 3.8f);
      break;
    case Icon::kCorners:
      pen.line({{5, 7}, {20, 4.5f}, {19, 20}, {3.5f, 17.5f}}, true);
      pen.dot(5, 7, 2.2f);
      pen.dot(20, 4.5f, 2.2f);
      pen.dot(19, 20, 2.2f);
      pen.dot(3.5f, 17.5f, 2.2f);
      break;
    case Icon::kTurn:
      pen.arc(12, 13, 7.5f, 200, 480);
      pen.line({{3, 5}, {4.5f, 11}, {10.5f, 9.5f}});
      break;
    case Icon::kUndo:
      pen.arc(13, 13.5f, 6, 250, 450);
      pen.line({{5, 7.6f}, {11, 7.6f}});
      pen.line({{8.5f, 3.5f}, {4.5f, 7.6f}, {8.5f, 11.7f}});
      pen.line({{8, 19.5f}, {13, 19.5f}});
      break;
    case Icon::kPlay:
      pen.fill({{7, 4}, {20, 12}, {7, 20}});
      break;
    case Icon::kPause:
      pen.fill({{6, 5}, {10, 5}, {10, 19}, {6, 19}});
      pen.fill({{14, 5}, {18, 5}, {18, 19}, {14, 19}});
      break;
    case Icon::kPencil:
      pen.line({{4, 20}, {5, 15}, {16, 4}, {20, 8}, {9, 19}}, true);
      pen.line({{13, 7}, {17, 11}});
      break;
    case Icon::kRedo:
      pen.arc(11, 13.5f, 6, 90, 290);
      pen.line({{19, 7.6f}, {13, 7.6f}});
      pen.line({{15.5f, 3.5f}, {19.5f, 7.6f}, {15.5f, 11.7f}});
      pen.line({{11, 19.5f}, {16, 19.5f}});
      break;
    case Icon::kInfo:
      pen.ring(12, 12, 9);
      pen.dot(12, 7.8f, 1.3f);
      pen.line({{12, 11}, {12, 17}});
      break;
    case Icon::kBack:
    case Icon::kLeft:
      pen.line({{15, 5}, {8, 12}, {15, 19}});
      break;
    case Icon::kRight:
    case Icon::kChevronRight:
      pen.line({{9, 5}, {16, 12}, {9, 19}});
      break;
    case Icon::kClose:
      pen.line({{6, 6}, {18, 18}});
      pen.line({{18, 6}, {6, 18}});
      break;
    case Icon::kChevronDown:
      pen.line({{5, 9}, {12, 16}, {19, 9}});
      break;
    case Icon::kChevronUp:
      pen.line({{5, 15}, {12, 8}, {19, 15}});
      break;
    case Icon::kCheck:
      pen.line({{5, 12.5f}, {10, 17.5f}, {19, 7}});
      break;
    case Icon::kWarning:
      pen.line({{12, 3.5f}, {22, 20.5f}, {2, 20.5f}}, true);
      pen.line({{12, 10}, {12, 15}});
      pen.dot(12, 17.8f, 1.1f);
      break;
    case Icon::kShield:
      pen.line({{12, 2.5f}, {20, 5.5f}, {20, 11}, {18.2f, 16}, {12, 21.5f}, {5.8f, 16}, {4, 11}, {4, 5.5f}},
               true);
      pen.line({{8.5f, 11.8f}, {11.2f, 14.5f}, {15.6f, 9}});
      break;
    case Icon::kOffline:
      pen.line({{12, 3}, {12, 13}});
      pen.line({{8, 9.5f}, {12, 13.5f}, {16, 9.5f}});
      pen.box(4, 16, 20, 21, 2);
      break;
    case Icon::kChip:
      pen.box(6, 6, 18, 18, 2);
      for (const float at : {9.5f, 14.5f}) {
        pen.line({{at, 2.5f}, {at, 6}});
        pen.line({{at, 18}, {at, 21.5f}});
        pen.line({{2.5f, at}, {6, at}});
        pen.line({{18, at}, {21.5f, at}});
      }
      break;
    case Icon::kCaliper:
      pen.line({{5, 4}, {5, 20}});
      pen.line({{19, 4}, {19, 20}});
      pen.line({{5, 12}, {19, 12}});
      pen.line({{8, 9.5f}, {5.5f, 12}, {8, 14.5f}});
      pen.line({{16, 9.5f}, {18.5f, 12}, {16, 14.5f}});
      break;
    case Icon::kEye:
      pen.arc(12, 18, 11.5f, 211, 329);
      pen.arc(12, 6, 11.5f, 31, 149);
      pen.ring(12, 12, 3);
      break;
    case Icon::kPlus:
      pen.line({{12, 6}, {12, 18}});
      pen.line({{6, 12}, {18, 12}});
      break;
    case Icon::kMinus:
      pen.line({{6, 12}, {18, 12}});
      break;
    case Icon::kFor:
      pen.fill({{12, 5}, {20, 18}, {4, 18}});
      break;
    case Icon::kAgainst:
      pen.fill({{4, 6}, {20, 6}, {12, 19}});
      break;
    case Icon::kNeutral:
      pen.line({{5, 12}, {19, 12}});
      break;
    case Icon::kMarks:
      pen.line({{2, 15}, {8, 15}, {10, 15}, {12, 6}, {14, 18}, {15, 15}, {22, 15}});
      for (const float y : {3.0f, 9.0f, 18.0f}) {
        pen.line({{8.5f, y}, {8.5f, y + 2.5f}});
        pen.line({{17.5f, y}, {17.5f, y + 2.5f}});
      }
      break;
    case Icon::kUpdate:
      pen.arc(12, 12, 8, -60, 210);
      pen.line({{12.5f, 1.8f}, {16.3f, 5}, {12.5f, 8.4f}});
      break;
  }
}

void draw_tone_mark(ImDrawList* list, Tone tone, ImVec2 centre, float size) {
  const ImU32 strong = tone_colours(tone).strong;
  const float r = size / 2;
  switch (tone) {
    case Tone::kCalm:
      list->AddCircleFilled(centre, r, strong, 48);
      draw_icon(list, Icon::kCheck, centre, size * 0.66f, colour::kCard);
      break;
    case Tone::kWatch: {
      list->PathLineTo(ImVec2(centre.x, centre.y - r));
      list->PathLineTo(ImVec2(centre.x + r * 1.08f, centre.y + r * 0.86f));
      list->PathLineTo(ImVec2(centre.x - r * 1.08f, centre.y + r * 0.86f));
      list->PathFillConvex(strong);
      list->AddLine(ImVec2(centre.x, centre.y - r * 0.34f), ImVec2(centre.x, centre.y + r * 0.26f),
                    colour::kCard, r * 0.2f);
      list->AddCircleFilled(ImVec2(centre.x, centre.y + r * 0.55f), r * 0.12f, colour::kCard);
      break;
    }
    case Tone::kAct:
      for (int i = 0; i < 8; ++i) {
        const float angle = (22.5f + 45 * static_cast<float>(i)) * 0.0174533f;
        list->PathLineTo(
            ImVec2(centre.x + r * 1.04f * std::cos(angle), centre.y + r * 1.04f * std::sin(angle)));
      }
      list->PathFillConvex(strong);
      list->AddLine(ImVec2(centre.x, centre.y - r * 0.52f), ImVec2(centre.x, centre.y + r * 0.16f),
                    colour::kCard, r * 0.22f);
      list->AddCircleFilled(ImVec2(centre.x, centre.y + r * 0.48f), r * 0.13f, colour::kCard);
      break;
    case Tone::kUnknown:
      list->AddCircle(centre, r - 1.5f, strong, 48, 3);
      draw_text_centred(list, size > 32 ? Type::kHeading : Type::kBodyStrong,
                        ImVec2(centre.x - r, centre.y - r), ImVec2(centre.x + r, centre.y + r), strong, "?");
      break;
  }
}

void draw_logo(ImDrawList* list, ImVec2 min, float size) {
  list->AddRectFilled(min, ImVec2(min.x + size, min.y + size), colour::kAccent, size * 0.24f);
  // The same heartbeat as assets/icon.svg, in shares of the tile.
  static constexpr ImVec2 kBeat[] = {{0.12f, 0.56f}, {0.26f, 0.56f}, {0.32f, 0.47f}, {0.38f, 0.56f},
                                     {0.43f, 0.56f}, {0.47f, 0.63f}, {0.53f, 0.20f}, {0.60f, 0.76f},
                                     {0.64f, 0.56f}, {0.70f, 0.56f}, {0.77f, 0.43f}, {0.84f, 0.56f},
                                     {0.88f, 0.56f}};
  for (const ImVec2& point : kBeat) list->PathLineTo(ImVec2(min.x + point.x * size, min.y + point.y * size));
  list->PathStroke(colour::kOnAccent, ImDrawFlags_None, std::max(1.5f, size * 0.062f));
}

}  // namespace precordia::dashboard
