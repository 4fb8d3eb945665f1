// A cine loop as every step after decoding sees it: grey frames of the ultrasound sector alone, all of one square size, with the time
// of each. Whatever lay outside the sector (name, date, scales) is black in here: it was never kept.
//
//   clip_reader     bytes of a file -> frames one after the other -> clip_builder
//   clip_builder    frames of any size -> sector found -> crop, mask, reduce -> EchoClip
//   echo_mask       probabilities of the network -> masks
//   measure_echo    masks and times -> EchoFindings
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace precordia {

inline constexpr size_t kLargestClipPixels = 48'000'000;   // bytes that the frames of one clip may take together
inline constexpr int kLargestClipSide = 224, kSmallestClipSide = 128;
inline constexpr double kLongestClipSeconds = 60;

// A rectangle of the source picture in its pixels.
struct PictureBox {
  int x = 0, y = 0, width = 0, height = 0;
};

struct EchoClip {
  std::string format;                  // "DICOM ultrasound", "GIF", "AVI", "MP4", "pictures", "picture"
  int source_width = 0, source_height = 0;
  PictureBox sector_box;               // what was cut out and stretched to the square
  int side = 0;                        // width and height of the frames, 128 to 224
  std::vector<uint8_t> frames;         // frame_count x side x side, 0 outside the sector
  std::vector<uint8_t> sector;         // side x side, 1 inside
  std::vector<double> times_ms;        // of each frame from the first, rising
  bool times_known = false;            // from the file; otherwise nothing that needs time is said (heart rate)
  // Size of one pixel of the frames. Absent where the file states none: then there are no millilitres.
  std::optional<double> mm_per_px_x, mm_per_px_y;
  // Width over height of sector_box in source pixels, which is the true aspect where pixels are square.
  double aspect = 1;
  std::string device, stated_view;     // as the file says; may be empty. Never a name or a number of a person
  std::vector<std::string> notes;      // sentences: frames skipped, frame times missing, ...

  int frame_count() const { return static_cast<int>(times_ms.size()); }
  std::span<const uint8_t> frame(int index) const {
    const size_t size = static_cast<size_t>(side) * side;
    return std::span(frames).subspan(size * index, size);
  }
};

}  // namespace precordia
