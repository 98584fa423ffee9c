// The operations …FunctionEventInvokeConfig and the resource type AWS::Lambda::EventInvokeConfig.
#include <fmt/format.h>

#include <charconv>

#include "localcloud/iam/iam.h"
#include "localcloud/lambda/async_invocations.h"
#include "localcloud/local_clock.h"
#include "localcloud/sync_type.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

struct Operation {
  std::string_view method;
  std::string_view name;
};
constexpr Operation kOperations[] = {{"PUT", "PutFunctionEventInvokeConfig"},
                                     {"POST", "UpdateFunctionEventInvokeConfig"},
                                     {"GET", "GetFunctionEventInvokeConfig"},
                                     {"DELETE", "DeleteFunctionEventInvokeConfig"}};
constexpr std::string_view kList = "ListFunctionEventInvokeConfigs";

tl::unexpected<base::Error> no_config(std::string_view arn) {
  return aws_error(404, "ResourceNotFoundException",
                   fmt::format("The function {} doesn't have an EventInvokeConfig", arn));
}

}  // namespace

std::vector<std::string> AsyncInvocations::operations() {
  std::vector<std::string> names{std::string(kList)};
  for (const auto& one : kOperations) names.emplace_back(one.name);
  return names;
}

std::optional<base::Result<net::Response>> AsyncInvocations::handle(const Call& call) {
  auto segments = path_segments(split_target(call.request.target).path);
  if (segments.size() < 4 || segments[0] != "2019-09-25" || segments[1] != "functions" ||
      segments[3] != "event-invoke-config") {
    return std::nullopt;
  }
  if (segments.size() == 4) return act(call, segments[2]);
  if (segments.size() == 5 && segments[4] == "list" && call.request.method == "GET") return list(call, segments[2]);
  return std::nullopt;
}

base::Result<net::Response> AsyncInvocations::act(const Call& call, const std::string& function) {
  const auto* operation = std::find_if(std::begin(kOperations), std::end(kOperations),
                                       [&](const Operation& one) { return one.method == call.request.method; });
  if (operation == std::end(kOperations)) {
    return base::fail(not_implemented("lambda", call.request.method + " event-invoke-config"));
  }
  auto reference = parse_function_reference(function);
  auto qualifier = field(split_target(call.request.target).query, "Qualifier").value_or(reference.qualifier);
  if (qualifier.empty()) qualifier = "$LATEST";
  auto arn = arn_of(reference.name, qualifier);
  TRY(cloud_.iam->authorize(call.caller, fmt::format("lambda:{}", operation->name),
                            arn.substr(0, arn.size() - qualifier.size() - 1)));
  if (operation->method == "DELETE") {
    TRY(remove(reference.name, qualifier));
    return net::Response{.status = 204, .headers = {}, .body = {}};
  }
  if (operation->method != "GET") {
    TRY(auto input, json_input(call.request));
    TRY(put(reference.name, qualifier, input, operation->method == "POST"));
  }
  const auto* config = configs_.find(reference.name, qualifier);
  if (config == nullptr) return no_config(arn);
  return rest_json_answer(call, 200, event_invoke_config_answer(*config, arn));
}

base::Result<net::Response> AsyncInvocations::list(const Call& call, const std::string& function) {
  auto name = parse_function_reference(function).name;
  auto arn = arn_of(name, "");
  TRY(cloud_.iam->authorize(call.caller, fmt::format("lambda:{}", kList), arn.substr(0, arn.size() - 1)));
  if (!functions_.version_of(name)) {
    return aws_error(404, "ResourceNotFoundException", "The function doesn't exist.");
  }
  constexpr std::size_t kMost = 50;
  auto query = split_target(call.request.target).query;
  auto most = kMost;
  if (auto text = field(query, "MaxItems")) {
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), most);
    if (error != std::errc{} || end != text->data() + text->size() || most == 0 || most > kMost) {
      return aws_error(400, "ValidationException",
                       fmt::format("1 validation error detected: Value '{}' at 'maxItems' failed to satisfy "
                                   "constraint: Member must have value between 1 and {}",
                                   *text, kMost));
    }
  }
  // The marker is the qualifier that the next page begins with; qualifiers are in order.
  auto marker = field(query, "Marker").value_or("");
  json::object answer;
  json::array configs;
  for (const auto& [qualifier, config] : configs_.list(name)) {
    if (qualifier < marker) continue;
    if (configs.size() == most) {
      answer["NextMarker"] = qualifier;
      break;
    }
    configs.push_back(event_invoke_config_answer(config, arn_of(name, qualifier)));
  }
  answer["FunctionEventInvokeConfigs"] = std::move(configs);
  return rest_json_answer(call, 200, answer);
}

base::Result<EventInvokeConfig> AsyncInvocations::put(std::string_view function, std::string_view qualifier,
                                                      const json::object& input, bool keep_what_is_not_said) {
  auto reference = parse_function_reference(function);
  if (qualifier.empty()) qualifier = reference.qualifier.empty() ? "$LATEST" : std::string_view(reference.qualifier);
  auto version = functions_.version_of(fmt::format("{}:{}", reference.name, qualifier));
  if (!version) return aws_error(404, "ResourceNotFoundException", "The function doesn't exist.");
  EventInvokeConfig before;
  if (keep_what_is_not_said) {
    const auto* config = configs_.find(reference.name, qualifier);
    if (config == nullptr) return no_config(arn_of(reference.name, qualifier));
    before = *config;
  }
  TRY(auto config, read_event_invoke_config(std::move(before), input));
  for (const auto& arn : {config.on_success, config.on_failure}) {
    TRY(check_destination(arn, reference.name, (*version)->role));
  }
  config.modified = cloud_.clock->now();
  configs_.put(reference.name, qualifier, config);
  return config;
}

base::Result<> AsyncInvocations::remove(std::string_view function, std::string_view qualifier) {
  auto reference = parse_function_reference(function);
  if (qualifier.empty()) qualifier = "$LATEST";
  if (configs_.remove(reference.name, qualifier)) return {};
  return no_config(arn_of(reference.name, qualifier));
}

base::Result<> AsyncInvocations::check_destination(const std::string& arn, std::string_view function,
                                                   std::string_view role) const {
  auto invalid = [](std::string message) {
    return aws_error(400, "InvalidParameterValueException", std::move(message));
  };
  if (arn.empty()) return {};
  if (service_of_arn(arn) == "lambda") {
    if (parse_function_reference(arn).name == function) {
      return invalid("You can't specify the function as a destination for itself.");
    }
    if (!functions_.version_of(arn)) return invalid(fmt::format("The destination ARN {} is invalid.", arn));
  }
  auto action = delivery_action(arn);
  auto principal = principal_of_role(cloud_, role, "lambda.amazonaws.com", function);
  if (principal && cloud_.iam->authorize(*principal, action, arn)) return {};
  return invalid(fmt::format("The function's execution role does not have permissions to call {} on {}",
                             action.substr(action.find(':') + 1), arn));
}

namespace {

class EventInvokeConfigType final : public SyncType {
 public:
  explicit EventInvokeConfigType(AsyncInvocations& invocations)
      : SyncType({.name = "AWS::Lambda::EventInvokeConfig",
                  .works = {"DestinationConfig", "FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts",
                            "Qualifier"},
                  .replaces = {"FunctionName", "Qualifier"}}),
        invocations_(invocations) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto function, needed_property(request.properties, "FunctionName"));
    TRY(auto qualifier, needed_property(request.properties, "Qualifier"));
    TRY(invocations_.put(function, qualifier, request.properties, false));
    return ResourceState{.physical_id = fmt::format("{}|{}", function, qualifier)};
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override { return make(request); }
  base::Result<> destroy(const ResourceRequest& request) override {
    return unless_gone(invocations_.remove(text_property(request.properties, "FunctionName"),
                                           text_property(request.properties, "Qualifier")));
  }

 private:
  AsyncInvocations& invocations_;
};

}  // namespace

ResourceTypes async_invocation_types(AsyncInvocations& invocations) {
  ResourceTypes types;
  types.push_back(std::make_unique<EventInvokeConfigType>(invocations));
  return types;
}

}  // namespace localcloud
