#include "base/dicom_data_set.h"

#include "base/inflate.h"
#include "base/text.h"

namespace precordia {
namespace {

using namespace std::string_view_literals;

constexpr uint32_t kItem = 0xFFFEE000, kItemEnd = 0xFFFEE00D, kSequenceEnd = 0xFFFEE0DD, kUndefined = 0xFFFFFFFF;
constexpr size_t kPreamble = 128;

constexpr std::string_view kImplicitLittle = "1.2.840.10008.1.2", kExplicitBig = "1.2.840.10008.1.2.2",
                           kDeflated = "1.2.840.10008.1.2.1.99";

bool is_capital(uint8_t c) { return c >= 'A' && c <= 'Z'; }

// Value representations whose length takes 32 bits after two reserved bytes (PS3.5 table 7.1-1).
bool has_long_length(std::string_view vr) {
  for (const auto known : {"OB"sv, "OD"sv, "OF"sv, "OL"sv, "OV"sv, "OW"sv, "SQ"sv, "SV"sv, "UC"sv, "UN"sv, "UR"sv, "UT"sv, "UV"sv})
    if (vr == known) return true;
  return false;
}

class DicomParser {
 public:
  DicomParser(Bytes bytes, bool explicit_vr, bool big_endian) : bytes_(bytes), explicit_(explicit_vr), big_(big_endian) {}

  // Elements from `at` to `end`, or to the item's end mark; `at` moves behind them.
  DicomItem data_set(size_t& at, size_t end, int depth) {
    DicomItem item;
    while (at < end && !failed_ && !cut_short_) {
      if (end - at < 8) {
        at = end;   // padding after the last element
        break;
      }
      const uint32_t tag = tag_at(at);
      if (tag == kItemEnd || tag == kSequenceEnd) {
        at += 8;
        break;
      }
      if (++elements_ > kMostDicomElements) {
        failed_ = true;
        break;
      }
      item.push_back(element(at, end, depth));
    }
    return item;
  }

  bool failed() const { return failed_; }
  bool cut_short() const { return cut_short_; }

 private:
  uint16_t u16(size_t at) const { return big_ ? bytes_.u16_big(at) : bytes_.u16(at); }
  uint32_t u32(size_t at) const { return big_ ? bytes_.u32_big(at) : bytes_.u32(at); }
  uint32_t tag_at(size_t at) const { return uint32_t{u16(at)} << 16 | u16(at + 2); }

  DicomElement element(size_t& at, size_t end, int depth) {
    DicomElement element{.tag = tag_at(at), .value = {}, .items = {}, .fragments = {}};
    // A few writers slip implicit elements into an explicit data set; letters where the VR belongs tell.
    const bool has_vr = explicit_ && is_capital(bytes_.u8(at + 4)) && is_capital(bytes_.u8(at + 5));
    const auto vr = has_vr ? bytes_.text(at + 4, 2) : ""sv;
    uint32_t length;
    if (!has_vr) {
      length = u32(at + 4);
      at += 8;
    } else if (has_long_length(vr)) {
      length = u32(at + 8);
      at += 12;
    } else {
      length = u16(at + 6);
      at += 8;
    }
    if (element.tag == dicom_tag::kPixelData && length == kUndefined) {
      fragments(element, at, end);
      return element;
    }
    const bool starts_with_item = length >= 8 && tag_at(at) == kItem;
    if (length == kUndefined || vr == "SQ" || (starts_with_item && !has_vr)) {
      // UN of undefined length is a sequence in implicit little endian (PS3.5 6.2.2 note 2).
      const bool was_explicit = explicit_;
      if (vr == "UN") explicit_ = false;
      sequence(element, at, length == kUndefined ? end : at + std::min<size_t>(length, end - std::min(at, end)), length, depth);
      explicit_ = was_explicit;
      return element;
    }
    if (at > end || length > end - at) cut_short_ = true;
    element.value = at < end ? bytes_.part(at, std::min<size_t>(length, end - at)) : Bytes{};
    at = cut_short_ ? end : at + length;
    return element;
  }

  // Compressed pixels (PS3.5 A.4): items that hold bytes, not elements. The first is the table of offsets, often empty.
  void fragments(DicomElement& element, size_t& at, size_t end) {
    while (at < end && end - at >= 8) {
      const uint32_t tag = tag_at(at), length = u32(at + 4);
      at += 8;
      if (tag == kSequenceEnd) return;
      if (tag != kItem) break;
      if (++elements_ > kMostDicomElements) {
        failed_ = true;
        return;
      }
      element.fragments.push_back(bytes_.part(at, std::min<size_t>(length, end - at)));
      if (length > end - at) break;
      at += length;
    }
    cut_short_ = true;
    at = end;
  }

  void sequence(DicomElement& element, size_t& at, size_t end, uint32_t stated, int depth) {
    if (depth >= kDeepestDicomSequence) {
      failed_ = true;
      return;
    }
    while (at < end && end - at >= 8 && !failed_ && !cut_short_) {
      const uint32_t tag = tag_at(at), length = u32(at + 4);
      at += 8;
      if (tag == kSequenceEnd) return;
      if (tag != kItem || ++elements_ > kMostDicomElements) {
        failed_ = true;
        return;
      }
      if (length == kUndefined) {
        element.items.push_back(data_set(at, end, depth + 1));
      } else {
        const size_t item_end = at + std::min<size_t>(length, end - at);
        const bool item_cut = item_end - at < length;
        element.items.push_back(data_set(at, item_end, depth + 1));
        at = item_end;
        cut_short_ = cut_short_ || item_cut;
      }
    }
    if (stated == kUndefined && at >= end) cut_short_ = true;
  }

  Bytes bytes_;
  bool explicit_, big_;
  bool failed_ = false, cut_short_ = false;
  size_t elements_ = 0;
};

std::string_view unpadded(std::string_view text) {
  while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.remove_suffix(1);
  return trim(text);
}

// Where the file meta information (or, without one, the data set) starts; nullopt when this is no DICOM.
std::optional<size_t> meta_start(const Bytes& file) {
  if (file.text(kPreamble, 4) == "DICM") return kPreamble + 4;
  return file.u16(0) == 2 && file.u16(2) < 0x20 && is_capital(file.u8(4)) && is_capital(file.u8(5)) ? std::optional<size_t>(0)
                                                                                                    : std::nullopt;
}

// A data set without any meta information: it starts with group 8, as every composite object does.
bool starts_as_data_set(const Bytes& file) {
  if (file.u16(0) != 8 || file.u16(2) > 0x18 || file.size() < 64) return false;
  if (is_capital(file.u8(4)) && is_capital(file.u8(5))) return file.u16(6) <= 64 && file.u16(8 + file.u16(6)) == 8;
  return file.u32(4) <= 64 && file.u16(8 + file.u32(4)) == 8;
}

}  // namespace

const DicomElement* find_element(const DicomItem& item, uint32_t tag) {
  for (const auto& element : item)
    if (element.tag == tag) return &element;
  return nullptr;
}

std::string_view element_text(const DicomItem& item, uint32_t tag) {
  const auto* element = find_element(item, tag);
  return element ? unpadded(element->value.text()) : std::string_view();
}

bool has_dicom_mark(std::span<const uint8_t> bytes) { return Bytes{bytes}.text(kPreamble, 4) == "DICM"; }

bool starts_like_dicom(std::span<const uint8_t> bytes) {
  const Bytes file{bytes};
  return meta_start(file) || starts_as_data_set(file);
}

Result<DicomFile> parse_dicom(std::span<const uint8_t> bytes) {
  const Bytes file{bytes};
  DicomFile out;
  size_t at = 0;
  bool explicit_vr = true;
  if (const auto start = meta_start(file)) {
    at = *start;
    // Meta information is explicit little endian and ends where group 2 ends.
    size_t end = at;
    while (file.has(end, 8) && file.u16(end) == 2) {
      const bool long_length = has_long_length(file.text(end + 4, 2));
      const size_t value = end + (long_length ? 12 : 8), length = long_length ? file.u32(end + 8) : file.u16(end + 6);
      if (file.u16(end + 2) == (dicom_tag::kTransferSyntax & 0xFFFF)) out.transfer_syntax = unpadded(file.text(value, length));
      if (!file.has(value, length)) {
        out.cut_short = true;
        return out;
      }
      end = value + length;
    }
    at = end;
    explicit_vr = out.transfer_syntax != kImplicitLittle;
    out.big_endian = out.transfer_syntax == kExplicitBig;
  } else {
    explicit_vr = is_capital(file.u8(4)) && is_capital(file.u8(5));
  }
  Bytes data = file.from(at);
  if (out.transfer_syntax == kDeflated) {
    PRECORDIA_TRY(out.unpacked, inflated(data.data, DeflateForm::kRaw, kLargestUnpackedDicomBytes));
    data = {out.unpacked};
  }
  DicomParser parser(data, explicit_vr, out.big_endian);
  size_t position = 0;
  out.elements = parser.data_set(position, data.size(), 0);
  if (parser.failed())
    return fail(ErrorCode::kDamaged, "This DICOM file is damaged or far more complex than a recording is; export it again.", "structure");
  out.cut_short = parser.cut_short();
  return out;
}

}  // namespace precordia
