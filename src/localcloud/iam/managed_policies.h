// The policies of AWS ("arn:aws:iam::aws:policy/…") that a role may name here: those that serverless apps use, with
// their published statements. An ARN that is not in the table is refused by name.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace localcloud {

// The document, or nullopt for an ARN that is not known.
std::optional<boost::json::value> managed_policy(std::string_view arn);

// The ARN of the policy of this name ("AWSLambdaBasicExecutionRole"), as SAM templates write it.
std::optional<std::string> managed_policy_arn(std::string_view name);

}  // namespace localcloud
