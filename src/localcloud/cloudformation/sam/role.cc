#include <fmt/format.h>

#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/function.h"
#include "localcloud/cloudformation/sam/policy_templates.h"
#include "localcloud/cloudformation/sam/resolve.h"
#include "localcloud/iam/managed_policies.h"

namespace localcloud::sam {
namespace {

enum class PolicyKind { managed, statements, from_template, unknown };

base::Result<PolicyKind> kind_of(const json::value& policy) {
  if (policy.is_string()) return PolicyKind::managed;
  if (is_if(policy)) {
    const auto* sides = policy.get_object().at("Fn::If").if_array();
    if (sides == nullptr || sides->size() != 3) return invalid_template("Fn::If requires 3 arguments");
    TRY(const auto first, kind_of((*sides)[1]));
    TRY(const auto second, kind_of((*sides)[2]));
    if (first == second || is_no_value((*sides)[2])) return first;
    if (is_no_value((*sides)[1])) return second;
    return invalid_template(
        "Different policy types within the same Fn::If statement is unsupported. Separate different policy types into "
        "different Fn::If statements");
  }
  if (is_intrinsic(policy)) return PolicyKind::managed;
  const auto* object = policy.if_object();
  if (object == nullptr) return PolicyKind::unknown;
  if (object->contains("Statement")) return PolicyKind::statements;
  if (object->size() == 1 && has_policy_template(object->begin()->key())) return PolicyKind::from_template;
  return PolicyKind::unknown;
}

base::Result<json::value> expanded(std::string_view id, const json::value& policy) {
  const auto& [name, parameters] = *policy.get_object().begin();
  return expand_policy_template(id, name, parameters);
}

// A name that IAM lists, as its ARN; an ARN as it is.
base::Result<json::value> managed_arn(std::string_view id, const json::value& policy) {
  const auto* name = policy.if_string();
  if (name == nullptr || name->starts_with("arn:")) return policy;
  if (auto arn = managed_policy_arn(*name)) return json::value(json::string(*arn));
  return not_here(id, fmt::format("The managed policy {}", std::string_view(*name)));
}

// Both sides of an Fn::If, each that is no NoValue converted.
template <typename Convert>
base::Result<json::value> on_both_sides(json::value choice, Convert convert) {
  auto& sides = choice.get_object().at("Fn::If").get_array();
  for (std::size_t i = 1; i <= 2; ++i) {
    if (is_no_value(sides[i])) continue;
    TRY(sides[i], convert(sides[i]));
  }
  return choice;
}

base::Result<> add_policies(Role& role, const std::string& id, const json::object& properties) {
  const auto* given = find(properties, "Policies");
  if (given == nullptr || !truthy(*given)) return {};
  const auto entries = as_list(*given);
  for (std::size_t index = 0; index < entries.size(); ++index) {
    const auto& entry = entries[index];
    TRY(const auto kind, kind_of(entry));
    const auto named = [&](const json::value& document) -> base::Result<json::value> {
      json::object policy;
      policy["PolicyName"] = fmt::format("{}Policy{}", role.id, index);
      policy["PolicyDocument"] = document;
      return json::value(std::move(policy));
    };
    const auto arn_of = [&id](const json::value& policy) { return managed_arn(id, policy); };
    if (kind == PolicyKind::statements) {
      TRY(auto policy, is_if(entry) ? on_both_sides(entry, named) : named(entry));
      role.policies.push_back(std::move(policy));
    } else if (kind == PolicyKind::managed) {
      TRY(auto arn, is_if(entry) ? on_both_sides(entry, arn_of) : arn_of(entry));
      if (!contains(role.managed, arn)) role.managed.push_back(std::move(arn));
    } else {
      return invalid_resource(id, fmt::format("Policy at index {} in the 'Policies' property is not valid", index));
    }
  }
  return {};
}

json::object policy_of(std::string name, json::array statements) {
  json::object document;
  document["Statement"] = std::move(statements);
  json::object policy;
  policy["PolicyName"] = std::move(name);
  policy["PolicyDocument"] = std::move(document);
  return policy;
}

json::object allowed(std::string_view action, json::value resource) {
  json::object statement;
  statement["Action"] = action;
  statement["Effect"] = "Allow";
  statement["Resource"] = std::move(resource);
  return statement;
}

json::object dead_letter_policy(const json::object& queue) {
  json::array statements;
  statements.emplace_back(
      allowed(string_at(queue, "Type") == "SNS" ? "sns:Publish" : "sqs:SendMessage", queue.at("TargetArn")));
  auto policy = policy_of("DeadLetterQueuePolicy", std::move(statements));
  object_in(policy, "PolicyDocument")["Version"] = "2012-10-17";
  return policy;
}

}  // namespace

json::object service_trust(std::string_view service) {
  json::object principal;
  principal["Service"] = json::array({json::value(service)});
  json::object statement;
  statement["Action"] = json::array({json::value("sts:AssumeRole")});
  statement["Effect"] = "Allow";
  statement["Principal"] = std::move(principal);
  json::object document;
  document["Version"] = "2012-10-17";
  document["Statement"].emplace_array().emplace_back(std::move(statement));
  return document;
}

json::object named_policy(std::string name, std::string_view action, json::value resource) {
  json::array statements;
  statements.emplace_back(allowed(action, std::move(resource)));
  return policy_of(std::move(name), std::move(statements));
}

json::object destination_policy(std::string_view type, const std::string& id, const json::value& destination) {
  if (type == "SQS") return named_policy(id + "SQSPolicy", "sqs:SendMessage", destination);
  if (type == "SNS") return named_policy(id + "SNSPolicy", "sns:publish", destination);
  if (type == "EventBridge") return named_policy(id + "EventBridgePolicy", "events:PutEvents", destination);
  if (type == "Lambda") return named_policy(id + "LambdaPolicy", "lambda:InvokeFunction", destination);
  json::array parts;
  parts.push_back(destination);
  parts.emplace_back("*");
  json::object objects;
  objects["Fn::Join"].emplace_array().emplace_back("/");
  objects["Fn::Join"].get_array().emplace_back(std::move(parts));
  json::array statements;
  statements.emplace_back(allowed("s3:PutObject", std::move(objects)));
  statements.emplace_back(allowed("s3:ListBucket", destination));
  return policy_of(id + "S3Policy", std::move(statements));
}

base::Result<json::value> expanded_policies(std::string_view id, const json::value* policies) {
  if (policies == nullptr || !truthy(*policies)) return json::value();
  json::array result;
  for (const auto& policy : as_list(*policies)) {
    TRY(const auto kind, kind_of(policy));
    if (kind != PolicyKind::from_template) {
      result.push_back(policy);
      continue;
    }
    const auto expand = [&id](const json::value& one) { return expanded(id, one); };
    TRY(auto document, is_if(policy) ? on_both_sides(policy, expand) : expand(policy));
    result.push_back(std::move(document));
  }
  return json::value(std::move(result));
}

base::Result<Role> make_role(const Context& context, const std::string& id, const json::object& properties,
                             const json::object& passed_on, const json::array& destination_policies) {
  Role role{.id = id + "Role", .managed = {}, .policies = {}, .attributes = passed_on, .properties = {}};
  role.managed.emplace_back(truthy_at(properties, "DurableConfig")
                                ? "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicDurableExecutionRolePolicy"
                                : "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole");
  if (truthy_at(properties, "Tracing")) {
    TRY(const auto tracing, with_parameters(properties.at("Tracing"), context.parameters));
    if (!is_text(tracing, "Disabled")) role.managed.emplace_back("arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess");
  }
  if (truthy_at(properties, "VpcConfig")) {
    role.managed.emplace_back("arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole");
  }
  if (truthy_at(properties, "DeadLetterQueue")) {
    role.policies.emplace_back(dead_letter_policy(properties.at("DeadLetterQueue").get_object()));
  }
  for (const auto& policy : destination_policies) role.policies.push_back(policy);
  TRY(add_policies(role, id, properties));
  const auto* trust = find(properties, "AssumeRolePolicyDocument");
  role.properties["AssumeRolePolicyDocument"] =
      trust != nullptr ? *trust : json::value(service_trust("lambda.amazonaws.com"));
  set_if(role.properties, "Path", find(properties, "RolePath"));
  set_if(role.properties, "PermissionsBoundary", find(properties, "PermissionsBoundary"));
  TRY(role.properties["Tags"], function_tags(id, properties));
  return role;
}

Made as_resource(Role role) {
  Made made{.id = std::move(role.id),
            .type = "AWS::IAM::Role",
            .properties = std::move(role.properties),
            .attributes = std::move(role.attributes)};
  made.properties["ManagedPolicyArns"] = std::move(role.managed);
  if (!role.policies.empty()) made.properties["Policies"] = std::move(role.policies);
  return made;
}

}  // namespace localcloud::sam
