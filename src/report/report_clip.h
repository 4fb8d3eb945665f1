// What the printed report shows of one echo clip: its numbers, and the ventricle's contour at both ends of the beat.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace precordia {

struct ReportClip {
  std::string name, view;                     // "apical 4-chamber"
  struct Beat {
    int ed_frame = 0, es_frame = 0;           // counted from nought
    std::optional<double> ef_percent, ed_ml, es_ml;
  };
  std::vector<Beat> beats;
  std::vector<std::pair<float, float>> ed_contour, es_contour;  // of the first beat, in shares of the frame's width; empty = not found
  std::vector<std::string> cannot_tell;       // sentences
  bool simulated = false;
};

}  // namespace precordia
