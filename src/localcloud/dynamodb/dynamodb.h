// DynamoDB: tables and items with conditional writes (the rest of its operations answers 501 by name).
#pragma once

#include <memory>

#include "localcloud/cloud.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

class DynamoDb : public Service {
 public:
  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<DynamoDb> make_dynamodb(Cloud& cloud);

}  // namespace localcloud
