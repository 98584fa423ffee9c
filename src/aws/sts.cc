#include "aws/sts.h"

#include "aws/query.h"
#include "aws/times.h"

namespace aws {
namespace {

awaitable<base::Result<IssuedCredentials>> ask_for_keys(ClientConfig config, std::string action,
                                                        std::vector<std::pair<std::string, std::string>> parameters,
                                                        CallOptions options = {}) {
  QueryCall query{.service = "sts",
                  .version = "2011-06-15",
                  .action = std::move(action),
                  .parameters = std::move(parameters),
                  .options = options};
  CO_TRY(auto result, co_await call_query(std::move(config), std::move(query)));
  const XmlNode* keys = result.child("Credentials");
  if (keys == nullptr) co_return base::fail(base::ErrorKind::service, "STS answered without credentials");
  co_return IssuedCredentials{
      .keys = {keys->text_of("AccessKeyId"), keys->text_of("SecretAccessKey"), keys->text_of("SessionToken")},
      .expires = parse_iso_date(keys->text_of("Expiration"))};
}

}  // namespace

awaitable<base::Result<CallerIdentity>> get_caller_identity(ClientConfig config) {
  CO_TRY(auto result,
         co_await call_query(config, {.service = "sts", .version = "2011-06-15", .action = "GetCallerIdentity"}));
  co_return CallerIdentity{result.text_of("Account"), result.text_of("Arn"), result.text_of("UserId")};
}

awaitable<base::Result<IssuedCredentials>> assume_role(ClientConfig config, AssumeRoleInput input,
                                                       CallOptions options) {
  std::vector<std::pair<std::string, std::string>> parameters = {{"RoleArn", std::move(input.role_arn)},
                                                                 {"RoleSessionName", std::move(input.session_name)}};
  auto add = [&](const char* name, std::string& value) {
    if (!value.empty()) parameters.emplace_back(name, std::move(value));
  };
  add("ExternalId", input.external_id);
  add("SerialNumber", input.mfa_serial);
  add("TokenCode", input.mfa_code);
  add("DurationSeconds", input.duration_seconds);
  return ask_for_keys(std::move(config), "AssumeRole", std::move(parameters), options);
}

awaitable<base::Result<IssuedCredentials>> assume_role_with_web_identity(ClientConfig config, std::string role_arn,
                                                                         std::string session_name, std::string token) {
  return ask_for_keys(std::move(config), "AssumeRoleWithWebIdentity",
                      {{"RoleArn", std::move(role_arn)},
                       {"RoleSessionName", std::move(session_name)},
                       {"WebIdentityToken", std::move(token)}});
}

}  // namespace aws
