// A resource type of API Gateway as data and three functions. Removing what is gone already, with its API, is no error.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "localcloud/apigateway/gateway_service.h"
#include "localcloud/service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

class GatewayType final : public SyncType {
 public:
  // `change` may be null: then every change replaces, or has no effect.
  struct Functions {
    std::function<base::Result<ResourceState>(const ResourceRequest&)> make;
    std::function<base::Result<ResourceState>(const ResourceRequest&)> change;
    std::function<base::Result<>(const ResourceRequest&)> destroy;
  };
  GatewayType(TypeDescription description, Functions functions)
      : SyncType(std::move(description)), functions_(std::move(functions)) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override { return functions_.make(request); }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    if (functions_.change) return functions_.change(request);
    return ResourceState{.physical_id = request.physical_id};
  }
  base::Result<> destroy(const ResourceRequest& request) override {
    return functions_.destroy ? unless_gone(functions_.destroy(request)) : base::Result<>{};
  }

 private:
  Functions functions_;
};

// Does a property that must be true or false say true ("true" too)?
inline bool flag_property(const json::object& properties, std::string_view name) {
  return text_property(properties, name) == "true";
}

// Is there room for one more? `what` as AWS names it: "Routes". Errors: 429.
base::Result<> check_room(std::size_t count, std::size_t most, std::string_view what);

// The resource policy of a REST API, checked, with its resources written out: "execute-api:/Prod/GET/*" means this API.
// Errors: BadRequestException.
base::Result<json::value> read_api_policy(const json::value& policy, std::string_view api_arn);

std::map<std::string, std::string> map_property(const json::object& properties, std::string_view name);
// The tags of a resource: the stack's, and over them those of its property Tags, a list in version 1 and a map in 2.
// Errors: BadRequestException.
base::Result<GatewayTags> tags_of(const ResourceRequest& request);
// Milliseconds from 50 to `most`. Errors: BadRequestException.
base::Result<base::Millis> timeout_property(const json::object& properties, std::string_view name, base::Millis most);

}  // namespace localcloud
