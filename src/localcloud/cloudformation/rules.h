// The Rules section: assertions about parameters that are checked before anything is made. Fn::RefAll, Fn::ValueOf and
// Fn::ValueOfAll ask about resources of AWS that are not here; they fail by name.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"
#include "localcloud/cloudformation/intrinsics.h"

namespace localcloud {

// Errors: ValidationError with the AssertDescription of each assertion that does not hold.
base::Result<> check_rules(const json::object& rules, const Scope& scope);

}  // namespace localcloud
