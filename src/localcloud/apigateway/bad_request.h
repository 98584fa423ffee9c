// API Gateway's error for what a definition must not be.
#pragma once

#include <string>
#include <utility>

#include "localcloud/service.h"

namespace localcloud {

inline tl::unexpected<base::Error> bad_request(std::string message) {
  return aws_error(400, "BadRequestException", std::move(message));
}

}  // namespace localcloud
