// Every clip format: what comes out of a file is what was put into it, with its times and sizes.
#include <doctest/doctest.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

#include "base/byte_source.h"
#include "echo/clip_builder.h"
#include "echo/clip_jpeg.h"
#include "echo/clip_reader.h"
#include "echo_clip_files.h"
#include "real_data.h"

using namespace precordia;

namespace {

constexpr int kWidth = 220, kHeight = 200, kFrames = 8;

std::vector<TestPicture> pictures() {
  std::vector<TestPicture> out;
  for (int t = 0; t < kFrames; ++t) out.push_back(screen_frame(t, kWidth, kHeight));
  return out;
}

Result<EchoClip> read_bytes(const std::vector<uint8_t>& bytes) {
  const InputClipFile file{"clip", bytes};
  return read_clip({&file, 1});
}

std::string refusal_of(const Result<EchoClip>& clip) { return clip ? "" : clip.error().message; }

bool has_note(const EchoClip& clip, std::string_view words) {
  return std::any_of(clip.notes.begin(), clip.notes.end(), [&](const auto& note) { return note.find(words) != std::string::npos; });
}

// The clip as the builder makes it of the undisturbed pictures, grey levels of the given bits.
EchoClip expected(bool grey) {
  ClipBuilder builder({.format = "test"});
  double time = 0;
  for (const auto& picture : pictures()) {
    const auto levels = picture.grey();
    const Result<void> added = grey ? builder.add({kWidth, kHeight, 1, levels, time}) : builder.add({kWidth, kHeight, 3, picture.rgb, time});
    REQUIRE(added);
    time += 40;
  }
  auto clip = builder.finish();
  REQUIRE(clip);
  return *clip;
}

double largest_difference(const EchoClip& a, const EchoClip& b) {
  if (a.frames.size() != b.frames.size()) return 1e9;
  double most = 0;
  for (size_t i = 0; i < a.frames.size(); ++i) most = std::max(most, std::abs(static_cast<double>(a.frames[i]) - b.frames[i]));
  return most;
}
double mean_difference(const EchoClip& a, const EchoClip& b) {
  if (a.frames.size() != b.frames.size()) return 1e9;
  double sum = 0;
  for (size_t i = 0; i < a.frames.size(); ++i) sum += std::abs(static_cast<double>(a.frames[i]) - b.frames[i]);
  return sum / static_cast<double>(a.frames.size());
}

TestDicom grey_dicom() {
  TestDicom dicom{.columns = kWidth, .rows = kHeight};
  for (const auto& picture : pictures()) dicom.pixels.push_back(picture.grey());
  return dicom;
}

std::vector<uint8_t> jpeg_of(const TestPicture& picture) {
  std::vector<uint8_t> out;
  stbi_write_jpg_to_func([](void* to, void* data, int size) {
    auto& bytes = *static_cast<std::vector<uint8_t>*>(to);
    bytes.insert(bytes.end(), static_cast<uint8_t*>(data), static_cast<uint8_t*>(data) + size);
  }, &out, picture.width, picture.height, 3, picture.rgb.data(), 100);
  return out;
}
std::vector<uint8_t> png_of(const TestPicture& picture) {
  std::vector<uint8_t> out;
  stbi_write_png_to_func([](void* to, void* data, int size) {
    auto& bytes = *static_cast<std::vector<uint8_t>*>(to);
    bytes.insert(bytes.end(), static_cast<uint8_t*>(data), static_cast<uint8_t*>(data) + size);
  }, &out, picture.width, picture.height, 3, picture.rgb.data(), 0);
  return out;
}

// A JPEG without one kind of its marker segments.
std::vector<uint8_t> without_segments(const std::vector<uint8_t>& jpeg, uint8_t marker) {
  std::vector<uint8_t> out(jpeg.begin(), jpeg.begin() + 2);
  size_t at = 2;
  while (jpeg[at + 1] != 0xDA) {
    const size_t length = 2u + static_cast<size_t>(jpeg[at + 2] << 8 | jpeg[at + 3]);
    if (jpeg[at + 1] != marker) out.insert(out.end(), jpeg.begin() + static_cast<ptrdiff_t>(at), jpeg.begin() + static_cast<ptrdiff_t>(at + length));
    at += length;
  }
  out.insert(out.end(), jpeg.begin() + static_cast<ptrdiff_t>(at), jpeg.end());
  return out;
}

// What PS3.3 C.7.6.3.1.2 makes of RGB.
std::vector<uint8_t> ybr_of(const TestPicture& picture) {
  std::vector<uint8_t> out;
  const auto byte = [](double v) { return static_cast<uint8_t>(std::clamp(std::lround(v), 0l, 255l)); };
  for (size_t i = 0; i < picture.rgb.size(); i += 3) {
    const double r = picture.rgb[i], g = picture.rgb[i + 1], b = picture.rgb[i + 2];
    out.push_back(byte(0.299 * r + 0.587 * g + 0.114 * b));
    out.push_back(byte(-0.1687 * r - 0.3313 * g + 0.5 * b + 128));
    out.push_back(byte(0.5 * r - 0.4187 * g - 0.0813 * b + 128));
  }
  return out;
}

std::vector<uint8_t> planes_of(const std::vector<uint8_t>& interleaved, size_t channel) {
  std::vector<uint8_t> out;
  for (size_t i = channel; i < interleaved.size(); i += 3) out.push_back(interleaved[i]);
  return out;
}

}  // namespace

TEST_CASE("a grey DICOM clip comes out as it was put in, with its frame time and without the patient's name") {
  const auto dicom = grey_dicom();
  const auto bytes = dicom.bytes();
  CHECK(clip_kind(bytes) == ClipKind::kDicom);
  const auto clip = read_bytes(bytes);
  REQUIRE_MESSAGE(clip, refusal_of(clip));
  CHECK(clip->format == "DICOM ultrasound");
  CHECK(clip->device == "Test Ultrasound");
  CHECK(clip->frame_count() == kFrames);
  CHECK(clip->times_known);
  CHECK(clip->times_ms[3] == doctest::Approx(120));
  CHECK(clip->source_width == kWidth);
  CHECK(!clip->mm_per_px_x);
  CHECK(largest_difference(*clip, expected(true)) == 0);
  for (const auto& note : clip->notes) CHECK(note.find("SECRET") == std::string::npos);
}

TEST_CASE("every way in which DICOM stores uncompressed and run-length coded pixels is read") {
  const auto grey = expected(true), colour = expected(false);
  SUBCASE("inverted grey") {
    auto dicom = grey_dicom();
    dicom.photometric = "MONOCHROME1";
    for (auto& frame : dicom.pixels)
      for (auto& value : frame) value = static_cast<uint8_t>(255 - value);
    const auto clip = read_bytes(dicom.bytes());
    REQUIRE_MESSAGE(clip, refusal_of(clip));
    CHECK(largest_difference(*clip, grey) == 0);
  }
  SUBCASE("16 bits allocated, 12 stored, native and run-length coded") {
    auto dicom = grey_dicom();
    dicom.bits = 16, dicom.stored = 12;
    auto rle = dicom;
    rle.syntax = "1.2.840.10008.1.2.5";
    for (size_t f = 0; f < dicom.pixels.size(); ++f) {
      ClipBytes wide;
      std::vector<uint8_t> high, low;
      const auto levels = dicom.pixels[f];
      for (const uint8_t value : levels) {
        const int level = value * 4095 / 255 + (value * 4095 % 255 != 0);   // the least that comes back as `value`
        wide.little(static_cast<uint32_t>(level), 2);
        high.push_back(static_cast<uint8_t>(level >> 8)), low.push_back(static_cast<uint8_t>(level));
      }
      dicom.pixels[f] = wide.bytes;
      rle.pixels[f] = rle_frame({high, low});
    }
    for (const auto& file : {dicom, rle}) {
      const auto clip = read_bytes(file.bytes());
      REQUIRE_MESSAGE(clip, refusal_of(clip));
      CHECK(largest_difference(*clip, grey) == 0);
    }
  }
  SUBCASE("RGB, by pixel, by plane and run-length coded") {
    TestDicom by_pixel{.photometric = "RGB", .columns = kWidth, .rows = kHeight, .samples = 3};
    auto by_plane = by_pixel, rle = by_pixel;
    by_plane.planar = 1;
    rle.syntax = "1.2.840.10008.1.2.5";
    for (const auto& picture : pictures()) {
      by_pixel.pixels.push_back(picture.rgb);
      ClipBytes planes;
      for (size_t c = 0; c < 3; ++c) planes.put(planes_of(picture.rgb, c));
      by_plane.pixels.push_back(planes.bytes);
      rle.pixels.push_back(rle_frame({planes_of(picture.rgb, 0), planes_of(picture.rgb, 1), planes_of(picture.rgb, 2)}));
    }
    for (const auto& file : {by_pixel, by_plane, rle}) {
      const auto clip = read_bytes(file.bytes());
      REQUIRE_MESSAGE(clip, refusal_of(clip));
      CHECK(largest_difference(*clip, colour) == 0);
    }
  }
  SUBCASE("YBR, full and with colour at half its width") {
    TestDicom full{.photometric = "YBR_FULL", .columns = kWidth, .rows = kHeight, .samples = 3};
    auto half = full;
    half.photometric = "YBR_FULL_422";
    for (const auto& picture : pictures()) {
      const auto ybr = ybr_of(picture);
      full.pixels.push_back(ybr);
      std::vector<uint8_t> two;
      for (size_t i = 0; i < ybr.size(); i += 6) two.insert(two.end(), {ybr[i], ybr[i + 3], ybr[i + 1], ybr[i + 2]});
      half.pixels.push_back(two);
    }
    for (const auto& file : {full, half}) {
      const auto clip = read_bytes(file.bytes());
      REQUIRE_MESSAGE(clip, refusal_of(clip));
      CHECK(largest_difference(*clip, colour) <= 2);
    }
  }
  SUBCASE("palette") {
    auto dicom = grey_dicom();
    dicom.photometric = "PALETTE COLOR";
    for (int i = 0; i < 256; ++i) dicom.palette.insert(dicom.palette.end(), 3, static_cast<uint8_t>(255 - i));
    for (auto& frame : dicom.pixels)
      for (auto& value : frame) value = static_cast<uint8_t>(255 - value);
    const auto clip = read_bytes(dicom.bytes());
    REQUIRE_MESSAGE(clip, refusal_of(clip));
    CHECK(largest_difference(*clip, grey) == 0);
  }
}

TEST_CASE("JPEG frames in DICOM are read, baseline and lossless with every predictor, and a bad one is left out") {
  const auto colour = expected(false), grey = expected(true);
  TestDicom baseline{.syntax = "1.2.840.10008.1.2.4.50", .photometric = "YBR_FULL_422", .columns = kWidth, .rows = kHeight, .samples = 3};
  for (const auto& picture : pictures()) baseline.pixels.push_back(jpeg_of(picture));
  const auto clip = read_bytes(baseline.bytes());
  REQUIRE_MESSAGE(clip, refusal_of(clip));
  CHECK(clip->frame_count() == kFrames);
  CHECK(mean_difference(*clip, colour) < 2);

  auto broken = baseline;
  broken.pixels[3].resize(broken.pixels[3].size() / 2);
  broken.pixels[5] = jpeg_of(TestPicture(64, 64));
  const auto rest = read_bytes(broken.bytes());
  REQUIRE_MESSAGE(rest, refusal_of(rest));
  CHECK(rest->frame_count() == kFrames - 2);
  CHECK(has_note(*rest, "2 frames could not be read"));
  CHECK(rest->times_ms[3] == doctest::Approx(160));   // the gap stays

  for (int predictor = 1; predictor <= 7; ++predictor) {
    auto lossless = grey_dicom();
    lossless.syntax = predictor == 1 ? "1.2.840.10008.1.2.4.70" : "1.2.840.10008.1.2.4.57";
    for (auto& frame : lossless.pixels) frame = lossless_jpeg(kWidth, kHeight, 1, 8, predictor, {frame.begin(), frame.end()});
    const auto same = read_bytes(lossless.bytes());
    REQUIRE_MESSAGE(same, refusal_of(same));
    CHECK(largest_difference(*same, grey) == 0);
  }
  auto rgb = TestDicom{.syntax = "1.2.840.10008.1.2.4.70", .photometric = "RGB", .columns = kWidth, .rows = kHeight, .samples = 3};
  for (const auto& picture : pictures()) rgb.pixels.push_back(lossless_jpeg(kWidth, kHeight, 3, 8, 1, {picture.rgb.begin(), picture.rgb.end()}));
  const auto same = read_bytes(rgb.bytes());
  REQUIRE_MESSAGE(same, refusal_of(same));
  CHECK(largest_difference(*same, colour) == 0);
}

TEST_CASE("a lossless JPEG with restarts, point transform or an impossible size is decoded or refused, never misread") {
  const std::vector<uint16_t> samples = {0, 1000, 2000, 4095, 7, 0, 4000, 12, 65, 33, 1, 4094};
  const auto jpeg = lossless_jpeg(4, 3, 1, 12, 4, samples);
  CHECK(is_lossless_jpeg(jpeg));
  const auto frame = decode_lossless_jpeg(jpeg, 4, 3);
  REQUIRE(frame);
  CHECK(frame->bits == 12);
  CHECK(frame->wide == samples);
  CHECK(!decode_lossless_jpeg(jpeg, 5, 3));
  auto cut = jpeg;
  cut.resize(cut.size() - 8);
  CHECK(!decode_lossless_jpeg(cut, 4, 3));
  auto huge = jpeg;
  huge[7] = 0x20, huge[9] = 0x20;   // 8192 x 8192 samples out of a dozen bytes
  CHECK(!decode_lossless_jpeg(huge, 0, 0));
}

TEST_CASE("frame times come from the vector, the frame time or the stated rates, and are not invented") {
  auto dicom = grey_dicom();
  dicom.frame_time_vector = "0\\30\\40\\30\\40\\30\\40\\30";
  const auto by_vector = read_bytes(dicom.bytes());
  REQUIRE(by_vector);
  CHECK(by_vector->times_ms[2] == 70);
  dicom.frame_time_vector.clear(), dicom.frame_time.clear(), dicom.cine_rate = "50";
  const auto by_rate = read_bytes(dicom.bytes());
  REQUIRE(by_rate);
  CHECK(by_rate->times_known);
  CHECK(by_rate->times_ms[1] == 20);
  CHECK(has_note(*by_rate, "rate at which this clip is to be played"));
  dicom.cine_rate.clear();
  const auto without = read_bytes(dicom.bytes());
  REQUIRE(without);
  CHECK(!without->times_known);
  CHECK(has_note(*without, "no frame times"));
  dicom.frame_time = "0";
  const auto zero = read_bytes(dicom.bytes());
  REQUIRE(zero);
  CHECK(!zero->times_known);
}

TEST_CASE("regions of a DICOM clip give its scale, and say what it is not") {
  auto dicom = grey_dicom();
  dicom.regions = {{.left = 0, .top = 8, .right = 219, .bottom = 176, .delta_cm = 0.08}};
  const auto clip = read_bytes(dicom.bytes());
  REQUIRE_MESSAGE(clip, refusal_of(clip));
  REQUIRE(clip->mm_per_px_x);
  CHECK(*clip->mm_per_px_x == doctest::Approx(0.8 * clip->sector_box.width / clip->side));
  CHECK(*clip->mm_per_px_y == doctest::Approx(0.8 * clip->sector_box.height / clip->side));

  auto misplaced = dicom;
  misplaced.regions[0].right = 90;   // half of the fan
  const auto found = read_bytes(misplaced.bytes());
  REQUIRE_MESSAGE(found, refusal_of(found));
  CHECK(found->sector_box.width == clip->sector_box.width);

  // The picture was halved, its region was not: the fan has to fit, and then the scale is doubled.
  const auto box = clip->sector_box;
  const auto twice = [](int v) { return static_cast<uint32_t>(2 * v); };
  dicom.regions = {{.left = twice(box.x), .top = twice(box.y), .right = twice(box.x + box.width) - 1, .bottom = twice(box.y + box.height) - 1, .delta_cm = 0.04}};
  const auto halved = read_bytes(dicom.bytes());
  REQUIRE_MESSAGE(halved, refusal_of(halved));
  REQUIRE(halved->mm_per_px_x);
  CHECK(*halved->mm_per_px_x == doctest::Approx(*clip->mm_per_px_x));
  CHECK(has_note(*halved, "corrected"));
  dicom.regions[0].left = 0, dicom.regions[0].right = 300, dicom.regions[0].bottom = 399;
  const auto unsure = read_bytes(dicom.bytes());
  REQUIRE_MESSAGE(unsure, refusal_of(unsure));
  CHECK(!unsure->mm_per_px_x);
  CHECK(has_note(*unsure, "does not fit"));

  dicom.regions = {{.left = 0, .top = 8, .right = 219, .bottom = 176}, {.format = 3, .data = 3, .left = 0, .top = 180, .right = 219, .bottom = 199}};
  CHECK(refusal_of(read_bytes(dicom.bytes())).find("spectral Doppler") != std::string::npos);
  dicom.regions = {{.data = 2, .left = 0, .top = 8, .right = 219, .bottom = 176}};
  CHECK(refusal_of(read_bytes(dicom.bytes())).find("Colour Doppler") != std::string::npos);
  dicom.regions = {{.left = 0, .top = 0, .right = 100, .bottom = 176}, {.left = 110, .top = 0, .right = 219, .bottom = 176}};
  CHECK(refusal_of(read_bytes(dicom.bytes())).find("two or more") != std::string::npos);
}

TEST_CASE("a DICOM clip that is cut short gives the frames that are there; other kinds are refused by name") {
  auto bytes = grey_dicom().bytes();
  bytes.resize(bytes.size() - kWidth * kHeight * 5 / 2);
  const auto cut = read_bytes(bytes);
  REQUIRE_MESSAGE(cut, refusal_of(cut));
  CHECK(cut->frame_count() == kFrames - 3);
  CHECK(has_note(*cut, "5 of 8 frames"));
  auto other = grey_dicom();
  other.modality = "MR";
  CHECK(refusal_of(read_bytes(other.bytes())).find("MR") != std::string::npos);
  other = grey_dicom();
  other.syntax = "1.2.840.10008.1.2.4.90";
  CHECK(refusal_of(read_bytes(other.bytes())).find("JPEG 2000") != std::string::npos);
  other.syntax = "1.2.840.10008.1.2.4.102";
  CHECK(refusal_of(read_bytes(other.bytes())).find("MPEG") != std::string::npos);
}

TEST_CASE("an animated GIF is read with its delays, partial frames, disposal, transparency and interlacing") {
  std::vector<GifFrame> frames;
  for (const auto& picture : pictures()) frames.push_back({0, 0, kWidth, kHeight, picture.grey(), 4});
  const auto grey = expected(true);
  const auto bytes = gif_file(kWidth, kHeight, frames);
  CHECK(clip_kind(bytes) == ClipKind::kGif);
  CHECK(looks_like_clip(bytes));
  const auto plain = read_bytes(bytes);
  REQUIRE_MESSAGE(plain, refusal_of(plain));
  CHECK(plain->frame_count() == kFrames);
  CHECK(plain->times_known);
  CHECK(plain->times_ms[2] == 80);
  CHECK(largest_difference(*plain, grey) == 0);

  auto interlaced = frames;
  for (auto& frame : interlaced) {
    frame.interlaced = true;
    const auto rows = frame.indices;
    frame.indices.clear();
    for (const auto& [start, step] : {std::pair{0, 8}, {4, 8}, {2, 4}, {1, 2}})
      for (int y = start; y < kHeight; y += step) frame.indices.insert(frame.indices.end(), rows.begin() + y * kWidth, rows.begin() + (y + 1) * kWidth);
  }
  const auto same = read_bytes(gif_file(kWidth, kHeight, interlaced));
  REQUIRE_MESSAGE(same, refusal_of(same));
  CHECK(largest_difference(*same, grey) == 0);

  // Each frame after the first as the part from row 9 on, where the fan begins; what did not change is transparent (254 is not used else).
  auto partial = frames;
  for (size_t f = 1; f < partial.size(); ++f) {
    auto& frame = partial[f];
    frame.top = 9, frame.height = kHeight - 9, frame.transparent = 254;
    std::vector<uint8_t> part;
    for (size_t i = 9 * kWidth; i < static_cast<size_t>(kWidth * kHeight); ++i) {
      const uint8_t now = frames[f].indices[i];
      part.push_back(now == frames[f - 1].indices[i] ? 254 : now);
    }
    frame.indices = part;
  }
  const auto pieced = read_bytes(gif_file(kWidth, kHeight, partial));
  REQUIRE_MESSAGE(pieced, refusal_of(pieced));
  CHECK(pieced->frame_count() == kFrames);
  CHECK(largest_difference(*pieced, grey) == 0);

  auto timeless = frames;
  timeless[4].delay = 0;
  const auto unknown = read_bytes(gif_file(kWidth, kHeight, timeless));
  REQUIRE_MESSAGE(unknown, refusal_of(unknown));
  CHECK(!unknown->times_known);

  auto cut = gif_file(kWidth, kHeight, frames);
  cut.resize(cut.size() * 3 / 5);
  const auto part = read_bytes(cut);
  REQUIRE_MESSAGE(part, refusal_of(part));
  CHECK(part->frame_count() < kFrames);
  CHECK(has_note(*part, "ends early"));
  CHECK(clip_kind(gif_file(kWidth, kHeight, {frames[0]})) == ClipKind::kPicture);
}

TEST_CASE("a GIF whose table is full is cleared and goes on") {
  // Noise fills the table of 4096 strings within a frame.
  std::vector<GifFrame> frames;
  for (int t = 0; t < 6; ++t) {
    TestPicture picture(300, 280);
    draw_fan(picture, {.apex_x = 150, .apex_y = 5, .radius = 260}, t);
    frames.push_back({0, 0, 300, 280, picture.grey(), 5});
  }
  const auto clip = read_bytes(gif_file(300, 280, frames));
  REQUIRE_MESSAGE(clip, refusal_of(clip));
  CHECK(clip->frame_count() == 6);
  CHECK(!has_note(*clip, "could not be read"));
}

TEST_CASE("AVI clips are read: bitmaps with and without palette, bottom up and top down, and Motion JPEG without tables") {
  const auto grey = expected(true), colour = expected(false);
  const auto rows = [](const std::vector<uint8_t>& pixels, size_t step, bool bottom_up, bool swap, bool invert) {
    const size_t row = static_cast<size_t>(kWidth) * step, padded = (row + 3) / 4 * 4;
    std::vector<uint8_t> out;
    for (size_t k = 0; k < kHeight; ++k) {
      const size_t y = bottom_up ? kHeight - 1 - k : k;
      for (size_t i = 0; i < row; ++i) {
        const uint8_t value = pixels[y * row + (swap ? i / 3 * 3 + 2 - i % 3 : i)];
        out.push_back(invert ? static_cast<uint8_t>(255 - value) : value);
      }
      out.resize(out.size() + padded - row);
    }
    return out;
  };
  std::vector<std::vector<uint8_t>> palette, bgr, bgr_down, jpeg, tableless;
  for (const auto& picture : pictures()) {
    palette.push_back(rows(picture.grey(), 1, true, false, true));
    bgr.push_back(rows(picture.rgb, 3, true, true, false));
    bgr_down.push_back(rows(picture.rgb, 3, false, true, false));
    jpeg.push_back(jpeg_of(picture));
    tableless.push_back(without_segments(jpeg.back(), 0xC4));
    CHECK(tableless.back().size() + 400 < jpeg.back().size());
  }
  const auto bitmap = read_bytes(avi_file(kWidth, kHeight, 8, "", 1, 25, palette));
  REQUIRE_MESSAGE(bitmap, refusal_of(bitmap));
  CHECK(bitmap->format == "AVI");
  CHECK(bitmap->times_ms[5] == doctest::Approx(200));
  CHECK(largest_difference(*bitmap, grey) == 0);
  for (const bool bottom_up : {true, false}) {
    const auto clip = read_bytes(avi_file(kWidth, kHeight, 24, "", 1001, 30000, bottom_up ? bgr : bgr_down, bottom_up));
    REQUIRE_MESSAGE(clip, refusal_of(clip));
    CHECK(clip->times_ms[1] == doctest::Approx(33.3667).epsilon(1e-4));
    CHECK(largest_difference(*clip, colour) == 0);
  }
  const auto whole = read_bytes(avi_file(kWidth, kHeight, 24, "MJPG", 1, 25, jpeg));
  const auto bare = read_bytes(avi_file(kWidth, kHeight, 24, "MJPG", 1, 25, tableless));
  REQUIRE_MESSAGE(whole, refusal_of(whole));
  REQUIRE_MESSAGE(bare, refusal_of(bare));
  CHECK(bare->frame_count() == kFrames);
  CHECK(largest_difference(*whole, *bare) == 0);
  CHECK(mean_difference(*whole, colour) < 2);
  auto with_gap = jpeg;
  with_gap[2].clear();   // "as before": no frame of its own
  const auto gap = read_bytes(avi_file(kWidth, kHeight, 24, "MJPG", 1, 25, with_gap));
  REQUIRE_MESSAGE(gap, refusal_of(gap));
  CHECK(gap->frame_count() == kFrames - 1);
  CHECK(gap->times_ms[2] == doctest::Approx(120));
  CHECK(refusal_of(read_bytes(avi_file(kWidth, kHeight, 24, "H264", 1, 25, {std::vector<uint8_t>(500, 7)}))).find("H264") != std::string::npos);
}

TEST_CASE("a clip that is read in pieces comes out as from memory, and where it can no longer be read it ends or is refused") {
  // Every piece lies in memory that the next one takes.
  class Pieces final : public ByteSource {
   public:
    Pieces(const std::vector<uint8_t>& file, size_t readable) : file_(file), readable_(readable) {}
    size_t size() const override { return file_.size(); }
    Bytes part(size_t at, size_t count) override {
      const size_t begin = std::min(at, readable_), end = begin + std::min(count, readable_ - begin);
      largest = std::max(largest, end - begin);
      held_ = std::vector<uint8_t>(file_.begin() + static_cast<ptrdiff_t>(begin), file_.begin() + static_cast<ptrdiff_t>(end));
      return {held_};
    }
    size_t largest = 0;

   private:
    const std::vector<uint8_t>& file_;
    size_t readable_;
    std::vector<uint8_t> held_;
  };
  const auto head_of = [](const std::vector<uint8_t>& file) { return std::span(file).first(std::min(file.size(), kClipHeadBytes)); };
  constexpr int kMany = 40;   // more than the head holds
  std::vector<std::vector<uint8_t>> grey;
  for (int t = 0; t < kMany; ++t) grey.push_back(screen_frame(t, kWidth, kHeight).grey());
  {
    const TestDicom dicom{.columns = kWidth, .rows = kHeight, .pixels = grey};
    const auto file = dicom.bytes();
    REQUIRE(file.size() > kClipHeadBytes);
    CHECK(reads_in_pieces(head_of(file)));
    Pieces pieces(file, file.size());
    const auto clip = read_clip_in_pieces(pieces), whole = read_bytes(file);
    REQUIRE_MESSAGE(clip, refusal_of(clip));
    REQUIRE_MESSAGE(whole, refusal_of(whole));
    CHECK(clip->frame_count() == kMany);
    CHECK(clip->times_ms == whole->times_ms);
    CHECK(clip->notes == whole->notes);
    CHECK(largest_difference(*clip, *whole) == 0);
    CHECK(pieces.largest <= kClipHeadBytes);
    Pieces broken(file, file.size() - 3 * kWidth * kHeight);
    CHECK(refusal_of(read_clip_in_pieces(broken)).find("damaged") != std::string::npos);
    auto cut = file;
    cut.resize(file.size() - 2 * kWidth * kHeight - 100);
    Pieces short_file(cut, cut.size());
    const auto rest = read_clip_in_pieces(short_file);
    REQUIRE_MESSAGE(rest, refusal_of(rest));
    CHECK(rest->frame_count() == kMany - 3);
    CHECK(has_note(*rest, "37 of 40 frames"));
  }
  const auto small = grey_dicom().bytes();
  CHECK(!reads_in_pieces(small));   // in memory it already is
  auto compressed = grey_dicom();
  compressed.syntax = "1.2.840.10008.1.2.5";
  CHECK(!reads_in_pieces(head_of(compressed.bytes())));

  std::vector<std::vector<uint8_t>> jpeg;
  for (const auto& picture : pictures()) jpeg.push_back(jpeg_of(picture));
  for (const bool motion_jpeg : {false, true}) {
    const auto file = motion_jpeg ? avi_file(kWidth, kHeight, 24, "MJPG", 1, 25, jpeg) : avi_file(kWidth, kHeight, 8, "Y800", 1, 25, grey);
    CHECK(reads_in_pieces(head_of(file)));
    Pieces pieces(file, file.size());
    const auto clip = read_clip_in_pieces(pieces), whole = read_bytes(file);
    REQUIRE_MESSAGE(clip, refusal_of(clip));
    REQUIRE_MESSAGE(whole, refusal_of(whole));
    CHECK(clip->times_ms == whole->times_ms);
    CHECK(clip->notes == whole->notes);
    CHECK(largest_difference(*clip, *whole) == 0);
    Pieces broken(file, file.size() / 2);
    const auto half = read_clip_in_pieces(broken);
    REQUIRE_MESSAGE(half, refusal_of(half));
    CHECK(half->frame_count() < whole->frame_count());
  }
  const std::vector<uint8_t> nothing;
  Pieces empty(nothing, 0);
  CHECK(refusal_of(read_clip_in_pieces(empty)).find("empty") != std::string::npos);
}

TEST_CASE("a series of pictures is read in natural order, a single picture as a clip of one frame") {
  std::vector<std::vector<uint8_t>> bytes;
  std::vector<InputClipFile> files;
  const auto all = pictures();
  for (size_t i = 0; i < all.size(); ++i) bytes.push_back(i % 2 == 0 ? png_of(all[i]) : bmp_file(all[i]));
  for (const size_t i : {7, 0, 3, 1, 2, 6, 5, 4}) files.push_back({"frame" + std::to_string(i + 5) + ".png", bytes[i]});   // 5 ... 12
  const auto clip = read_clip(files);
  REQUIRE_MESSAGE(clip, refusal_of(clip));
  CHECK(!clip->times_known);
  CHECK(largest_difference(*clip, expected(false)) == 0);
  auto damaged = bytes;
  damaged[2].resize(200);
  files.clear();
  for (size_t i = 0; i < damaged.size(); ++i) files.push_back({std::to_string(i), damaged[i]});
  const auto rest = read_clip(files);
  REQUIRE_MESSAGE(rest, refusal_of(rest));
  CHECK(rest->frame_count() == kFrames - 1);
  const InputClipFile one{"still.png", bytes[0]};
  const auto still = read_clip({&one, 1});
  REQUIRE_MESSAGE(still, refusal_of(still));
  CHECK(still->frame_count() == 1);
  CHECK(!looks_like_clip(bytes[0]));
  const auto dicom = grey_dicom().bytes();
  const InputClipFile mixed[] = {{"a.png", bytes[0]}, {"b.dcm", dicom}};
  CHECK(!read_clip(mixed));
  CHECK(!read_clip({}));
}

TEST_CASE("a real clip of a handheld scanner is read with its scale, which its export left wrong") {
  const auto path = real_data("echo/sonosite_a4c_30frames.dcm");
  if (!path) return;
  const auto clip = read_bytes(file_bytes(*path));
  REQUIRE_MESSAGE(clip, refusal_of(clip));
  CHECK(clip->frame_count() == 30);
  CHECK(clip->times_known);
  CHECK(clip->times_ms[29] == doctest::Approx(29 * 33.333));
  CHECK(clip->device == "SonoSite, Inc. Turbo");
  // 640 x 480 reduced to 320 x 240: the region (84..595 x 31..414) is the fan's box at twice its size.
  CHECK(std::abs(clip->sector_box.x - 42) <= 2);
  CHECK(std::abs(clip->sector_box.x + clip->sector_box.width - 298) <= 3);
  CHECK(std::abs(clip->sector_box.y + clip->sector_box.height - 207) <= 8);
  REQUIRE(clip->mm_per_px_y);
  CHECK(*clip->mm_per_px_y * clip->side == doctest::Approx(190).epsilon(0.05));   // "19" cm stands on the picture
}
