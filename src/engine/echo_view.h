// What the echo screen shows of one or two clips: pictures, contours, curves, beats, and the ejection fraction with how far it can be
// trusted. Texts are final English, as in report/view_json.h; null = unknown.
//
//   {"simulated": bool, "tone", "headline", "sentence", "method": text or "", "disclaimer",
//    "ef": {"value", "low", "high"} or null, "bands": [{"label", "short", "probability"}] (none without an EF), "gls",
//    "cannot_tell": [sentences],
//    "clips": [{"name", "view": text, "side", "mask_side", "frames": n, "aspect": width over height,
//               "times": slice of ms, "times_known", "volume": slice, "volume_unit": "ml" or "% of the largest", "entropy": slice of bits,
//               "lv": slice, "myocardium": slice, "atrium": slice: x, y of kContourPoints or kOutlinePoints for each frame, NaN = not found,
//               "axis": slice: apex, left and right end of the mitral plane, six numbers a frame,
//               "frames_at", "classes_at", "entropy_at": first byte of each in `pixels`,
//               "ef": number or null, "beats": [{"ed", "es", "ef", "gls", "ed_ml", "es_ml"}], "by_hand": [frames],
//               "segments": [{"name", "motion", "delay_ms"}], "measures": [{"label", "text"}],
//               "cannot_tell": [sentences], "notes": [sentences]}]}
//
// All coordinates are shares of the square frame. A slice {"at", "n"} counts floats of the blob.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/echo_examination.h"
#include "report/view_json.h"

namespace precordia {

inline constexpr int kOutlinePoints = 48;

// `echo` must have been measured.
View echo_view(const EchoExamination& echo);
// The same for the printed report.
std::vector<ReportClip> report_clips(const EchoExamination& echo);

// For each clip: its frames (side x side grey), then its masks (mask_side x mask_side classes), then entropy (1/32 bit).
std::vector<uint8_t> echo_pixels(const EchoExamination& echo);

}  // namespace precordia
