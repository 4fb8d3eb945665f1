// Writes simulated cine loops for training, for tests of the readers and for looking at.
//   echo_cine FOLDER COUNT [--side 128] [--seed 1] [--gif]
// Each loop n has its own EF, rate, noise, gain and view, drawn from seed + n:
//   n.frames   frame_count x side x side bytes, 0 outside the sector     n.masks   the same shape, EchoClass values
//   n.json     {side, frames, fps, view, ef_percent, gls_percent, heart_rate_bpm, noise, gain_db, irregular, mm_per_px [x, y], beats
//              [[ed, es, ef]], lv_volume_ml []}                          n.gif     with --gif
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "echo/gif_writer.h"
#include "echo/simulated_clip.h"

namespace {

using namespace precordia;

struct Draw {  // splitmix64
  uint64_t state;
  double between(double low, double high) {
    uint64_t z = (state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return low + (high - low) * static_cast<double>((z ^ (z >> 31)) >> 33) / 2147483648.0;
  }
};

bool write(const std::string& path, const void* data, size_t size) {
  std::ofstream file(path, std::ios::binary);
  file.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
  return file.good();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "echo_cine FOLDER COUNT [--side 128] [--seed 1] [--gif]\n");
    return 2;
  }
  const std::string folder = argv[1];
  const int count = std::atoi(argv[2]);
  int side = 128, seed = 1;
  bool gif = false;
  for (int i = 3; i < argc; ++i) {
    if (std::strcmp(argv[i], "--gif") == 0) gif = true;
    if (std::strcmp(argv[i], "--side") == 0 && i + 1 < argc) side = std::atoi(argv[++i]);
    if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) seed = std::atoi(argv[++i]);
  }
  double spent_ms = 0;
  size_t frames = 0;
  for (int n = 0; n < count; ++n) {
    Draw draw{static_cast<uint64_t>(seed + n) << 20};
    SimulatedEcho wanted;
    wanted.view = draw.between(0, 1) < 0.5 ? EchoView::kApical4 : EchoView::kApical2;
    wanted.ef_percent = draw.between(15, 72);
    wanted.heart_rate_bpm = draw.between(45, 120);
    wanted.frames_per_second = draw.between(20, 60);
    wanted.seconds = 120 / wanted.heart_rate_bpm + 0.3;
    wanted.noise = draw.between(0, 0.8);
    wanted.gain_db = draw.between(-6, 6);
    wanted.irregular = draw.between(0, 1) < 0.15;
    wanted.side = side;
    wanted.seed = static_cast<uint32_t>(seed + n);
    const auto start = std::chrono::steady_clock::now();
    const SimulatedCine cine = simulate_echo(wanted);
    spent_ms += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    const EchoClip& clip = cine.clip;
    frames += static_cast<size_t>(clip.frame_count());
    std::string json = "{\"side\": " + std::to_string(clip.side) + ", \"frames\": " + std::to_string(clip.frame_count()) +
                       ", \"fps\": " + std::to_string(wanted.frames_per_second) + ", \"view\": \"" + clip.stated_view +
                       "\", \"ef_percent\": " + std::to_string(cine.ef_percent) + ", \"gls_percent\": " + std::to_string(cine.gls_percent) +
                       ", \"heart_rate_bpm\": " + std::to_string(wanted.heart_rate_bpm) + ", \"noise\": " + std::to_string(wanted.noise) +
                       ", \"gain_db\": " + std::to_string(wanted.gain_db) + ", \"irregular\": " + (wanted.irregular ? "true" : "false") +
                       ", \"mm_per_px\": [" + std::to_string(*clip.mm_per_px_x) + ", " + std::to_string(*clip.mm_per_px_y) + "], \"beats\": [";
    for (size_t i = 0; i < cine.beats.size(); ++i) {
      const EchoBeat& beat = cine.beats[i];
      json += (i ? ", [" : "[") + std::to_string(beat.ed_frame) + ", " + std::to_string(beat.es_frame) + ", " + std::to_string(beat.ef_percent) + "]";
    }
    json += "], \"lv_volume_ml\": [";
    for (size_t i = 0; i < cine.lv_volume_ml.size(); ++i) json += (i ? ", " : "") + std::to_string(cine.lv_volume_ml[i]);
    json += "]}\n";
    const std::string name = folder + "/" + std::to_string(n);
    bool written = write(name + ".frames", clip.frames.data(), clip.frames.size()) && write(name + ".masks", cine.masks.data(), cine.masks.size()) &&
                   write(name + ".json", json.data(), json.size());
    if (gif) {
      const std::vector<uint8_t> bytes = test::write_gif(clip.frames, clip.side, clip.side, static_cast<int>(100 / wanted.frames_per_second + 0.5));
      written = written && write(name + ".gif", bytes.data(), bytes.size());
    }
    if (!written) {
      std::fprintf(stderr, "cannot write %s\n", name.c_str());
      return 1;
    }
  }
  std::printf("%d loops, %zu frames of %d px, %.1f ms a frame\n", count, frames, side, spent_ms / static_cast<double>(std::max<size_t>(frames, 1)));
  return 0;
}
