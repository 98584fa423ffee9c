// The query APIs of IAM and STS: which operation is whose.
#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/iam/iam_service.h"

namespace localcloud {

namespace {

constexpr std::string_view kIamNamespace = "https://iam.amazonaws.com/doc/2010-05-08/";
constexpr std::string_view kStsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";

}  // namespace

const std::map<std::string, IamService::Operation, std::less<>>& IamService::iam_operations() {
  static const std::map<std::string, Operation, std::less<>> kOperations{
      {"CreateRole", &IamService::create_role_operation},
      {"ListRoles", &IamService::list_roles},
      {"GetRole", &IamService::role_operation},
      {"UpdateRole", &IamService::role_operation},
      {"UpdateAssumeRolePolicy", &IamService::role_operation},
      {"DeleteRole", &IamService::role_operation},
      {"TagRole", &IamService::role_operation},
      {"UntagRole", &IamService::role_operation},
      {"ListRoleTags", &IamService::role_operation},
      {"PutRolePermissionsBoundary", &IamService::role_operation},
      {"DeleteRolePermissionsBoundary", &IamService::role_operation},
      {"PutRolePolicy", &IamService::inline_policy_operation},
      {"GetRolePolicy", &IamService::inline_policy_operation},
      {"DeleteRolePolicy", &IamService::inline_policy_operation},
      {"ListRolePolicies", &IamService::inline_policy_operation},
      {"AttachRolePolicy", &IamService::attachment_operation},
      {"DetachRolePolicy", &IamService::attachment_operation},
      {"ListAttachedRolePolicies", &IamService::attachment_operation},
      {"CreatePolicy", &IamService::create_policy_operation},
      {"ListPolicies", &IamService::list_policies},
      {"GetPolicy", &IamService::policy_operation},
      {"DeletePolicy", &IamService::policy_operation},
      {"ListEntitiesForPolicy", &IamService::policy_operation},
      {"CreatePolicyVersion", &IamService::policy_version_operation},
      {"GetPolicyVersion", &IamService::policy_version_operation},
      {"ListPolicyVersions", &IamService::policy_version_operation},
      {"SetDefaultPolicyVersion", &IamService::policy_version_operation},
      {"DeletePolicyVersion", &IamService::policy_version_operation},
      {"SimulateCustomPolicy", &IamService::simulate_custom_policy},
      {"SimulatePrincipalPolicy", &IamService::simulate_principal_policy}};
  return kOperations;
}

const std::map<std::string, IamService::Operation, std::less<>>& IamService::sts_operations() {
  static const std::map<std::string, Operation, std::less<>> kOperations{
      {"GetCallerIdentity", &IamService::get_caller_identity}, {"AssumeRole", &IamService::assume_role}};
  return kOperations;
}

std::vector<std::string> IamService::operations() const {
  std::vector<std::string> names;
  for (const auto& [name, operation] : iam_operations()) names.push_back("iam:" + name);
  for (const auto& [name, operation] : sts_operations()) names.push_back("sts:" + name);
  return names;
}

awaitable<net::Response> IamService::handle(Call call) {
  QueryInput input(call.request);
  bool sts = call.service == "sts";
  auto xmlns = sts ? kStsNamespace : kIamNamespace;
  const auto& operations = sts ? sts_operations() : iam_operations();
  auto operation = operations.find(input.action());
  if (operation == operations.end()) {
    co_return query_failure(call, xmlns, not_implemented(call.service, input.action()));
  }
  auto result = (this->*operation->second)(call, input);
  if (!result) co_return query_failure(call, xmlns, result.error());
  co_return query_answer(call, xmlns, input.action(), *result);
}

base::Result<json::value> parse_policy_document(const std::string& text) {
  auto document = codec::parse_json(text);
  if (!document) return aws_error(400, "MalformedPolicyDocument", "Syntax errors in policy.");
  return document;
}

base::Result<Tags> parse_iam_tags(const QueryInput& input) {
  Tags tags;
  for (const auto& tag : input.structures("Tags")) {
    TRY(auto key, tag.need("Key"));
    tags[key] = tag.get_or("Value", "");
  }
  constexpr std::size_t kMost = 50;
  if (tags.size() > kMost) {
    return aws_error(400, "InvalidInput", "The number of tags has exceeded the maximum of 50 tags.");
  }
  return tags;
}

void write_iam_tags(XmlWriter& xml, const Tags& tags) {
  xml.open("Tags");
  for (const auto& [key, value] : tags) xml.open("member").element("Key", key).element("Value", value).close();
  xml.close();
}

}  // namespace localcloud
