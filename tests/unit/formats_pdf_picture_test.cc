// PDF pages that are pictures, as scanners write them: files that the test makes itself.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "base/text.h"
#include "engine/examination.h"
#include "formats/pdf.h"
#include "formats_files.h"
#include "pages/page_renderer.h"
#include "paper/decode_image.h"
#include "signal/simulated_patient.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

using namespace precordia;

namespace {

using Bytes = std::vector<uint8_t>;

constexpr int kWide = 640, kHigh = 480;

void append(void* to, void* data, int size) {
  auto& bytes = *static_cast<Bytes*>(to);
  bytes.insert(bytes.end(), static_cast<uint8_t*>(data), static_cast<uint8_t*>(data) + size);
}

// Four quarters: red, green / blue, grey.
constexpr uint8_t kQuarters[4][3] = {{220, 20, 20}, {20, 200, 20}, {20, 20, 230}, {150, 150, 150}};
Bytes quarters(int channels = 3) {
  Bytes pixels;
  for (int y = 0; y < kHigh; ++y)
    for (int x = 0; x < kWide; ++x)
      for (int c = 0; c < channels; ++c) pixels.push_back(kQuarters[(y < kHigh / 2 ? 0 : 2) + (x < kWide / 2 ? 0 : 1)][c]);
  return pixels;
}

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

std::string deflated(Bytes bytes) {
  int length = 0;
  unsigned char* packed = stbi_zlib_compress(bytes.data(), static_cast<int>(bytes.size()), &length, 8);
  std::string out(packed, packed + length);
  std::free(packed);
  return out;
}

// What a PNG file holds between its filters and its chunks is what PDF calls Flate with predictor 15.
std::string png_data(const Bytes& pixels, int channels) {
  Bytes file;
  stbi_write_png_to_func(append, &file, kWide, kHigh, channels, pixels.data(), kWide * channels);
  std::string out;
  for (size_t at = 8; at + 12 <= file.size();) {
    const size_t length = static_cast<size_t>(file[at]) << 24 | static_cast<size_t>(file[at + 1]) << 16 | static_cast<size_t>(file[at + 2]) << 8 | file[at + 3];
    if (text_of({file.begin() + static_cast<std::ptrdiff_t>(at) + 4, file.begin() + static_cast<std::ptrdiff_t>(at) + 8}) == "IDAT")
      out.append(file.begin() + static_cast<std::ptrdiff_t>(at) + 8, file.begin() + static_cast<std::ptrdiff_t>(at + 8 + length));
    at += length + 12;
  }
  return out;
}

std::string jpeg_of(const RgbImage& image, int quality = 95) {
  Bytes bytes;
  stbi_write_jpg_to_func(append, &bytes, image.width, image.height, 3, image.rgb.data(), quality);
  return text_of(bytes);
}

struct DrawnPicture {
  std::string dictionary, stream;
};

// A page that draws each picture through its matrix.
Bytes pdf_of(const std::vector<DrawnPicture>& pictures, const std::string& page_extra = "", const std::vector<std::string>& matrices = {}, const std::string& more = "") {
  std::string content, resources;
  for (size_t i = 0; i < pictures.size(); ++i) {
    content += "q " + (i < matrices.size() ? matrices[i] : std::string("612 0 0 459 0 0")) + " cm /Im" + std::to_string(i) + " Do Q\n";
    resources += "/Im" + std::to_string(i) + " " + std::to_string(10 + i) + " 0 R ";
  }
  content += more;
  std::string out = "%PDF-1.4\n1 0 obj\n<< /Type /Page " + page_extra + " /Contents 2 0 R /Resources << /XObject << " + resources + ">> >> >>\nendobj\n2 0 obj\n<< /Length " +
                    std::to_string(content.size()) + " >>\nstream\n" + content + "\nendstream\nendobj\n";
  for (size_t i = 0; i < pictures.size(); ++i)
    out += std::to_string(10 + i) + " 0 obj\n<< /Type /XObject /Subtype /Image " + pictures[i].dictionary + " /Length " + std::to_string(pictures[i].stream.size()) + " >>\nstream\n" +
           pictures[i].stream + "\nendstream\nendobj\n";
  out += "trailer\n<< /Root 3 0 R >>\n%%EOF\n";
  return {out.begin(), out.end()};
}

std::string sized(const std::string& rest, int width = kWide, int height = kHigh) {
  return "/Width " + std::to_string(width) + " /Height " + std::to_string(height) + " " + rest;
}
DrawnPicture flate_rgb() {
  return {sized("/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors 3 /BitsPerComponent 8 /Columns 640 >>"), png_data(quarters(), 3)};
}

// Which quarter lies where, as the page shows it: "0123" when all is upright.
std::string seen(const RgbImage& image) {
  std::string out;
  for (const double y : {0.25, 0.75})
    for (const double x : {0.25, 0.75}) {
      const uint8_t* p = &image.rgb[(static_cast<size_t>(y * image.height) * static_cast<size_t>(image.width) + static_cast<size_t>(x * image.width)) * 3];
      char found = '?';
      for (int q = 0; q < 4; ++q)
        if (std::abs(p[0] - kQuarters[q][0]) < 12 && std::abs(p[1] - kQuarters[q][1]) < 12 && std::abs(p[2] - kQuarters[q][2]) < 12) found = static_cast<char>('0' + q);
      out += found;
    }
  return out;
}

std::string shown(const Bytes& pdf) {
  const auto picture = pdf_picture(pdf);
  if (!picture) return picture.error().message;
  const auto image = picture->jpeg.empty() ? image_from_pixels(picture->width, picture->height, 3, picture->rgb, picture->orientation) : decode_image(picture->jpeg, picture->orientation);
  return image ? seen(*image) : image.error().message;
}

}  // namespace

TEST_CASE("pictures in PDF pages come out as they were put in: Flate with predictors, palettes, few bits, JPEG") {
  CHECK(pdf_shows_picture(pdf_of({flate_rgb()})));
  CHECK(shown(pdf_of({flate_rgb()})) == "0123");
  CHECK(shown(pdf_of({{sized("/ColorSpace [/ICCBased 11 0 R] /BitsPerComponent 8 /Filter [/FlateDecode]"), deflated(quarters())}, {"/N 3", "profile"}})) == "0123");
  CHECK(shown(pdf_of({{sized("/ColorSpace /DeviceRGB /BitsPerComponent 8"), text_of(quarters())}})) == "0123");
  CHECK(shown(pdf_of({{sized("/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"), jpeg_of({kWide, kHigh, quarters()})}})) == "0123");
  const std::string packed_jpeg = deflated([] { const std::string jpeg = jpeg_of({kWide, kHigh, quarters()}); return Bytes(jpeg.begin(), jpeg.end()); }());
  CHECK(shown(pdf_of({{sized("/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter [/FlateDecode /DCTDecode]"), packed_jpeg}})) == "0123");

  Bytes tiff = quarters();   // differences from the pixel before
  for (int y = 0; y < kHigh; ++y)
    for (int i = kWide * 3 - 1; i >= 3; --i) tiff[static_cast<size_t>(y * kWide * 3 + i)] = static_cast<uint8_t>(tiff[static_cast<size_t>(y * kWide * 3 + i)] - tiff[static_cast<size_t>(y * kWide * 3 + i - 3)]);
  CHECK(shown(pdf_of({{sized("/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode /DecodeParms << /Predictor 2 /Colors 3 >>"), deflated(tiff)}})) == "0123");

  Bytes nibbles;
  for (int y = 0; y < kHigh; ++y)
    for (int x = 0; x < kWide; x += 2) nibbles.push_back(static_cast<uint8_t>(0x11 * ((y < kHigh / 2 ? 0 : 2) + (x < kWide / 2 ? 0 : 1))));
  CHECK(shown(pdf_of({{sized("/ColorSpace [/Indexed /DeviceRGB 3 <DC1414 14C814 1414E6 969696>] /BitsPerComponent 4 /Filter /FlateDecode"), deflated(nibbles)}})) == "0123");
  CHECK(shown(pdf_of({{sized("/ColorSpace [/Indexed /DeviceRGB 3 (\\334\\024\\024\\024\\310\\024\\024\\024\\346\\226\\226\\226)] /BitsPerComponent 4 /Filter /FlateDecode"), deflated(nibbles)}})) == "0123");

  Bytes halves;   // one bit: the left half dark
  for (int y = 0; y < kHigh; ++y)
    for (int x = 0; x < kWide; x += 8) halves.push_back(x < kWide / 2 ? 0 : 0xFF);
  for (const bool inverted : {false, true}) {
    const auto picture = pdf_picture(pdf_of({{sized(std::string("/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /FlateDecode") + (inverted ? " /Decode [1 0]" : "")), deflated(halves)}}));
    REQUIRE(picture.has_value());
    CHECK(picture->rgb[0] == (inverted ? 255 : 0));
    CHECK(picture->rgb[3 * (kWide - 1) + 2] == (inverted ? 0 : 255));
  }
}

TEST_CASE("a picture stands on the page as its matrix and the page's turn say") {
  const auto with = [](const char* matrix, const char* extra = "") { return shown(pdf_of({flate_rgb()}, extra, {matrix})); };
  CHECK(with("612 0 0 459 0 0") == "0123");
  CHECK(with("-612 0 0 -459 612 459") == "3210");
  CHECK(with("612 0 0 -459 0 459") == "2301");
  CHECK(with("-612 0 0 459 612 0") == "1032");
  CHECK(with("0 612 -459 0 459 0") == "1302");   // a quarter turn against the clock
  CHECK(with("0 -612 459 0 0 612") == "2031");
  CHECK(with("0 612 459 0 0 0") == "3120");
  CHECK(with("612 0 0 459 0 0", "/Rotate 90") == "2031");
  CHECK(with("612 0 0 459 0 0", "/Rotate 180") == "3210");
  CHECK(with("612 0 0 459 0 0", "/Rotate -90") == "1302");
}

TEST_CASE("what a PDF's picture is packed in and cannot be read is named in one sentence") {
  const auto refusal = [](const std::string& dictionary, const std::string& stream = "abc") {
    const auto picture = pdf_picture(pdf_of({{sized(dictionary), stream}}));
    return picture ? std::string() : picture.error().message;
  };
  CHECK(refusal("/BitsPerComponent 1 /Filter /CCITTFaxDecode").find("as a fax (CCITT), which is not read") != std::string::npos);
  CHECK(refusal("/BitsPerComponent 1 /Filter [/JBIG2Decode]").find("JBIG2") != std::string::npos);
  CHECK(refusal("/Filter /JPXDecode").find("JPEG 2000") != std::string::npos);
  CHECK(refusal("/Filter /LZWDecode").find("rare way") != std::string::npos);
  CHECK(refusal("/BitsPerComponent 8 /ColorSpace /DeviceCMYK /Filter /FlateDecode", deflated(quarters(3))).find("colours of a rare kind") != std::string::npos);
  CHECK(refusal("/BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /FlateDecode", deflated(Bytes(1000, 7))).find("damaged") != std::string::npos);
  CHECK(refusal("/BitsPerComponent 16 /ColorSpace /DeviceRGB /Filter /FlateDecode", deflated(quarters())).find("eight bits") != std::string::npos);
  CHECK(refusal("/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode", "").find("damaged") != std::string::npos);
  const auto strips = pdf_picture(pdf_of({flate_rgb(), flate_rgb()}));
  REQUIRE(!strips);
  CHECK(strips.error().message.find("cut into several") != std::string::npos);
}

TEST_CASE("a PDF with traces, or with no more than a stamp-sized picture, is not taken for a scanned page") {
  std::string trace = "60 300 m\n";
  for (int i = 1; i < 1000; ++i) trace += format_text("%.3f %.3f l\n", 60 + i * 0.5, 300 + 20 * std::sin(i * 0.1));
  CHECK_FALSE(pdf_shows_picture(pdf_of({flate_rgb()}, "", {}, trace + "S\n")));
  CHECK_FALSE(pdf_shows_picture(pdf_of({{sized("/ColorSpace /DeviceGray /BitsPerComponent 8", 40, 30), std::string(1200, 'a')}})));
  CHECK_FALSE(pdf_shows_picture(Bytes{'%', 'P', 'D', 'F', '-'}));
  CHECK_FALSE(pdf_shows_picture({}));
}

TEST_CASE("a scanned page in a PDF is digitised as the same picture alone") {
  SimulatedPatient patient;
  const EcgRecord printed = simulate_patient(patient).record;
  pages::PageStyle style;
  style.px_per_mm = 6;
  const RgbImage page = pages::render_page(printed, style).image;
  const std::string jpeg = jpeg_of(page, 92);
  Examination alone, scanned;
  alone.begin();
  alone.add_file("page.jpg", Bytes(jpeg.begin(), jpeg.end()));
  REQUIRE(alone.digitise_page({}).has_value());
  scanned.begin();
  scanned.add_file("page.pdf", pdf_of({{sized("/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode", page.width, page.height), jpeg}}));
  CHECK(scanned.holds_picture());
  REQUIRE(scanned.digitise_page({}).has_value());
  REQUIRE(scanned.page()->record.lead_count() == 12);
  for (int lead = 0; lead < kLeadCount; ++lead) {
    const auto &a = alone.page()->record.mv[lead], &b = scanned.page()->record.mv[lead];
    REQUIRE(a.size() == b.size());
    for (size_t k = 0; k < a.size(); ++k) CHECK((std::isnan(a[k]) ? std::isnan(b[k]) : a[k] == b[k]));
  }
  CHECK(scanned.accept_page(true).has_value());
}
