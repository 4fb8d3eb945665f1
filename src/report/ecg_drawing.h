// The ECG as an SVG in millimetres: what comes out of the printer measures what paper from an
// electrocardiograph measures.
#pragma once

#include <string>

#include "signal/ecg_record.h"

namespace precordia {

inline constexpr double kPaperMmPerSecond = 25;
inline constexpr double kPaperMmPerMv = 10;

// Three rows of four leads, 2.5 s each, over a 10 s rhythm strip of lead II (or the first lead there is),
// with a 1 mV calibration pulse before each row. 266 mm x 100 mm. Absent leads are named and left empty; gaps
// stay gaps; traces are centred on their median and may cross into other rows, as on paper.
std::string draw_ecg_svg(const EcgRecord& record);

}  // namespace precordia
