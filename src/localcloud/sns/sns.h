// SNS: topics, subscriptions to Lambda functions, publish.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "localcloud/cloud.h"
#include "localcloud/identity.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

class Sns : public Service {
 public:
  // For services that notify a topic, by its policy. Errors: NotFound 404, AuthorizationError 403.
  virtual base::Result<> publish(const OnBehalfOf& sender, std::string_view topic_arn, std::string message) = 0;
  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<Sns> make_sns(Cloud& cloud);

}  // namespace localcloud
