// The JSON schemas of a REST API's models: type, required, properties, additionalProperties (a boolean), enum, items,
// the bounds of numbers, texts and lists, pattern, and references to other models. Any other keyword is refused by
// name. Pure.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

using Models = std::map<std::string, json::value>;  // by name

// Errors: BadRequestException, naming the keyword.
base::Result<> check_schema(const json::value& schema);
// The first thing that is wrong; empty: nothing.
std::string violation(const json::value& schema, const json::value& document, const Models& models);

}  // namespace localcloud
