// What the delineation network looks at, for models/train/precordia_delineation.
//
// Standard input as in record_stream.h. Standard output, float32, for each record: the number of beats; for each beat its
// aligned fiducial (samples at 500 Hz) and whether it belongs to the representative beat; then for P, QRS and T: rows
// (0 = no such wave), columns, the onset and offset anchors relative to the fiducial (samples), the lead of each row,
// the rows. `--jitter MS SEED` moves the anchors at random, so that the network does not lean on the rule's exact instants.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "bench/record_stream.h"
#include "ecg/analysis_signal.h"
#include "ecg/beat_classes.h"
#include "ecg/delineation_network.h"
#include "ecg/ecg_findings.h"
#include "ecg/pacing.h"
#include "ecg/qrs_detection.h"
#include "ecg/representative_delineation.h"

using namespace precordia;

namespace {

void put(double value) {
  const float v = static_cast<float>(value);
  std::fwrite(&v, sizeof v, 1, stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const bool jitter = argc == 4 && std::strcmp(argv[1], "--jitter") == 0;
  std::mt19937 random(jitter ? std::atoi(argv[3]) : 0);
  std::normal_distribution<double> shift(0, jitter ? std::atof(argv[2]) * kAnalysisRateHz / 1000 : 1);
  while (const auto record = next_record()) {
    std::array<LeadQuality, kLeadCount> quality;
    AnalysisSignal signal = prepare_analysis(*record, quality);
    const std::vector<int> spikes = find_spikes(signal, record->sample_rate_hz);
    if (spikes.size() >= 3) remove_spikes(signal, spikes);
    const BeatFamilies families = classify_beats(signal, detect_qrs(signal));
    DelineatedMedian representative;
    if (!families.beats.empty()) representative = delineate_representative(signal, families.beats);
    auto& [beat, fiducials] = representative;
    put(static_cast<double>(families.beats.size()));
    for (const ClassifiedBeat& b : families.beats) {
      put(b.r);
      put(b.family == 0);
    }
    if (jitter) {
      BeatFiducials& g = fiducials.global;
      for (auto* instant : {&g.p_on, &g.p_off, &g.qrs_on, &g.qrs_off, &g.t_on, &g.t_off}) {
        if (*instant) **instant += static_cast<int>(std::lround(shift(random)));
      }
    }
    for (const Wave wave : {Wave::kP, Wave::kQrs, Wave::kT}) {
      const auto view = beat.length > 0 ? boundary_view(beat, fiducials, wave) : std::nullopt;
      put(view ? static_cast<double>(view->rows.rows()) : 0);
      if (!view) continue;
      put(static_cast<double>(view->rows.cols()));
      put(view->onset_anchor - beat.r_index);
      put(view->offset_anchor - beat.r_index);
      for (int lead : view->leads) put(lead);
      for (Eigen::Index i = 0; i < view->rows.rows(); ++i)
        for (Eigen::Index c = 0; c < view->rows.cols(); ++c) put(view->rows(i, c));
    }
    std::fflush(stdout);
  }
  return 0;
}
