// The policies of AWS ("arn:aws:iam::aws:policy/…") that a role may name here: those that functions of common templates
// use, as AWS documents them, less the actions of services that are not here. An ARN that is not in the table is
// refused by name.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string_view>

namespace localcloud {

// The document, or nullopt for an ARN that is not known.
std::optional<boost::json::value> managed_policy(std::string_view arn);

}  // namespace localcloud
