// Filter patterns of CloudWatch Logs, pure. Written after "Filter pattern syntax for metric filters, subscription
// filters, filter log events" of the CloudWatch Logs user guide: terms (all, "?" any, "-" none, quoted), JSON ({ $.a =
// "x" && … }) and space-delimited ([ip, status = 4*, ...]). Regular expressions (%…%) are refused by name.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"

namespace localcloud {

using LogMatcher = std::function<bool(std::string_view message)>;

// Errors: InvalidParameterException 400; not_implemented for regular expressions.
base::Result<LogMatcher> parse_filter_pattern(std::string_view pattern);

}  // namespace localcloud
