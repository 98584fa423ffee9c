#include "localcloud/lambda/event_invoke_config.h"

#include <fmt/format.h>

#include "localcloud/delivery.h"
#include "localcloud/json_members.h"
#include "localcloud/service.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "InvalidParameterValueException", std::move(message));
}

std::string described(std::string_view kind, const std::string& arn) {
  return arn.empty() ? "null" : fmt::format("{}(destination={})", kind, arn);
}

base::Result<> read_number(const json::object& input, std::string_view member, std::string_view name, int low, int high,
                           std::optional<int>& into) {
  const auto* value = input.if_contains(member);
  if (value == nullptr || value->is_null()) return {};
  auto number = whole_number(*value);
  if (!number || *number < low || *number > high) {
    bool below = number && *number < low;
    return aws_error(400, "ValidationException",
                     fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member "
                                 "must have value {} than or equal to {}",
                                 number ? std::to_string(*number) : json::serialize(*value), name,
                                 below ? "greater" : "less", below ? low : high));
  }
  into = static_cast<int>(*number);
  return {};
}

// {"Destination": arn}; an empty one is none.
base::Result<std::string> read_destination(const json::object& config, std::string_view member) {
  const auto* value = config.if_contains(member);
  if (value == nullptr || value->is_null()) return std::string();
  const auto* object = value->if_object();
  if (object == nullptr) return invalid(fmt::format("DestinationConfig.{} must be an object", member));
  std::string arn;
  for (const auto& [key, one] : *object) {
    if (key != "Destination") {
      return base::fail(
          not_implemented("lambda", fmt::format("DestinationConfig.{}.{}", member, std::string_view(key))));
    }
    if (one.is_string()) arn = one.get_string();
  }
  return arn;
}

base::Result<> read_destinations(const json::object& input, EventInvokeConfig& config) {
  const auto* value = input.if_contains("DestinationConfig");
  if (value == nullptr || value->is_null()) return {};
  const auto* object = value->if_object();
  if (object == nullptr) return invalid("DestinationConfig must be an object");
  for (const auto& [key, one] : *object) {
    if (key != "OnSuccess" && key != "OnFailure") {
      return base::fail(not_implemented("lambda", fmt::format("DestinationConfig.{}", std::string_view(key))));
    }
  }
  TRY(config.on_success, read_destination(*object, "OnSuccess"));
  TRY(config.on_failure, read_destination(*object, "OnFailure"));
  if (service_of_arn(config.on_failure) == "s3") {
    return base::fail(not_implemented("lambda", "destinations that are S3 buckets"));
  }
  for (const auto& arn : {config.on_success, config.on_failure}) {
    if (arn.empty() || !delivery_action(arn).empty()) continue;
    return invalid(
        fmt::format("The provided destination config DestinationConfig(onSuccess={}, onFailure={}) is invalid.",
                    described("OnSuccess", config.on_success), described("OnFailure", config.on_failure)));
  }
  return {};
}

json::object destination_answer(const std::string& arn) {
  return arn.empty() ? json::object() : json::object{{"Destination", arn}};
}

}  // namespace

base::Result<EventInvokeConfig> read_event_invoke_config(EventInvokeConfig config, const json::object& input) {
  bool anything = false;
  for (std::string_view member : {"MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"}) {
    const auto* value = input.if_contains(member);
    anything = anything || (value != nullptr && !value->is_null());
  }
  if (!anything) return invalid("You must specify at least one of error handling or destination setting.");
  TRY(read_number(input, "MaximumRetryAttempts", "maximumRetryAttempts", 0, 2, config.maximum_retry_attempts));
  TRY(read_number(input, "MaximumEventAgeInSeconds", "maximumEventAgeInSeconds", 60, 21600,
                  config.maximum_event_age_in_seconds));
  TRY(read_destinations(input, config));
  return config;
}

json::object event_invoke_config_answer(const EventInvokeConfig& config, std::string_view qualified_arn) {
  json::object answer;
  answer["LastModified"] = epoch_seconds(config.modified);
  answer["FunctionArn"] = qualified_arn;
  if (config.maximum_retry_attempts) answer["MaximumRetryAttempts"] = *config.maximum_retry_attempts;
  if (config.maximum_event_age_in_seconds) answer["MaximumEventAgeInSeconds"] = *config.maximum_event_age_in_seconds;
  answer["DestinationConfig"] = json::object{{"OnSuccess", destination_answer(config.on_success)},
                                             {"OnFailure", destination_answer(config.on_failure)}};
  return answer;
}

void EventInvokeConfigs::put(std::string_view function, std::string_view qualifier, EventInvokeConfig config) {
  configs_[{std::string(function), std::string(qualifier)}] = std::move(config);
}

const EventInvokeConfig* EventInvokeConfigs::find(std::string_view function, std::string_view qualifier) const {
  auto found = configs_.find({std::string(function), std::string(qualifier)});
  return found == configs_.end() ? nullptr : &found->second;
}

bool EventInvokeConfigs::remove(std::string_view function, std::string_view qualifier) {
  return configs_.erase({std::string(function), std::string(qualifier)}) > 0;
}

void EventInvokeConfigs::remove_all(std::string_view function) {
  std::erase_if(configs_, [&](const auto& one) { return one.first.first == function; });
}

std::vector<std::pair<std::string, EventInvokeConfig>> EventInvokeConfigs::list(std::string_view function) const {
  std::vector<std::pair<std::string, EventInvokeConfig>> found;
  for (const auto& [key, config] : configs_) {
    if (key.first == function) found.emplace_back(key.second, config);
  }
  return found;
}

}  // namespace localcloud
