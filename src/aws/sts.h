// STS: who the credentials belong to.
#pragma once

#include "aws/client.h"

namespace aws {

struct CallerIdentity {
  std::string account;
  std::string arn;
  std::string user_id;
};

// GetCallerIdentity. Errors: credentials (expired, unknown key), connect.
awaitable<base::Result<CallerIdentity>> get_caller_identity(ClientConfig config);

}  // namespace aws
