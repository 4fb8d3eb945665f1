#include "echo/clip_reader.h"

#include <algorithm>
#include <string_view>

#include "base/byte_source.h"
#include "base/picture_file.h"
#include "base/bytes.h"
#include "echo/clip_formats.h"

namespace precordia {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "frame2.png" before "frame10.png": runs of digits compare as numbers, whatever zeros they begin with.
bool in_natural_order(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      while (i < a.size() && a[i] == '0') ++i;
      while (j < b.size() && b[j] == '0') ++j;
      size_t i_end = i, j_end = j;
      while (i_end < a.size() && is_digit(a[i_end])) ++i_end;
      while (j_end < b.size() && is_digit(b[j_end])) ++j_end;
      if (i_end - i != j_end - j) return i_end - i < j_end - j;
      const int order = a.substr(i, i_end - i).compare(b.substr(j, j_end - j));
      if (order != 0) return order < 0;
      i = i_end, j = j_end;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
    }
  }
  return a.size() - i != b.size() - j ? a.size() - i < b.size() - j : a < b;
}

// MP4 and MOV (ISO/IEC 14496-12), WebM and Matroska: what a browser decodes.
bool is_browser_video(std::span<const uint8_t> bytes) {
  const Bytes file{bytes};
  return file.u32_big(0) == 0x1A45DFA3 || file.text(4, 4) == "ftyp" || file.text(4, 4) == "moov";
}

}  // namespace

ClipKind clip_kind(std::span<const uint8_t> bytes) {
  if (is_avi(bytes)) return ClipKind::kAvi;
  if (is_animated_gif(bytes)) return ClipKind::kGif;
  if (is_png(bytes) || is_jpeg(bytes) || is_bmp(bytes) || is_gif(bytes)) return ClipKind::kPicture;
  return is_dicom_clip(bytes) ? ClipKind::kDicom : ClipKind::kNone;
}

Result<EchoClip> read_clip(std::span<const InputClipFile> files) {
  if (files.empty() || files[0].bytes.empty()) return fail(ErrorCode::kEmptyInput, "The file of this clip is empty; copy it again.");
  if (files.size() > kMostClipFiles) return fail(ErrorCode::kTooLarge, "These are more pictures than this program reads as one clip; choose a few seconds of them.");
  for (const auto& file : files)
    if (file.bytes.size() > kLargestClipFileBytes) return fail(ErrorCode::kTooLarge, "The file of this clip is larger than this program reads; export a shorter clip.");
  if (files.size() > 1) {
    for (const auto& file : files)
      if (!file.bytes.empty() && clip_kind(file.bytes) != ClipKind::kPicture)
        return fail(ErrorCode::kAmbiguous, "These files are not the pictures of one clip; open one clip at a time.");
    std::vector<InputClipFile> sorted(files.begin(), files.end());
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return in_natural_order(a.name, b.name); });
    return read_picture_clip(sorted);
  }
  const auto bytes = files[0].bytes;
  switch (clip_kind(bytes)) {
    case ClipKind::kDicom: return read_dicom_clip(bytes);
    case ClipKind::kGif: return read_gif_clip(bytes);
    case ClipKind::kAvi: {
      HeldBytes held(bytes);
      return read_avi_clip(held);
    }
    case ClipKind::kPicture: return read_picture_clip(files);
    case ClipKind::kNone: break;
  }
  if (is_browser_video(bytes))
    return fail(ErrorCode::kNotRecognised, "The video of this file is decoded by a browser, not here; open it in the app in a browser, or export it as DICOM, GIF or AVI.");
  return fail(ErrorCode::kNotRecognised, "This is no clip that this program reads; open a DICOM ultrasound file, an MP4, a GIF, an AVI, or the pictures of a clip.");
}

bool reads_in_pieces(std::span<const uint8_t> head) { return is_avi(head) || is_dicom_with_plain_frames(head); }

Result<EchoClip> read_clip_in_pieces(ByteSource& file) {
  if (file.size() == 0) return fail(ErrorCode::kEmptyInput, "The file of this clip is empty; copy it again.");
  if (file.size() > kLargestClipInPiecesBytes) return fail(ErrorCode::kTooLarge, "The file of this clip is larger than this program reads; export a shorter clip.");
  const Bytes begins = file.part(0, kClipHeadBytes);
  if (is_avi(begins.data)) return read_avi_clip(file);
  const std::vector<uint8_t> head(begins.data.begin(), begins.data.end());   // the elements point into it
  if (is_dicom_with_plain_frames(head)) return read_plain_dicom_frames(head, file);
  return fail(ErrorCode::kWrongUsage, "This clip is not one that is read in pieces.");
}

}  // namespace precordia
