// Requests to function URLs (LDG urls-invocation.md): who may, the event in payload format 2.0, and the function's
// answer as an HTTP response, whole or streamed.
#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <tuple>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/http_answer.h"
#include "localcloud/http_event.h"
#include "localcloud/iam/iam.h"
#include "localcloud/iam/policy.h"
#include "localcloud/lambda/lambda_service.h"
#include "localcloud/lambda/stream_prelude.h"
#include "localcloud/lambda/streamed_invocation.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

net::Response message(int status, std::string_view text) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = codec::to_text(json::object{{"Message", text}});
  return response;
}

net::Response failed() {
  net::Response response = message(502, "Internal Server Error");
  response.body = "Internal Server Error";
  return response;
}

net::Response refused(const base::Error& error) {
  if (error.code == "TooManyRequestsException") {
    net::Response response = message(429, "Rate Exceeded.");
    response.body = codec::to_text(json::object{{"Reason", "ReservedFunctionConcurrentInvocationLimitExceeded"},
                                                {"Type", "User"},
                                                {"message", "Rate Exceeded."}});
    return response;
  }
  return message(error.status == 413 ? 413 : 502, error.status == 413 ? "Request Entity Too Large" : error.message);
}

// Everybody, as far as the function's policy lets everybody.
bool permits_anyone(const json::value& policy, std::string_view arn) {
  if (policy.is_null()) return false;
  PolicyQuestion question{.action = "lambda:InvokeFunctionUrl", .resource = std::string(arn), .context = {}};
  question.context["lambda:FunctionUrlAuthType"] = "NONE";
  question.principal_kind = "AWS";
  return evaluate(policy, question, true) == Decision::allow;
}

base::Result<std::optional<Principal>> check_caller(const Cloud& cloud, const FunctionTarget& target,
                                                    const FunctionUrl& url, const net::Request& request) {
  auto policy = policy_of(*target.function, target.qualifier);
  if (!url.iam) {
    if (permits_anyone(policy, target.arn)) return std::optional<Principal>();
    return aws_error(403, "AccessDeniedException", "Forbidden");
  }
  TRY(auto caller, check_signature(*cloud.iam, request, request.headers.get_or("Host", "")));
  if (caller.service != "lambda" || caller.region != cloud.region) {
    return aws_error(
        403, "InvalidSignatureException",
        fmt::format("Credential should be scoped to correct service: 'lambda' and region '{}'.", cloud.region));
  }
  TRY(cloud.iam->authorize(caller.principal, "lambda:InvokeFunctionUrl", target.arn,
                           {{"lambda:FunctionUrlAuthType", "AWS_IAM"}}, policy.is_null() ? nullptr : &policy));
  return std::optional<Principal>(caller.principal);
}

std::string event_of(const Cloud& cloud, const FunctionUrl& url, net::Request request, std::string target,
                     std::string source_ip, std::optional<Principal> caller) {
  ProxyRequest proxy;
  std::size_t question = std::min(target.find('?'), target.size());
  proxy.path = target.substr(0, question);
  proxy.query = question < target.size() ? target.substr(question + 1) : std::string();
  proxy.request = std::move(request);
  proxy.source_ip = std::move(source_ip);
  proxy.account_id = caller ? cloud.account_id : "anonymous";
  proxy.api_id = url.id;
  proxy.domain = fmt::format("{}.lambda-url.{}.on.aws", url.id, cloud.region);
  proxy.stage = "$default";
  proxy.route_key = "$default";
  proxy.request_id = base::random_uuid();
  proxy.time = cloud.clock->now();
  proxy.caller = std::move(caller);
  return http_event_v2(proxy);
}

// The stream of a function that streams; its prelude, if it has one, says status and headers.
awaitable<void> hand_on_stream(net::Exchange& exchange, StreamedInvocation& invocation,
                               std::function<net::Response(net::Response)> complete_head) {
  StreamPrelude prelude(invocation.stream().content_type());
  while (!prelude.complete()) {
    auto piece = co_await invocation.read();
    if (!piece) break;
    prelude.add(*piece);
  }
  auto head = prelude.head();
  if (!head || (!prelude.complete() && !invocation.stream().error_code().empty())) {
    std::ignore = co_await exchange.respond(failed());
    co_return;
  }
  bool there = (co_await exchange.begin_stream(complete_head(std::move(*head)))).has_value();
  while (there) {
    auto piece = co_await invocation.read();
    if (!piece) break;
    there = (co_await exchange.write_piece(std::move(*piece))).has_value();
  }
  // What broke midway ends without its last chunk, so that the client knows.
  if (invocation.stream().error_code().empty()) std::ignore = co_await exchange.end_stream({});
}

net::Response whole_response(const InvokeOutput& output, bool as_it_is) {
  if (!output.function_error.empty()) return failed();
  if (as_it_is) return {.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = output.payload};
  auto response = read_proxy_response(output.payload, ProxyFormat::http_v2, true);
  return response ? std::move(*response) : failed();
}

}  // namespace

awaitable<void> LambdaService::serve_url(net::Exchange& exchange, std::string url_id, std::string path) {
  auto found = find_url(url_id);
  if (!found) {
    std::ignore = co_await exchange.respond(message(404, "Not Found"));
    co_return;
  }
  FunctionUrl url = found->function->urls.find(found->qualifier)->second;
  if (auto preflight = url_preflight(url, exchange.request())) {
    std::ignore = co_await exchange.respond(std::move(*preflight));
    co_return;
  }
  auto caller = check_caller(cloud_, *found, url, exchange.request());
  if (!caller) {
    bool forbidden =
        caller.error().code.starts_with("AccessDenied") || caller.error().code == "MissingAuthenticationToken";
    auto response = message(403, forbidden ? "Forbidden" : caller.error().message);
    response.headers.add("x-amzn-ErrorType", forbidden ? "AccessDeniedException" : caller.error().code);
    std::ignore = co_await exchange.respond(std::move(response));
    co_return;
  }
  net::Request cors_request{.method = exchange.request().method, .target = {}, .headers = exchange.request().headers};
  InvokeInput input;
  input.function = found->arn;
  input.trace_id = exchange.request().headers.get_or("X-Amzn-Trace-Id", "");
  input.payload = event_of(cloud_, url, std::move(exchange.request()), std::move(path), exchange.remote_address(),
                           std::move(*caller));
  if (!url.stream) {
    auto output = co_await invoke(std::move(input));
    auto response = output ? whole_response(*output, false) : refused(output.error());
    add_url_cors(url, cors_request, response.headers);
    std::ignore = co_await exchange.respond(std::move(response));
    co_return;
  }
  StreamedInvocation invocation(*this, co_await boost::asio::this_coro::executor, std::move(input), false);
  auto begun = co_await invocation.until_begun();
  if (!begun) {
    std::ignore = co_await exchange.respond(refused(begun.error()));
  } else if (invocation.stream().begun()) {
    co_await hand_on_stream(exchange, invocation, [&](net::Response head) {
      add_url_cors(url, cors_request, head.headers);
      return head;
    });
  } else {
    auto output = co_await invocation.finish();
    auto response = output ? whole_response(*output, true) : refused(output.error());
    add_url_cors(url, cors_request, response.headers);
    std::ignore = co_await exchange.respond(std::move(response));
  }
  co_await invocation.close();
}

awaitable<base::Result<std::optional<InvokeOutput>>> LambdaService::invoke_into(net::Exchange& exchange,
                                                                                StreamedCall call) {
  StreamedInvocation invocation(*this, co_await boost::asio::this_coro::executor, std::move(call.input), false);
  base::Result<std::optional<InvokeOutput>> outcome;
  auto begun = co_await invocation.until_begun();
  if (!begun) {
    outcome = base::fail(begun.error());
  } else if (invocation.stream().begun()) {
    co_await hand_on_stream(exchange, invocation, std::move(call.complete_head));
  } else {
    auto output = co_await invocation.finish();
    outcome = output ? base::Result<std::optional<InvokeOutput>>(std::move(*output)) : base::fail(output.error());
  }
  co_await invocation.close();
  co_return outcome;
}

}  // namespace localcloud
