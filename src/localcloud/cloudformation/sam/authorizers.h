// The authorizers that an Api or HttpApi declares under Auth, and what they are in its definition.
#pragma once

#include <boost/json.hpp>
#include <string_view>

#include "base/result.h"

namespace localcloud::sam {

namespace json = boost::json;

// A security definition of Swagger 2. `authorizer`: the properties as declared. Cognito's are refused by name.
base::Result<json::object> rest_authorizer(std::string_view api_id, std::string_view name,
                                           const json::object& authorizer);
json::object rest_iam_authorizer();

// A security scheme of OpenAPI 3.
base::Result<json::object> http_authorizer(std::string_view api_id, std::string_view name,
                                           const json::object& authorizer);
json::object http_iam_authorizer();

}  // namespace localcloud::sam
