// Where keys come from, in the aws CLI's order: environment, the profile's role, web identity, SSO, the credentials
// file, `login_session`, `credential_process`, the config file, a container, EC2's metadata, and for a profile that was
// named whatever `aws configure export-credentials` makes of it. An explicit profile leaves the environment's keys out.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "aws/account.h"
#include "aws/config_file.h"
#include "aws/metadata_credentials.h"

namespace aws {

struct ChainInput {
  Environment environment;
  SharedConfig files;
  std::string profile;    // in use: "default" if none was named
  bool explicit_profile;  // by --profile
  bool named_profile;     // by --profile or the environment
  ClientConfig services;  // STS and SSO, without credentials
  AccountSurroundings with;
  std::shared_ptr<net::HttpClient> direct;     // no proxy
  std::shared_ptr<InstanceMetadata> instance;  // null: disabled
};

struct FoundCredentials {
  std::shared_ptr<CredentialsProvider> provider;
  Credentials first;   // what it gave
  std::string source;  // "profile work"
};

// Errors: credentials, usage.
awaitable<base::Result<FoundCredentials>> find_credentials(ChainInput input);

}  // namespace aws
