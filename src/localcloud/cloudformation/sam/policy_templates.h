// SAM's policy templates: names with parameters that stand for a policy document.
#pragma once

#include <boost/json.hpp>
#include <string_view>

#include "base/result.h"

namespace localcloud::sam {

bool has_policy_template(std::string_view name);

// The document of a template that there is. `id`: the function, for errors about its parameters.
base::Result<boost::json::value> expand_policy_template(std::string_view id, std::string_view name,
                                                        const boost::json::value& parameters);

}  // namespace localcloud::sam
