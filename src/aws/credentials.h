// Whose credentials and which region a session uses, in AWS's documented order: environment, then the shared files with
// --profile/AWS_PROFILE (static keys; `role_arn`, SSO and `credential_process` are named as not there yet). Pure but
// for reading files.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "aws/sigv4.h"
#include "base/result.h"

namespace aws {

struct Account {
  Credentials credentials;
  std::string region;
  std::string source;  // "environment", "profile default (~/.aws/credentials)": for messages
};

// `read_file` gives a file's text, or nothing if it is not there. Errors: credentials, with the command that mends it.
base::Result<Account> find_account(const std::map<std::string, std::string>& environment,
                                   const std::function<std::optional<std::string>(const std::string& path)>& read_file);

// AWS's INI files: section → key → value. "[profile x]" of the config file is section "x".
std::map<std::string, std::map<std::string, std::string>> parse_ini(std::string_view text);

}  // namespace aws
