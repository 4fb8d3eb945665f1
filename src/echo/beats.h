// End-diastole and end-systole from the curve of LV volume over time.
#pragma once

#include <span>
#include <vector>

namespace precordia {

// Times between phases that a heart can have: 30 to 220 beats a minute, systole from end-diastole to end-systole.
inline constexpr double kShortestBeatMs = 270, kLongestBeatMs = 2000, kShortestSystoleMs = 120, kLongestSystoleMs = 600;

struct BeatFrames {
  int ed = 0, es = 0;    // es before ed: the clip ends before this beat's own, and the one of the beat before stands for it
  int next_ed = -1;      // -1 when the clip ends before the ventricle empties once more
  bool complete = false; // the ventricle empties and fills again, or fills and empties, by at least 60 % of what it gave
};

// `volume`: one value per frame, NaN where none was measured. Beats in order of time. Without known times (`times_ms` empty) only the
// shape of the curve decides, and six frames is the shortest beat.
std::vector<BeatFrames> find_beats(std::span<const double> volume, std::span<const double> times_ms);

// `volume` with gaps filled by straight lines and a Gaussian of `sd_ms` (in frames where times are unknown) laid over it.
std::vector<double> smoothed_curve(std::span<const double> volume, std::span<const double> times_ms, double sd);

}  // namespace precordia
