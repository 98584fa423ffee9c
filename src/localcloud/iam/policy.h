// Policy documents and their evaluation, pure: a document, a question, an answer. Written after the "Policy evaluation
// logic" and the "JSON policy element reference" of the IAM user guide.
//
// Knows Effect, Action, NotAction, Resource, NotResource, Principal, NotPrincipal, Condition with the String, Numeric,
// Date, Bool, Binary, IpAddress, Arn and Null operators (IfExists, ForAllValues:, ForAnyValue:), wildcards and policy
// variables. check_policy() refuses by name what it does not know, so that nothing is silently ignored.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/iam/condition_context.h"

namespace localcloud {

namespace json = boost::json;

enum class Decision { implicit_deny, allow, explicit_deny };

struct PolicyQuestion {
  std::string action;    // "dynamodb:GetItem"; compared without case
  std::string resource;  // ARN; empty for a trust policy, whose statements have none
  ConditionContext context;
  // Who asks, for the Principal of resource policies: kind ("AWS", "Service") and every name that means the caller.
  std::string principal_kind = {};
  std::vector<std::string> principals = {};
};

// What one document says. `has_principal`: a resource or trust policy, whose statements must name the caller.
Decision evaluate(const json::value& document, const PolicyQuestion& question, bool has_principal);

// The stronger of two: an explicit deny, then an allow.
Decision stronger(Decision a, Decision b);

// Errors: MalformedPolicyDocument 400, naming what is wrong.
base::Result<> check_policy(const json::value& document, bool has_principal);

// Does text match a pattern with * and ?
bool matches_wildcard(std::string_view pattern, std::string_view text, bool ignore_case = false);

}  // namespace localcloud
