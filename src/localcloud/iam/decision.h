// May a caller do what it asks? From the policies that apply, pure. Written after "Policy evaluation logic" for
// requests within one account, in the IAM user guide: an explicit deny anywhere wins; a resource policy that names the
// caller's session allows by itself, one that names its role needs the boundary and the session's policies too; else
// the identity's policies, the boundary and the session's policies must all allow.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "localcloud/iam/policy.h"

namespace localcloud {

struct AppliedPolicies {
  std::vector<json::value> identity = {};
  std::optional<json::value> boundary = {};  // absent: the identity has none
  std::vector<json::value> session = {};     // of AssumeRole; empty: none were given
  const json::value* resource = nullptr;     // of what is asked for; may be null
};

// The names by which a resource's policy may mean the caller.
struct CallerNames {
  std::string arn;   // "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION"
  std::string role;  // the role's ARN; empty for a caller that is no role's session
  std::string account_id;
};

enum class PolicyKind { identity, resource, boundary, session };

struct AccessDecision {
  Decision decision = Decision::implicit_deny;
  PolicyKind by = PolicyKind::identity;  // the kind of policy that denies, or that does not allow
};

AccessDecision decide(const PolicyQuestion& question, const CallerNames& caller, const AppliedPolicies& policies);

// How AWS tells of a denial: " with an explicit deny in a resource-based policy", " because no identity-based policy
// allows the ACTION action".
std::string denial_reason(const AccessDecision& decision, std::string_view action);

}  // namespace localcloud
