// SSM: the parameter store.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "localcloud/cloud.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

struct StoredParameter {
  std::string type;  // "String", "StringList" or "SecureString"
  std::string value;
  std::int64_t version = 1;
};

class Ssm : public Service {
 public:
  // For CloudFormation: parameters of type AWS::SSM::Parameter::Value<…> and dynamic references. `name` may end in
  // ":version".
  virtual std::optional<StoredParameter> parameter(std::string_view name) const = 0;
  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<Ssm> make_ssm(Cloud& cloud);

}  // namespace localcloud
