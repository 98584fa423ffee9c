// The errors that every part of DynamoDB gives, in its wording.
#pragma once

#include <string>

#include "base/result.h"
#include "localcloud/service.h"

namespace localcloud {

inline tl::unexpected<base::Error> validation_exception(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

}  // namespace localcloud
