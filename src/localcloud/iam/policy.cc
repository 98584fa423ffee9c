#include "localcloud/iam/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>

#include "codec/json.h"
#include "localcloud/iam/condition.h"
#include "localcloud/iam/pattern.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

// A string, or an array of strings, as a list.
std::vector<std::string> strings(const json::value& value) {
  std::vector<std::string> list;
  if (value.is_string()) list.emplace_back(value.get_string());
  if (const auto* array = value.if_array()) {
    for (const auto& one : *array) {
      if (one.is_string()) list.emplace_back(one.get_string());
    }
  }
  return list;
}

std::vector<const json::object*> statements(const json::value& document) {
  std::vector<const json::object*> list;
  const auto* statement = codec::find(document, "Statement");
  if (statement == nullptr) return list;
  if (const auto* one = statement->if_object()) list.push_back(one);
  if (const auto* array = statement->if_array()) {
    for (const auto& each : *array) {
      if (const auto* object = each.if_object()) list.push_back(object);
    }
  }
  return list;
}

bool any_pattern(const json::value& patterns, std::string_view text, const ConditionContext* variables,
                 bool ignore_case) {
  for (const auto& pattern : strings(patterns)) {
    auto compiled = compile_pattern(pattern, variables);
    if (compiled && compiled->matches(text, ignore_case)) return true;
  }
  return false;
}

// `name` or `Not<name>` of a statement against the question's text. A statement with neither matches by `absent`.
bool element_matches(const json::object& statement, std::string_view name, std::string_view text,
                     const ConditionContext* variables, bool ignore_case, bool absent) {
  if (const auto* positive = statement.if_contains(name)) return any_pattern(*positive, text, variables, ignore_case);
  if (const auto* negative = statement.if_contains(fmt::format("Not{}", name))) {
    return !any_pattern(*negative, text, variables, ignore_case);
  }
  return absent;
}

bool names_caller(const json::value& principal, const PolicyQuestion& question) {
  if (principal.is_string()) return principal.get_string() == "*";
  const auto* kinds = principal.if_object();
  if (kinds == nullptr) return false;
  // {"AWS": "*"} is the same as "*": everyone, services too.
  const auto* accounts = kinds->if_contains("AWS");
  if (accounts != nullptr && question.principal_kind != "AWS") {
    auto names = strings(*accounts);
    if (std::find(names.begin(), names.end(), "*") != names.end()) return true;
  }
  const auto* named = kinds->if_contains(question.principal_kind);
  if (named == nullptr) return false;
  for (const auto& name : strings(*named)) {
    if (name == "*") return true;
    if (std::find(question.principals.begin(), question.principals.end(), name) != question.principals.end()) {
      return true;
    }
  }
  return false;
}

bool principal_matches(const json::object& statement, const PolicyQuestion& question) {
  if (const auto* principal = statement.if_contains("Principal")) return names_caller(*principal, question);
  if (const auto* principal = statement.if_contains("NotPrincipal")) return !names_caller(*principal, question);
  return false;
}

bool applies(const json::object& statement, const PolicyQuestion& question, bool has_principal) {
  if (has_principal && !principal_matches(statement, question)) return false;
  if (!element_matches(statement, "Action", question.action, nullptr, true, false)) return false;
  // A trust policy has no Resource: it is about the role it belongs to.
  if (!element_matches(statement, "Resource", question.resource, &question.context, false, has_principal)) return false;
  const auto* condition = statement.if_contains("Condition");
  return condition == nullptr || condition_holds(*condition, question.context);
}

base::Result<> malformed(std::string message) {
  return aws_error(400, "MalformedPolicyDocument", std::move(message));
}

base::Result<> check_strings(const json::object& statement, std::string_view name) {
  const auto* value = statement.if_contains(name);
  if (value == nullptr) return {};
  std::size_t expected = value->is_array() ? value->get_array().size() : 1;
  auto list = strings(*value);
  if (list.size() != expected || list.empty()) {
    return malformed(fmt::format("Syntax error in policy: {} must be a string or a list of strings", name));
  }
  if (name == "Action" || name == "NotAction") {
    for (const auto& action : list) {
      if (action != "*" && action.find(':') == std::string::npos) {
        return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
      }
    }
  }
  if (name == "Resource" || name == "NotResource") {
    for (const auto& resource : list) {
      if (!resource.starts_with("arn:") && resource != "*" && !resource.starts_with("*")) {
        return malformed(fmt::format("Resource {} must be in ARN format or \"*\".", resource));
      }
    }
  }
  return {};
}

base::Result<> check_statement(const json::object& statement, bool has_principal) {
  static const std::set<std::string_view> kKnown{"Sid",         "Effect",    "Action",       "NotAction", "Resource",
                                                 "NotResource", "Principal", "NotPrincipal", "Condition"};
  for (const auto& [key, value] : statement) {
    if (!kKnown.contains(key))
      return malformed(fmt::format("Syntax error in policy: unknown element {}", std::string_view(key)));
  }
  auto effect = codec::find_string(json::value(statement), "Effect");
  if (effect != "Allow" && effect != "Deny") return malformed("Syntax errors in policy.");
  if (statement.contains("Action") == statement.contains("NotAction")) {
    return malformed("Policy statement must contain actions.");
  }
  bool principal = statement.contains("Principal") || statement.contains("NotPrincipal");
  if (principal && !has_principal) return malformed("Policy document should not specify a principal.");
  if (!principal && has_principal) return malformed("Missing required field Principal");
  bool resource = statement.contains("Resource") != statement.contains("NotResource");
  if (!resource && !has_principal) return malformed("Policy statement must contain resources.");
  for (auto name : {"Action", "NotAction", "Resource", "NotResource"}) TRY(check_strings(statement, name));
  if (const auto* condition = statement.if_contains("Condition")) TRY(check_condition(*condition));
  return {};
}

}  // namespace

bool matches_wildcard(std::string_view pattern, std::string_view text, bool ignore_case) {
  return compile_pattern(pattern, nullptr)->matches(text, ignore_case);
}

Decision stronger(Decision a, Decision b) {
  return std::max(a, b);
}

Decision evaluate(const json::value& document, const PolicyQuestion& question, bool has_principal) {
  Decision decision = Decision::implicit_deny;
  for (const auto* statement : statements(document)) {
    if (!applies(*statement, question, has_principal)) continue;
    const auto* effect = statement->if_contains("Effect");
    bool allows = effect != nullptr && effect->is_string() && effect->get_string() == "Allow";
    decision = stronger(decision, allows ? Decision::allow : Decision::explicit_deny);
  }
  return decision;
}

base::Result<> check_policy(const json::value& document, bool has_principal) {
  const auto* object = document.if_object();
  if (object == nullptr) return malformed("Syntax errors in policy.");
  for (const auto& [key, value] : *object) {
    if (key != "Version" && key != "Id" && key != "Statement") {
      return malformed(fmt::format("Syntax error in policy: unknown element {}", std::string_view(key)));
    }
  }
  const auto* version = object->if_contains("Version");
  if (version != nullptr && *version != "2012-10-17" && *version != "2008-10-17") {
    return malformed("The policy must contain a valid version string.");
  }
  const auto* statement = object->if_contains("Statement");
  if (statement == nullptr) return malformed("Syntax errors in policy.");
  if (const auto* array = statement->if_array()) {
    for (const auto& one : *array) {
      if (!one.is_object()) return malformed("Syntax errors in policy.");
    }
  } else if (!statement->is_object()) {
    return malformed("Syntax errors in policy.");
  }
  for (const auto* one : statements(document)) TRY(check_statement(*one, has_principal));
  return {};
}

}  // namespace localcloud
