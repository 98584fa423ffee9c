// What every service client shares: where a service is, whose key signs, how an answer's error is read, and what is
// tried again.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <string>

#include "aws/credentials.h"
#include "aws/endpoints.h"
#include "aws/retry.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/http_client.h"
#include "net/proxy.h"

namespace aws {

// All that a client needs; copied freely. `http` and `clock` outlive every client.
struct ClientConfig {
  net::HttpClient* http = nullptr;
  const base::Clock* clock = nullptr;
  std::shared_ptr<CredentialsProvider> credentials;  // null: requests are not signed
  std::string region;
  // AWS_ENDPOINT_URL_<SERVICE> and AWS_ENDPOINT_URL ("" key): where services are instead of their public hosts.
  std::map<std::string, std::string> endpoints = {};
  EndpointVariant variant = {};
  int attempts = 3;                                                     // of a call that does not say its own
  std::shared_ptr<const net::Proxies> proxies = {};                     // for WebSockets; `http` has its own
  std::shared_ptr<CallMemory> memory = std::make_shared<CallMemory>();  // shared by copies
};

// Reads AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_* out of an environment into ClientConfig::endpoints ("DYNAMODB" →
// "dynamodb").
std::map<std::string, std::string> endpoints_from_environment(const std::map<std::string, std::string>& environment);

// The key of a service in `endpoints`, whichever way it is written: "SSO_OIDC", "sso-oidc" → "ssooidc".
std::string endpoint_name(std::string_view service);

// The URL of a service ("sts", "portal.sso", as service_host() has it): from `endpoints`, else its public host.
base::Result<net::Url> service_url(const ClientConfig& config, std::string_view service);

struct CallOptions {
  int attempts = 0;  // in all; 0: as the config says. What is tried again: retry.h
  std::chrono::milliseconds timeout{30'000};
  std::chrono::milliseconds connect_timeout{5'000};
  bool fresh_connection = false;
  // May a request be sent again, unseen by the caller, when a kept connection turns out dead? Not where the caller
  // counts copies.
  bool repeatable = true;
};

// Signs and sends. A status of 400 or more becomes an Error: `code` and `status` as the service gave them (JSON
// "__type"/"code", or XML <Code>), kind permission for AccessDenied, credentials for expired or unknown keys, else
// service.
awaitable<base::Result<net::Response>> call(ClientConfig config, net::Url url, net::Request request,
                                            std::string service, CallOptions options);

// The same, but what the service refused for good comes back as its answer: for callers that read more of it than code
// and message.
awaitable<base::Result<net::Response>> exchange(ClientConfig config, net::Url url, net::Request request,
                                                std::string service, CallOptions options);

// The time by which a request is signed: this machine's, corrected by what a service said.
base::WallTime signing_time(const ClientConfig& config);

base::Error read_service_error(const net::Response& response, std::string_view service);

}  // namespace aws
