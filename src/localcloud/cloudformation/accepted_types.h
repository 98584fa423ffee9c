// Resource types that are accepted without effect: nothing of the local cloud would use what they describe. They have a
// name and plausible attributes, and every use is a stack event. The list and its notation: accepted_types.cc.
#pragma once

#include <string>

#include "localcloud/resource_type.h"

namespace localcloud {

ResourceTypes accepted_resource_types(const std::string& account_id, const std::string& region);

}  // namespace localcloud
