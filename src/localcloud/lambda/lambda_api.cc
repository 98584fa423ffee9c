// The HTTP API of Lambda (REST-JSON): Invoke, GetFunction, GetFunctionConfiguration, ListFunctions, GetPolicy. Every
// other operation is answered 501 with its name.
#include <fmt/format.h>

#include <array>

#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/event_sources/event_sources.h"
#include "localcloud/iam/iam.h"
#include "localcloud/lambda/lambda_service.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxClientContext = 3583;  // base64; aws-facts §4

// What is not there, by its name: the last segment of its path decides.
std::string name_operation(std::string_view method, const std::vector<std::string>& segments) {
  struct Known {
    std::string_view method;
    std::string_view last;
    std::string_view name;
  };
  static constexpr std::array kKnown{Known{"PUT", "code", "UpdateFunctionCode"},
                                     Known{"PUT", "configuration", "UpdateFunctionConfiguration"},
                                     Known{"POST", "policy", "AddPermission"},
                                     Known{"POST", "versions", "PublishVersion"},
                                     Known{"GET", "versions", "ListVersionsByFunction"},
                                     Known{"POST", "aliases", "CreateAlias"},
                                     Known{"GET", "aliases", "ListAliases"},
                                     Known{"POST", "response-streaming-invocations", "InvokeWithResponseStream"},
                                     Known{"POST", "invoke-async", "InvokeAsync"},
                                     Known{"PUT", "concurrency", "PutFunctionConcurrency"},
                                     Known{"POST", "functions", "CreateFunction"}};
  for (const auto& known : kKnown) {
    if (!segments.empty() && known.method == method && known.last == segments.back()) return std::string(known.name);
  }
  if (segments.size() == 3 && segments[1] == "functions" && method == "DELETE") return "DeleteFunction";
  return fmt::format("{} /{}", method, fmt::join(segments, "/"));
}

base::Result<InvocationType> read_type(const net::Request& request) {
  auto text = request.headers.get_or("X-Amz-Invocation-Type", "RequestResponse");
  if (text == "RequestResponse") return InvocationType::request_response;
  if (text == "Event") return InvocationType::event;
  if (text == "DryRun") return InvocationType::dry_run;
  return aws_error(400, "InvalidParameterValueException", fmt::format("Invalid invocation type: {}", text));
}

}  // namespace

awaitable<net::Response> LambdaService::handle(Call call) {
  auto segments = path_segments(split_target(call.request.target).path);
  if (segments.size() >= 2 && segments[0] == "2015-03-31" && segments[1] == "event-source-mappings") {
    co_return co_await cloud_.event_sources->handle(std::move(call));
  }
  const std::string& method = call.request.method;
  base::Result<net::Response> result = base::fail(not_implemented("lambda", name_operation(method, segments)));
  if (segments.size() >= 2 && segments[0] == "2015-03-31" && segments[1] == "functions") {
    if (segments.size() == 4 && segments[3] == "invocations" && method == "POST") {
      result = co_await invoke_operation(call, segments[2]);
    } else if (segments.size() == 3 && method == "GET") {
      result = read_operation(call, "lambda:GetFunction", segments[2]);
    } else if (segments.size() == 4 && segments[3] == "configuration" && method == "GET") {
      result = read_operation(call, "lambda:GetFunctionConfiguration", segments[2]);
    } else if (segments.size() == 4 && segments[3] == "policy" && method == "GET") {
      result = read_operation(call, "lambda:GetPolicy", segments[2]);
    } else if (segments.size() == 2 && method == "GET") {
      result = list_operation(call);
    }
  }
  if (auto answer = async_.handle(call)) result = std::move(*answer);
  if (!result) co_return rest_json_failure(call, result.error());
  co_return std::move(*result);
}

base::Result<> LambdaService::authorize(const Call& call, std::string_view action, const LambdaFunction* function,
                                        std::string_view reference) const {
  json::value policy;
  if (function != nullptr && !function->statements.empty()) policy = policy_of(*function);
  return cloud_.iam->authorize(call.caller, action, arn_of(parse_function_reference(reference).name), {},
                               policy.is_null() ? nullptr : &policy);
}

awaitable<base::Result<net::Response>> LambdaService::invoke_operation(Call call, std::string name) {
  auto function = std::as_const(*this).find(name);
  CO_TRY(authorize(call, "lambda:InvokeFunction", function ? *function : nullptr, name));
  CO_TRY(const auto* found, std::move(function));
  InvokeInput input;
  input.function = found->version->name;
  CO_TRY(input.type, read_type(call.request));
  if (auto context = call.request.headers.get("X-Amz-Client-Context")) {
    auto decoded = codec::base64_decode(*context);
    if (!decoded || context->size() > kMaxClientContext || !is_json_text(*decoded)) {
      co_return aws_error(400, "InvalidRequestContentException",
                          "Client context must be a valid Base64-encoded JSON object.");
    }
    input.client_context = std::move(*decoded);
  }
  input.trace_id = call.request.headers.get_or("X-Amzn-Trace-Id", "");
  input.payload = std::move(call.request.body);
  bool tail = call.request.headers.get_or("X-Amz-Log-Type", "None") == "Tail";
  CO_TRY(auto output, co_await invoke_with(std::move(input), tail));
  net::Response response;
  response.status = output.status;
  response.headers.add("x-amzn-RequestId", output.request_id);
  if (output.status == 200) {
    response.headers.add("Content-Type", "application/json");
    response.headers.add("X-Amz-Executed-Version", "$LATEST");
  }
  if (!output.function_error.empty()) response.headers.add("X-Amz-Function-Error", output.function_error);
  if (tail && output.status == 200) response.headers.add("X-Amz-Log-Result", codec::base64_encode(output.log_tail));
  response.body = std::move(output.payload);
  co_return response;
}

base::Result<net::Response> LambdaService::read_operation(const Call& call, std::string_view action,
                                                          std::string_view name) {
  auto function = std::as_const(*this).find(name);
  TRY(authorize(call, action, function ? *function : nullptr, name));
  TRY(const auto* found, std::move(function));
  json::object answer;
  if (action == "lambda:GetPolicy") {
    if (found->statements.empty()) {
      return aws_error(404, "ResourceNotFoundException", "The resource you requested does not exist.");
    }
    answer["Policy"] = codec::to_text(policy_of(*found));
    answer["RevisionId"] = found->version->revision;
  } else if (action == "lambda:GetFunction") {
    answer["Configuration"] = configuration_of(*found->version);
    answer["Code"] = json::object{{"RepositoryType", "S3"}};
    json::object tags;
    for (const auto& [key, value] : found->version->tags) tags[key] = value;
    if (!tags.empty()) answer["Tags"] = std::move(tags);
    if (auto reserved = found->version->reserved_concurrency) {
      answer["Concurrency"] = json::object{{"ReservedConcurrentExecutions", *reserved}};
    }
  } else {
    answer = configuration_of(*found->version);
  }
  return rest_json_answer(call, 200, answer);
}

base::Result<net::Response> LambdaService::list_operation(const Call& call) {
  TRY(cloud_.iam->authorize(call.caller, "lambda:ListFunctions", "*"));
  json::array list;
  for (const auto& [name, function] : functions_) list.push_back(configuration_of(*function.version));
  json::object answer;
  answer["Functions"] = std::move(list);
  return rest_json_answer(call, 200, answer);
}

}  // namespace localcloud
