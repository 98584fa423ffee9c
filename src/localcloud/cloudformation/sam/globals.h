// The Globals section: what serverless resources of a kind have in common.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"

namespace localcloud::sam {

// Puts Globals into every serverless resource of `document` and takes the section out. Maps merge, lists are joined
// (but Architectures), anything else is the resource's own. Errors: sections and properties that SAM does not have.
base::Result<> merge_globals(boost::json::object& document);

}  // namespace localcloud::sam
