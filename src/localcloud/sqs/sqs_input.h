// Members of an operation's input, whichever protocol brought it: numbers may be texts. Beside json_members.h.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/json_members.h"

namespace localcloud {

namespace json = boost::json;

// Errors: MissingParameter 400.
base::Result<std::string> needed_text(const json::object& input, std::string_view name);
struct Range {
  std::int64_t least;
  std::int64_t most;
};
// nullopt if it is absent. Errors: InvalidParameterValue 400 with what must be, `reason` or "Must be between … and …".
base::Result<std::optional<std::int64_t>> number_of(const json::object& input, std::string_view name, Range range,
                                                    std::string reason = {});
std::map<std::string, std::string> map_of(const json::object& input, std::string_view name);

// "Value V for parameter P is invalid. Reason: R".
base::Error invalid_parameter(std::string_view value, std::string_view name, std::string_view reason);

}  // namespace localcloud
