// The readers behind clip_reader.h.
#pragma once

#include <cstdint>
#include <span>

#include "base/byte_source.h"
#include "echo/clip_builder.h"
#include "echo/clip_jpeg.h"
#include "echo/clip_reader.h"

namespace precordia {

bool is_dicom_clip(std::span<const uint8_t> bytes);
bool is_animated_gif(std::span<const uint8_t> bytes);
bool is_avi(std::span<const uint8_t> bytes);

Result<EchoClip> read_dicom_clip(std::span<const uint8_t> bytes);
Result<EchoClip> read_gif_clip(std::span<const uint8_t> bytes);
Result<EchoClip> read_avi_clip(ByteSource& file);

// A DICOM file whose uncompressed pixels begin within `head`, the file's first bytes, and end behind it: the rest is a row of frames.
bool is_dicom_with_plain_frames(std::span<const uint8_t> head);
Result<EchoClip> read_plain_dicom_frames(std::span<const uint8_t> head, ByteSource& file);
Result<EchoClip> read_picture_clip(std::span<const InputClipFile> files);   // sorted

// How many pixels a file of `bytes` may unfold to, over all its frames. A clip's noise needs a bit for two pixels at the least; what
// claims far more is damaged or meant to do harm.
inline uint64_t most_clip_pixels(size_t bytes) { return (uint64_t{1} << 26) + 128 * uint64_t{bytes}; }

}  // namespace precordia
