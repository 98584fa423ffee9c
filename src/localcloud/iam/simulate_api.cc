// SimulateCustomPolicy and SimulatePrincipalPolicy: the evaluator for whoever wants to ask it.
#include <fmt/format.h>

#include <algorithm>

#include "localcloud/iam/iam_service.h"

namespace localcloud {

namespace {

base::Result<std::vector<json::value>> parse_documents(const std::vector<std::string>& texts) {
  std::vector<json::value> documents;
  for (const auto& text : texts) {
    TRY(auto document, parse_policy_document(text));
    TRY(check_policy(document, false));
    documents.push_back(std::move(document));
  }
  return documents;
}

std::string_view decision_text(Decision decision) {
  if (decision == Decision::allow) return "allowed";
  return decision == Decision::explicit_deny ? "explicitDeny" : "implicitDeny";
}

ConditionContext context_of(const QueryInput& input) {
  ConditionContext context;
  for (const auto& entry : input.structures("ContextEntries")) {
    context[entry.get_or("ContextKeyName", "")] = entry.list("ContextKeyValues");
  }
  return context;
}

// The answer to every action with every resource of the input.
base::Result<std::string> simulate(const QueryInput& input, const CallerNames& caller, AppliedPolicies policies) {
  TRY(auto boundaries, parse_documents(input.list("PermissionsBoundaryPolicyInputList")));
  if (boundaries.size() > 1) {
    return aws_error(400, "InvalidInput", "Only one permissions boundary policy may be given.");
  }
  if (!boundaries.empty()) policies.boundary = std::move(boundaries.front());
  json::value resource_policy;
  if (auto text = input.get("ResourcePolicy")) {
    TRY(resource_policy, parse_policy_document(*text));
    TRY(check_policy(resource_policy, true));
    policies.resource = &resource_policy;
  }
  auto actions = input.list("ActionNames");
  auto resources = input.list("ResourceArns");
  if (actions.empty()) return aws_error(400, "InvalidInput", "At least one action must be provided.");
  if (resources.empty()) resources.emplace_back("*");
  PolicyQuestion question;
  question.context = context_of(input);
  XmlWriter xml;
  xml.element("IsTruncated", false).open("EvaluationResults");
  for (const auto& action : actions) {
    for (const auto& resource : resources) {
      question.action = action;
      question.resource = resource;
      auto decision = decide(question, caller, policies);
      xml.open("member").element("EvalActionName", action).element("EvalResourceName", resource);
      xml.element("EvalDecision", decision_text(decision.decision)).close();
    }
  }
  return xml.take();
}

}  // namespace

base::Result<std::string> IamService::simulate_custom_policy(const Call& call, const QueryInput& input) {
  TRY(authorize(call.caller, "iam:SimulateCustomPolicy", "*", {}, nullptr));
  AppliedPolicies policies;
  TRY(policies.identity, parse_documents(input.list("PolicyInputList")));
  CallerNames caller{.arn = input.get_or("CallerArn", ""), .role = {}, .account_id = cloud_.account_id};
  // "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION" is a session of arn:aws:iam::ACCOUNT:role/ROLE.
  constexpr std::string_view kSession = ":assumed-role/";
  if (auto at = caller.arn.find(kSession); at != std::string::npos) {
    auto name = caller.arn.substr(at + kSession.size());
    caller.role = fmt::format("arn:aws:iam::{}:role/{}", cloud_.account_id, name.substr(0, name.find('/')));
  }
  return simulate(input, caller, std::move(policies));
}

base::Result<std::string> IamService::simulate_principal_policy(const Call& call, const QueryInput& input) {
  TRY(auto arn, input.need("PolicySourceArn"));
  TRY(authorize(call.caller, "iam:SimulatePrincipalPolicy", arn, {}, nullptr));
  auto found = std::find_if(roles_.begin(), roles_.end(), [&](const auto& one) { return one.second.arn == arn; });
  if (found == roles_.end()) {
    return aws_error(404, "NoSuchEntity", fmt::format("The entity {} cannot be found.", arn));
  }
  auto policies = policies_of(found->second);
  TRY(auto more, parse_documents(input.list("PolicyInputList")));
  for (auto& document : more) policies.identity.push_back(std::move(document));
  CallerNames caller{.arn = input.get_or("CallerArn", arn), .role = arn, .account_id = cloud_.account_id};
  return simulate(input, caller, std::move(policies));
}

}  // namespace localcloud
