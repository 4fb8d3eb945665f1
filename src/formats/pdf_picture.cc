// The picture of a page unpacked: filters ▸ predictors ▸ samples of 1 to 8 bits ▸ colours (ISO 32000-1, 7.4, 8.6 and 8.9).
#include <algorithm>
#include <cmath>
#include <optional>

#include "base/inflate.h"
#include "base/text.h"
#include "formats/pdf.h"

namespace precordia {
namespace {

constexpr size_t kMostPicturePixels = 50u << 20, kMostPictureSide = 32767, kMostPaletteBytes = 256 * 3;

std::unexpected<Error> damaged() {
  return fail(ErrorCode::kDamaged, "The picture in this PDF is damaged or incomplete; copy the file again, or photograph the page.");
}
std::unexpected<Error> not_read(const char* what, std::string_view detail = {}) {
  return fail(ErrorCode::kNotRecognised, format_text("The page of this PDF is a picture %s, which is not read; photograph the page, or save it as JPEG or PNG.", what),
              printable_text(detail, 60));
}

// The names in "[/FlateDecode /DCTDecode]" or a lone "/FlateDecode".
std::vector<std::string_view> names_of(std::string_view value) {
  std::vector<std::string_view> names;
  for (size_t at = value.find('/'); at != std::string_view::npos && names.size() < 8; at = value.find('/', at + 1)) {
    const size_t end = value.find_first_of(" \t\r\n\f[]/<>", at + 1);
    names.push_back(value.substr(at, (end == std::string_view::npos ? value.size() : end) - at));
  }
  return names;
}

int whole_number(const PdfFile& file, std::string_view dictionary, std::string_view key, int otherwise) {
  const auto number = parse_integer(file.resolved(pdf_value(dictionary, key)));
  return number && *number >= 0 && *number < 1000000 ? static_cast<int>(*number) : otherwise;
}

// Undoes a predictor in place: rows of `stride` bytes, each with its kind before it (PNG), or without (TIFF, 8 bits only).
bool undo_predictor(std::vector<uint8_t>& bytes, int predictor, size_t stride, size_t pixel_bytes, size_t rows) {
  if (predictor < 2) return bytes.size() >= stride * rows;
  if (predictor == 2) {
    if (bytes.size() < stride * rows) return false;
    for (size_t y = 0; y < rows; ++y)
      for (size_t i = pixel_bytes; i < stride; ++i) bytes[y * stride + i] = static_cast<uint8_t>(bytes[y * stride + i] + bytes[y * stride + i - pixel_bytes]);
    return true;
  }
  if (bytes.size() < (stride + 1) * rows) return false;
  for (size_t y = 0; y < rows; ++y) {
    const uint8_t* from = &bytes[y * (stride + 1)];
    const int kind = *from++;
    uint8_t* to = &bytes[y * stride];   // never past what is still to be read
    const uint8_t* above = y > 0 ? to - stride : nullptr;
    if (kind > 4) return false;
    for (size_t i = 0; i < stride; ++i) {
      const int left = i >= pixel_bytes ? to[i - pixel_bytes] : 0, up = above ? above[i] : 0, corner = above && i >= pixel_bytes ? above[i - pixel_bytes] : 0;
      int guess = 0;
      if (kind == 1) guess = left;
      if (kind == 2) guess = up;
      if (kind == 3) guess = (left + up) / 2;
      if (kind == 4) {
        const int p = left + up - corner, a = std::abs(p - left), b = std::abs(p - up), c = std::abs(p - corner);
        guess = a <= b && a <= c ? left : b <= c ? up : corner;
      }
      to[i] = static_cast<uint8_t>(from[i] + guess);
    }
  }
  return true;
}

struct Colours {
  int samples = 1;                    // per pixel
  std::vector<uint8_t> palette;       // three bytes an entry; empty = the samples are the colours
};

// Samples per pixel of a colour space of this family; 0 for what is not read.
int samples_of(const PdfFile& file, std::string_view space) {
  const auto names = names_of(space);
  if (names.empty()) return 0;
  if (names[0] == "/DeviceGray" || names[0] == "/CalGray" || names[0] == "/G") return 1;
  if (names[0] == "/DeviceRGB" || names[0] == "/CalRGB" || names[0] == "/RGB") return 3;
  if (names[0] != "/ICCBased") return 0;
  const auto profiles = pdf_references(space);
  const PdfObject* profile = profiles.empty() ? nullptr : file.referenced(profiles[0]);
  const int samples = profile ? whole_number(file, profile->text, "/N", 0) : 0;
  return samples == 1 || samples == 3 ? samples : 0;
}

// Bytes of a string object: "(...)" with escapes or "<hex>".
std::vector<uint8_t> string_bytes(std::string_view text) {
  std::vector<uint8_t> bytes;
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  if (text.starts_with("<")) {
    int high = -1;
    for (const char c : text.substr(1)) {
      const int value = digit(c);
      if (value < 0) continue;
      if (high < 0) high = value;
      else bytes.push_back(static_cast<uint8_t>(high << 4 | value)), high = -1;
    }
    return bytes;
  }
  int depth = 0;
  for (size_t at = 0; at < text.size() && bytes.size() < kMostPaletteBytes; ++at) {
    const char c = text[at];
    if (c == '\\' && at + 1 < text.size()) {
      const char e = text[++at];
      if (e >= '0' && e <= '7') {
        int code = e - '0';
        for (int more = 0; more < 2 && at + 1 < text.size() && text[at + 1] >= '0' && text[at + 1] <= '7'; ++more) code = code * 8 + (text[++at] - '0');
        bytes.push_back(static_cast<uint8_t>(code));
      } else if (e != '\n' && e != '\r') {
        bytes.push_back(static_cast<uint8_t>(e == 'n' ? '\n' : e == 'r' ? '\r' : e == 't' ? '\t' : e == 'b' ? '\b' : e == 'f' ? '\f' : e));
      }
      continue;
    }
    if (c == '(' && depth++ == 0) continue;
    if (c == ')' && --depth == 0) break;
    bytes.push_back(static_cast<uint8_t>(c));
  }
  return bytes;
}

// [/Indexed base last table]
std::optional<Colours> palette_of(const PdfFile& file, std::string_view space) {
  size_t at = space.find("/Indexed");
  at = at == std::string_view::npos ? space.find("/I") : at;
  std::string_view rest = trim(space.substr(std::min(space.size(), space.find_first_of(" \t\r\n/[(<", at + 2))));
  // The base is a name, an array or a reference; the table's end is found from behind.
  size_t base_end = 0;
  if (rest.starts_with("[")) base_end = rest.find(']') == std::string_view::npos ? rest.size() : rest.find(']') + 1;
  else if (rest.starts_with("/")) base_end = std::min(rest.size(), rest.find_first_of(" \t\r\n", 1));
  else if (!pdf_references(rest).empty()) base_end = static_cast<size_t>(pdf_references(rest)[0].data() - rest.data()) + pdf_references(rest)[0].size();
  const int base = samples_of(file, file.resolved(rest.substr(0, base_end)).empty() ? rest.substr(0, base_end) : file.resolved(trim(rest.substr(0, base_end))));
  if (base == 0) return {};
  rest = trim(rest.substr(base_end));
  const size_t digits = std::min(rest.size(), rest.find_first_not_of("0123456789"));
  const auto last = parse_integer(rest.substr(0, digits));
  if (!last || *last < 0 || *last > 255) return {};
  rest = trim(rest.substr(digits));
  std::vector<uint8_t> table;
  if (const PdfObject* object = file.referenced(rest); object && !object->stream.empty()) {
    auto unpacked = file.stream_of(*object);
    if (!unpacked) return {};
    table = std::move(*unpacked);
  } else {
    table = string_bytes(object ? trim(object->text) : rest);
  }
  Colours colours;
  for (size_t i = 0; i <= static_cast<size_t>(*last); ++i)
    for (size_t c = 0; c < 3; ++c) {
      const size_t from = i * static_cast<size_t>(base) + (base == 3 ? c : 0);
      colours.palette.push_back(from < table.size() ? table[from] : 0);
    }
  return colours;
}

std::optional<Colours> colours_of(const PdfFile& file, std::string_view space) {
  if (const auto names = names_of(space); !names.empty() && (names[0] == "/Indexed" || names[0] == "/I")) return palette_of(file, space);
  const int samples = samples_of(file, space);
  if (samples == 0) return {};
  return Colours{samples, {}};
}

// The EXIF orientation of a picture drawn through `m` on a page that is then turned clockwise.
int orientation_of(const std::array<double, 6>& m, int turns) {
  constexpr int kTurned[9] = {1, 6, 7, 8, 5, 2, 3, 4, 1};   // a quarter clockwise
  int orientation = 1;
  if (std::abs(m[0]) + std::abs(m[3]) >= std::abs(m[1]) + std::abs(m[2])) orientation = m[0] >= 0 ? (m[3] >= 0 ? 1 : 4) : (m[3] >= 0 ? 2 : 3);
  else orientation = m[1] >= 0 ? (m[2] >= 0 ? 7 : 8) : (m[2] >= 0 ? 6 : 5);
  for (int i = 0; i < turns; ++i) orientation = kTurned[orientation];
  return orientation;
}

}  // namespace

Result<PdfPicture> unpacked_picture(const PdfFile& file, const PdfDrawnImage& image, int turns) {
  const std::string_view text = image.object->text;
  PdfPicture picture;
  picture.orientation = orientation_of(image.matrix, turns);
  picture.width = whole_number(file, text, "/Width", 0);
  picture.height = whole_number(file, text, "/Height", 0);
  const auto width = static_cast<size_t>(picture.width), height = static_cast<size_t>(picture.height);
  if (width == 0 || height == 0) return damaged();
  if (width > kMostPictureSide || height > kMostPictureSide || width * height > kMostPicturePixels)
    return fail(ErrorCode::kTooLarge, "The picture in this PDF is too large; save the page with at most 50 megapixels.");

  std::vector<std::string_view> filters = names_of(file.resolved(pdf_value(text, "/Filter")));
  std::span<const uint8_t> packed = image.object->stream;
  std::vector<uint8_t> bytes;
  const bool masked = file.resolved(pdf_value(text, "/ImageMask")) == "true";
  const int bits = masked ? 1 : whole_number(file, text, "/BitsPerComponent", 8);
  if (!filters.empty() && (filters.back() == "/DCTDecode" || filters.back() == "/DCT")) {
    if (filters.size() == 2 && (filters[0] == "/FlateDecode" || filters[0] == "/Fl")) {
      PRECORDIA_TRY(bytes, inflated(packed, DeflateForm::kZlib, kMostPdfStreamBytes));
    } else if (filters.size() == 1) {
      bytes.assign(packed.begin(), packed.end());
    } else {
      return not_read("packed in a rare way", filters[0]);
    }
    if (bytes.empty()) return damaged();
    picture.jpeg = std::move(bytes);
    return picture;
  }
  for (const auto filter : filters) {
    if (filter == "/CCITTFaxDecode" || filter == "/CCF") return not_read("packed as a fax (CCITT)");
    if (filter == "/JBIG2Decode") return not_read("packed as JBIG2");
    if (filter == "/JPXDecode") return not_read("packed as JPEG 2000");
  }
  if (filters.size() > 1 || (filters.size() == 1 && filters[0] != "/FlateDecode" && filters[0] != "/Fl")) return not_read("packed in a rare way", filters[0]);

  std::string_view space = pdf_value(text, "/ColorSpace");
  if (!file.resolved(space).empty()) space = file.resolved(space);
  const auto colours = masked ? std::optional(Colours{}) : colours_of(file, space);
  if (!colours) return not_read("in colours of a rare kind", space);
  if (bits != 1 && bits != 2 && bits != 4 && bits != 8) return not_read("with more than eight bits for each colour");
  const auto samples = static_cast<size_t>(colours->samples);
  const size_t stride = (width * samples * static_cast<size_t>(bits) + 7) / 8;

  std::string_view parameters = file.resolved(pdf_value(text, "/DecodeParms"));
  if (parameters.starts_with("[")) parameters = file.resolved(trim(parameters.substr(1)));
  const int predictor = filters.empty() ? 1 : whole_number(file, parameters, "/Predictor", 1);
  if (predictor == 2 && bits != 8) return not_read("packed in a rare way", "TIFF predictor");
  const bool png = predictor >= 10;
  if (filters.empty()) bytes.assign(packed.begin(), packed.end());
  else {
    PRECORDIA_TRY(bytes, inflated(packed, DeflateForm::kZlib, (stride + png) * height + 64));
  }
  if (!undo_predictor(bytes, predictor, stride, std::max<size_t>(1, samples * static_cast<size_t>(bits) / 8), height)) return damaged();

  // /Decode [1 0] turns light and dark round.
  const auto decode = file.resolved(pdf_value(text, "/Decode"));
  const bool inverted = colours->palette.empty() && split_blank(decode.substr(std::min<size_t>(decode.size(), 1))).size() >= 2 &&
                        parse_number(split_blank(decode.substr(1))[0]).value_or(0) > 0.5;
  const int full = (1 << bits) - 1;
  picture.rgb.resize(width * height * 3);
  for (size_t y = 0; y < height; ++y) {
    const uint8_t* row = &bytes[y * stride];
    uint8_t* to = &picture.rgb[y * width * 3];
    for (size_t x = 0; x < width; ++x, to += 3) {
      for (size_t c = 0; c < samples; ++c) {
        const size_t at = (x * samples + c) * static_cast<size_t>(bits);
        int value = row[at / 8] >> (8 - static_cast<int>(at % 8) - bits) & full;
        if (!colours->palette.empty()) {
          const size_t entry = std::min<size_t>(static_cast<size_t>(value), colours->palette.size() / 3 - 1);
          std::copy_n(&colours->palette[3 * entry], 3, to);
          break;
        }
        if (inverted) value = full - value;
        to[c] = static_cast<uint8_t>(value * 255 / full);
      }
      if (colours->palette.empty() && samples == 1) to[1] = to[2] = to[0];
    }
  }
  return picture;
}

}  // namespace precordia
