#include "app/rewrite_roles.h"

#include <fmt/format.h>

namespace app {
namespace {

namespace json = codec::json;

json::object statement(std::string_view sid, std::string_view action, json::value resource) {
  return {{"Sid", sid}, {"Effect", "Allow"}, {"Action", action}, {"Resource", std::move(resource)}};
}

}  // namespace

void BridgeGrants::grant(const Function& function, const json::value& had) {
  if (!function.outside_role.empty()) {
    draft_.need_bridge_role(function.outside_role);
    draft_.note(function, fmt::format("has a role of another place ({}), which stays as it is: its stub assumes the "
                                      "debug stack's bridge role, and this for the bridge alone",
                                      function.outside_role));
    return;
  }
  if (function.roles.empty()) {
    auto& properties = draft_.properties(function.logical_id);
    const auto* policies = properties.if_contains("Policies");
    if (policies != nullptr && *policies == reference("AWS::NoValue")) policies = nullptr;
    properties["Policies"] = with_element(policies, policy());
    note_boundary(function, codec::find(had, "PermissionsBoundary"));
    return;
  }
  auto& resource = draft_.resource(function.logical_id);
  for (const std::string& role : function.roles) {
    resource["DependsOn"] = with_element(resource.if_contains("DependsOn"), json::string(role_policy(role)));
    note_boundary(function, codec::find(draft_.source(), "Resources", role, "Properties", "PermissionsBoundary"));
  }
}

void BridgeGrants::note_boundary(const Function& function, const json::value* boundary) {
  if (boundary == nullptr || boundary->is_null()) return;
  draft_.note(function,
              "has a permissions boundary, which must allow dynamodb:GetItem, execute-api:Invoke and "
              "execute-api:ManageConnections on the debug stack");
}

// One for each role. It is there exactly where its role is.
std::string BridgeGrants::role_policy(const std::string& role) {
  auto& id = role_policies_[role];
  if (!id.empty()) return id;
  const auto* condition = codec::find(draft_.source(), "Resources", role, "Condition");
  json::object resource{{"Type", "AWS::IAM::RolePolicy"}};
  if (condition != nullptr) resource["Condition"] = *condition;
  resource["Properties"] =
      json::object{{"PolicyName", "livelambda"}, {"RoleName", reference(role)}, {"PolicyDocument", policy()}};
  id = draft_.add_resource("LiveLambda" + role, std::move(resource));
  return id;
}

json::object BridgeGrants::policy() {
  draft_.parameter(kApiArnParameter);
  auto table = draft_.parameter(kTableArnParameter);
  auto api = [](std::string_view path) -> json::value {
    return json::object{{"Fn::Sub", fmt::format("${{{}}}/{}", kApiArnParameter, path)}};
  };
  json::array statements;
  statements.push_back(statement("LiveLambdaTable", "dynamodb:GetItem", std::move(table)));
  statements.push_back(statement("LiveLambdaInvoke", "execute-api:Invoke", api("*")));
  statements.push_back(statement("LiveLambdaPost", "execute-api:ManageConnections", api("POST/@connections/*")));
  return {{"Version", "2012-10-17"}, {"Statement", std::move(statements)}};
}

}  // namespace app
