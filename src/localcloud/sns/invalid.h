// SNS's error for what a parameter must not be.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "localcloud/service.h"

namespace localcloud::sns {

inline tl::unexpected<base::Error> invalid(std::string_view what) {
  return aws_error(400, "InvalidParameter", fmt::format("Invalid parameter: {}", what));
}

}  // namespace localcloud::sns
