// A simulated apical cine loop with ejection fraction, phase, strain, volumes and masks known by construction: for the
// demonstration, for tests and for training. Never a real person.
//
// Method. The left ventricle is a bent, truncated half-ellipsoid whose volume follows a contraction curve (isovolumic phases,
// ejection, rapid filling, diastasis, atrial contraction) and whose mitral plane moves towards a fixed apex; the wall keeps its
// volume, so that it thickens. Scatterers sit in wall, blood and surrounding tissue and move with them; every frame is their
// complex sum under a point-spread function that widens away from the focus, log-compressed, in a sector that touches all four
// borders of its square (the idea of Alessandrini et al. 2015, IEEE TMI 34:1436, doi 10.1109/TMI.2015.2396632, in two
// dimensions). Shapes, curve and numbers are our own.
#pragma once

#include <cstdint>
#include <vector>

#include "echo/echo_clip.h"
#include "echo/echo_findings.h"

namespace precordia {

// Values outside a plausible range are moved to its nearer end: EF 5..80 %, heart 30..180/min, 5..120 frames/s, at most 600
// frames, side 128..224 px. The view is apical 4-chamber unless it says apical 2-chamber.
struct SimulatedEcho {
  EchoView view = EchoView::kApical4;
  double ef_percent = 60;
  double heart_rate_bpm = 65;
  double frames_per_second = 30;
  double seconds = 2;
  double noise = 0.3;            // 0 clean .. 1 hardly readable: receiver noise, clutter, dropout
  double gain_db = 0;            // of the machine, on top of a usual setting, -20..20
  double foreshortening = 0;     // 0 none .. 1: the apex is cut off by a third
  bool irregular = false;        // atrial fibrillation: no atrial contraction, beats of unequal length and output
  int side = 224;                // of the square frames
  uint32_t seed = 1;             // own small generator: geometry, tissue and phase of the first beat
};

struct SimulatedCine {
  EchoClip clip;
  std::vector<uint8_t> masks;          // frame_count x side x side, EchoClass values; may leave the sector at the apex
  std::vector<double> lv_volume_ml;    // of each frame
  std::vector<EchoBeat> beats;         // whose end-diastole and following end-systole lie in the clip
  double ef_percent = 0;               // median of the beats; the asked one where there is none
  double gls_percent = 0;              // of the endocardial contour, from end-diastole to end-systole at that EF
};

SimulatedCine simulate_echo(const SimulatedEcho& wanted);

}  // namespace precordia
