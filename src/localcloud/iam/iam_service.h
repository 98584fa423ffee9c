// The one implementation of Iam. Internal to iam/: state and decisions (iam.cc), the query API (iam_api.cc), what
// CloudFormation makes of it (iam_resources.cc).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "localcloud/iam/iam.h"
#include "localcloud/iam/policy.h"
#include "localcloud/wire.h"

namespace localcloud {

struct Role {
  std::string name;
  std::string path = "/";
  std::string arn;
  std::string id;  // "AROA…"
  std::string description;
  json::value trust;
  std::map<std::string, json::value> inline_policies;
  std::vector<std::string> attached;  // ARNs
  int max_session_seconds = 3600;
  base::WallTime created;
};

struct CustomerPolicy {
  std::string name;
  std::string arn;
  json::value document;
};

class IamService final : public Iam {
 public:
  explicit IamService(Cloud& cloud);

  base::Result<> authorize(const Principal& caller, std::string_view action, std::string_view resource,
                           const ConditionContext& context, const json::value* resource_policy) const override;
  const Credentials& root_credentials() const override { return root_; }
  base::Result<std::pair<Principal, Credentials>> find_key(std::string_view access_key_id,
                                                           std::string_view session_token) const override;
  base::Result<Credentials> assume_for_service(std::string_view role_arn, std::string_view service,
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
  base::Result<std::string> create_policy(std::string name, std::string_view path, json::value document);  // its ARN
  base::Result<> update_policy(std::string_view arn, json::value document);
  base::Result<> delete_policy(std::string_view arn);
  base::Result<json::value> policy_document(std::string_view arn) const;

  // Fresh temporary credentials of a role.
  Credentials issue(const Role& role, std::string_view session_name, std::chrono::seconds duration);

 private:
  struct Session {
    Credentials credentials;
    Principal principal;
  };

  Decision identity_decision(const Role& role, const PolicyQuestion& question) const;
  base::Result<std::string> act(const Call& call, const QueryInput& input);
  base::Result<std::string> role_action(const Call& call, const QueryInput& input);
  base::Result<std::string> policy_action(const Call& call, const QueryInput& input, std::string_view role_arn);
  base::Result<std::string> assume_role(const Call& call, const QueryInput& input);

  Cloud& cloud_;
  Credentials root_;
  std::map<std::string, Role, std::less<>> roles_;
  std::map<std::string, CustomerPolicy, std::less<>> policies_;  // by ARN
  std::map<std::string, Session, std::less<>> sessions_;         // by access key id
};

// The types of iam_resources.cc.
ResourceTypes iam_resource_types(IamService& iam);

}  // namespace localcloud
