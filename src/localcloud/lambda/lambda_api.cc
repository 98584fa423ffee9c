#include "localcloud/lambda/lambda_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "codec/base64.h"
#include "localcloud/event_sources/event_sources.h"
#include "localcloud/iam/iam.h"
#include "localcloud/path_pattern.h"

namespace localcloud {

namespace {

constexpr std::string_view kEventSources = "/2015-03-31/event-source-mappings";

// Operations that are not there, for refusing them by name.
constexpr std::array kNotThere{
    ApiRoute{"InvokeAsync", "POST", "2014-11-13/functions/*/invoke-async", nullptr},
    ApiRoute{"PutProvisionedConcurrencyConfig", "PUT", "2019-09-30/functions/*/provisioned-concurrency", nullptr},
    ApiRoute{"GetProvisionedConcurrencyConfig", "GET", "2019-09-30/functions/*/provisioned-concurrency", nullptr},
    ApiRoute{"DeleteProvisionedConcurrencyConfig", "DELETE", "2019-09-30/functions/*/provisioned-concurrency", nullptr},
    ApiRoute{"PutRuntimeManagementConfig", "PUT", "2021-07-20/functions/*/runtime-management-config", nullptr},
    ApiRoute{"GetRuntimeManagementConfig", "GET", "2021-07-20/functions/*/runtime-management-config", nullptr},
    ApiRoute{"PutFunctionRecursionConfig", "PUT", "2024-08-31/functions/*/recursion-config", nullptr},
    ApiRoute{"GetFunctionRecursionConfig", "GET", "2024-08-31/functions/*/recursion-config", nullptr},
    ApiRoute{"PutFunctionCodeSigningConfig", "PUT", "2020-06-30/functions/*/code-signing-config", nullptr},
    ApiRoute{"GetFunctionCodeSigningConfig", "GET", "2020-06-30/functions/*/code-signing-config", nullptr},
    ApiRoute{"DeleteFunctionCodeSigningConfig", "DELETE", "2020-06-30/functions/*/code-signing-config", nullptr},
    ApiRoute{"CreateCodeSigningConfig", "POST", "2020-04-22/code-signing-configs", nullptr},
    ApiRoute{"ListCodeSigningConfigs", "GET", "2020-04-22/code-signing-configs", nullptr}};

std::vector<std::span<const ApiRoute>> all_routes() {
  return {function_routes(), version_routes(), policy_routes(), layer_routes(), url_routes(), kNotThere};
}

// The parts of a path that a route's '*' stand for; nullopt if the route is for something else.
std::optional<std::vector<std::string>> match(const ApiRoute& route, const std::vector<std::string>& segments,
                                              const Fields& query) {
  std::string_view path = route.path;
  if (std::size_t question = path.find('?'); question != std::string_view::npos) {
    auto wanted = parse_form(path.substr(question + 1));
    for (const auto& [name, value] : wanted) {
      if (field(query, name) != value) return std::nullopt;
    }
    path = path.substr(0, question);
  }
  return match_path(path, segments);
}

ApiAnswer run_route(LambdaService& service, const ApiRoute& route, ApiRequest request) {
  if (route.run == nullptr) return base::fail(not_implemented("lambda", route.name));
  TRY(request.body, json_input(request.call.request));
  return route.run(service, request);
}

ApiAnswer dispatch(LambdaService& service, Call call) {
  auto target = split_target(call.request.target);
  auto segments = path_segments(target.path);
  for (const auto& group : all_routes()) {
    for (const auto& route : group) {
      if (route.method != call.request.method) continue;
      if (auto parts = match(route, segments, target.query)) {
        return run_route(service, route, {std::move(call), std::move(*parts), std::move(target.query), {}});
      }
    }
  }
  return base::fail(not_implemented("lambda", fmt::format("{} {}", call.request.method, target.path)));
}

}  // namespace

std::vector<std::string> LambdaService::operations() const {
  std::vector<std::string> names{"Invoke", "InvokeWithResponseStream"};
  for (const auto& group : all_routes()) {
    for (const auto& route : group) {
      if (route.run != nullptr) names.emplace_back(route.name);
    }
  }
  for (auto& name : AsyncInvocations::operations()) names.push_back(std::move(name));
  for (auto& name : cloud_.event_sources->operations()) names.push_back(std::move(name));
  std::sort(names.begin(), names.end());
  return names;
}

awaitable<net::Response> LambdaService::handle(Call call) {
  if (call.request.target.starts_with(kEventSources)) {
    auto response = co_await cloud_.event_sources->handle(std::move(call));
    co_return response;
  }
  auto segments = path_segments(split_target(call.request.target).path);
  bool invokes = segments.size() == 4 && segments[0] == "2015-03-31" && segments[1] == "functions" &&
                 segments[3] == "invocations" && call.request.method == "POST";
  if (invokes) {
    auto answer = co_await invoke_operation(call, segments[2]);
    co_return answer ? std::move(*answer) : rest_json_failure(call, answer.error());
  }
  if (auto answer = async_.handle(call)) {
    co_return *answer ? std::move(**answer) : rest_json_failure(call, answer->error());
  }
  auto answer = dispatch(*this, call);
  co_return answer ? std::move(*answer) : rest_json_failure(call, answer.error());
}

// --- What operations share

base::Result<> only_parameters(const ApiRequest& request, std::string_view operation,
                               std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : request.body) {
    if (std::find(known.begin(), known.end(), std::string_view(name)) == known.end() && !value.is_null()) {
      return base::fail(not_implemented("lambda", fmt::format("{} with {}", operation, std::string_view(name))));
    }
  }
  return {};
}

base::Result<FunctionTarget> authorized(LambdaService& service, const ApiRequest& request, std::string_view action,
                                        std::string_view reference, std::string_view qualifier) {
  auto target = service.find(reference, qualifier);
  TRY(service.authorize(request.call.caller, action, target, reference));
  return target;
}

base::Result<> check_revision(std::string_view given, std::string_view current) {
  if (given.empty() || given == current) return {};
  return aws_error(412, "PreconditionFailedException",
                   "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API "
                   "to retrieve the latest Revision Id");
}

base::Result<ApiPage> page_of(const ApiRequest& request, std::size_t count, std::size_t most) {
  std::size_t size = most;
  std::size_t begin = 0;
  auto number = [](const std::string& text, std::size_t& into) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc() && end == text.data() + text.size();
  };
  if (auto text = request.query_or_empty("MaxItems"); !text.empty()) {
    if (!number(text, size) || size == 0) return constraint(text, "maxItems", "have value greater than or equal to 1");
  }
  if (auto text = request.query_or_empty("Marker"); !text.empty() && (!number(text, begin) || begin > count)) {
    return invalid_parameter(fmt::format("Invalid Marker: {}", text));
  }
  std::size_t end = std::min(count, begin + std::min(size, most));
  return ApiPage{.begin = begin, .end = end, .next = end < count ? std::to_string(end) : std::string()};
}

ApiAnswer empty_response(const ApiRequest& request) {
  net::Response response;
  response.status = 204;
  response.headers.add("x-amzn-RequestId", request.call.request_id);
  return response;
}

}  // namespace localcloud
