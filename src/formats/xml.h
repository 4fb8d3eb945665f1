// XML for the readers: pugixml with everything off that a hostile file could use. A DOCTYPE is skipped unread and no entity but
// XML's own five is expanded; encodings are UTF-8, UTF-16 either way and Latin-1, told by mark, declaration or content. pugixml
// neither parses nor frees recursively, so depth costs nothing; our own walks below are loops too.
#pragma once

#include <cstdint>
#include <optional>
#include <pugixml.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace precordia {

// Marks ('<') and equal signs in the whole file, counted before anything is built: they bound elements, texts and attributes.
inline constexpr size_t kMostXmlMarks = 1u << 20;

// The local name of the root element ("AnnotatedECG" of "<hl7:AnnotatedECG ...>"), found without parsing: prolog, comments and
// DOCTYPE are skipped, in any encoding. Empty when the start of the content is no XML.
std::string xml_root_name(std::span<const uint8_t> bytes);

// `format` ("MUSE") is named to the user. Errors: kTooLarge, kDamaged (what is wrong and where, in the detail).
Result<void> load_xml(std::span<const uint8_t> bytes, const char* format, pugi::xml_document& document);

// Names are compared without their prefix: "hl7:value" is "value".
bool is_named(pugi::xml_node node, std::string_view name);
pugi::xml_node child_named(pugi::xml_node node, std::string_view name);
pugi::xml_node descend(pugi::xml_node node, std::string_view path);   // child_named along "a/b/c"
std::vector<pugi::xml_node> children_named(pugi::xml_node node, std::string_view name);

// Elements of that name anywhere below `node`, in document order; at most `most`.
pugi::xml_node first_named(pugi::xml_node node, std::string_view name);
std::vector<pugi::xml_node> all_named(pugi::xml_node node, std::string_view name, size_t most = 100000);

// The first piece of text of an element, trimmed; as it stands, or fit to show.
std::string_view raw_text(pugi::xml_node node);
std::string shown_text(pugi::xml_node node, size_t longest = 80);
std::string shown_attribute(pugi::xml_node node, const char* name, size_t longest = 80);
std::optional<double> number_in(pugi::xml_node node);
std::optional<double> number_attribute(pugi::xml_node node, const char* name);

}  // namespace precordia
