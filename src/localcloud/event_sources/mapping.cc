#include "localcloud/event_sources/mapping.h"

#include <fmt/format.h>

#include <set>

#include "codec/json.h"
#include "localcloud/delivery.h"
#include "localcloud/json_members.h"
#include "localcloud/service.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr int kQueueBatch = 10;
constexpr int kStreamBatch = 100;

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "InvalidParameterValueException", std::move(message));
}

tl::unexpected<base::Error> violation(const json::value& value, std::string_view name, std::string_view rule) {
  return aws_error(
      400, "ValidationException",
      fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member "
                  "must {}",
                  value.is_string() ? std::string(value.get_string()) : json::serialize(value), name, rule));
}

// Absent and null are the same.
const json::value* member(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

// "batchSize" of "BatchSize", as validation errors name members.
std::string wire_name(std::string_view name) {
  std::string text(name);
  text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

// Templates may write numbers and booleans as text.
base::Result<> read_number(const json::object& input, std::string_view name, int low, int high, int& into) {
  const auto* value = member(input, name);
  if (value == nullptr) return {};
  auto number = whole_number(*value);
  if (!number) return violation(*value, wire_name(name), "be a number");
  if (*number < low) {
    return violation(*value, wire_name(name), fmt::format("have value greater than or equal to {}", low));
  }
  if (*number > high) {
    return violation(*value, wire_name(name), fmt::format("have value less than or equal to {}", high));
  }
  into = static_cast<int>(*number);
  return {};
}

base::Result<> read_flag(const json::object& input, std::string_view name, bool& into) {
  const auto* value = member(input, name);
  if (value == nullptr) return {};
  if (value->is_bool()) {
    into = value->get_bool();
  } else if (value->is_string() && (value->get_string() == "true" || value->get_string() == "false")) {
    into = value->get_string() == "true";
  } else {
    return violation(*value, wire_name(name), "be a boolean");
  }
  return {};
}

// The members of a mapping that work, and whether a source of each kind has them.
bool is_known(std::string_view name) {
  static const std::set<std::string_view> kNames{"EventSourceArn",
                                                 "FunctionName",
                                                 "Enabled",
                                                 "BatchSize",
                                                 "FilterCriteria",
                                                 "ScalingConfig",
                                                 "MaximumBatchingWindowInSeconds",
                                                 "ParallelizationFactor",
                                                 "StartingPosition",
                                                 "DestinationConfig",
                                                 "MaximumRecordAgeInSeconds",
                                                 "BisectBatchOnFunctionError",
                                                 "MaximumRetryAttempts",
                                                 "TumblingWindowInSeconds",
                                                 "FunctionResponseTypes"};
  return kNames.contains(name);
}

base::Result<> check_members(const json::object& input, SourceKind kind) {
  static const std::set<std::string_view> kOfStreams{
      "ParallelizationFactor",      "StartingPosition",     "DestinationConfig",      "MaximumRecordAgeInSeconds",
      "BisectBatchOnFunctionError", "MaximumRetryAttempts", "TumblingWindowInSeconds"};
  for (const auto& [key, value] : input) {
    std::string_view name = key;
    // Nothing to refuse: absent by another name.
    if (value.is_null() || (value.is_structured() && json::serialize(value).size() == 2)) continue;
    if (!is_known(name)) {
      return base::fail(not_implemented("lambda", fmt::format("event source mappings with {}", name)));
    }
    if (kind == SourceKind::queue && kOfStreams.contains(name)) {
      return invalid(fmt::format("{} is not valid for SQS event sources", name));
    }
    if (kind == SourceKind::stream && name == "ScalingConfig") {
      return invalid("ScalingConfig is not valid for DynamoDB event sources");
    }
  }
  return {};
}

base::Result<> read_responses(const json::object& input, Mapping& mapping) {
  const auto* value = member(input, "FunctionResponseTypes");
  if (value == nullptr) return {};
  if (!value->is_array()) return violation(*value, "functionResponseTypes", "be a list");
  mapping.reports_item_failures = false;
  for (const auto& one : value->get_array()) {
    if (!one.is_string() || one.get_string() != "ReportBatchItemFailures") {
      return violation(*value, "functionResponseTypes",
                       "satisfy constraint: [Member must satisfy enum value set: [ReportBatchItemFailures]]");
    }
    mapping.reports_item_failures = true;
  }
  return {};
}

base::Result<> read_scaling(const json::object& input, Mapping& mapping) {
  const auto* value = member(input, "ScalingConfig");
  if (value == nullptr) return {};
  mapping.maximum_concurrency.reset();
  const auto* object = value->if_object();
  if (object == nullptr) return violation(*value, "scalingConfig", "be an object");
  for (const auto& [key, one] : *object) {
    if (key != "MaximumConcurrency") {
      return base::fail(not_implemented("lambda", fmt::format("ScalingConfig.{}", std::string_view(key))));
    }
  }
  if (member(*object, "MaximumConcurrency") == nullptr) return {};
  int concurrency = 0;
  TRY(read_number(*object, "MaximumConcurrency", 2, 1000, concurrency));
  mapping.maximum_concurrency = concurrency;
  return {};
}

base::Result<> read_destination(const json::object& input, Mapping& mapping) {
  const auto* value = member(input, "DestinationConfig");
  if (value == nullptr) return {};
  const auto* object = value->if_object();
  if (object == nullptr) return violation(*value, "destinationConfig", "be an object");
  for (const auto& [key, one] : *object) {
    bool empty = one.is_null() || (one.is_object() && one.get_object().empty());
    if (key != "OnFailure" && !empty) {
      return base::fail(not_implemented("lambda", fmt::format("DestinationConfig.{}", std::string_view(key))));
    }
  }
  TRY(known_members(object_in(*object, "OnFailure"), "lambda", "DestinationConfig.OnFailure", {"Destination"}));
  mapping.on_failure = codec::find_string(*value, "OnFailure", "Destination");
  auto service = service_of_arn(mapping.on_failure);
  if (service == "s3") return base::fail(not_implemented("lambda", "destinations that are S3 buckets"));
  if (mapping.on_failure.empty() || service == "sqs" || service == "sns") return {};
  return invalid(
      fmt::format("The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure(destination={}"
                  ")) is invalid.",
                  mapping.on_failure));
}

base::Result<> read_stream_settings(const json::object& input, Mapping& mapping) {
  TRY(read_number(input, "ParallelizationFactor", 1, 10, mapping.parallelization));
  TRY(read_flag(input, "BisectBatchOnFunctionError", mapping.bisects));
  TRY(read_number(input, "MaximumRetryAttempts", -1, 10000, mapping.maximum_retries));
  TRY(read_number(input, "MaximumRecordAgeInSeconds", -1, 604800, mapping.maximum_age_seconds));
  if (mapping.maximum_age_seconds != -1 && mapping.maximum_age_seconds < 60) {
    return invalid("MaximumRecordAgeInSeconds must be -1 or between 60 and 604800");
  }
  int tumbling = 0;
  TRY(read_number(input, "TumblingWindowInSeconds", 0, 900, tumbling));
  if (tumbling > 0) return base::fail(not_implemented("lambda", "TumblingWindowInSeconds"));
  return read_destination(input, mapping);
}

base::Result<> read_starting_position(const json::object& input, Mapping& mapping) {
  mapping.starting_position = codec::find_string(input, "StartingPosition");
  const auto& position = mapping.starting_position;
  if (position.empty()) {
    return invalid(
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not "
        "be null.");
  }
  if (position == "LATEST" || position == "TRIM_HORIZON") return {};
  if (position == "AT_TIMESTAMP") {
    return invalid("Unsupported starting position for arn type: " + mapping.source_arn);
  }
  return violation(json::value(position), "startingPosition",
                   "satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]");
}

base::Result<SourceKind> kind_of(std::string_view arn) {
  auto service = service_of_arn(arn);
  if (service == "dynamodb" && arn.find("/stream/") != std::string_view::npos) return SourceKind::stream;
  if (service == "sqs" && arn.ends_with(".fifo")) {
    return base::fail(not_implemented("lambda", "event source mappings of FIFO queues"));
  }
  if (service == "sqs") return SourceKind::queue;
  for (std::string_view other : {"kinesis", "kafka", "mq", "rds"}) {
    if (service == other) {
      return base::fail(not_implemented("lambda", fmt::format("event source mappings of {}", other)));
    }
  }
  return invalid("Unrecognized event source, must be kinesis, dynamodb stream or sqs.");
}

base::Result<> read_settings(const json::object& input, Mapping& mapping) {
  TRY(check_members(input, mapping.kind));
  TRY(read_flag(input, "Enabled", mapping.enabled));
  TRY(read_number(input, "BatchSize", 1, 10000, mapping.batch_size));
  TRY(read_number(input, "MaximumBatchingWindowInSeconds", 0, 300, mapping.window_seconds));
  if (mapping.kind == SourceKind::queue && mapping.batch_size > 10 && mapping.window_seconds == 0) {
    return invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10");
  }
  if (const auto* criteria = member(input, "FilterCriteria")) {
    TRY(mapping.filter, Filter::parse(*criteria));
  }
  TRY(read_responses(input, mapping));
  TRY(read_scaling(input, mapping));
  return mapping.kind == SourceKind::stream ? read_stream_settings(input, mapping) : base::Result<>{};
}

}  // namespace

base::Result<Mapping> read_mapping(const json::object& input) {
  Mapping mapping;
  mapping.function = codec::find_string(input, "FunctionName");
  mapping.source_arn = codec::find_string(input, "EventSourceArn");
  if (mapping.function.empty()) return violation(nullptr, "functionName", "not be null");
  if (mapping.source_arn.empty()) {
    if (member(input, "SelfManagedEventSource") != nullptr) {
      return base::fail(not_implemented("lambda", "event source mappings with SelfManagedEventSource"));
    }
    return invalid("Unrecognized event source.");
  }
  TRY(mapping.kind, kind_of(mapping.source_arn));
  mapping.batch_size = mapping.kind == SourceKind::queue ? kQueueBatch : kStreamBatch;
  TRY(read_settings(input, mapping));
  if (mapping.kind == SourceKind::stream) TRY(read_starting_position(input, mapping));
  return mapping;
}

base::Result<Mapping> change_mapping(Mapping mapping, const json::object& input) {
  json::object changes = input;
  changes.erase("EventSourceArn");
  changes.erase("StartingPosition");
  if (auto function = codec::find_string(input, "FunctionName"); !function.empty()) mapping.function = function;
  TRY(read_settings(changes, mapping));
  return mapping;
}

json::object mapping_answer(const Mapping& mapping, std::string_view arn, std::string_view state,
                            std::string_view last_result) {
  json::object answer;
  answer["UUID"] = mapping.uuid;
  answer["EventSourceMappingArn"] = arn;
  answer["EventSourceArn"] = mapping.source_arn;
  answer["FunctionArn"] = mapping.function_arn;
  answer["BatchSize"] = mapping.batch_size;
  answer["MaximumBatchingWindowInSeconds"] = mapping.window_seconds;
  answer["LastModified"] = epoch_seconds(mapping.modified);
  answer["State"] = state;
  answer["StateTransitionReason"] = mapping.kind == SourceKind::queue ? "USER_INITIATED" : "User action";
  if (!mapping.filter.empty()) answer["FilterCriteria"] = mapping.filter.answer();
  json::array responses;
  if (mapping.reports_item_failures) responses.emplace_back("ReportBatchItemFailures");
  answer["FunctionResponseTypes"] = std::move(responses);
  if (mapping.kind == SourceKind::queue) {
    if (auto most = mapping.maximum_concurrency) answer["ScalingConfig"] = json::object{{"MaximumConcurrency", *most}};
    return answer;
  }
  answer["StartingPosition"] = mapping.starting_position;
  answer["ParallelizationFactor"] = mapping.parallelization;
  answer["BisectBatchOnFunctionError"] = mapping.bisects;
  answer["MaximumRetryAttempts"] = mapping.maximum_retries;
  answer["MaximumRecordAgeInSeconds"] = mapping.maximum_age_seconds;
  answer["TumblingWindowInSeconds"] = 0;
  answer["LastProcessingResult"] = last_result;
  json::object on_failure;
  if (!mapping.on_failure.empty()) on_failure["Destination"] = mapping.on_failure;
  answer["DestinationConfig"] = json::object{{"OnFailure", std::move(on_failure)}};
  return answer;
}

}  // namespace localcloud
