// SAM's short forms of a REST API's resource policy, and its definition as OpenAPI 3.

#include <fmt/format.h>

#include "localcloud/cloudformation/sam/definition.h"
#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/rest_definition.h"
#include "localcloud/cloudformation/sam/values.h"
#include "localcloud/http_text.h"

namespace localcloud::sam {
namespace {

constexpr std::string_view kPolicy = "x-amazon-apigateway-policy";

base::Result<json::array> resources_of(json::object& body, std::string_view path, const json::value& stage) {
  json::array resources;
  TRY(const auto items, path_alternatives(body, path));
  for (const auto* item : items) {
    for (const auto& [method, _] : *item) {
      const bool any = lower_case(method) == kAnyMethod || lower_case(method) == "any";
      json::object variables;
      variables["__Stage__"] = stage;
      resources.emplace_back(sub(
          fmt::format("execute-api:/${{__Stage__}}/{}{}", any ? "*" : upper(method), without_parameters(path, true)),
          variables));
    }
  }
  return resources;
}

json::object statement_on(std::string_view effect, const json::array& resources, json::value principal) {
  json::object statement;
  statement["Effect"] = effect;
  statement["Action"] = "execute-api:Invoke";
  statement["Resource"] = resources;
  statement["Principal"] = std::move(principal);
  return statement;
}

// Statements that are there already are not repeated, unless `repeat`.
void add_statements(json::object& policy, const json::array& statements, bool repeat = false) {
  policy["Version"] = "2012-10-17";
  auto all = find(policy, "Statement") != nullptr ? as_list(policy.at("Statement")) : json::array{};
  for (const auto& statement : statements) {
    if (repeat || !contains(all, statement)) all.push_back(statement);
  }
  policy["Statement"] = std::move(all);
}

base::Result<> add_accounts(json::object& policy, const json::value* accounts, std::string_view effect,
                            const json::array& resources) {
  if (accounts == nullptr || !truthy(*accounts)) return {};
  if (!accounts->is_array() && !accounts->is_object()) {
    return invalid_document(fmt::format("Type of '{}' must be a list or dictionary", text_of(*accounts)));
  }
  json::object principal;
  principal["AWS"] = as_list(*accounts);
  auto statement = statement_on(effect, resources, std::move(principal));
  if (find(policy, "Statement") == nullptr) {
    policy["Version"] = "2012-10-17";
    policy["Statement"] = std::move(statement);
    return {};
  }
  json::array one;
  one.emplace_back(std::move(statement));
  add_statements(policy, one, true);
  return {};
}

// Everyone may call, but not when `condition`.
void add_denial(json::object& policy, std::string_view operator_name, json::object condition,
                const json::array& resources) {
  json::object conditions;
  conditions[operator_name] = std::move(condition);
  auto denial = statement_on("Deny", resources, "*");
  denial["Condition"] = std::move(conditions);
  json::array statements;
  statements.emplace_back(statement_on("Allow", resources, "*"));
  statements.emplace_back(std::move(denial));
  add_statements(policy, statements);
}

void add_addresses(json::object& policy, const json::value* ranges, std::string_view operator_name,
                   const json::array& resources) {
  if (ranges == nullptr || !truthy(*ranges)) return;
  json::object condition;
  condition["aws:SourceIp"] = as_list(*ranges);
  add_denial(policy, operator_name, std::move(condition), resources);
}

// `list`: "Whitelist" or "Blacklist".
base::Result<> add_endpoints(json::object& policy, const json::object& given, std::string_view list,
                             std::string_view operator_name, const json::array& resources) {
  json::array vpcs;
  json::array endpoints;
  if (const auto* sources = find(given, fmt::format("SourceVpc{}", list))) {
    for (const auto& source : as_list(*sources)) {
      if (!source.is_string()) {
        return invalid_document(
            fmt::format("SourceVpc{} must be a list of strings. Use IntrinsicVpc{} instead for "
                        "values that use Intrinsic Functions",
                        list, list));
      }
      const std::string_view name = source.get_string();
      if (name.starts_with("vpce-")) endpoints.push_back(source);
      if (name.starts_with("vpc-")) vpcs.push_back(source);
    }
  }
  const auto add_all = [&given, &list](std::string_view name, json::array& to) {
    const auto* values = find(given, fmt::format("{}{}", name, list));
    if (values == nullptr) return;
    for (const auto& value : as_list(*values)) to.push_back(value);
  };
  add_all("IntrinsicVpc", vpcs);
  add_all("IntrinsicVpce", endpoints);
  if (vpcs.empty() && endpoints.empty()) return {};
  json::object condition;
  if (!vpcs.empty()) condition["aws:SourceVpc"] = std::move(vpcs);
  if (!endpoints.empty()) condition["aws:SourceVpce"] = std::move(endpoints);
  add_denial(policy, operator_name, std::move(condition), resources);
  return {};
}

void add_header_schemas(json::object& options) {
  options.erase("produces");
  options.erase("consumes");
  auto* responses = find_object(options, "responses");
  auto* ok = responses == nullptr ? nullptr : find_object(*responses, "200");
  auto* headers = ok == nullptr ? nullptr : find_object(*ok, "headers");
  if (headers == nullptr) return;
  for (auto& header : *headers) {
    json::object with_schema;
    with_schema["schema"] = header.value();
    header.value() = std::move(with_schema);
  }
}

}  // namespace

base::Result<> add_resource_policy(json::object& body, const json::object& given, std::string_view path,
                                   const json::value& stage) {
  TRY(const auto resources, resources_of(body, path, stage));
  auto policy = object_at(body, kPolicy);
  TRY(add_accounts(policy, find(given, "AwsAccountWhitelist"), "Allow", resources));
  TRY(add_accounts(policy, find(given, "AwsAccountBlacklist"), "Deny", resources));
  add_addresses(policy, find(given, "IpRangeWhitelist"), "NotIpAddress", resources);
  add_addresses(policy, find(given, "IpRangeBlacklist"), "IpAddress", resources);
  TRY(add_endpoints(policy, given, "Blacklist", "StringEquals", resources));
  TRY(add_endpoints(policy, given, "Whitelist", "StringNotEquals", resources));
  body[kPolicy] = std::move(policy);
  return {};
}

void add_custom_statements(json::object& body, const json::value& statements) {
  auto policy = object_at(body, kPolicy);
  policy["Version"] = "2012-10-17";
  if (find(policy, "Statement") == nullptr)
    policy["Statement"] = statements;
  else
    add_statements(policy, as_list(statements));
  body[kPolicy] = std::move(policy);
}

base::Result<> as_openapi(json::object& body, const json::value* asked) {
  if (find(body, "swagger") != nullptr) return {};
  const auto* version = asked != nullptr ? asked : find(body, "openapi");
  if (version == nullptr || !is_openapi_3(*version)) return {};
  const auto move_to_components = [&body](std::string_view from, std::string_view to) {
    if (!truthy_at(body, from)) return;
    json::value moved = std::move(body[from]);
    body.erase(from);
    object_in(body, "components")[to] = std::move(moved);
  };
  move_to_components("securityDefinitions", "securitySchemes");
  move_to_components("definitions", "schemas");
  auto* paths = find_object(body, "paths");
  if (paths == nullptr) return {};
  for (auto& [path, item] : *paths) {
    auto* path_item = item.if_object();
    if (path_item == nullptr) {
      return invalid_document(
          fmt::format("Value of '{}' path must be a dictionary according to Swagger spec.", std::string_view(path)));
    }
    if (auto* options = find_object(*path_item, "options")) add_header_schemas(*options);
  }
  return {};
}

}  // namespace localcloud::sam
