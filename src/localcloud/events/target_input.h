// What a target gets of an event: the whole of it, a constant (Input), a part (InputPath) or a text made of its parts
// (InputTransformer), as "Transforming Amazon EventBridge target input" of the EventBridge user guide has them. Pure.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

struct RuleNames {
  std::string name;
  std::string arn;
};

// The value at "$.detail.items[0].name", or null where there is none. Errors: not a path of names and indexes.
base::Result<const json::value*> value_at(const json::value& root, std::string_view path);

// A target's members Input, InputPath and InputTransformer. Errors: ValidationException 400.
base::Result<> check_target_input(const json::object& target);

// The text that the target gets; check_target_input() has passed. `event`: the whole event, with its envelope.
// nullopt: the transformer's text is no JSON although it begins as an object; AWS delivers nothing then.
std::optional<std::string> target_input(const json::object& target, const json::value& event, const RuleNames& rule,
                                        std::string_view ingestion_time);

}  // namespace localcloud
