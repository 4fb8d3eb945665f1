#include "dashboard/json_reader.h"

#include <cmath>
#include <limits>

namespace precordia::dashboard {

const Json& member(const Json& object, const char* key) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

std::string text(const Json& object, const char* key) {
  const std::string* value = member(object, key).get_ptr<const std::string*>();
  return value ? *value : std::string();
}

std::optional<double> number(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (!value.is_number()) return std::nullopt;
  const double read = value.is_number_float() ? *value.get_ptr<const Json::number_float_t*>()
                      : value.is_number_unsigned()
                          ? static_cast<double>(*value.get_ptr<const Json::number_unsigned_t*>())
                          : static_cast<double>(*value.get_ptr<const Json::number_integer_t*>());
  if (!std::isfinite(read)) return std::nullopt;
  return read;
}

std::optional<int> whole_number(const Json& object, const char* key) {
  const std::optional<double> value = number(object, key);
  if (!value || *value != std::floor(*value) || std::fabs(*value) > std::numeric_limits<int>::max())
    return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<bool> maybe_flag(const Json& object, const char* key) {
  const bool* value = member(object, key).get_ptr<const bool*>();
  if (!value) return std::nullopt;
  return *value;
}

bool flag(const Json& object, const char* key, bool fallback) {
  return maybe_flag(object, key).value_or(fallback);
}

std::vector<std::string> texts(const Json& object, const char* key, size_t most) {
  std::vector<std::string> list;
  const Json& values = member(object, key);
  if (!values.is_array()) return list;
  for (const Json& value : values) {
    if (list.size() == most) break;
    if (const std::string* one = value.get_ptr<const std::string*>(); one && !one->empty())
      list.push_back(*one);
  }
  return list;
}

}  // namespace precordia::dashboard
