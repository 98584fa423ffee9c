// Keys of an assumed role, by other keys or by a token that a file holds.
#pragma once

#include <functional>
#include <optional>

#include "aws/account.h"
#include "aws/sts.h"

namespace aws {

// `sts` signs with the keys that may assume the role. With an MFA device in `role` its code is asked for each time.
std::unique_ptr<CredentialsSource> role_credentials(ClientConfig sts, AssumeRoleInput role, PromptForMfa* mfa);

struct WebIdentity {
  std::string role_arn;
  std::string session_name;
  std::string token_file;  // read each time: whoever issues the tokens replaces it
};
std::unique_ptr<CredentialsSource> web_identity_credentials(ClientConfig sts, WebIdentity identity, ReadFile read_file);

}  // namespace aws
