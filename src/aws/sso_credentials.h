// Keys by IAM Identity Center: the token that `aws sso login` left in ~/.aws/sso/cache, renewed where it can be, and
// the role's keys for it.
#pragma once

#include <string>

#include "aws/account.h"

namespace aws {

struct SsoRole {
  std::string profile;  // for messages
  std::string session;  // the name of its [sso-session]; "" = the older form, whose tokens are never renewed
  std::string start_url;
  std::string region;
  std::string account_id;
  std::string role_name;
};

// `sso` has no credentials. `cache` is the folder of the tokens.
std::unique_ptr<CredentialsSource> sso_credentials(ClientConfig sso, SsoRole role, std::string cache,
                                                   ReadFile read_file, WriteFile write_file);

}  // namespace aws
