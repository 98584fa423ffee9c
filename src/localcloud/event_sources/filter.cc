#include "localcloud/event_sources/filter.h"

#include <algorithm>

#include "codec/json.h"
#include "localcloud/json_members.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxFilters = 5;  // a mapping; 10 on request

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "InvalidParameterValueException", std::move(message));
}

}  // namespace

base::Result<Filter> Filter::parse(const json::value& criteria) {
  Filter filter;
  const auto* filters = codec::find(criteria, "Filters");
  if (filters == nullptr || filters->is_null()) return filter;
  if (!filters->is_array()) return invalid("Invalid filter pattern definition.");
  if (filters->get_array().size() > kMaxFilters) {
    return invalid("Number of filters exceeds the limit of 5 filters per event source mapping.");
  }
  TRY(known_members(criteria.get_object(), "lambda", "FilterCriteria", {"Filters"}));
  for (const auto& one : filters->get_array()) {
    if (!one.is_object()) return invalid("Invalid filter pattern definition.");
    TRY(known_members(one.get_object(), "lambda", "FilterCriteria.Filters", {"Pattern"}));
    auto text = codec::find_string(one, "Pattern");
    auto pattern = parse_pattern_text(text);
    if (!pattern) return invalid("Invalid filter pattern definition.");
    filter.texts_.push_back(std::move(text));
    filter.patterns_.push_back(std::move(*pattern));
  }
  return filter;
}

bool Filter::passes(const json::object& record) const {
  if (patterns_.empty()) return true;
  json::value seen = record;
  auto& members = seen.get_object();
  if (auto* body = members.if_contains("body"); body != nullptr && body->is_string()) {
    auto parsed = codec::parse_json(body->get_string());
    if (parsed && parsed->is_structured()) *body = std::move(*parsed);
  }
  return std::any_of(patterns_.begin(), patterns_.end(), [&](const auto& one) { return one.matches(seen); });
}

json::object Filter::answer() const {
  json::array filters;
  for (const auto& text : texts_) filters.push_back(json::object{{"Pattern", text}});
  return json::object{{"Filters", std::move(filters)}};
}

}  // namespace localcloud
