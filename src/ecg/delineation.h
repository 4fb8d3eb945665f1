// Onset, peak and offset of P, QRS and T: in one lead by the wavelet, over all leads by agreement.
#pragma once

#include <array>
#include <vector>

#include "ecg/analysis_signal.h"
#include "ecg/beat_classes.h"
#include "ecg/representative_beat.h"

namespace precordia {

// What the delineator looks at: a whole record or a median beat, with wavelets of the signal as it is (for
// the QRS) and of the signal whose QRS complexes are bridged by straight lines (for P and T, which the QRS
// would otherwise drown).
struct Traces {
  const std::array<std::vector<float>, kLeadCount>* mv = nullptr;
  const std::array<WaveletLevels, kLeadCount>* wavelet = nullptr;
  std::array<WaveletLevels, kLeadCount> without_qrs;
  std::vector<int> leads;
  int sample_count = 0;
};

// All fiducials of one beat, global and per lead, in samples of the traces.
struct DelineatedBeat {
  BeatFiducials global;
  std::array<BeatFiducials, kLeadCount> per_lead;
};

struct SearchRange {
  int r = 0;           // aligned fiducial of the beat
  int previous_r = 0;  // of its neighbours; may lie outside the traces
  int next_r = 0;
  bool look_for_p = true;
};

// The stretch around `r` in which the leads together show QRS energy, as [first, second): a coarse start for
// the delineation.
std::pair<int, int> rough_qrs_extent(const std::array<WaveletLevels, kLeadCount>& wavelet,
                                     const std::vector<int>& leads, int sample_count, int r);

// Bridges the given QRS extents by straight lines and transforms the rest. Only the levels that P and T need
// are kept.
void bridge_qrs(Traces& traces, const std::vector<std::pair<int, int>>& extents);

// Martinez et al. 2004 (doi 10.1109/TBME.2003.821031) in each lead: significant maxima of the wavelet's
// modulus, onset and offset where it falls under a share of the first or last of them, or into the noise.
// Then the leads agree: the global instant is a low quantile of their onsets or a middle one of their offsets
// (as cardiologists mark lead by lead; the first and last lead alone would follow noise), and each lead's own
// instant is drawn towards it. Leads in which a wave is too small to be placed take the global instants.
// `extent` is the rough QRS.
DelineatedBeat delineate(const Traces& traces, std::pair<int, int> extent, const SearchRange& range);

}  // namespace precordia
