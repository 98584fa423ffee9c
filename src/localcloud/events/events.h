// EventBridge: buses, rules, their targets, schedules.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

class Events : public Service {
 public:
  // An event of a service of the account, on a bus named by ARN or name ("default"): {"source","detail-type","detail",
  // "resources"}; the rest of the envelope is added. Errors: ResourceNotFoundException 400.
  virtual base::Result<> put(std::string_view bus, json::object event) = 0;
  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<Events> make_events(Cloud& cloud);

}  // namespace localcloud
