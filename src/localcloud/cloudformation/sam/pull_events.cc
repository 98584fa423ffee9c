// Events that Lambda reads: SQS, DynamoDB streams, Kinesis. Each is an event source mapping, and what the role needs.

#include <fmt/format.h>

#include <algorithm>

#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/events.h"

namespace localcloud::sam {
namespace {

constexpr const char* kSameInMapping[] = {"StartingPosition",
                                          "StartingPositionTimestamp",
                                          "BatchSize",
                                          "Enabled",
                                          "MaximumBatchingWindowInSeconds",
                                          "MaximumRetryAttempts",
                                          "BisectBatchOnFunctionError",
                                          "MaximumRecordAgeInSeconds",
                                          "ParallelizationFactor",
                                          "Topics",
                                          "Queues",
                                          "SourceAccessConfigurations",
                                          "TumblingWindowInSeconds",
                                          "FunctionResponseTypes",
                                          "FilterCriteria",
                                          "KmsKeyArn",
                                          "ScalingConfig",
                                          "ProvisionedPollerConfig",
                                          "MetricsConfig",
                                          "LoggingConfig"};

std::string_view reader_policy(std::string_view type) {
  if (type == "SQS") return "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole";
  if (type == "DynamoDB") return "arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole";
  return "arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole";
}

base::Result<> check_filters(const Event& event) {
  const auto* criteria = find(event.properties, "FilterCriteria");
  if (criteria == nullptr || !truthy(*criteria) || is_intrinsic(*criteria)) return {};
  const auto& object = criteria->get_object();
  if (object.size() == 1 && object.contains("Filters")) return {};
  return invalid_event(event.id, "FilterCriteria field has a wrong format");
}

// Its Type is SAM's; it says which permission the role needs.
base::Result<json::object> destination_config(const Event& event, json::object config, Role& role) {
  auto* on_failure = find_object(config, "OnFailure");
  if (on_failure == nullptr) {
    return invalid_event(event.made_id, "Property 'DestinationConfig.OnFailure' should be a map.");
  }
  if (!truthy_at(*on_failure, "Type")) return config;
  const auto type = string_at(*on_failure, "Type");
  on_failure->erase("Type");
  if (type != "SQS" && type != "SNS" && type != "S3" && type != "Kafka") {
    return invalid_event(event.made_id, "The only valid values for 'Type' are 'SQS', 'SNS', 'S3', and 'Kafka'");
  }
  if (type == "Kafka") return config;
  const auto* destination = find(*on_failure, "Destination");
  auto policy = destination_policy(type, event.made_id, destination != nullptr ? *destination : json::value());
  const auto& document = policy.at("PolicyDocument");
  const bool there = std::any_of(role.policies.begin(), role.policies.end(), [&document](const json::value& one) {
    const auto* has = one.is_object() ? one.get_object().if_contains("PolicyDocument") : nullptr;
    return has != nullptr && *has == document;
  });
  if (!there) role.policies.emplace_back(std::move(policy));
  return config;
}

}  // namespace

base::Result<std::vector<Made>> make_pull_event(const Event& event, const Target& target, Role& role) {
  const auto& given = event.properties;
  json::object mapping;
  mapping["EventSourceArn"] = given.at(event.type == "SQS" ? "Queue" : "Stream");
  for (const char* name : kSameInMapping) set_if(mapping, name, find(given, name));
  TRY(check_filters(event));
  if (truthy_at(given, "KafkaBootstrapServers")) {
    auto& source = object_in(mapping, "SelfManagedEventSource");
    object_in(source, "Endpoints")["KafkaBootstrapServers"] = given.at("KafkaBootstrapServers");
  }
  if (truthy_at(given, "ConsumerGroupId")) {
    return invalid_event(event.made_id,
                         fmt::format("Property ConsumerGroupId not defined for resource of type {}.", event.type));
  }
  const json::value reader(reader_policy(event.type));
  if (!contains(role.managed, reader)) role.managed.push_back(reader);
  if (truthy_at(given, "DestinationConfig")) {
    TRY(mapping["DestinationConfig"], destination_config(event, given.at("DestinationConfig").get_object(), role));
  }
  std::vector<Made> made;
  made.push_back(event_source_mapping(event.made_id, target, std::move(mapping)));
  return made;
}

}  // namespace localcloud::sam
