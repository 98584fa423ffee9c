// Resource types without services behind them: they note what is asked of them, and fail on request.
#pragma once

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "localcloud/sync_type.h"

namespace localcloud::testing {

struct FakeLog {
  std::vector<std::string> calls;     // "create A", "update A x=1", "remove A-1"
  std::set<std::string> fail_create;  // logical ids
  std::set<std::string> fail_update;
  std::set<std::string> fail_remove;
  int made = 0;
  bool hold = false;  // whatever is asked waits until this is false
};

// "Fake::Service::Thing": properties Name (replaces), Value, Other; Quiet is accepted without effect. Ref is
// "<logicalId>-<n>", Arn is "arn:<ref>", Value gives Value back.
class FakeType final : public SyncType {
 public:
  FakeType(std::string_view name, FakeLog& log)
      : SyncType({.name = name, .works = {"Name", "Value", "Other"}, .accepted = {"Quiet"}, .replaces = {"Name"}}),
        log_(log) {}

  awaitable<base::Result<ResourceState>> create(ResourceRequest request) override {
    while (log_.hold) co_await boost::asio::post(boost::asio::use_awaitable);
    co_return make(request);
  }

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    log_.calls.push_back(fmt::format("create {}", request.logical_id));
    if (log_.fail_create.contains(request.logical_id)) return base::fail(base::ErrorKind::service, "cannot be made");
    return state(fmt::format("{}-{}", request.logical_id, ++log_.made), request);
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    log_.calls.push_back(fmt::format("update {} {}", request.logical_id, text_property(request.properties, "Value")));
    if (log_.fail_update.contains(request.logical_id) && text_property(request.properties, "Value") != "restored") {
      return base::fail(base::ErrorKind::service, "cannot be changed");
    }
    return state(request.physical_id, request);
  }
  base::Result<> destroy(const ResourceRequest& request) override {
    log_.calls.push_back(fmt::format("remove {}", request.physical_id));
    if (log_.fail_remove.contains(request.logical_id)) return base::fail(base::ErrorKind::service, "cannot be removed");
    return {};
  }

 private:
  static ResourceState state(std::string physical_id, const ResourceRequest& request) {
    ResourceState result{.physical_id = std::move(physical_id)};
    result.attributes["Arn"] = "arn:" + result.physical_id;
    result.attributes["Value"] = text_property(request.properties, "Value");
    return result;
  }

  FakeLog& log_;
};

inline ResourceTypes fake_types(FakeLog& log) {
  ResourceTypes types;
  types.push_back(std::make_unique<FakeType>("Fake::Service::Thing", log));
  types.push_back(std::make_unique<FakeType>("AWS::IAM::Role", log));
  return types;
}

}  // namespace localcloud::testing
