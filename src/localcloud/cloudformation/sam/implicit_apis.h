// Before Globals: APIs without a definition get an empty one, and Api and HttpApi events without an API get an implicit
// one, ServerlessRestApi or ServerlessHttpApi, which exists only if something uses it.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace localcloud::sam {

constexpr std::string_view kManaged = "__MANAGE_SWAGGER";  // among an API's properties: SAM writes its definition

// Every event then names its API, and each managed definition has its paths, with the conditions of the functions
// behind them. Adds conditions to `document` where several functions' have to be combined. Gives the errors of
// functions' events, one sentence for each function.
base::Result<std::vector<std::string>> add_implicit_apis(boost::json::object& document);

}  // namespace localcloud::sam
