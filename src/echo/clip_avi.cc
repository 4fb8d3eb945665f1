// AVI (Microsoft Multimedia Programming Interface and Data Specifications 1.0; OpenDML AVI file format extensions 1.02): the chunks of
// the first video stream in file order; no index is needed, and none is trusted.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/bytes.h"
#include "base/text.h"
#include "echo/clip_formats.h"

namespace precordia {
namespace {

constexpr uint32_t fourcc(const char (&name)[5]) {
  return static_cast<uint32_t>(static_cast<uint8_t>(name[0])) | static_cast<uint32_t>(static_cast<uint8_t>(name[1])) << 8 |
         static_cast<uint32_t>(static_cast<uint8_t>(name[2])) << 16 | static_cast<uint32_t>(static_cast<uint8_t>(name[3])) << 24;
}

constexpr int kDeepestList = 6;
constexpr int kMostChunks = 400'000;

enum class Coding : uint8_t { kNone, kJpeg, kBitmap, kGrey, kYuyv, kUyvy, kPlanar };

struct VideoStream {
  int index = -1;
  double frame_ms = 0;       // 0 = not stated
  int width = 0, height = 0;
  bool top_down = false;
  int bits = 0;
  uint32_t compression = 0;
  std::array<uint8_t, 3 * 256> palette{};   // RGB
  int frames = 0;            // as stated
};

Coding coding_of(const VideoStream& stream, const Bytes& first_chunk) {
  const uint32_t name = stream.compression;
  if (first_chunk.u16_big(0) == 0xFFD8) return Coding::kJpeg;
  if (name == 0 || name == fourcc("DIB ") || name == fourcc("RGB "))
    return stream.bits == 8 || stream.bits == 24 || stream.bits == 32 ? Coding::kBitmap : Coding::kNone;
  if (name == fourcc("Y800") || name == fourcc("Y8  ") || name == fourcc("GREY")) return Coding::kGrey;
  if (name == fourcc("YUY2") || name == fourcc("YUYV")) return Coding::kYuyv;
  if (name == fourcc("UYVY")) return Coding::kUyvy;
  if (name == fourcc("I420") || name == fourcc("IYUV") || name == fourcc("YV12")) return Coding::kPlanar;
  return Coding::kNone;
}

// Grey or RGB bytes of an uncompressed frame; false where the chunk is too short.
bool unpack(const VideoStream& stream, Coding coding, const Bytes& chunk, std::vector<uint8_t>& out) {
  const auto width = static_cast<size_t>(stream.width), height = static_cast<size_t>(stream.height);
  if (coding == Coding::kBitmap) {
    const size_t row = (width * static_cast<size_t>(stream.bits) + 31) / 32 * 4, step = static_cast<size_t>(stream.bits) / 8;
    if (chunk.size() < row * height) return false;
    out.resize(3 * width * height);
    uint8_t* to = out.data();
    for (size_t y = 0; y < height; ++y) {
      const uint8_t* from = chunk.data.data() + (stream.top_down ? y : height - 1 - y) * row;
      for (size_t x = 0; x < width; ++x, from += step, to += 3) {
        if (step == 1) std::copy_n(stream.palette.data() + 3 * size_t{*from}, 3, to);
        else to[0] = from[2], to[1] = from[1], to[2] = from[0];
      }
    }
    return true;
  }
  // The others carry luminance, and colour at half its width.
  const size_t pixels = width * height;
  const bool packed = coding == Coding::kYuyv || coding == Coding::kUyvy;
  const size_t half_width = (width + 1) / 2, half_height = (height + 1) / 2;
  const size_t needed = coding == Coding::kGrey ? pixels : packed ? 4 * half_width * height : pixels + 2 * half_width * half_height;
  if (chunk.size() < needed) return false;
  const uint8_t* data = chunk.data.data();
  if (coding == Coding::kGrey) {
    out.assign(data, data + pixels);
    return true;
  }
  out.resize(3 * pixels);
  const bool v_first = stream.compression == fourcc("YV12");
  for (size_t y = 0; y < height; ++y)
    for (size_t x = 0; x < width; ++x) {
      int luma, u, v;
      if (packed) {
        const uint8_t* four = data + 4 * (y * half_width + x / 2);
        const size_t odd = x % 2;
        luma = coding == Coding::kYuyv ? four[2 * odd] : four[2 * odd + 1];
        u = coding == Coding::kYuyv ? four[1] : four[0], v = coding == Coding::kYuyv ? four[3] : four[2];
      } else {
        const size_t at = (y / 2) * half_width + x / 2, plane = half_width * half_height;
        luma = data[y * width + x];
        u = data[pixels + at + (v_first ? plane : 0)], v = data[pixels + at + (v_first ? 0 : plane)];
      }
      // ITU-R BT.601, video range.
      const int c = 298 * (luma - 16) + 128;
      uint8_t* to = out.data() + 3 * (y * width + x);
      to[0] = static_cast<uint8_t>(std::clamp((c + 409 * (v - 128)) >> 8, 0, 255));
      to[1] = static_cast<uint8_t>(std::clamp((c - 100 * (u - 128) - 208 * (v - 128)) >> 8, 0, 255));
      to[2] = static_cast<uint8_t>(std::clamp((c + 516 * (u - 128)) >> 8, 0, 255));
    }
  return true;
}

class AviReader {
 public:
  explicit AviReader(ByteSource& file) : file_(file) {}

  Result<EchoClip> read() {
    size_t at = 0;
    while (at < file_.size() && file_.size() - at >= 12 && file_.u32(at) == fourcc("RIFF") && !stopped()) {
      const size_t size = size_at(at + 4);
      chunks(at + 12, std::min(at + 8 + size, file_.size()), 0);
      if (at + 8 + size > file_.size()) cut_short_ = true;
      at += 8 + size + size % 2;
    }
    if (error_) return std::unexpected(std::move(*error_));
    if (!builder_) {
      if (stream_.index < 0) return fail(ErrorCode::kNotRecognised, "This AVI file holds no video; open the ultrasound clip itself.");
      return fail(ErrorCode::kDamaged, "This AVI file ends before its first frame; copy it again.");
    }
    if (cut_short_ && !builder_->full()) builder_->note("The file ends early; frames at the end of this clip are missing.");
    return builder_->finish();
  }

 private:
  // A size that is stated at `at`, no larger than the file: so that the sum of an offset and a size fits into 32 bits.
  size_t size_at(size_t at) { return std::min<size_t>(file_.u32(at), file_.size()); }
  bool stopped() const { return error_ || (builder_ && builder_->full()) || chunks_seen_ > kMostChunks; }
  void stop(ErrorCode code, std::string sentence) { error_ = Error{code, std::move(sentence), {}}; }

  void chunks(size_t at, size_t end, int depth) {
    int streams_here = 0;
    while (at + 8 <= end && !stopped()) {
      ++chunks_seen_;
      const uint32_t id = file_.u32(at);
      const size_t size = size_at(at + 4), content = at + 8, stop_at = std::min(content + size, end);
      if (content + size > end) cut_short_ = true;
      if (id == fourcc("LIST") && depth < kDeepestList) {
        const uint32_t kind = file_.u32(content);
        if (kind == fourcc("strl")) stream_header(content + 4, stop_at, streams_here++);
        else if (kind == fourcc("hdrl") || kind == fourcc("movi") || kind == fourcc("rec ")) chunks(content + 4, stop_at, depth + 1);
      } else if (is_frame(id)) {
        frame(file_.part(content, stop_at - content), stop_at - content == size);
      }
      if (size == 0 && id == 0) break;   // padding, or nothing that can be told apart from it
      at = content + size + size % 2;
    }
  }

  bool is_frame(uint32_t id) const {
    if (stream_.index < 0) return false;
    const int digits = static_cast<int>((id & 0xFF) - '0') * 10 + static_cast<int>((id >> 8 & 0xFF) - '0');
    return digits == stream_.index && (id >> 16 == (uint32_t{'d'} | uint32_t{'c'} << 8) || id >> 16 == (uint32_t{'d'} | uint32_t{'b'} << 8));
  }

  void stream_header(size_t at, size_t end, int index) {
    if (stream_.index >= 0) return;   // the first video stream
    VideoStream stream;
    bool is_video = false;
    while (at + 8 <= end) {
      const uint32_t id = file_.u32(at);
      const size_t size = size_at(at + 4), content = at + 8;
      if (id == fourcc("strh")) {
        is_video = file_.u32(content) == fourcc("vids");
        const double scale = file_.u32(content + 20), rate = file_.u32(content + 24);
        if (scale > 0 && rate > 0) stream.frame_ms = 1000 * scale / rate;
        stream.frames = static_cast<int>(std::min<uint32_t>(file_.u32(content + 32), kMostSourceFrames));
      } else if (id == fourcc("strf") && is_video) {
        const int32_t height = file_.i32(content + 8);
        stream.width = file_.i32(content + 4);
        stream.height = height == INT32_MIN ? 0 : std::abs(height);
        stream.top_down = height < 0;
        stream.bits = file_.u16(content + 14);
        stream.compression = file_.u32(content + 16);
        const size_t colours = content + file_.u32(content);
        const size_t stated = file_.u32(content + 32), count = stated == 0 || stated > 256 ? 256 : stated;
        const Bytes palette = file_.part(colours, 4 * count);
        for (size_t i = 0; i < count && colours + 4 * i + 4 <= content + size; ++i)
          for (size_t c = 0; c < 3; ++c) stream.palette[3 * i + c] = palette.u8(4 * i + 2 - c);
      }
      at = content + size + size % 2;
    }
    if (!is_video) return;
    stream.index = index;
    stream_ = stream;
  }

  void begin(const Bytes& first_chunk) {
    coding_ = coding_of(stream_, first_chunk);
    if (coding_ == Coding::kNone) {
      std::string name;
      for (int i = 0; i < 4; ++i) name += static_cast<char>(stream_.compression >> 8 * i);
      return stop(ErrorCode::kNotRecognised, "The video of this AVI file is compressed as \"" + printable_text(name, 8) +
                                                 "\", which this program does not read; export it as MP4 (H.264), as DICOM, or as AVI with Motion JPEG.");
    }
    if (stream_.width <= 0 || stream_.height <= 0) return stop(ErrorCode::kDamaged, "This AVI file is damaged; copy it again.");
    if (stream_.width > kLargestFrameSide || stream_.height > kLargestFrameSide || int64_t{stream_.width} * stream_.height > kLargestFramePixels)
      return stop(ErrorCode::kTooLarge, "The frames of this AVI file are larger than this program reads; export it smaller.");
    ClipSource source{.format = "AVI"};
    if (stream_.frames > 0) source.expected_frames = stream_.frames;
    if (stream_.frames > 0 && stream_.frame_ms > 0) source.expected_seconds = stream_.frames * stream_.frame_ms / 1000;
    builder_.emplace(std::move(source));
  }

  void frame(const Bytes& chunk, bool whole) {
    const auto time = stream_.frame_ms > 0 ? std::optional(frame_number_ * stream_.frame_ms) : std::nullopt;
    ++frame_number_;
    if (chunk.size() == 0) return;   // the frame before stays: nothing new
    if (!builder_) begin(chunk);
    if (error_) return;
    unfolded_ += static_cast<uint64_t>(stream_.width) * static_cast<uint64_t>(stream_.height);
    if (unfolded_ > most_clip_pixels(file_.size())) return stop(ErrorCode::kDamaged, "This AVI file is damaged; copy it again.");
    Result<void> added;
    if (coding_ == Coding::kJpeg) {
      // Some writers state a size that differs from the pictures'.
      const auto picture = whole ? decode_jpeg_frame(chunk.data, 0, 0, false) : std::nullopt;
      if (!picture) return builder_->skip();
      unfolded_ += static_cast<uint64_t>(picture->width) * static_cast<uint64_t>(picture->height);
      added = builder_->add({picture->width, picture->height, picture->channels, picture->samples, time});
    } else {
      if (!unpack(stream_, coding_, chunk, unpacked_)) return builder_->skip();
      added = builder_->add({stream_.width, stream_.height, coding_ == Coding::kGrey ? 1 : 3, unpacked_, time});
    }
    if (!added) error_ = std::move(added.error());
  }

  ByteSource& file_;
  VideoStream stream_;
  Coding coding_ = Coding::kNone;
  std::optional<ClipBuilder> builder_;
  std::optional<Error> error_;
  std::vector<uint8_t> unpacked_;
  uint64_t unfolded_ = 0;
  int frame_number_ = 0, chunks_seen_ = 0;
  bool cut_short_ = false;
};

}  // namespace

bool is_avi(std::span<const uint8_t> bytes) {
  const Bytes file{bytes};
  return file.text(0, 4) == "RIFF" && file.text(8, 4) == "AVI ";
}

Result<EchoClip> read_avi_clip(ByteSource& file) { return AviReader(file).read(); }

}  // namespace precordia
