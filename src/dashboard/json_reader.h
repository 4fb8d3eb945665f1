// Typed look-ups in JSON that never fail: a missing key or a wrong type is the fallback. nlohmann-json is
// used without exceptions, where its own typed access would abort.
#pragma once

#include <optional>
#include <string>
#include <vector>

#define JSON_NOEXCEPTION 1
#include <nlohmann/json.hpp>

namespace precordia::dashboard {

using Json = nlohmann::json;

const Json& member(const Json& object,
                   const char* key);  // a null value when absent or when `object` is no object
std::string text(const Json& object, const char* key);
std::optional<double> number(const Json& object, const char* key);  // finite numbers only
std::optional<int> whole_number(const Json& object,
                                const char* key);  // within int; fractions are no whole number
bool flag(const Json& object, const char* key, bool fallback);
std::optional<bool> maybe_flag(const Json& object, const char* key);
std::vector<std::string> texts(const Json& object, const char* key, size_t most);

}  // namespace precordia::dashboard
