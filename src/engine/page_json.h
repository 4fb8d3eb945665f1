// What `./precordia digitise` says about a page, as one JSON object: docs/command-line.md.
#pragma once

#include <string>
#include <string_view>

#include "paper/digitise.h"

namespace precordia {

std::string page_json(std::string_view input, const DigitisedPage& page);

}  // namespace precordia
