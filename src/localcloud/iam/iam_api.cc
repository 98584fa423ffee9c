// The query APIs of IAM and STS: which operation is whose.
#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/iam/iam_service.h"

namespace localcloud {

namespace {

constexpr std::string_view kIamNamespace = "https://iam.amazonaws.com/doc/2010-05-08/";
constexpr std::string_view kStsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";

// Errors: 501 that names a parameter that is not there.
base::Result<> check_parameters(std::string_view service, const QueryInput& input,
                                const std::set<std::string_view>& known) {
  for (const auto& [name, value] : input.fields()) {
    auto head = std::string_view(name).substr(0, name.find('.'));
    bool of_protocol = head == "Action" || head == "Version" || head.starts_with("X-Amz-");
    if (of_protocol || known.contains(head)) continue;
    return base::fail(not_implemented(service, fmt::format("{} with {}", input.action(), head)));
  }
  return {};
}

}  // namespace

const IamService::Entries& IamService::iam_operations() {
  using S = IamService;
  static const Entries kOperations{
      {"CreateRole",
       {&S::create_role_operation,
        {"RoleName", "Path", "AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "PermissionsBoundary",
         "Tags"}}},
      {"ListRoles", {&S::list_roles, {"PathPrefix", "Marker", "MaxItems"}}},
      {"GetRole", {&S::role_operation, {"RoleName"}}},
      {"UpdateRole", {&S::role_operation, {"RoleName", "Description", "MaxSessionDuration"}}},
      {"UpdateAssumeRolePolicy", {&S::role_operation, {"RoleName", "PolicyDocument"}}},
      {"DeleteRole", {&S::role_operation, {"RoleName"}}},
      {"TagRole", {&S::role_operation, {"RoleName", "Tags"}}},
      {"UntagRole", {&S::role_operation, {"RoleName", "TagKeys"}}},
      {"ListRoleTags", {&S::role_operation, {"RoleName", "Marker", "MaxItems"}}},
      {"PutRolePermissionsBoundary", {&S::role_operation, {"RoleName", "PermissionsBoundary"}}},
      {"DeleteRolePermissionsBoundary", {&S::role_operation, {"RoleName"}}},
      {"PutRolePolicy", {&S::inline_policy_operation, {"RoleName", "PolicyName", "PolicyDocument"}}},
      {"GetRolePolicy", {&S::inline_policy_operation, {"RoleName", "PolicyName"}}},
      {"DeleteRolePolicy", {&S::inline_policy_operation, {"RoleName", "PolicyName"}}},
      {"ListRolePolicies", {&S::inline_policy_operation, {"RoleName", "Marker", "MaxItems"}}},
      {"AttachRolePolicy", {&S::attachment_operation, {"RoleName", "PolicyArn"}}},
      {"DetachRolePolicy", {&S::attachment_operation, {"RoleName", "PolicyArn"}}},
      {"ListAttachedRolePolicies", {&S::attachment_operation, {"RoleName", "PathPrefix", "Marker", "MaxItems"}}},
      {"CreatePolicy", {&S::create_policy_operation, {"PolicyName", "Path", "PolicyDocument", "Description", "Tags"}}},
      {"ListPolicies", {&S::list_policies, {"Scope", "OnlyAttached", "PathPrefix", "Marker", "MaxItems"}}},
      {"GetPolicy", {&S::policy_operation, {"PolicyArn"}}},
      {"DeletePolicy", {&S::policy_operation, {"PolicyArn"}}},
      {"ListEntitiesForPolicy",
       {&S::policy_operation, {"PolicyArn", "EntityFilter", "PathPrefix", "Marker", "MaxItems"}}},
      {"CreatePolicyVersion", {&S::policy_version_operation, {"PolicyArn", "PolicyDocument", "SetAsDefault"}}},
      {"GetPolicyVersion", {&S::policy_version_operation, {"PolicyArn", "VersionId"}}},
      {"ListPolicyVersions", {&S::policy_version_operation, {"PolicyArn"}}},
      {"SetDefaultPolicyVersion", {&S::policy_version_operation, {"PolicyArn", "VersionId"}}},
      {"DeletePolicyVersion", {&S::policy_version_operation, {"PolicyArn", "VersionId"}}},
      {"SimulateCustomPolicy",
       {&S::simulate_custom_policy,
        {"PolicyInputList", "PermissionsBoundaryPolicyInputList", "ActionNames", "ResourceArns", "ResourcePolicy",
         "CallerArn", "ContextEntries"}}},
      {"SimulatePrincipalPolicy",
       {&S::simulate_principal_policy,
        {"PolicySourceArn", "PolicyInputList", "PermissionsBoundaryPolicyInputList", "ActionNames", "ResourceArns",
         "ResourcePolicy", "CallerArn", "ContextEntries"}}}};
  return kOperations;
}

const IamService::Entries& IamService::sts_operations() {
  using S = IamService;
  static const Entries kOperations{
      {"GetCallerIdentity", {&S::get_caller_identity, {}}},
      {"AssumeRole",
       {&S::assume_role, {"RoleArn", "RoleSessionName", "PolicyArns", "Policy", "DurationSeconds", "ExternalId"}}}};
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
  auto checked = check_parameters(call.service, input, operation->second.parameters);
  auto result = checked ? (this->*operation->second.act)(call, input) : base::fail(checked.error());
  if (!result) co_return query_failure(call, xmlns, result.error());
  co_return query_answer(call, xmlns, input.action(), *result);
}

base::Result<json::value> parse_policy_document(const std::string& text) {
  auto document = codec::parse_json(text);
  if (!document) return aws_error(400, "MalformedPolicyDocument", "Syntax errors in policy.");
  return document;
}

base::Result<> check_tag_count(const Tags& tags) {
  constexpr std::size_t kMost = 50;
  if (tags.size() <= kMost) return {};
  return aws_error(400, "InvalidInput", "The number of tags has exceeded the maximum of 50 tags.");
}

base::Result<Tags> parse_iam_tags(const QueryInput& input) {
  Tags tags;
  for (const auto& tag : input.structures("Tags")) {
    TRY(auto key, tag.need("Key"));
    tags[key] = tag.get_or("Value", "");
  }
  TRY(check_tag_count(tags));
  return tags;
}

void write_iam_tags(XmlWriter& xml, const Tags& tags) {
  xml.open("Tags");
  for (const auto& [key, value] : tags) xml.open("member").element("Key", key).element("Value", value).close();
  xml.close();
}

}  // namespace localcloud
