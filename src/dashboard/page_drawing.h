// The page of paper itself: the picture laid flat by its mesh, the traces found in it, and what fingers and mouse do to them.
#pragma once

#include "dashboard/app_state.h"
#include "dashboard/ui.h"

namespace precordia::dashboard {

// Draws the page into `rect` and answers the pointer: wheel and pinch zoom, a drag moves the page, a tap on a trace chooses its lead;
// with a lead chosen a tap or a drag sets a point that its trace must pass through; in kCorners the four corners are dragged.
void draw_page(Ui& ui, AppState& state, ImRect rect);

// Zooms by `factor` around a place on the screen; moves by px. `rect` is the page's place as of the last frame.
void zoom_page(ReviewState& review, ImRect rect, double factor, ImVec2 around);
void move_page(ReviewState& review, double dx_px, double dy_px);

// A correction: remembered for undo, and sent to the host.
void correct_page(AppState& state, PageCorrections corrections);
void undo_page(AppState& state);
void redo_page(AppState& state);
void choose_lead(ReviewState& review, int trace);  // -1: none
void begin_corners(ReviewState& review);

}  // namespace precordia::dashboard
