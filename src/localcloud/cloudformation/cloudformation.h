// CloudFormation: stacks, change sets, events, outputs, rollback, nested stacks, custom resources, the intrinsic
// functions and the SAM transform.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "localcloud/cloud.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

class CloudFormation : public Service {
 public:
  // What a custom resource or a wait condition's signal has put to /_local/cloudformation/{token}; false if nobody
  // waits for it.
  virtual bool answer(std::string_view token, std::string body) = 0;
  // Every type that a template may name, CloudFormation's own included.
  virtual std::vector<const ResourceType*> resource_types() const = 0;
};

// `types`: what the other services bring.
std::unique_ptr<CloudFormation> make_cloudformation(Cloud& cloud, ResourceTypes types);

}  // namespace localcloud
