#include "ecg/delineation_network.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace precordia {
namespace {

constexpr uint8_t kWeights[] = {
#include "ecg_delineation_weights.inc"
};

// The stretch around an instant that is looked at, in samples; each point is the mean over one step.
struct Window {
  int from, to, step;
  int points() const { return (to - from) / step + 1; }
};
struct WaveSpec {
  std::optional<int> BeatFiducials::*on, BeatFiducials::*off;
  Window around_on, around_off;
  float largest_ms;  // an answer farther from the rule than the marks ever were is not believed
};
constexpr WaveSpec kSpecs[kWaveCount] = {
    {&BeatFiducials::p_on, &BeatFiducials::p_off, {-60, 60, 4}, {-60, 60, 4}, 80},
    {&BeatFiducials::qrs_on, &BeatFiducials::qrs_off, {-50, 50, 2}, {-50, 50, 2}, 60},
    {&BeatFiducials::t_on, &BeatFiducials::t_off, {-80, 80, 6}, {-100, 100, 6}, 120},
};
constexpr std::optional<int> BeatFiducials::*kOwnInstants[] = {&BeatFiducials::p_on,   &BeatFiducials::p_off,
                                                               &BeatFiducials::qrs_on, &BeatFiducials::qrs_off,
                                                               &BeatFiducials::t_on,   &BeatFiducials::t_off};

constexpr float kSmallMv = 0.05f;        // where the logarithmic view of the trace turns from linear to logarithmic
constexpr float kSmallestQrsScaleMv = 0.1f, kSmallestScaleMv = 0.02f;
constexpr float kSampleMs = static_cast<float>(1000 / kAnalysisRateHz);
constexpr float kOwnScale = kSampleMs / 20;

// The window's points of one lead: means over one step, the beat's ends continued.
Eigen::VectorXf points_of(const std::vector<float>& mv, int anchor, const Window& window) {
  const int width = window.step, last = static_cast<int>(mv.size()) - 1;
  Eigen::VectorXf out(window.points());
  for (int p = 0; p < out.size(); ++p) {
    const int at = std::clamp(anchor + window.from + p * window.step, 0, last);
    float sum = 0;
    for (int k = 0; k < width; ++k) sum += mv[std::clamp(at - width / 2 + k, 0, last)];
    out[p] = sum / static_cast<float>(width);
  }
  return out;
}

Eigen::VectorXf slope_of(const Eigen::VectorXf& v) {
  const Eigen::Index n = v.size();
  Eigen::VectorXf out(n);
  out[0] = v[1] - v[0];
  out[n - 1] = v[n - 1] - v[n - 2];
  out.segment(1, n - 2) = 0.5f * (v.tail(n - 2) - v.head(n - 2));
  return out;
}

float swing(const std::vector<float>& mv, int from, int to) {
  const int last = static_cast<int>(mv.size()) - 1;
  from = std::clamp(from, 0, last);
  to = std::clamp(to, from, last);
  const auto [low, high] = std::minmax_element(mv.begin() + from, mv.begin() + to + 1);
  return *high - *low;
}

int median(std::vector<int> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half] + 1) / 2;
}

// Reads little-endian numbers; `good` turns false at the first that is not there.
struct Reader {
  std::span<const uint8_t> bytes;
  bool good = true;

  bool take(void* to, size_t size) {
    good = good && bytes.size() >= size;
    if (!good) return false;
    std::memcpy(to, bytes.data(), size);
    bytes = bytes.subspan(size);
    return true;
  }
  int count(int most) {
    uint16_t v = 0;
    take(&v, sizeof v);
    if (v == 0 || v > most) good = false;
    return good ? v : 0;
  }
  Eigen::VectorXf floats(int n) {
    Eigen::VectorXf out = Eigen::VectorXf::Zero(n);
    take(out.data(), n * sizeof(float));
    return out;
  }
  // Row after row, 8 bits each, with one scale a row.
  Eigen::MatrixXf matrix(int rows, int columns) {
    const Eigen::VectorXf scale = floats(rows);
    std::vector<int8_t> row(columns);
    Eigen::MatrixXf out = Eigen::MatrixXf::Zero(rows, columns);
    for (int r = 0; r < rows && take(row.data(), row.size()); ++r) {
      for (int c = 0; c < columns; ++c) out(r, c) = scale[r] * static_cast<float>(row[c]);
    }
    return out;
  }
};

void silu(Eigen::MatrixXf& m) { m = m.array() / (1 + (-m.array()).exp()); }

}  // namespace

std::optional<BoundaryView> boundary_view(const MedianBeat& beat, const DelineatedBeat& by_rule, Wave wave) {
  const WaveSpec& spec = kSpecs[static_cast<int>(wave)];
  const BeatFiducials& g = by_rule.global;
  if (!(g.*spec.on) || !(g.*spec.off) || !g.qrs_on || !g.qrs_off || beat.leads.empty()) return std::nullopt;
  BoundaryView view;
  view.leads = beat.leads;
  view.onset_anchor = *(g.*spec.on);
  view.offset_anchor = *(g.*spec.off);
  const int rows = static_cast<int>(beat.leads.size());

  constexpr int kOfLead = 1 + 6 + kLeadCount, kOfBeat = 5;
  const int points = spec.around_on.points() + spec.around_off.points();
  constexpr int kWindows = 2, kOfWindow = 2, kViews = 2;  // a lead's scale and own instant; scaled and logarithmic
  view.rows.resize(rows, kViews * points + kWindows * kOfWindow + kOfLead + kViews * points + kOfBeat);
  int column = 0;
  std::vector<float> qrs_mv(rows);
  for (int i = 0; i < rows; ++i) qrs_mv[i] = swing(beat.mv[beat.leads[i]], *g.qrs_on, *g.qrs_off);

  // What each lead shows around onset and offset: scaled by its own size, and in millivolts.
  std::array<Eigen::VectorXf, 4> together;
  int part = 0;
  for (const auto& [window, anchor, own] : {std::tuple{spec.around_on, view.onset_anchor, spec.on},
                                            std::tuple{spec.around_off, view.offset_anchor, spec.off}}) {
    const int n = window.points();
    Eigen::VectorXf steep = Eigen::VectorXf::Zero(n), steep_scaled = Eigen::VectorXf::Zero(n);
    for (int i = 0; i < rows; ++i) {
      const int lead = beat.leads[i];
      const Eigen::VectorXf v = points_of(beat.mv[lead], anchor, window);
      const Eigen::VectorXf slope = slope_of(v);
      const float scale = wave == Wave::kQrs ? std::max(qrs_mv[i], kSmallestQrsScaleMv)
                                             : std::max(v.maxCoeff() - v.minCoeff(), kSmallestScaleMv);
      const Eigen::VectorXf centred = v.array() - v.mean();
      view.rows.row(i).segment(column, n) = centred / scale;
      view.rows.row(i).segment(column + n, n) = (centred.array() / kSmallMv).asinh() / 3;
      view.rows(i, column + 2 * n) = std::log(scale);
      const auto instant = by_rule.per_lead[lead].*own;
      view.rows(i, column + 2 * n + 1) = instant ? kOwnScale * static_cast<float>(*instant - anchor) : 0.0f;
      steep.array() += slope.array().square();
      steep_scaled.array() += (slope.array() / scale).square();
    }
    column += 2 * n + 2;
    steep = steep.cwiseSqrt();
    steep_scaled = (steep_scaled / static_cast<float>(rows)).cwiseSqrt();
    together[part++] = steep / (steep.maxCoeff() + 1e-6f);
    together[part++] = steep_scaled / (steep_scaled.maxCoeff() + 1e-6f);
  }

  // The lead itself, and where the rule puts its other instants relative to all leads'.
  for (int i = 0; i < rows; ++i) {
    const int lead = beat.leads[i];
    int c = column;
    view.rows(i, c++) = std::log(std::max(qrs_mv[i], kSmallMv));
    for (const auto instant : kOwnInstants) {
      const auto own = by_rule.per_lead[lead].*instant, all = g.*instant;
      view.rows(i, c++) = own && all ? kOwnScale * static_cast<float>(*own - *all) : 0.0f;
    }
    for (int l = 0; l < kLeadCount; ++l) view.rows(i, c++) = l == lead ? 1.0f : 0.0f;
  }
  column += kOfLead;

  // The beat, the same in every row.
  const auto interval = [](std::optional<int> from, std::optional<int> to, float unit) {
    return from && to ? static_cast<float>(*to - *from) / unit - 1 : 0.0f;
  };
  const std::array<float, kOfBeat> of_beat = {
      interval(g.qrs_on, g.qrs_off, 50), static_cast<float>(beat.rr) / 400 - 1, interval(g.p_on, g.qrs_on, 80),
      interval(g.qrs_on, g.t_off, 200), static_cast<float>(view.offset_anchor - view.onset_anchor) / 50 - 1};
  for (const Eigen::VectorXf& v : together) {
    view.rows.middleCols(column, v.size()).rowwise() = v.transpose();
    column += static_cast<int>(v.size());
  }
  for (float v : of_beat) view.rows.col(column++).setConstant(v);
  return view;
}

Result<DelineationNetwork> DelineationNetwork::parse(std::span<const uint8_t> weights) {
  constexpr int kMostMembers = 8, kMostInputs = 2048, kMostUnits = 512;
  Reader reader{weights};
  char magic[4] = {};
  reader.take(magic, sizeof magic);
  DelineationNetwork network;
  if (std::memcmp(magic, "PDN1", sizeof magic) != 0) reader.good = false;
  for (int wave = 0; wave < kWaveCount && reader.good; ++wave) {
    const int members = reader.count(kMostMembers), inputs = reader.count(kMostInputs), first = reader.count(kMostUnits),
              second = reader.count(kMostUnits);
    for (int m = 0; m < members && reader.good; ++m) {
      Perceptron p;
      p.mean = reader.floats(inputs);
      p.scale = reader.floats(inputs);
      p.first = reader.matrix(first, inputs);
      p.first_bias = reader.floats(first);
      p.second = reader.matrix(second, first);
      p.second_bias = reader.floats(second);
      p.last = reader.matrix(2, second);
      p.last_bias = reader.floats(2);
      network.members_[wave].push_back(std::move(p));
    }
  }
  if (!reader.good || !reader.bytes.empty())
    return fail(ErrorCode::kModel, "The delineation network is damaged; install the program again.");
  return network;
}

Eigen::MatrixXf DelineationNetwork::shifts_ms(const BoundaryView& view, Wave wave) const {
  Eigen::MatrixXf sum = Eigen::MatrixXf::Zero(view.rows.rows(), 2);
  const std::vector<Perceptron>& members = members_[static_cast<int>(wave)];
  for (const Perceptron& p : members) {
    if (p.mean.size() != view.rows.cols()) return Eigen::MatrixXf::Zero(view.rows.rows(), 2);
    Eigen::MatrixXf x = ((view.rows.rowwise() - p.mean.transpose()).array().rowwise() / p.scale.transpose().array()).matrix();
    x = ((x * p.first.transpose()).rowwise() + p.first_bias.transpose()).eval();
    silu(x);
    x = ((x * p.second.transpose()).rowwise() + p.second_bias.transpose()).eval();
    silu(x);
    sum += (x * p.last.transpose()).rowwise() + p.last_bias.transpose();
  }
  return sum / static_cast<float>(members.size());
}

const DelineationNetwork& built_in_delineation_network() {
  static const DelineationNetwork network = DelineationNetwork::parse(kWeights).value_or(DelineationNetwork{});
  return network;
}

void refine_boundaries(DelineatedBeat& fiducials, const MedianBeat& beat, const DelineationNetwork& network) {
  const DelineatedBeat by_rule = fiducials;
  for (const Wave wave : {Wave::kQrs, Wave::kP, Wave::kT}) {
    const auto view = boundary_view(beat, by_rule, wave);
    if (!view) continue;
    const WaveSpec& spec = kSpecs[static_cast<int>(wave)];
    const Eigen::MatrixXf shift = network.shifts_ms(*view, wave);
    std::vector<int> onsets, offsets;
    for (size_t i = 0; i < view->leads.size(); ++i) {
      const auto moved = [&](int anchor, float ms) {
        if (!std::isfinite(ms)) ms = 0;
        const float samples = std::clamp(ms, -spec.largest_ms, spec.largest_ms) / kSampleMs;
        return std::clamp(anchor + static_cast<int>(std::lround(samples)), 0, beat.length - 1);
      };
      BeatFiducials& f = fiducials.per_lead[view->leads[i]];
      f.*spec.on = moved(view->onset_anchor, shift(i, 0));
      f.*spec.off = std::max(*(f.*spec.on) + 1, moved(view->offset_anchor, shift(i, 1)));
      onsets.push_back(*(f.*spec.on));
      offsets.push_back(*(f.*spec.off));
    }
    fiducials.global.*spec.on = median(onsets);
    fiducials.global.*spec.off = std::max(median(onsets) + 1, median(offsets));
  }
  const auto in_order = [&](BeatFiducials& f) {
    if (f.p_off && f.qrs_on) f.p_off = std::min(*f.p_off, *f.qrs_on);
    if (f.p_on && f.p_off) f.p_on = std::min(*f.p_on, *f.p_off);
    if (f.p_peak && f.p_on && f.p_off) f.p_peak = std::clamp(*f.p_peak, *f.p_on, *f.p_off);
    if (f.t_on && f.qrs_off) f.t_on = std::max(*f.t_on, *f.qrs_off);
    if (f.t_on && f.t_off) f.t_off = std::max(*f.t_off, *f.t_on);
    if (f.t_peak && f.t_on && f.t_off) f.t_peak = std::clamp(*f.t_peak, *f.t_on, *f.t_off);
    if (f.r_peak && f.qrs_on && f.qrs_off) f.r_peak = std::clamp(*f.r_peak, *f.qrs_on, *f.qrs_off);
  };
  in_order(fiducials.global);
  for (int lead : beat.leads) in_order(fiducials.per_lead[lead]);
}

}  // namespace precordia
