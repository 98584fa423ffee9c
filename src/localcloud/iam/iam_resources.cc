// What CloudFormation makes of IAM: roles, inline policies and managed policies.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codec/json.h"
#include "localcloud/iam/iam_service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

// A PolicyDocument may be written as an object or as a string of JSON.
base::Result<json::value> document_property(const json::object& properties, std::string_view name) {
  const auto* value = properties.if_contains(name);
  if (value == nullptr) {
    return base::fail(base::ErrorKind::invalid_input, fmt::format("Property {} is required", name));
  }
  return value->is_string() ? codec::parse_json(value->get_string()) : base::Result<json::value>(*value);
}

base::Result<std::map<std::string, json::value>> inline_policies(const json::object& properties) {
  std::map<std::string, json::value> policies;
  const auto* given = properties.if_contains("Policies");
  if (given != nullptr && !given->is_array()) {
    return base::fail(base::ErrorKind::invalid_input, "Policies must be a list");
  }
  TRY(auto list, objects_property(properties, "Policies", {"PolicyName", "PolicyDocument"}));
  for (const auto& policy : list) {
    TRY(auto name, needed_property(policy, "PolicyName"));
    TRY(auto document, document_property(policy, "PolicyDocument"));
    policies[name] = std::move(document);
  }
  return policies;
}

class RoleType final : public SyncType {
 public:
  explicit RoleType(IamService& iam)
      : SyncType({.name = "AWS::IAM::Role",
                  .works = {"AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns", "RoleName", "Path",
                            "MaxSessionDuration", "Description", "PermissionsBoundary", "Tags"},
                  .replaces = {"RoleName", "Path"}}),
        iam_(iam) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto role, described(request.properties));
    TRY(role.tags, tags_property(request));
    role.name = text_property(request.properties, "RoleName");
    constexpr std::size_t kLongest = 64;
    if (role.name.empty()) role.name = generated_name(request.stack_name, request.logical_id, kLongest);
    TRY(auto* created, iam_.create_role(std::move(role)));
    return state(*created);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto* role, iam_.role(request.physical_id));
    TRY(auto wanted, described(request.properties));
    TRY(wanted.tags, tags_property(request));
    TRY(check_policy(wanted.trust, true));
    for (const auto& [name, document] : wanted.inline_policies) TRY(check_policy(document, false));
    for (const auto& arn : wanted.attached) TRY(iam_.policy_document(arn));
    TRY(auto before, described(request.old_properties));
    // Policies of other resources (AWS::IAM::Policy) on the same role stay.
    Role next = *role;
    for (const auto& [name, document] : before.inline_policies) next.inline_policies.erase(name);
    for (auto& [name, document] : wanted.inline_policies) next.inline_policies[name] = std::move(document);
    for (const auto& arn : before.attached) std::erase(next.attached, arn);
    for (auto& arn : wanted.attached) {
      if (std::find(next.attached.begin(), next.attached.end(), arn) == next.attached.end())
        next.attached.push_back(std::move(arn));
    }
    next.trust = std::move(wanted.trust);
    next.description = std::move(wanted.description);
    next.tags = std::move(wanted.tags);
    next.max_session_seconds = wanted.max_session_seconds;
    TRY(check_quotas(next));
    TRY(iam_.set_boundary(next.name, wanted.boundary));
    next.boundary = role->boundary;
    *role = std::move(next);
    return state(*role);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    auto role = iam_.role(request.physical_id);
    if (!role) return {};
    // What the template itself put on the role goes with it; what others put there stands in the way, as in AWS.
    auto own = described(request.properties);
    if (own) {
      for (const auto& [name, document] : own->inline_policies) (*role)->inline_policies.erase(name);
      for (const auto& arn : own->attached) std::erase((*role)->attached, arn);
    }
    return iam_.delete_role(request.physical_id);
  }

 private:
  static base::Result<Role> described(const json::object& properties) {
    Role role;
    TRY(auto trust, document_property(properties, "AssumeRolePolicyDocument"));
    TRY(auto policies, inline_policies(properties));
    role.trust = std::move(trust);
    role.inline_policies = std::move(policies);
    role.attached = list_property(properties, "ManagedPolicyArns");
    role.path = text_property(properties, "Path", "/");
    role.description = text_property(properties, "Description");
    role.boundary = text_property(properties, "PermissionsBoundary");
    auto seconds = text_property(properties, "MaxSessionDuration", "3600");
    role.max_session_seconds = 0;
    std::from_chars(seconds.data(), seconds.data() + seconds.size(), role.max_session_seconds);
    TRY(check_session_seconds(role.max_session_seconds));
    return role;
  }

  static ResourceState state(const Role& role) {
    return {.physical_id = role.name, .ref = {}, .attributes = {{"Arn", role.arn}, {"RoleId", role.id}}};
  }

  IamService& iam_;
};

// AWS::IAM::Policy: one inline policy on several roles.
class PolicyType final : public SyncType {
 public:
  explicit PolicyType(IamService& iam)
      : SyncType({.name = "AWS::IAM::Policy",
                  .works = {"PolicyName", "PolicyDocument", "Roles"},
                  .accepted = {},
                  .replaces = {"PolicyName"}}),
        iam_(iam) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    constexpr std::size_t kLongest = 128;
    return put(request, generated_name(request.stack_name, request.logical_id, kLongest));
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto state, put(request, request.physical_id));
    auto roles = list_property(request.properties, "Roles");
    auto name = text_property(request.old_properties, "PolicyName");
    for (const auto& role : list_property(request.old_properties, "Roles")) {
      if (std::find(roles.begin(), roles.end(), role) == roles.end()) TRY(unless_gone(iam_.delete_inline(role, name)));
    }
    return state;
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    auto name = text_property(request.properties, "PolicyName");
    for (const auto& role : list_property(request.properties, "Roles")) {
      TRY(unless_gone(iam_.delete_inline(role, name)));
    }
    return {};
  }

 private:
  base::Result<ResourceState> put(const ResourceRequest& request, std::string physical_id) {
    TRY(auto name, needed_property(request.properties, "PolicyName"));
    TRY(auto document, document_property(request.properties, "PolicyDocument"));
    auto roles = list_property(request.properties, "Roles");
    if (roles.empty()) {
      return base::fail(base::ErrorKind::invalid_input, "At least one of [Groups,Roles,Users] must be non-empty.");
    }
    for (const auto& role : roles) TRY(iam_.role(role));
    for (const auto& role : roles) TRY(iam_.put_inline(role, name, document));
    return ResourceState{.physical_id = std::move(physical_id), .ref = {}, .attributes = {}};
  }

  IamService& iam_;
};

class RolePolicyType final : public SyncType {
 public:
  explicit RolePolicyType(IamService& iam)
      : SyncType({.name = "AWS::IAM::RolePolicy",
                  .works = {"RoleName", "PolicyName", "PolicyDocument"},
                  .accepted = {},
                  .replaces = {"RoleName", "PolicyName"}}),
        iam_(iam) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto role, needed_property(request.properties, "RoleName"));
    TRY(auto name, needed_property(request.properties, "PolicyName"));
    TRY(auto document, document_property(request.properties, "PolicyDocument"));
    TRY(iam_.put_inline(role, name, std::move(document)));
    return ResourceState{.physical_id = fmt::format("{}|{}", name, role), .ref = {}, .attributes = {}};
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override { return make(request); }

  base::Result<> destroy(const ResourceRequest& request) override {
    return unless_gone(iam_.delete_inline(text_property(request.properties, "RoleName"),
                                          text_property(request.properties, "PolicyName")));
  }

 private:
  IamService& iam_;
};

class ManagedPolicyType final : public SyncType {
 public:
  explicit ManagedPolicyType(IamService& iam)
      : SyncType({.name = "AWS::IAM::ManagedPolicy",
                  .works = {"ManagedPolicyName", "PolicyDocument", "Roles", "Path", "Description"},
                  .accepted = {},
                  .replaces = {"ManagedPolicyName", "Path", "Description"}}),
        iam_(iam) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    auto name = text_property(request.properties, "ManagedPolicyName");
    constexpr std::size_t kLongest = 128;
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongest);
    TRY(auto document, document_property(request.properties, "PolicyDocument"));
    auto roles = list_property(request.properties, "Roles");
    for (const auto& role : roles) TRY(iam_.role(role));
    CustomerPolicy policy;
    policy.name = std::move(name);
    policy.path = text_property(request.properties, "Path", "/");
    policy.description = text_property(request.properties, "Description");
    TRY(const auto* made, iam_.create_policy(std::move(policy), std::move(document)));
    for (const auto& role : roles) TRY(iam_.attach(role, made->arn));
    return state(made->arn);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    const auto& arn = request.physical_id;
    TRY(auto document, document_property(request.properties, "PolicyDocument"));
    TRY(auto* policy, iam_.policy(arn));
    // CloudFormation keeps one version: the one in force.
    TRY(iam_.update_policy(arn, std::move(document)));
    std::erase_if(policy->versions, [&](const auto& one) { return one.id != policy->default_version; });
    auto roles = list_property(request.properties, "Roles");
    for (const auto& role : roles) TRY(iam_.attach(role, arn));
    for (const auto& role : list_property(request.old_properties, "Roles")) {
      if (std::find(roles.begin(), roles.end(), role) == roles.end()) TRY(unless_gone(iam_.detach(role, arn)));
    }
    return state(arn);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    for (const auto& role : list_property(request.properties, "Roles")) {
      TRY(unless_gone(iam_.detach(role, request.physical_id)));
    }
    return unless_gone(iam_.delete_policy(request.physical_id));
  }

 private:
  static ResourceState state(const std::string& arn) {
    return {.physical_id = arn, .ref = {}, .attributes = {{"PolicyArn", arn}}};
  }

  IamService& iam_;
};

}  // namespace

ResourceTypes iam_resource_types(IamService& iam) {
  ResourceTypes types;
  types.push_back(std::make_unique<RoleType>(iam));
  types.push_back(std::make_unique<PolicyType>(iam));
  types.push_back(std::make_unique<RolePolicyType>(iam));
  types.push_back(std::make_unique<ManagedPolicyType>(iam));
  return types;
}

}  // namespace localcloud
