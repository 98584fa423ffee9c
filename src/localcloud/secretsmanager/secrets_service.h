// The one implementation of Secrets Manager's API. Internal to secretsmanager/: operations on one secret
// (secretsmanager.cc), the ones that list (secret_lists.cc), policies and tags (secret_policies.cc), CloudFormation's
// types (secret_resources.cc); the rules are in secret_store.h.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "localcloud/iam/condition_context.h"
#include "localcloud/secretsmanager/secret_store.h"
#include "localcloud/secretsmanager/secretsmanager.h"
#include "localcloud/wire.h"

namespace localcloud {

class SecretsService final : public SecretsManager {
 public:
  explicit SecretsService(Cloud& cloud) : cloud_(cloud) {}

  std::vector<std::string> operations() const override;
  awaitable<net::Response> handle(Call call) override;
  base::Result<json::object> secret_value(const Principal& caller, const SecretReference& reference) override;
  ResourceTypes resource_types() override;

  // For CloudFormation's types.
  SecretStore& store();  // as it is now: without what is past its recovery window
  base::WallTime now() const;
  std::string new_arn(std::string_view name) const;  // with six characters at random

 private:
  using Answer = base::Result<json::object>;
  using Operation = Answer (SecretsService::*)(const Call&, const json::object&);
  static const std::map<std::string_view, Operation>& table();

  Answer create_secret(const Call& call, const json::object& input);
  Answer get_secret_value(const Call& call, const json::object& input);
  Answer put_secret_value(const Call& call, const json::object& input);
  Answer update_secret(const Call& call, const json::object& input);
  Answer describe_secret(const Call& call, const json::object& input);
  Answer delete_secret(const Call& call, const json::object& input);
  Answer restore_secret(const Call& call, const json::object& input);
  Answer get_random_password(const Call& call, const json::object& input);

  Answer list_secrets(const Call& call, const json::object& input);
  Answer list_secret_version_ids(const Call& call, const json::object& input);
  Answer batch_get_secret_value(const Call& call, const json::object& input);

  Answer tag_resource(const Call& call, const json::object& input);
  Answer untag_resource(const Call& call, const json::object& input);
  Answer put_resource_policy(const Call& call, const json::object& input);
  Answer get_resource_policy(const Call& call, const json::object& input);
  Answer delete_resource_policy(const Call& call, const json::object& input);

  // The secret that SecretId names, once IAM and the secret's own policy permit the operation.
  base::Result<Secret*> permitted(const Principal& caller, std::string_view operation, const json::object& input);
  // As permitted(), where the secret must not be marked for deletion.
  base::Result<Secret*> live(const Principal& caller, std::string_view operation, const json::object& input);
  base::Result<> permitted_on_all(const Call& call, std::string_view operation) const;

  Cloud& cloud_;
  SecretStore store_;
};

// What the conditions of policies read of a request; `secret` may be null.
ConditionContext secret_context(const json::object& input, const Secret* secret);
// Errors: InvalidParameterException for too many tags.
base::Result<> add_secret_tags(Secret& secret, const json::object& input);
// What DescribeSecret and ListSecrets tell; they name the member of versions and their stages differently.
json::object secret_description(const Secret& secret, std::string_view stages_member);
json::array tag_list(const Secret& secret);
json::array stage_list(const SecretVersion& version);
// Errors: MalformedPolicyDocumentException, PublicPolicyException.
base::Result<json::value> parse_secret_policy(std::string_view text, bool block_public);

ResourceTypes secret_resource_types(SecretsService& secrets);

}  // namespace localcloud
