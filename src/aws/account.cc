#include "aws/account.h"

#include <fmt/format.h>

#include "aws/config_file.h"

namespace aws {
namespace {

constexpr std::string_view kHint =
    "Run `aws configure` or `aws sso login`, set AWS_PROFILE, or try `livelambda start --local`, which needs no "
    "account.";

// Ways to credentials that the shared files can name and that are not read yet.
std::string unsupported_source(const Settings& profile) {
  for (const char* key : {"role_arn", "sso_session", "sso_start_url", "credential_process"}) {
    if (profile.contains(key)) return key;
  }
  return {};
}

base::Result<Credentials> find_keys(const AccountOptions& options, const Settings& profile, const std::string& name,
                                    std::string& source) {
  const auto& environment = options.environment;
  Credentials keys{setting(environment, "AWS_ACCESS_KEY_ID"), setting(environment, "AWS_SECRET_ACCESS_KEY"),
                   setting(environment, "AWS_SESSION_TOKEN")};
  source = "environment";
  if (!options.profile.empty() || keys.access_key_id.empty() || keys.secret_access_key.empty()) {
    keys = {setting(profile, "aws_access_key_id"), setting(profile, "aws_secret_access_key"),
            setting(profile, "aws_session_token")};
    source = "profile " + name;
  }
  if (!keys.access_key_id.empty() && !keys.secret_access_key.empty()) return keys;
  if (std::string by = unsupported_source(profile); !by.empty()) {
    return base::fail(
        base::ErrorKind::credentials,
        fmt::format("profile {} gets its credentials by {}, which livelambda cannot read yet", name, by),
        fmt::format("Run `eval \"$(aws configure export-credentials --profile {} --format env)\"` first.", name));
  }
  return base::fail(base::ErrorKind::credentials,
                    name == "default" ? "no AWS credentials were found" : "profile " + name + " has no AWS credentials",
                    std::string(kHint));
}

base::Result<std::string> read_ca(const AccountOptions& options, const AccountSurroundings& with) {
  std::string file = setting(options.environment, "LIVELAMBDA_CA_FILE");
  if (file.empty()) return std::string();
  if (auto pem = with.read_file(file)) return *pem;
  return base::fail(base::ErrorKind::local_resource, fmt::format("LIVELAMBDA_CA_FILE: {} cannot be read", file),
                    "Name the PEM file of the authority to trust, or unset it.");
}

}  // namespace

awaitable<base::Result<Account>> find_account(AccountOptions options, AccountSurroundings with) {
  const auto& environment = options.environment;
  auto file_of = [&](const char* variable, const char* fallback) {
    std::string path = setting(environment, variable);
    return with.read_file(path.empty() ? setting(environment, "HOME") + "/.aws/" + fallback : path).value_or("");
  };
  Account account;
  account.profile = options.profile.empty() ? setting(environment, "AWS_PROFILE") : options.profile;
  if (account.profile.empty()) account.profile = "default";
  Settings profile = parse_config_file(file_of("AWS_CONFIG_FILE", "config")).profiles[account.profile];
  auto credentials_file = parse_credentials_file(file_of("AWS_SHARED_CREDENTIALS_FILE", "credentials"));
  for (const auto& [key, value] : credentials_file[account.profile]) profile[key] = value;

  for (std::string region : {options.region, setting(environment, "AWS_REGION"),
                             setting(environment, "AWS_DEFAULT_REGION"), setting(profile, "region")}) {
    if (account.region.empty()) account.region = std::move(region);
  }
  CO_TRY(auto keys, find_keys(options, profile, account.profile, account.source));
  account.credentials = fixed_credentials(std::move(keys));
  if (account.region.empty()) {
    co_return base::fail(base::ErrorKind::credentials, "no AWS region is set",
                         "Set AWS_REGION, or `region` of the profile with `aws configure`.");
  }
  account.endpoints = endpoints_from_environment(environment);
  for (const auto& [service, url] : account.endpoints) {
    if (!net::parse_url(url)) {
      co_return base::fail(base::ErrorKind::usage, fmt::format("AWS_ENDPOINT_URL is no URL: {}", url),
                           "Write it as http://HOST:PORT, or unset it.");
    }
  }
  CO_TRY(account.ca_pem, read_ca(options, with));
  CO_TRY(account.tls, net::make_client_tls(account.ca_pem, false));
  account.http = with.make_http(account.tls);
  co_return account;
}

ClientConfig client_config(const Account& account, const base::Clock& clock) {
  return {.http = account.http.get(),
          .clock = &clock,
          .credentials = account.credentials,
          .region = account.region,
          .endpoints = account.endpoints};
}

}  // namespace aws
