#include "paper/digitise.h"

namespace precordia {

Result<DigitisedPage> digitise(const RgbImage&, const DigitiseOptions&) {
  return fail(ErrorCode::kUnusable, "Reading a printed ECG from a picture is not part of this version.");
}

}  // namespace precordia
