// The AWS CLI's files of keys and tokens under ~/.aws, named by hashes, so that it and livelambda share them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "aws/account.h"
#include "aws/sts.h"

namespace aws {

// "FOLDER/<SHA-1 of the text, in hex>.json".
std::string cache_file(const std::string& folder, std::string_view hashed);

// Keys of an assumed role, kept in ~/.aws/cli/cache as the AWS CLI keeps them, so that the code of an MFA device is
// asked once while they live, whoever asked. As there, keys that live less than fifteen minutes more are not taken, and
// a session name counts only if the profile says it (botocore.credentials, BaseAssumeRoleCredentialFetcher). What
// cannot be read or written is no error: `source` is asked.
struct CachedRole {
  AssumeRoleInput role;  // as the profile says it
  std::string folder;    // ~/.aws/cli/cache
};
std::unique_ptr<CredentialsSource> cached_role_credentials(std::unique_ptr<CredentialsSource> source, CachedRole cached,
                                                           const base::Clock& clock, ReadFile read_file,
                                                           WriteFile write_file);

}  // namespace aws
