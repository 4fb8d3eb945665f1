// The one door for clips: content decides, never the extension. A format is one file:
//
//   clip_dicom      ultrasound multi-frame and single-frame images (PS3.3 A.6, A.7): uncompressed, RLE, JPEG
//   clip_gif        animated GIF
//   clip_avi        AVI with Motion JPEG or uncompressed frames
//   clip_pictures   PNG, JPEG and BMP pictures in the order of their names; one picture is a clip of one frame
//
// All of them push decoded frames, one after the other, into a ClipBuilder. A frame that cannot be decoded is left out with a note.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "echo/echo_clip.h"

namespace precordia {

class ByteSource;   // base/byte_source.h

struct InputClipFile {
  std::string name;                 // file name without its folder; orders pictures, never trusted
  std::span<const uint8_t> bytes;   // whole content; outlives the call
};

inline constexpr size_t kLargestClipFileBytes = 512u << 20;
inline constexpr size_t kMostClipFiles = 4096;

enum class ClipKind : uint8_t {
  kNone,
  kDicom,     // holds pixels, and no waveform
  kGif,       // of more than one frame
  kAvi,
  kPicture,   // a still: it may be an ultrasound picture or a photographed page, which the content does not tell
};
ClipKind clip_kind(std::span<const uint8_t> bytes);

// A clip beyond doubt: any kind but a still picture.
inline bool looks_like_clip(std::span<const uint8_t> bytes) {
  const ClipKind kind = clip_kind(bytes);
  return kind != ClipKind::kNone && kind != ClipKind::kPicture;
}

// One clip: a single file, or several pictures. Errors: kEmptyInput, kTooLarge, kNotRecognised (no clip, or a compression that is not
// read), kAmbiguous (several files that are not pictures), kDamaged, kUnusable (clip_builder.h).
Result<EchoClip> read_clip(std::span<const InputClipFile> files);

// Clips of which one frame at a time need be in memory: AVI, and DICOM with uncompressed pixels. An uncompressed minute is over a gigabyte.
inline constexpr size_t kClipHeadBytes = 1u << 20;
inline constexpr size_t kLargestClipInPiecesBytes = 2047u << 20;
bool reads_in_pieces(std::span<const uint8_t> head);   // by the file's first kClipHeadBytes
// Errors: those of read_clip, and kWrongUsage for another kind.
Result<EchoClip> read_clip_in_pieces(ByteSource& file);

}  // namespace precordia
