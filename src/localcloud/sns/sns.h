// SNS: topics, their subscriptions, publish.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "localcloud/cloud.h"
#include "localcloud/identity.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

namespace json = boost::json;

class Sns : public Service {
 public:
  // For services that notify a topic, by its policy. Errors: NotFound 404, AuthorizationError 403.
  // `message_attributes`: {"name":{"DataType":"String","StringValue":…}}.
  virtual base::Result<> publish(const OnBehalfOf& sender, std::string_view topic_arn, std::string message,
                                 json::object message_attributes = {}) = 0;
  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<Sns> make_sns(Cloud& cloud);

}  // namespace localcloud
