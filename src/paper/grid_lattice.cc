// Plan: seed (tiles' spectra) ▸ follow phases ▸ homography + smoothed residual ▸ millimetres per cycle ▸ invert to page ▸ image.
#include "paper/grid_lattice.h"

#include <Eigen/Dense>
#include <complex>
#include <cstdint>
#include <numbers>
#include <queue>

#include "base/text.h"

namespace precordia {
namespace {

using Complex = std::complex<double>;
constexpr double kTurn = 2 * std::numbers::pi;

// ---- seed --------------------------------------------------------------------------------------------------------------

// Fourier transforms of the columns of n x `width` numbers, in place and all columns at once, a line being beside the next one; n a power
// of two, `cosine` and `sine` hold 2 pi k / n for k < n / 2.
struct Turns {
  std::vector<float> cosine, sine;
  explicit Turns(int n) {
    for (int k = 0; k < n / 2; ++k) cosine.push_back(static_cast<float>(std::cos(kTurn * k / n))), sine.push_back(static_cast<float>(std::sin(kTurn * k / n)));
  }
};
void transform_columns(float* re, float* im, int n, int width, const Turns& turns) {
  for (int i = 1, j = 0; i < n; ++i) {
    int bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j |= bit;
    if (i < j) std::swap_ranges(re + i * width, re + (i + 1) * width, re + j * width), std::swap_ranges(im + i * width, im + (i + 1) * width, im + j * width);
  }
  for (int len = 2; len <= n; len <<= 1)
    for (int i = 0; i < n; i += len)
      for (int k = 0; k < len / 2; ++k) {
        const float c = turns.cosine[static_cast<size_t>(k * (n / len))], s = turns.sine[static_cast<size_t>(k * (n / len))];
        float *re_a = re + (i + k) * width, *im_a = im + (i + k) * width, *re_b = re_a + len / 2 * width, *im_b = im_a + len / 2 * width;
        for (int x = 0; x < width; ++x) {
          const float t_re = re_b[x] * c + im_b[x] * s, t_im = im_b[x] * c - re_b[x] * s;
          re_b[x] = re_a[x] - t_re, im_b[x] = im_a[x] - t_im;
          re_a[x] += t_re, im_a[x] += t_im;
        }
      }
}

// Power spectrum of a real tile, n x n with n a power of two.
class Spectrum {
 public:
  explicit Spectrum(int n) : tile(static_cast<size_t>(n) * n), n_(n), turns_(n) {}
  std::vector<float> tile;   // row-major
  void transform() {
    const int n = n_, half = n / 2, bins = half + 1;
    // Two real columns, x and x + n / 2, are one complex column; its transform's even part is the first's, its odd part the second's.
    re_.resize(static_cast<size_t>(n) * half), im_.resize(re_.size());
    for (int y = 0; y < n; ++y) {
      const float* line = &tile[static_cast<size_t>(y) * n];
      std::copy_n(line, half, &re_[static_cast<size_t>(y) * half]);
      std::copy_n(line + half, half, &im_[static_cast<size_t>(y) * half]);
    }
    transform_columns(re_.data(), im_.data(), n, half, turns_);
    across_re_.resize(static_cast<size_t>(n) * bins), across_im_.resize(across_re_.size());   // turned
    for (int ky = 0; ky <= half; ++ky) {
      const size_t at = static_cast<size_t>(ky) * half, mirror = static_cast<size_t>((n - ky) % n) * half;
      for (int x = 0; x < half; ++x) {
        const float re = re_[at + x], im = im_[at + x], re_m = re_[mirror + x], im_m = im_[mirror + x];
        const size_t first = static_cast<size_t>(x) * bins + ky, second = static_cast<size_t>(x + half) * bins + ky;
        across_re_[first] = 0.5f * (re + re_m), across_im_[first] = 0.5f * (im - im_m);
        across_re_[second] = 0.5f * (im + im_m), across_im_[second] = 0.5f * (re_m - re);
      }
    }
    transform_columns(across_re_.data(), across_im_.data(), n, bins, turns_);
    power_.resize(across_re_.size());
    for (size_t i = 0; i < power_.size(); ++i) power_[i] = across_re_[i] * across_re_[i] + across_im_[i] * across_im_[i];
  }
  void take(std::span<const float> power) { power_.assign(power.begin(), power.end()); }   // what transform would have made
  size_t size() const { return static_cast<size_t>(n_) * (n_ / 2 + 1); }
  const std::vector<float>& all() const { return power_; }
  // After transform: at frequencies -n / 2 < kx, ky < n / 2; only half of them are kept, as the other half mirrors them.
  double power(int kx, int ky) const {
    if (ky < 0) kx = -kx, ky = -ky;
    return power_[static_cast<size_t>((kx + n_) % n_) * (n_ / 2 + 1) + ky];
  }

 private:
  int n_;
  Turns turns_;
  std::vector<float> re_, im_;                   // along, of pairs of columns
  std::vector<float> across_re_, across_im_, power_;   // a line is one kx (negative ones behind the others), from ky = 0 to n / 2
};

struct Wave { double kx = 0, ky = 0; };   // cycles per pixel
inline double length_of(const Wave& w) { return std::hypot(w.kx, w.ky); }

struct TilePeak {
  double cx = 0, cy = 0;
  Wave wave[2];          // of the vertical lines, of the horizontal lines
  double prominence[2] = {0, 0};
  Wave raw[2];           // the strongest, which may be a harmonic
};

// Of the tile that begins at x0, y0, levelled to `most` and less about its `mean`.
void transform_tile(const Plane& ink, int x0, int y0, int n, float most, float mean, Spectrum& spectrum) {
  std::vector<float> hann(n);
  for (int i = 0; i < n; ++i) hann[i] = static_cast<float>(0.5 - 0.5 * std::cos(kTurn * (i + 0.5) / n));
  for (int y = 0; y < n; ++y)
    for (int x = 0; x < n; ++x) spectrum.tile[static_cast<size_t>(y) * n + x] = (std::min(ink.at(x0 + x, y0 + y), most) - mean) * hann[x] * hann[y];
  spectrum.transform();
}

TilePeak strongest_waves(const Spectrum& spectrum, int x0, int y0, int n) {
  TilePeak peak;
  peak.cx = x0 + n / 2.0 - 0.5;
  peak.cy = y0 + n / 2.0 - 0.5;
  const auto power = [&](int kx, int ky) { return spectrum.power(kx, ky); };
  std::vector<float> all;
  const int lowest = std::max(4, n / 64), highest = static_cast<int>(0.45 * n);
  for (int family = 0; family < 2; ++family) {
    double best = 0;
    int bx = 0, by = 0;
    all.clear();
    for (int main = lowest; main <= highest; ++main) {
      const int side = static_cast<int>(0.5 * main);
      for (int cross = -side; cross <= side; ++cross) {
        const int kx = family == 0 ? main : cross, ky = family == 0 ? cross : main;
        const double p = power(kx, ky) * main;   // traces and shadows are stronger the lower the frequency
        all.push_back(static_cast<float>(p));
        if (p > best) best = p, bx = kx, by = ky;
      }
    }
    const double floor = percentile(all, 0.5) + 1e-12;
    peak.raw[family] = {static_cast<double>(bx) / n, static_cast<double>(by) / n};
    // A harmonic may be the strongest; the lines themselves are the lowest clear wave among its halves, thirds and quarters.
    for (const int m : {4, 3, 2}) {
      double here = 0;
      int hx = 0, hy = 0;
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx) {
          const int kx = static_cast<int>(std::lround(static_cast<double>(bx) / m)) + dx, ky = static_cast<int>(std::lround(static_cast<double>(by) / m)) + dy;
          const int main = family == 0 ? kx : ky;
          if (main >= lowest && power(kx, ky) * main > here) here = power(kx, ky) * main, hx = kx, hy = ky;
        }
      if (here > 0.04 * best && here > 100 * floor) {
        best = here, bx = hx, by = hy;
        break;
      }
    }
    peak.prominence[family] = std::sqrt(best / floor);
    peak.wave[family] = {static_cast<double>(bx) / n, static_cast<double>(by) / n};
  }
  return peak;
}

// ---- local phase -------------------------------------------------------------------------------------------------------

struct LocalPhase {
  Wave wave;
  double cycles = 0;      // phase at the centre
  double coherence = 0;   // amplitude over the standard deviation of the window
};

inline Complex times(Complex a, Complex b) { return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()}; }
inline float sum_of(Four v) { return (v[0] + v[1]) + (v[2] + v[3]); }

LocalPhase local_phase(const Plane& ink, double cx, double cy, Wave wave, int half, int rounds) {
  LocalPhase out{wave, 0, 0};
  const int x0 = std::max(0, static_cast<int>(std::lround(cx)) - half), x1 = std::min(ink.width - 1, static_cast<int>(std::lround(cx)) + half);
  const int y0 = std::max(0, static_cast<int>(std::lround(cy)) - half), y1 = std::min(ink.height - 1, static_cast<int>(std::lround(cy)) + half);
  if (x1 - x0 < half || y1 - y0 < half) return out;
  // Every other pixel of a chessboard is enough for lines this far apart.
  const int step = length_of(wave) < 0.16 ? (half > 48 ? 3 : 2) : 1;
  // The window and the wave are products of a part in x and a part in y: lines of samples against tables in x, one table for each place
  // at which the chessboard lets a line begin.
  constexpr int kMost = 64;
  const int lines = (y1 - y0) / step + 1, places = (x1 - x0) / step + 1;
  if (lines > kMost || places > kMost) return out;
  alignas(16) Four sample[kMost][kMost / 4];
  for (int m = 0; m < lines; ++m) {
    const float* p = ink.row(y0 + m * step) + x0 + m % step;
    float* to = reinterpret_cast<float*>(sample[m]);
    const int n = (x1 - x0 - m % step) / step + 1;
    for (int i = 0; i < n; ++i) to[i] = p[i * step];
    for (int i = n; i < kMost; ++i) to[i] = 0;
  }
  struct Table {   // Hann window, times the wave, times the way from the centre
    alignas(16) Four window[kMost / 4], cosine[kMost / 4], sine[kMost / 4], x_cosine[kMost / 4], x_sine[kMost / 4];
    Complex wave = 0, x_wave = 0;
    double weight = 0, x_square = 0;
  };
  Table tables[3];
  const int fours = (places + 3) / 4;
  double window_x[3][kMost], window_y[kMost];
  for (int s = 0; s < step; ++s) {
    const int n = (x1 - x0 - s) / step + 1;
    for (int i = 0; i < 4 * fours; ++i) {
      const double dx = x0 + s + i * step - cx, w = i < n ? 0.5 + 0.5 * std::cos(std::numbers::pi * dx / (half + 1)) : 0;
      window_x[s][i] = w;
      tables[s].window[i / 4][i % 4] = static_cast<float>(w);
      tables[s].weight += w, tables[s].x_square += w * dx * dx;
    }
  }
  for (int m = 0; m < lines; ++m) window_y[m] = 0.5 + 0.5 * std::cos(std::numbers::pi * std::clamp((y0 + m * step - cy) / (half + 1), -1.0, 1.0));
  for (int round = 0; round < rounds; ++round) {
    const Complex turn_x = std::polar(1.0, -kTurn * out.wave.kx * step), turn_y = std::polar(1.0, -kTurn * out.wave.ky * step);
    for (int s = 0; s < step; ++s) {
      Table& t = tables[s];
      t.wave = t.x_wave = 0;
      Complex rotor = std::polar(1.0, -kTurn * out.wave.kx * (x0 + s - cx));
      for (int i = 0; i < 4 * fours; ++i, rotor = times(rotor, turn_x)) {
        const double dx = x0 + s + i * step - cx;
        const Complex e = window_x[s][i] * rotor;
        t.cosine[i / 4][i % 4] = static_cast<float>(e.real()), t.sine[i / 4][i % 4] = static_cast<float>(e.imag());
        t.x_cosine[i / 4][i % 4] = static_cast<float>(dx * e.real()), t.x_sine[i / 4][i % 4] = static_cast<float>(dx * e.imag());
        t.wave += e, t.x_wave += dx * e;
      }
    }
    Complex rotor_y = std::polar(1.0, -kTurn * out.wave.ky * (y0 - cy));
    Complex a = 0, ax = 0, ay = 0, w0 = 0, wx1 = 0, wy1 = 0;
    double sum = 0, square = 0, weights = 0, sxx = 0, syy = 0;
    for (int m = 0; m < lines; ++m, rotor_y = times(rotor_y, turn_y)) {
      const Table& t = tables[m % step];
      Four re{}, im{}, x_re{}, x_im{}, grey{}, grey_square{};
      for (int i = 0; i < fours; ++i) {
        const Four g = sample[m][i], wg = t.window[i] * g;
        re += g * t.cosine[i], im += g * t.sine[i];
        x_re += g * t.x_cosine[i], x_im += g * t.x_sine[i];
        grey += wg, grey_square += wg * g;
      }
      const double dy = y0 + m * step - cy, hy = window_y[m];
      const Complex e = hy * rotor_y;
      const Complex line = times(e, {sum_of(re), sum_of(im)}), wave_line = times(e, t.wave);
      a += line, ax += times(e, {sum_of(x_re), sum_of(x_im)}), ay += dy * line;
      w0 += wave_line, wx1 += times(e, t.x_wave), wy1 += dy * wave_line;
      sum += hy * sum_of(grey), square += hy * sum_of(grey_square), weights += hy * t.weight, sxx += hy * t.x_square, syy += hy * dy * dy * t.weight;
    }
    const double mean = sum / weights, variance = std::max(1e-9, square / weights - mean * mean);
    a -= mean * w0, ax -= mean * wx1, ay -= mean * wy1;
    out.cycles = std::arg(a) / kTurn;
    out.coherence = std::abs(a) / weights / std::sqrt(variance + 1e-5);
    if (round + 1 == rounds || std::abs(a) < 1e-9) break;
    // A tone off by dk turns the first moment: Im(ax / a) = 2 pi dk sigma^2.
    const double most = 0.25 / half, settled = 0.01 / half;   // the latter: the centre's phase moves with the square of what is left
    const double off_x = (ax / a).imag() / (kTurn * sxx / weights), off_y = (ay / a).imag() / (kTurn * syy / weights);
    out.wave.kx += std::clamp(off_x, -most, most);
    out.wave.ky += std::clamp(off_y, -most, most);
    if (std::abs(off_x) < settled && std::abs(off_y) < settled) break;
  }
  return out;
}

// ---- following ---------------------------------------------------------------------------------------------------------

struct Family {            // one family of lines at the nodes of an image lattice
  std::vector<LocalPhase> node;
  std::vector<double> cycles;   // unwrapped
  std::vector<uint8_t> known;
  int half = 24;
};

struct NodeLattice {
  double spacing = 16;
  int columns = 0, rows = 0;
  double x(int c) const { return (c + 0.5) * spacing; }
  double y(int r) const { return (r + 0.5) * spacing; }
};

constexpr double kFaint = 0.2, kAstray = 0.05;   // the median coherence, and the share of wrong waves, of a grid that has to be helped
constexpr double kLeastCoherence = 0.09, kRimCoherence = 0.06, kFaintCoherence = 0.03;   // where a neighbour leads; where the page does, at its rim and within

int follow(const Plane& ink, const NodeLattice& lattice, Family& family, double sx, double sy, Wave seed) {
  const size_t count = static_cast<size_t>(lattice.columns) * lattice.rows;
  family.node.assign(count, {});
  family.cycles.assign(count, 0);
  family.known.assign(count, 0);
  struct Entry {
    double quality;
    int node;
    bool operator<(const Entry& o) const { return quality < o.quality; }
  };
  std::priority_queue<Entry> queue;
  // The clearest node of the seed's surroundings.
  int c0 = 0, r0 = 0;
  LocalPhase first;
  const int reach = std::max(1, static_cast<int>(96 / lattice.spacing));
  const int sc = std::clamp(static_cast<int>(sx / lattice.spacing), 0, lattice.columns - 1), sr = std::clamp(static_cast<int>(sy / lattice.spacing), 0, lattice.rows - 1);
  for (int r = std::max(0, sr - reach); r <= std::min(lattice.rows - 1, sr + reach); ++r)
    for (int c = std::max(0, sc - reach); c <= std::min(lattice.columns - 1, sc + reach); ++c) {
      const LocalPhase here = local_phase(ink, lattice.x(c), lattice.y(r), seed, family.half, 6);
      if (here.coherence > first.coherence && length_of(here.wave) > 0.7 * length_of(seed)) first = here, c0 = c, r0 = r;
    }
  if (first.coherence < kLeastCoherence) return 0;
  const int start = r0 * lattice.columns + c0;
  family.node[start] = first;
  family.cycles[start] = first.cycles;
  family.known[start] = 1;
  queue.push({first.coherence, start});
  int found = 1;
  const double seed_length = length_of(first.wave);
  while (!queue.empty()) {
    const int at = queue.top().node;
    queue.pop();
    const int c = at % lattice.columns, r = at / lattice.columns;
    constexpr int kSteps[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    for (const auto& step : kSteps) {
      const int nc = c + step[0], nr = r + step[1];
      if (nc < 0 || nr < 0 || nc >= lattice.columns || nr >= lattice.rows) continue;
      const int to = nr * lattice.columns + nc;
      if (family.known[to]) continue;
      const LocalPhase& from = family.node[at];
      const LocalPhase there = local_phase(ink, lattice.x(nc), lattice.y(nr), from.wave, family.half, 3);
      if (there.coherence < kLeastCoherence) continue;
      const double change = std::hypot(there.wave.kx - from.wave.kx, there.wave.ky - from.wave.ky);
      const double ratio = length_of(there.wave) / seed_length;
      if (change > 0.06 * seed_length || ratio < 0.5 || ratio > 2) continue;
      const double dx = lattice.x(nc) - lattice.x(c), dy = lattice.y(nr) - lattice.y(r);
      const double expected = family.cycles[at] + 0.5 * ((from.wave.kx + there.wave.kx) * dx + (from.wave.ky + there.wave.ky) * dy);
      const double whole = std::round(expected - there.cycles);
      if (std::abs(expected - there.cycles - whole) > 0.22) continue;
      family.node[to] = there;
      family.cycles[to] = there.cycles + whole;
      family.known[to] = 1;
      ++found;
      queue.push({there.coherence, to});
    }
  }
  return found;
}

// Counting lines across traces or names can slip by a whole one. Nodes move by whole cycles until their neighbours agree best (Besag 1986,
// iterated conditional modes); what still disagrees by most of a half is no longer known.
void mend_slips(const NodeLattice& lattice, Family& family) {
  constexpr int kAround[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
  const auto off_by = [&](int at, int to, const int* step) {   // cycles by which `to`, a step away, is further than the waves say
    const Wave a = family.node[at].wave, b = family.node[to].wave;
    return family.cycles[to] - family.cycles[at] - 0.5 * lattice.spacing * ((a.kx + b.kx) * step[0] + (a.ky + b.ky) * step[1]);
  };
  const auto misfit = [&](int at, int c, int r, double moved, double* worst) {
    double sum = 0;
    for (const auto& step : kAround) {
      const int nc = c + step[0], nr = r + step[1];
      if (nc < 0 || nr < 0 || nc >= lattice.columns || nr >= lattice.rows) continue;
      const int to = nr * lattice.columns + nc;
      if (!family.known[to]) continue;
      const double off = std::abs(off_by(at, to, step) - moved);
      sum += std::min(off, 1.5) * family.node[to].coherence;
      if (worst) *worst = std::max(*worst, off);
    }
    return sum;
  };
  for (int sweep = 0, changed = 1; sweep < 30 && changed > 0; ++sweep) {
    changed = 0;
    for (int r = 0; r < lattice.rows; ++r)
      for (int c = 0; c < lattice.columns; ++c) {
        const int at = r * lattice.columns + c;
        if (!family.known[at]) continue;
        const double stay = misfit(at, c, r, 0, nullptr), up = misfit(at, c, r, 1, nullptr), down = misfit(at, c, r, -1, nullptr);
        if (std::min(up, down) < stay - 1e-9) family.cycles[at] += up < down ? 1 : -1, ++changed;
      }
  }
  // Whole regions that slipped against the largest one: neighbours that agree are one region, and each moves by what most of its borders say.
  std::vector<int> region(family.known.size(), -1), stack;
  std::vector<size_t> sizes;
  for (int start = 0; start < static_cast<int>(region.size()); ++start) {
    if (!family.known[start] || region[start] >= 0) continue;
    const int id = static_cast<int>(sizes.size());
    sizes.push_back(0);
    stack.assign(1, start);
    region[start] = id;
    while (!stack.empty()) {
      const int at = stack.back(), c = at % lattice.columns, r = at / lattice.columns;
      stack.pop_back();
      ++sizes[id];
      for (const auto& step : kAround) {
        if (c + step[0] < 0 || r + step[1] < 0 || c + step[0] >= lattice.columns || r + step[1] >= lattice.rows) continue;
        const int to = (r + step[1]) * lattice.columns + c + step[0];
        if (family.known[to] && region[to] < 0 && std::abs(off_by(at, to, step)) < 0.4) region[to] = id, stack.push_back(to);
      }
    }
  }
  if (sizes.size() > 1) {
    const int main = static_cast<int>(std::max_element(sizes.begin(), sizes.end()) - sizes.begin());
    std::vector<std::vector<double>> borders(sizes.size());
    for (int r = 0; r < lattice.rows; ++r)
      for (int c = 0; c < lattice.columns; ++c) {
        const int at = r * lattice.columns + c;
        if (!family.known[at] || region[at] != main) continue;
        for (const auto& step : kAround) {
          if (c + step[0] < 0 || r + step[1] < 0 || c + step[0] >= lattice.columns || r + step[1] >= lattice.rows) continue;
          const int to = (r + step[1]) * lattice.columns + c + step[0];
          if (family.known[to] && region[to] != main) borders[static_cast<size_t>(region[to])].push_back(off_by(at, to, step));
        }
      }
    for (size_t i = 0; i < region.size(); ++i)
      if (family.known[i] && region[i] != main && borders[static_cast<size_t>(region[i])].size() >= 3) {
        std::vector<double> said = borders[static_cast<size_t>(region[i])];
        family.cycles[i] -= std::round(percentile(said, 0.5));
      }
  }
  std::vector<int> torn;
  for (int r = 0; r < lattice.rows; ++r)
    for (int c = 0; c < lattice.columns; ++c) {
      const int at = r * lattice.columns + c;
      double worst = 0;
      if (family.known[at] && (misfit(at, c, r, 0, &worst), worst > 0.4)) torn.push_back(at);
    }
  for (const int at : torn) family.known[at] = 0;
}

// ---- smooth coordinates ------------------------------------------------------------------------------------------------

using Homography = Eigen::Matrix3d;

Eigen::Vector2d through(const Homography& h, double x, double y) {
  const Eigen::Vector3d p = h * Eigen::Vector3d(x, y, 1);
  return p.head<2>() / p.z();
}

// Robust least squares over (x, y) -> (u, v), image normalised to about 1; two reweighted rounds.
Homography fit_homography(const std::vector<std::array<double, 4>>& points, double size) {
  std::vector<double> weight(points.size(), 1);
  Homography h = Homography::Identity();
  double su = 1;
  for (const auto& p : points) su = std::max({su, std::abs(p[2]), std::abs(p[3])});
  for (int round = 0; round < 4; ++round) {
    Eigen::Matrix<double, 8, 8> normal = Eigen::Matrix<double, 8, 8>::Zero();
    Eigen::Matrix<double, 8, 1> right = Eigen::Matrix<double, 8, 1>::Zero();
    for (size_t i = 0; i < points.size(); ++i) {
      const double x = points[i][0] / size, y = points[i][1] / size, u = points[i][2] / su, v = points[i][3] / su;
      Eigen::Matrix<double, 8, 1> a, b;
      a << x, y, 1, 0, 0, 0, -u * x, -u * y;
      b << 0, 0, 0, x, y, 1, -v * x, -v * y;
      normal += weight[i] * (a * a.transpose() + b * b.transpose());
      right += weight[i] * (a * u + b * v);
    }
    normal.diagonal().tail<2>().array() += 1e-6 * static_cast<double>(points.size());   // no perspective unless it is there
    const Eigen::Matrix<double, 8, 1> s = normal.ldlt().solve(right);
    Homography n;
    n << s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], 1;
    h = Eigen::Vector3d(su, su, 1).asDiagonal() * n * Eigen::Vector3d(1 / size, 1 / size, 1).asDiagonal();
    std::vector<double> misses;
    for (const auto& p : points) misses.push_back((through(h, p[0], p[1]) - Eigen::Vector2d(p[2], p[3])).norm());
    std::vector<double> sorted = misses;
    const double scale = 2.5 * percentile(sorted, 0.5) + 1e-3;
    for (size_t i = 0; i < points.size(); ++i) weight[i] = 1 / (1 + (misses[i] / scale) * (misses[i] / scale));
  }
  return h;
}

struct PageField {   // page coordinates at every node: homography plus what curl leaves
  NodeLattice lattice;
  Homography h = Homography::Identity(), back = Homography::Identity();
  std::vector<double> du, dv;
  Eigen::Vector2d at(double x, double y) const {
    const double c = std::clamp(x / lattice.spacing - 0.5, 0.0, lattice.columns - 1.001), r = std::clamp(y / lattice.spacing - 0.5, 0.0, lattice.rows - 1.001);
    const int i = static_cast<int>(c), j = static_cast<int>(r);
    const int i1 = std::min(i + 1, lattice.columns - 1), j1 = std::min(j + 1, lattice.rows - 1);
    const double a = c - i, b = r - j;
    const auto mix = [&](const std::vector<double>& d) {
      const double* top = &d[static_cast<size_t>(j) * lattice.columns];
      const double* low = &d[static_cast<size_t>(j1) * lattice.columns];
      return (1 - b) * ((1 - a) * top[i] + a * top[i1]) + b * ((1 - a) * low[i] + a * low[i1]);
    };
    return through(h, x, y) + Eigen::Vector2d(mix(du), mix(dv));
  }
  Eigen::Vector2d inverse(double u, double v) const {
    Eigen::Vector2d p = through(back, u, v);
    const Eigen::Vector2d start = p;
    for (int round = 0; round < 6; ++round) {
      const Eigen::Vector2d miss = Eigen::Vector2d(u, v) - at(p.x(), p.y());
      if (miss.norm() < 1e-4) break;
      const Eigen::Vector2d base = through(h, p.x(), p.y());
      p = through(back, base.x() + miss.x(), base.y() + miss.y());
    }
    return (p - start).norm() < 8 * lattice.spacing ? p : start;
  }
};

// Normalised smoothing of what is known; unknown nodes take what their surroundings say and fade to 0.
void smooth_residual(const NodeLattice& lattice, std::vector<double>& value, std::vector<double> weight, int rounds) {
  std::vector<double> sum(value.size());
  for (size_t i = 0; i < value.size(); ++i) sum[i] = value[i] * weight[i];
  const auto blur = [&](std::vector<double>& d) {
    std::vector<double> t = d;
    for (int r = 0; r < lattice.rows; ++r)
      for (int c = 0; c < lattice.columns; ++c) {
        const size_t at = static_cast<size_t>(r) * lattice.columns + c;
        t[at] = 0.5 * d[at] + 0.25 * (d[c > 0 ? at - 1 : at] + d[c + 1 < lattice.columns ? at + 1 : at]);
      }
    for (int r = 0; r < lattice.rows; ++r)
      for (int c = 0; c < lattice.columns; ++c) {
        const size_t at = static_cast<size_t>(r) * lattice.columns + c;
        d[at] = 0.5 * t[at] + 0.25 * (t[r > 0 ? at - lattice.columns : at] + t[r + 1 < lattice.rows ? at + lattice.columns : at]);
      }
  };
  for (int i = 0; i < rounds; ++i) blur(sum), blur(weight);
  for (size_t i = 0; i < value.size(); ++i) value[i] = sum[i] / (weight[i] + 1e-3);
}

// Planes through what is known around each node (LOESS, Cleveland 1979), over twice the reach where the phases are noisy; what stands out
// from its surroundings counts less, and far from everything known there is nothing.
void smooth_faint_residual(const NodeLattice& lattice, std::vector<double>& value, std::vector<double> weight) {
  constexpr int kWindow = 4;
  const auto planes = [&](double reach) {
    double near[kWindow + 1];
    for (int d = 0; d <= kWindow; ++d) near[d] = std::exp(-0.5 * d * d / (reach * reach));
    const int window = std::min(kWindow, static_cast<int>(std::ceil(2 * reach)));
    std::vector<double> smooth(value.size(), 0);
    for (int r = 0; r < lattice.rows; ++r)
      for (int c = 0; c < lattice.columns; ++c) {
        double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0, v = 0, xv = 0, yv = 0;
        for (int dr = std::max(-window, -r); dr <= std::min(window, lattice.rows - 1 - r); ++dr)
          for (int dc = std::max(-window, -c); dc <= std::min(window, lattice.columns - 1 - c); ++dc) {
            const size_t at = static_cast<size_t>(r + dr) * lattice.columns + (c + dc);
            if (weight[at] == 0) continue;
            const double w = weight[at] * near[std::abs(dr)] * near[std::abs(dc)], u = value[at];
            n += w, x += w * dc, y += w * dr, xx += w * dc * dc, xy += w * dc * dr, yy += w * dr * dr, v += w * u, xv += w * dc * u, yv += w * dr * u;
          }
        if (n == 0) continue;
        const double mx = x / n, my = y / n, mv = v / n;
        const double least = 0.1 * reach * reach;   // no slope from a few nodes in a line
        const double sxx = xx / n - mx * mx + least, syy = yy / n - my * my + least, sxy = xy / n - mx * my, sxv = xv / n - mx * mv, syv = yv / n - my * mv;
        const double det = sxx * syy - sxy * sxy, bx = (sxv * syy - syv * sxy) / det, by = (syv * sxx - sxv * sxy) / det;
        smooth[static_cast<size_t>(r) * lattice.columns + c] = (mv - bx * mx - by * my) * n / (n + 1e-3);
      }
    return smooth;
  };
  const auto misses = [&](const std::vector<double>& smooth) {
    std::vector<double> miss;
    for (size_t i = 0; i < value.size(); ++i)
      if (weight[i] > 0) miss.push_back(std::abs(value[i] - smooth[i]));
    return percentile(miss, 0.5);
  };
  std::vector<double> smooth = planes(1);
  const double noise = misses(smooth);
  for (size_t i = 0; i < value.size(); ++i) {
    const double out = (value[i] - smooth[i]) / (4 * noise + 1e-3);
    weight[i] /= 1 + out * out;
  }
  value = planes(std::clamp(noise / 0.014, 1.4, 2.0));
}

// Of the nodes where both families were followed; below, likewise.
Homography homography_of(const NodeLattice& lattice, const Family (&family)[2], double size) {
  std::vector<std::array<double, 4>> points;
  for (size_t i = 0; i < family[0].known.size(); ++i)
    if (family[0].known[i] && family[1].known[i])
      points.push_back({lattice.x(static_cast<int>(i) % lattice.columns), lattice.y(static_cast<int>(i) / lattice.columns), family[0].cycles[i], family[1].cycles[i]});
  return fit_homography(points, size);
}

// What the homography leaves of a family's cycles, as a cubic over the page: its slow curl, by reweighted least squares; nothing from a
// few nodes.
constexpr size_t kEnoughForCurl = 40;
struct Curl {
  using Terms = Eigen::Matrix<double, 10, 1>;
  double size = 1;
  Terms weight = Terms::Zero();
  Terms terms(double px, double py) const {
    const double x = 2 * px / size - 1, y = 2 * py / size - 1;
    return {1, x, y, x * x, x * y, y * y, x * x * x, x * x * y, x * y * y, y * y * y};
  }
  double at(double x, double y) const { return terms(x, y).dot(weight); }
};
Curl curl_of(const NodeLattice& lattice, const Family& family, const Homography& h, int f, double size) {
  Curl curl{size};
  std::vector<std::array<double, 3>> points;
  for (int at = 0; at < static_cast<int>(family.known.size()); ++at) {
    if (!family.known[at]) continue;
    const double x = lattice.x(at % lattice.columns), y = lattice.y(at / lattice.columns);
    points.push_back({x, y, family.cycles[at] - through(h, x, y)[f]});
  }
  if (points.size() < kEnoughForCurl) return curl;
  double scale = 0.25;
  for (int round = 0; round < 6; ++round) {
    Eigen::Matrix<double, 10, 10> normal = Eigen::Matrix<double, 10, 10>::Identity() * 1e-3;
    Curl::Terms right = Curl::Terms::Zero();
    std::vector<double> misses;
    for (const auto& [x, y, cycles] : points) {
      const Curl::Terms t = curl.terms(x, y);
      const double miss = cycles - t.dot(curl.weight), d = miss / scale, w = 1 / ((1 + d * d) * (1 + d * d));
      normal += w * t * t.transpose();
      right += w * t * miss;
      misses.push_back(std::abs(miss));
    }
    curl.weight += normal.ldlt().solve(right);
    scale = 3 * percentile(misses, 0.5) + 0.01;
  }
  return curl;
}

PageField field_of(const NodeLattice& lattice, const Family (&family)[2], double size, bool faint) {
  const size_t count = static_cast<size_t>(lattice.columns) * lattice.rows;
  const auto x = [&](size_t i) { return lattice.x(static_cast<int>(i % lattice.columns)); };
  const auto y = [&](size_t i) { return lattice.y(static_cast<int>(i / lattice.columns)); };
  PageField field;
  field.lattice = lattice;
  field.h = homography_of(lattice, family, size);
  field.back = field.h.inverse();
  field.du.assign(count, 0);
  field.dv.assign(count, 0);
  // Where nothing is known the page goes on as it curls elsewhere.
  const Curl curl[2] = {curl_of(lattice, family[0], field.h, 0, size), curl_of(lattice, family[1], field.h, 1, size)};
  std::vector<double> weight(count, 0);
  for (size_t i = 0; i < count; ++i) {
    if (!family[0].known[i] || !family[1].known[i]) continue;
    const Eigen::Vector2d flat = through(field.h, x(i), y(i));
    field.du[i] = family[0].cycles[i] - flat.x() - curl[0].at(x(i), y(i));
    field.dv[i] = family[1].cycles[i] - flat.y() - curl[1].at(x(i), y(i));
    weight[i] = std::min(family[0].node[i].coherence, family[1].node[i].coherence);
  }
  for (std::vector<double>* residual : {&field.du, &field.dv})
    if (faint) smooth_faint_residual(lattice, *residual, weight);
    else smooth_residual(lattice, *residual, weight, 2);
  for (size_t i = 0; i < count; ++i) field.du[i] += curl[0].at(x(i), y(i)), field.dv[i] += curl[1].at(x(i), y(i));
  return field;
}

// Median pixels per cycle of a family where both were followed.
double pitch_of(const Family (&family)[2], int f) {
  std::vector<double> all;
  for (size_t i = 0; i < family[0].known.size(); ++i)
    if (family[0].known[i] && family[1].known[i]) all.push_back(1 / length_of(family[f].node[i].wave));
  return all.empty() ? 1 : percentile(all, 0.5);
}

// Median coherence of the nodes where both families were followed.
double clarity_of(const Family (&family)[2]) {
  std::vector<double> all;
  for (size_t i = 0; i < family[0].known.size(); ++i)
    if (family[0].known[i] && family[1].known[i]) all.push_back(std::min(family[0].node[i].coherence, family[1].node[i].coherence));
  return all.empty() ? 0 : percentile(all, 0.5);
}

// Followed from neighbour to neighbour, a wave may turn into another one; no paper curls by a quarter against the whole page. The share of
// the nodes that are given up.
double drop_strays(const NodeLattice& lattice, Family (&family)[2], double size) {
  size_t known = 0, dropped = 0;
  for (const Family& f : family) known += static_cast<size_t>(std::count(f.known.begin(), f.known.end(), uint8_t{1}));
  for (const double tolerance : {0.4, 0.3, 0.25}) {   // they bend the page that they are held against
    const Homography h = homography_of(lattice, family, size);
    for (size_t at = 0; at < family[0].known.size(); ++at) {
      const double x = lattice.x(static_cast<int>(at) % lattice.columns), y = lattice.y(static_cast<int>(at) / lattice.columns);
      const Eigen::Vector2d by_x = 0.5 * (through(h, x + 1, y) - through(h, x - 1, y)), by_y = 0.5 * (through(h, x, y + 1) - through(h, x, y - 1));
      for (int f = 0; f < 2; ++f) {
        const Wave& found = family[f].node[at].wave;
        if (!family[f].known[at] || std::hypot(found.kx - by_x[f], found.ky - by_y[f]) <= tolerance * std::hypot(by_x[f], by_y[f])) continue;
        family[f].known[at] = 0;
        ++dropped;
      }
    }
  }
  return static_cast<double>(dropped) / static_cast<double>(std::max<size_t>(1, known));
}

// Follows both families further, from the page as it is known so far: where its lines are foretold to a quarter of a cycle, fainter ones are
// believed than where a neighbour alone leads.
void grow(const Plane& ink, const NodeLattice& lattice, Family (&family)[2]) {
  const auto known_around = [&](int c, int r) {   // of eight
    int count = 0;
    for (int dr = -1; dr <= 1; ++dr)
      for (int dc = -1; dc <= 1; ++dc) {
        if (dr == 0 && dc == 0) continue;
        const bool in = c + dc >= 0 && r + dr >= 0 && c + dc < lattice.columns && r + dr < lattice.rows;
        const int to = (r + dr) * lattice.columns + c + dc;
        count += in && family[0].known[to] && family[1].known[to];
      }
    return count;
  };
  for (int ring = 0; ring < 40; ++ring) {
    const PageField field = field_of(lattice, family, std::max(ink.width, ink.height), true);
    struct Found { int at, f; LocalPhase phase; double cycles; };
    std::vector<Found> found;
    for (int r = 0; r < lattice.rows; ++r)
      for (int c = 0; c < lattice.columns; ++c) {
        const int at = r * lattice.columns + c;
        if (family[0].known[at] && family[1].known[at]) continue;
        const int beside = known_around(c, r);
        if (beside < 2) continue;
        const double x = lattice.x(c), y = lattice.y(r), d = 0.25 * lattice.spacing;
        const Eigen::Vector2d here = field.at(x, y), by_x = (field.at(x + d, y) - field.at(x - d, y)) / (2 * d), by_y = (field.at(x, y + d) - field.at(x, y - d)) / (2 * d);
        Found both[2];
        bool sound = true;
        for (int f = 0; f < 2 && sound; ++f) {
          if (family[f].known[at]) continue;
          const Wave wave{by_x[f], by_y[f]};
          const LocalPhase there = local_phase(ink, x, y, wave, family[f].half, 1);
          double sum = 0, weights = 0;
          for (int dr = -2; dr <= 2; ++dr)
            for (int dc = -2; dc <= 2; ++dc) {
              if (c + dc < 0 || r + dr < 0 || c + dc >= lattice.columns || r + dr >= lattice.rows) continue;
              const int from = (r + dr) * lattice.columns + c + dc;
              if (!family[f].known[from]) continue;
              const LocalPhase& n = family[f].node[from];
              const double weight = n.coherence / (dr * dr + dc * dc);
              sum += weight * (family[f].cycles[from] - 0.5 * lattice.spacing * ((n.wave.kx + wave.kx) * dc + (n.wave.ky + wave.ky) * dr));
              weights += weight;
            }
          const double foretold = 0.5 * (sum / weights + here[f]);
          const double whole = std::round(foretold - there.cycles), off = std::abs(foretold - there.cycles - whole);
          const double change = std::hypot(there.wave.kx - wave.kx, there.wave.ky - wave.ky) / length_of(wave);
          sound = there.coherence > (beside >= 5 ? kFaintCoherence : kRimCoherence) && off < 0.25 && change < 0.1;
          both[f] = {at, f, there, there.cycles + whole};
        }
        if (!sound) continue;
        for (int f = 0; f < 2; ++f)
          if (!family[f].known[at]) found.push_back(both[f]);
      }
    for (const Found& n : found) {
      family[n.f].node[n.at] = n.phase;
      family[n.f].cycles[n.at] = n.cycles;
      family[n.f].known[n.at] = 1;
    }
    if (found.empty()) break;
  }
}

// Traces and letters are darker than any grid and would drown it: nothing counts for more than `times` what is darker than `fraction`
// of the picture.
struct Level { double fraction, times; };
constexpr Level kLevels[] = {{0.95, 1.5}, {0.9, 1.3}, {0.7, 1.2}};   // levelling as little as will do: it also rounds the grid's own lines
constexpr const Level& kHardLevel = kLevels[2];                      // where the lines are foretold, or not to be found otherwise
float most_of(const Plane& ink, const Level& level) {
  std::vector<float> some;
  for (size_t i = 0; i < ink.value.size(); i += 13) some.push_back(ink.value[i]);
  return std::max(0.04f, static_cast<float>(level.times) * percentile(some, level.fraction));
}
float mean_of(const Plane& ink, float most) {
  double sum = 0;
  for (const float v : ink.value) sum += std::min(v, most);
  return static_cast<float>(sum / static_cast<double>(std::max<size_t>(1, ink.value.size())));
}
void level_traces(Plane& ink, const Level& level) {
  const float most = most_of(ink, level);
  for (float& v : ink.value) v = std::min(v, most);
}

// Beside tall strokes lines are lost and others counted, over regions with a gradual way in. Paper curls slowly: what stands out from the page's
// curl, with a step at its border or by whole cycles, is measured again from there, traces levelled hard, and given up where that does not agree.
void mend_islands(const Plane& ink, const NodeLattice& lattice, Family (&family)[2], double size) {
  constexpr double kOut = 0.35, kStep = 0.5, kAgrees = 0.12;   // cycles
  const Homography h = homography_of(lattice, family, size);
  Plane levelled;
  for (int f = 0; f < 2; ++f) {
    const auto known = static_cast<size_t>(std::count(family[f].known.begin(), family[f].known.end(), uint8_t{1}));
    if (known < kEnoughForCurl) continue;
    const Curl curl = curl_of(lattice, family[f], h, f, size);
    const auto foretold = [&](const Eigen::Vector2d& p) { return through(h, p.x(), p.y())[f] + curl.at(p.x(), p.y()); };
    const auto place = [&](int at) { return Eigen::Vector2d(lattice.x(at % lattice.columns), lattice.y(at / lattice.columns)); };
    std::vector<double> off(family[f].known.size(), 0);
    for (int at = 0; at < static_cast<int>(off.size()); ++at)
      if (family[f].known[at]) off[at] = family[f].cycles[at] - foretold(place(at));
    std::vector<uint8_t> seen(off.size(), 0);
    for (int start = 0; start < static_cast<int>(off.size()); ++start) {
      if (seen[start] || std::abs(off[start]) < kOut) continue;
      std::vector<int> island{start};
      seen[start] = 1;
      double steps = 0;
      int border = 0;
      for (size_t i = 0; i < island.size(); ++i) {
        const int at = island[i], c = at % lattice.columns, r = at / lattice.columns;
        const auto visit = [&](bool in, int to) {
          if (!in || !family[f].known[to]) return;
          if (std::abs(off[to]) < kOut) steps += std::abs(off[to] - off[at]), ++border;
          else if (!seen[to]) seen[to] = 1, island.push_back(to);
        };
        visit(c > 0, at - 1), visit(c + 1 < lattice.columns, at + 1), visit(r > 0, at - lattice.columns), visit(r + 1 < lattice.rows, at + lattice.columns);
      }
      if (island.size() > known / 3) continue;
      if (levelled.empty()) levelled = ink, level_traces(levelled, kHardLevel);
      std::vector<LocalPhase> anew;
      size_t agreeing = 0;
      for (const int at : island) {
        const Eigen::Vector2d p = place(at), right{1, 0}, down{0, 1};
        const Wave wave{0.5 * (foretold(p + right) - foretold(p - right)), 0.5 * (foretold(p + down) - foretold(p - down))};
        LocalPhase there = local_phase(levelled, p.x(), p.y(), wave, family[f].half, 1);
        const double left = there.cycles - foretold(p), whole = std::round(left);
        there.cycles -= whole;
        if (there.coherence < kFaintCoherence || std::abs(left - whole) > kAgrees) there.coherence = 0;
        agreeing += there.coherence > 0;
        anew.push_back(there);
      }
      const double share = static_cast<double>(agreeing) / static_cast<double>(island.size());   // a fifth by chance
      const bool stepped = steps >= kStep * border && (island.size() < 5 || share > 0.5), slipped = island.size() >= 3 && share > 0.6;
      if (!stepped && !slipped) continue;
      for (size_t i = 0; i < island.size(); ++i) {
        family[f].known[island[i]] = anew[i].coherence > 0;
        if (anew[i].coherence > 0) family[f].node[island[i]] = anew[i], family[f].cycles[island[i]] = anew[i].cycles;
      }
    }
  }
}

// ---- millimetres per cycle ---------------------------------------------------------------------------------------------

// Strength of the component with `ratio` times the followed frequency, over incommensurate ones.
struct Harmonics {
  double fifth = 0, half = 0, third = 0, quarter = 0, twice = 0, five = 0;
};

// Sine and cosine of half of `turns`, -0.5..0.5, by their series (error below 5e-6): plain enough for the compiler's vectors.
struct HalfTurn { float sine, cosine; };
inline HalfTurn half_turn(float turns) {
  const float x = static_cast<float>(std::numbers::pi) * turns, x2 = x * x;
  return {x * (1 - x2 / 6 * (1 - x2 / 20 * (1 - x2 / 42 * (1 - x2 / 72)))), 1 - x2 / 2 * (1 - x2 / 12 * (1 - x2 / 30 * (1 - x2 / 56 * (1 - x2 / 90))))};
}

Harmonics harmonics_of(const Plane& ink, const PageField& field, int family, double extent_cycles) {
  constexpr float kRatios[] = {0.2f, 0.4f, 0.6f, 0.5f, 1.f / 3, 0.25f, 0.75f, 2, 5, 2.f / 3, /* floor: */ 0.273f, 0.3571f, 0.447f, 0.5413f, 0.6421f, 0.707f, 1.37f, 1.71f, 4.73f};
  constexpr int kCount = sizeof kRatios / sizeof *kRatios;
  // Squared sums over blocks wide enough to hold many cycles, so that an error of unwrapping in one place does no harm.
  const int step = std::max(1, static_cast<int>(std::lround(std::sqrt(static_cast<double>(ink.width) * ink.height / 120000))));
  const double block_cycles = std::clamp(extent_cycles / 4, 10.0, 60.0);
  std::vector<double> total(kCount, 0);
  const int block_px = std::max(64, static_cast<int>(block_cycles * ink.width / std::max(extent_cycles, 1.0)));
  for (int by = 0; by < ink.height; by += block_px)
    for (int bx = 0; bx < ink.width; bx += block_px) {
      float sum_cosine[kCount]{}, sum_sine[kCount]{};
      double mean = 0;
      int n = 0;
      for (int y = by; y < std::min(ink.height, by + block_px); y += step)
        for (int x = bx; x < std::min(ink.width, bx + block_px); x += step) mean += ink.at(x, y), ++n;
      if (n < 200) continue;
      mean /= n;
      for (int y = by; y < std::min(ink.height, by + block_px); y += step)
        for (int x = bx + (y / step) % step; x < std::min(ink.width, bx + block_px); x += step) {
          const Eigen::Vector2d p = field.at(x, y);
          const auto g = static_cast<float>(std::min(ink.at(x, y) - mean, 2 * mean + 0.05)), cycles = static_cast<float>(family == 0 ? p.x() : p.y());
          for (int k = 0; k < kCount; ++k) {
            const float at = kRatios[k] * cycles, off = at - ((at + 12582912.f) - 12582912.f);   // less whole turns: -0.5..0.5
            const HalfTurn half = half_turn(off);
            sum_cosine[k] += g * (1 - 2 * half.sine * half.sine);
            sum_sine[k] += g * (2 * half.sine * half.cosine);
          }
        }
      for (int k = 0; k < kCount; ++k) total[k] += (static_cast<double>(sum_cosine[k]) * sum_cosine[k] + static_cast<double>(sum_sine[k]) * sum_sine[k]) / n;
    }
  std::vector<double> floor_values(total.begin() + 10, total.begin() + 16);
  const double floor = percentile(floor_values, 0.5) + 1e-12;
  const auto s = [&](int k) { return std::sqrt(total[k] / floor); };
  return {std::max({s(0), s(1), s(2)}), s(3), std::max(s(4), s(9)), std::max(s(5), s(6)), s(7), s(8)};
}

constexpr double kClear = 2.5;   // a component, over the floor

// How many millimetres one followed cycle is, from the 5:1 of major to minor lines and from what a page can measure.
double mm_per_cycle(const Harmonics& s, double extent_cycles) {
  if (s.fifth > kClear && s.fifth >= 0.7 * std::max({s.half, s.third, s.quarter})) return extent_cycles < 42 ? 5 : 1;
  if (s.third > kClear && s.third > 1.5 * std::max(s.fifth, s.half) && s.third > 1.2 * s.quarter && extent_cycles > 50 && extent_cycles < 360) return 5.0 / 3;   // the third harmonic of lines 5 mm apart, two thirds of which also show at three quarters
  if (s.third > kClear && s.third > 1.5 * std::max({s.fifth, s.half, s.quarter}) && extent_cycles >= 360) return 1.0 / 3;   // of crisp lines the third harmonic may be the strongest
  if (s.half > kClear && extent_cycles > 360) return 0.5;
  if (s.half > kClear && s.half > 1.3 * s.fifth && extent_cycles > 30 && extent_cycles < 250) return 2.5;
  return extent_cycles > 105 ? 1 : 5;
}

// Both families of lines, followed over the picture.
struct Followed {
  Family family[2];
  NodeLattice lattice;
  double share = 0;   // of the nodes, where both were followed
  double worth = 0;
};
constexpr double kFarEnough = 0.4, kFurther = 0.75;   // to try no other seed, no other levelling

GridTiles tiles_of(int width, int height) {
  GridTiles tiles{256, {}, 0, 0};
  while (tiles.side > 64 && (tiles.side > width || tiles.side > height)) tiles.side /= 2;
  const int n = tiles.side, across = std::clamp(width / n, 1, 6), down = std::clamp(height / n, 1, 5);
  for (int j = 0; j < down; ++j)
    for (int i = 0; i < across; ++i)
      tiles.corners.push_back({across == 1 ? (width - n) / 2 : i * (width - n) / (across - 1), down == 1 ? (height - n) / 2 : j * (height - n) / (down - 1)});
  return tiles;
}

// Puts what leads further than `best` in its place. `spectra` as in find_grid.
void follow_lines(const Plane& ink, std::span<const float> spectra, Followed& best) {
  const GridTiles where = tiles_of(ink.width, ink.height);
  std::vector<TilePeak> tiles;
  Spectrum spectrum(where.side);
  const float mean = spectra.empty() ? mean_of(ink, 1) : 0;
  for (const auto& [x0, y0] : where.corners) {
    if (spectra.empty()) transform_tile(ink, x0, y0, where.side, 1, mean, spectrum);
    else spectrum.take(spectra.subspan(tiles.size() * spectrum.size(), spectrum.size()));
    tiles.push_back(strongest_waves(spectrum, x0, y0, where.side));
  }
  for (size_t i = 0, n = tiles.size(); i < n; ++i) {
    TilePeak harmonic = tiles[i];
    for (int f = 0; f < 2; ++f) {
      harmonic.wave[f] = harmonic.raw[f];
      harmonic.prominence[f] *= 0.5;
    }
    tiles.push_back(harmonic);
  }
  // The clearest tile whose waves most other tiles share.
  const auto agreement = [&](const TilePeak& t, int f) {
    double sum = 0;
    for (const TilePeak& o : tiles) {
      const double d = std::hypot(o.wave[f].kx - t.wave[f].kx, o.wave[f].ky - t.wave[f].ky) / length_of(t.wave[f]);
      if (d < 0.15) sum += std::min(o.prominence[f], 60.0);
    }
    return sum;
  };
  // Seeds in the order of their score; the first one that leads over most of the picture is taken, else the one that leads furthest.
  std::vector<const TilePeak*> seeds[2];
  for (int f = 0; f < 2; ++f) {
    std::vector<std::pair<double, const TilePeak*>> scored;
    for (const TilePeak& t : tiles)
      if (t.prominence[f] >= 6) scored.push_back({agreement(t, f) * std::min(t.prominence[f], 60.0), &t});
    std::sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const auto& [score, tile] : scored) {
      bool known = false;   // another seed of the same wave would only lead over the same ground
      for (const TilePeak* s : seeds[f]) known |= std::abs(length_of(s->wave[f]) / length_of(tile->wave[f]) - 1) < 0.12;
      if (!known) seeds[f].push_back(tile);
    }
    if (seeds[f].empty()) return;
  }
  // Lines of graph paper cross at right angles and equally far apart: either family's seed, turned, is one for the other.
  std::vector<std::array<TilePeak, 2>> pairs;
  const auto pair = [&](size_t i, size_t j) {
    if (i < seeds[0].size() && j < seeds[1].size()) pairs.push_back({*seeds[0][i], *seeds[1][j]});
  };
  const auto turned_pair = [&](int f, size_t i) {
    if (i >= seeds[f].size()) return;
    TilePeak both = *seeds[f][i];
    both.wave[1 - f] = f == 0 ? Wave{-both.wave[0].ky, both.wave[0].kx} : Wave{both.wave[1].ky, -both.wave[1].kx};
    pairs.push_back({both, both});
  };
  pair(0, 0);
  for (size_t i = 0; i < 3; ++i) turned_pair(0, i), turned_pair(1, i);
  for (size_t i = 1; i < 3; ++i)
    for (size_t j = 0; j <= i; ++j) {
      pair(i, j);
      if (j < i) pair(j, i);
    }
  // Last the clearest waves of a millimetre or two: where coarser ones end at traces, shadows or the page's edge, fine lines may go on.
  constexpr double kFine = 1.0 / 16;   // cycles per pixel
  const TilePeak* fine[2] = {nullptr, nullptr};
  for (int f = 0; f < 2; ++f)
    for (const TilePeak* seed : seeds[f])
      if (!fine[f] && length_of(seed->wave[f]) > kFine) fine[f] = seed;
  if (fine[0] && fine[1]) pairs.push_back({*fine[0], *fine[1]});
  for (int f = 0; f < 2; ++f)
    if (fine[f]) turned_pair(f, static_cast<size_t>(std::find(seeds[f].begin(), seeds[f].end(), fine[f]) - seeds[f].begin()));
  for (const auto& seed : pairs) {
    Family now[2];
    NodeLattice nodes;
    int half_least = 1000;
    for (int f = 0; f < 2; ++f) {
      now[f].half = static_cast<int>(std::clamp(3.2 / length_of(seed[f].wave[f]), 20.0, 90.0));
      half_least = std::min(half_least, now[f].half);
    }
    nodes.spacing = 1.1 * half_least;
    nodes.columns = static_cast<int>(ink.width / nodes.spacing);
    nodes.rows = static_cast<int>(ink.height / nodes.spacing);
    if (nodes.columns < 2 || nodes.rows < 2) continue;
    for (int f = 0; f < 2; ++f)
      if (follow(ink, nodes, now[f], seed[f].cx, seed[f].cy, seed[f].wave[f]) < 8) break;
    size_t both = 0;
    for (size_t i = 0; i < now[1].known.size(); ++i) both += now[0].known[i] && now[1].known[i];
    const double share = static_cast<double>(both) / (static_cast<double>(nodes.columns) * nodes.rows);
    // Fine lines say more about the paper than coarse ones, and end nearer to its edge.
    double worth = share / (1 + nodes.spacing / 60);
    if (worth > 0) {   // a page's two families are millimetres, or one of them fives, halves or two and a halves
      std::vector<double> pitch[2];
      for (size_t i = 0; i < now[1].known.size(); ++i)
        if (now[0].known[i] && now[1].known[i])
          for (int f = 0; f < 2; ++f) pitch[f].push_back(length_of(now[f].node[i].wave));
      const double ratio = std::abs(std::log(percentile(pitch[0], 0.5) / percentile(pitch[1], 0.5)));
      double miss = 1;
      for (const double usual : {1.0, 2.0, 2.5, 5.0, 10.0}) miss = std::min(miss, std::abs(ratio - std::log(usual)));
      if (miss > 0.25) worth *= 0.2;
    }
    if (worth > best.worth) {
      best.share = share, best.worth = worth;
      best.lattice = nodes;
      for (int f = 0; f < 2; ++f) best.family[f] = std::move(now[f]);
    }
    if (worth > 0.2 && share > kFarEnough && nodes.spacing < 60) return;
  }
}

// ---- beside the page ---------------------------------------------------------------------------------------------------

constexpr int kCellPx = 4;

// The mean ink of cells of 4 x 4 pixels.
Plane cell_means(const Plane& ink) {
  Plane cells(ink.width / kCellPx, ink.height / kCellPx);
  for (int r = 0; r < cells.height; ++r) {
    float* to = cells.row(r);
    for (int k = 0; k < kCellPx; ++k) {
      const float* from = ink.row(r * kCellPx + k);
      for (int c = 0; c < cells.width; ++c) to[c] += (from[4 * c] + from[4 * c + 1]) + (from[4 * c + 2] + from[4 * c + 3]);
    }
    for (int c = 0; c < cells.width; ++c) to[c] /= kCellPx * kCellPx;
  }
  return cells;
}

// Squares of `side` cells that are dark throughout (a morphological opening), and a cell around them. The picture's rim goes on beyond it.
std::vector<uint8_t> solid_cells(const Plane& cells, int side, float least) {
  const int w = cells.width, h = cells.height;
  std::vector<uint8_t> solid(cells.value.size(), 0);
  if (solid.empty()) return solid;
  std::vector<float> all = cells.value;
  const float dark = std::max(least, 1.8f * percentile(all, 0.5));
  std::vector<int> run(static_cast<size_t>(w), 0);   // dark cells upwards from here
  for (int r = -side; r < h + side; ++r) {
    const float* line = cells.row(std::clamp(r, 0, h - 1));
    for (int c = 0; c < w; ++c) run[static_cast<size_t>(c)] = line[c] > dark ? run[static_cast<size_t>(c)] + 1 : 0;
    for (int c = -side, across = 0; c < w + side; ++c) {
      across = run[static_cast<size_t>(std::clamp(c, 0, w - 1))] >= side ? across + 1 : 0;
      if (across < side) continue;
      for (int y = std::max(0, r - side); y <= std::min(h - 1, r + 1); ++y)
        for (int x = std::max(0, c - side); x <= std::min(w - 1, c + 1); ++x) solid[static_cast<size_t>(y) * w + x] = 1;
    }
  }
  return solid;
}

}  // namespace

GridTiles grid_tiles(const Plane& ink) {
  GridTiles tiles = tiles_of(ink.width, ink.height);
  tiles.most = most_of(ink, kLevels[0]);
  tiles.mean = mean_of(ink, tiles.most);
  return tiles;
}

std::vector<float> tile_spectra(const Plane& ink, const GridTiles& tiles) {
  Spectrum spectrum(tiles.side);
  std::vector<float> out;
  for (const auto& [x0, y0] : tiles.corners) {
    transform_tile(ink, x0, y0, tiles.side, tiles.most, tiles.mean, spectrum);
    out.insert(out.end(), spectrum.all().begin(), spectrum.all().end());
  }
  return out;
}

Result<GridLattice> find_grid(Plane ink, std::span<const float> spectra) {
  const auto no_grid = [](std::string detail) {
    return fail(ErrorCode::kUnusable, "No ECG grid could be made out in this picture. Take it again from straight above, closer, flat and in even light.", std::move(detail));
  };
  if (ink.width < 64 || ink.height < 64) return no_grid("picture too small");
  const Plane cells = cell_means(ink);
  Followed followed;
  for (const Level& level : kLevels) {
    if (&level == &kHardLevel && followed.share > 0.2) break;
    level_traces(ink, level);
    follow_lines(ink, &level == kLevels ? spectra : std::span<const float>{}, followed);
    if (followed.share > kFurther && followed.lattice.spacing < 60) break;
  }
  if (followed.share == 0) return no_grid("the lines could not be followed");
  auto& family = followed.family;
  const NodeLattice& lattice = followed.lattice;
  for (Family& f : family) mend_slips(lattice, f);
  // A corner that curls is none: it is a few nodes in a hundred.
  Family kept[2] = {family[0], family[1]};
  const bool astray = drop_strays(lattice, kept, std::max(ink.width, ink.height)) > kAstray;
  if (astray)
    for (int f = 0; f < 2; ++f) mend_slips(lattice, family[f] = std::move(kept[f]));
  mend_islands(ink, lattice, family, std::max(ink.width, ink.height));
  // Where lines are clear they were followed to their end, and a window half beside the page would go on.
  const bool faint = astray || clarity_of(family) < kFaint;
  PageField field = field_of(lattice, family, std::max(ink.width, ink.height), false);
  // Where the lines are clearest, which tell their distance.
  const PageField clear = field;
  const double clear_pitch[2] = {pitch_of(family, 0), pitch_of(family, 1)};
  if (faint) {
    Plane levelled = ink;
    level_traces(levelled, kHardLevel);
    grow(levelled, lattice, family);
    field = field_of(lattice, family, std::max(ink.width, ink.height), true);
  }

  std::vector<std::array<double, 4>> points;
  std::vector<double> coherence;
  const size_t count = static_cast<size_t>(lattice.columns) * lattice.rows;
  double least[2] = {1e9, 1e9}, most[2] = {-1e9, -1e9};
  for (size_t i = 0; i < count; ++i) {
    if (!family[0].known[i] || !family[1].known[i]) continue;
    const int c = static_cast<int>(i % lattice.columns), r = static_cast<int>(i / lattice.columns);
    points.push_back({lattice.x(c), lattice.y(r), family[0].cycles[i], family[1].cycles[i]});
    coherence.push_back(std::min(family[0].node[i].coherence, family[1].node[i].coherence));
    for (int f = 0; f < 2; ++f) {
      least[f] = std::min(least[f], family[f].cycles[i]);
      most[f] = std::max(most[f], family[f].cycles[i]);
    }
  }
  if (points.size() < 8 || points.size() < 0.12 * static_cast<double>(count))
    return no_grid(format_text("followed at %d of %d nodes", static_cast<int>(points.size()), static_cast<int>(count)));

  const double pitch_x = pitch_of(family, 0), pitch_y = pitch_of(family, 1);
  double mm[2];
  bool halves = false;   // every second line is a stronger one
  for (int f = 0; f < 2; ++f) {
    const double extent = (f == 0 ? ink.width : ink.height) / clear_pitch[f];
    const Harmonics harmonics = harmonics_of(ink, clear, f, extent);
    mm[f] = mm_per_cycle(harmonics, f == 0 ? extent : extent * 1.4);
    halves |= harmonics.half > kClear;
  }
  // Paper is square: where the two families disagree about the size of a millimetre, one of them is right, or else the lines are two and a
  // half apart, whichever is nearest to a usual page.
  const double ratio = (pitch_x / mm[0]) / (pitch_y / mm[1]);
  if (ratio < 0.7 || ratio > 1.43) {
    constexpr double kDistances[] = {1.0, 5.0, 2.5, 5.0 / 3, 1.25, 25.0, 0.5, 1.0 / 3};
    const double said[2] = {mm[0], mm[1]};
    double best = 1e9;
    for (const double x : kDistances)
      for (const double y : kDistances) {
        const double skew = std::abs(std::log((pitch_x / x) / (pitch_y / y)));
        if (skew > 0.36) continue;
        const bool told = x == said[0] || y == said[1];
        const double unusual = std::abs(std::log(ink.width / (pitch_x / x) / 260)) + 0.1 * skew + (told ? 0 : 0.3);
        if ((told || (halves && x == 2.5 && y == 2.5)) && unusual < best) best = unusual, mm[0] = x, mm[1] = y;
      }
    if (best > 1e8) return no_grid("the two families of lines do not fit together");
  }

  GridLattice out;
  out.px_per_mm_x = pitch_x / mm[0];
  out.px_per_mm_y = pitch_y / mm[1];
  out.strength = percentile(coherence, 0.5);
  out.followed = static_cast<double>(points.size()) / static_cast<double>(count);
  out.seen_spacing_px = lattice.spacing, out.seen_columns = lattice.columns, out.seen_rows = lattice.rows;
  out.seen.resize(count);
  for (size_t i = 0; i < count; ++i) out.seen[i] = family[0].known[i] && family[1].known[i];
  out.solid_px = kCellPx, out.solid_columns = cells.width, out.solid_rows = cells.height;
  out.solid = solid_cells(cells, std::max(2, static_cast<int>(std::lround(3 * out.px_per_mm_x / kCellPx))), faint ? 0.18f : 0.5f);
  // The page reaches half a node beyond the last node followed, and further within the picture: a pulse or a trace may go on where
  // names or a frame hid the grid.
  const double half_u = 0.6 * lattice.spacing / pitch_x * mm[0], half_v = 0.6 * lattice.spacing / pitch_y * mm[1];
  double left = least[0] * mm[0] - half_u, right = most[0] * mm[0] + half_u, top = least[1] * mm[1] - half_v, bottom = most[1] * mm[1] + half_v;
  const auto in_picture = [&](bool upright, double at) {   // most of an edge of the page
    int inside = 0;
    for (int k = 1; k <= 9; ++k) {
      const double along = 0.1 * k;
      const Eigen::Vector2d p = upright ? field.inverse(at / mm[0], (top + along * (bottom - top)) / mm[1]) : field.inverse((left + along * (right - left)) / mm[0], at / mm[1]);
      inside += p.x() > 0 && p.y() > 0 && p.x() < ink.width - 1 && p.y() < ink.height - 1;
    }
    return inside >= 7;
  };
  const double furthest_left = left - 6, furthest_right = right + 6;
  while (left > furthest_left && in_picture(true, left - 0.5)) left -= 0.5;
  while (right < furthest_right && in_picture(true, right + 0.5)) right += 0.5;
  PageMapping& map = out.mapping;
  map.step_mm = 5;
  map.origin_x_mm = left;
  map.origin_y_mm = top;
  map.columns = static_cast<int>(std::ceil((right - left) / map.step_mm)) + 1;
  map.rows = static_cast<int>(std::ceil((bottom - top) / map.step_mm)) + 1;
  if (map.columns < 4 || map.rows < 3 || map.columns > 400 || map.rows > 400) return no_grid("impossible size");
  out.width_mm = right - left;
  out.height_mm = bottom - top;
  map.nodes.reserve(static_cast<size_t>(map.columns) * map.rows);
  for (int r = 0; r < map.rows; ++r)
    for (int c = 0; c < map.columns; ++c) {
      const Eigen::Vector2d p = field.inverse((left + c * map.step_mm) / mm[0], (top + r * map.step_mm) / mm[1]);
      map.nodes.push_back({p.x(), p.y()});
    }
  return out;
}

namespace {

// What is solid and reaches beyond the grid is no bar on the page but the table around it: the page is the largest part of what it leaves, and
// of each line the longest stretch of that is kept.
void leave_out_table(const GridLattice& lattice, std::vector<std::array<int, 2>>& kept) {
  const int columns = lattice.solid_columns, rows = lattice.solid_rows, px = lattice.solid_px;
  if (columns == 0 || rows == 0) return;
  enum Kind : uint8_t { kOff, kOpen, kSolid, kTable, kPage };
  std::vector<uint8_t> kind(lattice.solid.size());
  const auto line_of = [&](int r) -> const std::array<int, 2>& { return kept[std::min(kept.size() - 1, static_cast<size_t>(r * px + px / 2))]; };
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) {
      const size_t at = static_cast<size_t>(r) * columns + c;
      const int x = c * px + px / 2;
      kind[at] = lattice.solid[at] ? kSolid : x >= line_of(r)[0] && x < line_of(r)[1] ? kOpen : kOff;
    }
  std::vector<int> stack;
  const auto spread = [&](int start, uint8_t from, uint8_t to) {   // over what is connected; the number of cells
    size_t count = 0;
    stack.assign(1, start);
    kind[static_cast<size_t>(start)] = to;
    while (!stack.empty()) {
      const int here = stack.back(), c = here % columns, r = here / columns;
      stack.pop_back();
      ++count;
      const auto visit = [&](bool in, int at) {
        if (in && kind[static_cast<size_t>(at)] == from) kind[static_cast<size_t>(at)] = to, stack.push_back(at);
      };
      visit(c > 0, here - 1), visit(c + 1 < columns, here + 1), visit(r > 0, here - columns), visit(r + 1 < rows, here + columns);
    }
    return count;
  };
  bool table = false;
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) {
      const int at = r * columns + c, x = c * px + px / 2;
      const bool beyond = r == 0 || c == 0 || r + 1 == rows || c + 1 == columns || x < line_of(r)[0] || x >= line_of(r)[1];
      if (kind[static_cast<size_t>(at)] == kSolid && beyond) spread(at, kSolid, kTable), table = true;
    }
  if (!table) return;
  for (uint8_t& k : kind)
    if (k == kSolid) k = kOpen;   // a bar on the page
  size_t most = 0;
  int page = -1;   // a cell of the largest part so far
  for (int at = 0; at < static_cast<int>(kind.size()); ++at) {
    if (kind[static_cast<size_t>(at)] != kOpen) continue;
    const size_t size = spread(at, kOpen, kPage);
    if (size <= most) {
      spread(at, kPage, kOff);
      continue;
    }
    if (page >= 0) spread(page, kPage, kOff);
    page = at, most = size;
  }
  for (size_t y = 0; y < kept.size(); ++y) {
    const uint8_t* line = &kind[static_cast<size_t>(std::min(static_cast<int>(y) / px, rows - 1)) * columns];
    auto& [from, to] = kept[y];
    int best_from = from, best_to = from, start = -1;
    for (int c = 0; c <= columns; ++c) {
      const bool on_page = c < columns && line[c] == kPage;
      if (on_page && start < 0) start = c;
      if (on_page || start < 0) continue;
      const int a = std::max(from, start == 0 ? 0 : start * px), b = std::min(to, c == columns ? to : c * px);
      if (b - a > best_to - best_from) best_from = a, best_to = b;
      start = -1;
    }
    from = best_from, to = best_to;
  }
}

}  // namespace

std::vector<std::array<int, 2>> columns_on_grid(const GridLattice& lattice, int width, int height) {
  std::vector<std::array<int, 2>> kept(static_cast<size_t>(height), {0, width});
  const int columns = lattice.seen_columns, rows = lattice.seen_rows;
  // The connected parts that are no specks, and their convex hull: a page has no holes, and names, stamps and traces hide the grid within it.
  std::vector<int> part(lattice.seen.size(), -1), stack;
  std::vector<size_t> size_of(lattice.seen.size(), 0);
  size_t most = 0;
  for (int start = 0; start < static_cast<int>(part.size()); ++start) {
    if (!lattice.seen[start] || part[start] >= 0) continue;
    stack.assign(1, start);
    part[start] = start;
    while (!stack.empty()) {
      const int at = stack.back(), c = at % columns, r = at / columns;
      stack.pop_back();
      ++size_of[start];
      for (int dr = -1; dr <= 1; ++dr)
        for (int dc = -1; dc <= 1; ++dc) {
          if (c + dc < 0 || r + dr < 0 || c + dc >= columns || r + dr >= rows) continue;
          const int to = (r + dr) * columns + c + dc;
          if (lattice.seen[to] && part[to] < 0) part[to] = start, stack.push_back(to);
        }
    }
    most = std::max(most, size_of[start]);
  }
  constexpr size_t kNoSpeck = 12;   // a corner that names and traces cut off from the rest is the page's too
  struct Node { int x, y; };
  std::vector<Node> nodes, hull;   // by Andrew's monotone chain
  for (int c = 0; c < columns; ++c)
    for (int r = 0; r < rows; ++r)
      if (const int p = part[r * columns + c]; p >= 0 && size_of[p] >= std::min<size_t>(kNoSpeck, (most + 24) / 25)) nodes.push_back({c, r});
  if (nodes.size() < 3) return kept;
  const auto turn = [](Node a, Node b, Node c) { return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x); };
  for (int side = 0; side < 2; ++side) {
    const size_t base = hull.size();
    for (const Node& n : nodes) {
      while (hull.size() >= base + 2 && turn(hull[hull.size() - 2], hull.back(), n) <= 0) hull.pop_back();
      hull.push_back(n);
    }
    hull.pop_back();
    std::reverse(nodes.begin(), nodes.end());
  }
  if (hull.size() < 3) return kept;
  constexpr double kBeyond = 0.35;   // nodes; the window of the outermost one reaches about as far
  for (int y = 0; y < height; ++y) {
    // The rim of the picture belongs to its outermost nodes.
    const double v = std::clamp(y / lattice.seen_spacing_px - 0.5, 0.0, rows - 1.0);
    double left = 0, right = columns - 1;   // what every side of the hull leaves of this line
    for (size_t i = 0; i < hull.size(); ++i) {
      const Node a = hull[i], b = hull[(i + 1) % hull.size()];
      const double dx = b.x - a.x, dy = b.y - a.y, length = std::hypot(dx, dy), rest = kBeyond * length + dx * (v - a.y) + dy * a.x;   // dy u <= rest
      if (dy > 1e-9) right = std::min(right, rest / dy);
      else if (dy < -1e-9) left = std::max(left, rest / dy);
      else if (rest < 0) right = -1;
    }
    const auto pixel = [&](double u) { return static_cast<int>(std::clamp((u + 0.5) * lattice.seen_spacing_px, 0.0, static_cast<double>(width))); };
    auto& [from, to] = kept[static_cast<size_t>(y)];
    from = right < left ? width : left <= 0 ? 0 : pixel(left);
    to = right < left ? width : right >= columns - 1 ? width : std::min(width, pixel(right) + 1);
  }
  leave_out_table(lattice, kept);
  return kept;
}

void clear_off_grid(const GridLattice& lattice, Plane& ink) {
  const std::vector<std::array<int, 2>> kept = columns_on_grid(lattice, ink.width, ink.height);
  for (int y = 0; y < ink.height; ++y) {
    const auto& [from, to] = kept[static_cast<size_t>(y)];
    std::fill(ink.row(y), ink.row(y) + from, 0.f);
    std::fill(ink.row(y) + to, ink.row(y) + ink.width, 0.f);
  }
}

}  // namespace precordia
