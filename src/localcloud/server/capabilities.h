// What the local cloud can do, as its code says it: GET /_local/capabilities, from which scripts/local-cloud-tables
// makes the tables of docs/local-cloud.md. Pure.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>
#include <vector>

#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

// {"services": {"sqs": ["CreateQueue", …], …}, "resourceTypes": {"AWS::SQS::Queue": {"works": […], "accepted": […]},
// …}}, everything in order. `services`: by the name in a signature's scope. A service that has operations of several
// says "iam:CreateRole", "sts:AssumeRole"; such a name wins over that of the scope.
json::object capabilities_of(const std::map<std::string, Service*, std::less<>>& services,
                             const std::vector<const ResourceType*>& types);

}  // namespace localcloud
