// CloudWatch Logs: groups, streams, put, get and filter.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "localcloud/cloud.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

class Logs : public Service {
 public:
  // Appends a line, making group and stream if they are missing (as Lambda does for its functions).
  virtual void append(std::string_view group, std::string_view stream, std::string_view line) = 0;
  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<Logs> make_logs(Cloud& cloud);

}  // namespace localcloud
