// What a stub knows when it starts: `livelambda.json` of its package (written by deploy/stub_package.h) and its
// environment.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "aws/sigv4.h"
#include "base/result.h"
#include "bridge/message.h"

namespace stub {

struct Config {
  std::string stage;
  std::string app;
  std::string region;
  std::string endpoint;  // wss://… of the WebSocket stage
  std::string table;
  std::string bridge_role;    // ARN; empty = the function's own role may use the bridge
  std::string ca_file;        // path; empty = Amazon's roots, which are inside
  std::string runtime_api;    // AWS_LAMBDA_RUNTIME_API, "host:port"
  bool streamed_url = false;  // LIVELAMBDA_STREAMED_URL, which the rewrite sets
  aws::Credentials credentials;
  std::map<std::string, std::string> endpoints;  // AWS_ENDPOINT_URL…, as aws::ClientConfig has them
  bridge::Announce announce;
};

using Environment = std::map<std::string, std::string>;

// `package` is the folder of livelambda.json. LIVELAMBDA_CA_FILE in the environment wins over the package's `caFile`.
// Errors: invalid_input.
base::Result<Config> read_config(std::string_view json, const std::string& package, const Environment& environment);

}  // namespace stub
