// STS: who the credentials belong to, and those of another role.
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

struct AssumeRoleInput {
  std::string role_arn;
  std::string session_name;
  std::string external_id = {};
  std::string mfa_serial = {};
  std::string mfa_code = {};
  std::string duration_seconds = {};  // "" = the role's
};
// Errors: permission (the role does not trust the caller, or the caller may not assume it), credentials, connect.
awaitable<base::Result<IssuedCredentials>> assume_role(ClientConfig config, AssumeRoleInput input,
                                                       CallOptions options = {});

// With a token instead of keys: the config has no credentials.
awaitable<base::Result<IssuedCredentials>> assume_role_with_web_identity(ClientConfig config, std::string role_arn,
                                                                         std::string session_name, std::string token);

}  // namespace aws
