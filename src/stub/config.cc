#include "stub/config.h"

#include <algorithm>
#include <array>

#include "aws/client.h"
#include "codec/json.h"

namespace stub {
namespace {

std::string get(const Environment& environment, const std::string& name) {
  auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

// Belongs to this process and its machine, not to the function.
bool is_own(std::string_view name) {
  static constexpr std::array<std::string_view, 10> kOwn = {"AWS_LAMBDA_RUNTIME_API",
                                                            "LAMBDA_TASK_ROOT",
                                                            "LAMBDA_RUNTIME_DIR",
                                                            "LD_LIBRARY_PATH",
                                                            "LIVELAMBDA_CA_FILE",
                                                            "LIVELAMBDA_STREAMED_URL",
                                                            "PATH",
                                                            "PWD",
                                                            "SHLVL",
                                                            "_"};
  return std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end();
}

bridge::Announce make_announce(const Environment& environment, const aws::Credentials& credentials) {
  bridge::Announce announce{
      .function = get(environment, "AWS_LAMBDA_FUNCTION_NAME"),
      .version = get(environment, "AWS_LAMBDA_FUNCTION_VERSION"),
      .arn = {},
      .runtime = get(environment, "AWS_EXECUTION_ENV"),
      .handler = get(environment, "_HANDLER"),
      .region = get(environment, "AWS_REGION"),
      .environment = {},
      .credentials = {credentials.access_key_id, credentials.secret_access_key, credentials.session_token}};
  for (const auto& [name, value] : environment) {
    if (!is_own(name)) announce.environment.emplace_back(name, value);
  }
  return announce;
}

}  // namespace

base::Result<Config> read_config(std::string_view json, const std::string& package, const Environment& environment) {
  TRY(auto document, codec::parse_json(json));
  Config config{.stage = codec::find_string(document, "stage"),
                .app = codec::find_string(document, "app"),
                .region = codec::find_string(document, "region"),
                .endpoint = codec::find_string(document, "endpoint"),
                .table = codec::find_string(document, "table"),
                .bridge_role = codec::find_string(document, "bridgeRole"),
                .ca_file = codec::find_string(document, "caFile"),
                .runtime_api = get(environment, "AWS_LAMBDA_RUNTIME_API"),
                .streamed_url = get(environment, "LIVELAMBDA_STREAMED_URL") == "1",
                .credentials = {get(environment, "AWS_ACCESS_KEY_ID"), get(environment, "AWS_SECRET_ACCESS_KEY"),
                                get(environment, "AWS_SESSION_TOKEN")},
                .endpoints = aws::endpoints_from_environment(environment),
                .announce = {}};
  const auto* version = codec::find(document, "version");
  if (version == nullptr || !version->is_int64() || version->as_int64() != 1) {
    return base::fail(base::ErrorKind::invalid_input, "livelambda.json is of another version",
                      "Run `livelambda start` again.");
  }
  if (config.endpoint.empty() || config.table.empty() || config.region.empty()) {
    return base::fail(base::ErrorKind::invalid_input, "livelambda.json lacks endpoint, table or region",
                      "Run `livelambda start` again.");
  }
  if (config.runtime_api.empty()) {
    return base::fail(base::ErrorKind::invalid_input, "AWS_LAMBDA_RUNTIME_API is not set: this program runs in Lambda");
  }
  if (!config.ca_file.empty()) config.ca_file = package + "/" + config.ca_file;
  if (std::string given = get(environment, "LIVELAMBDA_CA_FILE"); !given.empty()) config.ca_file = given;
  config.announce = make_announce(environment, config.credentials);
  return config;
}

}  // namespace stub
