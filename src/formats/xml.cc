#include "formats/xml.h"

#include <algorithm>

#include "base/text.h"

namespace precordia {
namespace {

constexpr size_t kPrologBytes = 1u << 16;

// The start of the content as UTF-8 or Latin-1, which agree on what markup is made of.
std::string start_of_xml(std::span<const uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kPrologBytes));
  if (text.starts_with("\xEF\xBB\xBF")) return std::string(text.substr(3));
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return utf8_from_utf16(text.substr(2), text[0] == '\xFE');
  if (text.size() >= 2 && text[0] == '<' && text[1] == '\0') return utf8_from_utf16(text, false);
  if (text.size() >= 2 && text[0] == '\0' && text[1] == '<') return utf8_from_utf16(text, true);
  return std::string(text);
}

// Past "<!DOCTYPE ... [ ... ] ... >".
size_t end_of_doctype(std::string_view text, size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '[') ++depth;
    if (text[at] == ']') --depth;
    if (text[at] == '>' && depth <= 0) return at + 1;
  }
  return std::string_view::npos;
}

std::string_view local(std::string_view name) {
  const auto colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// The next element in document order below `top`.
pugi::xml_node next_below(pugi::xml_node node, pugi::xml_node top) {
  if (node.first_child()) return node.first_child();
  while (node && node != top) {
    if (node.next_sibling()) return node.next_sibling();
    node = node.parent();
  }
  return {};
}

}  // namespace

std::string xml_root_name(std::span<const uint8_t> bytes) {
  // Most content is no XML, which its first bytes say.
  if (!std::any_of(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(bytes.size(), 64)),
                   [](uint8_t byte) { return byte == '<'; }))
    return {};
  const std::string start = start_of_xml(bytes);
  const std::string_view text = start;
  size_t at = 0;
  while (true) {
    at = text.find_first_not_of(" \t\r\n", at);
    if (at == std::string_view::npos || text[at] != '<') return {};
    const auto rest = text.substr(at);
    size_t next;
    if (rest.starts_with("<?")) {
      next = text.find("?>", at);
      if (next != std::string_view::npos) next += 2;
    } else if (rest.starts_with("<!--")) {
      next = text.find("-->", at);
      if (next != std::string_view::npos) next += 3;
    } else if (rest.starts_with("<!")) {
      next = end_of_doctype(text, at);
    } else {
      const auto end = text.find_first_of(" \t\r\n/>", at + 1);
      if (end == std::string_view::npos) return {};
      return std::string(local(text.substr(at + 1, end - at - 1)));
    }
    if (next == std::string_view::npos) return {};
    at = next;
  }
}

Result<void> load_xml(std::span<const uint8_t> bytes, const char* format, pugi::xml_document& document) {
  size_t elements = 0, attributes = 0;
  for (const uint8_t byte : bytes) {
    elements += byte == '<';
    attributes += byte == '=';
  }
  if (elements > kMostXmlMarks || attributes > kMostXmlMarks)
    return fail(ErrorCode::kTooLarge, format_text("This %s file has more parts than any ECG needs; export the ECG again.", format));
  const auto result = document.load_buffer(bytes.data(), bytes.size(), pugi::parse_default, pugi::encoding_auto);
  if (!result)
    return fail(ErrorCode::kDamaged, format_text("The XML of this %s file is not complete or not well formed; export or copy it again.", format),
                format_text("%s at byte %lld", result.description(), static_cast<long long>(result.offset)));
  return {};
}

bool is_named(pugi::xml_node node, std::string_view name) { return local(node.name()) == name; }

pugi::xml_node child_named(pugi::xml_node node, std::string_view name) {
  for (auto child = node.first_child(); child; child = child.next_sibling())
    if (is_named(child, name)) return child;
  return {};
}

pugi::xml_node descend(pugi::xml_node node, std::string_view path) {
  for (const auto name : split(path, '/')) node = child_named(node, name);
  return node;
}

std::vector<pugi::xml_node> children_named(pugi::xml_node node, std::string_view name) {
  std::vector<pugi::xml_node> children;
  for (auto child = node.first_child(); child; child = child.next_sibling())
    if (is_named(child, name)) children.push_back(child);
  return children;
}

pugi::xml_node first_named(pugi::xml_node node, std::string_view name) {
  const auto found = all_named(node, name, 1);
  return found.empty() ? pugi::xml_node{} : found[0];
}

std::vector<pugi::xml_node> all_named(pugi::xml_node node, std::string_view name, size_t most) {
  std::vector<pugi::xml_node> found;
  for (auto at = next_below(node, node); at && at != node && found.size() < most; at = next_below(at, node))
    if (is_named(at, name)) found.push_back(at);
  return found;
}

std::string_view raw_text(pugi::xml_node node) { return trim(node.child_value()); }

std::string shown_text(pugi::xml_node node, size_t longest) { return printable_text(node.child_value(), longest); }

std::string shown_attribute(pugi::xml_node node, const char* name, size_t longest) {
  return printable_text(node.attribute(name).value(), longest);
}

std::optional<double> number_in(pugi::xml_node node) { return parse_number(raw_text(node)); }

std::optional<double> number_attribute(pugi::xml_node node, const char* name) {
  return parse_number(node.attribute(name).value());
}

}  // namespace precordia
