#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "localcloud/cloudformation/sam/expansion.h"

namespace localcloud::sam {
namespace {

constexpr std::string_view kAnyMethod = "x-amazon-apigateway-any-method";
constexpr std::string_view kIntegration = "x-amazon-apigateway-integration";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string function_uri(const Api& api, const std::string& function) {
  return fmt::format("arn:{}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{}.Arn}}/invocations",
                     api.http ? "${AWS::Partition}" : "aws", function);
}

// Path parameters become "*" in a permission; of greedy ones in HTTP APIs only {proxy+}, as SAM has it. A trailing
// slash goes.
std::string permission_path(std::string path, bool http) {
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  std::string result;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto close = path[i] == '{' ? path.find('}', i) : std::string::npos;
    if (close == std::string::npos) {
      result += path[i];
      continue;
    }
    const auto name = path.substr(i, close - i + 1);
    result += http && name.ends_with("+}") && name != "{proxy+}" ? name : "*";
    i = close;
  }
  return result;
}

std::vector<std::string> path_parameters(std::string_view path) {
  std::vector<std::string> names;
  for (auto open = path.find('{'); open != std::string_view::npos; open = path.find('{', open + 1)) {
    const auto close = path.find('}', open);
    if (close == std::string_view::npos) break;
    names.emplace_back(path.substr(open + 1, close - open - 1));
  }
  return names;
}

// Is the API's $default route this function's?
bool default_route_is(const Api& api, const std::string& function) {
  const auto paths = object_at(api.body, "paths");
  const auto method = object_at(object_at(paths, "$default"), kAnyMethod);
  const auto text = json::serialize(object_at(method, kIntegration));
  return text.find(fmt::format("${{{}.Arn}}", function)) != std::string::npos;
}

}  // namespace

base::Result<> Expansion::permit(const std::string& id, const std::string& function, std::string_view principal,
                                 json::value source_arn, const json::object& passed_on) {
  json::object permission;
  permission["Action"] = "lambda:InvokeFunction";
  permission["FunctionName"] = ref_to(function);
  permission["Principal"] = principal;
  permission["SourceArn"] = std::move(source_arn);
  return add(id, "AWS::Lambda::Permission", std::move(permission), passed_on);
}

base::Result<> Expansion::events(const std::string& id, const json::object& declared, const json::object& passed_on) {
  // As SAM does: by path, so that $default comes first; events without a path by name.
  std::multimap<std::string, std::pair<std::string, const json::value*>> in_order;
  for (const auto& [event, value] : declared) {
    if (!value.is_object())
      return invalid(fmt::format("Event with id [{}] is invalid. Event must be a map.", std::string_view(event)));
    const auto path = string_at(object_at(value.get_object(), "Properties"), "Path");
    const bool default_route = path.empty() && string_at(value.get_object(), "Type") == "HttpApi";
    const auto key = default_route ? "$default" : path.empty() ? std::string(event) : path;
    in_order.emplace(key, std::pair(std::string(event), &value));
  }
  for (const auto& [key, entry] : in_order) {
    const std::string& event = entry.first;
    const auto& declaration = entry.second->get_object();
    const auto type = string_at(declaration, "Type");
    const auto properties = object_at(declaration, "Properties");
    auto result = [&]() -> base::Result<> {
      if (type == "SNS") return sns_event(id, id + event, properties, passed_on);
      if (type == "HttpApi" || type == "Api") return api_event(id, event, properties, passed_on, type == "HttpApi");
      return invalid(fmt::format("The event type {} is not implemented by the local cloud", type));
    }();
    if (!result) return invalid(fmt::format("Event with id [{}] is invalid. {}", event, result.error().message));
  }
  return {};
}

base::Result<> Expansion::sns_event(const std::string& function, const std::string& id, const json::object& properties,
                                    const json::object& passed_on) {
  TRY(only_keys(properties, {"Topic", "Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"},
                "the SNS event"));
  const auto* topic = properties.if_contains("Topic");
  if (topic == nullptr) return invalid("Missing required property 'Topic'.");
  TRY(permit(id + "Permission", function, "sns.amazonaws.com", *topic, passed_on));
  json::object subscription;
  subscription["Endpoint"] = get_att(function, "Arn");
  subscription["Protocol"] = "lambda";
  subscription["TopicArn"] = *topic;
  for (const char* same : {"Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"}) {
    if (const auto* value = properties.if_contains(same)) subscription[same] = *value;
  }
  return add(id, "AWS::SNS::Subscription", std::move(subscription), passed_on);
}

base::Result<> Expansion::api_event(const std::string& function, const std::string& event,
                                    const json::object& properties, const json::object& passed_on, bool http) {
  if (http) {
    TRY(only_keys(properties, {"ApiId", "Path", "Method", "TimeoutInMillis", "PayloadFormatVersion"},
                  "the HttpApi event"));
  } else {
    TRY(only_keys(properties, {"RestApiId", "Path", "Method", "TimeoutInMillis"}, "the Api event"));
  }
  auto path = string_at(properties, "Path");
  auto method = lower(string_at(properties, "Method"));
  if (http && !properties.contains("Path") && !properties.contains("Method")) {
    path = "$default";
    method = kAnyMethod;
  }
  if (path.empty() || method.empty()) return invalid("Event is missing required properties 'Path' and 'Method'.");
  TRY(const auto api_id, api_for(properties, http, passed_on));
  auto& api = apis_.at(api_id);

  // A permission for $default covers every route of the function.
  if (path == "$default" || !http || !default_route_is(api, function)) {
    const bool any = method == "any" || method == kAnyMethod;
    const auto tail = path == "$default" ? std::string() : permission_path(path, http);
    const auto resource = fmt::format("${{__ApiId__}}/${{__Stage__}}/{}{}", any ? "*" : upper(method), tail);
    const auto partition = http ? "${AWS::Partition}" : "aws";
    json::object variables;
    variables["__ApiId__"] = ref_to(api_id);
    variables["__Stage__"] = "*";
    std::string id = function + event + "Permission";
    if (!http) {
      const auto* stage = api.properties.if_contains("StageName");
      id += stage != nullptr && stage->is_string() ? std::string(stage->get_string()) : "Stage";
    }
    TRY(permit(id, function, "apigateway.amazonaws.com",
               sub(fmt::format("arn:{}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:{}", partition, resource),
                   std::move(variables)),
               passed_on));
  }
  if (!http && !api.managed) return {};  // the user's own document says where its routes go
  return add_route(api, function, properties, path, method, string_at(passed_on, "Condition"));
}

base::Result<> Expansion::add_route(Api& api, const std::string& function, const json::object& event,
                                    const std::string& path, const std::string& method, const std::string& condition) {
  const std::string key = method == "any" ? std::string(kAnyMethod) : method;
  if (!api.body["paths"].is_object()) api.body["paths"].emplace_object();
  auto& of_path = api.body["paths"].get_object()[path];
  if (!of_path.is_object()) of_path.emplace_object();
  auto& methods = of_path.get_object();
  if (const auto* existing = methods.if_contains(key); api.managed && existing != nullptr) {
    return invalid(fmt::format("API method '{}' defined multiple times for path '{}'.", method, path));
  }
  json::object integration;
  integration["httpMethod"] = "POST";
  integration["type"] = "aws_proxy";
  json::value uri = sub(function_uri(api, function));
  integration["uri"] = condition.empty() ? uri : json::value(if_condition(condition, uri));
  if (api.http) {
    const auto* version = event.if_contains("PayloadFormatVersion");
    integration["payloadFormatVersion"] = version != nullptr ? *version : json::value("2.0");
  }
  if (const auto* timeout = event.if_contains("TimeoutInMillis")) integration["timeoutInMillis"] = *timeout;
  json::object operation = object_at(methods, key);
  operation[kIntegration] = std::move(integration);
  if (api.http && path == "$default") operation["isDefaultRoute"] = true;
  if (!operation.contains("responses")) operation["responses"].emplace_object();
  if (const auto names = path_parameters(path); api.http && !names.empty()) {
    json::array parameters;
    for (const auto& name : names) {
      json::object parameter;
      parameter["required"] = true;
      parameter["name"] = name;
      parameter["in"] = "path";
      parameters.emplace_back(std::move(parameter));
    }
    operation["parameters"] = std::move(parameters);
  }
  methods[key] = condition.empty() ? json::value(std::move(operation))
                                   : json::value(if_condition(condition, std::move(operation)));
  api.path_conditions[path].insert(condition);
  return {};
}

}  // namespace localcloud::sam
