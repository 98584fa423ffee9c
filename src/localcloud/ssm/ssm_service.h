// The one implementation of the parameter store's API. Internal to ssm/: operations (ssm.cc), the ones that list
// (ssm_lists.cc), secrets as parameters (ssm_secrets.cc), CloudFormation's type (ssm_resources.cc); the rules are in
// parameter_store.h.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "localcloud/ssm/parameter_store.h"
#include "localcloud/ssm/ssm.h"
#include "localcloud/wire.h"

namespace localcloud {

class SsmService final : public Ssm {
 public:
  SsmService(Cloud& cloud, SecretsManager& secrets) : cloud_(cloud), secrets_(secrets) {}

  std::vector<std::string> operations() const override;
  awaitable<net::Response> handle(Call call) override;
  std::optional<StoredParameter> parameter(std::string_view name) const override;
  base::Result<std::string> secret_text(const Principal& caller, const SecretReference& reference) const override;
  ResourceTypes resource_types() override;

  // For CloudFormation's type.
  ParameterStore& store() { return store_; }
  base::WallTime now() const;

 private:
  using Answer = base::Result<json::object>;
  using Operation = Answer (SsmService::*)(const Call&, const json::object&);
  static const std::map<std::string_view, Operation>& table();

  Answer put_parameter(const Call& call, const json::object& input);
  Answer get_parameter(const Call& call, const json::object& input);
  Answer get_parameters(const Call& call, const json::object& input);
  Answer get_parameters_by_path(const Call& call, const json::object& input);
  Answer get_parameter_history(const Call& call, const json::object& input);
  Answer describe_parameters(const Call& call, const json::object& input);
  Answer delete_parameter(const Call& call, const json::object& input);
  Answer delete_parameters(const Call& call, const json::object& input);
  Answer label_parameter_version(const Call& call, const json::object& input);
  Answer unlabel_parameter_version(const Call& call, const json::object& input);
  Answer add_tags(const Call& call, const json::object& input);
  Answer remove_tags(const Call& call, const json::object& input);
  Answer list_tags(const Call& call, const json::object& input);

  std::optional<StoredParameter> secret_as_parameter(std::string_view selector) const;
  std::string arn_of(std::string_view name) const;
  base::Result<> authorize(const Call& call, std::string_view operation, std::string_view name) const;
  base::Result<Parameter*> tagged(const Call& call, std::string_view operation, const json::object& input);
  // The secret that a parameter's name stands for, as a parameter.
  Answer secret_parameter(const Principal& caller, std::string_view selector, bool decrypt) const;
  json::object parameter_answer(const Selected& selected, bool decrypt) const;
  json::object metadata(const Parameter& parameter, const ParameterVersion& version) const;

  Cloud& cloud_;
  SecretsManager& secrets_;
  ParameterStore store_;
};

// Is it a parameter that stands for a secret?
bool is_secret_parameter(std::string_view name);
// Parameters under /aws/service/ are AWS's own and are not here. Errors: 501 that names the parameter.
base::Result<> refuse_public(std::string_view operation, std::string_view name);

ResourceTypes ssm_resource_types(SsmService& ssm);

}  // namespace localcloud
