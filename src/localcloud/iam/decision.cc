#include "localcloud/iam/decision.h"

#include <fmt/format.h>

namespace localcloud {

namespace {

Decision of_all(const std::vector<json::value>& documents, const PolicyQuestion& question) {
  auto decision = Decision::implicit_deny;
  for (const auto& document : documents) decision = stronger(decision, evaluate(document, question, false));
  return decision;
}

Decision for_names(const json::value& document, PolicyQuestion question, std::vector<std::string> names) {
  question.principal_kind = "AWS";
  question.principals = std::move(names);
  return evaluate(document, question, true);
}

std::string_view kind_text(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::identity:
      return "identity-based policy";
    case PolicyKind::resource:
      return "resource-based policy";
    case PolicyKind::boundary:
      return "permissions boundary";
    case PolicyKind::session:
      return "session policy";
  }
  return {};
}

}  // namespace

AccessDecision decide(const PolicyQuestion& question, const CallerNames& caller, const AppliedPolicies& policies) {
  const auto allow = Decision::allow;
  const auto deny = Decision::explicit_deny;
  auto root = fmt::format("arn:aws:iam::{}:root", caller.account_id);
  std::vector<std::string> names{caller.arn, caller.account_id, root};
  if (!caller.role.empty()) names.push_back(caller.role);

  auto identity = of_all(policies.identity, question);
  auto boundary = policies.boundary ? evaluate(*policies.boundary, question, false) : allow;
  auto session = policies.session.empty() ? allow : of_all(policies.session, question);
  auto resource =
      policies.resource == nullptr ? Decision::implicit_deny : for_names(*policies.resource, question, names);
  if (resource == deny) return {deny, PolicyKind::resource};
  if (identity == deny) return {deny, PolicyKind::identity};
  if (boundary == deny) return {deny, PolicyKind::boundary};
  if (session == deny) return {deny, PolicyKind::session};

  // The account itself, named in a resource's policy, leaves the decision to the identity's policies.
  bool by_resource = false;
  if (resource == allow) {
    if (for_names(*policies.resource, question, {caller.arn}) == allow) return {allow, PolicyKind::resource};
    by_resource = !caller.role.empty() && for_names(*policies.resource, question, {caller.role}) == allow;
  }
  if (identity != allow && !by_resource) return {Decision::implicit_deny, PolicyKind::identity};
  if (boundary != allow) return {Decision::implicit_deny, PolicyKind::boundary};
  if (session != allow) return {Decision::implicit_deny, PolicyKind::session};
  return {allow, by_resource ? PolicyKind::resource : PolicyKind::identity};
}

std::string denial_reason(const AccessDecision& decision, std::string_view action) {
  auto kind = kind_text(decision.by);
  if (decision.decision == Decision::explicit_deny) {
    return fmt::format(" with an explicit deny in {} {}", decision.by == PolicyKind::identity ? "an" : "a", kind);
  }
  return fmt::format(" because no {} allows the {} action", kind, action);
}

}  // namespace localcloud
