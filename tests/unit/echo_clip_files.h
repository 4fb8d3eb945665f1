// Clips that the tests make themselves: a fan with speckle and a beating ring in it, and writers of the formats, byte by byte and
// independently of the readers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace precordia {

struct TestPicture {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;

  TestPicture(int w, int h) : width(w), height(h), rgb(static_cast<size_t>(w) * static_cast<size_t>(h) * 3) {}
  void put(int x, int y, int r, int g, int b) {
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    uint8_t* to = &rgb[(static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * 3];
    to[0] = static_cast<uint8_t>(r), to[1] = static_cast<uint8_t>(g), to[2] = static_cast<uint8_t>(b);
  }
  void fill(int x, int y, int w, int h, int r, int g, int b) {
    for (int j = y; j < y + h; ++j)
      for (int i = x; i < x + w; ++i) put(i, j, r, g, b);
  }
  std::vector<uint8_t> grey() const {
    std::vector<uint8_t> out(rgb.size() / 3);
    for (size_t i = 0; i < out.size(); ++i) out[i] = rgb[3 * i];
    return out;
  }
};

struct TestFan {
  double apex_x = 100, apex_y = 10, radius = 170, half_angle = 0.75;   // radians
  double inner = 0;
  bool contains(double x, double y) const {
    const double r = std::hypot(x - apex_x, y - apex_y);
    return r <= radius && r >= inner && y > apex_y && std::abs(std::atan2(x - apex_x, y - apex_y)) <= half_angle;
  }
};

inline uint32_t test_noise(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t x = a * 73856093u ^ b * 19349663u ^ c * 83492791u;
  x ^= x >> 13, x *= 0x5bd1e995u, x ^= x >> 15;
  return x;
}

// Speckle of frame `t`, brighter in a ring (the ventricle's wall) that contracts with a period of 20 frames.
inline void draw_fan(TestPicture& picture, const TestFan& fan, int t, int tint_r = 100, int tint_g = 100, int tint_b = 100) {
  const double beat = 0.5 - 0.5 * std::cos(2 * 3.14159265358979 * t / 20), wall = fan.radius * (0.32 - 0.10 * beat);
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      if (!fan.contains(x + 0.5, y + 0.5)) continue;
      const double from_middle = std::hypot(x - fan.apex_x, 0.7 * (y - fan.apex_y - 0.5 * fan.radius));
      int value = 20 + static_cast<int>(test_noise(static_cast<uint32_t>(x), static_cast<uint32_t>(y), static_cast<uint32_t>(t)) % 40);
      if (std::abs(from_middle - wall) < 0.06 * fan.radius) value += 120;
      else if (from_middle < wall) value /= 3;
      picture.put(x, y, value * tint_r / 100, value * tint_g / 100, value * tint_b / 100);
    }
}

// What a scanner's screen has around the fan: lines of text, a scale of ticks, a grey bar, a round mark, an ECG trace that scrolls.
inline void draw_screen(TestPicture& picture, const TestFan& fan, int t) {
  for (int line = 0; line < 3; ++line)
    for (int letter = 0; letter < 9; ++letter) {
      const auto shape = test_noise(static_cast<uint32_t>(letter), static_cast<uint32_t>(line), 7);
      for (int j = 0; j < 7; ++j)
        for (int i = 0; i < 5; ++i)
          if (shape >> ((j * 5 + i) % 31) & 1) picture.put(2 + letter * 6 + i, 2 + line * 9 + j, 220, 220, 220);
    }
  for (int tick = 0; tick < 12; ++tick) picture.fill(picture.width - 6, 10 + tick * static_cast<int>(fan.radius) / 12, 4, 1, 255, 255, 255);
  for (int j = 0; j < 60; ++j) picture.fill(picture.width - 16, 20 + j, 6, 1, 4 * j, 4 * j, 4 * j);
  picture.fill(static_cast<int>(fan.apex_x + 30), 2, 4, 4, 40, 200, 120);
  for (int x = 0; x < picture.width; ++x) {
    const int phase = (x + 3 * t) % 60;
    picture.put(x, picture.height - 8 - (phase < 5 ? 3 * phase : 0), 30, 230, 30);
  }
}

inline TestPicture screen_frame(int t, int width = 220, int height = 200) {
  TestPicture picture(width, height);
  TestFan fan;
  fan.apex_x = width / 2.0, fan.radius = height - 36;
  draw_fan(picture, fan, t);
  draw_screen(picture, fan, t);
  return picture;
}

// ---- writers ------------------------------------------------------------------------------------------------------------------

struct ClipBytes {
  std::vector<uint8_t> bytes;
  void little(uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(i < 8 ? static_cast<uint8_t>(value >> (8 * i)) : uint8_t{0});
  }
  void big(uint64_t value, int count) {
    for (int i = count - 1; i >= 0; --i) bytes.push_back(i < 8 ? static_cast<uint8_t>(value >> (8 * i)) : uint8_t{0});
  }
  void text(std::string_view words) { bytes.insert(bytes.end(), words.begin(), words.end()); }
  void put(const std::vector<uint8_t>& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }
};

// Explicit VR little endian elements.
inline void dicom_put(ClipBytes& sink, uint32_t tag, std::string_view vr, std::vector<uint8_t> value, bool undefined = false) {
  sink.little(tag >> 16, 2), sink.little(tag & 0xFFFF, 2), sink.text(vr);
  if (value.size() % 2 == 1 && !undefined) value.push_back(vr == "UI" || vr == "OB" ? 0 : ' ');
  const bool is_long = vr == "OB" || vr == "OW" || vr == "SQ" || vr == "UN" || vr == "UT";
  if (is_long) sink.little(0, 2), sink.little(undefined ? 0xFFFFFFFF : value.size(), 4);
  else sink.little(value.size(), 2);
  sink.put(value);
}
inline std::vector<uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }
inline std::vector<uint8_t> little_bytes(std::initializer_list<uint32_t> values, int each) {
  ClipBytes sink;
  for (const uint32_t value : values) sink.little(value, each);
  return sink.bytes;
}
inline std::vector<uint8_t> double_bytes(double value) {
  std::vector<uint8_t> out(8);
  std::copy_n(reinterpret_cast<const uint8_t*>(&value), 8, out.begin());   // little endian, as every machine that runs the tests
  return out;
}

struct TestRegion {
  uint32_t format = 1, data = 1, left = 0, top = 0, right = 0, bottom = 0;
  double delta_cm = 0.05;
};

struct TestDicom {
  std::string syntax = "1.2.840.10008.1.2.1", photometric = "MONOCHROME2", modality = "US";
  int columns = 0, rows = 0, samples = 1, bits = 8, stored = 8, planar = 0;
  std::string frame_time = "40", frame_time_vector = {}, cine_rate = {}, display_rate = {};
  std::vector<TestRegion> regions = {};
  int frames = 0;                                    // 0 = as many as there are
  std::vector<std::vector<uint8_t>> pixels = {};          // of each frame; compressed ones become one fragment each
  std::vector<uint8_t> palette = {};                 // 256 x RGB

  std::vector<uint8_t> bytes() const {
    ClipBytes meta, data;
    dicom_put(meta, 0x00020010, "UI", bytes_of(syntax));
    dicom_put(data, 0x00080016, "UI", bytes_of("1.2.840.10008.5.1.4.1.1.3.1"));
    dicom_put(data, 0x00080060, "CS", bytes_of(modality));
    dicom_put(data, 0x00080070, "LO", bytes_of("Test Ultrasound"));
    if (!display_rate.empty()) dicom_put(data, 0x00082144, "IS", bytes_of(display_rate));
    dicom_put(data, 0x00100010, "PN", bytes_of("SECRET^NAME"));
    if (!cine_rate.empty()) dicom_put(data, 0x00180040, "IS", bytes_of(cine_rate));
    if (!frame_time.empty()) dicom_put(data, 0x00181063, "DS", bytes_of(frame_time));
    if (!frame_time_vector.empty()) dicom_put(data, 0x00181065, "DS", bytes_of(frame_time_vector));
    if (!regions.empty()) {
      ClipBytes items;
      for (const auto& region : regions) {
        ClipBytes item;
        dicom_put(item, 0x00186012, "US", little_bytes({region.format}, 2));
        dicom_put(item, 0x00186014, "US", little_bytes({region.data}, 2));
        dicom_put(item, 0x00186018, "UL", little_bytes({region.left}, 4));
        dicom_put(item, 0x0018601A, "UL", little_bytes({region.top}, 4));
        dicom_put(item, 0x0018601C, "UL", little_bytes({region.right}, 4));
        dicom_put(item, 0x0018601E, "UL", little_bytes({region.bottom}, 4));
        dicom_put(item, 0x00186024, "US", little_bytes({3}, 2));
        dicom_put(item, 0x00186026, "US", little_bytes({3}, 2));
        dicom_put(item, 0x0018602C, "FD", double_bytes(region.delta_cm));
        dicom_put(item, 0x0018602E, "FD", double_bytes(region.delta_cm));
        items.little(0xE000FFFE, 4), items.little(item.bytes.size(), 4), items.put(item.bytes);
      }
      dicom_put(data, 0x00186011, "SQ", items.bytes);
    }
    dicom_put(data, 0x00280002, "US", little_bytes({static_cast<uint32_t>(samples)}, 2));
    dicom_put(data, 0x00280004, "CS", bytes_of(photometric));
    if (samples > 1) dicom_put(data, 0x00280006, "US", little_bytes({static_cast<uint32_t>(planar)}, 2));
    dicom_put(data, 0x00280008, "IS", bytes_of(std::to_string(frames ? frames : static_cast<int>(pixels.size()))));
    dicom_put(data, 0x00280010, "US", little_bytes({static_cast<uint32_t>(rows)}, 2));
    dicom_put(data, 0x00280011, "US", little_bytes({static_cast<uint32_t>(columns)}, 2));
    dicom_put(data, 0x00280100, "US", little_bytes({static_cast<uint32_t>(bits)}, 2));
    dicom_put(data, 0x00280101, "US", little_bytes({static_cast<uint32_t>(stored)}, 2));
    dicom_put(data, 0x00280103, "US", little_bytes({0}, 2));
    if (!palette.empty()) {
      for (uint32_t c = 0; c < 3; ++c) dicom_put(data, 0x00281101 + c, "US", little_bytes({256, 0, 16}, 2));
      for (uint32_t c = 0; c < 3; ++c) {
        ClipBytes entries;
        for (size_t i = 0; i < 256; ++i) entries.little(palette[3 * i + c] * 257u, 2);
        dicom_put(data, 0x00281201 + c, "OW", entries.bytes);
      }
    }
    ClipBytes all;
    if (syntax == "1.2.840.10008.1.2.1") {
      for (const auto& frame : pixels) all.put(frame);
      dicom_put(data, 0x7FE00010, bits == 16 ? "OW" : "OB", all.bytes);
    } else {
      all.little(0xE000FFFE, 4), all.little(0, 4);
      for (auto frame : pixels) {
        if (frame.size() % 2 == 1) frame.push_back(0);
        all.little(0xE000FFFE, 4), all.little(frame.size(), 4), all.put(frame);
      }
      all.little(0xE0DDFFFE, 4), all.little(0, 4);
      dicom_put(data, 0x7FE00010, "OB", all.bytes, true);
    }
    ClipBytes file;
    file.bytes.assign(128, 0);
    file.text("DICM");
    ClipBytes length;
    dicom_put(length, 0x00020000, "UL", little_bytes({static_cast<uint32_t>(meta.bytes.size())}, 4));
    file.put(length.bytes), file.put(meta.bytes), file.put(data.bytes);
    return file.bytes;
  }
};

// PackBits with runs and literals, `planes` of equal size one after the other, each one segment.
inline std::vector<uint8_t> rle_frame(const std::vector<std::vector<uint8_t>>& planes) {
  std::vector<std::vector<uint8_t>> segments;
  for (const auto& plane : planes) {
    std::vector<uint8_t> out;
    for (size_t i = 0; i < plane.size();) {
      size_t run = 1;
      while (i + run < plane.size() && plane[i + run] == plane[i] && run < 128) ++run;
      if (run > 1) {
        out.push_back(static_cast<uint8_t>(257 - run)), out.push_back(plane[i]);
        i += run;
      } else {
        size_t end = i + 1;
        while (end < plane.size() && end - i < 128 && !(end + 1 < plane.size() && plane[end] == plane[end + 1])) ++end;
        out.push_back(static_cast<uint8_t>(end - i - 1));
        out.insert(out.end(), plane.begin() + static_cast<ptrdiff_t>(i), plane.begin() + static_cast<ptrdiff_t>(end));
        i = end;
      }
    }
    if (out.size() % 2 == 1) out.push_back(0);
    segments.push_back(std::move(out));
  }
  ClipBytes sink;
  sink.little(segments.size(), 4);
  size_t at = 64;
  for (size_t s = 0; s < 15; ++s) {
    sink.little(s < segments.size() ? at : 0, 4);
    if (s < segments.size()) at += segments[s].size();
  }
  for (const auto& segment : segments) sink.put(segment);
  return sink.bytes;
}

// Bits from the highest down, with a zero byte stuffed after each 0xFF, as JPEG writes its scans.
struct JpegBits {
  std::vector<uint8_t>& out;
  uint32_t bits = 0;
  int count = 0;
  void put(uint32_t value, int length) {
    for (int i = length - 1; i >= 0; --i) {
      bits = bits << 1 | (value >> i & 1);
      if (++count == 8) {
        out.push_back(static_cast<uint8_t>(bits));
        if ((bits & 0xFF) == 0xFF) out.push_back(0);
        count = 0, bits = 0;
      }
    }
  }
  void finish() {
    while (count != 0) put(1, 1);
  }
};

// Lossless JPEG with one Huffman table of seventeen five-bit codes and a given predictor (T.81 annex H).
inline std::vector<uint8_t> lossless_jpeg(int width, int height, int channels, int bits, int predictor, const std::vector<uint16_t>& samples) {
  ClipBytes sink;
  sink.big(0xFFD8, 2);
  sink.big(0xFFC3, 2), sink.big(static_cast<uint32_t>(8 + 3 * channels), 2), sink.big(static_cast<uint32_t>(bits), 1);
  sink.big(static_cast<uint32_t>(height), 2), sink.big(static_cast<uint32_t>(width), 2), sink.big(static_cast<uint32_t>(channels), 1);
  for (int c = 0; c < channels; ++c) sink.big(static_cast<uint32_t>(c + 1), 1), sink.big(0x11, 1), sink.big(0, 1);
  sink.big(0xFFC4, 2), sink.big(2 + 17 + 17, 2), sink.big(0, 1);
  for (int length = 1; length <= 16; ++length) sink.big(length == 5 ? 17 : 0, 1);
  for (int category = 0; category <= 16; ++category) sink.big(static_cast<uint32_t>(category), 1);
  sink.big(0xFFDA, 2), sink.big(static_cast<uint32_t>(6 + 2 * channels), 2), sink.big(static_cast<uint32_t>(channels), 1);
  for (int c = 0; c < channels; ++c) sink.big(static_cast<uint32_t>(c + 1), 1), sink.big(0, 1);
  sink.big(static_cast<uint32_t>(predictor), 1), sink.big(0, 1), sink.big(0, 1);
  JpegBits scan{sink.bytes};
  const auto at = [&](int x, int y, int c) { return static_cast<int>(samples[static_cast<size_t>((y * width + x) * channels + c)]); };
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c) {
        int predicted = 1 << (bits - 1);
        if (x > 0 && y == 0) predicted = at(x - 1, y, c);
        else if (x == 0 && y > 0) predicted = at(x, y - 1, c);
        else if (x > 0) {
          const int a = at(x - 1, y, c), b = at(x, y - 1, c), d = at(x - 1, y - 1, c);
          const int choices[8] = {0, a, b, d, a + b - d, a + ((b - d) >> 1), b + ((a - d) >> 1), (a + b) / 2};
          predicted = choices[predictor];
        }
        const int change = at(x, y, c) - predicted;
        int category = 0;
        while (std::abs(change) >> category) ++category;
        scan.put(static_cast<uint32_t>(category), 5);
        if (category > 0) scan.put(static_cast<uint32_t>(change > 0 ? change : change + (1 << category) - 1), category);
      }
  scan.finish();
  sink.big(0xFFD9, 2);
  return sink.bytes;
}

struct GifFrame {
  int left = 0, top = 0, width = 0, height = 0;
  std::vector<uint8_t> indices;   // in stored order
  int delay = 4, disposal = 0, transparent = -1;
  bool interlaced = false;
};

// A GIF with a grey palette and LZW in its real form: strings are learnt, codes grow, the table is cleared when it is full.
inline std::vector<uint8_t> gif_file(int width, int height, const std::vector<GifFrame>& frames) {
  ClipBytes sink;
  sink.text("GIF89a");
  sink.little(static_cast<uint32_t>(width), 2), sink.little(static_cast<uint32_t>(height), 2);
  sink.little(0xF7, 1), sink.little(0, 2);
  for (uint32_t i = 0; i < 256; ++i) sink.little(i | i << 8 | i << 16, 3);
  for (const auto& frame : frames) {
    sink.little(0xF921, 2), sink.little(4, 1);
    sink.little(static_cast<uint32_t>(frame.disposal << 2 | (frame.transparent >= 0)), 1), sink.little(static_cast<uint32_t>(frame.delay), 2);
    sink.little(static_cast<uint32_t>(std::max(0, frame.transparent)), 1), sink.little(0, 1);
    sink.little(0x2C, 1);
    for (const int value : {frame.left, frame.top, frame.width, frame.height}) sink.little(static_cast<uint32_t>(value), 2);
    sink.little(frame.interlaced ? 0x40 : 0, 1);
    std::vector<uint8_t> packed;
    uint32_t bits = 0;
    int count = 0, code_width = 9, next = 258;
    const auto put = [&](int code) {
      bits |= static_cast<uint32_t>(code) << count;
      for (count += code_width; count >= 8; count -= 8, bits >>= 8) packed.push_back(static_cast<uint8_t>(bits));
    };
    std::vector<std::vector<int>> children(4096, std::vector<int>());
    const auto child = [&](int node, uint8_t value) -> int& {
      auto& row = children[static_cast<size_t>(node)];
      if (row.empty()) row.assign(256, -1);
      return row[value];
    };
    put(256);
    int node = -1;
    for (const uint8_t index : frame.indices) {
      if (node < 0) {
        node = index;
      } else if (const int longer = child(node, index); longer >= 0) {
        node = longer;
      } else {
        put(node);
        child(node, index) = next;
        if (next == 1 << code_width && code_width < 12) ++code_width;
        if (++next == 4096) {
          put(256);
          for (auto& row : children) row.clear();
          code_width = 9, next = 258;
        }
        node = index;
      }
    }
    put(node);
    if (next == 1 << code_width && code_width < 12) ++code_width;
    put(257);
    if (count > 0) packed.push_back(static_cast<uint8_t>(bits));
    sink.little(8, 1);
    for (size_t at = 0; at < packed.size(); at += 255) {
      const size_t length = std::min<size_t>(255, packed.size() - at);
      sink.little(length, 1);
      sink.bytes.insert(sink.bytes.end(), packed.begin() + static_cast<ptrdiff_t>(at), packed.begin() + static_cast<ptrdiff_t>(at + length));
    }
    sink.little(0, 1);
  }
  sink.little(0x3B, 1);
  return sink.bytes;
}

// One video stream with `chunks` as its frames, after an audio stream that is to be passed over.
inline std::vector<uint8_t> avi_file(int width, int height, int bits, std::string_view compression, uint32_t scale, uint32_t rate,
                                     const std::vector<std::vector<uint8_t>>& chunks, bool bottom_up = true) {
  const auto chunk = [](std::string_view id, const std::vector<uint8_t>& content) {
    ClipBytes sink;
    sink.text(id), sink.little(content.size(), 4), sink.put(content);
    if (content.size() % 2 == 1) sink.little(0, 1);
    return sink.bytes;
  };
  const auto list = [&](std::string_view kind, const std::vector<uint8_t>& content) {
    ClipBytes sink;
    sink.text(kind), sink.put(content);
    return chunk("LIST", sink.bytes);
  };
  const auto header = [&](std::string_view kind, uint32_t count) {
    ClipBytes sink;
    sink.text(kind), sink.text(kind == "vids" && !compression.empty() ? compression : std::string_view("\0\0\0\0", 4));
    sink.little(0, 12), sink.little(scale, 4), sink.little(rate, 4), sink.little(0, 4), sink.little(count, 4), sink.little(0, 20);
    return chunk("strh", sink.bytes);
  };
  ClipBytes format;
  format.little(40, 4), format.little(static_cast<uint32_t>(width), 4), format.little(static_cast<uint32_t>(bottom_up ? height : -height), 4);
  format.little(1, 2), format.little(static_cast<uint32_t>(bits), 2);
  if (compression.empty()) format.little(0, 4);
  else format.text(compression);
  format.little(0, 20);
  if (bits == 8)
    for (uint32_t i = 0; i < 256; ++i) format.little((255 - i) * 0x010101, 4);   // inverted, so that it has to be used
  ClipBytes headers, video, audio, movie, riff;
  audio.put(header("auds", 10)), audio.put(chunk("strf", std::vector<uint8_t>(16)));
  video.put(header("vids", static_cast<uint32_t>(chunks.size()))), video.put(chunk("strf", format.bytes));
  headers.put(chunk("avih", std::vector<uint8_t>(56))), headers.put(list("strl", audio.bytes)), headers.put(list("strl", video.bytes));
  for (size_t i = 0; i < chunks.size(); ++i) {
    movie.put(chunk("00wb", std::vector<uint8_t>(9, 3)));
    if (i % 2 == 0) movie.put(chunk(compression == "MJPG" ? "01dc" : "01db", chunks[i]));
    else movie.put(list("rec ", chunk(compression == "MJPG" ? "01dc" : "01db", chunks[i])));
  }
  riff.text("AVI "), riff.put(list("hdrl", headers.bytes)), riff.put(chunk("JUNK", std::vector<uint8_t>(30))), riff.put(list("movi", movie.bytes));
  riff.put(chunk("idx1", std::vector<uint8_t>(32, 0xEE)));
  return chunk("RIFF", riff.bytes);
}

// A 24-bit BMP.
inline std::vector<uint8_t> bmp_file(const TestPicture& picture) {
  const size_t row = (static_cast<size_t>(picture.width) * 3 + 3) / 4 * 4;
  ClipBytes sink;
  sink.text("BM"), sink.little(54 + row * static_cast<size_t>(picture.height), 4), sink.little(0, 4), sink.little(54, 4);
  sink.little(40, 4), sink.little(static_cast<uint32_t>(picture.width), 4), sink.little(static_cast<uint32_t>(picture.height), 4);
  sink.little(1, 2), sink.little(24, 2), sink.little(0, 24);
  for (int y = picture.height - 1; y >= 0; --y) {
    for (int x = 0; x < picture.width; ++x)
      for (size_t c = 3; c-- > 0;) sink.bytes.push_back(picture.rgb[(static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x)) * 3 + c]);
    sink.bytes.resize(sink.bytes.size() + row - static_cast<size_t>(picture.width) * 3);
  }
  return sink.bytes;
}

}  // namespace precordia
