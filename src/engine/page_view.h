// What the review screen shows of a page of paper: the picture, where the trace was found in it, and what speaks for and against
// the reading. Texts are final, as in report/view_json.h.
//
//   {"input": name, "error": sentence or "", "verdict": {"tone", "headline", "sentence"}, "skippable": bool,
//    "image": {"width", "height"}, "corners": [x, y, ...] in image px, "quarter_turns",
//    "layout": {"id", "text", "known"}, "layouts": [{"id", "text"}], "order": "standard" | "cabrera",
//    "speed": {"value", "known"}, "gain": {"value", "known"},
//    "checks": [{"id", "label", "text", "state": "good" | "watch" | "bad" | "unknown"}], "notes": [],
//    "mesh": {"columns", "rows", "origin_x_mm", "origin_y_mm", "step_mm", "nodes": slice of x, y in image px},
//    "traces": [{"lead", "rhythm", "state", "text", "points": slice of x, y in mm on the flat page, "doubt": slice, 0..1}]}
//
// A slice {"at", "n"} counts floats of the blob; a gap is one NaN point.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "paper/digitise.h"
#include "report/view_json.h"

namespace precordia {

// `page` is null where the picture could not be read: then `refusal` says why, and only picture and corners are shown.
View page_view(std::string_view input, const RgbImage& picture, const DigitisedPage* page, std::string_view refusal);

// The picture for the screen, averaged down to at most `longest` pixels on its longer side; four bytes a pixel.
struct ScreenPicture {
  int width = 0, height = 0;
  std::vector<uint8_t> rgba;
};
inline constexpr int kLongestScreenPicture = 2400;
ScreenPicture screen_picture(const RgbImage& picture, int longest = kLongestScreenPicture);

// The corrections of the review screen as JSON text, to options; {} for an empty text. Error kWrongUsage for what is out of range.
//   {"mm_per_s", "mm_per_mv", "layout", "order", "rhythm_lead", "quarter_turns", "corners": [8 numbers],
//    "retrace": [{"lead": "V3", "through": [x, y, ...]}]}
Result<DigitiseOptions> page_options(std::string_view json);

// The page's flat coordinates of an image point, by Newton's method on the mesh from `guess`.
struct PagePoint {
  double x_mm = 0, y_mm = 0;
};
PagePoint page_from_image(const PageMapping& mapping, ImagePoint at, PagePoint guess);

}  // namespace precordia
