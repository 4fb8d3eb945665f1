// From the heart to the picture: generator, contraction curve, anatomy at one moment, scatterers, beam, sector.
#include "echo/simulated_clip.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <utility>

namespace precordia {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr int kDepths = 384, kBeams = 144;           // of the polar picture
constexpr int kContour = 200;                        // steps along an endocardial contour
constexpr double kWavelengthMm = 0.6;
constexpr double kGreyPerDb = 255.0 / 58, kBlackDb = -35;
constexpr int kNoiseTable = 1 << 17;

struct Generator {  // splitmix64, as Steele, Lea and Flood 2014 (doi 10.1145/2714064.2660195)
  uint64_t state;
  double uniform() {
    uint64_t z = (state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
  }
  double between(double low, double high) { return low + (high - low) * uniform(); }
  double normal() { return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * kPi * uniform()); }
};

double smooth_step(double x) {
  x = std::clamp(x, 0.0, 1.0);
  return x * x * (3 - 2 * x);
}

// ---- contraction --------------------------------------------------------------------------------------------------------

struct CycleBeat {
  double start_s, length_s, ejected;   // share of the end-diastolic volume
};

double systole_s(const CycleBeat& beat) { return std::min(0.35 * std::sqrt(beat.length_s), 0.6 * beat.length_s); }

// Share of the stroke that is out of the ventricle, 0 at end-diastole to 1 at end-systole, with no slope at either.
double contraction(const CycleBeat& beat, double t, bool atrial_kick) {
  const double systole = systole_s(beat);
  if (t <= systole) {
    const double isovolumic = 0.12 * systole;
    return smooth_step((t - isovolumic) / (systole - isovolumic));
  }
  const double diastole = (t - systole) / (beat.length_s - systole);
  const double filling_end = std::clamp(0.2 / (beat.length_s - systole), 0.3, 0.6);
  const double left = atrial_kick ? 0.26 : 0.0;
  const double filling = 1 - (1 - left) * smooth_step((diastole - 0.04) / filling_end);
  return atrial_kick ? filling - left * smooth_step((diastole - 0.75) / 0.25) : filling;
}

// ---- anatomy ------------------------------------------------------------------------------------------------------------
// Heart coordinates in mm: u along the long axis from the endocardial apex to the mitral plane, v across, to the picture's right.

struct Body {
  double depth_mm, half_angle;                // of the sector
  double apex_x_mm, apex_y_mm, tilt;          // of the endocardial apex; long axis from straight down
  double length_mm, width_mm, wall_mm;        // at end-diastole
  double bend_mm, widest, base;               // of the long axis; where it is widest, and how wide at the mitral plane
  double shortening;                          // of the long axis, at full contraction, as a share of the ejected share
  double atrium_mm, atrium_width_mm, atrium_lean;
  bool right_heart;
  double right_width_mm;
};

struct Point {
  double x, y;
};

struct Moment {  // the anatomy at one time
  double length, width, wall;
  double out;  // ejected share of the end-diastolic volume
};

double profile(const Body& body, double s) {
  if (s <= 0) return 0;
  if (s < body.widest) return std::sqrt(1 - (1 - s / body.widest) * (1 - s / body.widest));
  const double x = (std::min(s, 1.0) - body.widest) / (1 - body.widest);
  return 1 - (1 - body.base) * x * x;
}

double axis_bend(const Body& body, double s) { return body.bend_mm * std::sin(kPi * std::clamp(s, 0.0, 1.0)); }

double disc_integral(const Body& body) {
  double sum = 0;
  for (int i = 0; i < 400; ++i) {
    const double p = profile(body, (i + 0.5) / 400);
    sum += p * p / 400;
  }
  return sum;
}

double volume_ml(const Body& body, const Moment& now) {
  return kPi / 4 * now.width * now.width * now.length * disc_integral(body) / 1000;
}

Moment moment(const Body& body, double out) {
  const double length = body.length_mm * (1 - body.shortening * out);
  const double width = body.width_mm * std::sqrt((1 - out) * body.length_mm / length);
  const double ring = (body.width_mm / 2 + body.wall_mm) * (body.width_mm / 2 + body.wall_mm) - body.width_mm * body.width_mm / 4;
  const double wall = std::sqrt(width * width / 4 + ring * body.length_mm / length) - width / 2;
  return {length, width, wall, out};
}

// `along` from -1 at the left end of the mitral plane over 0 at the apex to 1 at its right end.
Point endocardium(const Body& body, const Moment& now, double along) {
  const double s = 1 - std::cos(along * kPi / 2);
  return {now.length * s, axis_bend(body, s) + std::copysign(now.width / 2 * profile(body, s), along)};
}
Point epicardium(const Body& body, const Moment& now, double along) {
  const double s = 1 - std::cos(along * kPi / 2), u = (now.length + now.wall) * s - now.wall;
  return {u, axis_bend(body, u / now.length) + std::copysign((now.width / 2 + now.wall) * profile(body, s), along)};
}

double epicardial_half_width(const Body& body, const Moment& now, double u) {
  return (now.width / 2 + now.wall) * profile(body, (u + now.wall) / (now.length + now.wall));
}

double contour_mm(const Body& body, const Moment& now) {
  double sum = 0;
  Point last = endocardium(body, now, -1);
  for (int i = 1; i <= kContour; ++i) {
    const Point next = endocardium(body, now, -1 + 2.0 * i / kContour);
    sum += std::hypot(next.x - last.x, next.y - last.y);
    last = next;
  }
  return sum;
}

enum class Tissue { kOutside, kBlood, kWall, kAtrium, kRightHeart, kRightWall, kAtrialWall, kPericardium };

Tissue tissue_at(const Body& body, const Moment& now, double u, double v) {
  if (u >= -now.wall - 3 && u <= now.length) {
    const double across = std::fabs(v - axis_bend(body, u / now.length));
    if (u >= 0 && across <= now.width / 2 * profile(body, u / now.length)) return Tissue::kBlood;
    const double outer = u < -now.wall ? 0 : epicardial_half_width(body, now, u);
    if (u >= -now.wall && across <= outer) return Tissue::kWall;
    if (body.right_heart && v < 0 && u > 0.22 * now.length) {
      const double reach = std::sqrt(std::sin(kPi / 2 * std::clamp((u / now.length - 0.22) / 0.6, 0.0, 1.0)));
      const double room = body.right_width_mm * reach * (1 - 0.35 * now.out);
      if (across - outer < room) return Tissue::kRightHeart;
      if (across - outer < room + 4.5) return Tissue::kRightWall;
    } else if (across - outer < 3) {
      return Tissue::kPericardium;
    }
    return Tissue::kOutside;
  }
  if (u < 0) return Tissue::kOutside;
  const double bottom = body.length_mm + body.atrium_mm, height = bottom - now.length;
  const double x = -0.7 + 1.7 * (u - now.length) / height;
  const auto round = [](double at, double power) { return at >= 1 ? 0.0 : std::pow(1 - std::pow(std::fabs(at), power), 1 / power); };
  const double half = body.atrium_width_mm / 2 * (1 + 0.25 * now.out) * round(x, 2.4);
  const double centre = axis_bend(body, 1) + body.atrium_lean * (u - now.length);
  if (std::fabs(v - centre) < half) return Tissue::kAtrium;
  if (body.right_heart) {
    const double right = body.atrium_width_mm * 0.5 * round(x, 2.2);
    const double beside = centre - body.atrium_width_mm * (1 + 0.12 * now.out) - 4;
    if (std::fabs(v - beside) < right && u > now.length + 3) return Tissue::kRightHeart;
  }
  if (std::fabs(v - centre) < half + 3.5 && u < bottom + 3) return Tissue::kAtrialWall;
  return Tissue::kOutside;
}

// ---- sector -------------------------------------------------------------------------------------------------------------

Point to_sector(const Body& body, double u, double v) {
  const double c = std::cos(body.tilt), s = std::sin(body.tilt);
  return {body.apex_x_mm + u * s + v * c, body.apex_y_mm + u * c - v * s};
}
Point to_heart(const Body& body, double x, double y) {
  const double c = std::cos(body.tilt), s = std::sin(body.tilt);
  const double dx = x - body.apex_x_mm, dy = y - body.apex_y_mm;
  return {dx * s + dy * c, dx * c - dy * s};
}

// ---- scatterers ---------------------------------------------------------------------------------------------------------

struct Scatterer {
  double a, b;         // where it sits in its tissue, see `Scene`
  float amplitude, phase;
};

// A tissue's own coordinates: wall (along, depth 0 endocardium .. 1 epicardium), blood (s, share of the half-width), valve
// (side -1 or 1, share of the leaflet), and the rest where it lies at end-diastole (depth, angle).
struct Scene {
  std::vector<Scatterer> wall, blood, valve, rest;
};

using Complex = std::complex<float>;

class Picture {
 public:
  Picture(const Body& body, Generator& random, double noise) : body_(body), samples_(static_cast<size_t>(kDepths) * kBeams), noise_(kNoiseTable) {
    for (float& value : noise_) value = static_cast<float>(random.normal());
    for (int d = 0; d < kDepths; ++d) {
      const double depth = (d + 0.5) / kDepths;
      lateral_.push_back(kernel(0.8 + 1.2 * std::fabs(depth - 0.55) + 0.4 * noise));
    }
    axial_ = kernel(1.15);
    // What slowly varies over the sector: contact with the skin, ribs, focus.
    std::array<double, 5> waves{};
    for (double& wave : waves) wave = random.between(0, 2 * kPi);
    for (int d = 0; d < kDepths; ++d) {
      for (int b = 0; b < kBeams; ++b) {
        const double depth = static_cast<double>(d) / kDepths, across = 2.0 * b / kBeams - 1;
        double db = 2.5 * std::sin(4 * depth + waves[0]) + 2 * std::sin(3 * across + waves[1]);
        db -= noise * 9 * std::max(0.0, std::sin(5 * across + waves[2] + 0.8 * depth));  // shadows of ribs and lung
        db -= (5 + 8 * noise) * std::pow(std::fabs(across), 6);
        db -= (3 + 7 * noise) * depth * depth;
        gain_.push_back(static_cast<float>(std::pow(10, db / 20)));
      }
    }
  }

  void clear(Generator& random, double receiver) {
    size_t at = static_cast<size_t>(random.uniform() * kNoiseTable);
    for (int d = 0; d < kDepths; ++d) {
      const auto strength = static_cast<float>(receiver * (0.6 + 0.9 * d / kDepths));
      if (d % 16 == 0) at = static_cast<size_t>(random.uniform() * kNoiseTable);
      for (int b = 0; b < kBeams; ++b) {
        const float re = noise_[at++ % kNoiseTable], im = noise_[at++ % kNoiseTable];
        samples_[static_cast<size_t>(d) * kBeams + b] = Complex(re, im) * strength;
      }
    }
  }

  void add(Point at, double amplitude, double phase) {
    const double depth = std::hypot(at.x, at.y), angle = std::atan2(at.x, at.y);
    const double d = depth / body_.depth_mm * kDepths, b = (angle / body_.half_angle + 1) / 2 * (kBeams - 1);
    if (!(d >= 0 && d < kDepths - 1 && b >= 0 && b < kBeams - 1)) return;
    const int d0 = static_cast<int>(d), b0 = static_cast<int>(b);
    const auto fd = static_cast<float>(d - d0), fb = static_cast<float>(b - b0);
    const size_t first = static_cast<size_t>(d0) * kBeams + b0;
    const auto turn = static_cast<float>(phase + 4 * kPi / kWavelengthMm * depth);
    const Complex value = std::polar(static_cast<float>(amplitude) * gain_[first], turn);
    samples_[first] += value * ((1 - fd) * (1 - fb));
    samples_[first + 1] += value * ((1 - fd) * fb);
    samples_[first + kBeams] += value * (fd * (1 - fb));
    samples_[first + kBeams + 1] += value * (fd * fb);
  }

  // Blurs by the point-spread function and compresses; grey of the polar picture, depth x beam.
  const std::vector<float>& develop(double gain_db) {
    std::vector<Complex> blurred(samples_.size());
    for (int d = 0; d < kDepths; ++d) {
      const std::vector<float>& kernel = lateral_[d];
      const int reach = static_cast<int>(kernel.size()) / 2;
      const Complex* row = &samples_[static_cast<size_t>(d) * kBeams];
      Complex* to = &blurred[static_cast<size_t>(d) * kBeams];
      for (int k = -reach; k <= reach; ++k) {
        const float weight = kernel[k + reach];
        for (int b = std::max(0, -k); b < std::min(kBeams, kBeams - k); ++b) to[b] += row[b + k] * weight;
      }
    }
    std::fill(samples_.begin(), samples_.end(), Complex{});
    const int reach = static_cast<int>(axial_.size()) / 2;
    for (int d = 0; d < kDepths; ++d) {
      Complex* to = &samples_[static_cast<size_t>(d) * kBeams];
      for (int k = std::max(-reach, -d); k <= std::min(reach, kDepths - 1 - d); ++k) {
        const float weight = axial_[k + reach];
        const Complex* row = &blurred[static_cast<size_t>(d + k) * kBeams];
        for (int b = 0; b < kBeams; ++b) to[b] += row[b] * weight;
      }
    }
    grey_.resize(samples_.size());
    // Machines calm the speckle: power is averaged over the neighbours before it is compressed.
    power_.resize(samples_.size());
    for (size_t i = 0; i < samples_.size(); ++i) power_[i] = std::norm(samples_[i]);
    for (size_t i = 0; i < samples_.size(); ++i) {
      const size_t before = i >= kBeams ? i - kBeams : i, after = i + kBeams < samples_.size() ? i + kBeams : i;
      const size_t left = i > 0 ? i - 1 : i, right = i + 1 < samples_.size() ? i + 1 : i;
      const float power = 0.3f * power_[i] + 0.2f * (power_[before] + power_[after]) + 0.15f * (power_[left] + power_[right]);
      const float db = 10 * std::log10(power + 1e-9f) + static_cast<float>(gain_db);
      grey_[i] = std::clamp((db - static_cast<float>(kBlackDb)) * static_cast<float>(kGreyPerDb), 0.0f, 255.0f);
    }
    return grey_;
  }

 private:
  static std::vector<float> kernel(double sigma) {  // of unit energy, so that speckle is as bright at every width
    const int reach = std::max(1, static_cast<int>(std::ceil(2.6 * sigma)));
    std::vector<float> taps;
    double energy = 0;
    for (int k = -reach; k <= reach; ++k) {
      taps.push_back(static_cast<float>(std::exp(-0.5 * k * k / (sigma * sigma))));
      energy += taps.back() * taps.back();
    }
    for (float& tap : taps) tap /= static_cast<float>(std::sqrt(energy));
    return taps;
  }

  const Body& body_;
  std::vector<Complex> samples_;
  std::vector<float> noise_, gain_, power_, grey_, axial_;
  std::vector<std::vector<float>> lateral_;
};

struct Brightness {  // amplitudes of the tissues, 1: as bright as an average wall
  double wall_left, wall_right, apex, blood, atrium, outside, pericardium;
};

Scene fill_scene(const Body& body, Generator& random, const Brightness& bright) {
  constexpr int kRest = 30000, kWall = 11000, kBlood = 7000, kLeaflet = 130;
  constexpr double kPerArea = 1.0;  // sum of squared amplitudes per cell of the polar picture, for amplitude 1
  const Moment ed = moment(body, 0);
  Scene scene;
  const auto phase = [&] { return static_cast<float>(random.between(0, 2 * kPi)); };
  const auto polar_cells = [&](Point heart) {
    const Point at = to_sector(body, heart.x, heart.y);
    return Point{std::hypot(at.x, at.y) / body.depth_mm * kDepths, (std::atan2(at.x, at.y) / body.half_angle + 1) / 2 * kBeams};
  };
  // Amplitude that makes `count` scatterers, drawn evenly over `area` of (a, b), as bright everywhere as `kPerArea` asks.
  const auto even = [&](auto place, double a, double b, int count, double area) {
    constexpr double kStep = 1e-3;
    const Point at = polar_cells(place(a, b)), da = polar_cells(place(a + kStep, b)), db = polar_cells(place(a, b + kStep));
    const double cells = std::fabs((da.x - at.x) * (db.y - at.y) - (da.y - at.y) * (db.x - at.x)) / (kStep * kStep);
    return std::sqrt(kPerArea * cells * area / count);
  };
  const auto in_wall = [&](double along, double depth) {
    const Point inner = endocardium(body, ed, along), outer = epicardium(body, ed, along);
    return Point{inner.x + depth * (outer.x - inner.x), inner.y + depth * (outer.y - inner.y)};
  };
  const auto in_blood = [&](double s, double share) {
    return Point{ed.length * s, axis_bend(body, s) + share * ed.width / 2 * profile(body, s)};
  };
  std::array<double, 6> patches{};
  for (double& patch : patches) patch = random.between(0, 2 * kPi);
  for (int i = 0; i < kWall; ++i) {
    const double along = random.between(-1, 1), depth = random.uniform();
    const double side = std::clamp(1 - 2.2 * std::fabs(along), 0.0, 1.0);
    double amplitude = side * bright.apex + (1 - side) * (along < 0 ? bright.wall_left : bright.wall_right);
    amplitude *= std::exp(0.4 * std::sin(7 * along + patches[0]) * std::sin(3 * depth + patches[1]) + 0.25 * std::sin(19 * along + patches[5]));
    amplitude *= 0.75 + 0.6 * std::exp(-depth * depth * 16) + 0.35 * std::exp(-(1 - depth) * (1 - depth) * 30);
    scene.wall.push_back({along, depth, static_cast<float>(amplitude * even(in_wall, along, depth, kWall, 2)), phase()});
  }
  for (int i = 0; i < kBlood; ++i) {
    const double s = random.uniform(), share = random.between(-1, 1);
    double amplitude = bright.blood;
    // Papillary muscle and trabeculae near the right wall.
    const double dx = (s - 0.55) / 0.13, dy = (share - 0.72) / 0.16;
    amplitude += 0.55 * bright.wall_right * std::exp(-dx * dx - dy * dy);
    scene.blood.push_back({s, share, static_cast<float>(amplitude * even(in_blood, s, share, kBlood, 2)), phase()});
  }
  for (int i = 0; i < 2 * kLeaflet; ++i)
    scene.valve.push_back({i % 2 == 0 ? -1.0 : 1.0, random.uniform(), static_cast<float>(random.between(0.7, 1.7)), phase()});
  for (int i = 0; i < kRest; ++i) {
    const double depth = random.uniform(), across = random.between(-1, 1);
    double amplitude = std::sqrt(kPerArea * kDepths * kBeams / kRest);
    const double patch = std::sin(9 * depth + patches[2]) * std::sin(4 * across + patches[3]) + 0.7 * std::sin(17 * depth + 6 * across + patches[4]);
    amplitude *= std::exp(0.65 * patch);
    scene.rest.push_back({depth * body.depth_mm, across * body.half_angle, static_cast<float>(amplitude), phase()});
  }
  return scene;
}

// Where tissue around the ventricle goes: with the mitral plane along the axis, less and less with the distance.
Point follow(const Body& body, const Moment& now, Point heart) {
  const double past = std::max(0.0, heart.x - body.length_mm), aside = std::max(0.0, std::fabs(heart.y) - body.width_mm / 2 - body.wall_mm);
  const double share = std::clamp(heart.x / body.length_mm, 0.0, 1.0) * std::exp(-past * past / 900 - aside * aside / 700);
  heart.x -= share * (body.length_mm - now.length);
  heart.y *= 1 - share * 0.12 * now.out * std::exp(-aside / 10);
  return heart;
}

void draw_moment(Picture& picture, const Scene& scene, const Body& body, const Moment& now, const Brightness& bright, double open, double time_s,
                 double clutter) {
  for (const Scatterer& one : scene.wall) {
    const Point inner = endocardium(body, now, one.a), outer = epicardium(body, now, one.a);
    const double u = inner.x + one.b * (outer.x - inner.x), v = inner.y + one.b * (outer.y - inner.y);
    picture.add(to_sector(body, u, v), one.amplitude, one.phase);
  }
  for (const Scatterer& one : scene.blood) {
    // Blood flows and mixes: its speckle forgets itself within a few frames. Muscle inside it stays.
    const bool muscle = std::fabs(one.b - 0.72) < 0.25 && std::fabs(one.a - 0.55) < 0.2;
    const double drift = muscle ? 0 : 2 * kPi * std::fmod(one.phase * 7.3, 1.0) + time_s * (15 + 10 * one.b);
    const double s = std::clamp(one.a + (muscle ? 0 : 0.03 * std::sin(drift)), 0.0, 1.0);
    const double v = axis_bend(body, s) + one.b * now.width / 2 * profile(body, s);
    picture.add(to_sector(body, now.length * s, v), one.amplitude, one.phase + 1.7 * drift);
  }
  // Leaflets hang from the annulus: across the plane when closed, along the walls when open.
  for (const Scatterer& one : scene.valve) {
    const double half = now.width / 2 * body.base, reach = half * 1.02;
    const double swing = (0.1 + 1.15 * open) * (one.b < 0.2 ? 0.7 + 1.5 * one.b : 1);
    const double v = axis_bend(body, 1) + one.a * (half - one.b * reach * std::cos(swing));
    const double u = now.length + 1 - one.b * reach * std::sin(swing) + 2.5 * (1 - open) * one.b * (1 - one.b);
    picture.add(to_sector(body, u, v), one.amplitude, one.phase);
  }
  for (const Scatterer& one : scene.rest) {
    const Point still{one.a * std::sin(one.b), one.a * std::cos(one.b)};
    const Point heart = follow(body, now, to_heart(body, still.x, still.y));
    double amplitude = bright.outside;
    switch (tissue_at(body, now, heart.x, heart.y)) {
      case Tissue::kBlood: amplitude = 0.35 * bright.blood; break;   // haze that the beam's side lobes leave
      case Tissue::kWall: amplitude = 0.15; break;
      case Tissue::kAtrium: amplitude = bright.atrium; break;
      case Tissue::kRightHeart: amplitude = 0.9 * bright.blood; break;
      case Tissue::kRightWall: amplitude = 0.9; break;
      case Tissue::kAtrialWall: amplitude = 0.85; break;
      case Tissue::kPericardium: amplitude = bright.pericardium; break;
      case Tissue::kOutside: break;
    }
    picture.add(to_sector(body, heart.x, heart.y), one.amplitude * amplitude, one.phase);
    // The near field rings, and does not move.
    if (one.a < 34) {
      const double ring = clutter * std::exp(-one.a / 9) * (1.2 + std::sin(one.a * 1.9)) * 1.6;
      picture.add(still, one.amplitude * ring, one.phase * 3);
    }
  }
}

struct SectorPixel {
  int first = -1;
  float depth_share = 0, beam_share = 0;
};

std::vector<SectorPixel> sector_pixels(const Body& body, int side) {
  std::vector<SectorPixel> pixels(static_cast<size_t>(side) * side);
  const double width = 2 * body.depth_mm * std::sin(body.half_angle);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double px = ((x + 0.5) / side - 0.5) * width, py = (y + 0.5) / side * body.depth_mm;
      const double depth = std::hypot(px, py), angle = std::atan2(px, py);
      // A pixel belongs to the sector when part of it does: so the apex has one.
      if (depth - 0.5 * body.depth_mm / side > body.depth_mm || std::fabs(px) - 0.5 * width / side > py * std::tan(body.half_angle)) continue;
      const double d = std::min(depth / body.depth_mm * kDepths, kDepths - 1.001);
      const double b = std::clamp((angle / body.half_angle + 1) / 2 * (kBeams - 1), 0.0, kBeams - 1.001);
      SectorPixel& pixel = pixels[static_cast<size_t>(y) * side + x];
      pixel.first = static_cast<int>(d) * kBeams + static_cast<int>(b);
      pixel.depth_share = static_cast<float>(d - std::floor(d));
      pixel.beam_share = static_cast<float>(b - std::floor(b));
    }
  }
  return pixels;
}

Body draw_body(const SimulatedEcho& wanted, Generator& random) {
  Body body{};
  const double weak = std::clamp((60 - wanted.ef_percent) / 45, 0.0, 1.0);
  body.depth_mm = random.between(150, 172);
  body.half_angle = random.between(36, 43) * kPi / 180;
  body.length_mm = random.between(78, 90) + 6 * weak;
  body.width_mm = body.length_mm * (random.between(0.48, 0.56) + 0.1 * weak);
  body.wall_mm = random.between(8.5, 11.5) - 1.0 * weak;
  body.length_mm *= 1 - std::clamp(wanted.foreshortening, 0.0, 1.0) / 3;
  body.apex_y_mm = random.between(24, 32);
  body.tilt = random.between(-0.02, 0.13);
  body.apex_x_mm = random.between(-2, 4) - 0.25 * body.length_mm * body.tilt;
  body.bend_mm = random.between(-1, 3.5);
  body.widest = random.between(0.58, 0.72);
  body.base = random.between(0.74, 0.86);
  body.shortening = 0.28;
  body.atrium_mm = random.between(34, 46);
  body.atrium_width_mm = body.width_mm * random.between(0.72, 0.9);
  body.atrium_lean = random.between(-0.15, 0.1);
  body.right_heart = wanted.view != EchoView::kApical2;
  body.right_width_mm = random.between(20, 30);
  return body;
}

std::vector<CycleBeat> draw_beats(const SimulatedEcho& wanted, Generator& random, double seconds) {
  const double usual = 60 / wanted.heart_rate_bpm, ejected = wanted.ef_percent / 100;
  std::vector<CycleBeat> beats;
  double start = -random.between(0.55, 0.98) * usual, before = usual;
  while (start < seconds) {
    const double length = usual * (wanted.irregular ? random.between(0.68, 1.38) : 1);
    const double output = wanted.irregular ? std::clamp(1 + 0.45 * (before / usual - 1), 0.7, 1.2) : 1;
    beats.push_back({start, length, std::min(0.85, ejected * output)});
    start += length;
    before = length;
  }
  return beats;
}

}  // namespace

SimulatedCine simulate_echo(const SimulatedEcho& asked) {
  SimulatedEcho wanted = asked;
  wanted.ef_percent = std::clamp(wanted.ef_percent, 5.0, 80.0);
  wanted.heart_rate_bpm = std::clamp(wanted.heart_rate_bpm, 30.0, 180.0);
  wanted.frames_per_second = std::clamp(wanted.frames_per_second, 5.0, 120.0);
  wanted.noise = std::clamp(wanted.noise, 0.0, 1.0);
  wanted.gain_db = std::clamp(wanted.gain_db, -20.0, 20.0);
  wanted.side = std::clamp(wanted.side, kSmallestClipSide, kLargestClipSide);
  const int frames = static_cast<int>(std::clamp(std::round(wanted.seconds * wanted.frames_per_second), 1.0, 600.0));
  const int side = wanted.side;

  Generator random{(static_cast<uint64_t>(wanted.seed) << 1) ^ 0x51ED270B};
  const Body body = draw_body(wanted, random);
  const std::vector<CycleBeat> beats = draw_beats(wanted, random, frames / wanted.frames_per_second);
  Brightness bright{};
  const double contrast = std::pow(10, -(random.between(15, 22) - 5 * wanted.noise) / 20);
  bright.wall_left = random.between(0.9, 1.9);
  bright.wall_right = random.between(0.5, 1.1) * (1 - 0.3 * wanted.noise);
  bright.apex = random.between(0.7, 1.1);
  bright.blood = contrast;
  bright.atrium = contrast * random.between(1, 1.6);
  bright.outside = random.between(0.4, 1.1);
  bright.pericardium = bright.outside + random.between(0.2, 0.8);
  const Scene scene = fill_scene(body, random, bright);
  Picture picture(body, random, wanted.noise);
  const std::vector<SectorPixel> pixels = sector_pixels(body, side);
  const double width_mm = 2 * body.depth_mm * std::sin(body.half_angle);

  SimulatedCine cine;
  EchoClip& clip = cine.clip;
  clip.format = "simulated";
  clip.source_width = clip.source_height = side;
  clip.sector_box = {0, 0, side, side};
  clip.side = side;
  clip.times_known = true;
  clip.mm_per_px_x = width_mm / side;
  clip.mm_per_px_y = body.depth_mm / side;
  clip.aspect = width_mm / body.depth_mm;
  clip.device = "simulated";
  clip.stated_view = echo_view_name(body.right_heart ? EchoView::kApical4 : EchoView::kApical2);
  clip.frames.resize(pixels.size() * frames);
  cine.masks.resize(pixels.size() * frames);
  for (const SectorPixel& pixel : pixels) clip.sector.push_back(pixel.first >= 0 ? 1 : 0);

  size_t current = 0;
  for (int f = 0; f < frames; ++f) {
    const double time = f / wanted.frames_per_second;
    clip.times_ms.push_back(time * 1000);
    while (current + 1 < beats.size() && time >= beats[current + 1].start_s) ++current;
    const CycleBeat& beat = beats[current];
    const Moment now = moment(body, beat.ejected * contraction(beat, time - beat.start_s, !wanted.irregular));
    cine.lv_volume_ml.push_back(volume_ml(body, now));

    const double systole = systole_s(beat), since = time - beat.start_s - systole;
    const double open = since < 0 ? 0 : smooth_step(since / 0.06) * (1 - smooth_step((since - (beat.length_s - systole) + 0.06) / 0.06)) *
                                            (0.55 + 0.45 * std::fabs(std::cos(kPi * since / (beat.length_s - systole))));
    picture.clear(random, contrast * (0.15 + 0.55 * wanted.noise));
    draw_moment(picture, scene, body, now, bright, open, time, 0.4 + wanted.noise);
    const std::vector<float>& grey = picture.develop(wanted.gain_db);
    uint8_t* to = &clip.frames[pixels.size() * f];
    uint8_t* mask = &cine.masks[pixels.size() * f];
    for (size_t i = 0; i < pixels.size(); ++i) {
      const SectorPixel& pixel = pixels[i];
      if (pixel.first >= 0) {
        const float* at = &grey[pixel.first];
        const float near = at[0] + pixel.beam_share * (at[1] - at[0]);
        const float far = at[kBeams] + pixel.beam_share * (at[kBeams + 1] - at[kBeams]);
        to[i] = static_cast<uint8_t>(std::max(1.0f, near + pixel.depth_share * (far - near)));
      }
      const double x = ((static_cast<double>(i % side) + 0.5) / side - 0.5) * width_mm;
      const double y = (static_cast<double>(i / side) + 0.5) / side * body.depth_mm;
      const Point heart = to_heart(body, x, y);
      switch (tissue_at(body, now, heart.x, heart.y)) {
        case Tissue::kBlood: mask[i] = static_cast<uint8_t>(EchoClass::kLeftVentricle); break;
        case Tissue::kWall: mask[i] = static_cast<uint8_t>(EchoClass::kMyocardium); break;
        case Tissue::kAtrium: mask[i] = static_cast<uint8_t>(EchoClass::kLeftAtrium); break;
        default: break;
      }
    }
  }

  const auto strain = [&](double ejected) { return 100 * (contour_mm(body, moment(body, ejected)) / contour_mm(body, moment(body, 0)) - 1); };
  for (const CycleBeat& beat : beats) {
    const double es = (beat.start_s + systole_s(beat)) * wanted.frames_per_second, ed = beat.start_s * wanted.frames_per_second;
    if (ed < 0 || es > frames - 1) continue;
    EchoBeat found;
    // Of the three frames around the moment, the one that shows it best.
    const auto best = [&](double moment_frame, double sign) {
      const int near = static_cast<int>(std::lround(moment_frame));
      int at = std::clamp(near, 0, frames - 1);
      for (int f = std::max(0, near - 1); f <= std::min(frames - 1, near + 1); ++f)
        if (sign * cine.lv_volume_ml[static_cast<size_t>(f)] > sign * cine.lv_volume_ml[static_cast<size_t>(at)]) at = f;
      return at;
    };
    found.ed_frame = best(ed, 1);
    found.es_frame = best(es, -1);
    found.ef_percent = 100 * beat.ejected;
    found.ed_volume_ml = volume_ml(body, moment(body, 0));
    found.es_volume_ml = volume_ml(body, moment(body, beat.ejected));
    found.gls_percent = strain(beat.ejected);
    cine.beats.push_back(found);
  }
  std::vector<double> fractions;
  for (const EchoBeat& beat : cine.beats) fractions.push_back(beat.ef_percent);
  std::sort(fractions.begin(), fractions.end());
  const size_t count = fractions.size();
  cine.ef_percent = count == 0 ? wanted.ef_percent : (fractions[(count - 1) / 2] + fractions[count / 2]) / 2;
  cine.gls_percent = strain(cine.ef_percent / 100);
  return cine;
}

}  // namespace precordia
