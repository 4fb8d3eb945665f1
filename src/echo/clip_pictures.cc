#include "base/picture_file.h"
#include "echo/clip_formats.h"

namespace precordia {

Result<EchoClip> read_picture_clip(std::span<const InputClipFile> files) {
  ClipSource source{.format = files.size() == 1 ? "picture" : "pictures"};
  source.expected_frames = static_cast<int>(files.size());
  ClipBuilder builder(std::move(source));
  for (const auto& file : files) {
    if (builder.full()) break;
    const auto header = picture_header(file.bytes);
    const bool possible = header && header->width <= kLargestFrameSide && header->height <= kLargestFrameSide &&
                          int64_t{header->width} * header->height <= kLargestFramePixels;
    if (header && !possible && files.size() == 1)
      return fail(ErrorCode::kTooLarge, "This picture is larger than this program reads; save it smaller.");
    const bool whole = (!is_jpeg(file.bytes) || jpeg_facts(file.bytes).whole) && (!is_bmp(file.bytes) || bmp_is_whole(file.bytes));
    if (!possible || !whole) {
      builder.skip();
      continue;
    }
    const int channels = header->channels == 1 ? 1 : header->channels == 3 ? 3 : 4;
    const auto picture = picture_pixels(file.bytes, channels);
    if (!picture.pixels) {
      builder.skip();
      continue;
    }
    const size_t size = static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height) * static_cast<size_t>(channels);
    if (auto added = builder.add({picture.width, picture.height, channels, {picture.pixels.get(), size}}); !added) return std::unexpected(added.error());
  }
  return builder.finish();
}

}  // namespace precordia
