// MPEG-4 Part 2 video in MP4 and AVI.
#include <doctest/doctest.h>

#include "echo/clip_builder.h"
#include "echo/clip_reader.h"
#include "echo/mpeg4_video.h"
#include "echo_mpeg4_files.h"
#include "real_data.h"

using namespace precordia;

namespace {

constexpr int64_t kPlenty = 1 << 22;

// What a level of the video range is in full range (ITU-R BT.601).
int full_range(int level) { return std::clamp((298 * (level - 16) + 128) >> 8, 0, 255); }

Result<EchoClip> read_bytes(const std::vector<uint8_t>& bytes) {
  const InputClipFile file{"clip", bytes};
  return read_clip({&file, 1});
}

}  // namespace

TEST_CASE("intra frames come out as the blocks that went in, a repeated one as before, a moved one moved") {
  constexpr int kColumns = 5, kRows = 4;
  const auto clip = mpeg4_clip(kColumns, kRows, 2);
  Mpeg4Video video;
  CHECK(video.decode(clip.samples[1], kPlenty) == Mpeg4Video::Outcome::kDamaged);   // before any header
  CHECK(video.decode(clip.layer, kPlenty) == Mpeg4Video::Outcome::kNothing);
  CHECK(video.decode(clip.samples[1], kPlenty) == Mpeg4Video::Outcome::kDamaged);   // before any intra frame
  std::vector<uint8_t> rgb, again;
  for (size_t t = 0; t < 2; ++t) {
    REQUIRE(video.decode(clip.samples[2 * t], kPlenty) == Mpeg4Video::Outcome::kFrame);
    CHECK(video.width() == 16 * kColumns);
    CHECK(video.height() == 16 * kRows);
    video.rgb(rgb);
    int wrong = 0;
    for (int y = 0; y < video.height(); ++y)
      for (int x = 0; x < video.width(); ++x)
        for (size_t c = 0; c < 3; ++c)
          wrong += rgb[3 * static_cast<size_t>(y * video.width() + x) + c] != full_range(clip.means[t][static_cast<size_t>(y / 8 * 2 * kColumns + x / 8)]);
    CHECK(wrong == 0);
    REQUIRE(video.decode(clip.samples[2 * t + 1], kPlenty) == Mpeg4Video::Outcome::kFrame);
    video.rgb(again);
    CHECK(again == rgb);
  }
  REQUIRE(video.decode(mpeg4_moved(kColumns, kRows, true), kPlenty) == Mpeg4Video::Outcome::kFrame);
  video.rgb(again);
  int wrong = 0;
  for (int y = 0; y < video.height(); ++y)
    for (int x = 0; x < video.width(); ++x)
      wrong += again[3 * static_cast<size_t>(y * video.width() + x)] != rgb[3 * static_cast<size_t>(y * video.width() + std::max(0, x - 1))];
  CHECK(wrong == 0);
}

TEST_CASE("a frame with wrong bits is damaged, and so is all that follows it up to the next intra frame") {
  const auto clip = mpeg4_clip(6, 5, 2);
  Mpeg4Video video;
  video.decode(clip.layer, kPlenty);
  auto broken = clip.samples[0];
  broken.resize(broken.size() / 2);
  CHECK(video.decode(broken, kPlenty) == Mpeg4Video::Outcome::kDamaged);
  CHECK(video.decode(clip.samples[1], kPlenty) == Mpeg4Video::Outcome::kDamaged);
  CHECK(video.decode(clip.samples[2], kPlenty) == Mpeg4Video::Outcome::kFrame);
  CHECK(video.decode(clip.samples[3], kPlenty) == Mpeg4Video::Outcome::kFrame);
  CHECK(Mpeg4Video().decode(mpeg4_layer(8000, 8000), kPlenty) == Mpeg4Video::Outcome::kUnsupported);   // over the limit
}

TEST_CASE("MP4 and AVI clips of MPEG-4 Part 2 are read with their times; other MP4 is the browser's") {
  const auto clip = mpeg4_clip(60, 56, 6);
  const auto bytes = mp4_file(960, 896, clip.layer, clip.samples, 1000, 20);
  CHECK(clip_kind(bytes) == ClipKind::kMp4);
  const auto read = read_bytes(bytes);
  REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
  CHECK(read->format == "MP4");
  CHECK(read->frame_count() == 12);
  CHECK(read->times_ms[5] == doctest::Approx(100));
  auto samples = clip.samples;
  samples[0].insert(samples[0].begin(), clip.layer.begin(), clip.layer.end());   // AVI has no other place for it
  const auto avi = read_bytes(avi_file(960, 896, 24, "XVID", 1, 50, samples));
  REQUIRE_MESSAGE(avi, (avi ? "" : avi.error().message));
  CHECK(avi->frames == read->frames);
  CHECK(avi->times_ms == read->times_ms);
  const auto other = mp4_file(960, 896, clip.layer, clip.samples, 1000, 20, "avc1");
  CHECK(clip_kind(other) == ClipKind::kNone);
  const auto refused = read_bytes(other);
  REQUIRE(!refused);
  CHECK(refused.error().message.find("browser") != std::string::npos);
}

TEST_CASE("the real MP4 clips, which no browser decodes, are read whole") {
  const auto folder = real_data("echo");
  if (!folder) return;
  struct Expected {
    const char* name;
    int width, height, frames;
    double step_ms;
  };
  for (const auto& [name, width, height, frames, step_ms] : {Expected{"echotracker_input.mp4", 1024, 768, 45, 50}, Expected{"echotracker_input1.mp4", 630, 584, 68, 40}}) {
    const auto clip = read_bytes(file_bytes(*folder / name));
    REQUIRE_MESSAGE(clip, (clip ? "" : clip.error().message));
    CHECK(clip->source_width == width);
    CHECK(clip->source_height == height);
    CHECK(clip->frame_count() == frames);
    CHECK(clip->times_known);
    CHECK(clip->times_ms.back() == doctest::Approx((frames - 1) * step_ms));
    CHECK(clip->notes.empty());
    CHECK(clip->sector_box.width == width);
  }
}
