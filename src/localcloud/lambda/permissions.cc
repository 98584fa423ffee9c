#include "localcloud/lambda/permissions.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/lambda/input.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxPolicy = 20 * 1024;  // LDG gettingstarted-limits.md

base::Result<json::value> principal_of(const std::string& principal) {
  if (principal == "*") return json::value("*");
  bool account = principal.size() == 12 &&
                 std::all_of(principal.begin(), principal.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (account) return json::value{{"AWS", fmt::format("arn:aws:iam::{}:root", principal)}};
  if (principal.starts_with("arn:")) return json::value{{"AWS", principal}};
  if (principal.find('.') != std::string::npos) return json::value{{"Service", principal}};
  return invalid_parameter("The provided principal was invalid. Please check the principal and try again.");
}

void put_condition(json::object& conditions, std::string_view op, std::string_view key, std::string value) {
  if (value.empty()) return;
  auto& one = conditions[op];
  if (!one.is_object()) one = json::object();
  one.get_object()[key] = std::move(value);
}

}  // namespace

base::Result<json::object> make_statement(const json::object& input, std::string_view id,
                                          std::string_view resource_arn) {
  std::string action = text_property(input, "Action");
  if (!action.starts_with("lambda:") && action != "*") {
    return constraint(action, "action", "satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])");
  }
  std::string auth_type = text_property(input, "FunctionUrlAuthType");
  if (!auth_type.empty() && auth_type != "NONE" && auth_type != "AWS_IAM") {
    return constraint(auth_type, "functionUrlAuthType", "satisfy enum value set: [NONE, AWS_IAM]");
  }
  if (!auth_type.empty() && action != "lambda:InvokeFunctionUrl") {
    return invalid_parameter("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action");
  }
  json::object statement;
  statement["Sid"] = id;
  statement["Effect"] = "Allow";
  TRY(statement["Principal"], principal_of(text_property(input, "Principal")));
  statement["Action"] = action;
  statement["Resource"] = resource_arn;
  json::object conditions;
  put_condition(conditions, "ArnLike", "AWS:SourceArn", text_property(input, "SourceArn"));
  put_condition(conditions, "StringEquals", "AWS:SourceAccount", text_property(input, "SourceAccount"));
  put_condition(conditions, "StringEquals", "aws:PrincipalOrgID", text_property(input, "PrincipalOrgID"));
  put_condition(conditions, "StringEquals", "lambda:EventSourceToken", text_property(input, "EventSourceToken"));
  put_condition(conditions, "StringEquals", "lambda:FunctionUrlAuthType", auth_type);
  put_condition(conditions, "Bool", "lambda:InvokedViaFunctionUrl", text_property(input, "InvokedViaFunctionUrl"));
  if (!conditions.empty()) statement["Condition"] = std::move(conditions);
  return statement;
}

bool erase_statement(json::array& statements, std::string_view id) {
  std::size_t before = statements.size();
  for (auto at = statements.begin(); at != statements.end();) {
    at = codec::find_string(*at, "Sid") == id ? statements.erase(at) : at + 1;
  }
  return statements.size() != before;
}

base::Result<> add_statement(LambdaFunction& function, std::string_view qualifier, json::object statement) {
  auto& policy = function.policies[std::string(qualifier)];
  std::string id = text_property(statement, "Sid");
  for (const auto& known : policy.statements) {
    if (codec::find_string(known, "Sid") == id) {
      return aws_error(409, "ResourceConflictException",
                       fmt::format("The statement id ({}) provided already exists. Please provide a new statement id, "
                                   "or remove the existing statement.",
                                   id));
    }
  }
  if (codec::to_text(policy.statements).size() + codec::to_text(statement).size() > kMaxPolicy) {
    return aws_error(400, "PolicyLengthExceededException", "The final policy size is bigger than the limit (20480).");
  }
  policy.statements.emplace_back(std::move(statement));
  policy.revision = base::random_uuid();
  return {};
}

base::Result<> remove_statement(LambdaFunction& function, std::string_view qualifier, std::string_view id) {
  auto policy = function.policies.find(qualifier);
  if (policy == function.policies.end() || !erase_statement(policy->second.statements, id)) {
    return aws_error(404, "ResourceNotFoundException",
                     fmt::format("Statement {} is not found in resource policy.", id));
  }
  policy->second.revision = base::random_uuid();
  if (policy->second.statements.empty()) function.policies.erase(policy);
  return {};
}

}  // namespace localcloud
