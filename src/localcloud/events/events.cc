#include "localcloud/events/events.h"

#include "localcloud/wire.h"

namespace localcloud {

namespace {

class EventsService final : public Events {
 public:
  awaitable<net::Response> handle(Call call) override {
    co_return json_failure(call, not_implemented("events", json_operation(call.request)), "1.1");
  }
  base::Result<> put(std::string_view, json::object) override {
    return base::fail(not_implemented("events", "PutEvents"));
  }
  ResourceTypes resource_types() override { return {}; }
};

}  // namespace

std::unique_ptr<Events> make_events(Cloud&) {
  return std::make_unique<EventsService>();
}

}  // namespace localcloud
