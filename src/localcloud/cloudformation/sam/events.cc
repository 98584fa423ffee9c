#include "localcloud/cloudformation/sam/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/schema.h"

namespace localcloud::sam {
namespace {

bool is_elsewhere(std::string_view type) {
  static constexpr std::string_view kTypes[] = {"AlexaSkill", "Cognito", "DocumentDB",      "IoTRule",
                                                "MQ",         "MSK",     "SelfManagedKafka"};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

base::Result<Event> read_event(const Context& context, const Target& target, std::string_view id,
                               const json::value& declared) {
  const auto* object = declared.if_object();
  const auto type = object == nullptr ? std::string() : string_at(*object, "Type");
  const auto* schema = schema_of_event(type);
  Event event{.id = std::string(id), .made_id = target.function + std::string(id), .type = type, .properties = {}};
  if (is_elsewhere(type)) {
    return invalid_event(id, fmt::format("The event type {} is not implemented by the local cloud", type));
  }
  if (schema == nullptr) {
    const auto* given = object == nullptr ? nullptr : find(*object, "Type");
    return invalid_event(id, fmt::format("Resource dict has missing or invalid value for key Type. Event Type is: {}.",
                                         given != nullptr ? text_of(*given) : "None"));
  }
  if (!is_alphanumeric(event.made_id)) return invalid_resource(event.made_id, "Logical ids must be alphanumeric.");
  if (const auto* given = find(*object, "Properties"); given != nullptr && !given->is_object()) {
    return invalid_resource(event.made_id, "Properties of a resource must be an object.");
  }
  event.properties = object_at(*object, "Properties");
  TRY(check(event.properties, *schema, event.made_id, type));
  if (type == "S3") TRY(check_bucket_event(context, event));
  if (type == "Api") TRY(check_rest_event(context, event));
  return event;
}

base::Result<std::vector<Made>> make_event(Context& context, const Event& event, const Target& target, Role& role) {
  if (event.type == "Api") return make_rest_event(context, event, target);
  if (event.type == "HttpApi") return make_http_event(context, event, target);
  if (event.type == "SNS") return make_topic_event(context, event, target, role);
  if (event.type == "S3") return make_bucket_event(context, event, target);
  if (event.type == "CloudWatchLogs") return make_log_event(event, target);
  if (event.type == "ScheduleV2") return make_schedule_event(event, target);
  if (event.type == "SQS" || event.type == "DynamoDB" || event.type == "Kinesis") {
    return make_pull_event(event, target, role);
  }
  return make_rule_event(event, target);
}

}  // namespace

base::Result<std::vector<Made>> make_events(Context& context, const json::object& declared, const Target& target,
                                            Role& role) {
  std::multimap<std::string, Event> by_path;
  for (const auto& [id, value] : declared) {
    TRY(auto event, read_event(context, target, id, value));
    auto path = event.properties.contains("Path") ? string_at(event.properties, "Path") : event.id;
    by_path.emplace(std::move(path), std::move(event));
  }
  std::vector<Made> made;
  for (const auto& [path, event] : by_path) {
    TRY(auto more, make_event(context, event, target, role));
    made.insert(made.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return made;
}

Made permission(const Event& event, const Target& target, Permission permission) {
  const auto prefix = event.made_id + "Permission";
  Made made{.id = is_alphanumeric(permission.suffix) ? prefix + permission.suffix
                                                     : hashed_id(prefix, json::value(json::string(permission.suffix))),
            .type = "AWS::Lambda::Permission",
            .attributes = target.passed_on};
  made.properties["Action"] = "lambda:InvokeFunction";
  made.properties["FunctionName"] = target.name();
  made.properties["Principal"] = permission.principal;
  made.properties["SourceArn"] = std::move(permission.source_arn);
  made.properties["SourceAccount"] = std::move(permission.source_account);
  return made;
}

Made event_source_mapping(const std::string& id, const Target& target, json::object properties) {
  Made made{.id = id,
            .type = "AWS::Lambda::EventSourceMapping",
            .properties = std::move(properties),
            .attributes = target.passed_on};
  made.properties["FunctionName"] = target.name();
  return made;
}

}  // namespace localcloud::sam
