#include "localcloud/event_sources/event_sources.h"

#include "localcloud/wire.h"

namespace localcloud {

namespace {

class EventSourcesService final : public EventSources {
 public:
  awaitable<net::Response> handle(Call call) override {
    co_return rest_json_failure(call, not_implemented("lambda", "event source mappings"));
  }
  ResourceTypes resource_types() override { return {}; }
};

}  // namespace

std::unique_ptr<EventSources> make_event_sources(Cloud&) {
  return std::make_unique<EventSourcesService>();
}

}  // namespace localcloud
