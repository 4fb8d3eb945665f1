// Echo measurements on masks whose truth is known by construction: half ellipses, curves of volume, whole clips.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <numbers>

#include "echo/beats.h"
#include "echo/measure_echo.h"
#include "echo/ventricle.h"

using namespace precordia;

namespace {

constexpr int kSide = 128;
constexpr EfError kError{7, 6};

// A left ventricle hanging from the mitral plane: a half ellipse of `length` and `width` in frame widths, turned by `degrees`, with an atrium
// below it. Height over width 1.
std::vector<uint8_t> half_ellipse(double length, double width, double degrees = 0, bool atrium = true) {
  std::vector<uint8_t> classes(kSide * kSide, 0);
  const double turn = degrees * std::numbers::pi / 180, c = std::cos(turn), s = std::sin(turn);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const double dx = (x + 0.5) / kSide - 0.5, dy = (y + 0.5) / kSide - 0.65;
      const double across = c * dx + s * dy, up = s * dx - c * dy;
      if (up >= 0 && std::pow(up / length, 2) + std::pow(across / (width / 2), 2) <= 1) classes[y * kSide + x] = 1;
      else if (atrium && up < 0 && std::pow(up / 0.2, 2) + std::pow(across / (width / 2), 2) <= 1) classes[y * kSide + x] = 3;
    }
  }
  return classes;
}

FrameShape shape_of(const std::vector<uint8_t>& classes, double ratio = 1) { return measure_ventricle({kSide, classes, {}, {}, {}}, ratio, 224); }

// Half an ellipsoid of revolution: 2/3 pi (w/2)^2 L.
double true_volume(double length, double width) { return 2.0 / 3 * std::numbers::pi * width * width / 4 * length; }

std::vector<double> heart_curve(int frames, double fps, double bpm, double ef) {
  std::vector<double> volume;
  for (int i = 0; i < frames; ++i) {
    const double phase = std::fmod(i / fps * bpm / 60, 1.0);
    const double squeeze = phase < 0.35 ? 0.5 - 0.5 * std::cos(std::numbers::pi * phase / 0.35)
                           : phase < 0.6 ? 0.5 + 0.5 * std::cos(std::numbers::pi * (phase - 0.35) / 0.25) : 0;
    volume.push_back(1 - ef * squeeze);
  }
  return volume;
}

std::vector<double> times_of(size_t frames, double fps) {
  std::vector<double> times;
  for (size_t i = 0; i < frames; ++i) times.push_back(1000.0 * static_cast<double>(i) / fps);
  return times;
}

// Logits that leave no doubt.
std::vector<float> sure(const std::vector<uint8_t>& classes) {
  std::vector<float> logits(4 * classes.size(), -8);
  for (size_t i = 0; i < classes.size(); ++i) logits[classes[i] * classes.size() + i] = 8;
  return logits;
}

struct Beating {
  EchoClip clip;
  std::unique_ptr<MaskSequence> masks;
  std::vector<FrameVerdict> verdicts;
};

// A ventricle of constant length whose width follows the curve, `ef` of its volume.
std::unique_ptr<Beating> beating(double ef, double bpm = 60, int frames = 90, double fps = 30, bool mm = true, FrameVerdict verdict = {0.95, 0.04, 0.01, 0.9, 0.1, 0}) {
  auto out = std::make_unique<Beating>();
  EchoClip& clip = out->clip;
  clip.side = kSide;
  clip.times_ms = times_of(static_cast<size_t>(frames), fps);
  clip.times_known = true;
  clip.sector.assign(kSide * kSide, 1);
  clip.frames.assign(static_cast<size_t>(frames) * kSide * kSide, 80);
  if (mm) clip.mm_per_px_x = clip.mm_per_px_y = 150.0 / kSide;
  out->masks = std::make_unique<MaskSequence>(clip, kSide);
  for (const double volume : heart_curve(frames, fps, bpm, ef)) out->masks->add(sure(half_ellipse(0.5, 0.3 * std::sqrt(volume))));
  out->masks->finish();
  out->verdicts.assign(static_cast<size_t>(frames), verdict);
  return out;
}

ClipFindings measured(const Beating& b, const HandContours& by_hand = {}) { return measure_clip(b.clip, *b.masks, b.verdicts, kError, by_hand); }

}  // namespace

TEST_CASE("discs give the volume of half an ellipsoid, however it is turned") {
  for (const double degrees : {0.0, 15.0, -25.0}) {
    CAPTURE(degrees);
    const FrameShape shape = shape_of(half_ellipse(0.5, 0.3, degrees));
    REQUIRE(shape.found);
    CHECK(shape.length == doctest::Approx(0.5).epsilon(0.03));
    CHECK(shape.width == doctest::Approx(0.3).epsilon(0.04));
    CHECK(shape.volume == doctest::Approx(true_volume(0.5, 0.3)).epsilon(0.05));
  }
}

TEST_CASE("without an atrium the lowest part of the ventricle is the mitral plane") {
  const FrameShape shape = shape_of(half_ellipse(0.5, 0.3, 0, false));
  REQUIRE(shape.found);
  CHECK(shape.length == doctest::Approx(0.5).epsilon(0.06));
}

TEST_CASE("a stretched frame is measured in true lengths") {
  // The same picture, twice as tall in truth.
  const FrameShape shape = shape_of(half_ellipse(0.4, 0.3), 2);
  CHECK(shape.length == doctest::Approx(0.8).epsilon(0.03));
  CHECK(shape.width == doctest::Approx(0.3).epsilon(0.04));
}

TEST_CASE("the endocardial contour runs from the left of the mitral plane over the apex to its right") {
  const FrameShape shape = shape_of(half_ellipse(0.5, 0.3));
  REQUIRE(shape.contour.size() == kContourPoints);
  CHECK(shape.mitral_left.x < shape.mitral_right.x);
  CHECK(shape.contour[kContourPoints / 2].y < shape.mitral_left.y - 80);
  // Half the circumference of the ellipse (Ramanujan 1914), a = 0.5, b = 0.15.
  const double h = std::pow((0.5 - 0.15) / (0.5 + 0.15), 2);
  const double half = std::numbers::pi / 2 * 0.65 * (1 + 3 * h / (10 + std::sqrt(4 - 3 * h)));
  CHECK(contour_length(shape, 1, 224) == doctest::Approx(half).epsilon(0.06));
}

TEST_CASE("a contour drawn by hand is measured as the mask it encloses") {
  const FrameShape drawn = measure_contour(shape_of(half_ellipse(0.5, 0.3)).contour, 1, 224);
  REQUIRE(drawn.found);
  CHECK(drawn.volume == doctest::Approx(true_volume(0.5, 0.3)).epsilon(0.06));
}

TEST_CASE("an empty mask and a speck are no ventricle") {
  CHECK_FALSE(shape_of(std::vector<uint8_t>(kSide * kSide, 0)).found);
  std::vector<uint8_t> speck(kSide * kSide, 0);
  for (int i = 0; i < 9; ++i) speck[60 * kSide + 60 + i] = 1;
  CHECK_FALSE(shape_of(speck).found);
}

TEST_CASE("beats are found at every heart rate and frame rate") {
  for (const double fps : {15.0, 30.0, 60.0}) {
    for (const double bpm : {45.0, 75.0, 120.0}) {
      CAPTURE(fps);
      CAPTURE(bpm);
      const auto curve = heart_curve(static_cast<int>(4 * fps), fps, bpm, 0.6);
      const auto beats = find_beats(curve, times_of(curve.size(), fps));
      REQUIRE(beats.size() >= 2);
      const double period = fps * 60 / bpm;
      for (const BeatFrames& beat : beats) {
        const double ed_phase = std::fmod(beat.ed + 0.5 * period, period) - 0.5 * period, es_phase = std::fmod(beat.es, period);
        CHECK(std::abs(ed_phase) <= 2 + 0.06 * period);
        CHECK(std::abs(es_phase - 0.35 * period) <= 2);
      }
    }
  }
}

TEST_CASE("noise on the curve makes no beats of its own") {
  auto curve = heart_curve(120, 30, 60, 0.5);
  uint32_t state = 1;
  for (double& v : curve) state = state * 1664525 + 1013904223, v += 0.05 * (static_cast<double>(state >> 8) / (1 << 24) - 0.5);
  CHECK(find_beats(curve, times_of(120, 30)).size() == 4);
}

TEST_CASE("a clip that ends before the ventricle fills again has no complete beat") {
  auto curve = heart_curve(12, 30, 60, 0.5);
  for (const BeatFrames& beat : find_beats(curve, times_of(12, 30))) CHECK_FALSE(beat.complete);
  CHECK(find_beats(std::vector<double>(60, 1.0), times_of(60, 30)).empty());
  CHECK(find_beats(std::vector<double>(60, std::nan("")), times_of(60, 30)).empty());
}

TEST_CASE("ejection fraction, heart rate, volumes and strain of a beating ventricle") {
  for (const double ef : {0.25, 0.45, 0.65}) {
    CAPTURE(ef);
    const auto b = beating(ef);
    const ClipFindings found = measured(*b);
    REQUIRE(found.ef_percent);
    CHECK(found.cannot_tell_because.empty());
    CHECK(*found.ef_percent == doctest::Approx(100 * ef).epsilon(0.06));
    CHECK(found.beats.size() >= 2);
    REQUIRE(found.heart_rate_bpm);
    CHECK(*found.heart_rate_bpm == doctest::Approx(60).epsilon(0.04));
    REQUIRE(found.ed_volume_ml);
    CHECK(*found.ed_volume_ml == doctest::Approx(true_volume(75, 45) / 1000).epsilon(0.08));
    REQUIRE(found.gls_percent);
    CHECK(*found.gls_percent < 0);
    CHECK(found.view == EchoView::kApical4);
    CHECK(found.segments.size() == kWallSegments);
  }
}

TEST_CASE("without a pixel size there are no millilitres, and the ejection fraction is the same") {
  const ClipFindings with = measured(*beating(0.5)), without = measured(*beating(0.5, 60, 90, 30, false));
  CHECK_FALSE(without.ed_volume_ml);
  CHECK_FALSE(without.la_volume_ml);
  CHECK(*without.ef_percent == doctest::Approx(*with.ef_percent));
}

TEST_CASE("what is no apical view, too short or black gets no ejection fraction and a sentence") {
  const auto other = beating(0.5, 60, 90, 30, true, {0.1, 0.1, 0.8, 0.5, 0.3, 0.2});
  CHECK_FALSE(measured(*other).ef_percent);
  CHECK(measured(*other).view == EchoView::kOther);
  CHECK(measured(*other).cannot_tell_because.size() == 1);
  const auto half_a_beat = beating(0.5, 60, 11);
  CHECK_FALSE(measured(*half_a_beat).ef_percent);
  CHECK(measured(*half_a_beat).cannot_tell_because.size() == 1);
  const auto black = beating(0.5);
  std::fill(black->clip.frames.begin(), black->clip.frames.end(), 1);
  CHECK_FALSE(measured(*black).ef_percent);
}

TEST_CASE("a clip in slow motion has an ejection fraction and no heart rate") {
  const auto slow = beating(0.5, 20, 150);   // one beat in three seconds
  const ClipFindings found = measured(*slow);
  REQUIRE(found.ef_percent);
  CHECK(*found.ef_percent == doctest::Approx(50).epsilon(0.06));
  CHECK_FALSE(found.heart_rate_bpm);
  CHECK((!found.notes.empty() && found.notes[0].find("faster or slower") != std::string::npos));
}

TEST_CASE("a ventricle at the edge of the sector is not whole") {
  const auto b = beating(0.5);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) b->clip.sector[y * kSide + x] = x < kSide / 2 + 10;
  Beating cut = {b->clip, nullptr, b->verdicts};
  cut.masks = std::make_unique<MaskSequence>(cut.clip, kSide);
  for (const double volume : heart_curve(90, 30, 60, 0.5)) {
    auto classes = half_ellipse(0.5, 0.3 * std::sqrt(volume));
    for (int y = 0; y < kSide; ++y)
      for (int x = kSide / 2 + 10; x < kSide; ++x) classes[y * kSide + x] = 0;
    cut.masks->add(sure(classes));
  }
  cut.masks->finish();
  CHECK_FALSE(measured(cut).ef_percent);
}

TEST_CASE("a contour set by hand on end-systole changes the ejection fraction") {
  const auto b = beating(0.5);
  const ClipFindings before = measured(*b);
  const int es = before.beats[0].es_frame;
  // The end-diastolic contour drawn over end-systole: this beat ejects nothing any more.
  HandContours by_hand{{es, before.frames[static_cast<size_t>(before.beats[1].ed_frame)].contour}};
  const ClipFindings after = measured(*b, by_hand);
  CHECK(after.beats.size() <= before.beats.size());
  CHECK(after.frames[static_cast<size_t>(es)].volume > 1.5 * before.frames[static_cast<size_t>(es)].volume);
}

TEST_CASE("two planes give Simpson's biplane and the probabilities of the bands") {
  const auto four = beating(0.38), two = beating(0.38, 60, 90, 30, true, {0.05, 0.94, 0.01, 0.9, 0.1, 0});
  const EchoClip* sources[] = {&four->clip, &two->clip};
  const EchoFindings found = combine_clips({measured(*four), measured(*two)}, sources, kError);
  CHECK(found.method == "Simpson's biplane");
  REQUIRE(found.ef_percent);
  CHECK(*found.ef_percent == doctest::Approx(38).epsilon(0.06));
  CHECK(found.to_40 + found.from_41_to_49 + found.from_50 == doctest::Approx(1));
  CHECK(found.to_40 > 0.5);
  const EchoFindings one = combine_clips({measured(*four)}, std::span(sources, 1), kError);
  CHECK(one.method == "Simpson's single plane, apical 4-chamber");
  CHECK(*one.ef_high_percent - *one.ef_low_percent > *found.ef_high_percent - *found.ef_low_percent);
}

TEST_CASE("masks that flicker for one frame are steadied by their neighbours") {
  const auto b = beating(0.0, 60, 21);
  MaskSequence masks(b->clip, kSide);
  for (int f = 0; f < 21; ++f) {
    std::vector<float> logits = sure(half_ellipse(0.5, f == 10 ? 0.36 : 0.3));
    for (float& v : logits) v /= 8;   // less sure
    masks.add(logits);
  }
  masks.finish();
  CHECK(masks.shapes()[10].volume / masks.shapes()[5].volume < 1.4);
  CHECK(masks.enlarged(3, 256, 256).size() == 256 * 256);
}

static EchoClip grey_clip(int frames, double fps) {
  EchoClip clip;
  clip.side = kSide;
  clip.times_ms = times_of(frames, fps);
  clip.times_known = true;
  clip.sector.assign(kSide * kSide, 1);
  clip.frames.assign(static_cast<size_t>(frames) * kSide * kSide, 80);
  return clip;
}

// The atrium of half_ellipse takes `rows` rows of the ventricle.
static void raise_plane(std::vector<uint8_t>& classes, int rows) {
  const int plane = static_cast<int>(0.65 * kSide);
  for (int y = plane - rows; y <= plane; ++y)
    for (int x = 0; x < kSide; ++x)
      if (classes[y * kSide + x] == 1) classes[y * kSide + x] = 3;
}

TEST_CASE("a frame whose ventricle leaps in size is carried by the frames beside it") {
  // A still heart at 30 frames per second, in one frame of which the mitral plane is lost and the ventricle takes the atrium's place.
  const EchoClip clip = grey_clip(20, 30);
  MaskSequence masks(clip, kSide);
  const std::vector<uint8_t> right = half_ellipse(0.45, 0.25);
  std::vector<uint8_t> wrong = right;
  for (uint8_t& one : wrong) one = one == 3 ? 1 : one;
  for (int f = 0; f < 20; ++f) masks.add(sure(f == 9 ? wrong : right));
  masks.finish();
  for (int f = 1; f < 20; ++f) CHECK(masks.shapes()[f].lv_area == doctest::Approx(masks.shapes()[0].lv_area).epsilon(0.03));
}

TEST_CASE("the curve that times the beats follows a moving mitral plane sooner than the sizes do") {
  const EchoClip clip = grey_clip(24, 50);
  MaskSequence masks(clip, kSide);
  for (int f = 0; f < 24; ++f) {
    std::vector<uint8_t> classes = half_ellipse(0.5, 0.3);
    if (f >= 12) raise_plane(classes, 8);   // from then on the atrium reaches higher
    masks.add(sure(classes));
  }
  masks.finish();
  const auto& shapes = masks.shapes();
  const double large = shapes[4].volume, small = shapes[20].volume;
  REQUIRE(large > 1.1 * small);
  CHECK(shapes[4].momentary_volume == doctest::Approx(large));
  const auto left = [&](double volume) { return (volume - small) / (large - small); };
  CHECK(left(shapes[14].momentary_volume) < 0.05);
  CHECK(left(shapes[13].volume) > left(shapes[13].momentary_volume) + 0.05);
}
