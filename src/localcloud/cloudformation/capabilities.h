// What a caller must acknowledge before a template with IAM resources or macros is deployed.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "localcloud/cloudformation/template.h"

namespace localcloud {

// {"CAPABILITY_IAM"} or {"CAPABILITY_NAMED_IAM"} as the resources ask for it; empty if nothing is needed.
std::vector<std::string> required_capabilities(const Template& declared);
// Why: "The following resource(s) require capabilities: [AWS::IAM::Role]".
std::string capabilities_reason(const Template& declared);

// Errors: InsufficientCapabilitiesException 400, "Requires capabilities : [CAPABILITY_IAM]". `macros_directly`: a macro
// is expanded without a change set that shows what comes of it.
base::Result<> check_capabilities(const Template& declared, const std::vector<std::string>& given,
                                  bool macros_directly);

}  // namespace localcloud
