// A subscription's filter policy over message attributes (SNS developer guide, "Subscription filter policies"). Pure.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

struct MessageAttribute {
  std::string type;   // "String", "Number", "String.Array", "Binary"
  std::string value;  // binary as base64
};
using MessageAttributes = std::map<std::string, MessageAttribute>;

// Errors: InvalidParameter 400 naming an operator that is not known.
base::Result<> check_filter_policy(const json::value& policy);

// Every key must match one of its patterns.
bool accepts(const json::value& policy, const MessageAttributes& attributes);

}  // namespace localcloud
