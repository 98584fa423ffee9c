// What CloudFormation makes of CloudWatch Logs.
#include <fmt/format.h>

#include <charconv>

#include "base/ids.h"
#include "localcloud/logs/logs_service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

constexpr std::size_t kLongestName = 512;

class LogGroupType final : public SyncType {
 public:
  explicit LogGroupType(LogsService& logs)
      : SyncType({.name = "AWS::Logs::LogGroup",
                  .works = {"LogGroupName", "RetentionInDays", "Tags", "LogGroupClass"},
                  .accepted = {"KmsKeyId"},
                  .replaces = {"LogGroupName"}}),
        logs_(logs) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    auto name = text_property(request.properties, "LogGroupName");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongestName);
    TRY(logs_.create_group(name));
    auto made = fill(name, request);
    if (!made) logs_.delete_group(name);
    return made;
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return fill(request.physical_id, request);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    logs_.delete_group(request.physical_id);
    return {};
  }

 private:
  base::Result<ResourceState> fill(const std::string& name, const ResourceRequest& request) {
    TRY(auto* group, logs_.group(name));
    auto group_class = text_property(request.properties, "LogGroupClass", "STANDARD");
    if (group_class != "STANDARD") return base::fail(not_implemented("logs", "the LogGroupClass " + group_class));
    TRY(auto tags, tags_property(request));
    group->retention_days.reset();
    if (auto days = text_property(request.properties, "RetentionInDays"); !days.empty()) {
      std::int64_t number = 0;
      std::from_chars(days.data(), days.data() + days.size(), number);
      TRY(logs_.set_retention(*group, number));
    }
    group->tags = std::move(tags);
    return ResourceState{.physical_id = name, .ref = {}, .attributes = {{"Arn", logs_.arn_of(name) + ":*"}}};
  }

  LogsService& logs_;
};

class LogStreamType final : public SyncType {
 public:
  explicit LogStreamType(LogsService& logs)
      : SyncType({.name = "AWS::Logs::LogStream",
                  .works = {"LogGroupName", "LogStreamName"},
                  .replaces = {"LogGroupName", "LogStreamName"}}),
        logs_(logs) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto group, needed_property(request.properties, "LogGroupName"));
    auto name = text_property(request.properties, "LogStreamName");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongestName);
    TRY(logs_.create_stream(group, name));
    return ResourceState{.physical_id = name};
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return ResourceState{.physical_id = request.physical_id};
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    auto group = logs_.group(text_property(request.properties, "LogGroupName"));
    if (group) (*group)->streams.erase(request.physical_id);
    return {};
  }

 private:
  LogsService& logs_;
};

class SubscriptionFilterType final : public SyncType {
 public:
  explicit SubscriptionFilterType(LogsService& logs)
      : SyncType({.name = "AWS::Logs::SubscriptionFilter",
                  .works = {"DestinationArn", "FilterName", "FilterPattern", "LogGroupName"},
                  .replaces = {"FilterName", "LogGroupName"}}),
        logs_(logs) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    auto name = text_property(request.properties, "FilterName");
    return put(request, name.empty() ? generated_name(request.stack_name, request.logical_id, kLongestName) : name);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return put(request, request.physical_id);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    auto gone = logs_.unsubscribe(text_property(request.properties, "LogGroupName"), request.physical_id);
    if (!gone && gone.error().code == "ResourceNotFoundException") return {};
    return gone;
  }

 private:
  base::Result<ResourceState> put(const ResourceRequest& request, std::string name) {
    TRY(auto group, needed_property(request.properties, "LogGroupName"));
    TRY(auto destination, needed_property(request.properties, "DestinationArn"));
    TRY(logs_.subscribe(group, {.name = name,
                                .pattern = text_property(request.properties, "FilterPattern"),
                                .function = std::move(destination),
                                .matches = {}}));
    return ResourceState{.physical_id = std::move(name)};
  }

  LogsService& logs_;
};

// Metrics are not kept here: a filter that makes them has no effect.
class MetricFilterType final : public SyncType {
 public:
  MetricFilterType()
      : SyncType({.name = "AWS::Logs::MetricFilter",
                  .works = {},
                  .accepted = {"ApplyOnTransformedLogs", "EmitSystemFieldDimensions", "FieldSelectionCriteria",
                               "FilterName", "FilterPattern", "LogGroupName", "MetricTransformations"},
                  .replaces = {"FilterName", "LogGroupName"}}) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    auto name = text_property(request.properties, "FilterName");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongestName);
    return ResourceState{.physical_id = std::move(name)};
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return ResourceState{.physical_id = request.physical_id};
  }
  base::Result<> destroy(const ResourceRequest&) override { return {}; }
};

}  // namespace

ResourceTypes logs_resource_types(LogsService& logs) {
  ResourceTypes types;
  types.push_back(std::make_unique<LogGroupType>(logs));
  types.push_back(std::make_unique<LogStreamType>(logs));
  types.push_back(std::make_unique<SubscriptionFilterType>(logs));
  types.push_back(std::make_unique<MetricFilterType>());
  return types;
}

}  // namespace localcloud
