#include "report/json_value.h"

#include <cmath>

#include "report/answer_words.h"

namespace precordia {

OrderedJson json_number(double value, int digits) {
  if (!std::isfinite(value)) return nullptr;
  const double scale = std::pow(10.0, digits);
  const double rounded = std::round(value * scale) / scale;
  if (!std::isfinite(rounded)) return nullptr;
  return rounded == 0 ? 0.0 : rounded;
}

OrderedJson json_number(const std::optional<double>& value, int digits) {
  return value ? json_number(*value, digits) : OrderedJson(nullptr);
}

OrderedJson json_index(const std::optional<int>& sample_index) {
  return sample_index ? OrderedJson(*sample_index) : OrderedJson(nullptr);
}

OrderedJson evidence_value(const EvidenceItem& item) {
  return {{"id", item.id},
          {"label", item.label},
          {"value", item.value},
          {"scale", scale_name(item.scale)},
          {"direction", direction_name(item.direction)},
          {"cluster", item.cluster},
          {"counted", item.counted},
          {"likelihood_ratio", json_number(item.likelihood_ratio, 3)},
          {"decibans", json_number(item.decibans, 1)},
          {"explanation", item.explanation},
          {"citation", item.citation}};
}

std::string json_text(const OrderedJson& value) {
  return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace precordia
