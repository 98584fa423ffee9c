// EventInvokeConfig: where the results of asynchronous calls go. A queue or topic that is not named is made.

#include <fmt/format.h>

#include <optional>

#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/function.h"
#include "localcloud/cloudformation/sam/resolve.h"

namespace localcloud::sam {
namespace {

// A destination that is there under a condition only; otherwise one is made.
struct Choice {
  std::string made_if;  // the condition under which one is made
  json::value given;    // else
};

base::Result<std::optional<Choice>> choice_of(Context& context, const json::value* destination,
                                              const std::string& config_id) {
  if (destination == nullptr || !is_if(*destination)) return std::optional<Choice>();
  const auto* sides = destination->get_object().at("Fn::If").if_array();
  if (sides == nullptr || sides->size() != 3 || !(*sides)[0].is_string()) {
    return invalid_resource(config_id, "Malformed 'Destination' property: Fn::If requires 3 arguments.");
  }
  const std::string condition((*sides)[0].get_string());
  const bool first_open = is_no_value((*sides)[1]);
  const bool second_open = is_no_value((*sides)[2]);
  if (first_open == second_open) return std::optional<Choice>();
  if (first_open) return std::optional(Choice{condition, (*sides)[2]});
  auto otherwise = hashed_id("NOT" + condition, json::value(json::string(config_id)));
  context.conditions[otherwise] = negated(condition);
  return std::optional(Choice{std::move(otherwise), (*sides)[1]});
}

// Both, if there are two.
std::string both(Context& context, const std::string& function, const std::string& of_function,
                 const std::string& of_destination) {
  if (of_function.empty() || of_destination.empty()) return of_function + of_destination;
  json::array conditions;
  for (const auto& name : {of_function, of_destination}) {
    json::object inner;
    inner["Condition"] = name;
    json::object outer;
    outer["Condition"] = std::move(inner);  // SAM wraps it twice
    conditions.emplace_back(std::move(outer));
  }
  auto name = hashed_id(of_function + "AND" + of_destination, json::value(json::string(function)));
  json::object combined;
  combined["Fn::And"] = std::move(conditions);
  context.conditions[name] = std::move(combined);
  return name;
}

class DestinationMaker {
 public:
  DestinationMaker(Context& context, const Target& target, std::string config_id)
      : context_(context), target_(target), config_id_(std::move(config_id)) {}

  // `name`: OnSuccess or OnFailure.
  base::Result<json::value> make(const json::object& config, const char* name, Destinations& into) {
    const auto type = string_at(config, "Type");
    const bool makeable = type == "SQS" || type == "SNS";
    if (!makeable && type != "EventBridge" && type != "Lambda" && type != "S3Bucket") {
      const auto* given = find(config, "Type");
      return invalid_resource(target_.function,
                              fmt::format("'Type: {}' must be one of ['SQS', 'SNS', 'EventBridge', 'Lambda', "
                                          "'S3Bucket']",
                                          given != nullptr ? text_of(*given) : "None"));
    }
    const auto* given = find(config, "Destination");
    TRY(const auto choice, choice_of(context_, given, config_id_));
    json::value destination = given != nullptr ? *given : json::value();
    if (given == nullptr || choice) {
      if (!makeable) {
        return invalid_resource(target_.function, "Destination is required if Type is not ['SQS', 'SNS']");
      }
      auto made = queue_or_topic(type, name);
      const json::value arn = type == "SQS" ? get_att(made.id, "Arn") : ref_to(made.id);
      const auto condition = both(context_, target_.function, target_.condition, choice ? choice->made_if : "");
      if (!condition.empty()) made.attributes["Condition"] = condition;
      destination = choice ? json::value(if_condition(choice->made_if, arn, choice->given)) : arn;
      into.made.push_back(std::move(made));
    }
    into.policies.emplace_back(destination_policy(type, config_id_ + name, destination));
    return destination;
  }

 private:
  Made queue_or_topic(std::string_view type, const char* name) const {
    const bool queue = type == "SQS";
    return Made{.id = fmt::format("{}{}{}", config_id_, name, queue ? "Queue" : "Topic"),
                .type = queue ? "AWS::SQS::Queue" : "AWS::SNS::Topic",
                .attributes = target_.passed_on};
  }

  Context& context_;
  const Target& target_;
  std::string config_id_;
};

}  // namespace

base::Result<Destinations> make_destinations(Context& context, const json::object& properties,
                                             const json::object& attributes, const Target& target,
                                             std::string_view alias_name) {
  Destinations result;
  if (!truthy_at(properties, "EventInvokeConfig")) return result;
  TRY(const auto resolved, with_parameters(properties.at("EventInvokeConfig"), context.parameters));
  const auto& config = resolved.get_object();
  Made made{
      .id = target.function + "EventInvokeConfig", .type = "AWS::Lambda::EventInvokeConfig", .attributes = attributes};
  if (!target.alias.empty()) made.depends_on = json::array({json::value(target.alias)});
  json::object destinations;
  if (truthy_at(config, "DestinationConfig")) {
    const auto* given = config.at("DestinationConfig").if_object();
    if (given == nullptr) {
      return invalid_resource(target.function, "Property 'EventInvokeConfig.DestinationConfig' should be a map.");
    }
    DestinationMaker maker(context, target, made.id);
    for (const char* name : {"OnSuccess", "OnFailure"}) {
      const auto* one = find(*given, name);
      if (one == nullptr) continue;
      if (!one->is_object()) {
        return invalid_resource(
            target.function, fmt::format("Property 'EventInvokeConfig.DestinationConfig.{}' should be a map.", name));
      }
      TRY(auto destination, maker.make(one->get_object(), name, result));
      object_in(destinations, name)["Destination"] = std::move(destination);
    }
  }
  made.properties["FunctionName"] = ref_to(target.function);
  made.properties["Qualifier"] = alias_name.empty() ? "$LATEST" : alias_name;
  made.properties["DestinationConfig"] = std::move(destinations);
  set_if(made.properties, "MaximumEventAgeInSeconds", find(config, "MaximumEventAgeInSeconds"));
  set_if(made.properties, "MaximumRetryAttempts", find(config, "MaximumRetryAttempts"));
  result.made.push_back(std::move(made));
  return result;
}

}  // namespace localcloud::sam
