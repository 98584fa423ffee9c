// Secrets Manager: secrets with their versions, staging labels and policies. No rotation, no replication, no KMS.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/identity.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

struct SecretReference {
  std::string id;  // name, ARN, or ARN without its last seven characters
  std::string version_id = {};
  std::string stage = {};  // with no version either: AWSCURRENT
};

class SecretsManager : public Service {
 public:
  // The answer of GetSecretValue, read with the caller's rights: for parameters of SSM that stand for secrets, and for
  // dynamic references. Errors: GetSecretValue's own.
  virtual base::Result<json::object> secret_value(const Principal& caller, const SecretReference& reference) = 0;
  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<SecretsManager> make_secrets_manager(Cloud& cloud);

}  // namespace localcloud
