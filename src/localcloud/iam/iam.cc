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

// As IAM makes ids and keys: a prefix that tells the kind, then capital letters and digits.
std::string unique_id(std::string_view prefix, std::size_t length) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string id(prefix);
  auto bytes = base::random_bytes<32>();
  for (std::size_t i = 0; id.size() < length; ++i) id += kAlphabet[bytes[i] % kAlphabet.size()];
  return id;
}

std::string random_secret() {
  return codec::base64_encode(base::random_bytes<30>());  // 40 characters
}

// The code and status by which each service refuses.
base::Error denied(std::string_view action, std::string message) {
  std::string service(action.substr(0, action.find(':')));
  for (char& c : service) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  static const std::set<std::string_view> kJson{"dynamodb", "logs"};
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

tl::unexpected<base::Error> no_such(std::string message) {
  return aws_error(404, "NoSuchEntity", std::move(message));
}

}  // namespace

IamService::IamService(Cloud& cloud) : cloud_(cloud) {
  root_.access_key_id = unique_id("AKIA", 20);
  root_.secret_access_key = random_secret();
}

// --- Decisions

Decision IamService::identity_decision(const Role& role, const PolicyQuestion& question) const {
  Decision decision = Decision::implicit_deny;
  for (const auto& [name, document] : role.inline_policies) {
    decision = stronger(decision, evaluate(document, question, false));
  }
  for (const auto& arn : role.attached) {
    if (auto document = policy_document(arn)) decision = stronger(decision, evaluate(*document, question, false));
  }
  return decision;
}

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
  know("aws:SecureTransport", cloud_.tls ? "true" : "false");
  know("aws:SourceIp", "127.0.0.1");
  know("aws:CurrentTime", iso_time(cloud_.clock->now()));
  know("aws:EpochTime", std::to_string(base::epoch_ms(cloud_.clock->now()) / 1000));
  question.principal_kind = "AWS";
  question.principals = {caller.arn, cloud_.account_id, fmt::format("arn:aws:iam::{}:root", cloud_.account_id)};
  if (its_role != nullptr) question.principals.push_back(its_role->arn);

  // S3 alone puts the resource in quotation marks.
  const auto shown = action.starts_with("s3:") ? fmt::format("\"{}\"", resource) : std::string(resource);
  const auto refused =
      fmt::format("User: {} is not authorized to perform: {} on resource: {}", caller.arn, action, shown);
  if (resource_policy != nullptr) {
    auto decision = evaluate(*resource_policy, question, true);
    if (decision == Decision::explicit_deny) {
      return base::fail(denied(action, refused + " with an explicit deny in a resource-based policy"));
    }
    // The account itself, named in a resource's policy, leaves the decision to the identity's policies.
    question.principals.erase(question.principals.begin() + 1, question.principals.begin() + 3);
    bool named = evaluate(*resource_policy, question, true) == Decision::allow;
    if (named && (its_role == nullptr || identity_decision(*its_role, question) != Decision::explicit_deny)) return {};
  }
  if (caller.is_root) return {};

  auto decision = its_role == nullptr ? Decision::implicit_deny : identity_decision(*its_role, question);
  if (decision == Decision::allow) return {};
  if (decision == Decision::explicit_deny) {
    return base::fail(denied(action, refused + " with an explicit deny in an identity-based policy"));
  }
  return base::fail(
      denied(action, fmt::format("{} because no identity-based policy allows the {} action", refused, action)));
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
  const auto& [credentials, principal] = session->second;
  if (credentials.expires_at <= cloud_.clock->now()) {
    return aws_error(403, "ExpiredToken", "The security token included in the request is expired");
  }
  return std::pair(principal, credentials);
}

Credentials IamService::issue(const Role& role, std::string_view session_name, std::chrono::seconds duration) {
  // Whoever asks for new ones pays for forgetting those that nobody can use any more.
  auto long_gone = cloud_.clock->now() - std::chrono::hours(24);
  std::erase_if(sessions_, [&](const auto& one) { return one.second.credentials.expires_at < long_gone; });

  Session session;
  session.credentials = {.access_key_id = unique_id("ASIA", 20),
                         .secret_access_key = random_secret(),
                         .session_token = codec::base64_encode(base::random_bytes<96>()),
                         .expires_at = cloud_.clock->now() + duration};
  session.principal = {
      .arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", cloud_.account_id, role.name, session_name),
      .user_id = fmt::format("{}:{}", role.id, session_name),
      .role_name = role.name,
      .access_key_id = session.credentials.access_key_id,
      .is_root = false};
  auto credentials = session.credentials;
  sessions_.emplace(credentials.access_key_id, std::move(session));
  return credentials;
}

base::Result<Credentials> IamService::assume_for_service(std::string_view role_arn, std::string_view service,
                                                         std::string_view session_name) {
  auto found = std::find_if(roles_.begin(), roles_.end(), [&](const auto& one) { return one.second.arn == role_arn; });
  if (found == roles_.end()) return no_such(fmt::format("The role {} cannot be found.", role_arn));
  PolicyQuestion question{.action = "sts:AssumeRole", .resource = {}, .context = {}, .principal_kind = "Service"};
  question.principals = {std::string(service)};
  question.context["aws:SourceAccount"] = cloud_.account_id;
  if (evaluate(found->second.trust, question, true) != Decision::allow) {
    return aws_error(403, "AccessDenied",
                     fmt::format("{} is not authorized to perform: sts:AssumeRole on resource: {}", service, role_arn));
  }
  return issue(found->second, session_name, std::chrono::hours(12));
}

// --- Roles and policies

base::Result<Role*> IamService::role(std::string_view name) {
  auto found = roles_.find(name);
  if (found == roles_.end()) return no_such(fmt::format("The role with name {} cannot be found.", name));
  return &found->second;
}

base::Result<Role*> IamService::create_role(Role role) {
  constexpr std::size_t kLongestName = 64;
  if (role.name.empty() || role.name.size() > kLongestName) {
    return aws_error(400, "ValidationError", "The role's name must have 1 to 64 characters");
  }
  if (roles_.contains(role.name)) {
    return aws_error(409, "EntityAlreadyExists", fmt::format("Role with name {} already exists.", role.name));
  }
  TRY(check_policy(role.trust, true));
  for (const auto& [name, document] : role.inline_policies) TRY(check_policy(document, false));
  for (const auto& arn : role.attached) TRY(policy_document(arn));
  role.arn = fmt::format("arn:aws:iam::{}:role{}{}", cloud_.account_id, role.path, role.name);
  role.id = unique_id("AROA", 21);
  role.created = cloud_.clock->now();
  auto name = role.name;
  return &roles_.emplace(std::move(name), std::move(role)).first->second;
}

base::Result<> IamService::delete_role(std::string_view name) {
  TRY(auto* found, role(name));
  if (!found->inline_policies.empty() || !found->attached.empty()) {
    return aws_error(409, "DeleteConflict", "Cannot delete entity, must detach all policies first.");
  }
  roles_.erase(roles_.find(name));
  return {};
}

base::Result<> IamService::put_inline(std::string_view role_name, std::string_view name, json::value document) {
  TRY(auto* found, role(role_name));
  TRY(check_policy(document, false));
  std::size_t characters = json::serialize(document).size();
  for (const auto& [other, text] : found->inline_policies) {
    if (other != name) characters += json::serialize(text).size();
  }
  constexpr std::size_t kMostCharacters = 10'240;
  if (characters > kMostCharacters) {
    return aws_error(409, "LimitExceeded",
                     fmt::format("Maximum policy size of {} bytes exceeded for role {}", kMostCharacters, role_name));
  }
  found->inline_policies[std::string(name)] = std::move(document);
  return {};
}

base::Result<> IamService::delete_inline(std::string_view role_name, std::string_view name) {
  TRY(auto* found, role(role_name));
  if (found->inline_policies.erase(std::string(name)) == 0) {
    return no_such(fmt::format("The role policy with name {} cannot be found.", name));
  }
  return {};
}

base::Result<> IamService::attach(std::string_view role_name, std::string_view policy_arn) {
  TRY(auto* found, role(role_name));
  TRY(policy_document(policy_arn));
  if (std::find(found->attached.begin(), found->attached.end(), policy_arn) == found->attached.end()) {
    found->attached.emplace_back(policy_arn);
  }
  return {};
}

base::Result<> IamService::detach(std::string_view role_name, std::string_view policy_arn) {
  TRY(auto* found, role(role_name));
  if (std::erase(found->attached, policy_arn) == 0) {
    return no_such(fmt::format("Policy {} was not found.", policy_arn));
  }
  return {};
}

base::Result<std::string> IamService::create_policy(std::string name, std::string_view path, json::value document) {
  TRY(check_policy(document, false));
  auto arn = fmt::format("arn:aws:iam::{}:policy{}{}", cloud_.account_id, path, name);
  if (policies_.contains(arn)) {
    return aws_error(409, "EntityAlreadyExists", fmt::format("A policy called {} already exists.", name));
  }
  policies_[arn] = {.name = std::move(name), .arn = arn, .document = std::move(document)};
  return arn;
}

base::Result<> IamService::update_policy(std::string_view arn, json::value document) {
  TRY(check_policy(document, false));
  auto found = policies_.find(arn);
  if (found == policies_.end()) return no_such(fmt::format("Policy {} does not exist.", arn));
  found->second.document = std::move(document);
  return {};
}

base::Result<> IamService::delete_policy(std::string_view arn) {
  auto found = policies_.find(arn);
  if (found == policies_.end()) return no_such(fmt::format("Policy {} does not exist.", arn));
  for (const auto& [name, role] : roles_) {
    if (std::find(role.attached.begin(), role.attached.end(), arn) != role.attached.end()) {
      return aws_error(409, "DeleteConflict", "Cannot delete a policy attached to entities.");
    }
  }
  policies_.erase(found);
  return {};
}

base::Result<json::value> IamService::policy_document(std::string_view arn) const {
  if (auto found = policies_.find(arn); found != policies_.end()) return found->second.document;
  if (auto document = managed_policy(arn)) return std::move(*document);
  return no_such(fmt::format("Policy {} does not exist or is not attachable.", arn));
}

ResourceTypes IamService::resource_types() {
  return iam_resource_types(*this);
}

std::unique_ptr<Iam> make_iam(Cloud& cloud) {
  return std::make_unique<IamService>(cloud);
}

}  // namespace localcloud
