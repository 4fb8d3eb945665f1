// MPEG-4 Part 2 video that the tests write themselves, in flat blocks: enough to hold prediction, motion and the container against what
// was put in.
#pragma once

#include <array>
#include <cstdlib>

#include "echo_clip_files.h"

namespace precordia {

struct Mpeg4Bits {
  std::vector<uint8_t> bytes;
  int used = 8;
  void put(uint32_t value, int length) {
    for (int i = length - 1; i >= 0; --i) {
      if (used == 8) bytes.push_back(0), used = 0;
      bytes.back() = static_cast<uint8_t>(bytes.back() | (value >> i & 1) << (7 - used++));
    }
  }
  void start(uint32_t kind) { put(0x00000100 | kind, 32); }
  void finish() {   // a zero, and ones up to the byte
    put(0, 1);
    while (used < 8) put(1, 1);
  }
};

// A video object layer of Simple Profile, 25 ticks a second.
inline std::vector<uint8_t> mpeg4_layer(int width, int height) {
  Mpeg4Bits bits;
  bits.start(0x00), bits.start(0x20);
  bits.put(0, 1), bits.put(1, 8), bits.put(0, 1), bits.put(1, 4), bits.put(0, 1);
  bits.put(0, 2), bits.put(1, 1), bits.put(25, 16), bits.put(1, 1), bits.put(0, 1);
  bits.put(1, 1), bits.put(static_cast<uint32_t>(width), 13), bits.put(1, 1), bits.put(static_cast<uint32_t>(height), 13), bits.put(1, 1);
  bits.put(0, 1), bits.put(1, 1), bits.put(0, 1), bits.put(0, 1), bits.put(0, 1);   // progressive, no overlap, no sprite, 8 bits, H.263 quantiser
  bits.put(1, 1), bits.put(1, 1), bits.put(0, 1), bits.put(0, 1);                    // no estimation, no packets, not partitioned, not scalable
  bits.finish();
  return bits.bytes;
}

inline void mpeg4_picture_header(Mpeg4Bits& bits, bool predicted, int quantiser) {
  bits.start(0xB6);
  bits.put(predicted ? 1 : 0, 2), bits.put(0, 1), bits.put(1, 1), bits.put(0, 5), bits.put(1, 1), bits.put(1, 1);
  if (predicted) bits.put(0, 1);
  bits.put(0, 3), bits.put(static_cast<uint32_t>(quantiser), 5);
  if (predicted) bits.put(1, 3);
}

// An intra frame in which block (column, row) of eight pixels has the grey level means[row * 2 * columns + column]; colour is neutral.
inline std::vector<uint8_t> mpeg4_intra(int columns, int rows, const std::vector<uint8_t>& means) {
  Mpeg4Bits bits;
  mpeg4_picture_header(bits, false, 4);   // DC is quantised by 8
  const int wide = 2 * columns;
  const auto dc = [&](int x, int y) { return x < 0 || y < 0 ? 1024 : 8 * means[static_cast<size_t>(y * wide + x)]; };
  const auto dc_size = [&](int difference, bool luminance) {
    int size = 0;
    while (std::abs(difference) >> size) ++size;
    constexpr std::array<std::array<int, 2>, 5> kLuminance = {{{3, 3}, {3, 2}, {2, 2}, {2, 3}, {1, 3}}}, kChrominance = {{{3, 2}, {2, 2}, {1, 2}, {1, 3}, {1, 4}}};
    const auto& table = luminance ? kLuminance : kChrominance;
    if (size < 5) bits.put(static_cast<uint32_t>(table[static_cast<size_t>(size)][0]), table[static_cast<size_t>(size)][1]);
    else bits.put(1, luminance ? size - 1 : size);
    if (size > 0) bits.put(static_cast<uint32_t>(difference > 0 ? difference : difference + (1 << size) - 1), size);
    if (size > 8) bits.put(1, 1);
  };
  for (int y = 0; y < rows; ++y)
    for (int x = 0; x < columns; ++x) {
      bits.put(1, 1), bits.put(0, 1), bits.put(3, 4);   // intra, no coded chrominance; no AC prediction; no coded luminance
      for (int block = 0; block < 4; ++block) {
        const int bx = 2 * x + block % 2, by = 2 * y + block / 2;
        const int left = dc(bx - 1, by), corner = bx == 0 || by == 0 ? 1024 : dc(bx - 1, by - 1), above = dc(bx, by - 1);
        const int predicted = std::abs(left - corner) < std::abs(corner - above) ? above : left;
        dc_size((dc(bx, by) - predicted) / 8, true);
      }
      dc_size(0, false), dc_size(0, false);
    }
  bits.finish();
  return bits.bytes;
}

// A predicted frame: all as before, or everything moved a pixel to the right.
inline std::vector<uint8_t> mpeg4_moved(int columns, int rows, bool moved) {
  Mpeg4Bits bits;
  mpeg4_picture_header(bits, true, 4);
  for (int i = 0; i < columns * rows; ++i) {
    if (!moved) {
      bits.put(1, 1);
      continue;
    }
    bits.put(0, 1), bits.put(1, 1), bits.put(3, 2);   // coded, inter, nothing but motion
    // The first says that its source lies two half pixels to the left; all others are as predicted from their neighbours.
    if (i == 0) bits.put(1, 3), bits.put(1, 1);
    else bits.put(1, 1);
    bits.put(1, 1);
  }
  bits.finish();
  return bits.bytes;
}

// One video track; each of `samples` lasts `duration` ticks of `timescale`.
inline std::vector<uint8_t> mp4_file(int width, int height, const std::vector<uint8_t>& configuration, const std::vector<std::vector<uint8_t>>& samples, uint32_t timescale,
                                     uint32_t duration, std::string_view coding = "mp4v") {
  const auto box = [](std::string_view kind, const std::vector<uint8_t>& content) {
    ByteSink sink;
    sink.big(content.size() + 8, 4), sink.text(kind), sink.put(content);
    return sink.bytes;
  };
  const auto descriptor = [](uint32_t tag, const std::vector<uint8_t>& content) {
    ByteSink sink;
    sink.big(tag, 1), sink.big(0x80 | content.size() >> 7, 1), sink.big(content.size() & 0x7F, 1), sink.put(content);
    return sink.bytes;
  };
  ByteSink decoder, stream, esds, entry, stsd, stts, stsc, stsz, stco, mdhd, hdlr, data;
  decoder.big(0x20, 1), decoder.big(0x11, 1), decoder.big(0, 11), decoder.put(descriptor(5, configuration));
  stream.big(1, 2), stream.big(0, 1), stream.put(descriptor(4, decoder.bytes));
  esds.big(0, 4), esds.put(descriptor(3, stream.bytes));
  entry.big(0, 6), entry.big(1, 2), entry.bytes.resize(entry.bytes.size() + 16);
  entry.big(static_cast<uint32_t>(width), 2), entry.big(static_cast<uint32_t>(height), 2), entry.bytes.resize(78);
  entry.put(box("esds", esds.bytes));
  stsd.big(0, 4), stsd.big(1, 4), stsd.put(box(coding, entry.bytes));
  stts.big(0, 4), stts.big(1, 4), stts.big(samples.size(), 4), stts.big(duration, 4);
  stsc.big(0, 4), stsc.big(1, 4), stsc.big(1, 4), stsc.big(2, 4), stsc.big(1, 4);   // two samples a chunk
  stsz.big(0, 8), stsz.big(samples.size(), 4);
  stco.big(0, 4), stco.big((samples.size() + 1) / 2, 4);
  ByteSink file;
  file.put(box("ftyp", {'i', 's', 'o', 'm', 0, 0, 2, 0}));
  size_t at = file.bytes.size() + 8;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (i % 2 == 0) stco.big(at, 4);
    stsz.big(samples[i].size(), 4);
    data.put(samples[i]);
    at += samples[i].size();
  }
  mdhd.big(0, 12), mdhd.big(timescale, 4), mdhd.big(samples.size() * duration, 4), mdhd.big(0, 4);
  hdlr.big(0, 8), hdlr.text("vide"), hdlr.big(0, 13);
  ByteSink table, minf, mdia, trak;
  table.put(box("stsd", stsd.bytes)), table.put(box("stts", stts.bytes)), table.put(box("stsc", stsc.bytes)), table.put(box("stsz", stsz.bytes)), table.put(box("stco", stco.bytes));
  minf.put(box("stbl", table.bytes));
  mdia.put(box("mdhd", mdhd.bytes)), mdia.put(box("hdlr", hdlr.bytes)), mdia.put(box("minf", minf.bytes));
  trak.put(box("mdia", mdia.bytes));
  file.put(box("mdat", data.bytes));
  file.put(box("moov", box("trak", trak.bytes)));
  return file.bytes;
}

// A clip of the usual fan in blocks of eight pixels: an intra frame for each, and one that repeats it. Video range.
struct TestMpeg4 {
  int columns, rows;
  std::vector<uint8_t> layer;
  std::vector<std::vector<uint8_t>> samples;
  std::vector<std::vector<uint8_t>> means;
};
inline TestMpeg4 mpeg4_clip(int columns, int rows, int frames) {
  TestMpeg4 clip{columns, rows, mpeg4_layer(16 * columns, 16 * rows), {}, {}};
  for (int t = 0; t < frames; ++t) {
    TestPicture picture(2 * columns, 2 * rows);
    draw_fan(picture, {.apex_x = 1.0 * columns, .apex_y = 1, .radius = 1.9 * rows}, t);
    auto means = picture.grey();
    for (auto& mean : means) mean = static_cast<uint8_t>(16 + mean * 219 / 255);
    clip.samples.push_back(mpeg4_intra(columns, rows, means));
    clip.samples.push_back(mpeg4_moved(columns, rows, false));
    clip.means.push_back(std::move(means));
  }
  return clip;
}

}  // namespace precordia
