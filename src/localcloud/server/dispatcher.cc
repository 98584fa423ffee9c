#include "localcloud/server/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/ids.h"
#include "base/log.h"
#include "codec/json.h"
#include "localcloud/apigateway/apigateway.h"
#include "localcloud/cloudformation/cloudformation.h"
#include "localcloud/http_text.h"
#include "localcloud/iam/iam.h"
#include "localcloud/iam/signature.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/lambda/layer.h"
#include "localcloud/s3/s3.h"
#include "localcloud/server/capabilities.h"
#include "localcloud/wire.h"
#include "net/web_page.h"
#include "os/files.h"

namespace localcloud {

namespace {

constexpr std::string_view kApiPath = "/_aws/execute-api/";
constexpr std::string_view kUrlPath = "/_aws/lambda-url/";
constexpr std::string_view kLayerPath = "/_aws/lambda-layers/";
constexpr std::string_view kControlPath = "/_local/";
constexpr std::string_view kSessionsPath = "/_local/sessions/";
constexpr std::string_view kStacksPath = "/_local/cloudformation/";

net::Response json_response(int status, const json::object& body) {
  return {
      .status = status, .headers = {{"Content-Type", "application/json"}}, .body = codec::to_text(json::value(body))};
}

net::Response refusal(int status, std::string message) {
  return json_response(status, {{"message", std::move(message)}});
}

std::string_view without_port(std::string_view host) {
  auto colon = host.rfind(':');
  bool port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  if (!port) return host;
  auto digits = host.substr(colon + 1);
  bool number = !digits.empty() && std::all_of(digits.begin(), digits.end(),
                                               [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
  return number ? host.substr(0, colon) : std::string_view();
}

bool is_form(const net::Request& request) {
  return request.headers.get_or("Content-Type", "").starts_with("application/x-www-form-urlencoded");
}

// The links in SNS's messages need no signature: their token decides, or what the subscription allows.
bool is_link_of_sns(const net::Request& request) {
  auto [path, query] = split_target(request.target);
  auto action = field(query, "Action");
  return path == "/" && (action == "ConfirmSubscription" || action == "Unsubscribe") &&
         !request.headers.has("Authorization") && !field(query, "X-Amz-Signature");
}

// The operation that a request to an unknown service names.
std::string operation_of(const net::Request& request) {
  if (auto operation = json_operation(request); !operation.empty()) return operation;
  if (auto action = QueryInput(request).action(); !action.empty()) return action;
  return fmt::format("{} {}", request.method, split_target(request.target).path);
}

}  // namespace

bool is_allowed_host(std::string_view host) {
  auto name = lower_case(without_port(host));
  return name == "127.0.0.1" || name == "[::1]" || name == "localhost" || name.ends_with(".localhost") ||
         name.ends_with(".amazonaws.com") || name.ends_with(".on.aws");
}

namespace {

// `path` and the id after it, or the id as the first label of a host whose next one is `label`.
std::optional<ApiAddress> address_at(std::string_view host, std::string_view target, std::string_view path,
                                     std::string_view label) {
  if (target.starts_with(path)) {
    auto rest = target.substr(path.size());
    auto end = std::min(rest.find_first_of("/?"), rest.size());
    std::string following(rest.substr(end));
    if (!following.starts_with('/')) following.insert(0, "/");
    return ApiAddress{.api_id = std::string(rest.substr(0, end)), .target = std::move(following)};
  }
  auto name = lower_case(host);
  auto dot = name.find('.');
  if (dot == std::string::npos || !std::string_view(name).substr(dot).starts_with(label)) return std::nullopt;
  return ApiAddress{.api_id = name.substr(0, dot), .target = std::string(target)};
}

}  // namespace

std::optional<ApiAddress> api_address(std::string_view host, std::string_view target) {
  return address_at(host, target, kApiPath, ".execute-api.");
}

std::optional<ApiAddress> url_address(std::string_view host, std::string_view target) {
  return address_at(host, target, kUrlPath, ".lambda-url.");
}

bool streams_answer(const net::Request& request) {
  auto path = std::string_view(request.target).substr(0, request.target.find('?'));
  return request.method == "POST" && path.starts_with("/2021-11-15/functions/") &&
         path.ends_with("/response-streaming-invocations");
}

net::Response failure_in_protocol_of(const Call& call, const base::Error& error) {
  if (call.request.headers.has("X-Amz-Target")) {
    bool newer = call.request.headers.get_or("Content-Type", "").find("1.1") != std::string::npos;
    return json_failure(call, error, newer ? "1.1" : "1.0");
  }
  if (call.service == "s3") return s3_failure(call, error, split_target(call.request.target).path);
  if (is_form(call.request)) return query_failure(call, "http://webservices.amazon.com/AWSFault/2005-15-09", error);
  return rest_json_failure(call, error);
}

awaitable<void> Dispatcher::serve(net::Exchange& exchange) {
  auto& request = exchange.request();
  auto host = request.headers.get_or("Host", "");
  if (!is_allowed_host(host)) {
    std::ignore =
        co_await exchange.respond(refusal(403, fmt::format("The local cloud does not answer to the name '{}'", host)));
    co_return;
  }
  if (auto address = api_address(host, request.target)) {
    co_await cloud_.apigateway->serve(exchange, std::move(address->api_id), std::move(address->target));
    co_return;
  }
  if (auto address = url_address(host, request.target)) {
    co_await cloud_.lambda->serve_url(exchange, std::move(address->api_id), std::move(address->target));
    co_return;
  }
  if (request.method == "GET" && request.target.starts_with(kLayerPath)) {
    auto archive = os::read_file(layer_archive(cloud_, request.target.substr(kLayerPath.size())));
    net::Response response{.status = archive ? 200 : 404,
                           .headers = {{"Content-Type", archive ? "application/zip" : "text/plain"}},
                           .body = archive ? std::move(*archive) : "There is no such layer"};
    std::ignore = co_await exchange.respond(std::move(response));
    co_return;
  }
  if (request.target.starts_with(kControlPath)) {
    co_await serve_control(exchange);
    co_return;
  }
  bool stream = streams_answer(request);
  auto response = co_await call_service(std::move(request), stream ? &exchange : nullptr);
  if (response) std::ignore = co_await exchange.respond(std::move(*response));
}

awaitable<std::optional<net::Response>> Dispatcher::call_service(net::Request request, net::Exchange* streamed) {
  Call call{
      .request = std::move(request), .caller = {}, .service = {}, .region = {}, .request_id = base::random_uuid()};
  if (is_link_of_sns(call.request)) co_return co_await services_.find("sns")->second->handle(std::move(call));
  // What is claimed decides how a refusal is worded.
  auto claimed = parse_signature(call.request);
  if (claimed) call.service = claimed->service;
  if (!claimed && claimed.error().code == "InvalidRequest") call.service = "s3";  // a signature of version 2
  if (!claimed && claimed.error().code == "MissingAuthenticationToken" && cloud_.s3->owns(call.request)) {
    // A preflight, a browser's form, or anyone, whom a public policy may let in.
    call.service = "s3";
    call.region = cloud_.region;
    co_return co_await cloud_.s3->handle(std::move(call));
  }
  auto verified = check_signature(*cloud_.iam, call.request, call.request.headers.get_or("Host", ""));
  if (!verified) co_return failure_in_protocol_of(call, verified.error());
  call.caller = std::move(verified->principal);
  call.region = std::move(verified->region);
  if (call.region != cloud_.region) {
    auto wrong = aws_error(403, "SignatureDoesNotMatch",
                           fmt::format("Credential should be scoped to a valid region, "
                                       "not '{}': the local cloud is {}.",
                                       call.region, cloud_.region));
    co_return failure_in_protocol_of(call, wrong.value());
  }
  auto service = services_.find(call.service);
  if (service == services_.end()) {
    auto unknown = not_implemented(call.service, operation_of(call.request));
    base::log_warn("{}", unknown.message);
    co_return failure_in_protocol_of(call, unknown);
  }
  if (streamed != nullptr && call.service == "lambda") {
    co_await cloud_.lambda->invoke_with_stream(*streamed, std::move(call));
    co_return std::nullopt;
  }
  auto response = co_await service->second->handle(std::move(call));
  co_return response;
}

// --- Control calls

awaitable<void> Dispatcher::serve_control(net::Exchange& exchange) {
  const net::Request& request = exchange.request();
  std::string remote = exchange.remote_address();
  std::string path(split_target(request.target).path);
  bool loopback = remote == "::1" || remote.starts_with("127.");
  if (!loopback || net::comes_from_web_page(request.headers)) {
    std::ignore = co_await exchange.respond(refusal(403, "Control calls are for tools on this machine"));
  } else if (path.starts_with(kSessionsPath)) {
    co_await sessions_.serve(exchange, path.substr(kSessionsPath.size()));
  } else {
    std::ignore = co_await exchange.respond(control(request, path));
  }
}

net::Response Dispatcher::control(const net::Request& request, std::string_view path) {
  if (request.method == "GET" && path == "/_local/health") {
    return json_response(
        200, {{"status", "ok"}, {"region", cloud_.region}, {"account", cloud_.account_id}, {"testClock", test_clock_}});
  }
  if (request.method == "GET" && path == "/_local/capabilities") {
    return json_response(200, capabilities_of(services_, cloud_.cloudformation->resource_types()));
  }
  if (request.method == "POST" && path == "/_local/clock") return advance_clock(request);
  if (request.method == "POST" && path == "/_local/websockets/cut") {
    return json_response(200, {{"cut", cloud_.apigateway->cut_websockets()}});
  }
  if (request.method == "PUT" && path.starts_with(kStacksPath)) {
    if (cloud_.cloudformation->answer(path.substr(kStacksPath.size()), request.body)) return {.status = 200};
    return refusal(403, "Nothing waits for this answer");
  }
  return refusal(404, fmt::format("There is no control call {} {}", request.method, path));
}

net::Response Dispatcher::advance_clock(const net::Request& request) {
  if (!test_clock_) return refusal(403, "The clock stands under test only with --test-clock");
  auto body = codec::parse_json(request.body);
  const auto* advance = body ? codec::find(*body, "advanceMs") : nullptr;
  if (advance == nullptr || !advance->is_int64() || advance->get_int64() < 0) {
    return refusal(400, "The body must be {\"advanceMs\": a whole number of milliseconds}");
  }
  cloud_.clock->advance(base::Millis(advance->get_int64()));
  return json_response(200, {{"now", base::epoch_ms(cloud_.clock->now())}});
}

}  // namespace localcloud
