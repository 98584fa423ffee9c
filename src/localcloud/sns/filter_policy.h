// A subscription's filter policy, over message attributes or the message's body (SNS developer guide, "Subscription
// filter policies" and its pages on string, numeric and key matching, AND/OR logic and constraints). Pure.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

struct MessageAttribute {
  std::string type;   // "String", "Number", "String.Array", "Binary"
  std::string value;  // binary as base64
};
using MessageAttributes = std::map<std::string, MessageAttribute>;

enum class FilterScope { attributes, body };

// Errors: InvalidParameter 400, naming what is wrong: an operator that SNS does not have, a nested policy over
// attributes, more than 5 keys or 150 combinations of values.
base::Result<> check_filter_policy(const json::value& policy, FilterScope scope);

// Every key must match one of its patterns. Binary attributes are as if they were not there; a body that is no JSON
// object matches nothing.
bool accepts_attributes(const json::value& policy, const MessageAttributes& attributes);
bool accepts_body(const json::value& policy, std::string_view body);

}  // namespace localcloud
