#include "localcloud/cloudformation/own_types.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "localcloud/sync_type.h"

namespace localcloud {
namespace {

// A record without anything behind it: it has a name, and that is all.
class Inert final : public SyncType {
 public:
  Inert(TypeDescription description, std::string region, std::string account_id)
      : SyncType(std::move(description)), region_(std::move(region)), account_id_(std::move(account_id)) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    ResourceState state;
    if (name() == "AWS::CloudWatch::Alarm") {
      state.physical_id =
          text_property(request.properties, "AlarmName", generated_name(request.stack_name, request.logical_id, 255));
      state.attributes["Arn"] =
          fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", region_, account_id_, state.physical_id);
    } else if (name() == "AWS::CloudFormation::WaitConditionHandle") {
      state.physical_id =
          fmt::format("https://cloudformation-waitcondition-{}.s3.amazonaws.com/{}", region_, base::random_uuid());
    } else {
      state.physical_id = base::random_uuid();
    }
    return state;
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    ResourceState state{.physical_id = request.physical_id};
    if (name() == "AWS::CloudWatch::Alarm") {
      state.attributes["Arn"] =
          fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", region_, account_id_, state.physical_id);
    }
    return state;
  }
  base::Result<> destroy(const ResourceRequest& request) override {
    static_cast<void>(request);
    return {};
  }

 private:
  std::string region_;
  std::string account_id_;
};

}  // namespace

ResourceTypes own_resource_types(std::string account_id, std::string region) {
  ResourceTypes types;
  const auto add = [&](TypeDescription description) {
    types.push_back(std::make_unique<Inert>(std::move(description), region, account_id));
  };
  add({.name = "AWS::CDK::Metadata", .works = {}, .accepted = {"Analytics"}, .replaces = {}});
  add({.name = "AWS::CloudFormation::WaitConditionHandle", .works = {}, .accepted = {}, .replaces = {}});
  add({.name = "AWS::CloudWatch::Alarm",
       .works = {"AlarmName"},
       .accepted = {"ActionsEnabled",
                    "AlarmActions",
                    "AlarmDescription",
                    "ComparisonOperator",
                    "DatapointsToAlarm",
                    "Dimensions",
                    "EvaluateLowSampleCountPercentile",
                    "EvaluationPeriods",
                    "ExtendedStatistic",
                    "InsufficientDataActions",
                    "MetricName",
                    "Metrics",
                    "Namespace",
                    "OKActions",
                    "Period",
                    "Statistic",
                    "Tags",
                    "Threshold",
                    "ThresholdMetricId",
                    "TreatMissingData",
                    "Unit"},
       .replaces = {"AlarmName"}});
  return types;
}

}  // namespace localcloud
