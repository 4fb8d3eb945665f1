// Samples as XML and JSON carry them: numbers in text, or 16-bit integers in base64.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "formats/assemble.h"

namespace precordia {

// Numbers separated by blanks, line ends, commas or semicolons into `channel`: as counts when all of them are integers, otherwise
// in mV through the channel's scale (which is then used up). The words "E", "U", "L" and "NaN" are missing samples. Errors:
// kDamaged (something else stands there), kTooLarge.
Result<void> take_number_list(std::string_view text, NamedChannel& channel);

// RFC 4648 with white space anywhere; nullopt when anything else stands in the text or its end is cut off.
std::optional<std::vector<uint8_t>> base64_bytes(std::string_view text);

// Little-endian 16-bit integers; an odd last byte is not a sample.
std::vector<int32_t> int16_samples(std::span<const uint8_t> bytes);

}  // namespace precordia
