// What SQS accepts as a message, and the MD5 sums that clients hold against their own (SQS developer guide, "Amazon SQS
// message metadata"; API reference, SendMessage). Pure. Attributes are as the JSON protocol has them:
// {"name": {"DataType": "String", "StringValue": "…"}}, binary values as base64.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

std::string md5_hex(std::string_view bytes);

// Of names, types and values in the order of their names; "" if there are none.
std::string md5_of_attributes(const json::object& attributes);

// Bytes of body, and of the attributes' names, types and values: what MaximumMessageSize counts.
std::size_t message_size(std::string_view body, const json::object& attributes);

// Errors: MissingParameter, InvalidMessageContents 400.
base::Result<> check_body(std::string_view body);

// Up to ten. Errors: InvalidParameterValue 400.
base::Result<> check_message_attributes(const json::object& attributes);

// Those that a receiver asks for: "All", ".*", "prefix.*" or a name.
json::object select_attributes(const json::object& attributes, const std::vector<std::string>& names);

}  // namespace localcloud
