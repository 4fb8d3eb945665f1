// The clip itself: one frame with its contours, the curve of the ventricle's volume over time, and what fingers and mouse do to them.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

// Colours that colour-blind eyes tell apart (Okabe and Ito 2008), on a dark picture.
namespace echo_colour {
inline constexpr ImU32 kVentricle = colour::rgb(0x56B4E9);
inline constexpr ImU32 kMyocardium = colour::rgb(0xE69F00);
inline constexpr ImU32 kAtrium = colour::rgb(0xCC79A7);
inline constexpr ImU32 kDraft = colour::rgb(0xF0E442);
}  // namespace echo_colour

// Where in `rect` a frame of this aspect (width over height) lies.
ImRect fit_frame(ImRect rect, double aspect);

// The frame in hand with contours, or, while correcting, with handles that are dragged.
void draw_cine(Ui& ui, AppState& state, ImRect rect);

// Volume over time with end-diastole and end-systole of every beat and the frame in hand; a tap or a drag goes to that moment.
void draw_curve(Ui& ui, AppState& state, ImRect rect);

// End-diastole and end-systole of the beat in hand, beside each other or one below the other; a tap goes there.
void draw_pair(AppState& state, ImRect rect, bool beside);

// Probability of each band as one bar cut in three, its words below.
void draw_bands(Flow& flow, const EchoViewModel& view);

// A correction that was made is sent to the host.
void send_contour(AppState& state, const std::optional<ContourChange>& changed);

}  // namespace precordia::dashboard
