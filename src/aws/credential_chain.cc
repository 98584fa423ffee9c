#include "aws/credential_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "aws/cli_cache.h"
#include "aws/process_credentials.h"
#include "aws/renewing_credentials.h"
#include "aws/role_credentials.h"
#include "aws/sso_credentials.h"
#include "aws/times.h"

namespace aws {
namespace {

using base::ErrorKind;

constexpr std::string_view kNoneHint =
    "Run `aws configure` or `aws sso login`, set AWS_PROFILE, or try `livelambda start --local`, which needs no "
    "account.";

// A way that was found; `source` is null where a way is not configured.
struct Way {
  std::unique_ptr<CredentialsSource> source;
  CredentialsName name = {};
};
using FoundWay = base::Result<Way>;

tl::unexpected<base::Error> broken(const std::string& profile, std::string_view what) {
  return base::fail(ErrorKind::credentials, fmt::format("profile {} {}", profile, what),
                    "Mend it in ~/.aws/config, or name another with --profile.");
}

class Chain {
 public:
  explicit Chain(const ChainInput& input) : input_(input) {}

  // The first way that is configured. What asks other machines is not here: container and instance.
  FoundWay configured() {
    auto settings = input_.files.profile(input_.profile);
    if (!settings && input_.named_profile) {  // a slip of the pen; whoever meant it means other keys than these
      return base::fail(ErrorKind::credentials, fmt::format("there is no AWS profile {}", input_.profile),
                        "Look at `aws configure list-profiles`, or make it with `aws configure sso`.");
    }
    if (!input_.explicit_profile) {
      TRY(auto way, from_environment());
      if (way.source) return way;
    }
    if (!settings) settings.emplace();
    if (has_role(*settings)) return from_role(input_.profile, *settings);
    return from_profile(input_.profile, *settings, !input_.explicit_profile);
  }

  FoundWay from_container() {
    TRY(auto source, container_credentials(input_.environment, input_.direct, input_.with.read_file));
    return Way{std::move(source), {"the container", "Restart the container."}};
  }

  Way from_instance() {
    if (!input_.instance) return {};
    return {instance_credentials(input_.instance), {"EC2 instance metadata", "Look at the instance's role."}};
  }

  // By the aws CLI, which knows ways that are not here.
  Way from_cli(const std::string& profile) {
    return {process_credentials(input_.with.programs,
                                {"aws", "configure", "export-credentials", "--profile", profile, "--format", "process"},
                                fmt::format("`aws configure export-credentials --profile {}`", profile)),
            {"profile " + profile, fmt::format("Run `aws login --profile {}`.", profile)}};
  }

 private:
  // Of a role, unless a token file does it.
  static bool has_role(const Settings& settings) {
    return settings.contains("role_arn") && !settings.contains("web_identity_token_file");
  }
  static bool has_keys(const Settings& settings) {
    return settings.contains("aws_access_key_id") || settings.contains("aws_secret_access_key");
  }

  FoundWay from_environment() {
    const Environment& environment = input_.environment;
    IssuedCredentials issued{{setting(environment, "AWS_ACCESS_KEY_ID"), setting(environment, "AWS_SECRET_ACCESS_KEY"),
                              setting(environment, "AWS_SESSION_TOKEN")}};
    if (issued.keys.access_key_id.empty()) return Way{};
    if (issued.keys.secret_access_key.empty()) {
      return base::fail(ErrorKind::credentials, "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not",
                        "Export both, or unset both.");
    }
    if (std::string text = setting(environment, "AWS_CREDENTIAL_EXPIRATION"); !text.empty()) {
      issued.expires = parse_iso_date(text);
    }
    return Way{known_credentials(std::move(issued)),
               {"the environment", "Export new ones, or unset them and use a profile."}};
  }

  // Every way of a profile but its role.
  FoundWay from_profile(const std::string& profile, const Settings& settings, bool with_environment) {
    TRY(auto web, from_web_identity(settings, with_environment));
    if (web.source) return web;
    if (settings.contains("sso_account_id") || settings.contains("sso_role_name")) return from_sso(profile, settings);
    TRY(auto in_credentials, from_keys(profile, input_.files.credentials));
    if (in_credentials.source) return in_credentials;
    if (settings.contains("login_session")) return from_cli(profile);
    if (std::string command = setting(settings, "credential_process"); !command.empty()) {
      return Way{process_credentials(input_.with.programs, split_command(command),
                                     fmt::format("credential_process of profile {}", profile)),
                 {"profile " + profile, "Its credential_process must issue new ones."}};
    }
    return from_keys(profile, input_.files.config.profiles);
  }

  static FoundWay from_keys(const std::string& profile, const std::map<std::string, Settings>& file) {
    auto found = file.find(profile);
    if (found == file.end() || !found->second.contains("aws_access_key_id")) return Way{};
    const Settings& settings = found->second;
    if (!settings.contains("aws_secret_access_key")) return broken(profile, "has no aws_secret_access_key");
    IssuedCredentials issued{{setting(settings, "aws_access_key_id"), setting(settings, "aws_secret_access_key"),
                              setting(settings, "aws_session_token")}};
    return Way{known_credentials(std::move(issued)), {"profile " + profile, "Run `aws configure`."}};
  }

  FoundWay from_web_identity(const Settings& settings, bool with_environment) {
    auto read = [&](const char* variable, const char* key) {
      std::string value = with_environment ? setting(input_.environment, variable) : std::string();
      return value.empty() ? setting(settings, key) : value;
    };
    WebIdentity identity{.role_arn = read("AWS_ROLE_ARN", "role_arn"),
                         .session_name = read("AWS_ROLE_SESSION_NAME", "role_session_name"),
                         .token_file = read("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file")};
    if (identity.token_file.empty()) return Way{};
    if (identity.role_arn.empty()) {
      return base::fail(ErrorKind::credentials, "a web identity token file is named, and no role for it",
                        "Set AWS_ROLE_ARN, or `role_arn` of the profile.");
    }
    if (identity.session_name.empty()) identity.session_name = session_name();
    std::string role = identity.role_arn;
    return Way{web_identity_credentials(input_.services, std::move(identity), input_.with.read_file),
               {"the web identity of " + role, "Renew the token in its file."}};
  }

  FoundWay from_sso(const std::string& profile, const Settings& settings) {
    Settings merged = settings;
    std::string session = setting(settings, "sso_session");
    if (!session.empty()) {
      auto found = input_.files.config.sso_sessions.find(session);
      if (found == input_.files.config.sso_sessions.end()) {
        return broken(profile, fmt::format("names the sso-session {}, which is not there", session));
      }
      for (const auto& [key, value] : found->second) {
        if (settings.contains(key) && setting(settings, key) != value) {
          return broken(profile, fmt::format("and its sso-session disagree on {}", key));
        }
        merged[key] = value;
      }
    }
    for (const char* key : {"sso_role_name", "sso_account_id", "sso_start_url", "sso_region"}) {
      if (!merged.contains(key)) return broken(profile, fmt::format("uses SSO and has no {}", key));
    }
    if (!is_region_name(setting(merged, "sso_region"))) return broken(profile, "has an sso_region that is none");
    SsoRole role{.profile = profile,
                 .session = session,
                 .start_url = setting(merged, "sso_start_url"),
                 .region = setting(merged, "sso_region"),
                 .account_id = setting(merged, "sso_account_id"),
                 .role_name = setting(merged, "sso_role_name")};
    return Way{
        sso_credentials(input_.services, std::move(role), setting(input_.environment, "HOME") + "/.aws/sso/cache",
                        input_.with.read_file, input_.with.write_file),
        {"profile " + profile, fmt::format("Run `aws sso login --profile {}`.", profile)}};
  }

  // role_arn with source_profile or credential_source, as deep as profiles name each other.
  FoundWay from_role(const std::string& profile, const Settings& settings) {
    visited_.push_back(profile);
    std::string source_profile = setting(settings, "source_profile");
    std::string source = setting(settings, "credential_source");
    if (source_profile.empty() == source.empty()) {
      return broken(profile, source.empty() ? "has a role_arn without source_profile or credential_source"
                                            : "has both source_profile and credential_source");
    }
    TRY(auto way, source.empty() ? from_source_profile(profile, source_profile) : from_source(profile, source));
    ClientConfig sts = input_.services;
    sts.credentials = renewing_credentials(std::move(way.source), input_.with.clock, way.name);
    AssumeRoleInput role{.role_arn = setting(settings, "role_arn"),
                         .session_name = setting(settings, "role_session_name"),
                         .external_id = setting(settings, "external_id"),
                         .mfa_serial = setting(settings, "mfa_serial"),
                         .duration_seconds = setting(settings, "duration_seconds")};
    CachedRole cached{.role = role, .folder = setting(input_.environment, "HOME") + "/.aws/cli/cache"};
    if (role.session_name.empty()) role.session_name = session_name();
    return Way{
        cached_role_credentials(role_credentials(std::move(sts), std::move(role), input_.with.mfa), std::move(cached),
                                input_.with.clock, input_.with.read_file, input_.with.write_file),
        {"profile " + profile, "Run the command again."}};
  }

  FoundWay from_source_profile(const std::string& profile, const std::string& name) {
    auto settings = input_.files.profile(name);
    if (!settings) return broken(profile, fmt::format("names the source_profile {}, which is not there", name));
    // A profile may be its own source, if it has keys.
    bool seen = std::ranges::find(visited_, name) != visited_.end();
    if (seen && (name != profile || !has_keys(*settings))) {
      return broken(profile, fmt::format("and its source_profile {} name each other in a circle", name));
    }
    if (has_role(*settings) && !has_keys(*settings)) return from_role(name, *settings);
    TRY(auto way, from_profile(name, *settings, false));
    if (!way.source) return broken(name, fmt::format("has no credentials, and is the source of profile {}", profile));
    return way;
  }

  FoundWay from_source(const std::string& profile, const std::string& source) {
    Way way;
    if (source == "Environment") {
      TRY(way, from_environment());
    } else if (source == "EcsContainer") {
      TRY(way, from_container());
    } else if (source == "Ec2InstanceMetadata") {
      way = from_instance();
    } else {
      return broken(profile, fmt::format("has the unknown credential_source {}", source));
    }
    if (!way.source) return broken(profile, fmt::format("has its credentials from {}, which gives none here", source));
    return way;
  }

  std::string session_name() const {
    return fmt::format("livelambda-{}", base::epoch_ms(input_.with.clock.wall_now()) / 1000);
  }

  const ChainInput& input_;
  std::vector<std::string> visited_ = {};
};

awaitable<base::Result<FoundCredentials>> use(Way way, const base::Clock* clock) {
  FoundCredentials found{.provider = renewing_credentials(std::move(way.source), *clock, way.name),
                         .first = {},
                         .source = way.name.source};
  CO_TRY(found.first, co_await found.provider->get());
  co_return found;
}

base::Error nothing_found(const ChainInput& input) {
  return {.kind = ErrorKind::credentials,
          .message = input.named_profile ? fmt::format("profile {} has no AWS credentials", input.profile)
                                         : "no AWS credentials were found",
          .hint = std::string(kNoneHint)};
}

}  // namespace

awaitable<base::Result<FoundCredentials>> find_credentials(ChainInput input) {
  Chain chain(input);
  const base::Clock* clock = &input.with.clock;
  CO_TRY(auto way, chain.configured());
  if (way.source) co_return co_await use(std::move(way), clock);
  CO_TRY(auto container, chain.from_container());
  if (container.source) co_return co_await use(std::move(container), clock);
  if (auto instance = chain.from_instance(); instance.source) {
    auto found = co_await use(std::move(instance), clock);
    if (found) co_return found;
  }
  if (input.named_profile) {
    auto found = co_await use(chain.from_cli(input.profile), clock);
    if (found) co_return found;
  }
  co_return base::fail(nothing_found(input));
}

}  // namespace aws
