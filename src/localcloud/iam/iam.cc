#include "localcloud/iam/iam.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <set>

#include "base/ids.h"
#include "codec/base64.h"
#include "localcloud/iam/iam_service.h"
#include "localcloud/iam/managed_policies.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

std::string random_secret() {
  return codec::base64_encode(base::random_bytes<30>());  // 40 characters
}

// The code and status by which each service refuses.
base::Error denied(std::string_view action, std::string message) {
  std::string service(action.substr(0, action.find(':')));
  for (char& c : service) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  static const std::set<std::string_view> kJson{"dynamodb", "logs", "secretsmanager", "ssm", "events"};
  base::Error error{
      .kind = base::ErrorKind::service, .message = std::move(message), .code = "AccessDenied", .status = 403};
  if (kJson.contains(service)) {
    error.code = "AccessDeniedException";
    error.status = 400;
  } else if (service == "lambda" || service == "apigateway" || service == "execute-api") {
    error.code = "AccessDeniedException";
  } else if (service == "sns") {
    error.code = "AuthorizationError";
  }
  return error;
}

}  // namespace

std::string unique_id(std::string_view prefix, std::size_t length) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string id(prefix);
  auto bytes = base::random_bytes<32>();
  for (std::size_t i = 0; id.size() < length; ++i) id += kAlphabet[bytes[i] % kAlphabet.size()];
  return id;
}

IamService::IamService(Cloud& cloud, Credentials root) : cloud_(cloud), root_(std::move(root)) {
  if (!root_.access_key_id.empty()) return;
  root_.access_key_id = unique_id("AKIA", 20);
  root_.secret_access_key = random_secret();
}

// --- Decisions

base::Result<> IamService::authorize(const Principal& caller, std::string_view action, std::string_view resource,
                                     const ConditionContext& context, const json::value* resource_policy) const {
  auto role_entry = roles_.find(caller.role_name);
  const Role* its_role = caller.is_root || role_entry == roles_.end() ? nullptr : &role_entry->second;

  PolicyQuestion question{.action = std::string(action), .resource = std::string(resource), .context = context};
  auto know = [&](std::string key, std::string value) { question.context.emplace(std::move(key), std::move(value)); };
  know("aws:PrincipalArn", its_role != nullptr ? its_role->arn : caller.arn);
  know("aws:PrincipalAccount", cloud_.account_id);
  know("aws:PrincipalType", caller.is_root ? "Account" : "AssumedRole");
  know("aws:userid", caller.user_id);
  know("aws:RequestedRegion", cloud_.region);
  know("aws:ResourceAccount", cloud_.account_id);
  know("aws:SecureTransport", "true");  // TLS or loopback: nobody else can read it
  know("aws:SourceIp", "127.0.0.1");
  know("aws:CurrentTime", iso_time(cloud_.clock->now()));
  know("aws:EpochTime", std::to_string(base::epoch_ms(cloud_.clock->now()) / 1000));
  if (its_role != nullptr) {
    for (const auto& [key, value] : its_role->tags) know("aws:PrincipalTag/" + key, value);
  }

  AppliedPolicies policies;
  if (its_role != nullptr) policies = policies_of(*its_role);
  if (auto session = sessions_.find(caller.access_key_id); session != sessions_.end()) {
    policies.session = session->second.policies;
  }
  policies.resource = resource_policy;
  CallerNames names{
      .arn = caller.arn, .role = its_role != nullptr ? its_role->arn : "", .account_id = cloud_.account_id};
  auto decision = decide(question, names, policies);
  if (decision.decision == Decision::allow) return {};
  if (caller.is_root && decision.decision == Decision::implicit_deny) return {};
  // S3 alone puts the resource in quotation marks.
  const auto shown = action.starts_with("s3:") ? fmt::format("\"{}\"", resource) : std::string(resource);
  return base::fail(denied(action, fmt::format("User: {} is not authorized to perform: {} on resource: {}{}",
                                               caller.arn, action, shown, denial_reason(decision, action))));
}

// --- Keys

base::Result<std::pair<Principal, Credentials>> IamService::find_key(std::string_view access_key_id,
                                                                     std::string_view session_token) const {
  if (access_key_id == root_.access_key_id) {
    Principal root{.arn = fmt::format("arn:aws:iam::{}:root", cloud_.account_id),
                   .user_id = cloud_.account_id,
                   .role_name = {},
                   .access_key_id = root_.access_key_id,
                   .is_root = true};
    return std::pair(std::move(root), root_);
  }
  auto session = sessions_.find(access_key_id);
  if (session == sessions_.end() || session->second.credentials.session_token != session_token) {
    return aws_error(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
  }
  const auto& [credentials, principal, policies] = session->second;
  // Sessions end with their role; another of the same name is another role.
  auto role = roles_.find(principal.role_name);
  if (role == roles_.end() || !principal.user_id.starts_with(role->second.id + ":")) {
    return aws_error(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
  }
  if (credentials.expires_at <= cloud_.clock->now()) {
    return aws_error(403, "ExpiredToken", "The security token included in the request is expired");
  }
  return std::pair(principal, credentials);
}

Principal IamService::principal_of(const Role& role, std::string_view session_name) const {
  return {.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", cloud_.account_id, role.name, session_name),
          .user_id = fmt::format("{}:{}", role.id, session_name),
          .role_name = role.name,
          .access_key_id = {},
          .is_root = false};
}

Credentials IamService::issue(const Role& role, std::string_view session_name, std::chrono::seconds duration,
                              std::vector<json::value> session_policies) {
  // Whoever asks for new ones pays for forgetting those that nobody can use any more.
  auto long_gone = cloud_.clock->now() - std::chrono::hours(24);
  std::erase_if(sessions_, [&](const auto& one) { return one.second.credentials.expires_at < long_gone; });

  Session session;
  session.credentials = {.access_key_id = unique_id("ASIA", 20),
                         .secret_access_key = random_secret(),
                         .session_token = codec::base64_encode(base::random_bytes<96>()),
                         .expires_at = cloud_.clock->now() + duration};
  session.principal = principal_of(role, session_name);
  session.principal.access_key_id = session.credentials.access_key_id;
  session.policies = std::move(session_policies);
  auto credentials = session.credentials;
  sessions_.emplace(credentials.access_key_id, std::move(session));
  return credentials;
}

base::Result<const Role*> IamService::trusting_role(std::string_view role_arn, std::string_view service) const {
  auto found = std::find_if(roles_.begin(), roles_.end(), [&](const auto& one) { return one.second.arn == role_arn; });
  if (found == roles_.end())
    return aws_error(404, "NoSuchEntity", fmt::format("The role {} cannot be found.", role_arn));
  PolicyQuestion question{.action = "sts:AssumeRole", .resource = {}, .context = {}, .principal_kind = "Service"};
  question.principals = {std::string(service)};
  question.context["aws:SourceAccount"] = cloud_.account_id;
  if (evaluate(found->second.trust, question, true) != Decision::allow) {
    return aws_error(403, "AccessDenied",
                     fmt::format("{} is not authorized to perform: sts:AssumeRole on resource: {}", service, role_arn));
  }
  return &found->second;
}

base::Result<Credentials> IamService::assume_for_service(std::string_view role_arn, std::string_view service,
                                                         std::string_view session_name) {
  TRY(const auto* role, trusting_role(role_arn, service));
  return issue(*role, session_name, std::chrono::hours(12));
}

base::Result<Principal> IamService::principal_for_service(std::string_view role_arn, std::string_view service,
                                                          std::string_view session_name) {
  TRY(const auto* role, trusting_role(role_arn, service));
  return principal_of(*role, session_name);
}

ResourceTypes IamService::resource_types() {
  return iam_resource_types(*this);
}

std::unique_ptr<Iam> make_iam(Cloud& cloud, Credentials root) {
  return std::make_unique<IamService>(cloud, std::move(root));
}

}  // namespace localcloud
