// Printed and read back: what an ECG network gets to see when its record comes off a page.
//
//   paper_lessons SIGNALS OUT MANIFEST FROM TO
//
// SIGNALS: int16 [record][8][1000], little-endian, in 5 microvolts at 100 Hz: I, II, V1 to V6. Each record of FROM..TO-1 is printed in
// a style drawn by its own seed, half of them photographed, read by the engine and prepared as for the manifest's first network. OUT
// gets, for every page that was read and that the network may run on, int32 record, int32 layout + 100 if photographed, and
// int16 [12][1000] in 5 microvolts, -32768 where nothing was read. A run that finds OUT goes on after the last record in it.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "nets/ecg_network.h"
#include "pages/page_records.h"
#include "pages/page_renderer.h"
#include "signal/resample.h"

using namespace precordia;
using namespace precordia::pages;

namespace {

constexpr int kIndependent = 8, kSamples = 1000;
constexpr double kQuantumMv = 0.005;
constexpr int16_t kMissing = -32768;

EcgRecord record_of(std::ifstream& in, int number) {
  std::vector<int16_t> raw(static_cast<size_t>(kIndependent) * kSamples);
  in.seekg(static_cast<std::streamoff>(number) * static_cast<std::streamoff>(raw.size() * 2));
  in.read(reinterpret_cast<char*>(raw.data()), static_cast<std::streamsize>(raw.size() * 2));
  EcgRecord record;
  record.sample_rate_hz = 500;
  const auto lead = [&](int row) {
    std::vector<float> out;
    for (int k = 0; k < kSamples; ++k) out.push_back(static_cast<float>(raw[static_cast<size_t>(row * kSamples + k)] * kQuantumMv));
    return resample(out, 100, 500);
  };
  const std::vector<float> i = lead(0), ii = lead(1);
  const auto mixed = [&](float a, float b) {
    std::vector<float> out(i.size());
    for (size_t k = 0; k < i.size(); ++k) out[k] = a * i[k] + b * ii[k];
    return out;
  };
  record.mv = {i, ii, mixed(-1, 1), mixed(-0.5f, -0.5f), mixed(1, -0.5f), mixed(-0.5f, 1), lead(2), lead(3), lead(4), lead(5), lead(6), lead(7)};
  record.origin.fill(LeadOrigin::kRecorded);
  return record;
}

PageStyle style_for(std::mt19937& random) {
  const auto any = [&](std::initializer_list<double> list) { return list.begin()[random() % list.size()]; };
  PageStyle style;
  constexpr PageLayout kLayouts[] = {PageLayout::k3x4Plus1, PageLayout::k3x4Plus1, PageLayout::k3x4Plus1, PageLayout::k3x4, PageLayout::k3x4Plus3, PageLayout::k6x2, PageLayout::k12x1};
  style.layout = kLayouts[random() % 7];
  style.px_per_mm = any({4, 5, 6, 7});
  style.row_mm = shape_of(style.layout).rows + shape_of(style.layout).rhythm_rows > 6 ? 18 : 28;
  style.pen_mm = any({0.25, 0.35});
  constexpr std::array<uint8_t, 3> kGrids[] = {{240, 130, 130}, {250, 170, 150}, {150, 205, 160}, {180, 180, 185}};
  style.grid_colour = kGrids[random() % 4];
  style.pulse_on_left = random() % 2;
  style.names = random() % 8 != 0;
  return style;
}

constexpr size_t kEntryBytes = 8 + 2 * 12 * kSamples;

int first_to_do(const char* out, int from) {
  std::error_code none;
  const auto size = std::filesystem::file_size(out, none);
  if (none || size < kEntryBytes) return from;
  std::filesystem::resize_file(out, size / kEntryBytes * kEntryBytes);
  std::ifstream in(out, std::ios::binary);
  in.seekg(static_cast<std::streamoff>((size / kEntryBytes - 1) * kEntryBytes));
  int32_t last = 0;
  in.read(reinterpret_cast<char*>(&last), 4);
  return last + 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return std::fprintf(stderr, "paper_lessons SIGNALS OUT MANIFEST FROM TO\n"), 2;
  std::ifstream signals(argv[1], std::ios::binary);
  const std::vector<uint8_t> text = bytes_of(argv[3]);
  const auto manifest = parse_manifest({reinterpret_cast<const char*>(text.data()), text.size()});
  if (!signals || !manifest || manifest->models.empty()) return std::fprintf(stderr, "no signals, or no network in the manifest\n"), 1;
  const EcgModel& model = manifest->models.front();
  const int from = first_to_do(argv[2], std::atoi(argv[4])), to = std::atoi(argv[5]);
  std::ofstream out(argv[2], std::ios::binary | std::ios::app);
  int refused = 0, unfit = 0;
  for (int number = from; number < to; ++number) {
    std::mt19937 random(static_cast<uint32_t>(70000 + number));
    const EcgRecord record = record_of(signals, number);
    const PageStyle style = style_for(random);
    PrintedPage page = render_page(record, style);
    const bool photographed = random() % 2;
    if (photographed) {
      const auto between = [&](double a, double b) { return std::uniform_real_distribution<>(a, b)(random); };
      page.image = photograph_page(page.image, {between(-0.2, 0.2), between(-5, 5), between(0, 3), between(0, 0.5), between(0.4, 0.9), between(2, 8), 1, static_cast<uint32_t>(number)});
    }
    const auto read = digitise(page.image);
    if (!read) { ++refused; continue; }
    std::array<bool, kLeadCount> usable{};
    for (int l = 0; l < kLeadCount; ++l) usable[static_cast<size_t>(l)] = read->record.has(static_cast<Lead>(l));
    const auto window = choose_window(read->record, usable, model);
    if (!window) { ++unfit; continue; }
    const std::vector<float> tensor = prepare_tensor(*window, model), flags = prepare_flags(*window, model);
    const int32_t head[2] = {number, static_cast<int32_t>(style.layout) + (photographed ? 100 : 0)};
    std::vector<int16_t> codes(tensor.size());
    for (size_t k = 0; k < codes.size(); ++k)
      codes[k] = flags[k] > 0.5f ? kMissing : static_cast<int16_t>(std::lround(std::clamp(tensor[k] / kQuantumMv, -32000.0, 32000.0)));
    out.write(reinterpret_cast<const char*>(head), sizeof head);
    out.write(reinterpret_cast<const char*>(codes.data()), static_cast<std::streamsize>(2 * codes.size()));
    out.flush();
  }
  std::printf("%d to %d: %d pages refused, %d read but not fit for the network\n", from, to, refused, unfit);
  return out ? 0 : 1;
}
