#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/dicom_data_set.h"
#include "base/picture_file.h"
#include "base/text.h"
#include "echo/clip_formats.h"

namespace precordia {
namespace {

using namespace dicom_tag;

constexpr uint32_t kDisplayRate = 0x00082144, kViewName = 0x00082127, kCineRate = 0x00180040, kFrameTime = 0x00181063, kFrameTimeVector = 0x00181065,
                   kRegions = 0x00186011, kRegionSpatialFormat = 0x00186012, kRegionDataType = 0x00186014, kRegionX0 = 0x00186018,
                   kRegionY0 = 0x0018601A, kRegionX1 = 0x0018601C, kRegionY1 = 0x0018601E, kUnitsX = 0x00186024, kUnitsY = 0x00186026,
                   kDeltaX = 0x0018602C, kDeltaY = 0x0018602E, kSamplesPerPixel = 0x00280002, kPhotometric = 0x00280004, kPlanar = 0x00280006,
                   kFrames = 0x00280008, kRows = 0x00280010, kColumns = 0x00280011, kPixelSpacing = 0x00280030,
                   kBitsAllocatedPixels = 0x00280100, kBitsStoredPixels = 0x00280101, kSigned = 0x00280103, kPaletteRed = 0x00281101,
                   kPaletteRedData = 0x00281201, kViewCode = 0x00540220, kMeaning = 0x00080104, kWaveformSequence = 0x54000100;
constexpr uint32_t kCentimetres = 3;
enum SpatialFormat : uint32_t { kTwoDimensional = 1, kMMode = 2, kSpectral = 3 };
enum RegionData : uint32_t { kTissue = 1, kColourFlow = 2 };
constexpr double kShortestFrameMs = 1, kLongestFrameMs = 1000;
constexpr double kSmallestPixelMm = 0.01, kLargestPixelMm = 5;
constexpr size_t kMostRegions = 64;

std::unexpected<Error> damaged(const char* what) {
  return fail(ErrorCode::kDamaged, "This DICOM clip is damaged or incomplete; copy it again.", what);
}

uint32_t integer(const DicomFile& file, const DicomItem& item, uint32_t tag) {
  const auto* element = find_element(item, tag);
  if (!element) return 0;
  const Bytes& value = element->value;
  if (value.size() == 2) return file.big_endian ? value.u16_big(0) : value.u16(0);
  return value.size() >= 4 ? (file.big_endian ? value.u32_big(0) : value.u32(0)) : 0;
}

double real(const DicomFile& file, const DicomItem& item, uint32_t tag) {
  const auto* element = find_element(item, tag);
  if (!element || element->value.size() != 8) return 0;
  const uint64_t low = file.big_endian ? element->value.u32_big(4) : element->value.u32(0);
  const uint64_t bits = low | uint64_t{file.big_endian ? element->value.u32_big(0) : element->value.u32(4)} << 32;
  double number;
  std::memcpy(&number, &bits, sizeof number);
  return std::isfinite(number) ? number : 0;
}

std::optional<double> decimal(const DicomItem& item, uint32_t tag) {
  const auto text = element_text(item, tag);
  return parse_number(text.substr(0, text.find('\\')));
}

// ---- what is said about the frames ------------------------------------------------------------------------------------------------

// Milliseconds of each frame from the first (PS3.3 C.7.6.5); empty where nothing usable is stated.
std::vector<double> frame_times(const DicomItem& data, int frames, std::vector<std::string>& notes) {
  std::vector<double> times;
  const auto vector = element_text(data, kFrameTimeVector);
  if (!vector.empty()) {
    double at = 0;
    for (const auto part : split(vector, '\\')) {
      const auto step = parse_number(part);
      if (!step || *step < 0 || *step > kLongestFrameMs || (!times.empty() && *step <= 0)) break;
      at += times.empty() ? 0 : *step;   // the first increment is that before the first frame
      times.push_back(at);
      if (static_cast<int>(times.size()) == frames) return times;
    }
    times.clear();
  }
  double step = decimal(data, kFrameTime).value_or(0);
  if (step < kShortestFrameMs || step > kLongestFrameMs) {
    for (const uint32_t tag : {kCineRate, kDisplayRate}) {
      const double rate = decimal(data, tag).value_or(0);
      step = rate > 0 ? 1000 / rate : 0;
      if (step < kShortestFrameMs || step > kLongestFrameMs) continue;
      notes.push_back("The time between frames follows from the rate at which this clip is to be played; the file does not say at which it was recorded.");
      break;
    }
  }
  if (step < kShortestFrameMs || step > kLongestFrameMs) return {};
  for (int i = 0; i < frames; ++i) times.push_back(i * step);
  return times;
}

struct Region {
  uint32_t format = 0, data = 0;
  int64_t left = 0, top = 0, right = 0, bottom = 0;   // the last two included
  std::optional<double> mm_x, mm_y;

  int64_t area() const { return (right - left + 1) * (bottom - top + 1); }
};

std::vector<Region> regions_of(const DicomFile& file) {
  std::vector<Region> regions;
  const auto* sequence = find_element(file.elements, kRegions);
  if (!sequence) return regions;
  for (const auto& item : sequence->items) {
    if (regions.size() == kMostRegions) break;
    Region region{integer(file, item, kRegionSpatialFormat), integer(file, item, kRegionDataType), integer(file, item, kRegionX0), integer(file, item, kRegionY0),
                  integer(file, item, kRegionX1), integer(file, item, kRegionY1), {}, {}};
    if (region.right <= region.left || region.bottom <= region.top) continue;
    const auto millimetres = [&](uint32_t units, uint32_t delta) -> std::optional<double> {
      const double mm = 10 * std::abs(real(file, item, delta));
      return integer(file, item, units) == kCentimetres && mm >= kSmallestPixelMm && mm <= kLargestPixelMm ? std::optional(mm) : std::nullopt;
    };
    region.mm_x = millimetres(kUnitsX, kDeltaX), region.mm_y = millimetres(kUnitsY, kDeltaY);
    regions.push_back(region);
  }
  return regions;
}

// Puts the picture's region and scale into `source`, or refuses what a region says that the clip is.
Result<void> add_regions(const DicomFile& file, int columns, int rows, ClipSource& source) {
  const auto regions = regions_of(file);
  const Region* picture = nullptr;
  for (const auto& region : regions) {
    if (region.format == kMMode || region.format == kSpectral)
      return fail(ErrorCode::kUnusable, "This clip shows M-mode or spectral Doppler, as its file says; record the apical view in plain B-mode.");
    if (region.format == kTwoDimensional && region.data == kColourFlow)
      return fail(ErrorCode::kUnusable, "Colour Doppler is switched on in this clip, as its file says; record the apical view again in plain B-mode, without colour.");
    if (region.format == kTwoDimensional && region.data == kTissue && (!picture || region.area() > picture->area())) picture = &region;
  }
  if (!picture) return {};
  for (const auto& region : regions) {
    if (&region == picture || region.format != kTwoDimensional || region.data != kTissue || region.area() * 3 < picture->area()) continue;
    const bool apart = region.left > picture->right || region.right < picture->left || region.top > picture->bottom || region.bottom < picture->top;
    if (apart)
      return fail(ErrorCode::kUnusable, "This clip shows two or more pictures at once; record or export the apical view alone, as one full picture.");
  }
  // Some exports reduce the picture and leave the region as it was: then it reaches beyond the picture, and fits one twice to four
  // times as large. Whether that is so, the fan has to show.
  int64_t reduced = 1;
  while (reduced <= 4 && (picture->right >= reduced * columns + 1 || picture->bottom >= reduced * rows + 1)) ++reduced;
  if (reduced > 4) {
    source.region_is_guess = false;
    return {};
  }
  const PictureBox box{static_cast<int>(picture->left / reduced), static_cast<int>(picture->top / reduced),
                       static_cast<int>((picture->right - picture->left + 1) / reduced), static_cast<int>((picture->bottom - picture->top + 1) / reduced)};
  if (int64_t{box.width} * box.height * 10 < int64_t{columns} * rows) return {};   // hardly the picture
  source.region = box;
  source.region_is_guess = reduced > 1;
  if (picture->mm_x && picture->mm_y) {
    source.mm_per_px_x = *picture->mm_x * static_cast<double>(reduced);
    source.mm_per_px_y = *picture->mm_y * static_cast<double>(reduced);
  }
  return {};
}

// ---- pixels ---------------------------------------------------------------------------------------------------------------------

enum class Colours : uint8_t { kGrey, kInverted, kRgb, kYbr, kYbr422, kPalette };

struct PixelLayout {
  int columns = 0, rows = 0, samples = 1, bits_allocated = 8, bits_stored = 8;
  bool planar = false, is_signed = false, big_endian = false;
  Colours colours = Colours::kGrey;
  std::array<std::vector<uint8_t>, 3> palette;   // 8-bit entries
  int palette_first = 0;

  size_t pixels() const { return static_cast<size_t>(columns) * static_cast<size_t>(rows); }
  size_t frame_bytes() const {
    if (colours == Colours::kYbr422) return pixels() * 2;
    return pixels() * static_cast<size_t>(samples) * static_cast<size_t>(bits_allocated / 8);
  }
};

std::optional<std::vector<uint8_t>> palette_entries(const DicomFile& file, uint32_t channel, int& first) {
  const auto* descriptor = find_element(file.elements, kPaletteRed + channel);
  const auto* data = find_element(file.elements, kPaletteRedData + channel);
  if (!descriptor || !data || descriptor->value.size() < 6) return {};
  const auto u16 = [&](const Bytes& bytes, size_t at) { return file.big_endian ? bytes.u16_big(at) : bytes.u16(at); };
  const size_t stated = u16(descriptor->value, 0), count = stated == 0 ? 65536 : stated;
  first = static_cast<int16_t>(u16(descriptor->value, 2));
  std::vector<uint8_t> entries(count);
  if (data->value.size() >= 2 * count) {
    // 16-bit words. Some writers keep 8-bit values in them whatever the descriptor says.
    uint16_t highest = 0;
    for (size_t i = 0; i < count; ++i) highest = std::max(highest, u16(data->value, 2 * i));
    const int shift = highest > 255 ? 8 : 0;
    for (size_t i = 0; i < count; ++i) entries[i] = static_cast<uint8_t>(u16(data->value, 2 * i) >> shift);
  } else if (data->value.size() >= count) {
    for (size_t i = 0; i < count; ++i) entries[i] = data->value.u8(i);
  } else {
    return {};
  }
  return entries;
}

Result<PixelLayout> pixel_layout(const DicomFile& file) {
  PixelLayout layout;
  layout.columns = static_cast<int>(integer(file, file.elements, kColumns)), layout.rows = static_cast<int>(integer(file, file.elements, kRows));
  layout.samples = static_cast<int>(integer(file, file.elements, kSamplesPerPixel));
  if (layout.samples == 0) layout.samples = 1;
  layout.bits_allocated = static_cast<int>(integer(file, file.elements, kBitsAllocatedPixels));
  layout.bits_stored = static_cast<int>(integer(file, file.elements, kBitsStoredPixels));
  if (layout.bits_stored == 0) layout.bits_stored = layout.bits_allocated;
  layout.planar = integer(file, file.elements, kPlanar) == 1;
  layout.is_signed = integer(file, file.elements, kSigned) == 1;
  layout.big_endian = file.big_endian;
  if (layout.columns <= 0 || layout.rows <= 0) return damaged("no size");
  if (layout.columns > kLargestFrameSide || layout.rows > kLargestFrameSide || layout.pixels() > static_cast<size_t>(kLargestFramePixels))
    return fail(ErrorCode::kTooLarge, format_text("The frames of this clip have %d by %d pixels, more than this program reads; export it smaller.", layout.columns, layout.rows));
  const auto photometric = element_text(file.elements, kPhotometric);
  if (layout.samples == 3 && photometric == "RGB") layout.colours = Colours::kRgb;
  else if (layout.samples == 3 && photometric == "YBR_FULL") layout.colours = Colours::kYbr;
  else if (layout.samples == 3 && photometric == "YBR_FULL_422") layout.colours = Colours::kYbr422;
  else if (layout.samples == 1 && photometric == "PALETTE COLOR") layout.colours = Colours::kPalette;
  else if (layout.samples == 1 && photometric == "MONOCHROME1") layout.colours = Colours::kInverted;
  else if (layout.samples == 1 && (photometric == "MONOCHROME2" || photometric.empty())) layout.colours = Colours::kGrey;
  else
    return fail(ErrorCode::kNotRecognised, "The colours of this DICOM clip are stored in a way that this program does not read; export it as RGB or as grey values.",
                printable_text(photometric, 24));
  const bool wide = layout.bits_allocated == 16 && layout.samples == 1;
  if ((layout.bits_allocated != 8 && !wide) || layout.bits_stored < 1 || layout.bits_stored > layout.bits_allocated)
    return fail(ErrorCode::kNotRecognised, "The pixels of this DICOM clip are stored in a way that this program does not read; export it with 8 bits.",
                format_text("%d bits", layout.bits_allocated));
  if (layout.colours == Colours::kPalette) {
    for (uint32_t c = 0; c < 3; ++c) {
      auto entries = palette_entries(file, c, layout.palette_first);
      if (!entries) return damaged("palette");
      layout.palette[c] = std::move(*entries);
    }
  }
  return layout;
}

void put_ybr(int y, int cb, int cr, uint8_t* to) {
  // PS3.3 C.7.6.3.1.2, in 1/65536.
  const int blue = cb - 128, red = cr - 128, scaled = (y << 16) + 32768;
  to[0] = static_cast<uint8_t>(std::clamp((scaled + 91881 * red) >> 16, 0, 255));
  to[1] = static_cast<uint8_t>(std::clamp((scaled - 22554 * blue - 46802 * red) >> 16, 0, 255));
  to[2] = static_cast<uint8_t>(std::clamp((scaled + 116130 * blue) >> 16, 0, 255));
}

// One frame as it lies in the file -> grey or RGB bytes in `out`. `stored` has layout.frame_bytes() bytes.
void unpack(const PixelLayout& layout, Bytes stored, std::vector<uint8_t>& out) {
  const size_t pixels = layout.pixels();
  const auto value = [&](size_t i) -> int {
    if (layout.bits_allocated == 8) return stored.data[i];
    return layout.big_endian ? stored.u16_big(2 * i) : stored.u16(2 * i);
  };
  switch (layout.colours) {
    case Colours::kGrey:
    case Colours::kInverted: {
      out.resize(pixels);
      const int top = (1 << layout.bits_stored) - 1, half = layout.is_signed ? 1 << (layout.bits_stored - 1) : 0;
      const bool inverted = layout.colours == Colours::kInverted;
      for (size_t i = 0; i < pixels; ++i) {
        const int level = ((value(i) & top) + half) & top;
        const int grey = layout.bits_stored == 8 ? level : level * 255 / top;
        out[i] = static_cast<uint8_t>(inverted ? 255 - grey : grey);
      }
      break;
    }
    case Colours::kPalette: {
      out.resize(3 * pixels);
      const int last = static_cast<int>(layout.palette[0].size()) - 1;
      for (size_t i = 0; i < pixels; ++i) {
        const auto entry = static_cast<size_t>(std::clamp(value(i) - layout.palette_first, 0, last));
        for (size_t c = 0; c < 3; ++c) out[3 * i + c] = layout.palette[c][std::min(entry, layout.palette[c].size() - 1)];
      }
      break;
    }
    case Colours::kRgb:
    case Colours::kYbr: {
      out.resize(3 * pixels);
      const size_t step = layout.planar ? 1 : 3, plane = layout.planar ? pixels : 1;
      for (size_t i = 0; i < pixels; ++i) {
        const uint8_t* from = stored.data.data() + i * step;
        if (layout.colours == Colours::kYbr) put_ybr(from[0], from[plane], from[2 * plane], &out[3 * i]);
        else out[3 * i] = from[0], out[3 * i + 1] = from[plane], out[3 * i + 2] = from[2 * plane];
      }
      break;
    }
    case Colours::kYbr422: {   // Y1 Y2 Cb Cr for every two pixels
      out.resize(3 * pixels);
      for (size_t i = 0; i + 1 < pixels; i += 2) {
        const uint8_t* from = stored.data.data() + 2 * i;
        put_ybr(from[0], from[2], from[3], &out[3 * i]);
        put_ybr(from[1], from[2], from[3], &out[3 * i + 3]);
      }
      break;
    }
  }
}

// RLE (PS3.5 annex G): a header of segment offsets, then one PackBits segment per byte of a sample, highest byte first, samples one
// after the other. `out` gets the frame as `planar`, little endian.
bool unpack_rle(const PixelLayout& layout, Bytes packed, std::vector<uint8_t>& out) {
  const size_t pixels = layout.pixels(), bytes_each = static_cast<size_t>(layout.bits_allocated / 8);
  const size_t segments = static_cast<size_t>(layout.samples) * bytes_each;
  if (packed.size() < 64 || packed.u32(0) != segments || segments > 6) return false;
  out.assign(pixels * segments, 0);
  for (size_t s = 0; s < segments; ++s) {
    size_t at = packed.u32(4 + 4 * s);
    const size_t end = s + 1 < segments ? packed.u32(8 + 4 * s) : packed.size();
    if (at < 64 || end > packed.size() || at > end) return false;
    const size_t sample = s / bytes_each, byte = bytes_each - 1 - s % bytes_each;
    uint8_t* const to = out.data() + sample * pixels * bytes_each + byte;
    size_t done = 0;
    while (done < pixels) {
      if (at >= end) return false;
      const auto control = static_cast<int8_t>(packed.u8(at++));
      if (control >= 0) {
        for (int i = 0; i <= control && done < pixels; ++i, ++done) {
          if (at >= end) return false;
          to[done * bytes_each] = packed.u8(at++);
        }
      } else if (control != -128) {
        if (at >= end) return false;
        const uint8_t value = packed.u8(at++);
        for (int i = 0; i < 1 - control && done < pixels; ++i, ++done) to[done * bytes_each] = value;
      }
    }
  }
  return true;
}

enum class Coding : uint8_t { kNone, kRle, kJpeg, kLosslessJpeg };

Result<Coding> coding_of(const DicomFile& file, bool has_fragments) {
  const std::string_view syntax = file.transfer_syntax;
  const auto named = [](const char* name) {
    return fail(ErrorCode::kNotRecognised, std::string("This DICOM clip is compressed as ") + name + ", which this program does not read; export it uncompressed, or as JPEG.");
  };
  if (!has_fragments) return Coding::kNone;
  if (syntax == "1.2.840.10008.1.2.5") return Coding::kRle;
  if (syntax == "1.2.840.10008.1.2.4.50" || syntax == "1.2.840.10008.1.2.4.51") return Coding::kJpeg;
  if (syntax == "1.2.840.10008.1.2.4.57" || syntax == "1.2.840.10008.1.2.4.70") return Coding::kLosslessJpeg;
  if (syntax == "1.2.840.10008.1.2.4.80" || syntax == "1.2.840.10008.1.2.4.81") return named("JPEG-LS");
  if (syntax.starts_with("1.2.840.10008.1.2.4.9")) return named("JPEG 2000");
  if (syntax.starts_with("1.2.840.10008.1.2.4.10")) return named("MPEG video");
  if (syntax.starts_with("1.2.840.10008.1.2.4.20")) return named("high-throughput JPEG 2000");
  return fail(ErrorCode::kNotRecognised, "This DICOM clip is compressed in a way that this program does not read; export it uncompressed, or as JPEG.",
              printable_text(syntax, 64));
}

// The bytes of each frame: fragments put together as the table of offsets says, or one each, or from one start of a JPEG to the next.
std::vector<std::vector<Bytes>> frames_of(const DicomElement& pixels, int frames, Coding coding) {
  std::vector<std::vector<Bytes>> out;
  const auto& all = pixels.fragments;
  if (all.size() < 2) return out;
  const size_t count = all.size() - 1;
  const auto wanted = static_cast<size_t>(frames);
  const Bytes& table = all[0];
  if (count > wanted && wanted > 1 && table.size() >= 4 * wanted) {
    uint64_t at = 0;
    for (size_t i = 1; i <= count; ++i) {
      while (out.size() < wanted && table.u32(4 * out.size()) <= at) out.emplace_back();
      if (!out.empty()) out.back().push_back(all[i]);
      at += all[i].size() + 8;
    }
    if (out.size() == wanted) return out;
    out.clear();
  }
  for (size_t i = 1; i <= count; ++i) {
    const bool begins = count <= wanted || coding == Coding::kRle || all[i].u16_big(0) == 0xFFD8 || out.empty();
    if (wanted == 1 && !out.empty()) out.back().push_back(all[i]);
    else if (begins) out.push_back({all[i]});
    else out.back().push_back(all[i]);
  }
  return out;
}

// Decodes one compressed frame and adds it. What cannot be decoded is left out.
Result<void> add_compressed(const PixelLayout& layout, Coding coding, Bytes data, std::optional<double> time, std::vector<uint8_t>& unpacked, ClipBuilder& builder) {
  if (coding == Coding::kRle) {
    std::vector<uint8_t> planar;
    PixelLayout planes = layout;
    planes.planar = true, planes.big_endian = false;
    if (planes.colours == Colours::kYbr422) planes.colours = Colours::kYbr;   // RLE does not subsample
    if (!unpack_rle(planes, data, planar)) {
      builder.skip();
      return {};
    }
    unpack(planes, {planar}, unpacked);
    return builder.add({layout.columns, layout.rows, static_cast<int>(unpacked.size() / layout.pixels()), unpacked, time});
  }
  const bool lossless = is_lossless_jpeg(data.data);
  const auto frame = lossless ? decode_lossless_jpeg(data.data, layout.columns, layout.rows)
                              : decode_jpeg_frame(data.data, layout.columns, layout.rows, layout.colours == Colours::kRgb);
  if (!frame || frame->channels != layout.samples || (!frame->samples.empty()) != (frame->bits <= 8)) {
    builder.skip();
    return {};
  }
  if (frame->channels == 3 && !lossless && frame->bits <= 8)   // already converted to RGB
    return builder.add({layout.columns, layout.rows, 3, frame->samples, time});
  if (frame->channels == 3 && frame->bits > 8) {
    builder.skip();
    return {};
  }
  PixelLayout stored = layout;
  stored.planar = false, stored.big_endian = false, stored.bits_allocated = frame->bits > 8 ? 16 : 8;
  stored.bits_stored = std::min(layout.bits_stored, frame->bits);
  if (stored.colours == Colours::kYbr422) stored.colours = Colours::kYbr;
  std::vector<uint8_t> bytes = frame->samples;
  for (const uint16_t sample : frame->wide) bytes.push_back(static_cast<uint8_t>(sample)), bytes.push_back(static_cast<uint8_t>(sample >> 8));
  unpack(stored, {bytes}, unpacked);
  return builder.add({layout.columns, layout.rows, static_cast<int>(unpacked.size() / layout.pixels()), unpacked, time});
}

std::string stated_view(const DicomFile& file) {
  if (const auto* sequence = find_element(file.elements, kViewCode); sequence && !sequence->items.empty())
    if (const auto meaning = element_text(sequence->items[0], kMeaning); !meaning.empty()) return printable_text(meaning, 60);
  return printable_text(element_text(file.elements, kViewName), 60);
}

// Where uncompressed frames lie, one after the other.
struct PlainFrames {
  ByteSource& source;
  size_t at = 0, size = 0;
};

// Where the uncompressed pixels begin that reach beyond `head`, of which `file` was parsed; 0 where there are none.
size_t plain_frames_at(const DicomFile& file, std::span<const uint8_t> head) {
  if (!file.cut_short || !file.unpacked.empty() || file.elements.empty()) return 0;
  const DicomElement& last = file.elements.back();
  if (last.tag != kPixelData || !last.fragments.empty() || !last.items.empty() || last.value.size() == 0) return 0;
  return static_cast<size_t>(last.value.data.data() - head.data());
}

Result<EchoClip> read_frames(const DicomFile& file, const DicomElement& pixels, PlainFrames plain, size_t file_bytes) {
  const std::string modality = printable_text(element_text(file.elements, kModality), 16);
  if (!modality.empty() && modality != "US" && modality != "OT" && modality != "SC")
    return fail(ErrorCode::kNotRecognised, "This DICOM file is of kind " + modality + ", not an ultrasound clip.");
  PRECORDIA_TRY(const auto layout, pixel_layout(file));
  PRECORDIA_TRY(const auto coding, coding_of(file, !pixels.fragments.empty()));

  const auto stated = parse_integer(element_text(file.elements, kFrames));
  int frames = static_cast<int>(std::clamp<long long>(stated.value_or(1), 1, kMostSourceFrames));
  const size_t frame_bytes = layout.frame_bytes();
  std::vector<std::vector<Bytes>> compressed;
  if (coding == Coding::kNone) {
    const auto there = static_cast<int>(std::min<size_t>(plain.size / frame_bytes, kMostSourceFrames));
    if (there == 0) return damaged("fewer pixels than one frame");
    if (there < frames) frames = there;
  } else {
    compressed = frames_of(pixels, frames, coding);
    if (compressed.empty()) return damaged("no compressed frame");
    frames = std::min(frames, static_cast<int>(compressed.size()));
  }
  if (layout.pixels() * static_cast<uint64_t>(frames) > most_clip_pixels(file_bytes)) return damaged("more pixels than the file can hold");

  ClipSource source{.format = "DICOM ultrasound"};
  const std::string maker = printable_text(element_text(file.elements, kManufacturer), 60), model = printable_text(element_text(file.elements, kModelName), 60);
  source.device = maker.empty() || model.empty() ? maker + model : maker + " " + model;
  source.stated_view = stated_view(file);
  source.expected_frames = frames;
  std::vector<std::string> notes;
  const auto times = frames > 1 ? frame_times(file.elements, frames, notes) : std::vector<double>();
  if (!times.empty()) source.expected_seconds = times.back() / 1000;
  if (auto fits = add_regions(file, layout.columns, layout.rows, source); !fits) return std::unexpected(fits.error());
  if (!find_element(file.elements, kRegions)) {
    // Without regions, the plain spacing of the pixels: rows, then columns, in millimetres.
    const auto parts = split(element_text(file.elements, kPixelSpacing), '\\');
    const auto between_rows = parts.size() == 2 ? parse_number(parts[0]) : std::nullopt, between_columns = parts.size() == 2 ? parse_number(parts[1]) : std::nullopt;
    if (between_rows && between_columns && std::min(*between_rows, *between_columns) >= kSmallestPixelMm && std::max(*between_rows, *between_columns) <= kLargestPixelMm)
      source.mm_per_px_x = between_columns, source.mm_per_px_y = between_rows;
  }

  ClipBuilder builder(std::move(source));
  for (auto& note : notes) builder.note(std::move(note));
  if (stated && *stated > frames)
    builder.note(format_text("The file ends after %d of %lld frames; the copy is incomplete.", frames, *stated));
  std::vector<uint8_t> unpacked, joined;
  for (int i = 0; i < frames && !builder.full(); ++i) {
    const auto time = times.empty() ? std::nullopt : std::optional(times[static_cast<size_t>(i)]);
    Result<void> added;
    if (coding == Coding::kNone) {
      const Bytes stored = plain.source.part(plain.at + frame_bytes * static_cast<size_t>(i), frame_bytes);
      if (stored.size() < frame_bytes) return damaged("a frame could not be read");
      unpack(layout, stored, unpacked);
      added = builder.add({layout.columns, layout.rows, static_cast<int>(unpacked.size() / layout.pixels()), unpacked, time});
    } else {
      const auto& parts = compressed[static_cast<size_t>(i)];
      Bytes whole = parts.empty() ? Bytes{} : parts[0];
      if (parts.size() > 1) {
        joined.clear();
        for (const auto& part : parts) joined.insert(joined.end(), part.data.begin(), part.data.end());
        whole = {joined};
      }
      added = add_compressed(layout, coding, whole, time, unpacked, builder);
    }
    if (!added) return std::unexpected(std::move(added.error()));
  }
  return builder.finish();
}

}  // namespace

bool is_dicom_clip(std::span<const uint8_t> bytes) {
  if (!starts_like_dicom(bytes)) return false;
  const auto file = parse_dicom(bytes);
  return file && find_element(file->elements, kPixelData) && !find_element(file->elements, kWaveformSequence);
}

bool is_dicom_with_plain_frames(std::span<const uint8_t> head) {
  if (!starts_like_dicom(head)) return false;
  const auto file = parse_dicom(head);
  return file && !find_element(file->elements, kWaveformSequence) && plain_frames_at(*file, head) > 0;
}

Result<EchoClip> read_dicom_clip(std::span<const uint8_t> bytes) {
  PRECORDIA_TRY(const auto file, parse_dicom(bytes));
  const auto* pixels = find_element(file.elements, kPixelData);
  if (!pixels) return file.cut_short ? damaged("no pixels before the file ends") : fail(ErrorCode::kNotRecognised, "This DICOM file holds no picture; open the ultrasound clip itself.");
  HeldBytes held(pixels->value.data);
  return read_frames(file, *pixels, {held, 0, pixels->value.size()}, bytes.size());
}

Result<EchoClip> read_plain_dicom_frames(std::span<const uint8_t> head, ByteSource& source) {
  PRECORDIA_TRY(const auto file, parse_dicom(head));
  const size_t at = plain_frames_at(file, head);
  const size_t stated = file.big_endian ? Bytes{head}.u32_big(at - 4) : Bytes{head}.u32(at - 4);
  return read_frames(file, *find_element(file.elements, kPixelData), {source, at, std::min(stated, source.size() - at)}, source.size());
}

}  // namespace precordia
