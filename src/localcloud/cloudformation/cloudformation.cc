#include "localcloud/cloudformation/cloudformation.h"

#include <utility>

#include "localcloud/cloudformation/accepted_types.h"
#include "localcloud/cloudformation/api.h"

namespace localcloud {

std::unique_ptr<CloudFormation> make_cloudformation(Cloud& cloud, ResourceTypes types) {
  for (auto& type : accepted_resource_types(cloud.account_id, cloud.region)) types.push_back(std::move(type));
  return std::make_unique<CloudFormationApi>(cloud, std::move(types));
}

}  // namespace localcloud
