// Keys from where a program runs: a container's credentials endpoint (ECS, EKS Pod Identity) and EC2's instance
// metadata, version 2. Both are asked without any proxy.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "aws/account.h"

namespace aws {

using Environment = std::map<std::string, std::string>;

// Of AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or …_FULL_URI; null if neither is set. Errors: usage (a host that must not
// be trusted with the authorization token: only https, loopback and the documented link-local addresses are).
base::Result<std::unique_ptr<CredentialsSource>> container_credentials(const Environment& environment,
                                                                       std::shared_ptr<net::HttpClient> http,
                                                                       ReadFile read_file);

// Instance metadata of EC2, asked with 1 s of patience: elsewhere nobody answers.
class InstanceMetadata {
 public:
  // `endpoint` is "http://169.254.169.254" or what is configured instead.
  InstanceMetadata(std::string endpoint, std::shared_ptr<net::HttpClient> http);
  // What stands under /latest/meta-data/. Errors: connect, transport, service; at once if nobody answered before.
  awaitable<base::Result<std::string>> get(std::string path);

 private:
  awaitable<base::Result<net::Response>> send(net::Request request);
  awaitable<base::Result<std::string>> get_token();

  std::string endpoint_;
  std::shared_ptr<net::HttpClient> http_;
  std::optional<base::Error> silence_;
};

// The endpoint by environment and profile; "" if AWS_EC2_METADATA_DISABLED says so.
std::string instance_metadata_endpoint(const Environment& environment, const Environment& profile);

std::unique_ptr<CredentialsSource> instance_credentials(std::shared_ptr<InstanceMetadata> metadata);

}  // namespace aws
