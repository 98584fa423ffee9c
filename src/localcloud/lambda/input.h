// Reading requests of Lambda's API and properties of its resource types: members with their limits, in the words in
// which Lambda refuses them.
#pragma once

#include <boost/json.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace json = boost::json;

// InvalidParameterValueException 400.
tl::unexpected<base::Error> invalid_parameter(std::string message);

// ValidationException 400: "1 validation error detected: Value 'x' at 'timeout' failed to satisfy constraint: …".
tl::unexpected<base::Error> constraint(std::string_view value, std::string_view member, std::string_view rule);

// The whole number of a member, a text of digits too. Errors: ValidationException if it is none or out of range.
base::Result<std::optional<int>> number_member(const json::object& input, std::string_view name, int low, int high);

bool true_member(const json::object& input, std::string_view name);

// Refuses members that are not listed, by "{owner}.{member}".
base::Result<> only_members(const json::value& value, std::string_view owner,
                            std::initializer_list<std::string_view> known);

}  // namespace localcloud
