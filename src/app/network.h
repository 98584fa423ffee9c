// Whether live functions in a VPC reach the bridge, as far as the template shows it: the bridge is an API on the
// internet. A subnet needs a default route to a NAT gateway or the like (an internet gateway serves no function: it has
// no public address), and no execute-api endpoint with private DNS may be in the VPC, which answers 403 for every
// public API. docs/vpc.md is the account for users.
//
// What conditions take out of the stage does not count. Network ACLs, security groups and what other stacks add are not
// looked at.
#pragma once

#include "app/rewrite_draft.h"

namespace app {

// Notes each live function that is cut off and, once for the template, those of which it cannot be known.
void explain_networks(Draft& draft);

}  // namespace app
