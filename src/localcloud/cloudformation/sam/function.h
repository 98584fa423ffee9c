// The parts of a serverless function while it is made. Internal to sam/.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/cloudformation/sam/transform.h"

namespace localcloud::sam {

// The execution role that SAM makes, and that events add policies to. It is made even if the function has its own, so
// that its policies are checked.
struct Role {
  std::string id;
  json::array managed;  // ARNs
  json::array policies;
  json::object attributes, properties;  // the rest
};

// What calls reach: the function, or its alias if it publishes one.
struct Target {
  std::string function;  // logical id
  std::string alias;     // logical id; "" if there is none
  json::object passed_on;
  std::string condition;

  const std::string& id() const { return alias.empty() ? function : alias; }
  json::object arn() const { return alias.empty() ? get_att(function, "Arn") : ref_to(alias); }
  json::object name() const { return ref_to(id()); }
  std::string arn_in_sub() const { return alias.empty() ? "${" + function + ".Arn}" : "${" + alias + "}"; }
};

// role.cc
base::Result<Role> make_role(const Context& context, const std::string& id, const json::object& properties,
                             const json::object& passed_on, const json::array& destination_policies);
Made as_resource(Role role);
json::object service_trust(std::string_view service);
json::object named_policy(std::string name, std::string_view action, json::value resource);
// Of a destination of this type (SQS, SNS, EventBridge, Lambda, S3Bucket); `id` begins its name.
json::object destination_policy(std::string_view type, const std::string& id, const json::value& destination);
// The policies with SAM's templates expanded; a list, or null if there are none.
base::Result<json::value> expanded_policies(std::string_view id, const json::value* policies);

// published_version.cc: AutoPublishAlias and FunctionUrlConfig.
struct Published {
  Made version, alias;
};
base::Result<Published> publish(const Context& context, const std::string& id, const json::object& properties,
                                Made& function, const json::object& passed_on);
base::Result<std::vector<Made>> make_url(const json::object& properties, const Target& target);

// destinations.cc: EventInvokeConfig.
struct Destinations {
  std::vector<Made> made;
  json::array policies;
};
base::Result<Destinations> make_destinations(Context& context, const json::object& properties,
                                             const json::object& attributes, const Target& target,
                                             std::string_view alias_name);

}  // namespace localcloud::sam
