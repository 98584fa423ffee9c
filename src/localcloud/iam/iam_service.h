// The one implementation of Iam. Internal to iam/: keys and decisions (iam.cc), roles and policies (iam_state.cc), the
// query APIs (iam_api.cc: dispatch; role_api.cc, policy_api.cc, simulate_api.cc, sts_api.cc), what CloudFormation makes
// of it (iam_resources.cc).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "localcloud/iam/decision.h"
#include "localcloud/iam/iam.h"
#include "localcloud/iam/policy.h"
#include "localcloud/wire.h"

namespace localcloud {

using Tags = std::map<std::string, std::string>;

struct Role {
  std::string name;
  std::string path = "/";
  std::string arn;
  std::string id;  // "AROA…"
  std::string description;
  json::value trust;
  std::map<std::string, json::value> inline_policies;
  std::vector<std::string> attached;  // ARNs
  std::string boundary = {};          // ARN of a policy; empty: none
  Tags tags = {};
  int max_session_seconds = 3600;
  base::WallTime created;
};
// Of MaxSessionDuration. Errors: ValidationError 400.
base::Result<> check_session_seconds(int seconds);
// Errors: LimitExceeded 409 when the role's trust policy, inline policies or attached policies are too many.
base::Result<> check_quotas(const Role& role);

struct PolicyVersion {
  std::string id;  // "v1"
  json::value document;
  base::WallTime created;
};

struct CustomerPolicy {
  std::string name;
  std::string path;
  std::string arn;
  std::string id;  // "ANPA…"
  std::string description;
  Tags tags = {};
  std::vector<PolicyVersion> versions = {};  // oldest first; at most five
  std::string default_version = {};
  int made_versions = 0;
  base::WallTime created;

  const PolicyVersion& in_force() const;
};

class IamService final : public Iam {
 public:
  IamService(Cloud& cloud, Credentials root);

  base::Result<> authorize(const Principal& caller, std::string_view action, std::string_view resource,
                           const ConditionContext& context, const json::value* resource_policy) const override;
  const Credentials& root_credentials() const override { return root_; }
  base::Result<std::pair<Principal, Credentials>> find_key(std::string_view access_key_id,
                                                           std::string_view session_token) const override;
  base::Result<Credentials> assume_for_service(std::string_view role_arn, std::string_view service,
                                               std::string_view session_name) override;
  base::Result<Principal> principal_for_service(std::string_view role_arn, std::string_view service,
                                                std::string_view session_name) override;
  ResourceTypes resource_types() override;
  awaitable<net::Response> handle(Call call) override;

  // --- The state, for the API and the resource types. Errors are IAM's own: NoSuchEntity 404, EntityAlreadyExists 409,
  // …

  base::Result<Role*> role(std::string_view name);
  base::Result<Role*> create_role(Role role);  // fills in arn, id and created
  base::Result<> delete_role(std::string_view name);
  base::Result<> put_inline(std::string_view role, std::string_view name, json::value document);
  base::Result<> delete_inline(std::string_view role, std::string_view name);
  base::Result<> attach(std::string_view role, std::string_view policy_arn);
  base::Result<> detach(std::string_view role, std::string_view policy_arn);
  base::Result<> set_boundary(std::string_view role, std::string policy_arn);  // "" removes it
  // Fills in arn, id, created and the first version.
  base::Result<CustomerPolicy*> create_policy(CustomerPolicy policy, json::value document);
  base::Result<CustomerPolicy*> policy(std::string_view arn);
  // A new version that is in force from now on. Errors: LimitExceeded 409 with five of them.
  base::Result<> update_policy(std::string_view arn, json::value document);
  base::Result<> delete_policy(std::string_view arn);
  base::Result<json::value> policy_document(std::string_view arn) const;
  std::vector<const Role*> roles_with(std::string_view policy_arn) const;
  // The policies that decide for a role, less those of a resource.
  AppliedPolicies policies_of(const Role& role) const;

  // Fresh temporary credentials of a role, narrowed by `session_policies` if there are any.
  Credentials issue(const Role& role, std::string_view session_name, std::chrono::seconds duration,
                    std::vector<json::value> session_policies = {});
  std::vector<std::string> operations() const override;

 private:
  struct Session {
    Credentials credentials;
    Principal principal;
    std::vector<json::value> policies;
  };
  using Operation = base::Result<std::string> (IamService::*)(const Call&, const QueryInput&);
  struct Entry {
    Operation act;
    std::set<std::string_view> parameters;  // that work
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  static const Entries& iam_operations();
  static const Entries& sts_operations();

  // Of a role that trusts the service.
  base::Result<const Role*> trusting_role(std::string_view role_arn, std::string_view service) const;
  Principal principal_of(const Role& role, std::string_view session_name) const;

  // role_api.cc
  base::Result<std::string> create_role_operation(const Call& call, const QueryInput& input);
  base::Result<std::string> list_roles(const Call& call, const QueryInput& input);
  base::Result<std::string> role_operation(const Call& call, const QueryInput& input);
  base::Result<std::string> inline_policy_operation(const Call& call, const QueryInput& input);
  base::Result<std::string> attachment_operation(const Call& call, const QueryInput& input);
  // policy_api.cc
  base::Result<std::string> create_policy_operation(const Call& call, const QueryInput& input);
  base::Result<std::string> list_policies(const Call& call, const QueryInput& input);
  base::Result<std::string> policy_operation(const Call& call, const QueryInput& input);
  base::Result<std::string> policy_version_operation(const Call& call, const QueryInput& input);
  void write_policy(XmlWriter& xml, const CustomerPolicy& policy) const;
  // simulate_api.cc
  base::Result<std::string> simulate_custom_policy(const Call& call, const QueryInput& input);
  base::Result<std::string> simulate_principal_policy(const Call& call, const QueryInput& input);
  // sts_api.cc
  base::Result<std::string> get_caller_identity(const Call& call, const QueryInput& input);
  base::Result<std::string> assume_role(const Call& call, const QueryInput& input);
  base::Result<std::vector<json::value>> session_policies(const QueryInput& input) const;

  // The role that the input names, once the caller may do what it asks with it.
  base::Result<Role*> authorized_role(const Call& call, const QueryInput& input);

  Cloud& cloud_;
  Credentials root_;
  std::map<std::string, Role, std::less<>> roles_;
  std::map<std::string, CustomerPolicy, std::less<>> policies_;  // by ARN
  std::map<std::string, Session, std::less<>> sessions_;         // by access key id
};

// --- Helpers of the operations

// Errors: InvalidInput 400 with more than 50.
base::Result<> check_tag_count(const Tags& tags);
// "Tags.member.N.Key" and ".Value". Errors: InvalidInput 400.
base::Result<Tags> parse_iam_tags(const QueryInput& input);
void write_iam_tags(XmlWriter& xml, const Tags& tags);
// A policy's text. Errors: MalformedPolicyDocument 400.
base::Result<json::value> parse_policy_document(const std::string& text);
// IAM's ids and keys: a prefix that tells the kind, then capital letters and digits.
std::string unique_id(std::string_view prefix, std::size_t length = 21);

// The types of iam_resources.cc.
ResourceTypes iam_resource_types(IamService& iam);

}  // namespace localcloud
