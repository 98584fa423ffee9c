#include "localcloud/cloudformation/wait_condition.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/local_clock.h"
#include "localcloud/sync_type.h"

namespace localcloud {
namespace {

constexpr std::int64_t kMaxTimeout = 43'200;  // seconds

class WaitHandle final : public SyncType {
 public:
  explicit WaitHandle(Callbacks& callbacks)
      : SyncType({.name = "AWS::CloudFormation::WaitConditionHandle", .works = {}}), callbacks_(callbacks) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest&) override {
    return ResourceState{.physical_id = callbacks_.open()};
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return ResourceState{.physical_id = request.physical_id};
  }
  base::Result<> destroy(const ResourceRequest& request) override {
    callbacks_.close(request.physical_id);
    return {};
  }

 private:
  Callbacks& callbacks_;
};

base::Result<std::int64_t> number_property(const json::object& properties, std::string_view name,
                                           std::string_view fallback) {
  const auto text = text_property(properties, name, fallback);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 0) return number;
  return base::fail(base::ErrorKind::invalid_input, fmt::format("Value of property {} must be a number", name));
}

// What was signalled, by UniqueId; a second signal of the same id does not count.
base::Result<json::object> signals_of(const std::vector<std::string>& bodies) {
  json::object data;
  for (const auto& body : bodies) {
    const auto parsed = codec::parse_json(body);
    if (!parsed) continue;
    if (codec::find_string(*parsed, "Status") == "FAILURE") {
      return base::fail(base::ErrorKind::service,
                        fmt::format("WaitCondition received failed message: '{}' for uniqueId: {}",
                                    codec::find_string(*parsed, "Reason"), codec::find_string(*parsed, "UniqueId")));
    }
    data[codec::find_string(*parsed, "UniqueId")] = codec::find_string(*parsed, "Data");
  }
  return data;
}

class WaitCondition final : public SyncType {
 public:
  WaitCondition(Cloud& cloud, const StackStore& store, Callbacks& callbacks)
      : SyncType({.name = "AWS::CloudFormation::WaitCondition", .works = {"Count", "Handle", "Timeout"}}),
        cloud_(cloud),
        store_(store),
        callbacks_(callbacks) {}

  awaitable<base::Result<ResourceState>> create(ResourceRequest request) override {
    CO_TRY(const auto handle, needed_property(request.properties, "Handle"));
    CO_TRY(const auto count, number_property(request.properties, "Count", "1"));
    CO_TRY(const auto seconds, number_property(request.properties, "Timeout", "0"));
    if (seconds < 1 || seconds > kMaxTimeout) {
      co_return base::fail(base::ErrorKind::invalid_input,
                           fmt::format("Value of property Timeout must be between 1 and {}", kMaxTimeout));
    }
    const auto until = store_.not_after_deadline(request.stack_id, cloud_.clock->now() + std::chrono::seconds(seconds));
    json::object data;
    std::size_t bodies = 0;
    while (std::cmp_less(data.size(), count)) {
      const auto received = co_await callbacks_.wait(handle, bodies + 1, until);
      CO_TRY(data, signals_of(received));
      const bool late = received.size() == bodies;
      bodies = received.size();
      if (late) break;
    }
    if (std::cmp_less(data.size(), count)) {
      co_return base::fail(
          base::ErrorKind::service,
          fmt::format("WaitCondition timed out. Received {} conditions when expecting {}", data.size(), count));
    }
    ResourceState state{.physical_id = fmt::format("{}/{}", handle, request.logical_id)};
    state.attributes["Data"] = json::serialize(data);
    co_return state;
  }

 protected:
  base::Result<ResourceState> make(const ResourceRequest&) override {
    return base::fail(base::ErrorKind::internal, "A wait condition is made by waiting");
  }
  base::Result<ResourceState> change(const ResourceRequest&) override {
    return base::fail(base::ErrorKind::service,
                      "Update to resource type AWS::CloudFormation::WaitCondition is not supported.");
  }
  base::Result<> destroy(const ResourceRequest&) override { return {}; }

 private:
  Cloud& cloud_;
  const StackStore& store_;
  Callbacks& callbacks_;
};

}  // namespace

ResourceTypes make_wait_types(Cloud& cloud, const StackStore& store, Callbacks& callbacks) {
  ResourceTypes types;
  types.push_back(std::make_unique<WaitHandle>(callbacks));
  types.push_back(std::make_unique<WaitCondition>(cloud, store, callbacks));
  return types;
}

}  // namespace localcloud
