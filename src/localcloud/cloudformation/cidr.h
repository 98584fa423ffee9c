// Fn::Cidr for IPv4: consecutive blocks with `bits` host bits inside a block.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace localcloud {

// "10.0.0.0/16", "2", "8" → {"10.0.0.0/24", "10.0.1.0/24"}. Errors: ValidationError; IPv6 fails by name.
base::Result<std::vector<std::string>> cidr_blocks(std::string_view block, std::string_view count,
                                                   std::string_view bits);

}  // namespace localcloud
