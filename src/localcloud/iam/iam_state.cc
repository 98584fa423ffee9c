// Roles and policies: what there is, and what may be done with it.
#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "localcloud/iam/iam_service.h"
#include "localcloud/iam/managed_policies.h"
#include "localcloud/iam/names.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

// Characters and numbers of the IAM user guide, "IAM and AWS STS quotas"; AWS does not count white space.
constexpr std::size_t kMostInline = 10'240;  // of a role's inline policies together
constexpr std::size_t kMostManaged = 6144;   // of a managed policy
constexpr std::size_t kMostTrust = 2048;     // of a trust policy
constexpr std::size_t kMostAttached = 10;    // managed policies of a role
constexpr std::size_t kMostVersions = 5;

tl::unexpected<base::Error> no_such(std::string message) {
  return aws_error(404, "NoSuchEntity", std::move(message));
}

tl::unexpected<base::Error> exceeded(std::string_view quota, std::size_t most) {
  return aws_error(409, "LimitExceeded", fmt::format("Cannot exceed quota for {}: {}", quota, most));
}

base::Result<> check_managed_size(const json::value& document) {
  if (json::serialize(document).size() > kMostManaged) return exceeded("PolicySize", kMostManaged);
  return {};
}

}  // namespace

base::Result<> check_quotas(const Role& role) {
  if (json::serialize(role.trust).size() > kMostTrust) return exceeded("ACLSizePerRole", kMostTrust);
  if (role.attached.size() > kMostAttached) return exceeded("PoliciesPerRole", kMostAttached);
  std::size_t characters = 0;
  for (const auto& [name, document] : role.inline_policies) characters += json::serialize(document).size();
  if (characters > kMostInline) {
    return aws_error(409, "LimitExceeded",
                     fmt::format("Maximum policy size of {} bytes exceeded for role {}", kMostInline, role.name));
  }
  return {};
}

base::Result<> check_session_seconds(int seconds) {
  constexpr int kShortest = 3600;
  constexpr int kLongest = 43'200;
  if (seconds >= kShortest && seconds <= kLongest) return {};
  return aws_error(400, "ValidationError", "MaxSessionDuration must be between 3600 and 43200 seconds");
}

base::Result<Role*> IamService::role(std::string_view name) {
  auto found = roles_.find(name);
  if (found == roles_.end()) return no_such(fmt::format("The role with name {} cannot be found.", name));
  return &found->second;
}

base::Result<Role*> IamService::create_role(Role role) {
  TRY(check_iam_name("roleName", role.name, 1, 64));
  TRY(check_iam_path(role.path));
  TRY(check_session_seconds(role.max_session_seconds));
  if (roles_.contains(role.name)) {
    return aws_error(409, "EntityAlreadyExists", fmt::format("Role with name {} already exists.", role.name));
  }
  TRY(check_policy(role.trust, true));
  for (const auto& [name, document] : role.inline_policies) TRY(check_policy(document, false));
  for (const auto& arn : role.attached) TRY(policy_document(arn));
  if (!role.boundary.empty()) TRY(policy_document(role.boundary));
  TRY(check_quotas(role));
  role.arn = fmt::format("arn:aws:iam::{}:role{}{}", cloud_.account_id, role.path, role.name);
  role.id = unique_id("AROA");
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
  Role wanted = *found;
  wanted.inline_policies[std::string(name)] = std::move(document);
  TRY(check_quotas(wanted));
  *found = std::move(wanted);
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
  if (std::find(found->attached.begin(), found->attached.end(), policy_arn) != found->attached.end()) return {};
  if (found->attached.size() >= kMostAttached) return exceeded("PoliciesPerRole", kMostAttached);
  found->attached.emplace_back(policy_arn);
  return {};
}

base::Result<> IamService::detach(std::string_view role_name, std::string_view policy_arn) {
  TRY(auto* found, role(role_name));
  if (std::erase(found->attached, policy_arn) == 0) {
    return no_such(fmt::format("Policy {} was not found.", policy_arn));
  }
  return {};
}

base::Result<> IamService::set_boundary(std::string_view role_name, std::string policy_arn) {
  TRY(auto* found, role(role_name));
  if (!policy_arn.empty()) TRY(policy_document(policy_arn));
  found->boundary = std::move(policy_arn);
  return {};
}

AppliedPolicies IamService::policies_of(const Role& role) const {
  AppliedPolicies policies;
  for (const auto& [name, document] : role.inline_policies) policies.identity.push_back(document);
  for (const auto& arn : role.attached) {
    if (auto document = policy_document(arn)) policies.identity.push_back(std::move(*document));
  }
  if (!role.boundary.empty()) {
    // A boundary whose policy is gone allows nothing.
    policies.boundary = policy_document(role.boundary).value_or(json::value(json::object()));
  }
  return policies;
}

const PolicyVersion& CustomerPolicy::in_force() const {
  return *std::find_if(versions.begin(), versions.end(), [&](const auto& one) { return one.id == default_version; });
}

base::Result<CustomerPolicy*> IamService::create_policy(CustomerPolicy policy, json::value document) {
  TRY(check_iam_name("policyName", policy.name, 1, 128));
  TRY(check_iam_path(policy.path));
  TRY(check_policy(document, false));
  TRY(check_managed_size(document));
  policy.arn = fmt::format("arn:aws:iam::{}:policy{}{}", cloud_.account_id, policy.path, policy.name);
  if (policies_.contains(policy.arn)) {
    return aws_error(409, "EntityAlreadyExists", fmt::format("A policy called {} already exists.", policy.name));
  }
  policy.id = unique_id("ANPA");
  policy.created = cloud_.clock->now();
  auto& made = policies_[policy.arn] = std::move(policy);
  TRY(update_policy(made.arn, std::move(document)));
  return &made;
}

base::Result<CustomerPolicy*> IamService::policy(std::string_view arn) {
  auto found = policies_.find(arn);
  if (found == policies_.end()) return no_such(fmt::format("Policy {} was not found.", arn));
  return &found->second;
}

base::Result<> IamService::update_policy(std::string_view arn, json::value document) {
  TRY(check_policy(document, false));
  TRY(check_managed_size(document));
  TRY(auto* found, policy(arn));
  if (found->versions.size() >= kMostVersions) {
    return aws_error(409, "LimitExceeded",
                     "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
                     "existing version.");
  }
  found->default_version = fmt::format("v{}", ++found->made_versions);
  found->versions.push_back(
      {.id = found->default_version, .document = std::move(document), .created = cloud_.clock->now()});
  return {};
}

base::Result<> IamService::delete_policy(std::string_view arn) {
  TRY(policy(arn));
  if (!roles_with(arn).empty()) {
    return aws_error(409, "DeleteConflict", "Cannot delete a policy attached to entities.");
  }
  policies_.erase(policies_.find(arn));
  return {};
}

std::vector<const Role*> IamService::roles_with(std::string_view policy_arn) const {
  std::vector<const Role*> found;
  for (const auto& [name, role] : roles_) {
    if (std::find(role.attached.begin(), role.attached.end(), policy_arn) != role.attached.end()) {
      found.push_back(&role);
    }
  }
  return found;
}

base::Result<json::value> IamService::policy_document(std::string_view arn) const {
  if (auto found = policies_.find(arn); found != policies_.end()) return found->second.in_force().document;
  if (auto document = managed_policy(arn)) return std::move(*document);
  return no_such(fmt::format("Policy {} does not exist or is not attachable.", arn));
}

}  // namespace localcloud
