#include "localcloud/cloudformation/sam/function.h"

#include <fmt/format.h>

#include "localcloud/cloudformation/sam/definition.h"
#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/events.h"
#include "localcloud/cloudformation/sam/resolve.h"
#include "localcloud/cloudformation/sam/schema.h"

namespace localcloud::sam {
namespace {

constexpr const char* kSameInLambda[] = {"Handler",
                                         "Runtime",
                                         "Description",
                                         "MemorySize",
                                         "Timeout",
                                         "VpcConfig",
                                         "Role",
                                         "Environment",
                                         "KmsKeyArn",
                                         "ReservedConcurrentExecutions",
                                         "Layers",
                                         "FileSystemConfigs",
                                         "ImageConfig",
                                         "PackageType",
                                         "Architectures",
                                         "SnapStart",
                                         "EphemeralStorage",
                                         "CodeSigningConfigArn",
                                         "RuntimeManagementConfig",
                                         "LoggingConfig",
                                         "TenancyConfig",
                                         "RecursiveLoop",
                                         "DurableConfig",
                                         "PublishToLatestPublished"};

base::Result<json::object> code_of(std::string_view id, const json::object& properties) {
  const auto* package = find(properties, "PackageType");
  json::object code;
  if (package != nullptr && is_text(*package, "Image")) {
    if (!truthy_at(properties, "ImageUri")) return invalid_resource(id, "'ImageUri' must be set.");
    code["ImageUri"] = properties.at("ImageUri");
    return code;
  }
  if (package != nullptr && !is_text(*package, "Zip")) {
    return invalid_resource(id, fmt::format("invalid 'PackageType' : {}", text_of(*package)));
  }
  const auto* uri = find(properties, "CodeUri");
  const auto* text = find(properties, "InlineCode");
  if (uri == nullptr && text == nullptr) {
    return invalid_resource(id, "Only one of 'InlineCode' or 'CodeUri' can be set.");
  }
  if (text != nullptr) {
    code["ZipFile"] = *text;
  } else {
    TRY(code, code_location(*uri, id, "CodeUri"));
  }
  if (truthy_at(properties, "SourceKMSKeyArn")) code["SourceKMSKeyArn"] = properties.at("SourceKMSKeyArn");
  return code;
}

base::Result<> check_package(std::string_view id, const json::object& properties) {
  if (string_at(properties, "PackageType") == "Image") {
    if (truthy_at(properties, "Handler") || truthy_at(properties, "Runtime") || truthy_at(properties, "Layers")) {
      return invalid_resource(id, "Runtime, Handler, Layers cannot be present when PackageType is of type `Image`");
    }
    return {};
  }
  if (!truthy_at(properties, "Runtime") || !truthy_at(properties, "Handler")) {
    return invalid_resource(id, "Runtime and Handler needs to be present when PackageType is of type `Zip`");
  }
  if (truthy_at(properties, "ImageConfig")) {
    return invalid_resource(id, "ImageUri or ImageConfig cannot be present when PackageType is of type `Zip`");
  }
  return {};
}

base::Result<> check_dead_letters(std::string_view id, const json::object& properties) {
  const auto* queue = find_object(properties, "DeadLetterQueue");
  if (queue == nullptr || queue->empty()) return {};
  if (!truthy_at(*queue, "Type") || !truthy_at(*queue, "TargetArn")) {
    return invalid_resource(id, "'DeadLetterQueue' requires Type and TargetArn properties to be specified.");
  }
  const auto* type = queue->at("Type").if_string();
  if (type == nullptr) return invalid_resource(id, "Property 'DeadLetterQueue.Type' should be a string.");
  if (*type == "SQS" || *type == "SNS") return {};
  return invalid_resource(id, "'DeadLetterQueue' requires Type of ['SQS', 'SNS']");
}

// What goes to CodeDeploy is not here; switched off it is as if it were not there.
base::Result<> check_deployment_preference(const Context& context, std::string_view id,
                                           const json::object& properties) {
  const auto* preference = find_object(properties, "DeploymentPreference");
  if (preference == nullptr || preference->empty()) return {};
  if (const auto* enabled = find(*preference, "Enabled")) {
    TRY(const auto value, with_parameters(*enabled, context.parameters));
    if (!truthy(value) || is_text(value, "false") || is_text(value, "False")) return {};
  }
  return not_here(id, "DeploymentPreference");
}

base::Result<Made> lambda_function(const Context& context, const std::string& id, const json::object& resource,
                                   const json::object& properties) {
  Made made{.id = id, .type = "AWS::Lambda::Function", .attributes = own_attributes(resource)};
  made.depends_on = depends_on(resource);
  auto& lambda = made.properties;
  if (truthy_at(properties, "FunctionName")) lambda["FunctionName"] = properties.at("FunctionName");
  for (const char* name : kSameInLambda) set_if(lambda, name, find(properties, name));
  TRY(lambda["Code"], code_of(id, properties));
  TRY(lambda["Tags"], function_tags(id, properties));
  if (truthy_at(properties, "Tracing")) {
    TRY(const auto tracing, with_parameters(properties.at("Tracing"), context.parameters));
    if (!is_text(tracing, "Disabled")) object_in(lambda, "TracingConfig")["Mode"] = properties.at("Tracing");
  }
  if (truthy_at(properties, "DeadLetterQueue")) {
    object_in(lambda, "DeadLetterConfig")["TargetArn"] = properties.at("DeadLetterQueue").at("TargetArn");
  }
  TRY(check_package(id, properties));
  return made;
}

// The function's Role if it is {"Fn::If": …} with one side for SAM to make. Says whether SAM's role is used.
base::Result<bool> choose_role(Context& context, const std::string& id, Made& function, Role& role) {
  const auto* given = find(function.properties, "Role");
  const json::value made = get_att(role.id, "Arn");
  if (given == nullptr) {
    function.properties["Role"] = made;
    return true;
  }
  if (!is_if(*given)) return false;
  TRY(const auto resolved, with_parameters(*given, context.parameters));
  const auto* choice = find(resolved.get_object(), "Fn::If");
  const auto* sides = choice == nullptr ? nullptr : choice->if_array();
  if (sides == nullptr || sides->size() != 3 || !(*sides)[0].is_string()) {
    return invalid_resource(id, "Malformed 'Role' property: Fn::If requires 3 arguments.");
  }
  const std::string condition((*sides)[0].get_string());
  const bool first_open = is_no_value((*sides)[1]);
  const bool second_open = is_no_value((*sides)[2]);
  if (!first_open && !second_open) return false;
  if (first_open && second_open) {
    function.properties["Role"] = made;
  } else if (first_open) {
    function.properties["Role"] = if_condition(condition, made, (*sides)[2]);
    role.attributes["Condition"] = condition;
  } else {
    const auto otherwise = fmt::format("NOT{}", condition);
    function.properties["Role"] = if_condition(condition, (*sides)[1], made);
    role.attributes["Condition"] = otherwise;
    context.conditions[otherwise] = negated(condition);
  }
  return true;
}

base::Result<> check_function(const Context& context, const std::string& id, const json::object& properties) {
  TRY(check(properties, schema_of_function(), id, "AWS::Serverless::Function"));
  if (find(properties, "CapacityProviderConfig") != nullptr) return not_here(id, "CapacityProviderConfig");
  if (find(properties, "FunctionScalingConfig") != nullptr) return not_here(id, "FunctionScalingConfig");
  if (find(properties, "VersionDeletionPolicy") != nullptr && find(properties, "AutoPublishAlias") == nullptr) {
    return invalid_resource(id, "'VersionDeletionPolicy' requires 'AutoPublishAlias'.");
  }
  TRY(check_dead_letters(id, properties));
  return check_deployment_preference(context, id, properties);
}

}  // namespace

base::Result<std::vector<Made>> make_function(Context& context, const std::string& id, const json::object& resource) {
  auto properties = object_at(resource, "Properties");
  TRY(auto policies, expanded_policies(id, find(properties, "Policies")));
  if (!policies.is_null()) properties["Policies"] = std::move(policies);
  TRY(check_function(context, id, properties));

  const auto passed_on = passed_on_attributes(resource);
  TRY(auto function, lambda_function(context, id, resource, properties));
  Target target{.function = id, .passed_on = passed_on, .condition = string_at(passed_on, "Condition")};
  const bool aliased = truthy_at(properties, "AutoPublishAlias");
  if (truthy_at(properties, "ProvisionedConcurrencyConfig") && !aliased) {
    return invalid_resource(id, "To set ProvisionedConcurrencyConfig AutoPublishALias must be defined on the function");
  }
  std::vector<Made> made;
  std::string alias_name;
  if (aliased) {
    TRY(auto published, publish(context, id, properties, function, passed_on));
    target.alias = published.alias.id;
    alias_name = string_at(published.alias.properties, "Name");
    made.push_back(std::move(published.version));
    made.push_back(std::move(published.alias));
  }
  const auto add = [&made](std::vector<Made> more) {
    made.insert(made.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  TRY(auto url, make_url(properties, target));
  add(std::move(url));
  TRY(auto destinations, make_destinations(context, properties, own_attributes(resource), target, alias_name));
  add(std::move(destinations.made));
  TRY(auto role, make_role(context, id, properties, passed_on, destinations.policies));
  TRY(const auto role_used, choose_role(context, id, function, role));
  if (auto events = make_events(context, object_at(properties, "Events"), target, role)) {
    add(std::move(*events));
  } else if (events.error().code == kOfAnEvent) {
    return invalid_resource(id, events.error().message);
  } else {
    return tl::unexpected(std::move(events).error());
  }
  made.push_back(std::move(function));
  if (role_used) made.push_back(as_resource(std::move(role)));
  if (truthy_at(properties, "PropagateTags")) propagate_tags(made, object_at(properties, "Tags"));
  return made;
}

}  // namespace localcloud::sam
