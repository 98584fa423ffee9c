// SNS: topics, subscriptions to Lambda functions, publish.
#pragma once

#include <memory>

#include "localcloud/cloud.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

class Sns : public Service {
 public:
  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<Sns> make_sns(Cloud& cloud);

}  // namespace localcloud
