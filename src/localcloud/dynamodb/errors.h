// The errors that every part of DynamoDB gives, in its wording.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/service.h"

namespace localcloud {

inline tl::unexpected<base::Error> validation_exception(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

// As the operations on tables word it; those on items say less.
inline tl::unexpected<base::Error> no_table(std::string_view name) {
  return aws_error(400, "ResourceNotFoundException",
                   fmt::format("Requested resource not found: Table: {} not found", name));
}

}  // namespace localcloud
