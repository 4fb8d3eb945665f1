#include "base/picture_file.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

// ---- stb_image, compiled here and nowhere else, within a budget ----------------------------------------------------------------

namespace {

// What the decoder may hold at one time. A 50-megapixel JPEG takes 225 MB, a PNG of that size 300 MB; a file that claims little and
// unfolds to more is refused by its first request over this.
constexpr size_t kDecoderBudgetBytes = 320u << 20;
constexpr size_t kHeaderBytes = 16;   // keeps what follows aligned

size_t decoder_bytes = 0;   // the engine has one thread

void* budgeted_alloc(size_t size) {
  if (size > kDecoderBudgetBytes - decoder_bytes) return nullptr;
  auto* block = static_cast<uint8_t*>(std::malloc(size + kHeaderBytes));
  if (!block) return nullptr;
  std::memcpy(block, &size, sizeof size);
  decoder_bytes += size;
  return block + kHeaderBytes;
}

void budgeted_free(void* pointer) {
  if (!pointer) return;
  uint8_t* block = static_cast<uint8_t*>(pointer) - kHeaderBytes;
  size_t size;
  std::memcpy(&size, block, sizeof size);
  decoder_bytes -= size;
  std::free(block);
}

void* budgeted_realloc(void* pointer, size_t old_size, size_t size) {
  void* moved = budgeted_alloc(size);
  if (!moved) return nullptr;
  if (pointer) std::memcpy(moved, pointer, std::min(old_size, size));
  budgeted_free(pointer);
  return moved;
}

}  // namespace

#if defined(__wasm_simd128__) && defined(__SSE2__)
#define STBI__X64_TARGET   // its loops for SSE2, which Emscripten turns into WebAssembly's own vectors: the same pixels as natively
#endif
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_ONLY_GIF
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_NO_THREAD_LOCALS
#define STBI_MAX_DIMENSIONS 32767
#define STBI_MALLOC(size) budgeted_alloc(size)
#define STBI_REALLOC_SIZED(pointer, old_size, size) budgeted_realloc(pointer, old_size, size)
#define STBI_FREE(pointer) budgeted_free(pointer)
#include <stb/stb_image.h>

static_assert(STBI_MAX_DIMENSIONS == precordia::kLargestPictureSide);

namespace precordia {
namespace {

using namespace std::string_view_literals;
using Content = std::span<const uint8_t>;

bool begins_with(Content bytes, std::string_view signature) {
  return bytes.size() >= signature.size() && std::equal(signature.begin(), signature.end(), bytes.begin(),
                                                        [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

uint32_t little(Content bytes, size_t at, int count) {
  uint32_t value = 0;
  for (int i = count - 1; i >= 0; --i) value = value << 8 | bytes[at + static_cast<size_t>(i)];
  return value;
}

}  // namespace

bool is_jpeg(Content bytes) { return begins_with(bytes, "\xFF\xD8\xFF"sv); }
bool is_png(Content bytes) { return begins_with(bytes, "\x89PNG\r\n\x1A\n"sv); }
bool is_gif(Content bytes) { return begins_with(bytes, "GIF87a"sv) || begins_with(bytes, "GIF89a"sv); }

// "BM" alone begins many a text: the size of the second header tells.
bool is_bmp(Content bytes) {
  if (!begins_with(bytes, "BM"sv) || bytes.size() < 26) return false;
  const uint32_t header = little(bytes, 14, 4);
  return header == 12 || header == 40 || header == 52 || header == 56 || header == 108 || header == 124;
}

bool bmp_is_whole(Content bytes) {
  const uint32_t offset = little(bytes, 10, 4), header = little(bytes, 14, 4);
  if (header == 12 || bytes.size() < 54) return true;   // the OS/2 kind: rare, small
  const auto width = static_cast<int32_t>(little(bytes, 18, 4)), height = static_cast<int32_t>(little(bytes, 22, 4));
  const uint64_t bits = little(bytes, 28, 2), wide = static_cast<uint64_t>(std::abs(static_cast<int64_t>(width)));
  const uint64_t high = static_cast<uint64_t>(std::abs(static_cast<int64_t>(height)));
  if (little(bytes, 30, 4) != 0 || wide > kLargestPictureSide || high > kLargestPictureSide) return true;
  return offset + (wide * bits + 31) / 32 * 4 * high <= bytes.size();
}

// ---- JPEG's markers: the orientation, and whether the picture ends where it should (ITU-T T.81, annex B) -----------------------

namespace {

// The orientation, 1..8, of an EXIF block: a TIFF structure whose first directory has the tag 0x0112 as a short.
int exif_orientation(Content tiff) {
  if (tiff.size() < 14) return 1;
  const bool big = tiff[0] == 'M';
  const auto number = [&](size_t at, int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 8 | tiff[at + static_cast<size_t>(big ? i : count - 1 - i)];
    return value;
  };
  const size_t directory = number(4, 4);
  if (directory > tiff.size() - 2) return 1;
  const size_t entries = number(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.size()) return 1;
    if (number(entry, 2) != 0x0112) continue;
    const uint32_t value = number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace

JpegFacts jpeg_facts(Content bytes) {
  JpegFacts facts;
  bool scanned = false;
  size_t at = 2;
  while (at + 1 < bytes.size()) {
    if (bytes[at] != 0xFF) {   // inside a scan's data
      const void* next = std::memchr(&bytes[at], 0xFF, bytes.size() - at);
      if (!next) return facts;
      at = static_cast<size_t>(static_cast<const uint8_t*>(next) - bytes.data());
      continue;
    }
    const uint8_t marker = bytes[at + 1];
    if (marker == 0xFF) {   // padding
      ++at;
      continue;
    }
    if (marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= 0xD8)) {
      at += 2;
      continue;
    }
    if (marker == 0xD9) {
      facts.whole = scanned;
      return facts;
    }
    if (at + 4 > bytes.size()) return facts;
    const size_t length = static_cast<size_t>(bytes[at + 2]) << 8 | bytes[at + 3];
    if (length < 2 || at + 2 + length > bytes.size()) return facts;
    const Content content = bytes.subspan(at + 4, length - 2);
    if (marker == 0xE1 && begins_with(content, "Exif\0\0"sv)) facts.orientation = exif_orientation(content.subspan(6));
    scanned = scanned || marker == 0xDA;
    at += 2 + length;
  }
  return facts;
}

// ---- pixels -----------------------------------------------------------------------------------------------------------------

std::optional<PictureHeader> picture_header(Content bytes) {
  PictureHeader header;
  const int length = static_cast<int>(std::min<size_t>(bytes.size(), INT32_MAX));
  if (!stbi_info_from_memory(bytes.data(), length, &header.width, &header.height, &header.channels)) return {};
  return header;
}

PicturePixels picture_pixels(Content bytes, int channels) {
  PicturePixels picture{.channels = channels, .pixels = {nullptr, stbi_image_free}};
  const int length = static_cast<int>(std::min<size_t>(bytes.size(), INT32_MAX));
  int stored = 0;
  picture.pixels.reset(stbi_load_from_memory(bytes.data(), length, &picture.width, &picture.height, &stored, channels));
  return picture;
}

std::string_view picture_refusal() { return stbi_failure_reason() ? stbi_failure_reason() : ""; }

}  // namespace precordia
