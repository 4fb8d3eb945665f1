// What every FHIR R4 document of ours is put together from.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/text.h"

namespace precordia {

inline constexpr const char* kLoinc = "http://loinc.org";
inline constexpr const char* kUcum = "http://unitsofmeasure.org";

struct FhirBundle {
  nlohmann::ordered_json entries = nlohmann::ordered_json::array();

  // Local references only; the numbers say nothing about anybody.
  std::string add(nlohmann::ordered_json resource) {
    std::string url = format_text("urn:uuid:00000000-0000-4000-8000-%012zx", entries.size() + 1);
    entries.push_back({{"fullUrl", url}, {"resource", std::move(resource)}});
    return url;
  }
};

}  // namespace precordia
