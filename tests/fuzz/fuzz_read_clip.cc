// libFuzzer target for the front door of clips: content decides, as for a dropped file. A clip that comes back has to keep what
// echo_clip.h promises.
#include <cstdint>
#include <cstdlib>

#include "echo/clip_reader.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace precordia;
  const InputClipFile file{"file", {data, size}};
  const auto clip = read_clip({&file, 1});
  if (!clip) {
    require(!clip.error().message.empty());
    return 0;
  }
  require(clip->side >= kSmallestClipSide && clip->side <= kLargestClipSide && clip->frame_count() >= 1);
  const auto pixels = static_cast<size_t>(clip->side) * static_cast<size_t>(clip->side);
  require(clip->sector.size() == pixels && clip->frames.size() == pixels * clip->times_ms.size() && clip->frames.size() <= kLargestClipPixels);
  for (size_t i = 1; i < clip->times_ms.size(); ++i) require(clip->times_ms[i] > clip->times_ms[i - 1]);
  for (size_t i = 0; i < clip->frames.size(); ++i) require(clip->frames[i] == 0 || clip->sector[i % pixels] != 0);
  return 0;
}
