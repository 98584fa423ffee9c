// SSM: the parameter store. Parameters named /aws/reference/secretsmanager/NAME are the secrets of Secrets Manager.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "localcloud/cloud.h"
#include "localcloud/identity.h"
#include "localcloud/resource_type.h"
#include "localcloud/secretsmanager/secretsmanager.h"
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
  // For CloudFormation's {{resolve:secretsmanager:…}}: a secret's SecretString, read with the caller's rights.
  virtual base::Result<std::string> secret_text(const Principal& caller, const SecretReference& reference) const = 0;
  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<Ssm> make_ssm(Cloud& cloud, SecretsManager& secrets);

}  // namespace localcloud
