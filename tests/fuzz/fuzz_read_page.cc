// libFuzzer target for pictures of paper: the decoder and PDF's pictures with its limits, then the digitiser on what is small enough to be
// read thousands of times. A page that comes back has to keep what digitise.h promises.
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "base/picture_file.h"
#include "formats/pdf.h"
#include "paper/decode_image.h"
#include "paper/digitise.h"

namespace {

using namespace precordia;

constexpr int kMostDigitisedPixels = 200 * 130, kMostDecodedPixels = 2'000'000;

void require(bool holds) {
  if (!holds) std::abort();
}

void read_page(const RgbImage& image) {
  const auto page = digitise(image);
  if (!page) {
    require(!page.error().message.empty());
    return;
  }
  const size_t samples = page->record.sample_count();
  require(samples >= 250 && page->record.sample_rate_hz == kDigitisedRateHz && !page->traces.empty());
  for (const auto& lead : page->record.mv) require(lead.empty() || lead.size() == samples);
  for (const LeadTrace& trace : page->traces) {
    require(trace.centreline.size() == trace.confidence.size());
    for (const float c : trace.confidence) require(c >= 0 && c <= 1);
  }
  require(page->mm_per_s > 0 && page->mm_per_mv > 0 && page->px_per_mm_x > 0 && page->px_per_mm_y > 0);
  require(page->quality.coverage >= 0 && page->quality.coverage <= 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  if (pdf_shows_picture(bytes)) {
    const auto picture = pdf_picture(bytes);
    if (!picture) {
      require(!picture.error().message.empty());
      return 0;
    }
    require(picture->orientation >= 1 && picture->orientation <= 8);
    if (picture->jpeg.empty()) {
      require(picture->rgb.size() == static_cast<size_t>(picture->width) * static_cast<size_t>(picture->height) * 3);
      if (static_cast<double>(picture->width) * picture->height <= kMostDecodedPixels)
        (void)image_from_pixels(picture->width, picture->height, 3, picture->rgb, picture->orientation);
      return 0;
    }
    (void)decode_image(picture->jpeg, picture->orientation);
    return 0;
  }
  if (!looks_like_image(bytes)) return 0;
  const auto header = picture_header(bytes);
  const double pixels = header ? static_cast<double>(header->width) * header->height : 0;
  if (pixels > kMostDecodedPixels) return 0;
  const auto image = decode_image(bytes);
  if (image) require(image->rgb.size() == static_cast<size_t>(image->width) * static_cast<size_t>(image->height) * 3);
  else require(!image.error().message.empty());
  // Too small for the front door, and for that very reason quick to read.
  if (pixels > 0 && pixels <= kMostDigitisedPixels) {
    const auto small = picture_pixels(bytes, 3);
    if (!small.pixels || static_cast<double>(small.width) * small.height > kMostDigitisedPixels) return 0;
    const uint8_t* rgb = small.pixels.get();
    read_page({small.width, small.height, {rgb, rgb + static_cast<size_t>(small.width) * static_cast<size_t>(small.height) * 3}});
  }
  return 0;
}
