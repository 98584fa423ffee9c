#include "aws/account.h"

#include <fmt/format.h>

#include <charconv>

#include "aws/config_file.h"
#include "aws/credential_chain.h"
#include "aws/endpoints.h"

namespace aws {
namespace {

// What is configured twice, in the environment and in the profile: the environment wins.
class Configuration {
 public:
  Configuration(const Environment& environment, const Settings& profile)
      : environment_(environment), profile_(profile) {}

  std::string get(const char* variable, const char* key) const {
    std::string value = setting(environment_, variable);
    return value.empty() ? setting(profile_, key) : value;
  }
  bool flag(const char* variable, const char* key) const { return net::same_name(get(variable, key), "true"); }

 private:
  const Environment& environment_;
  const Settings& profile_;
};

// A service's own endpoint in the environment, then the one of all; where the environment has the latter, the profile's
// do not count (SDKs and Tools Reference Guide, "Service-specific endpoints").
std::map<std::string, std::string> find_endpoints(const Environment& environment, const SharedConfig& files,
                                                  const Settings& profile) {
  if (Configuration(environment, profile)
          .flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")) {
    return {};
  }
  auto endpoints = endpoints_from_environment(environment);
  if (endpoints.contains("")) return endpoints;
  auto services = files.config.services.find(setting(profile, "services"));
  if (services != files.config.services.end()) {
    for (const auto& [service, block] : services->second) {
      std::string url = setting(parse_nested(block), "endpoint_url");
      if (!url.empty()) endpoints.try_emplace(endpoint_name(service), url);
    }
  }
  if (std::string url = setting(profile, "endpoint_url"); !url.empty()) endpoints.try_emplace("", url);
  return endpoints;
}

base::Result<> check_endpoints(const std::map<std::string, std::string>& endpoints) {
  for (const auto& [service, url] : endpoints) {
    if (net::parse_url(url)) continue;
    return base::fail(base::ErrorKind::usage, fmt::format("AWS_ENDPOINT_URL is no URL: {}", url),
                      "Write it as http://HOST:PORT, or unset it.");
  }
  return {};
}

base::Result<int> read_attempts(const std::string& text) {
  if (text.empty()) return 3;
  int attempts = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), attempts);
  if (error == std::errc() && end == text.data() + text.size() && attempts >= 1) return attempts;
  return base::fail(base::ErrorKind::usage, fmt::format("AWS_MAX_ATTEMPTS is no number of attempts: {}", text),
                    "Set it, or `max_attempts` of the profile, to 1 or more.");
}

// The PEM text of a file that a variable or a profile names; "" if none is named.
base::Result<std::string> read_pem(const ReadFile& read_file, const std::string& name, const std::string& file) {
  if (file.empty()) return std::string();
  if (auto pem = read_file(file)) return *pem;
  return base::fail(base::ErrorKind::local_resource, fmt::format("{}: {} cannot be read", name, file),
                    "Name the PEM file of the authority to trust, or unset it.");
}

// How services are reached: everything but keys and region.
base::Result<> find_ways(const AccountOptions& options, const AccountSurroundings& with, const SharedConfig& files,
                         const Settings& profile, Account& account) {
  Configuration configuration(options.environment, profile);
  account.endpoints = find_endpoints(options.environment, files, profile);
  TRY(check_endpoints(account.endpoints));
  account.variant = {.fips = configuration.flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
                     .dual_stack = configuration.flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")};
  TRY(account.attempts, read_attempts(configuration.get("AWS_MAX_ATTEMPTS", "max_attempts")));
  TRY(account.ca_pem,
      read_pem(with.read_file, "LIVELAMBDA_CA_FILE", setting(options.environment, "LIVELAMBDA_CA_FILE")));
  TRY(auto bundle, read_pem(with.read_file, "AWS_CA_BUNDLE", configuration.get("AWS_CA_BUNDLE", "ca_bundle")));
  TRY(account.tls, with.make_tls(account.ca_pem.empty() || bundle.empty() ? account.ca_pem + bundle
                                                                          : account.ca_pem + "\n" + bundle));
  account.proxies = std::make_shared<const net::Proxies>(net::proxies_from_environment(options.environment));
  account.http = with.make_http(account.tls, account.proxies);
  return {};
}

}  // namespace

awaitable<base::Result<Account>> find_account(AccountOptions options, AccountSurroundings with) {
  const Environment& environment = options.environment;
  SharedConfig files = read_shared_config(environment, with.read_file);
  Account account;
  for (std::string name :
       {options.profile, setting(environment, "AWS_PROFILE"), setting(environment, "AWS_DEFAULT_PROFILE")}) {
    if (account.profile.empty()) account.profile = std::move(name);
  }
  std::string profile_name = account.profile.empty() ? "default" : account.profile;
  Settings profile = files.profile(profile_name).value_or(Settings());
  CO_TRY(find_ways(options, with, files, profile, account));
  for (std::string region : {options.region, setting(environment, "AWS_REGION"),
                             setting(environment, "AWS_DEFAULT_REGION"), setting(profile, "region")}) {
    if (account.region.empty()) account.region = std::move(region);
  }
  if (!account.region.empty() && !is_region_name(account.region)) {
    co_return base::fail(base::ErrorKind::credentials,
                         fmt::format("'{}' is not the name of an AWS region", account.region),
                         "Regions are called as eu-west-1: mend --region, AWS_REGION, or `region` of the profile.");
  }
  auto direct = with.make_http(account.tls, nullptr);
  std::string metadata = instance_metadata_endpoint(environment, profile);
  auto instance = metadata.empty() ? nullptr : std::make_shared<InstanceMetadata>(metadata, direct);
  ClientConfig services = client_config(account, with.clock);
  if (services.region.empty()) services.region = "us-east-1";
  CO_TRY(auto found, co_await find_credentials({.environment = environment,
                                                .files = std::move(files),
                                                .profile = profile_name,
                                                .explicit_profile = !options.profile.empty(),
                                                .named_profile = !account.profile.empty(),
                                                .services = std::move(services),
                                                .with = with,
                                                .direct = direct,
                                                .instance = instance}));
  account.credentials = std::move(found.provider);
  account.source = std::move(found.source);
  if (account.region.empty() && instance) account.region = (co_await instance->get("placement/region")).value_or("");
  if (account.region.empty()) {
    co_return base::fail(base::ErrorKind::credentials, "no AWS region is set",
                         "Set AWS_REGION, or `region` of the profile with `aws configure`.");
  }
  co_return account;
}

ClientConfig client_config(const Account& account, const base::Clock& clock) {
  return {.http = account.http.get(),
          .clock = &clock,
          .credentials = account.credentials,
          .region = account.region,
          .endpoints = account.endpoints,
          .variant = account.variant,
          .attempts = account.attempts,
          .proxies = account.proxies};
}

}  // namespace aws
