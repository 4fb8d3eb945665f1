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

OrderedJson phenotypes_value(const Screening& screening) {
  OrderedJson all = OrderedJson::array();
  for (const PhenotypeShare& share : screening.phenotypes)
    all.push_back({{"id", share.id}, {"label", share.label}, {"probability", json_number(share.probability, 4)},
                   {"low", json_number(share.low, 4)}, {"high", json_number(share.high, 4)}, {"note", share.note}});
  return all;
}

OrderedJson scores_value(const Screening& screening) {
  const auto points = [](const std::optional<int>& value) { return value ? OrderedJson(*value) : OrderedJson(nullptr); };
  OrderedJson all = OrderedJson::array();
  for (const Score& score : screening.scores)
    all.push_back({{"id", score.id}, {"title", score.title}, {"applies", score.applies}, {"why_not", score.why_not},
                   {"points_low", points(score.points_low)}, {"points_high", points(score.points_high)},
                   {"most_points", score.most_points}, {"probability", json_number(score.probability, 4)},
                   {"meaning", score.meaning}, {"reading", score.reading}, {"used", score.used}, {"missing", score.missing},
                   {"citation", score.citation}});
  return all;
}

OrderedJson would_change_value(const Screening& screening) {
  OrderedJson all = OrderedJson::array();
  for (const UsefulTest& test : screening.would_change)
    all.push_back({{"id", test.id}, {"label", test.label}, {"scale", scale_name(test.scale)},
                   {"if_against", json_number(test.if_against, 4)}, {"if_for", json_number(test.if_for, 4)},
                   {"expected_change", json_number(test.expected_change, 4)}});
  return all;
}

OrderedJson echo_value(const Screening& screening) {
  if (!screening.echo) return nullptr;
  const EchoEvidence& echo = *screening.echo;
  return {{"ef_percent", json_number(echo.ef_percent, 1)},
          {"ef_low_percent", json_number(echo.ef_low_percent, 1)},
          {"ef_high_percent", json_number(echo.ef_high_percent, 1)},
          {"bands", {{"ef_to_40", json_number(echo.bands.to_40, 4)}, {"ef_41_to_49", json_number(echo.bands.from_41_to_49, 4)}, {"ef_from_50", json_number(echo.bands.from_50, 4)}}},
          {"method", echo.method}};
}

OrderedJson fusion_value(const Screening& screening) {
  OrderedJson ways = OrderedJson::array();
  for (const WayAnswer& one : screening.ways)
    ways.push_back({{"way", fusion_name(one.way)}, {"probability", json_number(one.probability, 4)}, {"low", json_number(one.low, 4)},
                    {"high", json_number(one.high, 4)}, {"why_not", one.why_not}});
  return {{"method", fusion_name(screening.way)}, {"note", screening.way_note}, {"ways", std::move(ways)}};
}

OrderedJson profile_value(const ClinicalProfile& profile) {
  OrderedJson all = OrderedJson::object();
  const auto sex = profile.sex ? OrderedJson(*profile.sex == Sex::kFemale ? "F" : "M") : OrderedJson(nullptr);
  const char* symptoms = profile.symptoms == Symptoms::kNone ? "none" : profile.symptoms == Symptoms::kUnknown ? "unknown" : "suspected_hf";
  const char* ancestry = profile.ancestry == Ancestry::kBlack   ? "black"
                         : profile.ancestry == Ancestry::kWhite ? "white"
                         : profile.ancestry == Ancestry::kOther ? "other"
                                                                : "unknown";
  for (const ProfileField& field : profile_fields()) {
    if (field.kind == FieldKind::kNumber) {
      all[field.key] = json_number(field.echo ? profile.echo.*field.echo : profile.*field.number, 2);
    } else {
      const std::optional<bool>& value = profile.*field.yes_no;
      all[field.key] = value ? OrderedJson(*value) : OrderedJson(nullptr);
    }
    if (std::string_view(field.key) == "age_years") {
      all["sex"] = sex;
      all["symptoms"] = symptoms;
    }
  }
  all["ancestry"] = ancestry;
  return all;
}

std::string json_text(const OrderedJson& value) {
  return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace precordia
