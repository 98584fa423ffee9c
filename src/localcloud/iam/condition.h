// The Condition element of a policy statement.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"
#include "localcloud/iam/condition_context.h"

namespace localcloud {

// Every operator and every key of it must hold. An operator that is not known does not hold.
bool condition_holds(const boost::json::value& condition, const ConditionContext& context);

// Errors: MalformedPolicyDocument 400 that names the unknown operator.
base::Result<> check_condition(const boost::json::value& condition);

}  // namespace localcloud
