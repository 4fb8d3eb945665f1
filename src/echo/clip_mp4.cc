// MP4 and MOV (ISO/IEC 14496-12) whose video is MPEG-4 Part 2: what browsers do not decode (mpeg4_video.h). H.264 and all newer kinds are
// the browser's (web/clip_video.js); they are told apart here by the sample description.
#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/text.h"
#include "echo/clip_formats.h"
#include "echo/mpeg4_video.h"

namespace precordia {
namespace {

constexpr int kMostBoxes = 10'000;
constexpr uint8_t kVisualPart2 = 0x20;   // object type of the decoder configuration (14496-1 table 5)

// The content of the first box of a kind inside `parent`; empty when there is none.
struct Box {
  size_t header = 8;
  uint64_t size = 0;
};
Box box_at(const Bytes& bytes, size_t at) {
  const uint32_t size = bytes.u32_big(at);
  if (size == 0) return {8, bytes.size() - at};
  if (size == 1) return {16, uint64_t{bytes.u32_big(at + 8)} << 32 | bytes.u32_big(at + 12)};
  return {8, size};
}

template <typename Visit>
void each_box(const Bytes& parent, Visit visit) {
  size_t at = 0;
  for (int count = 0; count < kMostBoxes && parent.has(at, 8); ++count) {
    const Box box = box_at(parent, at);
    if (box.size < box.header || !parent.has(at, box.header)) return;
    const auto length = static_cast<size_t>(std::min<uint64_t>(box.size, parent.size() - at));
    if (!visit(parent.text(at + 4, 4), parent.part(at + box.header, length - box.header)) || box.size > parent.size() - at) return;
    at += length;
  }
}

Bytes child(const Bytes& parent, std::string_view kind) {
  Bytes found;
  each_box(parent, [&](std::string_view name, const Bytes& content) {
    if (name != kind) return true;
    found = content;
    return false;
  });
  return found;
}

struct VideoTrack {
  std::string coding;          // "mp4v", "avc1", ...
  Bytes configuration;         // of the decoder, for MPEG-4 Part 2
  Bytes times, offsets_from_times, groups, sizes, places, places_64;   // stts, ctts, stsc, stsz, stco, co64
  uint32_t timescale = 0;
  bool is_part_2 = false;
};

// The descriptors of an esds box: a tag, a length in groups of seven bits, content.
Bytes descriptor(const Bytes& bytes, uint8_t wanted, size_t skip) {
  size_t at = skip;
  for (int count = 0; count < 32 && bytes.has(at, 2); ++count) {
    const uint8_t tag = bytes.u8(at++);
    size_t length = 0;
    for (int k = 0; k < 4; ++k) {
      const uint8_t part = bytes.u8(at++);
      length = length << 7 | (part & 0x7F);
      if (!(part & 0x80)) break;
    }
    if (tag == wanted) return bytes.part(at, length);
    at += length;
  }
  return {};
}

std::optional<VideoTrack> video_track(std::span<const uint8_t> file) {
  std::optional<VideoTrack> found;
  each_box(child({file}, "moov"), [&](std::string_view name, const Bytes& track) {
    if (name != "trak") return true;
    const Bytes media = child(track, "mdia");
    if (child(media, "hdlr").text(8, 4) != "vide") return true;
    const Bytes header = child(media, "mdhd"), table = child(child(media, "minf"), "stbl"), description = child(table, "stsd");
    VideoTrack video;
    video.timescale = header.u8(0) == 1 ? header.u32_big(20) : header.u32_big(12);
    video.coding = std::string(description.text(12, 4));
    const Bytes entry = description.part(8, description.u32_big(8));
    const Bytes stream = descriptor(child(entry.from(8 + 78), "esds"), 3, 4);
    const uint8_t flags = stream.u8(2);
    size_t skip = 3 + (flags & 0x80 ? 2 : 0) + (flags & 0x20 ? 2 : 0);
    if (flags & 0x40) skip += 1 + size_t{stream.u8(skip)};
    const Bytes decoder = descriptor(stream, 4, skip);
    video.is_part_2 = video.coding == "mp4v" && decoder.u8(0) == kVisualPart2;
    video.configuration = descriptor(decoder, 5, 13);
    video.times = child(table, "stts"), video.offsets_from_times = child(table, "ctts"), video.groups = child(table, "stsc");
    video.sizes = child(table, "stsz"), video.places = child(table, "stco"), video.places_64 = child(table, "co64");
    found = video;
    return false;
  });
  return found;
}

bool is_mp4(const Bytes& file) {
  const auto kind = file.text(4, 4);
  return kind == "ftyp" || kind == "moov" || kind == "mdat" || kind == "wide";
}

// Walks a table of (count, value) pairs: stts and ctts.
class Runs {
 public:
  explicit Runs(const Bytes& table) : table_(table), entries_(table.u32_big(4)) {}
  std::optional<int64_t> next() {
    while (left_ == 0) {
      if (entry_ >= entries_ || !table_.has(8 + 8 * entry_, 8)) return {};
      left_ = table_.u32_big(8 + 8 * entry_), value_ = static_cast<int32_t>(table_.u32_big(12 + 8 * entry_));
      ++entry_;
    }
    --left_;
    return value_;
  }

 private:
  Bytes table_;
  size_t entries_, entry_ = 0;
  uint32_t left_ = 0;
  int64_t value_ = 0;
};

}  // namespace

bool is_part_2_mp4(std::span<const uint8_t> bytes) {
  if (!is_mp4({bytes})) return false;
  const auto track = video_track(bytes);
  return track && track->is_part_2;
}

bool is_other_video(std::span<const uint8_t> bytes) {
  const Bytes file{bytes};
  if (file.u32_big(0) == 0x1A45DFA3) return true;   // WebM, Matroska
  return is_mp4(file) && video_track(bytes).has_value();
}

Result<EchoClip> read_mp4_clip(std::span<const uint8_t> bytes) {
  const Bytes file{bytes};
  const auto track = video_track(bytes);
  if (!track || !track->is_part_2) return fail(ErrorCode::kNotRecognised, "This MP4 file holds no video that this program reads.");
  const uint32_t same_size = track->sizes.u32_big(4);
  const size_t stated = std::min<size_t>(track->sizes.u32_big(8), kMostSourceFrames);
  const bool wide = track->places.size() == 0;
  const Bytes& places = wide ? track->places_64 : track->places;
  const size_t chunks = std::min<size_t>(places.u32_big(4), places.size() / (wide ? 8 : 4));

  ClipSource source{.format = "MP4"};
  source.expected_frames = static_cast<int>(std::max<size_t>(1, stated));
  if (const Bytes& times = track->times; track->timescale > 0)
    source.expected_seconds = static_cast<double>(stated) * times.u32_big(12) / track->timescale;
  ClipBuilder builder(std::move(source));
  Mpeg4Video video;
  video.decode(track->configuration.data, kLargestFramePixels);
  Runs durations(track->times), offsets(track->offsets_from_times);
  const bool has_offsets = track->offsets_from_times.size() > 8;
  std::vector<uint8_t> rgb;
  int64_t now = 0;
  int left_out = 0;
  uint64_t unfolded = 0;
  size_t sample = 0, group = 0;
  for (size_t chunk = 0; chunk < chunks && sample < stated && !builder.full(); ++chunk) {
    uint64_t at = wide ? uint64_t{places.u32_big(8 + 8 * chunk)} << 32 | places.u32_big(12 + 8 * chunk) : places.u32_big(8 + 4 * chunk);
    while (group + 1 < track->groups.u32_big(4) && track->groups.has(8 + 12 * (group + 1), 12) && track->groups.u32_big(8 + 12 * (group + 1)) <= chunk + 1) ++group;
    const uint32_t in_chunk = track->groups.u32_big(12 + 12 * group);
    for (uint32_t k = 0; k < in_chunk && sample < stated && !builder.full(); ++k, ++sample) {
      const size_t size = same_size > 0 ? same_size : track->sizes.u32_big(12 + 4 * sample);
      const auto duration = durations.next(), offset = has_offsets ? offsets.next() : std::optional<int64_t>(0);
      const auto time = duration && offset && track->timescale > 0 ? std::optional(1000.0 * static_cast<double>(now + *offset) / track->timescale) : std::nullopt;
      now += duration.value_or(0);
      const Bytes unit = at < file.size() ? file.part(static_cast<size_t>(at), size) : Bytes{};
      at += size;
      if (unit.size() < size || size == 0) {
        builder.skip();
        continue;
      }
      unfolded += static_cast<uint64_t>(video.width()) * static_cast<uint64_t>(video.height());
      if (unfolded > most_clip_pixels(file.size())) return fail(ErrorCode::kDamaged, "This MP4 file is damaged; copy it again.", "more pixels than the file can hold");
      switch (video.decode(unit.data, kLargestFramePixels)) {
        case Mpeg4Video::Outcome::kFrame: {
          video.rgb(rgb);
          if (auto added = builder.add({video.width(), video.height(), 3, rgb, time}); !added) return std::unexpected(added.error());
          break;
        }
        case Mpeg4Video::Outcome::kLeftOut: ++left_out; break;
        case Mpeg4Video::Outcome::kNothing: break;
        case Mpeg4Video::Outcome::kDamaged: builder.skip(); break;
        case Mpeg4Video::Outcome::kUnsupported:
          return fail(ErrorCode::kNotRecognised, "The video of this MP4 file uses a kind of MPEG-4 that this program does not read; export it as MP4 (H.264) or as DICOM.");
      }
    }
  }
  if (left_out > 0) builder.note(format_text("%d frames between others (B frames) are left out.", left_out));
  return builder.finish();
}

}  // namespace precordia
