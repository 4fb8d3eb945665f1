// Clips that end early and clips with wrong bits, of every format: a refusal in one sentence or a clip that keeps what echo_clip.h
// promises, within a second and within memory. PRECORDIA_ROBUSTNESS=full runs 10,000 of them; the usual run a few hundred.
#include <doctest/doctest.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

#include <chrono>
#include <cstdlib>

#include "base/text.h"
#include "echo/clip_reader.h"
#include "echo_clip_files.h"
#include "real_data.h"

using namespace precordia;

namespace {

constexpr double kLongestSeconds = 1;
constexpr int kFull = 10'000;
#ifdef __EMSCRIPTEN__
constexpr int kUsual = 60;
constexpr double kSlower = 20;
#else
constexpr int kUsual = 300;
constexpr double kSlower = 10;   // a busy machine is no hang; the full run keeps to the second
#endif

struct Noise {
  uint64_t state;
  uint32_t next() {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<uint32_t>(state >> 33);
  }
};

std::string broken_promise(const Result<EchoClip>& clip) {
  if (!clip) {
    const auto& message = clip.error().message;
    return message.empty() || message.size() > 400 || message.find('\n') != std::string::npos || !is_valid_utf8(message) ? "bad sentence: " + message : "";
  }
  const auto size = static_cast<size_t>(clip->side) * static_cast<size_t>(clip->side);
  if (clip->side < kSmallestClipSide || clip->side > kLargestClipSide) return "impossible side";
  if (clip->frame_count() < 1 || clip->frames.size() != size * clip->times_ms.size() || clip->sector.size() != size) return "sizes do not fit";
  if (clip->frames.size() > kLargestClipPixels) return "too much memory";
  for (size_t i = 1; i < clip->times_ms.size(); ++i)
    if (!(clip->times_ms[i] > clip->times_ms[i - 1])) return "times do not rise";
  for (size_t i = 0; i < clip->frames.size(); ++i)
    if (clip->frames[i] != 0 && clip->sector[i % size] == 0) return "a pixel outside the sector is kept";
  const PictureBox& box = clip->sector_box;
  if (box.x < 0 || box.y < 0 || box.width <= 0 || box.height <= 0 || box.x + box.width > clip->source_width || box.y + box.height > clip->source_height)
    return "the box lies outside the picture";
  return "";
}

std::vector<uint8_t> jpeg_of(const TestPicture& picture) {
  std::vector<uint8_t> out;
  stbi_write_jpg_to_func([](void* to, void* data, int size) {
    auto& bytes = *static_cast<std::vector<uint8_t>*>(to);
    bytes.insert(bytes.end(), static_cast<uint8_t*>(data), static_cast<uint8_t*>(data) + size);
  }, &out, picture.width, picture.height, 3, picture.rgb.data(), 80);
  return out;
}

struct Named {
  std::string name;
  std::vector<uint8_t> bytes;
};

// A small clip in every format.
std::vector<Named> clips() {
  constexpr int kWide = 220, kHigh = 200, kCount = 5;
  TestDicom native{.columns = kWide, .rows = kHigh};
  native.regions = {{.left = 0, .top = 5, .right = 219, .bottom = 180}};
  TestDicom rgb{.photometric = "RGB", .columns = kWide, .rows = kHigh, .samples = 3}, palette = native;
  palette.photometric = "PALETTE COLOR";
  for (int i = 0; i < 256; ++i) palette.palette.insert(palette.palette.end(), 3, static_cast<uint8_t>(i));
  TestDicom rle = native, jpeg = rgb, lossless = native;
  rle.syntax = "1.2.840.10008.1.2.5";
  jpeg.syntax = "1.2.840.10008.1.2.4.50", jpeg.photometric = "YBR_FULL_422";
  lossless.syntax = "1.2.840.10008.1.2.4.70";
  std::vector<GifFrame> gif;
  std::vector<std::vector<uint8_t>> bitmaps, motion;
  for (int t = 0; t < kCount; ++t) {
    const auto picture = screen_frame(t, kWide, kHigh);
    const auto grey = picture.grey();
    native.pixels.push_back(grey), palette.pixels.push_back(grey), rgb.pixels.push_back(picture.rgb);
    rle.pixels.push_back(rle_frame({grey}));
    jpeg.pixels.push_back(jpeg_of(picture));
    lossless.pixels.push_back(lossless_jpeg(kWide, kHigh, 1, 8, 1, {grey.begin(), grey.end()}));
    gif.push_back({0, 0, kWide, kHigh, grey, 4, t % 4, t % 3 == 2 ? 254 : -1, false});
    std::vector<uint8_t> rows;
    for (int y = kHigh - 1; y >= 0; --y) {
      rows.insert(rows.end(), grey.begin() + y * kWide, grey.begin() + (y + 1) * kWide);
      rows.resize((rows.size() + 3) / 4 * 4);
    }
    bitmaps.push_back(rows), motion.push_back(jpeg_of(picture));
  }
  std::vector<Named> out = {{"native.dcm", native.bytes()}, {"rgb.dcm", rgb.bytes()}, {"palette.dcm", palette.bytes()}, {"rle.dcm", rle.bytes()},
                            {"jpeg.dcm", jpeg.bytes()}, {"lossless.dcm", lossless.bytes()}, {"a.gif", gif_file(kWide, kHigh, gif)},
                            {"raw.avi", avi_file(kWide, kHigh, 8, "", 1, 25, bitmaps)}, {"mjpeg.avi", avi_file(kWide, kHigh, 24, "MJPG", 1, 25, motion)},
                            {"a.bmp", bmp_file(screen_frame(0, kWide, kHigh))}, {"a.jpg", jpeg_of(screen_frame(0, kWide, kHigh))}};
  if (const auto path = real_data("echo/sonosite_a4c_30frames.dcm")) out.push_back({"sonosite.dcm", file_bytes(*path)});
  return out;
}

// Where a format's structure lies: half of the wrong bits go there, or pixels would get nearly all of them.
size_t place(Noise& noise, size_t size) {
  const size_t head = std::min<size_t>(size, 2048);
  return noise.next() % 2 == 0 ? noise.next() % head : noise.next() % size;
}

}  // namespace

TEST_CASE("clips cut short or with wrong bits are refused in a sentence or read for what is there, in time") {
  const auto all = clips();
  const char* wanted = std::getenv("PRECORDIA_ROBUSTNESS");
  const int count = wanted ? kFull : kUsual;
  Noise noise{2026};
  double slowest = 0;
  std::string wrong;
  for (const auto& clip : all) {
    const InputClipFile whole{clip.name, clip.bytes};
    const auto answer = read_clip({&whole, 1});
    CHECK_MESSAGE(answer, clip.name << ": " << (answer ? "" : answer.error().message));
  }
  for (int k = 0; k < count && wrong.empty(); ++k) {
    const auto& clip = all[static_cast<size_t>(k) % all.size()];
    auto bytes = clip.bytes;
    const int kind = static_cast<int>(noise.next() % 4);
    if (kind == 0 || kind == 3) bytes.resize(noise.next() % bytes.size());
    if (kind > 0 && !bytes.empty())
      for (int flips = 1 + static_cast<int>(noise.next() % 8); flips > 0; --flips) {
        uint8_t& byte = bytes[place(noise, bytes.size())];
        byte = noise.next() % 2 ? static_cast<uint8_t>(byte ^ 1u << noise.next() % 8) : static_cast<uint8_t>(noise.next());
      }
    const InputClipFile file{clip.name, bytes};
    const auto started = std::chrono::steady_clock::now();
    const auto answer = read_clip({&file, 1});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    slowest = std::max(slowest, seconds);
    wrong = broken_promise(answer);
    if (wrong.empty() && seconds > kLongestSeconds * (wanted ? 1 : kSlower)) wrong = format_text("took %.1f seconds", seconds);
    if (!wrong.empty()) wrong = format_text("number %d, %s: ", k, clip.name.c_str()) + wrong;
  }
  CHECK_MESSAGE(wrong.empty(), wrong);
  if (wanted) MESSAGE(count << " clips, the slowest took " << slowest << " s");
}
