// AWS::Lambda::EventSourceMapping.
#include "localcloud/event_sources/event_sources_service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

class EventSourceMappingType final : public SyncType {
 public:
  explicit EventSourceMappingType(EventSourcesService& service)
      : SyncType({.name = "AWS::Lambda::EventSourceMapping",
                  .works = {"BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "Enabled", "EventSourceArn",
                            "FilterCriteria", "FunctionName", "FunctionResponseTypes", "MaximumBatchingWindowInSeconds",
                            "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ParallelizationFactor",
                            "ScalingConfig", "StartingPosition", "TumblingWindowInSeconds"},
                  .accepted = {"MetricsConfig", "Tags"},
                  .replaces = {"EventSourceArn", "StartingPosition"}}),
        service_(service) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto uuid, service_.create(settings(request.properties)));
    return state_of(uuid);
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(service_.replace(request.physical_id, settings(request.properties)));
    return state_of(request.physical_id);
  }
  base::Result<> destroy(const ResourceRequest& request) override {
    return unless_gone(service_.remove(request.physical_id));
  }

 private:
  static json::object settings(json::object properties) {
    properties.erase("MetricsConfig");
    properties.erase("Tags");
    return properties;
  }
  ResourceState state_of(const std::string& uuid) const {
    ResourceState state{.physical_id = uuid};
    state.attributes["Id"] = uuid;
    state.attributes["EventSourceMappingArn"] = service_.arn_of(uuid);
    return state;
  }

  EventSourcesService& service_;
};

}  // namespace

ResourceTypes EventSourcesService::resource_types() {
  ResourceTypes types;
  types.push_back(std::make_unique<EventSourceMappingType>(*this));
  return types;
}

}  // namespace localcloud
